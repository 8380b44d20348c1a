//! The figures of a run.

use std::collections::BTreeMap;

use domain::time::Span;
use serde::Serialize;

use crate::{
    gate::Latencies,
    simulation::{
        record::{Outcome, Record},
        request::{Phase, Phases, Sender},
    },
};

/// A request that the simulator takes up later than this after its time is late.
pub const LATE: Span = Span::from_millis(10);
/// Organizations with a row of their own.
const ROWS: usize = 10;
/// A step of the rates is healthy up to this share of failures.
const HEALTHY: f64 = 0.05;
/// The most points of the rates.
const MOST_POINTS: u64 = 600;

/// Numbers of requests by their results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Sent in all.
    pub sent: u64,
    /// Passed.
    pub admitted: u64,
    /// Refused by a limit.
    pub refused: u64,
    /// Without an answer in time, or answered with a failure.
    pub failed: u64,
}

impl Counts {
    /// Counts a result.
    pub fn count(&mut self, outcome: Outcome) {
        self.sent += 1;
        match outcome {
            Outcome::Admitted => self.admitted += 1,
            Outcome::Refused => self.refused += 1,
            Outcome::Failed => self.failed += 1,
        }
    }

    /// Adds those of another organization.
    pub fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.admitted += other.admitted;
        self.refused += other.refused;
        self.failed += other.failed;
    }
}

/// The requests of one organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrganizationRow {
    /// Its name.
    pub organization: String,
    /// Its requests.
    #[serde(flatten)]
    pub counts: Counts,
}

/// The requests of the other organizations in a part of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseFigures {
    /// The part.
    pub phase: Phase,
    /// Their requests.
    pub counts: Counts,
    /// Latencies of those that were admitted or failed: a refusal is fast and would flatter.
    pub latencies: Latencies,
}

/// The rates of one step of time, by the times at which requests were meant to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RatePoint {
    /// The beginning of the step.
    pub at: Span,
    /// Requests of the chosen organization, invented names included.
    pub chosen: Counts,
    /// Those among them that are uploads, the trouble included.
    pub uploads: Counts,
    /// Requests of all others.
    pub others: Counts,
}

/// Delays of the simulator itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lateness {
    /// Requests that it took up more than [`LATE`] after their time.
    pub requests: u64,
    /// The longest delay, in microseconds.
    #[serde(rename = "worst_micros")]
    pub worst: Span,
}

/// The figures of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// All requests.
    pub all: Counts,
    /// The chosen organization, then the largest others by requests: at most ten in all.
    pub largest: Vec<OrganizationRow>,
    /// Number of further organizations, and their requests.
    pub rest: (u64, Counts),
    /// Number of invented names, and the requests under them.
    pub invented: (u64, Counts),
    /// The other organizations before, during and after the trouble.
    pub others: Vec<PhaseFigures>,
    /// Length of a step of the rates.
    pub step: Span,
    /// The rates, in order and without gaps.
    pub rates: Vec<RatePoint>,
    /// Time at which the first request of the trouble was meant to be sent.
    pub first_trouble: Option<Span>,
    /// Time at which the first request of the trouble was refused.
    pub first_refusal: Option<Span>,
    /// The time after the trouble from which on at most 5% of the requests failed in each step of
    /// the rates; `None` if they still failed at the end.
    pub recovered: Option<Span>,
    /// Number of times that requests were sent, those sent again included.
    pub attempts: u64,
    /// Failures by status; 0 is no answer.
    pub failures: BTreeMap<u16, u64>,
    /// Delays of the simulator itself.
    pub lateness: Lateness,
}

impl Summary {
    /// Puts the records of a run together; their order does not matter. `chosen` is the name of the
    /// organization that the simulation is about.
    pub fn new(records: &[Record], phases: &Phases, chosen: &str) -> Self {
        let (largest, rest, invented) = organizations(records, chosen);
        let (step, rates) = rates(records, phases.end);
        let mut all = Counts::default();
        let mut failures = BTreeMap::new();
        let mut lateness = Lateness::default();
        let mut attempts = 0;
        for record in records {
            all.count(record.outcome);
            if record.outcome == Outcome::Failed {
                *failures.entry(record.status).or_default() += 1;
            }
            attempts += u64::from(record.attempts);
            lateness.requests += u64::from(record.late > LATE);
            lateness.worst = lateness.worst.max(record.late);
        }
        let trouble = || records.iter().filter(|record| record.planned.purpose.is_trouble());
        let refused = trouble().filter_map(|record| Some(record.planned.at.plus(record.refused?)));
        Self {
            all,
            largest,
            rest,
            invented,
            others: others(records, phases),
            recovered: recovered(&rates, step, phases),
            step,
            rates,
            attempts,
            first_trouble: trouble().map(|record| record.planned.at).min(),
            first_refusal: refused.min(),
            failures,
            lateness,
        }
    }
}

