//! From the service's answers to what the pages hold: everything that can be worked out on the server
//! is, so that the browser gets little.

pub(crate) mod trail;

use commands::{
    command::EndMaintenance,
    reading::{
        FindIncident, GetDocument, GetHealth, GetIncident, HistoryFilter, ListIncidents,
        SearchHistory,
    },
    view::{Health, IncidentPage, Incidents, Series, Sparkline},
};
use domain::{
    actor::Names,
    breach::Breach,
    error::ErrorKind,
    id::IncidentNumber,
    incident::{Incident, IncidentBreach},
    journal::{Entry, Event},
    lifecycle::State,
    reading::Reading,
    recommendation::{Recommendation, RunOutcome, Stage},
    severity::Severity,
    snapshot::Snapshot,
    summary::Summary,
    time::{Span, Timestamp},
    unit::Unit,
};
use leptos::prelude::use_context;
use wording::{
    humanize,
    recommendation::Advice,
    summary::{Reader, incident_card, render},
    timeline,
};

use crate::{
    deed::Deed,
    door::{execute, known, refuse},
    drawn::{self, chart},
    facts::{BreachRow, Briefing, Guide, Newest, Refused, Search, Section, SnapshotData, Told},
    page::{Mood, Pulse, Sheet},
    problem::Problem,
    seek::{NotRetired, RefusedWindow},
    status,
};

mod approve;
mod reply;

pub(crate) use approve::approve;
use reply::sheet;

/// The guide's path among the documents.
const GUIDE: &str = "runbooks/when-things-break.md";

/// Sparklines are 120 units wide: more points than this can't be told apart.
const SPARK_POINTS: usize = 40;

fn invalid(sentence: &str) -> Problem {
    refuse(Problem { kind: ErrorKind::Invalid, sentence: sentence.to_owned() })
}

async fn raw_health() -> Result<Health, Problem> {
    execute(GetHealth {}).await
}

pub(crate) async fn health() -> Result<Sheet, Problem> {
    let mut health = raw_health().await?;
    health.sparklines.iter_mut().for_each(thin);
    let may = known().is_some_and(|(operations, principal)| {
        operations.check::<EndMaintenance>(&principal).is_ok()
    });
    let refused = drawn::health::Refused {
        window: use_context::<RefusedWindow>(),
        retire: use_context::<NotRetired>().map(|NotRetired(problem)| problem.sentence),
    };
    let page = drawn::health::page(&health, may, &refused);
    Ok(sheet(Some(health.cursor), "Health", page))
}

/// Leads to the page that matters now.
pub(crate) async fn home() -> Result<Sheet, Problem> {
    let incidents = raw_incidents().await?;
    let path = match incidents.active.as_slice() {
        [only] => format!("/ops/incidents/{}", only.number),
        [] | [_, _, ..] => "/ops/health".to_owned(),
    };
    leptos_axum::redirect(&path);
    Ok(sheet(Some(incidents.cursor), "", drawn::way(&path)))
}

pub(crate) async fn pulse() -> Result<Pulse, Problem> {
    let health = raw_health().await?;
    Ok(Pulse {
        cursor: health.cursor,
        mood: Mood::of(&health),
        active: u32::try_from(health.active.len()).unwrap_or(u32::MAX),
        checked_at: health.now.checked_at,
    })
}

/// Fewer points, and no more digits than the picture can show.
fn thin(spark: &mut Sparkline) {
    let step = spark.points.len().div_ceil(SPARK_POINTS).max(1);
    let last = spark.points.len().saturating_sub(1);
    let kept =
        spark.points.iter().enumerate().filter(|(index, _)| (last - index).is_multiple_of(step));
    spark.points = kept.map(|(_, &(seconds, value))| (seconds.round(), telling(value))).collect();
}

/// Four telling digits.
fn telling(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let digits = (3 - value.abs().log10().floor() as i32).clamp(-12, 12);
    let scale = 10f64.powi(digits.abs());
    if digits >= 0 { (value * scale).round() / scale } else { (value / scale).round() * scale }
}

