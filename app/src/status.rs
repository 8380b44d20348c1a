//! Sentences about readings, on the server and again in the browser whenever new ones come.

use std::fmt::Write as _;

use domain::{
    lifecycle::State,
    protection::organization_segment,
    reading::{Reading, Status},
    signal::Signal,
    subject::Subject,
};
use wording::humanize;

use crate::address::percent_encode;

/// The name of a row of the board.
pub(crate) fn row_key(subject: &Subject, signal: &Signal) -> String {
    format!("{signal} {subject}")
}

/// The address of the page that shows a signal's history.
pub(crate) fn signal_href(subject: &Subject, signal: &Signal) -> String {
    format!("/ops/signals/{signal}?subject={}", percent_encode(subject.as_str()))
}

/// Address of the page of an organization.
pub(crate) fn organization_href(organization: &Subject) -> String {
    format!("/ops/organizations/{}", organization_segment(organization))
}

/// Id of a subject's heading on the health page. No two subjects share one, and it needs no escapes
/// in an address.
pub(crate) fn subject_anchor(subject: &Subject) -> String {
    let mut id = "subject-".to_owned();
    for byte in subject.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || b"-.:@/".contains(&byte) {
            id.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(id, "_{byte:02x}");
        }
    }
    id
}

/// The note beside the value: what is usual, and when the limit is reached.
pub(crate) fn note(reading: &Reading) -> String {
    let usual =
        reading.usual.map(|usual| format!("usually {}", humanize::value(usual, &reading.unit)));
    let full = reading.limit_in_seconds.map(|seconds| {
        let word = if reading.signal.as_str().ends_with("used") { "full" } else { "at its limit" };
        format!("{word} in {}", humanize::seconds(seconds))
    });
    let not_judged = reading.not_judged.map(wording::signal::not_judged);
    usual.into_iter().chain(full).chain(not_judged).collect::<Vec<_>>().join(", ")
}

/// The numbers in the first sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Signals with a threshold that keep it.
    pub healthy: usize,
    /// All signals.
    pub all: usize,
    /// Signals whose level can't be judged yet.
    pub not_judged: usize,
    /// Signals beyond a level, not long enough yet.
    pub watching: usize,
    /// Signals beyond a level for long enough.
    pub beyond: usize,
    /// Subjects from which nothing was heard, each once.
    pub silent: Vec<String>,
    /// True if something pushed was refused a short while ago.
    pub refused: bool,
}

/// Counts readings by what the first sentence tells of them.
pub(crate) fn count<'a>(readings: impl IntoIterator<Item = &'a Reading>) -> Count {
    let mut count = Count::default();
    for reading in readings {
        if reading.subject.is_practice() {
            continue;
        }
        count.all += 1;
        count.refused |= reading.tells_of_refusals();
        match reading.status {
            Status::Healthy => count.healthy += 1,
            Status::Shown => count.not_judged += usize::from(reading.not_judged.is_some()),
            Status::Watching => count.watching += 1,
            Status::Warning | Status::Critical => count.beyond += 1,
            Status::Unknown => {
                let subject = humanize::subject(&reading.subject);
                if count.silent.last() != Some(&subject) {
                    count.silent.push(subject);
                }
            }
        }
    }
    count
}

/// The needs of active incidents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Number of active ones.
    pub active: usize,
    /// Of how many nobody took note, other than of those that recover on their own.
    pub nobody: usize,
    /// The number that recover, with nothing to do for a person.
    pub recovering: usize,
    /// In how many a recommended command waits for a decision.
    pub decision: usize,
    /// Number of active practices, which are in no other count.
    pub practices: usize,
}

impl Waiting {
    /// Counts the needs of incidents, all of them active.
    pub(crate) fn of(active: &[commands::view::IncidentCard]) -> Self {
        let count = |is: fn(&commands::view::IncidentCard) -> bool| {
            active.iter().filter(|card| !card.practice && is(card)).count()
        };
        Self {
            practices: active.iter().filter(|card| card.practice).count(),
            active: count(|_| true),
            nobody: count(|card| !card.acknowledged && !recovers(card)),
            recovering: count(recovers),
            decision: count(|card| card.awaits_decision),
        }
    }
}

