//! The readings.

use std::cmp::Reverse;

use rules::{
    desk::{Answer, HistoryFilter, Query, Refusal},
    incident::{Incident, IncidentNumber},
    journal::{Cursor, Entry, Event, Head},
    time::{Span, Timestamp},
    view::{self, CoursePage, CoursePoint, IncidentCard, Readings},
    words::{Signal, Subject, Unit},
};

use super::{Inner, RESOLVED_AT_HAND, refuse};
use crate::store::{Rollup, RollupStep};

/// How many incidents a page of the history shows.
const HISTORY_PAGE: u32 = 25;
/// How many entries a timeline shows.
const TIMELINE: u32 = 500;
/// How many entries one reading of the journal gives.
const JOURNAL_PAGE: u32 = 1_000;
/// How many courses an incident's page shows.
const COURSES: usize = 6;
/// How many points a course has.
const POINTS: usize = 400;
/// The longest text that is looked for, in characters, and the most words in it.
const LONGEST_SEARCH: usize = 200;
const MOST_WORDS: usize = 6;

impl Inner {
    pub(super) async fn answer(&self, query: Query) -> Result<Answer, Refusal> {
        Ok(match query {
            Query::Health => Answer::Health(Box::new(self.health().await)),
            Query::Incidents => Answer::Incidents(Box::new(self.incidents().await?)),
            Query::Incident { incident } => Answer::Incident(Box::new(self.incident(incident).await?)),
            Query::IncidentById { id } => {
                let number = self.store.number_of(id).await.map_err(refuse)?;
                let number = number.ok_or_else(|| Refusal::NotFound { what: format!("incident {id}") })?;
                Answer::Number(view::Number { number })
            }
            Query::History { filter } => Answer::History(Box::new(self.history(&filter).await?)),
            Query::Course { subject, signal, from, to } => Answer::Course(Box::new(self.course(subject, signal, from, to).await?)),
            Query::Document { name } => {
                let found = self.board.shown().texts.iter().find(|document| document.name == name).cloned();
                let what = || format!("document '{}'", name.chars().filter(|c| !c.is_control()).take(80).collect::<String>());
                Answer::Document(Box::new(found.ok_or_else(|| Refusal::NotFound { what: what() })?))
            }
            Query::Journal { after, limit } => Answer::Journal(Box::new(self.journal(after, limit).await?)),
        })
    }

