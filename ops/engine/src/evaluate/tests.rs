use proptest::prelude::*;

use super::*;

const HEAD: &str = "format: 1\n| signal | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n|---|---|---|---|---|---|---|---|---|\n";
const START: i64 = 1_800_000_000;

fn rules(rows: &str) -> Arc<Thresholds> {
    Arc::new(
        Thresholds::parse("t", &format!("{HEAD}{rows}\n"), fixtures::signals())
            .unwrap_or_else(|problems| panic!("{}", problems[0])),
    )
}

fn at(second: i64) -> Now {
    Now {
        wall: Timestamp::from_secs(START + second),
        mono: MonotonicTime::from_micros((100 + second) as u64 * 1_000_000),
    }
}

fn memory(engine: &mut Engine) -> SeriesId {
    engine.series("host.memory.used", "host:web-1", None).unwrap()
}

/// One observation and a tick.
fn step(engine: &mut Engine, value: f64, second: i64) -> Vec<Breach> {
    let id = memory(engine);
    engine.observe(id, value, at(second).wall, at(second));
    engine.tick(at(second))
}

const MEMORY: &str =
    "| host.memory.used | above 85 % | above 95 % | 2 min / 30 s | 80 % | - | m | a | `x` |";

#[test]
fn a_breach_begins_after_its_duration_and_ends_after_its_recovery() {
    let mut engine = Engine::new(rules(MEMORY), 10);
    for second in (0..120).step_by(10) {
        assert!(step(&mut engine, 90.0, second).is_empty(), "{second}");
        let id = memory(&mut engine);
        assert_eq!(engine.reading(id, at(second)).unwrap().status, Status::Watching);
    }
    let breach = step(&mut engine, 91.0, 120).remove(0);
    assert_eq!(
        (breach.severity, breach.since, breach.fired_at),
        (Severity::Warning, at(0).wall, at(120).wall)
    );
    assert_eq!((breach.crossing, breach.peak), (Crossing::Above { level: 85.0 }, 91.0));
    // Critical has its own duration, and falls back.
    for second in (130..160).step_by(10) {
        assert_eq!(step(&mut engine, 99.0, second)[0].severity, Severity::Warning);
    }
    assert_eq!(step(&mut engine, 99.0, 160)[0].severity, Severity::Critical);
    assert_eq!(step(&mut engine, 90.0, 170)[0].severity, Severity::Warning);
    // Healthy, but above the recovery level: it holds on.
    for second in (180..600).step_by(10) {
        assert_eq!(step(&mut engine, 82.0, second).len(), 1);
    }
    assert!(step(&mut engine, 79.0, 600).is_empty());
}

#[test]
fn silence_is_told_after_three_rounds_of_the_source_at_the_earliest() {
    let row = "| host.memory.used | above 85 % | - | 30 s | 80 % | 10 s | m | a | `x` |";
    let mut engine = Engine::new(rules(row), 10);
    let id = memory(&mut engine);
    engine.observe(id, 90.0, at(0).wall, at(0));
    assert!(engine.set_interval(id, Span::from_secs(15)));
    assert!(!engine.set_interval(id, Span::from_secs(15)), "it is known");
    assert!(engine.tick(at(0)).is_empty());
    assert!(step(&mut engine, 90.0, 15).is_empty());
    // Nor does it break a duration.
    let breach = step(&mut engine, 90.0, 30).remove(0);
    assert_eq!(breach.crossing, Crossing::Above { level: 85.0 });
    // What is saved knows it too.
    let mut engine = Engine::restore(rules(row), 10, &engine.save(at(31)), at(31));
    assert!(step(&mut engine, 10.0, 32)[0].unheard.is_none());
    let heard = |breach: &Breach| breach.unheard.is_none() && !breach.crossing.is_silent();
    assert!(engine.tick(at(77)).iter().all(heard), "45 s are not over");
    assert!(!engine.tick(at(78)).iter().all(heard));
}

#[test]
fn a_gap_is_not_counted() {
    let mut engine = Engine::new(rules(MEMORY), 10);
    for second in [0, 10, 20, 30, 1_000, 1_010, 1_020] {
        assert!(step(&mut engine, 90.0, second).is_empty());
    }
}

