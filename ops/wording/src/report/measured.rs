//! Objectives, requests, near misses and proposals of a report, each in a line.

use domain::{
    report::{NearMiss, ObjectiveFigures, ProposalFigures, RequestFigures, StabilityReport},
    subject::Subject,
    time::Span,
};

use super::sentence::{counted, percent, span};
use crate::humanize;

const THRESHOLDS: &str = "alerts/thresholds.md";
const OBJECTIVES: &str = "alerts/objectives.md";

/// An objective: how often it was met, and what is left of its error budget.
fn objective(one: &ObjectiveFigures) -> String {
    let of: Vec<String> = one.of.iter().map(humanize::name).collect();
    let of = if of.is_empty() { "all requests".to_owned() } else { humanize::list(&of) };
    let target = thousandths(one.target);
    let met = if one.events == 0 {
        "nothing was counted in this period".to_owned()
    } else {
        let good = percent(one.events.saturating_sub(one.failed), one.events);
        let verdict = if one.is_missed() { "missed" } else { "met" };
        format!("{good} good of {}, {verdict} (target {target})", one.events)
    };
    let days = if one.days == 1 { "1 day".to_owned() } else { format!("{} days", one.days) };
    let budget = match one.budget_left {
        None => "its error budget is not known".to_owned(),
        Some(left) if left < 0 => {
            format!("its error budget of {days} was used up, {}% beyond it", left.saturating_neg())
        }
        Some(left) => format!("{left}% of its error budget of {days} was left"),
    };
    format!("{} ({of}): {met}; {budget}", one.objective)
}

/// The reasons for which results that were reported may not have been counted.
const NOT_COUNTED: &str =
    "results were not counted (by an earlier version of Calm Ops, or their readings are missing)";

/// The requests of an organization, or all of them.
pub(super) fn requests(one: &RequestFigures) -> String {
    let whose = whose(&one.subject);
    if one.results == 0 {
        return format!("{whose}: not known, as {NOT_COUNTED}");
    }
    let succeeded = percent(one.results.saturating_sub(one.failed), one.results);
    let unseen = told("no results for", one.unseen);
    let uncounted = match told("for", one.uncounted) {
        time if time.is_empty() => time,
        time => format!("{time} {NOT_COUNTED}"),
    };
    let (failed, all) = (one.failed, one.results);
    format!("{whose}: {succeeded} succeeded ({failed} of {all} failed){unseen}{uncounted}")
}

/// A time that is worth telling, with the words before it.
fn told(words: &str, time: Span) -> String {
    if time > Span::from_mins(5) { format!("; {words} {}", span(time)) } else { String::new() }
}

fn whose(subject: &Subject) -> String {
    if subject.kind() == "organization" {
        humanize::name(subject)
    } else {
        "All requests".to_owned()
    }
}

/// Signals that nearly alerted, and how much is not known of others.
pub(super) fn near_misses(report: &StabilityReport) -> Vec<String> {
    let mut all: Vec<String> = report.near_misses.iter().map(near_miss).collect();
    all.extend(match report.near_misses_left_out {
        0 => None,
        left_out => Some(format!(
            "Not known of {}: too many were past their thresholds to look at all of them",
            counted(left_out, "signal", "signals")
        )),
    });
    all.extend(unread(report, THRESHOLDS));
    all
}

/// The objectives, in the order of their document.
pub(super) fn objectives(report: &StabilityReport) -> Vec<String> {
    let all = report.objectives.iter().map(objective);
    all.chain(unread(report, OBJECTIVES)).collect()
}

/// The line in place of what a document that can't be read would tell.
fn unread(report: &StabilityReport, document: &str) -> Option<String> {
    report.unread.iter().any(|one| one == document).then(|| {
        format!(
            "Not known: {document} could not be read when this report was made; 'calm-ops check' says what is wrong"
        )
    })
}

/// A signal that nearly alerted.
fn near_miss(one: &NearMiss) -> String {
    let signal = humanize::signal_of(&one.signal, &one.subject);
    let times = if one.times == 1 { "once".to_owned() } else { format!("{} times", one.times) };
    let longest = span(one.longest);
    let how_long = if one.times == 1 { longest } else { format!("at most {longest}") };
    format!("{signal}: {times}, {how_long}; it alerts after {}", span(one.alerts_after))
}

/// The fate of proposals of thresholds; `None` if there was none.
pub(super) fn proposals(figures: &ProposalFigures) -> Option<String> {
    let ProposalFigures { made, accepted, declined } = *figures;
    (!figures.is_none()).then(|| format!("{made} made, {accepted} accepted, {declined} declined"))
}

/// A share in thousandths of a percent, without zeros at its end.
fn thousandths(share: u32) -> String {
    let (whole, rest) = (share / 1_000, share % 1_000);
    if rest == 0 {
        return format!("{whole}%");
    }
    let rest = format!("{rest:03}");
    format!("{whole}.{}%", rest.trim_end_matches('0'))
}
