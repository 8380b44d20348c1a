//! Times of organizations, put together from states of an incident's impact.

use super::*;
use crate::{
    impact::{AffectedOrganization, EndpointTrouble},
    protection::organization_named,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

const FAILS: Evidence = Evidence::Results { failed: 5, of: 10 };

fn endpoint(trouble: EndpointTrouble) -> Evidence {
    Evidence::Endpoint { endpoint: "endpoint:checkout".parse().unwrap(), trouble }
}

/// A likely effect of another kind than [`FAILS`].
fn likely() -> Evidence {
    endpoint(EndpointTrouble::Slow)
}

fn effect(evidence: Evidence, since: i64, until: Option<i64>) -> EffectOn {
    EffectOn { evidence, since: at(since), until: until.map(at), last_seen: None }
}

/// An effect since 0 that has not ended and was last seen at a moment.
fn silent(seen: i64) -> EffectOn {
    EffectOn { last_seen: Some(at(seen)), ..effect(FAILS, 0, None) }
}

fn state(moment: i64, name: &str, effects: Vec<EffectOn>) -> Impact {
    let organization = organization_named(name).unwrap();
    Impact {
        at: at(moment),
        organizations: vec![AffectedOrganization { organization, effects }],
        more_known: 0,
        more_likely: 0,
        not_reported: 0,
    }
}

/// Times beside the states.
#[derive(Clone, Copy, Default)]
struct Beside<'a> {
    over: &'a [(i64, i64)],
    blind: &'a [(i64, i64)],
}

fn times(all: &[(i64, i64)]) -> Times {
    Times::of(all.iter().map(|(from, to)| (at(*from), at(*to))))
}

fn found(states: &[Impact], beside: Beside<'_>, now: i64, period: Range<i64>) -> Option<ImpactOn> {
    let acme = organization_named("acme").unwrap();
    let (over, blind) = (times(beside.over), times(beside.blind));
    let history = ImpactHistory::new(states, &over, &blind, at(now));
    history.on(&acme, &(at(period.start)..at(period.end)))
}

/// The seconds known and likely.
fn seconds_beside(
    states: &[Impact],
    beside: Beside<'_>,
    now: i64,
    period: Range<i64>,
) -> Option<(u64, u64)> {
    let time = found(states, beside, now, period)?.times.time();
    Some((time.known.as_secs(), time.likely.as_secs()))
}

fn seconds(states: &[Impact], now: i64, period: Range<i64>) -> Option<(u64, u64)> {
    seconds_beside(states, Beside::default(), now, period)
}

fn unknown_since(states: &[Impact], beside: Beside<'_>, now: i64) -> Option<Timestamp> {
    found(states, beside, now, 0..1_000)?.unknown_since
}

#[test]
fn an_end_that_is_told_much_later_was_not_seen() {
    let told = |moment| {
        let holds = state(10, "acme", vec![effect(FAILS, 0, None)]);
        let ended = state(moment, "acme", vec![effect(FAILS, 0, Some(10))]);
        unknown_since(&[holds, ended], Beside::default(), 1_000)
    };
    assert_eq!(told(900), Some(at(10)));
    assert_eq!(told(300), None, "it takes some minutes to tell");
}

#[test]
fn what_was_likely_first_is_known_from_where_it_was_counted() {
    let fails_likely = || endpoint(EndpointTrouble::Failing);
    let states = [
        state(10, "acme", vec![effect(fails_likely(), 0, None)]),
        state(40, "acme", vec![effect(fails_likely(), 0, None)]),
        state(60, "acme", vec![effect(FAILS, 0, None)]),
        state(90, "acme", vec![effect(FAILS, 0, Some(80))]),
    ];
    assert_eq!(seconds(&states, 100, 0..1_000), Some((20, 60)));
    // That it turned out to have begun earlier makes it no other one.
    let mut earlier = states;
    earlier[2].organizations[0].effects[0].since = at(-10);
    earlier[3].organizations[0].effects[0].since = at(-10);
    assert_eq!(seconds(&earlier, 100, -100..1_000), Some((20, 70)));
    // One that was over before is another one.
    let other = [
        state(10, "acme", vec![effect(fails_likely(), 0, Some(5))]),
        state(60, "acme", vec![effect(FAILS, 50, Some(58))]),
    ];
    assert_eq!(seconds(&other, 100, 0..1_000), Some((8, 5)));
}

