//! Shows the pages without the real server, with demonstration data: nothing here is measured.
//!
//! `cargo run -p app --example preview --features ssr -- FOLDER [ADDR]`: FOLDER holds `calm-ops.js`, `calm-ops.wasm`, `calm-ops.css` and `icons/`.
#![recursion_limit = "256"]

use std::{
    convert::Infallible,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use app::desk::{Desk, DeskFuture, SharedDesk};
use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
    response::{
        IntoResponse, Sse,
        sse::{Event as Sent, KeepAlive},
    },
    routing::get,
};
use futures::{Stream, StreamExt, stream};
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes, generate_route_list};
use rules::{
    breach::{Breach, BreachKey, Crossing, Guidance},
    desk::{self, Answer, Command, Done, HistoryFilter, Query, Refusal},
    incident::{self, Incident, IncidentBreach, IncidentNumber},
    journal::{Cursor, Entry, Event, Hash, Head},
    lifecycle::{State, Step},
    snapshot::{DiskFact, ProcessFact, Snapshot},
    summary::Summary,
    time::{Span, Timestamp},
    view::{
        CoursePage, CoursePoint, Document, DocumentState, Health, History, IncidentCard, IncidentPage, Incidents, Reading, Readings, Spark,
        Status,
    },
    words::{Actor, Severity},
};
use tokio::sync::broadcast;

const GUIDE: &str = "# When things break\n\nThis is demonstration text.\n\n## Memory is running out\n\nBreathe. Look at the largest process first.\n\n\
1. Note what grew.\n2. Restart only that.\n\n| sign | meaning |\n| --- | --- |\n| steady rise | a leak |\n\n## Disk is filling\n\nFind what grew with `du -xh`.\n";

fn now() -> Timestamp {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or_default())
}

struct Demo {
    world: Mutex<World>,
    sender: broadcast::Sender<(u64, Timestamp, Entry)>,
}

struct World {
    entries: Vec<Entry>,
    incidents: Vec<Incident>,
    started: Timestamp,
}

