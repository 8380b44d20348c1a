//! Proves the journal, and that what is stored beside it is what the journal says: incidents, the
//! columns by which they are found, and who may do what.

use std::{collections::BTreeMap, sync::Arc};

use commands::{
    access_record::{AccessRecord, Difference, KINDS},
    audit::Removals,
};
use domain::{
    hash::Head,
    id::IncidentNumber,
    incident::{Incident, Misfit, apply},
    journal::{Broken, Event, StoredEntry, Verifier},
};

use crate::store::{
    Store,
    error::StoreError,
    organizations::{PlanRow, PlanRows},
    rows::{self, IncidentRow},
};

/// Number of entries that are read at a time.
const PAGE: u32 = 500;

/// The result of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The head that was reached.
    pub head: Head,
    /// Number of payloads that were redacted.
    pub redacted: u64,
    /// Entries whose content is gone although no entry tells of a redaction: someone else took it
    /// away.
    pub unexplained: Vec<u64>,
    /// Incidents whose rows are not what the journal says; they are never written by hand, so this
    /// is a defect or a foreign hand.
    pub differing: Vec<IncidentNumber>,
    /// Incidents that are found by something else than they are.
    pub misfiled: Vec<IncidentNumber>,
    /// Incidents whose words for lists and searches are not those that this program makes; an
    /// earlier version may have made them.
    pub reworded: Vec<IncidentNumber>,
    /// Organizations whose rows say something else of their plans than the journal.
    pub organizations: Vec<String>,
    /// Rows that say something else of who may do what than the journal.
    pub access: Vec<Difference>,
    /// Number of tokens and share links that are from before all that they allow was journalled.
    pub untold: usize,
}

impl Report {
    /// True if everything is what the journal says.
    pub fn is_whole(&self) -> bool {
        self.unexplained.is_empty()
            && self.differing.is_empty()
            && self.misfiled.is_empty()
            && self.reworded.is_empty()
            && self.access.is_empty()
            && self.organizations.is_empty()
    }
}

/// The reasons the journal could not be proved.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Not whole: which entry shows it.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// An event does not fit its incident.
    #[error("entry {number}: {misfit}")]
    Misfit {
        /// Number of the entry.
        number: u64,
        /// The reason.
        misfit: Misfit,
    },
    /// Could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The incidents and the access by the journal, folded entry by entry in memory.
#[derive(Debug, Default)]
pub struct Fold {
    incidents: BTreeMap<IncidentNumber, Folded>,
    /// The rights of people and programs.
    pub access: AccessRecord,
    /// Plans of organizations.
    plans: PlanRows,
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
        let is_access = KINDS.contains(&stored.kind.as_str());
        let is_plan = PlanRows::take_kind(&stored.kind);
        if stored.incident.is_none() && !is_access && !is_plan {
            return Ok(());
        }
        let entry = rows::readable(stored)?;
        if is_plan {
            self.plans.take(&entry);
        }
        if is_access {
            if entry.event.is_none() {
                self.access.take_removed(entry.number, &stored.kind);
            }
            self.access.take(&entry);
        }
        let Some(number) = stored.incident.map(IncidentNumber) else { return Ok(()) };
        let folded = self.incidents.entry(number).or_default();
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

/// The chain of the journal as far as it was walked.
struct Chain {
    verifier: Verifier,
    removals: Removals,
}

impl Chain {
    /// Takes the next entries; the number of the wrong one beside what is wrong.
    fn take(mut self, page: &[StoredEntry]) -> Result<Self, (u64, VerifyError)> {
        for entry in page {
            self.verifier.take(entry).map_err(|broken| (entry.number, broken.into()))?;
            self.removals.take(entry);
        }
        Ok(self)
    }
}

impl Fold {
    /// Takes the next entries; the number of the wrong one beside what is wrong.
    fn take_all(mut self, page: &[StoredEntry]) -> Result<Self, (u64, VerifyError)> {
        for entry in page {
            self.take(entry).map_err(|error| (entry.number, error))?;
        }
        Ok(self)
    }
}

/// The result of work on another thread.
fn done<T>(joined: Result<T, tokio::task::JoinError>) -> Result<T, VerifyError> {
    joined.map_err(|failed| match failed.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        // The program is stopping.
        Err(_) => StoreError::from(sqlx::Error::PoolClosed).into(),
    })
}