type Group = (u64, Counts);

fn organizations(records: &[Record], chosen: &str) -> (Vec<OrganizationRow>, Group, Group) {
    let mut by_sender: BTreeMap<Sender, Counts> = BTreeMap::new();
    let mut invented = (0, Counts::default());
    by_sender.insert(Sender::Chosen, Counts::default());
    for record in records {
        by_sender.entry(record.planned.sender).or_default().count(record.outcome);
    }
    by_sender.retain(|sender, counts| {
        let is_invented = matches!(sender, Sender::Invented(_));
        if is_invented {
            invented.0 += 1;
            invented.1.add(*counts);
        }
        !is_invented
    });
    let mut ordered: Vec<(Sender, Counts)> = by_sender.into_iter().collect();
    ordered.sort_by_key(|(sender, counts)| (!sender.is_chosen(), u64::MAX - counts.sent, *sender));
    let further = ordered.split_off(ordered.len().min(ROWS));
    let mut rest = (0, Counts::default());
    for (_, counts) in further {
        rest.0 += 1;
        rest.1.add(counts);
    }
    let row = |(sender, counts): (Sender, Counts)| OrganizationRow {
        organization: sender.name(chosen).into_owned(),
        counts,
    };
    (ordered.into_iter().map(row).collect(), rest, invented)
}

fn others(records: &[Record], phases: &Phases) -> Vec<PhaseFigures> {
    let mut figures = Phase::ALL.map(|phase| PhaseFigures {
        phase,
        counts: Counts::default(),
        latencies: Latencies::default(),
    });
    for record in records.iter().filter(|record| !record.planned.sender.is_chosen()) {
        let phase = phases.phase(record.planned.at);
        if let Some(one) = figures.iter_mut().find(|one| one.phase == phase) {
            one.counts.count(record.outcome);
            if record.outcome != Outcome::Refused {
                one.latencies.record(record.latency);
            }
        }
    }
    figures.into()
}

fn rates(records: &[Record], end: Span) -> (Span, Vec<RatePoint>) {
    let seconds = end.as_micros().div_ceil(1_000_000).max(1);
    let step = Span::from_secs(seconds.div_ceil(MOST_POINTS));
    let points = seconds.div_ceil(step.as_secs());
    let mut rates: Vec<RatePoint> = (0..points)
        .map(|index| RatePoint {
            at: Span::from_micros(index * step.as_micros()),
            ..RatePoint::default()
        })
        .collect();
    for record in records {
        let index = record.planned.at.as_micros() / step.as_micros();
        let point = usize::try_from(index).ok().and_then(|index| rates.get_mut(index));
        if let Some(point) = point {
            let is_chosen = record.planned.sender.is_chosen();
            let counts = if is_chosen { &mut point.chosen } else { &mut point.others };
            counts.count(record.outcome);
            if is_chosen && record.planned.purpose.is_upload() {
                point.uploads.count(record.outcome);
            }
        }
    }
    (step, rates)
}

fn recovered(rates: &[RatePoint], step: Span, phases: &Phases) -> Option<Span> {
    let is_healthy = |point: &&RatePoint| {
        let mut counts = point.chosen;
        counts.add(point.others);
        counts.failed as f64 <= HEALTHY * counts.sent as f64
    };
    let after = |point: &&RatePoint| point.at >= phases.trouble_until;
    let healthy = rates.iter().rev().take_while(after).take_while(is_healthy).last();
    match rates.iter().rev().find(|point| !is_healthy(point)) {
        Some(ill) if ill.at.plus(step) > phases.trouble_until => {
            healthy.map(|first| first.at.minus(phases.trouble_until))
        }
        _ => Some(Span::ZERO),
    }
}