/// True if an incident recovers and no person has anything to do about it.
fn recovers(card: &commands::view::IncidentCard) -> bool {
    card.state == State::Recovering && !card.resolution_offered && !card.awaits_decision
}

/// Tells the number of active incidents and their needs; `None` if there is none.
pub(crate) fn active_sentence(waiting: Waiting) -> Option<String> {
    let Waiting { active, nobody, recovering, decision, practices: _ } = waiting;
    let (count, need, needs) = if decision > 0 {
        (decision, "need your decision", "needs your decision")
    } else {
        (nobody, "need attention", "needs attention")
    };
    Some(match (active, count) {
        (0, _) => return None,
        (1, 0) if recovering == 1 => {
            "One incident is recovering; there is nothing to do.".to_owned()
        }
        (_, 0) if recovering == active => {
            format!("{active} incidents are recovering; there is nothing to do.")
        }
        (1, 0) => "One incident is active and being handled.".to_owned(),
        (1, _) => format!("One incident {needs}."),
        (2, 0) => "2 incidents are active; both are being handled.".to_owned(),
        (_, 0) => format!("{active} incidents are active; all are being handled."),
        (_, 1) => format!("{active} incidents are active; one {needs}."),
        _ if active == count => format!("{active} incidents {need}."),
        _ => format!("{active} incidents are active; {count} {need}."),
    })
}

/// Adds the sentence about a practice to the one about real incidents.
pub(crate) fn with_practice(sentence: String, waiting: Waiting) -> String {
    if waiting.practices == 0 {
        return sentence;
    }
    format!("{sentence} A practice is in progress.")
}

