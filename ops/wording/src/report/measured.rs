//! Objectives, requests, near misses and proposals of a report, each in a line.

use domain::{
    report::{NearMiss, ObjectiveFigures, ProposalFigures, RequestFigures},
    subject::Subject,
    time::Span,
};

use super::sentence::{percent, span};
use crate::humanize;

/// An objective: how often it was met, and what is left of its error budget.
pub(super) fn objective(one: &ObjectiveFigures) -> String {
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

/// The requests of an organization, or all of them.
pub(super) fn requests(one: &RequestFigures) -> String {
    let unseen = if one.unseen > Span::from_mins(5) {
        format!("; no results for {}", span(one.unseen))
    } else {
        String::new()
    };
    format!("{}: {} succeeded{unseen}", whose(&one.subject), thousandths(one.succeeded))
}

fn whose(subject: &Subject) -> String {
    if subject.kind() == "organization" {
        humanize::name(subject)
    } else {
        "All requests".to_owned()
    }
}

/// A signal that nearly alerted.
pub(super) fn near_miss(one: &NearMiss) -> String {
    let signal = humanize::signal_of(&one.signal, &one.subject);
    let times = if one.times == 1 { "once".to_owned() } else { format!("{} times", one.times) };
    let longest = span(one.longest);
    let how_long = if one.times == 1 { longest } else { format!("at most {longest}") };
    format!("{signal}: {times}, {how_long}; it alerts after {}", span(one.alerts_after))
}

/// What became of proposals of thresholds; `None` if there was none.
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
