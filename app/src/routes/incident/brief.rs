//! Contents of the page of an incident: plain data, in words, worked out the same way on server and
//! browser.

use commands::view::{IncidentPage, Series};
use domain::{
    actor::{Actor, Names},
    breach::{Breach, Crossing},
    incident::{Incident, IncidentBreach},
    inspection::{Inspection, InspectionOutcome},
    journal::{Entry, Event},
    lifecycle::State,
    recommendation::{Recommendation, RunOutcome, Stage},
    severity::Severity,
    time::Timestamp,
};
use wording::{
    humanize,
    recommendation::Advice,
    summary::{Reader, render},
};

use crate::components::chart::{self, Chart};

/// Sentences under a heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    /// The heading.
    pub heading: String,
    /// The sentences.
    pub sentences: Vec<String>,
}

/// A section of the runbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Runbook {
    /// The anchor.
    pub slug: String,
    /// The anchor as words.
    pub title: String,
}

/// The newest value of a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Newest {
    /// Name of its reading in the stream.
    pub key: String,
    /// The value.
    pub value: String,
    /// Since when there is no data, if that is longer than expected: then it is the value of then.
    pub stale_since: Option<Timestamp>,
    /// True if nothing was worse since the breach began.
    pub is_peak: bool,
}

/// The time for which a breach had a severity: from when it had it first to when it had it last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spell {
    /// The severity.
    pub severity: Severity,
    /// Its beginning.
    pub from: Timestamp,
    /// Its end; `None` if the breach has it still, or had it to the last.
    pub until: Option<Timestamp>,
}

/// A breach, in words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BreachRow {
    /// Name of the row.
    pub key: String,
    /// About whom.
    pub subject: String,
    /// The signal's short name.
    pub label: String,
    /// The address of the signal's history.
    pub history: String,
    /// The severity, now or at last.
    pub severity: Severity,
    /// The time when it was as bad as it ever was.
    pub worst: Spell,
    /// The most extreme value, and what is usual: `93% (usually 61%)`.
    pub peak: String,
    /// The newest value that is known, while the incident is active and it is another one.
    pub newest: Option<Newest>,
    /// Its meaning, from the document.
    pub meaning: String,
    /// Time at which it went past its threshold.
    pub since: Timestamp,
    /// Time at which it recovered.
    pub cleared_at: Option<Timestamp>,
    /// Time at which the incident was resolved although it held.
    pub given_up_at: Option<Timestamp>,
    /// Nobody saw it recover: it is no longer watched.
    pub lost: bool,
    /// Comes and goes.
    pub unsteady: bool,
    /// Back on the healthy side of its threshold, and that has to last.
    pub improving: bool,
}

/// The result of an inspection.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Inspected {
    /// Number of its entry.
    pub number: u64,
    /// The time.
    pub at: Timestamp,
    /// The person who asked for it.
    pub actor: Actor,
    /// The same, as a page names them.
    pub who: String,
    /// The inspection.
    pub inspection: Inspection,
    /// Its outcome.
    pub outcome: InspectionOutcome,
}

/// The inspections of a page's timeline, newest first.
pub(crate) fn inspected(page: &IncidentPage) -> Vec<Inspected> {
    let entries = page.timeline.iter().rev();
    let look = entries.filter_map(|entry| match &entry.event {
        Some(Event::Inspected { inspection, outcome, .. }) => Some(Inspected {
            number: entry.number,
            at: entry.at,
            actor: entry.actor,
            who: page.names.of(entry.actor),
            inspection: inspection.clone(),
            outcome: outcome.clone(),
        }),
        _ => None,
    });
    look.collect()
}

