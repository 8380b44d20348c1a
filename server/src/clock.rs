//! The one place that reads the clocks.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use domain::time::{MonotonicTime, Now, Span, Timestamp};

/// Both clocks, with the origin of the monotonic one.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Source);

#[derive(Clone, Copy, Debug)]
enum Source {
    /// The clocks of this machine, and when the monotonic one began.
    Machine(Instant),
    Simulated(&'static Passed),
}

/// A time that passes only when it is told to.
#[derive(Debug)]
struct Passed {
    began: Timestamp,
    micros: AtomicU64,
}

impl Passed {
    fn span(&self) -> Span {
        Span::from_micros(self.micros.load(Ordering::Acquire))
    }
}

impl Clock {
    /// Begins the monotonic clock now.
    pub fn start() -> Self {
        Self(Source::Machine(Instant::now()))
    }

    /// The present time.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that the lint sends everyone to"
    )]
    pub fn now(&self) -> Now {
        match self.0 {
            Source::Machine(origin) => Now {
                wall: Timestamp::from(chrono::Utc::now()),
                mono: MonotonicTime::from_micros(Span::from(origin.elapsed()).as_micros()),
            },
            Source::Simulated(passed) => {
                let span = passed.span();
                Now {
                    wall: passed.began.plus(span),
                    mono: MonotonicTime::from_micros(span.as_micros()),
                }
            }
        }
    }

    /// Microseconds since the machine started, with the time it slept.
    pub fn since_boot(&self) -> u64 {
        match self.0 {
            Source::Machine(_) => {
                let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
                u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000
                    + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000
            }
            Source::Simulated(passed) => passed.span().as_micros(),
        }
    }
}

/// The time of a simulation, which passes only when it is told to.
#[derive(Debug)]
pub struct SimulatedTime(&'static Passed);

impl SimulatedTime {
    /// Begins at a moment.
    pub fn start(began: Timestamp) -> Self {
        // Clocks are copied everywhere: these few bytes stay until the program ends.
        Self(Box::leak(Box::new(Passed { began, micros: AtomicU64::new(0) })))
    }

    /// Its clock.
    pub const fn clock(&self) -> Clock {
        Clock(Source::Simulated(self.0))
    }

    /// Lets time pass.
    pub fn pass(&self, span: Span) {
        self.0.micros.fetch_add(span.as_micros(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simulated_time_passes_only_when_it_is_told_to() {
        let time = SimulatedTime::start(Timestamp::from_secs(1_000));
        let clock = time.clock();
        let before = clock.now();
        assert_eq!((before.wall, clock.since_boot()), (Timestamp::from_secs(1_000), 0));
        assert_eq!(clock.now(), before);
        time.pass(Span::from_secs(15));
        let after = clock.now();
        assert_eq!(after.wall, Timestamp::from_secs(1_015));
        assert_eq!(after.mono.since(before.mono), Span::from_secs(15));
        assert_eq!(clock.since_boot(), 15_000_000);
    }
}
