//! Actor: who does something. Every change names one.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    id::{AccountId, TokenId},
    name::{BadName, bad},
    text::isolated,
};

/// The author of something. Every change names one; people are named by account id only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// Calm Ops' own incident agent.
    Agent,
    /// Calm Ops itself: starting, stopping, reading documents, running what was approved.
    System,
    /// Whoever sits at this machine: its command line.
    Local,
    /// A person: `account:7`.
    Account(AccountId),
    /// A program with a token: `token:3`.
    Token(TokenId),
}

impl Actor {
    /// True if this is not Calm Ops itself: a person, or a program that a person gave a token to.
    pub const fn is_person(self) -> bool {
        match self {
            Self::Local | Self::Account(_) | Self::Token(_) => true,
            Self::Agent | Self::System => false,
        }
    }
}

/// The text that is stored and hashed.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent => f.write_str("agent"),
            Self::System => f.write_str("system"),
            Self::Local => f.write_str("local"),
            Self::Account(id) => write!(f, "account:{id}"),
            Self::Token(id) => write!(f, "token:{id}"),
        }
    }
}

impl FromStr for Actor {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        const EXPECTED: &str = "'agent', 'system', 'local', 'account:7' or 'token:3'";
        // One text for each actor: what is hashed can't be written in two ways.
        let id = |text: &str| text.parse::<u32>().ok().filter(|id| id.to_string() == text);
        let known = match text.split_once(':') {
            None if text == "agent" => Some(Self::Agent),
            None if text == "system" => Some(Self::System),
            None if text == "local" => Some(Self::Local),
            Some(("account", number)) => id(number).map(|id| Self::Account(AccountId(id))),
            Some(("token", number)) => id(number).map(|id| Self::Token(TokenId(id))),
            None | Some(_) => None,
        };
        known.ok_or_else(|| bad(text, "actor", EXPECTED))
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// The names of actors where they are shown. Names live outside of the journal, so that a person
/// can be forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Names(pub BTreeMap<Actor, String>);

impl Names {
    /// The name of an actor inside a sentence; an account or token without a name by its number.
    pub fn of(&self, actor: Actor) -> String {
        match (actor, self.0.get(&actor)) {
            (_, Some(name)) => isolated(name),
            (Actor::Agent | Actor::System, None) => "Calm Ops".to_owned(),
            (Actor::Local, None) => "Someone on this machine".to_owned(),
            (Actor::Account(id), None) => format!("Account {id}"),
            (Actor::Token(id), None) => format!("Token {id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
