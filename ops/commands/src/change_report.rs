//! A change as it is reported, and what is wrong with it.

use domain::{
    change::{ChangeKind, LONGEST_AGO, ReportedChange},
    error::{Error, FieldReason},
    input::{checked_name, unreadable},
    subject::Subject,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

/// The most subjects that a change names.
pub const MOST_SUBJECTS: usize = 20;
/// Clocks differ a little.
const AHEAD: Span = Span::from_secs(60);

/// A change as it is reported, before it is checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeReport {
    /// Its kind.
    pub kind: ChangeKind,
    /// The thing that was changed, such as `api`.
    pub what: String,
    /// To which version, such as `3f2a`.
    #[serde(default)]
    pub version: Option<String>,
    /// The subjects that it touches; everything if there are none.
    #[serde(default)]
    pub subjects: Vec<Subject>,
    /// The time of the change; now if it is left out.
    #[serde(default)]
    pub at: Option<Timestamp>,
}

impl ChangeReport {
    /// The change as it is kept, or what is wrong with its report.
    pub fn checked(self, now: Timestamp) -> Result<ReportedChange, Error> {
        let what = checked_name("what", &self.what)?;
        let version = match self.version.filter(|version| !version.trim().is_empty()) {
            Some(version) => Some(checked_name("version", &version)?),
            None => None,
        };
        if self.subjects.len() > MOST_SUBJECTS {
            return Err(Error::invalid("subjects", FieldReason::TooMany { most: MOST_SUBJECTS }));
        }
        if let Some(reason) = self.subjects.iter().find_map(|one| unreadable(one.as_str())) {
            return Err(Error::invalid("subjects", reason));
        }
        let at = self.at.unwrap_or(now);
        if at > now.plus(AHEAD) {
            return Err(Error::invalid("at", FieldReason::Ahead));
        }
        if at < now.minus(LONGEST_AGO) {
            let hours = LONGEST_AGO.as_secs() / 3_600;
            return Err(Error::invalid("at", FieldReason::TooLongAgo { hours }));
        }
        Ok(ReportedChange {
            kind: self.kind,
            what,
            version,
            subjects: self.subjects,
            at: at.min(now),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(what: &str) -> ChangeReport {
        ChangeReport {
            kind: ChangeKind::Deployment,
            what: what.to_owned(),
            version: None,
            subjects: Vec::new(),
            at: None,
        }
    }

    #[test]
    fn a_report_is_checked_and_gets_its_time() {
        let now = Timestamp::from_secs(1_795_000_000);
        let kept = ChangeReport { version: Some(" 3f2a ".to_owned()), ..report(" api ") };
        let kept = kept.checked(now).unwrap();
        assert_eq!(
            (kept.what.as_str(), kept.version.as_deref(), kept.at),
            ("api", Some("3f2a"), now)
        );
        let without = ChangeReport { version: Some(String::new()), ..report("api") };
        assert_eq!(without.checked(now).unwrap().version, None);
        // A clock that is a little ahead is no mistake.
        let ahead = ChangeReport { at: Some(now.plus(Span::from_secs(30))), ..report("api") };
        assert_eq!(ahead.checked(now).unwrap().at, now);
        let many = vec!["app:api@web-1".parse().unwrap(); MOST_SUBJECTS + 1];
        for (field, wrong) in [
            ("what", report("")),
            ("what", report(&"x".repeat(61))),
            ("what", report("a\u{202e}b")),
            ("version", ChangeReport { version: Some("a\nb\u{7}".to_owned()), ..report("api") }),
            ("subjects", ChangeReport { subjects: many, ..report("api") }),
            (
                "subjects",
                ChangeReport { subjects: vec!["app:\u{2800}".parse().unwrap()], ..report("api") },
            ),
            ("at", ChangeReport { at: Some(now.plus(Span::from_mins(2))), ..report("api") }),
            ("at", ChangeReport { at: Some(Timestamp::default()), ..report("api") }),
        ] {
            let Err(Error::InvalidField { field: found, .. }) = wrong.clone().checked(now) else {
                panic!("{wrong:?}");
            };
            assert_eq!(found, field);
        }
    }
}
