//! Replay: what the rules saw and decided around an incident, as one file, and the same rules run
//! over it again.
//!
//! A bundle holds everything that decides: the rules' state at its beginning, the documents in
//! force, every input with its time, and what was decided. Snapshots of evidence are made beside
//! the decisions and are no part of them.

use std::{collections::BTreeMap, fmt, sync::Arc};

use domain::{
    actor::{Actor, Names},
    announcements::Announcements,
    breach::Breach,
    id::IncidentNumber,
    incident::{self, Incident},
    journal::Event,
    reason::FailureReason,
    signal::Signal,
    signals::Signals,
    subject::Subject,
    time::{Now, Span, Timestamp},
    unit::Unit,
    usual::{Usual, UsualRange},
};
use policy::{diagnostic::Diagnostic, objectives::Objectives, thresholds::Thresholds};
use serde::{Deserialize, Serialize};

use crate::{
    agent::{self, World},
    evaluate::{Engine, NoSeries, SavedState, SeriesId},
};

mod recorder;
#[cfg(test)]
mod tests;

pub use crate::replay::recorder::Recorder;

/// The format that this program writes and reads.
pub const FORMAT: u32 = 1;

/// The path of the thresholds inside the documents' directory.
pub const THRESHOLDS: &str = "alerts/thresholds.md";
/// The objectives, as a bundle names them; bundles from before there were any have none.
const OBJECTIVES: &str = "alerts/objectives.md";

/// The version of the rules that this program holds.
pub const RULES_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The beginning of a bundle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The time.
    pub now: Now,
    /// The rules' state.
    pub state: SavedState,
    /// At most how many series are taken.
    pub limit: usize,
    /// The incidents that the agent looked at.
    pub incidents: Vec<Incident>,
    /// The number that the next incident was to get.
    pub next_number: IncidentNumber,
    /// Since when time ran on evenly.
    pub steady_since: Timestamp,
    /// The documents in force, by their paths inside the documents' directory.
    pub documents: BTreeMap<String, String>,
    /// The announcements of people and programs.
    #[serde(default, skip_serializing_if = "Announcements::is_empty")]
    pub announcements: Announcements,
}

/// The names of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesName {
    /// Its number while the recording program ran.
    pub series: SeriesId,
    /// The signal.
    pub signal: Signal,
    /// About whom.
    pub subject: Subject,
    /// The unit that its first sender gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
}

/// One input of the rules, or one decision, in the order in which they came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "snake_case")]
pub enum Input {
    /// A series was opened.
    Series(SeriesName),
    /// A value came.
    Observe {
        /// Of which series.
        series: SeriesId,
        /// The value.
        value: f64,
        /// Time at which it was measured.
        at: Timestamp,
        /// The time of arrival.
        now: Now,
        /// The reason that it is so, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<FailureReason>,
    },
    /// A series could not be seen.
    Unseen {
        /// The series.
        series: SeriesId,
        /// The reason.
        reason: FailureReason,
    },
    /// The usual range of a series became known, or is not known any more.
    Usual {
        /// For which series.
        series: SeriesId,
        /// The value.
        usual: Option<f64>,
        /// The range in which nearly all values lie, where it is known well enough to alert by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        range: Option<UsualRange>,
        /// The range of all values of the last days.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recent: Option<UsualRange>,
        /// Time for which the range holds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// The interval at which the source of a series is asked became known.
    Interval {
        /// Of which series.
        series: SeriesId,
        /// The interval.
        interval: Span,
    },
    /// Nothing could be observed for a while.
    Blind {
        /// For how long.
        span: Span,
        /// Until when.
        now: Now,
    },
    /// A subject is no longer expected to report.
    Retire {
        /// The subject.
        subject: Subject,
    },
    /// A series came to rest: what it is about was stopped on purpose.
    Rest {
        /// The signal.
        signal: Signal,
        /// About whom.
        subject: Subject,
    },
    /// A document came into force.
    Document {
        /// Its path inside the documents' directory.
        name: String,
        /// Its text.
        text: String,
        /// The time.
        now: Now,
    },
    /// Time did not run on evenly before this.
    Steady {
        /// Since when it does.
        since: Timestamp,
    },
    /// Events were carried out on the incidents: decisions that were stored, or what people did.
    Applied {
        /// The events.
        events: Vec<Event>,
        /// The author.
        actor: Actor,
        /// The time.
        at: Timestamp,
    },
    /// The incidents as they were read anew from what is stored.
    Incidents {
        /// All that the agent looks at.
        incidents: Vec<Incident>,
        /// The number that the next one gets.
        next_number: IncidentNumber,
    },
    /// The announcements of people and programs changed.
    Announced {
        /// All of it, as it is then.
        announcements: Announcements,
    },
    /// The engine looked for silence and listed its breaches.
    Tick {
        /// The time.
        now: Now,
    },
    /// The agent looked at the breaches of the last tick, and decided.
    Decided {
        /// The time.
        now: Now,
        /// The events: nothing, most of the time.
        events: Vec<Event>,
    },
}

/// The input and the decisions of the rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    /// The format of this file: 1.
    pub format: u32,
    /// The version of the rules that decided.
    pub rules_version: String,
    /// The part before the checkpoint was more than is kept, and is missing.
    #[serde(default)]
    pub cut_short: bool,
    /// The beginning.
    pub checkpoint: Checkpoint,
    /// The series that were open at the beginning and are used in it.
    pub series: Vec<SeriesName>,
    /// Inputs and decisions, oldest first.
    pub inputs: Vec<Input>,
}

