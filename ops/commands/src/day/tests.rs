use std::collections::{BTreeMap, BTreeSet};

use domain::{
    actor::Actor,
    breach::{Breach, BreachKey, Ending},
    id::IncidentNumber,
    journal::{Entry, Event},
    lifecycle::Step,
    maintenance::Withheld,
};
use fixtures::at;
use proptest::prelude::*;

use super::*;

/// 24 hours after everything began, at the very end of a slot.
const END: i64 = 24 * 3_600 - 1;

fn heard(minutes: impl IntoIterator<Item = i64>) -> Heard {
    let mut heard = Heard::default();
    minutes.into_iter().for_each(|minute| heard.mark(at(minute * 60)));
    heard
}

fn series(minutes: impl IntoIterator<Item = i64>) -> SeriesDay {
    SeriesDay { heard: heard(minutes), is_older: true, silent_since: None }
}

/// `H40 N8`.
fn told(runs: &[DayRun]) -> String {
    let letter = |state| match state {
        DayState::Absent => 'A',
        DayState::Healthy => 'H',
        DayState::NoData => 'N',
        DayState::Warning => 'W',
        DayState::Critical => 'C',
    };
    let runs: Vec<String> =
        runs.iter().map(|run| format!("{}{}", letter(run.state), run.slots)).collect();
    runs.join(" ")
}

fn drawn(series: &[SeriesDay], troubles: &Troubles, blind: &[(Timestamp, Timestamp)]) -> String {
    let subject = "service:mail".parse().unwrap();
    told(&day(at(END), series, troubles.of(&subject), blind))
}

fn quiet(series: &[SeriesDay]) -> String {
    drawn(series, &Troubles::default(), &[])
}

#[test]
fn a_day_begins_47_whole_slots_before_the_one_that_is_under_way() {
    assert_eq!(begin(at(END)), at(0));
    assert_eq!(begin(at(END + 1)), at(1_800));
    assert_eq!(begin(Timestamp::from_micros(-1)), Timestamp::from_secs(-86_400));
}

#[test]
fn what_is_heard_every_minute_is_healthy_and_silence_is_no_data() {
    assert_eq!(quiet(&[series(0..1_440)]), "H48");
    // From 10:00 to 10:59, and a quarter of an hour that ends within a slot.
    assert_eq!(quiet(&[series((0..600).chain(660..1_440))]), "H20 N2 H26");
    assert_eq!(quiet(&[series((0..600).chain(615..1_440))]), "H20 N1 H27");
    // Two minutes without a value are no silence yet; nobody reports to the second.
    assert_eq!(quiet(&[series((0..600).chain(602..1_440))]), "H48");
    // One of two signals is silent.
    assert_eq!(quiet(&[series(0..1_440), series((0..600).chain(660..1_440))]), "H20 N2 H26");
}

#[test]
fn a_source_that_stopped_is_silent_until_now() {
    let stopped = |silent_since| SeriesDay { silent_since, ..series(0..720) };
    assert_eq!(quiet(&[stopped(Some(at(720 * 60)))]), "H24 N24");
    // A minute ago, and known: the slot that is under way does not look healthy.
    let just = SeriesDay { silent_since: Some(at(END - 60)), ..series(0..1_439) };
    assert_eq!(quiet(&[just]), "H47 N1");
    // Not heard once in 24 hours, though it was before.
    assert_eq!(quiet(&[SeriesDay { silent_since: Some(at(-9)), ..series([]) }]), "N48");
    assert_eq!(quiet(&[series([])]), "N48");
}

#[test]
fn what_is_heard_seldom_has_no_gaps_once_that_is_known() {
    assert_eq!(quiet(&[series((0..1_440).step_by(60))]), "H48");
    assert_eq!(quiet(&[series((0..1_440).step_by(20))]), "H48");
    // Twice heard: nobody knows whether it is slow or was away.
    let young = SeriesDay { is_older: false, ..series([1_320, 1_380]) };
    assert_eq!(quiet(&[young]), "A44 N2 H2");
}

