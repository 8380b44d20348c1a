//! The live stream: tails the journal, and carries what the pages show beside it: readings, cards of
//! incidents, and the rest of the health page, each as the difference to what was sent before. Each
//! event is encoded once for all viewers.
//!
//! Readers own nothing but a position. An event lies once in a bounded ring; a reader that falls
//! behind the ring goes on from the database, and one that is too far behind even for that is told
//! to start again. So a slow reader costs no memory and skips nothing.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Write as _,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use commands::{
    stream::StreamEvent,
    view::{Incidents, Overview, Readings},
};
use domain::{
    id::RecommendationId,
    journal::{Cursor, Entry, Event},
    time::Timestamp,
};
use futures::{Stream, stream};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    http::places::{Holder, Place, Places, Seat},
    store::Store,
};

mod event;
mod topic;

use event::event;
use topic::Topic;

/// The number of bytes of the journal that stay encoded in memory.
const RING_BYTES: usize = 2 * 1024 * 1024;
/// A reader further behind than this is told to start again.
const FARTHEST_BEHIND: u64 = 5_000;
/// The least time between two events about runs: at most four a second.
const RUN_SPACING: Duration = Duration::from_millis(250);
/// Number of runs that are told apart; who missed an older one asks when the journal says that it
/// ended.
const MOST_RUNS: usize = 64;
/// The interval at which a silent stream says that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The newest state to send: counters, so that a late reader sees that something changed, and what.
#[derive(Debug, Default)]
struct Newest {
    journal: AtomicU64,
    topics: AtomicU64,
    runs: AtomicU64,
    alive: AtomicU64,
}

/// Those counters, as a reader sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    journal: u64,
    topics: u64,
    runs: u64,
    alive: u64,
}

impl Newest {
    fn seen(&self) -> Seen {
        let of = |counter: &AtomicU64| counter.load(Ordering::Acquire);
        Seen {
            journal: of(&self.journal),
            topics: of(&self.topics),
            runs: of(&self.runs),
            alive: of(&self.alive),
        }
    }
}

#[derive(Debug, Default)]
struct Ring {
    /// Number and encoded event, without gaps.
    events: VecDeque<(u64, Bytes)>,
    bytes: usize,
}

impl Ring {
    /// Takes the content of an event away: it was redacted, and goes out to nobody any more.
    fn forget(&mut self, epoch: u32, number: u64) {
        let at = self
            .events
            .front()
            .and_then(|(oldest, _)| usize::try_from(number.checked_sub(*oldest)?).ok());
        let Some((_, encoded)) = at.and_then(|at| self.events.get_mut(at)) else { return };
        let told = std::str::from_utf8(encoded)
            .ok()
            .and_then(|text| text.split_once("\ndata: ")?.1.lines().next());
        let entry = told.and_then(|json| match serde_json::from_str(json) {
            Ok(StreamEvent::Journal(entry)) => Some(*entry),
            _ => None,
        });
        let forgotten =
            entry.map_or_else(Bytes::new, |entry| encode(epoch, &Entry { event: None, ..entry }));
        self.bytes = self.bytes + forgotten.len() - encoded.len();
        *encoded = forgotten;
    }
}

/// The runs that printed something, each with the version in which it did so last.
#[derive(Debug, Default)]
struct Runs {
    version: u64,
    last: BTreeMap<RecommendationId, u64>,
}

/// See the module.
#[derive(Debug)]
pub struct Live {
    runs: Mutex<Runs>,
    run_came: Notify,
    ring: RwLock<Ring>,
    readings: Topic<Readings>,
    incidents: Topic<Incidents>,
    overview: Topic<Overview>,
    newest: Newest,
    head: Mutex<Cursor>,
    places: Arc<Places>,
}

impl Live {
    /// Begins at the journal's end. At most `limit` readers at a time. `now` tells the versions of
    /// this run from those of earlier ones.
    pub fn new(head: Cursor, limit: usize, now: Timestamp) -> Arc<Self> {
        let first = u64::try_from(now.as_micros() / 1_000).unwrap_or_default();
        let newest = Newest { journal: AtomicU64::new(head.number), ..Newest::default() };
        Arc::new(Self {
            runs: Mutex::default(),
            run_came: Notify::new(),
            ring: RwLock::default(),
            readings: Topic::new(first),
            incidents: Topic::new(first),
            overview: Topic::new(first),
            newest,
            head: Mutex::new(head),
            places: Places::new(limit),
        })
    }

