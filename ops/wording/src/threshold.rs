//! Changes of rows of the thresholds in words: what a change is, what it would have meant, and why it
//! is refused.

use commands::{
    backtest::Interruptions,
    threshold::{ThresholdTrial, WriteObstacle},
};
use domain::{
    backtest::{Benefit, FoundIncident, MovedIncident},
    id::IncidentNumber,
    severity::Severity,
    threshold::{ProposalEvidence, ThresholdCells, ThresholdProposal, ThresholdRefusal},
    time::Span,
};

use crate::{
    history::lasted,
    humanize::{list, lower_signal_of, moment, signal_of},
};

/// The most numbers of incidents that a sentence names.
const MOST_NUMBERS: usize = 10;

/// The cells that differ: `for "3 min" instead of "5 min"`.
pub fn difference(before: &ThresholdCells, after: &ThresholdCells) -> String {
    let cells: Vec<String> = before
        .differences(after)
        .into_iter()
        .map(|(column, before, after)| format!("{column} \"{after}\" instead of \"{before}\""))
        .collect();
    list(&cells)
}

/// A proposal with its evidence in a sentence.
pub fn proposal(one: &ThresholdProposal) -> String {
    let change = begun(&difference(&one.before, &one.after));
    format!("{change}: {}.", evidence(&one.evidence))
}

/// The text with its first letter large, to begin a sentence.
pub(crate) fn begun(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The evidence of a proposal.
pub fn evidence(of: &ProposalEvidence) -> String {
    let over = days(of.until.since(of.from));
    match of.benefit {
        Benefit::Earlier { incident, by } => {
            let more = of.interruptions_proposed.saturating_sub(of.interruptions_today);
            let more = match more {
                0 => "no further interruptions".to_owned(),
                more => format!("{} more", count(more as usize, "interruption")),
            };
            format!("incident {incident} opens {} earlier, {more} in {over}", lasted(by))
        }
        Benefit::Quieter { fewer } => format!(
            "{} instead of {} in {over} ({fewer} fewer), and {}",
            count(of.interruptions_proposed as usize, "interruption"),
            of.interruptions_today,
            missed(&of.missed)
        ),
    }
}

/// The known incidents that a quieter row misses.
fn missed(missed: &[IncidentNumber]) -> String {
    match missed {
        [] => "no known incident is missed".to_owned(),
        [one] => format!("incident {one} is missed, a warning on which nobody acted"),
        all => format!("{} are missed, warnings on which nobody acted", numbers(all)),
    }
}

/// The verdict of a trial: whether anything would be missed, and how often people would be
/// interrupted.
pub fn verdict(trial: &ThresholdTrial) -> String {
    if trial.from.is_none() {
        return "There is no history yet, so nothing can be told of this change.".to_owned();
    }
    let missed = match trial.missed.len() {
        0 => "No known incident would have been missed".to_owned(),
        _ => format!("It would have missed {}", numbers(&trial.missed)),
    };
    let (today, then) = (trial.interruptions_today, trial.interruptions_proposed);
    format!("{missed}, with {} instead of {}.", interruptions(then), interruptions_of(today))
}

/// The facts of a trial, each a sentence.
pub fn facts(trial: &ThresholdTrial) -> Vec<String> {
    let Some(from) = trial.from else { return Vec::new() };
    let mut facts = Vec::new();
    facts.push(format!(
        "{} would have opened, instead of {}.",
        count(trial.proposed, "incident"),
        trial.today
    ));
    if !trial.gained.is_empty() {
        facts.push(format!(
            "It would have found {}, unlike the row in force.",
            numbers(&trial.gained)
        ));
    }
    if trial.known > 0 {
        facts.push(format!("Calm Ops opened {} in this time.", count(trial.known, "incident")));
    }
    let length = trial.until.since(from);
    let mut history = format!("This is from {} of history, since {}.", days(length), moment(from));
    // A day of grace: the first one is never whole.
    let wanted = Span::from_mins(u64::from(trial.days.saturating_sub(1)) * 24 * 60);
    if length < wanted {
        history.push_str(&format!(
            " That is less than the {} days that were asked for: older history is not stored.",
            trial.days
        ));
    }
    if from < trial.minutes_since {
        history.push_str(&format!(
            " Before {} only hours are stored: what is told of that time is approximate.",
            moment(trial.minutes_since)
        ));
    }
    facts.push(history);
    facts.push(format!("{LIMITS} Night is from 22:00 to 07:00 ({}).", trial.zone));
    facts
}

/// The limits of a trial.
const LIMITS: &str =
    "Times are known to a minute. Missing data and planned work are not considered.";

/// Lists of a trial: a title, and a line for each incident.
pub fn lists(trial: &ThresholdTrial) -> Vec<(String, Vec<String>)> {
    let lines = |found: &[FoundIncident]| found.iter().map(line).collect::<Vec<_>>();
    [
        (format!("New ({})", trial.added_count), lines(&trial.added)),
        (format!("Not opened any more ({})", trial.removed_count), lines(&trial.removed)),
        (
            format!("Earlier or later ({})", trial.moved_count),
            trial.moved.iter().map(moved).collect(),
        ),
    ]
    .into_iter()
    .filter(|(_, lines)| !lines.is_empty())
    .collect()
}

fn moved(one: &MovedIncident) -> String {
    let (is_earlier, by) = one.shift();
    let when = if is_earlier { "earlier" } else { "later" };
    format!("{}: {} {when}", line(&one.proposed), lasted(by))
}

fn line(one: &FoundIncident) -> String {
    let severity = match one.severity {
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    };
    let about = one.keys.iter().find(|key| key.subject == one.cause).or_else(|| one.keys.first());
    let what = about.map_or_else(String::new, |key| signal_of(&key.signal, &key.subject));
    let lasts = one.ended_at.map_or_else(
        || "not over".to_owned(),
        |end| format!("for {}", lasted(end.since(one.opened_at))),
    );
    format!("{}, {what} ({severity}, {lasts})", moment(one.opened_at))
}

/// The reason that the document can't be written here, and what to do.
pub const fn obstacle(obstacle: WriteObstacle) -> &'static str {
    match obstacle {
        WriteObstacle::BuiltIn => {
            "Calm Ops uses its built-in documents, so there is no file to change. 'calm-ops init DIR' writes them to a folder. A change can be tried here, and downloaded as a patch."
        }
        WriteObstacle::ReadOnly => {
            "Calm Ops can't write the document: its folder is read-only, as it is where files are deployed. A change can be tried here, and downloaded as a patch."
        }
    }
}

