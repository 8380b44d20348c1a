//! The desk: who may do what, what a change leads to, and what is read.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::sync::Arc;

use app::desk::Desk as _;
use rules::{
    desk::{Answer, Command, HistoryFilter, Query, Refusal},
    incident::{Incident, IncidentNumber},
    journal::{Cursor, Event},
    lifecycle::State,
    people::Caller,
    summary::Summary,
    words::Severity,
};
use server::{board::Board, clock::Clock, desk::Desk, live::Live, store::SqliteStore};

fn opened(number: u32, clock: Clock) -> Event {
    let now = clock.now().wall;
    Event::IncidentOpened {
        incident: Box::new(Incident {
            id: uuid::Uuid::from_u128(u128::from(number)),
            number: IncidentNumber(number),
            cause: "host:web-1".parse().unwrap(),
            severity: Severity::Warning,
            state: State::Detected,
            breaches: Vec::new(),
            began_at: now,
            opened_at: now,
            updated_at: now,
            quiet_since: None,
            reopened: 0,
            acknowledged: None,
            touched_by_person: false,
            resolution_offered: false,
            resolution: None,
            flood: false,
            summary: Summary::default(),
            snapshots: 0,
            recommendations: Vec::new(),
        }),
    }
}

async fn desk(directory: &tempfile::TempDir) -> (Arc<Desk>, Arc<Live>, Clock) {
    let store = Arc::new(SqliteStore::open(&directory.path().join("calm-ops.db")).await.unwrap());
    let (live, clock) = (Live::new(Cursor { epoch: 1, number: 0 }, 10), Clock::start());
    (Desk::new(store, Arc::new(Board::default()), Arc::clone(&live), Arc::default(), clock), live, clock)
}

fn record(events: Vec<Event>) -> Command {
    Command::Record { events, monitor: None }
}

async fn health(desk: &Desk) -> rules::view::Health {
    let Answer::Health(health) = desk.ask(Caller::Local, Query::Health).await.unwrap() else { panic!("another answer") };
    *health
}

#[tokio::test]
async fn a_change_is_seen_at_once_by_readers_stream_and_monitor() {
    let directory = tempfile::tempdir().unwrap();
    let (desk, live, clock) = desk(&directory).await;
    let (mut changed, mut entries) = (desk.changed(), desk.subscribe());
    assert!(health(&desk).await.active.is_empty());
    let one = IncidentNumber(1);

    let done = desk.act(Caller::Agent, record(vec![opened(1, clock), opened(2, clock)])).await.unwrap();
    assert_eq!((done.cursor, live.head()), (Cursor { epoch: 1, number: 2 }, done.cursor));
    assert_eq!(entries.recv().await.unwrap().len(), 2);
    assert!(!changed.has_changed().unwrap(), "only what a person does wakes the monitor");
    let page = health(&desk).await;
    assert_eq!((page.active.len(), page.cursor, page.head.number), (2, done.cursor, 2));

    desk.act(Caller::Local, Command::Acknowledge { incident: one }).await.unwrap();
    changed.changed().await.unwrap();
    let page = health(&desk).await;
    assert!(page.active.iter().any(|card| card.number == one && card.acknowledged));

    let note = "a leak".to_owned();
    desk.act(Caller::Local, Command::Resolve { incident: one, note }).await.unwrap();
    let Answer::Incidents(list) = desk.ask(Caller::Local, Query::Incidents).await.unwrap() else { panic!("another answer") };
    assert_eq!((list.active.len(), list.resolved[0].number, list.cursor), (1, one, live.head()));
    let filter = HistoryFilter { text: Some("leak".to_owned()), ..HistoryFilter::default() };
    let Answer::History(found) = desk.ask(Caller::Local, Query::History { filter }).await.unwrap() else { panic!("another answer") };
    assert_eq!((found.incidents.len(), found.next), (1, None));
    let Answer::Incident(page) = desk.ask(Caller::Local, Query::Incident { incident: one }).await.unwrap() else {
        panic!("another answer")
    };
    assert_eq!(page.timeline.len(), 3);
}

#[tokio::test]
async fn what_an_actor_may_not_do_and_what_does_not_fit_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (desk, live, clock) = desk(&directory).await;
    let one = IncidentNumber(1);
    desk.act(Caller::Agent, record(vec![opened(1, clock)])).await.unwrap();
    let before = live.head();
    let refused = async |actor, command| desk.act(actor, command).await.unwrap_err();
    assert_eq!(refused(Caller::Local, record(vec![])).await, Refusal::Forbidden { needs: "Calm Ops itself".to_owned() });
    assert_eq!(refused(Caller::Agent, Command::Acknowledge { incident: one }).await, Refusal::Forbidden { needs: "a person".to_owned() });
    let unknown = Command::Acknowledge { incident: IncidentNumber(7) };
    assert_eq!(refused(Caller::Local, unknown).await, Refusal::NotFound { what: "incident 7".to_owned() });
    let subject = "host:nowhere".parse().unwrap();
    assert!(matches!(refused(Caller::Local, Command::RetireSubject { subject }).await, Refusal::NotFound { .. }));
    assert!(matches!(refused(Caller::Agent, record(vec![opened(1, clock)])).await, Refusal::Conflict { .. }));
    let reopen = Command::Reopen { incident: one, note: String::new() };
    assert!(matches!(refused(Caller::Local, reopen).await, Refusal::Conflict { .. }));
    assert_eq!(live.head(), before);
    // A subject of an active incident can be retired.
    let subject = "host:web-1".parse().unwrap();
    desk.act(Caller::Local, Command::RetireSubject { subject }).await.unwrap();
    assert_eq!(live.head().number, before.number + 1);
}
