//! What is announced is found again.

use domain::{
    actor::Actor,
    announcements::Announcements,
    change::{ChangeKind, ReportedChange},
    journal::Event,
    maintenance::MaintenanceWindow,
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
