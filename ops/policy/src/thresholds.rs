//! The authoritative thresholds: `ops/alerts/thresholds.md`, read into rules. What is not in it
//! does not alert.
//!
//! Of several rows of one way (level, rise, forecast) whose patterns fit a subject, the most
//! specific is in force: the one with the most literal characters; among equals the later row. A
//! row with `-` in both columns and the most specific pattern switches the less specific rows off.

mod cells;
mod edit;
mod measures;
mod reach;
mod read;
mod row;
#[cfg(test)]
mod tests;
mod variants;

pub use edit::{EditError, RowChange, edit, row_cells};
pub use reach::Unworkable;
pub use row::{Level, Row, Way};
pub use variants::{Variant, variants};

use std::fmt::Write as _;

use domain::{signals::Signals, unit::Unit};
use sha2::{Digest, Sha256};

use crate::{
    diagnostic::Diagnostic, incident_policy::IncidentPolicy, objectives::Objectives,
    pattern::matches, thresholds::read::Names,
};

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
    /// True if nothing is watched.
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
    /// The number of the policy's dependencies in the document itself.
    own_dependencies: usize,
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
        let own_dependencies = policy.dependencies.len();
        Ok(Self { sha256, policy, own_dependencies, rows, signals })
    }

    /// SHA-256 of the document's bytes, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The behaviour of incidents.
    pub fn policy(&self) -> &IncidentPolicy {
        &self.policy
    }

    /// The same, with what each objective counts. Those of objectives that were added before do not
    /// stay.
    #[must_use]
    pub fn with_objectives(mut self, objectives: &Objectives) -> Self {
        self.policy.dependencies.truncate(self.own_dependencies);
        self.policy.dependencies.extend(objectives.dependencies());
        self
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

    /// The rows in force for one signal of one subject.
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
