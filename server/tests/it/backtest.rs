//! `calm-ops backtest` on stored history: what the thresholds in force would have opened, and what
//! a change of them would have meant.

use std::{ffi::OsStr, fs, process::Output};

use domain::time::{Span, Timestamp};
use server::{
    clock::Clock,
    store::{self, Rollup, RollupStep, Where},
};

use crate::program::{Home, QUICK, calm_ops};

const SUBJECT: &str = "service:imports";
const MINUTE: u64 = 60;

fn rollup(step: RollupStep, start: Timestamp, value: f64) -> Rollup {
    Rollup {
        subject: SUBJECT.parse().unwrap(),
        signal: "queue.depth".parse().unwrap(),
        unit: "jobs".parse().unwrap(),
        step,
        start,
        min: value - 1.0,
        max: value + 1.0,
        mean: value,
        last: value,
        count: 12,
    }
}

/// The whole step before now.
fn last(seconds: i64) -> Timestamp {
    let step = seconds * 1_000_000;
    Timestamp::from_micros(Clock::start().now().wall.as_micros() / step * step)
}

/// Minutes that end now, each with the value of how many minutes ago it is.
fn minutes(count: u64, value: impl Fn(u64) -> f64) -> Vec<Rollup> {
    let start = |ago| last(60).minus(Span::from_secs(ago * MINUTE));
    (1..=count).map(|ago| rollup(RollupStep::Minute, start(ago), value(ago))).collect()
}

fn store_history(home: &Home, rollups: &[Rollup]) {
    fs::create_dir_all(home.data()).unwrap();
    let at = Where::Sqlite { path: home.data().join("calm-ops.db") };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        store::open(&at).await.unwrap().write_rollups(rollups).await.unwrap();
    });
}

/// History that ends now: two hours of minutes with 20 of trouble in the middle, and an hour of
/// trouble 100 days ago.
fn fill(home: &Home) {
    let mut rollups = minutes(120, |ago| if (40..60).contains(&ago) { 3_000.0 } else { 200.0 });
    for ago in 0..5_u64 {
        let start = last(3_600).minus(Span::from_secs(100 * 86_400 + ago * 3_600));
        rollups.push(rollup(RollupStep::Hour, start, if ago == 2 { 4_000.0 } else { 200.0 }));
    }
    store_history(home, &rollups);
}

fn backtest(home: &Home, more: &[&str]) -> (i32, String) {
    let (ops, data) = (home.ops(), home.data());
    let mut arguments =
        vec!["backtest", "--ops-dir", ops.to_str().unwrap(), "--data-dir", data.to_str().unwrap()];
    arguments.extend(more);
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    let Output { status, stdout, stderr } = calm_ops(&arguments);
    let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    (status.code().unwrap(), text)
}

#[test]
fn history_tells_what_thresholds_would_have_opened() {
    let home = Home::new();
    fill(&home);
    let (code, told) = backtest(&home, &[]);
    assert_eq!(code, 0, "{told}");
    for text in
        ["1 of 1 signals have thresholds", "would have opened 1 incident, with 1 interruption ("]
    {
        assert!(told.contains(text), "{text}: {told}");
    }
    assert!(!told.contains("approximate"), "{told}");
    let (code, told) = backtest(&home, &["--since", "110 d", "--zone", "Europe/Berlin"]);
    assert_eq!(code, 0, "{told}");
    assert!(
        told.contains("would have opened 2 incidents") && told.contains("approximate"),
        "{told}"
    );
}

#[test]
fn a_change_is_compared_with_what_is_in_force() {
    let home = Home::new();
    fill(&home);
    let file = home.dir.path().join("changed.md");
    let change = |text: &str| {
        fs::write(&file, text).unwrap();
        backtest(&home, &["--change", file.to_str().unwrap()])
    };
    let (code, told) = change(&QUICK.replace("above 1000 jobs", "above 4000 jobs"));
    assert_eq!(code, 0, "{told}");
    for text in [
        "would have opened 0 incidents, with 0 interruptions (0 at night) instead of 1 interruption",
        "Not opened any more (1):",
        "-| `queue.depth` | `service:*` | above 1000 jobs",
        "+| `queue.depth` | `service:*` | above 4000 jobs",
    ] {
        assert!(told.contains(text), "{text}: {told}");
    }
    let (code, told) = change(&QUICK.replace("| 0 s |", "| 10 min |"));
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("Earlier or later (1):") && told.contains("9 min later"), "{told}");
    let (code, told) = change(QUICK);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("The proposed document is the one in force."), "{told}");
    let (code, told) = change(&QUICK.replace("above 1000 jobs", "about 1000 jobs"));
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("changed.md:") && told.contains("about 1000"), "{told}");
}

