//! The edge of an incident.

use domain::{lifecycle::State, severity::Severity};

/// The class for the edge of an incident: as severe as it is while it needs someone, plain while it
/// recovers.
pub(crate) const fn edge(state: State, severity: Severity) -> &'static str {
    match (state, severity) {
        (State::Resolved, _) => "over",
        (State::Recovering, _) => "eased",
        (State::Detected | State::Stabilizing | State::AwaitingDecision, Severity::Warning) => {
            "edge-warning"
        }
        (State::Detected | State::Stabilizing | State::AwaitingDecision, Severity::Critical) => {
            "edge-critical"
        }
    }
}
