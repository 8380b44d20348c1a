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
    protection::AutomationBounds,
    view::{Document, DocumentState, Readings, Sparkline},
};
use domain::{
    protection::ClassTraffic, reading::Reading, signal::Signal, subject::Subject, time::Timestamp,
    unit::Unit,
};
use policy::{
    limits::Limits,
    thresholds::{Level, Thresholds},
};

use tokio::sync::Notify;

use crate::monitor::ingest::Intake;

/// The board as it is shown.
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
    /// The alerts that the open maintenance windows withhold.
    pub withheld: Arc<WithheldLists>,
    /// Bounds of the agent.
    pub bounds: AutomationBounds,
    /// Traffic of the organizations that send most; `None` where there is no gate.
    pub traffic: Option<Arc<Vec<ClassTraffic>>>,
    /// The limits in force; `None` where nobody reads documents.
    pub limits: Option<Arc<Limits>>,
}

/// See the module.
#[derive(Debug)]
pub struct CurrentStatus {
    shown: RwLock<Shown>,
    changed: Notify,
    intake: Option<Arc<Intake>>,
    /// True if what is stored was found not to be what the journal says.
    is_doubtful: AtomicBool,
}

impl Default for CurrentStatus {
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
            bounds: AutomationBounds::default(),
            traffic: None,
            limits: None,
        };
        Self {
            shown: RwLock::new(shown),
            changed: Notify::new(),
            intake: None,
            is_doubtful: AtomicBool::new(false),
        }
    }
}

impl CurrentStatus {
    /// A board beside the intake that holds the recent past.
    pub fn new(intake: Arc<Intake>) -> Self {
        Self { intake: Some(intake), ..Self::default() }
    }

    /// Notes that the stored state is not what the journal says.
    pub fn doubt(&self) {
        self.is_doubtful.store(true, Ordering::Release);
    }

    /// True if what is stored was found not to be what the journal says.
    pub fn is_doubtful(&self) -> bool {
        self.is_doubtful.load(Ordering::Acquire)
    }

    /// Returns the board as it is shown now.
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

    /// The unit of a signal and its recent values from memory, for what the roll-ups do not hold
    /// yet. `None` if the series is not in memory.
    pub fn values(
        &self,
        subject: &Subject,
        signal: &Signal,
        from: Timestamp,
        to: Timestamp,
    ) -> Option<(Unit, Vec<(Timestamp, f64)>)> {
        self.intake.as_ref()?.values(subject, signal, from, to)
    }

    /// The present reading of a signal.
    pub fn reading(&self, subject: &Subject, signal: &Signal) -> Option<Reading> {
        self.intake.as_ref()?.reading(subject, signal)
    }

    /// The present readings of the signals that fit, whether they are among those that are shown or
    /// not.
    pub fn readings(&self, fits: impl Fn(&Signal) -> bool) -> Vec<Reading> {
        self.intake.as_ref().map(|intake| intake.readings(fits)).unwrap_or_default()
    }

    /// The thresholds in force; `None` where nothing is watched.
    pub fn thresholds(&self) -> Option<Arc<Thresholds>> {
        self.intake.as_ref().map(|intake| intake.thresholds())
    }

    /// The warning and the critical level of a signal. They are those of the document, whether the
    /// signal was heard since the start or not.
    pub fn levels(
        &self,
        subject: &Subject,
        signal: &Signal,
        unit: &Unit,
    ) -> (Option<f64>, Option<f64>) {
        let Some(thresholds) = self.thresholds() else { return (None, None) };
        let row = thresholds.rows_for(signal.as_str(), subject.as_str()).level;
        let row = row.filter(|row| row.unit.as_ref().is_none_or(|known| known == unit));
        let number = |level: Option<Level>| match level? {
            Level::Above(level) | Level::Below(level) => Some(level),
            Level::Usual(_) | Level::Rises { .. } | Level::Reaches { .. } => None,
        };
        row.map_or((None, None), |row| (number(row.warning), number(row.critical)))
    }
}
