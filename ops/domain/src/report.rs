//! Stability reports: the figures of a day, a week or a month, kept as they were when they were made.
//! They hold no words of people, so that none has to be redacted.

mod figures;
mod measured;

use serde::{Deserialize, Serialize};

pub use crate::report::figures::{
    AgentFigures, ApprovalFigures, Availability, CauseCount, MaintenanceProbes, NoisySignal,
    PreventionFigures, ReportGap, ReportGaps, ReportIncident,
};
pub use crate::report::measured::{NearMiss, ObjectiveFigures, ProposalFigures, RequestFigures};
use crate::{
    hash::Head,
    time::{Span, Timestamp},
};

/// The promise: signals are back within this time after an incident was opened.
pub const PROMISED_RECOVERY: Span = Span::from_mins(5);
/// The number of weeks of the trend.
pub const TREND_WEEKS: usize = 12;

/// The length of a report's period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// A day.
    Daily,
    /// A week.
    Weekly,
    /// A month.
    Monthly,
}

impl ReportKind {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Daily, Self::Weekly, Self::Monthly];

    /// The word that is stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }

    /// The kind of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// The period of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReportPeriod {
    /// Its length.
    pub kind: ReportKind,
    /// Its beginning.
    pub from: Timestamp,
    /// Its end, which is no part of it.
    pub to: Timestamp,
    /// The time zone in which its days begin, such as `Europe/Berlin`.
    pub zone: String,
    /// The distance of the zone from UTC at the beginning, in minutes.
    pub from_offset: i32,
    /// The distance of the zone from UTC at the end, in minutes.
    pub to_offset: i32,
}

impl ReportPeriod {
    /// True for a moment of the period.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// The length in time.
    pub const fn length(&self) -> Span {
        self.to.since(self.from)
    }
}

/// The promises, and how often they were kept. Practices are never counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Promises {
    /// Incidents that were opened in the period.
    pub incidents: u32,
    /// Those of them that were critical.
    pub critical: u32,
    /// Incidents of the period that were still active when the report was made, with signals that
    /// were not back; left out if there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub active: u32,
    /// Incidents that were opened before the period and were active in it; left out if there are
    /// none. They count nowhere else.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub from_before: u32,
    /// Incidents of the period whose signals were all seen to be back.
    pub recovered: u32,
    /// Those of them whose signals were back within [`PROMISED_RECOVERY`].
    pub recovered_in_time: u32,
    /// The median time from the opening until all signals were back, in microseconds. An active
    /// incident counts with the time from its opening until the report was made.
    pub recovery_median: Option<Span>,
    /// The time within which nine of ten were back, in microseconds, counted in the same way.
    pub recovery_p90: Option<Span>,
    /// Incidents before which no person began safe mode, and none published a notice on the status
    /// page, within half an hour; such an act counts against the first incident after it alone.
    pub detected_first: u32,
    /// Incidents of a cause that had another one in the seven days before.
    pub repeats: u32,
    /// Recommendations that people rated in the period.
    pub rated: u32,
    /// Those of them that were rated as wrong.
    pub rated_wrong: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// The report that one is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReportBefore {
    /// The number of its entry.
    pub report: u64,
    /// The beginning of its period.
    pub from: Timestamp,
    /// The end of its period.
    pub to: Timestamp,
    /// Its promises.
    pub promises: Promises,
}

/// The figures of a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StabilityReport {
    /// The period.
    pub period: ReportPeriod,
    /// True if the journal begins with generated data; left out if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub generated: bool,
    /// The promises.
    pub promises: Promises,
    /// The newest report of the same length that ends before this one begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<ReportBefore>,
    /// Numbers of incidents that were opened in each of the 12 weeks up to the end, oldest first;
    /// `None` of a week of which nothing is known.
    pub trend: Vec<Option<u32>>,
    /// The incidents: those that are active first, then the critical ones, each oldest first; at
    /// most 20.
    pub incidents: Vec<ReportIncident>,
    /// The subjects with which most incidents began, the most frequent first; at most 10.
    pub causes: Vec<CauseCount>,
    /// The signals with most problems, the most frequent first; at most 10.
    pub noisy: Vec<NoisySignal>,
    /// The acts of the agent.
    pub agent: AgentFigures,
    /// Approvals, and how fast they were.
    pub approvals: ApprovalFigures,
    /// Prevention steps.
    pub prevention: PreventionFigures,
    /// The endpoints: those that were not seen at all, then the least available first; at most 50.
    pub availability: Vec<Availability>,
    /// The results of requests at the gate: all, then by organization, the worst first; at most 20.
    /// Left out where none were reported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<RequestFigures>,
    /// The objectives, in the order of their document. Left out where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<ObjectiveFigures>,
    /// Signals that nearly alerted, the most frequent first; at most 10. Left out if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub near_misses: Vec<NearMiss>,
    /// Signals of which near misses are not known, because too many were past their thresholds. Left
    /// out if there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub near_misses_left_out: u32,
    /// The documents that could not be read, such as `alerts/thresholds.md`: what depends on them is
    /// not known. Left out if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
    /// Proposals of thresholds. Left out if there are none.
    #[serde(default, skip_serializing_if = "ProposalFigures::is_none")]
    pub proposals: ProposalFigures,
    /// Problems that opened no incident because of a maintenance window that ended in the period.
    pub withheld: u32,
    /// The times of which nothing is known.
    pub gaps: ReportGaps,
    /// The end of the journal when it was made.
    pub head: Head,
}

/// A report as it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MadeReport {
    /// The figures.
    pub figures: StabilityReport,
    /// The same in words, as Markdown, by the template in force when it was made.
    pub text: String,
}
