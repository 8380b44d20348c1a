//! Sentences and figures of a report.

use commands::report::ReportList;
use domain::{
    report::{
        PROMISED_RECOVERY, Promises, ReportBefore, ReportIncident, ReportKind, ReportPeriod,
        StabilityReport,
    },
    time::{Span, Timestamp},
};

use crate::{humanize, review};

/// The title of a report.
pub const fn title(kind: ReportKind) -> &'static str {
    match kind {
        ReportKind::Daily => "Daily stability summary",
        ReportKind::Weekly => "Weekly stability summary",
        ReportKind::Monthly => "Monthly stability summary",
    }
}

/// The length of a report in the list.
pub const fn kind(kind: ReportKind) -> &'static str {
    match kind {
        ReportKind::Daily => "Daily",
        ReportKind::Weekly => "Weekly",
        ReportKind::Monthly => "Monthly",
    }
}

/// The length of a period, as a noun.
pub const fn length(kind: ReportKind) -> &'static str {
    match kind {
        ReportKind::Daily => "day",
        ReportKind::Weekly => "week",
        ReportKind::Monthly => "month",
    }
}

/// The heading of a report: `Weekly stability summary: 23 to 29 Nov 2026 (UTC)`.
pub fn heading(of: &ReportPeriod) -> String {
    format!("{}: {}", title(of.kind), period(of))
}

/// A report as the object of a sentence: `the weekly stability summary of 23 to 29 Nov 2026 (UTC)`.
pub fn reference(of: &ReportPeriod) -> String {
    format!("the {} of {}", title(of.kind).to_lowercase(), period(of))
}

/// A part of the local time of a moment.
fn local(at: Timestamp, offset: i32, format: &str) -> String {
    let shifted = at.as_micros().saturating_add(i64::from(offset) * 60_000_000);
    Timestamp::from_micros(shifted).to_chrono().format(format).to_string()
}

/// A period: its days, or its beginning and end where it does not begin with a day.
pub fn period(of: &ReportPeriod) -> String {
    let last_moment = of.to.minus(Span::from_micros(1));
    let from = |format| local(of.from, of.from_offset, format);
    let to = |format| local(of.to, of.to_offset, format);
    let last = |format| local(last_moment, of.to_offset, format);
    let zone = &of.zone;
    if from("%H%M%S") != "000000" || to("%H%M%S") != "000000" {
        const MINUTE: &str = "%-d %b %Y, %H:%M";
        return format!("{} to {} ({zone})", from(MINUTE), to(MINUTE));
    }
    let end = last("%-d %b %Y");
    let begin = if from("%F") == last("%F") {
        return format!("{end} ({zone})");
    } else if from("%Y-%m") == last("%Y-%m") {
        from("%-d")
    } else if from("%Y") == last("%Y") {
        from("%-d %b")
    } else {
        from("%-d %b %Y")
    };
    format!("{begin} to {end} ({zone})")
}

/// A duration, to the second.
pub(super) fn span(span: Span) -> String {
    review::span(span)
}

/// `1 incident`, `3 incidents`.
pub(super) fn counted(count: u32, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `2 of 5 (40%)`.
pub(super) fn of_all(count: u32, all: u32) -> String {
    format!("{count} of {all} ({})", percent(u64::from(count), u64::from(all)))
}

/// A share in percent, rounded down to two digits behind the point: what is not all is never 100 %.
pub(crate) fn percent(count: u64, all: u64) -> String {
    if all == 0 {
        return "-".to_owned();
    }
    let hundredths = u128::from(count) * 10_000 / u128::from(all);
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    let text = if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:02}") };
    format!("{text}%")
}

/// Recovery times against the promise; `None` without incidents.
pub(super) fn recovery(promises: &Promises) -> Option<String> {
    if promises.incidents == 0 {
        return None;
    }
    let promised = span(PROMISED_RECOVERY);
    let in_time = match promises.recovered_in_time {
        0 => format!("none of {} back within {promised}", promises.incidents),
        count => format!("{} back within {promised}", of_all(count, promises.incidents)),
    };
    let times = promises.recovery_median.zip(promises.recovery_p90);
    let times = times.map(|(median, p90)| format!("median {}, 90% {}", span(median), span(p90)));
    let mut told: Vec<String> = times.into_iter().chain([in_time]).collect();
    told.extend(not_back(promises));
    Some(told.join("; "))
}

