//! A change of an account is told to its person, by their other ways.

use std::collections::BTreeSet;

use commands::{
    account_change::{CreateToken, SetPassword},
    accounts::{PasswordHash, SecretHash},
    command::RemoveContact,
    notifications::ContactRequest,
};
use domain::{
    access::{Foothold, Principal, Role, Scope},
    id::{AccountId, SessionId},
    journal::Event,
    severity::Severity,
};

use crate::notifications::{
    receiver::{Receiver, Taken},
    support::{PATH, Place, SECRET, TOKEN, TOPIC, World, ada, bo, ntfy, quiet, wanted, webhook},
};

fn text(taken: &Taken) -> String {
    String::from_utf8(taken.body.to_vec()).unwrap()
}

fn owner() -> Principal {
    Principal::Account {
        id: AccountId(1),
        role: Role::Owner,
        session: SessionId(1),
        recently_authenticated: true,
    }
}

pub async fn each_change_is_told_by_the_other_contacts(place: &Place) {
    let world = World::start(place).await;
    let (phone, chat, other) =
        (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    world.contact(&bo(), ntfy(&other.url)).await;
    // It is quiet, and wants to hear of the worst only: neither keeps back what is told here.
    let calm = ContactRequest {
        least: Severity::Critical,
        quiet: Some(quiet(world.clock.now().wall)),
        ..wanted(Some(ntfy(&phone.url)))
    };
    world.set(&ada(), None, calm).await.unwrap();
    world.settle().await;
    assert!(phone.notices().is_empty(), "nothing is told by what the change itself has made");
    let second = world.contact(&ada(), webhook(&chat.url, "calm_ops")).await;
    let told = phone.until_notices(1).await;
    assert!(
        text(&told[0]).contains("A contact for notifications was added or changed."),
        "{told:?}"
    );

    let token = CreateToken {
        label: "imports".to_owned(),
        scopes: [Scope::Ingest].into(),
        until: None,
        hash: SecretHash([9; 32]),
    };
    world.execute(&owner(), token).await.unwrap();
    assert!(text(&phone.until_notices(2).await[1]).contains("An API token was created."));
    let told = chat.until_notices(1).await;
    assert_eq!(told[0].json()["kind"], "account_changed", "{told:?}");
    assert!(told[0].json()["incident"].is_null(), "{told:?}");

    // It leads elsewhere now: the place where it led is told, and the other contacts.
    let elsewhere = Receiver::start().await;
    world
        .set(&ada(), Some(second), wanted(Some(webhook(&elsewhere.url, "calm_ops"))))
        .await
        .unwrap();
    assert!(text(&chat.until_notices(2).await[1]).contains("no longer receives notifications"));
    phone.until_notices(3).await;
    world.settle().await;
    assert!(elsewhere.notices().is_empty() && other.notices().is_empty());
    for taken in [phone.notices(), chat.notices()].concat() {
        let text = text(&taken);
        assert!(![PATH, SECRET, TOKEN].iter().any(|secret| text.contains(secret)), "{text}");
        // The topic is where ntfy sends it.
        assert!(text.matches(TOPIC).count() <= 1, "{text}");
    }
    // About no incident: nothing of it stands in a timeline.
    assert!(world.calls().await.is_empty());
    world.stop().await;
}

pub async fn a_new_password_ends_all_that_was_left_behind_in_one_change(place: &Place) {
    let world = World::start(place).await;
    let (phone, chat, other) =
        (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    world.contact(&bo(), ntfy(&other.url)).await;
    world.contact(&ada(), ntfy(&phone.url)).await;
    world.contact(&ada(), webhook(&chat.url, "calm_ops")).await;
    phone.until_notices(1).await;
    let token = CreateToken {
        label: "imports".to_owned(),
        scopes: [Scope::Ingest].into(),
        until: None,
        hash: SecretHash([9; 32]),
    };
    world.execute(&owner(), token).await.unwrap();
    phone.until_notices(2).await;
    chat.until_notices(1).await;
    let before = world.journal().await.len();
    let password = PasswordHash("another".to_owned());
    let end = BTreeSet::from(Foothold::ALL);
    world.execute(&owner(), SetPassword { password, end }).await.unwrap();
    let events: Vec<Event> =
        world.journal().await.split_off(before).into_iter().filter_map(|one| one.event).collect();
    assert!(
        matches!(
            events[..],
            [
                Event::PasswordSet { account: AccountId(1) },
                Event::TokenRevoked { .. },
                Event::ContactRemoved { account: AccountId(1), .. },
                Event::ContactRemoved { account: AccountId(1), .. },
            ]
        ),
        "{events:?}"
    );
    assert!(world.cards(&ada()).await.is_empty() && world.cards(&bo()).await.len() == 1);
    // The last message is the only one: there is no other way any more.
    let (phone_told, chat_told) = (phone.until_notices(3).await, chat.until_notices(2).await);
    world.settle().await;
    assert_eq!((phone.notices().len(), chat.notices().len()), (3, 2));
    assert!(text(&phone_told[2]).contains("no longer sends notifications here"), "{phone_told:?}");
    assert!(text(&chat_told[1]).contains("no longer sends notifications here"), "{chat_told:?}");
    assert!(other.notices().is_empty());
    world.stop().await;
}

pub async fn whoever_sets_and_removes_contacts_again_and_again_floods_nobody(place: &Place) {
    let world = World::start(place).await;
    let (phone, toggled) = (Receiver::start().await, Receiver::start().await);
    world.contact(&ada(), ntfy(&phone.url)).await;
    for _ in 0..40 {
        let contact = world.contact(&ada(), ntfy(&toggled.url)).await;
        world.execute(&ada(), RemoveContact { contact }).await.unwrap();
    }
    toggled.until_notices(3).await;
    phone.until_notices(1).await;
    world.settle().await;
    assert!(phone.notices().len() <= 5, "the others wait, and are told together");
    // Each contact that was there for a moment may have been told of the one before it, too.
    assert!(toggled.notices().len() <= 6, "{}", toggled.notices().len());
    world.stop().await;
}
