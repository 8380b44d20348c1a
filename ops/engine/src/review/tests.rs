use std::collections::BTreeSet;

use domain::{
    actor::Actor,
    breach::{Crossing, Ending},
    id::{AccountId, ContactId, IncidentNumber},
    incident::{Acknowledgement, Incident, Resolution},
    review::{EffectOf, EffectVerdict, Measured, NotMeasured, SlowReason},
    time::Timestamp,
    unit::Unit,
    usual::{Bounds, RelativeLevel, Side},
};
use fixtures::{at, breach, cases, incident};
use proptest::prelude::*;

use super::*;

fn entry(number: u64, seconds: i64, event: Event) -> Entry {
    Entry { number, at: at(seconds), actor: Actor::Agent, event: Some(event) }
}

/// The values of every minute from three hours before the beginning to it.
fn minutes(value: impl Fn(i64) -> f64) -> Vec<(Timestamp, f64)> {
    (-180..=0).map(|minute| (at(minute * 60), value(minute))).collect()
}

/// A problem above 90 % that began at 0 and was told two minutes later.
fn problem() -> Breach {
    breach().since(at(0)).fired(at(120)).peak(97.0).build()
}

fn resolved(seconds: u64, acknowledged: Option<i64>) -> Incident {
    let mut one = incident(7).of([problem()]).opened(at(120)).build();
    let since = at(600);
    one.breaches[0].ending = Some(Ending::Recovered { since });
    one.breaches[0].cleared_at = Some(at(660));
    one.acknowledged = acknowledged.map(|at_| Acknowledgement { by: Actor::Local, at: at(at_) });
    let end = one.opened_at.plus(Span::from_secs(seconds));
    one.resolution = Some(Resolution { by: Actor::Local, at: end, note: None });
    one
}

fn quiet_source(incident: &Incident) -> Source<'_> {
    Source { incident, entries: &[], notified: None, onsets: &[], actions: &[], past: &[] }
}

#[test]
fn the_first_deviation_is_found_in_history_and_not_at_the_alert() {
    let noise = |minute: i64| 50.0 + (minute.rem_euclid(5)) as f64;
    let values = minutes(|minute| if minute >= -20 { 80.0 } else { noise(minute) });
    assert_eq!(onset(&values, &problem()), Onset::At { at: at(-1_200), at_least: false });
    // One calm value in between does not end it.
    let values = minutes(|minute| if minute >= -20 && minute != -7 { 80.0 } else { noise(minute) });
    assert_eq!(onset(&values, &problem()), Onset::At { at: at(-1_200), at_least: false });
    let sudden = minutes(noise);
    assert_eq!(onset(&sudden, &problem()), Onset::At { at: at(0), at_least: false });
    // A value that falls is a deviation of what is to stay high only.
    let falls = minutes(|minute| if minute >= -20 { 5.0 } else { noise(minute) });
    assert_eq!(onset(&falls, &problem()), Onset::At { at: at(0), at_least: false });
}

#[test]
fn without_history_the_first_deviation_is_not_known() {
    let noise = |_| 50.0;
    let short: Vec<_> = minutes(noise).into_iter().filter(|(when, _)| *when >= at(-600)).collect();
    assert_eq!(onset(&short, &problem()), Onset::Unknown);
    let gap: Vec<_> = minutes(noise).into_iter().filter(|(when, _)| *when < at(-900)).collect();
    assert_eq!(onset(&gap, &problem()), Onset::Unknown);
    let one = resolved(900, None);
    let detect = facts(quiet_source(&one)).steps[0].clone();
    assert_eq!(detect.measured, Measured::Unknown { why: NotMeasured::NoHistory });
}

#[test]
fn a_deviation_that_reaches_as_far_as_was_looked_is_at_least_so_long() {
    let values = minutes(|minute| if minute >= -90 { 80.0 } else { 50.0 });
    assert_eq!(onset(&values, &problem()), Onset::At { at: at(-3_600), at_least: true });
}

