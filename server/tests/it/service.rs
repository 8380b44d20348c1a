//! The service: who may do what, what a change leads to, and what is read.

use std::sync::Arc;

use commands::{
    account_change::{AccountChange, Join, MakeOwnerLink},
    accounts::{PasswordHash, SecretHash},
    audit::AuditFilter,
    command::{
        Acknowledge, Command, Comment, CreateShare, Record, Redact, Reopen, Resolve, RetireSubject,
        RevokeShare,
    },
    reading::{
        GetHealth, GetIncident, GetSharedPage, HistoryFilter, ListIncidents, ListShares,
        ReadJournal, SearchAudit, SearchHistory, VerifyJournal,
    },
    sharing::{Audience, Parts, ShareRequest, token_hash},
};
use domain::{
    access::{Principal, Role},
    error::{Entity, Error, Requirement},
    id::{AccountId, IncidentNumber, SessionId, ShareId},
    journal::{Cursor, Event},
    time::Span,
};
use futures::StreamExt as _;
use server::{
    clock::Clock,
    current_status::CurrentStatus,
    http::places::Holder,
    service::Service,
    store::{SqliteStore, Store},
    stream::Live,
};

fn opened(number: u32, clock: Clock) -> Event {
    fixtures::incident(number).began(clock.now().wall).opening()
}

async fn service(directory: &tempfile::TempDir) -> (Arc<Service>, Arc<Live>, Clock) {
    let store = Arc::new(SqliteStore::open(&directory.path().join("calm-ops.db")).await.unwrap());
    let (live, clock) = (
        Live::new(Cursor { epoch: 1, number: 0 }, 10, domain::time::Timestamp::default()),
        Clock::start(),
    );
    (
        Service::new(
            store,
            Arc::new(CurrentStatus::default()),
            Arc::clone(&live),
            Arc::default(),
            clock,
        ),
        live,
        clock,
    )
}

fn record(events: Vec<Event>) -> Command {
    Command::Record(Record { events, monitor: None })
}

async fn health(service: &Service) -> commands::view::Health {
    service.execute(Principal::Local, GetHealth {}).await.unwrap()
}

#[tokio::test]
async fn a_change_is_seen_at_once_by_readers_stream_and_monitor() {
    let directory = tempfile::tempdir().unwrap();
    let (service, live, clock) = service(&directory).await;
    let (mut changed, mut entries) = (service.changed(), service.subscribe());
    assert!(health(&service).await.active.is_empty());
    let one = IncidentNumber(1);

    let done = service
        .change(Principal::Agent, record(vec![opened(1, clock), opened(2, clock)]))
        .await
        .unwrap();
    assert_eq!((done.cursor, live.head()), (Cursor { epoch: 1, number: 2 }, done.cursor));
    assert_eq!(entries.recv().await.unwrap().len(), 2);
    assert!(!changed.has_changed().unwrap(), "only what a person does wakes the monitor");
    let page = health(&service).await;
    assert_eq!((page.active.len(), page.cursor, page.head.number), (2, done.cursor, 2));

    service.execute(Principal::Local, Acknowledge { incident: one }).await.unwrap();
    changed.changed().await.unwrap();
    let page = health(&service).await;
    assert!(page.active.iter().any(|card| card.number == one && card.acknowledged));

    let note = "a leak".to_owned();
    service.execute(Principal::Local, Resolve { incident: one, note }).await.unwrap();
    let list = service.execute(Principal::Local, ListIncidents {}).await.unwrap();
    assert_eq!((list.active.len(), list.resolved[0].number, list.cursor), (1, one, live.head()));
    let filter = HistoryFilter { text: Some("leak".to_owned()), ..HistoryFilter::default() };
    let found = service.execute(Principal::Local, SearchHistory { filter }).await.unwrap();
    assert_eq!((found.incidents.len(), found.next), (1, None));
    let page = service.execute(Principal::Local, GetIncident { incident: one }).await.unwrap();
    assert_eq!(page.timeline.len(), 3);
}

