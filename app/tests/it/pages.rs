//! The pages as a browser without Wasm gets them, over a backend that holds hostile texts.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode, header},
};
use commands::{
    charts::{BusySubject, ChartDay, ChartWeek, DayMark, HistoryCharts, RecoveryTimes},
    command::{Command, Comment},
    figures::{HistoryFigures, HistorySummary, Longest, MostAffected},
    operation::Committed,
    reading::{
        GetDocument, GetHealth, GetIncident, GetSignal, GetUptime, ListIncidents, SearchHistory,
    },
    service::{Authorized, Backend, Operations, Pending},
    signal_page::{SignalEvent, SignalIncident, SignalPage, ThresholdRule},
    uptime::{EndpointUptime, UptimePage, UptimePeriod},
    view::{
        Document, Health, History, IncidentCard, IncidentPage, Incidents, Readings, Series,
        SeriesPoint, Sparkline,
    },
};
use domain::{
    access::Principal,
    breach::{Crossing, Guidance},
    change::{ChangeKind, ReportedChange},
    error::{Entity, Error, FieldReason, Requirement},
    hash::Head,
    id::IncidentNumber,
    journal::Cursor,
    lifecycle::State,
    reading::Reading,
    severity::Severity,
    subject::Subject,
    time::{Span, Timestamp},
};
use leptos::prelude::*;
use tower::ServiceExt;

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

struct Fake {
    incidents: usize,
    health: Health,
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_795_341_600 + seconds)
}

fn card(number: u32) -> IncidentCard {
    IncidentCard {
        id: uuid::Uuid::from_u128(u128::from(number)),
        number: IncidentNumber(number),
        headline: HOSTILE.into(),
        severity: Severity::Critical,
        state: State::Detected,
        cause: "service:<b>x</b>".parse().unwrap(),
        subjects: Vec::new(),
        opened_at: at(0),
        updated_at: at(0),
        resolved_at: None,
        acknowledged: false,
        resolution_offered: false,
        practice: false,
        awaits_decision: false,
    }
}

pub fn health(incidents: usize) -> Health {
    let name = |index: usize| {
        let subject: Subject = format!("service:job-{:02}<i>", index / 5).parse().unwrap();
        let signal: domain::signal::Signal = format!("job.value{index}").parse().unwrap();
        (subject, signal)
    };
    let reading = |index| {
        let (subject, signal) = name(index);
        Reading {
            unit: "jobs".parse().unwrap(),
            at: at(0),
            usual: Some(1000.0),
            warning: Some(2000.0),
            critical: Some(3000.0),
            ..fixtures::reading(subject.as_str(), signal.as_str(), 1234.5678)
        }
    };
    let spark = |index| {
        let (subject, signal) = name(index);
        let points = (0..60u8)
            .map(|step| (f32::from(59 - step) * 5.0, 1000.0 + f64::from(step) * 7.123_456))
            .collect();
        Sparkline { subject, signal, points }
    };
    Health {
        cursor: Cursor { epoch: 1, number: 9 },
        head: Head::EMPTY,
        now: Readings {
            version: 1,
            checked_at: at(0),
            readings: (0..50).map(reading).collect(),
            troubles: vec![HOSTILE.into()],
            left_out: 0,
            withheld: 0,
        },
        sparklines: (0..50).map(spark).collect(),
        active: (0..incidents).map(|index| card(index as u32 + 1)).collect(),
        overview: commands::view::Overview::default(),
        version: "0.1.0".into(),
        may_check: true,
        may_maintain: true,
        check: None,
        prevention: None,
        report: None,
    }
}

impl Fake {
    fn cards(&self) -> Vec<IncidentCard> {
        (0..self.incidents).map(|index| card(index as u32 + 1)).collect()
    }
}

