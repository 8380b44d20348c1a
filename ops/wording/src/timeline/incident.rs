//! An incident and its breaches, told.

use domain::{
    actor::{Actor, Names},
    breach::{Breach, Crossing, Ending},
    journal::IncidentEvent,
    lifecycle::Step,
    severity::Severity,
    signal::Signal,
    signals,
    subject::Subject,
    unit::Unit,
};

use super::told::{Told, Tone, told};
use crate::{humanize, summary};

/// `Memory used of web-1`.
fn named(subject: &Subject, signal: &Signal) -> String {
    format!("{} of {}", humanize::label(signal), humanize::subject(subject))
}

/// What a breach that is over shows.
fn recovered(subject: &Subject, signal: &Signal) -> String {
    let named_subject = humanize::subject(subject);
    let large = humanize::capital(&named_subject);
    match signal.as_str() {
        "endpoint.up" => format!("{large} answers as expected again"),
        "app.up" => format!("{large} is running again"),
        "app.listed" => format!("PM2 lists {named_subject} again"),
        "disk.mounted" => format!("{large} is mounted again"),
        "pm2.up" => format!("PM2 on {} answers again", subject.host().unwrap_or("this host")),
        "collector.failed" => format!("{large} works again"),
        "disk.read_only" => format!("{large} can be written again"),
        "outside.reachable" => {
            format!("{} reaches the outside again", subject.host().unwrap_or("This host"))
        }
        "outside.names" => {
            format!("{} looks up names again", subject.host().unwrap_or("This host"))
        }
        _ => format!("{} is back to normal", named(subject, signal)),
    }
}

fn crossed(breach: &Breach) -> String {
    // What is not beyond its level now, or not heard of, is told in the summary's words.
    let beyond = match breach.crossing {
        Crossing::Above { level } => breach.value > level,
        Crossing::Below { level } => breach.value < level,
        Crossing::Rising { .. } | Crossing::Reaching { .. } | Crossing::Silent { .. } => true,
    };
    // Nor has what is yes or no a level.
    if breach.easing.is_some() || breach.unheard.is_some() || !beyond || breach.unit == Unit::YesNo
    {
        return summary::breach_for_people(breach);
    }
    let unit = &breach.unit;
    let named = named(&breach.key.subject, &breach.key.signal);
    let value = humanize::value(breach.value, unit);
    let usual = breach
        .usual
        .map(|usual| format!(" (usually {})", humanize::value(usual, unit)))
        .unwrap_or_default();
    match breach.crossing {
        Crossing::Above { level } => {
            format!("{named} is {value}{usual}, above {}", humanize::value(level, unit))
        }
        Crossing::Below { level } => {
            format!("{named} is {value}{usual}, below {}", humanize::value(level, unit))
        }
        Crossing::Rising { by, within_seconds } => {
            format!(
                "{named} is {value}{usual} and rises by more than {} in {}",
                humanize::value(by, unit),
                humanize::seconds(within_seconds)
            )
        }
        Crossing::Reaching { limit, within_seconds } => {
            let left = humanize::seconds(breach.limit_in_seconds.unwrap_or(within_seconds));
            format!(
                "{named} is {value}{usual} and reaches {} in about {left}",
                humanize::value(limit, unit)
            )
        }
        Crossing::Silent { for_seconds } => format!(
            "{named} was not heard for {}; the last value was {value}",
            humanize::seconds(for_seconds)
        ),
    }
}

/// What a step means, when the lifecycle moves on.
fn moved(step: Step) -> &'static str {
    match step {
        Step::Stabilize => "A safe measure is in force",
        Step::AskForDecision => "The next step needs a person",
        Step::Quiet => "Nothing that is watched is in trouble any more",
        Step::CommandRan => "An approved command ran",
        Step::BreachReturned => "It came back",
        Step::StayedQuiet => "It stayed quiet",
        Step::PersonResolved => "A person ended it",
        Step::Reopen => "It was opened again",
    }
}

const fn grave(severity: Severity) -> Tone {
    match severity {
        Severity::Warning => Tone::Warning,
        Severity::Critical => Tone::Critical,
    }
}

