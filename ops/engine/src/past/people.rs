//! Acts of people about an incident, decided from how it stands: the same incident at the same moment
//! always leads to the same act.

use domain::{
    incident::Incident,
    recommendation::{Recommendation, Stage},
    time::{Span, Timestamp},
};

use super::{Decision, Response};

/// The time that a simulated run takes.
const RUN: Span = Span::from_secs(45);

/// Something that is done about an incident.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act<'a> {
    /// A person takes note.
    Acknowledge,
    /// A person approves a recommendation.
    Approve(&'a Recommendation),
    /// A person declines a recommendation.
    Decline(&'a Recommendation, &'static str),
    /// An approved command begins; in a simulation no process is started.
    Start(&'a Recommendation),
    /// The run ends, after so long.
    End(&'a Recommendation, Span),
    /// A person resolves it.
    Resolve(&'static str),
}

/// The next act about an incident, if it is time for one.
pub fn next_act<'a>(
    response: &Response,
    incident: &'a Incident,
    now: Timestamp,
) -> Option<Act<'a>> {
    if !incident.is_active() {
        return None;
    }
    incident
        .recommendations
        .iter()
        .find_map(|one| under_way(one, now))
        .or_else(|| acknowledge(response, incident, now))
        .or_else(|| decide(response, incident, now))
        .or_else(|| resolve(response, incident, now))
}

fn under_way(one: &Recommendation, now: Timestamp) -> Option<Act<'_>> {
    match &one.stage {
        Stage::Approved { .. } => Some(Act::Start(one)),
        Stage::Running { started_at, .. } => {
            let ran = now.since(*started_at);
            (ran >= RUN).then_some(Act::End(one, ran))
        }
        _ => None,
    }
}

fn acknowledge<'a>(response: &Response, incident: &'a Incident, now: Timestamp) -> Option<Act<'a>> {
    let is_due = now.since(incident.opened_at) >= response.acknowledged;
    (incident.acknowledged.is_none() && is_due).then_some(Act::Acknowledge)
}

fn decide<'a>(response: &Response, incident: &'a Incident, now: Timestamp) -> Option<Act<'a>> {
    incident.acknowledged.as_ref()?;
    let open = now.since(incident.opened_at);
    match response.decision {
        Decision::Approve { command, after } if open >= after => {
            let has_run = |one: &Recommendation| matches!(one.stage, Stage::Ended(_));
            if incident.recommendations.iter().any(has_run) {
                return None;
            }
            incident.offered().find(|one| one.command == command).map(Act::Approve)
        }
        Decision::Decline { reason, after } if open >= after => {
            incident.offered().next().map(|one| Act::Decline(one, reason))
        }
        Decision::None | Decision::Approve { .. } | Decision::Decline { .. } => None,
    }
}

fn resolve<'a>(response: &Response, incident: &'a Incident, now: Timestamp) -> Option<Act<'a>> {
    incident.acknowledged.as_ref()?;
    let quiet = now.since(incident.quiet_since?);
    let awaits = incident.recommendations.iter().any(Recommendation::awaits_proof);
    (quiet >= response.resolved && !awaits).then_some(Act::Resolve(response.note))
}
