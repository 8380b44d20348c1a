//! The store's lists of runs that were proved, and of queries.

use domain::{
    actor::Actor, hash::Hash, id::IncidentNumber, journal::Event, recommendation::RunOutcome,
    time::Span,
};
use engine::recommender::{self, Hints, Scene, Tracks};
use policy::{
    catalogue::{Catalogue, Facts, Program},
    incident_policy::IncidentPolicy,
};
use server::embedded;

use crate::store::support::{Place, at, opened, write};

pub async fn what_was_proved_is_found_again(place: &Place) {
    let store = place.open().await;
    write(&*store, 0, Actor::Agent, vec![opened(1, "host:web-1")]).await.unwrap();
    let catalogue = Catalogue::parse(
        "commands",
        &embedded::document("runbooks/recovery.commands.md").unwrap(),
        &[],
        server::collectors::signals(),
    )
    .unwrap();
    let facts = Facts::new()
        .with_program(Program::Pm2, "/usr/bin/pm2")
        .unwrap()
        .with_apps(["api".to_owned()]);
    let hints = Hints { app_memory: [("api".to_owned(), 1)].into(), ..Hints::default() };
    let decide = async |seconds, tracks: &Tracks| {
        let incidents = store.recent_incidents(at(0)).await.unwrap();
        let (policy, catalogue) = (IncidentPolicy::default(), Some(&catalogue));
        let scene = Scene {
            incidents: &incidents,
            policy: &policy,
            catalogue,
            facts: &facts,
            hints: &hints,
            tracks,
            host: "web-1",
            now: at(seconds),
        };
        recommender::decide(scene)
    };
    let offers = decide(10, &Tracks::new()).await;
    assert_eq!(offers.len(), 2, "{offers:?}");
    write(&*store, 10, Actor::Agent, offers).await.unwrap();
    let (incident, place, duration) = (IncidentNumber(1), 1, Span::from_secs(1));
    write(
        &*store,
        11,
        Actor::Local,
        vec![Event::Approved { incident, place, binding: Hash([0; 32]) }],
    )
    .await
    .unwrap();
    let ended = Event::RunEnded {
        incident,
        place,
        outcome: RunOutcome::Exited { code: 1 },
        duration,
        output: String::new(),
    };
    write(&*store, 12, Actor::System, vec![Event::RunStarted { incident, place }, ended])
        .await
        .unwrap();
    assert_eq!(store.proofs(at(0)).await.unwrap(), []);

    let proofs = decide(13, &Tracks::new()).await;
    assert!(matches!(proofs[0], Event::RunProved { place: 1, worked: false, .. }), "{proofs:?}");
    write(&*store, 13, Actor::Agent, proofs.clone()).await.unwrap();
    let found = store.proofs(at(13)).await.unwrap();
    assert_eq!(
        found.iter().map(|entry| entry.event.clone()).collect::<Vec<_>>(),
        [Some(proofs[0].clone())]
    );
    assert_eq!(store.proofs(at(14)).await.unwrap(), []);
    let mut tracks = Tracks::new();
    tracks.take(&proofs[0], found[0].at);
    assert_eq!(decide(13, &tracks).await, [], "what is stored is what was decided");
    assert_eq!(store.long_queries().await.unwrap(), [], "none has run for a minute");
}
