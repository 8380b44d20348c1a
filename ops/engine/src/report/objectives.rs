//! Events of objectives in a period, and the share of requests that succeeded.

use domain::{
    report::{ObjectiveFigures, ReportPeriod, RequestFigures},
    subject::Subject,
    time::Span,
};
use policy::objectives::{Counted, Objective};

use super::rank::small;
use crate::availability::{PROBE_STEP, ProbeStep};

/// The most organizations whose requests are told, with the whole gate.
const MOST: usize = 20;
const WHOLE: f64 = 100_000.0;

/// What is stored of an objective.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectiveSeries {
    /// The objective, as the document has it.
    pub objective: Objective,
    /// The numbers of its events, oldest first.
    pub events: Vec<ProbeStep>,
    /// The numbers of those that failed, oldest first.
    pub failures: Vec<ProbeStep>,
    /// What was left of its error budget at the end of the period, in percent.
    pub budget_left: Option<f64>,
}

/// The results of requests of an organization, or of all at the gate.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultSeries {
    /// The organization, or the gate.
    pub subject: Subject,
    /// The rates of results, oldest first.
    pub results: Vec<ProbeStep>,
    /// The shares that failed, in percent, oldest first.
    pub errors: Vec<ProbeStep>,
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

/// The share that succeeded: the gate first, then the organizations, the worst first.
pub(super) fn requests(period: &ReportPeriod, all: &[ResultSeries]) -> Vec<RequestFigures> {
    let mut told: Vec<RequestFigures> =
        all.iter().filter_map(|one| succeeded(period, one)).collect();
    told.sort_by(|one, other| {
        let is_organization = |one: &RequestFigures| one.subject.kind() == "organization";
        let rank = |one: &RequestFigures| (is_organization(one), one.succeeded);
        rank(one).cmp(&rank(other)).then_with(|| one.subject.cmp(&other.subject))
    });
    told.truncate(MOST);
    told
}

/// The share of one; `None` without results.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share from 0 to 1 of a hundred thousand"
)]
fn succeeded(period: &ReportPeriod, one: &ResultSeries) -> Option<RequestFigures> {
    let (mut all, mut failed, mut steps) = (0.0_f64, 0.0_f64, 0_usize);
    let mut errors = one.errors.iter().peekable();
    for step in one.results.iter().filter(|step| step.mean > 0.0 && step.count > 0) {
        while errors.next_if(|error| error.start < step.start).is_some() {}
        // Where a rate but no share is known, nothing is known of how requests ended.
        let Some(share) = errors.peek().filter(|error| error.start == step.start) else { continue };
        let weight = step.mean * step.count as f64;
        all += weight;
        failed += weight * (share.mean / 100.0).clamp(0.0, 1.0);
        steps += 1;
    }
    if all <= 0.0 {
        return None;
    }
    let seen = Span::from_micros(PROBE_STEP.as_micros().saturating_mul(u64::from(small(steps))));
    // Half a millionth against the error of the sum, so that no failure at all is 100 %.
    let succeeded = (WHOLE * (1.0 - failed / all) + 1e-6).floor().clamp(0.0, WHOLE) as u32;
    Some(RequestFigures {
        subject: one.subject.clone(),
        succeeded,
        unseen: period.length().minus(seen),
    })
}
