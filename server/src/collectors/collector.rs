//! A collector, and what one round of it brings.

use std::time::Duration;

use domain::{
    observation::{Observation, Unseen},
    reason::Reason,
    signal::Signal,
    signals::SignalGroup,
    snapshot::{DiskFact, ProcessFact},
    subject::Subject,
    time::Timestamp,
};
use futures::future::BoxFuture;

/// What one round of a collector brought.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// The signals that it may report.
    declared: SignalGroup,
    /// What was measured.
    pub observations: Vec<Observation>,
    /// What was looked at and could not be seen: it is unknown, with its reason.
    pub unseen: Vec<Unseen>,
    /// What there is, kind by kind, as far as this round could tell. What was reported once and is
    /// not in the list of its kind is gone for good reason (unmounted, deleted), and is retired.
    pub listings: Vec<Listing>,
    /// What only a snapshot shows; `None` where the collector has nothing of the kind.
    pub facts: Option<Facts>,
}

/// Every subject of a kind that there is, also those of which nothing could be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The kind, as in `disk:/var@web-1`.
    pub kind: &'static str,
    /// All of it.
    pub subjects: Vec<Subject>,
}

/// What only a snapshot shows.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The processes that use most memory, largest first; at most 10.
    pub by_memory: Vec<ProcessFact>,
    /// The processes that use most CPU, largest first; at most 10.
    pub by_cpu: Vec<ProcessFact>,
    /// Every disk.
    pub disks: Vec<DiskFact>,
}

/// Why a round brought nothing: a sentence for people, with the next step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CollectError(pub String);

/// A source of observations. The time is passed in: a collector reads no wall clock.
pub trait Collector: Send + 'static {
    /// Its name, as in `collector:host`.
    fn name(&self) -> &str;

    /// How often it is asked.
    fn interval(&self) -> Duration;

    /// How long a round may take before it is given up.
    fn time_limit(&self) -> Duration;

    /// One round. `now` stamps the observations.
    fn collect(
        &mut self,
        now: domain::time::Timestamp,
    ) -> BoxFuture<'_, Result<Round, CollectError>>;
}

impl Round {
    /// Begins a round of a collector that declares these signals.
    pub fn new(declared: SignalGroup) -> Self {
        Self { declared, ..Self::default() }
    }

    /// Adds a value of a declared signal, in its unit; a value that is not finite was not measured
    /// and is left out.
    pub fn observe(&mut self, at: Timestamp, subject: &Subject, signal: &str, value: f64) {
        self.observe_with(at, subject, signal, value, None);
    }

    /// [`Round::observe`] of a value with its reason: of a failure it is told everywhere.
    pub fn observe_with(
        &mut self,
        at: Timestamp,
        subject: &Subject,
        signal: &str,
        value: f64,
        reason: Option<Reason>,
    ) {
        let declared = self.declared.get(signal);
        debug_assert!(declared.is_some(), "{signal} is not declared by its collector");
        let (Some(declared), Ok(signal)) = (declared, signal.parse::<Signal>()) else { return };
        if value.is_finite() {
            self.observations.push(Observation {
                signal,
                subject: subject.clone(),
                value,
                unit: declared.unit.parse().ok(),
                at,
                reason,
            });
        }
    }

    /// Notes that a declared signal was looked at and could not be seen: it is unknown, and an
    /// incident about it does not end.
    pub fn miss(&mut self, subject: &Subject, signal: &str, reason: Reason) {
        debug_assert!(self.declared.get(signal).is_some(), "{signal} is not declared");
        if let Ok(signal) = signal.parse::<Signal>() {
            self.unseen.push(Unseen { signal, subject: subject.clone(), reason });
        }
    }
}
