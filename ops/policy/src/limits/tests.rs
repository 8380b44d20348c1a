//! Tests of the limits: the document and its reader.

mod paths;
mod precedence;
mod printed;
mod sources;

use domain::{subject::Subject, time::Span};
use proptest::prelude::*;

use super::*;

const DEFAULT: &str = include_str!("../../../protection/limits.md");
const CLASSES: &str = "| class | methods | paths | kind | critical | largest body |\n|---|---|---|---|---|---|\n| `w` | POST | `*` | batch | no | - |\n";
const PLANS: &str =
    "| plan | class | rate | burst | at a time | state |\n|---|---|---|---|---|---|\n";

fn shipped() -> Limits {
    read(DEFAULT)
}

#[track_caller]
fn read(text: &str) -> Limits {
    Limits::parse("protection/limits.md", text).unwrap_or_else(|problems| panic!("{}", problems[0]))
}

/// Every problem of a document that has one class, `w`, and this text.
fn problems(text: &str) -> Vec<String> {
    let text = format!("format: 1\n{CLASSES}\n{text}\n");
    let problems = Limits::parse("l", &text).err().unwrap_or_default();
    let told = |problem: Diagnostic| {
        let Diagnostic { line, column, found, expected, .. } = problem;
        format!("{line}:{column} {found} = {expected}")
    };
    problems.into_iter().map(told).collect()
}

fn header(plan: Option<&str>) -> NamedPlans<'_> {
    NamedPlans { header: plan, ..NamedPlans::default() }
}

fn organization(name: &str) -> Organization<'_> {
    Organization::new(name).unwrap()
}

#[test]
fn the_documents_own_limits_are_read() {
    let limits = shipped();
    assert_eq!(limits.version().to_string().len(), 64);
    assert_eq!(*limits.automation(), Automation::default());
    assert_eq!(limits.sources().len(), 1);
    assert_eq!(limits.organizations().count(), 0);
    assert_eq!(limits.batch_capacity(), None);
    let names: Vec<&str> = limits.classes().iter().map(|class| class.name.as_str()).collect();
    assert_eq!(names, ["sign-in", "uploads", "writes", "reads"]);
    let sign_in = &limits.classes()[0];
    assert_eq!((sign_in.largest_body, sign_in.kind), (None, ClassKind::Interactive));
    assert_eq!(limits.class(sign_in.id), Some(sign_in));
    let all = limits.plans().iter().flat_map(|plan| plan.limits.values());
    assert!(all.clone().count() == 8 && all.clone().all(|one| one.state == LimitState::Observe));
    let acme = organization("acme");
    let uploads = limits.classes()[1].id;
    let limit = limits.limit(NamedPlans::default(), &acme, uploads, fixtures::at(0)).unwrap();
    assert_eq!((limit.quota.rate.requests.get(), limit.quota.burst.get()), (5, 20));
    assert_eq!(limit.quota.at_a_time.map(std::num::NonZeroU32::get), Some(10));
    let large = limits.limit(header(Some("large")), &acme, uploads, fixtures::at(0)).unwrap();
    assert_eq!(large.quota.rate.requests.get(), 20);
    assert_eq!(limits.limit(header(Some("nope")), &acme, uploads, fixtures::at(0)), Some(limit));
}

#[test]
fn the_examples_of_the_document_are_read() {
    let mut text = String::from(DEFAULT);
    for example in DEFAULT.split("```\n").skip(1).step_by(2) {
        text.push_str("\n\n");
        text.push_str(example);
    }
    let limits = read(&text);
    assert_eq!(limits.sources().len(), 4);
    let (_, acme) = limits.organizations().next().unwrap();
    assert_eq!(limits.plan(acme.plan.unwrap()).unwrap().name.as_str(), "large");
    assert_eq!(acme.overrides.len(), 1);
    let batch = limits.batch_capacity().unwrap();
    assert_eq!((batch.at_a_time.get(), batch.state), (30, LimitState::Observe));
}

#[test]
fn a_request_is_put_in_the_first_class_that_fits() {
    let limits = shipped();
    let of = |method: &str, uri: &str| {
        limits.classify(method, uri).map(|found| (found.class.name.as_str(), found.is_critical))
    };
    assert_eq!(of("POST", "/login"), Some(("sign-in", true)));
    assert_eq!(of("POST", "/login?next=/upload"), Some(("sign-in", true)));
    assert_eq!(of("POST", "/logins"), Some(("writes", false)));
    assert_eq!(of("PUT", "/api/uploads/7"), Some(("uploads", false)));
    assert_eq!(of("put", "http://shop.example/upload"), Some(("uploads", false)));
    assert_eq!(of("DELETE", "/"), Some(("writes", false)));
    assert_eq!(of("GET", "/upload"), Some(("reads", true)));
    assert_eq!(of("OPTIONS", "*"), None);
    assert_eq!(of("", ""), None);
}