/// Subject, signal, unit, base, swing, warning, critical, status.
type Row = (&'static str, &'static str, &'static str, f64, f64, Option<f64>, Option<f64>, Status);

const ROWS: &[Row] = &[
    ("app:api@web-1", "app.cpu", "%", 12.0, 8.0, None, None, Status::Shown),
    ("app:api@web-1", "app.memory", "B", 412e6, 9e6, Some(8e8), Some(1.2e9), Status::Healthy),
    ("app:api@web-1", "app.restarts", "", 0.0, 0.0, Some(3.0), Some(10.0), Status::Healthy),
    ("app:api@web-1", "app.uptime", "s", 86_000.0, 0.0, None, None, Status::Shown),
    ("disk:/@web-1", "disk.available", "B", 31e9, 1e6, None, None, Status::Shown),
    ("disk:/@web-1", "disk.inodes.used", "%", 11.0, 0.1, Some(85.0), Some(95.0), Status::Healthy),
    ("disk:/@web-1", "disk.used", "%", 62.0, 0.4, Some(85.0), Some(95.0), Status::Healthy),
    ("disk:/var@web-1", "disk.used", "%", 81.0, 0.6, Some(85.0), Some(95.0), Status::Watching),
    ("endpoint:checkout", "endpoint.certificate.days_left", "d", 41.0, 0.0, Some(14.0), Some(3.0), Status::Healthy),
    ("endpoint:checkout", "endpoint.total", "ms", 184.0, 60.0, Some(1000.0), Some(3000.0), Status::Healthy),
    ("endpoint:checkout", "endpoint.up", "", 1.0, 0.0, Some(1.0), None, Status::Unknown),
    ("host:web-1", "host.cpu.used", "%", 31.0, 14.0, Some(90.0), Some(98.0), Status::Healthy),
    ("host:web-1", "host.files.open", "%", 3.0, 0.2, Some(80.0), Some(95.0), Status::Healthy),
    ("host:web-1", "host.load.per_core", "", 0.7, 0.3, Some(2.0), Some(4.0), Status::Healthy),
    ("host:web-1", "host.memory.available", "B", 1.2e9, 5e7, None, None, Status::Shown),
    ("host:web-1", "host.memory.used", "%", 96.0, 1.2, Some(85.0), Some(95.0), Status::Critical),
    ("host:web-1", "host.pressure.memory", "%", 4.0, 2.0, Some(10.0), Some(30.0), Status::Healthy),
    ("host:web-1", "host.processes.count", "", 214.0, 6.0, None, None, Status::Shown),
    ("host:web-1", "host.swap.used", "%", 22.0, 1.0, Some(50.0), Some(80.0), Status::Healthy),
    ("host:web-1", "host.uptime", "s", 8e5, 0.0, None, None, Status::Shown),
    ("service:imports", "queue.depth", "jobs", 412.0, 60.0, None, None, Status::Shown),
    ("service:calm-ops", "monitor.loop_lag", "ms", 1.2, 0.6, Some(500.0), None, Status::Healthy),
];

fn wave(row: usize, at: f64, base: f64, swing: f64) -> f64 {
    base + swing * (at / 23.0 + row as f64).sin() * 0.7 + swing * (at / 5.0 + row as f64 * 3.0).sin() * 0.3
}

fn readings(calm: bool) -> Readings {
    let checked_at = now();
    let seconds = checked_at.as_micros() as f64 / 1e6;
    let reading = |(index, &(subject, signal, unit, base, swing, warning, critical, status)): (usize, &Row)| {
        let status = if calm && status > Status::Shown { Status::Healthy } else { status };
        Some(Reading {
            subject: subject.parse().ok()?,
            signal: signal.parse().ok()?,
            value: wave(index, seconds, if calm && signal == "host.memory.used" { 61.0 } else { base }, swing),
            unit: unit.parse().ok()?,
            at: checked_at,
            status,
            usual: (status != Status::Shown).then_some(if signal == "host.memory.used" { 61.0 } else { base }),
            warning,
            critical,
            limit_in_seconds: (!calm && subject == "disk:/var@web-1").then_some(12_000.0),
        })
    };
    Readings {
        checked_at,
        readings: ROWS.iter().enumerate().filter_map(reading).collect(),
        troubles: if calm { Vec::new() } else { vec!["PM2's daemon does not answer; its apps are shown as they were last.".into()] },
        left_out: 0,
    }
}

fn sparks(now: &Readings) -> Vec<Spark> {
    let seconds = now.checked_at.as_micros() as f64 / 1e6;
    let with = now.readings.iter().enumerate().filter(|(_, reading)| reading.status != Status::Shown);
    with.map(|(index, reading)| {
        let (_, _, _, base, swing, ..) = ROWS[index];
        let rising = reading.signal.as_str() == "host.memory.used" && reading.status == Status::Critical;
        let point = |step: u16| {
            let ago = f32::from(59 - step) * 5.0;
            let value = wave(index, seconds - f64::from(ago), base, swing);
            (ago, if rising { 61.0 + (value - 61.0) * f64::from(step) / 59.0 } else { value })
        };
        Spark { subject: reading.subject.clone(), signal: reading.signal.clone(), points: (0..60).map(point).collect() }
    })
    .collect()
}

fn breach(severity: Severity, since: Timestamp) -> Option<Breach> {
    Some(Breach {
        key: BreachKey { subject: "host:web-1".parse().ok()?, signal: "host.memory.used".parse().ok()? },
        severity,
        crossing: Crossing::Above { level: if severity == Severity::Critical { 95.0 } else { 85.0 } },
        since,
        severity_since: since,
        fired_at: since.plus(Span::from_mins(2)),
        unsteady: false,
        easing: None,
        unheard: None,
        value: 96.0,
        value_at: since.plus(Span::from_mins(2)),
        peak: 97.1,
        unit: "%".parse().ok()?,
        usual: Some(61.0),
        per_minute: Some(1.0),
        limit_in_seconds: Some(420.0),
        guidance: Guidance {
            meaning: "Programs are about to be stopped by the kernel for want of memory.".into(),
            runbook: "memory-is-running-out".into(),
            commands: vec!["restart-app".into(), "show-largest-processes".into()],
        },
    })
}

fn incident(number: u32, cause: &str, severity: Severity, opened_at: Timestamp) -> Option<Incident> {
    let began_at = opened_at.minus(Span::from_mins(2));
    let mut incident = Incident {
        id: uuid::Uuid::from_u128(u128::from(number) + 0x0190_0000_0000_7000_8000_0000_0000_0000),
        number: IncidentNumber(number),
        cause: cause.parse().ok()?,
        severity,
        state: State::Detected,
        breaches: vec![IncidentBreach::holding(breach(severity, began_at)?)],
        began_at,
        opened_at,
        updated_at: opened_at,
        quiet_since: None,
        reopened: 0,
        acknowledged: None,
        touched_by_person: false,
        resolution_offered: false,
        resolution: None,
        flood: false,
        summary: Summary::default(),
        snapshots: 0,
    };
    incident.summary = Summary::compose(&incident, Span::from_mins(5));
    Some(incident)
}

fn snapshot(at: Timestamp) -> Snapshot {
    let process = |name: &str, pid, memory, cpu| ProcessFact { name: name.into(), pid, memory, cpu };
    Snapshot {
        at,
        breaches: breach(Severity::Critical, at).into_iter().collect(),
        courses: Vec::new(),
        by_memory: vec![process("node", 4121, 3_900_000_000, 31.0), process("postgres", 811, 900_000_000, 4.0)],
        by_cpu: vec![process("node", 4121, 3_900_000_000, 31.0)],
        disks: vec![DiskFact { mount: "/".into(), total: 80_000_000_000, available: 31_000_000_000 }],
        journal: vec![(41, at.minus(Span::from_mins(9)), "document_in_force".into())],
        head: Head::EMPTY,
        thresholds_sha256: "5f2c9a1e77d04b1286c0".repeat(3),
        left_out: 3,
    }
}

impl Demo {
    fn new(calm: bool) -> Self {
        let demo = Self {
            world: Mutex::new(World { entries: Vec::new(), incidents: Vec::new(), started: now() }),
            sender: broadcast::channel(256).0,
        };
        let at = now();
        let past = (1..=30).filter_map(|number: u32| {
            let opened = at.minus(Span::from_secs(86_400 * u64::from(31 - number)));
            let severity = if number.is_multiple_of(3) { Severity::Critical } else { Severity::Warning };
            Some((incident(number, "disk:/var@web-1", severity, opened)?, opened))
        });
        for (incident, opened) in past {
            let number = incident.number;
            demo.record(opened, Actor::Agent, Event::IncidentOpened { incident: Box::new(incident) });
            demo.record(
                opened.plus(Span::from_mins(14)),
                Actor::Agent,
                Event::Moved { incident: number, from: State::Detected, step: Step::Quiet, to: State::Recovering },
            );
            demo.record(
                opened.plus(Span::from_mins(19)),
                Actor::Agent,
                Event::Resolved { incident: number, step: Step::StayedQuiet, note: None },
            );
        }
        if let (false, Some(active)) = (calm, incident(31, "host:web-1", Severity::Critical, at.minus(Span::from_mins(8)))) {
            let opened = active.opened_at;
            demo.record(opened, Actor::Agent, Event::IncidentOpened { incident: Box::new(active) });
            demo.record(opened, Actor::Agent, Event::SnapshotSaved { incident: IncidentNumber(31), snapshot: Box::new(snapshot(opened)) });
        }
        demo
    }

    fn record(&self, at: Timestamp, actor: Actor, event: Event) {
        let Ok(mut world) = self.world.lock() else {
            return;
        };
        let number = world.entries.len() as u64 + 1;
        let about = event.incident();
        let index = world.incidents.iter().position(|incident| Some(incident.number) == about);
        let mut state = index.map(|index| world.incidents.remove(index));
        if incident::apply(&mut state, &event, actor, at).is_err() {
            eprintln!("entry {number} does not fit");
        }
        if let Some(known) = &mut state {
            known.summary = Summary::compose(known, Span::from_mins(5));
        }
        world.incidents.extend(state);
        world.incidents.sort_by_key(|incident| incident.number);
        let entry = Entry { number, at, actor, event: Some(event) };
        world.entries.push(entry.clone());
        let _ = self.sender.send((number, at, entry));
    }

    fn cursor(&self) -> Cursor {
        Cursor { epoch: 1, number: self.world.lock().map_or(0, |world| world.entries.len() as u64) }
    }

    fn cards(&self, wanted: impl Fn(&Incident) -> bool) -> Vec<IncidentCard> {
        let cards = |world: &World| world.incidents.iter().rev().filter(|incident| wanted(incident)).map(IncidentCard::from).collect();
        self.world.lock().map_or_else(|_| Vec::new(), |world| cards(&world))
    }

    fn calm(&self) -> bool {
        self.cards(Incident::is_active).is_empty()
    }

    fn health(&self) -> Health {
        let now = readings(self.calm());
        Health {
            cursor: self.cursor(),
            head: Head { number: self.cursor().number, hash: Hash([0xa7; 32]) },
            sparks: sparks(&now),
            active: self.cards(Incident::is_active),
            blind: vec![rules::view::BlindSpan {
                from: now.checked_at.minus(Span::from_mins(190)),
                to: now.checked_at.minus(Span::from_mins(187)),
                why: rules::journal::BlindReason::NotRunning,
            }],
            documents: vec![DocumentState {
                name: "alerts/thresholds.md".into(),
                sha256: "5f2c9a1e77d04b12".repeat(4),
                since: self.world.lock().map_or_else(|_| now.checked_at, |world| world.started),
                error: (!self.calm()).then(|| {
                    "error: '9x' is not a number\n --> alerts/thresholds.md:14:32\n   |\n14 | | host.memory.used | 85 | 9x |\n   |                          ^^\n   = expected a number such as 95".to_owned()
                }),
            }],
            version: "0.1.0".into(),
            now,
        }
    }

    fn page(&self, number: IncidentNumber) -> Option<IncidentPage> {
        let cursor = self.cursor();
        let world = self.world.lock().ok()?;
        let incident = world.incidents.iter().find(|incident| incident.number == number)?.clone();
        let about = |entry: &&Entry| entry.event.as_ref().and_then(Event::incident) == Some(number);
        let timeline = world.entries.iter().filter(about).cloned().collect();
        let from = incident.opened_at.minus(Span::from_mins(15));
        let point = |step: u64| {
            let value = 61.0 + 35.0 / (1.0 + (-(step as f64 - 150.0) / 18.0).exp()) + (step as f64 / 3.0).sin();
            CoursePoint { at: from.plus(Span::from_secs(step * 5)), min: value - 1.5, mean: value, max: value + 1.5 }
        };
        Some(IncidentPage {
            cursor,
            timeline,
            snapshots: vec![snapshot(incident.opened_at)],
            courses: vec![CoursePage {
                subject: "host:web-1".parse().ok()?,
                signal: "host.memory.used".parse().ok()?,
                unit: "%".parse().ok()?,
                warning: Some(85.0),
                critical: Some(95.0),
                points: (0..270).map(point).collect(),
            }],
            incident,
        })
    }

    fn history(&self, filter: &HistoryFilter) -> History {
        let fits = |incident: &Incident| {
            filter.before.is_none_or(|before| incident.number < before)
                && filter.severity.is_none_or(|severity| incident.severity == severity)
                && filter.subject.as_ref().is_none_or(|subject| incident.cause.as_str().starts_with(subject.as_str()))
        };
        let mut incidents = self.cards(fits);
        let more = incidents.len() > 25;
        incidents.truncate(25);
        let next = incidents.last().filter(|_| more).map(|card| card.number);
        History { cursor: self.cursor(), incidents, next }
    }

    fn answer(&self, query: Query) -> Result<Answer, Refusal> {
        let missing = |what: String| Refusal::NotFound { what };
        Ok(match query {
            Query::Health => Answer::Health(Box::new(self.health())),
            Query::Incidents => {
                let mut resolved = self.cards(|incident| !incident.is_active());
                resolved.truncate(10);
                Answer::Incidents(Box::new(Incidents { cursor: self.cursor(), active: self.cards(Incident::is_active), resolved }))
            }
            Query::Incident { incident } => {
                Answer::Incident(Box::new(self.page(incident).ok_or_else(|| missing(format!("incident {incident}")))?))
            }
            Query::IncidentById { id } => {
                let found = self.cards(|incident| incident.id == id).first().map(|card| card.number);
                Answer::Number(rules::view::Number { number: found.ok_or_else(|| missing("such incident".into()))? })
            }
            Query::History { filter } => Answer::History(Box::new(self.history(&filter))),
            Query::Document { name } => Answer::Document(Box::new(Document { name, markdown: GUIDE.into() })),
            Query::Course { .. } | Query::Journal { .. } => return Err(missing("such thing in the preview".into())),
        })
    }

    fn carry_out(&self, actor: Actor, command: &Command) -> Result<Done, Refusal> {
        let (Command::Acknowledge { incident }
        | Command::Comment { incident, .. }
        | Command::Resolve { incident, .. }
        | Command::Reopen { incident, .. }) = command
        else {
            return Err(Refusal::Forbidden { actor });
        };
        let found = self.world.lock().ok().and_then(|world| world.incidents.iter().find(|known| known.number == *incident).cloned());
        let found = found.ok_or_else(|| Refusal::NotFound { what: format!("incident {incident}") })?;
        for event in desk::decide(&found, command)? {
            self.record(now(), actor, event);
        }
        Ok(Done { cursor: self.cursor() })
    }
}

struct Door(Arc<Demo>);

impl Desk for Door {
    fn act(&self, actor: Actor, command: Command) -> DeskFuture<Done> {
        let demo = Arc::clone(&self.0);
        Box::pin(async move { demo.carry_out(actor, &command) })
    }

    fn ask(&self, _actor: Actor, query: Query) -> DeskFuture<Answer> {
        let demo = Arc::clone(&self.0);
        Box::pin(async move { demo.answer(query) })
    }
}

fn events(demo: &Arc<Demo>) -> impl Stream<Item = Result<Sent, Infallible>> + use<> {
    let hello = Sent::default().event("hello").data(format!("{{\"cursor\":\"{}\"}}", demo.cursor()));
    let journal = stream::unfold(demo.sender.subscribe(), |mut receiver| async move {
        let (number, _, entry) = receiver.recv().await.ok()?;
        let event = Sent::default().event("journal").id(format!("1:{number}")).data(serde_json::to_string(&entry).ok()?);
        Some((event, receiver))
    });
    let demo = Arc::clone(demo);
    let health = stream::unfold(demo, |demo| async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let event = Sent::default().event("health").data(serde_json::to_string(&readings(demo.calm())).ok()?);
        Some((event, demo))
    });
    stream::once(async move { hello }).chain(stream::select(journal, health)).map(Ok)
}

