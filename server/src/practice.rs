//! Practice, from what is stored: how one begins and ends, the last one, and who is notified of one.
//! The service and the command line ask alike.

use std::collections::BTreeSet;

use commands::{
    audit::AuditFilter,
    practice::{LastPractice, MOST_ENTRIES, PracticeSteps, begin, end},
    reading::HistoryFilter,
};
use domain::{
    actor::Actor,
    error::Error,
    id::IncidentNumber,
    incident::Incident,
    practice::OpenPractice,
    severity::Severity,
    time::{Span, Timestamp},
};

use crate::store::{About, Decide, Store, StoreError};

/// The period in which incidents are looked for that keep a practice from beginning.
const RECENT: Span = Span::from_mins(60);

/// The beginning of a practice, while none is in force: decided by the incidents that are active
/// when it is written.
pub fn beginning(length: Span, now: Timestamp) -> (About, Decide) {
    let decide = move |active: &[Incident]| Ok(vec![begin(None, active, length, now)?]);
    (About::Practice { in_force: None }, Box::new(decide))
}

/// The end of a practice by a person, while it is the one in force.
pub fn ending(open: Option<&OpenPractice>) -> Result<(About, Decide), Error> {
    let event = end(open)?;
    let about = About::Practice { in_force: open.map(|open| open.number) };
    Ok((about, Box::new(move |_| Ok(vec![event]))))
}

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

/// The durations of the steps of a practice.
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
