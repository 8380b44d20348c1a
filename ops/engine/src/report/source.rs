//! Everything that a report is made of.

use domain::{
    hash::Head,
    incident::Incident,
    journal::{BlindReason, Entry},
    report::{ReportBefore, ReportPeriod},
    review::PreventionSteps,
    subject::Subject,
    time::{Span, Timestamp},
};

use super::{
    near::{HeldBreach, WatchedSeries},
    objectives::{ObjectiveSeries, ResultSeries},
};
use crate::availability::{PastWindow, ProbeSeries};

/// The time within which another incident of the same cause is a repeat.
pub const REPEATS_WITHIN: Span = Span::from_mins(7 * 24 * 60);
/// The length of a week of the trend.
pub const WEEK: Span = REPEATS_WITHIN;

/// An incident of the past, as the trend, repeats and what was active before need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedIncident {
    /// The subject with which it began.
    pub cause: Subject,
    /// The time of its opening.
    pub opened_at: Timestamp,
    /// The time of its end; `None` while it is active.
    pub resolved_at: Option<Timestamp>,
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

/// The source of a report.
#[derive(Clone, Copy, Debug)]
pub struct ReportSource<'a> {
    /// The period.
    pub period: &'a ReportPeriod,
    /// The incidents that were opened in the period.
    pub incidents: &'a [Incident],
    /// All incidents of the weeks of the trend and of the seven days before the period, and older
    /// ones that were active in the period.
    pub past: &'a [OpenedIncident],
    /// Ratings, ends of maintenance windows, beginnings of safe mode, notices on the status page, and
    /// proposals of thresholds with what became of them: those of the period and of half an hour before
    /// it.
    pub entries: &'a [Entry],
    /// The prevention steps of all incidents.
    pub steps: &'a PreventionSteps,
    /// The time at which it is made.
    pub made_at: Timestamp,
    /// Times in which nothing was seen, since the beginning of the trend and of the period.
    pub blind: &'a [Blind],
    /// The history of probes in the period.
    pub probes: &'a [ProbeSeries],
    /// The results of requests in the period, of the gate and of organizations.
    pub results: &'a [ResultSeries],
    /// The stored values of the objectives in the period.
    pub objectives: &'a [ObjectiveSeries],
    /// Signals with thresholds that were past one in the period.
    pub watched: &'a [WatchedSeries],
    /// The number of signals whose near misses are not known.
    pub left_out: u32,
    /// Documents that could not be read.
    pub unread: &'a [String],
    /// Breaches of incidents that held in the period, practices too.
    pub held: &'a [HeldBreach],
    /// Maintenance windows, whose times are apart.
    pub windows: &'a [PastWindow],
    /// Reports of the same length.
    pub earlier: &'a [ReportBefore],
    /// The time of the journal's first entry.
    pub journal_began: Option<Timestamp>,
    /// True if the journal begins with generated data.
    pub generated: bool,
    /// The end of the journal.
    pub head: Head,
}
