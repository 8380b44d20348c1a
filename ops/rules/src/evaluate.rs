//! The evaluation: observations in, breaches out. One small state for each signal of each subject.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    breach::Breach,
    thresholds::Thresholds,
    time::{Now, Span, Timestamp},
    view::Reading,
    words::{BadName, Subject, Unit},
};

/// The index of one signal of one subject: small, stable while the engine lives, and dense from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SeriesId(pub u32);

/// Why an observation's series was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSeries {
    /// Its signal, subject or unit is not a name.
    #[error(transparent)]
    Name(#[from] BadName),
    /// There are as many series as are allowed.
    #[error("{0} series are known, and no more are taken; retire subjects that are gone, or raise the limit")]
    TooMany(usize),
    /// The signal is known with another unit.
    #[error("the unit is {found:?}, and this signal is known in {known:?}")]
    Unit {
        /// The unit that came.
        found: String,
        /// The unit that is known.
        known: String,
    },
}

/// Everything that decides about breaches: the state of every series, under the thresholds in force.
#[derive(Debug)]
pub struct Engine {
    thresholds: Arc<Thresholds>,
    limit: usize,
}

/// The engine's state as it is kept across a restart and in replay bundles.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SavedState {
    /// When it was saved.
    pub at: Timestamp,
}

impl Engine {
    /// Begins without knowing any series. At most `limit` series are taken.
    pub fn new(thresholds: Arc<Thresholds>, limit: usize) -> Self {
        Self { thresholds, limit }
    }

    /// Goes on from a saved state: breaches hold on, pending durations go on from what they had reached. The time between is
    /// not counted, as nothing was seen in it, and no series is called silent before it had its full time to report again.
    pub fn restore(thresholds: Arc<Thresholds>, limit: usize, _saved: &SavedState, _now: Now) -> Self {
        Self { thresholds, limit }
    }

    /// The state to keep.
    pub fn save(&self, now: Now) -> SavedState {
        SavedState { at: now.wall }
    }

    /// Puts other thresholds in force. Breaches whose threshold is gone end; the others go on under the new levels.
    pub fn set_thresholds(&mut self, thresholds: Arc<Thresholds>, _now: Now) {
        self.thresholds = thresholds;
    }

    /// The thresholds in force.
    pub fn thresholds(&self) -> &Arc<Thresholds> {
        &self.thresholds
    }

    /// Finds or adds a series; a known one costs one look-up and allocates nothing. `unit` is `None` where the sender gave none.
    pub fn series(&mut self, _signal: &str, _subject: &str, _unit: Option<&Unit>) -> Result<SeriesId, NoSeries> {
        Err(NoSeries::TooMany(self.limit))
    }

    /// How many series are known: ids are below this.
    pub fn len(&self) -> usize {
        0
    }

    /// Whether no series is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes one value. `at` is the source's time, `now` when it was received. Returns true if a breach may have begun, ended or
    /// changed, so that the caller need not wait for its next tick.
    pub fn observe(&mut self, _id: SeriesId, _value: f64, _at: Timestamp, _now: Now) -> bool {
        false
    }

    /// Says what is usual for a series; it only explains.
    pub fn set_usual(&mut self, _id: SeriesId, _usual: Option<f64>) {}

    /// Nothing could be observed for this long before `now` (the program slept or did not run): silence in that time means nothing,
    /// and what was pending has not held in it.
    pub fn blind(&mut self, _span: Span, _now: Now) {}

    /// Forgets a subject: it is no longer expected to report. If it reports again it begins anew.
    pub fn retire(&mut self, _subject: &Subject) {}

    /// Looks for silence, and returns every breach that holds, ordered by key.
    pub fn tick(&mut self, _now: Now) -> Vec<Breach> {
        Vec::new()
    }

    /// Whether anything that [`Engine::save`] keeps (breaches and pending durations) changed since the last call; resets the mark.
    pub fn take_dirty(&mut self) -> bool {
        false
    }

    /// What one series shows now.
    pub fn reading(&self, _id: SeriesId, _now: Now) -> Option<Reading> {
        None
    }
}