/// The reasons for which a bundle can't be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Of another format.
    #[error("this bundle has format {0}, but this program reads format {FORMAT}")]
    Format(u32),
    /// There are no thresholds in it.
    #[error("this bundle contains no {THRESHOLDS}, so it is not known what was in force")]
    NoThresholds,
    /// Its thresholds can't be read.
    #[error("the thresholds in this bundle can't be read by this program:\n{0}")]
    Thresholds(Box<Diagnostic>),
    /// A series is named nowhere.
    #[error("input {index}: series {series} is not defined in this bundle")]
    Unnamed {
        /// The place of the input, from 0.
        index: usize,
        /// The series' number.
        series: u32,
    },
    /// A series was refused.
    #[error("input {index}: {source}")]
    Series {
        /// The place of the input, from 0.
        index: usize,
        /// The reason.
        source: NoSeries,
    },
}

/// The first place at which the rules decide otherwise than they did.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The place of the decision among the inputs, from 0.
    pub index: usize,
    /// Time at which it was decided.
    pub at: Timestamp,
    /// The difference, in words.
    pub what: String,
}

/// Says an event in words.
pub type Describe = fn(&Event) -> String;

/// The result of a replay. Shown, it tells the story.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replayed {
    /// Number of values that were observed.
    pub observations: usize,
    /// Number of times the agent looked.
    pub looks: usize,
    /// Number of events it decided.
    pub events: usize,
    /// The first difference; `None` if all decisions are the same byte for byte.
    pub difference: Option<Difference>,
    /// The events, a line each.
    pub story: Vec<String>,
}

impl Replayed {
    /// True if every decision is the same, byte for byte.
    pub const fn is_same(&self) -> bool {
        self.difference.is_none()
    }
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.story {
            writeln!(f, "{line}")?;
        }
        let Self { observations, looks, events, .. } = self;
        writeln!(f, "{observations} readings, {looks} evaluations, {events} decisions.")?;
        match &self.difference {
            None => write!(f, "The same decisions, byte for byte."),
            Some(Difference { index, at, what }) => {
                write!(
                    f,
                    "The first difference is at {} (input {index}):\n{what}",
                    at.to_seconds_text()
                )
            }
        }
    }
}

fn thresholds(
    documents: &BTreeMap<String, String>,
    signals: &'static Signals,
) -> Result<Arc<Thresholds>, ReplayError> {
    let text = documents.get(THRESHOLDS).ok_or(ReplayError::NoThresholds)?;
    let objectives = documents.get(OBJECTIVES);
    let objectives = objectives.map(|text| objectives_of(text)).unwrap_or_default();
    parse(text, &objectives, signals)
}

/// Objectives that were in force were right then: without them problems only stand apart.
fn objectives_of(text: &str) -> Objectives {
    Objectives::parse(OBJECTIVES, text).unwrap_or_default()
}

fn parse(
    text: &str,
    objectives: &Objectives,
    signals: &'static Signals,
) -> Result<Arc<Thresholds>, ReplayError> {
    let read = Thresholds::parse_recorded(THRESHOLDS, text, signals);
    read.map(|read| Arc::new(read.with_objectives(objectives))).map_err(|problems| {
        problems
            .into_iter()
            .next()
            .map_or(ReplayError::NoThresholds, |one| ReplayError::Thresholds(Box::new(one)))
    })
}

