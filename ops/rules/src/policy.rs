//! How incidents behave: the tables of `thresholds.md` that are not about single signals.

use serde::{Deserialize, Serialize};

use crate::{time::Span, words::Subject};

/// How incidents behave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// An incident resolves when all was quiet for this long.
    pub quiet_for: Span,
    /// Trouble that comes back within this time after the end reopens the incident instead of
    /// opening a new one.
    pub reopen_within: Span,
    /// This many incidents opened within `flood_within` are a flood: further breaches join one
    /// incident.
    pub flood_count: u32,
    /// See `flood_count`.
    pub flood_within: Span,
    /// What depends on what, besides `kind:name@host` on `host:host`.
    pub dependencies: Vec<Dependency>,
}

/// A subject that depends on another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The one that depends; `*` stands for any run of characters.
    pub subject: String,
    /// The one that it needs.
    pub needs: Subject,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            quiet_for: Span::from_mins(5),
            reopen_within: Span::from_mins(30),
            flood_count: 5,
            flood_within: Span::from_mins(5),
            dependencies: Vec::new(),
        }
    }
}

/// Whether a text fits a pattern in which `*` stands for any run of characters, the empty one too.
pub fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    true
}

impl Policy {
    /// Whether `subject` depends on `other`, directly: by a row of the document, or because it is
    /// on that host.
    pub fn depends(&self, subject: &Subject, other: &Subject) -> bool {
        let on_host = other.kind() == "host"
            && subject.kind() != "host"
            && subject.host() == Some(other.name());
        on_host
            || self
                .dependencies
                .iter()
                .any(|row| row.needs == *other && fits(&row.subject, subject.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, fit) in [
            ("disk:*@web-1", "disk:/var@web-1", true),
            ("disk:*@web-1", "disk:/var@web-2", false),
            ("*", "", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "ac", false),
            ("host:web-1", "host:web-1", true),
            ("host:web-1", "host:web-10", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(fits(pattern, text), fit, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_on_a_host_depends_on_it() {
        let subject = |text: &str| text.parse::<Subject>().unwrap();
        let mut policy = Policy::default();
        assert!(policy.depends(&subject("disk:/var@web-1"), &subject("host:web-1")));
        assert!(!policy.depends(&subject("host:web-1"), &subject("host:web-1")));
        assert!(!policy.depends(&subject("endpoint:checkout"), &subject("app:api@web-1")));
        policy
            .dependencies
            .push(Dependency { subject: "endpoint:*".into(), needs: subject("app:api@web-1") });
        assert!(policy.depends(&subject("endpoint:checkout"), &subject("app:api@web-1")));
    }
}
