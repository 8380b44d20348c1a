//! A document that is printed from any contents has these contents.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    num::NonZeroU32,
};

use domain::time::{Span, Timestamp};
use proptest::{
    collection::{btree_map, btree_set},
    option,
    prelude::*,
    sample::select,
};

use super::*;

const NAMES: [&str; 4] = ["a", "b-1", "uploads", "x.y"];

type ClassCells = (Vec<&'static str>, Vec<String>, ClassKind, bool, Option<u64>);

type OverrideCells = (Limit, Option<Timestamp>);

/// Contents as a person would write them: classes by name, limits by plan and class, organizations
/// with a plan or limits of their own.
#[derive(Debug)]
struct Document {
    classes: Vec<(&'static str, ClassCells)>,
    plans: Vec<((&'static str, usize), Limit)>,
    own_plans: Vec<(String, (usize, Option<Timestamp>))>,
    overrides: Vec<((String, usize), OverrideCells)>,
    writers: BTreeSet<String>,
    automation: (u8, u32, u64, u32, bool),
}

fn limit() -> impl Strategy<Value = Limit> {
    let positive = || (1..=u32::MAX).prop_map(|number| NonZeroU32::new(number).unwrap());
    let per = select(vec![Span::from_secs(1), Span::from_mins(1), Span::from_mins(60)]);
    let state = select(LimitState::ALL.to_vec());
    (positive(), per, positive(), option::of(positive()), state).prop_map(
        |(requests, per, burst, at_a_time, state)| Limit {
            state,
            quota: Quota { rate: Rate { requests, per }, burst, at_a_time },
        },
    )
}

fn moment() -> impl Strategy<Value = Option<Timestamp>> {
    option::of((0..200_000_000_000_i64).prop_map(Timestamp::from_secs))
}

fn class() -> impl Strategy<Value = ClassCells> {
    let methods = proptest::sample::subsequence(vec!["GET", "POST", "M-SEARCH"], 0..4);
    let paths = proptest::collection::vec("/[a-z0-9_-][a-z0-9*_-]{0,8}", 1..4);
    let body = option::of(0..1_000_000_000_u64);
    (methods, paths, select(ClassKind::ALL.to_vec()), any::<bool>(), body)
}

fn document() -> impl Strategy<Value = Document> {
    let organization = || "[A-Za-z0-9 é:.-]{0,8}[a-z]".prop_map(|name| name.trim().to_owned());
    (
        btree_map(select(NAMES.to_vec()), class(), 1..5),
        btree_map((select(NAMES.to_vec()), 0..4_usize), limit(), 1..8),
        btree_map(organization(), (0..4_usize, moment()), 0..4),
        btree_map((organization(), 0..4_usize), (limit(), moment()), 0..4),
        btree_set(organization(), 0..3),
        (0..=100_u8, any::<u32>(), 1..=1_440_u64, 1_000..=100_000_u32, any::<bool>()),
    )
        .prop_map(|(classes, plans, own_plans, overrides, writers, automation)| {
            let count = classes.len();
            // One row for each class: the last one of those whose places come to the same.
            let plans: BTreeMap<_, _> = plans
                .into_iter()
                .map(|((name, class), row)| ((name, class % count), row))
                .collect();
            let overrides: BTreeMap<_, _> = overrides
                .into_iter()
                .map(|((name, class), row)| ((name, class % count), row))
                .collect();
            Document {
                classes: classes.into_iter().collect(),
                plans: plans.into_iter().collect(),
                own_plans: own_plans.into_iter().collect(),
                overrides: overrides.into_iter().collect(),
                writers,
                automation,
            }
        })
}

fn limit_cells(limit: &Limit) -> String {
    let Quota { rate, burst, at_a_time } = limit.quota;
    let per = match rate.per.as_secs() {
        1 => "s",
        60 => "min",
        _ => "h",
    };
    let at_a_time = at_a_time.map_or("-".to_owned(), |count| count.to_string());
    format!("{}/{per} | {burst} | {at_a_time} | {}", rate.requests, limit.state.as_str())
}

fn until(moment: Option<Timestamp>) -> String {
    moment.map_or("-".to_owned(), |moment| moment.to_string())
}

impl Document {
    fn class(&self, place: usize) -> &'static str {
        self.classes[place % self.classes.len()].0
    }

    fn plan(&self, place: usize) -> &'static str {
        self.plans[place % self.plans.len()].0.0
    }

    fn print(&self) -> String {
        let mut text = String::from("format: 1\n\n");
        text += "| class | methods | paths | kind | critical | largest body |\n|---|---|---|---|---|---|\n";
        for (name, (methods, paths, kind, is_critical, body)) in &self.classes {
            let methods = if methods.is_empty() { "*".to_owned() } else { methods.join(", ") };
            let critical = if *is_critical { "yes" } else { "no" };
            let body = body.map_or("-".to_owned(), |bytes| format!("{bytes} B"));
            let (paths, kind) = (paths.join("`, `"), kind.as_str());
            let _ = writeln!(
                text,
                "| `{name}` | {methods} | `{paths}` | {kind} | {critical} | {body} |"
            );
        }
        text +=
            "\n| plan | class | rate | burst | at a time | state |\n|---|---|---|---|---|---|\n";
        for ((plan, class), limit) in &self.plans {
            let _ =
                writeln!(text, "| `{plan}` | `{}` | {} |", self.class(*class), limit_cells(limit));
        }
        text += "\n| organization | plan | until |\n|---|---|---|\n";
        for (name, (plan, end)) in &self.own_plans {
            let _ = writeln!(text, "| `{name}` | `{}` | {} |", self.plan(*plan), until(*end));
        }
        text += "\n| organization | class | rate | burst | at a time | state | until |\n|---|---|---|---|---|---|---|\n";
        for ((name, class), (limit, end)) in &self.overrides {
            let (class, cells) = (self.class(*class), limit_cells(limit));
            let _ = writeln!(text, "| `{name}` | `{class}` | {cells} | {} |", until(*end));
        }
        let (share, most, minutes, factor, is_automatic) = self.automation;
        let mode = if is_automatic { "automatic" } else { "manual" };
        let factor = f64::from(factor) / 1_000.0;
        let writers: Vec<String> = self.writers.iter().map(|name| format!("`{name}`")).collect();
        let writers = if writers.is_empty() { "-".to_owned() } else { writers.join(", ") };
        let _ = write!(
            text,
            "\n| rule | value |\n|---|---|\n| largest share refused | {share}% |\n| most organizations limited | {most} |\n\
             | longest measure | {minutes} min |\n| fair share factor | {factor} |\n| safe mode | {mode} |\n\
             | safe mode reminder | {minutes} min |\n\
             | keep writing in safe mode | {writers} |\n"
        );
        text
    }
}

fn check(document: &Document) {
    let text = document.print();
    let limits = read(&text);
    assert_eq!(limits.classes().len(), document.classes.len());
    for (class, (name, (methods, paths, kind, is_critical, body))) in
        limits.classes().iter().zip(&document.classes)
    {
        assert_eq!((class.name.as_str(), class.kind), (*name, *kind));
        assert_eq!((class.is_critical, class.largest_body), (*is_critical, *body));
        let named: Vec<String> = methods.iter().map(|name| (*name).to_owned()).collect();
        let expected = if named.is_empty() { Methods::Any } else { Methods::Named(named) };
        assert_eq!(class.methods, expected);
        let patterns: Vec<&str> = class.paths.iter().map(PathPattern::as_str).collect();
        assert_eq!(patterns, *paths);
    }
    let id = |name: &str| limits.classes().iter().find(|class| class.name == name).unwrap().id;
    for ((plan, class), limit) in &document.plans {
        let plan = limits.plans().iter().find(|one| one.name.as_str() == *plan).unwrap();
        assert_eq!(plan.limits.get(&id(document.class(*class))), Some(limit));
    }
    let own = |name: &str| limits.organizations().find(|(one, _)| *one == name).unwrap().1;
    for (name, (plan, end)) in &document.own_plans {
        let own = own(name).plan.unwrap();
        assert_eq!(
            (limits.plan(own).unwrap().name.as_str(), own.until),
            (document.plan(*plan), *end)
        );
    }
    for ((name, class), (limit, end)) in &document.overrides {
        let one = own(name).overrides[&id(document.class(*class))];
        assert_eq!((one.limit, one.until), (*limit, *end));
    }
    let (share, most, minutes, factor, is_automatic) = document.automation;
    let automation = limits.automation();
    assert_eq!((automation.largest_share_percent, automation.most_organizations), (share, most));
    assert_eq!(automation.longest_measure, Span::from_mins(minutes));
    assert_eq!(automation.safe_mode_reminder, Span::from_mins(minutes));
    assert!((automation.fair_share_factor - f64::from(factor) / 1_000.0).abs() < 1e-9);
    let writers = automation.keep_writing.iter().map(Organization::as_str);
    assert!(writers.eq(document.writers.iter().map(String::as_str)));
    assert!(document.writers.iter().all(|name| automation.keeps_writing(&organization(name))));
    assert_eq!(automation.safe_mode == SafeModeEntry::Automatic, is_automatic);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: fixtures::cases(96), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read(document in document()) {
        check(&document);
    }
}