#[test]
fn zero_duration_fires_at_once_and_a_spike_is_told_before_it_ends() {
    let mut engine =
        Engine::new(rules("| host.memory.used | above 85 % | - | 0 s | - | - | m | - | - |"), 10);
    let id = memory(&mut engine);
    assert!(engine.observe(id, 90.0, at(0).wall, at(0)));
    engine.observe(id, 10.0, at(1).wall, at(1));
    assert_eq!(engine.tick(at(1)).len(), 1);
    assert!(engine.tick(at(2)).is_empty());
}

#[test]
fn silence_is_noticed_exactly_once_and_ends_with_a_word() {
    let mut engine = Engine::new(
        rules("| host.memory.used | above 85 % | - | 1 min | - | 1 min | m | - | - |"),
        10,
    );
    step(&mut engine, 10.0, 0);
    let mut begins = 0;
    let mut silent = false;
    for second in 1..300 {
        let breaches = engine.tick(at(second));
        assert_eq!(!breaches.is_empty(), second > 60, "{second}");
        begins += usize::from(!silent && !breaches.is_empty());
        silent = !breaches.is_empty();
    }
    assert_eq!(begins, 1);
    assert!(step(&mut engine, 10.0, 300).is_empty());
    // What was blind is not silent; who is retired is not missed.
    engine.blind(Span::from_secs(50), at(350));
    assert!(engine.tick(at(400)).is_empty());
    engine.retire(&"host:web-1".parse().unwrap());
    assert!(engine.tick(at(900)).is_empty());
    let id = memory(&mut engine);
    assert!(engine.reading(id, at(900)).is_none());
}

#[test]
fn a_rise_and_a_forecast_are_seen() {
    let rows = "| host.memory.used | rises 20 % in 5 min | - | 0 s | - | - | m | - | - |\n| disk.used | reaches 100 % in 4 h | - | 0 s | 8 h | - | m | - | - |";
    let mut engine = Engine::new(rules(rows), 10);
    let mut told = Vec::new();
    for second in (0..4_000).step_by(10) {
        step(&mut engine, 10.0 + second as f64 * 0.01, second);
        let id = engine.series("disk.used", "disk:/@web-1", None).unwrap();
        engine.observe(id, 50.0 + second as f64 * 0.005, at(second).wall, at(second));
        told = engine.tick(at(second));
    }
    // 3 % in 5 min is slow; 50 points are left of which 18 go in an hour.
    assert_eq!(told.len(), 1);
    assert!(matches!(told[0].crossing, Crossing::Reaching { limit: 100.0, .. }), "{told:?}");
    assert!((told[0].per_minute.unwrap() - 0.3).abs() < 0.01);
    assert!((told[0].limit_in_seconds.unwrap() - 6_000.0).abs() < 200.0);
    for second in (4_000..4_300).step_by(10) {
        told = step(&mut engine, 50.0 + (second - 4_000) as f64 * 0.1, second);
    }
    assert!(told.iter().any(|breach| matches!(breach.crossing, Crossing::Rising { .. })));
}

#[test]
fn names_units_and_numbers_are_bounded() {
    let mut engine = Engine::new(rules(MEMORY), 1);
    let id = memory(&mut engine);
    assert!(matches!(
        engine.series("host.memory.used", "host:web-1", Some(&Unit::Bytes)),
        Err(NoSeries::Unit { .. })
    ));
    assert_eq!(engine.series("x", "host:web-1", None), Err(NoSeries::TooMany(1)));
    assert!(matches!(engine.series("X", "host:web-1", None), Err(NoSeries::Name(_))));
    assert!(!engine.observe(id, f64::NAN, at(0).wall, at(0)));
    assert!(!engine.observe(SeriesId(7), 1.0, at(0).wall, at(0)));
    assert!(engine.reading(id, at(0)).is_none());
}

