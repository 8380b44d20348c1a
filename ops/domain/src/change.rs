//! Reported changes: what someone did to the watched systems, as only they can tell.

use serde::{Deserialize, Serialize};

use crate::{
    subject::Subject,
    time::{Span, Timestamp},
};

/// The greatest age of a change that is reported now.
pub const LONGEST_AGO: Span = Span::from_mins(24 * 60);

/// Kinds of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A new version was put into operation.
    Deployment,
    /// A database was changed.
    Migration,
    /// A setting was changed.
    Configuration,
    /// Anything else.
    Other,
}

impl ChangeKind {
    /// The word for it, as charts show it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::Migration => "migration",
            Self::Configuration => "configuration",
            Self::Other => "change",
        }
    }
}

/// A change that was reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReportedChange {
    /// Its kind.
    pub kind: ChangeKind,
    /// The thing that was changed.
    pub what: String,
    /// To which version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The subjects that it touches; everything if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Subject>,
    /// The time.
    pub at: Timestamp,
}

impl ReportedChange {
    /// True if it may have touched a subject: it names none, this one, or one on the same host.
    pub fn touches(&self, subject: &Subject) -> bool {
        let is_near = |one: &Subject| {
            one == subject || one.host().is_some_and(|host| subject.host() == Some(host))
        };
        self.subjects.is_empty() || self.subjects.iter().any(is_near)
    }

    /// True if both tell of the same change, whenever it was done.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.kind, &self.what, &self.version) == (other.kind, &other.what, &other.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_touches_its_subjects_and_what_is_on_the_same_host() {
        let touches = |subjects: &[&str], subject: &str| {
            let change = ReportedChange {
                kind: ChangeKind::Deployment,
                what: "api".to_owned(),
                version: None,
                subjects: subjects.iter().map(|one| one.parse().unwrap()).collect(),
                at: Timestamp::default(),
            };
            change.touches(&subject.parse().unwrap())
        };
        assert!(touches(&[], "endpoint:shop"));
        assert!(touches(&["app:api@web-1"], "app:api@web-1"));
        assert!(touches(&["app:api@web-1"], "host:web-1"));
        assert!(touches(&["host:web-1"], "disk:/@web-1"));
        assert!(!touches(&["app:api@web-1"], "app:api@web-2"));
        assert!(!touches(&["endpoint:shop"], "endpoint:blog"));
    }
}
