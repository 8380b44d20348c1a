//! From the desk's answers to what the pages hold: everything that can be worked out on the server is, so that the browser gets little.

use rules::{
    desk::{Answer, HistoryFilter, Query},
    incident::{Incident, IncidentBreach, IncidentNumber},
    journal::{Cursor, Entry, Event},
    lifecycle::State,
    say,
    snapshot::Snapshot,
    summary::{Reader, Summary},
    time::{Span, Timestamp},
    view::{CoursePage, Health, IncidentPage, Incidents, Spark},
    words::{Severity, Unit},
};

use crate::{
    door::{ask, in_document, refuse},
    drawn::{self, chart},
    facts::{BreachRow, Briefing, Guide, Search, Section, SnapshotData},
    page::{Html, Mood, Pulse, Sheet},
    problem::{Kind, Problem},
    said, status,
};

/// The guide's path among the documents.
const GUIDE: &str = "runbooks/when-things-break.md";

/// Sparklines are 120 units wide: more points than this can't be told apart.
const SPARK_POINTS: usize = 40;

fn invalid(sentence: &str) -> Problem {
    refuse(Problem { kind: Kind::Invalid, sentence: sentence.to_owned() })
}

async fn raw_health() -> Result<Health, Problem> {
    ask(Query::Health, |answer| if let Answer::Health(health) = answer { Some(*health) } else { None }).await
}

/// A sheet of this place.
fn sheet(cursor: Option<Cursor>, place: impl Into<String>, text: String) -> Sheet {
    Sheet { cursor, place: place.into(), html: Html { text, in_document: in_document() } }
}