#[test]
fn other_thresholds_take_over() {
    let mut engine = Engine::new(rules(MEMORY), 10);
    for second in (0..=120).step_by(10) {
        step(&mut engine, 99.0, second);
    }
    assert_eq!(engine.tick(at(121))[0].severity, Severity::Critical);
    engine.set_thresholds(
        rules("| host.memory.used | above 70 % | - | 2 min | - | - | m | - | - |"),
        at(122),
    );
    let breach = engine.tick(at(123)).remove(0);
    assert_eq!(
        (breach.severity, breach.crossing),
        (Severity::Warning, Crossing::Above { level: 70.0 })
    );
    engine.set_thresholds(rules(""), at(124));
    assert!(engine.tick(at(125)).is_empty());
}

#[test]
fn what_was_not_seen_ends_no_breach() {
    let rows = "| app.restarts | above 2 | above 5 | 0 s | 0 | - | m | - | - |";
    let step = |engine: &mut Engine, value: f64, second: i64| {
        let id = engine.series("app.restarts", "app:a@web-1", None).unwrap();
        engine.observe(id, value, at(second).wall, at(second));
        engine.tick(at(second)).len()
    };
    let held = || {
        let mut engine = Engine::new(rules(rows), 10);
        assert_eq!(step(&mut engine, 9.0, 0), 1);
        engine
    };
    let saved = held().save(at(1));
    let mut restarted = Engine::restore(rules(rows), 10, &saved, at(1));
    let mut blinded = held();
    blinded.blind(Span::from_secs(40), at(1));
    for engine in [&mut restarted, &mut blinded] {
        for second in (5..65).step_by(5) {
            assert_eq!(step(engine, 0.0, second), 1, "{second}");
        }
        assert_eq!(step(engine, 0.0, 65), 0);
    }
    // What is seen beyond its level again is in no doubt any more.
    let mut again = held();
    again.blind(Span::from_secs(40), at(1));
    step(&mut again, 9.0, 5);
    assert_eq!(step(&mut again, 0.0, 10), 0);
    // Who reports once in a while only must not hold it open for ever.
    let mut rare = held();
    rare.blind(Span::from_secs(40), at(1));
    assert_eq!((step(&mut rare, 0.0, 90_000), step(&mut rare, 0.0, 180_000)), (1, 0));
    // The time for which it was well before does not count.
    let mut engine = Engine::new(rules(MEMORY), 10);
    (0..=120).step_by(10).for_each(|second| drop(self::step(&mut engine, 90.0, second)));
    (130..=240)
        .step_by(10)
        .for_each(|second| assert_eq!(self::step(&mut engine, 50.0, second).len(), 1));
    engine.blind(Span::from_secs(5), at(245));
    (250..370)
        .step_by(10)
        .for_each(|second| assert_eq!(self::step(&mut engine, 50.0, second).len(), 1));
    assert!(self::step(&mut engine, 50.0, 370).is_empty());
}

#[test]
fn a_disk_that_fills_now_is_forecast_by_how_it_fills_now() {
    let rows = "| disk.used | above 88 % | - | 10 s | - | - | m | - | - |\n| disk.used | reaches 100 % in 8 h | - | 10 min | 12 h | - | m | - | - |";
    let mut engine = Engine::new(rules(rows), 10);
    let mut told = Vec::new();
    for second in (0..780).step_by(5) {
        // Flat for ten minutes, then 1 % in 3 s.
        let value = if second < 600 { 40.0 } else { 40.0 + (second - 600) as f64 / 3.0 };
        let id = engine.series("disk.used", "disk:/@web-1", None).unwrap();
        engine.observe(id, value, at(second).wall, at(second));
        told = engine.tick(at(second));
    }
    let breach = told.remove(0);
    assert!((breach.per_minute.unwrap() - 20.0).abs() < 0.5, "{breach:?}");
    assert!(breach.limit_in_seconds.unwrap() < 10.0, "{breach:?}");
}

const DISK: &str = "| disk.used | above 88 % | above 95 % | 10 s | - | - | m | - | - |\n| disk.used | reaches 100 % in 8 h | reaches 100 % in 2 h | 10 min / 5 min | 12 h | - | m | - | - |";

