//! What the pages hold: small, ready to be shown, the same on server and browser. What can be worked out on the server is.

#[cfg(feature = "ssr")]
use rules::view::{Health, Status};
use rules::{journal::Cursor, time::Timestamp, view::IncidentCard, words::Severity};
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
    pub fn of(health: &Health) -> Self {
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

/// A page of one incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidentData {
    /// The journal position at which it was read.
    pub cursor: Cursor,
    /// What lists show of it.
    pub card: IncidentCard,
    /// One sentence: what is expected of the reader, or that nothing is.
    pub standing: String,
    /// The summary: headings with their sentences.
    pub sections: Vec<Section>,
    /// The words of the guide that fit, as links into it.
    pub guides: Vec<Guide>,
    /// Approved commands that may help, by their ids.
    pub commands: Vec<String>,
    /// Since when everything is quiet.
    pub quiet_since: Option<Timestamp>,
    /// Who took note, and when.
    pub acknowledged: Option<(String, Timestamp)>,
    /// How often it was reopened.
    pub reopened: u32,
    /// Its breaches, as rows.
    pub breaches: Vec<BreachRow>,
    /// The pictures.
    pub charts: Vec<Chart>,
    /// The evidence that was saved, oldest first.
    pub snapshots: Vec<SnapshotData>,
    /// The timeline, oldest first.
    pub timeline: Vec<Line>,
}

/// Sentences under a heading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// The heading.
    pub heading: String,
    /// The sentences.
    pub sentences: Vec<String>,
}

/// A section of the guide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guide {
    /// The anchor.
    pub slug: String,
    /// The anchor as words.
    pub title: String,
}

/// A breach, in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BreachRow {
    /// About whom.
    pub subject: String,
    /// The signal's short name.
    pub label: String,
    /// How bad.
    pub severity: Severity,
    /// The value and what is usual: `93 % (usually 61 %)`.
    pub value: String,
    /// What it means, from the document.
    pub meaning: String,
    /// When it went beyond the level.
    pub since: Timestamp,
    /// When it recovered.
    pub cleared_at: Option<Timestamp>,
    /// It comes and goes.
    pub unsteady: bool,
}

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The journal's number.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who, as a page names them.
    pub who: String,
    /// What happened, as a sentence.
    pub sentence: String,
    /// What a person wrote, if they did.
    pub words: Option<String>,
    /// How it weighs.
    pub tone: Tone,
}

/// How a line of the timeline weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Something got worse: a warning.
    Warning,
    /// Something got worse: critical.
    Critical,
    /// Something got better.
    Better,
    /// A person did something.
    Person,
    /// Everything else.
    Quiet,
}

impl Tone {
    /// The class of its mark.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Better => "healthy",
            Self::Person => "person",
            Self::Quiet => "shown",
        }
    }
}

/// The picture of one signal's course: geometry in a box of 640 by 200.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// About whom.
    pub subject: String,
    /// The signal's short name.
    pub label: String,
    /// The picture in one sentence, for those who don't see it.
    pub description: String,
    /// The mean values' line, as `x,y x,y`; one for each stretch without a gap.
    pub lines: Vec<String>,
    /// The band between smallest and largest, as polygon points; one for each stretch.
    pub bands: Vec<String>,
    /// Horizontal lines: y, class, label.
    pub levels: Vec<(f32, String, String)>,
    /// Vertical lines: x, label.
    pub marks: Vec<(f32, String)>,
    /// The value axis: y, label.
    pub values: Vec<(f32, String)>,
    /// The time axis: x, time.
    pub times: Vec<(f32, Timestamp)>,
}

/// Evidence that was saved, ready to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnapshotData {
    /// When it was taken.
    pub at: Timestamp,
    /// Name, process id, memory.
    pub by_memory: Vec<(String, u32, String)>,
    /// Name, process id, CPU.
    pub by_cpu: Vec<(String, u32, String)>,
    /// Mount, free, size.
    pub disks: Vec<(String, String, String)>,
    /// Recent journal entries: number, time, kind.
    pub journal: Vec<(u64, Timestamp, String)>,
    /// The thresholds in force, by the beginning of their hash.
    pub thresholds: String,
    /// How many facts were left out.
    pub left_out: u32,
}

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
    pub fn is_narrow(&self) -> bool {
        let Self { text, severity, subject, from, to, before: _ } = self;
        [text, severity, subject, from, to].iter().any(|field| !field.trim().is_empty())
    }

    /// The address of the same search, on another page.
    pub fn address(&self, before: &str) -> String {
        let Self { text, severity, subject, from, to, before: _ } = self;
        let fields =
            [("text", text.as_str()), ("severity", severity), ("subject", subject), ("from", from), ("to", to), ("before", before)];
        let query: Vec<String> =
            fields.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}={}", percent_encode(value))).collect();
        if query.is_empty() { "/ops/history".to_owned() } else { format!("/ops/history?{}", query.join("&")) }
    }
}

fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for digit in [byte >> 4, byte & 15] {
                encoded.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    encoded
}

/// The guide for people, rendered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuidePage {
    /// Its text, without anything that could act.
    pub html: String,
    /// Its headings: level, text, anchor.
    pub contents: Vec<(u8, String, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_keeps_itself_in_the_address() {
        let search = Search { text: "disk & co".into(), severity: "critical".into(), ..Search::default() };
        assert_eq!(search.address("40"), "/ops/history?text=disk%20%26%20co&severity=critical&before=40");
        assert_eq!(Search::default().address(""), "/ops/history");
        assert!(search.is_narrow() && !Search { before: "3".into(), ..Search::default() }.is_narrow());
    }
}
