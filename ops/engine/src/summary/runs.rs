//! Runs in the summary: what ran for an incident, and whether it worked.

use domain::{
    incident::Incident,
    recommendation::{Ended, Recommendation, RunOutcome, Stage},
    subject::Subject,
    summary::{RunResult, Sentence},
    text,
};

use crate::summary::limits::{LONGEST_ID, MOST_RUNS, count};

/// The result of one, if it ran at all.
const fn result(one: &Recommendation) -> Option<RunResult> {
    match &one.stage {
        Stage::Offered
        | Stage::Declined { .. }
        | Stage::Withdrawn { .. }
        | Stage::Approved { .. } => None,
        Stage::Running { .. } => Some(RunResult::Running),
        Stage::Ended(Ended { outcome: RunOutcome::NotStarted { .. }, .. }) => None,
        Stage::Ended(Ended { outcome: RunOutcome::Unknown, .. }) => Some(RunResult::Unknown),
        Stage::Ended(Ended { outcome: RunOutcome::Cancelled, .. }) => Some(RunResult::EndedEarly),
        Stage::Ended(Ended { worked: Some(true), began_before: true, .. }) => {
            Some(RunResult::Recovered)
        }
        Stage::Ended(Ended { worked: Some(true), .. }) => Some(RunResult::Worked),
        Stage::Ended(Ended { outcome, .. }) if !outcome.is_success() => Some(RunResult::Failed),
        Stage::Ended(Ended { worked: Some(false), .. }) => Some(RunResult::DidNotHelp),
        Stage::Ended(Ended { worked: None, .. }) => Some(RunResult::Awaited),
    }
}

/// True if a command runs or ran for this incident, upon this subject.
pub(super) fn has_run(incident: &Incident, command: &str, subject: &Subject) -> bool {
    let mut same = incident
        .recommendations
        .iter()
        .filter(|one| one.command == command && one.subject == *subject);
    same.any(|one| result(one).is_some())
}

/// The numbers of those that run, of those that are over, and of those of which it is known whether
/// they helped.
pub(super) fn counts(incident: &Incident) -> (u32, u32, u32) {
    let of = |wanted: fn(RunResult) -> bool| {
        count(incident.recommendations.iter().filter_map(result).filter(|one| wanted(*one)).count())
    };
    (
        of(|one| one == RunResult::Running),
        of(|one| one != RunResult::Running),
        of(|one| !matches!(one, RunResult::Running | RunResult::Awaited)),
    )
}

/// The latest of them, in their order; or that nothing was changed.
pub(super) fn told(incident: &Incident) -> Vec<Sentence> {
    let ran: Vec<Sentence> = (incident.recommendations.iter())
        .filter_map(|one| {
            let title = text::clip(&one.title, LONGEST_ID);
            Some(Sentence::Ran { title, subject: one.subject.clone(), result: result(one)? })
        })
        .collect();
    if ran.is_empty() {
        return vec![Sentence::NothingChanged];
    }
    let from = ran.len().saturating_sub(MOST_RUNS);
    ran.into_iter().skip(from).collect()
}
