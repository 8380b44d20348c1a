//! Changes of a row of the thresholds, tried on the real program: a trial on stored history, the
//! document written with its layout kept, and what a kill between the document and the journal leaves.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use commands::{
    command::{ChangeThreshold, DeclineThreshold},
    reading::TryThreshold,
    threshold::ThresholdEdit,
};
use domain::{
    access::{Principal, Role},
    breach::BreachKey,
    id::{AccountId, SessionId},
    threshold::{ThresholdCells, ThresholdProposal},
    time::{Span, Timestamp},
};
use serde_json::{Value, json};
use server::{
    clock::Clock,
    current_status::CurrentStatus,
    documents::{IN_FORCE, THRESHOLDS},
    service::{Service, SetUp},
    store::{self, Rollup, RollupStep, SqliteStore, Store, Where},
    stream::Live,
    threshold_file::ThresholdFile,
    threshold_proposals::{ProposalPace, ThresholdProposer},
    time_zones::TeamZone,
};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::program::{Answer, Home, QUICK, Running, approved::sha256, verify};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const SUBJECT: &str = "service:imports";
/// The line of the row in [`QUICK`].
const LINE: u32 = 9;
const PAGE: &str = "/ops/signals/queue.depth/threshold?subject=service:imports";

fn document(home: &Home) -> PathBuf {
    home.ops().join("alerts/thresholds.md")
}

fn text(home: &Home) -> String {
    fs::read_to_string(document(home)).unwrap()
}

fn send(program: &Running, cookie: &str, kind: &str, path: &str, body: &str) -> Answer {
    let headers = format!("Cookie: {cookie}\r\nContent-Type: {kind}\r\nAccept: text/html\r\n");
    program.request("POST", path, &headers, body).unwrap()
}

/// A change of the row, bound to the document as it is now.
fn change(home: &Home, warning: &str, held: &str) -> Value {
    let cells = json!({
        "warning": warning, "critical": "above 5000 jobs", "for": held, "recovers_at": "500 jobs"
    });
    json!({
        "subject": SUBJECT,
        "signal": "queue.depth",
        "edit": {"document": sha256(&document(home)), "line": LINE, "cells": cells},
        "reason": "It alerts later.",
    })
}

fn post(program: &Running, body: &Value) -> Answer {
    send(program, &program.cookie, JSON, "/api/ops/thresholds", &body.to_string())
}

/// The entries of a kind, oldest first.
fn entries(program: &Running, kind: &str) -> Vec<Value> {
    let journal = program.get("/api/ops/journal?after=0&limit=1000").json();
    let entries = journal["entries"].as_array().unwrap();
    entries.iter().filter(|one| one["event"]["event"] == kind).cloned().collect()
}

/// Two hours of minutes that end now, with 20 of trouble in the middle.
fn fill(home: &Home) {
    let rollups = minutes(120, |ago| if (40..60).contains(&ago) { 3_000.0 } else { 200.0 });
    fs::create_dir_all(home.data()).unwrap();
    let at = Where::Sqlite { path: home.data().join("calm-ops.db") };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        store::open(&at).await.unwrap().write_rollups(&rollups).await.unwrap();
    });
}

/// Minutes that end now, each with the value of how many minutes ago it is.
fn minutes(count: u64, value: impl Fn(u64) -> f64) -> Vec<Rollup> {
    let minute = 60_i64 * 1_000_000;
    let now = Clock::start().now().wall.as_micros() / minute * minute;
    (1..=count)
        .map(|ago| {
            let value = value(ago);
            Rollup {
                subject: SUBJECT.parse().unwrap(),
                signal: "queue.depth".parse().unwrap(),
                unit: "jobs".parse().unwrap(),
                step: RollupStep::Minute,
                start: Timestamp::from_micros(now).minus(Span::from_mins(ago)),
                min: value,
                max: value,
                mean: value,
                last: value,
                count: 12,
            }
        })
        .collect()
}

fn encoded(body: &Value, what: &str, more: &str) -> String {
    let edit = &body["edit"];
    let cell = |name: &str| edit["cells"][name].as_str().unwrap().replace(' ', "+");
    format!(
        "what={what}&subject={SUBJECT}&signal=queue.depth&document={}&line={LINE}&warning={}&critical={}&for={}&recovers_at={}&{more}",
        edit["document"].as_str().unwrap(),
        cell("warning"),
        cell("critical"),
        cell("for"),
        cell("recovers_at")
    )
}

