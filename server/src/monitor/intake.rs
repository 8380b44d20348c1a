//! The intake: the one way in for observations, whether a collector measured them or someone pushed
//! them. Evaluated at once, in memory.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use commands::view::SeriesPoint;
use domain::{
    observation::{Observation, Unseen},
    reason::Reason,
    signal::Signal,
    subject::Subject,
    time::{Now, Span, Timestamp},
    unit::Unit,
};
use engine::evaluate::{Engine, NoSeries, SeriesId};
use serde::Deserialize;
use tokio::sync::Notify;

use crate::{
    clock::Clock,
    collectors::{self, Listing},
    history::History,
    monitor::{collected::Collected, recording::Recording},
};

/// An observation that may be this far in the future: clocks differ a little.
const AHEAD: Span = Span::from_secs(60);
/// An observation older than this says nothing about now.
const BEHIND: Span = Span::from_mins(60);

/// An observation as it is pushed.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pushed<'a> {
    /// What was measured.
    #[schema(value_type = Signal)]
    #[serde(borrow)]
    pub signal: Cow<'a, str>,
    /// About whom.
    #[schema(value_type = Subject)]
    #[serde(borrow)]
    pub subject: Cow<'a, str>,
    /// How much.
    pub value: f64,
    /// In which unit; the signal's own if it is left out.
    #[schema(value_type = Option<Unit>)]
    #[serde(borrow, default)]
    pub unit: Option<Cow<'a, str>>,
    /// When; now if it is left out.
    #[schema(value_type = Option<Timestamp>)]
    #[serde(borrow, default)]
    pub at: Option<Cow<'a, str>>,
}

/// What is wrong with one pushed observation. Nothing of its batch is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongItem {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Which field.
    pub field: &'static str,
    /// What was found, and what was expected.
    pub problem: String,
}

/// What observations change.
#[derive(Debug)]
pub struct Core {
    /// The rules' state.
    pub engine: Engine,
    /// The recent past.
    pub history: History,
    /// What a replay needs.
    pub recording: Recording,
    /// The subjects that collectors speak for.
    pub collected: Collected,
    /// What was learned to be usual.
    usual: HashMap<(Signal, Subject), f64>,
    /// Something was observed since the board was written last.
    pub fresh: bool,
}

impl Core {
    fn observe(
        &mut self,
        id: SeriesId,
        value: f64,
        reason: Option<&Reason>,
        at: Timestamp,
        now: Now,
    ) -> bool {
        self.fresh = true;
        self.recording.observed(id, value, reason, at, now);
        self.history.add(id, value, at);
        self.engine.observe_with(id, value, reason, at, now)
    }

    /// Finds or opens a series.
    pub fn open(
        &mut self,
        signal: &str,
        subject: &str,
        unit: Option<&Unit>,
    ) -> Result<SeriesId, NoSeries> {
        let id = self.engine.series(signal, subject, unit)?;
        let known = self.history.knows(id);
        if !known || (unit.is_some() && !self.recording.knows_unit(id)) {
            self.recording.series(id, &signal.parse()?, &subject.parse()?, unit);
        }
        if !known {
            let (signal, subject): (Signal, Subject) = (signal.parse()?, subject.parse()?);
            let known = unit
                .cloned()
                .or_else(|| collectors::signals().unit(signal.as_str()))
                .unwrap_or(Unit::Count);
            self.history.open(id, &subject, &signal, &known);
            if let Some(&usual) = self.usual.get(&(signal, subject)) {
                self.set_usual(id, usual);
            }
        }
        Ok(id)
    }

    /// Whether a collector of this server reports this signal of this subject.
    fn is_measured_here(&self, signal: &str, subject: &str) -> bool {
        collectors::signals().get(signal).is_some()
            && subject.parse::<Subject>().is_ok_and(|subject| self.collected.contains(&subject))
    }

    /// Takes what is usual, for the series that are known and for those that come; none is opened
    /// for it.
    pub fn learn(&mut self, usual: Vec<(Subject, Signal, f64)>) {
        self.usual =
            usual.into_iter().map(|(subject, signal, value)| ((signal, subject), value)).collect();
        let value = |(id, signal, subject): (SeriesId, &Signal, &Subject)| {
            self.usual.get(&(signal.clone(), subject.clone())).map(|&value| (id, value))
        };
        let known: Vec<_> = self.history.series().filter_map(value).collect();
        for (id, value) in known {
            self.set_usual(id, value);
        }
    }

    fn set_usual(&mut self, id: SeriesId, value: f64) {
        self.engine.set_usual(id, Some(value));
        self.recording.usual(id, value);
    }
}

/// See the module.
#[derive(Debug)]
pub struct Intake {
    core: Mutex<Core>,
    woken: Notify,
    clock: Clock,
}

impl Intake {
    /// Takes observations into an engine. `collected` is what collectors reported in the run
    /// before.
    pub fn new(
        engine: Engine,
        recording: Recording,
        collected: BTreeSet<Subject>,
        clock: Clock,
    ) -> Arc<Self> {
        let collected = Collected::restore(collected);
        let core = Core {
            engine,
            history: History::default(),
            recording,
            collected,
            usual: HashMap::new(),
            fresh: false,
        };
        Arc::new(Self { core: Mutex::new(core), woken: Notify::new(), clock })
    }