fn disk(engine: &mut Engine, value: f64, second: i64) -> (Option<Breach>, Reading) {
    let id = engine.series("disk.used", "disk:/@web-1", None).unwrap();
    engine.observe(id, value, at(second).wall, at(second));
    let told = engine.tick(at(second)).pop();
    (told, engine.reading(id, at(second)).unwrap())
}

#[test]
fn a_disk_that_was_filled_in_one_step_is_not_forecast_to_be_full() {
    for (new, from, to) in [
        (60.0, 40.0, 90.0),
        (900.0, 40.0, 90.0),
        (3_700.0, 40.0, 90.0),
        (3_700.0, 40.0, 70.0),
        (5.0, 10.0, 97.0),
    ] {
        let mut engine = Engine::new(rules(DISK), 10);
        for second in (0..7_200).step_by(5) {
            let (told, reading) =
                disk(&mut engine, if (second as f64) < new { from } else { to }, second);
            if let Some(breach) = told {
                assert!(matches!(breach.crossing, Crossing::Above { .. }), "{breach:?}");
                assert_eq!(
                    (breach.per_minute.unwrap_or(0.0).abs(), breach.limit_in_seconds),
                    (0.0, None),
                    "{second} of {new}"
                );
            }
            assert_eq!(reading.limit_in_seconds, None);
        }
    }
}

#[test]
fn a_trend_that_has_ended_is_not_told_for_long() {
    let mut engine = Engine::new(rules(DISK), 10);
    let mut last = 0;
    for second in (0..3_000).step_by(5) {
        // 1 % in 12 s up to 90 %, and then nothing more.
        let (told, _) = disk(&mut engine, (40.0 + second as f64 / 12.0).min(90.0), second);
        let Some(breach) = told else { continue };
        if breach.limit_in_seconds.is_some() {
            last = second;
        } else if second < 600 {
            panic!("it still fills at {second}");
        }
    }
    assert!(last <= 600 + 180, "{last}");
}

#[test]
fn no_forecast_is_shown_that_its_row_could_not_use_and_a_near_one_is_watched() {
    let mut engine = Engine::new(rules(DISK), 10);
    let mut shown = Vec::new();
    for second in (0..4_000).step_by(5) {
        // Full in 3 h, and nearer.
        let (told, reading) = disk(&mut engine, 40.0 + second as f64 * 0.005, second);
        let known = second >= 1_800;
        assert_eq!(reading.limit_in_seconds.is_some(), known, "{second}");
        if told.is_none() {
            assert_eq!(
                reading.status,
                if known { Status::Watching } else { Status::Healthy },
                "{second}"
            );
            shown.push(reading.status);
        }
    }
    assert!(shown.contains(&Status::Watching) && shown.contains(&Status::Healthy));
    // What is far away is shown, and healthy.
    let mut engine = Engine::new(rules(DISK), 10);
    let far = (0..4_000)
        .step_by(5)
        .map(|second| disk(&mut engine, 40.0 + second as f64 * 0.001, second).1)
        .last()
        .unwrap();
    assert_eq!((far.status, far.limit_in_seconds.is_some()), (Status::Healthy, true));
}

const QUEUE: &str = "| queue.depth | above 1000 | above 5000 | 20 s / 10 s | 500 | 2 min | Work waits. | queue | `x` |";

fn queue(engine: &mut Engine, value: f64, second: i64) -> Option<Breach> {
    let id = engine.series("queue.depth", "service:imports", None).unwrap();
    engine.observe(id, value, at(second).wall, at(second));
    engine.tick(at(second)).pop()
}

fn critical_queue() -> Engine {
    let mut engine = Engine::new(rules(QUEUE), 10);
    (0..=30).step_by(5).for_each(|second| drop(queue(&mut engine, 1_500.0, second)));
    (35..=60).step_by(5).for_each(|second| drop(queue(&mut engine, 6_100.0, second)));
    engine
}

