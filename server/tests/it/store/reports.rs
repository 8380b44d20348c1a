//! Stability reports of what a store holds: made once when they are due, missed ones too.

use domain::{
    actor::Actor,
    breach::{BreachKey, Ending},
    id::IncidentNumber,
    journal::{BlindReason, Event},
    report::{MadeReport, ReportKind},
    time::{Span, Timestamp},
    unit::Unit,
};
use policy::{objectives::Objectives, thresholds::Thresholds};
use server::{
    collectors,
    reports::{self, ReportDocuments},
    store::{Archive, Rollup, RollupStep},
    time_zones::TeamZone,
};

use crate::store::support::{Place, at, opened, write};

/// Seconds from the first entry, on a Monday at 14:13:20 in UTC, to a time of a day after it.
fn day(days: i64, hour: i64) -> i64 {
    days * 86_400 + hour * 3_600 - (14 * 3_600 + 13 * 60 + 20)
}

fn documents() -> ReportDocuments {
    ReportDocuments::built_in()
}

async fn due(store: &dyn Archive, days: i64, hour: i64) -> Option<MadeReport> {
    due_of(store, &documents(), ReportKind::Weekly, at(day(days, hour))).await
}

async fn due_of(
    store: &dyn Archive,
    documents: &ReportDocuments,
    kind: ReportKind,
    now: Timestamp,
) -> Option<MadeReport> {
    reports::due(store, documents, &TeamZone::default(), kind, now).await.unwrap()
}

async fn keep(store: &dyn Archive, seconds: i64, actor: Actor, made: MadeReport) -> u64 {
    let event = Event::ReportMade { report: Box::new(made) };
    write(store, seconds, actor, vec![event]).await.unwrap()[0].number
}

/// A minute of the probes of an endpoint.
fn minute(start: Timestamp, mean: f64) -> Rollup {
    Rollup {
        subject: "endpoint:checkout".parse().unwrap(),
        signal: "endpoint.up".parse().unwrap(),
        unit: Unit::YesNo,
        step: RollupStep::Minute,
        start,
        min: mean.floor(),
        max: 1.0,
        mean,
        last: 1.0,
        count: 4,
    }
}

/// A week with an incident that recovered, a time without observations, and probes of an endpoint.
async fn fill(store: &dyn Archive) {
    let started = || vec![Event::Started { version: "x".into() }];
    write(store, 0, Actor::System, started()).await.unwrap();
    let subject = "app:api@web-1";
    write(store, 10, Actor::Agent, vec![opened(1, subject)]).await.unwrap();
    let incident = store.incident(IncidentNumber(1)).await.unwrap().unwrap();
    let key: BreachKey = incident.breaches[0].breach.key.clone();
    let ending = Ending::Recovered { since: incident.opened_at.plus(Span::from_secs(90)) };
    let cleared = Event::BreachCleared { incident: IncidentNumber(1), key, ending };
    write(store, 100, Actor::Agent, vec![cleared]).await.unwrap();
    let (from, to) = (at(day(2, 3)), at(day(2, 5)));
    let blind = Event::Blind { from, to, why: BlindReason::NotRunning };
    write(store, day(2, 5), Actor::System, vec![blind]).await.unwrap();
    let minute = |n: i64| minute(at(day(1, 0) + n * 60), if n == 7 { 0.5 } else { 1.0 });
    let probes: Vec<Rollup> = (0..60).map(minute).collect();
    store.write_rollups(&probes).await.unwrap();
}

