//! The page of a signal, without a server.

use commands::{
    signal_page::{SignalEvent, SignalIncident, SignalPage, ThresholdRule, UsualSpan},
    view::{Series, SeriesPoint},
};
use domain::{
    breach::{Crossing, Guidance},
    change::{ChangeKind, ReportedChange},
    id::IncidentNumber,
    journal::{Entry, Event},
    reading::{Reading, Status},
    severity::Severity,
    time::{Span, Timestamp},
    usual::{Bounds, NotJudged, RelativeLevel, Side},
};
use leptos::prelude::*;

use super::{
    beside, csv, periods,
    sections::{self, rows},
    state::{self, SignalState, draw, follow, is_about},
};
use crate::{components::chart::ChartFigure, sample};

const STEP: i64 = 10;

fn at(second: i64) -> Timestamp {
    sample::at(second)
}

fn point(second: i64, mean: f64) -> SeriesPoint {
    let until = at(second).plus(Span::from_secs(15));
    SeriesPoint { at: at(second), until, min: mean - 1.0, mean, max: mean + 1.0 }
}

/// Ten minutes of a queue, and what happened.
fn page() -> SignalPage {
    let reading = Reading { at: at(595), value: 7_300.0, ..sample::reading() };
    let card = wording::summary::incident_card(&sample::incident());
    SignalPage {
        uptime: None,
        proposals: Vec::new(),
        cursor: domain::journal::Cursor { epoch: 1, number: 9 },
        series: Series {
            subject: reading.subject.clone(),
            signal: reading.signal.clone(),
            unit: reading.unit.clone(),
            warning: Some(1_000.0),
            critical: Some(5_000.0),
            points: (0..60).map(|step| point(step * STEP, 7_000.0)).collect(),
        },
        meaning: "How much waits.".to_owned(),
        from: at(0),
        to: at(600),
        is_current: true,
        step_seconds: 10.0,
        week_before: Vec::new(),
        usual: Vec::new(),
        usual_zone: "UTC".to_owned(),
        checked_at: at(600),
        reading: Some(reading),
        last_at: None,
        thresholds: vec![ThresholdRule {
            warning: Some(Crossing::Above { level: 1_000.0 }),
            critical: Some(Crossing::Above { level: 5_000.0 }),
            warning_for_seconds: 300.0,
            critical_for_seconds: 60.0,
            recovers_at: Some(500.0),
            guidance: Guidance {
                meaning: "Work is piling up.".to_owned(),
                runbook: "queue-is-long".to_owned(),
                commands: vec!["pm2-reload".to_owned()],
                measures: Vec::new(),
            },
        }],
        no_data_after_seconds: Some(900.0),
        incidents: vec![SignalIncident {
            card,
            severity: Severity::Critical,
            from: at(100),
            to: None,
        }],
        events: vec![
            SignalEvent::Run {
                at: at(300),
                incident: IncidentNumber(7),
                title: "Reload one app".to_owned(),
                outcome: None,
            },
            SignalEvent::Change { change: change() },
        ],
        has_more: false,
        blind: Vec::new(),
        trouble: None,
    }
}

fn change() -> ReportedChange {
    ReportedChange {
        kind: ChangeKind::Deployment,
        what: "api".to_owned(),
        version: None,
        subjects: Vec::new(),
        at: at(90),
    }
}

fn html<V: IntoView>(show: impl FnOnce(SignalState) -> V, page: SignalPage) -> String {
    let owner = Owner::new();
    owner.with(|| show(SignalState::new(page)).into_view().to_html().replace("<!>", ""))
}

#[test]
fn the_picture_marks_what_happened() {
    let chart = draw(&page());
    let names: Vec<(&str, &str)> =
        chart.marks.iter().map(|mark| (mark.name.as_str(), mark.class)).collect();
    assert_eq!(
        names,
        [("deployment of api", "moment change"), ("Reload one app", "moment command")]
    );
    assert_eq!((chart.strips.len(), chart.strips[0].class), (1, "critical"));
    assert_eq!(chart.levels.len(), 2);
    assert_eq!(chart.samples.len(), 61, "the newest value stands for itself");
}

