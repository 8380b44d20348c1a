//! The trail, proofs of the chain, redactions and share links.

use std::sync::PoisonError;

use commands::{
    audit::{self, AuditEntry, AuditFilter, AuditPage, Removals, Verified},
    command::{Command, CreateShare},
    sharing::{self, Share},
};
use domain::{
    access::Principal,
    actor::Actor,
    error::{Conflict, Entity, Error},
    hash::Hash,
    id::{IncidentNumber, ShareId},
    journal::{Broken, Entry, Event, StoredEntry, Verifier},
    time::{Span, Timestamp},
};
use wording::shared_page;

use super::{failure::refuse, handle::Service, inner::Inner, readings::without_body};
use crate::store::{About, Beside, Change, StoreError, readable, verify::explain};

/// Longest time for one proof: what is longer is for the command line.
const LONGEST_PROOF: Span = Span::from_secs(10);
/// A proof that is not older is shown again instead of made again.
const FRESH_PROOF: Span = Span::from_secs(2);
/// Number of entries that are read at a time.
const PAGE: u32 = 500;
/// Number of unexplained removals that are named.
const NAMED: usize = 20;
/// Number of links of an incident that are listed.
const SHARES: u32 = 200;
/// Number of entries in a shared timeline.
const TIMELINE: u32 = 500;
/// That a link was looked at is noted at most so often.
const NOTE_USE: Span = Span::from_secs(60);

impl Service {
    /// The principal that a share link's token lets in: its incident's reader, as long as the link
    /// is open. `opened` counts a view. A token that is unknown, over or ended costs the same one
    /// look-up.
    pub async fn by_share(&self, token: &str, opened: bool) -> Result<Option<Principal>, Error> {
        let now = self.inner.clock.now().wall;
        let store = self.inner.store.as_trail();
        let Some(share) = store.opened_by(sharing::token_hash(token), now).await.map_err(refuse)?
        else {
            return Ok(None);
        };
        // A look is noted, but not each of many: whoever holds a link must not keep the database
        // busy.
        let rested = |span| share.last_used_at.is_none_or(|last| now.since(last) >= span);
        if rested(if opened { Span::from_secs(1) } else { NOTE_USE })
            && let Err(error) = store.share_used(share.id, now, opened).await
        {
            tracing::warn!(%error, share = share.id.0, "the use of a share link could not be recorded");
        }
        Ok(Some(Principal::Share { id: share.id, incident: share.incident }))
    }
}

impl Inner {
    pub(super) async fn trail(
        &self,
        caller: &Principal,
        filter: &AuditFilter,
    ) -> Result<AuditPage, Error> {
        filter.check()?;
        let (cursor, head) = self.store.head().await.map_err(refuse)?;
        let mut found =
            self.store.as_trail().trail(filter, audit::PAGE + 1).await.map_err(refuse)?;
        let more = found.len() > audit::PAGE as usize;
        found.truncate(audit::PAGE as usize);
        let next = found.last().filter(|_| more).map(|(entry, _)| entry.number);
        let entries = found
            .into_iter()
            .map(|(stored, before)| shown(caller, stored, before))
            .collect::<Result<_, _>>()
            .map_err(refuse)?;
        let (names, reader) = (self.names().await?, self.reader(caller).await?);
        Ok(AuditPage { cursor, head, entries, next, verified: self.proofs.last(), names, reader })
    }

    /// Walks the chain, page by page, within its time.
    pub(super) async fn verify_chain(&self) -> Result<Verified, Error> {
        let asked = self.clock.now().wall;
        let _one = self.proofs.one.lock().await;
        let (_, head) = self.store.head().await.map_err(refuse)?;
        // One that began after this was asked for is as good; one from before only while nothing
        // was written since.
        let serves = |last: &Verified| {
            last.at.minus(last.took) >= asked
                || (last.at.plus(FRESH_PROOF) >= asked && last.goal == head)
        };
        if let Some(last) = self.proofs.last().filter(serves) {
            return Ok(last);
        }
        let found = self.walk().await.map_err(refuse)?;
        *self.proofs.last.write().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
        Ok(found)
    }

