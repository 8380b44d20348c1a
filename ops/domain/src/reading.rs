//! Reading: the latest value of one signal of one subject.

use serde::{Deserialize, Serialize};

use crate::{
    reason::FailureReason, signal::Signal, subject::Subject, time::Timestamp, unit::Unit,
    usual::NotJudged,
};

/// The status of a signal of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Has a threshold and keeps it.
    Healthy,
    /// Has no threshold, or one that can't be judged yet: it is kept and shown.
    Shown,
    /// Nothing was heard for longer than expected, and it is not a breach yet.
    Unknown,
    /// Beyond a level, and that has not held long enough.
    Watching,
    /// A warning breach.
    Warning,
    /// A critical breach.
    Critical,
}

/// One signal of one subject, as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Reading {
    /// About whom.
    pub subject: Subject,
    /// The signal.
    pub signal: Signal,
    /// The latest value, in `unit`.
    pub value: f64,
    /// Its unit.
    pub unit: Unit,
    /// Time at which it was observed.
    pub at: Timestamp,
    /// The status.
    pub status: Status,
    /// Since when nothing more was heard, where that is longer than expected: then the value and
    /// the status are those of then, not of now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_since: Option<Timestamp>,
    /// The usual value, if enough is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual: Option<f64>,
    /// The reason that its level is not judged, where that is relative to what is usual and too
    /// little is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_judged: Option<NotJudged>,
    /// The warning level that applies, for the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<f64>,
    /// The critical level that applies, for the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub critical: Option<f64>,
    /// Seconds until the limit is reached at the present rate, where a forecast is made and it is
    /// near.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_in_seconds: Option<f64>,
    /// The reason that it is so, or can't be seen, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<FailureReason>,
}

/// The signal of Calm Ops itself that counts what was pushed and refused.
pub const PUSHES_REFUSED: &str = "monitor.pushes_refused";

impl Reading {
    /// True if it says that something pushed was refused a short while ago, so that what it was
    /// about is not known: that is not calm, long before it alerts.
    pub fn tells_of_refusals(&self) -> bool {
        self.value > 0.0 && self.signal.as_str() == PUSHES_REFUSED
    }
}
