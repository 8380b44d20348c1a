//! The figures of a report about objectives, requests and near misses, read from the history.

use domain::{
    breach::BreachKey,
    incident::Incident,
    report::ReportPeriod,
    subject::Subject,
    time::{Span, Timestamp},
};
use engine::{
    availability::PROBE_STEP,
    report::{HeldBreach, ObjectiveSeries, ResultSeries, WATCHED_STEP, WatchedSeries, is_past},
};
use policy::{
    objectives::Objectives,
    thresholds::{Level, Thresholds},
};

use crate::{
    collectors::{
        gate::{GATE_RESULTS, ORGANIZATION_RESULTS},
        objectives::{BUDGET, EVENTS, FAILURES},
    },
    probes::steps_of as steps,
    store::{Bucket, NamedSeries, RollupStep, Store, StoreError},
};

/// The most organizations whose results are read.
const MOST_ORGANIZATIONS: usize = 200;
/// The most hours of minutes of near misses that are read, so that a report is made in bounded time.
const MOST_HOURS: u64 = 20_000;
const HOUR: Span = Span::from_mins(60);
/// The delay: an objective tells in a minute what was counted in the one before.
const LATER: Span = Span::from_mins(1);

/// A series of the period in steps of five minutes; nothing of a signal that has no name.
async fn read(
    store: &dyn Store,
    (subject, signal): (&Subject, &str),
    range: (Timestamp, Timestamp),
) -> Result<Vec<Bucket>, StoreError> {
    let Ok(signal) = signal.parse() else { return Ok(Vec::new()) };
    let past = store.as_past();
    past.buckets(subject, &signal, RollupStep::Minute, range, PROBE_STEP).await
}

/// The events of the objectives, and what was left of their error budgets.
pub(super) async fn objectives(
    store: &dyn Store,
    document: &Objectives,
    period: &ReportPeriod,
) -> Result<Vec<ObjectiveSeries>, StoreError> {
    let mut all = Vec::new();
    let range = (period.from.plus(LATER), period.to.plus(LATER));
    for objective in &document.objectives {
        let Some(subject) = objective.subject() else { continue };
        let budget = read(store, (&subject, BUDGET), range).await?;
        all.push(ObjectiveSeries {
            objective: objective.clone(),
            events: steps(read(store, (&subject, EVENTS), range).await?),
            failures: steps(read(store, (&subject, FAILURES), range).await?),
            // One that was told long before the end says nothing of the end.
            budget_left: budget
                .last()
                .filter(|last| last.start.plus(PROBE_STEP).plus(PROBE_STEP) >= period.to)
                .map(|last| last.last),
        });
    }
    Ok(all)
}

/// The results of requests of the gate and of organizations.
pub(super) async fn results(
    store: &dyn Store,
    all: &[NamedSeries],
    period: &ReportPeriod,
) -> Result<Vec<ResultSeries>, StoreError> {
    let range = (period.from, period.to);
    let mut found = Vec::new();
    for one in all {
        let signals = match one.signal.as_str() {
            rate if rate == GATE_RESULTS.rate => GATE_RESULTS,
            rate if rate == ORGANIZATION_RESULTS.rate && found.len() < MOST_ORGANIZATIONS => {
                ORGANIZATION_RESULTS
            }
            _ => continue,
        };
        let rates = steps(read(store, (&one.subject, signals.rate), range).await?);
        if rates.is_empty() {
            continue;
        }
        let counted = steps(read(store, (&one.subject, signals.counted), range).await?);
        let failed = steps(read(store, (&one.subject, signals.failed), range).await?);
        found.push(ResultSeries { subject: one.subject.clone(), rates, counted, failed });
    }
    Ok(found)
}

