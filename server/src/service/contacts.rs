//! Contacts, and the ends of deliveries.

use commands::{
    command::{Command, RecordDelivery, RemoveContact, SetContact, TestContact},
    notifications::{
        Contact, ContactCard, ContactRequest, Contacts, MOST_CONTACTS, NotifiedContact, Reason,
    },
};
use domain::{
    access::Principal,
    actor::Actor,
    error::{Conflict, Entity, Error, FieldReason, Limited},
    id::{AccountId, ContactId},
    incident::Incident,
    journal::Event,
};
use wording::notification;

use super::{failure::refuse, inner::Inner};
use crate::{
    notifications::channels,
    store::{Beside, Decide},
    time_zones,
};

fn own(caller: &Principal) -> Result<AccountId, Error> {
    caller.account().ok_or(Error::SignIn)
}

impl Inner {
    /// The rows beside a command about notifications; `None` for the other ones.
    pub(super) async fn notification_beside(
        &self,
        caller: &Principal,
        command: &Command,
    ) -> Result<Option<Beside>, Error> {
        Ok(match command {
            Command::SetContact(SetContact { contact, wanted }) => Some(Beside::Contact(Box::new(
                self.checked_contact(own(caller)?, *contact, wanted.clone()).await?,
            ))),
            Command::TestContact(TestContact { contact }) => Some(Beside::Test {
                account: own(caller)?,
                contact: *contact,
                at: self.clock.now().wall,
            }),
            Command::RecordDelivery(RecordDelivery { call, account: _, contact, failed }) => {
                Some(Beside::DeliveryEnded {
                    call: call.clone(),
                    contact: *contact,
                    failed: failed.clone(),
                })
            }
            _ => None,
        })
    }

    /// The events of a command about notifications. A contact that is set is journalled by the
    /// store, as its number is the entry's.
    pub(super) fn notification_events(
        caller: &Principal,
        command: Command,
    ) -> Result<Decide, Error> {
        let event = match command {
            Command::RemoveContact(RemoveContact { contact }) => {
                Some(Event::ContactRemoved { account: own(caller)?, contact })
            }
            Command::RecordDelivery(RecordDelivery { call, account, contact, failed })
                if matches!(call.why, Reason::Report { .. }) =>
            {
                let report = call.entry;
                Some(match failed {
                    None => Event::ReportMailed { report, account, contact },
                    Some(_) => Event::ReportMailFailed { report, account, contact },
                })
            }
            // What is about no incident stands in no incident's timeline.
            Command::RecordDelivery(RecordDelivery { call, account, contact, failed })
                if call.is_about_incidents() =>
            {
                let (incident, entry) = (call.incident, call.entry);
                Some(match failed {
                    None => Event::Called { incident, account, contact, entry },
                    Some(why) => Event::CallFailed { incident, account, contact, entry, why },
                })
            }
            _ => None,
        };
        Ok(Box::new(move |_| Ok(event.into_iter().collect())))
    }

    /// A contact as it is kept. Everything about it that only this side knows is checked here: the
    /// settings of the channel, whether a time zone exists.
    async fn checked_contact(
        &self,
        account: AccountId,
        id: Option<ContactId>,
        wanted: ContactRequest,
    ) -> Result<Contact, Error> {
        let has = self.store.as_calls().contacts(Some(account)).await.map_err(refuse)?;
        let before = match id {
            // Someone else's looks like none.
            Some(id) => {
                let known = has.iter().find(|contact| contact.id == id);
                Some(known.ok_or(Error::NotFound(Entity::Contact(id)))?)
            }
            None if has.len() >= MOST_CONTACTS => {
                return Err(Conflict::LimitReached(Limited::Contacts).into());
            }
            None => None,
        };
        if let Some(settings) = &wanted.channel {
            channels::check(settings)?;
        }
        let now = self.clock.now().wall;
        let contact = wanted.checked(id.unwrap_or(ContactId(0)), account, before, now)?;
        let kind = contact.channel.kind().as_str();
        let takes_reports = channels::info(kind).is_some_and(|info| info.takes_reports);
        if !contact.reports.is_empty() && !takes_reports {
            return Err(Error::invalid(
                "reports",
                FieldReason::Expected("left out: only e-mail takes stability reports".into()),
            ));
        }
        if let Some(quiet) = &contact.quiet
            && time_zones::offset(&quiet.zone, now).is_none()
        {
            let zone = quiet.zone.to_string();
            return Err(Error::invalid("zone", FieldReason::UnknownTimeZone(zone)));
        }
        Ok(contact)
    }

    /// The contacts that were called about an incident, and, while it is active, who could not be
    /// called and why.
    pub(super) async fn notified(
        &self,
        incident: &Incident,
    ) -> Result<(Vec<NotifiedContact>, Vec<String>), Error> {
        let calls = self.store.as_calls();
        let known = self.known().await?;
        let notified: Vec<NotifiedContact> = calls
            .deliveries(incident.number)
            .await
            .map_err(refuse)?
            .into_iter()
            .map(|one| NotifiedContact {
                person: known.names.of(Actor::Account(one.contact.account)),
                kind: one.contact.channel.kind().clone(),
                contact: one.contact.label,
                status: one.status,
                problem: one.problem,
                at: one.at,
            })
            .collect();
        if !incident.is_active() {
            return Ok((notified, Vec::new()));
        }
        let contacts = calls.contacts(None).await.map_err(refuse)?;
        let is_open = |contact: &Contact| {
            let account = known.roster.account(contact.account);
            contact.enabled && account.is_some_and(|account| account.closed_at.is_none())
        };
        let unreached = notification::unreached(&notified, contacts.iter().any(is_open));
        Ok((notified, unreached))
    }

    /// One's own contacts.
    pub(super) async fn contacts(&self, caller: &Principal) -> Result<Contacts, Error> {
        let account = own(caller)?;
        let (cursor, _) = self.store.head().await.map_err(refuse)?;
        let calls = self.store.as_calls();
        let contacts = calls.contacts(Some(account)).await.map_err(refuse)?;
        let last = calls.last_calls(account).await.map_err(refuse)?;
        let last =
            |id: ContactId| last.iter().find(|(of, _)| *of == id).map(|(_, last)| last.clone());
        let card = |contact: &Contact| {
            ContactCard::new(contact, channels::destination(&contact.channel), last(contact.id))
        };
        let contacts = contacts.iter().map(card).collect();
        Ok(Contacts { cursor, at: self.clock.now().wall, contacts })
    }
}
