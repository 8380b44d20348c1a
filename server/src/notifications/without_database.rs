//! Tells people that nothing can be written: then no incident can be opened, and no call queued. It
//! works from memory, as contacts and outbox lie in the database too.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use commands::{
    notifications::{Contact, Notification, Reason},
    reading::GetHealth,
};
use domain::{
    access::Principal,
    error::DatabaseFault,
    id::{ContactId, IncidentNumber},
    reading::{Reading, Status},
    severity::Severity,
    time::{Now, Span},
};
use futures::future::join_all;
use wording::notification;

use super::{channel::Outgoing, channels, notifier::Notifier};
use crate::store::StoreError;

/// Longest time for one proof.
const PROVE_WITHIN: Duration = Duration::from_secs(15);
/// While something is critical, people are told after this time without the database.
const CRITICAL_AFTER: Span = Span::from_mins(1);

/// A time in which nothing can be written.
struct Away {
    since: Now,
    /// The contacts that were told of it.
    told: BTreeSet<ContactId>,
}

impl Notifier {
    /// Proves now and then that the database takes writes; if it takes none for too long, everyone
    /// is told once.
    pub(super) async fn watch_database(self: Arc<Self>) {
        let (mut contacts, mut away) = (Vec::new(), None);
        loop {
            let now = self.clock.now();
            match self.fault().await {
                None => {
                    away = None;
                    // What is not read now is known from before.
                    contacts = self.open_contacts().await.unwrap_or(contacts);
                }
                Some(fault) => {
                    let away =
                        away.get_or_insert_with(|| Away { since: now, told: BTreeSet::new() });
                    self.tell_all(&contacts, away, &fault).await;
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(self.pace.prove) => {}
            }
        }
    }

    /// The reason that the database takes no writes, if it does not. One that another Calm Ops
    /// serves from has somebody else who tells.
    async fn fault(&self) -> Option<DatabaseFault> {
        let written = self.store.as_calls().prove_writable(self.clock.now().wall);
        match tokio::time::timeout(PROVE_WITHIN, written).await {
            Err(_) => Some(DatabaseFault::NoAnswer),
            Ok(Err(StoreError::Unavailable { fault, .. })) => {
                Some(fault).filter(|fault| *fault != DatabaseFault::TakenOver)
            }
            Ok(Ok(()) | Err(_)) => None,
        }
    }

    async fn tell_all(&self, contacts: &[Contact], away: &mut Away, fault: &DatabaseFault) {
        // It is answered from memory.
        let health = self.service.execute(Principal::System, GetHealth {}).await.ok();
        let readings = health.map(|health| health.now.readings).unwrap_or_default();
        let critical: Vec<&Reading> =
            readings.iter().filter(|one| one.status == Status::Critical).collect();
        let wait = if critical.is_empty() {
            self.pace.escalate_after
        } else {
            self.pace.escalate_after.min(CRITICAL_AFTER)
        };
        if self.clock.now().mono.since(away.since.mono) < wait {
            return;
        }
        let call = Notification {
            entry: 0,
            incident: IncidentNumber(0),
            why: Reason::NothingWritten,
            severity: Severity::Critical,
            at: away.since.wall,
        };
        let public_url = self.outbound.public_url.as_deref();
        let message = notification::nothing_written(away.since.wall, fault, &critical, public_url);
        let untold = contacts.iter().filter(|one| one.enabled && !away.told.contains(&one.id));
        let send = async |contact: &Contact| {
            let id = format!("calm-ops-database-{}-{}", contact.id, call.at.as_micros());
            let now = self.clock.now().wall;
            let outgoing = Outgoing { id: &id, notification: &call, message: &message, now };
            let sending = channels::send(&contact.channel, &outgoing, &self.outbound);
            let sent = tokio::time::timeout(self.pace.time_limit, sending).await;
            let problem = sent.unwrap_or_else(|_| Err("It did not answer in time.".to_owned()));
            match problem {
                Ok(()) => Some(contact.id),
                Err(problem) => {
                    let contact = contact.id.0;
                    tracing::warn!(
                        contact,
                        problem,
                        "nobody could be notified that nothing can be saved"
                    );
                    None
                }
            }
        };
        away.told.extend(join_all(untold.map(send)).await.into_iter().flatten());
    }
}
