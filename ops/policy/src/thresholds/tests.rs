use domain::{
    time::Span,
    usual::{RelativeLevel, Side},
};
use proptest::prelude::*;

use super::*;

const DEFAULT: &str = include_str!("../../../alerts/thresholds.md");
const HEAD: &str = "| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n|---|---|---|---|---|---|---|---|---|---|\n";

fn problems(text: &str) -> Vec<Diagnostic> {
    Thresholds::parse("alerts/thresholds.md", text, fixtures::signals()).err().unwrap_or_default()
}

/// The first problem of a table with this one row.
fn of_row(row: &str) -> String {
    let problems = problems(&format!("format: 1\n{HEAD}{row}\n"));
    problems
        .first()
        .map(|problem| {
            format!("{} {}: {} = {}", problem.line, problem.column, problem.found, problem.expected)
        })
        .unwrap_or_default()
}

#[test]
fn the_documents_own_thresholds_are_read() {
    let thresholds = Thresholds::parse("alerts/thresholds.md", DEFAULT, fixtures::signals())
        .unwrap_or_else(|problems| panic!("{}", problems[0]));
    assert_eq!(thresholds.sha256().len(), 64);
    assert_eq!(*thresholds.policy(), IncidentPolicy::default());
    let disk = thresholds.rows_for("disk.used", "disk:/var@web-1");
    assert_eq!(disk.level.unwrap().warning, Some(Level::Above(88.0)));
    assert_eq!(
        disk.forecast.unwrap().critical,
        Some(Level::Reaches { limit: 100.0, within: Span::from_secs(7_200) })
    );
    assert_eq!(
        thresholds.rows_for("disk.used", "disk:/dev/shm@web-1").level.unwrap().warning,
        Some(Level::Above(95.0))
    );
    assert!(thresholds.rows_for("disk.available", "disk:/dev/shm@web-1").is_empty());
    assert!(thresholds.rows_for("disk.available", "disk:/@web-1").is_empty());
    assert_eq!(
        thresholds.rows_for("disk.available", "disk:/boot@web-1").level.unwrap().critical,
        Some(Level::Below(20_971_520.0))
    );
    assert_eq!(
        thresholds.rows_for("endpoint.first_byte", "endpoint:x").level.unwrap().warning,
        Some(Level::Above(1500.0))
    );
    assert_eq!(thresholds.unit_of("queue.depth").unwrap().as_str(), "jobs");
    assert!(thresholds.rows_for("queue.depth", "queue:x").is_empty());
}

#[test]
fn levels_relative_to_what_is_usual_are_read() {
    let text = format!(
        "format: 1\n{HEAD}| endpoint.total | - | above 3 times usual and 50 ms | above 10 times usual and 50 ms | 10 min | 2 times usual | - | m | - | - |\n| queue.rate | - | below 0.3 times usual | - | 10 min | 0.5 times usual | - | m | - | - |\n| queue.depth | - | outside usual range | outside 2.5 times usual range | 5 min | - | - | m | - | - |\n| queue.age | - | outside recent range | outside 1.5 times recent range | 5 min | - | - | m | - | - |\n"
    );
    let thresholds = Thresholds::parse("t", &text, fixtures::signals())
        .unwrap_or_else(|problems| panic!("{}", problems[0]));
    let level = |side, times, floor| Some(Level::Usual(RelativeLevel { side, times, floor }));
    let row = |signal| thresholds.rows_for(signal, "service:a").level.unwrap();
    let slow = row("endpoint.total");
    assert_eq!(slow.warning, level(Side::Above, 3.0, Some(50.0)));
    assert_eq!(slow.critical, level(Side::Above, 10.0, Some(50.0)));
    assert_eq!(slow.recovers_at, level(Side::Above, 2.0, Some(50.0)));
    let rate = row("queue.rate");
    assert_eq!(rate.warning, level(Side::Below, 0.3, None));
    assert_eq!(rate.recovers_at, level(Side::Below, 0.5, None));
    let depth = row("queue.depth");
    assert_eq!(depth.warning, level(Side::Outside, 1.0, None));
    assert_eq!(depth.critical, level(Side::Outside, 2.5, None));
    let age = row("queue.age");
    assert_eq!(age.warning, level(Side::OutsideRecent, 1.0, None));
    assert_eq!(age.critical, level(Side::OutsideRecent, 1.5, None));
}

