//! Roll-ups: what a signal did in one minute or hour.

use domain::{
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
    unit::Unit,
};

/// The period that one roll-up covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RollupStep {
    /// A minute; kept for 90 days.
    Minute,
    /// An hour; kept for 2 years.
    Hour,
}

impl RollupStep {
    /// The period that one roll-up covers.
    pub const fn length(self) -> Span {
        match self {
            Self::Minute => Span::from_mins(1),
            Self::Hour => Span::from_mins(60),
        }
    }

    /// For how long roll-ups are kept.
    pub const fn kept(self) -> Span {
        const DAY: u64 = 24 * 60;
        match self {
            Self::Minute => Span::from_mins(90 * DAY),
            Self::Hour => Span::from_mins(730 * DAY),
        }
    }

    /// The length of the period that is packed as one block, counted from 1970: a day of minutes, 30
    /// days of hours.
    pub const fn period(self) -> Span {
        const DAY: u64 = 24 * 60;
        match self {
            Self::Minute => Span::from_mins(DAY),
            Self::Hour => Span::from_mins(30 * DAY),
        }
    }

    /// For how long the roll-ups of a period that is over stay rows: what comes late is still added
    /// to a row then, and what is usual is learned from the hours of a week.
    pub const fn loose(self) -> Span {
        const DAY: u64 = 24 * 60;
        match self {
            Self::Minute => Span::from_mins(DAY),
            Self::Hour => Span::from_mins(8 * DAY),
        }
    }

    pub(crate) const fn code(self) -> i64 {
        match self {
            Self::Minute => 1,
            Self::Hour => 2,
        }
    }

    pub(crate) fn from_code(code: i64) -> Option<Self> {
        [Self::Minute, Self::Hour].into_iter().find(|step| step.code() == code)
    }
}

/// The values of a signal in one minute or hour.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollup {
    /// About whom.
    pub subject: Subject,
    /// The signal.
    pub signal: Signal,
    /// The unit of the values.
    pub unit: Unit,
    /// The period it covers.
    pub step: RollupStep,
    /// The start: a whole minute or hour.
    pub start: Timestamp,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The last value.
    pub last: f64,
    /// Number of values.
    pub count: u32,
}

/// The minutes of a slot of [`commands::day::SLOT`] in which a signal was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardSlot {
    /// About whom.
    pub subject: Subject,
    /// The signal.
    pub signal: Signal,
    /// The slot, counted from 1970.
    pub slot: i64,
    /// A bit for each minute.
    pub minutes: u32,
}

/// A batch with each series, step and start once, and without what is not a finite number.
pub(super) fn joined(rollups: &[Rollup]) -> Vec<Rollup> {
    let mut sorted: Vec<Rollup> = rollups
        .iter()
        .filter(|rollup| {
            rollup.count > 0
                && [rollup.min, rollup.max, rollup.mean, rollup.last]
                    .iter()
                    .all(|value| value.is_finite())
        })
        .cloned()
        .collect();
    let key = |rollup: &Rollup| {
        (rollup.subject.clone(), rollup.signal.clone(), rollup.step.code(), rollup.start)
    };
    sorted.sort_by_cached_key(key);
    sorted.dedup_by(|next, kept| {
        let same = key(next) == key(kept);
        if same {
            let (a, b) = (f64::from(kept.count), f64::from(next.count));
            kept.mean = (kept.mean * a + next.mean * b) / (a + b);
            kept.min = kept.min.min(next.min);
            kept.max = kept.max.max(next.max);
            kept.last = next.last;
            kept.unit = next.unit.clone();
            kept.count = kept.count.saturating_add(next.count);
        }
        same
    });
    sorted
}