/// Sections of the runbook for an incident's breaches: each section once, and the one to read next,
/// while something holds.
pub(crate) fn runbooks(incident: &Incident) -> (Vec<Runbook>, Option<Runbook>) {
    let (mut all, mut next) = (Vec::<Runbook>::new(), None::<(Severity, Runbook)>);
    for known in &incident.breaches {
        let slug = known.breach.guidance.runbook.trim_start_matches('#');
        if slug.is_empty() {
            continue;
        }
        let section = Runbook { slug: slug.to_owned(), title: humanize::section(slug) };
        let severity = known.breach.severity;
        if known.cleared_at.is_none() && next.as_ref().is_none_or(|(worst, _)| severity > *worst) {
            next = Some((severity, section.clone()));
        }
        if !all.contains(&section) {
            all.push(section);
        }
    }
    (all, next.map(|(_, section)| section))
}

/// A text with its first letter large; it does not begin with a name.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The pictures.
pub(crate) fn charts(page: &IncidentPage) -> Vec<Chart> {
    let chart = |series: &Series| {
        // What is no longer heard ends where it was heard last, and not at the right edge.
        let mut readings = page.readings.iter();
        let reading =
            readings.find(|one| one.subject == series.subject && one.signal == series.signal);
        let is_stale =
            page.incident.is_active() && reading.is_some_and(|one| one.stale_since.is_some());
        chart::build(series, &moments(page, series), is_stale.then_some(page.checked_at))
    };
    page.series.iter().map(chart).collect()
}

/// True if the next step is at the recommended command: it waits for a decision, runs, or is
/// watched while something holds.
pub(crate) fn decides(incident: &Incident, awaits_decision: bool) -> bool {
    let holds = incident.is_active() && incident.holding().next().is_some();
    awaits_decision
        || incident
            .recommendations
            .iter()
            .any(|one| one.is_under_way() || (one.awaits_proof() && holds))
}

/// The signals that are not well yet, or were not when it was resolved: `2 signals are still past
/// their thresholds`.
pub(crate) fn still(incident: &Incident) -> Option<String> {
    let holding = || {
        let known = incident.breaches.iter().map(|known| (known, &known.breach));
        known.filter(|(known, _)| known.cleared_at.is_none())
    };
    let is_silent = |breach: &Breach| breach.unheard.is_some() || breach.crossing.is_silent();
    let is = if incident.is_active() { ["is", "are"] } else { ["was", "were"] };
    let signals = |count: usize| {
        if count == 1 {
            format!("1 signal {}", is[0])
        } else {
            format!("{count} signals {}", is[1])
        }
    };
    let past = holding().filter(|(_, one)| one.easing.is_none() && !is_silent(one)).count();
    let silent = holding().filter(|(_, breach)| is_silent(breach)).count();
    match (past, silent, holding().count()) {
        (0, 0, 0) => None,
        (0, 0, easing) => Some(format!("{} not confirmed healthy yet", signals(easing))),
        (0, 1, _) => Some(format!("there {} no data from 1 signal", is[0])),
        (0, silent, _) => Some(format!("there {} no data from {silent} signals", is[0])),
        (1, _, _) => Some(format!("{} still past its threshold", signals(1))),
        (past, _, _) => Some(format!("{} still past their thresholds", signals(past))),
    }
}

/// The moments that a chart of one signal marks. After a reopening the breach is another one, and
/// the incident began when it did.
fn moments(page: &IncidentPage, series: &Series) -> Vec<(Timestamp, &'static str)> {
    let incident = &page.incident;
    let breach = incident.breaches.iter().find(|known| {
        known.breach.key.subject == series.subject && known.breach.key.signal == series.signal
    });
    let reopened =
        page.timeline.iter().filter(|entry| matches!(entry.event, Some(Event::Reopened { .. })));
    let reopened = reopened.map(|entry| (entry.at, "reopened"));
    let ended =
        |known: &IncidentBreach| if known.is_lost() { "no longer watched" } else { "recovered" };
    let cleared = breach.and_then(|known| Some((known.cleared_at?, ended(known))));
    let ended = incident.resolution.as_ref().map(|end| (end.at, "resolved"));
    let changes = incident.changes.iter().map(|change| (change.at, change.kind.as_str()));
    [(incident.began_at, "began"), (incident.opened_at, "opened")]
        .into_iter()
        .chain(changes)
        .chain(reopened)
        .chain(cleared)
        .chain(ended)
        .collect()
}