#[test]
fn every_row_leads_to_a_section_of_the_guide() {
    let guide = include_str!("../../../runbooks/when-things-break.md");
    let anchors: Vec<String> = guide
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|title| title.trim().to_lowercase().replace(' ', "-"))
        .collect();
    let thresholds =
        Thresholds::parse("alerts/thresholds.md", DEFAULT, fixtures::signals()).unwrap();
    for row in thresholds.rows().iter().filter(|row| row.way() != Way::Quiet) {
        assert!(
            anchors.contains(&row.guidance.runbook),
            "{} names '{}'",
            row.signal,
            row.guidance.runbook
        );
    }
}

#[test]
fn a_problem_is_shown_as_a_compiler_would() {
    let text = "format: 1\n\n| signal | warnig |\n| --- | --- |\n";
    assert_eq!(
        problems(text)[0].to_string(),
        "error: unknown column 'warnig'\n --> alerts/thresholds.md:3:12\n  |\n3 | | signal | warnig |\n  |            ^^^^^^\n  = expected a known column; did you mean 'warning'?"
    );
}

#[test]
fn every_problem_of_a_row_says_what_was_found_and_expected() {
    for (row, told) in [
        (
            "| A.b | - | above 1 | - | 1 min | - | - | m | - | - |",
            "4 3: \"A.b\" is not a signal = lower-case words joined by dots, at most 80 bytes, such as 'queue.depth'",
        ),
        (
            "| host.memory.usd | - | above 1 % | - | 1 min | - | - | m | - | - |",
            "4 3: unknown signal 'host.memory.usd' = a signal that something reports; did you mean 'host.memory.used'?",
        ),
        (
            "| disk.bogus | - | above 1 % | - | 1 min | - | - | m | - | - |",
            "4 3: unknown signal 'disk.bogus' = a signal that something reports; those of 'disk' are 'disk.used', 'disk.available', 'disk.inodes.used', 'disk.read_only', 'disk.mounted'",
        ),
        (
            "| x | no pattern | above 1 | - | 1 min | - | - | m | - | - |",
            "4 7: 'no pattern' is not a pattern of subjects = '*', 'disk:*' or 'disk:/var@web-1'",
        ),
        (
            "| x | - | over 1 | - | 1 min | - | - | m | - | - |",
            "4 11: 'over' is not a kind of threshold = 'above 85%', 'below 10 GiB', 'above 3 times usual', 'rises 20% in 5 min', 'reaches 100% in 4 h' or '-'",
        ),
        (
            "| x | - | above | - | 1 min | - | - | m | - | - |",
            "4 11: 'above' is not a threshold = 'above 85%', 'below 10 GiB', 'above 3 times usual', 'rises 20% in 5 min', 'reaches 100% in 4 h' or '-'",
        ),
        (
            "| x | - | above 3 times usuall | - | 1 min | - | - | m | - | - |",
            "4 11: '3 times usuall' is not relative to what is usual = '3 times usual' with a number above 1, or '3 times usual and 50 ms'",
        ),
        (
            "| x | - | above 0.5 times usual | - | 1 min | - | - | m | - | - |",
            "4 11: '0.5 times usual' is not relative to what is usual = '3 times usual' with a number above 1, or '3 times usual and 50 ms'",
        ),
        (
            "| x | - | below 3 times usual | - | 1 min | - | - | m | - | - |",
            "4 11: '3 times usual' is not relative to what is usual = '0.3 times usual' with a number between 0 and 1",
        ),
        (
            "| x | - | outside usual | - | 1 min | - | - | m | - | - |",
            "4 11: 'usual' is not relative to what is usual = 'usual range', 'recent range' or '2 times usual range' with a number of at least 1",
        ),
        (
            "| endpoint.total | - | above 3 times usual and 50% | - | 1 min | - | - | m | - | - |",
            "4 24: the unit '%' does not fit this signal = a time such as '800 ms' or '2 s'",
        ),
        (
            "| x | - | above 3 times usual | above 9 jobs | 1 min | - | - | m | - | - |",
            "4 33: critical is a different kind of threshold than warning = the same word and limit in both, such as 'above 85%' and 'above 95%'; other kinds need rows of their own",
        ),
        (
            "| x | - | above 3 times usual | - | 1 min | 4 times usual | - | m | - | - |",
            "4 45: a recovery value on the unhealthy side of the warning threshold = a level that is nearer to what is usual than the warning's",
        ),
        (
            "| x | - | above 3 times usual | - | 1 min | 80 jobs | - | m | - | - |",
            "4 45: '80 jobs' is not relative to what is usual = a multiple such as '2 times usual', or '-'",
        ),
        (
            "| x | - | outside 2 times usual range | - | 1 min | 0.5 times usual range | - | m | - | - |",
            "4 53: '0.5 times usual range' lies within the range, where every value counts alike = 'usual range' or a multiple of at least 1 of it, or '-'",
        ),
        (
            "| x | - | above 1,00 | - | 1 min | - | - | m | - | - |",
            "4 11: '1,00' is not a number with its unit = a number with its unit such as '1,000 jobs'",
        ),
        (
            "| disk.used | - | above 85 | - | 1 min | - | - | m | - | - |",
            "4 19: '85' has no unit = '85%'",
        ),
        (
            "| disk.used | - | above 85 GiB | - | 1 min | - | - | m | - | - |",
            "4 19: the unit 'GiB' does not fit this signal = '85%'",
        ),
        (
            "| disk.used | - | rises 5 % | - | 1 min | - | - | m | - | - |",
            "4 19: 'rises 5 %' does not say within what time = 'in' and a duration, such as 'rises 5 % in 5 min'",
        ),
        (
            "| disk.used | - | rises 0 % in 5 min | - | 1 min | - | - | m | - | - |",
            "4 19: 'rises 0 % in 5 min' is not a rise = a rise by more than zero",
        ),
        (
            "| disk.used | - | rises 5 % in 1 s | - | 1 min | - | - | m | - | - |",
            "4 19: '1 s' is too short to measure in = at least '10 s'",
        ),
        (
            "| disk.used | - | above 85 % | below 9 % | 1 min | - | - | m | - | - |",
            "4 32: critical is a different kind of threshold than warning = the same word and limit in both, such as 'above 85%' and 'above 95%'; other kinds need rows of their own",
        ),
        (
            "| disk.used | - | above 85 % | above 80 % | 1 min | - | - | m | - | - |",
            "4 32: critical would be reached before warning = a threshold beyond 'above 85 %'",
        ),
        (
            "| disk.used | - | above 85 % | - | - | - | - | m | - | - |",
            "4 36: a threshold without a duration = how long it has to last, such as '2 min', '5 min / 1 min' or '0 s'",
        ),
        (
            "| disk.used | - | above 85 % | - | soon | - | - | m | - | - |",
            "4 36: 'soon' is not a duration = a duration such as '30 s', '5 min' or '2 h'",
        ),
        (
            "| disk.used | - | above 85 % | - | 900 d | - | - | m | - | - |",
            "4 36: '900 d' is too long = a duration of at most a year such as '5 min'",
        ),
        (
            "| disk.used | - | above 85 % | - | 1 min | 90 % | - | m | - | - |",
            "4 44: a recovery value on the unhealthy side of the warning threshold = a value at or below the warning threshold",
        ),
        (
            "| disk.used | - | - | - | - | 90 % | - | m | - | - |",
            "4 31: a recovery value without a threshold = '-' where nothing is monitored",
        ),
        (
            "| disk.used | - | above 85 % | - | 1 min | - | 10 ms | m | - | - |",
            "4 48: '10 ms' is shorter than anything reports = at least '1 s'; a collector reports every 5 s",
        ),
        (
            "| disk.used | - | above 85 % | - | 1 min | - | - | - | - | - |",
            "4 52: a row that does not say what it means = one sentence for a person who was just woken",
        ),
        (
            "| disk.used | - | above 85 % | - | 1 min | - | - | m | A b | - |",
            "4 56: 'A b' is not an anchor = the anchor of a section of runbooks/when-things-break.md, such as 'disk-full', or '-'",
        ),
        (
            "| disk.used | - | above 85 % | - | 1 min | - | - | m | - | rm -rf |",
            "4 60: 'rm -rf' is not the id of a command = ids in backticks with commas between them, such as '`pm2-restart`', or '-'",
        ),
        (
            "| disk.used | - | above 85 %",
            "4 19: a table row that is not closed = '|' at the end of the row",
        ),
        (
            "| disk.used | - |",
            "4 1: 2 cells in a table of 10 columns = 10 cells; an empty one is written '-'",
        ),
        (
            "| disk.used | - | above 8 % | - | 1 min | - | - | m | - | - |\n| disk.used | - | above 9 % | - | 1 min | - | - | m | - | - |",
            "5 3: a second row for 'disk.used' of '*' = one row of each kind; the first is in line 4",
        ),
    ] {
        assert_eq!(of_row(row), told, "{row}");
    }
}

