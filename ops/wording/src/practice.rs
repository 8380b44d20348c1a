//! Practice in words: what marks it, what will happen, and what came of it.

use commands::practice::PracticeSteps;
use domain::{
    practice::{PracticeEnding, PracticeRefusal},
    text::isolated,
    time::{Span, Timestamp},
};

use crate::humanize;

/// The mark at the beginning of every title of a practice.
pub const MARK: &str = "Practice:";
/// The sentence that every page and message of a practice begins with.
pub const NOTICE: &str = "This is a practice. Nothing is wrong, and its command changes nothing.";

/// The most people that a sentence names.
const MOST_NAMED: usize = 10;

/// The headline of a practice.
pub fn headline(over: bool) -> String {
    let what = if over { "it is over" } else { "nothing is wrong, respond as if it were real" };
    format!("{MARK} {what}.")
}

/// Why a practice can't begin or end.
pub fn refusal(refusal: PracticeRefusal) -> String {
    match refusal {
        PracticeRefusal::InForce => "A practice is in progress. End it first.".to_owned(),
        PracticeRefusal::NotInForce => "No practice is in progress.".to_owned(),
        PracticeRefusal::Unresolved(incident) => format!(
            "The incident of the last practice is still open. Resolve incident {incident} first."
        ),
        PracticeRefusal::RealIncident(incident) => format!(
            "Incident {incident} is real and critical. Practise when it is resolved."
        ),
        PracticeRefusal::NoRow => "thresholds.md has no row for practice.pressure that alerts at 100%, so no incident would open. 'calm-ops init DIR' writes the documents with it.".to_owned(),
        PracticeRefusal::NoCommand => "recovery.commands.md has no command that runs `true` and helps practice.pressure, so there would be nothing to approve. 'calm-ops init DIR' writes the documents with it.".to_owned(),
    }
}

/// Why a practice ended, as the end of a sentence.
pub fn ending(ending: PracticeEnding) -> String {
    match ending {
        PracticeEnding::CommandRan => "its command was approved and has run".to_owned(),
        PracticeEnding::Resolved => {
            "its incident was resolved before its command had run".to_owned()
        }
        PracticeEnding::TimeOver => "its time is over and its command has not run".to_owned(),
        PracticeEnding::Stopped => "someone ended it".to_owned(),
        PracticeEnding::RealIncident { incident } => {
            format!("incident {incident} is real and critical")
        }
    }
}

/// Who is notified of a practice.
pub fn notified(names: &[String]) -> String {
    if names.is_empty() {
        return "Nobody is notified, because no contact is switched on. Add one under Settings."
            .to_owned();
    }
    let mut shown: Vec<String> = names.iter().take(MOST_NAMED).map(|name| isolated(name)).collect();
    let more = names.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    format!(
        "These people are notified at once, also at night, and again until someone acknowledges it: {}.",
        humanize::list(&shown)
    )
}

/// What will happen, before it does: one sentence for each line.
pub fn announced(until: Timestamp, names: &[String]) -> Vec<String> {
    vec![
        "A practice begins: an incident opens that is marked as practice.".to_owned(),
        notified(names),
        "Acknowledge it, and approve the recommended command. It runs the program `true`, which changes nothing.".to_owned(),
        format!(
            "Without an approval it ends at {}. 'calm-ops practice end' ends it now.",
            humanize::moment(until)
        ),
    ]
}

/// The report: each step with its time, one for each line.
pub fn report(steps: &PracticeSteps) -> Vec<String> {
    let line = |what: &str, took: Option<Span>, missing: &str| match took {
        Some(took) => format!("  {what:<22} {:.1} s", took.as_secs_f64()),
        None => format!("  {what:<22} {missing}"),
    };
    vec![
        line("incident opened", steps.opened, "no: is Calm Ops running?"),
        line("first notification", steps.notified, "nobody was notified"),
        line("acknowledged", steps.acknowledged, "nobody acknowledged it"),
        line("approved", steps.approved, "nobody approved the command"),
        line("command finished", steps.ran, "the command did not run"),
        line("recovered", steps.recovered, "not yet"),
        line("incident resolved", steps.resolved, "not yet"),
    ]
}

/// How the last practice went, as one or two sentences about its steps.
pub fn went(steps: &PracticeSteps) -> String {
    let took = |took: Span| humanize::seconds(took.as_secs_f64().round());
    match (steps.acknowledged, steps.approved) {
        _ if steps.opened.is_none() => "No incident was opened.".to_owned(),
        (Some(seen), Some(approved)) => format!(
            "It was acknowledged after {} and its command approved after {}.",
            took(seen),
            took(approved)
        ),
        (None, Some(approved)) => format!(
            "Its command was approved after {}, but nobody acknowledged it.",
            took(approved)
        ),
        (Some(seen), None) => {
            format!("It was acknowledged after {}, but nobody approved its command.", took(seen))
        }
        (None, None) => "Nobody acknowledged it or approved its command.".to_owned(),
    }
}