#[test]
fn whoever_is_not_named_is_so_until_the_next_state() {
    let acme = organization_named("acme").unwrap();
    let globex = organization_named("globex").unwrap();
    let mut states = [state(10, "acme", Vec::new()), state(40, "acme", Vec::new())];
    states[0].not_reported = 3;
    let none = Times::default();
    let history = ImpactHistory::new(&states, &none, &none, at(100));
    let periods = [at(0)..at(10), at(0)..at(11), at(39)..at(90), at(40)..at(90)];
    let unnamed = periods.map(|period| history.leaves_unnamed(&globex, &period, false));
    assert_eq!(unnamed, [false, true, true, false]);
    // The one that is named is not among them, nor is one that reports its results.
    let all = at(0)..at(100);
    assert!(!history.leaves_unnamed(&acme, &all, false));
    assert!(!history.leaves_unnamed(&globex, &all, true));
    let over = times(&[(20, 1_000)]);
    let history = ImpactHistory::new(&states, &over, &none, at(100));
    assert!(!history.leaves_unnamed(&globex, &(at(20)..at(90)), false));
    states[0].more_known = 1;
    states[1] = state(40, "globex", Vec::new());
    states[1].more_likely = 1;
    let history = ImpactHistory::new(&states, &none, &none, at(100));
    // Each state tells for itself.
    assert!(history.leaves_unnamed(&globex, &(at(0)..at(30)), true));
    assert!(!history.leaves_unnamed(&globex, &(at(40)..at(90)), true));
    assert!(history.leaves_unnamed(&acme, &(at(40)..at(90)), true));
}

#[test]
fn what_is_not_told_any_more_is_known_to_the_last_state_that_tells_it() {
    let states = [
        state(10, "acme", vec![effect(FAILS, 0, None)]),
        state(60, "acme", vec![effect(FAILS, 0, None)]),
        state(500, "globex", vec![effect(FAILS, 0, None)]),
    ];
    assert_eq!(seconds(&states, 900, 0..1_000), Some((60, 0)));
    assert_eq!(unknown_since(&states, Beside::default(), 900), Some(at(60)));
    // In a period after that nothing was seen, and it is not known.
    let later = found(&states, Beside::default(), 900, 100..900).unwrap();
    assert!(later.evidence.is_empty() && later.unknown_since == Some(at(60)), "{later:?}");
    // Where the incident was resolved before the next state, it held until then.
    let beside = Beside { over: &[(200, 400)], ..Beside::default() };
    assert_eq!(seconds_beside(&states, beside, 900, 0..1_000), Some((200, 0)));
    assert_eq!(unknown_since(&states, beside, 900), None);
}

#[test]
fn what_held_ends_where_the_incident_is_over() {
    let beside = Beside { over: &[(30, 80)], ..Beside::default() };
    let states = [
        state(10, "acme", vec![effect(FAILS, 0, None)]),
        state(90, "acme", vec![effect(FAILS, 85, None)]),
    ];
    assert_eq!(seconds_beside(&states, beside, 100, 0..1_000), Some((45, 0)));
    // Nor does it hold where a reopened incident brings it back, or in an entry that came late.
    let states = [state(40, "acme", vec![effect(FAILS, 0, None)])];
    assert_eq!(seconds_beside(&states, beside, 100, 0..1_000), Some((30, 0)));
    let states = [state(90, "acme", vec![effect(FAILS, 0, None)])];
    assert_eq!(seconds_beside(&states, beside, 100, 0..1_000), Some((50, 0)));
}

#[test]
fn a_resolution_does_not_lengthen_what_was_last_seen_before() {
    let seen = state(400, "acme", vec![silent(100)]);
    let over = Beside { over: &[(800, 1_000)], ..Beside::default() };
    assert_eq!(seconds_beside(std::slice::from_ref(&seen), over, 900, 0..1_000), Some((100, 0)));
    // After the reopening the state has the resolution as the end.
    let again = state(850, "acme", vec![effect(FAILS, 0, Some(800))]);
    let over = Beside { over: &[(800, 840)], ..Beside::default() };
    let states = [seen, again];
    assert_eq!(seconds_beside(&states, over, 900, 0..1_000), Some((100, 0)));
    assert_eq!(unknown_since(&states, over, 900), Some(at(100)));
}

