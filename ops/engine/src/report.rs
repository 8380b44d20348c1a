//! Figures of a stability report, made of incidents, entries of the journal and the history of probes.
//! Practices are never counted.

mod agent;
mod availability;
mod counts;
mod rank;

use domain::{
    hash::Head,
    incident::Incident,
    journal::{BlindReason, Entry, Event},
    report::{
        PROMISED_RECOVERY, PreventionFigures, Promises, ReportBefore, ReportGap, ReportGaps,
        ReportIncident, ReportPeriod, StabilityReport, TREND_WEEKS,
    },
    review::{DueDate, PreventionSteps, Rating, StepState},
    severity::Severity,
    status_page::NoticePart,
    subject::Subject,
    time::{Span, Timestamp},
};

pub use availability::{PROBE_STEP, ProbeSeries, ProbeStep};

use self::rank::{share_of, small, sorted};
use crate::review::recovered_at;

/// The time within which another incident of the same cause is a repeat.
pub const REPEATS_WITHIN: Span = Span::from_mins(7 * 24 * 60);
/// The length of a week of the trend.
pub const WEEK: Span = REPEATS_WITHIN;
/// What a person did so long before an incident was opened counts as knowing of it first.
const KNEW_WITHIN: Span = Span::from_mins(30);
/// The most incidents that are listed.
const MOST_INCIDENTS: usize = 20;
/// The most gaps that are listed.
const MOST_GAPS: usize = 5;

/// An incident of the past, as the trend and repeats need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedIncident {
    /// The subject with which it began.
    pub cause: Subject,
    /// The time of its opening.
    pub opened_at: Timestamp,
}

/// A time in which nothing was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blind {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// The reason.
    pub why: BlindReason,
}

/// What a report is made of.
#[derive(Clone, Copy, Debug)]
pub struct ReportSource<'a> {
    /// The period.
    pub period: &'a ReportPeriod,
    /// The incidents that were opened in the period.
    pub incidents: &'a [Incident],
    /// All incidents of the weeks of the trend and of the seven days before the period.
    pub past: &'a [OpenedIncident],
    /// Ratings, ends of maintenance windows, beginnings of safe mode and notices on the status page:
    /// those of the period and of half an hour before it.
    pub entries: &'a [Entry],
    /// The prevention steps of all incidents.
    pub steps: &'a PreventionSteps,
    /// The day on which it is made.
    pub today: DueDate,
    /// Times in which nothing was seen.
    pub blind: &'a [Blind],
    /// The history of probes in the period.
    pub probes: &'a [ProbeSeries],
    /// Reports of the same length.
    pub earlier: &'a [ReportBefore],
    /// The time of the journal's first entry.
    pub journal_began: Option<Timestamp>,
    /// The end of the journal.
    pub head: Head,
}

/// The report of a period.
pub fn report(source: ReportSource<'_>) -> StabilityReport {
    let period = source.period;
    let is_of_period = |one: &&Incident| !one.is_practice() && period.contains(one.opened_at);
    let mut incidents: Vec<&Incident> = source.incidents.iter().filter(is_of_period).collect();
    incidents.sort_by_key(|one| (one.opened_at, one.number));
    let ratings = ratings(source);
    StabilityReport {
        period: period.clone(),
        promises: promises(source, &incidents, &ratings),
        before: before(source),
        trend: trend(source),
        incidents: incidents.iter().take(MOST_INCIDENTS).map(|one| listed(one)).collect(),
        causes: counts::causes(&incidents),
        noisy: counts::noisy(&incidents),
        agent: agent::figures(&incidents, &ratings),
        approvals: agent::approvals(&incidents),
        prevention: prevention(source),
        availability: availability::of(period, source.probes),
        withheld: withheld(source),
        gaps: gaps(source),
        head: source.head,
    }
}

fn promises(source: ReportSource<'_>, incidents: &[&Incident], ratings: &[Rating]) -> Promises {
    let recovered = sorted(incidents.iter().filter_map(|one| recovered_after(one)));
    let in_time = recovered.iter().filter(|span| **span <= PROMISED_RECOVERY).count();
    let known = |one: &&&Incident| !knew_first(source.entries, one.opened_at);
    let repeats = incidents.iter().filter(|one| is_repeat(source.past, one)).count();
    let wrong = ratings.iter().filter(|rating| **rating == Rating::Wrong).count();
    let critical = incidents.iter().filter(|one| one.severity == Severity::Critical).count();
    Promises {
        incidents: small(incidents.len()),
        critical: small(critical),
        recovered: small(recovered.len()),
        recovered_in_time: small(in_time),
        recovery_median: share_of(&recovered, 5),
        recovery_p90: share_of(&recovered, 9),
        detected_first: small(incidents.iter().filter(known).count()),
        repeats: small(repeats),
        rated: small(ratings.len()),
        rated_wrong: small(wrong),
    }
}

/// The time from the opening until all signals were back, if that was seen.
fn recovered_after(incident: &Incident) -> Option<Span> {
    recovered_at(incident).map(|at| at.since(incident.opened_at))
}

