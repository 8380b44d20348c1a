//! Backtests: stored history of signals, run through thresholds by the same rules that judge what
//! comes now.
//!
//! History is roll-ups of equal steps, a minute or an hour. Of one with several values the smallest,
//! the largest and the last are judged, so that a level counts as held through a step only if every
//! value was beyond it; a duration is known to a step. Silence is not judged: history does not tell
//! why a series stopped. One that misses a step begins anew.
//!
//! Where a level is relative to what is usual, that is learned on the way, from the hours before each
//! step: [`Backtest::learn`] takes those from before the first one.

mod compare;
mod propose;
#[cfg(test)]
mod tests;

pub use compare::{Known, compare};
pub use propose::{Proposal, propose};

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    actor::Actor,
    announcements::Announcements,
    backtest::FoundIncident,
    breach::{BreachKey, Crossing},
    id::IncidentNumber,
    incident::{self, Incident},
    journal::Event,
    signal::Signal,
    subject::Subject,
    time::{MonotonicTime, Now, Span, Timestamp},
    unit::Unit,
    usual::Usual,
};
use policy::thresholds::{Level, Row, Thresholds};

use crate::{
    agent::{self, World},
    baseline::{HourOfHistory, Hours, RANGE_HOLDS_FOR, WeeklyBaseline},
    evaluate::{Engine, SeriesId},
};

/// The engine's clock begins here, so that nothing lies before its zero.
const BEGINNING: u64 = 365 * 24 * 3_600 * 1_000_000;

/// One step of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rollup {
    /// The series, as [`Backtest::open`] named it.
    pub series: SeriesId,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// The mean of its values.
    pub mean: f64,
    /// The last value.
    pub last: f64,
}

/// History on its way through the rules.
#[derive(Debug)]
pub struct Backtest {
    engine: Engine,
    step: Span,
    /// Beside each series: its names, and the step that was heard last.
    series: Vec<Option<Heard>>,
    /// Series that were heard in the last step.
    present: Vec<SeriesId>,
    /// The beginning of all, and the end of the last step.
    clock: Option<(Timestamp, Timestamp)>,
    steady_since: Timestamp,
    incidents: BTreeMap<IncidentNumber, Incident>,
    next_number: IncidentNumber,
    found: BTreeMap<IncidentNumber, FoundIncident>,
    /// Breaches that hold, and all that active incidents are about.
    troubled: BTreeSet<BreachKey>,
    /// The distance of the team's clocks from UTC, in minutes.
    offset: i32,
    /// The age in hours from which on baselines tell a range; as in the product where none is set.
    trusted_after: Option<u32>,
}

#[derive(Debug)]
struct Heard {
    key: BreachKey,
    /// The end of the last step.
    until: Timestamp,
    /// The usual values, where a level is relative to it.
    learned: Option<Box<Learned>>,
}

/// The usual values of a series, learned on the way.
#[derive(Debug)]
struct Learned {
    hours: Hours,
    baseline: WeeklyBaseline,
}

impl Backtest {
    /// Begins with nothing known. Every roll-up covers one `step`.
    pub fn new(thresholds: Arc<Thresholds>, step: Span) -> Self {
        Self {
            engine: Engine::new(thresholds, u32::MAX as usize),
            step,
            series: Vec::new(),
            present: Vec::new(),
            clock: None,
            steady_since: Timestamp::from_micros(0),
            incidents: BTreeMap::new(),
            next_number: IncidentNumber(1),
            found: BTreeMap::new(),
            troubled: BTreeSet::new(),
            offset: 0,
            trusted_after: None,
        }
    }

    /// Trusts what is usual from this age in hours on.
    #[must_use]
    pub fn trusting_after(self, hours: u32) -> Self {
        Self { trusted_after: Some(hours), ..self }
    }

    /// Says how far the team's clocks are from UTC from now on, in minutes: hours of the week are
    /// theirs.
    pub fn set_offset(&mut self, minutes: i32) {
        self.offset = minutes;
    }

