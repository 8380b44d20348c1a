//! The board: what the monitor knows right now, for whoever shows it. The monitor writes it after
//! each tick; readers share it.

use std::{
    collections::HashMap,
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use commands::{
    day::Heard,
    maintenance::WithheldLists,
    view::{Document, DocumentState, Readings, Series, Sparkline},
};
use domain::{signal::Signal, subject::Subject, time::Timestamp};

use tokio::sync::Notify;

use crate::monitor::intake::Intake;

/// The most points of a course: as many as memory keeps of one series.
const MOST_POINTS: usize = 720;

/// What is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The latest of everything.
    pub readings: Arc<Readings>,
    /// Sparklines of the readings that have a threshold.
    pub sparklines: Arc<Vec<Sparkline>>,
    /// The documents in force.
    pub documents: Vec<DocumentState>,
    /// The documents for people, with their text.
    pub texts: Arc<Vec<Document>>,
    /// What would have alerted without the open maintenance windows.
    pub withheld: Arc<WithheldLists>,
}

/// See the module.
#[derive(Debug)]
pub struct Board {
    shown: RwLock<Shown>,
    changed: Notify,
    intake: Option<Arc<Intake>>,
    /// Whether what is stored was found not to be what the journal says.
    is_doubtful: AtomicBool,
}

impl Default for Board {
    /// A board that nobody writes: for tests of what reads it.
    fn default() -> Self {
        let readings = Readings {
            version: 0,
            checked_at: Timestamp::default(),
            readings: Vec::new(),
            troubles: Vec::new(),
            left_out: 0,
            withheld: 0,
        };
        let shown = Shown {
            readings: Arc::new(readings),
            sparklines: Arc::default(),
            documents: Vec::new(),
            texts: Arc::default(),
            withheld: Arc::default(),
        };
        Self {
            shown: RwLock::new(shown),
            changed: Notify::new(),
            intake: None,
            is_doubtful: AtomicBool::new(false),
        }
    }
}

impl Board {
    /// A board beside the intake that holds the recent past.
    pub fn new(intake: Arc<Intake>) -> Self {
        Self { intake: Some(intake), ..Self::default() }
    }

    /// What is stored is not what the journal says.
    pub fn doubt(&self) {
        self.is_doubtful.store(true, Ordering::Release);
    }

    /// Whether what is stored was found not to be what the journal says.
    pub fn is_doubtful(&self) -> bool {
        self.is_doubtful.load(Ordering::Acquire)
    }

    /// What is shown now.
    pub fn shown(&self) -> Shown {
        self.shown.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Changes what is shown.
    pub fn change(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut self.shown.write().unwrap_or_else(std::sync::PoisonError::into_inner));
        self.changed.notify_one();
    }

    /// Waits for the next change; for one listener.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The minutes of the last day in which a value came, of each series, as far as memory reaches.
    pub fn heard(&self) -> HashMap<(Subject, Signal), Heard> {
        self.intake.as_ref().map(|intake| intake.heard()).unwrap_or_default()
    }

    /// The recent course of a signal from memory, for what the roll-ups do not hold yet. `None` if
    /// the series is not known.
    pub fn course(
        &self,
        subject: &Subject,
        signal: &Signal,
        from: Timestamp,
        to: Timestamp,
    ) -> Option<Series> {
        let points = self.intake.as_ref()?.steps(subject, signal, from, to, MOST_POINTS)?;
        let shown = self.shown();
        let reading = shown
            .readings
            .readings
            .iter()
            .find(|reading| reading.subject == *subject && reading.signal == *signal)?;
        Some(Series {
            subject: subject.clone(),
            signal: signal.clone(),
            unit: reading.unit.clone(),
            warning: reading.warning,
            critical: reading.critical,
            points,
        })
    }
}
