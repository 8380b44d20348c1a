//! The store: one trait, and an implementation for each database. The same contract tests run
//! against both.

pub mod audit;
mod begin;
pub(crate) mod block;
pub mod calls;
mod change;
pub mod disk_reserve;
mod error;
mod open;
mod organizations;
mod packed;
pub mod past;
pub mod postgres;
mod rollup;
mod rows;
mod schema;
pub mod sqlite;
pub mod verify;

use async_trait::async_trait;
use commands::{
    access_record::StoredAccess,
    accounts::{Accounts, Row},
    figures::PastIncident,
    reading::HistoryFilter,
    view::BlindSpan,
};
use domain::{
    actor::Actor,
    hash::Head,
    id::IncidentNumber,
    incident::Incident,
    journal::{Cursor, Entry, Event, StoredEntry},
    long_query::LongQuery,
    signal::Signal,
    snapshot::Snapshot,
    subject::Subject,
    time::Timestamp,
    unit::Unit,
};

pub(crate) use self::rows::{readable, remark};
pub use self::{
    audit::Trail,
    calls::{Calls, LastMessage, Waiting},
    change::{About, Beside, Change, Decide, DecidePeople},
    error::StoreError,
    open::{Where, open, open_archive, open_to_fill, open_to_read, open_to_serve},
    organizations::{Organizations, PlanRow},
    packed::{Block, SeriesHistory},
    past::{Bucket, ComparedIncident, NamedSeries, Past, StoredSeries, UnseenTimes},
    postgres::PostgresStore,
    rollup::{HeardSlot, Rollup, RollupStep},
    rows::IncidentRow,
    sqlite::SqliteStore,
};

/// Times without watching that most readers ask for: the newest.
pub const BLIND_SPANS: u32 = 200;

/// The activity of a database server.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// The number of connections of clients it takes.
    pub most: String,
    /// Connections of clients by their state, the most first.
    pub connections: Vec<(String, i64)>,
    /// Sessions of this database that do something, or keep a transaction open; the oldest query
    /// first, bounded.
    pub sessions: Vec<ActiveSession>,
}

/// A session of a database server.
#[derive(Clone, Debug, PartialEq)]
pub struct ActiveSession {
    /// The server's process.
    pub pid: i32,
    /// Its state, as the server names it.
    pub state: String,
    /// The event that it waits for; empty if for nothing.
    pub waits_for: String,
    /// Its query, without values.
    pub query: LongQuery,
}

/// The facts that are read before anything runs.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The end of the journal.
    pub cursor: Cursor,
    /// Its head.
    pub head: Head,
    /// The monitor's saved state, as it gave it.
    pub monitor: Option<Vec<u8>>,
    /// The last time at which Calm Ops was known to run.
    pub alive_at: Option<Timestamp>,
    /// The mark that tells this installation from others.
    pub instance: String,
}

/// The outcome of the wish to end one query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryCancel {
    /// The database was told to end it.
    Told,
    /// Over, or another one runs there now, or it is one of ours.
    Gone,
    /// Calm Ops may not tell that session.
    NotAllowed,
    /// This database has no sessions that could be told.
    NotHere,
}