#[test]
fn a_change_is_tried_on_history_accepted_and_in_force() {
    let home = Home::new();
    fill(&home);
    let program = home.start();
    let (ada, vi) = (program.invite("responder", "Ada"), program.invite("viewer", "Vi"));
    let page = program.get("/api/ops/thresholds?subject=service:imports&signal=queue.depth").json();
    assert_eq!(page["hash"], sha256(&document(&home)));
    assert_eq!((&page["rows"][0]["row"]["line"], &page["obstacle"]), (&json!(LINE), &Value::Null));
    assert_eq!(page["rows"][0]["cells"]["warning"], "above 1000 jobs");
    assert!(program.get(PAGE).body.contains("Threshold of "));

    // Tried: whoever may respond, and nothing is changed.
    let before = text(&home);
    let wanted = change(&home, "above 4000 jobs", "0 s");
    let here = "/ops/signals/queue.depth/threshold";
    assert_eq!(send(&program, &vi, FORM, here, &encoded(&wanted, "try", "days=7")).status, 403);
    let tried = send(&program, &ada, FORM, here, &encoded(&wanted, "try", "days=7"));
    assert_eq!(tried.status, 200, "{tried:?}");
    for part in [
        "0 interruptions (0 at night) instead of 1 (",
        "Not opened any more (1)",
        "+| `queue.depth` | `service:*` | above 4000 jobs",
        "less than the 7 days",
        "Download the patch",
        "Approvers and owners put a change in force.",
    ] {
        assert!(tried.body.contains(part), "{part} in {}", tried.body);
    }
    assert_eq!((text(&home), entries(&program, "threshold_changed").len()), (before.clone(), 0));
    let same = encoded(&change(&home, "above 1000 jobs", "0 s"), "try", "days=7");
    assert_eq!(send(&program, &ada, FORM, here, &same).status, 409);
    let wrong = encoded(&change(&home, "about 5", "0 s"), "try", "days=7");
    let wrong = send(&program, &ada, FORM, here, &wrong);
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("value=\"about 5\""), "what was typed stays: {}", wrong.body);

    let off = encoded(&change(&home, "%E2%80%93", "0 s"), "try", "days=7");
    let off = off.replace("critical=above+5000+jobs", "critical=%E2%80%93");
    assert_eq!(send(&program, &ada, FORM, here, &off).status, 422, "a row is not switched off");

    // Accepted: an approver, with a reason; comments and layout stay.
    let by =
        |cookie: &str| send(&program, cookie, JSON, "/api/ops/thresholds", &wanted.to_string());
    assert_eq!(by(&ada).status, 403);
    let form = encoded(&wanted, "change", "reason=It+alerts+later.");
    let answer = send(&program, &program.cookie, FORM, here, &form);
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!(text(&home), before.replace("| above 1000 jobs |", "| above 4000 jobs |"));
    let entry = entries(&program, "threshold_changed").pop().unwrap();
    assert_eq!(entry["event"]["to"], sha256(&document(&home)));
    assert!(entry["event"]["patch"].as_str().unwrap().contains("+| `queue.depth`"), "{entry}");
    assert_eq!(entry["event"]["reason"], "It alerts later.");
    program.until("the document in force", |program| {
        let page = program.get("/api/ops/signal?subject=service:imports&signal=queue.depth");
        page.body.contains("4000").then_some(())
    });
    // Bound to what was shown.
    assert_eq!(post(&program, &wanted).status, 409);
    assert_eq!(entries(&program, "threshold_changed").len(), 1);
    let patch = program.get(&format!(
        "/api/ops/thresholds.patch?subject={SUBJECT}&signal=queue.depth&document={}&line={LINE}&warning=above+4%2C500+jobs&critical=above+5000+jobs&for=0+s&recovers_at=500+jobs",
        sha256(&document(&home))
    ));
    assert_eq!(patch.status, 200, "{patch:?}");
    assert!(patch.body.contains("+| `queue.depth` | `service:*` | above 4,500 jobs"), "{patch:?}");
}

#[test]
fn a_document_that_cannot_be_written_is_left_and_nothing_is_journalled() {
    let home = Home::new();
    let program = home.start();
    let folder = document(&home).parent().unwrap().to_owned();
    // A folder in the place of the file that is written beside it: root may write everywhere.
    fs::create_dir_all(folder.join(".thresholds.md.calm-ops/x")).unwrap();
    let answer = post(&program, &change(&home, "above 4000 jobs", "0 s"));
    assert_eq!(answer.status, 409, "{answer:?}");
    assert!(answer.body.contains("can't be written"), "{answer:?}");
    assert_eq!(text(&home), QUICK);
    assert_eq!(entries(&program, "threshold_changed").len(), 0);
    assert!(!home.data().join("threshold-change.json").exists());
}

/// Begins a write on the database, so that the program's own has to wait.
async fn hold(home: &Home) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(home.data().join("calm-ops.db"));
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    other
}

