use domain::time::MonotonicTime;

use super::*;

fn now(seconds: u64) -> Now {
    Now {
        wall: Timestamp::from_secs(1_795_000_000 + seconds as i64),
        mono: MonotonicTime::from_micros(seconds * 1_000_000),
    }
}

fn checkpoint(seconds: u64) -> Checkpoint {
    Checkpoint {
        now: now(seconds),
        state: SavedState::default(),
        limit: 100,
        incidents: Vec::new(),
        next_number: IncidentNumber(1),
        steady_since: now(0).wall,
        documents: BTreeMap::new(),
        announcements: Announcements::default(),
    }
}

fn series(id: u32) -> Input {
    Input::Series(SeriesName {
        series: SeriesId(id),
        signal: "queue.depth".parse().unwrap(),
        subject: "service:imports".parse().unwrap(),
        unit: None,
    })
}

fn observed(id: u32, seconds: u64) -> Input {
    Input::Observe {
        series: SeriesId(id),
        value: 0.1 + 0.2,
        at: now(seconds).wall,
        now: now(seconds),
        reason: None,
    }
}

#[test]
fn a_recorder_covers_the_last_quarter_of_an_hour_and_names_its_series() {
    let mut recorder = Recorder::new(10_000);
    assert!(recorder.is_due(now(0)) && recorder.bundle().is_none());
    recorder.record(series(7));
    for second in 0..3_600 {
        if recorder.is_due(now(second)) {
            recorder.checkpoint(checkpoint(second));
        }
        recorder.record(observed(7, second));
    }
    let bundle = recorder.bundle().unwrap();
    let covered = now(3_599).mono.since(bundle.checkpoint.now.mono);
    assert!(covered >= Span::from_mins(15) && covered <= Span::from_mins(21), "{covered}");
    assert!(!bundle.cut_short);
    assert_eq!(bundle.series.len(), 1);
    let text = serde_json::to_string(&bundle).unwrap();
    assert_eq!(
        serde_json::from_str::<Bundle>(&text).unwrap(),
        bundle,
        "every value comes back the same, bit for bit"
    );
}

#[test]
fn a_recorder_that_gets_too_much_begins_later_and_says_so() {
    let mut recorder = Recorder::new(100);
    recorder.checkpoint(checkpoint(0));
    (0..=100).for_each(|_| recorder.record(observed(1, 1)));
    assert!(recorder.bundle().is_none() && recorder.is_due(now(2)));
    recorder.record(observed(1, 2));
    recorder.checkpoint(checkpoint(3));
    recorder.record(observed(1, 3));
    let bundle = recorder.bundle().unwrap();
    assert!(bundle.cut_short);
    assert_eq!(bundle.inputs.len(), 1);
    (0..=99).for_each(|_| recorder.record(observed(1, 4)));
    recorder.checkpoint(checkpoint(400));
    recorder.record(observed(1, 401));
    assert_eq!(recorder.bundle().unwrap().checkpoint.now, now(400));
}

#[test]
fn a_bundle_of_another_format_or_without_thresholds_is_refused_in_words() {
    let mut recorder = Recorder::new(10);
    recorder.checkpoint(checkpoint(0));
    let mut bundle = recorder.bundle().unwrap();
    assert!(
        replay(&bundle, wording::replay::describe, fixtures::signals())
            .unwrap_err()
            .to_string()
            .contains("contains no alerts/thresholds.md")
    );
    bundle.format = 2;
    assert_eq!(
        replay(&bundle, wording::replay::describe, fixtures::signals()).unwrap_err().to_string(),
        "this bundle has format 2, but this program reads format 1"
    );
}

#[test]
fn a_difference_is_told_in_words() {
    let difference =
        |then: &[Event], now: &[Event]| difference(then, now, wording::replay::describe);
    let number = IncidentNumber(3);
    let offered = Event::ResolutionOffered { incident: number };
    let reopened = |note: &str| Event::Reopened { incident: number, note: Some(note.to_owned()) };
    assert_eq!(difference(std::slice::from_ref(&offered), std::slice::from_ref(&offered)), None);
    let what = difference(std::slice::from_ref(&offered), &[]).unwrap();
    assert_eq!(
        what,
        "  then: Incident 3 is back to normal and waits for someone to resolve it.\n  now:  nothing"
    );
    let what = difference(&[reopened("one")], &[reopened("two")]).unwrap();
    assert!(
        what.contains("other details") && what.contains("\"one\"") && what.contains("\"two\""),
        "{what}"
    );
}

