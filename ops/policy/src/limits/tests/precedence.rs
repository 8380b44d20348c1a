//! The precedence of the plans that are named for an organization.

use domain::protection::PlanSource;

use super::*;

/// Plans `default` and `a` to `e` with rates 1/s to 6/s, and what `rows` say of `acme`.
fn with(rows: &str) -> Limits {
    let plans: String = ["default", "a", "b", "c", "d", "e"]
        .iter()
        .zip(1..)
        .map(|(name, rate)| format!("| `{name}` | `w` | {rate}/s | 1 | - | on |\n"))
        .collect();
    read(&format!("format: 1\n{CLASSES}\n{PLANS}{plans}\n{rows}"))
}

const PLAN_ROW: &str =
    "| organization | plan | until |\n|---|---|---|\n| `acme` | `c` | 2026-11-22T10:00:10Z |\n\n";
const CLASS_ROW: &str = "| organization | class | rate | burst | at a time | state | until |\n\
     |---|---|---|---|---|---|---|\n| `acme` | `w` | 9/s | 1 | - | on | 2026-11-22T10:00:10Z |\n";

/// The rule as the document tells it: the source, the rate of its plan, and the rate that counts.
fn rule(named: NamedPlans<'_>, has_plan_row: bool, has_class_row: bool) -> (PlanSource, u32, u32) {
    let rate = |name: &str| match name {
        "default" => Some(1),
        "a" => Some(2),
        "b" => Some(3),
        "c" => Some(4),
        "d" => Some(5),
        "e" => Some(6),
        _ => None,
    };
    let (source, plan) = match (
        named.overridden.and_then(rate),
        named.assigned,
        has_plan_row,
        named.header.and_then(rate),
    ) {
        (Some(rate), ..) => (PlanSource::Override, rate),
        (None, Some(name), ..) => (PlanSource::Assigned, rate(name).unwrap_or(1)),
        (None, None, true, _) => (PlanSource::Document, 4),
        (None, None, false, Some(rate)) => (PlanSource::Header, rate),
        (None, None, false, None) => (PlanSource::Default, 1),
    };
    let counts = if has_class_row && source != PlanSource::Override { 9 } else { plan };
    (source, plan, counts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(fixtures::cases(300)))]
    #[test]
    fn a_person_counts_before_what_is_set_before_the_document_before_the_proxy(
        overridden in proptest::option::of("[a-g]|default"),
        assigned in proptest::option::of("[a-g]|default"),
        header in proptest::option::of("[a-g]|default"),
        has_plan_row in any::<bool>(),
        has_class_row in any::<bool>(),
        is_over in any::<bool>(),
    ) {
        let mut rows = String::new();
        if has_plan_row { rows += PLAN_ROW; }
        if has_class_row { rows += CLASS_ROW; }
        let limits = with(&rows);
        let named = NamedPlans {
            overridden: overridden.as_deref(),
            assigned: assigned.as_deref(),
            header: header.as_deref(),
        };
        let now = fixtures::at(if is_over { 10 } else { 9 });
        let (source, plan, counts) =
            rule(named, has_plan_row && !is_over, has_class_row && !is_over);
        let acme = organization("acme");
        let w = limits.classes()[0].id;
        let (found, in_force) = limits.plan_of(named, &acme, now);
        prop_assert_eq!(found, source);
        prop_assert_eq!(in_force.unwrap().limits[&w].quota.rate.requests.get(), plan);
        let limit = limits.limit(named, &acme, w, now).unwrap();
        prop_assert_eq!(limit.quota.rate.requests.get(), counts);
        // The rows of one organization say nothing of another.
        let other = rule(named, false, false);
        let limit = limits.limit(named, &organization("globex"), w, now).unwrap();
        prop_assert_eq!(limit.quota.rate.requests.get(), other.2);
    }
}

#[test]
fn a_plan_without_a_row_for_a_class_does_not_limit_it() {
    let limits = with("");
    let text = "format: 1\n".to_owned() + CLASSES;
    let none = read(&text);
    let named = NamedPlans { overridden: Some("a"), ..NamedPlans::default() };
    let now = fixtures::at(0);
    assert_eq!(none.limit(named, &organization("acme"), none.classes()[0].id, now), None);
    assert_eq!(none.plan_of(named, &organization("acme"), now), (PlanSource::Default, None));
    assert!(limits.has_plan("e") && !limits.has_plan("f"));
}