    /// Called by the service after each commit, in the order of the journal, while it holds its
    /// writing lock.
    pub fn committed(&self, epoch: u32, entries: &[Entry]) {
        let Some(last) = entries.last() else { return };
        {
            let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
            // A place in the ring is found by its number. What does not follow begins it anew, and
            // who is behind reads the database.
            if ring
                .events
                .back()
                .zip(entries.first())
                .is_some_and(|((newest, _), first)| first.number != newest + 1)
            {
                *ring = Ring::default();
            }
            for entry in entries {
                if let Some(Event::Redacted { entry, .. }) = &entry.event {
                    ring.forget(epoch, *entry);
                    self.incidents.forget();
                }
                let encoded = encode(epoch, entry);
                ring.bytes += encoded.len();
                ring.events.push_back((entry.number, encoded));
            }
            while ring.bytes > RING_BYTES
                && ring.events.len() > 1
                && let Some((_, oldest)) = ring.events.pop_front()
            {
                ring.bytes -= oldest.len();
            }
        }
        *lock(&self.head) = Cursor { epoch, number: last.number };
        self.newest.journal.store(last.number, Ordering::Release);
        self.places.wake_all();
    }

    /// Sends the newest readings, as the difference to the last. Returns them with their version.
    pub fn publish_readings(&self, readings: Readings) -> Arc<Readings> {
        let (readings, _) = self.readings.publish(|version| Readings { version, ..readings });
        self.topics_changed();
        readings
    }

    /// Sends the cards that have changed.
    pub fn publish_incidents(&self, incidents: Incidents) {
        if self.incidents.publish(|_| incidents).1.is_some() {
            self.topics_changed();
        }
    }

    /// Sends what else the health page shows, if it has changed.
    pub fn publish_overview(&self, overview: Overview) {
        if self.overview.publish(|_| overview).1.is_some() {
            self.topics_changed();
        }
    }

    fn topics_changed(&self) {
        self.newest.topics.fetch_add(1, Ordering::AcqRel);
        self.places.wake_all();
    }

    /// A run printed something: who looks at it asks anew, at most four times a second.
    pub fn run_changed(&self, id: RecommendationId) {
        {
            let mut runs = lock(&self.runs);
            let next = runs.version + 1;
            runs.last.insert(id, next);
            if runs.last.len() > MOST_RUNS
                && let Some(oldest) =
                    runs.last.iter().min_by_key(|(_, version)| **version).map(|(id, _)| *id)
            {
                runs.last.remove(&oldest);
            }
        }
        self.run_came.notify_one();
    }

    /// Says what runs print, at most four times a second, and keeps silent streams alive. Runs until
    /// cancelled, then ends every stream.
    pub async fn pump(&self, stop: CancellationToken) {
        tokio::join!(self.keep_alive(&stop), self.pump_runs(&stop));
        self.places.close();
    }

