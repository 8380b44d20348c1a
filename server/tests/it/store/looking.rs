//! Whoever only looks at what is stored, beside the program that serves.

use std::process::Command;

use domain::{actor::Actor, id::IncidentNumber, incident::Incident};
use server::store::{self, About, Change, Where};

use crate::store::support::{Place, at, offer, opened, write};

pub async fn whoever_only_looks_sees_all_and_changes_nothing(place: &Place) {
    // Nothing is made where nothing is.
    assert!(store::open_to_read(&place.at).await.is_err());
    let serving = place.open_alone().await.unwrap();
    write(&*serving, 0, Actor::Agent, vec![opened(1, "host:another-host")]).await.unwrap();
    offer(&*serving, "another-host").await;

    let looking = store::open_to_read(&place.at).await.unwrap();
    let (head, number) = (serving.head().await.unwrap(), IncidentNumber(1));
    assert_eq!(looking.incident(number).await.unwrap(), serving.incident(number).await.unwrap());
    let events = vec![opened(2, "host:web-1")];
    let decide = Box::new(move |_: &[Incident]| Ok(events));
    let change = Change {
        at: at(20),
        actor: Actor::Agent,
        about: About::Nothing,
        decide,
        people: None,
        monitor: None,
    };
    assert!(looking.change(change).await.is_err(), "it may not write");

    // The program of a user, asked for what is for another host: it finds it, says all of it, and
    // refuses.
    let data = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_calm-ops"));
    program
        .args(["run", "--dry-run", "1-1", "--data-dir"])
        .env_remove("DATABASE_URL")
        .env("PM2_HOME", data.path());
    match &place.at {
        Where::Sqlite { path } => program.arg(path.parent().unwrap()),
        Where::Postgres { url } => program.arg(data.path()).env("DATABASE_URL", url),
    };
    let output = program.output().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{out}{err}");
    assert!(out.contains("Recommendation 1-1: ") && out.contains("expired at"), "{out}");
    assert!(err.contains("It is for the host another-host"), "{err}");
    assert_eq!(serving.head().await.unwrap(), head);

    // Of an older schema nothing is guessed, and it is left as it is.
    let newest = "(SELECT MAX(version) FROM _sqlx_migrations)";
    let older = format!("DELETE FROM _sqlx_migrations WHERE version = {newest}");
    place.attack(&older, &older).await.unwrap();
    let Err(refused) = store::open_to_read(&place.at).await else { panic!("it is read") };
    assert!(refused.to_string().contains("older Calm Ops"), "{refused}");
    // Whoever would fill it with generated data changes nothing either.
    let mut program = Command::new(env!("CARGO_BIN_EXE_calm-ops"));
    program.args(["simulate", "history", "--data-dir"]).env_remove("DATABASE_URL");
    match &place.at {
        Where::Sqlite { path } => program.arg(path.parent().unwrap()),
        Where::Postgres { url } => {
            program.arg(data.path()).arg("--into-database").env("DATABASE_URL", url)
        }
    };
    let output = program.output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("the database is not empty"), "{err}");
    let Err(refused) = store::open_to_read(&place.at).await else { panic!("it was migrated") };
    assert!(refused.to_string().contains("older Calm Ops"), "{refused}");
}