async fn file(folder: PathBuf, name: String) -> impl IntoResponse {
    let kind = match name.rsplit_once('.') {
        Some((_, "js")) => "text/javascript",
        Some((_, "wasm")) => "application/wasm",
        Some((_, "css")) => "text/css",
        Some((_, "svg")) => "image/svg+xml",
        Some(_) | None => "application/octet-stream",
    };
    match tokio::fs::read(folder.join(name)).await {
        Ok(bytes) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "pkg".into()));
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:3900".into());
    let demo = Arc::new(Demo::new(arguments.next().as_deref() == Some("calm")));
    let desk: SharedDesk = Arc::new(Door(Arc::clone(&demo)));
    let options = LeptosOptions::builder().output_name("calm-ops").build();
    let context = move || {
        provide_context(Arc::clone(&desk));
        provide_context(Actor::Local);
    };
    let (icons, shell_options) = (folder.join("icons"), options.clone());
    let routes = generate_route_list(app::App);
    let pages = Router::<LeptosOptions>::new()
        .leptos_routes_with_context(&options, routes, context.clone(), {
            let options = options.clone();
            move || app::shell(options.clone())
        })
        .fallback(leptos_axum::render_app_async_with_context(context, move || app::shell(shell_options.clone())))
        .with_state(options);
    let router = Router::new()
        .route("/pkg/{name}", get(move |Path(name): Path<String>| file(folder.clone(), name)))
        .route("/icons/{name}", get(move |Path(name): Path<String>| file(icons.clone(), name)))
        .route("/api/ops/events", get(move || async move { Sse::new(events(&demo)).keep_alive(KeepAlive::default()) }))
        .fallback_service(pages);
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("demonstration data on http://{address}");
    Ok(axum::serve(listener, router).await?)
}
