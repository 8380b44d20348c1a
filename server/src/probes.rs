//! Stored values of the probes of endpoints, and of the maintenance windows during which they are
//! not counted.

use commands::audit::AuditFilter;
use domain::{journal::Entry, signal::Signal, subject::Subject, time::Span};
use engine::availability::{
    PastWindow, ProbeStep, Range, covered, steps_of as put_together, windows as of_entries,
};

use crate::{
    learned,
    store::{Bucket, RollupStep, Store, StoreError},
};

/// The signal that says whether an endpoint answered as expected.
pub const PROBE: &str = "endpoint.up";
/// The most windows that are read: the newest.
const MOST_WINDOWS: u32 = 2_000;

/// Every endpoint that was ever probed, by name.
pub async fn endpoints(store: &dyn Store) -> Result<Vec<Subject>, StoreError> {
    let all = store.as_past().all_series().await?.into_iter();
    Ok(all.filter(|one| one.signal.as_str() == PROBE).map(|one| one.subject).collect())
}

/// The probes of an endpoint in a time, as far as minutes are stored: in steps of five minutes, and
/// by minutes where a maintenance window begins or ends.
pub async fn steps(
    store: &dyn Store,
    endpoint: &Subject,
    range: Range,
    windows: &[PastWindow],
) -> Result<Vec<ProbeStep>, StoreError> {
    let maintenance = covered(windows, endpoint, range);
    Ok(put_together(minutes(store, endpoint, range).await?, &maintenance))
}

/// The same by minutes.
pub async fn minutes(
    store: &dyn Store,
    endpoint: &Subject,
    range: Range,
) -> Result<Vec<ProbeStep>, StoreError> {
    let signal: Signal = PROBE
        .parse()
        .map_err(|error: domain::name::BadName| StoreError::inconsistent("series", PROBE, error))?;
    let past = store.as_past();
    let found =
        past.buckets(endpoint, &signal, RollupStep::Minute, range, Span::from_mins(1)).await?;
    Ok(steps_of(found))
}

/// Steps of time as figures are made of them.
pub fn steps_of(buckets: Vec<Bucket>) -> Vec<ProbeStep> {
    let step = |one: Bucket| ProbeStep { start: one.start, mean: one.mean, count: one.count };
    buckets.into_iter().map(step).collect()
}

/// The maintenance windows that were in force at some time of a range, also those whose reasons
/// were redacted since.
pub async fn windows(store: &dyn Store, (from, to): Range) -> Result<Vec<PastWindow>, StoreError> {
    let filter = AuditFilter {
        from: Some(from.minus(domain::maintenance::LONGEST)),
        to: Some(to),
        ..AuditFilter::default()
    };
    let kinds = ["maintenance_begun", "maintenance_ended"];
    let mut entries = learned::entries(store, &filter, &kinds, MOST_WINDOWS).await?;
    let is_redacted = |entry: &&Entry| entry.event.is_none();
    let redacted = entries.iter().filter(is_redacted).map(|entry| entry.number).collect();
    entries.extend(learned::redactions_of(store, redacted).await?);
    let mut found = of_entries(&entries);
    found.retain(|one| one.to > from);
    Ok(found)
}