pub async fn a_weekly_report_is_made_once_when_it_is_due(place: &Place) {
    let store = place.open().await;
    assert_eq!(due(&*store, 7, 12).await, None, "nothing was ever written");
    fill(&*store).await;
    assert_eq!(due(&*store, 0, 20).await, None, "Calm Ops did not exist in the week before");
    assert_eq!(due(&*store, 7, 6).await, None, "it is not seven yet");
    let made = due(&*store, 7, 7).await.unwrap();
    let figures = &made.figures;
    assert_eq!((figures.promises.incidents, figures.promises.recovered_in_time), (1, 1));
    assert_eq!(figures.promises.recovery_median, Some(Span::from_secs(90)));
    assert_eq!(figures.incidents[0].incident, IncidentNumber(1));
    assert_eq!(figures.gaps.total, Span::from_mins(120));
    assert_eq!(figures.gaps.journal_began, Some(at(0)));
    let checkout = &figures.availability[0];
    assert_eq!((checkout.asked, checkout.answered), (240, 238));
    assert_eq!(checkout.unseen, Span::from_mins(7 * 24 * 60 - 60));
    assert_eq!(figures.head, store.head().await.unwrap().1);
    assert!(made.text.starts_with("# Weekly stability summary: 21 to 27 Sep 2026 (UTC)\n"));

    // What a person asked for on the same day stands beside it.
    let zone = TeamZone::default();
    let period = reports::period::until(&zone, ReportKind::Weekly, at(day(7, 6)));
    let known = reports::known(&*store).await.unwrap();
    let asked = reports::make(&*store, &known, &documents(), &period, at(day(7, 6))).await.unwrap();
    keep(&*store, day(7, 6), Actor::Local, asked).await;
    let made = due(&*store, 7, 9).await.unwrap();
    let first = keep(&*store, day(7, 9), Actor::System, made.clone()).await;
    assert_eq!(due(&*store, 7, 10).await, None, "it is made");
    assert_eq!(due(&*store, 14, 6).await, None);

    let next = due(&*store, 14, 7).await.unwrap();
    assert_eq!(next.figures.availability[0].asked, 0, "it fell silent");
    assert_eq!(next.figures.promises.from_before, 1, "nobody closed the incident");
    assert!(next.text.contains("- checkout: not seen at all\n"), "{}", next.text);

    // While Calm Ops was down for three weeks: the last one is made at the next start, once.
    let missed = due(&*store, 29, 8).await.unwrap();
    assert_eq!(missed.figures.period.to, at(day(28, 0)));
    assert!(missed.figures.availability.is_empty(), "it is gone for long");
    let before = missed.figures.before.unwrap();
    assert_eq!((before.report, before.promises), (first, made.figures.promises));
    assert_eq!(missed.figures.trend[7..], [None, Some(1), Some(0), Some(0), Some(0)]);
    let last = keep(&*store, day(29, 8), Actor::System, missed).await;
    assert_eq!(due(&*store, 29, 9).await, None);

    // The incident is older than the trend, and goes on.
    let late = due(&*store, 140, 8).await.unwrap();
    assert_eq!((late.figures.promises.from_before, late.figures.trend[0]), (1, Some(0)));

    // An endpoint that was silent in a week is told of it, whatever was seen of it later.
    store.write_rollups(&[minute(at(day(30, 0)), 1.0)]).await.unwrap();
    let week = reports::period::due(&zone, ReportKind::Weekly, at(day(14, 7)));
    let again = reports::make(&*store, &[], &documents(), &week, at(day(30, 8))).await.unwrap();
    assert_eq!(again.figures.availability, next.figures.availability);

    // What is kept is what was made.
    keep(&*store, day(30, 9), Actor::Local, again).await;
    let newest = reports::awaiting_review(&*store).await.unwrap().unwrap();
    assert_eq!((newest.report, newest.reviewed), (last, None), "nobody asked for it");
    let kept = reports::one(&*store, first).await.unwrap().unwrap();
    assert_eq!(*kept.made, made);
    assert_eq!(reports::one(&*store, 1).await.unwrap(), None, "another entry");
    assert_eq!(reports::one(&*store, 999).await.unwrap(), None);
}

pub async fn daily_and_monthly_reports_are_made_once_each(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    let documents = documents();
    let daily = |now| due_of(&*store, &documents, ReportKind::Daily, now);
    let monthly = |now| due_of(&*store, &documents, ReportKind::Monthly, now);
    assert_eq!(daily(at(day(1, 6))).await, None, "it is not seven yet");
    let first = daily(at(day(1, 7))).await.unwrap();
    assert!(first.text.starts_with("# Daily stability summary: 21 Sep 2026 (UTC)\n"));
    assert_eq!(first.figures.promises.incidents, 1);
    let first = keep(&*store, day(1, 7), Actor::System, first).await;
    assert_eq!(daily(at(day(1, 20))).await, None);
    assert_eq!(due(&*store, 1, 20).await, None, "a daily report is no weekly one");
    // After three days without Calm Ops the last day is told.
    let last = daily(at(day(5, 12))).await.unwrap();
    assert_eq!(last.figures.period.from, at(day(4, 0)));
    assert_eq!(last.figures.before.unwrap().report, first);
    keep(&*store, day(5, 12), Actor::System, last).await;

    // The first of October is ten days after the journal began.
    assert_eq!(monthly(at(day(10, 6))).await, None, "Calm Ops did not exist in August");
    let month = monthly(at(day(10, 7))).await.unwrap();
    assert!(month.text.starts_with("# Monthly stability summary: 1 to 30 Sep 2026 (UTC)\n"));
    keep(&*store, day(10, 7), Actor::System, month).await;
    assert_eq!(monthly(at(day(40, 6))).await, None);
    let waiting = reports::awaiting_review(&*store).await.unwrap().unwrap();
    assert_eq!(waiting.made.figures.period.kind, ReportKind::Monthly, "no day has to be reviewed");
}

