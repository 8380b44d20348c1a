//! Levels relative to what is usual.

use std::sync::Arc;

use domain::{
    breach::{Breach, Crossing},
    reading::Status,
    severity::Severity,
    time::{MonotonicTime, Now, Timestamp},
    usual::{Bounds, LearnedHistory, NotJudged, Usual},
};
use policy::thresholds::Thresholds;

use super::{Engine, SeriesId};

const ROWS: &str = "format: 1\n| signal | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n|---|---|---|---|---|---|---|---|---|\n\
| latency.total | above 3 times usual and 50 ms | above 10 times usual and 50 ms | 20 s / 10 s | 2 times usual | - | m | - | - |\n\
| queue.rate | below 0.3 times usual | - | 10 s | - | - | m | - | - |\n\
| queue.depth | outside usual range | - | 10 s | - | - | m | - | - |\n";

fn at(second: u64) -> Now {
    Now {
        wall: Timestamp::from_secs(1_800_000_000 + second as i64),
        mono: MonotonicTime::from_micros((100 + second) * 1_000_000),
    }
}

fn usual(low: f64, value: f64, high: f64) -> Option<Usual> {
    Some(Usual::ranging(low, value, high))
}

struct Watched {
    engine: Engine,
    id: SeriesId,
    second: u64,
}

impl Watched {
    fn new(signal: &str, unit: Option<&str>) -> Self {
        let rows = Thresholds::parse("t", ROWS, fixtures::signals())
            .unwrap_or_else(|problems| panic!("{}", problems[0]));
        let mut engine = Engine::new(Arc::new(rows), 10);
        let unit = unit.map(|unit| unit.parse().unwrap());
        let id = engine.series(signal, "service:a", unit.as_ref()).unwrap();
        Self { engine, id, second: 0 }
    }

    /// Values ten seconds apart; the breaches after the last one.
    fn see(&mut self, values: &[f64]) -> Vec<Breach> {
        let mut breaches = Vec::new();
        for value in values {
            self.second += 10;
            let now = at(self.second);
            self.engine.observe(self.id, *value, now.wall, now);
            breaches = self.engine.tick(now);
        }
        breaches
    }
}

#[test]
fn nothing_is_judged_before_the_range_is_known() {
    let mut watched = Watched::new("latency.total", Some("ms"));
    assert!(watched.see(&[9e9; 5]).is_empty());
    watched.engine.set_usual(watched.id, Some(Usual::explaining(100.0)));
    assert!(watched.see(&[9e9; 5]).is_empty());
    watched.engine.set_usual(watched.id, usual(80.0, 100.0, 140.0));
    let breach = watched.see(&[9e9; 3]).remove(0);
    assert_eq!((breach.severity, breach.usual), (Severity::Critical, Some(100.0)));
}

#[test]
fn a_breach_tells_its_multiple_and_goes_on_with_the_next_hour() {
    let mut watched = Watched::new("latency.total", Some("ms"));
    watched.engine.set_usual(watched.id, usual(80.0, 100.0, 140.0));
    assert!(watched.see(&[290.0; 5]).is_empty());
    let breach = watched.see(&[310.0; 3]).remove(0);
    let Crossing::Usual { relative, bounds } = breach.crossing else { panic!("{breach:?}") };
    assert_eq!((relative.times, bounds), (3.0, Bounds { low: None, high: Some(300.0) }));
    // The next hour is busier: the value is within its level, but not yet recovered.
    watched.engine.set_usual(watched.id, usual(80.0, 120.0, 150.0));
    let eased = watched.see(&[310.0; 9]).remove(0);
    assert!(eased.easing.is_some());
    assert!(watched.see(&[200.0; 4]).is_empty());
    let reading = watched.engine.reading(watched.id, at(watched.second)).unwrap();
    assert_eq!(
        (reading.status, reading.warning, reading.critical),
        (Status::Healthy, Some(360.0), Some(1_200.0))
    );
}

#[test]
fn a_tiny_usual_value_does_not_alert_below_the_floor() {
    let mut watched = Watched::new("latency.total", Some("ms"));
    watched.engine.set_usual(watched.id, usual(0.0, 1.0, 2.0));
    assert!(watched.see(&[49.0; 9]).is_empty());
    assert_eq!(watched.see(&[51.0; 3]).len(), 1);
}

#[test]
fn what_falls_below_a_part_or_leaves_the_range_on_either_side_is_a_breach() {
    let mut rate = Watched::new("queue.rate", None);
    rate.engine.set_usual(rate.id, usual(30.0, 40.0, 50.0));
    assert!(rate.see(&[13.0; 3]).is_empty());
    assert_eq!(rate.see(&[11.0; 3]).remove(0).peak, 11.0);
    for (value, peak) in [(29.0, 12.0), (61.0, 75.0)] {
        let mut depth = Watched::new("queue.depth", None);
        depth.engine.set_usual(depth.id, usual(30.0, 40.0, 60.0));
        assert!(depth.see(&[31.0, 59.0, 31.0]).is_empty());
        assert_eq!(depth.see(&[value, peak, value]).remove(0).peak, peak);
    }
}