#[test]
fn a_period_that_ends_now_goes_on_with_the_newest_values() {
    let mut page = page();
    page.series.points.truncate(59);
    let newest = |second: i64, value: f64| Reading { at: at(second), value, ..sample::reading() };
    // Less than a pixel: known, and not drawn yet.
    assert!(!follow(&mut page, at(600), &newest(599, 9_000.0)));
    assert_eq!((page.series.points.len(), page.to), (60, at(600)));
    assert!(follow(&mut page, at(606), &newest(605, 1_000.0)));
    assert_eq!((page.from, page.to), (at(6), at(606)));
    let last = *page.series.points.last().unwrap();
    assert_eq!((last.at, last.min, last.max), (at(600), 1_000.0, 1_000.0));
    assert_eq!(last.until, at(615));
    // The same step: the mean is that over time.
    follow(&mut page, at(612), &newest(608, 5_000.0));
    let last = *page.series.points.last().unwrap();
    assert_eq!((last.min, last.mean, last.max), (1_000.0, 2_500.0, 5_000.0));
    assert_eq!(page.series.points[0].at, at(10), "what has left the period is gone");
    follow(&mut page, at(700), &newest(690, 5_000.0));
    assert_eq!((page.series.points[0].at, page.from), (at(100), at(100)));
    let gap = page.series.points.windows(2).find(|pair| pair[1].at > pair[0].until);
    assert!(gap.is_some(), "a time without values stays one");
}

#[test]
fn a_period_of_the_past_stays_as_it_is() {
    let mut past = SignalPage { is_current: false, ..page() };
    let before = past.clone();
    let newest = Reading { at: at(700), ..sample::reading() };
    assert!(!follow(&mut past, at(701), &newest));
    assert_eq!(past, before);
}

#[test]
fn the_page_is_loaded_again_for_what_it_marks_and_for_nothing_else() {
    let page = page();
    let is_about = |number: u64, event: Event| {
        let actor = domain::actor::Actor::Agent;
        is_about(&page, &Entry { number, at: at(0), actor, event: Some(event) })
    };
    let joined = |incident: u32, breach| Event::BreachJoined {
        incident: IncidentNumber(incident),
        breach: Box::new(breach),
    };
    assert!(is_about(10, joined(8, sample::breach())));
    assert!(!is_about(9, joined(8, sample::breach())), "it is known");
    let other = fixtures::breach().on("service:other").signal("queue.depth").build();
    assert!(!is_about(10, joined(8, other)));
    let started = |incident| Event::RunStarted { incident: IncidentNumber(incident), place: 1 };
    assert_eq!([is_about(10, started(7)), is_about(10, started(8))], [true, false]);
    assert!(is_about(10, Event::ChangeReported { change: Box::new(change()) }));
    let elsewhere = ReportedChange { subjects: vec!["host:x".parse().unwrap()], ..change() };
    assert!(!is_about(10, Event::ChangeReported { change: Box::new(elsewhere) }));
    assert!(!is_about(10, Event::Acknowledged { incident: IncidentNumber(7) }));
}

#[test]
fn the_table_has_few_rows_of_equal_length() {
    let rows = rows(&page());
    assert_eq!(rows.len(), 20, "{rows:?}");
    assert!(rows.windows(2).all(|pair| pair[1].at.since(pair[0].at) == Span::from_secs(30)));
    assert_eq!(rows[1].values, ["6,999 jobs", "7,000 jobs", "7,001 jobs"]);
}

#[test]
fn the_sections_say_what_holds() {
    let present = html(|state| view! { <sections::Present state/> }, page());
    assert!(present.contains("7,300 jobs") && present.contains("usually 300 jobs"), "{present}");
    let threshold = html(|state| view! { <sections::Threshold state/> }, page());
    for part in [
        "Warning above 1,000 jobs for 5 min; critical above 5,000 jobs for 1 min.",
        "It has recovered at 500 jobs or below.",
        "It also alerts after 15 min without data.",
        "href=\"/ops/runbook#queue-is-long\"",
        "<code>pm2-reload</code>",
    ] {
        assert!(threshold.contains(part), "{part}: {threshold}");
    }
    let incidents = html(|state| view! { <sections::Incidents state/> }, page());
    assert!(incidents.contains("href=\"/ops/incidents/7\""), "{incidents}");
    assert!(incidents.contains("not over yet"), "{incidents}");
    let events = html(|state| view! { <sections::Events state/> }, page());
    assert!(
        events.contains("\"Reload one app\" is running.") || events.contains("&quot;Reload"),
        "{events}"
    );
    assert!(events.contains("A deployment of api."), "{events}");
}

