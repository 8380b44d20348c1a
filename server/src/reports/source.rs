//! The source of a report's figures.

use commands::{audit::AuditFilter, figures::MOST, reading::HistoryFilter, report::StoredReport};
use domain::{
    incident::Incident,
    report::{ReportPeriod, StabilityReport, TREND_WEEKS},
    time::{Span, Timestamp},
};
use engine::{
    availability::{LOOK_BACK, PastWindow, ProbeSeries},
    report::{Blind, OpenedIncident, REPEATS_WITHIN, ReportSource, WEEK, report},
};

use super::{documents::ReportDocuments, measured};
use crate::{
    generated::is_mark,
    learned, probes,
    store::{BLIND_SPANS, Store, StoreError},
};

/// The most incidents of a period that are read: the newest.
const MOST_INCIDENTS: u32 = 2_000;
/// The number of incidents that are read at a time.
const PAGE: u32 = 200;
/// The most entries of a kind that are read: the newest.
const MOST_ENTRIES: u32 = 2_000;
/// The most endpoints whose history is read.
const MOST_ENDPOINTS: usize = 200;
/// The time before the period in which acts of people may be about its first incident.
const BEFORE: Span = Span::from_mins(30);
/// An endpoint that was not seen for so long is not expected any more.
const REMEMBERED: Span = Span::from_mins(7 * 24 * 60);
const KINDS: [&str; 7] = [
    "recommendation_rated",
    "maintenance_ended",
    "safe_mode_began",
    "status_update_published",
    "threshold_proposed",
    "threshold_changed",
    "threshold_declined",
];

/// The figures of a period.
pub(super) async fn figures(
    store: &dyn Store,
    known: &[StoredReport],
    documents: &ReportDocuments,
    period: &ReportPeriod,
    now: Timestamp,
) -> Result<StabilityReport, StoreError> {
    // Read before everything else: the report knows of all that is before it.
    let (_, head) = store.head().await?;
    let filter = AuditFilter {
        from: Some(period.from.minus(BEFORE)),
        to: Some(period.to),
        ..AuditFilter::default()
    };
    let entries = learned::entries(store, &filter, &KINDS, MOST_ENTRIES).await?;
    let blind: Vec<Blind> = store
        .blind_spans(looked_back(period), BLIND_SPANS)
        .await?
        .into_iter()
        .map(|one| Blind { from: one.from, to: one.to, why: one.why })
        .collect();
    let same = known.iter().filter(|one| one.made.figures.period.kind == period.kind);
    let earlier: Vec<_> = same.map(StoredReport::before).collect();
    let all = store.as_past().all_series().await?;
    let incidents = incidents(store, period).await?;
    let began = store.entries(0, 1).await?.into_iter().next();
    let older = store.recent_incidents(period.from).await?;
    let windows = probes::windows(store, (period.from, period.to)).await?;
    let (watched, left_out) = match &documents.thresholds {
        Some(thresholds) => measured::watched(store, thresholds, &all, period).await?,
        None => (Vec::new(), 0),
    };
    let objectives = match &documents.objectives {
        Some(objectives) => measured::objectives(store, objectives, period).await?,
        None => Vec::new(),
    };
    Ok(report(ReportSource {
        period,
        incidents: &incidents,
        past: &past(store, period, &older).await?,
        entries: &entries,
        steps: &learned::prevention_steps(store, None).await?,
        made_at: now,
        blind: &blind,
        probes: &probes_of(store, period, &windows).await?,
        windows: &windows,
        results: &measured::results(store, &all, period).await?,
        objectives: &objectives,
        watched: &watched,
        left_out,
        unread: &documents.unread(),
        held: &measured::held(&incidents, &older),
        earlier: &earlier,
        journal_began: began.as_ref().map(|first| first.at),
        generated: began.is_some_and(|first| is_mark(&first)),
        head,
    }))
}

/// The time of the journal's first entry.
pub(super) async fn journal_began(store: &dyn Store) -> Result<Option<Timestamp>, StoreError> {
    Ok(store.entries(0, 1).await?.first().map(|entry| entry.at))
}

/// The real incidents that were opened in the period.
async fn incidents(store: &dyn Store, period: &ReportPeriod) -> Result<Vec<Incident>, StoreError> {
    let mut filter = HistoryFilter {
        from: Some(period.from),
        to: Some(period.to),
        practice: Some(false),
        ..HistoryFilter::default()
    };
    let mut all: Vec<Incident> = Vec::new();
    loop {
        let page = store.history(&filter, PAGE).await?;
        let is_last =
            page.len() < PAGE as usize || all.len() + page.len() >= MOST_INCIDENTS as usize;
        filter.before = page.last().map(|one| one.number);
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

/// The beginning of what a report looks back at: the weeks of the trend, and the days before the
/// period in which a cause makes a repeat.
fn looked_back(period: &ReportPeriod) -> Timestamp {
    let trend = Span::from_micros(WEEK.as_micros() * TREND_WEEKS as u64);
    period.to.minus(trend).min(period.from.minus(REPEATS_WITHIN))
}

/// All real incidents that a report looks back at, and older ones that were active in the period.
async fn past(
    store: &dyn Store,
    period: &ReportPeriod,
    recent: &[Incident],
) -> Result<Vec<OpenedIncident>, StoreError> {
    let from = looked_back(period);
    let filter = HistoryFilter {
        from: Some(from),
        to: Some(period.to),
        practice: Some(false),
        ..HistoryFilter::default()
    };
    let found = store.past_incidents(&filter, MOST).await?;
    let opened = found.into_iter().map(|one| OpenedIncident {
        cause: one.cause,
        opened_at: one.opened_at,
        resolved_at: one.resolved_at,
    });
    let older = recent.iter().filter(|one| one.opened_at < from && !one.is_practice());
    let older = older.map(|one| {
        let end = one.resolution.as_ref().filter(|_| !one.is_active()).map(|end| end.at);
        OpenedIncident { cause: one.cause.clone(), opened_at: one.opened_at, resolved_at: end }
    });
    Ok(opened.chain(older).collect())
}

/// The history of the probes of all endpoints that were seen in the period or shortly before it.
async fn probes_of(
    store: &dyn Store,
    period: &ReportPeriod,
    windows: &[PastWindow],
) -> Result<Vec<ProbeSeries>, StoreError> {
    let mut found = Vec::new();
    for endpoint in probes::endpoints(store).await? {
        if found.len() == MOST_ENDPOINTS {
            break;
        }
        let range = (period.from.minus(LOOK_BACK), period.to);
        let steps = probes::steps(store, &endpoint, range, windows).await?;
        // One that fell silent shortly before is told. One that is gone for long, or is newer than
        // the period, is not.
        let before = (period.from.minus(REMEMBERED), period.from);
        if steps.is_empty() && probes::minutes(store, &endpoint, before).await?.is_empty() {
            continue;
        }
        found.push(ProbeSeries { endpoint, steps });
    }
    Ok(found)
}
