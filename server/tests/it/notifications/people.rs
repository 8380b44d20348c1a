//! Whose contacts they are.

use std::collections::BTreeSet;

use commands::{
    account_change::SetClosed,
    command::{Command, RecordDelivery, RemoveContact, SetContact, TestContact},
    notifications::{ContactRequest, DeliveryStatus, Notification, Reason},
};
use domain::{
    access::Principal,
    error::Error,
    id::{AccountId, ContactId, IncidentNumber},
    severity::Severity,
};
use serde_json::json;

use crate::notifications::{
    receiver::Receiver,
    support::{
        PATH, Place, SECRET, TOKEN, TOPIC, World, ada, bo, mail, ntfy, settings, wanted, webhook,
    },
};

pub async fn a_test_goes_to_oneself_only_and_is_not_journalled(place: &Place) {
    let world = World::start(place).await;
    let phone = Receiver::start().await;
    let contact = world.contact(&ada(), ntfy(&phone.url)).await;
    let before = world.journal().await.len();
    let test = Command::TestContact(TestContact { contact });
    assert!(matches!(world.act(&bo(), test.clone()).await, Err(Error::NotFound(_))));
    world.act(&ada(), test.clone()).await.unwrap();
    let taken = phone.until(1).await.remove(0).json();
    assert!(taken["title"].as_str().unwrap().contains("Test") && taken["priority"] == 3, "{taken}");
    assert!(matches!(world.act(&ada(), test).await, Err(Error::Throttled { .. })));
    world.settle().await;
    let last = world.cards(&ada()).await[0].last.clone().unwrap();
    assert!(last.test && last.fate == DeliveryStatus::Sent, "{last:?}");
    assert_eq!((phone.all().len(), world.journal().await.len()), (1, before));
    world.stop().await;
}