/// Walks the whole journal, up to the head that was noted elsewhere and to its own, and names the
/// first thing that is wrong. What is written meanwhile by a running server is left for the next
/// time. While the next page is read, the hashes of one and what its entries mean are looked at side by
/// side.
pub async fn verify(store: &dyn Store, noted: Option<Head>) -> Result<Report, VerifyError> {
    // An incident that changes meanwhile differs from the rows, and is looked at again below; the
    // rows about access are of the moment of this head.
    let (_, goal, stored) = store.stored_access().await?;
    let mut chain = Chain { verifier: Verifier::new(noted), removals: Removals::default() };
    let mut fold = Fold::default();
    let mut page = store.stored_entries(0, PAGE).await?;
    while let Some(last) = page.last().map(|last| last.number) {
        // Beyond the head there are entries only because the server went on: or because someone put
        // them there.
        let known = page.partition_point(|entry| entry.number <= goal.number);
        let went_on = match page.get(known) {
            Some(beyond) => store.head().await?.1.number >= beyond.number,
            None => false,
        };
        if went_on {
            page.truncate(known);
        }
        let page_of_both = Arc::new(page);
        let page_of_fold = Arc::clone(&page_of_both);
        let (linked, folded, next) = tokio::join!(
            tokio::task::spawn_blocking(move || chain.take(&page_of_both)),
            tokio::task::spawn_blocking(move || fold.take_all(&page_of_fold)),
            store.stored_entries(last, PAGE)
        );
        // The first thing that is wrong; of one entry, its link.
        (chain, fold) = match (done(linked)?, done(folded)?) {
            (Ok(chain), Ok(fold)) => (chain, fold),
            (Err((link, error)), Err((meaning, _))) if link <= meaning => return Err(error),
            (_, Err((_, error))) | (Err((_, error)), Ok(_)) => return Err(error),
        };
        if went_on {
            break;
        }
        page = next?;
    }
    let Chain { verifier, mut removals } = chain;
    let (head, redacted) = verifier.finish(goal)?;
    let (access, untold) = (fold.access.differences(&stored), fold.access.untold());
    let mut unexplained = fold.access.removed().to_vec();
    let plans = std::mem::take(&mut fold.plans);
    let organizations = compare_plans(store, plans, head).await?;
    let Compared { differing, misfiled, reworded } = compare(store, fold, head).await?;
    explain(store, head.number, &mut removals).await?;
    unexplained.extend(removals.unexplained());
    unexplained.sort_unstable();
    unexplained.dedup();
    Ok(Report {
        head,
        redacted,
        unexplained,
        differing,
        misfiled,
        reworded,
        organizations,
        access,
        untold,
    })
}

/// Organizations whose rows are not what the journal makes of them.
async fn compare_plans(
    store: &dyn Store,
    mut plans: PlanRows,
    head: Head,
) -> Result<Vec<String>, VerifyError> {
    let mut differing = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.as_organizations().plan_rows(after.as_deref(), PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        let wrong = |(name, row): (String, PlanRow)| {
            (plans.0.remove(&name).as_ref() != Some(&row)).then_some(name)
        };
        differing.extend(page.into_iter().filter_map(wrong));
    }
    differing.extend(plans.0.into_keys());
    // What a running server wrote since then explains its difference.
    let mut after = head.number;
    while !differing.is_empty() {
        let page = store.entries(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        let mut changed = PlanRows::default();
        for name in page.iter().filter_map(|entry| changed.take(entry).map(str::to_owned)) {
            differing.retain(|one| *one != name);
        }
    }
    Ok(differing)
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
    Ok(compare(store, fold, head).await?.differing)
}

/// Incidents that are not what the journal says.
#[derive(Default)]
struct Compared {
    differing: Vec<IncidentNumber>,
    misfiled: Vec<IncidentNumber>,
    reworded: Vec<IncidentNumber>,
}

impl Compared {
    fn row(
        &mut self,
        folded: Option<Folded>,
        incident: &Incident,
        row: IncidentRow,
    ) -> Result<(), StoreError> {
        let number = incident.number;
        let Some(folded) = folded else {
            self.differing.push(number);
            return Ok(());
        };
        if !folded.redacted && folded.incident.as_ref() != Some(incident) {
            self.differing.push(number);
            return Ok(());
        }
        let right = IncidentRow::new(incident, &folded.remarks)?;
        let worded = (right.headline == row.headline)
            && (right.search == row.search)
            && (right.problems == row.problems)
            && (right.recovered_at == row.recovered_at);
        if right.facts() != row.facts() {
            self.misfiled.push(number);
        } else if !worded {
            self.reworded.push(number);
        }
        Ok(())
    }

    fn retain(&mut self, keep: impl Fn(IncidentNumber) -> bool) {
        for list in [&mut self.differing, &mut self.misfiled, &mut self.reworded] {
            list.retain(|number| keep(*number));
        }
    }

    const fn is_empty(&self) -> bool {
        self.differing.is_empty() && self.misfiled.is_empty() && self.reworded.is_empty()
    }
}

async fn compare(store: &dyn Store, fold: Fold, head: Head) -> Result<Compared, VerifyError> {
    let (mut incidents, mut found) = (fold.incidents, Compared::default());
    let mut after = 0;
    loop {
        let page = store.incident_rows(after, PAGE).await?;
        let Some((_, last)) = page.last() else { break };
        let last = u32::try_from(last.number).unwrap_or(u32::MAX);
        for (incident, row) in page {
            let number = rows::number(row.number)?;
            let folded = incidents.remove(&number);
            if number == incident.number {
                found.row(folded, &incident, row)?;
            } else {
                found.differing.push(number);
            }
        }
        if last <= after {
            break;
        }
        after = last;
    }
    let missing = incidents.iter().filter(|(_, folded)| folded.incident.is_some());
    found.differing.extend(missing.map(|(number, _)| *number));
    if found.is_empty() {
        return Ok(found);
    }
    // What a running server wrote since then explains its difference.
    let mut after = head.number;
    loop {
        let page = store.entries(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        for number in page.iter().filter_map(|entry| entry.event.as_ref()?.incident()) {
            found.retain(|one| one != number);
        }
    }
    Ok(found)
}
