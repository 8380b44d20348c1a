//! Signal: a named quantity.

use std::{str::FromStr, sync::Arc};

use crate::name::{BadName, bad, text_type};

/// A named quantity: lower-case words joined by dots, such as `host.memory.used`. At most 80 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(Arc<str>);

text_type!(Signal);

impl Signal {
    /// Checks whether a text may name a signal; allocates nothing.
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
