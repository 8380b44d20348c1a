//! Reviews of incidents: what people may save, rate and plan, and the pages that show it.

use domain::{
    actor::{Actor, Names},
    error::{Conflict, Entity, Error, FieldReason, Limited},
    id::{AccountId, IncidentNumber, RecommendationId},
    incident::Incident,
    input::{checked, unreadable},
    journal::{Cursor, Entry, Event},
    recommendation::Stage,
    review::{
        DueDate, PreventionPlan, PreventionStep, PreventionSteps, Rating, ReviewFacts,
        ReviewSections, ReviewVersion, ReviewVersions,
    },
    similar::SimilarIncident,
    text::plain,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{threshold::OfferedThreshold, view::Series};

/// The longest text of a prevention step, in characters.
pub const LONGEST_STEP: usize = 200;
/// The most prevention steps of an incident.
pub const MOST_STEPS: usize = 50;
/// The farthest day on which a prevention step is due, in days.
pub const FARTHEST_DUE: u32 = 730;

/// Saves what a person wrote. `replaces` is the newest version that its writer has read; the same
/// words once more change nothing.
pub fn save(
    incident: IncidentNumber,
    known: &ReviewVersions,
    replaces: Option<u64>,
    sections: &ReviewSections,
    actor: Actor,
) -> Result<Vec<Event>, Error> {
    let text = |field, text: &str| Ok::<_, Error>(checked(field, text, false)?.unwrap_or_default());
    let sections = ReviewSections {
        factors: text("factors", &sections.factors)?,
        went_well: text("went_well", &sections.went_well)?,
        to_change: text("to_change", &sections.to_change)?,
    };
    if known.last().is_some_and(|last| last.sections == sections && last.by == actor) {
        return Ok(Vec::new());
    }
    if !known.may_replace(replaces) {
        return Err(match known.last() {
            Some(_) => Conflict::ReviewChanged,
            None => Conflict::ReviewRedacted,
        }
        .into());
    }
    if known.last().is_none() && sections.is_empty() {
        return Err(Error::invalid("factors", FieldReason::Empty));
    }
    Ok(vec![Event::ReviewSaved { incident, sections }])
}

/// True if people can say whether a recommendation helped: it ran, and its incident is over and real.
pub fn can_be_rated(incident: &Incident, place: u32) -> bool {
    let ran = |stage: &Stage| matches!(stage, Stage::Ended(ended) if ended.has_run());
    !incident.is_active()
        && !incident.is_practice()
        && incident.recommendation(place).is_some_and(|one| ran(&one.stage))
}

/// Notes whether a recommendation helped. It can be changed later: the last rating counts.
pub fn rate(incident: &Incident, place: u32, rating: Rating) -> Result<Vec<Event>, Error> {
    let id = RecommendationId { incident: incident.number, place };
    let one = incident.recommendation(place).ok_or(Error::NotFound(Entity::Recommendation(id)))?;
    if !can_be_rated(incident, place) {
        return Err(Conflict::NothingToRate(id).into());
    }
    Ok(vec![Event::RecommendationRated {
        incident: incident.number,
        place,
        command: one.command.clone(),
        signal: one.proof.breach.signal.clone(),
        rating,
    }])
}

/// Adds a prevention step. `owners` are the accounts that may own one.
pub fn add_step(
    incident: IncidentNumber,
    known: &PreventionSteps,
    text: &str,
    plan: &PreventionPlan,
    owners: &[AccountId],
    today: DueDate,
) -> Result<Vec<Event>, Error> {
    if known.0.len() >= MOST_STEPS {
        return Err(Conflict::LimitReached(Limited::PreventionSteps).into());
    }
    let text = checked_step(text)?;
    let plan = match plan {
        PreventionPlan::Planned { owner, due } => {
            if !owners.contains(owner) {
                return Err(Error::NotFound(Entity::OpenAccount(*owner)));
            }
            let days = due.days_since(today);
            if days < 0 {
                return Err(Error::invalid("due", FieldReason::Past));
            }
            if days > i64::from(FARTHEST_DUE) {
                let days = FARTHEST_DUE.into();
                return Err(Error::invalid("due", FieldReason::TooFarAway { days }));
            }
            plan.clone()
        }
        PreventionPlan::WillNotBeDone { reason } => {
            let reason = checked("reason", reason, true)?.unwrap_or_default();
            PreventionPlan::WillNotBeDone { reason }
        }
    };
    Ok(vec![Event::PreventionStepAdded { incident, text, plan }])
}

/// The text of a step, as it is kept: one line.
fn checked_step(text: &str) -> Result<String, Error> {
    let text = plain(text);
    let length = text.chars().count();
    let reason = if text.is_empty() {
        FieldReason::Empty
    } else if length > LONGEST_STEP {
        FieldReason::TooLong { most: LONGEST_STEP, length }
    } else if let Some(reason) = unreadable(&text) {
        reason
    } else {
        return Ok(text);
    };
    Err(Error::invalid("text", reason))
}

/// The step, if it is still open.
fn open_step(known: &PreventionSteps, step: u64) -> Result<&PreventionStep, Error> {
    let found = known.get(step).ok_or(Error::NotFound(Entity::PreventionStep(step)))?;
    if found.is_open() { Ok(found) } else { Err(Conflict::PreventionStepEnded(step).into()) }
}

/// Marks a step as done.
pub fn finish_step(
    known: &PreventionSteps,
    step: u64,
    evidence: &str,
) -> Result<Vec<Event>, Error> {
    let incident = open_step(known, step)?.incident;
    let evidence = checked("evidence", evidence, true)?.unwrap_or_default();
    Ok(vec![Event::PreventionStepDone { incident, step, evidence }])
}

/// Drops a step: it will not be done.
pub fn drop_step(known: &PreventionSteps, step: u64, reason: &str) -> Result<Vec<Event>, Error> {
    let incident = open_step(known, step)?.incident;
    let reason = checked("reason", reason, true)?.unwrap_or_default();
    Ok(vec![Event::PreventionStepDropped { incident, step, reason }])
}

/// A recommendation that people can rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RatedRecommendation {
    /// Its place.
    pub place: u32,
    /// Its title.
    pub title: String,
    /// The rating that counts; `None` before anybody rated it.
    pub rating: Option<Rating>,
}

