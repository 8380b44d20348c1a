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

/// The length of a step in which probes are put together. One with a value was seen to its end.
pub const PROBE_STEP: Span = Span::from_mins(5);
/// The length of the steps beside the edges of maintenance windows.
const MINUTE: Span = Span::from_mins(1);
/// A step tells of no longer time than this after its end, however rare probes are.
const LONGEST_INTERVAL: Span = Span::from_mins(60);
/// The number of distances between steps that tell how often an endpoint is probed.
const DISTANCES: usize = 4;
/// The time before a period whose steps tell how long the last of them holds in it.
pub const LOOK_BACK: Span = Span::from_mins(6 * 60);

/// The beginning and the end of a time.
pub type Range = (Timestamp, Timestamp);

/// The probes of a step of time: five minutes, or one beside the edge of a maintenance window.
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
    /// Its steps, oldest first, with those of [`LOOK_BACK`] before the period.
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

/// The maintenance windows that entries tell of, which come in their order. One whose reason was
/// redacted is told by its redaction.
pub fn windows(entries: &[Entry]) -> Vec<PastWindow> {
    let mut all: BTreeMap<u64, PastWindow> = BTreeMap::new();
    let mut without_words: BTreeMap<u64, Timestamp> = BTreeMap::new();
    let mut ends: BTreeMap<u64, Timestamp> = BTreeMap::new();
    for entry in entries {
        let (number, from, window) = match &entry.event {
            Some(Event::MaintenanceBegun { window }) => (entry.number, entry.at, window),
            Some(Event::Redacted { entry: of, window: Some(window), .. }) => {
                let Some(from) = without_words.get(of) else { continue };
                (*of, *from, window)
            }
            Some(Event::MaintenanceEnded { window, .. }) => {
                let end = ends.entry(*window).or_insert(entry.at);
                *end = entry.at.min(*end);
                continue;
            }
            None => {
                without_words.insert(entry.number, entry.at);
                continue;
            }
            Some(_) => continue,
        };
        let subjects = window.subjects.clone();
        all.insert(number, PastWindow { subjects, from, to: window.until });
    }
    for (number, window) in &mut all {
        let end = ends.get(number).copied().unwrap_or(window.to);
        window.to = window.to.min(end);
    }
    all.into_values().collect()
}

/// The times in which windows covered a subject, within a range: oldest first, none touching
/// another.
pub fn covered(windows: &[PastWindow], subject: &Subject, (from, to): Range) -> Vec<Range> {
    let covers = |one: &&PastWindow| one.subjects.iter().any(|pattern| pattern.covers(subject));
    let mut times: Vec<Range> = windows
        .iter()
        .filter(covers)
        .map(|one| (one.from.max(from), one.to.min(to)))
        .filter(|(from, to)| from < to)
        .collect();
    times.sort_unstable();
    united(times)
}

/// The times in which the state of an endpoint is known from its probes: oldest first, none
/// touching another. Each step holds to its end, and where probes are rarer than that, for the usual
/// distance between them after it: the probe may have been at its end.
pub fn watched(steps: &[ProbeStep]) -> Vec<Range> {
    let steps: Vec<&ProbeStep> = steps.iter().filter(|step| step.count > 0).collect();
    let distance = |pair: &[&ProbeStep]| {
        let between = pair[1].start.since(pair[0].start).as_micros();
        Span::from_micros(between / pair[0].count.max(1))
    };
    let distances: Vec<Span> = steps.windows(2).map(distance).collect();
    let held = steps.iter().enumerate().map(|(place, step)| {
        let before = &distances[place.saturating_sub(DISTANCES)..place];
        let interval = usual(before).min(LONGEST_INTERVAL);
        let grace = if interval < PROBE_STEP { Span::ZERO } else { interval };
        let from = step_of(step.start);
        (from, from.plus(PROBE_STEP).plus(grace))
    });
    united(held)
}