#[tokio::test]
async fn what_is_stored_is_not_told_from_memory_while_the_database_is_away() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("calm-ops.db");
    let store = Arc::new(SqliteStore::open(&file).await.unwrap());
    let live = Live::new(Cursor { epoch: 1, number: 0 }, 10, domain::time::Timestamp::default());
    let (board, clock) = (Arc::new(CurrentStatus::default()), Clock::start());
    let service = Service::new(store.clone(), board, live, Arc::default(), clock);
    assert_eq!(service.stored().await, Some((Vec::new(), 0)));
    service.change(Principal::Agent, record(vec![opened(1, clock)])).await.unwrap();
    let (active, number) = service.stored().await.unwrap();
    assert_eq!((active.len(), number), (1, 1));
    store.close().await;
    assert_eq!(service.stored().await, None);
    assert_eq!(service.active().await, Some(active), "the public health tells what it knew last");
}

#[tokio::test]
async fn what_an_actor_may_not_do_and_what_does_not_fit_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (service, live, clock) = service(&directory).await;
    let one = IncidentNumber(1);
    service.change(Principal::Agent, record(vec![opened(1, clock)])).await.unwrap();
    let before = live.head();
    let refused = async |actor, command| service.change(actor, command).await.unwrap_err();
    assert_eq!(
        refused(Principal::Local, record(vec![])).await,
        Error::Forbidden(Requirement::CalmOps)
    );
    assert_eq!(
        refused(Principal::Agent, Command::Acknowledge(Acknowledge { incident: one })).await,
        Error::Forbidden(Requirement::Person)
    );
    let unknown = Command::Acknowledge(Acknowledge { incident: IncidentNumber(7) });
    assert_eq!(
        refused(Principal::Local, unknown).await,
        Error::NotFound(Entity::Incident(IncidentNumber(7)))
    );
    let subject = "host:nowhere".parse().unwrap();
    assert!(matches!(
        refused(Principal::Local, Command::RetireSubject(RetireSubject { subject })).await,
        Error::NotFound(_)
    ));
    assert!(matches!(
        refused(Principal::Agent, record(vec![opened(1, clock)])).await,
        Error::Conflict(_)
    ));
    let reopen = Command::Reopen(Reopen { incident: one, note: String::new() });
    assert!(matches!(refused(Principal::Local, reopen).await, Error::Conflict(_)));
    assert_eq!(live.head(), before);
    // A subject of an active incident can be retired.
    let subject = "host:web-1".parse().unwrap();
    service.execute(Principal::Local, RetireSubject { subject }).await.unwrap();
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
    let (service, live, clock) = service(&directory).await;
    let one = IncidentNumber(1);
    service.change(Principal::Agent, record(vec![opened(1, clock)])).await.unwrap();
    let (ada, bo, owner) =
        (account(7, Role::Responder), account(8, Role::Approver), account(9, Role::Owner));
    for text in ["first", "second"] {
        service.execute(ada.clone(), Comment { incident: one, text: text.into() }).await.unwrap();
    }
    service.execute(ada.clone(), Resolve { incident: one, note: "hunter2".into() }).await.unwrap();
    let redact = |entry| Command::Redact(Redact { entry, reason: "a password".into() });
    let refused = async |caller: &Principal, entry| {
        service.change(caller.clone(), redact(entry)).await.unwrap_err()
    };
    let before = live.head();
    assert_eq!(refused(&bo, 2).await, Error::Forbidden(Requirement::OwnerOrAuthor));
    assert_eq!(refused(&Principal::Local, 2).await, Error::Forbidden(Requirement::OwnerOrAuthor));
    assert_eq!(refused(&ada, 4).await, Error::Forbidden(Requirement::Role(Role::Owner)));
    assert_eq!(refused(&Principal::Nobody, 2).await, Error::SignIn);
    assert!(matches!(refused(&Principal::Agent, 2).await, Error::Forbidden(_)));
    assert!(matches!(refused(&owner, 1).await, Error::Conflict(_)), "what happened stays");
    assert!(matches!(refused(&owner, 77).await, Error::NotFound(_)));
    assert_eq!(live.head(), before);

    let mut stream = live
        .open(Holder::Proxy, Some(before), None, directory_store(&directory).await)
        .unwrap()
        .boxed();
    service.change(ada, redact(2)).await.unwrap();
    service.change(owner.clone(), redact(3)).await.unwrap();
    service.change(owner.clone(), redact(4)).await.unwrap();
    // What is at hand has lost the words as well.
    let list = service.execute(owner.clone(), ListIncidents {}).await.unwrap();
    assert_eq!(list.resolved.len(), 1);
    let page = service.execute(owner.clone(), GetIncident { incident: one }).await.unwrap();
    assert!(!serde_json::to_string(&page).unwrap().contains("hunter2"));
    assert_eq!(page.timeline.iter().filter(|entry| entry.event.is_none()).count(), 3);
    // A page that is open hears of it.
    let mut heard = String::new();
    while heard.matches("\"event\":\"redacted\"").count() < 3 {
        heard.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
    }
    let found = service.execute(owner.clone(), VerifyJournal {}).await.unwrap();
    assert!(found.is_whole() && found.redacted == 3 && found.head == found.goal, "{found:?}");
    let page =
        service.execute(owner, SearchAudit { filter: AuditFilter::default() }).await.unwrap();
    assert_eq!(page.verified, Some(found));
    assert!(page.entries.iter().all(|entry| !entry.removable), "nothing is left to remove");
}

