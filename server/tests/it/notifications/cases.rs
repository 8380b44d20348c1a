//! From an entry to what arrives.

use std::collections::BTreeSet;

use commands::{
    command::{Acknowledge, Redact, Reopen, Resolve, TestContact},
    notifications::{ContactRequest, DeliveryStatus},
    reading::GetIncident,
    view::IncidentPage,
};
use domain::{
    access::{Principal, Role},
    id::{AccountId, IncidentNumber, SessionId},
    journal::Event,
    severity::Severity,
    time::Span,
};
use hmac::{Hmac, Mac as _};
use server::notifications::Pace;
use sha2::Sha256;

use crate::notifications::{
    receiver::{Answer, Receiver, Taken},
    support::{
        Place, SECRET, TOKEN, TOPIC, URL, World, ada, bo, impatient, ntfy, quiet, wanted, webhook,
    },
};

/// True if what arrived was signed with the secret.
fn is_signed(taken: &Taken, secret: &str) -> bool {
    let header = taken.header("x-calm-ops-signature");
    let Some((time, signature)) =
        header.strip_prefix("t=").and_then(|rest| rest.split_once(",v1="))
    else {
        return false;
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{time}.").as_bytes());
    mac.update(&taken.body);
    let bytes: Vec<u8> = (0..signature.len() / 2)
        .map(|at| u8::from_str_radix(&signature[at * 2..at * 2 + 2], 16).unwrap())
        .collect();
    mac.verify_slice(&bytes).is_ok()
}

pub async fn an_incident_reaches_each_way_once(place: &Place) {
    let world = World::start(place).await;
    let (phone, programs, room) =
        (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    world.contact(&ada(), ntfy(&phone.url)).await;
    world.contact(&ada(), webhook(&programs.url, "calm_ops")).await;
    world.contact(&bo(), webhook(&room.url, "chat")).await;
    world.open(1, Severity::Critical).await;
    let calls = world.until_called(3).await;
    assert!(calls.iter().all(|(sent, _, entry)| *sent && *entry == calls[0].2), "{calls:?}");

    // As ntfy publishes it: https://docs.ntfy.sh/publish/#publish-as-json
    let taken = phone.until(1).await.remove(0);
    let body = taken.json();
    let keys: BTreeSet<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["click", "message", "priority", "sequence_id", "tags", "title", "topic"].into()
    );
    assert_eq!(
        (taken.path.as_str(), body["topic"].as_str(), body["priority"].as_u64()),
        ("/", Some(TOPIC), Some(5))
    );
    assert_eq!(taken.header("authorization"), format!("Bearer {TOKEN}"));
    assert_eq!(body["click"], format!("{URL}/ops/incidents/1"));
    let id = body["sequence_id"].as_str().unwrap();
    assert!(
        (1..=64).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)),
        "{id}"
    );
    assert!(
        body["title"].as_str().unwrap().starts_with("Critical: ") && body["tags"].is_array(),
        "{body}"
    );

    let taken = programs.until(1).await.remove(0);
    let body = taken.json();
    assert_eq!((body["version"].as_u64(), body["incident"].as_u64()), (Some(1), Some(1)));
    assert_eq!(
        (body["kind"].as_str(), body["severity"].as_str()),
        (Some("incident_opened"), Some("critical"))
    );
    assert_eq!(body["id"], taken.header("x-calm-ops-delivery"));
    assert!(is_signed(&taken, SECRET) && !is_signed(&taken, "another secret"));

    let taken = room.until(1).await.remove(0);
    let body = taken.json();
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    assert!(
        body["text"].as_str().unwrap().ends_with(&format!("\n{URL}/ops/incidents/1")),
        "{body}"
    );
    assert!(is_signed(&taken, SECRET));

    // It became critical already, and nothing else happens that calls.
    let note = String::new();
    world.execute(&Principal::Local, Acknowledge { incident: IncidentNumber(1) }).await.unwrap();
    world
        .execute(&Principal::Local, Resolve { incident: IncidentNumber(1), note: note.clone() })
        .await
        .unwrap();
    world.settle().await;
    assert_eq!((phone.all().len(), programs.all().len(), room.all().len()), (1, 1, 1));
    world.execute(&Principal::Local, Reopen { incident: IncidentNumber(1), note }).await.unwrap();
    assert_eq!(world.until_called(6).await.len(), 6);
    world.stop().await;
}

