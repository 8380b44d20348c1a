//! Unit of a value.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::name::{BadName, bad};

/// The units of values. The text is the one that is shown and pushed.
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
