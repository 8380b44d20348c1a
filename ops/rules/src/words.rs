//! The words of the product as types: signal, subject, unit, observation, severity, actor. What is
//! wrong cannot be built: every text that comes from outside is checked here, once.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::time::Timestamp;

/// Why a name was refused: what was found, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found} is not a {what}: expected {expected}")]
pub struct BadName {
    /// The offending text, shortened and escaped.
    pub found: String,
    /// What it should have been.
    pub what: &'static str,
    /// The rule that it breaks, with an example.
    pub expected: &'static str,
}

fn bad(text: &str, what: &'static str, expected: &'static str) -> BadName {
    let short: String = text.chars().take(60).collect();
    BadName { found: format!("{short:?}"), what, expected }
}

macro_rules! text_type {
    ($name:ident) => {
        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

/// A named quantity: lower-case words joined by dots, such as `host.memory.used`. At most 80 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(Arc<str>);

text_type!(Signal);

impl Signal {
    /// Whether a text may name a signal; allocates nothing.
    pub fn check(text: &str) -> Result<(), BadName> {
        let word = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_lowercase())
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
        };
        if text.len() <= 80 && text.split('.').all(word) {
            Ok(())
        } else {
            Err(bad(
                text,
                "signal",
                "lower-case words joined by dots, at most 80 bytes, such as 'queue.depth'",
            ))
        }
    }
}

impl FromStr for Signal {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        Self::check(text)?;
        Ok(Self(text.into()))
    }
}

/// What a signal is about: `kind:name` or `kind:name@host`, such as `disk:/var@web-1`. At most 200
/// bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(Arc<str>);

text_type!(Subject);

impl Subject {
    /// Whether a text may name a subject; allocates nothing.
    pub fn check(text: &str) -> Result<(), BadName> {
        const EXPECTED: &str = "'kind:name' or 'kind:name@host', at most 200 bytes, such as 'service:imports' or 'disk:/var@web-1'";
        let fine = || {
            let (kind, rest) = text.split_once(':')?;
            let (name, host) = match rest.rsplit_once('@') {
                Some((name, host)) => (name, Some(host)),
                None => (rest, None),
            };
            let kind_fine = kind.len() <= 32
                && kind.starts_with(|c: char| c.is_ascii_lowercase())
                && kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            let name_fine =
                !name.is_empty() && name.trim() == name && !name.chars().any(is_unprintable);
            let host_fine = host.is_none_or(is_host);
            (text.len() <= 200 && kind_fine && name_fine && host_fine).then_some(())
        };
        fine().ok_or_else(|| bad(text, "subject", EXPECTED))
    }

    /// Builds `kind:name@host` from parts that may hold anything: what a name cannot hold becomes
    /// `_`.
    pub fn build(kind: &str, name: &str, host: Option<&str>) -> Self {
        let mut clean: String = name
            .trim()
            .chars()
            .map(|c| if is_unprintable(c) || c == '@' { '_' } else { c })
            .collect();
        while clean.len() > 100 {
            clean.pop();
        }
        let clean = clean.trim();
        let name = if clean.is_empty() { "_" } else { clean };
        let text = match host.filter(|host| is_host(host)) {
            Some(host) => format!("{kind}:{name}@{host}"),
            None => format!("{kind}:{name}"),
        };
        text.parse().unwrap_or_else(|_| Self("service:_".into()))
    }

    /// The part before the colon: `disk`.
    pub fn kind(&self) -> &str {
        self.0.split_once(':').map_or("", |(kind, _)| kind)
    }

    /// The part between colon and host: `/var`.
    pub fn name(&self) -> &str {
        let rest = self.0.split_once(':').map_or("", |(_, rest)| rest);
        rest.rsplit_once('@').map_or(rest, |(name, _)| name)
    }

    /// The host, if one is named; for `host:web-1` it is `web-1` itself.
    pub fn host(&self) -> Option<&str> {
        match self.0.rsplit_once('@') {
            Some((_, host)) => Some(host),
            None if self.kind() == "host" => Some(self.name()),
            None => None,
        }
    }
}

impl FromStr for Subject {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        Self::check(text)?;
        Ok(Self(text.into()))
    }
}

/// Control characters, and those that change the direction of the text around them or hide in it.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control() || is_hidden(c)
}