pub async fn what_is_refused_or_not_answered_is_tried_again_and_given_up_in_the_end(place: &Place) {
    let world = World::paced(place, None, impatient).await;
    let phone = Receiver::start().await;
    let contact = world.contact(&ada(), ntfy(&phone.url)).await;
    phone.answer_next(&[Answer::Status(503), Answer::Silence, Answer::Status(429)]);
    world.open(1, Severity::Warning).await;
    assert_eq!(world.until_called(1).await.len(), 1);
    let all = phone.all();
    assert_eq!(all.iter().map(|taken| taken.status).collect::<Vec<_>>(), [503, 0, 429, 200]);
    let ids: BTreeSet<String> =
        all.iter().map(|taken| taken.json()["sequence_id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "a repetition can be known: {ids:?}");
    assert_eq!(world.cards(&ada()).await[0].last.as_ref().unwrap().fate, DeliveryStatus::Sent);

    phone.answer(500);
    world.open(2, Severity::Warning).await;
    let calls = world.until_called(2).await;
    assert!(!calls[1].0 && calls[1].1 == contact, "{calls:?}");
    assert_eq!(phone.all().len(), 8, "four more tries");
    let journal = world.journal().await;
    let why = journal.iter().find_map(|entry| {
        if let Some(Event::CallFailed { why, .. }) = &entry.event { Some(why) } else { None }
    });
    assert_eq!(why.unwrap(), "The server answered with status 500.");
    let last = world.cards(&ada()).await[0].last.clone().unwrap();
    assert_eq!(
        (last.fate, last.problem.as_deref(), last.test),
        (DeliveryStatus::Failed, Some("The server answered with status 500."), false)
    );
    world.settle().await;
    assert_eq!((phone.all().len(), world.calls().await.len()), (8, 2), "it is not tried again");

    // What failed can be redacted, and then its words stand nowhere, also not beside the contact.
    let failed = journal
        .iter()
        .find(|entry| matches!(entry.event, Some(Event::CallFailed { .. })))
        .unwrap()
        .number;
    let owner = Principal::Account {
        id: AccountId(1),
        role: Role::Owner,
        session: SessionId(1),
        recently_authenticated: true,
    };
    world
        .execute(&owner, Redact { entry: failed, reason: "An address of ours.".to_owned() })
        .await
        .unwrap();
    let last = world.cards(&ada()).await[0].last.clone().unwrap();
    assert_eq!((last.fate, last.problem), (DeliveryStatus::Failed, None));
    assert!(!format!("{:?}", world.journal().await).contains("status 500"));
    world.stop().await;
}

pub async fn a_restart_loses_nothing_and_repeats_nothing(place: &Place) {
    let world = World::start(place).await;
    let phone = Receiver::start().await;
    world.contact(&ada(), ntfy(&phone.url)).await;
    world.open(1, Severity::Warning).await;
    world.until_called(1).await;
    phone.answer(503);
    world.open(2, Severity::Warning).await;
    // It waits in the outbox to be tried again.
    while phone.all().len() < 2 {
        world.settle().await;
    }
    world.stop().await;

    // What is written while nobody calls is not lost either: the next start goes on from where the
    // last one was.
    phone.answer(200);
    let store = server::store::open_archive(&place.at).await.unwrap();
    let world = {
        let apart = World::start(place).await;
        apart.open(3, Severity::Warning).await;
        apart.stop().await;
        World::start(place).await
    };
    // On a slow machine the second one was given up before, which is one call more.
    while phone.accepted().len() < 3 {
        world.settle().await;
    }
    world.settle().await;
    let calls = world.calls().await;
    world.settle().await;
    assert_eq!(world.calls().await, calls, "and none twice");
    let told: BTreeSet<String> =
        phone.accepted().iter().map(|taken| taken.json()["click"].to_string()).collect();
    assert_eq!((phone.accepted().len(), told.len()), (3, 3), "{told:?}");
    drop(store);
    world.stop().await;
}

pub async fn a_warning_waits_while_it_is_quiet_and_is_dropped_if_it_is_over(place: &Place) {
    let world = World::start(place).await;
    let phone = Receiver::start().await;
    let asleep = ContactRequest {
        quiet: Some(quiet(world.clock.now().wall)),
        ..wanted(Some(ntfy(&phone.url)))
    };
    let contact = world.set(&ada(), None, asleep).await.unwrap();
    world.open(1, Severity::Warning).await;
    world.open(2, Severity::Warning).await;
    world.open(3, Severity::Critical).await;
    let calls = world.until_called(1).await;
    world.settle().await;
    assert_eq!((calls.len(), phone.all().len()), (1, 1), "only what is critical comes through");
    assert_eq!(phone.all()[0].json()["click"], format!("{URL}/ops/incidents/3"));

    // One is over by the end of the quiet hours.
    world
        .execute(&Principal::Local, Resolve { incident: IncidentNumber(1), note: String::new() })
        .await
        .unwrap();
    world.set(&ada(), Some(contact), wanted(None)).await.unwrap();
    phone.until(2).await;
    world.settle().await;
    let told: Vec<String> = phone
        .all()
        .iter()
        .map(|taken| taken.json()["click"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, [format!("{URL}/ops/incidents/3"), format!("{URL}/ops/incidents/2")]);
    world.stop().await;
}

pub async fn a_thousand_entries_at_once_call_a_few_times(place: &Place) {
    let world = World::start(place).await;
    let (phone, quiet_one) = (Receiver::start().await, Receiver::start().await);
    world.contact(&ada(), ntfy(&phone.url)).await;
    let grave_only =
        ContactRequest { least: Severity::Critical, ..wanted(Some(ntfy(&quiet_one.url))) };
    world.set(&bo(), None, grave_only).await.unwrap();
    let events = (1..=1_000).map(|number| {
        world.opened(number, if number == 400 { Severity::Critical } else { Severity::Warning })
    });
    world.record(events.collect()).await;
    phone.until(11).await;
    world.settle().await;
    let all = phone.all();
    assert!((11..=12).contains(&all.len()), "{}", all.len());
    let told: Vec<String> =
        all.iter().map(|one| one.json()["title"].as_str().unwrap().to_owned()).collect();
    assert!(
        all.iter().any(|taken| taken.json()["priority"] == 5),
        "the worst is told by itself: {told:?}"
    );
    let together = all
        .iter()
        .find(|taken| taken.json()["title"].as_str().unwrap().contains("more incidents"))
        .unwrap()
        .json();
    assert_eq!(together["click"], format!("{URL}/ops/incidents"));
    assert_eq!(quiet_one.all().len(), 1, "who wants only what is critical gets that");
    world.stop().await;
}

pub async fn a_redirect_is_not_followed_and_some_addresses_are_never_asked(place: &Place) {
    let world = World::start(place).await;
    let phone = Receiver::start().await;
    phone.answer(302);
    world.contact(&ada(), webhook(&phone.url, "calm_ops")).await;
    world.contact(&bo(), ntfy("http://169.254.169.254/latest")).await;
    for (who, expected) in [(ada(), "which is not followed"), (bo(), "never sends requests")] {
        let contact = world.cards(&who).await[0].id;
        world.execute(&who, TestContact { contact }).await.unwrap();
        let last = loop {
            match world.cards(&who).await.remove(0).last {
                Some(last) if last.fate != DeliveryStatus::Waiting => break last,
                _ => world.settle().await,
            }
        };
        assert!(
            last.fate == DeliveryStatus::Failed
                && last.problem.as_deref().unwrap().contains(expected),
            "{last:?}"
        );
    }
    assert_eq!(phone.all().len(), 1, "{:?}", phone.all());
    world.stop().await;
}

pub async fn a_critical_incident_is_sent_again_until_someone_acknowledges(place: &Place) {
    let often = |pace: &mut Pace| pace.escalate_after = Span::from_millis(300);
    let world = World::paced(place, None, often).await;
    assert!(world.until_told("Nobody is notified").await.len() == 1);
    // Nobody is there to be told yet, and then somebody is.
    world.open(1, Severity::Critical).await;
    world.settle().await;
    let unreached = |page: IncidentPage| page.unreached.join(" ");
    let page = || world.service.execute(ada(), GetIncident { incident: IncidentNumber(1) });
    assert!(unreached(page().await.unwrap()).starts_with("Nobody is notified about this incident"));
    let phone = Receiver::start().await;
    let critical_only = ContactRequest {
        least: Severity::Critical,
        quiet: Some(quiet(world.clock.now().wall)),
        ..wanted(Some(ntfy(&phone.url)))
    };
    world.set(&bo(), None, critical_only).await.unwrap();
    phone.until(2).await;
    // That it came is noted a moment after it came.
    world.until_called(2).await;
    assert!(world.told.lock().unwrap().is_empty());
    assert!(phone.all()[0].json()["title"].as_str().unwrap().starts_with("Not acknowledged yet: "));
    // The next one may be on its way already.
    while page().await.unwrap().notified[0].status != DeliveryStatus::Sent {
        world.settle().await;
    }
    // What can't be sent is one message however often it was to be said, and names who and why.
    phone.answer(503);
    world
        .until_told(
            "Could not notify Bo through \u{201c}Phone\u{201d}. The server answered with status 503.",
        )
        .await;
    world.settle().await;
    let tries = |all: Vec<Taken>| {
        let failed = all.iter().filter(|taken| taken.status == 503);
        failed.map(|taken| taken.json()["sequence_id"].to_string()).collect::<BTreeSet<_>>()
    };
    assert_eq!(tries(phone.all()).len(), 1);
    assert!(unreached(page().await.unwrap()).contains("status 503"));
    world.execute(&Principal::Local, Acknowledge { incident: IncidentNumber(1) }).await.unwrap();
    phone.answer(200);
    world.settle().await;
    let count = phone.all().len();
    world.settle().await;
    assert_eq!(phone.all().len(), count, "somebody is on it");
    world.stop().await;
}

pub async fn what_was_given_up_is_sent_when_the_receiver_is_back(place: &Place) {
    let calmly = |pace: &mut Pace| pace.calm = Span::from_millis(400);
    let world = World::paced(place, None, calmly).await;
    let phone = Receiver::start().await;
    world.contact(&ada(), ntfy(&phone.url)).await;
    phone.answer(503);
    world.open(1, Severity::Warning).await;
    world.open(2, Severity::Warning).await;
    let calls = world.until_called(2).await;
    assert!(calls.iter().all(|(sent, _, _)| !sent), "given up: {calls:?}");
    // One is taken note of meanwhile.
    world.execute(&Principal::Local, Acknowledge { incident: IncidentNumber(2) }).await.unwrap();
    world.settle().await;
    phone.answer(200);
    assert!(world.until_called(3).await[2].0, "it was sent");
    world.settle().await;
    world.settle().await;
    let accepted: Vec<String> =
        phone.accepted().iter().map(|taken| taken.json()["click"].to_string()).collect();
    assert_eq!(accepted, [format!("\"{URL}/ops/incidents/1\"")]);
    assert!(world.told.lock().unwrap().is_empty(), "the contact works again");
    world.stop().await;
}

pub async fn what_waits_is_due_at_once_after_the_clock_was_set_back(place: &Place) {
    let world = World::paced(place, None, |pace| pace.retry = |_| Some(Span::from_mins(120))).await;
    let phone = Receiver::start().await;
    world.contact(&ada(), ntfy(&phone.url)).await;
    phone.answer_next(&[Answer::Status(503)]);
    world.open(1, Severity::Warning).await;
    while phone.all().is_empty() {
        world.settle().await;
    }
    world.settle().await;
    assert_eq!(phone.all().len(), 1, "it waits for hours");
    world.store.as_calls().hasten().await.unwrap();
    assert!(world.until_called(1).await[0].0);
    world.stop().await;
}
