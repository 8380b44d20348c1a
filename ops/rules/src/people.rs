//! Who may do what. A credential becomes a [`Caller`] outside of here; what a caller may do is
//! decided here, in one table for changes and one for readings, both exhaustive: a new command or
//! query cannot be forgotten.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use serde::{Deserialize, Serialize};

pub mod roster;

use crate::{
    desk::{Command, Query, Refusal},
    incident::IncidentNumber,
    people::roster::Change,
    words::{AccountId, Actor, BadName, TokenId, number_type},
};

number_type!(
    /// A sign-in on one device.
    SessionId
);
number_type!(
    /// A passkey of an account.
    PasskeyId
);
number_type!(
    /// An invitation that waits to be used.
    InvitationId
);
number_type!(
    /// A way to reach a person.
    ContactId
);
number_type!(
    /// A share link.
    ShareId
);

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
pub enum Proof {
    /// A password.
    Password,
    /// A passkey.
    Passkey,
}

/// Who asks, with what they may do: made for each request from its credential, so that what was
/// revoked ends at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
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
        fresh: bool,
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

impl Caller {
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
pub enum Need {
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
    /// A person with this role. `fresh` asks for a sign-in not long ago.
    Person {
        /// At least this.
        role: Role,
        /// With a fresh sign-in.
        fresh: bool,
    },
    /// The share link of this incident.
    Shared(IncidentNumber),
}

/// Whether a caller has what is needed, or what they can do about it.
pub fn allowed(caller: &Caller, need: Need) -> Result<(), Refusal> {
    let role_for = |need: Need| match need {
        Need::Itself | Need::Nothing | Need::Shared(_) => None,
        Need::Read => Some(Role::Viewer),
        Need::Ingest | Need::Respond => Some(Role::Responder),
        Need::Person { role, .. } => Some(role),
    };
    let forbidden = |needs: &str| Err(Refusal::Forbidden { needs: needs.to_owned() });
    match (caller, need) {
        (_, Need::Nothing) | (Caller::Agent | Caller::System, Need::Itself) => Ok(()),
        (_, Need::Itself) => forbidden("Calm Ops itself"),
        (Caller::Share { incident, .. }, Need::Shared(shared)) if *incident == shared => Ok(()),
        (_, Need::Shared(_)) => forbidden("the link that shares it"),
        // Nobody but Calm Ops acts as Calm Ops, and it does nothing else.
        (Caller::Agent | Caller::System, _) => forbidden("a person"),
        (Caller::Local, Need::Ingest | Need::Read | Need::Respond) => Ok(()),
        // What a person answers for needs a person who can be named.
        (Caller::Local, Need::Person { .. }) => forbidden("a person who is signed in"),
        (Caller::Account { role, fresh, .. }, need) => match role_for(need) {
            Some(least) if *role < least => forbidden(least.one()),
            _ if matches!(need, Need::Person { fresh: true, .. }) && !fresh => {
                Err(Refusal::SignInAgain)
            }
            _ => Ok(()),
        },
        (Caller::Token { scopes, .. }, need) => {
            let scope = match need {
                Need::Ingest => Scope::Ingest,
                Need::Read => Scope::Read,
                Need::Respond => Scope::Respond,
                Need::Itself | Need::Nothing | Need::Shared(_) | Need::Person { .. } => {
                    return forbidden("a person who is signed in");
                }
            };
            if scopes.contains(&scope) {
                Ok(())
            } else {
                forbidden(&format!("a token with the scope '{}'", scope.as_str()))
            }
        }
        (Caller::Share { .. }, _) => forbidden("an account; this link only shows what was shared"),
        (Caller::Nobody, _) => Err(Refusal::SignIn),
    }
}

/// What a change asks of its caller.
pub const fn needed_to_act(command: &Command) -> Need {
    match command {
        Command::Record { .. }
        | Command::StartRun { .. }
        | Command::EndRun { .. }
        | Command::EndCall { .. } => Need::Itself,
        // One's own; the desk looks whose it is.
        Command::SetContact { .. } => Need::Person { role: Role::Viewer, fresh: true },
        Command::RemoveContact { .. } | Command::TestContact { .. } => {
            Need::Person { role: Role::Viewer, fresh: false }
        }
        Command::Acknowledge { .. }
        | Command::Comment { .. }
        | Command::Resolve { .. }
        | Command::Reopen { .. }
        | Command::RetireSubject { .. } => Need::Respond,
        // A link lets someone read who has no account: a person answers for that, and no program
        // can read more by it than its scopes allow.
        Command::CreateShare { .. } | Command::RevokeShare { .. } => {
            Need::Person { role: Role::Responder, fresh: false }
        }
        // The author of a comment may take it back, whatever their role; the desk looks who that
        // is.
        Command::Redact { .. } => Need::Read,
        Command::Approve { .. } => Need::Person { role: Role::Approver, fresh: true },
        Command::People(change) => match change {
            // Who may do these has proved it otherwise: by the secret of a link, by a password or a
            // passkey.
            Change::MakeOwnerLink { .. } | Change::Join { .. } | Change::SignIn { .. } => {
                Need::Itself
            }
            Change::EndSession { .. } | Change::RemovePasskey { .. } => {
                Need::Person { role: Role::Viewer, fresh: false }
            }
            Change::SetPassword { .. } | Change::AddPasskey { .. } => {
                Need::Person { role: Role::Viewer, fresh: true }
            }
            Change::WithdrawInvitation { .. } | Change::RevokeToken { .. } => {
                Need::Person { role: Role::Owner, fresh: false }
            }
            Change::Invite { .. }
            | Change::SetRole { .. }
            | Change::SetClosed { .. }
            | Change::CreateToken { .. } => Need::Person { role: Role::Owner, fresh: true },
        },
        // To stop something or to leave it alone is never held up by a second sign-in.
        Command::Decline { .. } | Command::CancelRun { .. } => {
            Need::Person { role: Role::Approver, fresh: false }
        }
    }
}

/// What a reading asks of its caller.
pub const fn needed_to_ask(query: &Query) -> Need {
    match query {
        Query::Health
        | Query::Incidents
        | Query::Incident { .. }
        | Query::IncidentById { .. }
        | Query::History { .. }
        | Query::Course { .. }
        | Query::Document { .. }
        | Query::Journal { .. }
        | Query::Recommendation { .. }
        | Query::Bundle { .. }
        | Query::Trail { .. }
        | Query::Verify
        | Query::Shares { .. } => Need::Read,
        Query::Shared { incident } => Need::Shared(*incident),
        Query::Settings | Query::Contacts => Need::Person { role: Role::Viewer, fresh: false },
    }
}

/// How actors are called where they are shown. Names live outside of the journal, so that a person
/// can be forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Names(pub BTreeMap<Actor, String>);

impl Names {
    /// How an actor is called; an account or token without a name by its number.
    pub fn of(&self, actor: Actor) -> String {
        match (actor, self.0.get(&actor)) {
            (_, Some(name)) => name.clone(),
            (Actor::Agent | Actor::System, None) => "Calm Ops".to_owned(),
            (Actor::Local, None) => "Someone at this machine".to_owned(),
            (Actor::Account(id), None) => format!("Account {id}"),
            (Actor::Token(id), None) => format!("Token {id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDS: [Need; 10] = [
        Need::Itself,
        Need::Nothing,
        Need::Ingest,
        Need::Read,
        Need::Respond,
        Need::Person { role: Role::Viewer, fresh: false },
        Need::Person { role: Role::Approver, fresh: true },
        Need::Person { role: Role::Owner, fresh: false },
        Need::Shared(IncidentNumber(1)),
        Need::Shared(IncidentNumber(2)),
    ];

    /// One letter for each of [`NEEDS`]: `y` allowed, `n` forbidden, `s` sign in, `a` sign in
    /// again.
    fn verdicts(caller: &Caller) -> String {
        let letter = |need| match allowed(caller, need) {
            Ok(()) => 'y',
            Err(Refusal::SignIn) => 's',
            Err(Refusal::SignInAgain) => 'a',
            Err(_) => 'n',
        };
        NEEDS.map(letter).into_iter().collect()
    }

    #[test]
    fn each_caller_may_do_what_the_table_says() {
        let account =
            |role, fresh| Caller::Account { id: AccountId(1), role, session: SessionId(1), fresh };
        let token = |scopes: &[Scope]| Caller::Token {
            id: TokenId(1),
            scopes: scopes.iter().copied().collect(),
        };
        let table = [
            (Caller::Agent, "yynnnnnnnn"),
            (Caller::System, "yynnnnnnnn"),
            (Caller::Local, "nyyyynnnnn"),
            (account(Role::Viewer, true), "nynynynnnn"),
            (account(Role::Responder, true), "nyyyyynnnn"),
            (account(Role::Approver, true), "nyyyyyynnn"),
            (account(Role::Approver, false), "nyyyyyannn"),
            (account(Role::Owner, false), "nyyyyyaynn"),
            (token(&[Scope::Ingest]), "nyynnnnnnn"),
            (token(&[Scope::Read]), "nynynnnnnn"),
            (token(&Scope::ALL), "nyyyynnnnn"),
            (Caller::Share { id: ShareId(1), incident: IncidentNumber(1) }, "nynnnnnnyn"),
            (Caller::Nobody, "nyssssssnn"),
        ];
        for (caller, expected) in table {
            assert_eq!(verdicts(&caller), expected, "{caller:?}");
        }
    }

    #[test]
    fn who_has_no_name_is_called_by_number() {
        let mut names = Names::default();
        assert_eq!(names.of(Actor::Account(AccountId(7))), "Account 7");
        names.0.insert(Actor::Account(AccountId(7)), "Ada".into());
        assert_eq!(names.of(Actor::Account(AccountId(7))), "Ada");
        let json = serde_json::to_string(&names).unwrap();
        assert_eq!(json, r#"{"account:7":"Ada"}"#);
        assert_eq!(serde_json::from_str::<Names>(&json).unwrap(), names);
    }
}
