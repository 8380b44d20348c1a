//! The history page as data.

use commands::{charts::HistoryCharts, figures::HistorySummary, view::IncidentCard};
use domain::error::Error;
use serde::{Deserialize, Serialize};

use crate::{address::address, problem::Problem, urlencoded::Form};

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
    /// `only`, `none` or nothing.
    pub practice: String,
    /// Minutes by which the reader's clock is east of UTC: their browser says so. UTC without.
    pub offset: String,
    /// The start of this page.
    pub before: String,
}

impl Search {
    /// From an address's query, such as `text=disk&severity=critical`.
    pub(crate) fn read(query: &str) -> Result<Self, Error> {
        let form = Form::read(query.trim_start_matches('?').as_bytes())?;
        let text = |name| form.get(name).to_owned();
        Ok(Self {
            text: text("text"),
            severity: text("severity"),
            subject: text("subject"),
            from: text("from"),
            to: text("to"),
            practice: text("practice"),
            offset: text("offset"),
            before: text("before"),
        })
    }

    /// The address of the same search, on another page. It has only what is set.
    pub(crate) fn address(&self, before: &str) -> String {
        let Self { text, severity, subject, from, to, practice, offset, before: _ } = self;
        // Only a day is read by the reader's clock.
        let is_dated = [from, to].iter().any(|day| !day.trim().is_empty());
        address(
            "/ops/history",
            [
                ("text", text.as_str()),
                ("severity", severity),
                ("subject", subject),
                ("from", from),
                ("to", to),
                ("practice", practice),
                ("offset", if is_dated { offset } else { "" }),
                ("before", before),
            ],
        )
    }

    /// True if anything narrows it.
    pub(super) fn is_narrow(&self) -> bool {
        !self.text.trim().is_empty() || self.is_filtered()
    }

    /// True if anything but words narrows it.
    pub(super) fn is_filtered(&self) -> bool {
        let Self { text: _, severity, subject, from, to, practice, offset: _, before: _ } = self;
        [severity, subject, from, to, practice].iter().any(|field| !field.trim().is_empty())
    }
}

/// The results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The incidents, newest first.
    pub incidents: Vec<IncidentCard>,
    /// Figures about all that was found.
    pub summary: HistorySummary,
    /// Charts of all that was found, on the first page.
    pub charts: Option<HistoryCharts>,
    /// Address of the first page, unless this is it.
    pub newest: Option<String>,
    /// Address of the next page, if there is one.
    pub older: Option<String>,
}

/// The history page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryView {
    /// The search as it was typed.
    pub search: Search,
    /// The results, or the reason that the search was refused: what was typed stays, so that a
    /// wrong field is corrected and not typed again.
    pub found: Result<Found, Problem>,
}
