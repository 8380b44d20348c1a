//! Rows about people: one row each.

use std::{collections::BTreeSet, fmt};

use domain::{
    access::{AuthMethod, Role, Scope},
    hash::Hash,
    id::{AccountId, InvitationId, PasskeyId, SessionId, TokenId},
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

/// A sign-in ends after this time, however much it is used.
pub const LONGEST_SESSION: Span = Span::from_mins(30 * 24 * 60);

/// A sign-in that was not used for this time has ended.
pub const LONGEST_UNUSED: Span = Span::from_mins(14 * 24 * 60);

/// The SHA-256 of a secret of 256 bits, which is stored instead of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Hash", into = "Hash")]
pub struct SecretHash(pub [u8; 32]);

impl From<SecretHash> for Hash {
    fn from(hash: SecretHash) -> Self {
        Self(hash.0)
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(not shown)")
    }
}

impl From<Hash> for SecretHash {
    fn from(hash: Hash) -> Self {
        Self(hash.0)
    }
}

/// A password as it is kept: a salted hash in the form of the password hashing competition.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(not shown)")
    }
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Number of the account.
    pub id: AccountId,
    /// The name by which they are called, and sign in.
    pub name: String,
    /// Their rights.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
    /// Time at which the account was closed; `None` while it is open.
    pub closed_at: Option<Timestamp>,
    /// Their password.
    pub password: PasswordHash,
    /// The time when their role was changed last, or their account opened again; `None` where they
    /// have it from the beginning.
    #[serde(default)]
    pub role_since: Option<Timestamp>,
    /// Time at which they last set another password.
    #[serde(default)]
    pub password_since: Option<Timestamp>,
}

impl Account {
    /// Since when they may do what they may.
    pub fn role_since(&self) -> Timestamp {
        self.role_since.unwrap_or(self.created_at)
    }
}

/// A passkey of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// Number of the passkey.
    pub id: PasskeyId,
    /// Whose.
    pub account: AccountId,
    /// The name that the person chose.
    pub label: String,
    /// The identifier that the browser uses.
    pub credential: Vec<u8>,
    /// The key that checks it, in the form of the library that does.
    pub key: Vec<u8>,
    /// The state that changes with each use, in the same form.
    pub state: Vec<u8>,
    /// Since when.
    pub created_at: Timestamp,
    /// The time of its last use.
    pub used_at: Option<Timestamp>,
}

/// A sign-in on one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Number of the session.
    pub id: SessionId,
    /// Whose.
    pub account: AccountId,
    /// The hash of its token.
    pub hash: SecretHash,
    /// Since when.
    pub created_at: Timestamp,
    /// The time of its last use, to a few minutes. It is stored beside the row, as it changes
    /// without a journal entry.
    #[serde(skip)]
    pub seen_at: Timestamp,
    /// The last time the person proved who they are.
    pub proved_at: Timestamp,
    /// The method; `None` in sign-ins from before this was kept.
    #[serde(default)]
    pub by: Option<AuthMethod>,
    /// The browser, shortened.
    pub agent: String,
    /// From which address.
    pub address: String,
    /// Time at which it ended; `None` while nobody has ended it.
    pub ended_at: Option<Timestamp>,
}

impl Session {
    /// True if it lets someone in: nobody has ended it, and it is neither too old nor unused for
    /// too long. `seen_at` is when it was used last, which may be known better than from its row.
    pub fn is_open(&self, seen_at: Timestamp, now: Timestamp) -> bool {
        self.ended_at.is_none()
            && now.since(self.created_at) <= LONGEST_SESSION
            && now.since(seen_at) <= LONGEST_UNUSED
    }
}

/// An invitation, or the link by which an owner comes in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Number of the invitation.
    pub id: InvitationId,
    /// The rights of whoever uses it.
    pub role: Role,
    /// The hash of its secret.
    pub hash: SecretHash,
    /// Since when.
    pub created_at: Timestamp,
    /// Time at which it ends.
    pub until: Timestamp,
    /// Time at which it was used or taken back; `None` while it waits.
    pub ended_at: Option<Timestamp>,
    /// The account that made it; `None` where this machine did.
    #[serde(default)]
    pub made_by: Option<AccountId>,
}

/// An API token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Number of the token.
    pub id: TokenId,
    /// Its purpose.
    pub label: String,
    /// Its rights.
    pub scopes: BTreeSet<Scope>,
    /// The hash of its secret.
    pub hash: SecretHash,
    /// Since when.
    pub created_at: Timestamp,
    /// Time at which it ends by itself.
    pub until: Option<Timestamp>,
    /// The time of its last use, to a few minutes. It is stored beside the row, as it changes
    /// without a journal entry.
    #[serde(skip)]
    pub used_at: Option<Timestamp>,
    /// Time at which it was ended; `None` while it is valid.
    pub ended_at: Option<Timestamp>,
    /// The account that made it.
    #[serde(default)]
    pub made_by: Option<AccountId>,
}

/// A row that is to be written, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Row {
    /// An account.
    Account(Account),
    /// A passkey.
    Passkey(Passkey),
    /// A passkey is to be removed.
    NoPasskey(PasskeyId),
    /// A sign-in.
    Session(Session),
    /// A sign-in is to be removed.
    NoSession(SessionId),
    /// An invitation.
    Invitation(Invitation),
    /// A token.
    Token(Token),
}

impl Row {
    /// The kind under which it is stored.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::Passkey(_) | Self::NoPasskey(_) => "passkey",
            Self::Session(_) | Self::NoSession(_) => "session",
            Self::Invitation(_) => "invitation",
            Self::Token(_) => "token",
        }
    }

    /// Its number among those of its kind.
    pub const fn id(&self) -> u32 {
        match self {
            Self::Account(one) => one.id.0,
            Self::Passkey(one) => one.id.0,
            Self::NoPasskey(id) => id.0,
            Self::Session(one) => one.id.0,
            Self::NoSession(id) => id.0,
            Self::Invitation(one) => one.id.0,
            Self::Token(one) => one.id.0,
        }
    }

    /// The stored body; `None` where it is to be removed.
    pub fn body(&self) -> Result<Option<Vec<u8>>, serde_json::Error> {
        match self {
            Self::Account(one) => serde_json::to_vec(one).map(Some),
            Self::Passkey(one) => serde_json::to_vec(one).map(Some),
            Self::NoPasskey(_) | Self::NoSession(_) => Ok(None),
            Self::Session(one) => serde_json::to_vec(one).map(Some),
            Self::Invitation(one) => serde_json::to_vec(one).map(Some),
            Self::Token(one) => serde_json::to_vec(one).map(Some),
        }
    }

    /// The time it was last seen, where that is kept.
    pub const fn seen_at(&self) -> Option<Timestamp> {
        match self {
            Self::Session(one) => Some(one.seen_at),
            Self::Token(one) => one.used_at,
            Self::Account(_)
            | Self::Passkey(_)
            | Self::NoPasskey(_)
            | Self::NoSession(_)
            | Self::Invitation(_) => None,
        }
    }
}
