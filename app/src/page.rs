//! What the pages hold: small, ready to be shown, the same on server and browser. What can be
//! worked out on the server is.

use std::{future::Future, pin::Pin};

use domain::{journal::Cursor, time::Timestamp};
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// What every page knows: how things stand, for the title, the icon and the places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulse {
    /// The journal position at which it was read.
    pub cursor: Cursor,
    /// How things stand.
    pub mood: Mood,
    /// How many incidents are active.
    pub active: u32,
    /// When the last tick was.
    pub checked_at: Timestamp,
}

/// How things stand, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    /// Nothing needs anyone.
    Calm,
    /// A warning incident is active.
    Warning,
    /// A critical incident is active.
    Critical,
    /// Something that is watched can't be seen.
    Blind,
}

impl Mood {
    /// From the health page's data.
    #[cfg(feature = "ssr")]
    pub fn of(health: &commands::view::Health) -> Self {
        use domain::{reading::Status, severity::Severity};
        match health.active.iter().map(|card| card.severity).max() {
            Some(Severity::Critical) => Self::Critical,
            Some(Severity::Warning) => Self::Warning,
            None if health.now.readings.is_empty()
                || health.now.readings.iter().any(|reading| reading.status == Status::Unknown) =>
            {
                Self::Blind
            }
            None if health.now.readings.iter().any(|reading| {
                reading.tells_of_refusals()
                    || matches!(reading.status, Status::Warning | Status::Critical)
            }) =>
            {
                Self::Warning
            }
            None => Self::Calm,
        }
    }

    /// The word, which is also the icon's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Blind => "blind",
        }
    }
}

/// A page, ready as HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// The journal position at which it was read, if it matters.
    pub cursor: Option<Cursor>,
    /// The name of the place, for the title.
    pub place: String,
    /// The page. Not sent a second time with a document that shows it already.
    pub html: Html,
}

/// HTML that the server made; its every text was escaped there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Html {
    /// The markup.
    pub text: String,
    /// Whether it stands in the document that carries it: then it is not repeated as data.
    pub in_document: bool,
}

impl From<String> for Html {
    fn from(text: String) -> Self {
        Self { text, in_document: false }
    }
}

impl Serialize for Html {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.in_document { "" } else { &self.text })
    }
}

#[cfg(test)]
mod tests {
    use super::Html;

    #[test]
    fn what_stands_in_the_document_is_not_sent_twice() {
        let html = Html::from("<p>a</p>".to_owned());
        assert_eq!(serde_json::to_string(&html).unwrap(), "\"<p>a</p>\"");
        assert_eq!(serde_json::to_string(&Html { in_document: true, ..html }).unwrap(), "\"\"");
    }
}

/// A sheet on its way.
pub(crate) type Coming = Pin<Box<dyn Future<Output = Result<Sheet, Problem>> + Send>>;

/// Where a sheet comes from.
pub(crate) type Fetch = fn(String) -> Coming;

/// What changes a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lives {
    /// Nothing: it is read once.
    No,
    /// What the journal says of no incident.
    Apart,
    /// Whatever the journal says.
    Always,
    /// What the journal says of the incident whose number is the first word of its key.
    Incident,
}