#[test]
fn the_problem_counts_as_it_was_told_first_when_it_came_back() {
    let opened = incident(7).of([problem()]).opened(at(120)).build();
    let back = breach().since(at(5_000)).fired(at(5_060)).build();
    let joined =
        Event::BreachJoined { incident: IncidentNumber(7), breach: Box::new(back.clone()) };
    let entries = [
        entry(10, 120, Event::IncidentOpened { incident: Box::new(opened) }),
        entry(20, 5_060, joined),
    ];
    assert_eq!(first_told(&entries, &back), &problem());
    assert_eq!(first_told(&entries[1..], &back), &back);
    // Where the first one is not at hand, nothing is told of the detection.
    let onset = Onset::At { at: at(5_000), at_least: false };
    let detect = StepTimes::of(&resolved(9_000, None), None, None, onset);
    let unknown = Measured::Unknown { why: NotMeasured::NoHistory };
    assert_eq!(detect.of_step(ReviewStep::Detect), unknown);
}

#[test]
fn silence_deviates_from_its_last_value_on() {
    let mut silent = problem();
    (silent.crossing, silent.value_at) = (Crossing::Silent { for_seconds: 60.0 }, at(-60));
    assert_eq!(onset(&[], &silent), Onset::At { at: at(-60), at_least: false });
}

#[test]
fn each_step_names_the_entries_that_it_follows_from() {
    let one = resolved(900, Some(180));
    let number = IncidentNumber(7);
    let opened = incident(7).of([problem()]).opened(at(120)).build();
    let called = |to| Event::Called {
        incident: number,
        account: AccountId(1),
        contact: ContactId(1),
        entry: to,
    };
    let ending = Ending::Recovered { since: at(600) };
    let entries = [
        entry(10, 120, Event::IncidentOpened { incident: Box::new(opened) }),
        entry(11, 130, called(10)),
        entry(12, 140, called(10)),
        entry(13, 180, Event::Acknowledged { incident: number }),
        entry(14, 660, Event::BreachCleared { incident: number, key: problem().key, ending }),
    ];
    let onsets = [(problem().key, Onset::At { at: at(-60), at_least: false })];
    let notified = Some(at(130));
    let facts =
        facts(Source { entries: &entries, notified, onsets: &onsets, ..quiet_source(&one) });
    let told: Vec<(Option<u64>, Vec<u64>)> = facts
        .steps
        .iter()
        .map(|one| (one.measured.span().map(Span::as_secs), one.entries.clone()))
        .collect();
    assert_eq!(
        told,
        [
            (Some(180), vec![10]),
            (Some(10), vec![11]),
            (Some(60), vec![13]),
            (None, vec![]),
            (None, vec![]),
            (Some(480), vec![14]),
            (Some(900), vec![]),
        ]
    );
}

#[test]
fn the_first_acknowledgement_counts_after_the_incident_was_reopened() {
    let mut one = resolved(9_000, Some(8_000));
    one.reopened = 1;
    let acknowledged = || Event::Acknowledged { incident: IncidentNumber(7) };
    let entries = [entry(13, 180, acknowledged()), entry(20, 8_000, acknowledged())];
    let facts = facts(Source { entries: &entries, ..quiet_source(&one) });
    let step = &facts.steps[ReviewStep::Acknowledge as usize];
    assert_eq!(step.measured.span(), Some(Span::from_secs(60)));
    assert_eq!(step.entries, [13]);
    one.acknowledged = None;
    let past = StepTimes::of(&one, None, Some(at(180)), Onset::Unknown);
    assert_eq!(past.of_step(ReviewStep::Acknowledge).span(), Some(Span::from_secs(60)));
}

