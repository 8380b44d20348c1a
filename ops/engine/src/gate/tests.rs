//! Samples for the tests, and tests of the gate by itself.

mod batch;
mod bounds;
mod model;
mod threads;

use std::num::NonZeroU32;

use domain::time::{MonotonicTime, Span};
use policy::limits::{Quota, Rate};

use super::*;

const ON: Enforcement = Enforcement::On;

fn config(organizations: usize) -> Config {
    Config {
        slot_lifetimes: vec![Span::from_secs(7), Span::from_secs(70)],
        organizations,
        common: 4,
        histograms: 2,
        listed: 2,
        key: [1, 2],
    }
}

fn at(micros: u64) -> MonotonicTime {
    MonotonicTime::from_micros(micros)
}

fn seconds(seconds: u64) -> MonotonicTime {
    at(seconds * 1_000_000)
}

fn positive(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

fn quota(requests: u32, per: Span, burst: u32) -> Quota {
    let rate = Rate { requests: positive(requests), per };
    Quota { rate, burst: positive(burst), at_a_time: None }
}

fn per_second(requests: u32, burst: u32) -> Quota {
    quota(requests, Span::from_secs(1), burst)
}

fn at_a_time(most: u32) -> Quota {
    Quota { at_a_time: NonZeroU32::new(most), ..per_second(1_000_000, 1_000_000) }
}

/// Requests that pass at this time until one is refused.
fn passing(gate: &Gate, organization: &str, quota: Quota, now: MonotonicTime) -> u32 {
    let passes = |_: &u32| gate.decide(organization, 0, 0, Some((ON, quota)), now).passes();
    (0..1_000_000_u32).take_while(passes).count() as u32
}

#[test]
fn a_burst_passes_and_then_the_rate() {
    let gate = Gate::new(&config(10));
    let quota = per_second(10, 5);
    let first = gate.decide("acme", 0, 0, Some((ON, quota)), seconds(1));
    let standing =
        Standing { remaining: 4, retry_after: Span::ZERO, reset: Span::from_millis(100) };
    assert_eq!(first, Decision { verdict: Verdict::Passed, standing: Some(standing) });
    assert_eq!(passing(&gate, "acme", quota, seconds(1)), 4);
    let refused = gate.decide("acme", 0, 0, Some((ON, quota)), at(1_030_000));
    let standing = Standing {
        remaining: 0,
        retry_after: Span::from_millis(70),
        reset: Span::from_millis(470),
    };
    let verdict = Verdict::Refused(Exceeded::Rate);
    assert_eq!(refused, Decision { verdict, standing: Some(standing) });
    assert_eq!(passing(&gate, "acme", quota, at(1_099_999)), 0);
    assert_eq!(passing(&gate, "acme", quota, at(1_100_000)), 1);
    assert_eq!(passing(&gate, "other", quota, at(1_100_000)), 5, "each has its own");
}

#[test]
fn a_quota_that_is_observed_counts_what_it_would_refuse() {
    let gate = Gate::new(&config(10));
    let limit = Some((Enforcement::Observe, per_second(10, 2)));
    let verdicts = [(); 4].map(|()| gate.decide("acme", 1, 100, limit, seconds(1)).verdict);
    let beyond = Verdict::WouldBeRefused(Exceeded::Rate);
    assert_eq!(verdicts, [Verdict::Passed, Verdict::Passed, beyond, beyond]);
    let window = gate.take_window(seconds(1));
    let expected =
        Counts { requests: 4, bytes: 400, would_be_refused: 2, in_flight: 4, ..Counts::default() };
    assert_eq!(window.organizations[0].classes, [Counts::default(), expected]);
}

#[test]
fn another_quota_leaves_the_same_share_used() {
    let gate = Gate::new(&config(10));
    assert_eq!(passing(&gate, "acme", per_second(100, 100), seconds(1)), 100);
    for other in [per_second(1, 100), per_second(1_000, 5_000), quota(1, Span::from_mins(60), 1)] {
        assert_eq!(passing(&gate, "acme", other, seconds(1)), 0, "no fresh burst");
    }
    assert_eq!(passing(&gate, "half", per_second(10, 10), seconds(1)), 10);
    assert_eq!(passing(&gate, "half", per_second(10, 10), at(1_500_000)), 5);
    assert_eq!(passing(&gate, "half", per_second(10, 10), at(1_750_000)), 2);
    // A twentieth is left: half a request of 10, and 5 of 100.
    let rest = gate.decide("half", 0, 0, Some((ON, per_second(1, 100))), at(1_750_000));
    assert_eq!(rest.standing.map(|standing| standing.remaining), Some(4));
}

#[test]
fn a_lower_rate_takes_effect_at_once() {
    let gate = Gate::new(&config(10));
    assert_eq!(passing(&gate, "acme", per_second(1_000, 1), seconds(1)), 1);
    let lower = per_second(1, 1);
    assert_eq!(passing(&gate, "acme", lower, at(1_000_500)), 0);
    let passed: u32 = (2..12).map(|second| passing(&gate, "acme", lower, seconds(second))).sum();
    assert_eq!(passed, 10);
}

#[test]
fn no_more_than_the_quota_says_are_under_way() {
    let gate = Gate::new(&config(10));
    let quota = at_a_time(3);
    assert_eq!(passing(&gate, "acme", quota, seconds(1)), 3);
    let refused = gate.decide("acme", 0, 0, Some((ON, quota)), seconds(1));
    assert_eq!(refused.verdict, Verdict::Refused(Exceeded::Concurrency));
    assert_eq!(refused.standing.map(|it| it.retry_after), Some(Span::from_secs(1)));
    gate.end("acme", 0, Some(seconds(1)));
    gate.end("acme", 0, None);
    gate.end("nobody", 0, None);
    assert_eq!(passing(&gate, "acme", quota, seconds(2)), 2);
    assert_eq!(passing(&gate, "acme", at_a_time(4), seconds(2)), 1, "a higher one at once");
    assert_eq!(passing(&gate, "acme", at_a_time(2), seconds(2)), 0, "a lower one at once");
}

#[test]
fn a_request_that_the_rate_refuses_takes_no_slot_and_one_without_a_slot_no_quota() {
    let gate = Gate::new(&config(10));
    let quota = Quota { at_a_time: NonZeroU32::new(2), ..per_second(1, 1) };
    assert_eq!(passing(&gate, "acme", quota, seconds(1)), 1);
    assert_eq!(gate.take_window(seconds(1)).organizations[0].classes[0].in_flight, 1);
    assert_eq!(passing(&gate, "acme", quota, seconds(2)), 1);
    let full = gate.decide("acme", 0, 0, Some((ON, quota)), seconds(3));
    assert_eq!(full.verdict, Verdict::Refused(Exceeded::Concurrency));
    gate.end("acme", 0, None);
    assert_eq!(passing(&gate, "acme", quota, seconds(3)), 1);
}

#[test]
fn requests_whose_end_is_never_heard_do_not_add_up() {
    let gate = Gate::new(&config(10));
    let quota = at_a_time(10);
    // One in a hundred is never ended; the lifetime is 7 s, and 80 are lost in it.
    for step in 0..100_000_u64 {
        let now = at(step * 1_000);
        let decision = gate.decide("acme", 0, 0, Some((Enforcement::Observe, quota)), now);
        assert!(decision.passes());
        if !step.is_multiple_of(100) {
            gate.end("acme", 0, None);
        }
    }
    let in_flight = gate.take_window(seconds(100)).organizations[0].classes[0].in_flight;
    assert!((70..=80).contains(&in_flight), "{in_flight}");
    assert_eq!(passing(&gate, "acme", quota, seconds(108)), 10);
}

#[test]
fn a_retry_is_spread_over_the_wait() {
    let seconds = |millis, random| retry_after_seconds(Span::from_millis(millis), random);
    let random = [0, u64::MAX / 2, u64::MAX];
    assert_eq!(random.map(|random| seconds(0, random)), [1, 1, 2]);
    assert_eq!(random.map(|random| seconds(1_001, random)), [2, 2, 2]);
    assert_eq!(random.map(|random| seconds(30_000, random)), [30, 45, 60]);
    assert!(retry_after_seconds(Span::from_micros(u64::MAX), u64::MAX) >= u64::MAX / 1_000_000);
}

#[test]
fn latencies_have_a_histogram_while_there_is_one() {
    let gate = Gate::new(&config(10));
    let report = |name: &str, millis| {
        let latency = Some(Span::from_millis(millis));
        gate.report(name, 0, Reported { failed: millis > 100, latency });
    };
    gate.pin("pinned");
    for name in ["first", "second", "third"] {
        gate.decide(name, 0, 0, None, seconds(1));
    }
    for name in ["first", "second", "third", "pinned", "unknown"] {
        report(name, 100);
        report(name, 200);
    }
    gate.report("first", 0, Reported { failed: true, latency: None });
    let window = gate.take_window(seconds(1));
    let of = |name: &str| {
        let found = window.organizations.iter().find(|it| &*it.organization == name);
        found.map(|it| (it.classes[0].results, it.classes[0].latencies.count()))
    };
    assert_eq!(of("first"), Some((3, 2)));
    assert_eq!(of("pinned"), Some((2, 2)));
    assert_eq!(of("third"), None, "two are listed, by name");
    assert_eq!((window.others[0].results, window.others[0].latencies.count()), (4, 4));
    let p95 = window.others[0].latencies.quantile(0.95).unwrap_or_default().as_micros();
    assert!((190_000..=210_000).contains(&p95), "{p95}");
    assert_eq!(window.others[0].errors, 2);

    // All histograms are taken. Those that are silent for a window are given to others.
    for second in 2..4 {
        gate.decide("third", 0, 0, None, seconds(second));
        report("third", 100);
        let third = gate.take_window(seconds(second)).organizations.remove(1);
        assert_eq!(third.classes[0].results, 1);
        assert_eq!(third.classes[0].latencies.count(), u64::from(second > 2));
    }
}

#[test]
fn a_class_that_is_unknown_passes() {
    let gate = Gate::new(&Config { slot_lifetimes: vec![], ..config(1) });
    for _ in 0..3 {
        let decision = gate.decide("acme", 0, 1, Some((ON, per_second(1, 1))), seconds(1));
        assert_eq!(decision, Decision::UNLIMITED);
    }
    gate.end("acme", 3, None);
    gate.report("acme", 255, Reported { failed: true, latency: Some(Span::ZERO) });
    assert_eq!(gate.take_window(seconds(1)).others, []);
}

#[test]
fn queueing_times_are_those_of_all_and_of_one_window() {
    let gate = Gate::new(&config(10));
    for millis in 1..=100 {
        gate.report_queueing(Span::from_millis(millis));
    }
    let taken = gate.take_window(seconds(1)).queueing;
    let p95 = taken.quantile(0.95).unwrap_or_default().as_secs_f64();
    assert!(taken.count() == 100 && (0.09..0.1).contains(&p95), "{p95}");
    assert_eq!(gate.take_window(seconds(2)).queueing.count(), 0);
}
