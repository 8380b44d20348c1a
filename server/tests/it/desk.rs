//! The desk: who may do what, what a change leads to, and what is read.

use std::sync::Arc;

use app::desk::Desk as _;
use commands::{
    accounts::{Change, PasswordHash, SecretHash},
    audit::AuditFilter,
    command::Command,
    query::{Answer, HistoryFilter, Query},
    sharing::{Audience, Parts, ShareRequest, token_hash},
};
use domain::{
    access::{Principal, Role},
    error::Error,
    id::{AccountId, IncidentNumber, SessionId, ShareId},
    journal::{Cursor, Event},
    time::Span,
};
use futures::StreamExt as _;
use server::{
    board::Board,
    clock::Clock,
    desk::Desk,
    live::Live,
    store::{SqliteStore, Store},
};
use tokio_util::sync::CancellationToken;

fn opened(number: u32, clock: Clock) -> Event {
    fixtures::incident(number).began(clock.now().wall).opening()
}

async fn desk(directory: &tempfile::TempDir) -> (Arc<Desk>, Arc<Live>, Clock) {
    let store = Arc::new(SqliteStore::open(&directory.path().join("calm-ops.db")).await.unwrap());
    let (live, clock) = (Live::new(Cursor { epoch: 1, number: 0 }, 10), Clock::start());
    (
        Desk::new(store, Arc::new(Board::default()), Arc::clone(&live), Arc::default(), clock),
        live,
        clock,
    )
}

fn record(events: Vec<Event>) -> Command {
    Command::Record { events, monitor: None }
}

async fn health(desk: &Desk) -> commands::view::Health {
    let Answer::Health(health) = desk.ask(Principal::Local, Query::Health).await.unwrap() else {
        panic!("another answer")
    };
    *health
}

#[tokio::test]
async fn a_change_is_seen_at_once_by_readers_stream_and_monitor() {
    let directory = tempfile::tempdir().unwrap();
    let (desk, live, clock) = desk(&directory).await;
    let (mut changed, mut entries) = (desk.changed(), desk.subscribe());
    assert!(health(&desk).await.active.is_empty());
    let one = IncidentNumber(1);

    let done =
        desk.act(Principal::Agent, record(vec![opened(1, clock), opened(2, clock)])).await.unwrap();
    assert_eq!((done.cursor, live.head()), (Cursor { epoch: 1, number: 2 }, done.cursor));
    assert_eq!(entries.recv().await.unwrap().len(), 2);
    assert!(!changed.has_changed().unwrap(), "only what a person does wakes the monitor");
    let page = health(&desk).await;
    assert_eq!((page.active.len(), page.cursor, page.head.number), (2, done.cursor, 2));

    desk.act(Principal::Local, Command::Acknowledge { incident: one }).await.unwrap();
    changed.changed().await.unwrap();
    let page = health(&desk).await;
    assert!(page.active.iter().any(|card| card.number == one && card.acknowledged));

    let note = "a leak".to_owned();
    desk.act(Principal::Local, Command::Resolve { incident: one, note }).await.unwrap();
    let Answer::Incidents(list) = desk.ask(Principal::Local, Query::Incidents).await.unwrap()
    else {
        panic!("another answer")
    };
    assert_eq!((list.active.len(), list.resolved[0].number, list.cursor), (1, one, live.head()));
    let filter = HistoryFilter { text: Some("leak".to_owned()), ..HistoryFilter::default() };
    let Answer::History(found) =
        desk.ask(Principal::Local, Query::History { filter }).await.unwrap()
    else {
        panic!("another answer")
    };
    assert_eq!((found.incidents.len(), found.next), (1, None));
    let Answer::Incident(page) =
        desk.ask(Principal::Local, Query::Incident { incident: one }).await.unwrap()
    else {
        panic!("another answer")
    };
    assert_eq!(page.timeline.len(), 3);
}

