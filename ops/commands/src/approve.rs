//! Whether a yes counts: what was decided upon is still as it was shown, whoever says yes may, and
//! nothing is in the way.

use domain::{
    error::Error,
    hash::Hash,
    id::RecommendationId,
    incident::Incident,
    journal::Event,
    recommendation::{Approval, Recommendation},
    time::Timestamp,
};

use crate::situation::{Situation, offered};

/// What else runs on the same subject, or may still run there, for this incident or another one.
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
    let Recommendation { title, subject, .. } = run;
    let (number, until) = (id.incident, run.may_run_until().unwrap_or(now).to_seconds_text());
    Err(Error::conflict(if run.is_under_way() {
        format!(
            "\"{title}\" runs on {subject} for incident {number}. One at a time: wait for its end."
        )
    } else {
        format!(
            "\"{title}\" was started on {subject} for incident {number}, and its end was not seen. It may still run: look by hand, and wait until {until}."
        )
    }))
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
    Err(Error::conflict(format!(
        "\"{}\" ran on {} a short while ago, so it is not run again before {}. Look whether that helped.",
        one.title,
        one.subject,
        until.to_seconds_text()
    )))
}

pub(super) fn approve(
    incident: &Incident,
    id: RecommendationId,
    binding: Hash,
    situation: Situation<'_>,
) -> Result<Vec<Event>, Error> {
    let one = offered(incident, id, situation.now)?;
    let Some(catalogue) = situation.catalogue else {
        return Err(Error::conflict(
            "The page of approved commands has a mistake, so nothing runs until it is mended. The health page shows the line.".to_owned(),
        ));
    };
    let now = one.binding(incident);
    if catalogue != one.catalogue || binding != now {
        return Err(Error::conflict(
            "Something that you decided upon has changed meanwhile, so nothing was run. Read it again as it is now, then decide."
                .to_owned(),
        ));
    }
    if one.approvals.iter().any(|given| given.by == situation.actor && given.binding == now) {
        return Err(Error::conflict(
            "You have approved it already. It needs another person too, because its risk is high."
                .to_owned(),
        ));
    }
    // Otherwise one person could invite themselves once more, and be both.
    if one.approval == Approval::Two
        && situation.role_since.is_some_and(|since| since >= incident.first_offered_at(one))
    {
        return Err(Error::conflict(
            "Because its risk is high, it takes two people who could approve before it was recommended, and you can only since. Ask someone else."
                .to_owned(),
        ));
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
