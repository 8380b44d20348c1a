//! Pushes, for any bytes: all of a batch is taken or none of it, what is good of it can be taken
//! alone, and what is refused leaves nothing behind and is told with its place.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use engine::evaluate::Engine;
use fixtures::fuzz::{Target, assert_shown};
use policy::thresholds::Thresholds;

use super::*;
use crate::{
    clock::Clock, collectors, fuzz::texts, history::History, monitor::replay_recorder::Recording,
};

pub(crate) const TARGETS: &[Target] = &[Target {
    name: "push",
    seeds,
    words: fixtures::json_words![
        "\"observations\"",
        "\"signal\"",
        "\"subject\"",
        "\"value\"",
        "\"unit\"",
        "\"at\"",
        "\"queue.depth\"",
        "\"service:a\"",
        "\"host:web-1\"",
        "null",
        "true",
        "NaN",
        "-Infinity",
        "1e308",
        "\\u0000",
        "\\ud800",
        "\\u202e",
        "{\"signal\":\"a\",\"subject\":\"b:c\",\"value\":1}",
        "\"2026-11-22T10:00:00Z\"",
    ],
    check,
}];

/// So many series find room.
const ROOM: usize = 4;
/// So many observations a batch may have.
const MOST: usize = 200;

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        "[[]]",
        r#"{"observations":[["a","b:c",1,null,null]]}"#,
        r#"{"observations":[{"signal":"queue.depth","subject":"service:imports","value":412,"unit":"jobs"}]}"#,
        r#"{"observations":[{"signal":"a","subject":"b:c","value":1.5},{"signal":"a","subject":"b:d","value":-2,"unit":null,"at":null}]}"#,
        r#"{"observations":[{"signal":"a","subject":"b:c","value":1,"unit":"s"},{"signal":"a","subject":"b:c","value":1,"unit":"ms"}]}"#,
        r#"{"observations":[{"signal":"a","subject":"b:1","value":1},{"signal":"a","subject":"b:2","value":1},{"signal":"a","subject":"b:3","value":1},{"signal":"a","subject":"b:4","value":1},{"signal":"a","subject":"b:5","value":1}]}"#,
        r#"{"observations":[{"signal":"host.memory.used","subject":"host:web-1","value":93,"unit":"%","at":"2026-11-22T10:00:00Z"}]}"#,
        r#"{"observations":[{"signal":"a","subject":"b:c","value":NaN},{"signal":"a\"","subject":"b:c","value":"1"},{"value":1e999}]}"#,
        r#"{"observations":[{"signal":"a","value":1},{"value":1,"signal":"a","value":2}],"observations":[]}"#,
        "{\"observations\":[\n{\"signal\":\"\\u001b[31m\",\"subject\":\"b:\\u202e\",\"value\":1,\"\\u0007\":2}]}",
        "[]",
        "{\"observations\":[]}",
    ])
}

fn intake() -> Arc<Intake> {
    static RULES: LazyLock<Arc<Thresholds>> = LazyLock::new(|| {
        let document = include_str!("../../../../../ops/alerts/thresholds.md");
        let rules = Thresholds::parse("t", document, collectors::signals());
        Arc::new(rules.unwrap_or_else(|problems| panic!("{problems:?}")))
    });
    let engine = Engine::new(Arc::clone(&RULES), ROOM);
    Intake::new(engine, Recording::default(), BTreeSet::new(), History::default(), Clock::start())
}

/// Number of series: in the rules, and in the history.
fn series(intake: &Intake) -> (usize, usize) {
    let core = intake.core();
    (core.engine.count(), core.history.series().count())
}

fn check_refusal(problem: &Problem, intake: &Intake) {
    assert!(problem.status().is_client_error());
    assert_eq!(series(intake), (0, 0), "what is refused leaves nothing behind");
    let WrongField { pointer, detail } = problem.first();
    assert_shown(&pointer, 8_000);
    assert_shown(&detail, 1_000);
    let told = serde_json::to_value(problem).unwrap_or_default();
    assert_shown(told["detail"].as_str().unwrap_or_default(), 10_000);
}

fn check(bytes: &[u8]) {
    let plain = without_nan(bytes);
    assert_eq!(without_nan(&plain), plain);
    let value = serde_json::from_slice::<Value>(bytes);
    if value.is_ok() {
        assert_eq!(plain, bytes, "what is JSON stays as it is");
    }
    let count = |value: &Value| value["observations"].as_array().map_or(0, Vec::len);
    let (for_all, for_good) = (intake(), intake());
    let all = take_all(&for_all, MOST, Actor::Local, bytes);
    let good = take_good(&for_good, MOST, Actor::Local, bytes);
    match &all {
        Ok(taken) => {
            assert_eq!(Some(taken.accepted), value.as_ref().ok().map(count));
            assert!(taken.accepted <= MOST && series(&for_all).0 <= ROOM.min(taken.accepted));
            // Nothing is wrong with it in the other manner either.
            assert!(
                good.as_ref()
                    .is_ok_and(|good| good.accepted == taken.accepted && good.refused == 0)
            );
        }
        Err(problem) => check_refusal(problem, &for_all),
    }
    match &good {
        Ok(taken) => {
            assert!(
                taken.errors.len() <= MOST_ERRORS
                    && (taken.refused == 0) == taken.errors.is_empty()
            );
            assert_eq!(taken.refused == 0, all.is_ok());
            assert!(series(&for_good).0 <= ROOM.min(taken.accepted));
            for WrongField { pointer, detail } in &taken.errors {
                assert_shown(pointer, 200);
                assert_shown(detail, 1_000);
            }
        }
        Err(problem) => check_refusal(problem, &for_good),
    }
}
