//! A step as the service takes it.

use commands::{
    command::{
        Acknowledge, Approve, CancelRun, Command, Comment, Decline, Reopen, Resolve, RunInspection,
    },
    reading::GetRecommendation,
    service::Operations,
};
use domain::{
    access::Principal,
    error::ErrorKind,
    hash::Hash,
    id::{IncidentNumber, RecommendationId},
    inspection::Inspection,
    recommendation::Stage,
};

use super::step::{Sent, Step};
use crate::{backend, problem::Problem, urlencoded::Form};

/// The most of what a form says that it showed.
const MOST_SEEN: usize = 8_000;

impl Sent {
    /// From the fields of a form.
    pub(crate) fn read(form: &Form) -> Self {
        Self {
            step: Step::named(form.get("what")),
            text: form.get("text").to_owned(),
            place: form.get("place").parse().ok(),
            binding: form.get("binding").to_owned(),
            seen: form.get("seen").chars().take(MOST_SEEN).collect(),
            inspection: form.get("inspection").to_owned(),
        }
    }

    /// As the service takes it.
    pub(crate) fn command(&self, incident: IncidentNumber) -> Result<Command, Problem> {
        let unread = Problem::unreadable;
        let recommendation =
            || self.place.map(|place| RecommendationId { incident, place }).ok_or_else(unread);
        let text = || self.text.clone();
        Ok(match self.step.ok_or_else(unread)? {
            Step::Acknowledge => Command::Acknowledge(Acknowledge { incident }),
            Step::Comment => Command::Comment(Comment { incident, text: text() }),
            Step::Inspect => Command::RunInspection(RunInspection {
                incident,
                inspection: Inspection::from_key(&self.inspection).ok_or_else(unread)?,
            }),
            Step::Resolve => Command::Resolve(Resolve { incident, note: text() }),
            Step::Reopen => Command::Reopen(Reopen { incident, note: text() }),
            Step::Approve => Command::Approve(Approve {
                recommendation: recommendation()?,
                binding: self.binding.parse::<Hash>().map_err(|_| unread())?,
            }),
            Step::Decline => {
                Command::Decline(Decline { recommendation: recommendation()?, reason: text() })
            }
            Step::Cancel => Command::CancelRun(CancelRun { recommendation: recommendation()? }),
        })
    }
}

/// Carries a step out. What the same person did a moment ago already is done: a second press, or one
/// that is sent again because the connection was lost, ends like the first.
pub(super) async fn act(incident: u32, sent: &Sent) -> Result<String, Problem> {
    backend::header(http::header::CACHE_CONTROL, "private, no-store");
    let known = backend::known();
    let done = async {
        let (operations, caller) = known.ok_or_else(backend::lost)?;
        let command = sent.command(IncidentNumber(incident))?;
        match operations.change(caller.clone(), command.clone()).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let problem = Problem::from(error);
                let is_done = problem.kind == ErrorKind::Conflict
                    && is_done_already(&operations, caller, &command).await;
                if is_done { Ok(()) } else { Err(problem) }
            }
        }
    };
    done.await.map_err(backend::refuse)?;
    Ok(sent.step.map(Step::sentence).unwrap_or_default().to_owned())
}

/// True if this caller did exactly this before.
async fn is_done_already(operations: &Operations, caller: Principal, command: &Command) -> bool {
    let recommendation = match command {
        Command::Approve(Approve { recommendation, .. })
        | Command::Decline(Decline { recommendation, .. })
        | Command::CancelRun(CancelRun { recommendation }) => *recommendation,
        Command::Acknowledge(_)
        | Command::Comment(_)
        | Command::RunInspection(_)
        | Command::Resolve(_)
        | Command::Reopen(_)
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
        | Command::BeginPractice(_)
        | Command::EndPractice(_)
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
        | Command::RateRecommendation(_)
        | Command::AddPreventionStep(_)
        | Command::FinishPreventionStep(_)
        | Command::DropPreventionStep(_)
        | Command::ChangeThreshold(_)
        | Command::DeclineThreshold(_)
        | Command::MakeReport(_)
        | Command::ReviewReport(_)
        | Command::Account(_)
        | Command::Redact(_)
        | Command::CreateShare(_)
        | Command::RevokeShare(_)
        | Command::SetContact(_)
        | Command::RemoveContact(_)
        | Command::TestContact(_)
        | Command::RecordDelivery(_)
        | Command::Escalate(_)
        | Command::StartRun(_)
        | Command::EndRun(_)
        | Command::Record(_) => return false,
    };
    let Some(actor) = caller.actor() else { return false };
    let Ok(page) = operations.execute(caller, GetRecommendation { recommendation }).await else {
        return false;
    };
    let one = page.recommendation;
    if let Command::Approve(Approve { binding, .. }) = command {
        return one.approvals.iter().any(|given| given.by == actor && given.binding == *binding);
    }
    match (command, &one.stage) {
        (Command::Decline(Decline { reason, .. }), Stage::Declined { by, reason: known, .. }) => {
            *by == actor && known == reason.trim()
        }
        (Command::CancelRun(_), Stage::Running { cancelled, .. }) => {
            cancelled.is_some_and(|(by, _)| by == actor)
        }
        (Command::CancelRun(_), Stage::Ended(ended)) => {
            ended.cancelled.is_some_and(|(by, _)| by == actor)
        }
        (
            _,
            Stage::Offered
            | Stage::Approved { .. }
            | Stage::Declined { .. }
            | Stage::Withdrawn { .. },
        )
        | (_, Stage::Running { .. } | Stage::Ended(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_names_what_it_is_for_or_is_not_read() {
        let number = IncidentNumber(42);
        let read = |form: &str| Sent::read(&Form::read(form.as_bytes())?).command(number);
        let binding = Hash([7; 32]);
        let good = read(&format!("what=approve&place=1&binding={binding}")).unwrap();
        assert_eq!(
            good,
            Command::Approve(Approve {
                recommendation: RecommendationId { incident: number, place: 1 },
                binding
            })
        );
        let (no_place, no_binding) =
            (format!("what=approve&binding={binding}"), "what=approve&place=1");
        for bad in [
            no_place.as_str(),
            no_binding,
            "what=approve&place=1&binding=",
            "what=approve&place=x&binding=00",
            "what=decline",
            "what=decline&place=2&text=%ff",
            "what=decline&what=approve&place=2",
            "what=inspect",
            "what=inspect&inspection=read_file+/etc/shadow",
            "what=inspect&inspection=largest_folders+/etc",
            "",
        ] {
            assert_eq!(read(bad).unwrap_err().kind, ErrorKind::Invalid, "{bad}");
        }
        let look = read("what=inspect&inspection=largest_folders+disk:/var@web-1").unwrap();
        let inspection = Inspection::LargestFolders { disk: "disk:/var@web-1".parse().unwrap() };
        assert_eq!(look, Command::RunInspection(RunInspection { incident: number, inspection }));
        let said = read("what=decline&place=2&text=not+now").unwrap();
        let recommendation = RecommendationId { incident: number, place: 2 };
        assert_eq!(said, Command::Decline(Decline { recommendation, reason: "not now".into() }));
    }
}
