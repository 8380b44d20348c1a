//! The source of the charts of history and uptime, on every store.

use std::sync::Arc;

use commands::{
    charts::DayMark,
    reading::{HistoryFilter, SearchHistory},
};
use domain::{
    access::{Principal, Role},
    actor::Actor,
    breach::{Breach, Ending},
    id::{AccountId, IncidentNumber, SessionId},
    incident::Incident,
    journal::{BlindReason, Cursor, Event},
    lifecycle::Step,
    maintenance::MaintenanceWindow,
    severity::Severity,
    time::{Span, Timestamp},
    unit::Unit,
};
use server::{
    clock::Clock,
    current_status::CurrentStatus,
    probes,
    service::Service,
    store::{About, Archive, Change, Rollup, RollupStep, verify::verify},
    stream::Live,
};

use crate::store::support::{Place, at, breach, opened, write};

async fn opens(store: &dyn Archive, number: u32, subject: &str) {
    write(store, i64::from(number), Actor::Agent, vec![opened(number, subject)]).await.unwrap();
}

/// Lets all signals of an incident be back at a time, and ends it.
async fn ends(store: &dyn Archive, number: u32, subject: &str, recovered: i64, ended: i64) {
    let incident = IncidentNumber(number);
    let key = breach(subject).key;
    let ending = Ending::Recovered { since: at(recovered) };
    let cleared = Event::BreachCleared { incident, key, ending };
    let resolved = Event::Resolved { incident, step: Step::PersonResolved, note: None };
    write(store, ended, Actor::Local, vec![cleared, resolved]).await.unwrap();
}

pub async fn times_to_recover_are_found_for_many_incidents_at_once(place: &Place) {
    let store = place.open().await;
    for (number, subject) in [(1, "host:web-1"), (2, "service:mail"), (3, "service:mail")] {
        opens(&*store, number, subject).await;
    }
    ends(&*store, 2, "service:mail", 40, 50).await;
    let resolved =
        Event::Resolved { incident: IncidentNumber(3), step: Step::PersonResolved, note: None };
    write(&*store, 60, Actor::Local, vec![resolved]).await.unwrap();
    let times = async || {
        let all = store.past_incidents(&HistoryFilter::default(), 10).await.unwrap();
        all.iter().map(|one| (one.number.0, one.recovered_at)).collect::<Vec<_>>()
    };
    // What ended without being seen to recover has no such time.
    let expected = [(3, None), (2, Some(at(40))), (1, None)];
    assert_eq!(times().await, expected);
    // Those of an earlier version get it at the start, and that is no fault.
    let statement = "UPDATE incident SET recovered_at = NULL";
    place.attack(statement, statement).await.unwrap();
    assert_eq!(times().await, [(3, None), (2, None), (1, None)]);
    let report = verify(&*store, None).await.unwrap();
    assert_eq!((report.misfiled.len(), &*report.reworded), (0, &[IncidentNumber(2)][..]));
    store.file_anew(&report.reworded).await.unwrap();
    assert_eq!(times().await, expected);
}

pub async fn incidents_that_were_active_at_a_time_are_found(place: &Place) {
    let store = place.open().await;
    for (number, subject) in [(1, "host:web-1"), (2, "service:mail"), (3, "service:web")] {
        opens(&*store, number, subject).await;
    }
    ends(&*store, 2, "service:mail", 40, 50).await;
    let past = store.as_past();
    let found = async |filter: HistoryFilter, seconds: i64, limit: u32| {
        let all = past.active_at(&filter, at(seconds), limit).await.unwrap();
        all.iter().map(|one| one.number.0).collect::<Vec<_>>()
    };
    let any = HistoryFilter::default;
    assert_eq!(found(any(), 1, 9).await, [0; 0], "what opens then was not active before");
    assert_eq!(found(any(), 3, 9).await, [2, 1]);
    assert_eq!(found(any(), 49, 9).await, [3, 2, 1]);
    assert_eq!(found(any(), 50, 9).await, [3, 1], "it ended at that moment");
    assert_eq!(found(any(), 49, 2).await, [3, 2], "the newest");
    for (filter, numbers) in [
        (HistoryFilter { subject: Some("service:".into()), ..any() }, &[3, 2][..]),
        (HistoryFilter { severity: Some(Severity::Critical), ..any() }, &[]),
        (HistoryFilter { practice: Some(false), ..any() }, &[3, 2, 1]),
        // The time of the search itself is not asked for.
        (HistoryFilter { from: Some(at(900)), to: Some(at(901)), ..any() }, &[3, 2, 1]),
    ] {
        assert_eq!(found(filter.clone(), 49, 9).await, numbers, "{filter:?}");
    }
}

