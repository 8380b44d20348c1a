//! Several threads at once: limits stay exact, and no count is lost or doubled.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst},
    thread,
};

use super::*;

const THREADS: u64 = 4;

/// Runs the same on several threads, each with its number.
pub(super) fn on_threads(work: impl Fn(u64) + Sync) {
    thread::scope(|scope| {
        for number in 0..THREADS {
            let work = &work;
            scope.spawn(move || work(number));
        }
    });
}

/// Ten seconds, in which 50,000 requests a second ask for a tenth of that. Threads wait for each other
/// every half second: one that is a second behind would look like a clock that went back.
#[test]
fn a_rate_is_exact_over_ten_seconds() {
    let gate = Gate::new(&config(10));
    let quota = per_second(5_000, 50);
    let (clock, passed) = (AtomicU64::new(1_000_000), AtomicU32::new(0));
    for end in (1_500_000..=11_000_000).step_by(500_000) {
        on_threads(|_| {
            let next = |now| (now < end).then_some(now + 20);
            while let Ok(now) = clock.fetch_update(SeqCst, SeqCst, next) {
                if gate.decide("acme", 0, 0, Some((ON, quota)), at(now)).passes() {
                    passed.fetch_add(1, SeqCst);
                }
            }
        });
    }
    let passed = passed.into_inner() + passing(&gate, "acme", quota, seconds(11));
    assert!(passed <= 50_050, "{passed} pass");
    assert!(passed >= 50_050 * 99 / 100, "{passed} pass");
}

/// At one moment, only the burst passes, whatever the threads do and however the quota changes.
#[test]
fn a_burst_is_exact_while_quotas_change() {
    let quotas =
        [per_second(10, 1_000), per_second(1_000, 1_000), quota(7, Span::from_mins(1), 1_000)];
    let gate = Gate::new(&config(10));
    let passed = AtomicU32::new(0);
    on_threads(|number| {
        for step in 0..3_000_u64 {
            let quota = quotas[(number + step / 50) as usize % quotas.len()];
            if gate.decide("acme", 0, 0, Some((ON, quota)), seconds(1)).passes() {
                passed.fetch_add(1, SeqCst);
            }
        }
    });
    let passed = passed.into_inner();
    assert!((999..=1_000).contains(&passed), "{passed} pass");
}

#[test]
fn no_more_are_under_way_than_may_be() {
    let gate = Gate::new(&config(10));
    let quota = at_a_time(3);
    let (clock, under_way) = (AtomicU64::new(0), AtomicU32::new(0));
    on_threads(|_| {
        for _ in 0..20_000 {
            let now = at(clock.fetch_add(100, SeqCst));
            if gate.decide("acme", 0, 0, Some((ON, quota)), now).passes() {
                assert!(under_way.fetch_add(1, SeqCst) < 3);
                under_way.fetch_sub(1, SeqCst);
                gate.end("acme", 0, None);
            }
        }
    });
    let window = gate.take_window(at(clock.into_inner()));
    assert_eq!(window.organizations[0].classes[0].in_flight, 0);
}

/// Organizations come, are dropped and come back while windows are taken.
#[test]
fn no_count_is_lost_or_doubled() {
    let gate = Gate::new(&config(6));
    let (refused, done) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut sums = vec![Counts::default(); 2];
    let add = |window: Window, sums: &mut [Counts]| {
        let listed = window.organizations.iter().flat_map(|it| (0..).zip(&it.classes));
        for (class, counts) in listed.chain((0..).zip(&window.others)) {
            let class: usize = class;
            sums[class].add(&Counts { in_flight: 0, ..counts.clone() });
        }
    };
    thread::scope(|scope| {
        let (gate, refused, done) = (&gate, &refused, &done);
        let windows = scope.spawn(move || {
            let mut sums = vec![Counts::default(); 2];
            while !done.load(SeqCst) {
                add(gate.take_window(seconds(20)), &mut sums);
            }
            sums
        });
        on_threads(|number| {
            for step in 0..10_000_u64 {
                let name = ["a", "b", "c", "d", "e", "f", "g", "h"][((step + number) % 8) as usize];
                let limit = Some((ON, per_second(1_000_000, 3)));
                let decision = gate.decide(name, 1, 10, limit, at(20_000_000 + step / 16));
                refused.fetch_add(u64::from(!decision.passes()), SeqCst);
                gate.end(name, 1, None);
                let latency = Some(Span::from_micros(step));
                gate.report(name, 1, Reported { failed: step.is_multiple_of(2), latency });
            }
        });
        done.store(true, SeqCst);
        if let Ok(taken) = windows.join() {
            sums = taken;
        }
    });
    add(gate.take_window(seconds(20)), &mut sums);
    let requests = THREADS * 10_000;
    assert_eq!(sums[0], Counts::default());
    assert_eq!((sums[1].requests, sums[1].bytes), (requests, requests * 10));
    assert_eq!((sums[1].results, sums[1].errors), (requests, requests / 2));
    assert_eq!(sums[1].latencies.count(), requests);
    assert_eq!(sums[1].refused, refused.into_inner());
}
