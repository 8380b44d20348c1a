//! Outcome of an inspection, bounded, and without secrets however it was read.

use serde::{Deserialize, Serialize};

use crate::redact::Redactor;

/// The most lines of an outcome.
pub const MOST_LINES: usize = 50;
/// The most bytes of all its lines.
pub const MOST_BYTES: usize = 16 * 1024;
/// The longest line, in characters.
const LONGEST_LINE: usize = 600;
/// The most notes, and the longest of them, in characters.
const MOST_NOTES: usize = 6;
const LONGEST_NOTE: usize = 400;

/// Outcome of an inspection. It is made by its functions only: they remove secrets and control
/// characters, and bound it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum InspectionOutcome {
    /// The result.
    Seen {
        /// The lines, in their order.
        lines: Vec<String>,
        /// Notes about them: a sentence each.
        notes: Vec<String>,
        /// True if lines were left out or cut.
        truncated: bool,
    },
    /// Nothing could be seen.
    Failed {
        /// The reason, and the remedy: one or more sentences.
        why: String,
    },
}

impl InspectionOutcome {
    /// Lines that stand for themselves, the most important first.
    pub fn table(lines: impl IntoIterator<Item = String>, notes: Vec<String>) -> Self {
        let shown = lines.into_iter().map(|line| Redactor::new().line(&line));
        Self::bounded(shown.take(MOST_LINES + 1).collect(), notes, false)
    }

    /// Lines of a log, of which the last count. A log that is read from its middle on may begin
    /// within a secret.
    pub fn log<'a>(
        lines: impl IntoIterator<Item = &'a str>,
        from_its_middle: bool,
        notes: Vec<String>,
    ) -> Self {
        let mut redactor = Redactor::new();
        if from_its_middle {
            redactor.gap();
        }
        let shown: Vec<String> = lines.into_iter().map(|line| redactor.line(line)).collect();
        let from = shown.len().saturating_sub(MOST_LINES);
        let mut outcome = Self::bounded(shown[from..].to_vec(), notes, true);
        if let Self::Seen { truncated, .. } = &mut outcome {
            *truncated |= from > 0;
        }
        outcome
    }

    /// Nothing could be seen.
    pub fn failed(why: &str) -> Self {
        Self::Failed { why: sentence(why) }
    }

    fn bounded(mut lines: Vec<String>, notes: Vec<String>, last_count: bool) -> Self {
        let mut truncated = lines.len() > MOST_LINES;
        lines.truncate(MOST_LINES);
        if last_count {
            lines.reverse();
        }
        let mut left = MOST_BYTES;
        let mut kept = Vec::with_capacity(lines.len());
        for line in lines {
            let line = line.trim_end();
            let shown = match line.char_indices().nth(LONGEST_LINE) {
                Some((end, _)) => {
                    truncated = true;
                    format!("{}…", &line[..end])
                }
                None => line.to_owned(),
            };
            match left.checked_sub(shown.len() + 1) {
                Some(rest) => left = rest,
                None => {
                    truncated = true;
                    break;
                }
            }
            kept.push(shown);
        }
        if last_count {
            kept.reverse();
        }
        let notes = notes.into_iter().take(MOST_NOTES).map(|note| sentence(&note)).collect();
        Self::Seen { lines: kept, notes, truncated }
    }

    /// The same without what was read.
    #[must_use]
    pub fn without_words(&self) -> Self {
        match self {
            Self::Seen { .. } => {
                Self::Seen { lines: Vec::new(), notes: Vec::new(), truncated: true }
            }
            Self::Failed { .. } => Self::Failed { why: String::new() },
        }
    }
}

fn sentence(text: &str) -> String {
    let shown = Redactor::new().line(text);
    match shown.char_indices().nth(LONGEST_NOTE) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(outcome: InspectionOutcome) -> (Vec<String>, bool) {
        match outcome {
            InspectionOutcome::Seen { lines, truncated, .. } => (lines, truncated),
            InspectionOutcome::Failed { why } => panic!("{why}"),
        }
    }

    #[test]
    fn an_outcome_has_its_bounds_and_says_when_something_is_missing() {
        let numbered: Vec<String> = (0..200).map(|number| format!("line {number}")).collect();
        let (lines, truncated) = seen(InspectionOutcome::table(numbered.clone(), Vec::new()));
        assert_eq!((lines.len(), lines[0].as_str(), truncated), (MOST_LINES, "line 0", true));
        let log = numbered.iter().map(String::as_str);
        let (lines, truncated) = seen(InspectionOutcome::log(log, false, Vec::new()));
        assert_eq!((lines.len(), truncated), (MOST_LINES, true));
        assert_eq!((lines[0].as_str(), lines[49].as_str()), ("line 150", "line 199"));
        let few = seen(InspectionOutcome::log(["a", "b"], false, Vec::new()));
        assert_eq!(few, (vec!["a".to_owned(), "b".to_owned()], false));

        let wide = "ä ".repeat(50_000);
        let (lines, truncated) =
            seen(InspectionOutcome::log([wide.as_str(), "end"], false, vec![]));
        assert!(truncated && lines.len() == 2 && lines[0].len() < 2_000, "{}", lines[0].len());
        let wide: Vec<String> = (0..50).map(|_| "ä ".repeat(400)).collect();
        let (lines, truncated) = seen(InspectionOutcome::table(wide.clone(), Vec::new()));
        let bytes: usize = lines.iter().map(|line| line.len() + 1).sum();
        assert!(truncated && bytes <= MOST_BYTES && lines.len() > 10, "{bytes}");
        // Of a log the end counts.
        let log = wide.iter().map(String::as_str).chain(["the last"]);
        let (lines, _) = seen(InspectionOutcome::log(log, false, Vec::new()));
        assert_eq!(lines.last().unwrap(), "the last");
        let notes = vec!["x".repeat(10_000); 100];
        let InspectionOutcome::Seen { notes, .. } = InspectionOutcome::table([], notes) else {
            panic!("it was seen")
        };
        assert!(notes.len() <= MOST_NOTES && notes[0].len() < 500);
    }

    #[test]
    fn no_secret_and_no_escape_passes_whichever_way_it_comes() {
        let hostile = "\u{1b}[2Jpassword=hunter2 \u{202e}x\u{7}";
        for outcome in [
            InspectionOutcome::table([hostile.to_owned()], vec![hostile.to_owned()]),
            InspectionOutcome::log([hostile], false, vec![hostile.to_owned()]),
            InspectionOutcome::failed(hostile),
        ] {
            let shown = format!("{outcome:?}");
            assert!(!shown.contains("hunter2") && shown.contains("password="), "{shown}");
            assert!(!shown.contains("\\u{1b}") && !shown.contains("\\u{202e}"), "{shown}");
        }
        // A key whose beginning lies before what was read.
        let key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
        let (lines, _) = seen(InspectionOutcome::log([key, "ready to serve"], true, Vec::new()));
        assert!(!lines[0].contains("MIIE") && lines[1] == "ready to serve", "{lines:?}");
    }
}