pub async fn it_is_found_when_an_incident_became_critical(place: &Place) {
    let store = place.open().await;
    opens(&*store, 1, "host:web-1").await;
    opens(&*store, 2, "service:mail").await;
    let changed = |severity| {
        let incident = IncidentNumber(1);
        let breach = Box::new(Breach { severity, ..breach("host:web-1") });
        vec![Event::BreachChanged { incident, breach }]
    };
    let past = store.as_past();
    assert_eq!(past.critical_since(IncidentNumber(1)).await.unwrap(), None);
    for (seconds, severity) in
        [(40, Severity::Critical), (60, Severity::Warning), (80, Severity::Critical)]
    {
        write(&*store, seconds, Actor::Agent, changed(severity)).await.unwrap();
    }
    assert_eq!(past.critical_since(IncidentNumber(1)).await.unwrap(), Some(at(40)));
    // One that stayed a warning for long.
    let stays = |_| {
        let (incident, breach) = (IncidentNumber(2), Box::new(breach("service:mail")));
        Event::BreachChanged { incident, breach }
    };
    write(&*store, 90, Actor::Agent, (0..120).map(stays).collect()).await.unwrap();
    assert_eq!(past.critical_since(IncidentNumber(2)).await.unwrap(), None);
    let severity = Severity::Critical;
    let breach = Box::new(Breach { severity, ..breach("service:mail") });
    let becomes = Event::BreachChanged { incident: IncidentNumber(2), breach };
    write(&*store, 95, Actor::Agent, vec![becomes]).await.unwrap();
    assert_eq!(past.critical_since(IncidentNumber(2)).await.unwrap(), Some(at(95)));
    for number in [3, 9] {
        assert_eq!(past.critical_since(IncidentNumber(number)).await.unwrap(), None);
    }
}

pub async fn times_without_observations_say_how_far_they_reach(place: &Place) {
    let store = place.open().await;
    let past = store.as_past();
    assert_eq!(past.unseen_times(9).await.unwrap().spans, []);
    let blind = |from, to| Event::Blind { from: at(from), to: at(to), why: BlindReason::Asleep };
    for (from, to) in [(0, 10), (20, 30), (40, 50)] {
        write(&*store, to, Actor::System, vec![blind(from, to)]).await.unwrap();
    }
    let all = past.unseen_times(4).await.unwrap();
    let spans: Vec<Timestamp> = all.spans.iter().map(|span| span.from).collect();
    assert_eq!((spans, all.known_from), (vec![at(40), at(20), at(0)], None));
    // Of the time before the oldest that is read it is not known whether it was watched.
    let some = past.unseen_times(2).await.unwrap();
    assert_eq!((some.spans.len(), some.known_from), (2, Some(at(30))));
}

pub async fn probes_and_maintenance_are_found_for_uptime(place: &Place) {
    let store = place.open().await;
    let minute = |signal: &str, start: i64, mean: f64| Rollup {
        subject: "endpoint:checkout".parse().unwrap(),
        signal: signal.parse().unwrap(),
        unit: Unit::YesNo,
        step: RollupStep::Minute,
        start: at(start),
        min: 0.0,
        max: 1.0,
        mean,
        last: 1.0,
        count: 4,
    };
    // A step of five minutes begins at 100 s.
    let all = [
        minute("endpoint.up", 100, 1.0),
        minute("endpoint.up", 160, 0.5),
        minute("endpoint.up", 700, 0.0),
        minute("endpoint.total", 100, 9.0),
    ];
    store.write_rollups(&all).await.unwrap();
    assert_eq!(probes::endpoints(&*store).await.unwrap(), ["endpoint:checkout".parse().unwrap()]);
    let endpoint = "endpoint:checkout".parse().unwrap();
    let steps = probes::steps(&*store, &endpoint, (at(0), at(1_000)), &[]).await.unwrap();
    let counts: Vec<(f64, u64)> = steps.iter().map(|step| (step.mean, step.count)).collect();
    assert_eq!(counts, [(0.75, 8), (0.0, 4)]);
    let window = MaintenanceWindow {
        subjects: vec!["endpoint:*".parse().unwrap()],
        until: at(3_600),
        reason: "Upgrade.".into(),
    };
    let begun = Event::MaintenanceBegun { window: Box::new(window) };
    let number = write(&*store, 600, Actor::Local, vec![begun]).await.unwrap()[0].number;
    let ended = Event::MaintenanceEnded { window: number, would_have_alerted: vec![], more: 0 };
    write(&*store, 750, Actor::Local, vec![ended]).await.unwrap();
    let windows = async |from, to| {
        let found = probes::windows(&*store, (at(from), at(to))).await.unwrap();
        found.iter().map(|one| (one.from, one.to)).collect::<Vec<_>>()
    };
    assert_eq!(windows(650, 10_000).await, [(at(600), at(750))]);
    // Its end is not known yet.
    assert_eq!(windows(0, 650).await, [(at(600), at(3_600))]);
    assert_eq!(windows(751, 10_000).await, []);
    let range = (at(0), at(1_200));
    let available = async || {
        let windows = probes::windows(&*store, range).await.unwrap();
        let steps = probes::steps(&*store, &endpoint, range, &windows).await.unwrap();
        let series = engine::availability::ProbeSeries { endpoint: endpoint.clone(), steps };
        engine::availability::availability(&series, range, &windows)
    };
    let found = available().await;
    assert_eq!((found.asked, found.answered), (8, 6));
    let apart = found.maintenance.unwrap();
    assert_eq!((apart.asked, apart.answered), (4, 0));
    assert_eq!(apart.length, Span::from_secs(150));
    // A minute that ended before the window began, and one that began after it, are outside.
    let edges = [minute("endpoint.up", 520, 0.0), minute("endpoint.up", 760, 0.0)];
    store.write_rollups(&edges).await.unwrap();
    let found = available().await;
    assert_eq!((found.asked, found.answered), (16, 6));
    // Without its reason the window is still there.
    let entry = store.as_trail().stored_entry(number).await.unwrap().unwrap();
    let owner = Principal::Account {
        id: AccountId(1),
        role: Role::Owner,
        session: SessionId(1),
        recently_authenticated: true,
    };
    let redacted = commands::audit::redaction(&owner, &entry, "a name").unwrap();
    let Event::Redacted { window: Some(kept), .. } = &redacted else { panic!("{redacted:?}") };
    assert_eq!(kept.reason, "");
    write(&*store, 900, Actor::Local, vec![redacted]).await.unwrap();
    assert_eq!(available().await, found);
    assert_eq!(windows(650, 10_000).await, [(at(600), at(750))]);
}

