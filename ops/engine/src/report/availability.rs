//! How often endpoints answered as expected, from the history of their probes.

use domain::{
    report::{Availability, ReportPeriod},
    subject::Subject,
    time::{Span, Timestamp},
};

/// The length of a step in which probes are put together. One without a value was not seen.
pub const PROBE_STEP: Span = Span::from_mins(5);
/// The most endpoints that are told.
const MOST: usize = 50;

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

/// The endpoints, those that were not seen at all at the beginning, then the least available first.
pub(super) fn of(period: &ReportPeriod, probes: &[ProbeSeries]) -> Vec<Availability> {
    let mut all: Vec<Availability> = probes.iter().map(|one| endpoint(period, one)).collect();
    // Compared as fractions: a/b < c/d where a*d < c*b.
    all.sort_by(|one, other| {
        let of_one = u128::from(one.answered) * u128::from(other.asked);
        let of_other = u128::from(other.answered) * u128::from(one.asked);
        let is_seen = (one.asked > 0).cmp(&(other.asked > 0));
        is_seen.then(of_one.cmp(&of_other)).then_with(|| one.endpoint.cmp(&other.endpoint))
    });
    all.truncate(MOST);
    all
}

fn endpoint(period: &ReportPeriod, series: &ProbeSeries) -> Availability {
    let steps = || series.steps.iter().filter(|step| period.contains(step.start));
    let asked: u64 = steps().map(|step| step.count).sum();
    let answered: u64 = steps().map(answered).sum();
    let seen = steps().filter(|step| step.count > 0).fold(Span::ZERO, |sum, step| {
        let end = step.start.plus(PROBE_STEP).min(period.to);
        sum.plus(end.since(step.start))
    });
    let unseen = period.length().minus(seen);
    let endpoint = series.endpoint.clone();
    Availability { endpoint, asked, answered, unseen }
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