/// Two weeks of which the first was not watched, in a zone that is ahead of UTC.
fn charts(is_narrow: bool) -> HistoryCharts {
    // Monday, the 16th, in a zone with its midnight an hour before that of UTC.
    let day = |n: i64, mark, opened| ChartDay {
        from: at(86_400 * n - 558_000),
        offset: 60,
        mark,
        opened,
        going_on: 0,
        unseen: Span::ZERO,
    };
    let mut days: Vec<ChartDay> = (0..7).map(|n| day(n, DayMark::NotWatched, 0)).collect();
    days.extend([
        day(7, DayMark::Calm, 0),
        day(8, DayMark::Critical, 2),
        day(9, DayMark::PartlyWatched, 0),
    ]);
    let week = |place: usize, is_watched, critical| ChartWeek {
        from: days[place].from,
        offset: 60,
        is_watched,
        warning: 0,
        critical,
        recovery: (critical > 0).then_some(RecoveryTimes {
            incidents: critical,
            in_time: 1,
            shortest: Span::from_secs(250),
            median: Span::from_secs(250),
            longest: Span::from_mins(90),
        }),
    };
    HistoryCharts {
        from: days[0].from,
        to: at(400_000),
        zone: HOSTILE.into(),
        is_cut: false,
        is_narrow,
        weeks: vec![week(0, false, 0), week(7, true, 2)],
        days_before: 0,
        subjects: vec![BusySubject {
            subject: "service:<b>x</b>".parse().unwrap(),
            incidents: 2,
            critical: 2,
        }],
        elsewhere: 4,
        days,
    }
}

/// The uptime of an endpoint: unknown for a day, and one failure in a quarter.
fn uptime() -> EndpointUptime {
    let period = |days: u32, answered: u64, asked: u64| UptimePeriod {
        days,
        from: at(0),
        to: at(0),
        asked,
        answered,
        unseen: Span::from_mins(90),
        maintenance: None,
    };
    EndpointUptime {
        endpoint: "endpoint:<b>x</b>".parse().unwrap(),
        periods: vec![
            period(1, 0, 0),
            period(7, 100, 100),
            period(30, 9, 10),
            period(90, 99_999, 100_000),
        ],
    }
}

/// The history of a signal, with hostile texts wherever one can stand.
fn history_of(GetSignal { subject, signal, period }: GetSignal) -> SignalPage {
    let (from, to) = period.bounds(at(3_600)).unwrap();
    let point = |minute: i64| SeriesPoint {
        at: at(60 * minute),
        until: at(60 * minute + 90),
        min: 1.0,
        mean: 2.0,
        max: 3.0,
    };
    let change = ReportedChange {
        kind: ChangeKind::Deployment,
        what: HOSTILE.into(),
        version: None,
        subjects: Vec::new(),
        at: at(600),
    };
    SignalPage {
        uptime: (signal.as_str() == "endpoint.up").then(uptime),
        proposals: Vec::new(),
        cursor: CURSOR,
        series: Series {
            subject,
            signal,
            unit: "jobs".parse().unwrap(),
            warning: Some(10.0),
            critical: None,
            points: (0..60).map(point).collect(),
        },
        meaning: HOSTILE.into(),
        from,
        to,
        is_current: to == at(3_600),
        step_seconds: 60.0,
        week_before: (0..60).map(point).collect(),
        usual: Vec::new(),
        usual_zone: "UTC".to_owned(),
        checked_at: at(3_600),
        reading: None,
        last_at: None,
        thresholds: vec![ThresholdRule {
            warning: Some(Crossing::Above { level: 10.0 }),
            critical: None,
            warning_for_seconds: 60.0,
            critical_for_seconds: 0.0,
            recovers_at: Some(10.0),
            guidance: Guidance {
                meaning: HOSTILE.into(),
                runbook: "\"><script>alert".into(),
                commands: vec![HOSTILE.into()],
                measures: Vec::new(),
            },
        }],
        no_data_after_seconds: None,
        incidents: vec![SignalIncident {
            card: card(7),
            severity: Severity::Critical,
            from: at(60),
            to: Some(at(120)),
        }],
        events: vec![SignalEvent::Change { change }],
        has_more: true,
        blind: Vec::new(),
        trouble: Some(HOSTILE.into()),
    }
}

const CURSOR: Cursor = Cursor { epoch: 1, number: 9 };