pub(crate) async fn health() -> Result<Sheet, Problem> {
    let mut health = raw_health().await?;
    health.sparks.iter_mut().for_each(thin);
    Ok(sheet(Some(health.cursor), "Health", drawn::health::page(&health)))
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
fn thin(spark: &mut Spark) {
    let step = spark.points.len().div_ceil(SPARK_POINTS).max(1);
    let last = spark.points.len().saturating_sub(1);
    let kept = spark.points.iter().enumerate().filter(|(index, _)| (last - index).is_multiple_of(step));
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
    ask(Query::Incidents, |answer| if let Answer::Incidents(incidents) = answer { Some(*incidents) } else { None }).await
}

pub(crate) async fn incident(id: &str, problem: &str) -> Result<Sheet, Problem> {
    let number = if let Ok(number) = id.parse::<u32>() {
        IncidentNumber(number)
    } else if let Ok(uuid) = id.parse() {
        let number =
            ask(Query::IncidentById { id: uuid }, |answer| if let Answer::Number(number) = answer { Some(number.number) } else { None })
                .await?;
        leptos_axum::redirect(&format!("/ops/incidents/{number}"));
        number
    } else {
        return Err(refuse(Problem { kind: Kind::NotFound, sentence: "There is no such incident. Its address ends in a number.".into() }));
    };
    let page =
        ask(Query::Incident { incident: number }, |answer| if let Answer::Incident(page) = answer { Some(*page) } else { None }).await?;
    let incident = &page.incident;
    let html = drawn::incident::page(incident, &briefing_of(&page), Kind::sentence_of(problem));
    Ok(sheet(Some(page.cursor), format!("Incident {}", incident.number), html))
}

fn briefing_of(page: &IncidentPage) -> Briefing {
    let IncidentPage { cursor: _, incident, timeline, snapshots, courses, checked_at: _, readings: _, beside: _ } = page;
    let mut guides = Vec::<Guide>::new();
    for known in &incident.breaches {
        let guidance = &known.breach.guidance;
        let slug = guidance.runbook.trim_start_matches('#');
        if !slug.is_empty() && guides.iter().all(|guide| guide.slug != slug) {
            guides.push(Guide { slug: slug.to_owned(), title: titled(slug) });
        }
    }
    Briefing {
        card: incident.into(),
        standing: standing(incident),
        sections: briefing(&incident.summary),
        guides,
        quiet_since: incident.quiet_since,
        acknowledged: incident.acknowledged.map(|taken| (taken.by.shown().to_owned(), taken.at)),
        reopened: incident.reopened,
        breaches: incident.breaches.iter().map(|known| breach_row(known, courses)).collect(),
        charts: courses.iter().map(|course| chart::build(course, &moments(incident, timeline, course), None)).collect(),
        snapshots: snapshots.iter().map(snapshot_data).collect(),
        timeline: timeline.iter().map(said::line).collect(),
    }
}

/// The moments that a chart of one signal marks. After a reopening the breach is another one, and the incident began when it did.
fn moments(incident: &Incident, timeline: &[Entry], course: &CoursePage) -> Vec<(Timestamp, &'static str)> {
    let breach =
        incident.breaches.iter().find(|known| known.breach.key.subject == course.subject && known.breach.key.signal == course.signal);
    let reopened = timeline.iter().filter(|entry| matches!(entry.event, Some(Event::Reopened { .. })));
    let reopened = reopened.map(|entry| (entry.at, "opened again"));
    let ended = |known: &IncidentBreach| if known.is_lost() { "no longer watched" } else { "recovered" };
    let cleared = breach.and_then(|known| Some((known.cleared_at?, ended(known))));
    let ended = incident.resolution.as_ref().map(|end| (end.at, "resolved"));
    [(incident.began_at, "began"), (incident.opened_at, "opened")].into_iter().chain(reopened).chain(cleared).chain(ended).collect()
}

/// An anchor as words: `disk-is-filling` is "Disk is filling".
fn titled(slug: &str) -> String {
    let words = slug.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What is expected of the reader, in one sentence.
fn standing(incident: &Incident) -> String {
    match incident.state {
        State::Resolved => "It is over. Nothing is expected of you.",
        State::Recovering if incident.resolution_offered => "All is quiet. Look once more, then resolve it.",
        State::Recovering => "It is recovering. Calm Ops watches whether it stays quiet; you can wait.",
        State::AwaitingDecision => "It needs your decision.",
        State::Stabilizing => "A safe measure is in force. Read on and decide what comes next.",
        State::Detected if incident.acknowledged.is_some() => "Someone is on it. Read on to help.",
        State::Detected => match incident.severity {
            Severity::Critical => "It needs a person now. Acknowledge it, so that the team knows you are on it.",
            Severity::Warning => "It needs a look today. Acknowledge it, so that the team knows you are on it.",
        },
    }
    .to_owned()
}

/// The summary as the team reads it.
fn briefing(summary: &Summary) -> Vec<Section> {
    let sections = summary.render(Reader::Team).into_iter();
    sections.map(|section| Section { heading: section.heading, sentences: section.sentences }).collect()
}

fn breach_row(known: &IncidentBreach, courses: &[CoursePage]) -> BreachRow {
    let breach = &known.breach;
    let course = courses.iter().find(|course| course.subject == breach.key.subject && course.signal == breach.key.signal);
    let newest = course.and_then(|course| course.points.last()).filter(|_| known.cleared_at.is_none());
    let now = newest.map(|point| (status::row_key(&breach.key.subject, &breach.key.signal), say::value(point.mean, &breach.unit)));
    let usual = breach.usual.map(|usual| format!(" (usually {})", say::value(usual, &breach.unit))).unwrap_or_default();
    BreachRow {
        subject: say::subject(&breach.key.subject),
        label: say::label(&breach.key.signal),
        severity: breach.severity,
        value: format!("{}{usual}", say::value(breach.value, &breach.unit)),
        now,
        // What it means is true while it is so.
        meaning: if known.cleared_at.is_none() && breach.easing.is_none() { breach.guidance.meaning.clone() } else { String::new() },
        since: breach.severity_since,
        cleared_at: known.cleared_at,
        lost: known.is_lost(),
        unsteady: breach.unsteady,
    }
}

fn snapshot_data(snapshot: &Snapshot) -> SnapshotData {
    let bytes = |count: u64| say::value(count as f64, &Unit::Bytes);
    SnapshotData {
        at: snapshot.at,
        by_memory: snapshot.by_memory.iter().map(|fact| (fact.name.clone(), fact.pid, bytes(fact.memory))).collect(),
        by_cpu: snapshot.by_cpu.iter().map(|fact| (fact.name.clone(), fact.pid, say::value(f64::from(fact.cpu), &Unit::Percent))).collect(),
        disks: snapshot.disks.iter().map(|disk| (disk.mount.clone(), bytes(disk.available), bytes(disk.total))).collect(),
        journal: snapshot.journal.clone(),
        thresholds: snapshot.thresholds_sha256.chars().take(12).collect(),
        left_out: snapshot.left_out,
    }
}

pub(crate) async fn history(query: &str) -> Result<Sheet, Problem> {
    let search = Search::read(query);
    let answer = match filter(&search) {
        Ok(filter) => {
            let query = Query::History { filter };
            ask(query, |answer| if let Answer::History(history) = answer { Some(*history) } else { None }).await
        }
        Err(problem) => Err(problem),
    };
    // What was typed stays in the form, so a wrong field is corrected and not typed again.
    let cursor = answer.as_ref().ok().map(|history| history.cursor);
    Ok(sheet(cursor, "History", drawn::history::page(&search, answer.as_ref())))
}

/// What a person typed, read strictly.
fn filter(search: &Search) -> Result<HistoryFilter, Problem> {
    let text = |field: &str| Some(field.trim().chars().take(200).collect::<String>()).filter(|text| !text.is_empty());
    let day = |field: &str, name: &str| match text(field) {
        None => Ok(None),
        Some(day) => format!("{day}T00:00:00Z")
            .parse::<Timestamp>()
            .map(Some)
            .map_err(|_| invalid(&format!("The day after \"{name}\" can't be read. Write it as 2026-11-22."))),
    };
    let severity = text(&search.severity).map(|word| word.parse::<Severity>()).transpose();
    let before = text(&search.before).map(|number| number.parse::<u32>()).transpose();
    Ok(HistoryFilter {
        text: text(&search.text),
        severity: severity.map_err(|_| invalid("A severity is \"warning\" or \"critical\"."))?,
        subject: text(&search.subject),
        from: day(&search.from, "From")?,
        to: day(&search.to, "To")?.map(|day| day.plus(Span::from_secs(86_400))),
        before: before.map_err(|_| invalid("The page's address is damaged. Search again."))?.map(IncidentNumber),
    })
}

pub(crate) async fn guide() -> Result<Sheet, Problem> {
    let query = Query::Document { name: GUIDE.to_owned() };
    let document = ask(query, |answer| if let Answer::Document(document) = answer { Some(*document) } else { None }).await?;
    Ok(sheet(None, "Runbook", drawn::guide(&crate::guide::render(&document.markdown))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparklines_keep_their_newest_point_and_few_digits() {
        let mut spark = Spark {
            subject: "host:web-1".parse().unwrap(),
            signal: "host.cpu.used".parse().unwrap(),
            points: (0..60u8).map(|index| (f32::from(60 - index), 12.345_678 + f64::from(index))).collect(),
        };
        thin(&mut spark);
        assert!(spark.points.len() <= SPARK_POINTS);
        assert_eq!(spark.points.last(), Some(&(1.0, 71.35)));
    }

    #[test]
    fn a_search_is_read_strictly() {
        let good = Search { text: " disk ".into(), from: "2026-11-01".into(), to: "2026-11-01".into(), ..Search::default() };
        let filter_ = filter(&good).unwrap();
        assert_eq!(filter_.text.as_deref(), Some("disk"));
        assert_eq!(filter_.to.unwrap().since(filter_.from.unwrap()), Span::from_secs(86_400));
        for bad in [
            Search { severity: "bad".into(), ..Search::default() },
            Search { from: "yesterday".into(), ..Search::default() },
            Search { before: "-1".into(), ..Search::default() },
        ] {
            assert_eq!(filter(&bad).unwrap_err().kind, Kind::Invalid);
        }
    }

    #[test]
    fn numbers_keep_four_telling_digits() {
        for (value, kept) in [(12.345_678, 12.35), (0.0, 0.0), (123_456_789.0, 123_500_000.0), (0.000_123_456, 0.000_123_5)] {
            assert!((telling(value) - kept).abs() <= kept.abs() * 1e-9, "{value}: {}", telling(value));
        }
    }
}
