//! What is said of readings, on the server and again in the browser whenever new ones come.

use domain::{
    reading::{Reading, Status},
    signal::Signal,
    subject::Subject,
};
use wording::humanize;

/// What names a row of the board.
pub(crate) fn row_key(subject: &Subject, signal: &Signal) -> String {
    format!("{signal} {subject}")
}

/// What stands beside the value: when the limit is reached, and what is usual.
pub(crate) fn note(reading: &Reading) -> String {
    let usual =
        reading.usual.map(|usual| format!("usually {}", humanize::value(usual, &reading.unit)));
    let full = reading.limit_in_seconds.map(|seconds| {
        let word = if reading.signal.as_str().ends_with("used") { "full" } else { "at its limit" };
        format!("{word} in {}", humanize::seconds(seconds))
    });
    full.into_iter().chain(usual).collect::<Vec<_>>().join(", ")
}

/// What the first sentence is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Count {
    /// Signals with a threshold that keep it.
    pub healthy: usize,
    /// All signals.
    pub all: usize,
    /// Signals beyond a level, not long enough yet.
    pub watching: usize,
    /// Signals beyond a level for long enough.
    pub beyond: usize,
    /// Subjects from which nothing was heard, each once.
    pub silent: Vec<String>,
    /// Whether something pushed was refused a short while ago.
    pub refused: bool,
}

pub(crate) fn count(readings: &[Reading]) -> Count {
    let mut silent: Vec<String> = readings
        .iter()
        .filter(|reading| reading.status == Status::Unknown)
        .map(|reading| humanize::subject(&reading.subject))
        .collect();
    silent.dedup();
    Count {
        healthy: readings.iter().filter(|reading| reading.status == Status::Healthy).count(),
        all: readings.len(),
        watching: readings.iter().filter(|reading| reading.status == Status::Watching).count(),
        beyond: readings
            .iter()
            .filter(|reading| matches!(reading.status, Status::Warning | Status::Critical))
            .count(),
        silent,
        refused: readings.iter().any(Reading::tells_of_refusals),
    }
}

/// What active incidents need.
#[cfg(feature = "ssr")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// How many are active.
    pub active: usize,
    /// Of how many nobody took note.
    pub nobody: usize,
    /// In how many a recommended command waits for a decision.
    pub decision: usize,
}

#[cfg(feature = "ssr")]
impl Waiting {
    /// What these incidents need, all of them active.
    pub(crate) fn of(active: &[commands::view::IncidentCard]) -> Self {
        let count = |is: fn(&commands::view::IncidentCard) -> bool| {
            active.iter().filter(|card| is(card)).count()
        };
        Self {
            active: active.len(),
            nobody: count(|card| !card.acknowledged),
            decision: count(|card| card.awaits_decision),
        }
    }
}

/// How many incidents are active and what they need; `None` if there is none.
#[cfg(feature = "ssr")]
pub(crate) fn active_sentence(waiting: Waiting) -> Option<String> {
    let Waiting { active, nobody, decision } = waiting;
    let (count, needs) =
        if decision > 0 { (decision, "your decision") } else { (nobody, "someone") };
    Some(match (active, count) {
        (0, _) => return None,
        (1, 0) => "One incident is active, and someone is on it.".to_owned(),
        (1, _) => format!("One incident needs {needs}."),
        (_, 0) => format!("{active} incidents are active, and someone is on each."),
        (_, 1) => format!("{active} incidents are active; one of them needs {needs}."),
        _ if active == count => format!("{active} incidents need {needs}."),
        _ => format!("{active} incidents are active; {count} of them need {needs}."),
    })
}

/// The sentence of status, without its age. `active` is what is said of active incidents, if there
/// are any.
pub(crate) fn status_sentence(active: Option<String>, count: &Count) -> String {
    let signals =
        |count: usize| if count == 1 { "1 signal".to_owned() } else { format!("{count} signals") };
    active.unwrap_or_else(|| match count {
        Count { all: 0, .. } => {
            "Nothing has been checked yet. The first readings come within seconds.".to_owned()
        }
        Count { silent, .. } if !silent.is_empty() => match silent.as_slice() {
            [only] => format!("Nothing is known from {only} right now."),
            [first, rest @ ..] => {
                format!("Nothing is known from {first} and {} more right now.", rest.len())
            }
            [] => String::new(),
        },
        // Planned work withholds its incident, or a person has ended it.
        Count { beyond: 1, .. } => "No incident is open, but 1 signal is beyond its level.".into(),
        Count { beyond: beyond @ 2.., .. } => {
            format!("No incident is open, but {beyond} signals are beyond their levels.")
        }
        Count { refused: true, .. } => {
            "No incident is open, but values that programs pushed were refused within the last 10 minutes."
                .into()
        }
        Count { watching: 0, healthy, .. } => format!("All calm. {} healthy", signals(*healthy)),
        Count { watching, healthy, .. } => {
            format!("Calm. {} healthy, {} being watched", signals(*healthy), watching)
        }
    })
}

/// How the age of the readings goes on after a sentence: within it, or as one of its own.
pub(crate) fn checked(sentence: &str) -> &'static str {
    if sentence.ends_with('.') { " Checked " } else { ", checked " }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn a_forecast_stands_before_what_is_usual() {
        let reading = Reading {
            subject: "disk:/var@web-1".parse().unwrap(),
            signal: "disk.used".parse().unwrap(),
            value: 93.0,
            unit: "%".parse().unwrap(),
            at: domain::time::Timestamp::from_secs(0),
            status: Status::Healthy,
            stale_since: None,
            reason: None,
            usual: Some(61.0),
            warning: None,
            critical: None,
            limit_in_seconds: Some(12_000.0),
        };
        assert_eq!(note(&reading), "full in 3 h 20 min, usually 61%");
    }

    #[test]
    fn the_first_sentence_is_true_whatever_holds() {
        let calm = Count { healthy: 14, all: 20, ..Count::default() };
        let said = |active, nobody, decision, count: &Count| {
            status_sentence(active_sentence(Waiting { active, nobody, decision }), count)
        };
        assert_eq!(said(0, 0, 0, &calm), "All calm. 14 signals healthy");
        for (active, nobody, decision, sentence) in [
            (1, 1, 0, "One incident needs someone."),
            (1, 1, 1, "One incident needs your decision."),
            (2, 0, 0, "2 incidents are active, and someone is on each."),
            (3, 1, 0, "3 incidents are active; one of them needs someone."),
            (3, 3, 1, "3 incidents are active; one of them needs your decision."),
            (3, 0, 2, "3 incidents are active; 2 of them need your decision."),
            (3, 3, 0, "3 incidents need someone."),
            (2, 0, 2, "2 incidents need your decision."),
        ] {
            assert_eq!(said(active, nobody, decision, &calm), sentence);
        }
        assert_eq!(
            said(0, 0, 0, &Count::default()),
            "Nothing has been checked yet. The first readings come within seconds."
        );
        let silent = Count { silent: vec!["web-1".into()], ..calm };
        assert_eq!(said(0, 0, 0, &silent), "Nothing is known from web-1 right now.");
        assert_eq!(
            said(0, 0, 0, &Count { watching: 1, ..calm.clone() }),
            "Calm. 14 signals healthy, 1 being watched"
        );
        assert_eq!(
            said(0, 0, 0, &Count { beyond: 1, ..calm.clone() }),
            "No incident is open, but 1 signal is beyond its level."
        );
        assert_eq!(
            said(0, 0, 0, &Count { beyond: 2, ..calm }),
            "No incident is open, but 2 signals are beyond their levels."
        );
    }
}