/// The incidents whose signals were not seen to be back; `None` if there are none.
fn not_back(promises: &Promises) -> Option<String> {
    let unknown =
        promises.incidents.saturating_sub(promises.recovered.saturating_add(promises.active));
    let active = (promises.active > 0)
        .then(|| format!("{} still active, counted with the time so far", promises.active));
    let unknown =
        (unknown > 0).then(|| format!("{unknown} closed without a recovery that was seen"));
    let told: Vec<String> = active.into_iter().chain(unknown).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// The promises of the report before, in one clause.
pub(super) fn promises(before: &ReportBefore) -> String {
    let promises = &before.promises;
    let mut told = vec![counted(promises.incidents, "incident", "incidents")];
    told.extend(recovery(promises).map(|recovery| format!("recovery {recovery}")));
    if promises.incidents > 0 {
        told.push(format!(
            "opened before a person acted in public {}",
            of_all(promises.detected_first, promises.incidents)
        ));
        told.push(format!("repeats {}", promises.repeats));
    }
    told.join("; ")
}

/// An incident in a line.
pub(super) fn incident(one: &ReportIncident) -> String {
    let cause = humanize::subject(&one.cause);
    let severity = one.severity.as_str();
    let end = match (one.is_active, one.recovered_after) {
        (true, None) => "still active".to_owned(),
        (true, Some(after)) => format!("signals were back after {}; not closed yet", span(after)),
        (false, Some(after)) => format!("signals were back after {}", span(after)),
        (false, None) => "closed; a recovery of all signals was not seen".to_owned(),
    };
    let opened = humanize::moment(one.opened_at);
    format!("Incident {}, {severity}, {cause}, {opened}: {end}", one.incident)
}

/// The period in one paragraph.
pub fn summary(report: &StabilityReport) -> String {
    let promises = &report.promises;
    let mut told = vec![opened(report)];
    told.extend(took(promises));
    if let Some(first) = report.causes.first().filter(|first| first.incidents > 1) {
        let cause = humanize::subject(&first.cause);
        told.push(format!("Most often it began with {cause} ({} times).", first.incidents));
    }
    if promises.repeats > 0 {
        let verb = if promises.repeats == 1 { "was a repeat" } else { "were repeats" };
        told.push(format!(
            "{} {verb}: the same cause had one in the seven days before.",
            promises.repeats
        ));
    }
    if let Some(before) = &report.before {
        told.push(match before.promises.incidents {
            0 => "The report before had no incident.".to_owned(),
            count => format!("The report before had {count}."),
        });
    }
    told.extend(unseen(report));
    told.join(" ")
}

/// The duration of incidents, in a sentence; `None` if that is not known of any.
fn took(promises: &Promises) -> Option<String> {
    let (median, p90) = (promises.recovery_median?, promises.recovery_p90?);
    let (median, p90) = (span(median), span(p90));
    let back = format!("after {median} at the median, and within {p90} in nine of ten");
    Some(match (promises.incidents, promises.active) {
        (1, 0) => format!("Its signals were back after {median}."),
        (1, _) => format!("It has lasted {median} so far."),
        (all, 0) if promises.recovered < all => {
            format!("Where that was seen, signals were back {back}.")
        }
        (_, 0) => format!("Signals were back {back}."),
        (..) => format!(
            "Recovery took {median} at the median, and {p90} at 90%, where what is still active counts with the time so far."
        ),
    })
}

fn opened(report: &StabilityReport) -> String {
    let promises = &report.promises;
    let active = match promises.active {
        0 => String::new(),
        1 => "; 1 is still active".to_owned(),
        count => format!("; {count} are still active"),
    };
    let opened = match (promises.incidents, promises.critical) {
        (0, _) => return none_opened(report),
        (1, 0) => format!("One incident was opened, a warning{active}."),
        (1, _) => format!("One incident was opened, a critical one{active}."),
        (count, 0) => format!("{count} incidents were opened, none of them critical{active}."),
        (count, critical) => {
            format!("{count} incidents were opened, {critical} of them critical{active}.")
        }
    };
    match promises.from_before {
        0 => opened,
        count => format!("{opened} {} in it too.", from_before(count)),
    }
}

/// A period without an incident of its own. It was calm only if all of it was watched, and nothing
/// went on in it.
fn none_opened(report: &StabilityReport) -> String {
    let length = length(report.period.kind);
    let has_gaps = report.gaps.is_any();
    match report.promises.from_before {
        0 if knows_nothing(report) => format!("Calm Ops saw nothing in this {length}."),
        0 if has_gaps => "No incident was seen.".to_owned(),
        0 => format!("A calm {length}: no incident was opened."),
        count if has_gaps => format!("No new incident was seen; {} in it.", from_before(count)),
        count => format!("No new incident; {} in it.", from_before(count)),
    }
}

/// True if nothing of the period is known, not even from before.
fn knows_nothing(report: &StabilityReport) -> bool {
    let (period, promises) = (&report.period, &report.promises);
    promises.incidents == 0
        && promises.from_before == 0
        && report.gaps.are_all(period.from, period.to)
}

/// `1 from before was active`, `2 from before were active`.
fn from_before(count: u32) -> String {
    format!("{count} from before {} active", if count == 1 { "was" } else { "were" })
}

/// The times of which nothing is known, in a sentence; `None` if there are none.
fn unseen(report: &StabilityReport) -> Option<String> {
    let gaps = &report.gaps;
    // The first sentence says it of the whole period already.
    if !gaps.is_any() || knows_nothing(report) {
        return None;
    }
    let mut told = String::new();
    if gaps.total > Span::ZERO {
        let long = span(gaps.total);
        told = format!("For {long} Calm Ops saw nothing: these figures do not know of that time.");
    }
    if let Some(began) = gaps.journal_began {
        let blank = if told.is_empty() { "" } else { " " };
        let began = humanize::moment(began);
        told.push_str(&format!("{blank}The journal began at {began}: nothing is known before."));
    }
    Some(told)
}

/// The name of the figure of incidents before which no person acted in public.
pub const OPENED_FIRST: &str = "Opened before a person acted in public";

/// A figure beside the one of the report before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedFigure {
    /// Its name.
    pub label: &'static str,
    /// Its value; a dash where there is none.
    pub now: String,
    /// The one before; `None` if there is no report before.
    pub before: Option<String>,
}