#[test]
fn the_peak_is_the_value_farthest_outside_whatever_comes_after() {
    let cases: [(&[f64], f64); 4] = [
        // Outside of the range, and then within it.
        (&[12.0, 20.0, 45.0], 12.0),
        (&[75.0, 61.0, 35.0], 75.0),
        // Farther from what is usual on the other side, but less far out.
        (&[8.0, 20.0, 45.0, 75.0], 8.0),
        (&[20.0, 20.0, 45.0, 150.0], 150.0),
    ];
    for (values, peak) in cases {
        let mut depth = Watched::new("queue.depth", None);
        depth.engine.set_usual(depth.id, usual(30.0, 40.0, 60.0));
        depth.see(&values[..2]);
        assert_eq!(depth.see(&values[2..]).remove(0).peak, peak, "{values:?}");
    }
}

/// Values on both sides within one evaluation were not beyond the range all the time.
#[test]
fn crossing_the_usual_value_ends_what_was_pending() {
    let mut depth = Watched::new("queue.depth", None);
    depth.engine.set_usual(depth.id, usual(30.0, 40.0, 60.0));
    depth.see(&[99.0]);
    depth.second += 10;
    let now = at(depth.second);
    depth.engine.observe(depth.id, 1.0, now.wall, now);
    depth.engine.observe(depth.id, 99.0, now.wall.plus(domain::time::Span::from_secs(1)), now);
    assert!(depth.engine.tick(now).is_empty());
}

#[test]
fn what_holds_goes_on_while_nothing_is_usual_and_nothing_is_pending_then() {
    let mut watched = Watched::new("queue.depth", None);
    watched.engine.set_usual(watched.id, usual(30.0, 40.0, 60.0));
    watched.see(&[99.0; 3]).remove(0);
    // After a restart it goes on.
    let saved = watched.engine.save(at(watched.second));
    let text = serde_json::to_string(&saved).unwrap();
    let rows = Arc::clone(watched.engine.thresholds());
    watched.engine =
        Engine::restore(rows, 10, &serde_json::from_str(&text).unwrap(), at(watched.second));
    assert_eq!(watched.see(&[99.0]).len(), 1);
    watched.engine.set_usual(watched.id, None);
    assert_eq!(watched.see(&[45.0; 60]).len(), 1, "nobody can tell that it is well");
    watched.engine.set_usual(watched.id, usual(30.0, 40.0, 60.0));
    assert_eq!(watched.see(&[45.0]).len(), 1, "one value is no proof after that");
    assert!(watched.see(&[45.0; 12]).is_empty());
    watched.see(&[99.0]);
    watched.engine.set_usual(watched.id, None);
    watched.see(&[99.0; 9]);
    watched.engine.set_usual(watched.id, usual(30.0, 40.0, 60.0));
    assert!(watched.see(&[99.0]).is_empty(), "it has not held while nothing was usual");
    assert_eq!(watched.see(&[99.0]).len(), 1);
}

#[test]
fn a_range_expires_and_what_is_not_judged_is_never_healthy() {
    let mut watched = Watched::new("queue.depth", None);
    let read = |watched: &Watched| {
        let reading = watched.engine.reading(watched.id, at(watched.second)).unwrap();
        (reading.status, reading.not_judged)
    };
    watched.see(&[45.0]);
    assert_eq!(read(&watched), (Status::Shown, Some(NotJudged::NoHistory)));
    let learned = Some(LearnedHistory { hours: 71, age_hours: 72 });
    watched.engine.set_usual(watched.id, Some(Usual { learned, ..Usual::explaining(40.0) }));
    assert_eq!(read(&watched), (Status::Shown, Some(NotJudged::Young { age_hours: 72 })));
    let until = Some(at(watched.second + 20).wall);
    watched.engine.set_usual(watched.id, Some(Usual { until, ..usual(30.0, 40.0, 60.0).unwrap() }));
    watched.see(&[45.0, 45.0]);
    assert_eq!(read(&watched), (Status::Healthy, None));
    assert!(watched.see(&[9e9; 6]).is_empty(), "its range does not hold any more");
    assert_eq!(read(&watched), (Status::Shown, Some(NotJudged::Gap)));
    watched.engine.set_usual(watched.id, usual(30.0, 40.0, 60.0));
    assert_eq!(watched.see(&[9e9; 3]).len(), 1);
}

#[test]
fn a_multiple_of_nothing_is_not_judged() {
    let mut watched = Watched::new("latency.total", Some("ms"));
    watched.engine.set_usual(watched.id, usual(0.0, 0.0, 10.0));
    assert!(watched.see(&[9e9; 9]).is_empty());
    let reading = watched.engine.reading(watched.id, at(watched.second)).unwrap();
    let not_judged = Some(NotJudged::NoMultiple);
    assert_eq!((reading.status, reading.not_judged), (Status::Shown, not_judged));
}

#[test]
fn a_multiple_that_is_within_the_usual_range_is_no_breach() {
    let mut watched = Watched::new("latency.total", Some("ms"));
    watched.engine.set_usual(watched.id, usual(50.0, 100.0, 500.0));
    assert!(watched.see(&[480.0; 9]).is_empty());
    assert_eq!(watched.see(&[520.0; 3]).len(), 1);
}