fn note(home: &Home) -> PathBuf {
    home.data().join("threshold-change.json")
}

#[test]
fn a_kill_between_document_and_journal_leaves_the_truth() {
    let home = Home::new();
    let program = home.start();
    let wanted = change(&home, "above 4000 jobs", "0 s");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let held = runtime.block_on(hold(&home));
    let address = program.address.clone();
    let request = (program.cookie.clone(), wanted.to_string());
    let sender = std::thread::spawn(move || {
        let (cookie, body) = request;
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        let head = format!(
            "POST /api/ops/thresholds HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nContent-Type: {JSON}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        // No answer comes: the program is killed.
        let _ = stream.read(&mut [0; 64]);
    });
    program.until("the document written", |_| (text(&home) != QUICK).then_some(()));
    let (kept, after) = (fs::read(note(&home)).unwrap(), text(&home));
    let mut program = program;
    program.kill();
    sender.join().unwrap();
    drop(program);
    runtime.block_on(held.close()).unwrap();

    // The next start journals what was made, with the name of whoever made it.
    let mut program = home.start();
    let found = entries(&program, "threshold_changed");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["event"]["to"], sha256(&document(&home)));
    assert_eq!((&found[0]["actor"], &found[0]["event"]["by"]), (&json!("system"), &json!(1)));
    assert!(!note(&home).exists());
    program.kill();
    drop(program);
    // Killed after the entry and before its note is removed: it is told once.
    fs::write(note(&home), &kept).unwrap();
    let mut program = home.start();
    assert_eq!(entries(&program, "threshold_changed").len(), 1);
    program.kill();
    drop(program);
    // Killed before the document was written: there was no change, and none is told.
    fs::write(document(&home), QUICK).unwrap();
    fs::write(note(&home), &kept).unwrap();
    let program = home.start();
    assert_eq!(entries(&program, "threshold_changed").len(), 1);
    assert!(!note(&home).exists());
    assert_eq!(text(&home), QUICK);
    // It can be made once more.
    assert_eq!(post(&program, &wanted).status, 200);
    assert_eq!(text(&home), after);
    drop(program);
    assert!(verify(&home.data()).status.success());
}

#[test]
fn a_document_that_is_put_back_while_nothing_runs_is_told() {
    let home = Home::new();
    let mut program = home.start();
    assert_eq!(post(&program, &change(&home, "above 4000 jobs", "0 s")).status, 200);
    program.kill();
    drop(program);
    // Killed before the new version was noted as the one in force, and edited by hand.
    fs::write(document(&home), QUICK).unwrap();
    fs::write(home.data().join(IN_FORCE).join(THRESHOLDS), QUICK).unwrap();
    let program = home.start();
    let sha256 = sha256(&document(&home));
    let told = program.until("the version in force", |program| {
        let is_it = |entry: &Value| {
            entry["event"]["name"] == THRESHOLDS && entry["event"]["sha256"] == sha256.as_str()
        };
        let found = entries(program, "document_in_force").into_iter().rfind(is_it)?;
        let changed = entries(program, "threshold_changed");
        (found["number"].as_u64() > changed[0]["number"].as_u64()).then_some(found)
    });
    assert_eq!(told["actor"], "system");
}

/// The caller's account has just ended: the transaction refuses what was written already.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_the_transaction_refuses_is_taken_back() {
    let home = Home::new();
    let (service, _, file) = noisy(&home).await;
    let before = text(&home);
    let cells = ThresholdCells {
        warning: "above 4000 jobs".to_owned(),
        critical: "above 5000 jobs".to_owned(),
        held: "3 min".to_owned(),
        recovers_at: "500 jobs".to_owned(),
    };
    let document = sha256(&document(&home)).parse().unwrap();
    let edit = ThresholdEdit { document, line: LINE, cells, proposal: None };
    let change = ChangeThreshold {
        subject: SUBJECT.parse().unwrap(),
        signal: "queue.depth".parse().unwrap(),
        edit,
        reason: "It alerts later.".to_owned(),
    };
    assert!(service.execute(approver(), change).await.is_err());
    assert_eq!((text(&home), file.pending()), (before, None));
    assert_eq!(service.threshold_proposals().await.unwrap().all().count(), 0);
}

/// An approver without an account.
fn approver() -> Principal {
    Principal::Account {
        id: AccountId(1),
        role: Role::Approver,
        session: SessionId(1),
        recently_authenticated: true,
    }
}

/// A service with six hours of spikes that last for five minutes, and a row that takes three.
async fn noisy(home: &Home) -> (Arc<Service>, Arc<SqliteStore>, ThresholdFile) {
    noisy_in(home, TeamZone::default()).await
}

