//! Decides what a person's command does to an incident, or why not; pure, so that page and server agree.

use domain::{
    error::{Conflict, Error},
    incident::Incident,
    input::checked,
    journal::Event,
    lifecycle::{State, Step},
    recommendation::Stage,
};

use crate::{
    approve::{approve, busy},
    command::{
        Approve, CancelRun, Command, Comment, Decline, EndRun, Escalate, RateRecommendation,
        Reopen, Resolve, StartRun,
    },
    notifications::lacks_attention,
    review,
    situation::{Situation, known, offered},
};

/// Decides the effect of a command on an incident.
pub fn decide(
    incident: &Incident,
    command: &Command,
    situation: Situation<'_>,
) -> Result<Vec<Event>, Error> {
    let number = incident.number;
    match command {
        Command::Acknowledge(_) => {
            if !incident.is_active() {
                return Err(Conflict::IncidentResolved(number).into());
            }
            if incident.acknowledged.is_some() {
                return Err(Conflict::AlreadyAcknowledged(number).into());
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
                return Err(Conflict::AlreadyResolved(number).into());
            }
            // What runs is seen to its end first, so that nothing goes on behind the back of those
            // who think that it is over.
            if let Some(one) = incident.recommendations.iter().find(|one| one.is_under_way()) {
                return Err(
                    Conflict::CommandRuns { incident: number, title: one.title.clone() }.into()
                );
            }
            Ok(vec![Event::Resolved { incident: number, step: Step::PersonResolved, note }])
        }
        Command::Reopen(Reopen { note, .. }) => {
            let note = checked("note", note, false)?;
            if incident.state != State::Resolved {
                return Err(Conflict::IncidentOpen(number, incident.state).into());
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
                Stage::Running { cancelled: Some(_), .. } => Err(Conflict::AlreadyCancelled.into()),
                Stage::Approved { .. } => Err(Conflict::RunStarting.into()),
                Stage::Offered
                | Stage::Declined { .. }
                | Stage::Withdrawn { .. }
                | Stage::Ended(_) => Err(Conflict::NothingRuns.into()),
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
                _ => Err(Conflict::NotReadyToRun(*recommendation).into()),
            }
        }
        Command::EndRun(EndRun { recommendation, outcome, duration, output }) => {
            let place = recommendation.place;
            let Stage::Running { .. } = known(incident, *recommendation)?.stage else {
                return Err(Conflict::NotRunning(*recommendation).into());
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
        Command::Escalate(Escalate { round, .. }) => {
            if !incident.is_active() {
                return Err(Conflict::IncidentResolved(number).into());
            }
            if !lacks_attention(incident) {
                return Err(Conflict::AlreadyAcknowledged(number).into());
            }
            Ok(vec![Event::NotAcknowledged { incident: number, round: *round }])
        }
        Command::RateRecommendation(RateRecommendation { recommendation, rating }) => {
            review::rate(incident, recommendation.place, *rating)
        }
        // What these do is not done to an incident: the service and the store see to it.
        Command::RunInspection(_)
        | Command::RetireSubject(_)
        | Command::RetireMissing(_)
        | Command::ReportChange(_)
        | Command::BeginMaintenance(_)
        | Command::EndMaintenance(_)
        | Command::EndMeasure(_)
        | Command::SuspendAutomation(_)
        | Command::ResumeAutomation(_)
        | Command::BeginSafeMode(_)
        | Command::SetSafeModeStage(_)
        | Command::EndSafeMode(_)
        | Command::SetOrganizationPlan(_)
        | Command::BeginPlanOverride(_)
        | Command::EndPlanOverride(_)
        | Command::PublishNotice(_)
        | Command::PublishUpdate(_)
        | Command::WithdrawUpdate(_)
        | Command::SaveMessage(_)
        | Command::ReviewMessage(_)
        | Command::MarkMessageSent(_)
        | Command::SaveReview(_)
        | Command::AddPreventionStep(_)
        | Command::FinishPreventionStep(_)
        | Command::DropPreventionStep(_)
        | Command::ChangeThreshold(_)
        | Command::DeclineThreshold(_)
        | Command::MakeReport(_)
        | Command::ReviewReport(_)
        | Command::Record(_)
        | Command::Account(_)
        | Command::Redact(_)
        | Command::CreateShare(_)
        | Command::RevokeShare(_)
        | Command::SetContact(_)
        | Command::RemoveContact(_)
        | Command::TestContact(_)
        | Command::BeginPractice(_)
        | Command::EndPractice(_)
        | Command::RecordDelivery(_) => Ok(Vec::new()),
    }
}