#[test]
fn a_step_is_slow_only_beyond_everything_before_and_with_five_to_compare() {
    let past: Vec<StepTimes> = [60, 120, 180, 240, 300]
        .map(|acknowledged| {
            let one = resolved(900, Some(120 + acknowledged));
            StepTimes::of(&one, None, None, Onset::Unknown)
        })
        .into();
    let slow = |acknowledged: i64, seconds: u64, past: &[StepTimes]| {
        let one = resolved(seconds, Some(acknowledged));
        facts(Source { past, ..quiet_source(&one) }).slow
    };
    assert_eq!(slow(420, 900, &past), None, "300 s is within the range");
    assert_eq!(slow(2_000, 2_500, &past[1..]), None, "four are too few");
    // The delay reaches the end as well; what it began with is named.
    let found = slow(2_000, 2_500, &past).unwrap();
    assert_eq!(found.step, ReviewStep::Acknowledge);
    assert_eq!((found.span, found.longest), (Span::from_secs(1_880), Span::from_secs(300)));
    let found = slow(180, 7_200, &past).unwrap();
    assert_eq!(found.step, ReviewStep::Resolve);
    assert!(found.reasons.contains(&SlowReason::NothingDone), "{found:?}");
}

#[test]
fn a_notification_counts_that_is_older_than_the_entries_at_hand() {
    let one = resolved(900, None);
    let found = facts(Source { notified: Some(at(130)), ..quiet_source(&one) });
    let notify = found.steps[ReviewStep::Notify as usize].measured;
    assert_eq!(notify.span(), Some(Span::from_secs(10)));
}

#[test]
fn what_took_at_least_so_long_counts_as_usual() {
    let past: Vec<StepTimes> = [60, 120, 180, 240, 3_600]
        .map(|before| {
            let onset = Onset::At { at: at(120 - before), at_least: before == 3_600 };
            StepTimes::of(&resolved(900, None), None, None, onset)
        })
        .into();
    let usual = steps::usual(&past, ReviewStep::Detect).unwrap();
    assert_eq!((usual.longest, usual.incidents), (Span::from_secs(3_600), 5));
}

fn values(before: &[f64], after: &[f64]) -> ActionValues {
    let action = Action {
        of: EffectOf::Command { place: 1, title: "Reload api".into() },
        key: problem().key,
        began_at: at(300),
        acts_from: at(301),
    };
    ActionValues { action, unit: Unit::Percent, before: before.into(), after: after.into() }
}

#[test]
fn an_effect_is_told_only_where_the_spreads_do_not_overlap() {
    let one = resolved(900, None);
    let verdict = |before: &[f64], after: &[f64]| {
        let actions = [values(before, after)];
        facts(Source { actions: &actions, ..quiet_source(&one) }).effects[0].verdict
    };
    assert_eq!(verdict(&[93.0, 94.0, 95.0, 96.0], &[50.0, 51.0, 52.0]), EffectVerdict::Better);
    assert_eq!(verdict(&[50.0, 51.0, 52.0], &[93.0, 94.0, 95.0]), EffectVerdict::Worse);
    assert_eq!(verdict(&[50.0, 70.0, 95.0], &[60.0, 65.0, 80.0]), EffectVerdict::NotClear);
    assert_eq!(verdict(&[93.0, 94.0], &[50.0, 51.0, 52.0]), EffectVerdict::NotClear, "too few");
    assert_eq!(verdict(&[], &[]), EffectVerdict::NotClear);
}

#[test]
fn what_nears_a_limit_gets_better_away_from_it() {
    let verdict = |limit: f64, before: &[f64], after: &[f64]| {
        let mut one = resolved(900, None);
        one.breaches[0].breach.crossing = Crossing::Reaching { limit, within_seconds: 3_600.0 };
        let actions = [values(before, after)];
        facts(Source { actions: &actions, ..quiet_source(&one) }).effects[0].verdict
    };
    let (full, empty) = ([90.0, 91.0, 92.0], [50.0, 51.0, 52.0]);
    assert_eq!(verdict(100.0, &full, &empty), EffectVerdict::Better);
    assert_eq!(verdict(100.0, &empty, &full), EffectVerdict::Worse);
    assert_eq!(verdict(0.0, &empty, &full), EffectVerdict::Better);
    assert_eq!(verdict(0.0, &full, &empty), EffectVerdict::Worse);
}