/// The rules at work over a bundle.
struct Run {
    engine: Engine,
    ids: BTreeMap<SeriesId, SeriesId>,
    names: BTreeMap<SeriesId, SeriesName>,
    incidents: BTreeMap<IncidentNumber, Incident>,
    next_number: IncidentNumber,
    steady_since: Timestamp,
    announcements: Announcements,
    breaches: Vec<Breach>,
    done: Replayed,
    describe: Describe,
    signals: &'static Signals,
    objectives: Objectives,
}

impl Run {
    fn begin(
        bundle: &Bundle,
        describe: Describe,
        signals: &'static Signals,
    ) -> Result<Self, ReplayError> {
        let Checkpoint {
            now,
            state,
            limit,
            incidents,
            next_number,
            steady_since,
            documents,
            announcements,
        } = &bundle.checkpoint;
        let mut done = Replayed::default();
        done.story.push(format!(
            "{}  Starts with {} known incidents.",
            now.wall.to_seconds_text(),
            incidents.len()
        ));
        if bundle.cut_short {
            done.story.push("Earlier input exceeded the limit and is missing here.".to_owned());
        }
        if bundle.rules_version != RULES_VERSION {
            done.story.push(format!(
                "Decided by version {}; this is version {RULES_VERSION}.",
                bundle.rules_version
            ));
        }
        Ok(Self {
            engine: Engine::resume(thresholds(documents, signals)?, *limit, state, *now),
            ids: BTreeMap::new(),
            names: bundle.series.iter().map(|name| (name.series, name.clone())).collect(),
            incidents: incidents.iter().map(|one| (one.number, one.clone())).collect(),
            next_number: *next_number,
            steady_since: *steady_since,
            announcements: announcements.clone(),
            breaches: Vec::new(),
            done,
            describe,
            signals,
            objectives: documents
                .get(OBJECTIVES)
                .map(|text| objectives_of(text))
                .unwrap_or_default(),
        })
    }

    fn open(&mut self, index: usize, name: &SeriesName) -> Result<SeriesId, ReplayError> {
        let opened =
            self.engine.measured(name.signal.as_str(), name.subject.as_str(), name.unit.as_ref());
        let id = opened.map_err(|source| ReplayError::Series { index, source })?;
        self.ids.insert(name.series, id);
        Ok(id)
    }

    /// The number that a recorded series has here.
    fn id(&mut self, index: usize, recorded: SeriesId) -> Result<SeriesId, ReplayError> {
        if let Some(known) = self.ids.get(&recorded) {
            return Ok(*known);
        }
        let name = self
            .names
            .get(&recorded)
            .cloned()
            .ok_or(ReplayError::Unnamed { index, series: recorded.0 })?;
        self.open(index, &name)
    }

    fn tell(&mut self, at: Timestamp, text: &str) {
        self.done.story.push(format!("{}  {text}", at.to_seconds_text()));
    }

