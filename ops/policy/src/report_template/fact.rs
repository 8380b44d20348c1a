//! The closed list of facts that a report may state.

/// A fact of a report, as a template names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportFact {
    /// The title: `Weekly stability summary`.
    Title,
    /// The days of the period, with the time zone.
    Period,
    /// The period in one paragraph.
    Summary,
    /// Recovery times against the promise.
    Recovery,
    /// The share of incidents that were opened before a person acted on them elsewhere.
    DetectedFirst,
    /// Incidents of a cause that had another one shortly before.
    Repeats,
    /// Recommendations that were rated as wrong.
    RatedWrong,
    /// The promises of the report before.
    Before,
    /// Numbers of incidents by week.
    Trend,
    /// The incidents.
    Incidents,
    /// The most frequent causes.
    Causes,
    /// The signals with most problems.
    Noisy,
    /// The acts of the agent.
    Agent,
    /// Ratings of recommendations.
    Ratings,
    /// Approvals, and how fast they were.
    Approvals,
    /// Prevention steps.
    Prevention,
    /// Availability of endpoints.
    Availability,
    /// The share of requests at the gate that succeeded.
    Requests,
    /// Objectives and their error budgets.
    Objectives,
    /// Signals that nearly alerted.
    NearMisses,
    /// Proposals of thresholds.
    Proposals,
    /// Problems that a maintenance window kept from opening incidents.
    Withheld,
    /// Times of which nothing is known.
    Gaps,
    /// The end of the journal.
    Head,
}

impl ReportFact {
    /// All of them, in the order in which the document lists them.
    pub const ALL: [Self; 24] = [
        Self::Title,
        Self::Period,
        Self::Summary,
        Self::Recovery,
        Self::DetectedFirst,
        Self::Repeats,
        Self::RatedWrong,
        Self::Before,
        Self::Availability,
        Self::Requests,
        Self::Objectives,
        Self::Incidents,
        Self::Trend,
        Self::Causes,
        Self::NearMisses,
        Self::Noisy,
        Self::Withheld,
        Self::Agent,
        Self::Ratings,
        Self::Approvals,
        Self::Prevention,
        Self::Proposals,
        Self::Gaps,
        Self::Head,
    ];

    /// The name between braces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Period => "period",
            Self::Summary => "summary",
            Self::Recovery => "recovery",
            Self::DetectedFirst => "detected first",
            Self::Repeats => "repeats",
            Self::RatedWrong => "rated wrong",
            Self::Before => "before",
            Self::Trend => "trend",
            Self::Incidents => "incidents",
            Self::Causes => "causes",
            Self::Noisy => "noisy",
            Self::Agent => "agent",
            Self::Ratings => "ratings",
            Self::Approvals => "approvals",
            Self::Prevention => "prevention",
            Self::Availability => "availability",
            Self::Requests => "requests",
            Self::Objectives => "objectives",
            Self::NearMisses => "near misses",
            Self::Proposals => "proposals",
            Self::Withheld => "withheld",
            Self::Gaps => "gaps",
            Self::Head => "head",
        }
    }

    /// The fact of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// True if it becomes a list, so that it stands alone in its line.
    pub const fn is_list(self) -> bool {
        matches!(
            self,
            Self::Incidents
                | Self::Causes
                | Self::Noisy
                | Self::Availability
                | Self::Requests
                | Self::Objectives
                | Self::NearMisses
                | Self::Gaps
        )
    }
}