#[test]
fn what_only_makes_noise_is_proposed_to_be_quieter() {
    let home = Home::new();
    fs::write(home.ops().join("alerts/thresholds.md"), QUICK.replace("| 0 s |", "| 3 min |"))
        .unwrap();
    let spikes = |ago: u64| if ago % 60 < 5 { 3_000.0 } else { 200.0 };
    store_history(&home, &minutes(6 * 60, spikes));
    let (code, told) = backtest(&home, &["--propose"]);
    assert_eq!(code, 0, "{told}");
    let change = "queue.depth: for \"5 min\" instead of \"3 min\"";
    let longer = "queue.depth: for \"10 min\" instead of \"3 min\"";
    assert!(told.contains(longer) || told.contains(change), "{told}");
    assert!(told.contains("Nothing is changed."), "{told}");
    // A practice counts nowhere.
    let practice = minutes(60, |ago| if ago % 20 < 5 { 100.0 } else { 0.0 });
    let practice: Vec<Rollup> = practice
        .into_iter()
        .map(|one| Rollup { subject: "practice:practice".parse().unwrap(), ..one })
        .collect();
    store_history(&home, &practice);
    let (_, again) = backtest(&home, &["--propose"]);
    assert_eq!(told, again);
    // Where nothing ever crosses a threshold there is nothing to propose.
    let home = Home::new();
    store_history(&home, &minutes(60, |_| 200.0));
    let (code, told) = backtest(&home, &["--propose"]);
    assert!(code == 0 && told.contains("No change is proposed"), "{told}");
}

/// Hours of about 200 that end a day ago, and minutes since with 20 of trouble.
fn fill_weeks(home: &Home, days: u64) {
    let mut rollups = minutes(23 * 60, |ago| if (40..60).contains(&ago) { 900.0 } else { 200.0 });
    let start = |ago| last(3_600).minus(Span::from_secs(86_400 + ago * 3_600));
    let hour = |ago: u64| rollup(RollupStep::Hour, start(ago), 200.0 + (ago % 5) as f64);
    rollups.extend((0..days * 24).map(hour));
    // Until now, so that it is not a gap.
    rollups.extend((1..25).map(|ago| {
        rollup(RollupStep::Hour, last(3_600).minus(Span::from_secs(ago * 3_600)), 200.0)
    }));
    store_history(home, &rollups);
}

fn relative() -> String {
    QUICK
        .replace("above 1000 jobs", "above 3 times usual")
        .replace("above 5000 jobs", "-")
        .replace("500 jobs", "-")
}

#[test]
fn a_relative_level_is_tried_with_what_was_usual_before_and_check_says_what_is_too_young() {
    for (days, incidents) in
        [(14, "would have opened 1 incident"), (3, "would have opened 0 incidents")]
    {
        let home = Home::new();
        fs::write(home.ops().join("alerts/thresholds.md"), relative()).unwrap();
        fill_weeks(&home, days);
        let (code, told) = backtest(&home, &["--since", "22 h"]);
        assert_eq!(code, 0, "{told}");
        assert!(told.contains(incidents), "{days} days: {told}");
        let (code, proposed) = backtest(&home, &["--propose"]);
        assert!(code == 0 && proposed.contains("No change is proposed"), "{proposed}");
        let (ops, data) = (home.ops(), home.data());
        let arguments =
            ["check", "--ops-dir", ops.to_str().unwrap(), "--data-dir", data.to_str().unwrap()];
        let told = String::from_utf8(calm_ops(&arguments.map(OsStr::new)).stdout).unwrap();
        let young = "(queue.depth): 1 of 1 signals: service:imports: not judged yet: its history is 3 days old.";
        assert_eq!(told.contains(young), days == 3, "{days} days: {told}");
        assert_eq!(told.contains("not judged"), days == 3, "{days} days: {told}");
    }
}

#[test]
fn without_history_it_says_so() {
    let home = Home::new();
    let (code, told) = backtest(&home, &[]);
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("there is no database at"), "{told}");
    let (code, told) = backtest(&home, &["--zone", "Europe/Nowhere"]);
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("no time zone is called"), "{told}");
}
