//! A collector, and what one round of it brings.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::{
    observation::{Observation, Unseen},
    reason::FailureReason,
    signal::Signal,
    signals::SignalGroup,
    snapshot::{DiskFact, ProcessFact},
    subject::Subject,
    time::Timestamp,
};
use engine::gate::Latencies;
use futures::future::BoxFuture;

/// The result of one round of a collector.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// The signals that it may report.
    declared: SignalGroup,
    /// The measured values.
    pub observations: Vec<Observation>,
    /// The latencies of requests since the round before, by organization and for the whole gate:
    /// objectives count them.
    pub latencies: Vec<(Subject, Latencies)>,
    /// Subjects that could not be seen: unknown, with their reasons.
    pub unseen: Vec<Unseen>,
    /// The listings, kind by kind, as far as this round could tell.
    pub listings: Vec<Listing>,
    /// Subjects that an event took away on purpose, such as one app that was deleted while the
    /// others stay: it is retired.
    pub removed: Vec<Subject>,
    /// The numbers of subjects of which others may have the name too. They are kept, so that the
    /// next run knows which of them it was.
    pub numbers: Vec<(Subject, u64)>,
    /// Series that are not expected to report for now: what they are about was stopped on purpose.
    pub at_rest: Vec<(Subject, Signal)>,
    /// Kinds of which nothing could be seen in this round, as whoever tells of them gave no answer.
    pub untold: Vec<(&'static str, FailureReason)>,
    /// Facts for snapshots alone; `None` where the collector has nothing of the kind.
    pub facts: Option<Facts>,
    /// Notes on what it can't see, leaves out, or does in a lesser way: a sentence each for the
    /// health page.
    pub notes: Vec<String>,
}

/// Every subject of a kind that there is, also those of which nothing could be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The kind, as in `disk:/var@web-1`.
    pub kind: &'static str,
    /// All of it.
    pub subjects: Vec<Subject>,
    /// Hosts of which nobody tells what there is: whatever is on them counts as listed.
    pub hosts: BTreeSet<String>,
    /// The meaning of the absence of something which was reported once.
    pub absence: Absence,
    /// The reason that something is missing, if that is known.
    pub why: Option<FailureReason>,
    /// The same for single subjects of which more is known.
    pub whys: BTreeMap<Subject, FailureReason>,
}

impl Listing {
    /// All of a kind.
    pub fn new(kind: &'static str, subjects: Vec<Subject>, absence: Absence) -> Self {
        let (hosts, whys) = (BTreeSet::new(), BTreeMap::new());
        Self { kind, subjects, hosts, absence, why: None, whys }
    }

    /// True if a subject is of this kind and not in the list.
    pub fn lacks(&self, subject: &Subject) -> bool {
        subject.kind() == self.kind
            && !self.subjects.contains(subject)
            && !subject.host().is_some_and(|host| self.hosts.contains(host))
    }

    /// The reason a subject is missing.
    pub fn why(&self, subject: &Subject) -> Option<&FailureReason> {
        self.whys.get(subject).or(self.why.as_ref())
    }
}

/// The meaning of a known subject that is not listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// Gone on purpose, and retired: the list is what a person configured, or what is in it comes
    /// and goes by itself.
    Gone,
    /// Nobody said that it may go: this signal, yes while it is listed, is no from then on, until
    /// it is back or a person retires it. Where no row of the thresholds is about it, it is gone.
    Missing(&'static str),
}

/// Facts for snapshots alone.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The processes that use most memory, largest first; at most 10.
    pub by_memory: Vec<ProcessFact>,
    /// The processes that use most CPU, largest first; at most 10.
    pub by_cpu: Vec<ProcessFact>,
    /// Every disk.
    pub disks: Vec<DiskFact>,
}

/// The reason for a round without a result: a sentence for people, with the next step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CollectError(pub String);

/// A source of observations. The time is passed in: a collector reads no wall clock.
pub trait Collector: Send + 'static {
    /// Its name, as in `collector:host`.
    fn name(&self) -> &str;

    /// The interval of its rounds.
    fn interval(&self) -> Duration;

    /// Longest time that a round may take before it is given up.
    fn time_limit(&self) -> Duration;

    /// The kinds of subjects of which nothing is known while its rounds fail.
    fn tells_of(&self) -> &'static [&'static str] {
        &[]
    }

    /// Short notes for the page of sources, as they are after a round, such as the requests that are
    /// left of a budget. At most 5 are shown.
    fn source_notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// A round in which nothing could be looked at, because of this program's own limits: what it
    /// missed, where that is known.
    fn unmeasured(&self, _why: &FailureReason) -> Round {
        Round::default()
    }

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

    /// Lets a declared signal rest.
    pub fn rest(&mut self, subject: &Subject, signal: &str) {
        debug_assert!(self.declared.get(signal).is_some(), "{signal} is not declared");
        if let Ok(signal) = signal.parse() {
            self.at_rest.push((subject.clone(), signal));
        }
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
        reason: Option<FailureReason>,
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
    pub fn miss(&mut self, subject: &Subject, signal: &str, reason: FailureReason) {
        debug_assert!(self.declared.get(signal).is_some(), "{signal} is not declared");
        if let Ok(signal) = signal.parse::<Signal>() {
            self.unseen.push(Unseen { signal, subject: subject.clone(), reason });
        }
    }
}