impl Backend for Fake {
    fn change(&self, _: Authorized, command: Command) -> Pending<Committed> {
        let answer = match command {
            Command::Comment(Comment { text, .. }) if text.is_empty() => {
                Err(Error::invalid("text", FieldReason::Unusable(HOSTILE.into())))
            }
            Command::Comment(_) => Ok(Committed { cursor: Cursor::default() }),
            _ => Err(Error::Forbidden(Requirement::Role(domain::access::Role::Approver))),
        };
        Box::pin(async move { answer })
    }

    fn get_health(&self, _: Authorized, _: GetHealth) -> Pending<Health> {
        let health = self.health.clone();
        Box::pin(async move { Ok(health) })
    }

    fn list_incidents(&self, _: Authorized, _: ListIncidents) -> Pending<Incidents> {
        let active = self.cards();
        Box::pin(async move { Ok(Incidents { cursor: CURSOR, active, resolved: Vec::new() }) })
    }

    fn search_history(&self, _: Authorized, asked: SearchHistory) -> Pending<History> {
        let mut incidents = self.cards();
        if let Some(first) = incidents.first_mut() {
            (first.state, first.resolved_at) = (State::Resolved, Some(at(250)));
        }
        let figures = HistoryFigures {
            incidents: self.incidents as u32,
            median: Some(Span::from_secs(250)),
            longest: Some(Longest { incident: IncidentNumber(1), lasted: Span::from_secs(250) }),
            most_affected: Some(MostAffected {
                subject: "service:<b>x</b>".parse().unwrap(),
                incidents: 2,
            }),
            ..HistoryFigures::default()
        };
        let is_narrow = asked.filter.is_narrow();
        let summary = HistorySummary {
            figures,
            before: (!is_narrow).then(HistoryFigures::default),
            is_partial: false,
        };
        let charts = asked.filter.before.is_none().then(|| charts(is_narrow));
        let next = Some(IncidentNumber(1)).filter(|_| self.incidents > 1);
        Box::pin(async move { Ok(History { cursor: CURSOR, incidents, next, summary, charts }) })
    }

    fn get_uptime(&self, _: Authorized, _: GetUptime) -> Pending<UptimePage> {
        let endpoints = if self.incidents == 0 { Vec::new() } else { vec![uptime()] };
        let page = UptimePage { cursor: CURSOR, at: at(0), endpoints, left_out: 3 };
        Box::pin(async move { Ok(page) })
    }

    fn get_document(&self, _: Authorized, GetDocument { name }: GetDocument) -> Pending<Document> {
        let markdown = format!("# Guide\n\n{HOSTILE}\n");
        Box::pin(async move { Ok(Document { name, markdown }) })
    }

    fn get_incident(&self, _: Authorized, asked: GetIncident) -> Pending<IncidentPage> {
        Box::pin(async move { Err(Error::NotFound(Entity::Incident(asked.incident))) })
    }

    fn get_signal(&self, _: Authorized, asked: GetSignal) -> Pending<SignalPage> {
        let answer = if asked.subject.as_str() == "service:unknown" {
            Err(Error::NotFound(Entity::Signal(asked.subject, asked.signal)))
        } else {
            Ok(history_of(asked))
        };
        Box::pin(async move { answer })
    }

    unavailable! {
        find_incident(FindIncident),
        get_series(GetSeries),
        read_journal(ReadJournal),
        get_recommendation(GetRecommendation),
        get_bundle(GetBundle),
        get_protection(GetProtection),
        get_organization(GetOrganization),
        get_organization_impact(GetOrganizationImpact),
        list_impact(ListImpact),
        list_organizations(ListOrganizations),
        get_status_page(GetStatusPage),
        get_messages(GetMessages),
        get_review(GetReview),
        list_similar(ListSimilar),
        list_prevention(ListPrevention),
        get_threshold(GetThreshold),
        get_threshold_patch(GetThresholdPatch),
        try_threshold(TryThreshold),
        list_reports(ListReports),
        get_report(GetReport),
        get_settings(GetSettings),
        get_readiness(GetReadiness),
        get_sources(GetSources),
        search_audit(SearchAudit),
        verify_journal(VerifyJournal),
        list_shares(ListShares),
        get_shared_page(GetSharedPage),
        list_contacts(ListContacts),
        check_now(CheckNow),
    }
}

