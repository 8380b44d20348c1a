//! Access: roles, scopes, principals and permissions. A credential becomes a [`Principal`] outside of here;
//! [`authorize`] is the one place that compares it with a [`Permission`].

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    error::Error,
    id::{AccountId, IncidentNumber, SessionId, ShareId, TokenId},
    name::BadName,
};

/// What a person may do; each may do all that the ones before it may.
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

/// What a program with a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Push observations.
    Ingest,
    /// Read everything that a viewer may.
    Read,
    /// What a responder may. Never what an approver may.
    Respond,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ingest, Self::Read, Self::Respond];

    /// The word that is shown and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Respond => "respond",
        }
    }
}

impl FromStr for Scope {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| BadName {
            found: format!("{:?}", text.chars().take(60).collect::<String>()),
            what: "scope",
            expected: "'ingest', 'read' or 'respond'",
        })
    }
}

/// How a person proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// A password.
    Password,
    /// A passkey.
    Passkey,
}

/// Who asks, with what they may do: made for each request from its credential, so that what was
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
        /// Who.
        id: AccountId,
        /// What they may do.
        role: Role,
        /// By which sign-in.
        session: SessionId,
        /// Whether they proved it not long ago: an approval asks for that.
        recently_authenticated: bool,
    },
    /// A program with a token.
    Token {
        /// Which.
        id: TokenId,
        /// What it may do.
        scopes: BTreeSet<Scope>,
    },
    /// Whoever holds a share link.
    Share {
        /// Which.
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

/// What a command or a query asks of its caller.
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
    /// A person with this role. `recently_authenticated` asks for a sign-in not long ago.
    Person {
        /// At least this.
        role: Role,
        /// Whether the sign-in has to be recent.
        recently_authenticated: bool,
    },
    /// A share link: it shows the incident that it was made for.
    ShareLink,
}

/// Whether a caller has what is needed, or what they can do about it.
pub fn authorize(caller: &Principal, need: Permission) -> Result<(), Error> {
    let role_for = |need: Permission| match need {
        Permission::Itself | Permission::Nothing | Permission::ShareLink => None,
        Permission::Read => Some(Role::Viewer),
        Permission::Ingest | Permission::Respond => Some(Role::Responder),
        Permission::Person { role, .. } => Some(role),
    };
    let forbidden = |needs: &str| Err(Error::Forbidden { needs: needs.to_owned() });
    match (caller, need) {
        (_, Permission::Nothing) | (Principal::Agent | Principal::System, Permission::Itself) => {
            Ok(())
        }
        (_, Permission::Itself) => forbidden("Calm Ops itself"),
        (Principal::Share { .. }, Permission::ShareLink) => Ok(()),
        (_, Permission::ShareLink) => forbidden("the link that shares it"),
        // Nobody but Calm Ops acts as Calm Ops, and it does nothing else.
        (Principal::Agent | Principal::System, _) => forbidden("a person"),
        (Principal::Local, Permission::Ingest | Permission::Read | Permission::Respond) => Ok(()),
        // What a person answers for needs a person who can be named.
        (Principal::Local, Permission::Person { .. }) => forbidden("a person who is signed in"),
        (Principal::Account { role, recently_authenticated, .. }, need) => match role_for(need) {
            Some(least) if *role < least => forbidden(least.one()),
            _ if matches!(need, Permission::Person { recently_authenticated: true, .. })
                && !recently_authenticated =>
            {
                Err(Error::SignInAgain)
            }
            _ => Ok(()),
        },
        (Principal::Token { scopes, .. }, need) => {
            let scope = match need {
                Permission::Ingest => Scope::Ingest,
                Permission::Read => Scope::Read,
                Permission::Respond => Scope::Respond,
                Permission::Itself
                | Permission::Nothing
                | Permission::ShareLink
                | Permission::Person { .. } => {
                    return forbidden("a person who is signed in");
                }
            };
            if scopes.contains(&scope) {
                Ok(())
            } else {
                forbidden(&format!("a token with the scope '{}'", scope.as_str()))
            }
        }
        (Principal::Share { .. }, _) => {
            forbidden("an account; this link only shows what was shared")
        }
        (Principal::Nobody, _) => Err(Error::SignIn),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERMISSIONS: [Permission; 9] = [
        Permission::Itself,
        Permission::Nothing,
        Permission::Ingest,
        Permission::Read,
        Permission::Respond,
        Permission::Person { role: Role::Viewer, recently_authenticated: false },
        Permission::Person { role: Role::Approver, recently_authenticated: true },
        Permission::Person { role: Role::Owner, recently_authenticated: false },
        Permission::ShareLink,
    ];

    /// One letter for each of [`PERMISSIONS`]: `y` allowed, `n` forbidden, `s` sign in, `a` sign in
    /// again.
    fn verdicts(principal: &Principal) -> String {
        let letter = |need| match authorize(principal, need) {
            Ok(()) => 'y',
            Err(Error::SignIn) => 's',
            Err(Error::SignInAgain) => 'a',
            Err(_) => 'n',
        };
        PERMISSIONS.map(letter).into_iter().collect()
    }

    #[test]
    fn each_principal_may_do_what_the_table_says() {
        let account = |role, recently_authenticated| Principal::Account {
            id: AccountId(1),
            role,
            session: SessionId(1),
            recently_authenticated,
        };
        let token = |scopes: &[Scope]| Principal::Token {
            id: TokenId(1),
            scopes: scopes.iter().copied().collect(),
        };
        let table = [
            (Principal::Agent, "yynnnnnnn"),
            (Principal::System, "yynnnnnnn"),
            (Principal::Local, "nyyyynnnn"),
            (account(Role::Viewer, true), "nynynynnn"),
            (account(Role::Responder, true), "nyyyyynnn"),
            (account(Role::Approver, true), "nyyyyyynn"),
            (account(Role::Approver, false), "nyyyyyann"),
            (account(Role::Owner, false), "nyyyyyayn"),
            (token(&[Scope::Ingest]), "nyynnnnnn"),
            (token(&[Scope::Read]), "nynynnnnn"),
            (token(&Scope::ALL), "nyyyynnnn"),
            (Principal::Share { id: ShareId(1), incident: IncidentNumber(1) }, "nynnnnnny"),
            (Principal::Nobody, "nyssssssn"),
        ];
        for (principal, expected) in table {
            assert_eq!(verdicts(&principal), expected, "{principal:?}");
        }
    }
}
