use commands::view::Overview;
use domain::{id::IncidentNumber, reading::Status};
use fixtures::at;
use proptest::prelude::*;
use wording::summary::incident_card;

use super::*;

fn reading(subject: u8, value: f64, status: Status) -> Reading {
    Reading {
        unit: "jobs".parse().unwrap(),
        status,
        critical: Some(5_000.0),
        ..fixtures::reading(&format!("service:s{subject:03}"), "queue.depth", value)
    }
}

fn readings(version: u64, seconds: i64, rows: Vec<Reading>) -> Readings {
    let checked_at = at(seconds);
    let readings = rows.into_iter().map(|row| Reading { at: checked_at, ..row }).collect();
    Readings { version, checked_at, readings, troubles: Vec::new(), left_out: 0, withheld: 0 }
}

fn card(number: u32, severity: &str, resolved: bool) -> IncidentCard {
    let incident = fixtures::incident(number).opened(at(i64::from(number))).build();
    let card = incident_card(&incident);
    let resolved_at = resolved.then(|| at(1_000 + i64::from(number)));
    IncidentCard { severity: severity.parse().unwrap(), resolved_at, ..card }
}

fn statuses() -> impl Strategy<Value = Vec<(u8, f64, Status)>> {
    let status = prop_oneof![
        Just(Status::Healthy),
        Just(Status::Watching),
        Just(Status::Critical),
        Just(Status::Unknown)
    ];
    prop::collection::vec((0..9u8, 0.0..1e6f64, status), 0..9).prop_map(|mut rows| {
        rows.sort_by_key(|row| row.0);
        rows.dedup_by_key(|row| row.0);
        rows
    })
}

/// The state of a page that is loaded just now.
fn loaded(readings: &Readings) -> Ops {
    let mut ops = Ops::default();
    apply(&mut ops, StreamEvent::Readings(readings.clone()));
    ops
}

/// The state that is shown, but for the courses.
fn shown(ops: &Ops) -> (Vec<(String, u64, Status)>, status::Count, Timestamp, u64) {
    let rows = ops.rows.iter();
    let rows = rows.map(|row| (row.key.clone(), row.reading.value.to_bits(), row.reading.status));
    (rows.collect(), ops.count.clone(), ops.checked_at, ops.version)
}