/// A person who may own a prevention step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StepOwner {
    /// Their account.
    pub account: AccountId,
    /// Their name.
    pub name: String,
}

/// The review of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReviewPage {
    /// Open proposals for the thresholds of its signals.
    #[serde(default)]
    pub proposals: Vec<OfferedThreshold>,
    /// The journal position at which it was read.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub cursor: Cursor,
    /// The time at which it was read.
    pub checked_at: Timestamp,
    /// The incident.
    pub incident: IncidentNumber,
    /// Its headline, for the team.
    pub headline: String,
    /// The time of its opening.
    pub opened_at: Timestamp,
    /// The time of its end; `None` while it is active.
    pub resolved_at: Option<Timestamp>,
    /// Facts, from journal and history.
    pub facts: ReviewFacts,
    /// The number of past incidents that it was compared with.
    pub compared: u32,
    /// The entries about it, oldest first, without the bodies of snapshots.
    pub timeline: Vec<Entry>,
    /// The number of newest entries that the timeline holds, beside the first ones of the steps;
    /// `None` if it holds all.
    pub newest_only: Option<u32>,
    /// Its breached signals, for charts.
    pub series: Vec<Series>,
    /// The newest version of what people wrote.
    pub saved: Option<ReviewVersion>,
    /// Earlier versions, newest first.
    pub earlier: Vec<ReviewVersion>,
    /// Earlier incidents that are like it, at most three, the most similar first.
    #[serde(default)]
    pub similar: Vec<SimilarIncident>,
    /// The recommendations that ran, and how they were rated.
    pub ratings: Vec<RatedRecommendation>,
    /// Its prevention steps, in the order in which they were added.
    pub steps: Vec<PreventionStep>,
    /// The people who may own a step.
    pub owners: Vec<StepOwner>,
    /// The address of an issue tracker with `{title}` and `{body}`, if it is set.
    pub issue_url: Option<String>,
    /// True if the journal begins with generated data, which an issue says first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_generated: bool,
    /// Names of those who did something.
    pub names: Names,
    /// True if the reader may write.
    pub may_write: bool,
    /// True if the reader may rate recommendations.
    pub may_rate: bool,
}

/// Prevention steps of all incidents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PreventionList {
    /// The journal position at which it was read.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub cursor: Cursor,
    /// The day of the reading, in UTC.
    pub today: DueDate,
    /// The steps that are still to be done, those that are due first at the beginning.
    pub open: Vec<PreventionStep>,
    /// Steps that were done or dropped, the newest first; at most 50.
    pub ended: Vec<PreventionStep>,
    /// The address of an issue tracker with `{title}` and `{body}`, if it is set.
    pub issue_url: Option<String>,
    /// True if the journal begins with generated data, which an issue says first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_generated: bool,
    /// Names of owners, and of those who did something.
    pub names: Names,
    /// True if the reader may write.
    pub may_write: bool,
}

#[cfg(test)]
mod tests;