pub(crate) async fn incidents() -> Result<Sheet, Problem> {
    let incidents = raw_incidents().await?;
    Ok(sheet(Some(incidents.cursor), "Incidents", drawn::incidents(&incidents)))
}

async fn raw_incidents() -> Result<Incidents, Problem> {
    execute(ListIncidents {}).await
}

pub(crate) async fn incident(id: &str, done: &str) -> Result<Sheet, Problem> {
    let told = match (use_context::<Refused>(), Deed::of_done(done)) {
        (Some(refused), _) => Told::Refused(refused),
        (None, Some(deed)) => Told::Done(deed),
        (None, None) => Told::Nothing,
    };
    let page = match (incident_page(id).await, &told) {
        (Ok(page), _) => page,
        // What was typed is kept also where the page can't be shown.
        (Err(problem), Told::Refused(refused)) => {
            return Ok(sheet(
                None,
                format!("Incident {id}"),
                drawn::incident::kept(id, &problem, refused),
            ));
        }
        (Err(problem), _) => return Err(problem),
    };
    let incident = &page.incident;
    let mut html = drawn::incident::page(&page, &briefing_of(&page), &told);
    html.push_str(&trail::sharing(&page).await);
    Ok(sheet(Some(page.cursor), format!("Incident {}", incident.number), html))
}

async fn incident_page(id: &str) -> Result<IncidentPage, Problem> {
    let number = if let Ok(number) = id.parse::<u32>() {
        IncidentNumber(number)
    } else if let Ok(uuid) = id.parse() {
        let number = execute(FindIncident { id: uuid }).await?.number;
        leptos_axum::redirect(&format!("/ops/incidents/{number}"));
        number
    } else {
        return Err(refuse(Problem {
            kind: ErrorKind::NotFound,
            sentence: "There is no such incident. Its address ends in a number.".into(),
        }));
    };
    execute(GetIncident { incident: number }).await
}

fn briefing_of(page: &IncidentPage) -> Briefing {
    let IncidentPage {
        cursor: _,
        incident,
        timeline,
        snapshots,
        series,
        checked_at,
        readings,
        related,
        outputs: _,
        notified: _,
        unreached,
        commands: _,
        names,
        reader: _,
        trouble: _,
    } = page;
    let mut guides = Vec::<Guide>::new();
    let mut next = None;
    for known in &incident.breaches {
        let guidance = &known.breach.guidance;
        let slug = guidance.runbook.trim_start_matches('#');
        if !slug.is_empty() {
            let guide = Guide { slug: slug.to_owned(), title: titled(slug) };
            let place = (known.breach.severity, &guide);
            if known.cleared_at.is_none()
                && next.as_ref().is_none_or(|(severity, _)| place.0 > *severity)
            {
                next = Some((place.0, guide.clone()));
            }
            if !guides.contains(&guide) {
                guides.push(guide);
            }
        }
    }
    let chart = |course: &Series| {
        // What is no longer heard ends where it was heard last, and not at the right edge.
        let reading = readings
            .iter()
            .find(|reading| reading.subject == course.subject && reading.signal == course.signal);
        let is_old =
            incident.is_active() && reading.is_some_and(|reading| reading.stale_since.is_some());
        chart::build(course, &moments(incident, timeline, course), is_old.then_some(*checked_at))
    };
    let card = incident_card(incident);
    let is_trouble = incident.is_active() && incident.holding().next().is_some();
    Briefing {
        card: card.clone(),
        standing: standing(incident, names),
        sections: briefing(&incident.summary),
        guides,
        quiet_since: incident.quiet_since,
        acknowledged: incident.acknowledged.map(|taken| (names.of(taken.by), taken.at)),
        resolved: incident.resolution.as_ref().map(|end| (names.of(end.by), end.at)),
        related: related.iter().map(|card| (card.number.0, drawn::headline(card))).collect(),
        still: still(incident).filter(|_| incident.is_active()).map(|what| format!("{what}.")),
        next: next.map(|(_, guide)| guide),
        decides: card.awaits_decision
            || incident
                .recommendations
                .iter()
                .any(|one| one.is_under_way() || (one.awaits_proof() && is_trouble)),
        unreached: unreached.clone(),
        reopened: incident.reopened,
        breaches: incident
            .breaches
            .iter()
            .map(|known| breach_row(incident, known, readings))
            .collect(),
        charts: series.iter().map(chart).collect(),
        snapshots: snapshots.iter().map(snapshot_data).collect(),
        timeline: timeline.iter().map(|entry| timeline::line(entry, names)).collect(),
    }
}

