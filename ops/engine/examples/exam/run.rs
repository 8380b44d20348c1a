//! One subject through the product: baselines, engine and agent.

use std::{collections::BTreeMap, error::Error, fmt, sync::Arc};

use domain::{
    actor::Actor,
    announcements::Announcements,
    id::IncidentNumber,
    incident::{self, Incident},
    journal::Event,
    lifecycle::Step,
    time::{MonotonicTime, Now, Span, Timestamp},
    unit::Unit,
};
use engine::{
    agent::{self, World},
    baseline::{WeeklyBaseline, signals_far_out},
    evaluate::{Engine, SeriesId},
};
use policy::thresholds::Thresholds;

use crate::data::{Row, Subject};

const DOCUMENT: &str = include_str!("thresholds.md");
/// A Monday at midnight.
const EPOCH: i64 = 1_767_571_200;
/// An incident that only waits for a person is resolved by one after so long without a breach.
const PERSON_AFTER: i64 = 3_600;

/// What came of one subject.
#[derive(Debug, Default)]
pub struct Outcome {
    pub days: f64,
    pub events: usize,
    pub false_incidents: usize,
    /// Of each event that was found, from its beginning to the first breach in it, in seconds.
    pub delays: Vec<i64>,
    pub held_days: f64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { days, events, false_incidents, delays, .. } = self;
        let found = delays.len();
        write!(f, "{days:>4.0} days, found {found:>2} of {events:>2}, false {false_incidents}")
    }
}

/// The product at work on one subject.
struct Course {
    engine: Engine,
    baselines: Vec<WeeklyBaseline>,
    series: SeriesId,
    /// Counts the signals that are far out; else the one signal is judged by its own range.
    is_host: bool,
    incidents: BTreeMap<IncidentNumber, Incident>,
    next_number: IncidentNumber,
    /// When breaches of each incident held: from and to, in seconds since the first row.
    held: BTreeMap<IncidentNumber, Vec<(i64, i64)>>,
    last: i64,
}

fn now(time: i64) -> Result<Now, Box<dyn Error>> {
    Ok(Now {
        wall: Timestamp::from_secs(EPOCH + time),
        mono: MonotonicTime::from_micros(u64::try_from(time + 1)? * 1_000_000),
    })
}

impl Course {
    fn begin(subject: &Subject, trusted_after: Span) -> Result<Self, Box<dyn Error>> {
        let read = Thresholds::parse("thresholds.md", DOCUMENT, fixtures::signals());
        let thresholds = read
            .map_err(|problems| problems.first().map_or_else(String::new, ToString::to_string))?;
        let mut engine = Engine::new(Arc::new(thresholds), 100);
        let is_host = subject.metrics > 1;
        let unit: Unit = "signals".parse()?;
        let series = if is_host {
            engine.series("signals.far_out", "host:examined", Some(&unit))?
        } else {
            engine.series("metric.value", "service:examined", None)?
        };
        Ok(Self {
            engine,
            baselines: vec![WeeklyBaseline::trusted_after(trusted_after); subject.metrics],
            series,
            is_host,
            incidents: BTreeMap::new(),
            next_number: IncidentNumber(1),
            held: BTreeMap::new(),
            last: 0,
        })
    }

    /// Takes a row as the monitor takes a minute: judged by what was usual before it, then learned.
    fn take(&mut self, row: &Row) -> Result<(), Box<dyn Error>> {
        let now = now(row.time)?;
        let mut begins = false;
        for (baseline, value) in self.baselines.iter_mut().zip(&row.values) {
            begins |= baseline.learn(now.wall, *value);
        }
        let value = if self.is_host {
            let values = self.baselines.iter().zip(row.values.iter().copied());
            signals_far_out(values) as f64
        } else {
            if begins {
                let usual = self.baselines.first().and_then(WeeklyBaseline::usual);
                self.engine.set_usual(self.series, usual);
            }
            row.values.first().copied().unwrap_or(f64::NAN)
        };
        self.engine.observe(self.series, value, now.wall, now);
        self.look(row.time, now)
    }

    fn look(&mut self, time: i64, now: Now) -> Result<(), Box<dyn Error>> {
        let breaches = self.engine.tick(now);
        let policy = self.engine.thresholds().policy().clone();
        self.incidents.retain(|_, one| agent::looks_at(&policy, one, &breaches, now.wall));
        if !breaches.is_empty() || !self.incidents.is_empty() {
            let incidents: Vec<Incident> = self.incidents.values().cloned().collect();
            let world = World {
                breaches: &breaches,
                endings: &self.engine.endings(&breaches, &incidents),
                incidents: &incidents,
                next_number: self.next_number,
                now: now.wall,
                steady_since: Timestamp::from_secs(EPOCH),
                announcements: &Announcements::default(),
            };
            let events = agent::decide(&policy, world);
            self.apply(&events, Actor::Agent, now.wall)?;
            self.note(time, now.wall)?;
        }
        self.last = time;
        Ok(())
    }

    fn apply(
        &mut self,
        events: &[Event],
        actor: Actor,
        at: Timestamp,
    ) -> Result<(), Box<dyn Error>> {
        incident::apply_all(&mut self.incidents, events, actor, at)?;
        let next = self.incidents.keys().next_back().map_or(1, |number| number.0 + 1);
        self.next_number = self.next_number.max(IncidentNumber(next));
        Ok(())
    }

    /// Notes which incidents have a breach that holds, and ends those that wait for a person.
    fn note(&mut self, time: i64, at: Timestamp) -> Result<(), Box<dyn Error>> {
        let mut ended = Vec::new();
        for (number, one) in &self.incidents {
            let spans = self.held.entry(*number).or_default();
            if one.breaches.iter().any(|known| known.cleared_at.is_none()) {
                match spans.last_mut() {
                    Some((_, until)) if *until == self.last => *until = time,
                    _ => spans.push((time, time)),
                }
            } else if one.is_active()
                && spans.last().is_some_and(|(_, until)| time - until > PERSON_AFTER)
            {
                ended.push(*number);
            }
        }
        for incident in ended {
            let event = Event::Resolved { incident, step: Step::PersonResolved, note: None };
            self.apply(&[event], Actor::Local, at)?;
        }
        Ok(())
    }
}

/// Runs one subject from its first row to its last.
pub fn run(subject: &Subject, trusted_after: Span) -> Result<Outcome, Box<dyn Error>> {
    let mut course = Course::begin(subject, trusted_after)?;
    let mut last = 0;
    subject.each_row(|row| {
        last = row.time;
        course.take(row)
    })?;
    let judged_from = i64::try_from(trusted_after.as_micros() / 1_000_000)?;
    let days = |seconds: i64| seconds as f64 / 86_400.0;
    let overlaps = |event: &(i64, i64), span: &(i64, i64)| span.0 <= event.1 && span.1 >= event.0;
    let spans = || course.held.values().flatten();
    let found = |event: &(i64, i64)| {
        let first = spans().filter(|span| overlaps(event, span)).map(|span| span.0).min()?;
        Some((first - event.0).max(0))
    };
    let is_false = |spans: &&Vec<(i64, i64)>| {
        !spans.iter().any(|span| subject.events.iter().any(|event| overlaps(event, span)))
    };
    Ok(Outcome {
        days: days((last + subject.step - judged_from).max(0)),
        events: subject.events.len(),
        false_incidents: course.held.values().filter(is_false).count(),
        delays: subject.events.iter().filter_map(found).collect(),
        held_days: spans().map(|span| days(span.1 - span.0 + subject.step)).sum(),
    })
}