#[test]
fn a_breach_knows_since_when_it_is_as_severe_as_it_is() {
    let mut engine = critical_queue();
    let breach = queue(&mut engine, 6_100.0, 65).unwrap();
    assert_eq!(
        (breach.severity, breach.since, breach.severity_since),
        (Severity::Critical, at(0).wall, at(35).wall)
    );
    let breach = queue(&mut engine, 1_500.0, 70).unwrap();
    assert_eq!(
        (breach.severity, breach.since, breach.severity_since),
        (Severity::Warning, at(0).wall, at(70).wall)
    );
}

#[test]
fn a_value_on_the_healthy_side_is_not_told_as_beyond_while_the_breach_holds() {
    let mut engine = critical_queue();
    let breach = queue(&mut engine, 600.0, 65).unwrap();
    assert_eq!((breach.value, breach.peak), (600.0, 6_100.0));
    let easing = Easing { since: at(65).wall, stays_for_seconds: 20.0, recovers_at: Some(500.0) };
    assert_eq!(breach.easing, Some(easing));
    assert_eq!(queue(&mut engine, 700.0, 70).unwrap().easing, Some(easing));
    assert_eq!(queue(&mut engine, 1_700.0, 75).unwrap().easing, None);
}

#[test]
fn silence_does_not_hide_behind_a_breach() {
    let mut engine = critical_queue();
    let id = engine.series("queue.depth", "service:imports", None).unwrap();
    assert_eq!(engine.tick(at(180)).remove(0).unheard, None);
    let breach = engine.tick(at(181)).remove(0);
    assert_eq!((breach.severity, breach.value), (Severity::Critical, 6_100.0));
    assert_eq!(breach.unheard, Some(Unheard { since: at(60).wall, for_seconds: 120.0 }));
    assert_eq!(queue(&mut engine, 6_100.0, 190).unwrap().unheard, None);
    // The last word was a healthy one: it is not known to be well, and not critical for ever
    // either.
    assert!(queue(&mut engine, 10.0, 195).unwrap().easing.is_some());
    let breach = engine.tick(at(400)).remove(0);
    assert_eq!(
        (breach.severity, breach.crossing),
        (Severity::Warning, Crossing::Silent { for_seconds: 120.0 })
    );
    assert_eq!((breach.since, breach.easing, breach.unheard), (at(195).wall, None, None));
    assert_eq!((breach.guidance.runbook.as_str(), breach.guidance.commands.len()), ("no-data", 0));
    assert_eq!(engine.reading(id, at(400)).unwrap().status, Status::Warning);
    // One word is no proof; its time is.
    assert!(queue(&mut engine, 10.0, 405).unwrap().easing.is_some());
    (410..425)
        .step_by(5)
        .for_each(|second| assert!(queue(&mut engine, 10.0, second).is_some(), "{second}"));
    assert_eq!(queue(&mut engine, 10.0, 425), None);
}

#[test]
fn silence_is_told_while_a_breach_holds_even_where_no_time_is_named() {
    let mut engine =
        Engine::new(rules("| queue.depth | above 1000 | - | 10 s | - | - | m | queue | - |"), 10);
    (0..=10).step_by(5).for_each(|second| drop(queue(&mut engine, 1_500.0, second)));
    assert_eq!(engine.tick(at(910)).remove(0).unheard, None);
    assert_eq!(
        engine.tick(at(911)).remove(0).unheard,
        Some(Unheard { since: at(10).wall, for_seconds: 900.0 })
    );
    let saved = engine.save(at(912));
    let mut restarted = Engine::restore(
        rules("| queue.depth | above 1000 | - | 10 s | - | - | m | queue | - |"),
        10,
        &saved,
        at(912),
    );
    assert!(restarted.tick(at(913)).remove(0).unheard.is_some());
}

