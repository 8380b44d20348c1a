//! Parts of a report that were measured: objectives, requests and near misses.

use serde::{Deserialize, Serialize};

use crate::{signal::Signal, subject::Subject, time::Span};

/// An objective and its error budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ObjectiveFigures {
    /// Its name.
    pub objective: String,
    /// The endpoints or the organization that it is about; none for all requests at the gate.
    pub of: Vec<Subject>,
    /// The share of events that must be good, in thousandths of a percent.
    pub target: u32,
    /// The time over which its error budget is counted, in days.
    pub days: u32,
    /// The events that were counted in the report's period.
    pub events: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// The rest of the error budget at the end of the report's period, in percent, rounded down:
    /// below 0 when more failed; `None` if that is not known.
    pub budget_left: Option<i64>,
}

impl ObjectiveFigures {
    /// True if more failed in the report's period than the target allows.
    pub fn is_missed(&self) -> bool {
        let allowed = u128::from(self.events) * u128::from(100_000_u32.saturating_sub(self.target));
        u128::from(self.failed) * 100_000 > allowed
    }
}

/// The results of requests at the gate, as far as they were reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RequestFigures {
    /// The organization, or the gate for all requests.
    pub subject: Subject,
    /// The share that succeeded in thousandths of a percent, as earlier versions estimated it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub succeeded: Option<u32>,
    /// The part of the period without results, in microseconds.
    pub unseen: Span,
    /// The results that were counted. Left out, as the next two, where there is none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub results: u64,
    /// Those of them that failed.
    #[serde(default, skip_serializing_if = "is_none")]
    pub failed: u64,
    /// The part of the period with results that were reported and not counted, in microseconds: by
    /// an earlier version, or their readings are missing.
    #[serde(default, skip_serializing_if = "is_none")]
    pub uncounted: Span,
}

fn is_none<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A signal that was past its threshold for at least half of the time after which it alerts, and was
/// back before it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NearMiss {
    /// The signal.
    pub signal: Signal,
    /// The subject.
    pub subject: Subject,
    /// The number of times.
    pub times: u32,
    /// The longest time past the threshold, in microseconds.
    pub longest: Span,
    /// The time after which it alerts, in microseconds.
    pub alerts_after: Span,
}

/// Proposals of thresholds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ProposalFigures {
    /// Proposals that history made in the period.
    pub made: u32,
    /// Proposals that people accepted in the period.
    pub accepted: u32,
    /// Proposals that people declined in the period.
    pub declined: u32,
}

impl ProposalFigures {
    /// True if there was none.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objective_is_missed_when_more_failed_than_it_allows() {
        let of = |events, failed| ObjectiveFigures {
            objective: "checkout".into(),
            of: Vec::new(),
            target: 99_900,
            days: 30,
            events,
            failed,
            budget_left: None,
        };
        assert!(!of(1_000, 1).is_missed() && of(1_000, 2).is_missed());
        assert!(!of(0, 0).is_missed() && of(999, 1).is_missed());
    }
}
