//! Proves the journal, and that the incidents are what the journal says.

use std::collections::BTreeMap;

use commands::audit::Removals;
use domain::{
    hash::Head,
    id::IncidentNumber,
    incident::{Incident, Misfit, apply},
    journal::{Broken, Event, StoredEntry, Verifier},
    time::Timestamp,
};

use crate::store::{Store, error::StoreError, rows};

/// How many entries are read at a time.
const PAGE: u32 = 500;

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The head that was reached.
    pub head: Head,
    /// How many payloads were redacted.
    pub redacted: u64,
    /// Entries whose content is gone although no entry tells of a redaction: someone else took it
    /// away.
    pub unexplained: Vec<u64>,
    /// Incidents whose rows are not what the journal says; they are never written by hand, so this
    /// is a defect or a foreign hand.
    pub differing: Vec<IncidentNumber>,
}

/// Why the journal could not be proved.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is not whole: which entry shows it.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// An event does not fit its incident.
    #[error("entry {number}: {misfit}")]
    Misfit {
        /// Which entry.
        number: u64,
        /// Why.
        misfit: Misfit,
    },
    /// It could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the journal makes of the incidents, folded entry by entry in memory.
#[derive(Debug, Default)]
pub struct Fold {
    incidents: BTreeMap<IncidentNumber, Folded>,
}

#[derive(Debug, Default)]
struct Folded {
    incident: Option<Incident>,
    remarks: String,
    /// A redacted entry was about it: the rest can't be known from the journal alone.
    redacted: bool,
}

impl Fold {
    /// Takes the next entry.
    pub fn take(&mut self, stored: &StoredEntry) -> Result<(), VerifyError> {
        let Some(number) = stored.incident.map(IncidentNumber) else { return Ok(()) };
        let folded = self.incidents.entry(number).or_default();
        let entry = rows::readable(stored)?;
        let Some(event) = entry.event else {
            folded.redacted = true;
            if let Some(incident) = &mut folded.incident {
                // What is known without the content is carried out, so that what was ended stays
                // ended.
                if stored.kind == "snapshot_saved" {
                    (incident.snapshots, incident.updated_at) = (incident.snapshots + 1, entry.at);
                } else if let Some(event) =
                    Event::remainder(&stored.kind, number, entry.actor, incident)
                {
                    let _ = apply(&mut folded.incident, &event, entry.actor, entry.at);
                }
            }
            return Ok(());
        };
        folded.remarks.push_str(&rows::remark(&event).unwrap_or_default());
        match apply(&mut folded.incident, &event, entry.actor, entry.at) {
            Err(misfit) if !folded.redacted => {
                Err(VerifyError::Misfit { number: entry.number, misfit })
            }
            _ => Ok(()),
        }
    }

    /// The incidents as they stand, each with the words of its comments and notes.
    pub fn finish(self) -> Vec<(Incident, String)> {
        self.incidents
            .into_values()
            .filter_map(|folded| Some((folded.incident?, folded.remarks)))
            .collect()
    }
}

/// Walks the whole journal, up to the head that was noted elsewhere and to its own, and names the
/// first thing that is wrong. What is written meanwhile by a running server is left for the next
/// time.
pub async fn verify(store: &dyn Store, noted: Option<Head>) -> Result<Report, VerifyError> {
    // Read before the head: an incident that changes in between differs from the rows, and is
    // looked at again below.
    let (_, goal) = store.head().await?;
    let (mut verifier, mut fold, mut removals) =
        (Verifier::new(noted), Fold::default(), Removals::default());
    let mut after = 0;
    'pages: loop {
        let page = store.stored_entries(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        let came_to = last.number;
        for entry in &page {
            // Beyond the head there are entries only because the server went on: or because someone
            // put them there.
            if entry.number > goal.number && store.head().await?.1.number >= entry.number {
                break 'pages;
            }
            verifier.take(entry)?;
            removals.take(entry);
            fold.take(entry)?;
        }
        if came_to <= after {
            return Err(Broken::OutOfOrder { expected: after + 1, found: came_to }.into());
        }
        after = came_to;
    }
    let (head, redacted) = verifier.finish(goal)?;
    let differing = compare(store, fold, head).await?;
    explain(store, head.number, &mut removals).await?;
    Ok(Report { head, redacted, unexplained: removals.unexplained(), differing })
}

/// A running server may have removed a content while the journal was read: the entry that says so
/// came after the head then.
pub(crate) async fn explain(
    store: &dyn Store,
    after: u64,
    removals: &mut Removals,
) -> Result<(), StoreError> {
    let mut after = after;
    while !removals.unexplained().is_empty() {
        let page = store.stored_entries(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        page.iter().for_each(|entry| removals.explain(entry));
    }
    Ok(())
}

/// Folds the whole journal in memory and returns the incidents whose rows differ. An incident with
/// a redacted entry is left out.
pub async fn rebuild(store: &dyn Store) -> Result<Vec<IncidentNumber>, VerifyError> {
    let mut fold = Fold::default();
    let mut after = 0;
    loop {
        let page = store.stored_entries(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        page.iter().try_for_each(|entry| fold.take(entry))?;
    }
    let (_, head) = store.head().await?;
    compare(store, fold, head).await
}

async fn compare(
    store: &dyn Store,
    fold: Fold,
    head: Head,
) -> Result<Vec<IncidentNumber>, VerifyError> {
    let mut rows: BTreeMap<IncidentNumber, Incident> = store
        .recent_incidents(Timestamp::from_micros(i64::MIN))
        .await?
        .into_iter()
        .map(|incident| (incident.number, incident))
        .collect();
    let mut differing = Vec::new();
    for (number, folded) in fold.incidents {
        let row = rows.remove(&number);
        if !folded.redacted && row != folded.incident {
            differing.push(number);
        }
    }
    differing.extend(rows.into_keys());
    if differing.is_empty() {
        return Ok(differing);
    }
    // What a running server wrote since then explains its difference.
    let mut after = head.number;
    loop {
        let page = store.entries(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        for event in page.iter().filter_map(|entry| entry.event.as_ref()) {
            differing.retain(|number| event.incident() != Some(*number));
        }
    }
    Ok(differing)
}