#[test]
fn a_reading_that_is_old_says_since_when_nothing_is_heard() {
    let mut engine = Engine::new(rules(MEMORY), 10);
    for second in (0..=120).step_by(10) {
        step(&mut engine, 90.0, second);
    }
    let id = memory(&mut engine);
    let read = |engine: &Engine, second| {
        engine.reading(id, at(second)).map(|one| (one.status, one.stale_since)).unwrap()
    };
    assert_eq!(read(&engine, 150), (Status::Warning, None));
    engine.tick(at(600));
    assert_eq!(read(&engine, 600), (Status::Warning, Some(at(120).wall)));
    // A restart and a time of blindness make it no younger.
    let saved =
        serde_json::from_str(&serde_json::to_string(&engine.save(at(600))).unwrap()).unwrap();
    let mut engine = Engine::restore(rules(MEMORY), 10, &saved, at(5_000));
    assert_eq!(read(&engine, 5_000), (Status::Warning, Some(at(120).wall)));
    engine.blind(Span::from_secs(100), at(5_100));
    assert_eq!(read(&engine, 5_200), (Status::Warning, Some(at(120).wall)));
    step(&mut engine, 90.0, 5_210);
    assert_eq!(read(&engine, 5_215), (Status::Warning, None));
}

#[test]
fn a_value_is_old_after_three_missed_reports() {
    for (every, old_after) in [(2_i64, 30_i64), (20, 60)] {
        let mut engine = Engine::new(rules(&MEMORY.replace("| - |", "| 5 min |")), 10);
        let mut last = 0;
        for second in (0..=20 * every).step_by(usize::try_from(every).unwrap()) {
            step(&mut engine, 20.0, second);
            last = second;
        }
        let id = memory(&mut engine);
        let read = |engine: &Engine, second| {
            engine.reading(id, at(second)).map(|one| (one.status, one.stale_since)).unwrap()
        };
        assert_eq!(read(&engine, last + old_after), (Status::Healthy, None), "{every}");
        // It is no breach yet: the document says after which time it is.
        assert_eq!(engine.tick(at(last + old_after + 1)), []);
        let unknown = (Status::Unknown, Some(at(last).wall));
        assert_eq!(read(&engine, last + old_after + 1), unknown, "{every}");
    }
}

/// A job of cron, also one that brings all values of its time at once.
#[test]
fn a_rare_report_has_a_rhythm_of_its_own() {
    for (every, values) in [(3_600, 1), (3_600, 60), (86_400, 1)] {
        let mut engine = Engine::new(rules(MEMORY), 10);
        let id = memory(&mut engine);
        let read = |engine: &Engine, second| engine.reading(id, at(second)).unwrap().status;
        let report = |engine: &mut Engine, second: i64| {
            for value in 0..values {
                let own = second - (values - 1 - value) * every / values;
                engine.observe(id, 20.0, at(own).wall, at(second));
            }
            engine.tick(at(second));
        };
        for round in 1..5 {
            report(&mut engine, round * every);
        }
        let last = 4 * every;
        assert_eq!(read(&engine, last + 3 * every), Status::Healthy, "{every} {values}");
        assert_eq!(read(&engine, last + 3 * every + 1), Status::Unknown, "{every} {values}");
        // One that was missed changes it little.
        report(&mut engine, last + 8 * every);
        assert_eq!(read(&engine, last + 14 * every), Status::Unknown, "{every} {values}");
    }
}

#[test]
fn a_value_that_comes_late_is_as_old_as_it_says() {
    let mut engine = Engine::new(rules(MEMORY), 10);
    let id = memory(&mut engine);
    let mut report = |lag: i64, from: i64| {
        for second in (from..from + 100).step_by(10) {
            engine.observe(id, 20.0, at(second - lag).wall, at(second));
            engine.tick(at(second));
        }
        let one = engine.reading(id, at(from + 90)).unwrap();
        (one.status, one.stale_since)
    };
    assert_eq!(report(50, 1_000), (Status::Healthy, None));
    assert_eq!(report(600, 2_000), (Status::Unknown, Some(at(1_490).wall)));
    assert_eq!(report(0, 3_000), (Status::Healthy, None));
    // A clock ahead makes nothing older.
    assert_eq!(report(-50, 4_000), (Status::Healthy, None));
}