/// Tells that nothing holds any more.
const RECOVERING: &str =
    "It is recovering. Calm Ops is making sure it stays that way; there is nothing to do.";

/// The expectation of the reader, in one sentence or two.
pub(crate) fn standing(incident: &Incident, names: &Names) -> String {
    let under_way = incident.recommendations.iter().any(Recommendation::is_under_way);
    let watched = incident.holding().next().is_some()
        && incident.recommendations.iter().any(Recommendation::awaits_proof);
    let is_unknown = |one: &Recommendation| matches!(&one.stage, Stage::Ended(ended) if matches!(ended.outcome, RunOutcome::Unknown));
    let unknown =
        watched && incident.recommendations.iter().any(|one| one.awaits_proof() && is_unknown(one));
    // While one is watched, the others wait behind it.
    let waits = incident.recommendations.iter().any(Recommendation::awaits_proof);
    let offered = incident.offered().next().filter(|_| !waits);
    let offered = offered.map(|one| Advice { incident, one, names });
    let handler = || incident.acknowledged.map(|taken| names.of(taken.by));
    match incident.state {
        State::Resolved => return over(incident, names),
        _ if under_way => "An approved command is running. Its output is below.",
        _ if unknown => {
            "It is unclear how an approved command ended. Check manually, as described below."
        }
        _ if watched => "An approved command has run. Calm Ops is checking whether it helped.",
        _ if offered.is_some_and(|one| one.first_yes().is_some()) => {
            "One approver has approved. A second approval is needed."
        }
        _ if offered.is_some() => "Your decision is needed: see the recommended command below.",
        State::Recovering if incident.resolution_offered => {
            "Everything is back to normal. Take a last look, then resolve it."
        }
        State::Recovering => RECOVERING,
        // The agent has not looked at it since it was reopened.
        _ if incident.holding().next().is_none() => RECOVERING,
        State::AwaitingDecision | State::Detected if incident.acknowledged.is_some() => {
            return format!("{} is handling this.", handler().unwrap_or_default());
        }
        State::AwaitingDecision => "This needs attention. Here is what is known and where to look.",
        State::Stabilizing => "A safe measure is in place. Decide what to do next.",
        State::Detected => match incident.severity {
            Severity::Critical => {
                "This needs attention now. Acknowledge it so the team knows you are on it."
            }
            Severity::Warning => {
                "This needs attention today. Acknowledge it so the team knows you are on it."
            }
        },
    }
    .to_owned()
}

/// The end of an incident. What was not seen to be well is not said to be over.
fn over(incident: &Incident, names: &Names) -> String {
    let lost = incident.breaches.iter().filter(|known| known.is_lost()).count();
    let by =
        incident.resolution.as_ref().map_or_else(|| "Someone".to_owned(), |end| names.of(end.by));
    match (still(incident), lost) {
        (Some(still), _) => {
            format!("{by} resolved it while {still}. It stays closed unless it gets worse.")
        }
        (None, 0) => "It is over. There is nothing for you to do.".to_owned(),
        (None, 1) => {
            "It is closed. One signal is no longer monitored; check it yourself if it matters."
                .to_owned()
        }
        (None, lost) => format!(
            "It is closed. {lost} signals are no longer monitored; check them yourself if they matter."
        ),
    }
}

/// The summary as the team reads it.
pub(crate) fn sections(incident: &Incident) -> Vec<Section> {
    let sections = render(&incident.summary, Reader::Team).into_iter();
    sections
        .map(|section| Section { heading: section.heading, sentences: section.sentences })
        .collect()
}

/// The breaches, in words.
pub(crate) fn breaches(page: &IncidentPage) -> Vec<BreachRow> {
    page.incident.breaches.iter().map(|known| breach_row(page, known)).collect()
}