#[test]
fn names_outside_the_namespaces_of_collectors_are_pushed_signals() {
    // One letter from `app.up`, and inside of no collector's namespace.
    for name in ["api.up", "disks.used", "disk", "queue.depth"] {
        let row = format!("| {name} | - | above 1 | - | 1 min | - | - | m | - | - |");
        assert_eq!(of_row(&row), "", "{name}");
    }
}

#[test]
fn a_recorded_document_keeps_a_name_whose_namespace_a_collector_came_to_own() {
    let text = format!(
        "format: 1\n{HEAD}| disk.bogus | - | above 1 jobs | - | 1 min | - | - | m | - | - |\n"
    );
    assert!(Thresholds::parse("t", &text, fixtures::signals()).is_err());
    let recorded = Thresholds::parse_recorded("t", &text, fixtures::signals()).unwrap();
    assert_eq!(recorded.unit_of("disk.bogus").unwrap().as_str(), "jobs");
    assert_eq!(recorded.unit_of("disk.used"), Some(Unit::Percent));
}

#[test]
fn every_problem_of_the_document_says_what_was_found_and_expected() {
    for (text, line, column, found) in [
        ("# Thresholds", 1, 1, "the document does not begin with its format"),
        (
            "format: 1\n```\n| signal |",
            2,
            1,
            "a code fence that is never closed hides the rest of the document",
        ),
        ("format: 1\n| signal |\n", 2, 1, "a table without the line under its header"),
        ("format: 1\n| name | x |\n|---|---|\n", 2, 3, "a table that begins with 'name'"),
        ("format: 1\n| signal | signal |\n|---|---|\n", 2, 12, "the column 'signal' twice"),
        ("format: 1\n| signal |\n|---|\n", 2, 3, "a table without the column 'warning'"),
        (
            "format: 1\n| rule | value |\n|---|---|\n| quite for | 5 min |\n",
            4,
            3,
            "unknown rule 'quite for'",
        ),
        (
            "format: 1\n| rule | value |\n|---|---|\n| quiet for | 5 |\n",
            4,
            15,
            "'5' is not a duration",
        ),
        (
            "format: 1\n| rule | value |\n|---|---|\n| flood of | many |\n",
            4,
            14,
            "'many' is not a flood",
        ),
        (
            "format: 1\n| rule | value |\n|---|---|\n| unusual together | 0 signals |\n",
            4,
            22,
            "'0 signals' is not a count of signals",
        ),
        (
            "format: 1\n| rule | value |\n|---|---|\n| quiet for | 5 s |\n| quiet for | 6 s |\n",
            5,
            3,
            "the rule 'quiet for' twice",
        ),
        (
            "format: 1\n| subject | needs |\n|---|---|\n| endpoint:* | that |\n",
            4,
            16,
            "\"that\" is not a subject",
        ),
    ] {
        let first = problems(text).into_iter().next().unwrap();
        assert_eq!(
            (first.line, first.column, first.found.as_str()),
            (line, column, found),
            "{text}"
        );
    }
    assert!(!problems(&"x".repeat(300_000)).is_empty());
}