#[test]
fn what_is_usual_is_a_band_with_a_name_and_a_young_history_says_that_nothing_is_judged() {
    let usual = UsualSpan { from: at(0), to: at(600), value: 5.0, low: 6_500.0, high: 7_200.0 };
    let mut known = SignalPage { usual: vec![usual], ..page() };
    let chart = draw(&known);
    assert_eq!(chart.usual.len(), 1);
    assert!(
        chart.description.contains("usually 6,500 jobs to 7,200 jobs"),
        "{}",
        chart.description
    );
    let text = &chart.samples[3].text;
    assert!(text.contains("usually 6,500 jobs to 7,200 jobs"), "{text}");
    let owner = Owner::new();
    let figure = owner.with(|| view! { <ChartFigure chart=Signal::stored(chart)/> }.to_html());
    assert!(figure.contains("class=\"usual\"") && figure.contains("usual range"), "{figure}");
    let relative = RelativeLevel { side: Side::Above, times: 3.0, floor: None };
    let crossing = Crossing::Usual { relative, bounds: Bounds::default() };
    (known.thresholds[0].warning, known.thresholds[0].critical) = (Some(crossing), None);
    known.usual_zone = "Europe/Berlin".to_owned();
    let young = Some(NotJudged::Young { age_hours: 80 });
    let status = Status::Shown;
    known.reading = known.reading.map(|one| Reading { status, not_judged: young, ..one });
    let threshold = html(|state| view! { <sections::Threshold state/> }, known.clone());
    assert!(threshold.contains("above 3 times usual"), "{threshold}");
    assert!(threshold.contains("each hour of the week (Europe/Berlin)"), "{threshold}");
    let present = html(|state| view! { <sections::Present state/> }, known);
    for part in ["mark unknown", "not judged yet", "its history is 3 days old"] {
        assert!(present.contains(part), "{part}: {present}");
    }
    assert!(!present.contains("healthy") && !present.contains("no threshold"), "{present}");
}

#[test]
fn an_old_value_is_told_with_its_age_and_silence_teaches() {
    let mut stale = page();
    stale.reading = stale.reading.map(|one| Reading { stale_since: Some(at(60)), ..one });
    let present = html(|state| view! { <sections::Present state/> }, stale);
    assert!(present.contains("last reading ") && !present.contains("usually"), "{present}");
    let mut silent = SignalPage { last_at: Some(at(0)), reading: None, ..page() };
    silent.series.points.clear();
    (silent.events, silent.incidents) = (Vec::new(), Vec::new());
    let nothing = html(|state| view! { <sections::Nothing state/> }, silent.clone());
    assert!(nothing.contains("There is no data in this period."), "{nothing}");
    assert!(nothing.contains("datetime=\"2026-11-22T10:00:00Z\""), "{nothing}");
    let present = html(|state| view! { <sections::Present state/> }, silent.clone());
    assert!(present.contains("There is no reading at present."), "{present}");
    let events = html(|state| view! { <sections::Events state/> }, silent);
    assert!(events.contains("/api/ops/changes"), "{events}");
}

#[test]
fn every_period_is_an_address() {
    let page = page();
    let links = periods(&page, "1h").to_html();
    let address = "/ops/signals/queue.depth?subject=service%3Amail";
    for range in ["1h", "24h", "7d", "30d", "90d", "2y"] {
        assert!(
            links.contains(&format!("{address}&amp;range={range}"))
                || links.contains(&format!("{address}&range={range}")),
            "{range}: {links}"
        );
    }
    assert_eq!(links.matches("aria-current").count(), 1, "{links}");
    assert!(links.contains("Earlier") && !links.contains("Later"), "{links}");
    assert_eq!(beside(&page), [Some((at(-600), at(0))), None, Some((at(-600), at(1_200)))]);
    assert_eq!(
        csv(&page, "7d"),
        "/api/ops/series.csv?signal=queue.depth&subject=service%3Amail&range=10080min"
    );
    assert_eq!(
        csv(&page, ""),
        "/api/ops/series.csv?signal=queue.depth&subject=service%3Amail&from=2026-11-22T10:00:00Z&to=2026-11-22T10:10:00Z"
    );
    assert_eq!(state::floor(at(605), Span::from_secs(10)), at(600));
}