/// The lower middle of at most [`DISTANCES`] distances, so that neither one gap nor one probe more
/// changes it; nothing where none is known.
fn usual(distances: &[Span]) -> Span {
    let mut sorted = [Span::ZERO; DISTANCES];
    let sorted = &mut sorted[..distances.len().min(DISTANCES)];
    sorted.copy_from_slice(&distances[distances.len() - sorted.len()..]);
    sorted.sort_unstable();
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// Times in the order of their beginnings, with those as one that touch.
fn united(times: impl IntoIterator<Item = Range>) -> Vec<Range> {
    let mut united: Vec<Range> = Vec::new();
    for (from, to) in times {
        match united.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => united.push((from, to)),
        }
    }
    united
}

/// The parts of times that lie within a range. The times are those of [`covered`] or [`watched`].
fn within(times: &[Range], (from, to): Range) -> impl Iterator<Item = Range> + '_ {
    let first = times.partition_point(|(_, end)| *end <= from);
    let some = times[first..].iter().take_while(move |(begin, _)| *begin < to);
    some.map(move |(begin, end)| ((*begin).max(from), (*end).min(to)))
}

fn length(times: impl Iterator<Item = Range>) -> Span {
    times.fold(Span::ZERO, |sum, (from, to)| sum.plus(to.since(from)))
}

/// The probes of a time, and how much of it was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Probes {
    /// The number of probes outside of maintenance.
    pub asked: u64,
    /// Those of them that were answered as expected.
    pub answered: u64,
    /// The time outside of maintenance in which probes told how it was.
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

/// Counts the steps that begin in a range. `watched` and `maintenance` are the times that
/// [`watched`] and [`covered`] give.
pub fn probes(
    steps: &[ProbeStep],
    watched: &[Range],
    (from, to): Range,
    maintenance: &[Range],
) -> Probes {
    let mut counted = Probes::default();
    let first = steps.partition_point(|step| step.start < from);
    for step in steps[first..].iter().take_while(|step| step.start < to) {
        let minute = floor(step.start, MINUTE);
        let is_apart = within(maintenance, (minute, minute.plus(MINUTE))).next().is_some();
        let (asked, answered) = (step.count, answered(step));
        if is_apart {
            counted.maintenance.asked += asked;
            counted.maintenance.answered += answered;
        } else {
            counted.asked += asked;
            counted.answered += answered;
        }
    }
    let apart = || within(maintenance, (from, to));
    counted.maintenance.length = length(apart());
    let seen_apart = apart().map(|range| length(within(watched, range)));
    let seen_apart = seen_apart.fold(Span::ZERO, Span::plus);
    counted.seen = length(within(watched, (from, to))).minus(seen_apart);
    counted
}

/// The availability of an endpoint in a time.
pub fn availability(series: &ProbeSeries, range: Range, windows: &[PastWindow]) -> Availability {
    let maintenance = covered(windows, &series.endpoint, range);
    let counted = probes(&series.steps, &watched(&series.steps), range, &maintenance);
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

/// Puts minutes, or single probes, into steps. They come in their order, and stay as they are in a
/// step in which a time of maintenance begins or ends.
pub fn steps_of(
    minutes: impl IntoIterator<Item = ProbeStep>,
    maintenance: &[Range],
) -> Vec<ProbeStep> {
    let mut steps: Vec<ProbeStep> = Vec::new();
    for one in minutes {
        let start = step_of(one.start);
        let step = (start, start.plus(PROBE_STEP));
        if within(maintenance, step).any(|part| part != step) {
            steps.push(one);
            continue;
        }
        match steps.last_mut() {
            Some(last) if last.start == start => {
                let count = last.count + one.count;
                if count > 0 {
                    last.mean = (answered(last) + answered(&one)) as f64 / count as f64;
                }
                last.count = count;
            }
            _ => steps.push(ProbeStep { start, ..one }),
        }
    }
    steps
}

/// The step in which a moment is.
pub const fn step_of(at: Timestamp) -> Timestamp {
    floor(at, PROBE_STEP)
}

const fn floor(at: Timestamp, width: Span) -> Timestamp {
    let width = width.as_micros().cast_signed();
    Timestamp::from_micros(at.as_micros().div_euclid(width) * width)
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
