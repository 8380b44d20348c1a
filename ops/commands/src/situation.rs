//! What a decision depends on beside its incident.

use domain::{
    actor::Actor,
    error::Error,
    id::RecommendationId,
    incident::Incident,
    recommendation::{Recommendation, Stage},
    time::Timestamp,
};

/// What else a decision depends on, read in the same transaction.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Who decides.
    pub actor: Actor,
    /// When.
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
    incident
        .recommendation(id.place)
        .ok_or_else(|| Error::NotFound { what: format!("recommendation {id}") })
}

/// The recommendation, if it still waits for a decision; else what became of it.
pub fn offered(
    incident: &Incident,
    id: RecommendationId,
    now: Timestamp,
) -> Result<&Recommendation, Error> {
    let one = known(incident, id)?;
    let problem = match &one.stage {
        Stage::Offered if !incident.is_active() => format!("Incident {} is resolved, so nothing is to be run.", incident.number),
        Stage::Offered if now >= one.expires_at => {
            "This offer has ended. Look at the incident: it says what is recommended now.".to_owned()
        }
        Stage::Offered => return Ok(one),
        Stage::Declined { .. } => "It was declined. The incident shows what is recommended now.".to_owned(),
        Stage::Withdrawn { .. } => {
            "It is no longer offered, because things have changed. The incident shows what is recommended now.".to_owned()
        }
        Stage::Approved { .. } | Stage::Running { .. } => "It is approved already and runs. It runs once; look at its output.".to_owned(),
        Stage::Ended(_) => "It was approved and has run already. It ran once; look at its output.".to_owned(),
    };
    Err(Error::conflict(problem))
}
