//! Messages to customers: drafts made of what the store knows of an incident, and what people save,
//! review and mark. Nothing here sends anything.

use std::collections::{BTreeMap, BTreeSet};

use commands::{
    audit::{AuditFilter, AuditGroup},
    command::{Command, MarkMessageSent, ReviewMessage, SaveMessage},
    messages::{self, AudienceMessage, MessagesPage},
    operation::Operation as _,
};
use domain::{
    access::Principal,
    actor::Actor,
    authorization::authorize,
    error::{Entity, Error},
    id::IncidentNumber,
    journal::{Entry, Event},
    message::{MessageAudience, Messages},
    signals,
};
use policy::messages::{MessageTemplate, message_document};
use wording::{
    draft::{self, DraftSource},
    summary::headline,
};

use super::{failure::refuse, inner::Inner};
use crate::{
    embedded, learned,
    store::{About, StoreError, readable},
};

/// The newest entries of an incident that a draft is made of; its opening and what people did with
/// its messages are read beside them.
const ENTRIES: u32 = 500;

impl Inner {
    /// The messages about an incident.
    pub(super) async fn messages(
        &self,
        caller: &Principal,
        number: IncidentNumber,
    ) -> Result<MessagesPage, Error> {
        // Read before everything else: the stream goes on from here.
        let (cursor, _) = self.store.head().await.map_err(refuse)?;
        let incident = self.store.incident(number).await.map_err(refuse)?;
        let incident = incident.ok_or(Error::NotFound(Entity::Incident(number)))?;
        let entries = self.entries_of(number).await.map_err(refuse)?;
        let known = Messages::of(number, &entries);
        let (names, now) = (self.names().await?, self.clock.now().wall);
        let product = self.set_up.get().and_then(|set_up| set_up.product.as_deref());
        let message = |audience: MessageAudience| {
            let messages = known.to(audience);
            let source =
                DraftSource { incident: &incident, entries: &entries, messages, product, now };
            let draft = draft::compose(&self.template(audience)?, source);
            let since = messages.last().map(|last| last.number);
            let since = since.map(|last| draft::since_saved(&entries, last, &names));
            Ok(AudienceMessage::new(draft, messages, since.unwrap_or_default()))
        };
        let all: Result<Vec<AudienceMessage>, Error> =
            MessageAudience::ALL.into_iter().map(message).collect();
        Ok(MessagesPage {
            cursor,
            checked_at: now,
            incident: number,
            headline: headline(&incident.summary),
            is_resolved: !incident.is_active(),
            messages: all?,
            names,
            reader: caller.account(),
            may_write: authorize(caller, SaveMessage::PERMISSION).is_ok(),
        })
    }

    /// The template in force.
    fn template(&self, audience: MessageAudience) -> Result<MessageTemplate, Error> {
        let name = message_document(audience);
        // Before the monitor has told which documents are in force, the built-in one is as good.
        let text = self.document(name).map(|document| document.markdown).or_else(|missing| {
            embedded::document(name).map(std::borrow::Cow::into_owned).ok_or(missing)
        })?;
        MessageTemplate::parse(audience, name, &text, signals::declared())
            .map_err(|_| Error::NotFound(Entity::Document(name.to_owned())))
    }

    /// The entries that drafts are made of, oldest first.
    async fn entries_of(&self, number: IncidentNumber) -> Result<Vec<Entry>, StoreError> {
        let mut all: BTreeMap<u64, Entry> = BTreeMap::new();
        let mut redacted = BTreeSet::new();
        let filter = AuditFilter { incident: Some(number), ..AuditFilter::default() };
        let (kind, group) = (Some("incident_opened".to_owned()), Some(AuditGroup::Messages));
        for (filter, most) in [
            (AuditFilter { kind, ..filter.clone() }, 1),
            (AuditFilter { group, ..filter }, ENTRIES),
        ] {
            for (stored, _) in self.store.as_trail().trail(&filter, most).await? {
                let entry = readable(&stored)?;
                if entry.event.is_none() {
                    redacted.insert(entry.number);
                }
                all.insert(entry.number, entry);
            }
        }
        let newest = self.store.timeline(number, ENTRIES).await?;
        all.extend(newest.into_iter().map(|entry| (entry.number, entry)));
        let redactions = learned::redactions_of(&*self.store, redacted).await?;
        all.extend(redactions.into_iter().map(|entry| (entry.number, entry)));
        Ok(all.into_values().collect())
    }

    /// The events of a change of messages, and the condition under which they are written.
    pub(super) async fn message_events(
        &self,
        actor: Actor,
        incident: IncidentNumber,
        command: Command,
    ) -> Result<(About, Vec<Event>), Error> {
        let (cursor, _) = self.store.head().await.map_err(refuse)?;
        // Nobody is told of a practice: nothing is wrong.
        self.check_incident(incident).await?;
        let entries = self.entries_of(incident).await.map_err(refuse)?;
        let known = Messages::of(incident, &entries);
        let events = match command {
            Command::SaveMessage(SaveMessage { audience, stage, replaces, text, .. }) => {
                messages::save(incident, &known, (audience, stage), replaces, &text, actor)?
            }
            Command::ReviewMessage(ReviewMessage { audience, read, .. }) => {
                messages::review(incident, &known, audience, read, actor)?
            }
            Command::MarkMessageSent(MarkMessageSent { audience, read, destination, .. }) => {
                messages::mark_sent(incident, &known, audience, read, &destination)?
            }
            _ => Vec::new(),
        };
        Ok((About::Messages { incident, after: cursor.number }, events))
    }
}
