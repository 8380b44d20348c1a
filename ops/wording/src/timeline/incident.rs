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
use crate::{humanize, impact, inspection, reason, summary};

/// The sentence about a breach that is over.
fn recovered(subject: &Subject, signal: &Signal) -> String {
    let named_subject = humanize::subject(subject);
    let large = humanize::capital(&named_subject);
    match signal.as_str() {
        "endpoint.up" => format!("{large} answers as expected again"),
        "app.up" => format!("{large} is running again"),
        "app.listed" => format!("PM2 lists {named_subject} again"),
        "disk.mounted" => format!("{large} is mounted again"),
        "pm2.up" => format!("PM2 on {} answers again", subject.host().unwrap_or("this host")),
        "redis.up" => format!("{large} is available again"),
        "redis.replication.linked" => format!("{large} is connected to its primary again"),
        "collector.failed" => format!("{large} works again"),
        "disk.read_only" => format!("{large} is writable again"),
        "outside.reachable" => {
            format!("{} is connected to the outside again", subject.host().unwrap_or("This host"))
        }
        "outside.names" => {
            format!("{} resolves names again", subject.host().unwrap_or("This host"))
        }
        _ => format!("{} is back to normal", humanize::signal_of(signal, subject)),
    }
}

fn crossed(breach: &Breach) -> String {
    // What is not past its threshold now, or not heard of, is told in the summary's words.
    let beyond = match breach.crossing {
        Crossing::Above { level } => breach.value > level,
        Crossing::Below { level } => breach.value < level,
        Crossing::Usual { bounds, .. } => bounds.exclude(breach.value),
        Crossing::Rising { .. } | Crossing::Reaching { .. } => true,
        Crossing::Silent { .. } => false,
    };
    // Nor has what is yes or no a threshold that tells something.
    if breach.easing.is_some() || breach.unheard.is_some() || !beyond || breach.unit == Unit::YesNo
    {
        return summary::breach_for_people(breach);
    }
    let unit = &breach.unit;
    let named = humanize::lower_signal_of(&breach.key.signal, &breach.key.subject);
    let value = humanize::value(breach.value, unit);
    let usual = breach.usual.map(|usual| format!("usually {}", humanize::value(usual, unit)));
    let (threshold, course) = match breach.crossing {
        Crossing::Above { level } | Crossing::Below { level } => {
            (Some(format!("threshold {}", humanize::bare_value(level, unit))), String::new())
        }
        Crossing::Usual { relative, bounds } => {
            let far = summary::far_from_usual(&relative, &bounds, breach.usual, unit);
            return format!("{named} at {value}, {far}");
        }
        Crossing::Rising { by, within_seconds } => {
            let (by, within) = (humanize::value(by, unit), humanize::seconds(within_seconds));
            (None, format!(", rising by more than {by} in {within}"))
        }
        Crossing::Reaching { limit, within_seconds } => {
            let left = breach.limit_in_seconds.unwrap_or(within_seconds);
            let limit = humanize::value(limit, unit);
            (None, format!(", reaching {limit} in {}", humanize::about(left)))
        }
        Crossing::Silent { .. } => (None, String::new()),
    };
    let normal: Vec<String> = usual.into_iter().chain(threshold).collect();
    let normal =
        if normal.is_empty() { String::new() } else { format!(" ({})", normal.join(", ")) };
    format!("{named} at {value}{normal}{course}")
}

/// A clause as it stands behind a colon: names and labels keep their spelling.
fn behind(clause: &str) -> String {
    match clause.split_once(' ') {
        Some((first @ ("The" | "No" | "Memory" | "A"), rest)) => {
            format!("{} {rest}", first.to_lowercase())
        }
        _ => clause.to_owned(),
    }
}

/// The meaning of a step, when the lifecycle moves on.
const fn moved(step: Step) -> &'static str {
    match step {
        Step::Stabilize => "A safe measure is in place.",
        Step::AskForDecision => "Waiting for a person.",
        Step::Quiet => "Recovering: everything that is monitored is back to normal.",
        Step::CommandRan => "Recovering after an approved command.",
        Step::BreachReturned => "The problem is not over.",
        Step::StayedQuiet => "Everything stayed healthy.",
        Step::PersonResolved => "Someone resolved it.",
        Step::Reopen => "Reopened.",
    }
}