#[tokio::test]
async fn what_an_actor_may_not_do_and_what_does_not_fit_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (desk, live, clock) = desk(&directory).await;
    let one = IncidentNumber(1);
    desk.act(Principal::Agent, record(vec![opened(1, clock)])).await.unwrap();
    let before = live.head();
    let refused = async |actor, command| desk.act(actor, command).await.unwrap_err();
    assert_eq!(
        refused(Principal::Local, record(vec![])).await,
        Error::Forbidden { needs: "Calm Ops itself".to_owned() }
    );
    assert_eq!(
        refused(Principal::Agent, Command::Acknowledge { incident: one }).await,
        Error::Forbidden { needs: "a person".to_owned() }
    );
    let unknown = Command::Acknowledge { incident: IncidentNumber(7) };
    assert_eq!(
        refused(Principal::Local, unknown).await,
        Error::NotFound { what: "incident 7".to_owned() }
    );
    let subject = "host:nowhere".parse().unwrap();
    assert!(matches!(
        refused(Principal::Local, Command::RetireSubject { subject }).await,
        Error::NotFound { .. }
    ));
    assert!(matches!(
        refused(Principal::Agent, record(vec![opened(1, clock)])).await,
        Error::Conflict { .. }
    ));
    let reopen = Command::Reopen { incident: one, note: String::new() };
    assert!(matches!(refused(Principal::Local, reopen).await, Error::Conflict { .. }));
    assert_eq!(live.head(), before);
    // A subject of an active incident can be retired.
    let subject = "host:web-1".parse().unwrap();
    desk.act(Principal::Local, Command::RetireSubject { subject }).await.unwrap();
    assert_eq!(live.head().number, before.number + 1);
}

fn account(id: u32, role: Role) -> Principal {
    Principal::Account {
        id: AccountId(id),
        role,
        session: SessionId(1),
        recently_authenticated: true,
    }
}

#[tokio::test]
async fn an_author_takes_a_comment_back_and_an_owner_removes_what_others_wrote() {
    let directory = tempfile::tempdir().unwrap();
    let (desk, live, clock) = desk(&directory).await;
    let one = IncidentNumber(1);
    desk.act(Principal::Agent, record(vec![opened(1, clock)])).await.unwrap();
    let (ada, bo, owner) =
        (account(7, Role::Responder), account(8, Role::Approver), account(9, Role::Owner));
    for text in ["first", "second"] {
        desk.act(ada.clone(), Command::Comment { incident: one, text: text.into() }).await.unwrap();
    }
    desk.act(ada.clone(), Command::Resolve { incident: one, note: "hunter2".into() })
        .await
        .unwrap();
    let redact = |entry| Command::Redact { entry, reason: "a password".into() };
    let refused = async |caller: &Principal, entry| {
        desk.act(caller.clone(), redact(entry)).await.unwrap_err()
    };
    let before = live.head();
    assert_eq!(
        refused(&bo, 2).await,
        Error::Forbidden { needs: "an owner, or whoever wrote the comment".into() }
    );
    assert_eq!(
        refused(&Principal::Local, 2).await,
        Error::Forbidden { needs: "an owner, or whoever wrote the comment".into() }
    );
    assert_eq!(refused(&ada, 4).await, Error::Forbidden { needs: "an owner".into() });
    assert_eq!(refused(&Principal::Nobody, 2).await, Error::SignIn);
    assert!(matches!(refused(&Principal::Agent, 2).await, Error::Forbidden { .. }));
    assert!(matches!(refused(&owner, 1).await, Error::Conflict { .. }), "what happened stays");
    assert!(matches!(refused(&owner, 77).await, Error::NotFound { .. }));
    assert_eq!(live.head(), before);

    let mut stream = live
        .open(Some(before), directory_store(&directory).await, CancellationToken::new())
        .unwrap()
        .boxed();
    desk.act(ada, redact(2)).await.unwrap();
    desk.act(owner.clone(), redact(3)).await.unwrap();
    desk.act(owner.clone(), redact(4)).await.unwrap();
    // What is at hand has lost the words as well.
    let Answer::Incidents(list) = desk.ask(owner.clone(), Query::Incidents).await.unwrap() else {
        panic!("another answer")
    };
    assert_eq!(list.resolved.len(), 1);
    let Answer::Incident(page) =
        desk.ask(owner.clone(), Query::Incident { incident: one }).await.unwrap()
    else {
        panic!("another answer")
    };
    assert!(!serde_json::to_string(&page).unwrap().contains("hunter2"));
    assert_eq!(page.timeline.iter().filter(|entry| entry.event.is_none()).count(), 3);
    // A page that is open hears of it.
    let mut heard = String::new();
    while heard.matches("\"event\":\"redacted\"").count() < 3 {
        heard.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
    }
    let Answer::Verified(found) = desk.ask(owner.clone(), Query::Verify).await.unwrap() else {
        panic!("another answer")
    };
    assert!(found.is_whole() && found.redacted == 3 && found.head == found.goal, "{found:?}");
    let Answer::Trail(page) =
        desk.ask(owner, Query::Trail { filter: AuditFilter::default() }).await.unwrap()
    else {
        panic!("another answer")
    };
    assert_eq!(page.verified, Some(*found));
    assert!(page.entries.iter().all(|entry| !entry.removable), "nothing is left to remove");
}