#[test]
fn what_is_far_from_usual_gets_better_towards_it() {
    let verdict = |before: &[f64], after: &[f64]| {
        let mut one = resolved(900, None);
        let relative = RelativeLevel { side: Side::Outside, times: 1.0, floor: None };
        let bounds = Bounds { low: Some(30.0), high: Some(60.0) };
        one.breaches[0].breach.crossing = Crossing::Usual { relative, bounds };
        let actions = [values(before, after)];
        facts(Source { actions: &actions, ..quiet_source(&one) }).effects[0].verdict
    };
    let (high, usual, low) = ([90.0, 91.0, 92.0], [50.0, 51.0, 52.0], [9.0, 10.0, 11.0]);
    assert_eq!(verdict(&high, &usual), EffectVerdict::Better);
    assert_eq!(verdict(&low, &usual), EffectVerdict::Better);
    assert_eq!(verdict(&usual, &low), EffectVerdict::NotClear);
    assert_eq!(verdict(&[90.0, 91.0, 92.0], &[190.0, 191.0, 192.0]), EffectVerdict::Worse);
}

#[test]
fn a_signal_that_deviated_long_before_is_seen_late() {
    let one = resolved(900, None);
    let late = |seconds: i64| {
        let onsets = [(problem().key, Onset::At { at: at(seconds), at_least: false })];
        facts(Source { onsets: &onsets, ..quiet_source(&one) }).seen_late
    };
    assert_eq!(late(-60), [], "three minutes are not late");
    let found = late(-600);
    assert_eq!((found.len(), found[0].told_at, found[0].entry), (1, at(120), None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(64)))]

    #[test]
    fn quartiles_are_values_in_their_order(some in proptest::collection::vec(-1e6..1e6, 0..40)) {
        let found = effect::spread(&some);
        prop_assert_eq!(found.is_none(), some.is_empty());
        if let Some(found) = found {
            let known: BTreeSet<u64> = some.iter().map(|value: &f64| value.to_bits()).collect();
            for value in [found.low, found.median, found.high] {
                prop_assert!(known.contains(&value.to_bits()));
            }
            prop_assert!(found.low <= found.median && found.median <= found.high);
            let below = some.iter().filter(|value| **value <= found.median).count();
            prop_assert!(2 * below >= some.len());
        }
    }

    #[test]
    fn a_first_deviation_is_within_the_hour_before_the_problem(
        some in proptest::collection::vec(0.0..100.0, 181),
    ) {
        let found = onset(&minutes(|minute| some[(minute + 180) as usize]), &problem());
        let Onset::At { at: first, .. } = found else { return Err(TestCaseError::fail("known")) };
        prop_assert!((at(-3_600)..=at(0)).contains(&first));
    }

    #[test]
    fn what_is_usual_lies_between_its_ends(lasted in proptest::collection::vec(0u64..10_000, 0..20)) {
        let past: Vec<StepTimes> = lasted
            .iter()
            .map(|seconds| StepTimes::of(&resolved(*seconds, None), None, None, Onset::Unknown))
            .collect();
        match steps::usual(&past, ReviewStep::Resolve) {
            None => prop_assert!(lasted.len() < 5),
            Some(usual) => {
                prop_assert!(lasted.len() >= 5);
                prop_assert!(usual.shortest <= usual.median && usual.median <= usual.longest);
                let within = lasted.iter().filter(|one| Span::from_secs(**one) <= usual.median);
                prop_assert!(2 * within.count() >= lasted.len());
            }
        }
    }
}