    fn take(&mut self, index: usize, input: &Input) -> Result<(), ReplayError> {
        match input {
            Input::Series(name) => {
                self.open(index, name)?;
            }
            Input::Observe { series, value, at, now, reason } => {
                let id = self.id(index, *series)?;
                self.engine.observe_with(id, *value, reason.as_ref(), *at, *now);
                self.done.observations += 1;
            }
            Input::Unseen { series, reason } => {
                let id = self.id(index, *series)?;
                self.engine.unseen(id, reason);
            }
            Input::Usual { series, usual, range, recent, until } => {
                let id = self.id(index, *series)?;
                let (range, recent, until) = (*range, *recent, *until);
                let usual = usual.map(|value| Usual { value, range, recent, until, learned: None });
                self.engine.set_usual(id, usual);
            }
            Input::Interval { series, interval } => {
                let id = self.id(index, *series)?;
                self.engine.set_interval(id, *interval);
            }
            Input::Blind { span, now } => {
                self.engine.blind(*span, *now);
                self.tell(now.wall, &format!("No data for {span}."));
            }
            Input::Retire { subject } => self.engine.retire(subject),
            Input::Rest { signal, subject } => {
                self.engine.rest(signal.as_str(), subject.as_str());
            }
            Input::Document { name, text, now } => {
                if name == OBJECTIVES {
                    self.objectives = objectives_of(text);
                }
                if name == THRESHOLDS {
                    let read = parse(text, &self.objectives, self.signals)?;
                    self.engine.set_thresholds(read, *now);
                }
                self.tell(now.wall, &format!("{name} came into force."));
            }
            Input::Steady { since } => self.steady_since = *since,
            Input::Applied { events, actor, at } => {
                for event in events.iter().filter(|_| actor.is_person()) {
                    let text =
                        format!("{}: {}", Names::default().of(*actor), (self.describe)(event));
                    self.tell(*at, &text);
                }
                for event in events {
                    // As the monitor does: what happened to an incident that is not at hand is left
                    // out, and all are read anew.
                    let _ = incident::apply_all(
                        &mut self.incidents,
                        std::slice::from_ref(event),
                        *actor,
                        *at,
                    );
                }
                let next = self
                    .incidents
                    .keys()
                    .next_back()
                    .map_or(0, |number| number.0)
                    .saturating_add(1);
                self.next_number = self.next_number.max(IncidentNumber(next));
            }
            Input::Incidents { incidents, next_number } => {
                self.incidents = incidents.iter().map(|one| (one.number, one.clone())).collect();
                self.next_number = *next_number;
            }
            Input::Announced { announcements } => self.announcements = announcements.clone(),
            Input::Tick { now } => self.breaches = self.engine.tick(*now),
            Input::Decided { now, events } => self.compare(index, now.wall, events),
        }
        Ok(())
    }

    fn compare(&mut self, index: usize, now: Timestamp, recorded: &[Event]) {
        let policy = self.engine.thresholds().policy().clone();
        // As the monitor does.
        self.incidents.retain(|_, one| agent::looks_at(&policy, one, &self.breaches, now));
        let incidents: Vec<Incident> = self.incidents.values().cloned().collect();
        let endings = self.engine.endings(&self.breaches, &incidents);
        let world = World {
            breaches: &self.breaches,
            endings: &endings,
            incidents: &incidents,
            next_number: self.next_number,
            now,
            steady_since: self.steady_since,
            announcements: &self.announcements,
        };
        let decided = agent::decide(&policy, world);
        self.done.looks += 1;
        self.done.events += decided.len();
        for event in &decided {
            self.tell(now, &(self.describe)(event));
        }
        if self.done.difference.is_none()
            && let Some(what) = difference(recorded, &decided, self.describe)
        {
            self.done.difference = Some(Difference { index, at: now, what });
        }
    }
}

fn bytes(event: &Event) -> Vec<u8> {
    serde_json::to_vec(event).unwrap_or_default()
}

/// The difference between the recorded and the new decisions, if there is one.
fn difference(recorded: &[Event], decided: &[Event], describe: Describe) -> Option<String> {
    for place in 0..recorded.len().max(decided.len()) {
        let what = match (recorded.get(place), decided.get(place)) {
            (Some(then), Some(now)) if bytes(then) == bytes(now) => continue,
            (Some(then), Some(now)) => {
                let (then_text, now_text) = (describe(then), describe(now));
                if then_text == now_text {
                    format!(
                        "then and now: {then_text}, but with other details:\n  then: {}\n  now:  {}",
                        apart(then, now),
                        apart(now, then)
                    )
                } else {
                    format!("  then: {then_text}\n  now:  {now_text}")
                }
            }
            (Some(then), None) => format!("  then: {}\n  now:  nothing", describe(then)),
            (None, Some(now)) => format!("  then: nothing\n  now:  {}", describe(now)),
            (None, None) => return None,
        };
        return Some(what);
    }
    None
}

/// The JSON of `one` from a little before where it parts from `other`.
fn apart(one: &Event, other: &Event) -> String {
    let (one, other) = (bytes(one), bytes(other));
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(40);
    String::from_utf8_lossy(&one[from..one.len().min(same + 80)]).into_owned()
}

/// Runs the rules over a bundle, and compares what they decide with what was decided. `describe` says
/// an event in words, `signals` are the declared ones.
pub fn replay(
    bundle: &Bundle,
    describe: Describe,
    signals: &'static Signals,
) -> Result<Replayed, ReplayError> {
    if bundle.format != FORMAT {
        return Err(ReplayError::Format(bundle.format));
    }
    let mut run = Run::begin(bundle, describe, signals)?;
    for (index, input) in bundle.inputs.iter().enumerate() {
        run.take(index, input)?;
    }
    Ok(run.done)
}
