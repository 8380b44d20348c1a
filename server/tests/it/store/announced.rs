//! Announcements are found again.

use domain::{
    actor::Actor,
    announcements::Announcements,
    change::{ChangeKind, ReportedChange},
    journal::Event,
    maintenance::MaintenanceWindow,
    protection::{Protection, SafeModeStage},
};

use crate::store::support::{Place, at, write};

fn change(seconds: i64) -> Event {
    Event::ChangeReported {
        change: Box::new(ReportedChange {
            kind: ChangeKind::Deployment,
            what: "api".to_owned(),
            version: None,
            subjects: Vec::new(),
            at: at(seconds),
        }),
    }
}

pub async fn what_was_announced_is_found_again(place: &Place) {
    let store = place.open().await;
    let window = Box::new(MaintenanceWindow {
        subjects: vec!["*@web-1".parse().unwrap()],
        until: at(1_000),
        reason: "New disks".to_owned(),
    });
    let begun = Event::MaintenanceBegun { window };
    let events = vec![change(1), begun.clone(), begun, Event::Stopped];
    let first = write(&*store, 1, Actor::Local, events).await.unwrap();
    let ended = Event::MaintenanceEnded {
        window: first[1].number,
        would_have_alerted: Vec::new(),
        more: 0,
    };
    write(&*store, 50, Actor::System, vec![ended, change(50)]).await.unwrap();
    // Windows of any age, and changes since a moment.
    let open = Announcements::of(&store.announced(at(40)).await.unwrap());
    assert_eq!(open.changes.iter().map(|one| one.at).collect::<Vec<_>>(), [at(50)]);
    assert_eq!(
        open.windows.iter().map(|one| (one.number, one.by, one.begun_at)).collect::<Vec<_>>(),
        [(first[2].number, Actor::Local, at(1))]
    );
    assert_eq!(Announcements::of(&store.announced(at(0)).await.unwrap()).changes.len(), 2);
}

pub async fn a_window_without_its_reason_is_found_again(place: &Place) {
    let store = place.open().await;
    let window = |subject: &str| {
        let subjects = vec![subject.parse().unwrap()];
        let reason = "Asked for by a customer".to_owned();
        Event::MaintenanceBegun {
            window: Box::new(MaintenanceWindow { subjects, until: at(1_000), reason }),
        }
    };
    let events = vec![window("*@web-1"), window("*@web-2"), window("*@web-3")];
    let begun = write(&*store, 1, Actor::Local, events).await.unwrap();
    let ended = Event::MaintenanceEnded {
        window: begun[1].number,
        would_have_alerted: Vec::new(),
        more: 0,
    };
    write(&*store, 2, Actor::System, vec![ended]).await.unwrap();
    let before = Announcements::of(&store.announced(at(40)).await.unwrap());
    for entry in &begun[..2] {
        let event = Event::Redacted {
            entry: entry.number,
            reason: "a name".to_owned(),
            message: None,
            step: None,
            window: entry.event.as_ref().and_then(Event::redacted_window),
        };
        write(&*store, 3, Actor::Local, vec![event]).await.unwrap();
    }
    let open = Announcements::of(&store.announced(at(40)).await.unwrap());
    let numbers: Vec<u64> = open.windows.iter().map(|one| one.number).collect();
    assert_eq!(numbers, [begun[0].number, begun[2].number]);
    assert_eq!(open.windows[0].window.reason, "", "its words are gone");
    assert_eq!(open.clone().without_words(), before.without_words(), "and nothing else");
    assert!(open.covers(&"disk:/var@web-1".parse().unwrap(), at(40)));
}

pub async fn protection_is_found_again_however_old_it_is(place: &Place) {
    let store = place.open().await;
    let suspended = Event::AutomationSuspended { reason: "Load test".to_owned() };
    let began = Event::SafeModeBegan { incident: None, reason: "Writes fail".to_owned() };
    write(&*store, 1, Actor::Local, vec![suspended, began.clone()]).await.unwrap();
    let stage = Event::SafeModeStageChanged { stage: SafeModeStage::Interactive, incident: None };
    write(&*store, 2, Actor::Local, vec![stage]).await.unwrap();
    let noise = vec![Event::Stopped; 50];
    write(&*store, 3, Actor::System, noise).await.unwrap();
    let found = async || Protection::of(&store.announced(at(1_000_000)).await.unwrap());
    let protection = found().await;
    assert_eq!(protection.suspension.map(|one| one.reason).as_deref(), Some("Load test"));
    let stage = protection.safe_mode.map(|one| (one.stage, one.began_at));
    assert_eq!(stage, Some((SafeModeStage::Interactive, at(1))));
    write(&*store, 4, Actor::Local, vec![Event::SafeModeEnded, Event::AutomationResumed])
        .await
        .unwrap();
    let protection = found().await;
    assert!(protection.suspension.is_none() && protection.safe_mode.is_none());
    assert_eq!(protection.safe_mode_ended_at, Some(at(4)));
    write(&*store, 5, Actor::Local, vec![began]).await.unwrap();
    assert!(found().await.safe_mode.is_some());
}