#[test]
fn an_override_counts_before_a_plan_and_until_it_ends() {
    let text = format!(
        "format: 1\n{CLASSES}\n{PLANS}| `default` | `w` | 1/s | 1 | - | on |\n\
         | `a` | `w` | 2/min | 1 | - | on |\n| `b` | `w` | 3/h | 1 | - | off |\n\n\
         | organization | plan | until |\n|---|---|---|\n| `acme` | `b` | 2026-11-22T10:00:10Z |\n\
         | `globex` | `a` | - |\n\n\
         | organization | class | rate | burst | at a time | state | until |\n\
         |---|---|---|---|---|---|---|\n\
         | `acme` | `w` | 4,000/s | 1 | 7 | observe | 2026-11-22T11:00:05+01:00 |\n"
    );
    let limits = read(&text);
    let w = limits.classes()[0].id;
    let of = |plan, name, seconds| {
        let limit =
            limits.limit(header(plan), &organization(name), w, fixtures::at(seconds)).unwrap();
        (limit.quota.rate.requests.get(), limit.quota.rate.per, limit.state)
    };
    let (second, minute, hour) = (Span::from_secs(1), Span::from_mins(1), Span::from_mins(60));
    assert_eq!(of(Some("a"), "acme", 4), (4_000, second, LimitState::Observe));
    assert_eq!(of(Some("a"), "acme", 5), (3, hour, LimitState::Off));
    assert_eq!(of(Some("a"), "acme", 10), (2, minute, LimitState::On));
    assert_eq!(of(None, "acme", 10), (1, second, LimitState::On));
    assert_eq!(of(None, "globex", 0), (2, minute, LimitState::On));
    let unlimited = read(&format!("format: 1\n{CLASSES}"));
    assert_eq!(unlimited.limit(header(Some("a")), &organization("acme"), w, fixtures::at(0)), None);
}

#[test]
fn a_table_may_name_what_stands_below_it() {
    let limits = read(&format!(
        "format: 1\n| organization | plan | until |\n|---|---|---|\n| `acme` | `a` | - |\n\n\
         {PLANS}| `a` | `w` | 1/s | 1 | - | on |\n\n{CLASSES}"
    ));
    let w = limits.classes()[0].id;
    assert!(
        limits.limit(NamedPlans::default(), &organization("acme"), w, fixtures::at(0)).is_some()
    );
}

