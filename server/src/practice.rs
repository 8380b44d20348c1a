//! Practice, from what is stored: the last one, and who is notified of one. The service and the
//! command line ask alike.

use std::collections::BTreeSet;

use commands::{
    audit::AuditFilter,
    practice::{LastPractice, MOST_ENTRIES, PracticeSteps},
    reading::HistoryFilter,
};
use domain::{
    actor::Actor,
    id::IncidentNumber,
    incident::Incident,
    severity::Severity,
    time::{Span, Timestamp},
};

use crate::store::{Store, StoreError};

/// How far back incidents are looked for that are in the way of a practice.
const RECENT: Span = Span::from_mins(60);

/// The people who are notified of a practice, by name, each once.
pub async fn notified(store: &dyn Store) -> Result<Vec<String>, StoreError> {
    let roster = store.roster().await?;
    let contacts = store.as_calls().contacts(None).await?;
    let names: BTreeSet<String> = contacts
        .iter()
        .filter(|contact| contact.enabled && contact.least <= Severity::Critical)
        .filter_map(|contact| roster.account(contact.account))
        .filter(|account| account.closed_at.is_none())
        .map(|account| account.name.clone())
        .collect();
    Ok(names.into_iter().collect())
}

/// The active incidents and those that ended lately.
pub async fn recent(store: &dyn Store, now: Timestamp) -> Result<Vec<Incident>, StoreError> {
    store.recent_incidents(now.minus(RECENT)).await
}

/// The last practice that was begun.
pub async fn last(store: &dyn Store) -> Result<Option<LastPractice>, StoreError> {
    let begun = AuditFilter { kind: Some("practice_begun".to_owned()), ..AuditFilter::default() };
    let found = store.as_trail().trail(&begun, 1).await?;
    let Some((entry, _)) = found.first() else { return Ok(None) };
    let at = Timestamp::from_micros(entry.at_micros);
    let by = entry.actor.parse().unwrap_or(Actor::System);
    let opened = HistoryFilter { practice: Some(true), from: Some(at), ..HistoryFilter::default() };
    let incident = store.history(&opened, 1).await?.pop();
    let steps = steps(store, at, incident.as_ref()).await?;
    let incident: Option<IncidentNumber> = incident.map(|incident| incident.number);
    Ok(Some(LastPractice { at, by, incident, steps }))
}

/// How long each step of a practice took.
pub async fn steps(
    store: &dyn Store,
    begun_at: Timestamp,
    incident: Option<&Incident>,
) -> Result<PracticeSteps, StoreError> {
    let timeline = match incident {
        Some(incident) => store.timeline(incident.number, MOST_ENTRIES).await?,
        None => Vec::new(),
    };
    Ok(PracticeSteps::of(begun_at, incident, &timeline))
}