#[test]
fn what_comes_and_goes_changes_no_more_until_it_rests() {
    let mut engine = Engine::new(rules(QUEUE), 10);
    let mut told: Vec<(Severity, bool)> = Vec::new();
    for second in (0..1_200).step_by(2) {
        // Between warning and critical, and down to nothing now and then.
        let value = if second % 90 > 80 {
            10.0
        } else if (second / 15) % 2 == 0 {
            6_000.0
        } else {
            1_500.0
        };
        if let Some(breach) = queue(&mut engine, value, second)
            && told.last() != Some(&(breach.severity, breach.unsteady))
        {
            told.push((breach.severity, breach.unsteady));
        }
    }
    assert!(told.len() <= 8, "{told:?}");
    assert_eq!(told.last(), Some(&(Severity::Critical, true)));
    // It rests beyond the warning level: that is a steady warning after a while.
    (1_200..2_000).step_by(5).for_each(|second| drop(queue(&mut engine, 1_500.0, second)));
    let breach = queue(&mut engine, 1_500.0, 2_000).unwrap();
    assert_eq!((breach.severity, breach.unsteady), (Severity::Warning, false));
}

fn run(engine: &mut Engine, values: &[f64], from: i64, every: i64) -> Vec<Vec<Breach>> {
    (from..)
        .step_by(every as usize)
        .zip(values)
        .map(|(second, &value)| step(engine, value, second))
        .collect()
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(
        prop_oneof![Just(50.0), Just(82.0), 84.0..86.0, Just(90.0), Just(97.0), 0.0..100.0],
        1..120,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: fixtures::cases(128), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn there_is_no_breach_without_its_duration(values in values(), every in 1..40_i64) {
        let mut engine = Engine::new(rules("| host.memory.used | above 85 % | - | 2 min | 80 % | - | m | - | - |"), 10);
        let mut beyond: Option<i64> = None;
        let mut held = false;
        for (index, &value) in values.iter().enumerate() {
            let second = index as i64 * every;
            beyond = if value > 85.0 { beyond.or(Some(second)) } else { None };
            let now = !step(&mut engine, value, second).is_empty();
            if now && !held {
                prop_assert!(beyond.is_some_and(|since| second - since >= 120));
            }
            held = now;
        }
    }

    #[test]
    fn there_is_no_flap_storm(values in proptest::collection::vec(prop_oneof![Just(50.0), Just(90.0)], 1..900), zero in any::<bool>()) {
        let duration = if zero { "0 s" } else { "5 s" };
        let mut engine = Engine::new(rules(&format!("| host.memory.used | above 85 % | - | {duration} | - | - | m | - | - |")), 10);
        let mut begins = 0;
        let mut held = false;
        for breaches in run(&mut engine, &values, 0, 1) {
            begins += usize::from(!held && !breaches.is_empty());
            held = !breaches.is_empty();
        }
        prop_assert!(begins <= 4 + values.len() / 60, "{begins}");
    }

    #[test]
    fn the_order_of_arrival_within_a_tick_does_not_matter(
        ticks in proptest::collection::vec(proptest::collection::vec((0..3_u8, 0.0..100.0_f64, 0..9_000_i64), 0..6).prop_shuffle(), 1..40),
        seed in any::<u64>(),
    ) {
        let rows = format!("{MEMORY}\n| host.cpu.used | above 50 % | - | 0 s | - | 30 s | m | - | - |\n| host.swap.used | rises 5 % in 1 min | - | 10 s | - | - | m | - | - |");
        let names = ["host.memory.used", "host.cpu.used", "host.swap.used"];
        let (mut one, mut two) = (Engine::new(rules(&rows), 10), Engine::new(rules(&rows), 10));
        for engine in [&mut one, &mut two] {
            for name in names {
                engine.series(name, "host:a", None).unwrap();
            }
        }
        for (index, batch) in ticks.iter().enumerate() {
            let second = index as i64 * 10;
            let mut other = batch.clone();
            let turn = (seed % (other.len().max(1) as u64)) as usize;
            other.rotate_left(turn);
            if seed % 2 == 0 {
                other.reverse();
            }
            for (engine, batch) in [(&mut one, batch), (&mut two, &other)] {
                for (series, value, late) in batch {
                    let id = engine.series(names[*series as usize], "host:a", None).unwrap();
                    let source = Timestamp::from_micros(at(second).wall.as_micros() - late * 1_000);
                    engine.observe(id, *value, source, at(second));
                }
            }
            prop_assert_eq!(one.tick(at(second)), two.tick(at(second)));
            prop_assert_eq!(one.save(at(second)), two.save(at(second)));
        }
    }

    #[test]
    fn a_restart_is_a_moment_in_which_nothing_was_seen_and_changes_nothing_else(before in values(), after in values(), every in 1..20_i64) {
        let rows = format!("{MEMORY}\n| host.memory.used | rises 10 % in 1 min | - | 10 s | - | - | m | - | - |");
        let mut whole = Engine::new(rules(&rows), 10);
        run(&mut whole, &before, 0, every);
        let then = at(before.len() as i64 * every);
        let saved: SavedState = serde_json::from_str(&serde_json::to_string(&whole.save(then)).unwrap()).unwrap();
        prop_assert_eq!(&saved, &whole.save(then));
        // The other run's monotonic clock begins elsewhere.
        let early = |second: i64| Now { wall: at(second).wall, mono: at(second).mono.minus(then.mono.since(MonotonicTime::default())) };
        let first = before.len() as i64 * every;
        let mut again = Engine::restore(rules(&rows), 10, &saved, early(first));
        again.blind(Span::ZERO, early(first));
        whole.blind(Span::ZERO, then);
        for (index, &value) in after.iter().enumerate() {
            let second = first + index as i64 * every;
            let id = memory(&mut again);
            again.observe(id, value, early(second).wall, early(second));
            prop_assert_eq!(again.tick(early(second)), step(&mut whole, value, second));
        }
    }
}

#[test]
fn what_is_measured_here_finds_room_whatever_others_send_and_keeps_it() {
    let mut engine = Engine::new(rules(MEMORY), 2);
    let name = |host: u32| format!("host:web-{host}");
    for host in 1..=2 {
        engine.series("host.memory.used", &name(host), None).unwrap();
    }
    for host in 3..=5 {
        let id = engine.measured("host.memory.used", &name(host), None).unwrap();
        engine.observe(id, 99.0, at(0).wall, at(0));
    }
    let pushed = engine.series("host.memory.used", &name(6), None);
    assert!(matches!(pushed, Err(NoSeries::TooMany(5))), "{pushed:?}");
    assert!(engine.heard("host.memory.used", &name(5)).is_some());
    assert!(engine.heard("host.memory.used", &name(1)).is_none());
    let saved = engine.save(at(0));
    assert_eq!(Engine::restore(rules(MEMORY), 2, &saved, at(0)).count(), 3);
}

#[test]
fn what_is_retired_frees_its_place_for_another() {
    let mut engine = Engine::new(rules(MEMORY), 3);
    let open = |engine: &mut Engine, host: u32| {
        engine.series("host.memory.used", &format!("host:web-{host}"), None)
    };
    for host in 1..=3 {
        let id = open(&mut engine, host).unwrap();
        engine.observe(id, 99.0, at(0).wall, at(0));
    }
    let first = open(&mut engine, 1).unwrap();
    engine.observe(first, 99.0, at(40).wall, at(40));
    assert!(matches!(open(&mut engine, 4), Err(NoSeries::TooMany(3))));
    // For ever so many that come and go.
    for host in 1..100 {
        engine.retire(&format!("host:web-{host}").parse().unwrap());
        let id = open(&mut engine, host + 3).unwrap();
        assert!(engine.reading(id, at(41)).is_none(), "it begins anew");
        engine.observe(id, 50.0, at(41).wall, at(41));
        assert_eq!(engine.len(), 3);
        assert!(matches!(open(&mut engine, 999), Err(NoSeries::TooMany(3))));
        assert_eq!(engine.save(at(41)).series.len(), 3);
    }
    assert!(engine.tick(at(41)).is_empty());
    let known = open(&mut engine, 101).unwrap();
    assert_eq!(engine.reading(known, at(41)).unwrap().subject.as_str(), "host:web-101");
    // A subject that is retired twice frees one place.
    (0..2).for_each(|_| engine.retire(&"host:web-101".parse().unwrap()));
    assert!(open(&mut engine, 200).is_ok() && open(&mut engine, 201).is_err());
}
