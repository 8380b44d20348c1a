//! The source of the last 24 hours after a start.

use commands::day::{SLOT, begin};
use domain::{
    actor::Actor,
    breach::Ending,
    id::IncidentNumber,
    journal::Event,
    lifecycle::Step,
    time::{Span, Timestamp},
    unit::Unit,
};
use server::store::{HeardSlot, Rollup, RollupStep};

use crate::store::support::{Place, at, breach, opened, write};

fn minute(subject: &str, step: RollupStep, start: Timestamp) -> Rollup {
    Rollup {
        subject: subject.parse().unwrap(),
        signal: "queue.depth".parse().unwrap(),
        unit: Unit::Count,
        step,
        start,
        min: 0.0,
        max: 1.0,
        mean: 0.5,
        last: 0.5,
        count: 7,
    }
}

pub async fn the_last_day_is_found_again(place: &Place) {
    let store = place.open().await;
    let first = begin(at(0));
    let after = |minutes: u64| first.plus(Span::from_mins(minutes));
    let (mail, imports) = ("service:mail", "service:imports");
    let heard = [(mail, 0), (mail, 29), (mail, 30), (imports, 31), (imports, 60)];
    let mut rollups: Vec<Rollup> =
        heard.iter().map(|&(subject, at)| minute(subject, RollupStep::Minute, after(at))).collect();
    // Its hours tell that it is older; they are no minutes.
    rollups.push(minute(imports, RollupStep::Hour, first.minus(Span::from_mins(60))));
    rollups.push(minute(mail, RollupStep::Hour, first));
    rollups.push(minute("service:old", RollupStep::Minute, first.minus(Span::from_mins(1))));
    store.write_rollups(&rollups).await.unwrap();
    // Twice the same minute is the same minute.
    store.write_rollups(&rollups[1..2]).await.unwrap();

    let slot = i64::try_from(SLOT.as_micros()).unwrap();
    let slot = first.as_micros() / slot;
    let found = |subject: &str, at: i64, minutes: u32| HeardSlot {
        subject: subject.parse().unwrap(),
        signal: "queue.depth".parse().unwrap(),
        slot: slot + at,
        minutes,
    };
    assert_eq!(
        store.heard(first, after(60)).await.unwrap(),
        [found(imports, 1, 1 << 1), found(mail, 0, 1 | 1 << 29), found(mail, 1, 1)]
    );
    assert_eq!(store.heard(after(60), after(120)).await.unwrap(), [found(imports, 2, 1)]);
    assert_eq!(store.heard(after(120), after(180)).await.unwrap(), []);
    let older: Vec<String> = store
        .older_series(first, 9)
        .await
        .unwrap()
        .into_iter()
        .map(|(subject, _)| subject.to_string())
        .collect();
    assert_eq!(older, [imports, "service:old"]);
    assert_eq!(store.older_series(first, 1).await.unwrap().len(), 1);

    let (one, two) = (IncidentNumber(1), IncidentNumber(2));
    write(&*store, 1, Actor::Agent, vec![opened(1, "host:web-1"), opened(2, "disk:/var@web_2")])
        .await
        .unwrap();
    let cleared = Event::BreachCleared {
        incident: one,
        key: breach("host:web-1").key,
        ending: Ending::Recovered { since: at(2) },
    };
    write(&*store, 3, Actor::Agent, vec![cleared]).await.unwrap();
    let resolve = |incident| Event::Resolved { incident, step: Step::PersonResolved, note: None };
    write(&*store, 4, Actor::Local, vec![Event::Acknowledged { incident: one }, resolve(one)])
        .await
        .unwrap();
    let kinds = async |since, limit| {
        let entries = store.breach_entries(at(since), limit).await.unwrap();
        let kind = |entry: &domain::journal::Entry| {
            entry.event.as_ref().map(|event| (event.kind(), event.incident()))
        };
        entries.iter().filter_map(kind).collect::<Vec<_>>()
    };
    assert_eq!(
        kinds(4, 9).await,
        [
            ("incident_opened", Some(one)),
            ("incident_opened", Some(two)),
            ("breach_cleared", Some(one)),
            ("resolved", Some(one)),
        ]
    );
    assert_eq!(kinds(4, 1).await, [("resolved", Some(one))], "the newest");
    assert_eq!(kinds(5, 9).await, [("incident_opened", Some(two))]);
}