    async fn pump_runs(&self, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.run_came.notified() => {}
            }
            let version = {
                let mut runs = lock(&self.runs);
                runs.version += 1;
                runs.version
            };
            self.newest.runs.store(version, Ordering::Release);
            self.places.wake_all();
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(RUN_SPACING) => {}
            }
        }
    }

    async fn keep_alive(&self, stop: &CancellationToken) {
        let mut before = self.newest.seen();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(KEEP_ALIVE) => {}
            }
            let seen = self.newest.seen();
            if seen == before {
                self.newest.alive.fetch_add(1, Ordering::AcqRel);
                self.places.wake_all();
            }
            before = self.newest.seen();
        }
    }

    /// Number of readers.
    pub fn clients(&self) -> usize {
        self.places.taken()
    }

    /// The journal's end, as it went out last.
    pub fn head(&self) -> Cursor {
        *lock(&self.head)
    }

    /// Opens a stream for someone, after `cursor` or from now on, who has this version of the
    /// readings, or none. `None` if there are too many readers, and nobody has more than their share.
    pub fn open(
        self: &Arc<Self>,
        holder: Holder,
        cursor: Option<Cursor>,
        readings: Option<u64>,
        store: Arc<dyn Store>,
    ) -> Option<impl Stream<Item = Result<Bytes, std::convert::Infallible>> + Send + 'static> {
        let seat = Arc::new(Seat::new());
        seat.begin();
        let place = self.places.take(holder, &seat)?;
        // After the place is taken: whatever comes from now on wakes this reader.
        let seen = self.newest.seen();
        let head = self.head();
        let mut first = format!(
            "retry: {}\n",
            2_000
                + head.number.wrapping_mul(0x9E37_79B9).wrapping_add(self.clients() as u64 * 7919)
                    % 3_000
        );
        let fits = |cursor: &Cursor| {
            cursor.epoch == head.epoch
                && cursor.number <= head.number
                && head.number - cursor.number <= FARTHEST_BEHIND
        };
        let start = match cursor {
            Some(cursor) if fits(&cursor) => cursor,
            Some(_) => {
                let _ = write!(
                    first,
                    "data: {{\"event\":\"resync\",\"data\":{{\"cursor\":\"{head}\"}}}}\n\n"
                );
                head
            }
            None => head,
        };
        let _ =
            write!(first, "data: {{\"event\":\"hello\",\"data\":{{\"cursor\":\"{start}\"}}}}\n\n");
        let reader = Reader {
            live: Arc::clone(self),
            seat,
            _place: place,
            store,
            at: start,
            sent_topics: 0,
            readings,
            incidents: None,
            overview: None,
            sent_runs: seen.runs,
            alive: seen.alive,
            pending: VecDeque::from([Bytes::from(first)]),
        };
        Some(stream::unfold(reader, |mut reader| async move {
            let bytes = reader.next().await?;
            Some((Ok(bytes), reader))
        }))
    }

    fn after(&self, number: u64) -> Next {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let Some(&(oldest, _)) = ring.events.front() else { return Next::NotHere };
        if number + 1 < oldest {
            return Next::NotHere;
        }
        let at = usize::try_from(number + 1 - oldest).unwrap_or(usize::MAX);
        ring.events
            .get(at)
            .map_or(Next::UpToDate, |(number, bytes)| Next::Event(*number, bytes.clone()))
    }

    /// The runs that printed something after one version and up to another.
    fn runs(&self, after: u64, to: u64) -> Vec<Bytes> {
        let runs = lock(&self.runs);
        let changed = runs.last.iter().filter(|(_, version)| **version > after && **version <= to);
        changed.map(|(id, _)| event("run", id)).collect()
    }
}

enum Next {
    Event(u64, Bytes),
    UpToDate,
    /// The ring begins later: look into the database.
    NotHere,
}

struct Reader {
    live: Arc<Live>,
    seat: Arc<Seat>,
    _place: Place,
    store: Arc<dyn Store>,
    at: Cursor,
    /// The count of changes up to which everything was sent.
    sent_topics: u64,
    readings: Option<u64>,
    incidents: Option<u64>,
    overview: Option<u64>,
    sent_runs: u64,
    alive: u64,
    pending: VecDeque<Bytes>,
}

impl Reader {
    /// The next bytes to send; `None` ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(bytes) = self.pending.pop_front() {
                return Some(bytes);
            }
            if self.seat.is_given_up() {
                return None;
            }
            // What changes after this look wakes the wait below.
            let seen = self.live.newest.seen();
            if self.at.number < seen.journal {
                match self.live.after(self.at.number) {
                    Next::Event(number, bytes) => {
                        self.at.number = number;
                        return Some(bytes);
                    }
                    Next::UpToDate => {}
                    Next::NotHere => {
                        self.catch_up(seen.journal).await?;
                        continue;
                    }
                }
            }
            if seen.topics > self.sent_topics {
                if let Some(bytes) = self.next_of_topics() {
                    return Some(bytes);
                }
                self.sent_topics = seen.topics;
                continue;
            }
            if seen.runs > self.sent_runs {
                self.pending.extend(self.live.runs(self.sent_runs, seen.runs));
                self.sent_runs = seen.runs;
                continue;
            }
            if seen.alive != self.alive {
                self.alive = seen.alive;
                return Some(Bytes::from_static(b": keep-alive\n\n"));
            }
            self.seat.changed().await;
        }
    }

    /// The news of the readings, the incidents or the overview.
    fn next_of_topics(&mut self) -> Option<Bytes> {
        if let Some((version, bytes)) = self.live.readings.after(self.readings) {
            self.readings = Some(version);
            return Some(bytes);
        }
        if let Some((version, bytes)) = self.live.incidents.after(self.incidents) {
            self.incidents = Some(version);
            return Some(bytes);
        }
        let (version, bytes) = self.live.overview.after(self.overview)?;
        self.overview = Some(version);
        Some(bytes)
    }

    /// Reads what the ring no longer holds. When the database does not answer the stream ends: the
    /// reader comes back with its position.
    async fn catch_up(&mut self, head: u64) -> Option<()> {
        if head - self.at.number > FARTHEST_BEHIND {
            self.at.number = head;
            let cursor = BTreeMap::from([("cursor", self.at)]);
            self.pending.push_back(event("resync", &cursor));
            return Some(());
        }
        let entries = match self.store.entries(self.at.number, 100).await {
            Ok(entries) => entries,
            Err(error) => {
                tracing::warn!(%error, "a stream could not read the journal");
                return None;
            }
        };
        let last = entries.last()?.number;
        self.pending.extend(entries.iter().map(|entry| encode(self.at.epoch, entry)));
        self.at.number = last;
        Some(())
    }
}