pub async fn who_removes_a_contact_or_leaves_is_not_called(place: &Place) {
    let world = World::start(place).await;
    let (old, gone, here) =
        (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    old.answer(503);
    let removed = world.contact(&ada(), ntfy(&old.url)).await;
    let kept = world.contact(&ada(), ntfy(&here.url)).await;
    world.contact(&bo(), ntfy(&gone.url)).await;
    let owner = Principal::Account {
        id: AccountId(1),
        role: domain::access::Role::Owner,
        session: domain::id::SessionId(1),
        recently_authenticated: true,
    };
    world.execute(&owner, SetClosed { account: AccountId(2), closed: true }).await.unwrap();
    world.open(1, Severity::Warning).await;
    here.until(1).await;
    // It waits to be tried again when it is removed.
    while old.all().is_empty() {
        world.settle().await;
    }
    world.execute(&ada(), RemoveContact { contact: removed }).await.unwrap();
    let tried = old.all().len();
    world.settle().await;
    world.open(2, Severity::Warning).await;
    here.until(2).await;
    world.settle().await;
    // What was on its way at that moment can come late, and nothing more does.
    assert!(old.all().len() <= tried + 1, "{:?}", old.all());
    let incidents: BTreeSet<String> =
        old.all().iter().map(|taken| taken.json()["sequence_id"].to_string()).collect();
    assert_eq!(incidents.len(), 1, "nothing of the second one: {incidents:?}");
    assert_eq!(gone.all().len(), 0);
    assert!(world.calls().await.iter().all(|(sent, contact, _)| *sent && *contact == kept));
    // One that is switched off is kept, and silent.
    world.set(&ada(), Some(kept), ContactRequest { enabled: false, ..wanted(None) }).await.unwrap();
    world.open(3, Severity::Critical).await;
    world.settle().await;
    assert_eq!(here.all().len(), 2);
    world.stop().await;
}

pub async fn nobody_touches_the_contacts_of_others(place: &Place) {
    let world = World::start(place).await;
    let contact = world.contact(&ada(), webhook("https://hooks.example.com", "chat")).await;
    for command in [
        Command::SetContact(SetContact {
            contact: Some(contact),
            wanted: wanted(Some(ntfy("https://ntfy.sh"))),
        }),
        Command::RemoveContact(RemoveContact { contact }),
        Command::TestContact(TestContact { contact }),
        Command::RemoveContact(RemoveContact { contact: ContactId(999) }),
    ] {
        let refused = world.act(&bo(), command.clone()).await;
        assert!(matches!(refused, Err(Error::NotFound(_))), "{command:?}: {refused:?}");
    }
    for caller in [Principal::Local, Principal::Agent, Principal::Nobody] {
        let refused = world.execute(&caller, RemoveContact { contact }).await;
        assert!(
            matches!(refused, Err(Error::Forbidden(_) | Error::SignIn)),
            "{caller:?}: {refused:?}"
        );
    }
    assert!(world.cards(&bo()).await.is_empty());

    // What lets someone in is neither shown nor journalled, and is kept where a change leaves the
    // way as it is.
    let quieter =
        ContactRequest { label: "Room".to_owned(), least: Severity::Critical, ..wanted(None) };
    world.set(&ada(), Some(contact), quieter).await.unwrap();
    let cards = world.cards(&ada()).await;
    assert_eq!(
        (cards[0].label.as_str(), cards[0].place.as_str(), cards[0].has_secret),
        ("Room", "hooks.example.com", true)
    );
    let stored = world.store.as_calls().contacts(None).await.unwrap();
    assert_eq!(stored[0].channel, webhook("https://hooks.example.com", "chat"));
    let journal = serde_json::to_string(&world.journal().await).unwrap()
        + &serde_json::to_string(&cards).unwrap();
    for secret in [TOPIC, TOKEN, SECRET, PATH, "Room"] {
        assert!(secret == "Room" || !journal.contains(secret), "{secret}");
    }
    let set = world
        .journal()
        .await
        .iter()
        .filter(|entry| entry.event.as_ref().is_some_and(|event| event.kind() == "contact_set"))
        .count();
    assert_eq!(set, 2);

    // What can't be asked is not taken.
    let bad = |server: &str| wanted(Some(ntfy(server)));
    let unknown = |json| wanted(Some(settings(json)));
    for (wrong, field) in [
        (bad("ftp://ntfy.sh"), "server"),
        (bad("https://user:pass@ntfy.sh"), "server"),
        (bad("ntfy.sh"), "server"),
        (wanted(Some(mail("a@b@c"))), "address"),
        (unknown(json!({ "kind": "pigeon" })), "kind"),
        (unknown(json!({ "kind": "mail", "address": "a@b.c", "token": "x" })), "token"),
        (unknown(json!({ "kind": "ntfy", "server": "https://ntfy.sh" })), "topic"),
        (unknown(json!({ "kind": "webhook", "url": "https://a/b", "form": "x" })), "form"),
        (wanted(None), "way"),
        (
            ContactRequest {
                quiet: serde_json::from_str(
                    r#"{"from":"22:00","to":"07:00","zone":"Europe/Nowhere"}"#,
                )
                .unwrap(),
                ..bad("https://ntfy.sh")
            },
            "zone",
        ),
    ] {
        match world.set(&ada(), None, wrong.clone()).await {
            Err(Error::InvalidField { field: told, .. }) => assert_eq!(told, field, "{wrong:?}"),
            other => panic!("{wrong:?}: {other:?}"),
        }
    }
    for _ in 1..commands::notifications::MOST_CONTACTS {
        world.contact(&ada(), ntfy("https://ntfy.sh")).await;
    }
    assert!(matches!(
        world.set(&ada(), None, bad("https://ntfy.sh")).await,
        Err(Error::Conflict(_))
    ));
    world.stop().await;
}

pub async fn a_call_ends_once(place: &Place) {
    let world = World::start(place).await;
    let phone = Receiver::start().await;
    let contact = world.contact(&ada(), ntfy(&phone.url)).await;
    world.open(1, Severity::Warning).await;
    let (_, _, entry) = world.until_called(1).await[0];
    let at = world.journal().await[entry as usize - 1].at;
    let call = Notification {
        entry,
        incident: IncidentNumber(1),
        why: Reason::Opened,
        severity: Severity::Warning,
        at,
    };
    let again = Command::RecordDelivery(RecordDelivery {
        call,
        account: AccountId(1),
        contact,
        failed: None,
    });
    assert!(matches!(world.act(&Principal::System, again.clone()).await, Err(Error::Conflict(_))));
    assert!(matches!(world.act(&ada(), again).await, Err(Error::Forbidden(_))));
    assert_eq!(world.calls().await.len(), 1);
    world.stop().await;
}
