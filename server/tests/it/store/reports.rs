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
use policy::report_template::ReportTemplate;
use server::{
    reports,
    store::{Archive, Rollup, RollupStep},
    time_zones::TeamZone,
};

use crate::store::support::{Place, at, opened, write};

/// Seconds from the first entry, on a Monday at 14:13:20 in UTC, to a time of a day after it.
fn day(days: i64, hour: i64) -> i64 {
    days * 86_400 + hour * 3_600 - (14 * 3_600 + 13 * 60 + 20)
}

fn template() -> ReportTemplate {
    reports::built_in().unwrap()
}

async fn due(store: &dyn Archive, days: i64, hour: i64) -> Option<MadeReport> {
    let now = at(day(days, hour));
    reports::due(store, &template(), &TeamZone::default(), now).await.unwrap()
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
    let asked = reports::make(&*store, &known, &template(), &period, at(day(7, 6))).await.unwrap();
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
    let week = reports::period::due(&zone, at(day(14, 7)));
    let again = reports::make(&*store, &[], &template(), &week, at(day(30, 8))).await.unwrap();
    assert_eq!(again.figures.availability, next.figures.availability);

    // What is kept is what was made.
    keep(&*store, day(30, 9), Actor::Local, again).await;
    let newest = reports::newest_due(&*store).await.unwrap().unwrap();
    assert_eq!((newest.report, newest.reviewed), (last, None), "nobody asked for it");
    let kept = reports::one(&*store, first).await.unwrap().unwrap();
    assert_eq!(*kept.made, made);
    assert_eq!(reports::one(&*store, 1).await.unwrap(), None, "another entry");
    assert_eq!(reports::one(&*store, 999).await.unwrap(), None);
}