    /// Works without the database too: it then says so, and shows the incidents as they were known last.
    async fn health(&self) -> view::Health {
        let mut shown = self.board.shown();
        let (at_hand, trouble) = match self.at_hand().await {
            Ok(at_hand) => (Some(at_hand), None),
            Err(error) => (self.last_at_hand(), Some(refuse(error).to_string())),
        };
        if let Some(trouble) = trouble {
            let mut readings = Readings::clone(&shown.readings);
            // The monitor may have told it already.
            if !readings.troubles.iter().any(|told| told.contains(&trouble)) {
                readings.troubles.insert(0, format!("Incidents may be out of date. {trouble}"));
            }
            shown.readings = readings.into();
        }
        let since = self.clock.now().wall.minus(Span::from_mins(24 * 60));
        let (cursor, head, active, blind) = at_hand.map_or_else(
            || (Cursor::default(), Head::EMPTY, Vec::new(), Vec::new()),
            |at_hand| {
                let blind = at_hand.blind.iter().filter(|span| span.to >= since).cloned().collect();
                (at_hand.cursor, at_hand.head, active(&at_hand.incidents), blind)
            },
        );
        view::Health {
            cursor,
            head,
            now: Readings::clone(&shown.readings),
            sparks: shown.sparks.to_vec(),
            active,
            blind,
            documents: shown.documents,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    async fn incidents(&self) -> Result<view::Incidents, Refusal> {
        let at_hand = match (self.at_hand().await, self.last_at_hand()) {
            (Ok(at_hand), _) | (Err(_), Some(at_hand)) => at_hand,
            (Err(error), None) => return Err(refuse(error)),
        };
        let mut resolved: Vec<&Incident> = at_hand.incidents.iter().filter(|incident| !incident.is_active()).collect();
        resolved.sort_by_key(|incident| Reverse((super::ended(incident), incident.number)));
        let resolved = resolved.into_iter().take(RESOLVED_AT_HAND).map(IncidentCard::from).collect();
        Ok(view::Incidents { cursor: at_hand.cursor, active: active(&at_hand.incidents), resolved })
    }

    async fn incident(&self, number: IncidentNumber) -> Result<view::IncidentPage, Refusal> {
        // Read before everything else: the stream goes on from here, and what it repeats is shown once more, never missed.
        let (cursor, _) = self.store.head().await.map_err(refuse)?;
        let incident = self.store.incident(number).await.map_err(refuse)?;
        let incident = incident.ok_or_else(|| Refusal::NotFound { what: format!("incident {number}") })?;
        let timeline = self.store.timeline(number, TIMELINE).await.map_err(refuse)?;
        let snapshots = self.store.snapshots(number).await.map_err(refuse)?;
        let until = incident.resolution.as_ref().map_or_else(|| self.clock.now().wall, |end| end.at.plus(Span::from_mins(10)));
        let from = incident.began_at.minus(Span::from_mins(30));
        let mut courses = Vec::new();
        for known in incident.breaches.iter().take(COURSES) {
            let key = &known.breach.key;
            courses.extend(self.course(key.subject.clone(), key.signal.clone(), from, until).await.ok());
        }
        Ok(view::IncidentPage { cursor, timeline: timeline.into_iter().map(without_body).collect(), incident, snapshots, courses })
    }

    async fn history(&self, filter: &HistoryFilter) -> Result<view::History, Refusal> {
        for (field, text) in [("text", &filter.text), ("subject", &filter.subject)] {
            let Some(text) = text else { continue };
            let problem = if text.chars().count() > LONGEST_SEARCH {
                format!("at most {LONGEST_SEARCH} characters can be looked for")
            } else if field == "text" && text.split_whitespace().count() > MOST_WORDS {
                format!("at most {MOST_WORDS} words can be looked for; leave some out")
            } else {
                continue;
            };
            return Err(Refusal::Invalid { field: field.to_owned(), problem });
        }
        let (cursor, _) = self.store.head().await.map_err(refuse)?;
        let mut found = self.store.history(filter, HISTORY_PAGE + 1).await.map_err(refuse)?;
        let more = found.len() > HISTORY_PAGE as usize;
        found.truncate(HISTORY_PAGE as usize);
        let next = found.last().filter(|_| more).map(|incident| incident.number);
        Ok(view::History { cursor, incidents: found.iter().map(IncidentCard::from).collect(), next })
    }

    /// Everything that memory has, at full resolution, and roll-ups before that. Without the database, what memory has.
    async fn course(&self, subject: Subject, signal: Signal, from: Timestamp, to: Timestamp) -> Result<CoursePage, Refusal> {
        if from >= to {
            return Err(Refusal::Invalid { field: "from".to_owned(), problem: "must be earlier than 'to'".to_owned() });
        }
        let recent = self.board.course(&subject, &signal, from, to);
        let step = if to.since(from) <= Span::from_mins(48 * 60) { RollupStep::Minute } else { RollupStep::Hour };
        let kept = self.store.rollups(&subject, &signal, step, from, to).await;
        let (kept, unreadable) = kept.map_or_else(|error| (Vec::new(), Some(error)), |kept| (kept, None));
        let mut page = match (&recent, unreadable) {
            (Some(recent), _) => CoursePage { points: Vec::new(), ..recent.clone() },
            (None, Some(error)) => return Err(refuse(error)),
            (None, None) => {
                let unit = kept.last().map(|rollup| rollup.unit.clone());
                let unit = unit.ok_or_else(|| Refusal::NotFound { what: format!("course of {signal} for {subject} in that time") })?;
                CoursePage { subject, signal, unit, warning: None, critical: None, points: Vec::new() }
            }
        };
        let recent = recent.map_or_else(Vec::new, |recent| recent.points);
        page.points = joined(&page.unit, &kept, &recent);
        Ok(page)
    }

    async fn journal(&self, after: u64, limit: u32) -> Result<view::JournalPage, Refusal> {
        let (cursor, head) = self.store.head().await.map_err(refuse)?;
        let entries = self.store.entries(after, limit.clamp(1, JOURNAL_PAGE)).await.map_err(refuse)?;
        Ok(view::JournalPage { cursor, head, entries: entries.into_iter().map(without_body).collect() })
    }
}

/// Active incidents, most severe and newest first.
fn active(incidents: &[Incident]) -> Vec<IncidentCard> {
    let mut active: Vec<&Incident> = incidents.iter().filter(|incident| incident.is_active()).collect();
    active.sort_by_key(|incident| Reverse((incident.severity, incident.opened_at, incident.number)));
    active.into_iter().map(IncidentCard::from).collect()
}

/// The evidence stands beside the timeline, once.
fn without_body(entry: Entry) -> Entry {
    match entry.event {
        Some(Event::SnapshotSaved { incident, snapshot }) => {
            let snapshot = Box::new(snapshot.without_body());
            Entry { event: Some(Event::SnapshotSaved { incident, snapshot }), ..entry }
        }
        event => Entry { event, ..entry },
    }
}

/// What memory has, and before it what is kept; thinned out to what a chart can show. The roll-up in which memory begins is shown
/// whole, and memory from its end on: nothing is shown twice, and nothing is left out.
fn joined(unit: &Unit, kept: &[Rollup], recent: &[CoursePoint]) -> Vec<CoursePoint> {
    let mut points: Vec<CoursePoint> = kept
        .iter()
        .filter(|rollup| rollup.unit == *unit && recent.first().is_none_or(|first| rollup.start < first.at))
        .map(|rollup| CoursePoint { at: rollup.start, min: rollup.min, mean: rollup.mean, max: rollup.max })
        .collect();
    let before = |rollup: &&Rollup| recent.first().is_none_or(|first| rollup.start < first.at);
    let kept_until = kept.iter().rfind(before).map(|rollup| {
        rollup.start.plus(match rollup.step {
            RollupStep::Minute => Span::from_mins(1),
            RollupStep::Hour => Span::from_mins(60),
        })
    });
    points.extend(recent.iter().filter(|point| kept_until.is_none_or(|until| point.at >= until)));
    let each = points.len().div_ceil(POINTS).max(1);
    points.chunks(each).filter_map(thinned).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a handful of points")]
fn thinned(points: &[CoursePoint]) -> Option<CoursePoint> {
    let first = points.first()?;
    Some(CoursePoint {
        at: first.at,
        min: points.iter().map(|point| point.min).fold(f64::INFINITY, f64::min),
        mean: points.iter().map(|point| point.mean).sum::<f64>() / points.len() as f64,
        max: points.iter().map(|point| point.max).fold(f64::NEG_INFINITY, f64::max),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_is_full_resolution_as_far_as_memory_reaches_and_roll_ups_before() {
        let minute = |start: i64| Rollup {
            subject: "host:a".parse().unwrap(),
            signal: "host.cpu.used".parse().unwrap(),
            unit: Unit::Percent,
            step: RollupStep::Minute,
            start: Timestamp::from_secs(start),
            min: 1.0,
            max: 3.0,
            mean: 2.0,
            last: 2.0,
            count: 12,
        };
        let kept: Vec<Rollup> = (0..10).map(|number| minute(number * 60)).collect();
        // Memory begins in the middle of the sixth minute, and goes on after the last roll-up.
        let recent: Vec<CoursePoint> =
            (0..80).map(|number| CoursePoint { at: Timestamp::from_secs(330 + number * 5), min: 5.0, mean: 5.0, max: 5.0 }).collect();
        let points = joined(&Unit::Percent, &kept, &recent);
        let times: Vec<i64> = points.iter().map(|point| point.at.as_micros() / 1_000_000).collect();
        let expected: Vec<i64> = (0..6).map(|number| number * 60).chain((360..730).step_by(5)).collect();
        assert_eq!(times, expected);
        assert!(points[..6].iter().all(|point| point.max == 3.0) && points[6..].iter().all(|point| point.max == 5.0));
        assert_eq!(joined(&Unit::Percent, &kept, &[]).len(), 10);
        assert_eq!(joined(&Unit::Percent, &[], &recent).len(), 80);
    }
}