/// Roll-ups of a signal: a minute each for the first values of an hour, and that hour.
fn hour_of(
    subject: &str,
    signal: &str,
    unit: &Unit,
    start: Timestamp,
    values: &[f64],
) -> Vec<Rollup> {
    let one = |step, start, values: &[f64]| Rollup {
        subject: subject.parse().unwrap(),
        signal: signal.parse().unwrap(),
        unit: unit.clone(),
        step,
        start,
        min: values.iter().copied().fold(f64::INFINITY, f64::min),
        max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        mean: values.iter().sum::<f64>() / values.len() as f64,
        last: values[values.len() - 1],
        count: u32::try_from(values.len()).unwrap(),
    };
    let minute = |(n, value): (u64, &f64)| {
        one(RollupStep::Minute, start.plus(Span::from_mins(n)), std::slice::from_ref(value))
    };
    let mut all: Vec<Rollup> = (0..).zip(values).map(minute).collect();
    all.push(one(RollupStep::Hour, start, values));
    all
}

pub async fn a_report_tells_of_objectives_requests_and_near_misses(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    let objectives = "format: 1\n| objective | of | good | target | period |\n|---|---|---|---|---|\n| `shop` | `endpoint:checkout` | answers | 99% | 7 d |\n| `idle` | `endpoint:idle` | answers | 99% | 7 d |\n";
    let thresholds = "format: 1\n| signal | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n|---|---|---|---|---|---|---|---|---|\n| `host.cpu.used` | above 90% | - | 10 min | 80% | - | x | - | - |\n";
    let documents = ReportDocuments {
        objectives: Some(Objectives::parse("o", objectives).unwrap()),
        thresholds: Some(Thresholds::parse("t", thresholds, collectors::signals()).unwrap()),
        ..documents()
    };
    let mut all = Vec::new();
    let mut add = |subject: &str, signal: &str, unit: &Unit, hour: i64, values: &[f64]| {
        all.extend(hour_of(subject, signal, unit, at(day(1, hour)), values));
    };
    let (number, percent) = (Unit::Count, Unit::Percent);
    // What is told in the first minute of a day was counted in the day before.
    add("objective:shop", "objective.events", &number, 0, &[5.0, 4.0, 4.0, 4.0]);
    add("objective:shop", "objective.failures", &number, 0, &[5.0, 0.0, 1.0, 0.0]);
    add("objective:shop", "objective.error_budget_left", &percent, 23, &[80.5; 60]);
    // What was left long before the end is not told as what was left at the end.
    add("objective:idle", "objective.error_budget_left", &percent, 0, &[90.0, 90.0]);
    let rate: Unit = "results/s".parse().unwrap();
    add("organization:acme", "organization.results", &rate, 3, &[10.0; 5]);
    add("organization:acme", "organization.counted", &number, 3, &[600.0; 5]);
    add("organization:acme", "organization.failed", &number, 3, &[0.0, 0.0, 0.0, 0.0, 7.0]);
    // An earlier version counted nothing.
    add("organization:old", "organization.results", &rate, 3, &[10.0; 5]);
    add("organization:old", "organization.errors", &percent, 3, &[1.0; 5]);
    let mut cpu = [20.0; 60];
    cpu[10..16].fill(95.0);
    add("host:web-1", "host.cpu.used", &percent, 6, &cpu);
    // Shorter than half of what it takes.
    let mut short = [20.0; 60];
    short[10..14].fill(99.0);
    add("host:web-2", "host.cpu.used", &percent, 6, &short);
    store.write_rollups(&all).await.unwrap();

    let now = at(day(2, 7));
    let made = due_of(&*store, &documents, ReportKind::Daily, now).await.unwrap();
    let figures = &made.figures;
    let [shop, idle] = &figures.objectives[..] else { panic!("{figures:?}") };
    assert_eq!((shop.events, shop.failed, shop.budget_left), (12, 1, Some(80)));
    assert_eq!((idle.events, idle.budget_left), (0, None));
    let requests: Vec<_> = figures
        .requests
        .iter()
        .map(|one| (one.subject.as_str(), one.results, one.failed, one.uncounted))
        .collect();
    let expected = [
        ("organization:acme", 3_000, 7, Span::ZERO),
        ("organization:old", 0, 0, Span::from_mins(5)),
    ];
    assert_eq!(requests, expected);
    let [near] = &figures.near_misses[..] else { panic!("{figures:?}") };
    assert_eq!((near.subject.as_str(), near.times), ("host:web-1", 1));
    assert_eq!((near.longest, near.alerts_after), (Span::from_mins(6), Span::from_mins(10)));
    for line in [
        "- shop (checkout): 91.66% good of 12, missed (target 99%); 80% of its error budget of 7 days was left\n",
        "- idle (idle): nothing was counted in this period; its error budget is not known\n",
        "- acme: 99.76% succeeded (7 of 3000 failed); no results for ",
        "- old: not known, as results were not counted (by an earlier version of Calm Ops, or their readings are missing)\n",
        " on web-1: once, 6 min; it alerts after 10 min\n",
    ] {
        assert!(made.text.contains(line), "{line}\n{}", made.text);
    }
}

