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

#[test]
fn the_share_of_requests_weighs_each_step_by_its_results() {
    let series =
        |subject: &str, rates: &[(i64, f64, u64)], errors: &[(i64, f64, u64)]| ResultSeries {
            subject: subject.parse().unwrap(),
            results: steps(300, rates),
            errors: steps(300, errors),
        };
    let mut given = Given::of(Vec::new());
    given.results = vec![
        // The busy step fails once in a hundred, the quiet one always.
        series(
            "organization:acme",
            &[(0, 99.0, 300), (1, 1.0, 300)],
            &[(0, 1.0, 300), (1, 100.0, 9)],
        ),
        series("organization:calm", &[(0, 5.0, 300)], &[(0, 0.0, 300)]),
        // Nothing is known of how these ended.
        series("organization:mute", &[(0, 5.0, 300)], &[]),
        series("gate:gate@web-1", &[(0, 104.0, 300), (1, 1.0, 300)], &[(0, 0.5, 300), (1, 0.0, 9)]),
    ];
    let told = given.report().requests;
    let told: Vec<_> = told.iter().map(|one| (one.subject.as_str(), one.succeeded)).collect();
    assert_eq!(
        told,
        [
            ("gate:gate@web-1", 99_504),
            ("organization:acme", 98_010),
            ("organization:calm", 100_000)
        ]
    );
    let unseen = given.report().requests[0].unseen;
    assert_eq!(unseen, Span::from_mins(7 * 24 * 60 - 10));
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
