//! Names that come from outside, checked where they are read.

/// The reason a name was refused: what was found, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found} is not a {what}: expected {expected}")]
pub struct BadName {
    /// The offending text, shortened and escaped.
    pub found: String,
    /// The expected form.
    pub what: &'static str,
    /// The rule that it breaks, with an example.
    pub expected: &'static str,
}

/// Builds the error of a name: it shows at most 60 characters of it.
pub fn bad(text: &str, what: &'static str, expected: &'static str) -> BadName {
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

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text =
                    <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use text_type;
