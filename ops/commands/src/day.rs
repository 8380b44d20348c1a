//! The last 24 hours of a subject in slots of half an hour, worst first within each: what the bar on
//! the health page shows. Drawn from the minutes in which something was heard, from what the journal
//! tells of breaches, and from the times in which nothing could be observed.

mod heard;
mod slot;
mod troubles;

pub use heard::Heard;
pub use troubles::{Trouble, Troubles};

use domain::{
    severity::Severity,
    subject::Subject,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

use slot::{MINUTE, SLOT_MINUTES, minute_of, slot_of};

/// The length of a slot.
pub const SLOT: Span = Span::from_mins(30);
/// The slots of a day; the last one is under way.
pub const SLOTS: u8 = 48;

/// Silence shorter than this many minutes is none: sources and roll-ups do not keep to the second.
const SHORTEST_SILENCE: i64 = 3;
/// And shorter than so many of the usual distances between reports.
const MISSED: i64 = 3;
/// So many distances tell which is usual; fewer may be those of a gap.
const TELLING: usize = 4;
/// A shorter time without observations is a round of a collector that was missed.
const SHORTEST_BLIND: Span = Span::from_mins(1);

/// The state of a slot: the worst of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DayState {
    /// Not there yet.
    Absent,
    /// Heard as expected, and nothing was wrong.
    Healthy,
    /// Nothing was heard of some of its signals, or nothing could be observed.
    NoData,
    /// A warning breach held.
    Warning,
    /// A critical breach held.
    Critical,
}

impl From<Severity> for DayState {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Warning => Self::Warning,
            Severity::Critical => Self::Critical,
        }
    }
}

/// Slots that follow each other and are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DayRun {
    /// Their state.
    pub state: DayState,
    /// The count.
    pub slots: u8,
}

/// The last 24 hours of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SubjectDay {
    /// About whom.
    pub subject: Subject,
    /// Its 48 slots of 30 minutes, oldest first.
    pub runs: Vec<DayRun>,
}

/// The last 24 hours of everything that is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Days {
    /// Start of the first slot.
    pub from: Timestamp,
    /// Each subject once, in their order; none until what is stored was read after a start.
    pub subjects: Vec<SubjectDay>,
}

impl Days {
    /// The day of a subject, if it is known.
    pub fn of(&self, subject: &Subject) -> Option<&SubjectDay> {
        let place = self.subjects.binary_search_by(|day| day.subject.cmp(subject)).ok()?;
        self.subjects.get(place)
    }
}

/// A signal of a subject, as far as it was heard.
#[derive(Clone, Debug)]
pub struct SeriesDay {
    /// The minutes in which it was heard.
    pub heard: Heard,
    /// Heard before the day began.
    pub is_older: bool,
    /// Since when it is silent for longer than expected, if it is.
    pub silent_since: Option<Timestamp>,
}

/// The last minute of a time that ends before `to`.
fn last_minute(from: Timestamp, to: Timestamp) -> i64 {
    minute_of(to.minus(Span::from_micros(1)).max(from))
}

/// Returns the start of the first slot of the day that ends with `now`.
pub fn begin(now: Timestamp) -> Timestamp {
    let slot = slot_of(now).saturating_sub(i64::from(SLOTS) - 1);
    Timestamp::from_micros(slot.saturating_mul(SLOT_MINUTES * MINUTE))
}

/// The slots of a day while they are drawn.
struct Slots {
    first: i64,
    /// The present minute.
    now: i64,
    states: [DayState; SLOTS as usize],
}

impl Slots {
    fn new(now: Timestamp) -> Self {
        Self {
            first: slot_of(begin(now)),
            now: minute_of(now),
            states: [DayState::Absent; SLOTS as usize],
        }
    }

    /// Draws over the slots of these minutes, both ends included, what is not worse already.
    fn draw(&mut self, from: i64, to: i64, state: DayState, over_absent: bool) {
        let place = |minute: i64| minute.div_euclid(SLOT_MINUTES).saturating_sub(self.first);
        let (from, to) = (place(from).max(0), place(to.min(self.now)));
        for (_, slot) in (0..).zip(&mut self.states).filter(|(at, _)| (from..=to).contains(at)) {
            if over_absent || *slot != DayState::Absent {
                *slot = (*slot).max(state);
            }
        }
    }

    fn series(&mut self, one: &SeriesDay) {
        let begin = self.first.saturating_mul(SLOT_MINUTES);
        let heard: Vec<i64> = one.heard.minutes(begin, self.now).collect();
        let since = match heard.first() {
            _ if one.is_older => begin,
            Some(first) => *first,
            None => return,
        };
        self.draw(since, self.now, DayState::Healthy, true);
        let reach = reach(&heard);
        let mut last = one.is_older.then_some(begin - 1);
        for minute in heard.iter().copied() {
            if let Some(last) = last
                && minute - last > reach
            {
                self.draw(last + 1, minute - 1, DayState::NoData, true);
            }
            last = Some(minute);
        }
        if heard.is_empty() || one.silent_since.is_some() {
            let from = last.map_or(since, |last| last + 1).min(self.now);
            self.draw(from, self.now, DayState::NoData, true);
        }
    }

    fn runs(&self) -> Vec<DayRun> {
        let alike = self.states.chunk_by(|one, next| one == next);
        let run = |slots: &[DayState]| {
            let count = u8::try_from(slots.len()).unwrap_or(SLOTS);
            slots.first().map(|state| DayRun { state: *state, slots: count })
        };
        alike.filter_map(run).collect()
    }
}

/// Minutes after which the next report is late.
fn reach(heard: &[i64]) -> i64 {
    let mut distances: Vec<i64> = heard.windows(2).map(|pair| pair[1] - pair[0]).collect();
    distances.sort_unstable();
    let usual = distances.get(distances.len().saturating_sub(1) / 2).copied().unwrap_or(1);
    // A few distances can't tell a slow source from one that fell silent.
    let usual = if distances.len() < TELLING { 1 } else { usual };
    usual.saturating_mul(MISSED).max(SHORTEST_SILENCE)
}

/// Draws the day of a subject that ends with `now`.
pub fn day<'a>(
    now: Timestamp,
    series: &[SeriesDay],
    troubles: impl IntoIterator<Item = &'a Trouble>,
    blind: &[(Timestamp, Timestamp)],
) -> Vec<DayRun> {
    let mut slots = Slots::new(now);
    series.iter().for_each(|one| slots.series(one));
    for (from, to) in blind.iter().filter(|(from, to)| to.since(*from) >= SHORTEST_BLIND) {
        slots.draw(minute_of(*from), last_minute(*from, *to), DayState::NoData, false);
    }
    for trouble in troubles {
        let (from, to) = (trouble.from, trouble.to.unwrap_or(now));
        slots.draw(minute_of(from), last_minute(from, to), trouble.severity.into(), true);
    }
    slots.runs()
}

#[cfg(test)]
mod tests;