/// The time when a breach was as bad as it ever was, as the timeline tells it.
fn worst(timeline: &[Entry], last: &Breach) -> Spell {
    let (mut worst, mut now) = (None::<Spell>, None);
    for entry in timeline {
        let next = match &entry.event {
            Some(Event::IncidentOpened { incident }) => {
                incident.breach(&last.key).map(|known| &known.breach)
            }
            Some(Event::BreachJoined { breach, .. } | Event::BreachChanged { breach, .. })
                if breach.key == last.key =>
            {
                Some(&**breach)
            }
            Some(Event::BreachCleared { key, .. }) if *key == last.key => None,
            _ => continue,
        };
        match (&mut worst, next) {
            (Some(worst), Some(next)) if next.severity == worst.severity => worst.until = None,
            (Some(worst), next) if next.is_none_or(|next| next.severity < worst.severity) => {
                if now == Some(worst.severity) {
                    worst.until = Some(entry.at);
                }
            }
            (_, Some(next)) => {
                let (severity, from) = (next.severity, next.severity_since);
                worst = Some(Spell { severity, from, until: None });
            }
            (_, None) => {}
        }
        now = next.map(|breach| breach.severity);
    }
    let last = Spell { severity: last.severity, from: last.severity_since, until: None };
    worst.filter(|worst| worst.severity >= last.severity).unwrap_or(last)
}

