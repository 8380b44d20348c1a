//! What the pages hold: small, ready to be shown, the same on server and browser. What can be worked out on the server is.

use rules::{
    journal::Cursor,
    time::Timestamp,
    view::{Readings, Spark},
};
use serde::{Deserialize, Serialize};

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
    pub fn of(health: &rules::view::Health) -> Self {
        use rules::{view::Status, words::Severity};
        match health.active.iter().map(|card| card.severity).max() {
            Some(Severity::Critical) => Self::Critical,
            Some(Severity::Warning) => Self::Warning,
            None if health.now.readings.is_empty() || health.now.readings.iter().any(|reading| reading.status == Status::Unknown) => {
                Self::Blind
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

/// The health page. What does not change by itself comes ready as HTML; readings come as data, because they live on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthData {
    /// The journal position at which it was read.
    pub cursor: Cursor,
    /// The latest of everything.
    pub now: Readings,
    /// Sparklines of the readings that have a threshold.
    pub sparks: Vec<Spark>,
    /// How many incidents are active.
    pub active: usize,
    /// How many of them nobody has yet.
    pub waiting: usize,
    /// How things stand.
    pub mood: Mood,
    /// The cards of the active incidents.
    pub cards: String,
    /// What was not seen, and documents whose edit was refused.
    pub notices: String,
    /// What proves the record, and what runs.
    pub foot: String,
}

/// A page of one incident: its parts ready as HTML, and what the forms need to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidentData {
    /// The journal position at which it was read.
    pub cursor: Cursor,
    /// Its number.
    pub number: u32,
    /// The class that gives its edge a colour.
    pub edge: String,
    /// It is resolved.
    pub over: bool,
    /// A person took note.
    pub acknowledged: bool,
    /// The next step is to end it.
    pub ending: bool,
    /// Number, severity, headline, facts.
    pub head: String,
    /// Summary, and what may help.
    pub briefing: String,
    /// Breaches and charts.
    pub evidence: String,
    /// What was saved.
    pub snapshots: String,
    /// The timeline.
    pub timeline: String,
}

/// A page that is all text: ready as HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// The journal position at which it was read, if it matters.
    pub cursor: Option<Cursor>,
    /// The page.
    pub html: String,
}
