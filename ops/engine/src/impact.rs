//! Customer impact: the organizations that an incident affects, from what the gate counted.
//!
//! [`Assessor::decide`] compares the last minute of each organization with the impact that is
//! journalled for each active incident, once a second. It is level-triggered: after a restart the
//! journalled impact is where it goes on from.
//!
//! **Known** is what was counted for the organization itself: failures ([`FEWEST_FAILURES`],
//! [`FAILING_SHARE`]), latencies ([`SLOW`], [`SLOW_FACTOR`]), refused requests. **Likely** is what
//! follows from an endpoint of the incident, where results are not reported. Where neither is, it
//! is not known.
//!
//! **Hysteresis.** An effect ends when it was not seen for [`CALM`], so that none begins and ends
//! within that time. Beginnings and ends of named effects are journalled at once, other changes at
//! most once in [`GROWTH_EVERY`], and only where a figure differs by much.

mod decide;
mod figures;
mod minute;
#[cfg(test)]
mod tests;

pub use decide::{Assessor, Scene};
use domain::time::Span;
pub use minute::{OrganizationMinute, Sample, Traffic};

/// Failures in the last minute from which on an organization counts as failing.
const FEWEST_FAILURES: u64 = 3;
/// The share of failures among the results of the last minute from which on it counts as failing.
const FAILING_SHARE: f64 = 0.05;
/// The latency from which on an organization can count as slow.
const SLOW: Span = Span::from_secs(1);
/// A latency counts as slow from this factor of the usual one on.
const SLOW_FACTOR: u64 = 3;
/// An effect that was not seen for this time has ended.
const CALM: Span = Span::from_mins(1);
/// Other figures of the same effects are journalled at most so often.
const GROWTH_EVERY: Span = Span::from_mins(1);
