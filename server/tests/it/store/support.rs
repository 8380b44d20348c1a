//! A database for each case, and small things to write into it.

use std::{path::PathBuf, sync::Arc};

use domain::{
    actor::Actor,
    breach::Breach,
    id::IncidentNumber,
    incident::Incident,
    journal::{Entry, Event},
    time::Timestamp,
};
use engine::recommender::{self, Hints, Scene, Tracks};
use policy::{
    catalogue::{Catalogue, Facts, Program},
    incident_policy::IncidentPolicy,
};
use server::{
    embedded,
    store::{About, Archive, Change, PostgresStore, SqliteStore, StoreError, Where},
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

/// One empty database.
pub struct Place {
    pub at: Where,
    /// Removed at the end.
    pub directory: Option<tempfile::TempDir>,
}

impl Place {
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            at: Where::Sqlite { path: directory.path().join("calm-ops.db") },
            directory: Some(directory),
        }
    }

    pub async fn open(&self) -> Arc<dyn Archive> {
        server::store::open_archive(&self.at).await.unwrap()
    }

    pub fn path(&self) -> PathBuf {
        match &self.at {
            Where::Sqlite { path } => path.clone(),
            Where::Postgres { .. } => panic!("a file was expected"),
        }
    }

    /// Runs statements as someone with the file or the database's password would. Each is for both
    /// databases, or for one of them.
    pub async fn attack(&self, sqlite: &str, postgres: &str) -> Result<(), sqlx::Error> {
        match &self.at {
            Where::Sqlite { path } => {
                let mut connection =
                    SqliteConnection::connect(&format!("sqlite://{}", path.display())).await?;
                sqlx::raw_sql(AssertSqlSafe(sqlite)).execute(&mut connection).await?;
                connection.close().await
            }
            Where::Postgres { url } => {
                let mut connection = PgConnection::connect(url).await?;
                sqlx::raw_sql(AssertSqlSafe(postgres)).execute(&mut connection).await?;
                connection.close().await
            }
        }
    }

    /// The guards taken away first, as an attacker would.
    pub async fn harm(&self, statement: &str) {
        let sqlite = format!(
            "PRAGMA ignore_check_constraints = 1; DROP TRIGGER journal_insert; DROP TRIGGER journal_insert_head; \
             DROP TRIGGER journal_update; DROP TRIGGER journal_delete; DROP TRIGGER journal_head_update; {statement}"
        );
        let postgres = format!(
            "ALTER TABLE journal DISABLE TRIGGER USER; ALTER TABLE journal_head DISABLE TRIGGER USER; {}",
            statement.replace("X'", "'\\x")
        );
        self.attack(&sqlite, &postgres).await.unwrap();
    }

    /// Opens it as the one that serves.
    pub async fn open_alone(&self) -> Result<Box<dyn Archive>, StoreError> {
        Ok(match &self.at {
            Where::Sqlite { path } => Box::new(SqliteStore::open_alone(path).await?),
            Where::Postgres { url } => Box::new(PostgresStore::connect_alone(url).await?),
        })
    }
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_790_000_000 + seconds)
}

pub fn breach(subject: &str) -> Breach {
    let breach = fixtures::breach().on(subject).above(90.1).since(at(0)).fired(at(60));
    breach.value(93.300_000_000_000_01).peak(94.7).usual(0.1 + 0.2).build()
}

pub fn opened(number: u32, subject: &str) -> Event {
    let id = uuid::Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(number));
    fixtures::incident(number)
        .id(id)
        .of([breach(subject)])
        .began(at(0))
        .opened(at(i64::from(number)))
        .opening()
}

pub async fn write(
    store: &dyn Archive,
    seconds: i64,
    actor: Actor,
    events: Vec<Event>,
) -> Result<Vec<Entry>, StoreError> {
    let decide = Box::new(move |_: &[Incident]| Ok(events));
    store
        .change(Change {
            at: at(seconds),
            actor,
            about: About::Nothing,
            decide,
            people: None,
            monitor: None,
        })
        .await
}

/// The offers of the shipped catalogue for the incidents as they stand; for an app named `api`.
pub async fn offer(store: &dyn Archive, host: &str) {
    let catalogue = Catalogue::parse(
        "commands",
        &embedded::document("runbooks/recovery.commands.md").unwrap(),
        &[],
        server::collectors::signals(),
    )
    .unwrap();
    let facts = Facts::new()
        .with_program(Program::Pm2, "/usr/bin/pm2")
        .unwrap()
        .with_apps(["api".to_owned()]);
    let hints = Hints { app_memory: [("api".to_owned(), 1)].into(), ..Hints::default() };
    let incidents = store.recent_incidents(at(0)).await.unwrap();
    let (policy, tracks) = (IncidentPolicy::default(), Tracks::new());
    let offers = recommender::decide(Scene {
        incidents: &incidents,
        policy: &policy,
        catalogue: Some(&catalogue),
        facts: &facts,
        hints: &hints,
        tracks: &tracks,
        host,
        now: at(10),
    });
    write(store, 10, Actor::Agent, offers).await.unwrap();
}

/// A few incidents, one of them with everything that can happen.
pub async fn fill(store: &dyn Archive) {
    let one = IncidentNumber(1);
    write(store, 0, Actor::System, vec![Event::Started { version: "0.1.0".into() }]).await.unwrap();
    write(store, 1, Actor::Agent, vec![opened(1, "host:web-1"), opened(2, "disk:/var@web_2")])
        .await
        .unwrap();
    write(
        store,
        2,
        Actor::Agent,
        vec![Event::BreachJoined { incident: one, breach: Box::new(breach("service:imports")) }],
    )
    .await
    .unwrap();
    write(store, 3, Actor::Local, vec![Event::Acknowledged { incident: one }]).await.unwrap();
    write(
        store,
        4,
        Actor::Local,
        vec![Event::Commented { incident: one, text: "Restarted the Worker: 100% ok".into() }],
    )
    .await
    .unwrap();
    let step = domain::lifecycle::Step::PersonResolved;
    write(
        store,
        5,
        Actor::Local,
        vec![Event::Resolved { incident: one, step, note: Some("a leak in imports".into()) }],
    )
    .await
    .unwrap();
    write(store, 6, Actor::Local, vec![Event::Reopened { incident: one, note: None }])
        .await
        .unwrap();
}

/// Prints how long a change with one event takes on average.
pub async fn measure(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    let began = std::time::Instant::now();
    for turn in 0..500 {
        let event =
            Event::Commented { incident: IncidentNumber(1), text: format!("comment {turn}") };
        write(&*store, 9, Actor::Local, vec![event]).await.unwrap();
    }
    println!("a change with one event: {:?} on average", began.elapsed() / 500);
}