    async fn walk(&self) -> Result<Verified, StoreError> {
        let began = self.clock.now();
        let (_, goal) = self.store.head().await?;
        let (mut verifier, mut removals) = (Verifier::new(None), Removals::default());
        let mut in_time = true;
        let mut broken: Option<Broken> = None;
        'walk: while verifier.reached().0.number < goal.number {
            if self.clock.now().mono.since(began.mono) > LONGEST_PROOF {
                in_time = false;
                break;
            }
            let page = self.store.stored_entries(verifier.reached().0.number, PAGE).await?;
            if page.is_empty() {
                break;
            }
            for entry in page.iter().filter(|entry| entry.number <= goal.number) {
                if let Err(found) = verifier.take(entry) {
                    broken = Some(found);
                    break 'walk;
                }
                removals.take(entry);
            }
            if page.first().is_some_and(|entry| entry.number > goal.number) {
                break;
            }
        }
        let (head, redacted) = verifier.reached();
        if in_time && broken.is_none() {
            broken = verifier.finish(goal).err();
        }
        let mut unexplained = Vec::new();
        if in_time && broken.is_none() {
            explain(&*self.store, goal.number, &mut removals).await?;
            unexplained = removals.unexplained();
            unexplained.truncate(NAMED);
        }
        let now = self.clock.now();
        let took = now.mono.since(began.mono);
        Ok(Verified {
            at: now.wall,
            head,
            goal,
            redacted,
            unexplained,
            broken: broken.map(|broken| format!("{broken}.")),
            took,
        })
    }

    /// A redaction as a change: who may, and what.
    pub(super) async fn redaction(
        &self,
        caller: &Principal,
        actor: Actor,
        number: u64,
        reason: &str,
    ) -> Result<Change, Error> {
        let entry = self.store.as_trail().stored_entry(number).await.map_err(refuse)?;
        let entry = entry.ok_or(Error::NotFound(Entity::Entry(number)))?;
        let event = audit::redaction(caller, &entry, reason)?;
        // What it covers is in the same entry.
        let announced = self.at_hand().await.map_err(refuse)?.announcements;
        if announced.windows.iter().any(|open| open.number == number) {
            return Err(Conflict::WindowOpen(number).into());
        }
        let decide = Box::new(move |_: &[_]| Ok(vec![event]));
        Ok(Change {
            at: self.clock.now().wall,
            actor,
            about: About::Nothing,
            decide,
            people: None,
            monitor: None,
        })
    }

    /// The end of a link as a change.
    pub(super) async fn revocation(&self, actor: Actor, id: ShareId) -> Result<Change, Error> {
        let share = self.known_share(id).await?;
        let event = Event::ShareRevoked { incident: share.incident, share: id };
        let decide = Box::new(move |_: &[_]| Ok(vec![event]));
        Ok(Change {
            at: self.clock.now().wall,
            actor,
            about: About::Incident(share.incident),
            decide,
            people: None,
            monitor: None,
        })
    }

    /// The rows beside a command's change.
    pub(super) fn beside(command: &Command, now: Timestamp) -> Result<Beside, Error> {
        if let Command::CreateShare(CreateShare { incident, wanted, token_hash }) = command {
            let wanted = wanted.clone().checked(now)?;
            return Ok(Beside::Share { incident: *incident, wanted, token_hash: *token_hash });
        }
        Ok(Beside::Nothing)
    }

    pub(super) async fn carry_out(
        &self,
        change: Change,
        beside: Beside,
    ) -> Result<Vec<Entry>, StoreError> {
        match beside {
            Beside::Nothing => self.store.change(change).await,
            beside @ (Beside::Share { .. }
            | Beside::Contact(_)
            | Beside::Test { .. }
            | Beside::DeliveryEnded { .. }) => {
                self.store.as_trail().change_with(change, beside).await
            }
        }
    }

    async fn known_share(&self, id: ShareId) -> Result<Share, Error> {
        let share = self.store.as_trail().share(id).await.map_err(refuse)?;
        share.ok_or(Error::NotFound(Entity::Share(id)))
    }

    pub(super) async fn shares(&self, incident: IncidentNumber) -> Result<sharing::Shares, Error> {
        let (cursor, _) = self.store.head().await.map_err(refuse)?;
        if self.store.incident(incident).await.map_err(refuse)?.is_none() {
            return Err(Error::NotFound(Entity::Incident(incident)));
        }
        let shares = self.store.as_trail().shares(incident, SHARES).await.map_err(refuse)?;
        Ok(sharing::Shares {
            cursor,
            at: self.clock.now().wall,
            shares,
            names: self.names().await?,
        })
    }

    /// The page of a link, if it is still open now.
    pub(super) async fn shared(&self, caller: &Principal) -> Result<sharing::SharedPage, Error> {
        let closed = || Error::NotFound(Entity::SharedPage);
        let Principal::Share { id, incident: number } = caller else { return Err(closed()) };
        let number = *number;
        let now = self.clock.now().wall;
        let share = self.known_share(*id).await.map_err(|refusal| match refusal {
            Error::NotFound(_) => closed(),
            other => other,
        })?;
        if !share.is_open(now) || share.incident != number {
            return Err(closed());
        }
        let incident = self.store.incident(number).await.map_err(refuse)?.ok_or_else(closed)?;
        let timeline = self.store.timeline(number, TIMELINE).await.map_err(refuse)?;
        let readings = self.board.shown().readings;
        let mut hosts: Vec<String> = readings
            .readings
            .iter()
            .filter_map(|one| one.subject.host().map(str::to_owned))
            .collect();
        hosts.sort();
        hosts.dedup();
        Ok(shared_page::compose(&incident, &timeline, &share, &hosts, now))
    }
}

/// An entry as a page of the trail shows it.
fn shown(
    caller: &Principal,
    stored: StoredEntry,
    before: Option<Hash>,
) -> Result<AuditEntry, StoreError> {
    let entry = readable(&stored)?;
    Ok(AuditEntry {
        removable: entry.event.is_some() && audit::may_remove(caller, &stored.kind, entry.actor),
        entry: without_body(entry),
        kind: stored.kind,
        incident: stored.incident.map(IncidentNumber),
        payload_hash: stored.payload_hash,
        hash: stored.hash,
        before,
    })
}
