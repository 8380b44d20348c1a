//! Access: roles, scopes, principals and permissions. A credential becomes a [`Principal`] outside of here;
//! [`authorize`](crate::authorization::authorize) is the one place that compares it with a [`Permission`].

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    id::{AccountId, IncidentNumber, SessionId, ShareId, TokenId},
    name::BadName,
    time::Timestamp,
};

/// The end of something that ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// Only when a person ends it.
    Never,
    /// At a moment.
    At(Timestamp),
}

/// For whom a share link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Those who use the product.
    Customer,
    /// Those who answer for it.
    Manager,
}

impl Audience {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Customer, Self::Manager];

    /// The word that is shown and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Manager => "manager",
        }
    }

    /// The audience of a word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// A part of an incident that a share link shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SharePart {
    /// The summary.
    Summary,
    /// The events with their times.
    Timeline,
    /// The state of now.
    Now,
    /// The names of hosts.
    Hosts,
}

/// The rights of a person; each may do all that the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads everything.
    Viewer,
    /// Acknowledges, comments, resolves, drafts, shares.
    Responder,
    /// Approves, declines and cancels commands.
    Approver,
    /// Decides who else is here.
    Owner,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Responder, Self::Approver, Self::Owner];

    /// The word that is shown and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Responder => "responder",
            Self::Approver => "approver",
            Self::Owner => "owner",
        }
    }

    /// With its article: `an owner`.
    pub const fn one(self) -> &'static str {
        match self {
            Self::Viewer => "a viewer",
            Self::Responder => "a responder",
            Self::Approver => "an approver",
            Self::Owner => "an owner",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| BadName {
            found: format!("{:?}", text.chars().take(60).collect::<String>()),
            what: "role",
            expected: "'viewer', 'responder', 'approver' or 'owner'",
        })
    }
}

/// The rights of a program with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Push observations.
    Ingest,
    /// Read everything that a viewer may.
    Read,
    /// The rights of a responder. Never what an approver may.
    Respond,
    /// Set the plans of organizations, and nothing else.
    Plans,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Read, Self::Respond, Self::Plans];

    /// The word that is shown and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Respond => "respond",
            Self::Plans => "plans",
        }
    }
}

impl FromStr for Scope {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| BadName {
            found: format!("{:?}", text.chars().take(60).collect::<String>()),
            what: "scope",
            expected: "'ingest', 'read', 'respond' or 'plans'",
        })
    }
}

/// The means of access that an account may have beside its password and sign-ins, and what whoever
/// had a sign-in of it may have left behind: it can end with a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Foothold {
    /// All passkeys.
    Passkeys,
    /// All contacts.
    Contacts,
    /// The tokens that it made, and its invitations that wait.
    Tokens,
}

impl Foothold {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Passkeys, Self::Contacts, Self::Tokens];

    /// The word that programs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passkeys => "passkeys",
            Self::Contacts => "contacts",
            Self::Tokens => "tokens",
        }
    }
}

/// The methods by which a person proves who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// A password.
    Password,
    /// A passkey.
    Passkey,
}

/// The caller, with what they may do: made for each request from its credential, so that what was
/// revoked ends at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// The incident agent.
    Agent,
    /// Calm Ops itself.
    System,
    /// The command line on this machine: whoever may use it may read and write the data anyway.
    Local,
    /// A person who signed in.
    Account {
        /// Number of the account.
        id: AccountId,
        /// Their rights.
        role: Role,
        /// By which sign-in.
        session: SessionId,
        /// True if they proved it not long ago: an approval asks for that.
        recently_authenticated: bool,
    },
    /// A program with a token.
    Token {
        /// Number of the token.
        id: TokenId,
        /// Its rights.
        scopes: BTreeSet<Scope>,
    },
    /// Whoever holds a share link.
    Share {
        /// Number of the link.
        id: ShareId,
        /// The only incident that it shows.
        incident: IncidentNumber,
    },
    /// Anyone else.
    Nobody,
}

impl Principal {
    /// As whom a change is journalled; `None` for those who can't change anything.
    pub const fn actor(&self) -> Option<Actor> {
        match self {
            Self::Agent => Some(Actor::Agent),
            Self::System => Some(Actor::System),
            Self::Local => Some(Actor::Local),
            Self::Account { id, .. } => Some(Actor::Account(*id)),
            Self::Token { id, .. } => Some(Actor::Token(*id)),
            Self::Share { .. } | Self::Nobody => None,
        }
    }

    /// The account, if a person asks.
    pub const fn account(&self) -> Option<AccountId> {
        match self {
            Self::Account { id, .. } => Some(*id),
            Self::Agent
            | Self::System
            | Self::Local
            | Self::Token { .. }
            | Self::Share { .. }
            | Self::Nobody => None,
        }
    }
}

/// The demand of a command or a query on its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Calm Ops itself.
    Itself,
    /// Nothing: it is public.
    Nothing,
    /// To push observations: a token for it, or a responder.
    Ingest,
    /// To read: a viewer, or a token for it.
    Read,
    /// To respond: a responder, or a token for it.
    Respond,
    /// To set the plans of organizations: an approver, or a token for it.
    SetPlans,
    /// A person with this role. `recently_authenticated` asks for a sign-in not long ago.
    Person {
        /// At least this.
        role: Role,
        /// True if the sign-in has to be recent.
        recently_authenticated: bool,
    },
    /// A share link: it shows the incident that it was made for.
    ShareLink,
}
