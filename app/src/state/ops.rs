//! State that the stream keeps in step: plain data, each field of it reactive by itself in a store.

use commands::view::{IncidentCard, Overview};
use domain::{reading::Reading, time::Timestamp};
use reactive_stores::Store;

use crate::{page::Pulse, status::Count};

/// The recent course of a reading: when, and the value; oldest first.
pub(crate) type CourseLine = Vec<(Timestamp, f64)>;

/// A reading with its recent course.
#[derive(Clone, Debug, PartialEq, Store)]
pub(crate) struct Row {
    /// Name of the row, for its place on the page.
    pub key: String,
    /// The reading.
    pub reading: Reading,
    /// Its recent course.
    pub course: CourseLine,
}

/// State that the stream keeps in step.
#[derive(Clone, Debug, Default, PartialEq, Store)]
pub(crate) struct Ops {
    /// Version of the readings; 0 while none are known.
    pub version: u64,
    /// Time of the last tick.
    pub checked_at: Timestamp,
    /// The readings, ordered by subject and signal.
    #[store(key: String = |row| row.key.clone())]
    pub rows: Vec<Row>,
    /// Changes whenever a row comes, goes, or has another status.
    pub layout: u64,
    /// The counts in the first sentence.
    pub count: Count,
    /// Everything that can't be seen, or works in a lesser way.
    pub troubles: Vec<String>,
    /// Number of readings that are not shown.
    pub left_out: u32,
    /// True if the incidents are known.
    pub knows_incidents: bool,
    /// Active incidents, most severe first.
    #[store(key: u32 = |card| card.number.0)]
    pub active: Vec<IncidentCard>,
    /// The incidents resolved last, newest first.
    #[store(key: u32 = |card| card.number.0)]
    pub resolved: Vec<IncidentCard>,
    /// Other contents of the health page.
    pub overview: Overview,
}

impl Ops {
    /// The overall state, once it is known.
    pub(crate) fn pulse(&self) -> Option<Pulse> {
        let readings = self.rows.iter().map(|row| &row.reading);
        let (active, troubles) = (&self.active, &self.troubles);
        let restriction = self.overview.restriction;
        (self.version > 0 && self.knows_incidents)
            .then(|| Pulse::of(active, readings, self.checked_at, restriction, troubles))
    }

    /// The newest reading of the same signal and subject.
    #[cfg(feature = "hydrate")]
    pub(crate) fn newest(&self, known: &Reading) -> Option<&Reading> {
        let mut readings = self.rows.iter().map(|row| &row.reading);
        readings.find(|one| one.signal == known.signal && one.subject == known.subject)
    }
}
