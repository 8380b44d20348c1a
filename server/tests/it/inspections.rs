//! Looks at the host from an incident: who may, what is offered, what is journalled; and the looks
//! that need something real, a PM2 and a PostgreSQL.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use commands::{
    command::{Record, Redact, Resolve, RunInspection},
    reading::{GetIncident, VerifyJournal},
};
use domain::{
    access::{Principal, Role, Scope},
    actor::Actor,
    error::{Conflict, Entity, Error, Requirement},
    id::{AccountId, IncidentNumber, SessionId, TokenId},
    inspection::{Inspection, InspectionOutcome},
    journal::{Cursor, Event},
    subject::Subject,
};
use server::{
    clock::Clock,
    collectors::{
        Collector as _,
        pm2::{Pm2Collector, Seen},
    },
    current_status::CurrentStatus,
    exec::Runner,
    inspections::Place,
    opening_evidence,
    service::Service,
    store::{PostgresStore, SqliteStore, Store},
    stream::Live,
};
use tokio_util::sync::CancellationToken;

use crate::{collect_pm2::Daemon, postgres_server::Server};

const ONE: IncidentNumber = IncidentNumber(1);

/// A service on the host `web-1`, in a folder of its own.
struct Bench {
    folder: tempfile::TempDir,
    service: Arc<Service>,
    store: Arc<dyn Store>,
    clock: Clock,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("calm-ops.db")).await.unwrap();
        Self::with(folder, Arc::new(store))
    }

    fn with(folder: tempfile::TempDir, store: Arc<dyn Store>) -> Self {
        let clock = Clock::start();
        let live = Live::new(Cursor { epoch: 1, number: 0 }, 10, clock.now().wall);
        let board = Arc::new(CurrentStatus::default());
        let service = Service::new(Arc::clone(&store), board, live, Arc::default(), clock);
        Self { folder, service, store, clock }
    }

    fn place(&self) -> Place {
        Place {
            host: "web-1".to_owned(),
            apps: None,
            pm2_home: None,
            runner: Runner::new(self.folder.path().join("runs"), self.clock).unwrap(),
            store: Arc::clone(&self.store),
            database: false,
        }
    }

    async fn open(&self, number: u32, subject: &str) {
        let breach = fixtures::breach().on(subject).build();
        let opening =
            fixtures::incident(number).of([breach]).began(self.clock.now().wall).opening();
        let record = Record { events: vec![opening], monitor: None };
        self.service.execute(Principal::Agent, record).await.unwrap();
    }

    async fn look(&self, caller: Principal, inspection: Inspection) -> Result<(), Error> {
        let look = RunInspection { incident: ONE, inspection };
        self.service.execute(caller, look).await.map(drop)
    }

    /// The looks of the first incident: who, what, and what was seen.
    async fn seen(&self) -> Vec<(u64, Actor, Inspection, InspectionOutcome)> {
        let page = self.service.execute(Principal::Local, GetIncident { incident: ONE }).await;
        let look = |entry: domain::journal::Entry| match entry.event {
            Some(Event::Inspected { inspection, outcome, .. }) => {
                Some((entry.number, entry.actor, inspection, outcome))
            }
            _ => None,
        };
        page.unwrap().timeline.into_iter().filter_map(look).collect()
    }

    async fn verified(&self) -> bool {
        let checked = self.service.execute(Principal::Local, VerifyJournal {}).await.unwrap();
        checked.is_whole()
    }
}

fn account(role: Role) -> Principal {
    Principal::Account {
        id: AccountId(7),
        role,
        session: SessionId(1),
        recently_authenticated: true,
    }
}

fn text(outcome: &InspectionOutcome) -> String {
    match outcome {
        InspectionOutcome::Seen { lines, notes, .. } => {
            [lines.join("\n"), notes.join("\n")].join("\n")
        }
        InspectionOutcome::Failed { why } => panic!("{why}"),
    }
}