#[test]
fn what_was_not_there_yet_is_absent_and_not_without_data() {
    let young = SeriesDay { is_older: false, ..series(1_200..1_440) };
    assert_eq!(quiet(std::slice::from_ref(&young)), "A40 H8");
    // Nor does a time before it turn into one without data.
    let blind = (at(600), at(7_200));
    assert_eq!(drawn(std::slice::from_ref(&young), &Troubles::default(), &[blind]), "A40 H8");
    assert_eq!(quiet(&[SeriesDay { is_older: false, ..series([]) }]), "A48");
    // A signal that came later takes nothing from an older one.
    assert_eq!(quiet(&[series(0..1_440), young]), "H48");
}

#[test]
fn a_time_without_observations_is_no_data_unless_it_is_a_moment() {
    let all = [series(0..1_440)];
    let none = Troubles::default();
    assert_eq!(drawn(&all, &none, &[(at(3_600), at(3_700))]), "H2 N1 H45");
    assert_eq!(drawn(&all, &none, &[(at(3_600), at(3_630))]), "H48");
}

fn breach(severity: Severity, since: i64, severity_since: i64) -> Breach {
    let breach = fixtures::breach().on("service:mail").signal("queue.depth").severity(severity);
    Breach { severity_since: at(severity_since), ..breach.since(at(since)).build() }
}

fn entry(second: i64, event: Event) -> Entry {
    Entry { number: 1, at: at(second), actor: Actor::Agent, event: Some(event) }
}

const ONE: IncidentNumber = IncidentNumber(1);

fn key() -> BreachKey {
    breach(Severity::Warning, 0, 0).key
}

fn joined(breach: Breach) -> Event {
    Event::BreachJoined { incident: ONE, breach: Box::new(breach) }
}

fn changed(breach: Breach) -> Event {
    Event::BreachChanged { incident: ONE, breach: Box::new(breach) }
}

fn cleared() -> Event {
    let ending = Ending::Recovered { since: at(0) };
    Event::BreachCleared { incident: ONE, key: key(), ending }
}

fn folded(entries: impl IntoIterator<Item = (i64, Event)>) -> Troubles {
    let mut troubles = Troubles::default();
    entries.into_iter().for_each(|(second, event)| troubles.take(&entry(second, event)));
    troubles
}

#[test]
fn a_breach_is_as_severe_in_each_slot_as_it_was_then() {
    let all = [series(0..1_440)];
    const HOUR: i64 = 3_600;
    let opened = fixtures::incident(1).of([breach(Severity::Critical, HOUR, 2 * HOUR)]).opening();
    let troubles = folded([
        (2 * HOUR + 9, opened),
        // It eases, and its row tells no more that it was critical.
        (4 * HOUR + 9, changed(breach(Severity::Warning, HOUR, 4 * HOUR))),
        (6 * HOUR - 1, cleared()),
        // Comes again within the incident.
        (10 * HOUR + 9, joined(breach(Severity::Warning, 10 * HOUR, 10 * HOUR))),
        (10 * HOUR + 99, cleared()),
        (23 * HOUR, joined(breach(Severity::Critical, 23 * HOUR, 23 * HOUR))),
    ]);
    assert_eq!(drawn(&all, &troubles, &[]), "H2 W2 C4 W4 H8 W1 H25 C2");
    // It outweighs that nothing is heard.
    assert_eq!(drawn(&[series([])], &troubles, &[]), "N2 W2 C4 W4 N8 W1 N25 C2");
    let mut kept = troubles;
    kept.forget_before(at(6 * HOUR));
    assert_eq!(kept.of(&key().subject).count(), 2);
}

#[test]
fn a_breach_that_flaps_takes_no_more_room_than_the_picture_shows() {
    let mut troubles = Troubles::default();
    for turn in 0..2_000 {
        troubles.take(&entry(turn * 40, joined(breach(Severity::Warning, turn * 40, turn * 40))));
        troubles.take(&entry(turn * 40 + 20, cleared()));
    }
    assert!(troubles.of(&key().subject).count() <= 48);
    assert_eq!(drawn(&[series(0..1_440)], &troubles, &[]), "W45 H3");
}

