//! Observation: one value of a signal for a subject at a time.

use serde::{Deserialize, Serialize};

use crate::{signal::Signal, subject::Subject, time::Timestamp, unit::Unit};

/// One value of a signal for a subject at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// What was measured.
    pub signal: Signal,
    /// About whom.
    pub subject: Subject,
    /// How much, in `unit`; always finite.
    pub value: f64,
    /// In which unit; `None` where the signal's own is meant.
    pub unit: Option<Unit>,
    /// When it was measured, by the source's clock.
    pub at: Timestamp,
}
