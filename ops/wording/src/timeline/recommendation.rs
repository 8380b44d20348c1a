//! A recommended command, told: the offer, the decision, the run and its success check.

use domain::{
    actor::{Actor, Names},
    journal::RecommendationEvent,
    recommendation::{Recommendation, RunOutcome, Withdrawn},
};

use super::told::{Told, Tone, told};
use crate::humanize;

/// Tells what happened to a recommendation.
pub(super) fn tell(event: RecommendationEvent<'_>, actor: Actor, names: &Names) -> Told {
    let who = names.of(actor);
    match event {
        RecommendationEvent::Recommended { incident, recommendation } => {
            let Recommendation { place, title, shown, .. } = &**recommendation;
            told(format!("Recommendation {incident}-{place}: {title} ({shown})."))
        }
        RecommendationEvent::RecommendationWithdrawn { incident, place, why } => {
            told(withdrawn(*why, &format!("{incident}-{place}")))
        }
        RecommendationEvent::RecommendationDeclined { incident, place, reason } => {
            told(format!("{who} declined recommendation {incident}-{place}:"))
                .tone(Tone::Person)
                .words(reason)
        }
        RecommendationEvent::Approved { incident, place, .. } => {
            told(format!("{who} approved recommendation {incident}-{place}.")).tone(Tone::Person)
        }
        RecommendationEvent::RunStarted { incident, place } => {
            told(format!("Command {incident}-{place} started."))
        }
        RecommendationEvent::RunCancelled { incident, place } => {
            told(format!("{who} asked to stop run {incident}-{place}.")).tone(Tone::Person)
        }
        RecommendationEvent::RunEnded { outcome, duration, .. } => {
            let tone = if outcome.is_success() { Tone::Quiet } else { Tone::Warning };
            told(ended(outcome, duration.as_secs_f64())).tone(tone)
        }
        RecommendationEvent::RunProved { counts, worked, .. } => {
            let sentence = match (*counts, *worked) {
                (false, true) => "Recovered; it is unclear whether the command was the reason.",
                (false, false) => {
                    "Inconclusive: the command was stopped early or did not finish in view."
                }
                (true, true) => "Confirmed: it worked.",
                (true, false) => "It did not help.",
            };
            told(sentence).tone(if *worked { Tone::Better } else { Tone::Warning })
        }
    }
}

fn withdrawn(why: Withdrawn, id: &str) -> String {
    match why {
        Withdrawn::Expired => format!("Recommendation {id} expired without a decision."),
        Withdrawn::NotNeeded => format!("Recommendation {id} is no longer needed."),
        Withdrawn::Changed => {
            format!("The situation has changed, so recommendation {id} was withdrawn.")
        }
        Withdrawn::RuledOut => format!(
            "The cause is a different one now, so recommendation {id} was withdrawn: it would not help."
        ),
        Withdrawn::TooLate => format!(
            "Recommendation {id} was approved but could not be started in time, so it was not run."
        ),
    }
}

/// The end of a run.
fn ended(outcome: &RunOutcome, seconds: f64) -> String {
    let after = humanize::seconds(seconds);
    match outcome {
        RunOutcome::Exited { code: 0 } => format!("The command finished successfully in {after}."),
        RunOutcome::Exited { code } => format!("The command failed after {after} (exit code {code})."),
        RunOutcome::Signalled { signal } => {
            format!("The command was killed after {after} by signal {signal}, not by Calm Ops.")
        }
        RunOutcome::TimedOut => format!("The command reached its time limit and was stopped after {after}."),
        RunOutcome::Cancelled => format!("The command was stopped early, after {after}."),
        RunOutcome::NotStarted { why } => format!("The command was not started: {}.", why.trim_end_matches('.')),
        RunOutcome::Unknown => "The outcome of the command is unknown, because Calm Ops did not see it finish. Check manually.".into(),
    }
}
