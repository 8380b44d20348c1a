//! An incident: breaches that belong together, with one severity and one lifecycle.

mod apply;
mod binding;

pub use apply::{Misfit, apply, apply_all};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    actor::Actor,
    breach::{Breach, BreachKey, Ending},
    change::ReportedChange,
    id::IncidentNumber,
    impact::Impact,
    lifecycle::State,
    protection::measure::IncidentMeasure,
    recommendation::Recommendation,
    severity::Severity,
    subject::Subject,
    summary::Summary,
    time::Timestamp,
};

/// One breach of an incident, and whether it still holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct IncidentBreach {
    /// As it was when last written.
    #[serde(flatten)]
    pub breach: Breach,
    /// Time at which it cleared; `None` while it holds.
    pub cleared_at: Option<Timestamp>,
    /// The reason that it holds no longer; `None` while it holds.
    #[serde(default)]
    pub ending: Option<Ending>,
}

impl IncidentBreach {
    /// A breach that holds.
    pub const fn holding(breach: Breach) -> Self {
        Self { breach, cleared_at: None, ending: None }
    }

    /// True if it holds no longer and nobody saw it recover.
    pub const fn is_lost(&self) -> bool {
        self.cleared_at.is_some() && !matches!(self.ending, Some(Ending::Recovered { .. }))
    }
}

/// The person who took note, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Acknowledgement {
    /// The person.
    pub by: Actor,
    /// The time.
    pub at: Timestamp,
}

/// The end of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Resolution {
    /// The author: the agent, or a person.
    pub by: Actor,
    /// The time.
    pub at: Timestamp,
    /// The note of a person.
    pub note: Option<String>,
}

/// An incident as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Incident {
    /// For programs.
    pub id: Uuid,
    /// For people.
    pub number: IncidentNumber,
    /// Its origin.
    pub cause: Subject,
    /// The highest severity reached since it was opened; it never falls while active.
    pub severity: Severity,
    /// Its state.
    pub state: State,
    /// All breaches that ever belonged to it, in the order in which they joined.
    pub breaches: Vec<IncidentBreach>,
    /// Time at which the first breach began: detection is `opened_at - began_at`.
    pub began_at: Timestamp,
    /// Time at which it was opened.
    pub opened_at: Timestamp,
    /// Time at which it last changed.
    pub updated_at: Timestamp,
    /// Since when every breach is cleared; `None` while one holds.
    pub quiet_since: Option<Timestamp>,
    /// Number of times it was reopened.
    pub reopened: u32,
    /// The person who took note.
    pub acknowledged: Option<Acknowledgement>,
    /// A person has acted on it: the agent then offers to resolve it and does not do it by itself.
    pub touched_by_person: bool,
    /// The agent has offered to resolve it.
    pub resolution_offered: bool,
    /// Its end; `None` while active.
    pub resolution: Option<Resolution>,
    /// Gathers what a flood of breaches brought.
    pub flood: bool,
    /// The decision summary in force.
    pub summary: Summary,
    /// Number of snapshots that were saved.
    pub snapshots: u32,
    /// Every command that was ever recommended for it, by place.
    #[serde(default)]
    pub recommendations: Vec<Recommendation>,
    /// Reported changes from about when it began, newest first; at most three.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ReportedChange>,
    /// Measures that the agent took for it, in the order in which they began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<IncidentMeasure>,
    /// The organizations that are affected; `None` if none was seen to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<Box<Impact>>,
}

impl Incident {
    /// True if it is not resolved.
    pub fn is_active(&self) -> bool {
        self.state != State::Resolved
    }

    /// True if it is a practice: a real one never begins with such a subject, nor is joined by one.
    pub fn is_practice(&self) -> bool {
        self.cause.is_practice()
    }

    /// The breach of a key.
    pub fn breach(&self, key: &BreachKey) -> Option<&IncidentBreach> {
        self.breaches.iter().find(|known| known.breach.key == *key)
    }

    /// True if this breach holds.
    pub fn holds(&self, key: &BreachKey) -> bool {
        self.breach(key).is_some_and(|known| known.cleared_at.is_none())
    }

    /// The recommendation at a place.
    pub fn recommendation(&self, place: u32) -> Option<&Recommendation> {
        self.recommendations.iter().find(|one| one.place == place)
    }

    /// Returns when the effect of a recommendation was first offered: an offer that nobody decided
    /// upon ends and is made anew.
    pub fn first_offered_at(&self, one: &Recommendation) -> Timestamp {
        let deed = one.deed();
        let before = self
            .recommendations
            .iter()
            .filter(|other| other.place < one.place && other.deed() == deed);
        before.map(|other| other.offered_at).fold(one.offered_at, Ord::min)
    }

    /// The last offer of what stands at a place: what was not decided in time is offered anew.
    pub fn last_offer_of(&self, place: u32) -> Option<&Recommendation> {
        let deed = self.recommendation(place)?.deed();
        self.recommendations.iter().rev().find(|one| one.deed() == deed)
    }

    /// Those that wait for a decision, the best first.
    pub fn offered(&self) -> impl Iterator<Item = &Recommendation> {
        self.recommendations.iter().filter(|one| one.is_offered())
    }

    /// The breaches that hold.
    pub fn holding(&self) -> impl Iterator<Item = &Breach> {
        self.breaches.iter().filter(|known| known.cleared_at.is_none()).map(|known| &known.breach)
    }

    /// True if it counts as recovering although a breach holds and no command is being watched: the
    /// commands that ran did not help, or helped another breach only.
    pub fn is_recovering_in_vain(&self) -> bool {
        self.state == State::Recovering
            && self.holding().next().is_some()
            && !self.recommendations.iter().any(|one| one.is_under_way() || one.awaits_proof())
    }

    /// The measures in force.
    pub fn measures_in_force(&self) -> impl Iterator<Item = &IncidentMeasure> {
        self.measures.iter().filter(|one| one.ended.is_none())
    }

    /// Every subject that takes part, in order of joining, each once.
    pub fn subjects(&self) -> Vec<&Subject> {
        let mut subjects = vec![&self.cause];
        for known in &self.breaches {
            if !subjects.contains(&&known.breach.key.subject) {
                subjects.push(&known.breach.key.subject);
            }
        }
        subjects
    }
}
