//! The last 24 hours of what is shown, drawn once for all viewers: what the database holds of them is
//! read in the background after the start, and what comes since is in memory.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
    time::Duration,
};

use commands::{
    day::{self, SLOT, SLOTS, Troubles},
    view::BlindSpan,
};
use domain::time::Span;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::{day_keeper::Stored, handle::Service, inner::Inner};
use crate::{current_status::Shown, store::StoreError};

/// A database that is away is asked again after this long.
const AGAIN: Duration = Duration::from_secs(5);
/// So many slots are read at a time: the database is not kept busy.
const SLOTS_AT_ONCE: u64 = 2;
/// The most entries about breaches that are read: a storm of them leaves out its beginning.
const MOST_ENTRIES: u32 = 20_000;
/// The most series that are read.
const MOST_SERIES: u32 = 100_000;

/// A fingerprint of all that a day is drawn from, but for values.
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
