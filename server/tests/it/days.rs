//! The bar of the last 24 hours, from outside: right from the start on, by what is stored.

use std::{
    fs,
    time::{Duration, Instant},
};

use commands::day::{SLOT, begin};
use domain::{
    actor::Actor,
    breach::Ending,
    incident::Incident,
    journal::Event,
    lifecycle::Step,
    time::{Span, Timestamp},
};
use serde_json::Value;
use server::{
    clock::Clock,
    store::{About, Archive, Change, Rollup, RollupStep, Where},
};

use crate::program::{Home, Running};

const SUBJECT: &str = "service:imports";

fn now() -> Timestamp {
    Clock::start().now().wall
}

/// The state of a subject at a moment, if its day is known.
fn told(program: &Running, subject: &str, at: Timestamp) -> Option<String> {
    let days = &program.get("/api/ops/health").json()["days"];
    let day = days["subjects"].as_array()?.iter().find(|day| day["subject"] == subject)?;
    let from: Timestamp = days["from"].as_str()?.parse().ok()?;
    let mut slot = at.since(from).as_micros() / SLOT.as_micros();
    let runs: &Vec<Value> = day["runs"].as_array()?;
    for run in runs {
        let slots = run["slots"].as_u64()?;
        if slot < slots {
            return run["state"].as_str().map(str::to_owned);
        }
        slot -= slots;
    }
    None
}

fn until(program: &Running, subject: &str, at: impl Fn() -> Timestamp, state: &str) {
    let began = Instant::now();
    loop {
        let found = told(program, subject, at());
        if found.as_deref() == Some(state) {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(90), "{subject} is {found:?}, not {state}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

async fn write(store: &dyn Archive, at: Timestamp, events: Vec<Event>) {
    let decide = Box::new(move |_: &[Incident]| Ok(events));
    let (actor, about) = (Actor::Agent, About::Nothing);
    let change = Change { at, actor, about, decide, people: None, monitor: None };
    store.change(change).await.unwrap();
}

/// A day of minutes with an hour of silence, and a breach that was critical for a while, as an
/// earlier run of the program left them.
fn earlier(home: &Home, first: Timestamp) {
    let after = |minutes: u64| first.plus(Span::from_mins(minutes));
    let heard = (0..24 * 60).filter(|minute| !(600..660).contains(minute)).map(after);
    let rollups: Vec<Rollup> = heard
        .filter(|start| *start < now())
        .map(|start| Rollup {
            subject: SUBJECT.parse().unwrap(),
            signal: "queue.depth".parse().unwrap(),
            unit: "jobs".parse().unwrap(),
            step: RollupStep::Minute,
            start,
            min: 1.0,
            max: 1.0,
            mean: 1.0,
            last: 1.0,
            count: 12,
        })
        .collect();
    let breach = |severity: &str, since: Timestamp| {
        let breach = fixtures::breach().on(SUBJECT).signal("queue.depth").unit("jobs");
        let breach = breach.severity(severity.parse().unwrap()).since(after(900)).fired(since);
        domain::breach::Breach { severity_since: since, ..breach.build() }
    };
    let critical = breach("critical", after(900));
    let incident = fixtures::incident(1).of([critical.clone()]).opened(after(900));
    let opened = incident.opening();
    let number = domain::id::IncidentNumber(1);
    let eased = Box::new(breach("warning", after(930)));
    let ending = Ending::Recovered { since: after(960) };
    fs::create_dir_all(home.data()).unwrap();
    let path = home.data().join("calm-ops.db");
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = server::store::open_archive(&Where::Sqlite { path }).await.unwrap();
        store.write_rollups(&rollups).await.unwrap();
        write(&*store, after(900), vec![opened]).await;
        let eased = Event::BreachChanged { incident: number, breach: eased };
        write(&*store, after(930), vec![eased]).await;
        let cleared = Event::BreachCleared { incident: number, key: critical.key, ending };
        let resolved = Event::Resolved { incident: number, step: Step::PersonResolved, note: None };
        write(&*store, after(960), vec![cleared, resolved]).await;
        store.leave().await;
    });
}

#[test]
fn the_last_24_hours_are_right_after_a_start_and_a_stopped_source_has_no_data() {
    let home = Home::new();
    let first = begin(now());
    earlier(&home, first);
    let after = |minutes: u64| first.plus(Span::from_mins(minutes));
    let mut program = home.start();
    program.push(SUBJECT, 10.0);
    program.push("service:mail", 10.0);
    let right = |program: &Running| {
        for (minute, state) in [
            (570, "healthy"),
            (600, "no_data"),
            (630, "no_data"),
            (660, "healthy"),
            (900, "critical"),
            // It eased, and the incident's row tells only that.
            (930, "warning"),
            (960, "healthy"),
        ] {
            until(program, SUBJECT, || after(minute), state);
        }
    };
    right(&program);
    until(&program, "service:mail", || after(600), "absent");
    until(&program, "service:mail", now, "healthy");

    // A breach of this run, and one more start.
    program.push(SUBJECT, 9_000.0);
    program.incident_about(SUBJECT);
    let breached = now();
    until(&program, SUBJECT, || breached, "critical");
    assert_eq!(program.post("/api/ops/incidents/2/resolve", r#"{"note":"known"}"#).status, 200);
    program.terminate();
    let program = home.start();
    right(&program);
    until(&program, SUBJECT, || breached, "critical");

    // Nothing more is heard of the other one.
    until(&program, "service:mail", now, "no_data");
    until(&program, "service:mail", || after(600), "absent");
    assert!(program.get("/ops/health").body.contains("no data from"));
}