/// What is not well yet, or was not when it was resolved: `2 signals are still beyond their level`.
fn still(incident: &Incident) -> Option<String> {
    let holding = || {
        incident
            .breaches
            .iter()
            .map(|known| (known, &known.breach))
            .filter(|(known, _)| known.cleared_at.is_none())
    };
    let is_unheard = |breach: &Breach| breach.unheard.is_some() || breach.crossing.is_silent();
    let is = if incident.is_active() { ["is", "are"] } else { ["was", "were"] };
    let signals = |count: usize| {
        if count == 1 {
            format!("1 signal {}", is[0])
        } else {
            format!("{count} signals {}", is[1])
        }
    };
    let beyond =
        holding().filter(|(_, breach)| breach.easing.is_none() && !is_unheard(breach)).count();
    let unheard = holding().filter(|(_, breach)| is_unheard(breach)).count();
    match (beyond, unheard, holding().count()) {
        (0, 0, 0) => None,
        (0, 0, easing) => Some(format!("{} not proven to be well yet", signals(easing))),
        (0, unheard, _) => Some(format!("{} not heard of", signals(unheard))),
        (1, _, _) => Some(format!("{} still beyond its level", signals(1))),
        (beyond, _, _) => Some(format!("{} still beyond their levels", signals(beyond))),
    }
}

