//! Objectives, requests and near misses of a period.

use domain::breach::BreachKey;
use policy::{objectives::Objectives, thresholds::Level};

use super::*;

fn steps(every: i64, values: &[(i64, f64, u64)]) -> Vec<ProbeStep> {
    let step = |(place, mean, count): &(i64, f64, u64)| ProbeStep {
        start: at(place * every),
        mean: *mean,
        count: *count,
    };
    values.iter().map(step).collect()
}

#[test]
fn events_of_an_objective_are_summed_and_its_budget_rounded_down() {
    let document = "format: 1\n| objective | of | good | target | period |\n|---|---|---|---|---|\n| `pay` | `endpoint:pay` | answers | 99.9% | 30 d |\n| `acme` | `organization:acme` | succeeds | 99% | 7 d |\n";
    let read = Objectives::parse("o", document).unwrap().objectives;
    let mut given = Given::of(Vec::new());
    given.objectives = vec![
        ObjectiveSeries {
            objective: read[0].clone(),
            events: steps(300, &[(0, 4.0, 5), (1, 4.0, 5), (2, 3.8, 5)]),
            failures: steps(300, &[(0, 0.0, 5), (1, 0.2, 5)]),
            budget_left: Some(-12.4),
        },
        ObjectiveSeries {
            objective: read[1].clone(),
            events: Vec::new(),
            failures: Vec::new(),
            budget_left: None,
        },
    ];
    let told = given.report().objectives;
    assert_eq!((told[0].events, told[0].failed, told[0].budget_left), (59, 1, Some(-13)));
    assert_eq!(
        (told[0].target, told[0].days, told[0].of[0].as_str()),
        (99_900, 30, "endpoint:pay")
    );
    assert!(told[0].is_missed());
    assert_eq!((told[1].events, told[1].budget_left, told[1].days), (0, None, 7));
    assert_eq!(told[1].of[0].as_str(), "organization:acme");
}

/// Results of a subject by steps of five minutes: the rates, the numbers, and those that failed.
fn results(
    subject: &str,
    rates: &[(i64, f64, u64)],
    counted: &[(i64, f64, u64)],
    failed: &[(i64, f64, u64)],
) -> ResultSeries {
    ResultSeries {
        subject: subject.parse().unwrap(),
        rates: steps(300, rates),
        counted: steps(300, counted),
        failed: steps(300, failed),
    }
}

#[test]
fn results_of_requests_are_counted_and_the_worst_is_told_first() {
    let mut given = Given::of(Vec::new());
    given.results = vec![
        results("organization:calm", &[(0, 5.0, 300)], &[(0, 5.0, 300)], &[(0, 0.0, 300)]),
        // The busy step fails once in a hundred, the quiet one always, in few of its seconds.
        results(
            "organization:acme",
            &[(0, 100.0, 300), (1, 0.1, 300)],
            &[(0, 100.0, 300), (1, 3.0, 10)],
            &[(0, 1.0, 300), (1, 3.0, 10)],
        ),
        // The silent one sent nothing.
        results("organization:silent", &[(0, 0.0, 300)], &[], &[]),
        results("gate:gate@web-1", &[(0, 105.0, 300)], &[(0, 105.0, 300)], &[(0, 1.0, 300)]),
    ];
    let told = given.report().requests;
    let figures: Vec<_> =
        told.iter().map(|one| (one.subject.as_str(), one.results, one.failed)).collect();
    assert_eq!(
        figures,
        [
            ("gate:gate@web-1", 31_500, 300),
            ("organization:acme", 30_030, 330),
            ("organization:calm", 1_500, 0)
        ]
    );
    assert_eq!(told[1].unseen, Span::from_mins(7 * 24 * 60 - 10));
    assert!(told.iter().all(|one| one.uncounted == Span::ZERO && one.succeeded.is_none()));
}

#[test]
fn what_was_reported_before_it_was_counted_is_not_guessed() {
    let mut given = Given::of(Vec::new());
    given.results = vec![
        results("organization:old", &[(0, 5.0, 300), (1, 5.0, 300)], &[], &[]),
        results(
            "organization:both",
            &[(0, 5.0, 300), (1, 2.0, 300)],
            &[(1, 2.0, 300)],
            &[(1, 1.0, 300)],
        ),
    ];
    let told = given.report().requests;
    let told: Vec<_> = told
        .iter()
        .map(|one| (one.subject.name(), one.results, one.failed, one.uncounted.as_secs()))
        .collect();
    assert_eq!(told, [("both", 600, 300, 300), ("old", 0, 0, 600)]);
}