fn breach_row(page: &IncidentPage, known: &IncidentBreach) -> BreachRow {
    let (incident, breach) = (&page.incident, &known.breach);
    let holds = known.cleared_at.is_none() && incident.is_active();
    let reading = page.readings.iter().find(|reading| {
        reading.subject == breach.key.subject && reading.signal == breach.key.signal
    });
    let key = crate::status::row_key(&breach.key.subject, &breach.key.signal);
    // The newest value is told by the browser at once, the peak when it is written.
    let beyond = reading.filter(|one| holds && one.stale_since.is_none()).is_some_and(|one| {
        match breach.crossing {
            Crossing::Above { .. } => one.value >= breach.peak,
            Crossing::Below { .. } => one.value <= breach.peak,
            Crossing::Usual { bounds, .. } => bounds.exclude(one.value) && one.value == breach.peak,
            Crossing::Rising { .. } | Crossing::Reaching { .. } | Crossing::Silent { .. } => false,
        }
    });
    let peak = reading.filter(|_| beyond).map_or(breach.peak, |one| one.value);
    let peak = humanize::value(peak, &breach.unit);
    let newest = reading.filter(|_| incident.is_active()).map(|reading| Newest {
        key: key.clone(),
        value: humanize::value(reading.value, &reading.unit),
        stale_since: reading.stale_since,
        is_peak: beyond,
    });
    let usual = breach
        .usual
        .map(|usual| format!(" (usually {})", humanize::value(usual, &breach.unit)))
        .unwrap_or_default();
    BreachRow {
        subject: humanize::subject(&breach.key.subject),
        label: humanize::label(&breach.key.signal),
        history: crate::status::signal_href(&breach.key.subject, &breach.key.signal),
        severity: breach.severity,
        worst: worst(&page.timeline, breach),
        peak: format!("{peak}{usual}"),
        newest,
        // What it means is true while it is so.
        meaning: if holds && breach.easing.is_none() {
            breach.guidance.meaning.clone()
        } else {
            String::new()
        },
        since: breach.severity_since,
        cleared_at: known.cleared_at,
        given_up_at: incident
            .resolution
            .as_ref()
            .map(|end| end.at)
            .filter(|_| known.cleared_at.is_none()),
        lost: known.is_lost(),
        unsteady: breach.unsteady,
        improving: holds && breach.easing.is_some(),
        key,
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use commands::view::SeriesPoint;
    use domain::{
        actor::Actor,
        breach::{BreachKey, Ending},
        id::IncidentNumber,
        unit::Unit,
    };

    use super::*;
    use crate::sample;

    /// Ten minutes of the signal of the sample.
    fn series() -> Series {
        let point = |second| SeriesPoint {
            at: sample::at(second),
            until: sample::at(second + 90),
            min: 1.0,
            mean: 1.0,
            max: 1.0,
        };
        let BreachKey { subject, signal } = sample::breach().key;
        Series {
            subject,
            signal,
            unit: Unit::Count,
            warning: None,
            critical: None,
            points: (0..10).map(|minute| point(minute * 60)).collect(),
        }
    }

    #[test]
    fn after_a_reopening_the_chart_still_marks_when_it_began() {
        let mut page = sample::page(sample::incident());
        page.incident.breaches[0].breach.since = sample::at(300);
        let event = Some(Event::Reopened { incident: IncidentNumber(7), note: None });
        page.timeline = vec![Entry { number: 4, at: sample::at(310), actor: Actor::Agent, event }];
        assert_eq!(
            moments(&page, &series()),
            [(sample::at(0), "began"), (sample::at(10), "opened"), (sample::at(310), "reopened")]
        );
    }

    #[test]
    fn the_newest_value_is_never_beyond_the_peak() {
        let mut page = sample::page(sample::incident());
        let peak = page.incident.breaches[0].breach.peak;
        let shown = |page: &IncidentPage| {
            let row = breaches(page).remove(0);
            (row.peak.split(' ').next().unwrap().to_owned(), row.newest.unwrap().is_peak)
        };
        page.readings[0].value = peak - 1.0;
        let (before, is_peak) = shown(&page);
        assert!(!is_peak);
        page.readings[0].value = peak + 1.0;
        let (after, is_peak) = shown(&page);
        assert!(is_peak && after != before);
        page.readings[0].stale_since = Some(sample::at(20));
        assert_eq!(shown(&page), (before, false));
    }

    #[test]
    fn a_breach_was_critical_for_as_long_as_the_timeline_says() {
        let at = sample::at;
        let breach = |severity, since| {
            let mut breach = sample::breach();
            (breach.severity, breach.severity_since) = (severity, at(since));
            breach
        };
        let incident = IncidentNumber(7);
        let changed =
            |breach: &Breach| Event::BreachChanged { incident, breach: Box::new(breach.clone()) };
        let (mild, grave) = (breach(Severity::Warning, 0), breach(Severity::Critical, 60));
        let milder = breach(Severity::Warning, 200);
        let mut opened = sample::incident();
        opened.breaches[0].breach = mild.clone();
        let ending = Ending::Recovered { since: at(250) };
        let cleared = Event::BreachCleared { incident, key: mild.key.clone(), ending };
        let told = |events: &[(i64, Event)]| -> Vec<Entry> {
            let entry = |(second, event): &(i64, Event)| Entry {
                number: 1,
                at: at(*second),
                actor: Actor::Agent,
                event: Some(event.clone()),
            };
            events.iter().map(entry).collect()
        };
        let opened = Event::IncidentOpened { incident: Box::new(opened) };
        let spell = |severity, from, until: Option<i64>| Spell {
            severity,
            from: at(from),
            until: until.map(at),
        };
        let mut all = vec![(10, opened)];
        assert_eq!(worst(&told(&all), &mild), spell(Severity::Warning, 0, None));
        all.push((70, changed(&grave)));
        assert_eq!(worst(&told(&all), &grave), spell(Severity::Critical, 60, None));
        all.push((210, changed(&milder)));
        assert_eq!(worst(&told(&all), &milder), spell(Severity::Critical, 60, Some(210)));
        all.push((300, cleared.clone()));
        assert_eq!(worst(&told(&all), &milder), spell(Severity::Critical, 60, Some(210)));
        // It came back, and is over.
        let again = breach(Severity::Critical, 400);
        let joined = Event::BreachJoined { incident, breach: Box::new(again.clone()) };
        all.extend([(410, joined), (500, cleared)]);
        assert_eq!(worst(&told(&all), &again), spell(Severity::Critical, 60, Some(500)));
        // What is not in the timeline any more is told as the incident has it.
        assert_eq!(worst(&[], &milder), spell(Severity::Warning, 200, None));
    }
}
