//! Simulated traffic: schedules of requests, and the figures of a run.
//!
//! The load is open: each request has a time at which it is meant to be sent, computed before the
//! run, and its latency counts from that time. A load that waits for answers before it sends more
//! would leave out the requests that a slow answer kept from being sent ("coordinated omission",
//! Gil Tene, <https://github.com/giltene/wrk2>).

mod journal;
mod parameters;
mod profile;
mod random;
mod record;
mod request;
mod schedule;
mod summary;
#[cfg(test)]
mod tests;

pub use journal::{Culprits, LimitStep, Reactions};
pub use parameters::{BadParameters, Parameters, Scenario};
pub use profile::Profile;
pub use random::Random;
pub use record::{Outcome, Record};
pub use request::{Phase, Phases, Planned, Purpose, Sender};
pub use schedule::Schedule;
pub use summary::{Counts, LATE, Lateness, OrganizationRow, PhaseFigures, RatePoint, Summary};