/// Tells how a breach changed. An improvement is never told as something severe.
fn changed(breach: &Breach) -> Told {
    let severity = breach.severity;
    if let Some(unheard) = breach.unheard {
        let named = humanize::lower_signal_of(&breach.key.signal, &breach.key.subject);
        let why = breach.reason.as_ref().map(|one| format!(": {}", reason::clause(one)));
        let why = why.unwrap_or_default();
        let since = humanize::moment(unheard.since);
        return told(format!("No data for {named} since {since}{why}.")).tone(Tone::Warning);
    }
    if breach.unsteady {
        let named = humanize::lower_signal_of(&breach.key.signal, &breach.key.subject);
        return told(format!("Now {severity}: {named} is intermittent and counts as one problem."))
            .tone(grave(severity));
    }
    match summary::improvement(breach) {
        Some(better) => told(format!("Improving: {better}.")).tone(Tone::Better),
        None => {
            told(format!("Now {severity}: {}.", behind(&crossed(breach)))).tone(grave(severity))
        }
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
                .map(|known| format!(": {}", behind(&crossed(&known.breach))))
                .unwrap_or_default();
            let flood = if incident.flood {
                " Several problems started at once and are grouped here."
            } else {
                ""
            };
            told(format!("Opened as {}{first}.{flood}", incident.severity))
                .tone(grave(incident.severity))
        }
        IncidentEvent::BreachJoined { breach, .. } => {
            told(format!("Also: {}.", behind(&crossed(breach)))).tone(grave(breach.severity))
        }
        IncidentEvent::BreachChanged { breach, .. } => changed(breach),
        IncidentEvent::BreachCleared { key, ending: Ending::Recovered { .. }, .. } => {
            told(format!("{}.", recovered(&key.subject, &key.signal))).tone(Tone::Better)
        }
        IncidentEvent::BreachCleared { key, ending: Ending::Stopped, .. } => {
            let large = humanize::capital(&humanize::subject(&key.subject));
            told(format!("{large} was stopped on purpose and is not expected to run."))
        }
        IncidentEvent::BreachCleared { key, ending: Ending::NoLongerWatched, .. } => {
            let named = if signals::declared().unit(key.signal.as_str()) == Some(Unit::YesNo) {
                humanize::capital(&humanize::subject(&key.subject))
            } else {
                humanize::signal_of(&key.signal, &key.subject)
            };
            told(format!(
                "{named} is no longer monitored, so it is not known whether it recovered."
            ))
            .tone(Tone::Warning)
        }
        IncidentEvent::Moved { step, .. } => told(moved(*step)),
        IncidentEvent::SummaryWritten { .. } => told("Summary updated."),
        IncidentEvent::SnapshotSaved { snapshot, .. } => match snapshot.breaches.len() {
            0 => told("Evidence saved."),
            1 => told("Evidence saved (1 problem)."),
            count => told(format!("Evidence saved ({count} problems).")),
        },
        IncidentEvent::Acknowledged { .. } => {
            told(format!("{who} acknowledged it.")).tone(Tone::Person)
        }
        IncidentEvent::Commented { text, .. } => {
            told(format!("{who} commented:")).tone(Tone::Person).words(text)
        }
        IncidentEvent::Inspected { inspection, outcome, .. } => {
            let (sentence, words) = inspection::told(inspection, outcome, actor, &who);
            let tone = if actor.is_person() { Tone::Person } else { Tone::Quiet };
            Told { sentence, tone, words }
        }
        IncidentEvent::ImpactChanged { impact, .. } => told(impact::sentence(impact)),
        IncidentEvent::ResolutionOffered { .. } => {
            told("Back to normal. Waiting for someone to resolve it.")
        }
        IncidentEvent::Resolved { step, note, .. } => {
            let colon = if note.is_some() { ":" } else { "." };
            let sentence = match step {
                Step::StayedQuiet => "Resolved: everything stayed healthy.".into(),
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
                (true, Some(_)) => (format!("{who} reopened it:"), Tone::Person),
                (true, None) => (format!("{who} reopened it."), Tone::Person),
                (false, _) => {
                    ("The problem returned, so Calm Ops reopened it.".to_owned(), Tone::Warning)
                }
            };
            Told { sentence, tone, words: note.clone() }
        }
    }
}