#[test]
fn rules_and_dependencies_fill_the_policy_and_fences_are_ignored() {
    let text = "format: 1\n```\n| nonsense |\n```\n| rule | value |\n|---|---|\n| quiet for | 7 min |\n| flood of | 9 incidents in 2 min |\n| unusual together | 3 signals |\n\n| subject | needs |\n|---|---|\n| `endpoint:*` | `app:api@web-1` |\n";
    let thresholds = Thresholds::parse("t", text, fixtures::signals()).unwrap();
    let policy = thresholds.policy();
    assert_eq!(
        (policy.quiet_for, policy.flood_count, policy.flood_within),
        (Span::from_mins(7), 9, Span::from_mins(2))
    );
    assert_eq!(policy.unusual_together, 3);
    assert_eq!(policy.dependencies[0].subject, "endpoint:*");
}

#[test]
fn the_most_specific_pattern_wins_and_then_the_later_row() {
    let row = |pattern: &str, level: u32| {
        format!("| x | {pattern} | above {level} | - | 1 min | - | - | m | - | - |\n")
    };
    let text = format!(
        "format: 1\n{HEAD}{}{}{}{}",
        row("a:*", 1),
        row("a:bcd*", 2),
        row("a:b*@h", 3),
        row("*", 4)
    );
    let thresholds = Thresholds::parse("t", &text, fixtures::signals()).unwrap();
    let level = |subject: &str| thresholds.rows_for("x", subject).level.and_then(|row| row.warning);
    assert_eq!(level("a:z"), Some(Level::Above(1.0)));
    assert_eq!(level("a:bcd@h"), Some(Level::Above(3.0)));
    assert_eq!(level("a:bcd"), Some(Level::Above(2.0)));
    assert_eq!(level("q:z"), Some(Level::Above(4.0)));
}

