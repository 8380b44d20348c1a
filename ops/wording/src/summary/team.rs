//! The team's words: everything, with names and numbers.

use domain::{
    breach::{Crossing, Easing},
    summary::{Fact, Rate, RatePer, Sentence},
    time::Span,
    unit::Unit,
    usual::{Bounds, RelativeLevel, Side},
};

use crate::{
    change, humanize, impact, protection, reason,
    summary::{runs, tense::Tense},
};

pub(super) const fn headings(over: bool) -> [&'static str; 7] {
    let affected = if over { "Who was affected" } else { "Who is affected" };
    [
        "What happened",
        "When it started",
        affected,
        "What was done",
        "Next steps",
        "If nobody acts",
        "What we do not know",
    ]
}

/// `Memory used on web-1`, `Time in all of the endpoint checkout`.
fn named(fact: &Fact) -> String {
    humanize::signal_of(&fact.signal, &fact.subject)
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

fn limit(fact: &Fact) -> Option<String> {
    let seconds = fact.foreseeable_limit()?;
    Some(format!("{} in {}", end(fact), humanize::about(seconds)))
}

/// The normal value: what is usual, or else the threshold.
fn normal(fact: &Fact) -> String {
    let threshold = match fact.crossing {
        Crossing::Above { level } | Crossing::Below { level } => Some(level),
        Crossing::Usual { relative, bounds } if bounds.exclude(fact.value) => {
            return format!(", {}", far(&relative, &bounds, fact.usual, &fact.unit));
        }
        Crossing::Usual { .. }
        | Crossing::Rising { .. }
        | Crossing::Reaching { .. }
        | Crossing::Silent { .. } => None,
    };
    let is_told = fact.is_measured() && fact.unit != Unit::YesNo;
    match (usual(fact), threshold.filter(|_| is_told)) {
        (usual, Some(level)) if usual.is_empty() => {
            format!(" (threshold {})", humanize::bare_value(level, &fact.unit))
        }
        (usual, _) => usual,
    }
}

/// The distance of a value from the usual one: `more than 3 times usual (usual at this hour: 120
/// ms)`.
pub(crate) fn far(
    level: &RelativeLevel,
    bounds: &Bounds,
    usual: Option<f64>,
    unit: &Unit,
) -> String {
    let times = level.times;
    let at_this_hour = usual
        .map(|usual| format!(" (usual at this hour: {})", humanize::value(usual, unit)))
        .unwrap_or_default();
    match (level.side, bounds.low, bounds.high) {
        (Side::Above, ..) => format!("more than {times} times usual{at_this_hour}"),
        (Side::Below, ..) => format!("less than {times} times usual{at_this_hour}"),
        (Side::Outside, Some(low), Some(high)) if times == 1.0 => format!(
            "outside its usual range (usual at this hour: {} to {})",
            humanize::value(low, unit),
            humanize::value(high, unit)
        ),
        (Side::Outside, ..) if times == 1.0 => format!("outside its usual range{at_this_hour}"),
        (Side::Outside, ..) => format!("outside {times} times its usual range{at_this_hour}"),
        (Side::OutsideRecent, ..) if times == 1.0 => {
            format!("outside the range of the last 14 days{at_this_hour}")
        }
        (Side::OutsideRecent, ..) => {
            format!("outside {times} times the range of the last 14 days{at_this_hour}")
        }
    }
}

fn course(fact: &Fact) -> String {
    let mut text = normal(fact);
    if let Some(rate) = rate(fact) {
        text.push_str(&format!(", {rate}"));
    }
    if let Some(limit) = limit(fact) {
        text.push_str(&format!(": {limit}"));
    }
    text
}

/// A subject that begins a sentence. Names keep their spelling.
fn large(fact: &Fact) -> String {
    let text = humanize::subject(&fact.subject);
    if matches!(fact.subject.kind(), "host" | "service") {
        return text;
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The reason, behind the fact.
fn because(fact: &Fact) -> String {
    fact.reason.as_ref().map(|one| format!(": {}", reason::clause(one))).unwrap_or_default()
}

/// The reason, inside a sentence that goes on.
fn aside(fact: &Fact) -> String {
    fact.reason.as_ref().map(|one| format!(" ({})", reason::clause(one))).unwrap_or_default()
}

/// `CPU readings from web-2`.
fn readings(fact: &Fact) -> String {
    format!(
        "{} readings from {}",
        humanize::lower_label(&fact.signal),
        humanize::subject(&fact.subject)
    )
}

/// The fact as the part of a sentence that holds now, without its full stop.
pub(super) fn holds(fact: &Fact) -> String {
    if let Crossing::Silent { for_seconds } = fact.crossing {
        let last = if fact.is_measured() {
            format!(
                "; the last one was {} at {}",
                humanize::value(fact.value, &fact.unit),
                humanize::moment(fact.value_at)
            )
        } else {
            String::new()
        };
        return format!(
            "No {} for over {}{last}{}",
            readings(fact),
            humanize::seconds(for_seconds),
            because(fact)
        );
    }
    if let Some(unheard) = fact.unheard {
        return format!(
            "{} at {}. There has been no data since{}",
            was(fact, fact.value),
            humanize::moment(unheard.since),
            because(fact)
        );
    }
    if fact.unsteady {
        return format!("{}{}{}", was(fact, fact.peak), usual(fact), because(fact));
    }
    if let Some(easing) = fact.easing {
        return format!(
            "{}{}{}. It {}{}",
            was(fact, fact.peak),
            usual(fact),
            because(fact),
            eases(fact, easing),
            awaited(fact, easing)
        );
    }
    if !fact.is_beyond() {
        return format!("{}{}", was(fact, fact.peak), usual(fact));
    }
    format!("{}{}", is(fact, &course(fact)), because(fact))
}

/// The fact as something that is, without its full stop. `course` follows a measured value.
fn is(fact: &Fact, course: &str) -> String {
    let subject = humanize::subject(&fact.subject);
    let large = large(fact);
    let value = humanize::value(fact.value, &fact.unit);
    match fact.signal.as_str() {
        "endpoint.up" => format!("{large} does not answer as expected"),
        "endpoint.status" => format!("{large} answers with status {value}"),
        "app.up" => format!("{large} is down"),
        "app.listed" => {
            format!("{large} is no longer in PM2's list, so it is not known whether it runs")
        }
        "app.job_failed" => format!("The last run of {subject} failed"),
        "disk.mounted" => format!("{large} is no longer mounted"),
        "pm2.up" => {
            format!("PM2 on {} does not answer", fact.subject.host().unwrap_or("this host"))
        }
        "redis.up" => format!("{large} is not available"),
        "redis.replication.linked" => format!("{large} is not connected to its primary"),
        "collector.failed" => format!("{large} returns no data"),
        "disk.read_only" => format!("{large} is read-only"),
        "app.restarts" => format!("{large} restarted {} in 10 minutes", times(fact.value)),
        "endpoint.certificate.days_left" if fact.value <= 0.0 => {
            format!("The certificate of {subject} has expired")
        }
        "endpoint.certificate.days_left" => {
            format!("The certificate of {subject} expires in {}", days(fact.value))
        }
        "disk.used" => format!("{large} is {value} full{course}"),
        "host.memory.used" => format!("Memory on {subject} is {value} used{course}"),
        "queue.depth" => format!("The queue of {subject} holds {value}{course}"),
        "outside.reachable" => format!("{} has no connection to the outside", place(fact)),
        "outside.names" => format!("{} can't resolve names (DNS)", place(fact)),
        _ => format!("{} is {value}{course}", named(fact)),
    }
}

/// The host that a fact is about.
fn place(fact: &Fact) -> &str {
    fact.subject.host().unwrap_or("This host")
}

/// The fact with one of its values as something that was, without its full stop.
fn was(fact: &Fact, value: f64) -> String {
    let subject = humanize::subject(&fact.subject);
    let large = large(fact);
    let text = humanize::value(value, &fact.unit);
    match fact.signal.as_str() {
        "endpoint.up" => format!("{large} did not answer as expected"),
        "endpoint.status" => format!("{large} answered with status {text}"),
        "app.up" => format!("{large} was down"),
        "app.listed" => format!("{large} was missing from PM2's list"),
        "app.job_failed" => format!("A run of {subject} failed"),
        "disk.mounted" => format!("{large} was not mounted"),
        "pm2.up" => format!("PM2 on {} did not answer", fact.subject.host().unwrap_or("this host")),
        "redis.up" => format!("{large} was not available"),
        "redis.replication.linked" => format!("{large} was not connected to its primary"),
        "collector.failed" => format!("{large} returned no data"),
        "disk.read_only" => format!("{large} was read-only"),
        "outside.reachable" => format!("{} had no connection to the outside", place(fact)),
        "outside.names" => format!("{} could not resolve names (DNS)", place(fact)),
        "app.restarts" => format!("{large} restarted {} in 10 minutes", times(value)),
        "endpoint.certificate.days_left" => {
            format!("The certificate of {subject} was about to expire")
        }
        "disk.used" => format!("{large} was {text} full"),
        "host.memory.used" => format!("Memory on {subject} was {text} used"),
        "queue.depth" => format!("The queue of {subject} held {text}"),
        _ => format!("{} was {text}", named(fact)),
    }
}

fn usual(fact: &Fact) -> String {
    let usual = fact.usual.filter(|_| fact.is_measured());
    usual
        .map(|usual| format!(" (usually {})", humanize::value(usual, &fact.unit)))
        .unwrap_or_default()
}

/// Since when the value is on the healthy side, as the rest of a sentence that begins with the fact.
fn eases(fact: &Fact, easing: Easing) -> String {
    let since = humanize::moment(easing.since);
    let how = match (fact.crossing, fact.signal.as_str()) {
        (Crossing::Rising { .. }, _) => "been rising more slowly",
        (Crossing::Reaching { .. }, _) => "been further from its limit",
        (_, "endpoint.up" | "pm2.up") => "been answering again",
        (_, "endpoint.status") => "been answering as expected",
        (_, "app.up") => "been up",
        (_, "app.listed") => "been listed again",
        (_, "app.job_failed") => "been working",
        (_, "app.restarts") => "been stable",
        (_, "disk.mounted") => "been mounted",
        (_, "disk.read_only") => "been writable",
        (_, "redis.up") => "been available",
        (_, "redis.replication.linked") => "been connected to its primary",
        (_, "collector.failed") => "been returning data",
        (_, "outside.reachable") => "been connected",
        (_, "outside.names") => "been resolving names",
        (Crossing::Above { .. }, _) if fact.is_measured() => "been below its threshold",
        (Crossing::Below { .. }, _) if fact.is_measured() => "been above its threshold",
        (Crossing::Usual { .. }, _) if fact.is_measured() => "been nearer to what is usual",
        (
            Crossing::Above { .. }
            | Crossing::Below { .. }
            | Crossing::Usual { .. }
            | Crossing::Silent { .. },
            _,
        ) => "looked healthy",
    };
    format!("has {how} since {since}")
}

/// The condition for counting as recovered.
fn awaited(fact: &Fact, easing: Easing) -> String {
    let is_below = matches!(fact.crossing, Crossing::Below { .. });
    let side = match (is_below, &fact.unit) {
        (true, _) => "more",
        (false, Unit::Count | Unit::Other(_)) => "fewer",
        (false, _) => "less",
    };
    let level = easing
        .recovers_at
        .filter(|_| fact.is_measured())
        .map(|at| format!("at {} or {side}", humanize::value(at, &fact.unit)));
    let stays = (easing.stays_for_seconds >= 1.0)
        .then(|| format!("after {}", humanize::seconds(easing.stays_for_seconds)));
    match (stays, level) {
        (Some(stays), Some(level)) => format!(". It counts as recovered {stays} {level}"),
        (Some(stays), None) => format!(" and counts as recovered {stays}"),
        (None, Some(level)) => format!(" and counts as recovered {level}"),
        (None, None) => String::new(),
    }
}

/// The improvement of a fact on the healthy side, inside a sentence: `the app demo on vm has been
/// up since ...`; `None` where it does not.
pub(super) fn improvement(fact: &Fact) -> Option<String> {
    let easing = fact.easing.filter(|_| fact.is_easing())?;
    let subject = humanize::subject(&fact.subject);
    let what = match fact.signal.as_str() {
        "queue.depth" => format!("the queue of {subject}"),
        "host.memory.used" => format!("memory on {subject}"),
        "outside.reachable" | "outside.names" => {
            fact.subject.host().unwrap_or("this host").to_owned()
        }
        "endpoint.certificate.days_left" => format!("the certificate of {subject}"),
        "disk.used" => subject,
        _ if !fact.is_measured() => subject,
        _ => humanize::lower_signal_of(&fact.signal, &fact.subject),
    };
    Some(format!("{what} {}", eases(fact, easing)))
}

/// The fact as something that has recovered, without its full stop; `over` where all of it is.
fn cleared(fact: &Fact, over: bool) -> String {
    if fact.is_silent() {
        let end = if over { "They arrived again later" } else { "They are arriving again" };
        return format!("There were no {} for a while{}. {end}", readings(fact), aside(fact));
    }
    let (now, then) = match fact.signal.as_str() {
        "endpoint.up" | "pm2.up" => ("answers again", "answered again"),
        "endpoint.status" => ("is back to normal", "was back to normal"),
        "app.up" => ("is running again", "was running again"),
        "app.listed" => ("is listed again", "was listed again"),
        "app.job_failed" => ("a later one succeeded", "a later one succeeded"),
        "disk.mounted" => ("is mounted again", "was mounted again"),
        "redis.up" => ("is available again", "was available again"),
        "redis.replication.linked" => ("is connected again", "was connected again"),
        "collector.failed" => ("is working again", "was working again"),
        "disk.read_only" => ("is writable again", "was writable again"),
        "outside.reachable" => ("is connected again", "was connected again"),
        "outside.names" => ("resolves them again", "resolved them again"),
        "app.restarts" => ("is stable again", "was stable again"),
        "endpoint.certificate.days_left" => ("has been renewed", "was renewed"),
        _ => ("has recovered", "recovered"),
    };
    let was = was(fact, fact.peak);
    format!("{was}{}{} and {}", usual(fact), aside(fact), if over { then } else { now })
}

/// The fact as it was at its worst, or as silence.
fn worst(fact: &Fact) -> String {
    if fact.is_silent() {
        format!("There were no {}{}", readings(fact), aside(fact))
    } else {
        format!("{}{}{}", was(fact, fact.peak), usual(fact), aside(fact))
    }
}

/// The fact as something that nobody watches any more, without its full stop.
fn lost(fact: &Fact, over: bool) -> String {
    let is = if over { "was" } else { "is" };
    format!("{}. It {is} no longer monitored, so it is not known whether it recovered", worst(fact))
}

/// The state of a fact that still held when all was ended.
fn at_the_end(fact: &Fact) -> &'static str {
    if fact.is_silent() {
        "none had arrived when it was resolved"
    } else if fact.unheard.is_some() {
        "there was no data when it was resolved"
    } else if fact.easing.is_some() {
        "was improving when it was resolved"
    } else {
        "had not recovered when it was resolved"
    }
}

/// The event in one clause, as a sentence: without reasons, and without what is awaited.
pub(super) fn headline(sentence: &Sentence, over: bool) -> Option<String> {
    let clause = match sentence {
        Sentence::Flood { signals: 2.., .. } | Sentence::Flood { over: true, .. } => {
            "Several problems started at once".to_owned()
        }
        Sentence::Flood { .. } => "Several problems are starting at once".to_owned(),
        Sentence::Holds { fact } if over => worst_briefly(fact),
        Sentence::Holds { fact } => holds_briefly(fact),
        Sentence::Cleared { fact } if fact.is_silent() && over => {
            format!("There were no {} for a while", readings(fact))
        }
        Sentence::Cleared { fact } if fact.is_silent() => {
            format!("There are {} again", readings(fact))
        }
        Sentence::Cleared { fact } => {
            cleared(&Fact { reason: None, usual: None, ..fact.clone() }, over)
        }
        Sentence::Lost { fact } => worst_briefly(fact),
        other => return self::sentence(other, if over { Tense::Over } else { Tense::Now }),
    };
    Some(format!("{clause}."))
}

fn worst_briefly(fact: &Fact) -> String {
    worst(&Fact { reason: None, ..fact.clone() })
}

fn holds_briefly(fact: &Fact) -> String {
    match fact.crossing {
        Crossing::Silent { for_seconds } => {
            format!("No {} for over {}", readings(fact), humanize::seconds(for_seconds))
        }
        _ if fact.unheard.is_some() => {
            format!("{}, and there has been no data since", was(fact, fact.value))
        }
        _ if fact.is_easing() && fact.is_measured() => {
            format!("{} and is improving", was(fact, fact.peak))
        }
        _ if fact.is_easing() => {
            cleared(&Fact { reason: None, usual: None, ..fact.clone() }, false)
        }
        _ if !fact.is_beyond() => format!("{}{}", was(fact, fact.peak), usual(fact)),
        _ => match limit(fact) {
            Some(limit) => is(fact, &format!(": {limit}")),
            None => is(fact, &normal(fact)),
        },
    }
}

fn more(holding: u32, cleared: u32, lost: u32, over: bool) -> String {
    let count = holding.saturating_add(cleared).saturating_add(lost);
    let signals =
        if count == 1 { "1 more signal".to_owned() } else { format!("{count} more signals") };
    let be = |count: u32| match (count, over) {
        (1, true) => "was",
        (_, true) => "were",
        (1, false) => "is",
        (_, false) => "are",
    };
    let (theirs, have) =
        if count == 1 { ("its threshold", "has") } else { ("their thresholds", "have") };
    match (holding, cleared, lost) {
        (_, 0, 0) if over => format!("{signals} had not recovered."),
        (_, 0, 0) => format!("{signals} {} past {theirs}.", be(count)),
        (0, _, 0) if over => format!("{signals} recovered."),
        (0, _, 0) => format!("{signals} {have} recovered."),
        (0, 0, _) => format!("{signals} {} no longer monitored.", be(count)),
        (holding, cleared, lost) => {
            let holds = if over { "not recovered" } else { "past the threshold" };
            let told = [(holding, holds), (cleared, "recovered"), (lost, "no longer monitored")];
            let parts: Vec<String> = told
                .iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, what)| format!("{count} {what}"))
                .collect();
            format!("{signals}: {}.", humanize::list(&parts))
        }
    }
}

