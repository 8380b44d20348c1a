//! Incidents as the figures of the history need them, on every store.

use commands::{
    figures::{HistoryFigures, HistorySummary, PastIncident},
    reading::HistoryFilter,
};
use domain::{
    actor::Actor, id::IncidentNumber, journal::Event, lifecycle::Step, severity::Severity,
    time::Span,
};

use crate::store::support::{Place, at, fill, opened, write};

pub async fn what_figures_are_made_of_fits_the_filter(place: &Place) {
    let store = place.open().await;
    assert_eq!(store.past_incidents(&HistoryFilter::default(), 10).await.unwrap(), []);
    fill(&*store).await;
    let (two, three) = (IncidentNumber(2), IncidentNumber(3));
    write(&*store, 20, Actor::Agent, vec![opened(3, "disk:/Srv@web-1")]).await.unwrap();
    let resolved = |incident, step| Event::Resolved { incident, step, note: None };
    write(&*store, 50, Actor::Local, vec![resolved(two, Step::PersonResolved)]).await.unwrap();
    // Acknowledged, reopened and acknowledged again: the first time counts.
    let acknowledged = |incident| vec![Event::Acknowledged { incident }];
    write(&*store, 63, Actor::Local, acknowledged(three)).await.unwrap();
    write(&*store, 70, Actor::Local, vec![resolved(three, Step::PersonResolved)]).await.unwrap();
    write(&*store, 80, Actor::Local, vec![Event::Reopened { incident: three, note: None }])
        .await
        .unwrap();
    write(&*store, 90, Actor::Local, acknowledged(three)).await.unwrap();
    write(&*store, 103, Actor::Local, vec![resolved(three, Step::PersonResolved)]).await.unwrap();

    let past = |number, cause: &str, resolved: Option<i64>, seen: Option<i64>| PastIncident {
        number: IncidentNumber(number),
        severity: Severity::Warning,
        cause: cause.parse().unwrap(),
        opened_at: at(i64::from(number)),
        resolved_at: resolved.map(at),
        recovered_at: None,
        acknowledged_at: seen.map(at),
    };
    let expected = [
        past(3, "disk:/Srv@web-1", Some(103), Some(63)),
        past(2, "disk:/var@web_2", Some(50), None),
        past(1, "host:web-1", None, Some(3)),
    ];
    let found =
        async |filter: HistoryFilter, limit| store.past_incidents(&filter, limit).await.unwrap();
    let any = HistoryFilter::default;
    assert_eq!(found(any(), 10).await, expected);
    assert_eq!(found(any(), 2).await, expected[..2], "the newest");
    for (filter, numbers) in [
        (HistoryFilter { before: Some(three), ..any() }, &[2, 1][..]),
        (HistoryFilter { text: Some("worker leak".into()), ..any() }, &[1]),
        (HistoryFilter { text: Some("'; DROP TABLE incident; --".into()), ..any() }, &[]),
        (HistoryFilter { subject: Some("disk:".into()), ..any() }, &[3, 2]),
        (HistoryFilter { severity: Some(Severity::Critical), ..any() }, &[]),
        (HistoryFilter { from: Some(at(2)), to: Some(at(3)), ..any() }, &[2]),
    ] {
        let numbered: Vec<u32> =
            found(filter.clone(), 10).await.iter().map(|one| one.number.0).collect();
        assert_eq!(numbered, numbers, "{filter:?}");
        let listed = store.history(&filter, 10).await.unwrap();
        assert_eq!(listed.iter().map(|one| one.number.0).collect::<Vec<_>>(), numbers);
    }
    // 48 s and 100 s: of two the smaller one is the median.
    let HistorySummary { figures, .. } = HistorySummary::of_search(&found(any(), 10).await, false);
    let HistoryFigures { incidents, active, median, acknowledged_within, .. } = figures;
    assert_eq!((incidents, active), (3, 1));
    assert_eq!(median, Some(Span::from_secs(48)));
    assert_eq!(acknowledged_within, Some(Span::from_secs(2)));
}
