//! Row of the thresholds: what a signal is compared with, and for how long.

use domain::{
    breach::{Crossing, Guidance},
    severity::Severity,
    signal::Signal,
    threshold::{ThresholdRow, ThresholdWay},
    time::Span,
    unit::Unit,
    usual::{Bounds, RelativeLevel},
};

/// The value of comparison, in the signal's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Level {
    /// The value is above this.
    Above(f64),
    /// The value is below this.
    Below(f64),
    /// The value is beyond this, relative to what is usual at this hour.
    Usual(RelativeLevel),
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
            Self::Above(_) | Self::Below(_) | Self::Usual(_) => Way::Level,
            Self::Rises { .. } => Way::Rate,
            Self::Reaches { .. } => Way::Forecast,
        }
    }

    /// As a breach tells it.
    pub fn crossing(self) -> Crossing {
        match self {
            Self::Above(level) => Crossing::Above { level },
            Self::Below(level) => Crossing::Below { level },
            Self::Usual(relative) => Crossing::Usual { relative, bounds: Bounds::default() },
            Self::Rises { by, within } => {
                Crossing::Rising { by, within_seconds: within.as_secs_f64() }
            }
            Self::Reaches { limit, within } => {
                Crossing::Reaching { limit, within_seconds: within.as_secs_f64() }
            }
        }
    }

    /// The number on a scale on which more is worse; the engine measures values on the
    /// same scale.
    pub fn on_scale(self) -> f64 {
        match self {
            Self::Above(level) => level,
            Self::Below(level) => -level,
            Self::Usual(level) => level.on_scale(),
            Self::Rises { by, within } => by / within.as_secs_f64(),
            Self::Reaches { within, .. } => -within.as_secs_f64(),
        }
    }

    pub(super) fn comparable(self, other: Self) -> bool {
        match (self, other) {
            (Self::Above(_), Self::Above(_))
            | (Self::Below(_), Self::Below(_))
            | (Self::Rises { .. }, Self::Rises { .. }) => true,
            (Self::Usual(one), Self::Usual(two)) => one.side == two.side && one.floor == two.floor,
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
    /// Time for which it must be beyond the warning level.
    pub warning_for: Span,
    /// Time for which it must be beyond the critical level.
    pub critical_for: Span,
    /// At or past this it has recovered; `None`: the warning level (the critical one where there is
    /// no other).
    pub recovers_at: Option<Level>,
    /// Silence for longer than this is a breach.
    pub no_data_after: Option<Span>,
    /// The words of the document about it.
    pub guidance: Guidance,
    /// The line in the document, from 1.
    pub line: u32,
}

impl Row {
    /// The row as changes of it name it; `None` for one that only watches silence, or nothing.
    pub fn named(&self) -> Option<ThresholdRow> {
        let way = match self.way() {
            Way::Level => ThresholdWay::Level,
            Way::Rate => ThresholdWay::Rise,
            Way::Forecast => ThresholdWay::Forecast,
            Way::Quiet => return None,
        };
        let (signal, subjects) = (self.signal.clone(), self.pattern.clone());
        Some(ThresholdRow { signal, subjects, way, line: self.line })
    }

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

    /// The specificity of its pattern: the number of literal characters.
    pub(super) fn literal(&self) -> usize {
        self.pattern.chars().filter(|&c| c != '*').count()
    }
}
