//! A recommended command, told: the offer, the decision, the run and its proof.

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
            told(format!("{who} declined recommendation {incident}-{place}, and wrote:"))
                .tone(Tone::Person)
                .words(reason)
        }
        RecommendationEvent::Approved { incident, place, .. } => {
            told(format!("{who} approved recommendation {incident}-{place}.")).tone(Tone::Person)
        }
        RecommendationEvent::RunStarted { incident, place } => {
            told(format!("What was approved as {incident}-{place} starts."))
        }
        RecommendationEvent::RunCancelled { incident, place } => {
            told(format!("{who} asked to end the run of {incident}-{place}.")).tone(Tone::Person)
        }
        RecommendationEvent::RunEnded { outcome, duration, .. } => {
            let tone = if outcome.is_success() { Tone::Quiet } else { Tone::Warning };
            told(ended(outcome, duration.as_secs_f64())).tone(tone)
        }
        RecommendationEvent::RunProved { counts, worked, .. } => {
            let sentence = match (*counts, *worked) {
                (false, true) => {
                    "The signal has recovered. Whether the command did it is not known."
                }
                (false, false) => {
                    "It proves nothing about the command: it was ended early, or its end was not seen."
                }
                (true, true) => "It worked: the signal that was to prove it has recovered.",
                (true, false) => {
                    "It did not help: the signal that was to prove it has not recovered."
                }
            };
            told(sentence).tone(if *worked { Tone::Better } else { Tone::Warning })
        }
    }
}

fn withdrawn(why: Withdrawn, id: &str) -> String {
    match why {
        Withdrawn::Expired => format!("Nobody decided in time, so recommendation {id} ended."),
        Withdrawn::NotNeeded => format!("Recommendation {id} is not needed any more."),
        Withdrawn::Changed => format!(
            "What recommendation {id} was about has changed, so it is no longer offered as it was."
        ),
        Withdrawn::RuledOut => format!(
            "It fails for another reason now, against which recommendation {id} does not help."
        ),
        Withdrawn::TooLate => format!(
            "Recommendation {id} was approved, but could not be started in time, so it is not run."
        ),
    }
}

/// How a run ended.
fn ended(outcome: &RunOutcome, seconds: f64) -> String {
    let after = humanize::seconds(seconds);
    match outcome {
        RunOutcome::Exited { code: 0 } => format!("The command ended well after {after}."),
        RunOutcome::Exited { code } => format!("The command ended after {after} with the code {code}: it did not do what it should."),
        RunOutcome::Signalled { signal } => {
            format!("The command was ended after {after} by the signal {signal}, which is not from Calm Ops.")
        }
        RunOutcome::TimedOut => format!("The command took longer than it may and was ended after {after}."),
        RunOutcome::Cancelled => format!("The command was ended early, after {after}."),
        RunOutcome::NotStarted { why } => format!("The command was not started: {}.", why.trim_end_matches('.')),
        RunOutcome::Unknown => "The command was started, and its end was not seen: its outcome is unknown. Check by hand.".into(),
    }
}