/// Tells what happened to an incident.
pub(super) fn tell(event: IncidentEvent<'_>, actor: Actor, names: &Names) -> Told {
    let who = names.of(actor);
    match event {
        IncidentEvent::IncidentOpened { incident } => {
            let first = incident
                .breaches
                .first()
                .map(|known| format!(": {}", crossed(&known.breach)))
                .unwrap_or_default();
            let flood = if incident.flood {
                " Much happens at once, so this incident gathers it."
            } else {
                ""
            };
            told(format!("Opened as {}{first}.{flood}", incident.severity))
                .tone(grave(incident.severity))
        }
        IncidentEvent::BreachJoined { breach, .. } => {
            told(format!("Joined: {}.", crossed(breach))).tone(grave(breach.severity))
        }
        IncidentEvent::BreachChanged { breach, .. } => {
            let severity = breach.severity;
            let sentence = if breach.unsteady && breach.unheard.is_none() {
                let named = named(&breach.key.subject, &breach.key.signal);
                format!("Now {severity}: {named} comes and goes, and counts as one breach.")
            } else {
                format!("Now {severity}: {}.", crossed(breach))
            };
            told(sentence).tone(grave(severity))
        }
        IncidentEvent::BreachCleared { key, ending: Ending::Recovered { .. }, .. } => {
            told(format!("{}.", recovered(&key.subject, &key.signal))).tone(Tone::Better)
        }
        IncidentEvent::BreachCleared { key, ending: Ending::Stopped, .. } => {
            let large = humanize::capital(&humanize::subject(&key.subject));
            told(format!("{large} was stopped on purpose, and is not expected to run."))
        }
        IncidentEvent::BreachCleared { key, ending: Ending::NoLongerWatched, .. } => {
            let named = if signals::declared().unit(key.signal.as_str()) == Some(Unit::YesNo) {
                humanize::capital(&humanize::subject(&key.subject))
            } else {
                named(&key.subject, &key.signal)
            };
            told(format!("{named} is no longer watched. Whether it recovered is not known."))
                .tone(Tone::Warning)
        }
        IncidentEvent::Moved { step, to, .. } => {
            told(format!("{}: the incident is {to}.", moved(*step)))
        }
        IncidentEvent::SummaryWritten { .. } => told("The summary was written anew."),
        IncidentEvent::SnapshotSaved { snapshot, .. } => match snapshot.breaches.len() {
            0 => told("Evidence was saved."),
            1 => told("Evidence was saved (1 breach)."),
            count => told(format!("Evidence was saved ({count} breaches).")),
        },
        IncidentEvent::Acknowledged { .. } => {
            told(format!("{who} acknowledged it.")).tone(Tone::Person)
        }
        IncidentEvent::Commented { text, .. } => {
            told(format!("{who} wrote:")).tone(Tone::Person).words(text)
        }
        IncidentEvent::ResolutionOffered { .. } => {
            told("All is quiet. Because a person has acted on it, Calm Ops leaves the end to them.")
        }
        IncidentEvent::Resolved { step, note, .. } => {
            let colon = if note.is_some() { ", and wrote:" } else { "." };
            let sentence = match step {
                Step::StayedQuiet => "Resolved: what is watched stayed quiet for its time.".into(),
                Step::Stabilize
                | Step::AskForDecision
                | Step::Quiet
                | Step::CommandRan
                | Step::BreachReturned
                | Step::PersonResolved
                | Step::Reopen => format!("{who} resolved it{colon}"),
            };
            let tone = if actor.is_person() { Tone::Person } else { Tone::Better };
            Told { sentence, tone, words: note.clone() }
        }
        IncidentEvent::Reopened { note, .. } => {
            let (sentence, tone) = match (actor.is_person(), note) {
                (true, Some(_)) => (format!("{who} opened it again, and wrote:"), Tone::Person),
                (true, None) => (format!("{who} opened it again."), Tone::Person),
                (false, _) => (
                    "The trouble came back, so Calm Ops opened it again.".to_owned(),
                    Tone::Warning,
                ),
            };
            Told { sentence, tone, words: note.clone() }
        }
    }
}
