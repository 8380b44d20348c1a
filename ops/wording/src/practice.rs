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

/// The sentence about a practice that can't begin or end.
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
        PracticeRefusal::NoRow => "No incident would open: thresholds.md has no row for practice.pressure that alerts at 100%. 'calm-ops init DIR' writes the documents with it.".to_owned(),
        PracticeRefusal::NoCommand => "There would be nothing to approve: recovery.commands.md has no command that runs `true` and helps practice.pressure. 'calm-ops init DIR' writes the documents with it.".to_owned(),
    }
}

/// The reason that a practice ended, as the end of a sentence.
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

/// The people who are notified of a practice.
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

/// The announcement of a practice: one sentence for each line.
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

/// The course of the last practice, as one or two sentences about its steps.
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

#[cfg(test)]
mod tests {
    use commands::notifications::{Notification, Reason};
    use domain::{
        id::IncidentNumber,
        incident::Incident,
        practice::{SIGNAL, subject},
        severity::Severity,
    };

    use super::*;
    use crate::{notification, summary};

    fn practice() -> Incident {
        let breach = fixtures::breach().on(subject().as_str()).signal(SIGNAL).critical();
        fixtures::incident(7).of([breach.build()]).summarized(Span::from_mins(5)).build()
    }

    #[test]
    fn every_message_about_a_practice_says_so_first() {
        let incident = practice();
        let message = |why, incident: &Incident| {
            let at = incident.opened_at;
            let severity = Severity::Critical;
            let call = Notification { entry: 9, incident: IncidentNumber(7), why, severity, at };
            notification::message(&call, Some(incident), None)
        };
        for why in [
            Reason::Opened,
            Reason::Escalated,
            Reason::Reopened,
            Reason::Offered { place: 1 },
            Reason::DidNotHelp { place: 1 },
            Reason::NotAcknowledged { round: 1 },
        ] {
            let told = message(why, &incident);
            assert!(told.title.starts_with(MARK), "{}", told.title);
            assert!(told.body.starts_with(NOTICE), "{}", told.body);
        }
        let real = fixtures::incident(8).of([fixtures::breach().critical().build()]);
        let real = real.summarized(Span::from_mins(5)).build();
        assert!(message(Reason::Opened, &real).title.starts_with("Critical: Memory"));
    }

    #[test]
    fn every_list_and_every_reader_is_told_that_it_is_a_practice() {
        let incident = practice();
        assert!(summary::incident_card(&incident).headline.starts_with(MARK));
        for reader in summary::Reader::ALL {
            let sections = summary::render(&incident.summary, reader);
            assert_eq!(sections[0].sentences[0], NOTICE, "{reader:?}");
        }
    }

    #[test]
    fn a_report_says_what_did_not_happen() {
        let took = |seconds| Some(Span::from_secs(seconds));
        let steps =
            PracticeSteps { opened: took(1), notified: took(2), ..PracticeSteps::default() };
        let report = report(&steps).join("\n");
        assert!(report.contains("first notification     2.0 s"), "{report}");
        assert!(report.contains("approved               nobody approved the command"), "{report}");
        assert_eq!(went(&steps), "Nobody acknowledged it or approved its command.");
        let steps = PracticeSteps { acknowledged: took(40), approved: took(75), ..steps };
        assert_eq!(
            went(&steps),
            "It was acknowledged after 40 s and its command approved after 1 min 15 s."
        );
        assert_eq!(went(&PracticeSteps::default()), "No incident was opened.");
    }

    #[test]
    fn it_is_said_who_is_notified_before_it_happens() {
        let names: Vec<String> = (0..12).map(|number| format!("P{number}")).collect();
        assert!(notified(&names).ends_with("P8, P9 and 2 more."), "{}", notified(&names));
        assert!(notified(&[]).starts_with("Nobody is notified"));
        let until = Timestamp::from_secs(1_795_000_000);
        assert!(announced(until, &names).iter().any(|line| line.contains("also at night")));
    }
}
