//! The states of the last 24 hours, and how they are drawn: pure but for its lock.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use commands::{
    day::{self, Days, Heard, SeriesDay, SubjectDay, Trouble, Troubles},
    view::BlindSpan,
};
use domain::{
    breach::BreachKey,
    journal::{Entry, Event},
    reading::{Reading, Status},
    severity::Severity,
    signal::Signal,
    subject::Subject,
    time::Timestamp,
};

use crate::current_status::Shown;

pub(super) type SeriesKey = (Subject, Signal);

/// The part of the last day that the database held.
#[derive(Debug, Default)]
pub(super) struct Stored {
    pub heard: HashMap<SeriesKey, Heard>,
    /// Series that were heard before the day began.
    pub older: BTreeSet<SeriesKey>,
}

/// The known states, and their drawing.
#[derive(Debug, Default)]
pub(super) struct State {
    /// `None` until it was read.
    pub stored: Option<Stored>,
    pub troubles: Troubles,
    /// The last entry of the journal that is in them.
    pub last: u64,
    /// Counts what was taken.
    pub changes: u64,
    /// The last drawing, and from what.
    pub drawn: Arc<Days>,
    pub drawn_of: Option<(i64, u64, u64)>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct DayKeeper(Mutex<State>);

impl DayKeeper {
    /// The known states.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last drawing: of no subject until what is stored was read.
    pub fn drawn(&self) -> Arc<Days> {
        Arc::clone(&self.lock().drawn)
    }
}

impl State {
    /// Takes committed entries.
    pub fn take(&mut self, entries: &[Entry]) {
        for entry in entries.iter().filter(|entry| entry.number > self.last) {
            self.troubles.take(entry);
            // It begins anew if it reports again.
            if let (Some(Event::SubjectRetired { subject }), Some(stored)) =
                (&entry.event, &mut self.stored)
            {
                stored.heard.retain(|(of, _), _| of != subject);
                stored.older.retain(|(of, _)| of != subject);
            }
        }
        self.last = entries.last().map_or(self.last, |entry| self.last.max(entry.number));
        self.changes += 1;
    }

    /// Draws the last 24 hours, once what is stored was read.
    pub fn draw(
        &mut self,
        shown: &Shown,
        live: &HashMap<SeriesKey, Heard>,
        blind: &[BlindSpan],
        now: Timestamp,
    ) {
        let begin = day::begin(now);
        let readings = &shown.readings.readings;
        self.troubles.follow(&held(readings), now);
        self.troubles.forget_before(begin);
        let Some(stored) = &self.stored else { return };
        let blind: Vec<_> = blind.iter().map(|span| (span.from, span.to)).collect();
        let withheld: Vec<(&Subject, Trouble)> = shown
            .withheld
            .values()
            .flat_map(|list| &list.breaches)
            .map(|one| (&one.subject, Trouble::withheld(one)))
            .collect();
        let of_subject = readings.chunk_by(|one, next| one.subject == next.subject);
        let subjects = of_subject.filter_map(|readings| {
            let subject = &readings.first()?.subject;
            let is_judged = readings.iter().any(|reading| reading.status != Status::Shown);
            let series: Vec<SeriesDay> = readings
                .iter()
                .filter(|reading| !is_judged || reading.status != Status::Shown)
                .map(|reading| series(reading, stored, live, begin))
                .collect();
            let withheld =
                withheld.iter().filter(|(of, _)| *of == subject).map(|(_, trouble)| trouble);
            let troubles = self.troubles.of(subject).chain(withheld);
            let runs = day::day(now, &series, troubles, &blind);
            Some(SubjectDay { subject: subject.clone(), runs })
        });
        self.drawn = Arc::new(Days { from: begin, subjects: subjects.collect() });
    }
}

/// The breaches that readings tell.
fn held(readings: &[Reading]) -> BTreeMap<BreachKey, Severity> {
    let severity = |status: Status| match status {
        Status::Critical => Some(Severity::Critical),
        Status::Warning => Some(Severity::Warning),
        Status::Healthy | Status::Shown | Status::Unknown | Status::Watching => None,
    };
    let key =
        |one: &Reading| BreachKey { subject: one.subject.clone(), signal: one.signal.clone() };
    readings.iter().filter_map(|one| Some((key(one), severity(one.status)?))).collect()
}

fn series(
    reading: &Reading,
    stored: &Stored,
    live: &HashMap<SeriesKey, Heard>,
    begin: Timestamp,
) -> SeriesDay {
    let key = (reading.subject.clone(), reading.signal.clone());
    let mut heard = stored.heard.get(&key).cloned().unwrap_or_default();
    if let Some(live) = live.get(&key) {
        heard.join_all(live);
    }
    let is_silent = reading.status == Status::Unknown || reading.stale_since.is_some();
    SeriesDay {
        heard,
        is_older: stored.older.contains(&key) || reading.at < begin,
        silent_since: is_silent.then(|| reading.stale_since.unwrap_or(reading.at)),
    }
}
