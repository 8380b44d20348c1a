//! The incidents that have a command that runs or may still run.

use std::sync::{Arc, Mutex};

use domain::{
    actor::Actor,
    hash::Hash,
    id::IncidentNumber,
    incident::Incident,
    journal::Event,
    lifecycle::Step,
    recommendation::RunOutcome,
    time::{Span, Timestamp},
};
use server::store::{About, Archive, Change};

use crate::store::support::{Place, at, offer, opened, write};

const ONE: IncidentNumber = IncidentNumber(1);
const TWO: IncidentNumber = IncidentNumber(2);

/// The incidents with runs, as whoever looks sees them.
async fn found(store: &dyn Archive, now: Timestamp) -> Vec<IncidentNumber> {
    store.incidents_with_runs(now).await.unwrap().iter().map(|incident| incident.number).collect()
}

/// The incidents that a decision about the second one sees.
async fn seen(store: &dyn Archive, now: Timestamp) -> Vec<IncidentNumber> {
    let seen = Arc::new(Mutex::default());
    let keep = Arc::clone(&seen);
    let decide = Box::new(move |known: &[Incident]| {
        *keep.lock().unwrap() = known.iter().map(|incident| incident.number).collect();
        Ok(Vec::new())
    });
    store
        .change(Change {
            at: now,
            actor: Actor::Agent,
            about: About::IncidentAndRuns(TWO),
            decide,
            people: None,
            monitor: None,
        })
        .await
        .unwrap();
    Arc::into_inner(seen).unwrap().into_inner().unwrap()
}

/// Two incidents; the first has an approved command.
async fn approved(store: &dyn Archive) {
    write(store, 0, Actor::Agent, vec![opened(1, "host:web-1"), opened(2, "host:web-2")])
        .await
        .unwrap();
    offer(store, "web-1").await;
    assert_eq!(found(store, at(10)).await, [], "an offer does not run");
    write(
        store,
        20,
        Actor::Local,
        vec![Event::Approved { incident: ONE, place: 1, binding: Hash([1; 32]) }],
    )
    .await
    .unwrap();
}

/// Starts it at 21, and ends it so that its end was not seen. Returns until when it may run.
async fn lose(store: &dyn Archive) -> Timestamp {
    write(store, 21, Actor::System, vec![Event::RunStarted { incident: ONE, place: 1 }])
        .await
        .unwrap();
    let (outcome, duration, output) = (RunOutcome::Unknown, Span::ZERO, String::new());
    write(
        store,
        23,
        Actor::System,
        vec![Event::RunEnded { incident: ONE, place: 1, outcome, duration, output }],
    )
    .await
    .unwrap();
    let incident = store.incident(ONE).await.unwrap().unwrap();
    let one = incident.recommendation(1).unwrap();
    // It is in the way until then, and for its cool-down.
    assert!(one.may_run_until() > Some(at(21)));
    one.may_run_until().max(one.cools_until(one.cool_down)).unwrap()
}

pub async fn what_runs_or_may_still_run_is_found(place: &Place) {
    let store = place.open().await;
    approved(&*store).await;
    assert_eq!(found(&*store, at(20)).await, [ONE]);
    let end = lose(&*store).await;
    // It stays so when the incident is over.
    write(
        &*store,
        24,
        Actor::Local,
        vec![Event::Resolved { incident: ONE, step: Step::PersonResolved, note: None }],
    )
    .await
    .unwrap();
    let before = end.minus(Span::from_micros(1));
    assert_eq!(
        (found(&*store, before).await, seen(&*store, before).await),
        (vec![ONE], vec![ONE, TWO])
    );
    assert_eq!((found(&*store, end).await, seen(&*store, end).await), (vec![], vec![TWO]));
}

pub async fn what_ran_before_the_database_knew_is_found(place: &Place) {
    let older = "DROP INDEX incident_may_run; ALTER TABLE incident DROP COLUMN may_run_until; DELETE FROM _sqlx_migrations WHERE version = 6";
    let store = place.open().await;
    approved(&*store).await;
    drop(store);
    place.attack(older, older).await.unwrap();
    let store = place.open().await;
    assert_eq!(found(&*store, at(30)).await, [ONE]);
    let end = lose(&*store).await;
    drop(store);
    place.attack(older, older).await.unwrap();
    let store = place.open().await;
    assert_eq!(found(&*store, end.minus(Span::from_micros(1))).await, [ONE]);
    assert_eq!(found(&*store, at(23).plus(Span::from_mins(60))).await, []);
}