/// One journal entry as a server-sent event. Snapshots stay on the incident's page: the stream only
/// says that one was saved.
fn encode(epoch: u32, entry: &Entry) -> Bytes {
    let light;
    let entry = match &entry.event {
        Some(Event::SnapshotSaved { incident, snapshot }) => {
            let snapshot = Box::new(snapshot.without_body());
            light = Entry {
                event: Some(Event::SnapshotSaved { incident: *incident, snapshot }),
                ..entry.clone()
            };
            &light
        }
        _ => entry,
    };
    let mut bytes = format!("id: {epoch}:{}\n", entry.number).into_bytes();
    bytes.extend(event("journal", entry));
    Bytes::from(bytes)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use domain::{actor::Actor, time::Timestamp};

    use super::*;

    fn entries(numbers: std::ops::RangeInclusive<u64>) -> Vec<Entry> {
        let entry = |number| Entry {
            number,
            at: Timestamp::default(),
            actor: Actor::System,
            event: Some(Event::Stopped),
        };
        numbers.map(entry).collect()
    }

    #[test]
    fn what_was_redacted_goes_out_to_nobody_any_more() {
        let live = Live::new(Cursor { epoch: 1, number: 0 }, 1, Timestamp::default());
        let mut written = entries(1..=3);
        written[1].event = Some(Event::Commented {
            incident: domain::id::IncidentNumber(7),
            text: "hunter2".into(),
        });
        live.committed(1, &written);
        let mut removal = entries(4..=4);
        removal[0].event = Some(Event::Redacted {
            entry: 2,
            reason: "a password".into(),
            message: None,
            step: None,
            window: None,
        });
        live.committed(1, &removal);
        let text = |after| match live.after(after) {
            Next::Event(_, bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            Next::UpToDate | Next::NotHere => String::new(),
        };
        assert!(
            text(1).starts_with("id: 1:2\ndata: {\"event\":\"journal\",\"data\":{\"number\":2,"),
            "{}",
            text(1)
        );
        assert!(
            text(1).contains("\"event\":null")
                && !text(1).contains("hunter2")
                && text(1).ends_with("\n\n")
        );
        assert!(text(3).contains("a password"));
        // Numbers that the ring does not hold change nothing.
        removal[0] = Entry {
            number: 5,
            event: Some(Event::Redacted {
                entry: 900,
                reason: "x".into(),
                message: None,
                step: None,
                window: None,
            }),
            ..removal[0].clone()
        };
        live.committed(1, &removal);
        assert!(text(4).contains("900"));
        let bytes: usize =
            live.ring.read().unwrap().events.iter().map(|(_, bytes)| bytes.len()).sum();
        assert_eq!(live.ring.read().unwrap().bytes, bytes);
    }

    #[test]
    fn a_gap_in_what_is_committed_begins_the_ring_anew_so_that_no_reader_skips_an_entry() {
        let live = Live::new(Cursor { epoch: 1, number: 0 }, 1, Timestamp::default());
        live.committed(1, &entries(1..=3));
        assert!(matches!(live.after(1), Next::Event(2, _)));
        live.committed(1, &entries(6..=7));
        assert!(matches!(live.after(1), Next::NotHere) && matches!(live.after(3), Next::NotHere));
        assert!(
            matches!(live.after(5), Next::Event(6, _)) && matches!(live.after(7), Next::UpToDate)
        );
        assert_eq!(live.head().number, 7);
    }
}
