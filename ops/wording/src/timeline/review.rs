//! The lessons of an incident, told.

use domain::{
    actor::{Actor, Names},
    journal::{ReportEvent, ReviewEvent},
    review::PreventionPlan,
};

use super::told::{Told, Tone, told};
use crate::{report, review};

/// Tells what people wrote, rated and planned. The words of a review stand on its page alone.
pub(super) fn tell(event: ReviewEvent<'_>, actor: Actor, names: &Names) -> Told {
    let who = names.of(actor);
    let one = match event {
        ReviewEvent::ReviewSaved { .. } => told(format!("{who} saved the review.")),
        ReviewEvent::RecommendationRated { place, rating, .. } => told(format!(
            "{who} rated recommendation {place}: {}.",
            review::rating(*rating).to_lowercase()
        )),
        ReviewEvent::PreventionStepAdded { text, plan, .. } => match plan {
            PreventionPlan::Planned { owner, due } => {
                let owner = names.of(Actor::Account(*owner));
                told(format!("{who} added a prevention step for {owner}, due {due}:")).words(text)
            }
            PreventionPlan::WillNotBeDone { .. } => {
                told(format!("{who} wrote down a prevention step that will not be done:"))
                    .words(text)
            }
        },
        ReviewEvent::PreventionStepDone { step, evidence, .. } => {
            told(format!("{who} marked prevention step {step} as done:")).words(evidence)
        }
        ReviewEvent::PreventionStepDropped { step, reason, .. } => {
            told(format!("{who} dropped prevention step {step}:")).words(reason)
        }
    };
    one.tone(Tone::Person)
}

/// Tells of reports. What they say stands on their pages.
pub(super) fn report(event: ReportEvent<'_>, actor: Actor, names: &Names) -> Told {
    let who = names.of(actor);
    match event {
        ReportEvent::ReportMade { report } => {
            let what = report::reference(&report.figures.period);
            let one = told(format!("{who} made {what}."));
            if actor.is_person() { one.tone(Tone::Person) } else { one }
        }
        ReportEvent::ReportReviewed { report } => {
            told(format!("{who} marked stability report {report} as reviewed.")).tone(Tone::Person)
        }
        ReportEvent::ReportMailed { report, account, .. } => {
            let whom = names.of(Actor::Account(*account));
            told(format!("Stability report {report} was sent to {whom}."))
        }
        ReportEvent::ReportMailFailed { report, account, .. } => {
            let whom = names.of(Actor::Account(*account));
            told(format!("Could not send stability report {report} to {whom}.")).tone(Tone::Warning)
        }
    }
}