proptest! {
    #[test]
    fn a_page_that_follows_the_stream_shows_what_one_shows_that_is_loaded_later(
        steps in prop::collection::vec(statuses(), 1..6),
    ) {
        let versions: Vec<Readings> = (1..)
            .zip(steps)
            .map(|(version, rows)| {
                let rows = rows.into_iter().map(|(a, b, c)| reading(a, b.round(), c)).collect();
                readings(version, version as i64 * 5, rows)
            })
            .collect();
        let mut page = loaded(&versions[0]);
        for pair in versions.windows(2) {
            let before = page.clone();
            let change = ReadingsChange::between(&pair[0], &pair[1]);
            let touched = apply(&mut page, StreamEvent::Change(change.clone()));
            prop_assert!(!touched.is_incomplete);
            prop_assert_eq!(shown(&page), shown(&loaded(&pair[1])));
            // Who shows a row or a count that is another now is told.
            prop_assert_eq!(touched.count, before.count != page.count);
            let keys = |ops: &Ops| ops.rows.iter().map(|row| row.key.clone()).collect::<Vec<_>>();
            prop_assert_eq!(touched.rows_moved, keys(&before) != keys(&page));
            if !touched.rows_moved {
                for (old, new) in before.rows.iter().zip(&page.rows) {
                    let is_other = old.reading.value.to_bits() != new.reading.value.to_bits()
                        || old.reading.status != new.reading.status;
                    prop_assert_eq!(is_other, touched.values.contains(&new.key));
                    prop_assert!(touched.layout || old.reading.status == new.reading.status);
                }
            }
            // The same difference again changes nothing.
            let after = page.clone();
            prop_assert_eq!(apply(&mut page, StreamEvent::Change(change)), Touched::default());
            prop_assert_eq!(after, page.clone());
        }
    }

    #[test]
    fn cards_are_each_in_one_list_and_in_order(
        cards in prop::collection::vec((1..9u32, prop::bool::ANY, prop::bool::ANY), 0..20),
    ) {
        let mut ops = Ops::default();
        for (number, critical, resolved) in cards {
            let severity = if critical { "critical" } else { "warning" };
            apply(&mut ops, StreamEvent::Card(Box::new(card(number, severity, resolved))));
            let all = ops.active.iter().chain(&ops.resolved).map(|card| card.number);
            let mut numbers: Vec<IncidentNumber> = all.collect();
            let count = numbers.len();
            numbers.sort_unstable();
            numbers.dedup();
            prop_assert_eq!(numbers.len(), count);
            prop_assert!(ops.active.iter().all(|card| card.resolved_at.is_none()));
            let order = |card: &IncidentCard| std::cmp::Reverse((card.severity, card.opened_at));
            let is_sorted = ops.active.is_sorted_by_key(order);
            prop_assert!(is_sorted);
        }
    }

    #[test]
    fn a_course_stays_in_its_hour_and_is_bounded(steps in prop::collection::vec(0..90i64, 0..400)) {
        let (mut course, mut now) = (Vec::new(), 0);
        for step in steps {
            now += step;
            lengthen(&mut course, at(now), now as f64);
            prop_assert_eq!(course.last().map(|&(newest, _)| newest), Some(at(now)));
            prop_assert!(course.is_sorted_by(|one, next| one.0 < next.0));
            prop_assert!(course.iter().all(|&(point, _)| at(now).since(point) <= REACH));
            prop_assert!(course.len() <= 3 * 60 * 2);
        }
    }
}

#[test]
fn a_version_in_between_that_is_missing_is_noticed() {
    let rows = |value| vec![reading(1, value, Status::Healthy)];
    let mut page = loaded(&readings(1, 5, rows(1.0)));
    let (second, third) = (readings(2, 10, rows(2.0)), readings(3, 15, rows(3.0)));
    let change = ReadingsChange::between(&second, &third);
    let before = page.clone();
    assert!(apply(&mut page, StreamEvent::Change(change)).is_incomplete);
    assert_eq!(page, before);
    // All readings at once put it right.
    apply(&mut page, StreamEvent::Readings(third));
    assert_eq!((page.version, page.rows[0].reading.value), (3, 3.0));
    assert_eq!(page.rows[0].course.len(), 2, "the course goes on");
}

#[test]
fn a_page_that_was_loaded_before_the_stream_came_does_not_go_back() {
    let rows = |value| vec![reading(1, value, Status::Healthy)];
    let mut page = loaded(&readings(7, 35, rows(7.0)));
    assert_eq!(take_readings(&mut page, &readings(6, 30, rows(6.0))), Touched::default());
    assert_eq!(page.rows[0].reading.value, 7.0);
}

#[test]
fn how_things_stand_is_known_once_readings_and_incidents_are() {
    let mut ops = loaded(&readings(1, 5, vec![reading(1, 1.0, Status::Healthy)]));
    assert_eq!(ops.pulse(), None);
    let lists = Incidents { active: vec![card(1, "critical", false)], ..no_incidents() };
    apply(&mut ops, StreamEvent::Incidents(lists));
    let pulse = ops.pulse().unwrap();
    assert_eq!((pulse.mood, pulse.active), (crate::page::Mood::Critical, 1));
    apply(&mut ops, StreamEvent::Card(Box::new(card(1, "critical", true))));
    assert_eq!(ops.pulse().unwrap().mood, crate::page::Mood::Calm);
    let overview = Overview::default();
    assert!(!apply(&mut ops, StreamEvent::Overview(overview)).overview, "it is the same");
}

fn no_incidents() -> Incidents {
    let cursor = domain::journal::Cursor { epoch: 1, number: 1 };
    Incidents { cursor, active: Vec::new(), resolved: Vec::new() }
}