/// The store. Every method that changes something is one transaction, durable when it returns.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Reads the facts that are needed before anything runs.
    async fn opening(&self) -> Result<Opening, StoreError>;

    /// Ends serving in good order: another program may serve from the database at once.
    async fn leave(&self);

    /// Everyone who is or was here, as the journal allows: what it does not know is left out, and
    /// where a row says something else the journal counts.
    async fn roster(&self) -> Result<Accounts, StoreError>;

    /// The rows that say who may do what, as they are stored, all of one moment, with where the
    /// journal ended then.
    async fn stored_access(&self) -> Result<(Cursor, Head, StoredAccess), StoreError>;

    /// Incidents after a number, each with its row as it is stored.
    async fn incident_rows(
        &self,
        after: u32,
        limit: u32,
    ) -> Result<Vec<(Incident, IncidentRow)>, StoreError>;

    /// Makes the columns for looking up anew.
    async fn file_anew(&self, incidents: &[IncidentNumber]) -> Result<(), StoreError>;

    /// Notes when sign-ins and tokens were seen last: kind, id, time.
    async fn seen(&self, seen: &[(&'static str, u32, Timestamp)]) -> Result<(), StoreError>;

    /// True if there was ever an account; the first one is an owner's, and the last owner stays.
    async fn has_owner(&self) -> Result<bool, StoreError>;

    /// Locks the head, reads the incidents, decides, applies the events, and writes rows and
    /// entries together.
    async fn change(&self, change: Change) -> Result<Vec<Entry>, StoreError>;

    /// Saves the monitor's state and that Calm Ops runs at `alive_at`.
    async fn save_monitor(
        &self,
        monitor: Option<&[u8]>,
        alive_at: Timestamp,
    ) -> Result<(), StoreError>;

    /// The end of the journal.
    async fn head(&self) -> Result<(Cursor, Head), StoreError>;

    /// Every active incident and those resolved at or after `resolved_since`, by number.
    async fn recent_incidents(
        &self,
        resolved_since: Timestamp,
    ) -> Result<Vec<Incident>, StoreError>;

    /// Every incident with a command that runs or may still run, by number.
    async fn incidents_with_runs(&self, now: Timestamp) -> Result<Vec<Incident>, StoreError>;

    /// The incidents with this subject that ended at or after `since`, newest first.
    async fn ended_about(
        &self,
        subject: &Subject,
        since: Timestamp,
    ) -> Result<Vec<Incident>, StoreError>;

    /// The number that the next incident gets.
    async fn next_number(&self) -> Result<IncidentNumber, StoreError>;

    /// One incident.
    async fn incident(&self, number: IncidentNumber) -> Result<Option<Incident>, StoreError>;

    /// Ends the query of one session of the database, if it is still the one that began then
    /// (microseconds since 1970) and not ours.
    async fn cancel_query(&self, pid: u32, started: u64) -> Result<QueryCancel, StoreError>;

    /// The store as one looks through its journal, and as it keeps share links.
    fn as_trail(&self) -> &dyn Trail;

    /// The store as one looks back over a period.
    fn as_past(&self) -> &dyn Past;

    /// The store as it keeps contacts and the outbox.
    fn as_calls(&self) -> &dyn Calls;

    /// The store as it keeps organizations.
    fn as_organizations(&self) -> &dyn Organizations;

    /// The number of an incident by its id.
    async fn number_of(&self, id: uuid::Uuid) -> Result<Option<IncidentNumber>, StoreError>;

    /// Incidents that fit a filter, newest first.
    async fn history(
        &self,
        filter: &HistoryFilter,
        limit: u32,
    ) -> Result<Vec<Incident>, StoreError>;

    /// Incidents that fit a filter, newest first, as their figures need them.
    async fn past_incidents(
        &self,
        filter: &HistoryFilter,
        limit: u32,
    ) -> Result<Vec<PastIncident>, StoreError>;

    /// The entries of one incident, oldest first, at most the newest `limit`.
    async fn timeline(&self, number: IncidentNumber, limit: u32) -> Result<Vec<Entry>, StoreError>;

    /// The snapshots of one incident, oldest first.
    async fn snapshots(&self, number: IncidentNumber) -> Result<Vec<Snapshot>, StoreError>;

    /// Entries after a number, oldest first.
    async fn entries(&self, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError>;

    /// Entries after a number as they are stored, oldest first, for verification and export.
    async fn stored_entries(&self, after: u64, limit: u32) -> Result<Vec<StoredEntry>, StoreError>;

    /// The entries since a moment that say whether a run worked, or how people rated one, oldest first.
    async fn proofs(&self, since: Timestamp) -> Result<Vec<Entry>, StoreError>;

    /// The entries that announce something, oldest first: changes since a moment, and the last 1,000
    /// about maintenance windows, among which are all that are open, with the redactions that tell of
    /// those without a reason.
    async fn announced(&self, since: Timestamp) -> Result<Vec<Entry>, StoreError>;

    /// The queries of this database that have been running for longer than a minute, each as
    /// `PID@STARTED` with its age, the oldest first; none where the database is a file.
    async fn long_queries(&self) -> Result<Vec<(String, LongQuery)>, StoreError>;

    /// The present activity of the database server; `None` where the database is a file.
    async fn activity(&self) -> Result<Option<Activity>, StoreError>;

    /// Times of which nothing is known, that ended at or after `since`, newest first: of the newest
    /// `limit` that are stored.
    async fn blind_spans(&self, since: Timestamp, limit: u32)
    -> Result<Vec<BlindSpan>, StoreError>;

    /// Writes roll-ups in one batch; one that exists for the same series, step and start is joined
    /// with it.
    async fn write_rollups(&self, rollups: &[Rollup]) -> Result<(), StoreError>;

    /// The roll-ups of a series, oldest first.
    async fn rollups(
        &self,
        subject: &Subject,
        signal: &Signal,
        step: RollupStep,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Rollup>, StoreError>;

    /// The roll-ups of minutes of all series that began since a moment of today or yesterday, which
    /// are not packed yet, newest first.
    async fn recent_minutes(&self, since: Timestamp, limit: u32)
    -> Result<Vec<Rollup>, StoreError>;

    /// The minutes of some slots in which something was heard of each series, by their roll-ups; for
    /// slots that begin at or after `from` and before `to`, which are whole slots.
    async fn heard(&self, from: Timestamp, to: Timestamp) -> Result<Vec<HeardSlot>, StoreError>;

    /// The series of which something was heard before a moment, at most `limit`.
    async fn older_series(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<(Subject, Signal)>, StoreError>;

    /// The entries about breaches, and about the end, of incidents that are active or were resolved
    /// at or after `since`: at most the newest `limit`, oldest first.
    async fn breach_entries(&self, since: Timestamp, limit: u32) -> Result<Vec<Entry>, StoreError>;

    /// The median of the hourly means since a moment, for every series that has at least six of
    /// them.
    async fn usual(&self, since: Timestamp) -> Result<Vec<(Subject, Signal, f64)>, StoreError>;

    /// Removes roll-ups that are older than they are kept: minutes 90 days, hours 2 years; a block of
    /// them when its last one is. Returns how many rows and blocks. Removes the replay bundles of incidents that ended 90 days ago, and all but the
    /// newest 500; those of active incidents stay.
    async fn prune(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Keeps a replay bundle of an incident, replacing an earlier one.
    async fn save_bundle(&self, number: IncidentNumber, bundle: &[u8]) -> Result<(), StoreError>;

    /// Keeps a replay bundle of an incident unless it has one.
    async fn add_bundle(&self, number: IncidentNumber, bundle: &[u8]) -> Result<(), StoreError>;

    /// The replay bundle of an incident.
    async fn bundle(&self, number: IncidentNumber) -> Result<Option<Vec<u8>>, StoreError>;
}

/// One thing that an empty database is filled with.
#[derive(Clone, Debug)]
pub enum Item {
    /// A journal entry as it was stored.
    Entry(StoredEntry),
    /// Roll-ups.
    Rollups(Vec<Rollup>),
    /// Roll-ups that become blocks at once, see [`Archive::write_packed`].
    History(Vec<Rollup>),
    /// Roll-ups of a series, packed.
    Block {
        /// Its subject.
        subject: Subject,
        /// Its signal.
        signal: Signal,
        /// Its unit.
        unit: Unit,
        /// The roll-ups.
        block: Box<Block>,
    },
    /// A replay bundle.
    Bundle(IncidentNumber, Vec<u8>),
    /// Someone or something that is here.
    Row(Box<Row>),
    /// The end: the entry that says where the data came from.
    Restored {
        /// The time.
        at: Timestamp,
        /// The author.
        actor: Actor,
        /// The event to tell.
        event: Event,
    },
}

/// Gives the next item, and `None` after the last one.
pub type Filling<'a> = &'a mut (dyn FnMut() -> Result<Option<Item>, StoreError> + Send);

/// The part of a store that only backup, restore and simulated pasts need.
#[async_trait]
pub trait Archive: Store {
    /// The history of the series after a key (0 is before the first one), of one moment; with its
    /// key.
    async fn series_history(&self, after: i64) -> Result<Option<(i64, SeriesHistory)>, StoreError>;

    /// Writes roll-ups as blocks at once, of periods of which nothing is stored yet: those of a series
    /// one after another, by step and time. All of them or nothing.
    async fn write_packed(&self, history: &[Rollup]) -> Result<(), StoreError>;

    /// The incidents that have a replay bundle.
    async fn bundle_numbers(&self) -> Result<Vec<IncidentNumber>, StoreError>;

    /// Fills an empty database, all of it or nothing; refuses one that has a journal. `incidents`
    /// come with their remarks.
    async fn fill(
        &self,
        epoch: u32,
        incidents: Vec<(Incident, String)>,
        next: Filling<'_>,
    ) -> Result<Head, StoreError>;
}
