//! The parts of a report.

use serde::{Deserialize, Serialize};

use crate::{
    id::IncidentNumber,
    journal::blind::BlindReason,
    review::parts::Rating,
    severity::Severity,
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
};

/// An incident of the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReportIncident {
    /// Its number.
    pub incident: IncidentNumber,
    /// The subject with which it began.
    pub cause: Subject,
    /// The highest severity that it reached.
    pub severity: Severity,
    /// The time of its opening.
    pub opened_at: Timestamp,
    /// The time from the opening until all signals were back, in microseconds; `None` if that was
    /// not seen.
    pub recovered_after: Option<Span>,
    /// True if it was still active when the report was made.
    pub is_active: bool,
}

/// A subject with which incidents began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CauseCount {
    /// The subject.
    pub cause: Subject,
    /// The number of incidents.
    pub incidents: u32,
}

/// A signal whose thresholds were exceeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NoisySignal {
    /// The signal.
    pub signal: Signal,
    /// The number of its problems in incidents of the period.
    pub problems: u32,
    /// Those of them in incidents for which neither a person nor a measure nor a command did anything.
    pub unattended: u32,
}

/// The acts of the agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AgentFigures {
    /// Limits that it began in incidents of the period.
    pub limits: u32,
    /// Commands that it recommended; an offer that is made anew counts once.
    pub recommended: u32,
    /// Those of them that people approved, each as often as it has to be.
    pub approved: u32,
    /// Those of which a person declined an offer.
    pub declined: u32,
    /// Those that nobody decided upon in time.
    pub expired: u32,
    /// Those that ran.
    pub ran: u32,
    /// Those that ran and were proved to work.
    pub worked: u32,
    /// Numbers of ratings in the period, the best first.
    pub ratings: Vec<(Rating, u32)>,
}

/// Approvals, and how fast they were: from the first offer to the consent that completed it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ApprovalFigures {
    /// The number of approved commands; one that was approved again counts once.
    pub approved: u32,
    /// The median time, in microseconds.
    pub median: Option<Span>,
    /// The time within which nine of ten were approved, in microseconds.
    pub p90: Option<Span>,
}

/// Prevention steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PreventionFigures {
    /// Steps that were added in the period, without those that will not be done.
    pub added: u32,
    /// Steps that were done in the period.
    pub done: u32,
    /// Steps that were open when the report was made.
    pub open: u32,
    /// Those of them whose day had passed.
    pub overdue: u32,
}

/// The share of times that an endpoint answered as expected. Times without observations are apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Availability {
    /// The endpoint.
    pub endpoint: Subject,
    /// The number of times that it was asked.
    pub asked: u64,
    /// The number of times that it answered as expected.
    pub answered: u64,
    /// The part of the period without observations of it, in microseconds.
    pub unseen: Span,
    /// The part of the period in maintenance windows, which is in none of the other numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<MaintenanceProbes>,
}

/// The probes of an endpoint during maintenance windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MaintenanceProbes {
    /// The number of times that it was asked.
    pub asked: u64,
    /// The number of times that it answered as expected.
    pub answered: u64,
    /// The time in maintenance windows, in microseconds.
    pub length: Span,
}

/// A time of which nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReportGap {
    /// Its beginning, in the period.
    pub from: Timestamp,
    /// Its end, in the period.
    pub to: Timestamp,
    /// The reason.
    pub why: BlindReason,
}

/// The times of which nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReportGaps {
    /// The number of gaps.
    pub gaps: u32,
    /// Their time together, in microseconds.
    pub total: Span,
    /// The longest ones, the longest first; at most 5.
    pub longest: Vec<ReportGap>,
    /// The beginning of the journal, if that is in the period: nothing is known before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal_began: Option<Timestamp>,
}

impl ReportGaps {
    /// True if something of the period is not known.
    pub fn is_any(&self) -> bool {
        self.total > Span::ZERO || self.journal_began.is_some()
    }

    /// True if nothing of a period from then to then is known.
    pub fn are_all(&self, from: Timestamp, to: Timestamp) -> bool {
        let unwritten = self.journal_began.map_or(Span::ZERO, |began| began.since(from));
        self.total.plus(unwritten) >= to.since(from)
    }
}