async fn directory_store(directory: &tempfile::TempDir) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(&directory.path().join("calm-ops.db")).await.unwrap())
}

#[tokio::test]
async fn a_share_link_lets_in_to_one_incident_and_to_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let (service, _live, clock) = service(&directory).await;
    service
        .change(Principal::Agent, record(vec![opened(1, clock), opened(2, clock)]))
        .await
        .unwrap();
    let wanted = ShareRequest {
        label: "Support".into(),
        until: clock.now().wall.plus(Span::from_mins(10)),
        audience: Audience::Customer,
        parts: Parts { summary: true, timeline: true, now: true },
        hosts: false,
    };
    let make = |caller| {
        let command = Command::CreateShare(CreateShare {
            incident: IncidentNumber(1),
            wanted: wanted.clone(),
            token_hash: token_hash("token"),
        });
        service.change(caller, command)
    };
    assert_eq!(
        make(account(7, Role::Viewer)).await.unwrap_err(),
        Error::Forbidden(Requirement::Role(Role::Responder))
    );
    assert_eq!(
        make(account(7, Role::Responder)).await.unwrap_err(),
        Error::SignIn,
        "there is no such account any more"
    );
    let (hash, password) = (SecretHash([1; 32]), PasswordHash("none".to_owned()));
    for change in [
        AccountChange::MakeOwnerLink(MakeOwnerLink { hash }),
        AccountChange::Join(Join { hash, name: "Ada".to_owned(), password }),
    ] {
        service.change(Principal::System, Command::Account(change)).await.unwrap();
    }
    make(account(1, Role::Responder)).await.unwrap();
    assert_eq!(service.by_share("other", true).await.unwrap(), None);
    let caller = service.by_share("token", true).await.unwrap().unwrap();
    let Principal::Share { id, incident } = caller else { panic!("another caller") };
    assert_eq!((id, incident), (ShareId(5), IncidentNumber(1)));
    assert!(service.execute(caller.clone(), GetSharedPage {}).await.is_ok());
    macro_rules! refused {
        ($($reading:expr),* $(,)?) => {
            $(assert!(matches!(
                service.execute(caller.clone(), $reading).await,
                Err(Error::Forbidden(_))
            ));)*
        };
    }
    refused![
        GetHealth {},
        ListIncidents {},
        GetIncident { incident },
        ReadJournal { after: 0, limit: 10 },
        SearchAudit { filter: AuditFilter::default() },
        ListShares { incident },
        VerifyJournal {},
    ];
    for command in [
        Command::Acknowledge(Acknowledge { incident }),
        Command::RevokeShare(RevokeShare { share: id }),
        Command::Redact(Redact { entry: 1, reason: "x".into() }),
    ] {
        assert!(
            matches!(
                service.change(caller.clone(), command.clone()).await,
                Err(Error::Forbidden(_))
            ),
            "{command:?}"
        );
    }
    // The page of a link is for whoever holds the link.
    assert!(matches!(
        service.execute(account(9, Role::Owner), GetSharedPage {}).await,
        Err(Error::Forbidden(_))
    ));
    service.execute(account(8, Role::Responder), RevokeShare { share: id }).await.unwrap();
    // Also for whoever was let in a moment ago.
    assert!(matches!(service.execute(caller, GetSharedPage {}).await, Err(Error::NotFound(_))));
    assert_eq!(service.by_share("token", true).await.unwrap(), None);
}
