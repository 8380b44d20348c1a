//! The facts of a report, each in words.

use domain::{
    journal::BlindReason,
    report::{Availability, StabilityReport},
    time::Span,
};
use policy::report_template::ReportFact;

use super::measured;
use super::sentence::{
    counted, incident, of_all, percent, period, promises, recovery, span, summary, title,
};
use crate::{humanize, review};

/// A fact in words; `None` if it is not known, or is a list.
pub(super) fn words(report: &StabilityReport, fact: ReportFact) -> Option<String> {
    let promises_now = &report.promises;
    let had_incidents = promises_now.incidents > 0;
    match fact {
        ReportFact::Title => Some(title(report.period.kind).to_owned()),
        ReportFact::Period => Some(period(&report.period)),
        ReportFact::Summary => Some(summary(report)),
        ReportFact::Recovery => recovery(promises_now),
        ReportFact::DetectedFirst => {
            had_incidents.then(|| of_all(promises_now.detected_first, promises_now.incidents))
        }
        ReportFact::Repeats => {
            had_incidents.then(|| of_all(promises_now.repeats, promises_now.incidents))
        }
        ReportFact::RatedWrong => (promises_now.rated > 0)
            .then(|| format!("{} of {} rated", promises_now.rated_wrong, promises_now.rated)),
        ReportFact::Before => report.before.as_ref().map(promises),
        ReportFact::Trend => {
            let weeks: Vec<String> = report.trend.iter().copied().map(week).collect();
            Some(weeks.join(", "))
        }
        ReportFact::Agent => Some(agent(report)),
        ReportFact::Ratings => ratings(report),
        ReportFact::Approvals => approvals(report),
        ReportFact::Prevention => Some(prevention(report)),
        ReportFact::Proposals => measured::proposals(&report.proposals),
        ReportFact::Withheld => {
            (report.withheld > 0).then(|| counted(report.withheld, "problem", "problems"))
        }
        ReportFact::Head => Some(head(report)),
        ReportFact::Incidents
        | ReportFact::Causes
        | ReportFact::Noisy
        | ReportFact::Availability
        | ReportFact::Requests
        | ReportFact::Objectives
        | ReportFact::NearMisses
        | ReportFact::Gaps => None,
    }
}

/// A fact that is a list; nothing for any other.
pub(super) fn list(report: &StabilityReport, fact: ReportFact) -> Vec<String> {
    match fact {
        ReportFact::Incidents => incidents(report),
        ReportFact::Causes => {
            let cause = |one: &domain::report::CauseCount| {
                let incidents = counted(one.incidents, "incident", "incidents");
                format!("{}: {incidents}", humanize::capital(&humanize::subject(&one.cause)))
            };
            report.causes.iter().map(cause).collect()
        }
        ReportFact::Noisy => {
            let signal = |one: &domain::report::NoisySignal| {
                let problems = counted(one.problems, "problem", "problems");
                format!(
                    "{}: {problems}, {} of them ended without anybody acting",
                    humanize::label(&one.signal),
                    one.unattended
                )
            };
            report.noisy.iter().map(signal).collect()
        }
        ReportFact::Availability => report.availability.iter().map(availability).collect(),
        ReportFact::Requests => report.requests.iter().map(measured::requests).collect(),
        ReportFact::Objectives => measured::objectives(report),
        ReportFact::NearMisses => measured::near_misses(report),
        ReportFact::Gaps => gaps(report),
        _ => Vec::new(),
    }
}

/// The incidents of a week of the trend.
fn week(count: Option<u32>) -> String {
    count.map_or_else(|| "-".to_owned(), |count| count.to_string())
}

fn incidents(report: &StabilityReport) -> Vec<String> {
    let mut all: Vec<String> = report.incidents.iter().map(incident).collect();
    let listed = u32::try_from(all.len()).unwrap_or(u32::MAX);
    let more = report.promises.incidents.saturating_sub(listed);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all
}