/// The reason that a row is not changed, or not tried.
pub fn refusal(refusal: &ThresholdRefusal) -> String {
    match refusal {
        ThresholdRefusal::DocumentChanged => "The document has changed since this page was opened, so nothing was written. Look at the row as it is now, and then change it.".to_owned(),
        ThresholdRefusal::DocumentWrong(mistake) => format!("The document has a mistake ({mistake}), so it can't be changed here. Fix the file first."),
        ThresholdRefusal::Unchanged => "These are the values of the row already, so nothing was changed.".to_owned(),
        ThresholdRefusal::BuiltIn => obstacle(WriteObstacle::BuiltIn).to_owned(),
        ThresholdRefusal::NotWritable(found) => format!("The document can't be written ({found}), so nothing was changed. Download the patch and apply it where the documents come from."),
        ThresholdRefusal::TrialRuns => "Another change is being tried. Try again in a moment.".to_owned(),
        ThresholdRefusal::OwnTrialRuns => "Calm Ops is trying changes itself. Try again in a minute.".to_owned(),
        ThresholdRefusal::TrialTooLong => "There is too much history to try this here. Choose fewer days, or run 'calm-ops backtest --change FILE' on the host of Calm Ops.".to_owned(),
        ThresholdRefusal::ProposalEnded(number) => format!("Proposal {number} is not open any more: somebody decided, or the row has changed."),
    }
}

/// A row in words, for a sentence: `the row for queue.depth of service:*`.
pub fn about(one: &ThresholdProposal) -> String {
    one.row.subjects.parse().map_or_else(
        |_| format!("{} of {}", one.row.signal, one.row.subjects),
        |subject| lower_signal_of(&one.row.signal, &subject),
    )
}

fn days(length: Span) -> String {
    let hours = length.as_secs() / 3_600;
    match hours {
        0..=1 => lasted(length),
        2..=47 => format!("{hours} hours"),
        _ => format!("{} days", (hours + 12) / 24),
    }
}