#[test]
fn what_goes_on_after_its_incident_was_resolved_ends_with_its_reading() {
    let resolve = Event::Resolved { incident: ONE, step: Step::PersonResolved, note: None };
    let begun = (0, joined(breach(Severity::Critical, 0, 0)));
    let all = [series(0..1_440)];
    let held = BTreeMap::from([(key(), Severity::Critical)]);
    let mut live = folded([begun.clone(), (3_600, resolve.clone())]);
    live.follow(&held, at(3_601));
    live.follow(&held, at(9_000));
    live.follow(&BTreeMap::new(), at(10_799));
    assert_eq!(drawn(&all, &live, &[]), "C6 H42");
    // After a start nobody knows more than that it was resolved.
    let mut seeded = folded([begun, (3_599, resolve)]);
    seeded.follow(&BTreeMap::new(), at(10_800));
    assert_eq!(drawn(&all, &seeded, &[]), "C2 H46");
}

#[test]
fn what_maintenance_withheld_counts_and_what_no_incident_is_about_yet() {
    let withheld = Withheld {
        subject: key().subject,
        signal: key().signal,
        severity: Severity::Critical,
        since: at(3_600),
        ended_at: Some(at(5_000)),
    };
    let ended = Event::MaintenanceEnded { window: 3, would_have_alerted: vec![withheld], more: 0 };
    let mut troubles = folded([(7_200, ended)]);
    assert_eq!(drawn(&[series(0..1_440)], &troubles, &[]), "H2 C1 H45");
    let held = BTreeMap::from([(key(), Severity::Warning)]);
    troubles.follow(&held, at(END - 5));
    assert_eq!(drawn(&[series(0..1_440)], &troubles, &[]), "H2 C1 H44 W1");
    // Its incident tells since when.
    troubles.take(&entry(END, joined(breach(Severity::Warning, END - 1_900, END - 1_900))));
    assert_eq!(drawn(&[series(0..1_440)], &troubles, &[]), "H2 C1 H43 W2");
    assert_eq!(troubles.of(&key().subject).filter(|one| one.to.is_none()).count(), 1);
}

#[test]
fn a_clock_that_is_set_back_begins_anew() {
    let mut heard = heard([100_000, 100_001]);
    heard.mark(at(0));
    let base = minute_of(at(0));
    assert_eq!(heard.minutes(i64::MIN, i64::MAX).collect::<Vec<_>>(), [base]);
}

proptest! {
    #[test]
    fn minutes_are_kept_whatever_their_order(
        mut minutes in prop::collection::vec(0..1_800i64, 0..200),
        turn in 0..200usize,
    ) {
        let base = minute_of(at(0));
        let expected: BTreeSet<i64> = minutes.iter().map(|minute| base + minute).collect();
        let rotated = turn.min(minutes.len());
        minutes.rotate_left(rotated);
        let (one, other) = minutes.split_at(minutes.len() / 2);
        let mut all = heard(one.iter().copied());
        all.join_all(&heard(other.iter().copied()));
        let found: Vec<i64> = all.minutes(base, base + 1_800).collect();
        prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_day_is_whole_and_no_silent_slot_looks_healthy(
        is_heard in prop::collection::vec(prop::bool::weighted(0.7), 1_440),
        silent in prop::collection::vec(0..48usize, 0..6),
        is_older in prop::bool::ANY,
    ) {
        let minutes: Vec<i64> = (0..1_440)
            .filter(|minute| is_heard[*minute as usize] && !silent.contains(&(*minute as usize / 30)))
            .collect();
        let last = minutes.last().copied().unwrap_or(-1);
        let silent_since = (1_439 - last > 3).then_some(at(last * 60));
        let one = SeriesDay { is_older, silent_since, ..series(minutes.iter().copied()) };
        let runs = day(at(END), &[one], &[], &[]);
        prop_assert_eq!(runs.iter().map(|run| u32::from(run.slots)).sum::<u32>(), 48);
        prop_assert!(runs.windows(2).all(|pair| pair[0].state != pair[1].state));
        let states = runs.iter().flat_map(|run| std::iter::repeat_n(run.state, run.slots.into()));
        for (slot, state) in states.enumerate() {
            let is_silent = !minutes.iter().any(|minute| *minute as usize / 30 == slot);
            // The last slot may wait for its next value.
            if is_silent && slot < 47 {
                prop_assert!(state != DayState::Healthy, "slot {} of {:?}", slot, silent);
            }
        }
    }
}