/// The sentence of status, without its age. `active` is what is said of active incidents, if there
/// are any.
pub(crate) fn status_sentence(active: Option<String>, count: &Count) -> String {
    active.unwrap_or_else(|| match count {
        Count { all: 0, .. } => "No readings yet. The first ones arrive within seconds.".to_owned(),
        Count { silent, .. } if !silent.is_empty() => match silent.as_slice() {
            [only] => format!("No data from {only}."),
            [first, _] => format!("No data from {first} and 1 other."),
            [first, rest @ ..] => format!("No data from {first} and {} others.", rest.len()),
            [] => String::new(),
        },
        // Planned work withholds its incident, or a person has ended it.
        Count { beyond: 1, .. } => "No incident is open, but 1 signal is past its threshold.".into(),
        Count { beyond: beyond @ 2.., .. } => {
            format!("No incident is open, but {beyond} signals are past their thresholds.")
        }
        Count { refused: true, .. } => {
            "No incident is open, but readings sent by programs were refused in the last 10 minutes."
                .into()
        }
        Count { watching: 0, not_judged: not_judged @ 1.., healthy, .. } => {
            let are = |count: usize| if count == 1 { "signal is" } else { "signals are" };
            format!("Calm. {healthy} {} healthy; {not_judged} can't be judged yet.", are(*healthy))
        }
        Count { watching: 0, healthy: 0, .. } => "All calm. No signal has a threshold.".to_owned(),
        Count { watching: 0, healthy: 1, .. } => "All calm. The signal is healthy.".to_owned(),
        Count { watching: 0, healthy, .. } => format!("All calm. All {healthy} signals are healthy."),
        Count { watching, healthy, .. } => {
            let are = |count: usize| if count == 1 { "signal is" } else { "signals are" };
            let its = if *watching == 1 { "is above its threshold" } else { "are above theirs" };
            format!(
                "Calm. {healthy} {} healthy; {watching} {its}, but not for long enough to alert.",
                are(*healthy)
            )
        }
    })
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn a_signal_has_an_address_whatever_its_subject_is_called() {
        let href = |subject: &str, signal: &str| {
            signal_href(&subject.parse().unwrap(), &signal.parse().unwrap())
        };
        assert_eq!(
            href("disk:/var & co@web-1", "disk.used"),
            "/ops/signals/disk.used?subject=disk%3A%2Fvar%20%26%20co%40web-1"
        );
        assert!(!href("service:<b>\"x\"</b>#?", "a.b").contains(['<', '"', '#']));
    }

    #[test]
    fn what_is_not_judged_is_not_called_healthy() {
        let count = |healthy, not_judged| Count { healthy, not_judged, all: 9, ..Count::default() };
        assert_eq!(
            status_sentence(None, &count(8, 1)),
            "Calm. 8 signals are healthy; 1 can't be judged yet."
        );
        assert_eq!(
            status_sentence(None, &count(1, 3)),
            "Calm. 1 signal is healthy; 3 can't be judged yet."
        );
    }

    #[test]
    fn a_forecast_stands_after_what_is_usual() {
        let reading = Reading {
            unit: "%".parse().unwrap(),
            usual: Some(61.0),
            limit_in_seconds: Some(12_000.0),
            ..fixtures::reading("disk:/var@web-1", "disk.used", 93.0)
        };
        assert_eq!(note(&reading), "usually 61%, full in 3 h 20 min");
    }

    #[test]
    fn the_first_sentence_is_true_whatever_holds() {
        let calm = Count { healthy: 14, all: 20, ..Count::default() };
        let said = |active, nobody, decision, count: &Count| {
            let practices = 0;
            let waiting = Waiting { active, nobody, recovering: 0, decision, practices };
            status_sentence(active_sentence(waiting), count)
        };
        assert_eq!(said(0, 0, 0, &calm), "All calm. All 14 signals are healthy.");
        for (active, nobody, decision, sentence) in [
            (1, 1, 0, "One incident needs attention."),
            (1, 0, 0, "One incident is active and being handled."),
            (1, 1, 1, "One incident needs your decision."),
            (2, 0, 0, "2 incidents are active; both are being handled."),
            (3, 0, 0, "3 incidents are active; all are being handled."),
            (3, 1, 0, "3 incidents are active; one needs attention."),
            (3, 3, 1, "3 incidents are active; one needs your decision."),
            (3, 0, 2, "3 incidents are active; 2 need your decision."),
            (3, 3, 0, "3 incidents need attention."),
            (2, 0, 2, "2 incidents need your decision."),
        ] {
            assert_eq!(said(active, nobody, decision, &calm), sentence);
        }
        let practised = Waiting { practices: 1, ..Waiting::default() };
        let sentence = status_sentence(active_sentence(practised), &calm);
        assert_eq!(
            with_practice(sentence, practised),
            "All calm. All 14 signals are healthy. A practice is in progress."
        );
        let recovers = |active, nobody| {
            let waiting = Waiting { active, nobody, recovering: 1, ..Waiting::default() };
            status_sentence(active_sentence(waiting), &calm)
        };
        assert_eq!(recovers(1, 0), "One incident is recovering; there is nothing to do.");
        assert_eq!(recovers(2, 0), "2 incidents are active; both are being handled.");
        assert_eq!(recovers(2, 1), "2 incidents are active; one needs attention.");
        let real = Waiting { practices: 1, active: 1, nobody: 1, recovering: 0, decision: 1 };
        let sentence = status_sentence(active_sentence(real), &calm);
        assert_eq!(sentence, "One incident needs your decision.");
        for (count, sentence) in [
            (Count::default(), "No readings yet. The first ones arrive within seconds."),
            (Count { silent: vec!["web-1".into()], ..calm.clone() }, "No data from web-1."),
            (
                Count { silent: ["a", "b", "c"].map(String::from).to_vec(), ..calm.clone() },
                "No data from a and 2 others.",
            ),
            (
                Count { watching: 1, ..calm.clone() },
                "Calm. 14 signals are healthy; 1 is above its threshold, but not for long enough to alert.",
            ),
            (
                Count { beyond: 1, ..calm.clone() },
                "No incident is open, but 1 signal is past its threshold.",
            ),
            (
                Count { beyond: 2, ..calm },
                "No incident is open, but 2 signals are past their thresholds.",
            ),
        ] {
            assert_eq!(said(0, 0, 0, &count), sentence);
        }
    }
}
