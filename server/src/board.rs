//! The board: what the monitor knows right now, for whoever shows it. The monitor writes it after each tick; readers share it.

use std::sync::{Arc, RwLock};

use rules::{
    time::Timestamp,
    view::{CoursePage, Document, DocumentState, Readings, Spark},
    words::{Signal, Subject},
};

/// What is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The latest of everything.
    pub readings: Arc<Readings>,
    /// Sparklines of the readings that have a threshold.
    pub sparks: Arc<Vec<Spark>>,
    /// The documents in force.
    pub documents: Vec<DocumentState>,
    /// The documents for people, with their text.
    pub texts: Vec<Document>,
}

/// See the module.
#[derive(Debug)]
pub struct Board {
    shown: RwLock<Shown>,
}

impl Default for Board {
    fn default() -> Self {
        let readings = Readings { checked_at: Timestamp::default(), readings: Vec::new(), troubles: Vec::new(), left_out: 0 };
        let shown = Shown { readings: Arc::new(readings), sparks: Arc::default(), documents: Vec::new(), texts: Vec::new() };
        Self { shown: RwLock::new(shown) }
    }
}

impl Board {
    /// What is shown now.
    pub fn shown(&self) -> Shown {
        self.shown.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Changes what is shown.
    pub fn change(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut self.shown.write().unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    /// The recent course of a signal from memory, for what the roll-ups do not hold yet. `None` if the series is not known.
    pub fn course(&self, _subject: &Subject, _signal: &Signal, _from: Timestamp, _to: Timestamp) -> Option<CoursePage> {
        None
    }
}