#[test]
fn every_problem_says_what_was_found_and_expected() {
    let source = "| organization from | pattern |\n|---|---|\n";
    let class =
        "| class | methods | paths | kind | critical | largest body |\n|---|---|---|---|---|---|\n";
    let organizations = "| organization | plan | until |\n|---|---|---|\n";
    let rules = "| rule | value |\n|---|---|\n";
    for (text, told) in [
        (
            format!("{source}| cookie | `x` |"),
            "8:3 'cookie' = 'header' or 'host' or 'path' or 'API key'",
        ),
        (
            format!("{source}| header | `Authorization` |"),
            "8:12 the value of 'Authorization' is a secret, not a name = the name of a header such as '`X-Organization`'",
        ),
        (
            format!("{source}| host | `*.*.example` |"),
            "8:10 '*.*.example' is not a pattern of this kind = a host with a star for one label such as '`*.shop.example`'",
        ),
        (
            format!("{class}| `r` | get | `/x` | batch | no | - |"),
            "8:9 'get' is not a method = methods in capitals with commas between them such as 'POST, PUT', or '*'",
        ),
        (
            format!("{class}| `r` | GET | `/x`, `/a/../b` | batch | no | - |"),
            "8:15 '/a/../b' is not a pattern of paths = ASCII patterns that begin with '/' or '*', decoded and without '//', '..' and '?', such as '`/upload*`'",
        ),
        (
            format!("{class}| `r` | GET | `/x` | bath | no | - |"),
            "8:22 'bath' = 'interactive' or 'batch'",
        ),
        (
            format!("{class}| `r` | GET | `/x` | batch | no | 10 MB |"),
            "8:35 'MB' is not a unit of sizes = a size such as '64 KiB', '10 MiB' or '500 B', or '-'",
        ),
        (
            format!("{class}| `r` | POST | `/x` | batch | no | - |"),
            "8:3 no request comes to 'r' = a row above 'w', which takes all of them",
        ),
        (
            format!("{class}| `w` | GET | `/x` | batch | no | - |"),
            "8:3 a second row for 'w' = one row; the first is in line 4",
        ),
        (
            format!("{PLANS}| `default` | `x` | 1/s | 1 | - | on |"),
            "8:15 unknown class 'x' = a class of this document; did you mean 'w'?",
        ),
        (
            format!("{PLANS}| `default` | `w` | 1/d | 1 | - | on |"),
            "8:21 'd' is not a time of a rate = '/s', '/min' or '/h'",
        ),
        (
            format!("{PLANS}| `default` | `w` | 0/s | 1 | - | on |"),
            "8:21 '0' is not a number of requests = a number of requests in a time such as '10/s', '600/min' or '36,000/h'",
        ),
        (
            format!("{PLANS}| `default` | `w` | 1/s | - | - | on |"),
            "8:27 '-' is not a number of requests = a whole number from 1 such as '20'",
        ),
        (
            format!("{organizations}| `a@b` | `x` | - |"),
            "8:3 'a@b' is not the name of an organization = at most 100 visible characters without '@', such as '`acme`'",
        ),
        (
            format!("{organizations}| `a` | `x` | tomorrow |"),
            "8:9 unknown plan 'x' = a plan of this document; it has none",
        ),
        (
            format!("{rules}| safe mod | manual |"),
            "8:3 unknown rule 'safe mod' = a known rule; did you mean 'safe mode'?",
        ),
        (
            format!("{rules}| largest share refused | 101% |"),
            "8:27 '101%' is not a share = a share from '0%' to '100%'",
        ),
        (
            format!("{rules}| longest measure | 2 d |"),
            "8:21 '2 d' is not a time that a measure may take = a duration from '1 min' to '24 h' such as '30 min'",
        ),
        (
            format!("{rules}| fair share factor | inf |"),
            "8:23 'inf' is not a factor = a number from '1' to '100' such as '1.5'",
        ),
        (
            "| batch requests at a time | state |\n|---|---|\n| 0 | on |".to_owned(),
            "8:3 '0' is not a number of requests = a whole number from 1 such as '20'",
        ),
        (
            "| batch requests at a time | state |\n|---|---|\n| 3 | on |\n| 4 | on |".to_owned(),
            "9:3 a second row for 'batch requests at a time' = one row; the first is in line 8",
        ),
        (
            "| clas | x |\n|---|---|\n".to_owned(),
            "6:3 a table that begins with 'clas' = a known column; did you mean 'class'?",
        ),
        (
            "| plan | rate |\n|---|---|\n".to_owned(),
            "6:3 a table without the column 'class' = a column 'class'; '-' where a row has none",
        ),
    ] {
        assert_eq!(problems(&text).first().map(String::as_str), Some(told), "{text}");
    }
    // All problems of a row and of all tables are told, in the order of their places.
    let text = format!("{rules}| x | y |\n\n{PLANS}| `A` | `v w` | 1 | 0 | 0 | maybe |");
    let lines: Vec<String> =
        problems(&text).iter().map(|told| told.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(lines, ["8:3", "12:3", "12:9", "12:17", "12:21", "12:25", "12:29"]);
    let problems = Limits::parse("l", "# Limits").err().unwrap();
    assert_eq!(problems[0].expected, "'format: 1' as the first line");
}

#[test]
fn names_of_organizations_are_names_of_subjects() {
    let long = "ä".repeat(93);
    for name in ["acme", "Acme Ltd", "东京", "a:b", long.as_str()] {
        let subject: Subject = (&organization(name)).into();
        assert_eq!((subject.kind(), subject.name(), subject.host()), ("organization", name, None));
        assert!(Subject::check_new(subject.as_str()).is_ok(), "{name}");
    }
    let (over, wide) = ("x".repeat(101), "ä".repeat(94));
    for name in ["", " ", "a@b", "a\nb", "a\u{202e}b", "a\u{3164}", &over, &wide] {
        assert_eq!(Organization::new(name), None, "{name:?}");
    }
}

fn check_places(text: &str) {
    let Err(problems) = Limits::parse("l", text) else {
        return;
    };
    assert!(!problems.is_empty());
    for problem in problems {
        let line = text.lines().nth(problem.line as usize - 1).unwrap_or_default();
        let length = line.chars().take(2_000).count().max(1) as u32;
        assert!((1..=length).contains(&problem.column), "{problem}");
        assert!(problem.width >= 1 && problem.column + problem.width <= length + 1, "{problem}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: fixtures::cases(64), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in ".{0,400}", rows in proptest::collection::vec("\\|[^\\n]{0,60}\\|?", 0..6)) {
        check_places(&text);
        check_places(&format!("format: 1\n{CLASSES}{PLANS}{}", rows.join("\n")));
    }

    #[test]
    fn no_change_of_the_document_panics(edits in proptest::collection::vec((any::<u32>(), 0..40_usize, "[ -~\\n|`\u{e4}\u{202e}]{0,12}"), 1..5)) {
        let mut letters: Vec<char> = DEFAULT.chars().collect();
        for (place, cut, with) in edits {
            let from = place as usize % letters.len().max(1);
            let to = (from + cut).min(letters.len());
            letters.splice(from..to, with.chars());
        }
        check_places(&letters.into_iter().collect::<String>());
    }

    #[test]
    fn no_shuffle_of_its_lines_panics(picks in proptest::collection::vec(any::<u32>(), 1..80)) {
        let lines: Vec<&str> = DEFAULT.lines().collect();
        let text: Vec<&str> = picks.iter().map(|&pick| lines[pick as usize % lines.len()]).collect();
        check_places(&text.join("\n"));
    }
}