/// The promises beside those of the report before.
pub fn compared(report: &StabilityReport) -> Vec<ComparedFigure> {
    let figure = |label, of: fn(&Promises) -> String| ComparedFigure {
        label,
        now: of(&report.promises),
        before: report.before.as_ref().map(|before| of(&before.promises)),
    };
    let time = |time: Option<Span>| time.map_or_else(|| "-".to_owned(), span);
    vec![
        figure("Incidents", |one| one.incidents.to_string()),
        figure("Critical", |one| one.critical.to_string()),
        figure("Still active", |one| one.active.to_string()),
        figure("From before, active in it", |one| one.from_before.to_string()),
        ComparedFigure {
            label: "Recovery, median",
            now: time(report.promises.recovery_median),
            before: report.before.map(|before| time(before.promises.recovery_median)),
        },
        ComparedFigure {
            label: "Recovery, 90%",
            now: time(report.promises.recovery_p90),
            before: report.before.map(|before| time(before.promises.recovery_p90)),
        },
        figure("Recovered within 5 min", |one| share(one.recovered_in_time, one.incidents)),
        figure(OPENED_FIRST, |one| share(one.detected_first, one.incidents)),
        figure("Repeats", |one| one.repeats.to_string()),
        figure("Recommendations rated as wrong", |one| match one.rated {
            0 => "-".to_owned(),
            rated => format!("{} of {rated}", one.rated_wrong),
        }),
    ]
}

/// The figures of a report in the list, each with its name.
pub fn row(promises: &Promises) -> [(&'static str, String); 5] {
    let time = |time: Option<Span>| time.map_or_else(|| "-".to_owned(), span);
    [
        ("Incidents", promises.incidents.to_string()),
        ("Recovery, median", time(promises.recovery_median)),
        ("Recovery, 90%", time(promises.recovery_p90)),
        (OPENED_FIRST, share(promises.detected_first, promises.incidents)),
        ("Repeats", promises.repeats.to_string()),
    ]
}

fn share(count: u32, all: u32) -> String {
    if all == 0 { "-".to_owned() } else { format!("{count} of {all}") }
}

/// The first sentence of a page of the list of reports; `is_newest` of the first page.
pub fn lead(list: &ReportList, is_newest: bool) -> String {
    let (count, waiting) = (list.reports.len(), list.waiting());
    let is_part = !is_newest || list.older.is_some();
    let on_page = if is_part { " on this page" } else { "" };
    let are_reviewed = list.reports.iter().all(|one| one.reviewed.is_some());
    match (count, waiting) {
        (0, _) if is_part => "There is no report before.".to_owned(),
        (0, _) => "There is no report yet. One is made every Monday at 07:00, about the week that is over.".to_owned(),
        (1, 0) if are_reviewed => format!("1 report{on_page}, and it is reviewed."),
        (1, 0) => format!("1 report{on_page}; nobody has to review it."),
        (1, _) => format!("1 report{on_page} waits for somebody to review it."),
        (_, 0) if are_reviewed => format!("{count} reports{on_page}, all of them reviewed."),
        (_, 0) => format!("{count} reports{on_page}; none of them waits for a review."),
        (..) => format!("{count} reports{on_page}, {waiting} of them not reviewed yet."),
    }
}

/// The quiet line of the health page about the newest report, which nobody reviewed yet.
pub fn waiting(of: &ReportPeriod) -> String {
    format!("The {} of {} waits for a review.", title(of.kind).to_lowercase(), period(of))
}