async fn answer(incidents: usize, request: Request<Body>) -> Response<Body> {
    answer_with(Fake { incidents, health: health(incidents) }, request).await
}

/// The page at an address, with this health.
pub async fn page_of(health: Health, path: &str) -> String {
    let fake = Fake { incidents: health.active.len(), health };
    let request = Request::builder().uri(path).body(Body::empty()).unwrap();
    let answer = answer_with(fake, request).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    crate::sample::unmarked(&to_bytes(answer.into_body(), 1 << 23).await.unwrap())
}

async fn answer_with(fake: Fake, request: Request<Body>) -> Response<Body> {
    let operations = Operations::new(Arc::new(fake));
    let context = move || {
        provide_context(operations.clone());
        provide_context(Principal::Local);
    };
    crate::sample::site(context).oneshot(request).await.unwrap()
}

async fn get(incidents: usize, path: &str) -> (StatusCode, Option<String>, String) {
    let request = Request::builder()
        .uri(path)
        .header(header::ACCEPT, "text/html")
        .body(Body::empty())
        .unwrap();
    let answer = answer(incidents, request).await;
    let (status, location) = (
        answer.status(),
        answer.headers().get(header::LOCATION).map(|path| path.to_str().unwrap().to_owned()),
    );
    let policy = answer
        .headers()
        .get(header::CONTENT_SECURITY_POLICY)
        .map(|policy| policy.to_str().unwrap().to_owned())
        .unwrap_or_default();
    assert!(
        policy.contains("script-src 'self' 'nonce-") && !policy.contains("unsafe-inline"),
        "{path}: {policy}"
    );
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, location, crate::sample::unmarked(&body))
}

