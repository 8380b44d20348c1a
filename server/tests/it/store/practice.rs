//! A practice begins and ends once, whoever asks: what was decided by an older state is refused.

use std::sync::Arc;

use domain::{
    actor::Actor,
    announcements::Announcements,
    error::{Conflict, Error},
    journal::{Entry, Event},
    practice::{OpenPractice, PracticeRefusal, USUAL},
};
use futures::future::join_all;
use server::{
    practice::{beginning, ending},
    store::{About, Archive, Change, Decide, StoreError},
};

use crate::store::support::{Place, at, write};

type Outcome = Result<Vec<Entry>, StoreError>;

async fn change(store: &dyn Archive, (about, decide): (About, Decide)) -> Outcome {
    let change =
        Change { at: at(10), actor: Actor::Local, about, decide, people: None, monitor: None };
    store.change(change).await
}

/// The practice in force, as whoever is about to decide reads it.
async fn open(store: &dyn Archive) -> Option<OpenPractice> {
    Announcements::of(&store.announced(at(0)).await.unwrap()).practice
}

/// The refusals; one of all was carried out.
fn refusals(outcomes: Vec<Outcome>) -> Vec<PracticeRefusal> {
    let all = outcomes.len();
    let refused: Vec<PracticeRefusal> = outcomes
        .into_iter()
        .filter_map(Result::err)
        .map(|error| match error {
            StoreError::Refused(Error::Conflict(Conflict::Practice(refusal))) => refusal,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(refused.len(), all - 1, "{refused:?}");
    refused
}

pub async fn a_practice_begins_and_ends_once(place: &Place) {
    // A server and a command line: each has a connection of its own, and has seen the same.
    let stores: [Arc<dyn Archive>; 3] =
        [place.open().await, place.open().await, place.open().await];
    let begun = join_all(stores.iter().map(|store| change(&**store, beginning(USUAL, at(10)))));
    let refused = refusals(begun.await);
    assert!(refused.iter().all(|one| *one == PracticeRefusal::InForce), "{refused:?}");

    let seen = open(&*stores[0]).await;
    assert!(seen.is_some());
    let ended = stores.iter().map(|store| change(&**store, ending(seen.as_ref()).unwrap()));
    let refused = refusals(join_all(ended).await);
    assert!(refused.iter().all(|one| *one == PracticeRefusal::NotInForce), "{refused:?}");
    assert_eq!(open(&*stores[1]).await, None);

    // The next one is not ended by who saw the one before.
    change(&*stores[2], beginning(USUAL, at(11))).await.unwrap();
    let late = change(&*stores[0], ending(seen.as_ref()).unwrap()).await;
    assert!(matches!(late, Err(StoreError::Refused(_))), "{late:?}");
    assert!(open(&*stores[0]).await.is_some());
}

pub async fn a_practice_yields_to_what_opened_since_it_was_asked_for(place: &Place) {
    let store = place.open().await;
    let asked = beginning(USUAL, at(10));
    let critical = fixtures::breach().on("service:a").critical().since(at(0)).fired(at(5));
    let opening = fixtures::incident(1).of([critical.build()]).opened(at(9)).opening();
    write(&*store, 9, Actor::Agent, vec![opening]).await.unwrap();
    let refused = change(&*store, asked).await;
    let real = Conflict::Practice(PracticeRefusal::RealIncident(domain::id::IncidentNumber(1)));
    assert!(
        matches!(&refused, Err(StoreError::Refused(Error::Conflict(found))) if *found == real),
        "{refused:?}"
    );
    assert!(!store.entries(0, 9).await.unwrap().iter().any(is_begun));
}

const fn is_begun(entry: &Entry) -> bool {
    matches!(entry.event, Some(Event::PracticeBegun { .. }))
}
