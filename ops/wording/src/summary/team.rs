//! The team's words: everything, with names and numbers.

use domain::{
    breach::{Crossing, Easing},
    summary::{Fact, Rate, RatePer, Sentence},
    time::Span,
    unit::Unit,
};

use crate::{change, humanize, reason, summary::runs};

pub(super) const fn headings(over: bool) -> [&'static str; 7] {
    let affected = if over { "Who was affected" } else { "Who is affected" };
    [
        "What happened",
        "Since when",
        affected,
        "What was done",
        "What is recommended",
        "If nobody acts",
        "What is not known",
    ]
}

/// `Memory used on web-1`, `Time in all of the endpoint checkout`.
fn named(fact: &Fact) -> String {
    let joined = if fact.subject.kind() == "host" { "on" } else { "of" };
    format!("{} {joined} {}", humanize::label(&fact.signal), humanize::subject(&fact.subject))
}

fn days(value: f64) -> String {
    let value = value.ceil();
    if value == 1.0 { "1 day".to_owned() } else { format!("{value:.0} days") }
}

fn times(value: f64) -> String {
    let value = value.max(0.0).round();
    if value == 1.0 { "once".to_owned() } else { format!("{value:.0} times") }
}

/// The change at a scale at which it shows: a minute, or else an hour.
fn rate(fact: &Fact) -> Option<String> {
    let Rate { rising, amount, per } = fact.rate()?;
    let direction = if rising { "rising" } else { "falling" };
    let per = match per {
        RatePer::Minute => "a minute",
        RatePer::Hour => "an hour",
    };
    Some(format!("{direction} {} {per}", humanize::value(amount, &fact.unit)))
}

/// `full`, `used up` or `at its limit`.
fn end(fact: &Fact) -> &'static str {
    if fact.unit == Unit::Percent && fact.signal.as_str().ends_with("used") {
        "full"
    } else if fact.signal.as_str().ends_with("available") {
        "used up"
    } else {
        "at its limit"
    }
}

fn course(fact: &Fact) -> String {
    let mut text = String::new();
    if let Some(usual) = fact.usual {
        text.push_str(&format!(" (usually {})", humanize::value(usual, &fact.unit)));
    }
    if let Some(rate) = rate(fact) {
        text.push_str(&format!(", {rate}"));
    }
    if let Some(seconds) = fact.foreseeable_limit() {
        text.push_str(&format!(": {} in {}", end(fact), humanize::about(seconds)));
    }
    text
}

