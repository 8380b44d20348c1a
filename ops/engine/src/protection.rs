//! Protection: measures that the agent takes on its own while a problem holds, and their end.
//!
//! [`Guard::decide`] compares the problems of active incidents with the measures in force, once a
//! second. A measure limits one class of requests of one organization; the row of the thresholds
//! that a problem exceeds names the class. It takes effect when it is journalled, and each measure
//! has an end.
//!
//! **Who is limited.** Where the problem is about an organization, that one: to its fair share, or
//! to its usual rate where that is more, times the factor of `limits.md`. Otherwise the
//! organizations that exceed their usual rates most ([`crate::gate::culprits`]), and more of them
//! every [`WIDEN_EVERY`] while the problem holds. Nobody within their usual rate is limited.
//!
//! **Stepping down.** While the problem is over, the rate doubles twice, and then the measure
//! ends. If the problem comes back, the limit goes back by one stage and waits twice as long, so
//! that it does not swing.

mod baseline;
mod decide;
mod share;
#[cfg(test)]
mod tests;

pub use baseline::{Baseline, Counted};
pub use decide::{Guard, Scene};

use domain::time::Span;

/// The time without the problem after which a limit is widened, at first.
const STAGE: Span = Span::from_secs(20);
/// Stages of widening before a measure ends.
const LAST_STAGE: u32 = 2;
/// The most doublings of [`STAGE`].
const MOST_DOUBLINGS: u32 = 5;
/// The time after which more is limited where a problem that is about no organization holds on.
const WIDEN_EVERY: Span = Span::from_secs(5);
/// A limit is only put in force if its requests exceed it by this factor.
const EXCEEDS: f64 = 1.1;
/// The lowest rate of a limit, in requests per second: one in ten seconds.
const LOWEST_RATE: f64 = 0.1;