fn count(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn interruptions(of: Interruptions) -> String {
    format!("{} ({} at night)", count(of.all, "interruption"), of.at_night)
}

fn interruptions_of(of: Interruptions) -> String {
    format!("{} ({} at night)", of.all, of.at_night)
}

fn numbers(numbers: &[IncidentNumber]) -> String {
    let mut told: Vec<String> =
        numbers.iter().take(MOST_NUMBERS).map(|number| format!("incident {number}")).collect();
    let rest = numbers.len().saturating_sub(MOST_NUMBERS);
    if rest > 0 {
        told.push(format!("{rest} more"));
    }
    list(&told)
}

#[cfg(test)]
mod tests {
    use commands::threshold::ThresholdEdit;
    use domain::{
        hash::Hash,
        threshold::{ProposalState, ThresholdRow, ThresholdWay},
        time::Timestamp,
    };

    use super::*;

    fn cells(warning: &str, held: &str) -> ThresholdCells {
        let text = |text: &str| text.to_owned();
        let (warning, held) = (text(warning), text(held));
        ThresholdCells { warning, critical: text("-"), held, recovers_at: text("-") }
    }

    fn at(day: u64) -> Timestamp {
        Timestamp::from_secs(1_796_000_000).plus(Span::from_mins(day * 24 * 60))
    }

    fn trial() -> ThresholdTrial {
        let none = Interruptions::default();
        ThresholdTrial {
            edit: ThresholdEdit {
                document: Hash::GENESIS,
                line: 9,
                cells: cells("above 92%", "3 min"),
                proposal: None,
            },
            from: Some(at(0)),
            until: at(90),
            minutes_since: at(0),
            days: 90,
            zone: "Europe/Berlin".into(),
            today: 4,
            proposed: 5,
            added: Vec::new(),
            added_count: 0,
            removed: Vec::new(),
            removed_count: 0,
            moved: Vec::new(),
            moved_count: 0,
            missed: Vec::new(),
            gained: Vec::new(),
            known: 4,
            interruptions_today: Interruptions { all: 4, at_night: 1 },
            interruptions_proposed: none,
            patch: String::new(),
        }
    }

    #[test]
    fn a_proposal_says_what_to_change_and_why() {
        let evidence = |benefit, today, proposed| ProposalEvidence {
            from: at(0),
            until: at(90),
            benefit,
            interruptions_today: today,
            interruptions_proposed: proposed,
            missed: Vec::new(),
        };
        let earlier = Benefit::Earlier { incident: IncidentNumber(7), by: Span::from_mins(9) };
        let one = ThresholdProposal {
            number: 3,
            at: at(90),
            row: ThresholdRow {
                signal: "host.memory.used".parse().unwrap(),
                subjects: "host:*".to_owned(),
                way: ThresholdWay::Level,
                line: 9,
            },
            before: cells("above 95%", "5 min"),
            after: cells("above 92%", "3 min"),
            evidence: evidence(earlier, 3, 3),
            state: ProposalState::Open,
        };
        assert_eq!(
            proposal(&one),
            "Warning \"above 92%\" instead of \"above 95%\" and for \"3 min\" instead of \"5 min\": incident 7 opens 9 min earlier, no further interruptions in 90 days."
        );
        let quieter = |missed: &[u32]| {
            let missed = missed.iter().map(|number| IncidentNumber(*number)).collect();
            let of = evidence(Benefit::Quieter { fewer: 8 }, 12, 4);
            super::evidence(&ProposalEvidence { missed, ..of })
        };
        let begin = "4 interruptions instead of 12 in 90 days (8 fewer), and";
        assert_eq!(quieter(&[]), format!("{begin} no known incident is missed"));
        assert_eq!(
            quieter(&[3]),
            format!("{begin} incident 3 is missed, a warning on which nobody acted")
        );
        assert_eq!(
            quieter(&[3, 5]),
            format!("{begin} incident 3 and incident 5 are missed, warnings on which nobody acted")
        );
    }

    #[test]
    fn a_trial_says_what_is_missed_and_how_far_history_goes() {
        assert_eq!(
            verdict(&trial()),
            "No known incident would have been missed, with 0 interruptions (0 at night) instead of 4 (1 at night)."
        );
        let told = facts(&trial()).join(" ");
        assert!(told.contains("5 incidents would have opened, instead of 4."), "{told}");
        assert!(told.contains("90 days of history"), "{told}");
        assert!(told.contains("Night is from 22:00 to 07:00 (Europe/Berlin)."), "{told}");
        assert!(!told.contains("approximate") && !told.contains("less than"), "{told}");
        let short = ThresholdTrial {
            from: Some(at(88)),
            missed: vec![IncidentNumber(7), IncidentNumber(9)],
            ..trial()
        };
        assert!(
            verdict(&short).starts_with("It would have missed incident 7 and incident 9, with")
        );
        let told = facts(&short).join(" ");
        assert!(told.contains("2 days of history"), "{told}");
        assert!(told.contains("less than the 90 days that were asked for"), "{told}");
        let coarse = ThresholdTrial { minutes_since: at(10), ..trial() };
        assert!(facts(&coarse).join(" ").contains("approximate"));
        let none = ThresholdTrial { from: None, ..trial() };
        assert!(verdict(&none).contains("no history yet") && facts(&none).is_empty());
    }
}