/// The minutes in which signals were past the first level of their threshold, and the number of
/// signals that were left out, because too many were past it for too long.
pub(super) async fn watched(
    store: &dyn Store,
    thresholds: &Thresholds,
    all: &[NamedSeries],
    period: &ReportPeriod,
) -> Result<(Vec<WatchedSeries>, u32), StoreError> {
    let past = store.as_past();
    let (mut found, mut hours, mut left_out) = (Vec::new(), 0, 0_u32);
    for one in all {
        let rows = thresholds.rows_for(one.signal.as_str(), one.subject.as_str());
        let Some((level, alerts_after)) = rows.level.and_then(WatchedSeries::watched_by) else {
            continue;
        };
        let mut minutes = Vec::new();
        let ranges = hours_past(store, one, level, period).await?;
        let length =
            |(from, to): &(Timestamp, Timestamp)| to.since(*from).as_secs().div_ceil(3_600);
        let needed = ranges.iter().map(length).sum::<u64>();
        if hours + needed > MOST_HOURS {
            left_out += 1;
            continue;
        }
        hours += needed;
        for (from, to) in ranges {
            // With the minute after it, which tells whether a run ended.
            let range = (from, to.plus(WATCHED_STEP));
            let step = RollupStep::Minute;
            let buckets =
                past.buckets(&one.subject, &one.signal, step, range, WATCHED_STEP).await?;
            let seen = |bucket: Bucket| (bucket.start, is_past(level, bucket.mean));
            minutes.extend(buckets.into_iter().map(seen));
        }
        if minutes.iter().any(|(_, past)| *past) {
            let key = BreachKey { subject: one.subject.clone(), signal: one.signal.clone() };
            found.push(WatchedSeries { key, level, alerts_after, minutes });
        }
    }
    Ok((found, left_out))
}

/// The hours of a period in which a series was past a level at some time, and the last one, which may
/// not be put together yet.
async fn hours_past(
    store: &dyn Store,
    series: &NamedSeries,
    level: Level,
    period: &ReportPeriod,
) -> Result<Vec<(Timestamp, Timestamp)>, StoreError> {
    let range = (period.from.minus(HOUR), period.to);
    let past = store.as_past();
    let step = RollupStep::Hour;
    let buckets = past.buckets(&series.subject, &series.signal, step, range, HOUR).await?;
    let known_until = buckets.last().map_or(period.from, |last| last.start.plus(HOUR));
    let is_past_level = |one: &Bucket| is_past(level, one.min) || is_past(level, one.max);
    let mut hours: Vec<(Timestamp, Timestamp)> = buckets
        .iter()
        .filter(|one| is_past_level(one))
        .map(|one| (one.start.max(period.from), one.start.plus(HOUR).min(period.to)))
        .fold(Vec::new(), joined);
    let last = period.to.minus(HOUR).minus(HOUR).max(known_until);
    if last < period.to {
        hours = joined(hours, (last, period.to));
    }
    Ok(hours)
}

/// Hours with one more, as one range where it follows the last.
fn joined(
    mut ranges: Vec<(Timestamp, Timestamp)>,
    (from, to): (Timestamp, Timestamp),
) -> Vec<(Timestamp, Timestamp)> {
    match ranges.last_mut() {
        Some((_, until)) if *until >= from => *until = to,
        _ => ranges.push((from, to)),
    }
    ranges
}

/// The breaches of incidents of the period, and of older ones.
pub(super) fn held(incidents: &[Incident], older: &[Incident]) -> Vec<HeldBreach> {
    let of_incident = |one: &Incident| {
        // A signal that comes back joins the incident again, and only its last time is kept: it counts
        // as held for as long as the incident.
        let resolved = one.resolution.as_ref().map(|resolution| resolution.at);
        let breach = |known: &domain::incident::IncidentBreach| HeldBreach {
            key: known.breach.key.clone(),
            since: known.breach.since.min(one.opened_at),
            until: if one.is_active() { None } else { known.cleared_at.max(resolved) },
        };
        one.breaches.iter().map(breach).collect::<Vec<_>>()
    };
    incidents.iter().chain(older).flat_map(of_incident).collect()
}