fn availability(one: &Availability) -> String {
    let name = humanize::name(&one.endpoint);
    let maintenance = match one.maintenance {
        Some(apart) => format!("; {} in maintenance not counted", span(apart.length)),
        None => String::new(),
    };
    if one.asked == 0 {
        return format!("{name}: not seen at all{maintenance}");
    }
    let missed = one.asked.saturating_sub(one.answered);
    let unseen = if one.unseen > Span::from_mins(5) {
        format!("; not seen for {}", span(one.unseen))
    } else {
        String::new()
    };
    let share = percent(one.answered, one.asked);
    format!("{name}: {share} ({missed} of {} checks failed){unseen}{maintenance}", one.asked)
}

fn agent(report: &StabilityReport) -> String {
    let figures = &report.agent;
    let limits = counted(figures.limits, "limit", "limits");
    let recommended = counted(figures.recommended, "command", "commands");
    let mut text = format!("It began {limits} and recommended {recommended}");
    if figures.recommended > 0 {
        let decided = [
            (figures.approved, "approved"),
            (figures.declined, "declined"),
            (figures.expired, "not decided in time"),
        ];
        let decided: Vec<String> = decided
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        if !decided.is_empty() {
            text.push_str(": ");
            text.push_str(&humanize::list(&decided));
        }
    }
    text.push('.');
    if figures.ran > 0 {
        let ran = counted(figures.ran, "command ran", "commands ran");
        let verb = if figures.worked == 1 { "was" } else { "were" };
        text.push_str(&format!(" {ran}, {} {verb} proved to work.", figures.worked));
    }
    text
}

fn ratings(report: &StabilityReport) -> Option<String> {
    let rated = &report.agent.ratings;
    let told: Vec<String> = rated
        .iter()
        .map(|(rating, count)| format!("{count} {}", review::rating(*rating).to_lowercase()))
        .collect();
    (!told.is_empty()).then(|| humanize::list(&told))
}

fn approvals(report: &StabilityReport) -> Option<String> {
    let figures = report.approvals;
    let (median, p90) = (figures.median?, figures.p90?);
    let (median, p90) = (span(median), span(p90));
    Some(format!("{}, after {median} (median) and {p90} (90%)", figures.approved))
}

fn prevention(report: &StabilityReport) -> String {
    let figures = report.prevention;
    let late = match figures.overdue {
        0 => "none of them past its day".to_owned(),
        1 => "1 of them past its day".to_owned(),
        overdue => format!("{overdue} of them past their day"),
    };
    let open = if figures.open == 0 {
        "none open".to_owned()
    } else {
        format!("{} open, {late}", figures.open)
    };
    format!("{} added, {} done, {open}.", figures.added, figures.done)
}

fn gaps(report: &StabilityReport) -> Vec<String> {
    let gaps = &report.gaps;
    let mut all = Vec::new();
    if let Some(began) = gaps.journal_began {
        all.push(format!("Nothing is known before {}.", humanize::moment(began)));
    }
    all.extend(gaps.longest.iter().map(|gap| {
        let why = match gap.why {
            BlindReason::NotRunning => "Calm Ops was not running",
            BlindReason::Asleep => "the machine slept, or the monitor could not run",
        };
        let long = span(gap.to.since(gap.from));
        format!("From {} for {long}: {why}.", humanize::moment(gap.from))
    }));
    let listed = u32::try_from(gaps.longest.len()).unwrap_or(u32::MAX);
    if gaps.gaps > listed {
        let more = counted(gaps.gaps - listed, "shorter gap", "shorter gaps");
        all.push(format!("And {more}; together {}.", span(gaps.total)));
    }
    all
}

fn head(report: &StabilityReport) -> String {
    let head = report.head;
    if head.number == 0 {
        return "The journal was empty.".to_owned();
    }
    format!("Entry {}, hash {}.", head.number, head.hash)
}