    /// Takes an hour from before the first step, for what is usual. It begins in UTC.
    pub fn learn(&mut self, series: SeriesId, hour: &HourOfHistory) {
        let start = local(hour.start, self.offset);
        if let Some(Some(heard)) = self.series.get_mut(series.0 as usize)
            && let Some(learned) = &mut heard.learned
        {
            learned.baseline.learn(&HourOfHistory { start, ..*hour });
            heard.until = heard.until.max(hour.start.plus(Span::from_mins(60)));
        }
    }

    /// Opens a series; `None` if no threshold is about it, or if its unit is not the one that the
    /// thresholds are about.
    pub fn open(&mut self, subject: &Subject, signal: &Signal, unit: &Unit) -> Option<SeriesId> {
        let rows = self.engine.thresholds().rows_for(signal.as_str(), subject.as_str());
        if rows.is_empty() {
            return None;
        }
        let is_relative = matches!(rows.level.and_then(Row::base), Some(Level::Usual(_)));
        let id = self.engine.measured(signal.as_str(), subject.as_str(), Some(unit)).ok()?;
        let place = id.0 as usize;
        if self.series.len() <= place {
            self.series.resize_with(place + 1, || None);
        }
        if let Some(series) = self.series.get_mut(place) {
            let until = Timestamp::from_micros(i64::MIN);
            let key = BreachKey { subject: subject.clone(), signal: signal.clone() };
            let baseline = self
                .trusted_after
                .map_or_else(WeeklyBaseline::default, WeeklyBaseline::trusted_after);
            let learned =
                is_relative.then(|| Box::new(Learned { hours: Hours::default(), baseline }));
            *series = Some(Heard { key, until, learned });
        }
        Some(id)
    }

    /// Judges one step: all its roll-ups, each series once. Steps come in the order of time.
    pub fn step(&mut self, start: Timestamp, rollups: &[Rollup]) {
        let end = start.plus(self.step);
        let (began, last) = *self.clock.get_or_insert((start, start));
        if end <= last {
            return;
        }
        let now = |wall: Timestamp| Now {
            wall,
            mono: MonotonicTime::from_micros(
                BEGINNING.saturating_add(wall.since(began).as_micros()),
            ),
        };
        if start > last {
            // Nothing at all was seen: that is not quiet.
            self.engine.blind(start.since(last), now(start));
            self.steady_since = start;
        } else if last == began {
            self.steady_since = began;
        }
        for rollup in rollups {
            self.observe(rollup, (start, end), now);
        }
        self.rest(end, rollups);
        self.clock = Some((began, end));
        self.judge(now(end));
    }

    fn observe(
        &mut self,
        rollup: &Rollup,
        (start, end): (Timestamp, Timestamp),
        now: impl Fn(Timestamp) -> Now,
    ) {
        let Rollup { series, min, max, mean, last } = *rollup;
        let Some(Some(heard)) = self.series.get_mut(series.0 as usize) else { return };
        let seen_until = std::mem::replace(&mut heard.until, end);
        if let Some(learned) = &mut heard.learned {
            let is_trouble = self.troubled.contains(&heard.key);
            let at = local(start, self.offset);
            if let Some(usual) = learned.usual(at, (min, mean, max), is_trouble) {
                let until = Some(seen_until.plus(RANGE_HOLDS_FOR));
                self.engine.set_usual(series, usual.map(|usual| Usual { until, ..usual }));
            }
        }
        // What was seen all through the step spans it; one value alone spans nothing.
        if min != last || max != last {
            self.engine.observe(series, min, start, now(start));
            self.engine.observe(series, max, start, now(start));
        }
        self.engine.observe(series, last, end, now(end));
    }

    /// Lets series begin anew that are not heard any more.
    fn rest(&mut self, end: Timestamp, rollups: &[Rollup]) {
        for id in std::mem::take(&mut self.present) {
            if let Some(Some(heard)) = self.series.get(id.0 as usize)
                && heard.until < end
            {
                self.engine.rest(heard.key.signal.as_str(), heard.key.subject.as_str());
            }
        }
        self.present.extend(rollups.iter().map(|rollup| rollup.series));
    }

