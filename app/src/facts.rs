//! What the server works out for a page before it is drawn: plain data, in words and geometry.

use commands::view::IncidentCard;
use domain::{severity::Severity, time::Timestamp};
use wording::timeline::Line;

use crate::{
    deed::{Asked, Deed},
    problem::Problem,
    urlencoded::{Form, percent_encode},
};

/// What the page of an incident has to tell about what was just asked for, without Wasm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing was.
    Nothing,
    /// It was done.
    Done(Deed),
    /// It was refused.
    Refused(Refused),
}

/// What was refused, with what was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// What was asked for.
    pub asked: Asked,
    /// Why not.
    pub problem: Problem,
}

/// Everything that the page of one incident shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Briefing {
    /// What lists show of it.
    pub card: IncidentCard,
    /// One sentence: what is expected of the reader, or that nothing is.
    pub standing: String,
    /// The summary: headings with their sentences.
    pub sections: Vec<Section>,
    /// The words of the guide that fit, as links into it.
    pub guides: Vec<Guide>,
    /// Since when everything is quiet.
    pub quiet_since: Option<Timestamp>,
    /// Who took note, and when.
    pub acknowledged: Option<(String, Timestamp)>,
    /// Who ended it, and when.
    pub resolved: Option<(String, Timestamp)>,
    /// Other active incidents about the same: number and headline.
    pub related: Vec<(u32, String)>,
    /// Who could not be called about it and why, as sentences.
    pub unreached: Vec<String>,
    /// What still speaks against ending it, as a sentence; `None` when all is quiet.
    pub still: Option<String>,
    /// The section of the guide to read next, while something holds.
    pub next: Option<Guide>,
    /// Whether a recommended command waits for a decision, or runs: then that is the next step.
    pub decides: bool,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    /// The heading.
    pub heading: String,
    /// The sentences.
    pub sentences: Vec<String>,
}

/// A section of the guide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guide {
    /// The anchor.
    pub slug: String,
    /// The anchor as words.
    pub title: String,
}

/// A breach, in words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BreachRow {
    /// About whom.
    pub subject: String,
    /// The signal's short name.
    pub label: String,
    /// How bad.
    pub severity: Severity,
    /// The value when it was told last, and what is usual: `93 % (usually 61 %)`.
    pub value: String,
    /// The newest value that is known, while it holds.
    pub newest: Option<Newest>,
    /// What it means, from the document.
    pub meaning: String,
    /// When it went beyond the level.
    pub since: Timestamp,
    /// When it recovered.
    pub cleared_at: Option<Timestamp>,
    /// When the incident was resolved although it held.
    pub given_up_at: Option<Timestamp>,
    /// Nobody saw it recover: it is no longer watched.
    pub lost: bool,
    /// It comes and goes.
    pub unsteady: bool,
}

/// The newest value of a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Newest {
    /// What names its reading in the live stream.
    pub key: String,
    /// The value.
    pub value: String,
    /// Since when nothing more was heard, if that is longer than expected: then it is the value of
    /// then.
    pub stale_since: Option<Timestamp>,
}

/// The picture of one signal's course. What is drawn lies in a box of 1000 by 150 that is stretched
/// to the chart's width; for what is not stretched, x is in percent of the width.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Chart {
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
    /// Values that stand alone: x in percent, y.
    pub dots: Vec<(f32, f32)>,
    /// Moments, oldest first.
    pub marks: Vec<Mark>,
    /// The value axis: y, label.
    pub values: Vec<(f32, String)>,
    /// The time axis: x in percent, time.
    pub times: Vec<(f32, Timestamp)>,
}

/// A moment on a chart: a vertical line with its name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    /// Where, in percent.
    pub x: f32,
    /// What it is called.
    pub name: String,
    /// In which row above the chart the name stands.
    pub row: usize,
    /// Whether the name stands before the line, as there is no room behind it.
    pub before: bool,
}

/// Evidence that was saved, ready to read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SnapshotData {
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

/// The guide for people, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GuidePage {
    /// Its text, without anything that could act.
    pub html: String,
    /// Its headings: level, text, anchor.
    pub contents: Vec<(u8, String, String)>,
}

/// A search of the history, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Search {
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
    /// From an address's query, such as `text=disk&severity=critical`.
    pub(crate) fn read(query: &str) -> Result<Self, Problem> {
        let form = Form::read(query.trim_start_matches('?').as_bytes())?;
        let text = |name| form.get(name).to_owned();
        Ok(Self {
            text: text("text"),
            severity: text("severity"),
            subject: text("subject"),
            from: text("from"),
            to: text("to"),
            before: text("before"),
        })
    }

    /// Whether anything narrows it.
    pub(crate) fn is_narrow(&self) -> bool {
        let Self { text, severity, subject, from, to, before: _ } = self;
        [text, severity, subject, from, to].iter().any(|field| !field.trim().is_empty())
    }

    /// The address of the same search, on another page.
    pub(crate) fn address(&self, before: &str) -> String {
        let Self { text, severity, subject, from, to, before: _ } = self;
        let fields = [
            ("text", text.as_str()),
            ("severity", severity),
            ("subject", subject),
            ("from", from),
            ("to", to),
            ("before", before),
        ];
        let query: Vec<String> = fields
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", percent_encode(value)))
            .collect();
        if query.is_empty() {
            "/ops/history".to_owned()
        } else {
            format!("/ops/history?{}", query.join("&"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_keeps_itself_in_the_address() {
        let search =
            Search { text: "disk & co".into(), severity: "critical".into(), ..Search::default() };
        assert_eq!(
            search.address("40"),
            "/ops/history?text=disk%20%26%20co&severity=critical&before=40"
        );
        let read = |query: &str| Search::read(query).ok();
        assert_eq!(read("?text=disk+%26%20co&severity=critical&other=1"), Some(search.clone()));
        assert_eq!((read("text=%F0"), read("text=%zz"), read("text=a&text=b")), (None, None, None));
        assert_eq!(Search::default().address(""), "/ops/history");
        assert!(
            search.is_narrow() && !Search { before: "3".into(), ..Search::default() }.is_narrow()
        );
    }
}
