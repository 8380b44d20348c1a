//! The generic cell rate algorithm in the form of virtual scheduling (ITU-T I.371, annex A), in
//! nanoseconds.
//!
//! A quota is an emission interval `T` (the time that one request stands for) and a capacity of
//! `burst * T`. All that is remembered is one time, the theoretical arrival time: at the time `t`
//! the part `max(TAT - t, 0)` of the capacity is used. A request conforms if the capacity holds
//! another `T`; only a conforming request moves the theoretical arrival time.

use std::num::NonZeroU64;

use domain::time::{MonotonicTime, Span};
use policy::limits::Quota;

/// Times and durations are clamped to this many nanoseconds (146 years), so that a sum of two of
/// them cannot overflow.
const MOST: u64 = 1 << 62;
/// A used part that exceeds the capacity by more than this means that the time went back. Less is
/// the disorder of threads that read the clock before each other.
const DISORDER: u64 = 1_000_000_000;

/// Nanoseconds of a time.
pub(super) fn nanos(now: MonotonicTime) -> u64 {
    now.as_micros().saturating_mul(1_000).min(MOST)
}

/// A duration that holds this many nanoseconds, rounded up to microseconds.
fn span(nanos: u64) -> Span {
    Span::from_micros(nanos.div_ceil(1_000))
}

/// The rate and the burst of a quota.
///
/// The interval is rounded up to whole nanoseconds, so that a quota never lets more pass than it
/// says; at 100,000 requests a second it lets at most 0.01 % less pass. Rates above 1,000,000,000
/// requests a second count as that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// The time of one request. Never zero, so that an `Option<Pace>` has the size of a pace.
    interval: NonZeroU64,
    /// The time of a whole burst, at least the interval.
    capacity: u64,
}

impl Pace {
    /// The pace of a quota. A rate without a time, which a document cannot say, counts as the
    /// fastest.
    pub fn of(quota: &Quota) -> Self {
        let per = quota.rate.per.as_micros().saturating_mul(1_000).min(MOST);
        let interval = per.div_ceil(u64::from(quota.rate.requests.get()));
        let interval = NonZeroU64::new(interval).unwrap_or(NonZeroU64::MIN);
        let burst = u64::from(quota.burst.get());
        let capacity = interval.get().saturating_mul(burst).min(MOST);
        Self { interval, capacity }
    }

    /// The part of the capacity that is used, up to all of it.
    fn used(self, arrival: u64, now: u64) -> u64 {
        arrival.saturating_sub(now).min(self.capacity)
    }

    /// The theoretical arrival time after a request, `None` if the request does not conform.
    pub fn admit(self, arrival: u64, now: u64) -> Option<u64> {
        let next = arrival.max(now).saturating_add(self.interval.get());
        (next.saturating_sub(now) <= self.capacity).then_some(next)
    }

    /// The theoretical arrival time that a time which went back leaves: all is used now. `None` if
    /// the time did not go back.
    pub fn repaired(self, arrival: u64, now: u64) -> Option<u64> {
        let most = now.saturating_add(self.capacity);
        (arrival > most.saturating_add(DISORDER)).then_some(most)
    }

    /// The theoretical arrival time under another pace, at which the same share of the capacity is
    /// used. Rounded up, so that no change frees anything.
    pub fn moved_to(self, other: Self, arrival: u64, now: u64) -> u64 {
        let used = u128::from(self.used(arrival, now)) * u128::from(other.capacity);
        let used = used.div_ceil(u128::from(self.capacity));
        now.saturating_add(u64::try_from(used).unwrap_or(other.capacity))
    }

    /// The state of a quota for its client.
    pub fn standing(self, arrival: u64, now: u64) -> Standing {
        let used = self.used(arrival, now);
        let remaining = (self.capacity - used) / self.interval;
        Standing {
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            retry_after: span((used + self.interval.get()).saturating_sub(self.capacity)),
            reset: span(used),
        }
    }
}

/// The state of a quota after a request, as the fields `RateLimit` and `Retry-After` tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Requests that would pass now.
    pub remaining: u32,
    /// The time until the next request would pass; zero if one would now.
    pub retry_after: Span,
    /// The time until the quota is full again, if no request comes.
    pub reset: Span,
}

/// Whole seconds for the field `Retry-After`: between 1 and 2 times the wait, where a wait below a
/// second counts as one. `random` is uniform over all values and spreads the clients that were
/// refused at the same moment; the same `random` gives the same answer.
pub fn retry_after_seconds(wait: Span, random: u64) -> u64 {
    const SECOND: u64 = 1_000_000;
    let wait = wait.as_micros().max(SECOND);
    let least = wait.div_ceil(SECOND);
    let most = (wait.saturating_mul(2) / SECOND).max(least);
    let choices = u128::from(most - least) + 1;
    // Multiplication instead of a remainder: Lemire, "Fast random integer generation in an
    // interval", 2019.
    let chosen = (u128::from(random) * choices) >> 64;
    least.saturating_add(u64::try_from(chosen).unwrap_or(0))
}
