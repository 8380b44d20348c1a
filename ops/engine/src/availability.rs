//! Availability of endpoints, from the history of their probes. Reports and uptime
//! count with this, so that they never contradict each other.

use std::{cmp::Ordering, collections::BTreeMap};

use domain::{
    journal::{Entry, Event},
    maintenance::SubjectPattern,
    report::{Availability, MaintenanceProbes},
    subject::Subject,
    time::{Span, Timestamp},
};

/// The length of a step in which probes are put together. One without a value was not seen.
pub const PROBE_STEP: Span = Span::from_mins(5);
const STEP: i64 = PROBE_STEP.as_micros().cast_signed();

/// The beginning and the end of a time.
pub type Range = (Timestamp, Timestamp);

/// The probes of a step of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProbeStep {
    /// Its beginning.
    pub start: Timestamp,
    /// The mean of its values: the part of them that was 1.
    pub mean: f64,
    /// The number of its values.
    pub count: u64,
}

/// The probes of an endpoint: 1 where it answered as expected, else 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeSeries {
    /// The endpoint.
    pub endpoint: Subject,
    /// Its steps, oldest first.
    pub steps: Vec<ProbeStep>,
}

/// A maintenance window, as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastWindow {
    /// The subjects that it covered.
    pub subjects: Vec<SubjectPattern>,
    /// Its beginning.
    pub from: Timestamp,
    /// Its end: by itself or by a person.
    pub to: Timestamp,
}

/// The maintenance windows that entries tell of, which come in their order.
pub fn windows(entries: &[Entry]) -> Vec<PastWindow> {
    let mut all: BTreeMap<u64, PastWindow> = BTreeMap::new();
    for entry in entries {
        match &entry.event {
            Some(Event::MaintenanceBegun { window }) => {
                let (subjects, to) = (window.subjects.clone(), window.until);
                all.insert(entry.number, PastWindow { subjects, from: entry.at, to });
            }
            Some(Event::MaintenanceEnded { window, .. }) => {
                if let Some(known) = all.get_mut(window) {
                    known.to = known.to.min(entry.at);
                }
            }
            _ => {}
        }
    }
    all.into_values().collect()
}

/// The times in which windows covered a subject, within a range: whole steps, oldest first, none
/// touching another.
pub fn covered(windows: &[PastWindow], subject: &Subject, (from, to): Range) -> Vec<Range> {
    let covers = |one: &&PastWindow| one.subjects.iter().any(|pattern| pattern.covers(subject));
    let step = |micros: i64| Timestamp::from_micros(micros.saturating_mul(STEP));
    let mut times: Vec<Range> = windows
        .iter()
        .filter(covers)
        .filter(|one| one.from < one.to)
        .map(|one| {
            let end = one.to.as_micros().saturating_add(STEP - 1).div_euclid(STEP);
            (step(one.from.as_micros().div_euclid(STEP)).max(from), step(end).min(to))
        })
        .filter(|(from, to)| from < to)
        .collect();
    times.sort_unstable();
    let mut joined: Vec<Range> = Vec::with_capacity(times.len());
    for (from, to) in times {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// The probes of a time, and how much of it was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Probes {
    /// The number of probes outside of maintenance.
    pub asked: u64,
    /// Those of them that were answered as expected.
    pub answered: u64,
    /// The time outside of maintenance in which there were probes.
    pub seen: Span,
    /// The probes in maintenance, which are in no other number.
    pub maintenance: MaintenanceProbes,
}

impl Probes {
    /// Adds those of another time.
    pub const fn add(&mut self, other: &Self) {
        self.asked += other.asked;
        self.answered += other.answered;
        self.seen = self.seen.plus(other.seen);
        let (apart, more) = (&mut self.maintenance, &other.maintenance);
        apart.asked += more.asked;
        apart.answered += more.answered;
        apart.length = apart.length.plus(more.length);
    }

    /// The part of a time of which nothing is known.
    pub const fn unseen(&self, of: Span) -> Span {
        of.minus(self.seen).minus(self.maintenance.length)
    }

    /// The probes in maintenance; `None` without any.
    pub fn in_maintenance(&self) -> Option<MaintenanceProbes> {
        (self.maintenance != MaintenanceProbes::default()).then_some(self.maintenance)
    }
}

/// Counts the steps that begin in a range. Each has a beginning of its own; `maintenance` holds the
/// times that [`covered`] gives.
pub fn probes(steps: &[ProbeStep], (from, to): Range, maintenance: &[Range]) -> Probes {
    let mut counted = Probes::default();
    for step in steps.iter().filter(|step| from <= step.start && step.start < to) {
        let answered = answered(step);
        if maintenance.iter().any(|(from, to)| *from <= step.start && step.start < *to) {
            counted.maintenance.asked += step.count;
            counted.maintenance.answered += answered;
        } else {
            counted.asked += step.count;
            counted.answered += answered;
            if step.count > 0 {
                let end = step.start.plus(PROBE_STEP).min(to);
                counted.seen = counted.seen.plus(end.since(step.start));
            }
        }
    }
    for (begin, end) in maintenance {
        let length = (*end).min(to).since((*begin).max(from));
        counted.maintenance.length = counted.maintenance.length.plus(length);
    }
    counted
}

/// The availability of an endpoint in a time.
pub fn availability(series: &ProbeSeries, range: Range, windows: &[PastWindow]) -> Availability {
    let maintenance = covered(windows, &series.endpoint, range);
    let counted = probes(&series.steps, range, &maintenance);
    Availability {
        endpoint: series.endpoint.clone(),
        asked: counted.asked,
        answered: counted.answered,
        unseen: counted.unseen(range.1.since(range.0)),
        maintenance: counted.in_maintenance(),
    }
}

/// The order of two shares, each the answered and the asked ones: what was not seen at all at the
/// beginning, then the least available first.
pub fn least_available_first(one: (u64, u64), other: (u64, u64)) -> Ordering {
    // Compared as fractions: a/b < c/d where a*d < c*b.
    let of_one = u128::from(one.0) * u128::from(other.1);
    let of_other = u128::from(other.0) * u128::from(one.1);
    (one.1 > 0).cmp(&(other.1 > 0)).then(of_one.cmp(&of_other))
}

/// Puts steps together that begin at the same time, and in their order.
pub fn joined(mut steps: Vec<ProbeStep>) -> Vec<ProbeStep> {
    steps.sort_by_key(|step| step.start);
    let mut joined: Vec<ProbeStep> = Vec::with_capacity(steps.len());
    for step in steps {
        match joined.last_mut() {
            Some(last) if last.start == step.start => {
                let count = last.count + step.count;
                if count > 0 {
                    last.mean = (answered(last) + answered(&step)) as f64 / count as f64;
                }
                last.count = count;
            }
            _ => joined.push(step),
        }
    }
    joined
}

/// The step in which a moment is.
pub const fn step_of(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.as_micros().div_euclid(STEP) * STEP)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a count of probes is a smaller count"
)]
fn answered(step: &ProbeStep) -> u64 {
    let share = if step.mean.is_finite() { step.mean.clamp(0.0, 1.0) } else { 0.0 };
    ((share * step.count as f64).round() as u64).min(step.count)
}

#[cfg(test)]
mod tests;