fn check_places(text: &str) {
    let Err(problems) = Thresholds::parse("t", text, fixtures::signals()) else {
        return;
    };
    assert!(!problems.is_empty());
    for problem in problems {
        let length = text
            .lines()
            .nth(problem.line as usize - 1)
            .map_or(0, |line| line.chars().take(2_000).count()) as u32;
        assert!(problem.column >= 1 && problem.column <= length.max(1), "{problem}");
        assert!(
            problem.width >= 1 && problem.column + problem.width <= length.max(1) + 1,
            "{problem}"
        );
    }
}

#[test]
fn a_row_that_can_never_fire_or_recover_is_known() {
    use domain::severity::Severity::{Critical, Warning};
    let of = |row: &str| {
        let text = format!("format: 1\n{HEAD}{row} | - | m | a | - |\n");
        let read = Thresholds::parse("t", &text, fixtures::signals()).unwrap();
        read.rows()[0].unworkable(fixtures::signals())
    };
    for row in [
        "| host.memory.used | - | above 85 % | above 94 % | 1 min | 80 %",
        "| app.up | - | - | below 1 | 30 s | 1",
        "| collector.failed | - | above 0 | - | 1 min | 0",
        "| host.load.per_core | - | above 3 | above 800 | 15 min | 2",
        "| disk.used | - | reaches 100 % in 8 h | - | 10 min | 12 h",
        "| endpoint.certificate.days_left | - | below 0 d | - | 10 min | -",
        "| queue.depth | - | above -5 | - | 1 min | -50",
        "| job.done | - | above 100 % | - | 1 min | -",
    ] {
        assert_eq!(of(row), None, "{row}");
    }
    for (row, why) in [
        (
            "| host.memory.used | - | above 85 % | above 100 % | 1 min | 80 %",
            Unworkable::NeverFires(Critical),
        ),
        ("| app.up | - | - | below 0 | 30 s | -", Unworkable::NeverFires(Critical)),
        ("| pm2.up | - | above 1 | - | 30 s | -", Unworkable::NeverFires(Warning)),
        (
            "| disk.used | - | reaches 120 % in 8 h | - | 10 min | -",
            Unworkable::NeverFires(Warning),
        ),
        ("| disk.used | - | rises 150 % in 8 h | - | 10 min | -", Unworkable::NeverFires(Warning)),
        ("| host.memory.used | - | above 85 % | - | 1 min | -1 %", Unworkable::NeverRecovers),
        ("| app.up | - | - | below 1 | 30 s | 2", Unworkable::NeverRecovers),
    ] {
        assert_eq!(of(row), Some(why), "{row}");
    }
    let known = Thresholds::parse("t", DEFAULT, fixtures::signals()).unwrap();
    assert!(known.rows().iter().all(|row| row.unworkable(fixtures::signals()).is_none()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: fixtures::cases(96), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in ".{0,400}", rows in proptest::collection::vec("\\|[^\\n]{0,60}\\|?", 0..6)) {
        check_places(&text);
        check_places(&format!("format: 1\n{HEAD}{}", rows.join("\n")));
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