#[tokio::test]
async fn every_page_is_readable_without_wasm_and_no_text_becomes_markup() {
    for path in [
        "/ops/health",
        "/ops/incidents",
        "/ops/history",
        "/ops/history?text=%3Cscript%3Ealert(1)%3C/script%3E",
        "/ops/runbook",
        "/ops/uptime",
        "/ops/signals/queue.depth?subject=service%3Aimports",
        "/ops/signals/endpoint.up?subject=endpoint%3Ashop",
    ] {
        let (status, _, html) = get(1, path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(html.contains("<h1"), "{path}");
        for bad in ["<script>alert", "<img src", "<b>x</b>", " style=", "<i>\""] {
            assert!(!html.contains(bad), "{path} holds {bad}");
        }
    }
}

#[tokio::test]
async fn the_history_tells_durations_and_figures_above_its_list() {
    let (_, _, html) = get(2, "/ops/history").await;
    for expected in [
        "Last 30 days: 2 incidents, half of them over within 5\u{a0}min; the longest took 4\u{a0}min.",
        "Most often affected: &lt;b&gt;x&lt;/b&gt; (2 incidents).",
        "The 30 days before: no incidents.",
        "aria-label=\"Incidents by week: 2 in 2 weeks, 2 critical. Most in the week of 23 Nov 2026: 2. Not watched: 1 of the weeks.\"",
        "aria-label=\"Time to recover: 1 of 2 incidents back within 5 min, the longest after 1 h 30 min.\"",
        "10 days: 1 calm, 1 critical, 1 partly watched and 7 not watched.",
        "<details id=\"charts\" open class=\"fold charts\">",
        "href=\"/ops/history?from=2026-11-24&amp;to=2026-11-24&amp;offset=60\"",
        "href=\"/ops/history?subject=service%3A%3Cb%3Ex%3C%2Fb%3E&amp;from=2026-11-16&amp;to=2026-11-25&amp;offset=60\"",
        "2 incidents, 2 critical</span>",
        "4 incidents began elsewhere.",
        ">23 Nov 2026: calm</span>",
        ">16 Nov 2026: not watched</span>",
        "22 Nov 2026, 10:00 UTC</time>",
        ", lasted 4 min",
        "(UTC)</label>",
        "href=\"/ops/history?before=1\"",
        "<details id=\"filters\" class=\"fold\">",
    ] {
        assert!(html.contains(expected), "{expected} in {html}");
    }
    assert_eq!(html.matches("not watched\" class=\"date is-unwatched\"").count(), 7);
    let next = get(2, "/ops/history?before=9").await.2;
    assert!(!next.contains("id=\"charts\""), "the charts are on the first page");
    let none = get(0, "/ops/history").await.2;
    assert!(none.contains("No incidents yet.") && none.contains("10 days: 1 calm"), "{none}");
    let not_found = get(0, "/ops/history?text=disk").await.2;
    assert!(!not_found.contains("id=\"charts\""));
}

#[tokio::test]
async fn what_was_not_seen_is_unknown_and_a_failure_is_never_rounded_away() {
    for path in ["/ops/uptime", "/ops/signals/endpoint.up?subject=endpoint%3Ashop"] {
        let (_, _, html) = get(1, path).await;
        for expected in [
            "<strong>unknown</strong>",
            "<strong>100%</strong>",
            "<strong>90%</strong>",
            "<strong>99.99%</strong>",
            "1 of 100,000 checks failed",
            "not watched for 1 h 30 min",
        ] {
            assert!(html.contains(expected), "{path}: {expected} in {html}");
        }
    }
    let html = get(1, "/ops/uptime").await.2;
    for expected in [
        "href=\"/ops/signals/endpoint.up?subject=endpoint%3A%3Cb%3Ex%3C%2Fb%3E\"",
        "3 more endpoints are not counted.",
    ] {
        assert!(html.contains(expected), "{expected} in {html}");
    }
    let empty = get(0, "/ops/uptime").await.2;
    assert!(empty.contains("No endpoint was checked") && !empty.contains("<table"), "{empty}");
    let other = get(1, "/ops/signals/queue.depth?subject=service%3Aimports").await.2;
    assert!(!other.contains("id=\"uptime\""));
}

#[tokio::test]
async fn the_other_filters_are_open_where_one_is_set_and_the_address_has_only_those() {
    let path = "/ops/history?text=&subject=&severity=critical&from=2026-11-01&to=&offset=60";
    let (status, _, html) = get(2, path).await;
    assert_eq!(status, StatusCode::OK);
    for expected in [
        "<details id=\"filters\" open class=\"fold\">",
        "<option value=\"critical\" selected>",
        "(your time)</label>",
        "2 matching incidents,",
        "href=\"/ops/history?severity=critical&amp;from=2026-11-01&amp;offset=60&amp;before=1\"",
    ] {
        assert!(html.contains(expected), "{expected} in {html}");
    }
    for expected in [
        // Where only critical ones are looked for, no day is called calm.
        "<details id=\"charts\" class=\"fold charts\">",
        "1 none found,",
        "href=\"/ops/history?severity=critical&amp;from=2026-11-24&amp;to=2026-11-24&amp;offset=60\"",
    ] {
        assert!(html.contains(expected), "{expected} in {html}");
    }
    assert!(!html.contains(": calm"));
    let words = get(2, "/ops/history?text=disk").await.2;
    assert!(
        words.contains("value=\"disk\"")
            && words.contains("<details id=\"filters\" class=\"fold\">"),
        "{words}"
    );
}

#[tokio::test]
async fn a_search_of_the_history_that_can_not_be_read_says_so() {
    for (query, sentence) in [
        ("offset=east&text=disk", "The time zone in the link is not valid."),
        ("severity=awful&text=disk", "A severity is"),
        ("to=22.11.2026&text=disk", "can't be read."),
        ("before=-1&text=disk", "Invalid link. Search again."),
    ] {
        let (status, _, html) = get(0, &format!("/ops/history?{query}")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert!(html.contains(sentence) && html.contains("value=\"disk\""), "{query}: {html}");
    }
    let (status, _, html) = get(0, "/ops/history?text=%zz").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(html.contains("id=\"text\""), "{html}");
}

#[tokio::test]
async fn the_health_page_is_small_with_fifty_signals() {
    let (_, _, html) = get(0, "/ops/health").await;
    // With its data as JSON beside the HTML.
    assert!(html.len() < 96 * 1024, "{} bytes", html.len());
    assert!(html.contains("All calm. All 50 signals are healthy."), "{html}");
    assert!(
        html.contains("<title>Calm · Health · Calm Ops</title>")
            && html.contains("/icons/calm.svg")
    );
    assert_eq!(html.matches("data-row").count(), 50);
}

#[tokio::test]
async fn the_root_leads_to_the_page_that_matters_now() {
    for (incidents, to) in [(0, "/ops/health"), (1, "/ops/incidents/1"), (2, "/ops/health")] {
        let (status, location, _) = get(incidents, "/").await;
        assert_eq!((status, location.as_deref()), (StatusCode::FOUND, Some(to)));
    }
}

#[tokio::test]
async fn what_is_not_there_says_so_with_its_status() {
    for (path, status, sentence) in [
        ("/ops/incidents/77", StatusCode::NOT_FOUND, "Incident 77 does not exist."),
        ("/ops/incidents/nope", StatusCode::NOT_FOUND, "There is no such incident."),
        ("/nowhere", StatusCode::NOT_FOUND, "<h1>Page not found</h1>"),
        (
            "/ops/signals/queue.depth?subject=service:unknown",
            StatusCode::NOT_FOUND,
            "has no record of queue.depth of service:unknown",
        ),
        ("/ops/signals/queue.depth", StatusCode::UNPROCESSABLE_ENTITY, "The subject is missing."),
        (
            "/ops/signals/Queue?subject=service:imports",
            StatusCode::UNPROCESSABLE_ENTITY,
            "The signal can't be",
        ),
        (
            "/ops/signals/queue.depth?subject=service:imports&range=9y",
            StatusCode::UNPROCESSABLE_ENTITY,
            "use one of 1h, 24h",
        ),
        ("/ops/history?from=yesterday", StatusCode::UNPROCESSABLE_ENTITY, "can't be read"),
    ] {
        let (found, _, html) = get(0, path).await;
        assert_eq!(found, status, "{path}");
        assert!(html.contains(sentence), "{path}: {html}");
    }
}

/// Sends a form of an incident's page, as a browser without Wasm does it.
async fn send(incident: u32, form: &str) -> (StatusCode, Option<String>, String) {
    let form = format!("incident={incident}&page=/ops/incidents/{incident}&{form}");
    let request = Request::post("/api/pages/act")
        .header(header::ACCEPT, "text/html")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap();
    let answer = answer(1, request).await;
    let (status, location) = (
        answer.status(),
        answer.headers().get(header::LOCATION).map(|path| path.to_str().unwrap().to_owned()),
    );
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "private, no-store");
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, location, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_plain_form_leads_back_to_the_page_with_a_word_for_what_was_done() {
    let (status, location, _) = send(7, "what=comment&text=hello").await;
    assert_eq!(
        (status, location.as_deref()),
        (StatusCode::SEE_OTHER, Some("/ops/incidents/7?done=commented#said-comment"))
    );
}

#[tokio::test]
async fn a_plain_form_that_is_refused_keeps_what_was_typed() {
    for (form, expected) in [
        ("what=comment&text=", StatusCode::UNPROCESSABLE_ENTITY),
        ("what=resolve&text=a+%3C%2Ftextarea%3E%3Cscript%3Ealert", StatusCode::FORBIDDEN),
        (
            "what=destroy&text=a+%3C%2Ftextarea%3E%3Cscript%3Ealert",
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        // The page itself can't be shown here: what was typed is kept all the same.
        let (status, location, html) = send(7, form).await;
        assert!(status == expected || status == StatusCode::NOT_FOUND, "{form}: {status}");
        assert_eq!(location, None);
        assert!(!html.contains("<script>alert") && !html.contains("<img src"), "{html}");
        assert_eq!(
            html.contains("a &lt;/textarea&gt;&lt;script&gt;alert"),
            form.contains("script"),
            "{form}: {html}"
        );
    }
    let (status, _, _) = send(7, "%zz&&=&what").await;
    assert!(status.is_client_error());
}

#[tokio::test]
async fn a_message_that_is_refused_is_kept_where_its_page_can_not_be_shown() {
    let path = "/ops/incidents/7/messages";
    let send = |form: &'static str, caller: Principal| async move {
        let request = Request::post(format!("{path}?to=all"))
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form))
            .unwrap();
        let operations = Operations::new(Arc::new(Fake { incidents: 1, health: health(1) }));
        let context = move || {
            provide_context(operations.clone());
            provide_context(caller.clone());
        };
        let answer = crate::sample::site(context).oneshot(request).await.unwrap();
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, crate::sample::unmarked(&body))
    };
    let save = "what=save&audience=all&stage=first&replaces=&text=Mine%0D%0A%3C%2Ftextarea%3E";
    let (status, html) = send(save, Principal::Local).await;
    assert!(!status.is_success() && !status.is_redirection(), "{status}");
    assert!(html.contains(">Mine\n&lt;/textarea&gt;</textarea>"), "{html}");
    assert!(html.contains("paste it when the page can be shown again"), "{html}");
    assert!(html.contains(&format!("href=\"{path}?to=all\"")), "{html}");
    let (status, html) = send(save, Principal::Nobody).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(html.contains(">Mine\n"), "{html}");
    assert!(html.contains(&format!("href=\"/sign-in?to={path}?to=all\"")), "{html}");
    let mark = "what=sent&audience=all&version=1&binding=x&destination=Help+%3Ci%3Edesk";
    let (_, html) = send(mark, Principal::Local).await;
    assert!(html.contains("Help &lt;i&gt;desk"), "{html}");
}

