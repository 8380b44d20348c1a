//! Names of organizations as they are written and addressed, and where a plan comes from.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::{subject::Subject, time::Span};

/// The longest time of an override.
pub const LONGEST_OVERRIDE: Span = Span::from_mins(30 * 24 * 60);
/// The most overrides in force at a time.
pub const MOST_OVERRIDES: usize = 500;

/// The kind of the subjects that organizations are.
const KIND: &str = "organization";
/// The most characters of a name.
const MOST_CHARACTERS: usize = 100;
/// The remainder of a subject's 200 bytes after `organization:`.
const MOST_BYTES: usize = 200 - KIND.len() - 1;

/// True if a text may name an organization: the rule of subjects' names without a host, at most 100
/// characters and 187 bytes. Allocates nothing.
pub fn is_organization_name(name: &str) -> bool {
    let is_short = name.len() <= MOST_BYTES && name.chars().count() <= MOST_CHARACTERS;
    is_short && Subject::is_new_name(name)
}

/// The organization of a name; `None` if nothing may be named so.
pub fn organization_named(name: &str) -> Option<Subject> {
    is_organization_name(name).then(|| format!("{KIND}:{name}").parse().ok()).flatten()
}

/// The organization that a decoded segment of an address names: by its name, or by its whole
/// subject, which is how `..` and names that look like a subject are written.
pub fn organization_of_segment(segment: &str) -> Option<Subject> {
    organization_named(segment.strip_prefix("organization:").unwrap_or(segment))
}

/// The segment of an address that stands for an organization, percent-encoded (RFC 3986). Browsers
/// resolve the segments `.` and `..` even where they are encoded.
pub fn organization_segment(organization: &Subject) -> String {
    let name = organization.name();
    let is_plain = !matches!(name, "." | "..") && !name.starts_with("organization:");
    let text = if is_plain { name } else { organization.as_str() };
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    segment
}

/// The sources of an organization's plan, the first that has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PlanSource {
    /// An override by a person.
    Override,
    /// Set, by `PUT /api/ops/organizations/{name}`.
    Assigned,
    /// A row of `limits.md`.
    Document,
    /// The header that the proxy sets.
    Header,
    /// Nothing names another one.
    Default,
}

/// The reason why an override ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OverrideEnding {
    /// Its time is over.
    Expired,
    /// A person ended it.
    Person,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_any_organization_and_no_other() {
        for (name, segment) in [
            ("acme", "acme"),
            ("..", "organization:.."),
            (".", "organization:."),
            ("a/../b", "a%2F..%2Fb"),
            ("what? 100%", "what%3F%20100%25"),
            ("Zürich", "Z%C3%BCrich"),
            ("organization:acme", "organization:organization:acme"),
            ("#", "%23"),
        ] {
            let organization = organization_named(name).unwrap();
            assert_eq!(organization_segment(&organization), segment);
            assert_eq!(organization_of_segment(&decoded(segment)), Some(organization), "{name}");
        }
        for bad in ["", " a", "a@b", "a\nb", "a\u{202e}b", &"x".repeat(101)] {
            assert_eq!(organization_of_segment(bad), None, "{bad:?}");
        }
        assert!(organization_named(&"x".repeat(100)).is_some());
    }

    fn decoded(segment: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = segment.as_bytes().iter();
        while let Some(byte) = rest.next() {
            let mut digit = || char::from(*rest.next().unwrap()).to_digit(16).unwrap() as u8;
            bytes.push(if *byte == b'%' { digit() * 16 + digit() } else { *byte });
        }
        String::from_utf8(bytes).unwrap()
    }
}
