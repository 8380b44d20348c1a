//! Ending a long query of a real database.

use std::time::Duration;

use domain::recommendation::{Recommendation, Risk, RunOutcome};
use policy::catalogue::{Facts, Values};
use sqlx::{Connection as _, PgConnection};

use crate::{
    postgres_server::Server,
    remediation::{Bench, On, Where},
};

const CATALOGUE: &str = "format: 1\n\n| command | `query-cancel` |\n| --- | --- |\n| title | End one query |\n| helps | `app.memory` |\n\
    | runs | `built-in:query-cancel {query}` |\n| {query} | a query that runs now |\n| check | - |\n| effect | The query ends with an error. |\n\
    | risk | low |\n| blast radius | Whoever asked gets an error. |\n| undo | can't be undone, because the query is over; whoever asked may ask again |\n\
    | approval | one approver |\n| runs as | Calm Ops |\n| time limit | 10 s |\n| cool-down | 1 min |\n| proof | `app.memory` within 20 min |\n";

/// A session that works on a query for long; what came of it.
async fn long_query(url: &str) -> (i32, tokio::task::JoinHandle<Result<(), sqlx::Error>>) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let pid: i32 =
        sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await.unwrap();
    let work = tokio::spawn(async move {
        let asked = sqlx::query("SELECT pg_sleep(300)").execute(&mut connection).await.map(drop);
        // The session stays.
        sqlx::query("SELECT 1").execute(&mut connection).await.unwrap();
        asked
    });
    (pid, work)
}

/// A test of a minute: only a query that has been running for that long is one that may be ended.
#[tokio::test(flavor = "multi_thread")]
async fn the_approved_query_is_ended_and_no_other() {
    let server = Server::start(&["fsync=off", "shared_buffers=16MB"]);
    let url = server.fresh("app").await;
    let (one, asked) = long_query(&url).await;
    let (other, others) = long_query(&url).await;
    // And one of somebody else's, in a database that Calm Ops uses with a role that may only look.
    let mut connection = server.connect().await;
    for statement in [
        "CREATE ROLE lesser LOGIN",
        "GRANT pg_monitor TO lesser",
        "CREATE DATABASE lesser OWNER lesser",
    ] {
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    let (third, thirds) = long_query(&server.url("lesser")).await;
    let bench = Bench::set_up(&On::This(Where::Postgres { url }), "", Risk::Low).await;
    assert_eq!(bench.store.long_queries().await.unwrap(), [], "they are young");
    let catalogue =
        policy::catalogue::Catalogue::parse("c", CATALOGUE, &[], server::collectors::signals())
            .unwrap_or_else(|refusals| panic!("{}", refusals[0]));
    let seen = loop {
        let seen = bench.store.long_queries().await.unwrap();
        if seen.len() == 2 {
            break seen;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    let (_, told) = &seen[0];
    assert_eq!(
        (told.user.as_str(), told.text.as_str()),
        ("calm", "SELECT pg_sleep(?)"),
        "{told:?}"
    );
    let id = |pid: i32| {
        seen.iter().map(|(id, _)| id).find(|id| id.starts_with(&format!("{pid}@"))).unwrap().clone()
    };
    let facts = Facts::new().with_queries([id(one), id(other)]);
    let command = catalogue.get("query-cancel").unwrap();
    let filled = command.fill(&Values::new().with("query", id(one)), &facts).unwrap();
    let recommendation = Recommendation {
        command: command.id().to_owned(),
        title: command.title().to_owned(),
        blast_radius: command.blast_radius().to_owned(),
        effect: command.effect().to_owned(),
        values: filled.values().clone(),
        argv: filled.argv().to_vec(),
        shown: filled.to_string(),
        catalogue: catalogue.version().to_owned(),
        time_limit: command.time_limit(),
        ..bench.recommendation()
    };
    bench.recovery.set_catalogue(Some(catalogue.into()));
    bench.recovery.set_facts(facts.into());
    bench.offer(recommendation).await;
    let _runs = bench.start();
    bench.approve(1).await.unwrap();
    let (ended, page) = bench.ended().await;
    assert_eq!(ended.outcome, RunOutcome::Exited { code: 0 }, "{page:?}");
    let error = asked.await.unwrap().unwrap_err();
    // 57014 is query_canceled.
    assert_eq!(
        error.as_database_error().and_then(|error| error.code()).as_deref(),
        Some("57014"),
        "{error}"
    );
    assert!(!others.is_finished(), "another one goes on");

    // A database that does not let it: that is told as what it is, and nothing was done.
    let lesser = server.url("lesser").replace("calm@", "lesser@");
    let lesser = server::store::open(&Where::Postgres { url: lesser }).await.unwrap();
    let seen = lesser.long_queries().await.unwrap();
    let (pid, started) = seen[0].0.split_once('@').unwrap();
    assert_eq!((seen.len(), pid.parse::<i32>().unwrap()), (1, third), "it sees the query");
    let told = lesser.cancel_query(pid.parse().unwrap(), started.parse().unwrap()).await.unwrap();
    assert_eq!(told, server::store::QueryCancel::NotAllowed);
    assert!(!thirds.is_finished());
    assert_eq!(
        bench
            .store
            .long_queries()
            .await
            .unwrap()
            .iter()
            .map(|(id, _)| id.clone())
            .collect::<Vec<_>>(),
        [id(other)]
    );
}
