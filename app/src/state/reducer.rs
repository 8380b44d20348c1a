//! The reducer: what an event of the stream, or a page that was loaded, changes in the state. Pure,
//! and the same on server and browser.

use std::collections::BTreeMap;

#[cfg(any(test, feature = "hydrate"))]
use commands::stream::{ReadingsChange, StreamEvent};
#[cfg(any(test, feature = "hydrate"))]
use commands::view::{BlindSpan, IncidentCard};
use commands::view::{Health, Incidents, Readings};
use domain::{
    reading::Reading,
    time::{Span, Timestamp},
};

use super::ops::{CourseLine, Ops, Row};
use crate::status::{self, count};

/// The period of a reading's course.
const REACH: Span = Span::from_mins(60);
/// The least time between two points of a course: nearer ones can't be told apart in the picture.
const SPACING: Span = Span::from_secs(20);
/// Number of resolved incidents on a page.
#[cfg(any(test, feature = "hydrate"))]
const MOST_RESOLVED: usize = 10;

/// Parts that were touched, so that only who shows it is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    /// Keys of the rows whose reading has changed.
    pub values: Vec<String>,
    /// Keys of the rows whose course has another point.
    pub courses: Vec<String>,
    /// Rows came or went.
    pub rows_moved: bool,
    /// A row came, went or has another status.
    pub layout: bool,
    /// The time of the last tick.
    pub checked_at: bool,
    /// The counts.
    pub count: bool,
    /// The troubles, or what is left out.
    pub troubles: bool,
    /// The lists of incidents.
    pub incidents: bool,
    /// The overview.
    pub overview: bool,
    /// Readings of a version in between are missing.
    pub is_incomplete: bool,
}

/// Takes an event of the stream.
#[cfg(any(test, feature = "hydrate"))]
pub(crate) fn apply(ops: &mut Ops, event: StreamEvent) -> Touched {
    match event {
        StreamEvent::Readings(readings) => take_readings(ops, &readings),
        StreamEvent::Change(change) => take_change(ops, &change),
        StreamEvent::Incidents(incidents) => load_incidents(ops, &incidents),
        StreamEvent::Card(card) => take_card(ops, *card),
        StreamEvent::Overview(overview) => {
            let touched = ops.overview != overview;
            ops.overview = overview;
            Touched { overview: touched, ..Touched::default() }
        }
        StreamEvent::Journal(entry) => match entry.event {
            Some(domain::journal::Event::Blind { from, to, why }) => {
                let span = BlindSpan { from, to, why };
                let is_new = !ops.overview.blind.contains(&span);
                if is_new {
                    ops.overview.blind.insert(0, span);
                }
                Touched { overview: is_new, ..Touched::default() }
            }
            _ => Touched::default(),
        },
        StreamEvent::Hello { .. }
        | StreamEvent::Resync { .. }
        | StreamEvent::Run(_)
        | StreamEvent::SignedOut { .. } => Touched::default(),
    }
}

/// Takes the health page, unless the stream has told of something newer.
pub(crate) fn load_health(ops: &mut Ops, health: &Health) -> Touched {
    let mut touched = take_readings(ops, &health.now);
    let mut sparklines: BTreeMap<String, CourseLine> = health
        .sparklines
        .iter()
        .map(|spark| {
            let at = |ago: f32| health.now.checked_at.minus(Span::from_millis((ago * 1e3) as u64));
            let points = spark.points.iter().map(|&(ago, value)| (at(ago), value)).collect();
            (status::row_key(&spark.subject, &spark.signal), points)
        })
        .collect();
    for row in &mut ops.rows {
        let Some(mut line) = sparklines.remove(&row.key) else { continue };
        // What came after it was loaded stays.
        let newest = line.last().map_or_else(Timestamp::default, |&(at, _)| at);
        line.extend(row.course.iter().filter(|(at, _)| *at > newest));
        if line != row.course {
            row.course = line;
            touched.courses.push(row.key.clone());
        }
    }
    let incidents =
        Incidents { cursor: health.cursor, active: health.active.clone(), resolved: Vec::new() };
    if !ops.knows_incidents {
        touched.incidents = load_incidents(ops, &incidents).incidents;
    }
    touched.overview |= ops.overview != health.overview;
    ops.overview.clone_from(&health.overview);
    touched
}

/// Takes both lists of incidents.
pub(crate) fn load_incidents(ops: &mut Ops, incidents: &Incidents) -> Touched {
    let touched = !ops.knows_incidents
        || ops.active != incidents.active
        || ops.resolved != incidents.resolved;
    ops.knows_incidents = true;
    ops.active.clone_from(&incidents.active);
    ops.resolved.clone_from(&incidents.resolved);
    Touched { incidents: touched, ..Touched::default() }
}

