//! State of the service, and what every part of it uses: what is at hand, and the way of entries to
//! the stream.

use std::{
    sync::{
        Arc, OnceLock, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use commands::sources::SourcesPage;
use domain::{
    actor::Actor,
    announcements::Announcements,
    error::DatabaseFault,
    journal::{Cursor, Entry},
    protection::Protection,
    time::{MonotonicTime, Span, Timestamp},
};
use tokio::sync::{Mutex, Notify, broadcast, watch};

use super::{
    at_hand::{AtHand, bounded},
    critical_times::CriticalTimes,
    day_keeper::DayKeeper,
    directory::Known,
    proofs::Proofs,
    set_up::SetUp,
    uptime_keeper::UptimeKeeper,
};
use crate::{
    checks::Checks,
    clock::Clock,
    current_status::CurrentStatus,
    inspections::Inspections,
    protection::Enforcement,
    publisher::Publisher,
    remediation::Recovery,
    sources::SourceKeeper,
    store::{BLIND_SPANS, Store, StoreError},
    stream::Live,
    trials::Trials,
};

/// The period in which resolved incidents are looked for.
const RECENT: Span = Span::from_mins(30 * 24 * 60);
/// The longest time that a page waits for the database where it can do without it.
const LONGEST_READING: Duration = Duration::from_secs(3);
/// After a failure the database is asked again for a page after this long.
const ASK_AGAIN: Span = Span::from_secs(2);
/// Number of entries that are read at a time when the service catches up.
const PAGE: u32 = 500;

/// The last failure of the database.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    /// Since when.
    since: Timestamp,
    /// Time at which it was asked last.
    at: MonotonicTime,
    fault: DatabaseFault,
}

/// True if a failure takes long to be noticed.
const fn is_slow(fault: &DatabaseFault) -> bool {
    matches!(fault, DatabaseFault::NoAnswer | DatabaseFault::Unreachable)
}

pub(super) struct Inner {
    pub store: Arc<dyn Store>,
    pub board: Arc<CurrentStatus>,
    pub live: Arc<Live>,
    pub recovery: Arc<Recovery>,
    pub inspections: Arc<Inspections>,
    /// The facts about the configuration for readiness.
    pub set_up: OnceLock<SetUp>,
    /// The place where protection takes effect.
    pub enforcement: OnceLock<Arc<Enforcement>>,
    /// The public status page.
    pub publisher: OnceLock<Arc<Publisher>>,
    pub clock: Clock,
    /// Serializes changes, so that entries reach the live stream in the order of their numbers. It
    /// holds the last position sent.
    pub writing: Mutex<Option<Cursor>>,
    /// The last number that is known to be committed: what is at hand and older is not shown.
    pub committed: AtomicU64,
    pub at_hand: RwLock<Option<AtHand>>,
    /// Only one reader refreshes what is at hand, and the others wait for it.
    pub refreshing: Mutex<()>,
    pub changed: watch::Sender<u64>,
    /// The state at hand has changed: the stream tells of it.
    pub publishable: Notify,
    /// The last 24 hours of what is shown.
    pub days: DayKeeper,
    /// The counts of probes.
    pub uptime: UptimeKeeper,
    /// The times at which incidents became critical, for the charts of the history.
    pub critical_times: CriticalTimes,
    /// Checks that people ask for.
    pub checks: Arc<Checks>,
    /// The findings of each collector.
    pub sources: Arc<SourceKeeper>,
    /// The accounts, as read last.
    pub roster: RwLock<Option<Arc<Known>>>,
    /// Grows with every change about people.
    pub people_version: AtomicU64,
    /// Grows whenever it was noted that someone was seen.
    pub seen_version: AtomicU64,
    pub people: watch::Sender<u64>,
    pub entries: broadcast::Sender<Arc<Vec<Entry>>>,
    pub proofs: Proofs,
    /// Serializes changes of the thresholds, of which each writes the document first.
    pub rewriting: Arc<Mutex<()>>,
    /// Trials of changed thresholds: one at a time.
    pub trials: Trials,
    /// The failure of the database at the last reading, if it did.
    pub failed: RwLock<Option<Failed>>,
}

impl Inner {
    /// Asks the database for what can also be shown from memory: for no longer than a page can
    /// wait, and not again a moment after it failed.
    pub async fn ask<T>(
        &self,
        reading: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let began = self.clock.now();
        let failed = || self.failed.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(Failed { at, fault, .. }) = failed()
            && is_slow(&fault)
            && began.mono.since(at) < ASK_AGAIN
        {
            return Err(fault.into());
        }
        let read = tokio::time::timeout(LONGEST_READING, reading)
            .await
            .unwrap_or_else(|_| Err(DatabaseFault::NoAnswer.into()));
        let now = match &read {
            Err(StoreError::Unavailable { fault, .. }) => {
                let since = failed().map_or(began.wall, |failed| failed.since);
                Some(Failed { since, at: self.clock.now().mono, fault: fault.clone() })
            }
            _ => None,
        };
        *self.failed.write().unwrap_or_else(PoisonError::into_inner) = now;
        read
    }

    /// Since when readings of the database fail, and how.
    pub fn away(&self) -> Option<(Timestamp, DatabaseFault)> {
        let failed = self.failed.read().unwrap_or_else(PoisonError::into_inner);
        failed.as_ref().map(|failed| (failed.since, failed.fault.clone()))
    }

    /// The findings of each collector, from memory.
    pub fn sources_page(&self) -> SourcesPage {
        let now = self.clock.now();
        let shown = self.sources.shown(now);
        let collects = shown.is_some();
        let (sources, absent) = shown.unwrap_or_default();
        SourcesPage { at: now.wall, collects, sources, absent }
    }

    pub fn glance<T>(&self, look: impl FnOnce(&AtHand) -> T) -> Option<T> {
        self.at_hand.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(look)
    }

    /// The place where protection takes effect; nowhere as long as that was not set.
    pub fn enforcement(&self) -> &Enforcement {
        self.enforcement.get_or_init(|| Arc::new(Enforcement::nowhere(self.clock)))
    }

    /// True if the journal begins with generated data.
    pub fn is_generated(&self) -> bool {
        self.set_up.get().is_some_and(|set_up| set_up.is_generated)
    }

    /// The public status page; an empty one as long as none was set.
    pub fn publisher(&self) -> &Arc<Publisher> {
        self.publisher.get_or_init(|| Arc::new(Publisher::nowhere(self.clock)))
    }

    pub fn send(&self, epoch: u32, entries: Vec<Entry>, actor: Actor) {
        self.live.committed(epoch, &entries);
        // Nobody needs to listen.
        let _ = self.entries.send(Arc::new(entries));
        self.publishable.notify_one();
        if actor.is_person() {
            self.changed.send_modify(|count| *count += 1);
        }
    }

    /// An earlier change was carried out though its answer was lost: its entries go out first.
    /// Returns how far it came; the next change goes on from there.
    pub async fn send_missing(&self, before: Cursor, after: Cursor, actor: Actor) -> u64 {
        let mut number = before.number;
        while number < after.number {
            match self.store.entries(number, PAGE).await {
                Ok(entries) if !entries.is_empty() => {
                    number = entries.last().map_or(number, |entry| entry.number);
                    self.people_changed(&entries);
                    self.enforcement().take(&entries).await;
                    self.publisher().take(&entries);
                    self.send(before.epoch, entries, actor);
                }
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, after = number, "entries could not be read for the live stream");
                    break;
                }
            }
        }
        number
    }

    pub fn mark_stale(&self) {
        if let Some(at_hand) = &mut *self.at_hand.write().unwrap_or_else(PoisonError::into_inner) {
            at_hand.stale = true;
        }
        self.publishable.notify_one();
    }

    /// Carries the new entries out on what is at hand; where that is not possible it is read again
    /// later.
    pub async fn keep_at_hand(&self, after: Cursor, entries: &[Entry]) {
        let head = match self.store.head().await {
            Ok((cursor, head)) if cursor == after => head,
            _ => return self.mark_stale(),
        };
        let mut guard = self.at_hand.write().unwrap_or_else(PoisonError::into_inner);
        let Some(at_hand) = &mut *guard else { return };
        if !at_hand.stale && at_hand.cursor.number >= after.number {
            // A reader was quicker.
            return;
        }
        let follows =
            entries.first().is_some_and(|entry| entry.number == at_hand.cursor.number + 1);
        if at_hand.stale || !follows || !at_hand.take(entries) {
            at_hand.stale = true;
            return;
        }
        (at_hand.cursor, at_hand.head) = (after, head);
    }

    /// The state at hand, read again if it must be.
    pub async fn at_hand(&self) -> Result<AtHand, StoreError> {
        match self.fresh() {
            Some(at_hand) => Ok(at_hand),
            None => self.ask(self.read_at_hand()).await,
        }
    }

    async fn read_at_hand(&self) -> Result<AtHand, StoreError> {
        let _one = self.refreshing.lock().await;
        if let Some(at_hand) = self.fresh() {
            return Ok(at_hand);
        }
        let mut tries = 3;
        loop {
            let (cursor, head) = self.store.head().await?;
            let now = self.clock.now().wall;
            let incidents =
                Arc::new(bounded(self.store.recent_incidents(now.minus(RECENT)).await?));
            let blind = Arc::new(
                self.store.blind_spans(now.minus(Span::from_mins(24 * 60)), BLIND_SPANS).await?,
            );
            // Of reported changes none is shown from here.
            let announced = self.store.announced(now).await?;
            let announcements = Arc::new(Announcements::of(&announced));
            let protection = Arc::new(Protection::of(&announced));
            let at_hand =
                AtHand { cursor, head, incidents, blind, announcements, protection, stale: false };
            // Only what is of one position is kept. In a storm of changes a reading of two is good
            // enough for one viewer: the stream goes on from the older one.
            if self.store.head().await?.0 == cursor {
                *self.at_hand.write().unwrap_or_else(PoisonError::into_inner) =
                    Some(at_hand.clone());
                return Ok(at_hand);
            }
            tries -= 1;
            if tries == 0 {
                return Ok(at_hand);
            }
        }
    }

    pub fn fresh(&self) -> Option<AtHand> {
        let committed = self.committed.load(Ordering::Acquire);
        self.last_at_hand().filter(|at_hand| !at_hand.stale && at_hand.cursor.number >= committed)
    }

    pub fn last_at_hand(&self) -> Option<AtHand> {
        self.at_hand.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