#[tokio::test]
async fn a_responder_looks_and_it_is_journalled_and_nobody_else_does() {
    let bench = Bench::new().await;
    bench.open(1, "host:web-1").await;
    let top = || Inspection::TopProcesses;
    assert_eq!(
        bench.look(account(Role::Responder), top()).await.unwrap_err(),
        Conflict::NotOffered(ONE).into(),
        "a program that does not know its host offers nothing"
    );
    bench.service.inspections().set_place(bench.place());
    let page =
        bench.service.execute(Principal::Local, GetIncident { incident: ONE }).await.unwrap();
    assert_eq!(
        page.inspections,
        [Inspection::TopProcesses, Inspection::OutOfMemory, Inspection::ListeningSockets]
    );
    let before = bench.store.head().await.unwrap();
    let token = |scope| Principal::Token { id: TokenId(3), scopes: [scope].into() };
    for (caller, error) in [
        (account(Role::Viewer), Error::Forbidden(Requirement::Role(Role::Responder))),
        (token(Scope::Read), Error::Forbidden(Requirement::Scope(Scope::Respond))),
        (Principal::Nobody, Error::SignIn),
        (Principal::Agent, Error::Forbidden(Requirement::Person)),
    ] {
        assert_eq!(bench.look(caller, top()).await.unwrap_err(), error);
    }
    // What is not about the incident is not looked at, whatever a caller names.
    let disk: Subject = "disk:/@web-1".parse().unwrap();
    let app: Subject = "app:api@web-1".parse().unwrap();
    for other in [
        Inspection::LargestFolders { disk },
        Inspection::AppErrors { app },
        Inspection::UnitErrors { unit: "ssh.service".parse().unwrap() },
        Inspection::DatabaseActivity,
    ] {
        let refused = bench.look(account(Role::Owner), other).await.unwrap_err();
        assert_eq!(refused, Conflict::NotOffered(ONE).into());
    }
    let unknown = RunInspection { incident: IncidentNumber(9), inspection: top() };
    assert_eq!(
        bench.service.execute(account(Role::Owner), unknown).await.unwrap_err(),
        Error::NotFound(Entity::Incident(IncidentNumber(9)))
    );
    assert_eq!(bench.store.head().await.unwrap(), before, "nothing was written");

    let incident = bench.store.incident(ONE).await.unwrap();
    bench.look(account(Role::Responder), top()).await.unwrap();
    let seen = bench.seen().await;
    let [(number, actor, inspection, outcome)] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!((*actor, inspection), (Actor::Account(AccountId(7)), &top()));
    assert!(text(outcome).contains("Most memory"), "{outcome:?}");
    assert_eq!(bench.store.incident(ONE).await.unwrap(), incident, "to look is not to act");
    assert!(bench.verified().await);
    let report = server::store::verify::verify(&*bench.store, None).await.unwrap();
    assert_eq!(report.head.number, *number);

    // What nobody recognized as a secret can be removed.
    let redact = Redact { entry: *number, reason: "a secret".into() };
    bench.service.execute(account(Role::Owner), redact).await.unwrap();
    assert!(bench.seen().await.is_empty());
    assert!(bench.verified().await);
    assert!(server::store::verify::verify(&*bench.store, None).await.is_ok());

    bench
        .service
        .execute(Principal::Local, Resolve { incident: ONE, note: String::new() })
        .await
        .unwrap();
    let over = bench.look(account(Role::Responder), top()).await.unwrap_err();
    assert_eq!(over, Conflict::ResolvedInspection(ONE).into());
    let page =
        bench.service.execute(Principal::Local, GetIncident { incident: ONE }).await.unwrap();
    assert!(page.inspections.is_empty());
}

#[tokio::test]
async fn an_incident_can_only_be_looked_into_so_often() {
    let bench = Bench::new().await;
    bench.service.inspections().set_place(bench.place());
    bench.open(1, "host:web-1").await;
    let look = || bench.look(Principal::Local, Inspection::ListeningSockets);
    let mut count = 0;
    let refused = loop {
        match look().await {
            Ok(()) => count += 1,
            Err(error) => break error,
        }
        assert!(count < 100);
    };
    assert_eq!(count, 12);
    assert!(matches!(refused, Error::Throttled { seconds: 1..=600 }), "{refused:?}");
    assert_eq!(bench.seen().await.len(), 12);
}