async fn directory_store(directory: &tempfile::TempDir) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(&directory.path().join("calm-ops.db")).await.unwrap())
}

#[tokio::test]
async fn a_share_link_lets_in_to_one_incident_and_to_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let (desk, _live, clock) = desk(&directory).await;
    desk.act(Principal::Agent, record(vec![opened(1, clock), opened(2, clock)])).await.unwrap();
    let wanted = ShareRequest {
        label: "Support".into(),
        until: clock.now().wall.plus(Span::from_mins(10)),
        audience: Audience::Customer,
        parts: Parts { summary: true, timeline: true, now: true },
        hosts: false,
    };
    let make = |caller| {
        let command = Command::CreateShare {
            incident: IncidentNumber(1),
            wanted: wanted.clone(),
            token_hash: token_hash("token"),
        };
        desk.act(caller, command)
    };
    assert_eq!(
        make(account(7, Role::Viewer)).await.unwrap_err(),
        Error::Forbidden { needs: "a responder".into() }
    );
    assert_eq!(
        make(account(7, Role::Responder)).await.unwrap_err(),
        Error::SignIn,
        "there is no such account any more"
    );
    let (hash, password) = (SecretHash([1; 32]), PasswordHash("none".to_owned()));
    for change in
        [Change::MakeOwnerLink { hash }, Change::Join { hash, name: "Ada".to_owned(), password }]
    {
        desk.act(Principal::System, Command::People(change)).await.unwrap();
    }
    make(account(1, Role::Responder)).await.unwrap();
    assert_eq!(desk.by_share("other", true).await.unwrap(), None);
    let caller = desk.by_share("token", true).await.unwrap().unwrap();
    let Principal::Share { id, incident } = caller else { panic!("another caller") };
    assert_eq!((id, incident), (ShareId(5), IncidentNumber(1)));
    let shared = |incident| Query::Shared { incident: IncidentNumber(incident) };
    assert!(matches!(desk.ask(caller.clone(), shared(1)).await, Ok(Answer::Shared(_))));
    for query in [
        shared(2),
        Query::Health,
        Query::Incidents,
        Query::Incident { incident },
        Query::Journal { after: 0, limit: 10 },
        Query::Trail { filter: AuditFilter::default() },
        Query::Shares { incident },
        Query::Verify,
    ] {
        assert!(
            matches!(desk.ask(caller.clone(), query.clone()).await, Err(Error::Forbidden { .. })),
            "{query:?}"
        );
    }
    for command in [
        Command::Acknowledge { incident },
        Command::RevokeShare { share: id },
        Command::Redact { entry: 1, reason: "x".into() },
    ] {
        assert!(
            matches!(desk.act(caller.clone(), command.clone()).await, Err(Error::Forbidden { .. })),
            "{command:?}"
        );
    }
    // The page of a link is for whoever holds the link.
    assert!(matches!(
        desk.ask(account(9, Role::Owner), shared(1)).await,
        Err(Error::Forbidden { .. })
    ));
    desk.act(account(8, Role::Responder), Command::RevokeShare { share: id }).await.unwrap();
    // Also for whoever was let in a moment ago.
    assert!(matches!(desk.ask(caller, shared(1)).await, Err(Error::NotFound { .. })));
    assert_eq!(desk.by_share("token", true).await.unwrap(), None);
}
