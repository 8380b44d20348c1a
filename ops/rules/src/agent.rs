//! The incident agent: breaches that hold and incidents that are stored, compared; what differs becomes events.
//! It is level-triggered and has no memory of its own.

use crate::{
    breach::Breach,
    incident::{Incident, IncidentNumber},
    journal::Event,
    policy::Policy,
    time::Timestamp,
};

/// What the agent looks at in one tick.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// Every breach that holds, ordered by key.
    pub breaches: &'a [Breach],
    /// Every active incident, and those resolved within `reopen_within`, ordered by number.
    pub incidents: &'a [Incident],
    /// The number that the next incident gets.
    pub next_number: IncidentNumber,
    /// The time.
    pub now: Timestamp,
    /// Since when time ran on without a jump or a gap in what was seen: quiet is counted from here at the earliest.
    pub steady_since: Timestamp,
}

/// Decides what is to be recorded. With the events applied, a second call at the same moment decides nothing.
pub fn decide(_policy: &Policy, _world: World<'_>) -> Vec<Event> {
    Vec::new()
}