#[tokio::test]
async fn a_plain_form_leads_to_no_page_but_its_own() {
    for page in ["https://evil.example/ops/incidents/7", "//evil.example", "/sign-out", ""] {
        let request = Request::post("/api/pages/act")
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("incident=7&what=comment&text=hello&page={page}")))
            .unwrap();
        let answer = answer(1, request).await;
        assert_eq!(answer.status(), StatusCode::OK, "{page}");
        assert_eq!(answer.headers().get(header::LOCATION), None, "{page}");
    }
}

#[tokio::test]
async fn a_signal_s_page_is_whole_without_wasm() {
    let address = "/ops/signals/queue.depth?subject=service%3Aimports";
    let (status, _, html) = get(1, &format!("{address}&range=1h")).await;
    assert_eq!(status, StatusCode::OK);
    for part in [
        "<h1>Queue depth of imports</h1>",
        "class=\"course\"",
        "class=\"before\"",
        "a week before",
        "Warning above 10 jobs for 1 min.",
        "Missing data does not alert.",
        "href=\"/ops/incidents/7\"",
        "aria-current=\"true\"",
        "/api/ops/series.csv?signal=queue.depth",
        "<title>",
        "Values as a table",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    // A period of its own, as zooming leads to: no range is marked, and there is a way on.
    let zoomed = format!("{address}&from=2026-11-22T10:00:00Z&to=2026-11-22T10:30:00Z");
    let (_, _, html) = get(1, &zoomed).await;
    assert!(!html.contains("aria-current=\"true\""), "{html}");
    assert!(html.contains("Later") && html.contains("Zoom out"), "{html}");
}

#[tokio::test]
async fn a_hostile_name_of_a_signal_s_subject_stays_text() {
    let address = "/ops/signals/queue.depth?subject=service%3A%3Cb%3Ex%3C%2Fb%3E&range=7d";
    let (status, _, html) = get(1, address).await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("<h1>Queue depth of &lt;b&gt;x&lt;/b&gt;</h1>"), "{html}");
    // Unescaped it stands only inside of attributes, where it is text.
    for (at, _) in html.match_indices("<b>x</b>") {
        let before = &html[..at];
        assert!(before.rfind("=\"") > before.rfind('>'), "{}", &html[at.saturating_sub(200)..at]);
    }
}
