//! The number of observations that one core evaluates in a second, over 1,000 series with the real
//! thresholds.

use std::{hint::black_box, sync::Arc};

use divan::{Bencher, counter::ItemsCount};
use domain::time::{MonotonicTime, Now, Span, Timestamp};
use engine::evaluate::{Engine, SeriesId};
use policy::thresholds::Thresholds;

/// Signals with the values of an ordinary day: each moves by up to a fifth around its middle, and a
/// few go beyond warning.
const SIGNALS: [(&str, f64); 10] = [
    ("host.memory.used", 75.0),
    ("host.cpu.used", 40.0),
    ("host.load.per_core", 0.8),
    ("host.swap.used", 10.0),
    ("disk.used", 60.0),
    ("disk.available", 5e10),
    ("disk.inodes.used", 20.0),
    ("app.memory", 3e8),
    ("endpoint.first_byte", 300.0),
    ("network.received", 1e6),
];

fn begin() -> (Engine, Vec<(SeriesId, String, &'static str, f64)>) {
    let text = include_str!("../../alerts/thresholds.md");
    let Ok(thresholds) = Thresholds::parse("thresholds.md", text, fixtures::signals()) else {
        panic!("the thresholds are read");
    };
    let mut engine = Engine::new(Arc::new(thresholds), 10_000);
    let mut all = Vec::new();
    for number in 0..100 {
        for (signal, middle) in SIGNALS {
            let subject = format!("disk:/srv/{number}@web-{number}");
            if let Ok(id) = engine.series(signal, &subject, None) {
                all.push((id, subject, signal, middle));
            }
        }
    }
    (engine, all)
}

/// The next turn: five seconds later, and by how much the values have moved.
fn later(now: &mut Now, turn: &mut u32) -> f64 {
    *now = Now { wall: now.wall.plus(Span::from_secs(5)), mono: now.mono.plus(Span::from_secs(5)) };
    *turn = turn.wrapping_add(1);
    0.8 + f64::from(*turn % 40) * 0.01
}

/// Observes 1,000 series, and evaluates them if `tick` says so.
fn observe(bencher: Bencher, tick: bool) {
    let (mut engine, all) = begin();
    let mut now = Now { wall: Timestamp::from_secs(1_800_000_000), mono: MonotonicTime::default() };
    let mut turn = 0_u32;
    bencher.counter(ItemsCount::new(all.len())).bench_local(|| {
        let value = later(&mut now, &mut turn);
        for (id, _, _, middle) in &all {
            black_box(engine.observe(*id, middle * value, now.wall, now));
        }
        if tick {
            black_box(engine.tick(now).len());
        }
    });
}

#[divan::bench]
fn observe_1000_series_and_tick(bencher: Bencher) {
    observe(bencher, true);
}

#[divan::bench]
fn observe_1000_series(bencher: Bencher) {
    observe(bencher, false);
}

#[divan::bench]
fn find_1000_series_by_name(bencher: Bencher) {
    let (mut engine, all) = begin();
    bencher.counter(ItemsCount::new(all.len())).bench_local(|| {
        for (_, subject, signal, _) in &all {
            black_box(engine.series(signal, subject, None).is_ok());
        }
    });
}

fn main() {
    divan::main();
}
