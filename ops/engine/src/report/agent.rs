//! The acts of the agent, and how fast people approved.

use std::collections::BTreeSet;

use domain::{
    incident::Incident,
    recommendation::{Recommendation, Stage, Withdrawn},
    report::{AgentFigures, ApprovalFigures},
    review::Rating,
    time::Span,
};

use super::rank::{share_of, small, sorted};

/// The figures of the agent.
pub(super) fn figures(incidents: &[&Incident], ratings: &[Rating]) -> AgentFigures {
    let all = || incidents.iter().flat_map(|one| &one.recommendations);
    let count = |is: &dyn Fn(&Stage) -> bool| small(all().filter(|one| is(&one.stage)).count());
    let last = || incidents.iter().flat_map(|one| last_offers(one));
    let expired = |one: &&Recommendation| {
        matches!(one.stage, Stage::Withdrawn { why: Withdrawn::Expired, .. })
    };
    let distinct = |is: &dyn Fn(&Recommendation) -> bool| {
        small(incidents.iter().map(|one| first_of_each(one, is).len()).sum())
    };
    let rated = |rating: Rating| {
        let times = ratings.iter().filter(|one| **one == rating).count();
        (times > 0).then(|| (rating, small(times)))
    };
    AgentFigures {
        limits: small(incidents.iter().map(|one| one.measures.len()).sum()),
        recommended: small(last().count()),
        approved: distinct(&is_approved),
        declined: distinct(&|one| matches!(one.stage, Stage::Declined { .. })),
        expired: small(last().filter(expired).count()),
        ran: count(&|stage| matches!(stage, Stage::Ended(ended) if ended.has_run())),
        worked: count(&|stage| matches!(stage, Stage::Ended(ended) if ended.worked == Some(true))),
        ratings: Rating::ALL.into_iter().filter_map(rated).collect(),
    }
}

/// The last offer of each command with its values.
fn last_offers(incident: &Incident) -> Vec<&Recommendation> {
    let mut seen = BTreeSet::new();
    let mut last: Vec<&Recommendation> =
        incident.recommendations.iter().rev().filter(|one| seen.insert(one.deed())).collect();
    last.reverse();
    last
}

/// The first offer of each command with its values of which something is true.
fn first_of_each<'a>(
    incident: &'a Incident,
    is: &dyn Fn(&Recommendation) -> bool,
) -> Vec<&'a Recommendation> {
    let mut seen = BTreeSet::new();
    let found = incident.recommendations.iter().filter(|one| is(one));
    found.filter(|one| seen.insert(one.deed())).collect()
}

/// True if everybody who is needed said yes.
fn is_approved(one: &Recommendation) -> bool {
    one.approvals_missing() == 0
}

/// The times from the first offer to the consent that completed the first approval.
pub(super) fn approvals(incidents: &[&Incident]) -> ApprovalFigures {
    let took = |incident: &Incident, one: &Recommendation| -> Option<Span> {
        let given = one.approvals.last()?;
        Some(given.at.since(incident.first_offered_at(one)))
    };
    let times = sorted(incidents.iter().flat_map(|incident| {
        let approved = first_of_each(incident, &is_approved);
        approved.into_iter().filter_map(|one| took(incident, one))
    }));
    ApprovalFigures {
        approved: small(times.len()),
        median: share_of(&times, 5),
        p90: share_of(&times, 9),
    }
}
