//! Looking back over a period.

use domain::{
    actor::Actor,
    change::{ChangeKind, ReportedChange},
    id::IncidentNumber,
    journal::Event,
    lifecycle::Step,
    time::{Span, Timestamp},
};
use server::store::{Bucket, Rollup, RollupStep};

use crate::store::{
    cases::rollup,
    support::{Place, at, opened, write},
};

pub async fn a_period_is_put_together_in_steps(place: &Place) {
    let store = place.open().await;
    let past = store.as_past();
    let (subject, signal) = ("service:imports".parse().unwrap(), "queue.depth".parse().unwrap());
    assert_eq!(past.series(&subject, &signal).await.unwrap(), None);
    let begin = Timestamp::from_secs(1_790_006_400);
    let minutes = |count: u64| begin.plus(Span::from_mins(count));
    let minute = |place: u64, mean: f64, count: u32| Rollup {
        count,
        ..rollup("service:imports", RollupStep::Minute, minutes(place), mean)
    };
    let hour = rollup("service:imports", RollupStep::Hour, begin, 50.0);
    let other = rollup("service:mail", RollupStep::Minute, begin, 99.0);
    store
        .write_rollups(&[
            minute(0, 2.0, 3),
            minute(3, 6.0, 1),
            minute(4, 4.0, 1),
            minute(12, 8.0, 2),
            hour,
            other,
        ])
        .await
        .unwrap();
    let width = Span::from_mins(4);
    let buckets = async |from: u64, to: u64| {
        let range = (minutes(from), minutes(to));
        past.buckets(&subject, &signal, RollupStep::Minute, range, width).await.unwrap()
    };
    let bucket = |place: u64, (min, mean, max, last), count| Bucket {
        start: minutes(place),
        min,
        mean,
        max,
        last,
        count,
    };
    // The mean counts each value once, and a step without values is not there.
    assert_eq!(
        buckets(0, 60).await,
        [
            bucket(0, (1.0, 3.0, 7.0, 6.0), 4),
            bucket(4, (3.0, 4.0, 5.0, 4.0), 1),
            bucket(12, (7.0, 8.0, 9.0, 8.0), 2),
        ]
    );
    assert_eq!(buckets(3, 12).await.iter().map(|one| one.count).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(buckets(20, 60).await, []);
    let hours = past.buckets(&subject, &signal, RollupStep::Hour, (begin, minutes(60)), width);
    assert_eq!(hours.await.unwrap(), [bucket(0, (49.0, 50.0, 51.0, 50.0), 1)]);
    let known = past.series(&subject, &signal).await.unwrap().unwrap();
    assert_eq!(known.last_at, Some(minutes(12)));
}

pub async fn incidents_and_changes_of_a_period_are_found(place: &Place) {
    let store = place.open().await;
    let past = store.as_past();
    let events = vec![opened(1, "host:web-1"), opened(2, "host:web-10"), opened(3, "host:web-1")];
    write(&*store, 5, Actor::Agent, events).await.unwrap();
    let resolved =
        Event::Resolved { incident: IncidentNumber(1), step: Step::PersonResolved, note: None };
    write(&*store, 100, Actor::Local, vec![resolved]).await.unwrap();
    let subject = "host:web-1".parse().unwrap();
    let found = async |from: i64, to: i64, limit: u32| {
        let range = (at(from), at(to));
        let found = past.incidents_about(&subject, range, limit).await.unwrap();
        found.iter().map(|one| one.number.0).collect::<Vec<_>>()
    };
    // Number 1 was opened at 1 and resolved at 100, number 3 is open since 3.
    assert_eq!(found(0, 1_000, 10).await, [3, 1]);
    assert_eq!(found(0, 1_000, 1).await, [3]);
    assert_eq!(found(101, 1_000, 10).await, [3], "the other one was over");
    assert_eq!(found(0, 3, 10).await, [1], "the other one had not begun");
    assert_eq!(found(0, 1, 10).await, [0u32; 0]);

    let change = |seconds: i64| Event::ChangeReported {
        change: Box::new(ReportedChange {
            kind: ChangeKind::Deployment,
            what: "api".to_owned(),
            version: None,
            subjects: Vec::new(),
            at: at(seconds),
        }),
    };
    write(&*store, 200, Actor::Local, vec![change(150)]).await.unwrap();
    write(&*store, 300, Actor::Local, vec![change(300), Event::Stopped]).await.unwrap();
    let reported = async |from: i64, to: i64, limit: u32| {
        let entries = past.changes_reported((at(from), at(to)), limit).await.unwrap();
        entries.iter().map(|entry| entry.at).collect::<Vec<_>>()
    };
    assert_eq!(reported(0, 1_000, 10).await, [at(300), at(200)]);
    assert_eq!(reported(0, 1_000, 1).await, [at(300)]);
    assert_eq!(reported(200, 300, 10).await, [at(200)]);
    assert_eq!(reported(301, 1_000, 10).await, []);
}

pub async fn the_last_hour_of_each_series_is_told_packed_or_not(place: &Place) {
    let store = place.open().await;
    let past = store.as_past();
    assert_eq!(past.last_hours().await.unwrap(), []);
    let begin = Timestamp::from_secs(1_790_006_400);
    let hours = |count: u64| begin.plus(Span::from_mins(60 * count));
    let hour = |subject, place| rollup(subject, RollupStep::Hour, hours(place), 2.0);
    let minute = rollup("service:mail", RollupStep::Minute, begin, 2.0);
    let written = [
        hour("service:imports", 0),
        hour("service:imports", 3),
        hour("service:exports", 5),
        minute,
    ];
    store.write_rollups(&written).await.unwrap();
    let named = |subject: &str, place| {
        (subject.parse().unwrap(), "queue.depth".parse().unwrap(), hours(place))
    };
    let told = [named("service:exports", 5), named("service:imports", 3)];
    assert_eq!(past.last_hours().await.unwrap(), told);
    while past.pack(hours(24 * 400), 32).await.unwrap() > 0 {}
    assert_eq!(past.last_hours().await.unwrap(), told);
}
