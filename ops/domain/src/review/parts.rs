//! The stored parts of a review: words of people, ratings, and plans of prevention steps.

use std::{fmt, str::FromStr};

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{id::AccountId, text::shown, time::Timestamp};

/// The words of people in a review. Each is Markdown, and may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReviewSections {
    /// Contributing factors.
    pub factors: String,
    /// The things that went well.
    pub went_well: String,
    /// The things to change.
    pub to_change: String,
}

impl ReviewSections {
    /// True if nothing is written.
    pub fn is_empty(&self) -> bool {
        self.factors.is_empty() && self.went_well.is_empty() && self.to_change.is_empty()
    }
}

/// The worth of a recommendation, as a person says afterwards; the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rating {
    /// Fixed the problem.
    Fixed,
    /// Helped, and one step more was needed.
    OneStepShort,
    /// About the right thing, and did not help.
    RightArea,
    /// About something else.
    Wrong,
}

impl Rating {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Fixed, Self::OneStepShort, Self::RightArea, Self::Wrong];

    /// The word that is stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::OneStepShort => "one_step_short",
            Self::RightArea => "right_area",
            Self::Wrong => "wrong",
        }
    }

    /// The rating of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// A day of the calendar, in UTC: `2026-12-04`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DueDate(NaiveDate);

/// A text that is no day of the calendar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a day such as 2026-12-04")]
pub struct BadDate(pub String);

impl DueDate {
    /// The day of a moment, in UTC.
    pub fn of(at: Timestamp) -> Self {
        Self(at.to_chrono().date_naive())
    }

    /// The number of days from another day to this one; negative if this one is earlier.
    pub fn days_since(self, other: Self) -> i64 {
        self.0.signed_duration_since(other.0).num_days()
    }
}

impl fmt::Display for DueDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

impl FromStr for DueDate {
    type Err = BadDate;

    fn from_str(text: &str) -> Result<Self, BadDate> {
        let bad = || BadDate(shown(&text.chars().take(40).collect::<String>()));
        // Exactly as it is written: chrono takes blanks and signs too.
        let is_plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| is_plain);
        date.map(Self).ok_or_else(bad)
    }
}

impl Serialize for DueDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DueDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// The plan for a prevention step, as it is decided when it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "plan", rename_all = "snake_case")]
pub enum PreventionPlan {
    /// Somebody does it until a day.
    Planned {
        /// The owner.
        owner: AccountId,
        /// The day.
        due: DueDate,
    },
    /// Will not be done.
    WillNotBeDone {
        /// The reason.
        reason: String,
    },
}

/// The end of a prevention step as it is still known after its words were redacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RedactedStep {
    /// The number of the step.
    pub step: u64,
    /// True if it was done, and false if it was dropped.
    pub is_done: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_day_is_read_as_it_is_written_and_nothing_else_is_one() {
        for good in ["2026-12-04", "2028-02-29", "0001-01-01"] {
            assert_eq!(good.parse::<DueDate>().unwrap().to_string(), good);
        }
        for bad in ["", "2026-02-30", "2026-1-4", "04.12.2026", "+026-01-01", "2026-12-04 "] {
            assert!(bad.parse::<DueDate>().is_err(), "{bad}");
        }
        let day: DueDate = "2026-12-04".parse().unwrap();
        assert_eq!(day.days_since("2026-11-30".parse().unwrap()), 4);
        assert_eq!(DueDate::of(Timestamp::from_secs(0)).to_string(), "1970-01-01");
    }

    proptest! {
        #[test]
        fn any_text_is_a_day_or_is_refused(text in ".{0,12}") {
            if let Ok(day) = text.parse::<DueDate>() {
                prop_assert_eq!(day.to_string(), text);
            }
        }
    }
}
