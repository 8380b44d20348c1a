//! The last 24 hours of what is shown, drawn once for all viewers: what the database holds of them is
//! read in the background after the start, and what comes since is in memory.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use commands::{
    day::{self, Days, Heard, SLOT, SLOTS, SeriesDay, SubjectDay, Trouble, Troubles},
    view::BlindSpan,
};
use domain::{
    breach::BreachKey,
    journal::{Entry, Event},
    reading::{Reading, Status},
    severity::Severity,
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::{handle::Service, inner::Inner};
use crate::{board::Shown, store::StoreError};

/// A database that is away is asked again after this long.
const AGAIN: Duration = Duration::from_secs(5);
/// So many slots are read at a time: the database is not kept busy.
const SLOTS_AT_ONCE: u64 = 2;
/// The most entries about breaches that are read: a storm of them leaves out its beginning.
const MOST_ENTRIES: u32 = 20_000;
/// The most series that are read.
const MOST_SERIES: u32 = 100_000;

type SeriesKey = (Subject, Signal);

/// What the database held of the last day.
#[derive(Debug, Default)]
struct Stored {
    heard: HashMap<SeriesKey, Heard>,
    /// Series that were heard before the day began.
    older: BTreeSet<SeriesKey>,
}

#[derive(Debug, Default)]
struct State {
    /// `None` until it was read.
    stored: Option<Stored>,
    troubles: Troubles,
    /// The last entry of the journal that is in them.
    last: u64,
    /// Counts what was taken.
    changes: u64,
    /// What was drawn last, and from what.
    drawn: Arc<Days>,
    drawn_of: Option<(i64, u64, u64)>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct DayKeeper(Mutex<State>);

impl DayKeeper {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was drawn last: of no subject until what is stored was read.
    pub(super) fn drawn(&self) -> Arc<Days> {
        Arc::clone(&self.lock().drawn)
    }
}

impl State {
    fn take(&mut self, entries: &[Entry]) {
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

    fn draw(
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

/// Whether anything is another that a day is drawn from, but for values.
fn fingerprint(shown: &Shown, blind: &[BlindSpan]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for one in &shown.readings.readings {
        (&one.subject, &one.signal, one.status, one.stale_since).hash(&mut hasher);
    }
    (shown.readings.withheld, blind.len()).hash(&mut hasher);
    hasher.finish()
}

impl Service {
    /// Reads what is stored of the last day, then follows the journal until `stop`.
    pub async fn follow_days(self: Arc<Self>, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.keep_days() => {}
        }
    }

    async fn keep_days(&self) {
        loop {
            let mut entries = self.subscribe();
            if let Err(error) = self.inner.read_days().await {
                tracing::warn!(%error, "the last 24 hours could not be read; trying again");
                tokio::time::sleep(AGAIN).await;
                continue;
            }
            loop {
                self.inner.publishable.notify_one();
                match entries.recv().await {
                    Ok(entries) => self.inner.days.lock().take(&entries),
                    // Too many at once: they are read again.
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return,
                }
            }
        }
    }
}

impl Inner {
    async fn read_days(&self) -> Result<(), StoreError> {
        let now = self.clock.now().wall;
        let begin = day::begin(now);
        let (cursor, _) = self.store.head().await?;
        let mut troubles = Troubles::default();
        let mut told = self.store.breach_entries(begin, MOST_ENTRIES).await?;
        told.extend(self.store.announced(begin).await?);
        told.sort_by_key(|entry| entry.number);
        told.iter().for_each(|entry| troubles.take(entry));
        let last = told.last().map_or(cursor.number, |last| last.number.max(cursor.number));
        let mut stored = Stored::default();
        stored.older.extend(self.store.older_series(begin, MOST_SERIES).await?);
        let step = Span::from_micros(SLOT.as_micros() * SLOTS_AT_ONCE);
        let mut from = begin;
        for _ in 0..u64::from(SLOTS).div_ceil(SLOTS_AT_ONCE) {
            let to = from.plus(step);
            for heard in self.store.heard(from, to).await? {
                let known = stored.heard.entry((heard.subject, heard.signal)).or_default();
                known.join(heard.slot, heard.minutes);
            }
            from = to;
        }
        let mut state = self.days.lock();
        // Only what came meanwhile is missing, and it follows.
        (state.troubles, state.last, state.stored) = (troubles, last, Some(stored));
        state.changes += 1;
        Ok(())
    }

    /// Draws the last 24 hours anew, if a minute is over or anything has changed that they are drawn
    /// from.
    pub(super) fn draw_days(&self, shown: &Shown, blind: &[BlindSpan]) {
        let now = self.clock.now().wall;
        let mut state = self.days.lock();
        let minute = now.as_micros().div_euclid(60_000_000);
        let of = (minute, state.changes, fingerprint(shown, blind));
        if state.drawn_of == Some(of) {
            return;
        }
        state.drawn_of = Some(of);
        state.draw(shown, &self.board.heard(), blind, now);
    }
}
