//! The authoritative thresholds: `ops/alerts/thresholds.md`, read into rules. What is not in it
//! does not alert.
//!
//! Of several rows of one way (level, rise, forecast) whose patterns fit a subject, the most
//! specific is in force: the one with the most literal characters; among equals the later row. A
//! row with `-` in both columns and the most specific pattern switches the less specific rows off.

mod cells;
mod read;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use domain::{
    breach::{Crossing, Guidance},
    severity::Severity,
    signal::Signal,
    signals::Signals,
    time::Span,
    unit::Unit,
};
use sha2::{Digest, Sha256};

use crate::{
    diagnostic::Diagnostic, incident_policy::IncidentPolicy, pattern::matches,
    thresholds::read::Names,
};

/// What a value is compared with, in the signal's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Level {
    /// The value is above this.
    Above(f64),
    /// The value is below this.
    Below(f64),
    /// The value rises by more than `by` in `within`.
    Rises {
        /// By how much.
        by: f64,
        /// In which time.
        within: Span,
    },
    /// At its present rate the value reaches `limit` in less than `within`.
    Reaches {
        /// The limit.
        limit: f64,
        /// The horizon.
        within: Span,
    },
}

/// The ways in which rows watch; each subject has at most one row of each in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// By a level.
    Level,
    /// By the rate of change.
    Rate,
    /// By a forecast.
    Forecast,
    /// Only silence is watched, or nothing at all.
    Quiet,
}

impl Level {
    /// The way of watching that it belongs to.
    pub const fn way(self) -> Way {
        match self {
            Self::Above(_) | Self::Below(_) => Way::Level,
            Self::Rises { .. } => Way::Rate,
            Self::Reaches { .. } => Way::Forecast,
        }
    }

    /// As a breach tells it.
    pub fn crossing(self) -> Crossing {
        match self {
            Self::Above(level) => Crossing::Above { level },
            Self::Below(level) => Crossing::Below { level },
            Self::Rises { by, within } => {
                Crossing::Rising { by, within_seconds: within.as_secs_f64() }
            }
            Self::Reaches { limit, within } => {
                Crossing::Reaching { limit, within_seconds: within.as_secs_f64() }
            }
        }
    }

    /// The number on a scale on which more is worse; [`crate::evaluate`] measures values on the
    /// same scale.
    pub fn on_scale(self) -> f64 {
        match self {
            Self::Above(level) => level,
            Self::Below(level) => -level,
            Self::Rises { by, within } => by / within.as_secs_f64(),
            Self::Reaches { within, .. } => -within.as_secs_f64(),
        }
    }

    fn comparable(self, other: Self) -> bool {
        match (self, other) {
            (Self::Above(_), Self::Above(_))
            | (Self::Below(_), Self::Below(_))
            | (Self::Rises { .. }, Self::Rises { .. }) => true,
            (Self::Reaches { limit: one, .. }, Self::Reaches { limit: two, .. }) => one == two,
            _ => false,
        }
    }
}

/// One row of the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Of which signal.
    pub signal: Signal,
    /// Of which subjects: `*` stands for any run of characters.
    pub pattern: String,
    /// The unit of the levels; `None` where the row names none and the signal is not declared.
    pub unit: Option<Unit>,
    /// Beyond this it is a warning.
    pub warning: Option<Level>,
    /// Beyond this it is critical.
    pub critical: Option<Level>,
    /// How long it must be beyond the warning level.
    pub warning_for: Span,
    /// How long it must be beyond the critical level.
    pub critical_for: Span,
    /// At or past this it has recovered; `None`: the warning level (the critical one where there is
    /// no other).
    pub recovers_at: Option<Level>,
    /// Silence for longer than this is a breach.
    pub no_data_after: Option<Span>,
    /// What the document says about it.
    pub guidance: Guidance,
    /// The line in the document, from 1.
    pub line: u32,
}

impl Row {
    /// The way in which it watches.
    pub fn way(&self) -> Way {
        self.base().map_or(Way::Quiet, Level::way)
    }

    /// The level at which trouble begins: warning, or critical where there is no warning.
    pub fn base(&self) -> Option<Level> {
        self.warning.or(self.critical)
    }

    /// The level of a severity.
    pub const fn level(&self, severity: Severity) -> Option<Level> {
        match severity {
            Severity::Warning => self.warning,
            Severity::Critical => self.critical,
        }
    }

