//! State on which a decision depends beside its incident.

use domain::{
    actor::Actor,
    error::{Conflict, Entity, Error},
    id::RecommendationId,
    incident::Incident,
    recommendation::{Recommendation, Stage},
    time::Timestamp,
};

/// The other state on which a decision depends, read in the same transaction.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The person who decides.
    pub actor: Actor,
    /// The time.
    pub now: Timestamp,
    /// The incidents with a command that runs or may still run.
    pub others: &'a [Incident],
    /// The version of the catalogue in force; `None` while it is invalid, and nothing may run.
    pub catalogue: Option<&'a str>,
    /// Since when whoever decides has their role, if it is a person.
    pub role_since: Option<Timestamp>,
}

/// Looks a recommendation of an incident up.
pub fn known(incident: &Incident, id: RecommendationId) -> Result<&Recommendation, Error> {
    incident.recommendation(id.place).ok_or(Error::NotFound(Entity::Recommendation(id)))
}

/// The recommendation, if it still waits for a decision; else what became of it.
pub fn offered(
    incident: &Incident,
    id: RecommendationId,
    now: Timestamp,
) -> Result<&Recommendation, Error> {
    let one = known(incident, id)?;
    let conflict = match &one.stage {
        Stage::Offered if !incident.is_active() => Conflict::OfferResolved(incident.number),
        Stage::Offered if now >= one.expires_at => Conflict::OfferExpired,
        Stage::Offered => return Ok(one),
        Stage::Declined { .. } => Conflict::OfferDeclined,
        Stage::Withdrawn { .. } => Conflict::OfferWithdrawn,
        Stage::Approved { .. } | Stage::Running { .. } => Conflict::OfferRuns,
        Stage::Ended(_) => Conflict::OfferRan,
    };
    Err(conflict.into())
}
