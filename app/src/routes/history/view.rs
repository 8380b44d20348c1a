//! The history page as data.

use commands::view::IncidentCard;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// A search of the history, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// Words that must occur.
    pub text: String,
    /// `warning`, `critical` or nothing.
    pub severity: String,
    /// A subject, or the beginning of one.
    pub subject: String,
    /// The first day, such as `2026-11-22`.
    pub from: String,
    /// The last day.
    pub to: String,
    /// Where this page begins.
    pub before: String,
}

impl Search {
    /// Whether anything narrows it.
    pub(super) fn is_narrow(&self) -> bool {
        let Self { text, severity, subject, from, to, before: _ } = self;
        [text, severity, subject, from, to].iter().any(|field| !field.trim().is_empty())
    }
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The incidents, newest first.
    pub incidents: Vec<IncidentCard>,
    /// Address of the first page, unless this is it.
    pub newest: Option<String>,
    /// Address of the next page, if there is one.
    pub older: Option<String>,
}

/// The history page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryView {
    /// What was typed.
    pub search: Search,
    /// What was found, or why the search was refused: what was typed stays, so that a wrong field
    /// is corrected and not typed again.
    pub found: Result<Found, Problem>,
}