/// Characters that change the direction of the text around them or hide in it.
pub(crate) const fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn is_host(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

/// What a value counts. The text is the one that is shown and pushed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A plain number.
    Count,
    /// `yes/no`: 1 is yes, 0 is no.
    YesNo,
    /// `%`
    Percent,
    /// `B`; shown as KiB, MiB, GiB.
    Bytes,
    /// `B/s`; shown as KiB/s, MiB/s.
    BytesPerSecond,
    /// `s`; shown as a duration.
    Seconds,
    /// `ms`
    Milliseconds,
    /// `d`: days.
    Days,
    /// Whatever else someone pushed, such as `jobs`: at most 16 bytes of letters, digits, `/`, `%`,
    /// `.`, `-`.
    Other(Arc<str>),
}

impl Unit {
    /// The unit as it is written: empty for a plain number.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Count => "",
            Self::YesNo => "yes/no",
            Self::Percent => "%",
            Self::Bytes => "B",
            Self::BytesPerSecond => "B/s",
            Self::Seconds => "s",
            Self::Milliseconds => "ms",
            Self::Days => "d",
            Self::Other(text) => text,
        }
    }
}

impl FromStr for Unit {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        Ok(match text {
            "" => Self::Count,
            "yes/no" => Self::YesNo,
            "%" => Self::Percent,
            "B" => Self::Bytes,
            "B/s" => Self::BytesPerSecond,
            "s" => Self::Seconds,
            "ms" => Self::Milliseconds,
            "d" => Self::Days,
            other => {
                let fine = other.len() <= 16
                    && other
                        .chars()
                        .all(|c| c.is_alphanumeric() || matches!(c, '/' | '%' | '.' | '-'));
                if !fine {
                    return Err(bad(
                        other,
                        "unit",
                        "at most 16 letters or digits, such as 'ms', '%' or 'jobs'",
                    ));
                }
                Self::Other(other.into())
            }
        })
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// One value of a signal for a subject at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// What was measured.
    pub signal: Signal,
    /// About whom.
    pub subject: Subject,
    /// How much, in `unit`; always finite.
    pub value: f64,
    /// In which unit; `None` where the signal's own is meant.
    pub unit: Option<Unit>,
    /// When it was measured, by the source's clock.
    pub at: Timestamp,
}

/// How bad: critical beats warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Needs attention today.
    Warning,
    /// Needs a person now.
    Critical,
}

impl Severity {
    /// The word that is shown and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        match text {
            "warning" => Ok(Self::Warning),
            "critical" => Ok(Self::Critical),
            _ => Err(bad(text, "severity", "'warning' or 'critical'")),
        }
    }
}

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

pub(crate) use number_type;

number_type!(
    /// A person's account. Journal and incidents name people by it alone.
    AccountId
);
number_type!(
    /// An API token, by which a program asks.
    TokenId
);

/// Who does something. Every change names one; people are named by account id only.
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
    /// Whether this is not Calm Ops itself: a person, or a program that a person gave a token to.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_have_three_parts() {
        let subject: Subject = "disk:/var@web-1".parse().unwrap();
        assert_eq!(
            (subject.kind(), subject.name(), subject.host()),
            ("disk", "/var", Some("web-1"))
        );
        let subject: Subject = "host:web-1".parse().unwrap();
        assert_eq!(
            (subject.kind(), subject.name(), subject.host()),
            ("host", "web-1", Some("web-1"))
        );
        assert_eq!("service:imports".parse::<Subject>().unwrap().host(), None);
    }

    #[test]
    fn hostile_names_are_refused() {
        let long = format!("service:{}", "x".repeat(300));
        for text in [
            "",
            "imports",
            ":x",
            "Kind:x",
            "service:",
            "service: x",
            "service:a\u{202e}b",
            "service:a\nb",
            "disk:/@",
            "disk:/@a b",
            &long,
        ] {
            assert!(text.parse::<Subject>().is_err(), "{text:?}");
        }
        for text in ["", ".", "a..b", "A.b", "a b", "a.1b", "<script>"] {
            assert!(text.parse::<Signal>().is_err(), "{text:?}");
        }
        assert!("jobs".parse::<Unit>().is_ok());
        assert!("<b>".parse::<Unit>().is_err());
    }

    #[test]
    fn built_subjects_always_parse() {
        for name in ["", " ", "a@b", "x\u{0}y", &"ä".repeat(200), "/mnt/with space"] {
            let built = Subject::build("disk", name, Some("web-1"));
            assert_eq!(built.as_str().parse::<Subject>().unwrap(), built, "{name:?}");
            assert_eq!(built.host(), Some("web-1"));
        }
    }
}