/// True if a person acted in public, or began safe mode, shortly before an incident was opened.
fn knew_first(entries: &[Entry], opened_at: Timestamp) -> bool {
    entries.iter().any(|entry| {
        let acts = matches!(
            &entry.event,
            Some(
                Event::SafeModeBegan { incident: None, .. }
                    | Event::StatusUpdatePublished {
                        incident: None,
                        part: NoticePart::Began { .. },
                        ..
                    }
            )
        );
        acts && entry.actor.is_person()
            && entry.at < opened_at
            && opened_at.since(entry.at) <= KNEW_WITHIN
    })
}

fn is_repeat(past: &[OpenedIncident], incident: &Incident) -> bool {
    past.iter().any(|other| {
        other.cause == incident.cause
            && other.opened_at < incident.opened_at
            && incident.opened_at.since(other.opened_at) <= REPEATS_WITHIN
    })
}

fn before(source: ReportSource<'_>) -> Option<ReportBefore> {
    let period = source.period;
    let earlier = source.earlier.iter().filter(|one| one.to <= period.from);
    earlier.max_by_key(|one| (one.to, one.report)).copied()
}

/// Numbers of incidents of the weeks up to the end of the period, oldest first.
fn trend(source: ReportSource<'_>) -> Vec<u32> {
    let mut weeks = vec![0; TREND_WEEKS];
    let real = source.past.iter().filter(|one| !one.cause.is_practice());
    for one in real.filter(|one| one.opened_at < source.period.to) {
        // The last moment of the period is in its last week, and its end is not.
        let ago = source.period.to.since(one.opened_at).as_micros() - 1;
        let ago = usize::try_from(ago / WEEK.as_micros()).unwrap_or(usize::MAX);
        if let Some(place) = (TREND_WEEKS - 1).checked_sub(ago) {
            weeks[place] += 1;
        }
    }
    weeks
}

fn listed(one: &Incident) -> ReportIncident {
    ReportIncident {
        incident: one.number,
        cause: one.cause.clone(),
        severity: one.severity,
        opened_at: one.opened_at,
        recovered_after: recovered_after(one),
        is_active: one.is_active(),
    }
}

/// The ratings of the period; of several of the same recommendation the last one.
fn ratings(source: ReportSource<'_>) -> Vec<Rating> {
    let mut last = std::collections::BTreeMap::new();
    for entry in source.entries.iter().filter(|entry| source.period.contains(entry.at)) {
        if let Some(Event::RecommendationRated { incident, place, rating, .. }) = &entry.event {
            last.insert((*incident, *place), *rating);
        }
    }
    last.into_values().collect()
}

fn prevention(source: ReportSource<'_>) -> PreventionFigures {
    let PreventionSteps(steps) = source.steps;
    let is_in = |at| source.period.contains(at);
    let count = |is: &dyn Fn(&StepState) -> bool| steps.iter().filter(|one| is(&one.state)).count();
    let done = |state: &StepState| matches!(state, StepState::Done { at, .. } if is_in(*at));
    // A step that was written down as one that will not be done has ended when it was added.
    let is_planned = |one: &&domain::review::PreventionStep| match &one.state {
        StepState::Dropped { entry, .. } => *entry != one.number,
        StepState::Open { .. } | StepState::Done { .. } => true,
    };
    let added = steps.iter().filter(is_planned).filter(|one| is_in(one.added_at)).count();
    let counts = source.steps.counts(source.today);
    PreventionFigures {
        added: small(added),
        done: small(count(&done)),
        open: counts.open,
        overdue: counts.overdue,
    }
}

fn withheld(source: ReportSource<'_>) -> u32 {
    let of_period = source.entries.iter().filter(|entry| source.period.contains(entry.at));
    of_period.fold(0, |sum, entry| match &entry.event {
        Some(Event::MaintenanceEnded { would_have_alerted, more, .. }) => {
            sum.saturating_add(small(would_have_alerted.len())).saturating_add(*more)
        }
        _ => sum,
    })
}

fn gaps(source: ReportSource<'_>) -> ReportGaps {
    let period = source.period;
    let clipped = |one: &Blind| {
        let (from, to) = (one.from.max(period.from), one.to.min(period.to));
        (from < to).then_some(ReportGap { from, to, why: one.why })
    };
    let mut gaps: Vec<ReportGap> = source.blind.iter().filter_map(clipped).collect();
    let total = covered(&gaps);
    gaps.sort_by_key(|one| (std::cmp::Reverse(one.to.since(one.from)), one.from));
    let count = small(gaps.len());
    gaps.truncate(MOST_GAPS);
    let journal_began = source.journal_began.filter(|began| *began > period.from);
    ReportGaps { gaps: count, total, longest: gaps, journal_began }
}

/// The time that is in at least one of them.
fn covered(gaps: &[ReportGap]) -> Span {
    let mut spans: Vec<(Timestamp, Timestamp)> =
        gaps.iter().map(|one| (one.from, one.to)).collect();
    spans.sort_unstable();
    let (mut total, mut reached) = (Span::ZERO, Timestamp::from_micros(i64::MIN));
    for (from, to) in spans {
        total = total.plus(to.since(from.max(reached)));
        reached = reached.max(to);
    }
    total
}

#[cfg(test)]
mod tests;