/// Apps of a real PM2, as its collector tells them.
async fn apps(daemon: &Daemon) -> Seen {
    let mut collector = Pm2Collector::new("web-1", daemon.home(), Duration::from_secs(5));
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        collector.collect(Clock::start().now().wall).await.unwrap();
        let seen = collector.seen();
        if !seen.apps().is_empty() {
            return seen;
        }
        assert!(Instant::now() < deadline, "PM2 lists no app");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn error_lines_of_an_app_are_saved_when_its_incident_opens_and_shown_without_secrets() {
    let daemon = Daemon::start();
    let script = daemon.script(
        "api.js",
        "for (let n = 0; n < 200; n++) console.error('line ' + n);\n\
         console.error('connect postgres://app:hunter2@db/app \\u001b[2J failed');\n\
         console.log('no error');\nsetInterval(() => {}, 1000);\n",
    );
    daemon.pm2(&["start", &script, "--name", "api"]);
    let bench = Bench::new().await;
    let apps = apps(&daemon).await;
    let app: Subject = "app:api@web-1".parse().unwrap();
    let log = apps.error_logs(&app, "web-1").unwrap().into_iter().next().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !std::fs::read_to_string(&log).is_ok_and(|text| text.contains("failed")) {
        assert!(Instant::now() < deadline, "the app wrote no error to {}", log.display());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let home = Some(daemon.home().to_owned());
    bench.service.inspections().set_place(Place {
        apps: Some(apps),
        pm2_home: home,
        ..bench.place()
    });
    let stop = CancellationToken::new();
    let saving =
        tokio::spawn(opening_evidence::save(Arc::clone(&bench.service), bench.clock, stop.clone()));
    bench.open(1, "app:api@web-1").await;
    let deadline = Instant::now() + Duration::from_secs(20);
    let saved = loop {
        if let Some(saved) = bench.seen().await.pop() {
            break saved;
        }
        assert!(Instant::now() < deadline, "nothing was saved");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let (_, actor, inspection, outcome) = saved;
    assert_eq!((actor, &inspection), (Actor::System, &Inspection::AppErrors { app: app.clone() }));
    let InspectionOutcome::Seen { lines, truncated, .. } = &outcome else { panic!("{outcome:?}") };
    let last = lines.last().unwrap();
    assert_eq!((lines.len(), *truncated), (50, true), "{lines:?}");
    assert!(last.contains("failed") && last.contains("@db/app"), "{last}");
    assert!(!format!("{outcome:?}").contains("hunter2") && !last.contains('\u{1b}'), "{last}");
    assert!(!text(&outcome).contains("no error"), "{outcome:?}");
    stop.cancel();
    saving.await.unwrap();

    // A link in the place of the log is not followed, and something that never ends is not waited
    // for.
    let secret = daemon.home().join("secret");
    std::fs::write(&secret, "the secret\n").unwrap();
    std::fs::remove_file(&log).unwrap();
    std::os::unix::fs::symlink(&secret, &log).unwrap();
    let look = || bench.look(account(Role::Responder), inspection.clone());
    look().await.unwrap();
    let (.., outcome) = bench.seen().await.pop().unwrap();
    assert!(
        matches!(&outcome, InspectionOutcome::Failed { why } if why.contains("symbolic link")),
        "{outcome:?}"
    );
    std::fs::remove_file(&log).unwrap();
    let mode = rustix::fs::Mode::RWXU;
    rustix::fs::mknodat(rustix::fs::CWD, &log, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    look().await.unwrap();
    let (.., outcome) = bench.seen().await.pop().unwrap();
    assert!(
        matches!(&outcome, InspectionOutcome::Failed { why } if why.contains("regular file")),
        "{outcome:?}"
    );
    assert!(bench.verified().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_and_queries_of_the_database_are_shown_without_values() {
    let server = Server::start(&["fsync=off", "shared_buffers=16MB", "max_connections=37"]);
    let url = server.fresh("inspected").await;
    let store = Arc::new(PostgresStore::connect(&url).await.unwrap());
    let bench = Bench::with(tempfile::tempdir().unwrap(), store);
    bench.service.inspections().set_place(Place { database: true, ..bench.place() });
    bench.open(1, "service:imports").await;
    let busy = {
        use sqlx::Connection as _;
        let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
        tokio::spawn(async move {
            let query = "SELECT pg_sleep(60), 'hunter2' AS planted /* hunter2 */";
            let _ = sqlx::query(query).execute(&mut connection).await;
        })
    };
    let deadline = Instant::now() + Duration::from_secs(20);
    let seen = loop {
        bench.look(Principal::Local, Inspection::DatabaseActivity).await.unwrap();
        let (.., outcome) = bench.seen().await.pop().unwrap();
        let seen = text(&outcome);
        if seen.contains("pg_sleep") {
            break seen;
        }
        assert!(Instant::now() < deadline, "the query is missing: {seen}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    busy.abort();
    assert!(seen.contains("connections of at most 37") && seen.contains("active"), "{seen}");
    assert!(seen.contains("planted") && !seen.contains("hunter2"), "{seen}");
    assert!(bench.verified().await);
}
