//! The first deviation of a signal before it became a problem: the values before are scored as
//! Iglewicz and Hoaglin do ("How to Detect and Handle Outliers", 1993) against two quiet hours.

use domain::{
    breach::Breach,
    time::{Span, Timestamp},
};

use crate::moved::Baseline;

/// The time before a problem that is looked at.
pub const LOOK_BACK: Span = Span::from_mins(3 * 60);
/// The part of it, before the problem, in which a deviation is looked for; what is before that tells
/// what is usual.
const SEARCHED: Span = Span::from_mins(60);
/// The score from which a value deviates.
const DEVIATES: f64 = 3.5;
/// So many values in a row that do not deviate end a deviation, seen backwards.
const CALM: usize = 2;
/// The newest value before the problem is not older than this, else history is missing.
const NEAR: Span = Span::from_mins(5);

/// The first deviation of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onset {
    /// Not known: history is missing.
    Unknown,
    /// Then.
    At {
        /// The time.
        at: Timestamp,
        /// True if it was then or earlier: it reaches back as far as was looked.
        at_least: bool,
    },
}

/// Finds the first deviation before a problem, in values of [`LOOK_BACK`] before its beginning and
/// up to it, oldest first. What is silent deviates from its last value on.
pub fn onset(values: &[(Timestamp, f64)], breach: &Breach) -> Onset {
    if breach.crossing.is_silent() {
        return Onset::At { at: breach.value_at.min(breach.since), at_least: false };
    }
    let (from, search) = (breach.since.minus(LOOK_BACK), breach.since.minus(SEARCHED));
    let within = |from: Timestamp, to: Timestamp| {
        values.iter().copied().filter(move |(at, _)| (from..=to).contains(at))
    };
    let before: Vec<f64> = within(from, search).map(|(_, value)| value).collect();
    let searched: Vec<(Timestamp, f64)> = within(search, breach.since).collect();
    let newest = searched.last().map(|(at, _)| *at);
    let is_near = newest.is_some_and(|newest| breach.since.since(newest) <= NEAR);
    let Some(baseline) = Baseline::of_enough(&before, &breach.unit).filter(|_| is_near) else {
        return Onset::Unknown;
    };
    let side = baseline.score(breach.peak).signum();
    let (mut first, mut calm) = (breach.since, 0);
    for (at, value) in searched.iter().rev() {
        if baseline.score(*value) * side >= DEVIATES {
            (first, calm) = (*at, 0);
        } else {
            calm += 1;
            if calm == CALM {
                return Onset::At { at: first, at_least: false };
            }
        }
    }
    Onset::At { at: first, at_least: searched.first().is_some_and(|(at, _)| *at == first) }
}