#[test]
fn a_number_that_went_to_another_series_is_replayed_under_both_names() {
    let text = "format: 1\n| signal | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n\
                |---|---|---|---|---|---|---|---|---|\n| queue.depth | above 100 jobs | - | 0 s | 50 jobs | - | m | a | - |\n";
    let mut engine =
        Engine::new(parse(text, &Objectives::default(), fixtures::signals()).unwrap(), 1);
    let mut recorder = Recorder::new(10_000);
    let observe =
        |engine: &mut Engine, recorder: &mut Recorder, subject: &str, new: bool, second| {
            let series = engine.series("queue.depth", subject, None).unwrap();
            if new {
                let (signal, subject) = ("queue.depth".parse().unwrap(), subject.parse().unwrap());
                recorder.record(Input::Series(SeriesName { series, signal, subject, unit: None }));
            }
            engine.observe(series, 500.0, now(second).wall, now(second));
            recorder.record(Input::Observe {
                series,
                value: 500.0,
                at: now(second).wall,
                now: now(second),
                reason: None,
            });
        };
    observe(&mut engine, &mut recorder, "service:old", true, 1);
    engine.tick(now(1));
    let documents = BTreeMap::from([(THRESHOLDS.to_owned(), text.to_owned())]);
    recorder.checkpoint(Checkpoint {
        state: engine.checkpoint(now(2)),
        limit: 1,
        documents,
        ..checkpoint(2)
    });
    observe(&mut engine, &mut recorder, "service:old", false, 3);
    let subject: Subject = "service:old".parse().unwrap();
    engine.retire(&subject);
    recorder.record(Input::Retire { subject });
    observe(&mut engine, &mut recorder, "service:new", true, 4);
    recorder.record(Input::Tick { now: now(4) });
    let breaches = engine.tick(now(4));
    assert_eq!(breaches[0].key.subject.as_str(), "service:new");
    let endings = engine.endings(&breaches, &[]);
    let world = World {
        breaches: &breaches,
        endings: &endings,
        incidents: &[],
        next_number: IncidentNumber(1),
        now: now(4).wall,
        steady_since: now(0).wall,
        announcements: &Announcements::default(),
    };
    let decided = agent::decide(engine.thresholds().policy(), world);
    assert!(!decided.is_empty());
    recorder.decided(now(4), &decided);
    let bundle = recorder.bundle().unwrap();
    assert_eq!(bundle.series[0].subject.as_str(), "service:old");
    let replayed = replay(&bundle, wording::replay::describe, fixtures::signals()).unwrap();
    assert!(replayed.is_same(), "{replayed}");
}

/// The usual value is an input: with it a relative level decides the same again, and with another
/// one it does not.
#[test]
fn a_relative_level_is_judged_again_by_the_usual_value_of_then() {
    let text = "format: 1\n| signal | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n\
                |---|---|---|---|---|---|---|---|---|\n| queue.depth | above 3 times usual and 50 jobs | - | 0 s | - | - | m | a | - |\n";
    let mut engine =
        Engine::new(parse(text, &Objectives::default(), fixtures::signals()).unwrap(), 1);
    let mut recorder = Recorder::new(10_000);
    let documents = BTreeMap::from([(THRESHOLDS.to_owned(), text.to_owned())]);
    recorder.checkpoint(Checkpoint { documents, limit: 1, ..checkpoint(1) });
    let unit: Unit = "jobs".parse().unwrap();
    let id = engine.series("queue.depth", "service:imports", Some(&unit)).unwrap();
    recorder.record(Input::Series(SeriesName {
        series: id,
        signal: "queue.depth".parse().unwrap(),
        subject: "service:imports".parse().unwrap(),
        unit: Some(unit),
    }));
    let range = Some(UsualRange { low: 80.0, high: 140.0 });
    let until = Some(now(60).wall);
    engine.set_usual(id, Some(Usual { until, ..Usual::ranging(80.0, 100.0, 140.0) }));
    recorder.record(Input::Usual { series: id, usual: Some(100.0), range, recent: None, until });
    engine.observe(id, 310.0, now(3).wall, now(3));
    recorder.record(Input::Observe {
        series: id,
        value: 310.0,
        at: now(3).wall,
        now: now(3),
        reason: None,
    });
    recorder.record(Input::Tick { now: now(3) });
    let breaches = engine.tick(now(3));
    let world = World {
        breaches: &breaches,
        endings: &engine.endings(&breaches, &[]),
        incidents: &[],
        next_number: IncidentNumber(1),
        now: now(3).wall,
        steady_since: now(0).wall,
        announcements: &Announcements::default(),
    };
    let decided = agent::decide(engine.thresholds().policy(), world);
    assert!(!decided.is_empty());
    recorder.decided(now(3), &decided);
    let mut bundle = recorder.bundle().unwrap();
    let again = |bundle: &Bundle| {
        let text = serde_json::to_string(bundle).unwrap();
        let read: Bundle = serde_json::from_str(&text).unwrap();
        replay(&read, wording::replay::describe, fixtures::signals()).unwrap()
    };
    assert!(again(&bundle).is_same(), "{}", again(&bundle));
    let mut other = bundle.clone();
    for input in &mut other.inputs {
        if let Input::Usual { usual, .. } = input {
            *usual = Some(130.0);
        }
    }
    assert!(!again(&other).is_same());
    for input in &mut bundle.inputs {
        if let Input::Usual { until, .. } = input {
            *until = Some(now(2).wall);
        }
    }
    assert!(!again(&bundle).is_same(), "the range did not hold any more");
}

#[test]
fn a_usual_value_of_an_older_bundle_only_explains() {
    let old = r#"{"input":"usual","series":7,"usual":2.5}"#;
    let read: Input = serde_json::from_str(old).unwrap();
    assert_eq!(
        read,
        Input::Usual {
            series: SeriesId(7),
            usual: Some(2.5),
            range: None,
            recent: None,
            until: None
        }
    );
    assert_eq!(serde_json::to_string(&read).unwrap(), old);
}
