//! Figures of a stability report, made of incidents, entries of the journal and the history of probes.
//! Practices are never counted.

mod agent;
mod counts;
mod near;
mod objectives;
mod promises;
mod rank;
mod seen;
mod source;

use domain::{
    incident::Incident,
    journal::Event,
    report::{
        Availability, PreventionFigures, ProposalFigures, ReportBefore, ReportIncident,
        StabilityReport,
    },
    review::{DueDate, PreventionSteps, Rating, StepState},
    severity::Severity,
};

pub use near::{HeldBreach, WATCHED_STEP, WatchedSeries, is_past};
pub use objectives::{ObjectiveSeries, ResultSeries};
pub use source::{Blind, OpenedIncident, REPEATS_WITHIN, ReportSource, WEEK};

use self::{promises::recovered_after, rank::small};
use crate::availability::{availability as of_endpoint, least_available_first};

/// The most incidents that are listed.
const MOST_INCIDENTS: usize = 20;
/// The most endpoints that are told.
const MOST_ENDPOINTS: usize = 50;

/// The report of a period.
pub fn report(source: ReportSource<'_>) -> StabilityReport {
    let period = source.period;
    let is_of_period = |one: &&Incident| !one.is_practice() && period.contains(one.opened_at);
    let mut incidents: Vec<&Incident> = source.incidents.iter().filter(is_of_period).collect();
    incidents.sort_by_key(|one| (one.opened_at, one.number));
    let ratings = ratings(source);
    StabilityReport {
        period: period.clone(),
        generated: source.generated,
        promises: promises::of(source, &incidents, &ratings),
        before: before(source),
        trend: seen::trend(source),
        incidents: listed(&incidents),
        causes: counts::causes(&incidents),
        noisy: counts::noisy(&incidents),
        agent: agent::figures(&incidents, &ratings),
        approvals: agent::approvals(&incidents),
        prevention: prevention(source),
        availability: availability(source),
        requests: objectives::requests(period, source.results),
        objectives: objectives::of(source.objectives),
        near_misses: near::of(period, source.watched, source.held),
        near_misses_left_out: source.left_out,
        unread: source.unread.to_vec(),
        proposals: proposals(source),
        withheld: withheld(source),
        gaps: seen::gaps(source),
        head: source.head,
    }
}

fn before(source: ReportSource<'_>) -> Option<ReportBefore> {
    let period = source.period;
    let earlier = source.earlier.iter().filter(|one| one.to <= period.from);
    earlier.max_by_key(|one| (one.to, one.report)).copied()
}

/// The incidents that are listed: the active ones, then the critical ones, each oldest first.
fn listed(oldest_first: &[&Incident]) -> Vec<ReportIncident> {
    let mut all = oldest_first.to_vec();
    all.sort_by_key(|one| (!one.is_active(), one.severity != Severity::Critical));
    all.into_iter().take(MOST_INCIDENTS).map(in_list).collect()
}

fn in_list(one: &Incident) -> ReportIncident {
    ReportIncident {
        incident: one.number,
        cause: one.cause.clone(),
        severity: one.severity,
        opened_at: one.opened_at,
        recovered_after: recovered_after(one),
        is_active: one.is_active(),
    }
}

/// The ratings of the period; of several of the same recommendation the last one.
fn ratings(source: ReportSource<'_>) -> Vec<Rating> {
    let mut last = std::collections::BTreeMap::new();
    for entry in source.entries.iter().filter(|entry| source.period.contains(entry.at)) {
        if let Some(Event::RecommendationRated { incident, place, rating, .. }) = &entry.event {
            last.insert((*incident, *place), *rating);
        }
    }
    last.into_values().collect()
}

fn prevention(source: ReportSource<'_>) -> PreventionFigures {
    let PreventionSteps(steps) = source.steps;
    let is_in = |at| source.period.contains(at);
    let count = |is: &dyn Fn(&StepState) -> bool| steps.iter().filter(|one| is(&one.state)).count();
    let done = |state: &StepState| matches!(state, StepState::Done { at, .. } if is_in(*at));
    // A step that was written down as one that will not be done has ended when it was added.
    let is_planned = |one: &&domain::review::PreventionStep| match &one.state {
        StepState::Dropped { entry, .. } => *entry != one.number,
        StepState::Open { .. } | StepState::Done { .. } => true,
    };
    let added = steps.iter().filter(is_planned).filter(|one| is_in(one.added_at)).count();
    let counts = source.steps.counts(DueDate::of(source.made_at));
    PreventionFigures {
        added: small(added),
        done: small(count(&done)),
        open: counts.open,
        overdue: counts.overdue,
    }
}

fn proposals(source: ReportSource<'_>) -> ProposalFigures {
    let of_period = source.entries.iter().filter(|entry| source.period.contains(entry.at));
    let mut figures = ProposalFigures::default();
    for entry in of_period {
        match &entry.event {
            Some(Event::ThresholdProposed { .. }) => figures.made += 1,
            Some(Event::ThresholdChanged { proposal: Some(_), .. }) => figures.accepted += 1,
            Some(Event::ThresholdDeclined { .. }) => figures.declined += 1,
            _ => {}
        }
    }
    figures
}

/// The endpoints: those that were not seen at all, then the least available ones.
fn availability(source: ReportSource<'_>) -> Vec<Availability> {
    let range = (source.period.from, source.period.to);
    let of = |series| of_endpoint(series, range, source.windows);
    let mut all: Vec<Availability> = source.probes.iter().map(of).collect();
    let share = |one: &Availability| (one.answered, one.asked);
    all.sort_by(|one, other| {
        least_available_first(share(one), share(other))
            .then_with(|| one.endpoint.cmp(&other.endpoint))
    });
    all.truncate(MOST_ENDPOINTS);
    all
}

fn withheld(source: ReportSource<'_>) -> u32 {
    let of_period = source.entries.iter().filter(|entry| source.period.contains(entry.at));
    of_period.fold(0, |sum, entry| match &entry.event {
        Some(Event::MaintenanceEnded { would_have_alerted, more, .. }) => {
            sum.saturating_add(small(would_have_alerted.len())).saturating_add(*more)
        }
        _ => sum,
    })
}

#[cfg(test)]
mod tests;
