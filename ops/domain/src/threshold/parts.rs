//! The stored parts of rows of the thresholds: their cells, and the evidence of proposals.

use serde::{Deserialize, Serialize};

use crate::{backtest::Benefit, id::IncidentNumber, signal::Signal, time::Timestamp};

/// The cells of a row that people change, each as it stands in the document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ThresholdCells {
    /// Column `warning`, such as `above 90%`.
    pub warning: String,
    /// Column `critical`.
    pub critical: String,
    /// Column `for`, such as `3 min`.
    #[serde(rename = "for")]
    pub held: String,
    /// Column `recovers at`.
    pub recovers_at: String,
}

impl ThresholdCells {
    /// Names of the columns, in the order of [`Self::texts`].
    pub const COLUMNS: [&'static str; 4] = ["warning", "critical", "for", "recovers at"];

    /// The texts, in the order of the columns.
    pub fn texts(&self) -> [&str; 4] {
        [&self.warning, &self.critical, &self.held, &self.recovers_at]
    }

    /// The cells that differ: column, text before and text after.
    pub fn differences<'a>(&'a self, after: &'a Self) -> Vec<(&'static str, &'a str, &'a str)> {
        let texts = self.texts().into_iter().zip(after.texts());
        let cells = Self::COLUMNS.into_iter().zip(texts);
        cells
            .filter(|(_, (before, after))| before != after)
            .map(|(column, (before, after))| (column, before, after))
            .collect()
    }
}

/// The way in which a row watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ThresholdWay {
    /// By a level.
    Level,
    /// By the rate of change.
    Rise,
    /// By a forecast.
    Forecast,
}

/// A row of the thresholds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ThresholdRow {
    /// The signal that it is about.
    pub signal: Signal,
    /// The subjects that it is about; `*` stands for any characters.
    pub subjects: String,
    /// The way in which it watches.
    pub way: ThresholdWay,
    /// The line of the document on which it stands, from 1.
    pub line: u32,
}

impl ThresholdRow {
    /// True if another is the same row, on whichever line it stands.
    pub fn is_same(&self, other: &Self) -> bool {
        self.signal == other.signal && self.subjects == other.subjects && self.way == other.way
    }
}

/// Evidence of a proposal: history under the row in force and under the proposed one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ProposalEvidence {
    /// Since when history was judged.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// The improvement.
    pub benefit: Benefit,
    /// Number of interruptions of people under the row in force.
    pub interruptions_today: u32,
    /// Number of interruptions under the proposed one.
    pub interruptions_proposed: u32,
    /// Incidents that there were, and that the proposed row would have missed: warnings on which
    /// nobody acted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<IncidentNumber>,
}

impl ProposalEvidence {
    /// True if it tells more than the evidence of a proposal that was declined: another incident that
    /// came since, or at least twice as many interruptions less.
    pub fn is_new(&self, declined: &Self) -> bool {
        match (self.benefit, declined.benefit) {
            (Benefit::Earlier { incident, .. }, Benefit::Earlier { incident: known, .. }) => {
                incident.0 > known.0
            }
            (Benefit::Quieter { fewer }, Benefit::Quieter { fewer: known }) => {
                fewer >= known.saturating_mul(2)
            }
            _ => self.from >= declined.until,
        }
    }
}