/// A subject that begins a sentence. Names of hosts keep their spelling.
fn large(fact: &Fact) -> String {
    let text = humanize::subject(&fact.subject);
    if fact.subject.kind() == "host" {
        return text;
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Why it is so, behind what is so.
fn because(fact: &Fact) -> String {
    fact.reason.as_ref().map(|one| format!(": {}", reason::clause(one))).unwrap_or_default()
}

/// Why it was so, inside a sentence that goes on.
fn aside(fact: &Fact) -> String {
    fact.reason.as_ref().map(|one| format!(" ({})", reason::clause(one))).unwrap_or_default()
}

/// The fact as the part of a sentence that holds now, without its full stop.
pub(super) fn holds(fact: &Fact) -> String {
    if let Crossing::Silent { for_seconds } = fact.crossing {
        let last = if fact.is_measured() {
            format!(
                "; the last value was {} at {}",
                humanize::value(fact.value, &fact.unit),
                humanize::moment(fact.value_at)
            )
        } else {
            String::new()
        };
        return format!(
            "{} has not reported {} for more than {}{last}{}",
            large(fact),
            humanize::lower_label(&fact.signal),
            humanize::seconds(for_seconds),
            because(fact)
        );
    }
    if let Some(unheard) = fact.unheard {
        let when = humanize::moment(unheard.since);
        return format!(
            "{} when last heard, at {when}. Nothing was heard of it for more than {}{}",
            was(fact, fact.value),
            humanize::seconds(unheard.for_seconds),
            because(fact)
        );
    }
    if fact.unsteady {
        return format!("{}{}{}", was(fact, fact.peak), usual(fact), because(fact));
    }
    if let Some(easing) = fact.easing {
        return format!(
            "{}{}{}. {}",
            was(fact, fact.peak),
            usual(fact),
            because(fact),
            eases(fact, easing)
        );
    }
    if !fact.is_beyond() {
        return format!("{}{}", was(fact, fact.peak), usual(fact));
    }
    let subject = humanize::subject(&fact.subject);
    let large = large(fact);
    let value = humanize::value(fact.value, &fact.unit);
    let told = match fact.signal.as_str() {
        "endpoint.up" => format!("{large} does not answer as expected"),
        "endpoint.status" => format!("{large} answers with status {value}"),
        "app.up" => format!("{large} is not running"),
        "app.listed" => {
            format!("{large} is not in PM2's list any more; whether it runs is not known")
        }
        "app.job_failed" => format!("The last run of {subject} ended with an error"),
        "disk.mounted" => format!("{large} was mounted and is not mounted any more"),
        "pm2.up" => {
            format!("PM2 on {} does not answer", fact.subject.host().unwrap_or("this host"))
        }
        "collector.failed" => format!("{large} brings nothing"),
        "disk.read_only" => format!("{large} can only be read; nothing can be written to it"),
        "app.restarts" => format!("{large} restarted {} in 10 minutes", times(fact.value)),
        "endpoint.certificate.days_left" if fact.value <= 0.0 => {
            format!("The certificate of {subject} has expired")
        }
        "endpoint.certificate.days_left" => {
            format!("The certificate of {subject} is valid for {} more", days(fact.value))
        }
        "disk.used" => format!("{large} is {value} full{}", course(fact)),
        "host.memory.used" => format!("Memory on {subject} is {value} used{}", course(fact)),
        "outside.reachable" => format!("{} reaches nothing outside", place(fact)),
        "outside.names" => format!("{} can't look up names", place(fact)),
        _ => format!("{} is {value}{}", named(fact), course(fact)),
    };
    format!("{told}{}", because(fact))
}

/// The host that a fact is about.
fn place(fact: &Fact) -> &str {
    fact.subject.host().unwrap_or("this host")
}

/// The fact with one of its values as something that was, without its full stop.
fn was(fact: &Fact, value: f64) -> String {
    let subject = humanize::subject(&fact.subject);
    let large = large(fact);
    let text = humanize::value(value, &fact.unit);
    match fact.signal.as_str() {
        "endpoint.up" => format!("{large} did not answer as expected"),
        "endpoint.status" => format!("{large} answered with status {text}"),
        "app.up" => format!("{large} was not running"),
        "app.listed" => format!("{large} was not in PM2's list"),
        "app.job_failed" => format!("A run of {subject} ended with an error"),
        "disk.mounted" => format!("{large} was not mounted"),
        "pm2.up" => format!("PM2 on {} did not answer", fact.subject.host().unwrap_or("this host")),
        "collector.failed" => format!("{large} brought nothing"),
        "disk.read_only" => format!("{large} could only be read"),
        "outside.reachable" => format!("{} reached nothing outside", place(fact)),
        "outside.names" => format!("{} could not look up names", place(fact)),
        "app.restarts" => format!("{large} restarted {} in 10 minutes", times(value)),
        "endpoint.certificate.days_left" => {
            format!("The certificate of {subject} was near its end")
        }
        "disk.used" => format!("{large} was {text} full"),
        "host.memory.used" => format!("Memory on {subject} was {text} used"),
        _ => format!("{} was {text}", named(fact)),
    }
}

fn usual(fact: &Fact) -> String {
    let usual = fact.usual.filter(|_| fact.is_measured());
    usual
        .map(|usual| format!(" (usually {})", humanize::value(usual, &fact.unit)))
        .unwrap_or_default()
}

/// That the value is on the healthy side, and what is awaited, without its full stop.
fn eases(fact: &Fact, easing: Easing) -> String {
    let since = humanize::moment(easing.since);
    let value = humanize::value(fact.value, &fact.unit);
    let now = match fact.crossing {
        Crossing::Above { .. } if fact.is_measured() => {
            format!("Since {since} it is not above its level any more ({value} then)")
        }
        Crossing::Below { .. } if fact.is_measured() => {
            format!("Since {since} it is not below its level any more ({value} then)")
        }
        Crossing::Rising { .. } => {
            format!("Since {since} it rises no longer as fast ({value} then)")
        }
        Crossing::Reaching { .. } => {
            format!("Since {since} its limit is further away ({value} then)")
        }
        Crossing::Above { .. } | Crossing::Below { .. } | Crossing::Silent { .. } => {
            format!("It looks well since {since}")
        }
    };
    let side = if matches!(fact.crossing, Crossing::Below { .. }) { "more" } else { "less" };
    let level = easing
        .recovers_at
        .filter(|_| fact.is_measured())
        .map(|at| format!("is at {} or {side}", humanize::value(at, &fact.unit)));
    let stays = (easing.stays_for_seconds >= 1.0)
        .then(|| format!("stays so for {}", humanize::seconds(easing.stays_for_seconds)));
    let needed: Vec<String> = stays.into_iter().chain(level).collect();
    if needed.is_empty() {
        return format!("{now}; it is watched whether it stays so");
    }
    format!("{now}; it counts as recovered if it {}", humanize::list(&needed))
}

/// The fact as something that has recovered, without its full stop; `over` where all of it is.
fn cleared(fact: &Fact, over: bool) -> String {
    if fact.is_silent() {
        let end = if over { "then it did again" } else { "this is over" };
        return format!(
            "{} did not report {} for a while{}; {end}",
            large(fact),
            humanize::lower_label(&fact.signal),
            aside(fact)
        );
    }
    let (now, then) = match fact.signal.as_str() {
        "endpoint.up" | "pm2.up" => ("does again", "did again"),
        "endpoint.status" => ("is well again", "was well again"),
        "app.up" => ("runs again", "ran again"),
        "app.listed" => ("is again", "was again"),
        "app.job_failed" => ("ends well again", "ended well again"),
        "disk.mounted" => ("is again", "was again"),
        "collector.failed" => ("works again", "worked again"),
        "disk.read_only" => ("can be written again", "could be written again"),
        "outside.reachable" => ("reaches it again", "reached it again"),
        "outside.names" => ("can again", "could again"),
        "app.restarts" => ("is steady again", "was steady again"),
        "endpoint.certificate.days_left" => ("is renewed", "was renewed"),
        _ => ("has recovered", "recovered"),
    };
    let was = was(fact, fact.peak);
    format!("{was}{}{}, and {}", usual(fact), aside(fact), if over { then } else { now })
}

/// The fact as it was at its worst, or as silence.
fn worst(fact: &Fact) -> String {
    if fact.is_silent() {
        let signal = humanize::lower_label(&fact.signal);
        format!("{} did not report {signal}{}", large(fact), aside(fact))
    } else {
        format!("{}{}{}", was(fact, fact.peak), usual(fact), aside(fact))
    }
}

/// The fact as something that nobody watches any more, without its full stop.
fn lost(fact: &Fact, over: bool) -> String {
    let is = if over { "was" } else { "is" };
    format!("{}, and {is} no longer watched. Whether it recovered is not known", worst(fact))
}

/// The fact as something that still held when all was ended, without its full stop.
fn held(fact: &Fact) -> String {
    let end = if fact.is_silent() || fact.unheard.is_some() {
        "was not heard of again before the end"
    } else if fact.easing.is_some() {
        "seemed better at the end, without proof"
    } else {
        "was not seen to recover"
    };
    format!("{}, and {end}", worst(fact))
}

fn signals(count: u32) -> String {
    if count == 1 { "1 more signal".to_owned() } else { format!("{count} more signals") }
}

/// One sentence, or none where the team needs none.
pub(super) fn sentence(sentence: &Sentence, over: bool) -> Option<String> {
    Some(match sentence {
        Sentence::Flood { signals, over: ended } if *ended || over => {
            format!("Many things happened at once: {signals} {} gathered here.", if *signals == 1 { "signal was" } else { "signals were" })
        }
        Sentence::Flood { signals: 1, .. } => {
            "Many things happen at once. What comes from now on is gathered here, so that one page tells it.".to_owned()
        }
        Sentence::Flood { signals, .. } => {
            format!("Many things happen at once: {signals} signals are gathered here, so that one page tells them.")
        }
        Sentence::Holds { fact } if over => format!("{}.", held(fact)),
        Sentence::Holds { fact } => {
            let unsteady = if fact.unsteady && fact.unheard.is_none() { " It comes and goes." } else { "" };
            format!("{}.{unsteady}", holds(fact))
        }
        Sentence::Cleared { fact } => format!("{}.", cleared(fact, over)),
        Sentence::Lost { fact } => format!("{}.", lost(fact, over)),
        Sentence::More { holding, cleared, lost } => {
            let holds = if over { "not seen to recover" } else { "beyond the level" };
            let told = [(*holding, holds), (*cleared, "recovered"), (*lost, "no longer watched")];
            let parts: Vec<String> = told.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
            format!("{}: {}.", signals(holding.saturating_add(*cleared).saturating_add(*lost)), humanize::list(&parts))
        }
        Sentence::Quiet { since, lost: 0 } => format!("All is quiet since {}.", humanize::moment(*since)),
        Sentence::Quiet { since, .. } => format!("Nothing that is still watched is in trouble since {}.", humanize::moment(*since)),
        Sentence::Over { at, by_person: true, holding: 0, .. } => format!("A person resolved it at {}.", humanize::moment(*at)),
        Sentence::Over { at, by_person: true, holding, .. } => {
            let text = if *holding == 1 { "1 signal".to_owned() } else { format!("{holding} signals") };
            format!("A person resolved it at {}. By then {text} had not been seen to recover.", humanize::moment(*at))
        }
        Sentence::Over { at, by_person: false, lost: 1.., .. } => {
            format!("Calm Ops resolved it at {}, as nothing that is still watched was in trouble.", humanize::moment(*at))
        }
        Sentence::Over { at, by_person: false, .. } => {
            format!("It is over: all stayed quiet, and Calm Ops resolved it at {}.", humanize::moment(*at))
        }
        Sentence::CameBack { times: 1 } => "It came back once after it was resolved.".to_owned(),
        Sentence::CameBack { times } => format!("It came back {times} times after it was resolved."),
        Sentence::Began { at, noticed_after } if *noticed_after < Span::from_secs(1) => {
            format!("It began at {} and was noticed at once.", humanize::moment(*at))
        }
        Sentence::Began { at, noticed_after } => format!("It began at {} and was noticed {noticed_after} later.", humanize::moment(*at)),
        Sentence::AfterChange { change, began_at } => change::after(change, *began_at),
        Sentence::Lasted { span } => format!("It lasted {span}, from the first value beyond its level to the last recovery."),
        Sentence::Parts { subjects, more } => {
            let mut names: Vec<String> = subjects.iter().map(humanize::subject).collect();
            if *more > 0 {
                names.push(format!("{more} more"));
            }
            format!("As far as known: {}.", humanize::list(&names))
        }
        Sentence::EndpointsReached { endpoints, over } => {
            let names: Vec<String> = endpoints.iter().map(humanize::subject).collect();
            let (uses, can) = if *over { ("used", "could") } else { ("uses", "can") };
            format!("Whoever {uses} {} {can} notice it.", humanize::list(&names))
        }
        Sentence::NoEndpoint if over => {
            "No endpoint took part in it as far as was seen: whether people outside noticed it is not known.".to_owned()
        }
        Sentence::NoEndpoint => "No endpoint takes part in it as far as is seen: whether people outside notice it is not known.".to_owned(),
        Sentence::EvidenceSaved => "Calm Ops saved a snapshot of the evidence.".to_owned(),
        Sentence::Watching => "It goes on watching.".to_owned(),
        Sentence::NothingChanged => "Calm Ops changed nothing on the machine.".to_owned(),
        Sentence::Ran { title, subject, result } => runs::team(title, &humanize::subject(subject), *result, over),
        Sentence::Command { id, because } => {
            let target = humanize::subject(&because.subject);
            format!("Consider {id} for {target}: the page of thresholds recommends it for {}.", humanize::lower_label(&because.signal))
        }
        Sentence::Read { section, .. } => format!("Read the section \u{201c}{}\u{201d} of the guide.", section.replace('-', " ")),
        Sentence::LookAtEvidence => "No command and no section of the guide is named for this. Look at the evidence below.".to_owned(),
        Sentence::Wait => "Nothing needs to be done while it stays quiet.".to_owned(),
        Sentence::ConfirmTheEnd => "All is quiet. As a person has acted on it, it ends when a person resolves it.".to_owned(),
        Sentence::LimitAhead { fact, seconds } => {
            let what = match fact.signal.as_str() {
                "disk.used" | "disk.available" => humanize::capital(&humanize::subject(&fact.subject)),
                "host.memory.used" => format!("Memory on {}", humanize::subject(&fact.subject)),
                _ => named(fact),
            };
            format!("{what} is {} in {}, if it goes on like this.", end(fact), humanize::about(*seconds))
        }
        // The team reads it beside the value that it is about, and what it means is not what
        // follows.
        Sentence::Meaning { .. } => return None,
        Sentence::GoesOn => "It stays open while this goes on. Calm Ops keeps watching, and changes nothing on the machine.".to_owned(),
        Sentence::OutcomeUnknown => "What follows is not known.".to_owned(),
        Sentence::EndsByItself { quiet_for } => format!("It ends by itself when all stays quiet for {quiet_for}."),
        Sentence::ReasonUnknown if over => "Why it happened is not known.".to_owned(),
        Sentence::CustomersUnknown if over => "Which customers were affected is not known.".to_owned(),
        Sentence::NowUnknown { subject } if over => format!("How {} was doing at the end is not known.", humanize::subject(subject)),
        Sentence::ReasonUnknown => "Why it happens is not known.".to_owned(),
        Sentence::CustomersUnknown => "Which customers are affected is not known.".to_owned(),
        Sentence::NowUnknown { subject } => format!("How {} is doing now is not known.", humanize::subject(subject)),
        Sentence::UsualUnknown { subject, signal } => {
            let joined = if subject.kind() == "host" { "on" } else { "of" };
            format!("What is usual for {} {joined} {} is not known yet.", humanize::lower_label(signal), humanize::subject(subject))
        }
    })
}