#[test]
fn the_gate_of_a_host_with_another_name_is_told_once() {
    let mut given = Given::of(Vec::new());
    let of = |host: &str, step| {
        let one = |mean| [(step, mean, 300)];
        results(&format!("gate:gate@{host}"), &one(4.0), &one(4.0), &one(1.0))
    };
    given.results = vec![of("now", 2), of("before", 0), of("first", 1)];
    let [gate] = &given.report().requests[..] else { panic!("one line") };
    assert_eq!(gate.subject.as_str(), "gate:gate@now");
    assert_eq!((gate.results, gate.failed), (3_600, 900));
    assert_eq!(gate.unseen, Span::from_mins(7 * 24 * 60 - 15));
}

fn key() -> BreachKey {
    BreachKey { subject: "host:web-1".parse().unwrap(), signal: "host.cpu.used".parse().unwrap() }
}

/// Minutes past the level, from some minute for so many, and one after them that is not.
fn minutes(runs: &[(i64, i64)]) -> Vec<(Timestamp, bool)> {
    let run = |(from, count): &(i64, i64)| {
        let end = from + count;
        (*from..=end).map(move |n| (at(n * 60), n < end))
    };
    runs.iter().flat_map(run).collect()
}

fn near(runs: &[(i64, i64)], held: &[(i64, Option<i64>)]) -> Vec<(u32, u64)> {
    near_in(minutes(runs), held)
}

fn near_in(minutes: Vec<(Timestamp, bool)>, held: &[(i64, Option<i64>)]) -> Vec<(u32, u64)> {
    let mut given = Given::of(Vec::new());
    given.watched = vec![WatchedSeries {
        key: key(),
        level: Level::Above(90.0),
        alerts_after: Span::from_mins(15),
        minutes,
    }];
    let held = held.iter().map(|(since, until)| HeldBreach {
        key: key(),
        since: at(since * 60),
        until: until.map(|until| at(until * 60)),
    });
    given.held = held.collect();
    given.report().near_misses.iter().map(|one| (one.times, one.longest.as_secs() / 60)).collect()
}

#[test]
fn what_was_past_its_threshold_for_half_of_the_time_is_a_near_miss() {
    assert_eq!(near(&[(100, 7)], &[]), [], "less than half");
    assert_eq!(near(&[(100, 8)], &[]), [(1, 8)]);
    assert_eq!(near(&[(100, 8), (109, 14), (300, 3)], &[]), [(2, 14)]);
    // As long as it takes to alert: maintenance or another problem kept it from that.
    assert_eq!((near(&[(100, 14)], &[]), near(&[(100, 15)], &[])), (vec![(1, 14)], vec![]));
    // It may have begun before the period.
    assert_eq!(near(&[(0, 10)], &[]), []);
}

#[test]
fn a_run_whose_end_was_not_seen_is_no_near_miss() {
    let mut cut = minutes(&[(100, 10)]);
    cut.pop();
    assert_eq!(near_in(cut.clone(), &[]), [], "the data stops");
    cut.push((at(120 * 60), false));
    assert_eq!(near_in(cut, &[]), [], "the minute after it is missing");
    let week = 7 * 24 * 60;
    assert_eq!(near(&[(week - 10, 10)], &[]), [(1, 10)], "it ends with the period");
    assert_eq!(near(&[(week - 9, 10)], &[]), [], "it goes on after the period");
}

#[test]
fn what_became_a_problem_is_no_near_miss() {
    let run = [(100, 10)];
    assert_eq!(near(&run, &[(100, Some(130))]), []);
    assert_eq!(near(&run, &[(90, None)]), []);
    assert_eq!(near(&run, &[(111, None)]), [(1, 10)], "it began later");
    assert_eq!(near(&run, &[(10, Some(98))]), [(1, 10)], "it was over before");
    assert_eq!(near(&run, &[(10, Some(99)), (200, None)]), [(1, 10)]);
}

#[test]
fn only_rows_that_wait_have_near_misses() {
    use policy::thresholds::Thresholds;
    let document = "format: 1\n| signal | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n|---|---|---|---|---|---|---|---|---|\n| `a.waits` | - | above 9 | 10 min / 4 min | - | - | x | - | - |\n| `b.at-once` | above 9 | - | 0 s | - | - | x | - | - |\n| `c.rises` | rises 9 in 5 min | - | 5 min | - | - | x | - | - |\n";
    let read = Thresholds::parse("t", document, fixtures::signals()).unwrap();
    let watched: Vec<_> = read.rows().iter().map(WatchedSeries::watched_by).collect();
    assert_eq!(watched, [Some((Level::Above(9.0), Span::from_mins(4))), None, None]);
    assert!(is_past(Level::Above(9.0), 9.5) && !is_past(Level::Above(9.0), 9.0));
    assert!(is_past(Level::Below(9.0), 8.5) && !is_past(Level::Below(9.0), 9.0));
}