/// The moments that a chart of one signal marks. After a reopening the breach is another one, and
/// the incident began when it did.
fn moments(
    incident: &Incident,
    timeline: &[Entry],
    course: &Series,
) -> Vec<(Timestamp, &'static str)> {
    let breach = incident.breaches.iter().find(|known| {
        known.breach.key.subject == course.subject && known.breach.key.signal == course.signal
    });
    let reopened =
        timeline.iter().filter(|entry| matches!(entry.event, Some(Event::Reopened { .. })));
    let reopened = reopened.map(|entry| (entry.at, "opened again"));
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

/// An anchor as words: `disk-is-filling` is "Disk is filling".
fn titled(slug: &str) -> String {
    let words = slug.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What is expected of the reader, in one sentence or two.
fn standing(incident: &Incident, names: &Names) -> String {
    let under_way = incident.recommendations.iter().any(Recommendation::is_under_way);
    let watched = incident.holding().next().is_some()
        && incident.recommendations.iter().any(Recommendation::awaits_proof);
    let is_unknown = |one: &Recommendation| matches!(&one.stage, Stage::Ended(ended) if matches!(ended.outcome, RunOutcome::Unknown));
    let unknown =
        watched && incident.recommendations.iter().any(|one| one.awaits_proof() && is_unknown(one));
    let offered = incident.offered().next().map(|one| Advice { incident, one, names });
    match incident.state {
        State::Resolved => return over(incident, names),
        _ if under_way => "An approved command runs. What it prints stands below.",
        _ if unknown => {
            "How an approved command ended is not known. Check by hand, as it says below."
        }
        _ if watched => "An approved command ran. Calm Ops watches whether it helped.",
        _ if offered.is_some_and(|one| one.first_yes().is_some()) => {
            "It needs your decision: one approver said yes, and another one is needed."
        }
        _ if offered.is_some() => "It needs your decision: a command is recommended below.",
        State::Recovering if incident.resolution_offered => {
            "All is quiet. Look once more, then resolve it."
        }
        State::Recovering => {
            "It is recovering. Calm Ops watches whether it stays quiet; you can wait."
        }
        State::AwaitingDecision if incident.acknowledged.is_some() => {
            "Someone is on it. It needs a decision: read on to help."
        }
        State::AwaitingDecision => {
            "It needs a person. Read on to see what it is about, and what to look at."
        }
        State::Stabilizing => "A safe measure is in force. Read on and decide what comes next.",
        State::Detected if incident.acknowledged.is_some() => "Someone is on it. Read on to help.",
        State::Detected => match incident.severity {
            Severity::Critical => {
                "It needs a person now. Acknowledge it, so that the team knows you are on it."
            }
            Severity::Warning => {
                "It needs a look today. Acknowledge it, so that the team knows you are on it."
            }
        },
    }
    .to_owned()
}

/// How it ended. What was not seen to be well is not said to be over.
fn over(incident: &Incident, names: &Names) -> String {
    let lost = incident.breaches.iter().filter(|known| known.is_lost()).count();
    let by =
        incident.resolution.as_ref().map_or_else(|| "Someone".to_owned(), |end| names.of(end.by));
    match (still(incident), lost) {
        (Some(still), _) => format!("{by} ended it while {still}. As long as that only goes on, it stays closed."),
        (None, 0) => "It is over. Nothing is expected of you.".to_owned(),
        (None, 1) => "It is closed. One signal is no longer watched: look at it yourself if it has to be well.".to_owned(),
        (None, lost) => format!("It is closed. {lost} signals are no longer watched: look at them yourself if they have to be well."),
    }
}

/// The summary as the team reads it.
fn briefing(summary: &Summary) -> Vec<Section> {
    let sections = render(summary, Reader::Team).into_iter();
    sections
        .map(|section| Section { heading: section.heading, sentences: section.sentences })
        .collect()
}

fn breach_row(incident: &Incident, known: &IncidentBreach, readings: &[Reading]) -> BreachRow {
    let breach = &known.breach;
    let holds = known.cleared_at.is_none() && incident.is_active();
    let reading = readings.iter().find(|reading| {
        reading.subject == breach.key.subject && reading.signal == breach.key.signal
    });
    let newest = reading.filter(|_| holds).map(|reading| Newest {
        key: status::row_key(&reading.subject, &reading.signal),
        value: humanize::value(reading.value, &reading.unit),
        stale_since: reading.stale_since,
    });
    let usual = breach
        .usual
        .map(|usual| format!(" (usually {})", humanize::value(usual, &breach.unit)))
        .unwrap_or_default();
    BreachRow {
        subject: humanize::subject(&breach.key.subject),
        label: humanize::label(&breach.key.signal),
        severity: breach.severity,
        value: format!("{}{usual}", humanize::value(breach.value, &breach.unit)),
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
    }
}

fn snapshot_data(snapshot: &Snapshot) -> SnapshotData {
    let bytes = |count: u64| humanize::value(count as f64, &Unit::Bytes);
    SnapshotData {
        at: snapshot.at,
        by_memory: snapshot
            .by_memory
            .iter()
            .map(|fact| (fact.name.clone(), fact.pid, bytes(fact.memory)))
            .collect(),
        by_cpu: snapshot
            .by_cpu
            .iter()
            .map(|fact| {
                (fact.name.clone(), fact.pid, humanize::value(f64::from(fact.cpu), &Unit::Percent))
            })
            .collect(),
        disks: snapshot
            .disks
            .iter()
            .map(|disk| (disk.mount.clone(), bytes(disk.available), bytes(disk.total)))
            .collect(),
        journal: snapshot.journal.clone(),
        thresholds: snapshot.thresholds_sha256.chars().take(12).collect(),
        left_out: snapshot.left_out,
    }
}

pub(crate) async fn history(query: &str) -> Result<Sheet, Problem> {
    let search = Search::read(query).map_err(refuse)?;
    let answer = match filter(&search) {
        Ok(filter) => {
            let query = SearchHistory { filter };
            execute(query).await
        }
        Err(problem) => Err(problem),
    };
    // What was typed stays in the form, so a wrong field is corrected and not typed again.
    let cursor = answer.as_ref().ok().map(|history| history.cursor);
    Ok(sheet(cursor, "History", drawn::history::page(&search, answer.as_ref())))
}

/// What a person typed, read strictly.
fn filter(search: &Search) -> Result<HistoryFilter, Problem> {
    let text = |field: &str| {
        Some(field.trim().chars().take(200).collect::<String>()).filter(|text| !text.is_empty())
    };
    let day = |field: &str, name: &str| match text(field) {
        None => Ok(None),
        Some(day) => format!("{day}T00:00:00Z").parse::<Timestamp>().map(Some).map_err(|_| {
            invalid(&format!("The day after \"{name}\" can't be read. Write it as 2026-11-22."))
        }),
    };
    let severity = text(&search.severity).map(|word| word.parse::<Severity>()).transpose();
    let before = text(&search.before).map(|number| number.parse::<u32>()).transpose();
    Ok(HistoryFilter {
        text: text(&search.text),
        severity: severity.map_err(|_| invalid("A severity is \"warning\" or \"critical\"."))?,
        subject: text(&search.subject),
        from: day(&search.from, "From")?,
        to: day(&search.to, "To")?.map(|day| day.plus(Span::from_secs(86_400))),
        before: before
            .map_err(|_| invalid("The page's address is damaged. Search again."))?
            .map(IncidentNumber),
    })
}

pub(crate) async fn guide() -> Result<Sheet, Problem> {
    let query = GetDocument { name: GUIDE.to_owned() };
    let document = execute(query).await?;
    Ok(sheet(None, "Runbook", drawn::guide(&crate::guide::render(&document.markdown))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{deed::Asked, sample};

    #[test]
    fn sparklines_keep_their_newest_point_and_few_digits() {
        let mut spark = Sparkline {
            subject: "host:web-1".parse().unwrap(),
            signal: "host.cpu.used".parse().unwrap(),
            points: (0..60u8)
                .map(|index| (f32::from(60 - index), 12.345_678 + f64::from(index)))
                .collect(),
        };
        thin(&mut spark);
        assert!(spark.points.len() <= SPARK_POINTS);
        assert_eq!(spark.points.last(), Some(&(1.0, 71.35)));
    }

    #[test]
    fn a_search_is_read_strictly() {
        let good = Search {
            text: " disk ".into(),
            from: "2026-11-01".into(),
            to: "2026-11-01".into(),
            ..Search::default()
        };
        let filter_ = filter(&good).unwrap();
        assert_eq!(filter_.text.as_deref(), Some("disk"));
        assert_eq!(filter_.to.unwrap().since(filter_.from.unwrap()), Span::from_secs(86_400));
        for bad in [
            Search { severity: "bad".into(), ..Search::default() },
            Search { from: "yesterday".into(), ..Search::default() },
            Search { before: "-1".into(), ..Search::default() },
        ] {
            assert_eq!(filter(&bad).unwrap_err().kind, ErrorKind::Invalid);
        }
    }

    #[test]
    fn numbers_keep_four_telling_digits() {
        for (value, kept) in [
            (12.345_678, 12.35),
            (0.0, 0.0),
            (123_456_789.0, 123_500_000.0),
            (0.000_123_456, 0.000_123_5),
        ] {
            assert!(
                (telling(value) - kept).abs() <= kept.abs() * 1e-9,
                "{value}: {}",
                telling(value)
            );
        }
    }
    fn html(page: &IncidentPage, told: &Told) -> String {
        drawn::incident::page(page, &briefing_of(page), told)
    }

    fn resolved(mut incident: Incident) -> Incident {
        incident.state = State::Resolved;
        incident.resolution = Some(domain::incident::Resolution {
            by: domain::actor::Actor::Local,
            at: sample::at(240),
            note: None,
        });
        incident
    }

    /// Every button in order: whether it is the primary one, and its words.
    fn buttons(html: &str) -> Vec<(bool, String)> {
        let found = html.match_indices("class=\"button").filter_map(|(at, _)| {
            let rest = &html[at..];
            let (open, close) = (rest.find('>')?, rest.find("</")?);
            Some((rest.starts_with("class=\"button primary"), rest[open + 1..close].to_owned()))
        });
        found.collect()
    }

    #[test]
    fn a_value_that_is_no_longer_heard_is_not_told_as_now() {
        let mut page = sample::page(sample::incident());
        let now = html(&page, &Told::Nothing);
        assert!(
            now.contains(
                "<dt>Now</dt><dd><span data-reading=\"queue.depth service:mail\">7,300 jobs</span>"
            ),
            "{now}"
        );
        page.readings[0].stale_since = Some(sample::at(20));
        let old = html(&page, &Told::Nothing);
        assert!(
            old.contains("<dt>Last heard</dt>")
                && old.contains("; last heard <time datetime=\"2026-11-22T10:00:20Z\""),
            "{old}"
        );
        assert!(!old.contains("<dt>Now</dt>") && !old.contains("; now "), "{old}");
        assert_eq!(old.matches("data-old").count(), 2, "the browser knows that it is old");
        page.readings.clear();
        assert!(
            !html(&page, &Told::Nothing).contains("data-reading"),
            "what is not known is not told"
        );
    }

    #[test]
    fn while_a_breach_holds_the_guide_is_the_next_step_and_the_end_says_what_still_holds() {
        let mut page = sample::page(sample::incident());
        let other = |primary, word: &str| (primary, word.to_owned());
        assert_eq!(
            buttons(&html(&page, &Told::Nothing))[..2],
            [other(true, "Acknowledge"), other(false, "Resolve")]
        );
        page.incident.acknowledged = Some(domain::incident::Acknowledgement {
            by: domain::actor::Actor::Local,
            at: sample::at(20),
        });
        let shown = html(&page, &Told::Nothing);
        assert_eq!(
            buttons(&shown)[..2],
            [other(true, "Read the guide: Queue is long"), other(false, "Resolve")]
        );
        assert!(
            shown.contains("href=\"/ops/runbook#queue-is-long\"")
                && shown.contains("1 signal is still beyond its level."),
            "{shown}"
        );
        // When all is quiet, the end is the next step.
        page.incident.breaches[0].cleared_at = Some(sample::at(100));
        page.incident.state = State::Recovering;
        let shown = html(&page, &Told::Nothing);
        assert_eq!(buttons(&shown)[0], other(true, "Resolve"));
        assert_eq!(buttons(&shown).iter().filter(|(primary, _)| *primary).count(), 1);
        assert!(!shown.contains("still beyond"), "{shown}");
    }

    #[test]
    fn an_incident_that_was_ended_while_it_held_does_not_say_that_all_is_well() {
        let mut page = sample::page(resolved(sample::incident()));
        page.related =
            vec![incident_card(&Incident { number: IncidentNumber(12), ..sample::incident() })];
        let shown = html(&page, &Told::Nothing);
        assert!(
            shown.contains(
                "Someone on this machine ended it while 1 signal was still beyond its level."
            ),
            "{shown}"
        );
        for wrong in [
            "It is over",
            "Nobody yet",
            "<dt>Now</dt>",
            "data-reading",
            " since <time",
            "Work is piling up.",
        ] {
            assert!(!shown.contains(wrong), "{wrong} in {shown}");
        }
        assert!(shown.contains("<a href=\"/ops/incidents/12\">"), "{shown}");
        assert!(shown.contains(", when it was resolved"), "{shown}");
    }

    #[test]
    fn what_nobody_saw_recover_is_not_said_to_be_over() {
        let mut incident = resolved(sample::incident());
        incident.breaches[0].cleared_at = Some(sample::at(100));
        incident.breaches[0].ending = Some(domain::breach::Ending::NoLongerWatched);
        assert_eq!(
            standing(&incident, &Names::default()),
            "It is closed. One signal is no longer watched: look at it yourself if it has to be well."
        );
        incident.breaches[0].ending =
            Some(domain::breach::Ending::Recovered { since: sample::at(90) });
        assert_eq!(
            standing(&incident, &Names::default()),
            "It is over. Nothing is expected of you."
        );
    }

    #[test]
    fn after_a_reopening_the_chart_still_says_when_it_began() {
        let mut incident = sample::incident();
        incident.breaches[0].breach.since = sample::at(300);
        let point = |second| commands::view::SeriesPoint {
            at: sample::at(second),
            until: sample::at(second + 90),
            min: 1.0,
            mean: 1.0,
            max: 1.0,
        };
        let course = Series {
            subject: "service:mail".parse().unwrap(),
            signal: "queue.depth".parse().unwrap(),
            unit: Unit::Count,
            warning: None,
            critical: None,
            points: (0..10).map(|minute| point(minute * 60)).collect(),
        };
        let reopened = Event::Reopened { incident: IncidentNumber(7), note: None };
        let entry = Entry {
            number: 4,
            at: sample::at(310),
            actor: domain::actor::Actor::Agent,
            event: Some(reopened),
        };
        let moments = moments(&incident, &[entry], &course);
        assert_eq!(
            moments,
            [
                (sample::at(0), "began"),
                (sample::at(10), "opened"),
                (sample::at(310), "opened again")
            ]
        );
    }

    #[test]
    fn what_was_refused_still_stands_in_its_field_and_nothing_in_it_is_markup() {
        let page = sample::page(sample::incident());
        let problem =
            Problem { kind: ErrorKind::Invalid, sentence: "The text is too long.".into() };
        let refused = |deed| Refused {
            asked: Asked {
                deed: Some(deed),
                text: "a & b\n</textarea><script>x</script>".into(),
                ..Asked::default()
            },
            problem: problem.clone(),
        };
        let shown = html(&page, &Told::Refused(refused(Deed::Comment)));
        assert!(
            shown.contains(
                ">\na &amp; b\n&lt;/textarea&gt;&lt;script&gt;x&lt;/script&gt;</textarea>"
            ),
            "{shown}"
        );
        assert!(shown.contains("<p id=\"said-comment\" role=\"status\" class=\"said refused\">The text is too long.</p>"), "{shown}");
        assert!(shown.contains("<p id=\"said-steps\" role=\"status\" class=\"away\">"), "{shown}");
        let shown = html(&page, &Told::Refused(refused(Deed::Resolve)));
        let fold = shown.split("<details").nth(1).and_then(|rest| rest.split('>').next()).unwrap();
        assert!(fold.contains("class=\"fold\"") && fold.contains(" open"), "{fold}");
        assert!(
            shown.contains("<p id=\"said-steps\" role=\"status\" class=\"said refused\">"),
            "{shown}"
        );
        let away =
            Problem { kind: ErrorKind::Unavailable, sentence: "The database is away.".into() };
        let kept = drawn::incident::kept("7", &away, &refused(Deed::Comment));
        assert!(
            kept.contains("The database is away.") && kept.contains("&lt;/textarea&gt;"),
            "{kept}"
        );
    }

    #[test]
    fn what_was_done_is_said_beside_its_button() {
        let page = sample::page(sample::incident());
        let shown = html(&page, &Told::Done(Deed::Comment));
        assert!(shown.contains("<p id=\"said-comment\" role=\"status\" class=\"said done\">Written on the timeline.</p>"), "{shown}");
        assert!(shown.contains("<p id=\"said-steps\" role=\"status\" class=\"away\">"), "{shown}");
    }
}
