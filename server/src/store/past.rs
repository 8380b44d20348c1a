//! The store as one looks back over a period: values in steps, incidents and reported changes; and
//! the packing of what is over.

use async_trait::async_trait;
use commands::{figures::PastIncident, reading::HistoryFilter, view::BlindSpan};
use domain::{
    id::IncidentNumber,
    incident::Incident,
    journal::Entry,
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
    unit::Unit,
};

use crate::store::{error::StoreError, rollup::RollupStep};

/// The values of one step of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// The beginning of the step: a multiple of its length since 1970.
    pub start: Timestamp,
    /// The smallest value.
    pub min: f64,
    /// The mean.
    pub mean: f64,
    /// The largest value.
    pub max: f64,
    /// The last value.
    pub last: f64,
    /// The number of values.
    pub count: u64,
}

/// A stored series.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSeries {
    /// Its unit.
    pub unit: Unit,
    /// The beginning of its last roll-up.
    pub last_at: Option<Timestamp>,
}

/// A series by its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedSeries {
    /// About whom.
    pub subject: Subject,
    /// The signal.
    pub signal: Signal,
    /// Its unit.
    pub unit: Unit,
}

/// Times of which nothing is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnseenTimes {
    /// The newest ones, newest first.
    pub spans: Vec<BlindSpan>,
    /// There may be more that ended before this time; `None` if these are all.
    pub known_from: Option<Timestamp>,
}

/// The traits by which an incident is compared: columns for looking up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedIncident {
    /// Its number.
    pub number: IncidentNumber,
    /// The subject of its origin.
    pub cause: String,
    /// Its subjects, a line each.
    pub subjects: String,
    /// Its kinds of problems, a line each.
    pub problems: String,
    /// All that it says, bounded.
    pub text: String,
}

/// Looking back over a period.
#[async_trait]
pub trait Past: Send + Sync {
    /// Every series that was ever stored, ordered by subject and signal.
    async fn all_series(&self) -> Result<Vec<NamedSeries>, StoreError>;

    /// Every series with stored hours, with the beginning of the last one, ordered by subject and
    /// signal.
    async fn last_hours(&self) -> Result<Vec<(Subject, Signal, Timestamp)>, StoreError>;

    /// A series, if it was ever stored.
    async fn series(
        &self,
        subject: &Subject,
        signal: &Signal,
    ) -> Result<Option<StoredSeries>, StoreError>;

    /// The roll-ups of a series in steps of a width, oldest first; a step without values is left
    /// out.
    async fn buckets(
        &self,
        subject: &Subject,
        signal: &Signal,
        rollups: RollupStep,
        range: (Timestamp, Timestamp),
        width: Span,
    ) -> Result<Vec<Bucket>, StoreError>;

    /// Packs roll-ups of periods that are over into blocks, the oldest first and at most `most` blocks,
    /// each in a transaction of its own; returns how many. What is read is the same before and after.
    async fn pack(&self, now: Timestamp, most: u32) -> Result<u32, StoreError>;

    /// The incidents with this subject that were open at some time between two moments, newest
    /// first.
    async fn incidents_about(
        &self,
        subject: &Subject,
        range: (Timestamp, Timestamp),
        limit: u32,
    ) -> Result<Vec<Incident>, StoreError>;

    /// The incidents that fit a filter but for its time, were opened before a moment and were still
    /// active then, newest first.
    async fn active_at(
        &self,
        filter: &HistoryFilter,
        at: Timestamp,
        limit: u32,
    ) -> Result<Vec<PastIncident>, StoreError>;

    /// The time at which an incident became critical; `None` if that is not known.
    async fn critical_since(&self, number: IncidentNumber)
    -> Result<Option<Timestamp>, StoreError>;

    /// The times of which nothing is known, as the newest `limit` entries tell.
    async fn unseen_times(&self, limit: u32) -> Result<UnseenTimes, StoreError>;

    /// An incident as it is compared with others; `None` for a practice, and where there is none.
    async fn compared(
        &self,
        number: IncidentNumber,
    ) -> Result<Option<ComparedIncident>, StoreError>;

    /// The incidents that are over and may be like another one: the newest with one of some kinds of
    /// problems, and the newest with a word, or with two that follow each other; no practice among
    /// them. At most 300.
    async fn alike(
        &self,
        number: IncidentNumber,
        problems: &[String],
        words: &[String],
    ) -> Result<Vec<ComparedIncident>, StoreError>;

    /// The entries of changes that were reported between two moments, newest first.
    async fn changes_reported(
        &self,
        range: (Timestamp, Timestamp),
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError>;
}
