//! Customer impact: the organizations that an incident affects, from what the gate counted.
//!
//! [`Assessor::decide`] compares the last minute of each organization with the impact that is
//! journalled for each active incident, once a second. It is level-triggered: after a restart the
//! journalled impact is where it goes on from.
//!
//! **Known** is what was counted for the organization itself: failures ([`FEWEST_FAILURES`],
//! [`FAILING_SHARE`]), latencies ([`FEWEST_LATENCIES`], [`SLOW`], [`SLOW_FACTOR`]), refused
//! requests. **Likely** is what follows from an endpoint of the incident, where results are not
//! reported. Where neither is, it is not known.
//!
//! **Places.** Evidence goes to each incident that has the effect already and to the one about the
//! organization. Only where there is neither does it go to another one: the newest with a problem
//! of what serves requests (an endpoint, an app, a service), otherwise the newest.
//!
//! **Hysteresis.** What is not seen has not ended. An effect ends after [`CALM`] in which its
//! opposite was seen: results or latencies that are well, requests that pass, the end of the
//! measure, of safe mode or of the endpoint's problem. Without any of them it stays until the
//! incident is resolved, and after [`UNSEEN`] it is told when it was last seen. While an effect is
//! known, what makes it likely tells nothing.
//!
//! The first effect is journalled at once, further beginnings and ends at most once in
//! [`ENTRY_EVERY`], other changes at most once in [`GROWTH_EVERY`], and only where a figure differs
//! by much.

mod decide;
mod figures;
mod growth;
mod minute;
mod sighting;
#[cfg(test)]
mod tests;

pub use decide::{Assessor, Scene};
use domain::time::Span;
pub use minute::{OrganizationMinute, Sample, Traffic};

/// Failures in the last minute from which on an organization counts as failing.
const FEWEST_FAILURES: u64 = 3;
/// The share of failures among the results of the last minute from which on it counts as failing.
const FAILING_SHARE: f64 = 0.05;
/// Latencies in the last minute from which on an organization can count as slow.
const FEWEST_LATENCIES: u64 = 20;
/// The latency from which on an organization can count as slow.
const SLOW: Span = Span::from_secs(1);
/// A latency counts as slow from this factor of the usual one on.
const SLOW_FACTOR: u64 = 3;
/// An effect has ended when its opposite was seen for this time.
const CALM: Span = Span::from_mins(1);
/// The longest time between two sights of the opposite: after it the time begins anew.
const LONGEST_PAUSE: Span = Span::from_mins(2);
/// An effect of which nothing was seen for this time is told with the time of its last sight.
const UNSEEN: Span = Span::from_mins(5);
/// The impact of an incident is journalled at most so often.
const ENTRY_EVERY: Span = Span::from_secs(10);
/// Other figures of the same effects are journalled at most so often.
const GROWTH_EVERY: Span = Span::from_mins(1);
/// Organizations that are remembered for each incident, the worst first.
const MOST_REMEMBERED: usize = 1_000;
