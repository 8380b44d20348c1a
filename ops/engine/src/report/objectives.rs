//! Events of objectives in a period, and the results of requests.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    report::{ObjectiveFigures, ReportPeriod, RequestFigures},
    subject::Subject,
    time::{Span, Timestamp},
};
use policy::objectives::{Counted, Objective};

use super::rank::small;
use crate::availability::{PROBE_STEP, ProbeStep};

/// The most organizations whose requests are told, with the whole gate.
const MOST: usize = 20;

/// The stored values of an objective.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectiveSeries {
    /// The objective, as the document has it.
    pub objective: Objective,
    /// The numbers of its events, oldest first.
    pub events: Vec<ProbeStep>,
    /// The numbers of those that failed, oldest first.
    pub failures: Vec<ProbeStep>,
    /// The rest of its error budget at the end of the period, in percent.
    pub budget_left: Option<f64>,
}

/// The results of requests of an organization, or of all at the gate.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultSeries {
    /// The organization, or the gate.
    pub subject: Subject,
    /// The rates of results, oldest first.
    pub rates: Vec<ProbeStep>,
    /// The numbers of results, oldest first; none from before they were counted.
    pub counted: Vec<ProbeStep>,
    /// The numbers of those that failed, oldest first.
    pub failed: Vec<ProbeStep>,
}

/// The objectives, in the order of their document.
pub(super) fn of(all: &[ObjectiveSeries]) -> Vec<ObjectiveFigures> {
    all.iter().map(figures).collect()
}

fn figures(one: &ObjectiveSeries) -> ObjectiveFigures {
    let objective = &one.objective;
    let of = match &objective.counted {
        Counted::Probes { endpoints, .. } => endpoints.clone(),
        Counted::Results { organization, .. } => organization.iter().cloned().collect(),
    };
    let events = sum(&one.events);
    let days = objective.period.as_secs() / 86_400;
    ObjectiveFigures {
        objective: objective.name.clone(),
        of,
        target: objective.target.thousandths(),
        days: u32::try_from(days).unwrap_or(u32::MAX),
        events,
        failed: sum(&one.failures).min(events),
        budget_left: one.budget_left.and_then(whole),
    }
}

/// The sum of whole numbers.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of events is whole and far below 2^53"
)]
fn sum(steps: &[ProbeStep]) -> u64 {
    let of_step = |step: &ProbeStep| (step.mean * step.count as f64).round().max(0.0) as u64;
    steps.iter().map(of_step).fold(0, u64::saturating_add)
}

#[expect(clippy::cast_possible_truncation, reason = "a number beyond the range becomes its end")]
fn whole(percent: f64) -> Option<i64> {
    percent.is_finite().then(|| percent.floor() as i64)
}

/// The results of the gate, then of the organizations, the worst first.
pub(super) fn requests(period: &ReportPeriod, all: &[ResultSeries]) -> Vec<RequestFigures> {
    let mut series: BTreeMap<Option<&Subject>, Results<'_>> = BTreeMap::new();
    for one in all {
        // The gate of a host that got another name is the same gate.
        let organization = (one.subject.kind() == "organization").then_some(&one.subject);
        series.entry(organization).or_default().add(one);
    }
    let mut told: Vec<RequestFigures> =
        series.into_values().filter_map(|one| one.figures(period)).collect();
    told.sort_by(|one, other| {
        let is_organization = |one: &RequestFigures| one.subject.kind() == "organization";
        let rank = |one: &RequestFigures| (is_organization(one), one.results == 0);
        let failed = |one: &RequestFigures, all: u64| u128::from(one.failed) * u128::from(all);
        rank(one)
            .cmp(&rank(other))
            .then_with(|| failed(other, one.results).cmp(&failed(one, other.results)))
            .then_with(|| one.subject.cmp(&other.subject))
    });
    told.truncate(MOST);
    told
}

/// The results of one organization, or of the gate.
#[derive(Default)]
struct Results<'a> {
    /// The newest subject, and the beginning of its last step.
    subject: Option<(Timestamp, &'a Subject)>,
    /// The beginnings of the steps in which results were counted.
    counted: BTreeSet<Timestamp>,
    /// The beginnings of the steps in which results were reported.
    reported: BTreeSet<Timestamp>,
    results: u64,
    failed: u64,
}

impl<'a> Results<'a> {
    fn add(&mut self, one: &'a ResultSeries) {
        let is_any = |step: &&ProbeStep| step.mean > 0.0 && step.count > 0;
        let start = |step: &ProbeStep| step.start;
        self.reported.extend(one.rates.iter().filter(is_any).map(start));
        self.counted.extend(one.counted.iter().filter(is_any).map(start));
        self.results = self.results.saturating_add(sum(&one.counted));
        self.failed = self.failed.saturating_add(sum(&one.failed));
        let newest = one.rates.last().map(|step| (step.start, &one.subject));
        self.subject = self.subject.max(newest);
    }

    /// The figures; `None` without results.
    fn figures(&self, period: &ReportPeriod) -> Option<RequestFigures> {
        let steps = |steps: usize| {
            Span::from_micros(PROBE_STEP.as_micros().saturating_mul(u64::from(small(steps))))
        };
        let seen = self.counted.union(&self.reported).count();
        if seen == 0 {
            return None;
        }
        Some(RequestFigures {
            subject: self.subject?.1.clone(),
            succeeded: None,
            unseen: period.length().minus(steps(seen)),
            results: self.results,
            failed: self.failed.min(self.results),
            uncounted: steps(self.reported.difference(&self.counted).count()),
        })
    }
}