    fn judge(&mut self, now: Now) {
        let mut breaches = self.engine.tick(now);
        breaches.retain(|breach| !matches!(breach.crossing, Crossing::Silent { .. }));
        if breaches.is_empty() && self.incidents.is_empty() {
            self.troubled.clear();
            return;
        }
        let policy = self.engine.thresholds().policy();
        self.incidents.retain(|_, one| agent::looks_at(policy, one, &breaches, now.wall));
        let incidents: Vec<Incident> = self.incidents.values().cloned().collect();
        let endings = self.engine.endings(&breaches, &incidents);
        let decided = agent::decide(
            policy,
            World {
                breaches: &breaches,
                endings: &endings,
                incidents: &incidents,
                next_number: self.next_number,
                now: now.wall,
                steady_since: self.steady_since,
                announcements: &Announcements::default(),
            },
        );
        for event in &decided {
            self.note(event, now.wall);
        }
        // What the agent decides fits what it looked at.
        let _ = incident::apply_all(&mut self.incidents, &decided, Actor::Agent, now.wall);
        let active = self.incidents.values().filter(|one| one.is_active());
        self.troubled = active
            .flat_map(|one| one.breaches.iter().map(|known| known.breach.key.clone()))
            .chain(breaches.into_iter().map(|breach| breach.key))
            .collect();
    }

    fn note(&mut self, event: &Event, at: Timestamp) {
        if let Event::IncidentOpened { incident } = event {
            self.next_number =
                self.next_number.max(IncidentNumber(incident.number.0.saturating_add(1)));
            self.found.insert(incident.number, found(incident, at));
            return;
        }
        let Some(found) = event.incident().and_then(|number| self.found.get_mut(&number)) else {
            return;
        };
        match event {
            Event::BreachJoined { breach, .. } | Event::BreachChanged { breach, .. } => {
                found.keys.insert(breach.key.clone());
                if breach.severity > found.severity {
                    found.severity = breach.severity;
                    interrupt(found, at);
                }
            }
            Event::Reopened { .. } => {
                found.ended_at = None;
                interrupt(found, at);
            }
            Event::Resolved { .. } => found.ended_at = Some(at),
            _ => {}
        }
    }

    /// The incidents of which a breach holds after the last step.
    pub fn holding(&self) -> impl Iterator<Item = IncidentNumber> {
        let active = self.incidents.values().filter(|one| one.is_active());
        active.filter(|one| one.holding().next().is_some()).map(|one| one.number)
    }

    /// The incidents that would have opened, oldest first.
    pub fn finish(self) -> Vec<FoundIncident> {
        self.found.into_values().collect()
    }
}

impl Learned {
    /// The usual values at the hour of a step, where that is the first one of its hour.
    fn usual(
        &mut self,
        at: Timestamp,
        values: (f64, f64, f64),
        is_trouble: bool,
    ) -> Option<Option<Usual>> {
        let begins = self.hours.begins(at);
        if let Some(hour) = self.hours.take(at, values, is_trouble) {
            self.baseline.learn(&hour);
        }
        begins.then(|| self.baseline.usual(at))
    }
}

/// A moment as the clocks of a zone show it.
const fn local(at: Timestamp, minutes: i32) -> Timestamp {
    Timestamp::from_micros(at.as_micros().saturating_add(minutes as i64 * 60_000_000))
}

fn found(incident: &Incident, at: Timestamp) -> FoundIncident {
    FoundIncident {
        cause: incident.cause.clone(),
        began_at: incident.began_at,
        opened_at: at,
        ended_at: None,
        severity: incident.severity,
        keys: incident.breaches.iter().map(|known| known.breach.key.clone()).collect(),
        interruptions: vec![at],
    }
}

/// Several reasons of one moment are one interruption.
fn interrupt(found: &mut FoundIncident, at: Timestamp) {
    if found.interruptions.last() != Some(&at) {
        found.interruptions.push(at);
    }
}
