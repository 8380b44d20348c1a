//! Decides what a person's command does to an incident, or why not; pure, so that page and server agree.

use domain::{
    error::Error,
    incident::Incident,
    journal::Event,
    lifecycle::{State, Step},
    recommendation::Stage,
    text::checked,
};

use crate::{
    approve::{approve, busy},
    command::{Approve, CancelRun, Command, Comment, Decline, EndRun, Reopen, Resolve, StartRun},
    situation::{Situation, known, offered},
};

/// What a command does to an incident.
pub fn decide(
    incident: &Incident,
    command: &Command,
    situation: Situation<'_>,
) -> Result<Vec<Event>, Error> {
    let number = incident.number;
    match command {
        Command::Acknowledge(_) => {
            if !incident.is_active() {
                return Err(Error::conflict(format!(
                    "Incident {number} is resolved. Reopen it if it is not over."
                )));
            }
            if incident.acknowledged.is_some() {
                return Err(Error::conflict(format!("Incident {number} is acknowledged already.")));
            }
            Ok(vec![Event::Acknowledged { incident: number }])
        }
        Command::Comment(Comment { text, .. }) => {
            let text = checked("text", text, true)?.unwrap_or_default();
            Ok(vec![Event::Commented { incident: number, text }])
        }
        Command::Resolve(Resolve { note, .. }) => {
            let note = checked("note", note, false)?;
            if !incident.is_active() {
                return Err(Error::conflict(format!("Incident {number} is resolved already.")));
            }
            // What runs is seen to its end first, so that nothing goes on behind the back of those
            // who think that it is over.
            if let Some(one) = incident.recommendations.iter().find(|one| one.is_under_way()) {
                return Err(Error::conflict(format!(
                    "\"{}\" runs for incident {number}. Wait for its end, or cancel it.",
                    one.title
                )));
            }
            Ok(vec![Event::Resolved { incident: number, step: Step::PersonResolved, note }])
        }
        Command::Reopen(Reopen { note, .. }) => {
            let note = checked("note", note, false)?;
            if incident.state != State::Resolved {
                return Err(Error::conflict(format!(
                    "Incident {number} is open already: it is {}.",
                    incident.state
                )));
            }
            Ok(vec![Event::Reopened { incident: number, note }])
        }
        Command::Approve(Approve { recommendation, binding }) => {
            approve(incident, *recommendation, *binding, situation)
        }
        Command::Decline(Decline { recommendation, reason }) => {
            let place = recommendation.place;
            let reason = checked("reason", reason, true)?.unwrap_or_default();
            offered(incident, *recommendation, situation.now)?;
            Ok(vec![Event::RecommendationDeclined { incident: number, place, reason }])
        }
        Command::CancelRun(CancelRun { recommendation }) => {
            let place = recommendation.place;
            match &known(incident, *recommendation)?.stage {
                Stage::Running { cancelled: None, .. } => {
                    Ok(vec![Event::RunCancelled { incident: number, place }])
                }
                Stage::Running { cancelled: Some(_), .. } => {
                    Err(Error::conflict("It is being ended already.".to_owned()))
                }
                Stage::Approved { .. } => {
                    Err(Error::conflict("It starts this moment. Try again in a second.".to_owned()))
                }
                Stage::Offered
                | Stage::Declined { .. }
                | Stage::Withdrawn { .. }
                | Stage::Ended(_) => {
                    Err(Error::conflict("It does not run, so there is nothing to end.".to_owned()))
                }
            }
        }
        Command::StartRun(StartRun { recommendation }) => {
            let place = recommendation.place;
            let one = known(incident, *recommendation)?;
            match &one.stage {
                Stage::Approved { .. } if incident.is_active() => {
                    busy(one, situation.others, incident, situation.now)?;
                    Ok(vec![Event::RunStarted { incident: number, place }])
                }
                _ => Err(Error::conflict(format!(
                    "Recommendation {recommendation} is not about to run."
                ))),
            }
        }
        Command::EndRun(EndRun { recommendation, outcome, duration, output }) => {
            let place = recommendation.place;
            let Stage::Running { .. } = known(incident, *recommendation)?.stage else {
                return Err(Error::conflict(format!(
                    "Recommendation {recommendation} does not run."
                )));
            };
            let (outcome, duration, output) = (outcome.clone(), *duration, output.clone());
            let worked = outcome.is_success();
            let mut events =
                vec![Event::RunEnded { incident: number, place, outcome, duration, output }];
            if worked && let Some(to) = incident.state.after(Step::CommandRan) {
                events.push(Event::Moved {
                    incident: number,
                    from: incident.state,
                    step: Step::CommandRan,
                    to,
                });
            }
            Ok(events)
        }
        // What these do is not done to an incident: the service and the store see to it.
        Command::RetireSubject(_)
        | Command::Record(_)
        | Command::Account(_)
        | Command::Redact(_)
        | Command::CreateShare(_)
        | Command::RevokeShare(_)
        | Command::SetContact(_)
        | Command::RemoveContact(_)
        | Command::TestContact(_)
        | Command::RecordDelivery(_) => Ok(Vec::new()),
    }
}