/// Writes events at a time of their own.
async fn write_at(store: &dyn Archive, at: Timestamp, events: Vec<Event>) {
    let change = Change {
        at,
        actor: Actor::Local,
        about: About::Nothing,
        decide: Box::new(move |_: &[Incident]| Ok(events)),
        people: None,
        monitor: None,
    };
    store.change(change).await.unwrap();
}

pub async fn a_search_is_drawn_in_whole_days_with_what_went_on(place: &Place) {
    let (store, clock) = (place.open().await, Clock::start());
    let now = clock.now().wall;
    let day = 86_400_000_000;
    // Yesterday, in UTC.
    let begin = Timestamp::from_micros((now.as_micros().div_euclid(day) - 1) * day);
    let hours = |hours: u64| begin.plus(Span::from_mins(hours * 60));
    let before = |hours: u64| begin.minus(Span::from_mins(hours * 60));
    write_at(&*store, before(9), vec![Event::Started { version: "x".into() }]).await;
    for (number, at, lasted) in
        [(1, before(1), None), (2, hours(1), Some(1)), (3, hours(13), Some(2))]
    {
        let breach = fixtures::breach().on("service:mail").since(at).build();
        let id = uuid::Uuid::from_u128(u128::from(number));
        let incident = fixtures::incident(number).id(id).of([breach]).began(at).opened(at);
        write_at(&*store, at, vec![incident.opening()]).await;
        let resolved = Event::Resolved {
            incident: IncidentNumber(number),
            step: Step::PersonResolved,
            note: None,
        };
        if let Some(lasted) = lasted {
            let end = at.plus(Span::from_mins(lasted * 60));
            write_at(&*store, end, vec![resolved]).await;
        }
    }
    let live = Live::new(Cursor { epoch: 1, number: 0 }, 10, now);
    let of_service = Arc::<dyn Archive>::clone(&store);
    let board = Arc::new(CurrentStatus::default());
    let service = Service::new(of_service, board, live, Arc::default(), clock);
    let search = async |filter: HistoryFilter| {
        service.execute(Principal::Local, SearchHistory { filter }).await.unwrap()
    };
    let from_noon =
        HistoryFilter { from: Some(hours(12)), to: Some(now), ..HistoryFilter::default() };
    let found = search(from_noon.clone()).await;
    assert_eq!(found.incidents.iter().map(|one| one.number.0).collect::<Vec<_>>(), [3]);
    let charts = found.charts.unwrap();
    let days: Vec<(u32, u32, DayMark)> =
        charts.days.iter().map(|day| (day.opened, day.going_on, day.mark)).collect();
    assert_eq!(days, [(2, 1, DayMark::Warning), (0, 1, DayMark::Warning)]);
    assert_eq!((charts.subjects[0].incidents, charts.is_narrow, charts.is_cut), (2, false, false));
    // Everything: the journal began on the day before.
    let all = search(HistoryFilter::default()).await.charts.unwrap();
    let is_known = |mark: DayMark| mark != DayMark::NotWatched;
    assert_eq!(all.days.iter().filter(|day| is_known(day.mark)).count(), 3);
    assert_eq!(all.days.iter().map(|day| day.opened).sum::<u32>(), 3);
    assert_eq!(all.weeks.len(), 13);
    // A part of the incidents says nothing about others.
    let critical = HistoryFilter { severity: Some(Severity::Critical), ..from_noon.clone() };
    let narrow = search(critical).await.charts.unwrap();
    assert!(narrow.is_narrow && narrow.days.iter().all(|day| day.mark == DayMark::Calm));
    for without in [
        HistoryFilter { before: Some(IncidentNumber(9)), ..from_noon.clone() },
        HistoryFilter { practice: Some(true), ..from_noon.clone() },
        HistoryFilter { from: Some(now.plus(Span::from_mins(60))), to: None, ..from_noon },
    ] {
        assert_eq!(search(without.clone()).await.charts, None, "{without:?}");
    }
}