#[cfg(any(test, feature = "hydrate"))]
fn take_card(ops: &mut Ops, card: IncidentCard) -> Touched {
    for list in [&mut ops.active, &mut ops.resolved] {
        list.retain(|known| known.number != card.number);
    }
    if card.resolved_at.is_none() {
        ops.active.push(card);
        ops.active.sort_by_key(|one| std::cmp::Reverse((one.severity, one.opened_at, one.number)));
    } else {
        ops.resolved.push(card);
        ops.resolved.sort_by_key(|one| std::cmp::Reverse((one.resolved_at, one.number)));
        ops.resolved.truncate(MOST_RESOLVED);
    }
    Touched { incidents: true, ..Touched::default() }
}

fn new_row(reading: Reading) -> Row {
    let key = status::row_key(&reading.subject, &reading.signal);
    let course = vec![(reading.at, reading.value)];
    Row { key, reading, course }
}

/// Takes all readings, unless they are older than what is known.
fn take_readings(ops: &mut Ops, readings: &Readings) -> Touched {
    if ops.version > 0 && readings.version <= ops.version {
        return Touched::default();
    }
    let mut known: BTreeMap<String, Row> =
        std::mem::take(&mut ops.rows).into_iter().map(|row| (row.key.clone(), row)).collect();
    ops.rows = readings
        .readings
        .iter()
        .map(|reading| {
            let mut row = new_row(reading.clone());
            if let Some(before) = known.remove(&row.key) {
                row.course = before.course;
                lengthen(&mut row.course, reading.at, reading.value);
            }
            row
        })
        .collect();
    let courses = ops.rows.iter().map(|row| row.key.clone()).collect();
    let all = Touched { courses, rows_moved: true, layout: true, ..Touched::default() };
    finish(ops, readings.version, readings.checked_at, all, |ops| {
        let before = (std::mem::take(&mut ops.troubles), ops.left_out);
        ops.troubles.clone_from(&readings.troubles);
        ops.left_out = readings.left_out;
        (&before.0, before.1) != (&ops.troubles, ops.left_out)
    })
}

/// Takes the difference to the version before.
#[cfg(any(test, feature = "hydrate"))]
fn take_change(ops: &mut Ops, change: &ReadingsChange) -> Touched {
    if change.version <= ops.version {
        // It is known already: the stream was opened from an earlier version.
        return Touched::default();
    }
    let checked_at = change.checked_at;
    let statuses: Vec<_> = change
        .changed
        .iter()
        .filter(|_| change.removed.is_empty() && change.added.is_empty())
        .map(|(at, _)| ops.rows.get(*at as usize).map(|row| shape(&row.reading)))
        .collect();
    if !change.apply_to(ops.version, &mut ops.rows, new_row, |row| &mut row.reading) {
        return Touched { is_incomplete: true, ..Touched::default() };
    }
    let rows_moved = !change.removed.is_empty() || !change.added.is_empty();
    let layout = rows_moved
        || change.changed.iter().zip(statuses).any(|((_, now), before)| before != Some(shape(now)));
    let mut touched = Touched { rows_moved, layout, ..Touched::default() };
    let positions = change.changed.iter().map(|(at, _)| at);
    for at in positions.chain(change.values.iter().map(|(at, _)| at)) {
        let Some(row) = ops.rows.get_mut(*at as usize) else { continue };
        touched.values.push(row.key.clone());
        if lengthen(&mut row.course, row.reading.at, row.reading.value) {
            touched.courses.push(row.key.clone());
        }
    }
    finish(ops, change.version, checked_at, touched, |ops| {
        if let Some(troubles) = &change.troubles {
            ops.troubles.clone_from(troubles);
        }
        ops.left_out = change.left_out.unwrap_or(ops.left_out);
        change.troubles.is_some() || change.left_out.is_some()
    })
}

/// The properties that decide the place of a row.
#[cfg(any(test, feature = "hydrate"))]
fn shape(reading: &Reading) -> (domain::reading::Status, bool) {
    (reading.status, reading.stale_since.is_some())
}

fn finish(
    ops: &mut Ops,
    version: u64,
    checked_at: Timestamp,
    mut touched: Touched,
    troubles: impl FnOnce(&mut Ops) -> bool,
) -> Touched {
    touched.troubles = troubles(ops);
    touched.checked_at = ops.checked_at != checked_at;
    (ops.version, ops.checked_at) = (version, checked_at);
    let counted = count(ops.rows.iter().map(|row| &row.reading));
    touched.count = counted != ops.count;
    ops.count = counted;
    if touched.layout {
        ops.layout += 1;
    }
    touched
}

/// Adds a point to a course. Says whether the picture is another one: between two points that lie
/// too near, the newer one takes the place of the older without a word.
fn lengthen(course: &mut CourseLine, at: Timestamp, value: f64) -> bool {
    if course.last().is_some_and(|&(newest, _)| at <= newest) {
        return false;
    }
    let oldest = at.minus(REACH);
    course.retain(|&(point, _)| point >= oldest);
    let before = course.iter().rev().nth(1).map(|&(before, _)| before);
    match (before, course.last_mut()) {
        (Some(before), Some(newest)) if at.since(before) < SPACING => {
            *newest = (at, value);
            false
        }
        _ => {
            course.push((at, value));
            true
        }
    }
}

#[cfg(test)]
mod tests;
