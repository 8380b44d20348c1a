//! The quota of one organization for one class of requests.

use std::num::NonZeroU32;

use domain::time::Span;

/// A number of requests in a time: `600/min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// The requests.
    pub requests: NonZeroU32,
    /// The time that they may take; never zero.
    pub per: Span,
}

impl Rate {
    /// The same in requests per second.
    pub fn per_second(self) -> f64 {
        f64::from(self.requests.get()) / self.per.as_secs_f64()
    }
}

/// A text that is not a rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found}, expected {expected}")]
pub struct BadRate {
    /// The text that was found.
    pub(super) found: String,
    /// The form that was expected.
    pub(super) expected: String,
}

/// The quota of one organization for one class of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quota {
    /// The rate that is sustained.
    pub rate: Rate,
    /// Requests that may come at once after a pause, at least one.
    pub burst: NonZeroU32,
    /// Requests that may be under way at the same time; `None` if any number may.
    pub at_a_time: Option<NonZeroU32>,
}
