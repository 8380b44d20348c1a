//! The behaviour of incidents: the tables of `thresholds.md` that are not about single signals.

use domain::{subject::Subject, time::Span};
use serde::{Deserialize, Serialize};

use crate::pattern::matches;

/// The behaviour of incidents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentPolicy {
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
    /// A warning that is relative to what is usual opens an incident only while so many signals of
    /// its subject are past such a level.
    #[serde(default = "one")]
    pub unusual_together: u32,
    /// The dependencies, besides `kind:name@host` on `host:host`.
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

impl Default for IncidentPolicy {
    fn default() -> Self {
        Self {
            quiet_for: Span::from_mins(5),
            reopen_within: Span::from_mins(30),
            flood_count: 5,
            flood_within: Span::from_mins(5),
            unusual_together: one(),
            dependencies: Vec::new(),
        }
    }
}

const fn one() -> u32 {
    1
}

impl IncidentPolicy {
    /// True if `subject` depends on `other`, directly: by a row of the document, or because it is
    /// on that host.
    pub fn depends(&self, subject: &Subject, other: &Subject) -> bool {
        let on_host = other.kind() == "host"
            && subject.kind() != "host"
            && subject.host() == Some(other.name());
        on_host
            || self
                .dependencies
                .iter()
                .any(|row| row.needs == *other && matches(&row.subject, subject.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_a_host_depends_on_it() {
        let subject = |text: &str| text.parse::<Subject>().unwrap();
        let mut policy = IncidentPolicy::default();
        assert!(policy.depends(&subject("disk:/var@web-1"), &subject("host:web-1")));
        assert!(!policy.depends(&subject("host:web-1"), &subject("host:web-1")));
        assert!(!policy.depends(&subject("endpoint:checkout"), &subject("app:api@web-1")));
        policy
            .dependencies
            .push(Dependency { subject: "endpoint:*".into(), needs: subject("app:api@web-1") });
        assert!(policy.depends(&subject("endpoint:checkout"), &subject("app:api@web-1")));
    }
}
