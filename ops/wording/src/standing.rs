//! The standing of an incident, derived once: titles, states, summaries and notifications agree
//! because all of them ask here.

use domain::{incident::Incident, lifecycle::State, summary::Fact};

/// The standing of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// A problem holds.
    Ongoing,
    /// There is no data about any problem that is not known to be over.
    NoData,
    /// Every problem that is not over yet is back on the healthy side of its threshold.
    Improving,
    /// Every problem is over, and it is checked that it stays so.
    Recovered,
    /// Resolved, with every problem over.
    Resolved,
    /// Resolved, with a problem of which the recovery was not seen.
    Closed,
}

impl Standing {
    /// Derives it from an incident as it is now.
    pub fn of(incident: &Incident) -> Self {
        let holding: Vec<Fact> = incident.holding().map(Fact::of).collect();
        let (resolved, recovered) = (!incident.is_active(), holding.is_empty());
        if resolved && recovered && !incident.breaches.iter().any(|known| known.is_lost()) {
            Self::Resolved
        } else if resolved {
            Self::Closed
        } else if recovered {
            Self::Recovered
        } else if holding.iter().all(Fact::is_easing) {
            Self::Improving
        } else if holding.iter().all(|fact| fact.is_silent() || fact.unheard.is_some()) {
            Self::NoData
        } else {
            Self::Ongoing
        }
    }

    /// True if it is resolved.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Resolved | Self::Closed)
    }
}

/// The state as lists and titles show it; `awaits_decision` is whether there is something to
/// decide.
pub const fn state_label(state: State, awaits_decision: bool) -> &'static str {
    match state {
        State::Detected | State::Stabilizing | State::AwaitingDecision | State::Recovering
            if awaits_decision =>
        {
            "awaiting decision"
        }
        State::AwaitingDecision => "needs attention",
        State::Detected | State::Stabilizing | State::Recovering | State::Resolved => {
            state.as_str()
        }
    }
}
