//! Audiences and stages of messages to customers, and the hash of a text.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{hash::Hash, id::IncidentNumber};

/// The readers of a message about an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MessageAudience {
    /// The organizations that are affected.
    Affected,
    /// All customers.
    All,
    /// Colleagues: support, sales and management.
    Internal,
}

impl MessageAudience {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Affected, Self::All, Self::Internal];

    /// The word that is stored, sent and part of an address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Affected => "affected",
            Self::All => "all",
            Self::Internal => "internal",
        }
    }

    /// The audience of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// The stage of a message: which part of its template it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MessageStage {
    /// The first notice.
    First,
    /// An update of what was told before.
    Update,
    /// The last message: the incident is resolved.
    Resolved,
}

impl MessageStage {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::First, Self::Update, Self::Resolved];

    /// The word that is stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Update => "update",
            Self::Resolved => "resolved",
        }
    }

    /// The stage of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// A message, or a mark that one was sent, as it is still known after its words were redacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RedactedMessage {
    /// The incident.
    pub incident: IncidentNumber,
    /// Its readers.
    pub audience: MessageAudience,
    /// Its stage.
    pub stage: MessageStage,
    /// The version that was marked as sent; `None` if a version itself was redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

/// The hash of a message, word by word: a person who reviews it, or marks it as sent, has read
/// exactly this. It is never stored, as it would tell of a text that was redacted.
pub fn message_binding(
    incident: IncidentNumber,
    audience: MessageAudience,
    stage: MessageStage,
    text: &str,
) -> Hash {
    let mut hasher = Sha256::new();
    let number = incident.to_string();
    // Each part with its length before it, so that no two messages can look alike.
    for part in ["calm-ops message 1", &number, audience.as_str(), stage.as_str(), text] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    Hash(hasher.finalize().into())
}
