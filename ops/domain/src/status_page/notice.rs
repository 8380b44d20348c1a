//! States of notices, and the places of updates in them.

use serde::{Deserialize, Serialize};

/// State of a notice, as the person who published it chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    /// The team looks for the cause.
    Investigating,
    /// The cause is known.
    Identified,
    /// A fix is in place and is watched.
    Monitoring,
    /// Over.
    Resolved,
}

impl NoticeState {
    /// Every state, in the order in which a form offers them.
    pub const ALL: [Self; 4] =
        [Self::Investigating, Self::Identified, Self::Monitoring, Self::Resolved];

    /// The word that is stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Investigating => "investigating",
            Self::Identified => "identified",
            Self::Monitoring => "monitoring",
            Self::Resolved => "resolved",
        }
    }

    /// The state of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Place of an update in its notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoticePart {
    /// Begins a notice, whose number is that of this entry.
    Began {
        /// The title of the notice.
        title: String,
    },
    /// Follows in a notice.
    Followed {
        /// The number of the entry that began the notice.
        notice: u64,
    },
}