    /// The state, for as long as the guard lives. Never across an await.
    pub fn core(&self) -> MutexGuard<'_, Core> {
        // A panic while it was held can have left one series half changed; the others are right,
        // and watching goes on.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until an observation may have begun, ended or changed a breach.
    pub async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Takes a pushed batch: all of it, or nothing.
    pub fn push(&self, batch: &[Pushed<'_>]) -> Result<usize, WrongItem> {
        let now = self.clock.now();
        let mut checked = Vec::with_capacity(batch.len());
        for (index, item) in batch.iter().enumerate() {
            checked.push(check(item, now).map_err(|(field, problem)| WrongItem {
                index,
                field,
                problem,
            })?);
        }
        let mut core = self.core();
        if let Some(index) =
            batch.iter().position(|item| core.is_measured_here(&item.signal, &item.subject))
        {
            let problem = "is measured by this Calm Ops itself for this subject; a push must not overwrite it. Use a signal's name of your own";
            return Err(WrongItem { index, field: "signal", problem: problem.to_owned() });
        }
        let mut ids = Vec::with_capacity(batch.len());
        for (index, (item, (unit, _))) in batch.iter().zip(&checked).enumerate() {
            let id = core.open(&item.signal, &item.subject, unit.as_ref());
            ids.push(id.map_err(|error| WrongItem {
                index,
                field: if matches!(error, NoSeries::Unit { .. }) { "unit" } else { "subject" },
                problem: error.to_string(),
            })?);
        }
        let mut changed = false;
        for ((item, (_, at)), id) in batch.iter().zip(checked).zip(ids) {
            changed |= core.observe(id, item.value, None, at, now);
        }
        drop(core);
        if changed {
            self.woken.notify_one();
        }
        Ok(batch.len())
    }

    /// Takes what a collector measured. What can't be taken is told in the log: a collector's own
    /// names are right.
    pub fn take(&self, observations: &[Observation]) {
        let now = self.clock.now();
        let mut core = self.core();
        let mut changed = false;
        for one in observations.iter().filter(|one| one.value.is_finite()) {
            match core.open(one.signal.as_str(), one.subject.as_str(), one.unit.as_ref()) {
                Ok(id) => {
                    changed |= core.observe(id, one.value, one.reason.as_ref(), one.at, now);
                    core.collected.add(&one.subject);
                }
                Err(error) => {
                    tracing::warn!(signal = %one.signal, subject = %one.subject, %error, "an observation was not taken");
                }
            }
        }
        drop(core);
        if changed {
            self.woken.notify_one();
        }
    }

    /// Takes what a collector looked at and could not see.
    pub fn miss(&self, unseen: &[Unseen]) {
        let mut core = self.core();
        for one in unseen {
            match core.open(one.signal.as_str(), one.subject.as_str(), None) {
                Ok(id) => {
                    core.recording.unseen(id, &one.reason);
                    core.engine.unseen(id, &one.reason);
                    core.fresh = true;
                }
                Err(error) => {
                    tracing::warn!(signal = %one.signal, subject = %one.subject, %error, "what could not be seen was not taken");
                }
            }
        }
    }

    /// What collectors reported once, and what is in no list of its kind.
    pub fn missing(&self, listings: &[Listing]) -> Vec<Subject> {
        let core = self.core();
        listings.iter().flat_map(|listing| core.collected.missing(listing)).collect()
    }

    /// The recent course of a signal, for charts.
    pub fn steps(
        &self,
        subject: &Subject,
        signal: &Signal,
        from: Timestamp,
        to: Timestamp,
        most: usize,
    ) -> Option<Vec<SeriesPoint>> {
        self.core().history.steps(subject, signal, from, to, most)
    }
}

/// Everything about an observation that can be wrong without knowing the others.
fn check(item: &Pushed<'_>, now: Now) -> Result<(Option<Unit>, Timestamp), (&'static str, String)> {
    Signal::check(&item.signal).map_err(|error| ("signal", error.to_string()))?;
    Subject::check(&item.subject).map_err(|error| ("subject", error.to_string()))?;
    if !item.value.is_finite() {
        return Err(("value", "expected a finite number".to_owned()));
    }
    let unit = item
        .unit
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|error: domain::name::BadName| ("unit", error.to_string()))?;
    let Some(at) = &item.at else { return Ok((unit, now.wall)) };
    let at: Timestamp =
        at.parse().map_err(|error: domain::time::BadTimestamp| ("at", error.to_string()))?;
    if at > now.wall.plus(AHEAD) {
        return Err((
            "at",
            format!(
                "{at} is more than {AHEAD} in the future: it is {} here. Check the sender's clock",
                now.wall
            ),
        ));
    }
    if at < now.wall.minus(BEHIND) {
        return Err((
            "at",
            format!(
                "{at} is more than {BEHIND} ago, which says nothing about now: it is {} here",
                now.wall
            ),
        ));
    }
    Ok((unit, at))
}
