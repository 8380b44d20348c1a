//! Figures of README that no loop of a benchmark shows: the exactness of a limit under several
//! threads, and the customer impact beside the truth of a simulation. Prints a line for each:
//! `cargo bench -p engine --bench figures`.

mod impact;
mod world;

use std::{
    num::NonZeroU32,
    thread,
    time::{Duration, Instant},
};

use domain::time::{MonotonicTime, Span};
use engine::gate::{Config, Enforcement, Gate};
use policy::limits::{Quota, Rate};

const THREADS: usize = 4;
const LIMITED_FOR: Duration = Duration::from_secs(10);
/// Requests a second that may pass, and as many at once.
const RATE: u32 = 1_000;

/// Several threads ask for the same organization as fast as they can.
fn exact_limit() {
    let gate = Gate::new(&Config {
        slot_lifetimes: vec![Span::from_mins(1)],
        organizations: 1_000,
        common: 64,
        histograms: 100,
        listed: 10,
        key: [1, 2],
    });
    let Some(requests) = NonZeroU32::new(RATE) else { return };
    let rate = Rate { requests, per: Span::from_secs(1) };
    let limit = Some((Enforcement::On, Quota { rate, burst: requests, at_a_time: None }));
    let began = Instant::now();
    let ask = || {
        let (mut passed, mut asked) = (0_u64, 0_u64);
        while began.elapsed() < LIMITED_FOR {
            let now = MonotonicTime::from_micros(began.elapsed().as_micros() as u64);
            asked += 1;
            passed += u64::from(gate.decide("acme", 0, 0, limit, now).passes());
        }
        (passed, asked)
    };
    let (passed, asked) = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
        let counts = threads.into_iter().filter_map(|one| one.join().ok());
        counts.fold((0, 0), |(passed, asked), one| (passed + one.0, asked + one.1))
    });
    let seconds = began.elapsed().as_secs_f64();
    let expected = f64::from(RATE) * (1.0 + seconds);
    println!(
        "a limit of {RATE}/s for {seconds:.1} s, asked {asked} times by {THREADS} threads: {passed} passed, {:+.2} % beside the {expected:.0} of the limit",
        (passed as f64 / expected - 1.0) * 100.0
    );
}

fn main() {
    exact_limit();
    impact::measure();
}
