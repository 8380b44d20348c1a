//! The store's part in the trail and in share links.

use async_trait::async_trait;
use commands::{audit::AuditFilter, sharing::Share};
use domain::{
    hash::Hash,
    id::{IncidentNumber, ShareId},
    journal::{Entry, StoredEntry},
    time::Timestamp,
};

use crate::store::{
    change::{Beside, Change},
    error::StoreError,
};

/// Looking through the journal, and share links.
#[async_trait]
pub trait Trail: Send + Sync {
    /// As [`Store::change`](super::Store::change), with a row beside it. `Event::Redacted` takes
    /// the entry's content away, `Event::ShareRevoked` ends the link, both in the same transaction.
    async fn change_with(&self, change: Change, beside: Beside) -> Result<Vec<Entry>, StoreError>;

    /// Entries that fit a filter, newest first, each with the hash of the entry before it; `None`
    /// where that one is missing.
    async fn trail(
        &self,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<(StoredEntry, Option<Hash>)>, StoreError>;

    /// One entry as it is stored.
    async fn stored_entry(&self, number: u64) -> Result<Option<StoredEntry>, StoreError>;

    /// The number of the first entry that was written at or after a moment.
    async fn first_since(&self, at: Timestamp) -> Result<Option<u64>, StoreError>;

    /// The links of an incident, newest first.
    async fn shares(&self, incident: IncidentNumber, limit: u32) -> Result<Vec<Share>, StoreError>;

    /// One link.
    async fn share(&self, id: ShareId) -> Result<Option<Share>, StoreError>;

    /// The link that a token opens now. One that is unknown, over or ended is not found, all by the
    /// same look-up.
    async fn opened_by(
        &self,
        token_hash: Hash,
        now: Timestamp,
    ) -> Result<Option<Share>, StoreError>;

    /// Notes that a link was looked at; `opened` counts it as a view.
    async fn share_used(&self, id: ShareId, at: Timestamp, opened: bool) -> Result<(), StoreError>;
}
