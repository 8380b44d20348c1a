//! Rows that can never do what they say: levels that no value reaches, recovery that no value reaches.

use std::fmt;

use domain::{severity::Severity, signals::Signals, unit::Unit};

use crate::thresholds::{Level, Row};

/// The reasons for which a row can't work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unworkable {
    /// No value of the signal is beyond the level.
    NeverFires(Severity),
    /// No value of the signal counts as recovered.
    NeverRecovers,
}

impl fmt::Display for Unworkable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverFires(severity) => {
                write!(
                    f,
                    "the {severity} threshold can never be reached",
                    severity = severity.as_str()
                )
            }
            Self::NeverRecovers => {
                write!(f, "it can never recover: its recovery value can't be reached")
            }
        }
    }
}

/// The smallest and the largest value that a declared signal can have; of a pushed one nothing is
/// known.
fn range(signal: &str, signals: &Signals) -> Option<(f64, f64)> {
    let unit = signals.unit(signal)?;
    let share = ["host.", "disk."].iter().any(|start| signal.starts_with(start));
    Some(match unit {
        _ if signal.ends_with(".days_left") => return None,
        Unit::YesNo => (0.0, 1.0),
        _ if signal == "endpoint.status" => (100.0, 599.0),
        // More may fail than the budget has.
        _ if signal == "objective.error_budget_left" => (f64::NEG_INFINITY, 100.0),
        Unit::Percent if share => (0.0, 100.0),
        _ => (0.0, f64::INFINITY),
    })
}

impl Row {
    /// The reason that it can't work, if it can't. Only signals that collectors declare have known
    /// values.
    pub fn unworkable(&self, signals: &Signals) -> Option<Unworkable> {
        let (least, most) = range(self.signal.as_str(), signals)?;
        let reaches = |level: Level| match level {
            Level::Above(level) => level < most,
            Level::Below(level) => level > least,
            // A yes or no has no usual size.
            Level::Usual(_) => most - least > 1.0,
            Level::Rises { by, .. } => by < most - least,
            Level::Reaches { limit, .. } => (least..=most).contains(&limit),
        };
        for severity in [Severity::Warning, Severity::Critical] {
            if self.level(severity).is_some_and(|level| !reaches(level)) {
                return Some(Unworkable::NeverFires(severity));
            }
        }
        let recovers = match self.recovers_at.or(self.base())? {
            Level::Above(level) => level >= least,
            Level::Below(level) => level <= most,
            Level::Usual(_) | Level::Rises { .. } | Level::Reaches { .. } => true,
        };
        (!recovers).then_some(Unworkable::NeverRecovers)
    }
}
