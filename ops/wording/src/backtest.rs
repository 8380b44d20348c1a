//! Reports of backtests in words.

use std::fmt::Write as _;

use commands::backtest::{BacktestReport, Interruptions, ProposedThresholds};
use domain::{
    backtest::{Benefit, Comparison, FoundIncident},
    id::IncidentNumber,
    severity::Severity,
    time::Timestamp,
};

use crate::{
    history::lasted,
    humanize::{capital, list, signal_of},
};

/// The most incidents of each kind that are told one by one.
const MOST_TOLD: usize = 40;

/// The report as text. `local` says a moment in the reader's time zone.
pub fn report(report: &BacktestReport, local: &dyn Fn(Timestamp) -> String) -> String {
    let mut text = String::new();
    if let (0, all @ 1..) = report.series {
        return format!("No threshold is about any of the {all} signals with history.\n");
    }
    let Some(from) = report.from else {
        return "No history is stored in this time, so nothing can be judged. History begins with the first minute that Calm Ops monitors.\n".to_owned();
    };
    let (judged, all) = report.series;
    let _ = writeln!(
        text,
        "History from {} to {}: {judged} of {all} signals have thresholds.",
        local(from),
        local(report.until)
    );
    if from < report.minutes_since {
        let _ = writeln!(
            text,
            "Before {} only hours are stored: what is told of that time is approximate.",
            local(report.minutes_since)
        );
    }
    text.push_str("Durations are known to a minute. Silence (\"no data after\") is not judged, as history does not tell why a signal stopped, and planned work is judged like any other time.\n\n");
    let _ = writeln!(
        text,
        "The thresholds in force would have opened {}, with {}.",
        incidents(report.found.len()),
        interruptions(report.interruptions)
    );
    if report.known > 0 {
        let found = report.known - report.not_found.len().min(report.known);
        let _ = writeln!(
            text,
            "Calm Ops opened {} in this time; the backtest finds {found} of them.{}",
            incidents(report.known),
            numbers(
                " Not found, because thresholds were different then or history is too coarse: ",
                &report.not_found
            )
        );
    }
    match &report.proposed {
        None => each(&mut text, "", &report.found, local),
        Some(proposed) => compared(&mut text, proposed, local),
    }
    text
}

/// A proposal in two lines: what to change in a row, and why. `change` is the column, its text now
/// and its new text.
pub fn proposal(
    signal: &str,
    line: u32,
    change: (&str, &str, &str),
    benefit: Benefit,
    comparison: &Comparison,
) -> String {
    let (column, before, after) = change;
    let why = match benefit {
        Benefit::Earlier { incident, by } => format!(
            "Incident {incident} would have opened {} earlier, without more interruptions.",
            lasted(by)
        ),
        Benefit::Quieter { fewer } => format!(
            "{} instead of {} ({fewer} fewer); nothing that was critical or that a person acted on would have been missed, or opened more than 2 min later.{}",
            times(comparison.interruptions_proposed.len()),
            comparison.interruptions_today.len(),
            numbers("\n  Missed: ", &comparison.missed)
        ),
    };
    format!("Line {line}, {signal}: {column} \"{after}\" instead of \"{before}\".\n  {why}")
}

/// The end of a list of proposals.
pub fn proposals_end(count: usize, skipped: &[u32]) -> String {
    let mut text = if count == 0 {
        "No change is proposed: none of those tried would have been better on this history."
            .to_owned()
    } else {
        "Nothing is changed. Try one with 'calm-ops backtest --change FILE' before you put it in force.".to_owned()
    };
    if !skipped.is_empty() {
        let lines: Vec<String> = skipped.iter().map(u32::to_string).collect();
        let _ = write!(
            text,
            "\nNot tried, as there is too much history for one row: lines {}. Choose a shorter time with --since.",
            list(&lines)
        );
    }
    text
}

fn compared(text: &mut String, proposed: &ProposedThresholds, local: &dyn Fn(Timestamp) -> String) {
    let ProposedThresholds { comparison, today, proposed: then, difference } = proposed;
    let sum = comparison.same + comparison.moved.len();
    let _ = writeln!(
        text,
        "The proposed ones would have opened {}, with {} instead of {}.",
        incidents(sum + comparison.added.len()),
        interruptions(*then),
        interruptions(*today)
    );
    if comparison.missed.is_empty() {
        text.push_str("No incident that there was would have been missed.\n");
    } else {
        let missed = numbers("They would have missed ", &comparison.missed);
        let _ = writeln!(text, "{missed}");
    }
    if !comparison.gained.is_empty() {
        let _ = writeln!(
            text,
            "{}",
            numbers("They would have found, unlike those in force: ", &comparison.gained)
        );
    }
    each(text, "Not opened any more", &comparison.removed, local);
    each(text, "New", &comparison.added, local);
    if !comparison.moved.is_empty() {
        let _ = writeln!(text, "\nEarlier or later ({}):", comparison.moved.len());
        for one in comparison.moved.iter().take(MOST_TOLD) {
            let (is_earlier, by) = one.shift();
            let when = if is_earlier { "earlier" } else { "later" };
            let _ = writeln!(text, "  {}: {} {when}", line(&one.proposed, local), lasted(by));
        }
        more(text, comparison.moved.len());
    }
    if difference.is_empty() {
        text.push_str("\nThe proposed document is the one in force.\n");
    } else {
        let _ = write!(text, "\n{difference}");
    }
}

fn each(
    text: &mut String,
    title: &str,
    found: &[FoundIncident],
    local: &dyn Fn(Timestamp) -> String,
) {
    if found.is_empty() {
        return;
    }
    text.push('\n');
    if !title.is_empty() {
        let _ = writeln!(text, "{title} ({}):", found.len());
    }
    for one in found.iter().take(MOST_TOLD) {
        let _ = writeln!(text, "  {}", line(one, local));
    }
    more(text, found.len());
}

fn more(text: &mut String, count: usize) {
    if count > MOST_TOLD {
        let _ = writeln!(text, "  and {} more", count - MOST_TOLD);
    }
}

fn line(one: &FoundIncident, local: &dyn Fn(Timestamp) -> String) -> String {
    let severity = match one.severity {
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    };
    let about = one.keys.iter().find(|key| key.subject == one.cause).or_else(|| one.keys.first());
    let what = about.map_or_else(String::new, |key| capital(&signal_of(&key.signal, &key.subject)));
    let others = match one.keys.len() {
        0 | 1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let lasted = one.ended_at.map_or_else(
        || "not over".to_owned(),
        |end| format!("for {}", lasted(end.since(one.opened_at))),
    );
    format!("{}  {what}{others} ({severity}, {lasted})", local(one.opened_at))
}

fn incidents(count: usize) -> String {
    if count == 1 { "1 incident".to_owned() } else { format!("{count} incidents") }
}

fn interruptions(count: Interruptions) -> String {
    format!("{} ({} at night)", times(count.all), count.at_night)
}

fn times(count: usize) -> String {
    if count == 1 { "1 interruption".to_owned() } else { format!("{count} interruptions") }
}

fn numbers(before: &str, numbers: &[IncidentNumber]) -> String {
    if numbers.is_empty() {
        return String::new();
    }
    let told: Vec<String> =
        numbers.iter().take(MOST_TOLD).map(|number| format!("incident {number}")).collect();
    let rest = numbers.len().saturating_sub(MOST_TOLD);
    let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{before}{}{rest}.", list(&told))
}
