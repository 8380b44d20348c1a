//! Observation: one value of a signal for a subject at a time; and what could not be observed.

use serde::{Deserialize, Serialize};

use crate::{reason::FailureReason, signal::Signal, subject::Subject, time::Timestamp, unit::Unit};

/// One value of a signal for a subject at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The signal that was measured.
    pub signal: Signal,
    /// About whom.
    pub subject: Subject,
    /// The value, in `unit`; always finite.
    pub value: f64,
    /// In which unit; `None` where the signal's own is meant.
    pub unit: Option<Unit>,
    /// Time at which it was measured, by the source's clock.
    pub at: Timestamp,
    /// The reason that it is so, where that is known: of a failure always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<FailureReason>,
}

/// A signal of a subject that was looked at and could not be seen: neither well nor in trouble.
#[derive(Clone, Debug, PartialEq)]
pub struct Unseen {
    /// The signal.
    pub signal: Signal,
    /// About whom.
    pub subject: Subject,
    /// The reason.
    pub reason: FailureReason,
}