/// The same for a team in a time zone.
async fn noisy_in(home: &Home, zone: TeamZone) -> (Arc<Service>, Arc<SqliteStore>, ThresholdFile) {
    fs::write(document(home), QUICK.replace("| 0 s |", "| 3 min |")).unwrap();
    fs::create_dir_all(home.data()).unwrap();
    let store = Arc::new(SqliteStore::open(&home.data().join("calm-ops.db")).await.unwrap());
    let spikes = |ago: u64| if ago % 60 < 5 { 3_000.0 } else { 200.0 };
    store.write_rollups(&minutes(6 * 60, spikes)).await.unwrap();
    let live = Live::new(store.opening().await.unwrap().cursor, 10, Timestamp::default());
    let of_service = Arc::clone(&store) as Arc<dyn Store>;
    let board = Arc::new(CurrentStatus::default());
    let service = Service::new(of_service, board, live, Arc::default(), Clock::start());
    let file = ThresholdFile::new(Some(&home.ops()), &home.data());
    service.set_up(SetUp { thresholds: file.clone(), zone, ..SetUp::default() });
    (service, store, file)
}

/// The zone in which it is this hour now.
fn where_it_is(hour: i64) -> TeamZone {
    let utc = Clock::start().now().wall.as_micros().div_euclid(3_600_000_000).rem_euclid(24);
    let ahead = (hour - utc + 36).rem_euclid(24) - 12;
    let sign = if ahead < 0 { '-' } else { '+' };
    TeamZone::of(&format!("{sign}{:02}:00", ahead.abs())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_counts_the_nights_of_the_team() {
    // The six hours of spikes are over: in one place in the afternoon, in the other at five.
    for (hour, is_night) in [(15, false), (5, true)] {
        let home = Home::new();
        let zone = where_it_is(hour);
        let (service, ..) = noisy_in(&home, zone.clone()).await;
        let wanted = change(&home, "above 4000 jobs", "3 min");
        let trial = TryThreshold {
            subject: SUBJECT.parse().unwrap(),
            signal: "queue.depth".parse().unwrap(),
            edit: serde_json::from_value(wanted["edit"].clone()).unwrap(),
            days: 7,
        };
        let trial = service.execute(approver(), trial).await.unwrap();
        let today = trial.interruptions_today;
        assert!(today.all >= 5, "{today:?}");
        assert_eq!(today.at_night, if is_night { today.all } else { 0 }, "{zone:?}");
        let told = wording::threshold::facts(&trial).join(" ");
        assert!(told.contains(&format!("07:00 ({}).", zone.name())), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_makes_noise_is_proposed_once_and_declined_for_good() {
    let home = Home::new();
    let (service, store, file) = noisy(&home).await;
    let proposer = ThresholdProposer {
        service: Arc::clone(&service),
        store: store as Arc<dyn Store>,
        file,
        clock: Clock::start(),
        pace: ProposalPace {
            pause: Duration::ZERO,
            quieter_history: Span::ZERO,
            ..ProposalPace::default()
        },
    };
    let elsewhere =
        BreachKey { subject: "host:x".parse().unwrap(), signal: "host.cpu.used".parse().unwrap() };
    proposer.round(Some(vec![elsewhere])).await;
    assert_eq!(service.threshold_proposals().await.unwrap().all().count(), 0);
    proposer.round(None).await;
    proposer.round(None).await;
    let all = service.threshold_proposals().await.unwrap();
    let one = all.all().next().unwrap();
    assert!(one.is_open() && all.all().count() == 1, "{all:?}");
    assert_eq!((one.row.line, &*one.before.held), (LINE, "3 min"));
    assert!(["5 min", "10 min"].contains(&&*one.after.held), "{one:?}");
    let told = wording::threshold::proposal(one);
    assert!(told.contains("instead of \"3 min\": 0 interruptions instead of 6"), "{told}");

    let decline = |number| {
        let reason = "It is meant to.".to_owned();
        service.execute(approver(), DeclineThreshold { proposal: number, reason })
    };
    assert!(decline(one.number + 1).await.is_err());
    decline(one.number).await.unwrap();
    assert!(decline(one.number).await.is_err(), "it is declined already");
    proposer.round(None).await;
    let all = service.threshold_proposals().await.unwrap();
    assert!(all.all().count() == 1 && !all.all().any(ThresholdProposal::is_open), "{all:?}");
    // Another row is another question.
    let other = QUICK.replace("| 0 s |", "| 3 min |").replace("500 jobs", "400 jobs");
    fs::write(document(&home), other).unwrap();
    proposer.round(None).await;
    assert_eq!(service.threshold_proposals().await.unwrap().all().count(), 2);
}
