//! The store's part in notifications: contacts, and the outbox.

use std::collections::BTreeMap;

use async_trait::async_trait;
use commands::notifications::{Contact, DeliveryStatus, LastNotification, Notification, Progress};
use domain::{
    id::{AccountId, ContactId, IncidentNumber},
    time::Timestamp,
};

use crate::store::error::StoreError;

/// A call that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The notification.
    pub call: Notification,
    /// By which contact, as it is now.
    pub contact: Contact,
    /// Number of times it could not be sent.
    pub failures: u32,
    /// True if it was given up: it is tried again as long as nobody took note of its incident.
    pub given_up: bool,
}

/// The last message to a contact that was removed, switched off, or leads elsewhere now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastMessage {
    /// The notification; its entry is that of the change.
    pub call: Notification,
    /// The contact as it was.
    pub contact: Contact,
    /// Number of times it could not be sent.
    pub failures: u32,
}

/// The state of the last message about an incident by a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// By which contact, as it is now.
    pub contact: Contact,
    /// Its state.
    pub status: DeliveryStatus,
    /// The reason the last try failed.
    pub problem: Option<String>,
    /// Time at which it was queued.
    pub at: Timestamp,
}

/// Contacts and the outbox. What people change about them comes by [`Beside`](super::Beside), in
/// the transaction of its entry.
#[async_trait]
pub trait Calls: Send + Sync {
    /// The contacts of an account, or all, oldest first.
    async fn contacts(&self, account: Option<AccountId>) -> Result<Vec<Contact>, StoreError>;

    /// The last call by each contact of an account.
    async fn last_calls(
        &self,
        account: AccountId,
    ) -> Result<Vec<(ContactId, LastNotification)>, StoreError>;

    /// The time at which the last message sent by each contact was queued.
    async fn last_sent(&self) -> Result<BTreeMap<ContactId, Timestamp>, StoreError>;

    /// Every contact, with why the last try by it failed, if it did.
    async fn contact_problems(&self) -> Result<Vec<(Contact, Option<String>)>, StoreError>;

    /// The last message about an incident by each contact.
    async fn deliveries(&self, incident: IncidentNumber) -> Result<Vec<Delivered>, StoreError>;

    /// The position up to which the journal was read for calls; `None` if it never was.
    async fn progress(&self) -> Result<Option<Progress>, StoreError>;

    /// Queues calls and moves the progress on, in one transaction. A call that is there already is
    /// left as it is, and one by a contact that is gone is left out. A reminder takes the place of a
    /// call about its incident that could not be sent yet, and hastens it.
    async fn queue(
        &self,
        progress: &Progress,
        calls: &[(Notification, ContactId)],
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Makes every waiting call due at once: after a start, or a change of the clock.
    async fn hasten(&self) -> Result<(), StoreError>;

    /// The calls that are due, what is about an incident first, then the oldest; at most one call
    /// by each contact.
    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Waiting>, StoreError>;

    /// Puts a call off. `problem` is why it could not be sent, if that was tried.
    async fn put_off(
        &self,
        call: &Notification,
        contact: ContactId,
        until: Timestamp,
        failures: u32,
        problem: Option<&str>,
    ) -> Result<(), StoreError>;

    /// Proves that the database takes writes.
    async fn prove_writable(&self, now: Timestamp) -> Result<(), StoreError>;

    /// Last messages that are due, the oldest first.
    async fn last_messages(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<LastMessage>, StoreError>;

    /// Puts a last message off, or ends it: then nothing of the contact is kept.
    async fn keep_last_message(
        &self,
        entry: u64,
        until: Option<Timestamp>,
        failures: u32,
    ) -> Result<(), StoreError>;

    /// Drops a call that is over before it was sent; one that was given up is not tried again.
    async fn drop_call(&self, call: &Notification, contact: ContactId) -> Result<(), StoreError>;
}
