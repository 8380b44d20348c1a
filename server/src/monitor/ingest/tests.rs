use domain::reading::Status;
use policy::thresholds::Thresholds;

use super::*;
use crate::collectors::Absence;

const DOCUMENT: &str = include_str!("../../../../ops/alerts/thresholds.md");
const HOST: &str = "web-1";
const EVERY: Span = Span::from_secs(5);

fn rules() -> Arc<Thresholds> {
    Arc::new(Thresholds::parse("t", DOCUMENT, collectors::signals()).unwrap())
}

fn intake(engine: Engine, collected: BTreeSet<Subject>) -> Arc<Intake> {
    Intake::new(engine, Recording::default(), collected, History::default(), Clock::start())
}

fn pushed(signal: &str, subject: &str, unit: Option<&'static str>) -> Pushed<'static> {
    let (signal, subject) = (signal.to_owned().into(), subject.to_owned().into());
    Pushed { signal, subject, value: 1.0, unit: unit.map(Cow::Borrowed), at: None }
}

fn token(id: u32) -> Actor {
    Actor::Token(domain::id::TokenId(id))
}

#[test]
fn a_batch_that_is_refused_leaves_nothing_behind() {
    let intake = intake(Engine::new(rules(), 10), BTreeSet::new());
    let many: Vec<Pushed<'_>> =
        (0..20).map(|n| pushed("fill.x", &format!("service:f{n}"), None)).collect();
    let wrong = intake.push(&many, token(1)).unwrap_err();
    assert_eq!((wrong.index, intake.core().engine.count()), (8, 0), "{wrong:?}");
    let odd = [pushed("x.y", "service:a", Some("%")), pushed("x.y", "service:a", Some("jobs"))];
    let wrong = intake.push(&odd, token(1)).unwrap_err();
    assert_eq!((wrong.field, intake.core().engine.count()), ("unit", 0), "{wrong:?}");
    // What is there twice takes one place.
    let twice: Vec<Pushed<'_>> = (0..20).map(|_| pushed("x.y", "service:a", None)).collect();
    assert_eq!(intake.push(&twice, token(1)), Ok(20));
    assert_eq!(intake.core().engine.count(), 1);
}

#[test]
fn every_reading_of_a_signal_is_found_however_many_there_are() {
    let intake = intake(Engine::new(rules(), 2_000), BTreeSet::new());
    let many: Vec<Pushed<'_>> =
        (0..600).map(|n| pushed("host.cpu.used", &format!("host:h{n}"), Some("%"))).collect();
    assert_eq!(intake.push(&many, token(1)), Ok(600));
    assert_eq!(intake.push(&[pushed("queue.depth", "service:a", None)], token(1)), Ok(1));
    let found = intake.readings(|signal| signal.as_str() == "host.cpu.used");
    assert_eq!(found.len(), 600);
}

#[test]
fn no_sender_takes_all_the_places_and_whoever_comes_next_finds_some() {
    let intake = intake(Engine::new(rules(), 1_000), BTreeSet::new());
    let fill = |who: Actor| {
        (0..2_000)
            .filter(|n| {
                let one = pushed(
                    "fill.x",
                    &format!("service:{who:?}-{n}").replace(['(', ')'], "-"),
                    None,
                );
                if n % 2 == 0 {
                    intake.push(&[one], who).is_ok()
                } else {
                    intake.push_good(&[(0, one)], who).0 == 1
                }
            })
            .count()
    };
    let taken: Vec<usize> = (1..=4).map(|id| fill(token(id))).collect();
    assert_eq!(taken[0], 800);
    assert!(taken.iter().all(|count| *count > 0), "{taken:?}");
    // What others opened stays theirs: nobody gets more places by it.
    let theirs = pushed("fill.x", "service:Token-TokenId-2---0", None);
    assert_eq!(intake.push(&[theirs], token(1)), Ok(1));
    assert_eq!(intake.core().held[&token(1)], 800);
    // Its own series are taken on and on.
    let known = pushed("fill.x", "service:Token-TokenId-1---0", None);
    assert_eq!(intake.push(&[known], token(1)), Ok(1));
    // What is retired is free again for others, and for whoever had it.
    let subject: Subject = "service:Token-TokenId-1---0".parse().unwrap();
    let mut core = intake.core();
    let before = core.held[&token(1)];
    core.retire(&subject);
    assert_eq!(core.held[&token(1)], before - 1);
}

/// The readings of a disk: whether it is mounted, and how full it is.
fn shown(intake: &Intake, subject: &str) -> [Option<(f64, Status)>; 2] {
    let now = intake.clock.now();
    let mut core = intake.core();
    ["disk.mounted", "disk.used"].map(|signal| {
        let id = core.engine.measured(signal, subject, None).unwrap();
        core.engine.reading(id, now).map(|reading| (reading.value, reading.status))
    })
}

fn observed(intake: &Intake, points: &[&str]) -> Round {
    let subject = |point: &&str| Subject::build("disk", point, Some(HOST));
    let mut round = Round::new(collectors::host::SIGNALS);
    for one in points.iter().map(subject) {
        round.observe(intake.clock.now().wall, &one, "disk.mounted", 1.0);
        round.observe(intake.clock.now().wall, &one, "disk.used", 40.0);
    }
    let (subjects, absence) =
        (points.iter().map(subject).collect(), Absence::Missing("disk.mounted"));
    round.listings.push(Listing::new("disk", subjects, absence));
    round
}

#[test]
fn what_vanishes_is_missing_also_after_a_restart_until_someone_retires_it() {
    let before = intake(Engine::new(rules(), 1_000), BTreeSet::new());
    let all = observed(&before, &["/", "/data", "/run/user/1000"]);
    assert!(before.take_round(&all, HOST, EVERY).is_empty());
    assert_eq!(shown(&before, "disk:/data@web-1")[1], Some((40.0, Status::Healthy)));
    // It is unmounted, or was while Calm Ops did not run.
    let now = before.clock.now();
    let (saved, known) = {
        let core = before.core();
        (core.engine.save(now), core.collected.subjects().clone())
    };
    let after = intake(Engine::restore(rules(), 1_000, &saved, now), known);
    for intake in [before, after] {
        let left = observed(&intake, &["/"]);
        let gone = intake.take_round(&left, HOST, EVERY);
        assert_eq!(gone, ["disk:/run/user/1000@web-1".parse().unwrap()], "as its row says");
        let [mounted, used] = shown(&intake, "disk:/data@web-1");
        assert_eq!(mounted.unwrap().0, 0.0);
        assert_eq!(used.unwrap().1, Status::Unknown, "never healthy");
        let mut core = intake.core();
        let data = "disk:/data@web-1".parse().unwrap();
        core.engine.retire(&data);
        core.history.retire(&data);
        core.collected.retire(&data);
        drop(core);
        intake.take_round(&left, HOST, EVERY);
        assert_eq!(shown(&intake, "disk:/data@web-1"), [None, None]);
    }
}

#[test]
fn what_is_missing_is_silent_for_the_reason_for_which_it_is_missing() {
    let intake = intake(Engine::new(rules(), 1_000), BTreeSet::new());
    intake.take_round(&observed(&intake, &["/", "/data"]), HOST, EVERY);
    let why = FailureReason::told("Its device was detached");
    let mut left = observed(&intake, &["/"]);
    left.listings[0].why = Some(why.clone());
    intake.take_round(&left, HOST, EVERY);
    let late = Now { mono: later(intake.clock.now().mono), ..intake.clock.now() };
    let mut core = intake.core();
    core.engine.tick(late);
    for (signal, is_silent) in [("disk.mounted", false), ("disk.used", true)] {
        let id = core.engine.known(signal, "disk:/data@web-1").unwrap();
        let reading = core.engine.reading(id, late).unwrap();
        assert_eq!(reading.reason.as_ref(), Some(&why), "{signal}");
        assert_eq!(reading.stale_since.is_some() && reading.value > 0.0, is_silent, "{signal}");
    }
}

#[test]
fn what_another_host_reported_is_unknown_for_one_reason_until_it_is_heard_again() {
    let intake = intake(Engine::new(rules(), 1_000), BTreeSet::new());
    let all = observed(&intake, &["/", "/data"]);
    assert!(intake.take_round(&all, HOST, EVERY).is_empty());
    intake.core().leave_others(HOST);
    assert_eq!(shown(&intake, "disk:/data@web-1")[1], Some((40.0, Status::Healthy)));
    intake.core().leave_others("web-2");
    assert_eq!(intake.core().other_hosts("web-2"), [HOST.to_owned()].into());
    assert_eq!(shown(&intake, "disk:/data@web-1")[1], Some((40.0, Status::Unknown)));
    // The disks of the other host say nothing about it.
    let mut elsewhere = Round::new(collectors::host::SIGNALS);
    let (root, absence) = ("disk:/@web-2".parse().unwrap(), Absence::Missing("disk.mounted"));
    elsewhere.listings.push(Listing::new("disk", vec![root], absence));
    assert!(intake.take_round(&elsewhere, "web-2", EVERY).is_empty());
    // Its silence is told with that reason, and as a warning.
    let late = Now { mono: later(intake.clock.now().mono), ..intake.clock.now() };
    let silent = intake.core().engine.tick(late);
    let subjects: Vec<&str> = silent.iter().map(|one| one.key.subject.as_str()).collect();
    assert_eq!(subjects, ["disk:/@web-1", "disk:/data@web-1"]);
    let told = |one: &domain::breach::Breach| {
        one.severity == domain::severity::Severity::Warning
            && matches!(one.reason, Some(FailureReason::OtherHost { .. }))
    };
    assert!(silent.iter().all(told), "{silent:?}");
    intake.take_round(&observed(&intake, &["/", "/data"]), HOST, EVERY);
    let now = intake.clock.now();
    intake.core().engine.tick(now);
    assert_eq!(shown(&intake, "disk:/data@web-1")[1], Some((40.0, Status::Healthy)));
}

fn later(mono: domain::time::MonotonicTime) -> domain::time::MonotonicTime {
    domain::time::MonotonicTime::from_micros(mono.as_micros() + 400_000_000)
}

#[test]
fn while_nobody_tells_of_a_kind_its_values_are_old_at_once() {
    let intake = intake(Engine::new(rules(), 1_000), BTreeSet::new());
    intake.take_round(&observed(&intake, &["/data"]), HOST, EVERY);
    let why = FailureReason::told("x");
    intake.untold("app", HOST, &why, true);
    intake.untold("disk", "web-2", &why, true);
    assert_eq!(shown(&intake, "disk:/data@web-1")[1], Some((40.0, Status::Healthy)));
    intake.untold("disk", HOST, &why, false);
    assert_eq!(shown(&intake, "disk:/data@web-1")[1], Some((40.0, Status::Unknown)));
    intake.take_round(&observed(&intake, &["/data"]), HOST, EVERY);
    assert_eq!(shown(&intake, "disk:/data@web-1")[1], Some((40.0, Status::Healthy)));
}

#[test]
fn a_batch_that_is_refused_opens_no_series_and_tells_no_unit() {
    let intake = intake(Engine::new(rules(), 3), BTreeSet::new());
    let push = |items: &[(&'static str, Option<&'static str>)]| {
        let pushed = |(subject, unit): &(&'static str, Option<&'static str>)| Pushed {
            signal: "imports.lag".into(),
            subject: (*subject).into(),
            value: 1.0,
            unit: unit.map(Into::into),
            at: None,
        };
        let batch: Vec<_> = items.iter().map(pushed).collect();
        intake.push(&batch, Actor::Local).map_err(|wrong| (wrong.index, wrong.field))
    };
    let many = ["service:a", "service:b", "service:c", "service:d"].map(|one| (one, None));
    assert_eq!(push(&many), Err((3, "subject")));
    assert_eq!(push(&[("service:a", Some("s")), ("service:a", Some("jobs"))]), Err((1, "unit")));
    let series = |core: &Core| (core.engine.count(), core.history.series().count());
    assert_eq!(series(&intake.core()), (0, 0));
    assert_eq!(push(&[("service:a", None), ("service:a", None)]), Ok(2));
    let units = [Some("s"), Some("jobs")].map(|unit| ("service:a", unit));
    assert_eq!(push(&units), Err((1, "unit")), "of a series that has none yet");
    assert_eq!(push(&[("service:a", Some("jobs")), ("service:b", None)]), Ok(2));
    assert_eq!(push(&[("service:a", Some("s"))]), Err((0, "unit")));
}

#[test]
fn what_is_pushed_takes_no_room_from_what_is_measured_here() {
    let intake = intake(Engine::new(rules(), 3), BTreeSet::new());
    let now = intake.clock.now();
    let push = |subject: &str| {
        let (signal, subject) = ("queue.depth".into(), subject.to_owned().into());
        let pushed = Pushed { signal, subject, value: 1.0, unit: None, at: None };
        intake.push(&[pushed], Actor::Local)
    };
    assert!(intake.core().crowd(3, now).is_none());
    for one in ["service:a", "service:b", "service:c"] {
        push(one).unwrap();
    }
    for one in ["service:d", "service:e"] {
        push(one).unwrap_err();
    }
    intake.take_round(&observed(&intake, &["/late"]), HOST, EVERY);
    assert!(shown(&intake, "disk:/late@web-1")[0].is_some());
    let crowd = intake.core().crowd(3, now).unwrap();
    assert_eq!((crowd.limit, crowd.batches), (3, 2));
    let many = ["service:f", "service:g"].map(|subject| {
        let (signal, subject) = ("queue.depth".into(), subject.into());
        (0, Pushed { signal, subject, value: 1.0, unit: None, at: None })
    });
    let (taken, wrong) = intake.push_good(&many, Actor::Local);
    assert_eq!((taken, wrong.len()), (0, 2));
    assert_eq!(intake.core().crowd(3, now).unwrap().batches, 3, "one batch more");
    assert_eq!(crowd.by, [(3, "queue.depth".parse().unwrap())]);
}

#[test]
fn only_the_subject_of_a_practice_can_not_be_pushed() {
    let intake = intake(Engine::new(rules(), 10), BTreeSet::new());
    let push = |subject: &str| {
        let one = pushed("queue.depth", subject, Some("jobs"));
        intake.push(&[one], token(1)).map_err(|wrong| wrong.field)
    };
    assert_eq!(push("practice:practice"), Err("signal"), "it is measured here");
    assert_eq!([push("practice:smith"), push("practice:practice@web-1")], [Ok(1), Ok(1)]);
}

#[test]
fn readings_of_the_past_are_kept_and_not_evaluated() {
    let intake = intake(Engine::new(rules(), 10), BTreeSet::new());
    let now = intake.clock.now();
    let at = |ago: Span, value: f64| Pushed {
        value,
        at: Some(now.wall.minus(ago).to_string().into()),
        ..pushed("queue.depth", "service:imports", Some("jobs"))
    };
    let hours = |count: u64| Span::from_mins(60 * count);
    let unknown = intake.import(&[at(hours(2), 9_000.0)]).unwrap_err();
    assert!(unknown.field == "subject" && unknown.problem.contains("a present one"), "{unknown:?}");
    assert_eq!(intake.core().engine.count(), 0, "none is opened for it");
    intake.push(&[at(Span::ZERO, 1.0)], token(1)).unwrap();

    let old = [at(hours(2), 9_000.0), at(hours(24 * 100), 7.0)];
    assert_eq!(intake.import(&old), Ok(2));
    let reading = intake.core().engine.reading(SeriesId(0), now).unwrap();
    assert_eq!((reading.value, reading.status), (1.0, Status::Healthy));
    let kept = intake.core().history.take_rollups(10);
    let kept: Vec<_> = kept.iter().map(|one| (one.step, one.mean)).collect();
    use crate::store::RollupStep::{Hour, Minute};
    assert_eq!(kept, [(Minute, 9_000.0), (Hour, 9_000.0), (Hour, 7.0)]);

    for (one, field) in [
        (at(Span::from_mins(30), 1.0), "at"),
        (at(hours(24 * 800), 1.0), "at"),
        (Pushed { at: None, ..at(hours(2), 1.0) }, "at"),
        (Pushed { unit: Some("B".into()), ..at(hours(2), 1.0) }, "unit"),
        (Pushed { value: f64::NAN, ..at(hours(2), 1.0) }, "value"),
    ] {
        let wrong = intake.import(&[at(hours(2), 5.0), one]).unwrap_err();
        assert_eq!((wrong.index, wrong.field), (1, field), "{wrong:?}");
    }
    let many: Vec<_> = (0..30_000).map(|_| at(hours(2), 1.0)).collect();
    assert!(intake.import(&many).unwrap_err().problem.contains("in a minute"));
    assert!(intake.core().history.take_rollups(10).is_empty(), "what is refused leaves nothing");
}