/// One sentence, or none where the team needs none.
pub(super) fn sentence(sentence: &Sentence, tense: Tense) -> Option<String> {
    let over = tense == Tense::Over;
    Some(match sentence {
        Sentence::Flood { signals, over: ended } if *ended || over => {
            let were = if *signals == 1 { "signal was" } else { "signals were" };
            format!("Several problems started at once. {signals} {were} grouped here.")
        }
        Sentence::Flood { signals: 1, .. } => {
            "Several problems are starting at once. New ones are grouped here.".to_owned()
        }
        Sentence::Flood { signals, .. } => {
            format!("Several problems started at once. {signals} signals are grouped here.")
        }
        Sentence::Holds { fact } if over => {
            let and = if fact.is_silent() || fact.unheard.is_some() { ", and" } else { " and" };
            format!("{}{and} {}.", worst(fact), at_the_end(fact))
        }
        Sentence::Holds { fact } => {
            let unsteady = if fact.unsteady && fact.unheard.is_none() { " It is intermittent." } else { "" };
            format!("{}.{unsteady}", holds(fact))
        }
        Sentence::Cleared { fact } => format!("{}.", cleared(fact, over)),
        Sentence::Lost { fact } => format!("{}.", lost(fact, over)),
        Sentence::More { holding, cleared, lost } => more(*holding, *cleared, *lost, over),
        Sentence::Quiet { since, lost: 0 } => format!("Back to normal since {}.", humanize::moment(*since)),
        Sentence::Quiet { since, .. } => {
            format!("All signals that are still monitored have been healthy since {}.", humanize::moment(*since))
        }
        Sentence::Over { at, by_person: true, holding: 0, .. } => format!("Someone resolved it at {}.", humanize::moment(*at)),
        Sentence::Over { at, by_person: true, holding, .. } => {
            let text = if *holding == 1 { "One signal".to_owned() } else { format!("{holding} signals") };
            format!("Someone resolved it at {}. {text} had not recovered yet.", humanize::moment(*at))
        }
        Sentence::Over { at, by_person: false, lost: 1.., .. } => {
            format!("Calm Ops resolved it at {}, because nothing that was still monitored had a problem.", humanize::moment(*at))
        }
        Sentence::Over { at, by_person: false, .. } => {
            format!("Calm Ops resolved it at {}, after everything had stayed healthy.", humanize::moment(*at))
        }
        Sentence::CameBack { times: 1 } => "The problem returned once after it was resolved.".to_owned(),
        Sentence::CameBack { times } => format!("The problem returned {times} times after it was resolved."),
        Sentence::Began { at, noticed_after } if *noticed_after < Span::from_secs(1) => {
            format!("It began at {} and was detected immediately.", humanize::moment(*at))
        }
        Sentence::Began { at, noticed_after } => {
            format!("It began at {} and was detected {} later.", humanize::moment(*at), humanize::whole_minutes(*noticed_after))
        }
        Sentence::AfterChange { change, began_at } => change::after(change, *began_at),
        Sentence::Lasted { span } => format!("It lasted {span}."),
        Sentence::Parts { subjects, more } => {
            let mut names: Vec<String> = subjects.iter().map(humanize::subject).collect();
            if *more > 0 {
                names.push(format!("{more} more"));
            }
            format!("{}: {}.", if over { "Affected" } else { "Known so far" }, humanize::list(&names))
        }
        Sentence::EndpointsReached { endpoints, over } => {
            let names: Vec<String> = endpoints.iter().map(humanize::name).collect();
            let may = if *over { "may have noticed" } else { "may notice" };
            format!("Users of {} {may}.", humanize::list(&names))
        }
        Sentence::OrganizationsAffected { known, likely, over } => {
            impact::counted(*known, *likely, *over, "organization")
        }
        Sentence::NoEndpoint if over => {
            "No monitored endpoint was affected, so it is not known whether users noticed.".to_owned()
        }
        Sentence::NoEndpoint => {
            "No monitored endpoint is affected, so it is unclear whether users notice.".to_owned()
        }
        Sentence::EvidenceSaved => "Calm Ops saved a snapshot of the evidence.".to_owned(),
        Sentence::Watching => "It is still watching.".to_owned(),
        Sentence::Limited { requests, rate, until } => protection::limited(requests, *rate, *until),
        Sentence::LimitLifted { requests, ending } => protection::ended(requests, *ending),
        Sentence::MoreLimits { count } => protection::more(*count),
        Sentence::NothingChanged => "Nothing was changed on the machine.".to_owned(),
        Sentence::Ran { title, subject, result } => runs::team(title, &humanize::subject(subject), *result, over),
        Sentence::Command { id, because } => {
            format!("Your thresholds suggest {id} for {}.", humanize::lower_signal_of(&because.signal, &because.subject))
        }
        Sentence::SafeMode => {
            "Your thresholds name safe mode for this. An approver can begin it on the page about protection, if it is not in force.".to_owned()
        }
        Sentence::Read { section, .. } => {
            format!("See \u{201c}{}\u{201d} in the runbook.", humanize::section(section))
        }
        Sentence::LookAtEvidence => "There is no command or runbook section for this. Start with the evidence below.".to_owned(),
        Sentence::Wait => "There is nothing to do as long as it stays this way.".to_owned(),
        Sentence::ConfirmTheEnd if tense == Tense::Holding => {
            "It is improving. Because someone acted on it, someone has to resolve it when it has recovered.".to_owned()
        }
        Sentence::ConfirmTheEnd => {
            "Everything is back to normal. Because someone acted on it, someone has to resolve it.".to_owned()
        }
        Sentence::LimitAhead { fact, seconds } => {
            let what = match fact.signal.as_str() {
                "disk.used" | "disk.available" => humanize::subject(&fact.subject),
                "host.memory.used" => format!("memory on {}", humanize::subject(&fact.subject)),
                _ => humanize::lower_signal_of(&fact.signal, &fact.subject),
            };
            format!("At this rate, {what} will be {} in {}.", end(fact), humanize::about(*seconds))
        }
        // The team reads it beside the value that it is about, and what it means is not what
        // follows.
        Sentence::Meaning { .. } => return None,
        Sentence::LimitsEnd { until } => format!("The incident stays open. Limits are lifted in stages when the problem is over, and at {} at the latest.", humanize::moment(*until)),
        Sentence::GoesOn => "The incident stays open. Calm Ops keeps watching and changes nothing.".to_owned(),
        Sentence::OutcomeUnknown => "It is not known what happens next.".to_owned(),
        Sentence::EndsByItself { quiet_for } => format!("It resolves itself {}.", humanize::after_quiet(*quiet_for)),
        Sentence::ReasonUnknown if over => "The cause is not known.".to_owned(),
        Sentence::OtherCustomersUnknown if over => "It is not known whether other customers were affected.".to_owned(),
        Sentence::OtherCustomersUnknown => "It is not known whether other customers are affected.".to_owned(),
        Sentence::CustomersUnknown if over => "It is not known which customers were affected.".to_owned(),
        Sentence::NowUnknown { subject } if over => {
            format!("The state of {} at the end is not known.", humanize::subject(subject))
        }
        Sentence::ReasonUnknown => "The cause is not known yet.".to_owned(),
        Sentence::CustomersUnknown => "It is not known which customers are affected.".to_owned(),
        Sentence::NowUnknown { subject } => format!("The current state of {} is unknown.", humanize::subject(subject)),
        Sentence::UsualUnknown { subject, signal } => {
            format!("There is not enough history yet to say what is normal for {}.", humanize::lower_signal_of(signal, subject))
        }
    })
}