    /// How specific its pattern is: the number of literal characters.
    fn literal(&self) -> usize {
        self.pattern.chars().filter(|&c| c != '*').count()
    }
}

/// The rows that are in force for one signal of one subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effective<'a> {
    /// The row that watches the level.
    pub level: Option<&'a Row>,
    /// The row that watches the rate of change.
    pub rate: Option<&'a Row>,
    /// The row that forecasts.
    pub forecast: Option<&'a Row>,
    /// The row that watches for silence: the most specific one that names a time.
    pub silence: Option<&'a Row>,
}

impl Effective<'_> {
    /// Whether nothing is watched.
    pub fn is_empty(&self) -> bool {
        self.level.is_none()
            && self.rate.is_none()
            && self.forecast.is_none()
            && self.silence.is_none()
    }
}

/// The thresholds in force, and the policy that stands beside them in the same document.
#[derive(Clone, Debug, PartialEq)]
pub struct Thresholds {
    sha256: String,
    policy: IncidentPolicy,
    /// Ordered by signal, then by the place in the document.
    rows: Vec<Row>,
    signals: &'static Signals,
}

impl Thresholds {
    /// Reads the document. `file` is how errors name it. All problems are told, in the order of
    /// their places. A name in a collector's namespace that is not among the declared `signals` is
    /// one of them; any other name is a pushed signal.
    pub fn parse(
        file: &str,
        text: &str,
        signals: &'static Signals,
    ) -> Result<Self, Vec<Diagnostic>> {
        Self::read(file, text, signals, Names::Declared)
    }

    /// Reads a text that was in force when it was recorded. Since then a collector may have come
    /// to own the namespace of a signal that was pushed, so that names are not held against the
    /// declared ones.
    pub fn parse_recorded(
        file: &str,
        text: &str,
        signals: &'static Signals,
    ) -> Result<Self, Vec<Diagnostic>> {
        Self::read(file, text, signals, Names::Any)
    }

    fn read(
        file: &str,
        text: &str,
        signals: &'static Signals,
        names: Names,
    ) -> Result<Self, Vec<Diagnostic>> {
        let (mut rows, policy) = read::read(file, text, signals, names)?;
        rows.sort_by(|one, two| {
            (one.signal.as_str(), one.line).cmp(&(two.signal.as_str(), two.line))
        });
        let mut sha256 = String::with_capacity(64);
        for byte in Sha256::digest(text.as_bytes()) {
            let _ = write!(sha256, "{byte:02x}");
        }
        Ok(Self { sha256, policy, rows, signals })
    }

    /// SHA-256 of the document's bytes, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// How incidents behave.
    pub fn policy(&self) -> &IncidentPolicy {
        &self.policy
    }

    /// Every row, ordered by signal and then by the place in the document.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    fn of(&self, signal: &str) -> &[Row] {
        let from = self.rows.partition_point(|row| row.signal.as_str() < signal);
        let count = self.rows[from..].partition_point(|row| row.signal.as_str() == signal);
        &self.rows[from..from + count]
    }

    /// The unit of a signal: the declared one, else the one that the document uses; `None` if it
    /// uses none.
    pub fn unit_of(&self, signal: &str) -> Option<Unit> {
        let in_document = || self.of(signal).iter().find_map(|row| row.unit.clone());
        self.signals.unit(signal).or_else(in_document)
    }

    /// What is in force for one signal of one subject.
    pub fn rows_for(&self, signal: &str, subject: &str) -> Effective<'_> {
        let rows = || self.of(signal).iter().filter(|row| matches(&row.pattern, subject));
        let rank = |row: &&Row| (row.literal(), row.line);
        let best = |way: Way| rows().filter(|row| row.way() == way).max_by_key(rank);
        let off = best(Way::Quiet).map(|row| rank(&row));
        let heard = |row: &&Row| off.is_none_or(|off| rank(row) >= off);
        Effective {
            level: best(Way::Level).filter(heard),
            rate: best(Way::Rate).filter(heard),
            forecast: best(Way::Forecast).filter(heard),
            silence: rows()
                .filter(heard)
                .filter(|row| row.no_data_after.is_some())
                .max_by_key(rank),
        }
    }
}
