//! Reports of backtests: history judged by the thresholds in force, and by proposed ones.

use domain::{
    backtest::{Comparison, FoundIncident},
    id::IncidentNumber,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// Number of times that people would have been interrupted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interruptions {
    /// In all.
    pub all: usize,
    /// At night: from 22:00 to 07:00 in the time zone of the reader or the team.
    pub at_night: usize,
}

/// A proposed document beside the one in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedThresholds {
    /// The changes that they would have made.
    pub comparison: Comparison,
    /// Under the thresholds in force.
    pub today: Interruptions,
    /// Under the proposed ones.
    pub proposed: Interruptions,
    /// The difference of the documents, as a patch (unified format).
    pub difference: String,
}

/// A backtest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BacktestReport {
    /// The first moment of history that was judged; `None` if there is none.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
    /// Since when history is minutes: before that it is hours, and approximate.
    pub minutes_since: Timestamp,
    /// The number of series that a threshold is about, and of all.
    pub series: (usize, usize),
    /// The incidents that the thresholds in force would have opened, oldest first.
    pub found: Vec<FoundIncident>,
    /// Number of times that people would have been interrupted by them.
    pub interruptions: Interruptions,
    /// The incidents that there were in this time and that history can show.
    pub known: usize,
    /// Of those, the ones that the thresholds in force do not find in history.
    pub not_found: Vec<IncidentNumber>,
    /// The proposed document.
    pub proposed: Option<ProposedThresholds>,
}
