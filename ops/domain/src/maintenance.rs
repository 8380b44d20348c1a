//! Maintenance windows: planned work, during which breaches of some subjects open no incident.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    name::{BadName, bad, text_type},
    pattern::matches,
    severity::Severity,
    signal::Signal,
    subject::Subject,
    text::is_unprintable,
    time::{Span, Timestamp},
};

/// The longest time until the end of a window.
pub const LONGEST: Span = Span::from_mins(7 * 24 * 60);
/// The most breaches that a window tells of.
pub const MOST_WITHHELD: usize = 50;

/// Subjects that a window covers: one by its name, or all that are alike, such as `*@web-1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectPattern(String);

text_type!(SubjectPattern);

impl SubjectPattern {
    /// True if a subject is covered. What Calm Ops says about itself, such as a source that it
    /// can't read, and a practice are covered by their whole names alone.
    pub fn covers(&self, subject: &Subject) -> bool {
        let text = subject.as_str();
        if self.0 == text {
            return true;
        }
        let is_own = subject.is_practice()
            || subject.kind() == "collector"
            || (subject.kind() == "service" && subject.name() == "calm-ops");
        if is_own {
            return false;
        }
        matches(&self.0, text)
    }
}

impl FromStr for SubjectPattern {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        const EXPECTED: &str =
            "a subject such as 'app:api@web-1', or several with '*', such as '*@web-1'";
        let is_pattern =
            text.contains('*') && text.len() <= 200 && !text.chars().any(is_unprintable);
        if is_pattern || Subject::check(text).is_ok() {
            Ok(Self(text.to_owned()))
        } else {
            Err(bad(text, "pattern of subjects", EXPECTED))
        }
    }
}

/// A maintenance window. Its number is that of the entry that begins it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MaintenanceWindow {
    /// The subjects that it covers.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub subjects: Vec<SubjectPattern>,
    /// Time at which it ends by itself.
    pub until: Timestamp,
    /// The reason.
    pub reason: String,
}

impl MaintenanceWindow {
    /// True if it is in force: a clock that was set back makes none longer than it may be.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        now < self.until && self.until.since(now) <= LONGEST
    }

    /// True if it covers a subject.
    pub fn covers(&self, subject: &Subject) -> bool {
        self.subjects.iter().any(|pattern| pattern.covers(subject))
    }
}

/// A breach that would have alerted without a window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Withheld {
    /// About whom.
    pub subject: Subject,
    /// The signal.
    pub signal: Signal,
    /// Its worst severity.
    pub severity: Severity,
    /// Time at which it began.
    pub since: Timestamp,
    /// Time at which it was seen to be over; none while it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_what_it_names_and_never_what_is_blind() {
        for (pattern, subject, covers) in [
            ("app:api@web-1", "app:api@web-1", true),
            ("app:api@web-1", "app:api@web-10", false),
            ("*@web-1", "disk:/@web-1", true),
            ("*@web-1", "host:web-1", false),
            ("app:*", "app:api@web-1", true),
            ("app:*", "endpoint:app:x", false),
            ("*api*", "app:api@web-1", true),
            ("app:*@web-1", "app:api@web-1", true),
            ("app:*@web-1", "app:api@web-2", false),
            ("*", "endpoint:shop", true),
            ("*", "collector:pm2@web-1", false),
            ("collector:*", "collector:pm2@web-1", false),
            ("collector:pm2@web-1", "collector:pm2@web-1", true),
            ("*@web-1", "service:calm-ops@web-1", false),
            ("service:*", "service:imports", true),
            ("*", "practice:practice", false),
            ("*", "practice:smith", true),
        ] {
            let pattern: SubjectPattern = pattern.parse().unwrap();
            assert_eq!(pattern.covers(&subject.parse().unwrap()), covers, "{pattern} {subject}");
        }
        let long = format!("{}*", "x".repeat(200));
        for wrong in ["", "web-1", "app:\u{202e}*", &long] {
            assert!(wrong.parse::<SubjectPattern>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_window_ends_at_its_end_and_a_clock_that_is_set_back_makes_none_longer() {
        let at = Timestamp::from_secs;
        let window = MaintenanceWindow {
            subjects: vec!["*".parse().unwrap()],
            until: at(1_000_000),
            reason: String::new(),
        };
        assert!(window.is_in_force(at(999_999)) && !window.is_in_force(at(1_000_000)));
        assert!(window.is_in_force(at(1_000_000).minus(LONGEST)));
        assert!(!window.is_in_force(at(0)));
    }
}
