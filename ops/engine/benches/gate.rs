//! The number of requests that one core decides in a second, and what an organization takes of the
//! memory.

use std::{hint::black_box, num::NonZeroU32};

use divan::{AllocProfiler, Bencher, counter::ItemsCount};
use domain::time::{MonotonicTime, Span};
use engine::gate::{AssignedPlans, Config, Enforcement, Gate};
use policy::limits::{Quota, Rate};

/// Shows what is allocated: the column `max alloc` of `fill_100000_organizations`.
#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const CLASSES: usize = 4;
const KNOWN: u64 = 100_000;

fn gate() -> Gate {
    Gate::new(&Config {
        slot_lifetimes: vec![Span::from_secs(60); CLASSES],
        organizations: 100_000,
        common: 64,
        histograms: 4_096,
        listed: 100,
        key: [1, 2],
    })
}

fn at(micros: u64) -> MonotonicTime {
    MonotonicTime::from_micros(micros)
}

fn limit() -> Option<(Enforcement, Quota)> {
    let requests = NonZeroU32::new(1_000)?;
    let rate = Rate { requests, per: Span::from_secs(1) };
    Some((Enforcement::On, Quota { rate, burst: requests, at_a_time: None }))
}

/// A name of the usual length.
fn name(number: u64) -> String {
    format!("organization-{number}")
}

/// Numbers without an order that caches could follow (splitmix64).
fn scattered(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 27)
}

/// Decides 10,000 requests of known organizations, a microsecond apart.
fn decide(bencher: Bencher, organizations: u64) {
    let (gate, limit) = (gate(), limit());
    let names: Vec<String> = (0..organizations).map(name).collect();
    let mut now = 0;
    for organization in &names {
        gate.decide(organization, 0, 0, limit, at(now));
    }
    bencher.counter(ItemsCount::new(10_000_usize)).bench_local(|| {
        for _ in 0..10_000 {
            now += 1;
            let organization = &names[(scattered(now) % organizations) as usize];
            black_box(gate.decide(organization, 0, 1_000, limit, at(now)));
        }
    });
}

#[divan::bench]
fn decide_for_one_organization(bencher: Bencher) {
    decide(bencher, 1);
}

#[divan::bench]
fn decide_for_1000_organizations(bencher: Bencher) {
    decide(bencher, 1_000);
}

#[divan::bench]
fn decide_for_100000_organizations(bencher: Bencher) {
    decide(bencher, KNOWN);
}

/// The first 100,000 of a million names get cells; all others meet a full gate.
#[divan::bench(sample_count = 5)]
fn decide_for_a_million_names(bencher: Bencher) {
    let limit = limit();
    let names: Vec<String> = (0..1_000_000).map(name).collect();
    bencher.counter(ItemsCount::new(names.len())).with_inputs(gate).bench_local_values(|gate| {
        for (micros, organization) in (0..).zip(&names) {
            black_box(gate.decide(organization, 0, 1_000, limit, at(micros)));
        }
        gate
    });
}

#[divan::bench(sample_count = 5)]
fn fill_100000_organizations(bencher: Bencher) {
    let limit = limit();
    let names: Vec<String> = (0..KNOWN).map(name).collect();
    bencher.counter(ItemsCount::new(names.len())).bench_local(|| {
        let gate = gate();
        for organization in &names {
            gate.decide(organization, 0, 1_000, limit, at(0));
        }
        gate
    });
}

#[divan::bench(sample_count = 20)]
fn take_the_window_of_100000_organizations(bencher: Bencher) {
    let (gate, limit) = (gate(), limit());
    let names: Vec<String> = (0..KNOWN).map(name).collect();
    let mut now = 0;
    bencher
        .counter(ItemsCount::new(names.len()))
        .with_inputs(|| {
            now += 1_000_000;
            for organization in &names {
                gate.decide(organization, 0, 1_000, limit, at(now));
            }
            at(now)
        })
        .bench_local_values(|now| gate.take_window(now));
}

/// A million organizations with a plan that is set.
fn plans() -> AssignedPlans {
    let mut plans = AssignedPlans::new([1, 2]);
    for number in 0..1_000_000 {
        plans.set(&name(number), Some(["pro", "large"][(number % 2) as usize]));
    }
    plans
}

/// The cost of a start, and the room that they take: the column `max alloc`.
#[divan::bench(sample_count = 3)]
fn fill_1000000_plans(bencher: Bencher) {
    bencher.counter(ItemsCount::new(1_000_000_usize)).bench_local(plans);
}

/// 10,000 look-ups: nothing may be allocated.
#[divan::bench]
fn look_up_among_1000000_plans(bencher: Bencher) {
    let plans = plans();
    let names: Vec<String> = (0..1_000_000).map(name).collect();
    let mut now = 0;
    bencher.counter(ItemsCount::new(10_000_usize)).bench_local(|| {
        for _ in 0..10_000 {
            now += 1;
            black_box(plans.plan(&names[(scattered(now) % 1_000_000) as usize]));
        }
    });
}

/// A change while requests go on with what was in force.
#[divan::bench]
fn set_one_among_1000000_plans(bencher: Bencher) {
    let mut plans = plans();
    let mut now = 0;
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        now += 1;
        let before = plans.clone();
        plans.set(&name(scattered(now) % 1_000_000), Some("pro"));
        before
    });
}

fn main() {
    divan::main();
}
