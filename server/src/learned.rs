//! The lessons of people, read from the journal: entries of some kinds, and prevention steps.

use std::collections::BTreeSet;

use commands::audit::AuditFilter;
use domain::{
    id::IncidentNumber,
    journal::{Entry, Event},
    review::PreventionSteps,
};

use crate::store::{Store, StoreError, readable};

/// The most entries of a kind about one incident that are read.
pub const ENTRIES: u32 = 500;
/// The most entries of a kind about all incidents that are read: the newest.
const ALL_ENTRIES: u32 = 2_000;

/// The kinds of entries of which prevention steps are made.
const PREVENTION: [&str; 3] =
    ["prevention_step_added", "prevention_step_done", "prevention_step_dropped"];

/// Entries of some kinds that fit a filter, oldest first; of each kind at most the newest `most`.
pub async fn entries(
    store: &dyn Store,
    filter: &AuditFilter,
    kinds: &[&str],
    most: u32,
) -> Result<Vec<Entry>, StoreError> {
    let mut entries = Vec::new();
    for kind in kinds {
        let filter = AuditFilter { kind: Some((*kind).to_owned()), ..filter.clone() };
        for (stored, _) in store.as_trail().trail(&filter, most).await? {
            entries.push(readable(&stored)?);
        }
    }
    entries.sort_by_key(|entry| entry.number);
    Ok(entries)
}

/// Entries of some kinds about an incident, or about all, oldest first.
pub async fn of_kinds(
    store: &dyn Store,
    incident: Option<IncidentNumber>,
    kinds: &[&str],
) -> Result<Vec<Entry>, StoreError> {
    let most = if incident.is_some() { ENTRIES } else { ALL_ENTRIES };
    entries(store, &AuditFilter { incident, ..AuditFilter::default() }, kinds, most).await
}

/// The prevention steps of one incident, or of all.
pub async fn prevention_steps(
    store: &dyn Store,
    incident: Option<IncidentNumber>,
) -> Result<PreventionSteps, StoreError> {
    let mut entries = of_kinds(store, incident, &PREVENTION).await?;
    let is_redacted = |entry: &&Entry| entry.event.is_none();
    let redacted = entries.iter().filter(is_redacted).map(|entry| entry.number).collect();
    entries.extend(redactions_of(store, redacted).await?);
    Ok(PreventionSteps::of(&entries))
}

/// The entries that tell of the redaction of others: they say which message, which end of a
/// prevention step, or which maintenance window that was.
pub async fn redactions_of(
    store: &dyn Store,
    mut redacted: BTreeSet<u64>,
) -> Result<Vec<Entry>, StoreError> {
    let mut filter = AuditFilter { kind: Some("redacted".to_owned()), ..AuditFilter::default() };
    let mut found = Vec::new();
    while let Some(first) = redacted.first().copied() {
        let page = store.as_trail().trail(&filter, ENTRIES).await?;
        let Some((oldest, _)) = page.last() else { break };
        filter.before = Some(oldest.number);
        let is_last = oldest.number <= first;
        for (stored, _) in &page {
            let entry = readable(stored)?;
            if let Some(Event::Redacted { entry: of, .. }) = &entry.event
                && redacted.remove(of)
            {
                found.push(entry);
            }
        }
        if is_last {
            break;
        }
    }
    Ok(found)
}
