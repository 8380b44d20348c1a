//! The look-up of similar incidents, on every store.

use std::{sync::Arc, time::Duration};

use domain::{actor::Actor, id::IncidentNumber, journal::Event, lifecycle::Step};
use server::{
    current_status::CurrentStatus,
    proof::{FILED_AT_ONCE, at_start},
    store::{Archive, verify::verify},
};

use crate::store::support::{Place, at, opened, write};

/// The numbers that are found for an incident, by its problems and by words.
async fn found(store: &dyn Archive, number: u32, words: &[&str]) -> Vec<u32> {
    let past = store.as_past();
    let one = past.compared(IncidentNumber(number)).await.unwrap().unwrap();
    let problems: Vec<String> = one.problems.lines().map(str::to_owned).collect();
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let alike = past.alike(one.number, &problems, &words).await.unwrap();
    alike.into_iter().map(|one| one.number.0).collect()
}

/// Opens incidents about subjects, and resolves those before the last one, each with a note.
async fn fill(store: &dyn Archive, subjects: &[&str], note: &str) {
    for (number, subject) in (1..).zip(subjects) {
        write(store, 1, Actor::Agent, vec![opened(number, subject)]).await.unwrap();
        if (number as usize) < subjects.len() {
            let end = Event::Resolved {
                incident: IncidentNumber(number),
                step: Step::PersonResolved,
                note: Some(note.to_owned()),
            };
            write(store, 5, Actor::Local, vec![end]).await.unwrap();
        }
    }
}

pub async fn similar_incidents_are_found_by_problem_and_by_word(place: &Place) {
    let store = place.open().await;
    let subjects =
        ["service:mail", "host:web-1", "practice:practice", "service:shop", "service:mail"];
    fill(&*store, &subjects, "Poisoned message: importer's \"queue\" OR x").await;
    let asked = store.as_past().compared(IncidentNumber(5)).await.unwrap().unwrap();
    assert!(asked.problems.starts_with("service "), "{asked:?}");
    assert!(asked.text.contains(asked.problems.split(' ').nth(1).unwrap()), "{asked:?}");
    assert_eq!(found(&*store, 5, &[]).await, [1, 4], "of the same kind, over, and no practice");
    assert_eq!(found(&*store, 5, &["importer", "banana"]).await, [1, 2, 4]);
    assert_eq!(found(&*store, 5, &["banana"]).await, [1, 4]);
    // The active one is not found, nor is a practice compared.
    assert_eq!(found(&*store, 2, &["mail"]).await, [1]);
    assert_eq!(store.as_past().compared(IncidentNumber(3)).await.unwrap(), None);
    assert_eq!(store.as_past().compared(IncidentNumber(9)).await.unwrap(), None);
}

pub async fn a_redaction_takes_the_words_from_the_search_at_once(place: &Place) {
    let store = place.open().await;
    fill(&*store, &["service:mail", "host:web-1", "disk:/var@web-1"], "the zebrafinch did it")
        .await;
    let text = "zebrafinch again".to_owned();
    let said = Event::Commented { incident: IncidentNumber(2), text };
    let comment = write(&*store, 6, Actor::Local, vec![said]).await.unwrap();
    assert_eq!(found(&*store, 3, &["zebrafinch"]).await, [1, 2]);
    let notes = store.entries(0, 100).await.unwrap();
    let is_note =
        |entry: &&domain::journal::Entry| matches!(entry.event, Some(Event::Resolved { .. }));
    let gone = notes.iter().filter(is_note).map(|entry| entry.number).chain([comment[0].number]);
    for entry in gone {
        let reason = "a name".to_owned();
        let event = Event::Redacted { entry, reason, message: None, step: None, window: None };
        write(&*store, 7, Actor::Local, vec![event]).await.unwrap();
    }
    assert_eq!(found(&*store, 3, &["zebrafinch"]).await, [0; 0]);
    let report = verify(&*store, None).await.unwrap();
    assert_eq!((report.redacted, report.misfiled, report.reworded), (3, vec![], vec![]));
    // The words that are left are found as before.
    assert_eq!(found(&*store, 3, &["mail"]).await, [1]);
}

pub async fn incidents_of_an_earlier_version_are_found_after_the_start(place: &Place) {
    let store = place.open().await;
    fill(&*store, &["service:mail", "service:mail"], "").await;
    let statement = "UPDATE incident SET problems = ''";
    place.attack(statement, statement).await.unwrap();
    let statement = "DELETE FROM incident_problem";
    place.attack(statement, statement).await.unwrap();
    assert_eq!(found(&*store, 2, &[]).await, [0; 0]);
    let report = verify(&*store, None).await.unwrap();
    assert_eq!((&report.misfiled, report.reworded.len()), (&vec![], 2));
    store.file_anew(&report.reworded).await.unwrap();
    assert_eq!(found(&*store, 2, &[]).await, [1]);
    assert!(at(0) < at(1));
}

#[tokio::test]
async fn many_incidents_are_filed_in_parts_so_that_others_may_write_meanwhile() {
    let place = Place::sqlite();
    let store = place.open().await;
    let last = u32::try_from(FILED_AT_ONCE).unwrap() + 1;
    let openings = (1..=last).map(|number| opened(number, "service:mail")).collect();
    write(&*store, 1, Actor::Agent, openings).await.unwrap();
    // The last one can't be filed: what was filed before it is committed already.
    let statement = format!(
        "UPDATE incident SET problems = '';
         CREATE TRIGGER unfiled BEFORE UPDATE ON incident WHEN NEW.number = {last}
         BEGIN SELECT RAISE(ABORT, 'not now'); END"
    );
    place.attack(&statement, &statement).await.unwrap();
    assert_eq!(verify(&*store, None).await.unwrap().reworded.len(), FILED_AT_ONCE + 1);
    at_start(Arc::<dyn Archive>::clone(&store), Arc::new(CurrentStatus::default()), |_| {}).await;
    assert_eq!(verify(&*store, None).await.unwrap().reworded, [IncidentNumber(last)]);
}

pub async fn others_write_while_many_incidents_are_filed(place: &Place) {
    let store = place.open().await;
    let last = u32::try_from(FILED_AT_ONCE).unwrap() * 10;
    let openings = (1..=last).map(|number| opened(number, "service:mail")).collect();
    write(&*store, 1, Actor::Agent, openings).await.unwrap();
    let statement = "UPDATE incident SET problems = ''";
    place.attack(statement, statement).await.unwrap();
    let is_filed = async |number| {
        let found = store.as_past().compared(IncidentNumber(number)).await.unwrap();
        found.is_some_and(|one| !one.problems.is_empty())
    };
    let filing =
        at_start(Arc::<dyn Archive>::clone(&store), Arc::new(CurrentStatus::default()), |_| {});
    let writing = async {
        while !is_filed(1).await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let event = Event::Started { version: "x".into() };
        write(&*store, 2, Actor::System, vec![event]).await.unwrap();
        // Nine parts and their pauses are between the first incident and the last one.
        assert!(!is_filed(last).await, "a part was filed, and others are to come");
    };
    tokio::join!(filing, writing);
    assert_eq!(verify(&*store, None).await.unwrap().reworded, []);
}
