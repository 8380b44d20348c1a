//! Numbers by which things are named.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::name::BadName;

macro_rules! number_type {
    ($(#[doc = $doc:literal])+ $name:ident) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_type!(
    /// A person's account. Journal and incidents name people by it alone.
    AccountId
);

number_type!(
    /// An API token, by which a program asks.
    TokenId
);

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

/// The short number that people say: "incident 42".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct IncidentNumber(pub u32);

impl std::fmt::Display for IncidentNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Names a recommendation: the incident's number and its place there, from 1. Written `42-1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecommendationId {
    /// Of which incident.
    pub incident: IncidentNumber,
    /// Its place among the recommendations of that incident, from 1.
    pub place: u32,
}

impl fmt::Display for RecommendationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.incident, self.place)
    }
}

impl FromStr for RecommendationId {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let number = |text: &str| {
            text.parse::<u32>().ok().filter(|number| *number > 0 && number.to_string() == text)
        };
        let parts = text
            .split_once('-')
            .and_then(|(incident, place)| Some((number(incident)?, number(place)?)));
        let (incident, place) = parts.ok_or_else(|| BadName {
            found: format!("{:?}", text.chars().take(60).collect::<String>()),
            what: "recommendation",
            expected: "the incident's number and its place, such as '42-1'",
        })?;
        Ok(Self { incident: IncidentNumber(incident), place })
    }
}

impl Serialize for RecommendationId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RecommendationId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
