//! Backtests: incidents that thresholds would have opened on stored history, and a change of the
//! thresholds compared with what is in force.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    breach::BreachKey,
    id::IncidentNumber,
    severity::Severity,
    subject::Subject,
    time::{Span, Timestamp},
};

/// An incident that thresholds would have opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundIncident {
    /// Its origin.
    pub cause: Subject,
    /// Time at which the first breach began.
    pub began_at: Timestamp,
    /// Time at which it would have opened, to a step of history.
    pub opened_at: Timestamp,
    /// Time at which it would have ended by itself; `None` if history ends before.
    pub ended_at: Option<Timestamp>,
    /// The highest severity that it reached.
    pub severity: Severity,
    /// The signals of subjects.
    pub keys: BTreeSet<BreachKey>,
    /// The times of interruptions: it opened, came back, or became more severe.
    pub interruptions: Vec<Timestamp>,
}

/// An incident that opens under both thresholds, but not at the same time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedIncident {
    /// Under the thresholds in force.
    pub today: FoundIncident,
    /// Under the proposed ones.
    pub proposed: FoundIncident,
}

impl MovedIncident {
    /// Returns whether the proposed thresholds open it earlier, and by how much.
    pub const fn shift(&self) -> (bool, Span) {
        let (today, proposed) = (self.today.opened_at, self.proposed.opened_at);
        let is_earlier = proposed.as_micros() < today.as_micros();
        (is_earlier, if is_earlier { today.since(proposed) } else { proposed.since(today) })
    }
}

/// The consequences of a change of the thresholds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// Incidents that only the proposed thresholds open.
    pub added: Vec<FoundIncident>,
    /// Incidents that only the thresholds in force open.
    pub removed: Vec<FoundIncident>,
    /// Incidents that open earlier or later.
    pub moved: Vec<MovedIncident>,
    /// The number of those that open at the same time.
    pub same: usize,
    /// Incidents that there were, and that the thresholds in force find in history but the proposed
    /// ones do not.
    pub missed: Vec<IncidentNumber>,
    /// Incidents that there were, and that the proposed thresholds find but those in force do not.
    pub gained: Vec<IncidentNumber>,
    /// Incidents that there were, and that neither finds: thresholds were others then, or history
    /// is not fine enough.
    pub unseen: Vec<IncidentNumber>,
    /// The times at which people would have been interrupted under the thresholds in force.
    pub interruptions_today: Vec<Timestamp>,
    /// The times at which people would have been interrupted under the proposed ones.
    pub interruptions_proposed: Vec<Timestamp>,
}

/// The reason for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Benefit {
    /// An incident would have opened earlier, and nothing would have interrupted more often.
    Earlier {
        /// The incident, of several the one that gains most.
        incident: IncidentNumber,
        /// By how much.
        by: Span,
    },
    /// People would have been interrupted less often, and nothing that was critical or that they acted
    /// on would have been missed.
    Quieter {
        /// So many times less.
        fewer: usize,
    },
}