#[test]
fn known_and_likely_are_apart_and_a_second_counts_once() {
    let states =
        [state(100, "acme", vec![effect(FAILS, 0, Some(60)), effect(likely(), 30, Some(100))])];
    assert_eq!(seconds(&states, 500, 0..1_000), Some((60, 40)));
    assert_eq!(seconds(&states, 500, 50..80), Some((10, 20)));
    assert_eq!(seconds(&states, 500, 100..1_000), None);
    assert_eq!(seconds(&[state(100, "globex", vec![effect(FAILS, 0, None)])], 500, 0..1_000), None);
}

#[test]
fn an_effect_that_came_back_leaves_out_the_time_between() {
    let states = [
        state(10, "acme", vec![effect(FAILS, 0, None)]),
        state(60, "acme", vec![effect(FAILS, 0, Some(50))]),
        state(200, "acme", vec![effect(FAILS, 190, None)]),
    ];
    assert_eq!(seconds(&states, 300, 0..1_000), Some((50 + 110, 0)));
    // One that is over is not known to have lasted beyond its last state.
    assert_eq!(seconds(&states[..1], 40, 0..1_000), Some((40, 0)));
}

#[test]
fn what_was_not_seen_any_more_is_in_no_time_and_said() {
    let states = [state(100, "acme", vec![silent(70)])];
    assert_eq!(seconds(&states, 300, 0..1_000), Some((70, 0)));
    assert_eq!(unknown_since(&states, Beside::default(), 300), Some(at(70)));
    // Nor is the time until it was seen again.
    let states = [
        state(100, "acme", vec![silent(70)]),
        state(200, "acme", vec![effect(FAILS, 0, None)]),
        state(260, "acme", vec![effect(FAILS, 0, Some(250))]),
    ];
    assert_eq!(seconds(&states, 300, 0..1_000), Some((70 + 50, 0)));
    assert_eq!(unknown_since(&states, Beside::default(), 300), Some(at(70)));
}

#[test]
fn times_that_were_not_watched_are_in_no_time() {
    let states =
        [state(100, "acme", vec![effect(FAILS, 0, Some(60)), effect(likely(), 30, Some(100))])];
    let beside = Beside { blind: &[(20, 40), (50, 70)], ..Beside::default() };
    assert_eq!(seconds_beside(&states, beside, 500, 0..1_000), Some((30, 30)));
}

#[test]
fn evidence_is_of_the_period_and_what_is_known_is_kept() {
    let fails_likely = || endpoint(EndpointTrouble::Failing);
    let states = [
        state(20, "acme", vec![effect(likely(), 0, Some(10)), effect(FAILS, 5, Some(15))]),
        state(200, "acme", vec![effect(fails_likely(), 150, Some(180))]),
    ];
    let evidence = |period, beside| found(&states, beside, 300, period).unwrap().evidence;
    assert_eq!(evidence(0..1_000, Beside::default()), [FAILS, likely()]);
    assert_eq!(evidence(12..100, Beside::default()), [FAILS]);
    assert_eq!(evidence(100..1_000, Beside::default()), [fails_likely()]);
    let over = Beside { over: &[(140, 190)], ..Beside::default() };
    assert_eq!(evidence(0..1_000, over), [FAILS, likely()]);
    assert!(found(&states, over, 300, 100..1_000).is_none());
}

#[test]
fn what_was_seen_once_is_an_effect_of_no_length() {
    let states = [state(20, "acme", vec![effect(FAILS, 10, Some(10))])];
    let one = found(&states, Beside::default(), 300, 0..100).unwrap();
    assert_eq!((one.evidence, one.times.time()), (vec![FAILS], AffectedTime::default()));
    assert!(found(&states, Beside::default(), 300, 11..100).is_none());
    let over = Beside { over: &[(5, 15)], ..Beside::default() };
    assert!(found(&states, over, 300, 0..100).is_none());
}

#[test]
fn times_of_several_incidents_count_once() {
    let one = AffectedTimes { known: times(&[(0, 60)]), likely: Times::default() };
    let other = AffectedTimes { known: times(&[(30, 90), (90, 90)]), likely: times(&[(80, 100)]) };
    let time = one.with(&other).time();
    assert_eq!((time.known.as_secs(), time.likely.as_secs()), (90, 10));
}