pub async fn what_a_report_does_not_know_is_told(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    let make = async |documents: &ReportDocuments| {
        let now = at(day(90, 0));
        let period = reports::period::until(&TeamZone::default(), ReportKind::Monthly, now);
        reports::make(&*store, &[], documents, &period, now).await.unwrap()
    };
    let without = ReportDocuments { thresholds: None, objectives: None, ..documents() };
    let made = make(&without).await;
    assert_eq!(made.figures.unread, ["alerts/thresholds.md", "alerts/objectives.md"]);
    for name in ["thresholds", "objectives"] {
        let line = format!("- Not known: alerts/{name}.md could not be read when this report was");
        assert!(made.text.contains(&line), "{}", made.text);
    }

    // Each signal is past its threshold in each hour of the month: more than are looked at.
    let thresholds = "format: 1\n| signal | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n|---|---|---|---|---|---|---|---|---|\n| `host.cpu.used` | above 90% | - | 10 min | 80% | - | x | - | - |\n";
    let thresholds = Thresholds::parse("t", thresholds, collectors::signals()).unwrap();
    let documents = ReportDocuments { thresholds: Some(thresholds), ..documents() };
    let made = make(&documents).await;
    assert_eq!(made.figures.near_misses_left_out, 0);
    assert!(!made.text.contains("Not known"), "{}", made.text);
    let hour = |host: i64, hour: i64| Rollup {
        subject: format!("host:web-{host}").parse().unwrap(),
        signal: "host.cpu.used".parse().unwrap(),
        unit: Unit::Percent,
        step: RollupStep::Hour,
        ..minute(at(day(60, hour)), 95.0)
    };
    let hours: Vec<Rollup> = (0..29)
        .flat_map(|host| (0..720).map(move |n| (host, n)))
        .map(|(h, n)| hour(h, n))
        .collect();
    for some in hours.chunks(720) {
        store.write_rollups(some).await.unwrap();
    }
    let made = make(&documents).await;
    assert_eq!(made.figures.near_misses_left_out, 2);
    let line =
        "- Not known of 2 signals: too many were past their thresholds to look at all of them\n";
    assert!(made.text.contains(line), "{}", made.text);
}

pub async fn the_list_of_reports_has_pages(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    let made = due(&*store, 7, 7).await.unwrap();
    let mut numbers = Vec::new();
    for n in 0..i64::from(reports::LISTED) + 3 {
        numbers.push(keep(&*store, day(7, 8) + n, Actor::System, made.clone()).await);
    }
    let reviewed = Event::ReportReviewed { report: numbers[0] };
    write(&*store, day(8, 8), Actor::Local, vec![reviewed]).await.unwrap();
    numbers.reverse();
    let page = async |before| {
        let (found, older) = reports::page(&*store, before).await.unwrap();
        (found.iter().map(|one| one.report).collect::<Vec<_>>(), older)
    };
    let (first, older) = page(None).await;
    assert_eq!(first, numbers[..60]);
    assert_eq!(older, Some(numbers[59]));
    assert_eq!(page(older).await, (numbers[60..].to_vec(), None));
    let last = reports::page(&*store, older).await.unwrap().0.pop().unwrap();
    assert!(last.reviewed.is_some(), "its review is found, however old it is");
    // A page that is full to its last report has no other one behind it.
    assert_eq!(page(Some(numbers[2])).await, (numbers[3..].to_vec(), None));
    assert_eq!(page(Some(1)).await, (Vec::new(), None));
}
