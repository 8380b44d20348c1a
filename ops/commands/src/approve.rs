//! Validation of an approval: what was decided upon is still as it was shown, whoever says yes may,
//! and nothing is in the way.

use domain::{
    error::{Conflict, Error},
    hash::Hash,
    id::RecommendationId,
    incident::Incident,
    journal::Event,
    recommendation::{Approval, Recommendation},
    time::Timestamp,
};

use crate::situation::{Situation, offered};

/// Commands that run on the same subject, or may still run there, for this incident or another one.
/// Until it is over nothing else is started.
pub fn blocked_by<'a>(
    one: &Recommendation,
    incident: &'a Incident,
    others: &'a [Incident],
    now: Timestamp,
) -> Option<(RecommendationId, &'a Recommendation)> {
    let all = others.iter().filter(|other| other.number != incident.number).chain([incident]);
    let runs = all.flat_map(|other| {
        other
            .recommendations
            .iter()
            .map(|run| (RecommendationId { incident: other.number, place: run.place }, run))
    });
    let this = RecommendationId { incident: incident.number, place: one.place };
    runs.filter(|(id, run)| *id != this && run.subject == one.subject)
        .find(|(_, run)| run.may_run(now))
}

/// Refuses while something is [in the way](blocked_by).
pub(super) fn busy(
    one: &Recommendation,
    others: &[Incident],
    incident: &Incident,
    now: Timestamp,
) -> Result<(), Error> {
    let Some((id, run)) = blocked_by(one, incident, others, now) else { return Ok(()) };
    let (title, subject, incident) = (run.title.clone(), run.subject.clone(), id.incident);
    let conflict = if run.is_under_way() {
        Conflict::SubjectBusy { title, subject, incident }
    } else {
        let until = run.may_run_until().unwrap_or(now);
        Conflict::MayStillRun { title, subject, incident, until }
    };
    Err(conflict.into())
}

/// Refuses while the same command has run on the same subject a short while ago, for this incident
/// or another one.
fn cooled(
    one: &Recommendation,
    others: &[Incident],
    incident: &Incident,
    now: Timestamp,
) -> Result<(), Error> {
    let all = others
        .iter()
        .filter(|other| other.number != incident.number)
        .chain([incident])
        .flat_map(|other| &other.recommendations);
    let same = all.filter(|ran| ran.command == one.command && ran.subject == one.subject);
    // The page of commands may have been changed since: the shorter of both times counts.
    let until = same.filter_map(|ran| ran.cools_until(ran.cool_down.min(one.cool_down))).max();
    let Some(until) = until.filter(|until| now < *until) else { return Ok(()) };
    Err(Conflict::CoolingDown { title: one.title.clone(), subject: one.subject.clone(), until }
        .into())
}

pub(super) fn approve(
    incident: &Incident,
    id: RecommendationId,
    binding: Hash,
    situation: Situation<'_>,
) -> Result<Vec<Event>, Error> {
    let one = offered(incident, id, situation.now)?;
    let Some(catalogue) = situation.catalogue else {
        return Err(Conflict::CatalogueInvalid.into());
    };
    let now = one.binding(incident);
    if catalogue != one.catalogue || binding != now {
        return Err(Conflict::BindingChanged.into());
    }
    if one.approvals.iter().any(|given| given.by == situation.actor && given.binding == now) {
        return Err(Conflict::ApprovedByYou.into());
    }
    // Otherwise one person could invite themselves once more, and be both.
    if one.approval == Approval::Two
        && situation.role_since.is_some_and(|since| since >= incident.first_offered_at(one))
    {
        return Err(Conflict::ApproverTooRecent.into());
    }
    busy(one, situation.others, incident, situation.now)?;
    cooled(one, situation.others, incident, situation.now)?;
    // Who decides has taken it on.
    let acknowledged = incident
        .acknowledged
        .is_none()
        .then_some(Event::Acknowledged { incident: incident.number });
    Ok(acknowledged
        .into_iter()
        .chain([Event::Approved { incident: incident.number, place: id.place, binding }])
        .collect())
}
