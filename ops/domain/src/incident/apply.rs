//! The one place where events change an incident, so that the stored rows can be rebuilt from the journal.

use std::collections::BTreeMap;

use crate::{
    actor::Actor,
    id::IncidentNumber,
    incident::{Acknowledgement, Incident, IncidentBreach, Resolution},
    journal::{Event, EventGroup, IncidentEvent, ProtectionEvent, RecommendationEvent},
    lifecycle::State,
    protection::measure::{IncidentMeasure, LimitedRequests, MeasureEnded},
    recommendation::{Ended, Given, Recommendation, Stage},
    time::Timestamp,
};

/// The reasons for which an event does not fit the incident that it is for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The incident is not known.
    #[error("incident {0} does not exist")]
    Unknown(IncidentNumber),
    /// Exists already.
    #[error("incident {0} already exists")]
    Exists(IncidentNumber),
    /// The lifecycle does not allow the step.
    #[error("incident {number} is {from}: it can't become {to}")]
    Step {
        /// Number of the incident.
        number: IncidentNumber,
        /// Its state.
        from: State,
        /// The state that it should have reached.
        to: State,
    },
    /// The breach is not one of the incident's.
    #[error("incident {0} has no such problem")]
    NoBreach(IncidentNumber),
    /// The measure is not one of the incident's, is not in force, or is in force already.
    #[error("the measure does not fit those of incident {0}")]
    NoMeasure(IncidentNumber),
    /// The recommendation is not one of the incident's, or is not so far, or is further.
    #[error("recommendation {number}-{place} can't be {what} now")]
    Recommendation {
        /// Number of the incident.
        number: IncidentNumber,
        /// Place of the recommendation.
        place: u32,
        /// The step that should have been taken.
        what: &'static str,
    },
}

/// Carries one event out on the incident that it is about. `incident` is `None` before it is
/// opened. Events about other things change nothing here.
pub fn apply(
    incident: &mut Option<Incident>,
    event: &Event,
    actor: Actor,
    at: Timestamp,
) -> Result<(), Misfit> {
    match event.group() {
        EventGroup::Incident(IncidentEvent::IncidentOpened { incident: opened }) => {
            if incident.is_some() {
                return Err(Misfit::Exists(opened.number));
            }
            *incident = Some((**opened).clone());
            Ok(())
        }
        // To look is not to act on it.
        EventGroup::Incident(IncidentEvent::Inspected { incident: number, .. }) => {
            if incident.is_none() { Err(Misfit::Unknown(*number)) } else { Ok(()) }
        }
        EventGroup::Incident(event) => {
            incident_event(touched(incident, event.incident(), actor, at)?, event, actor, at)
        }
        EventGroup::Recommendation(event) => {
            recommendation_event(touched(incident, event.incident(), actor, at)?, event, actor, at)
        }
        // To tell others about an incident, or to learn from it, is not to act on it.
        EventGroup::Notification(_)
        | EventGroup::Share(_)
        | EventGroup::Message(_)
        | EventGroup::Review(_) => match event.incident() {
            Some(number) if incident.is_none() => Err(Misfit::Unknown(number)),
            _ => Ok(()),
        },
        EventGroup::Protection(event) => match event.incident() {
            Some(number) => {
                protection_event(touched(incident, number, actor, at)?, event, actor, at)
            }
            None => Ok(()),
        },
        EventGroup::Journal(_)
        | EventGroup::Report(_)
        | EventGroup::Document(_)
        | EventGroup::Threshold(_)
        | EventGroup::System(_)
        | EventGroup::Change(_)
        | EventGroup::Maintenance(_)
        | EventGroup::Practice(_)
        | EventGroup::StatusPage(_)
        | EventGroup::Account(_) => Ok(()),
    }
}

/// The incident that an event changes, with who changed it last and when.
fn touched(
    incident: &mut Option<Incident>,
    number: IncidentNumber,
    actor: Actor,
    at: Timestamp,
) -> Result<&mut Incident, Misfit> {
    let known = incident.as_mut().ok_or(Misfit::Unknown(number))?;
    known.touched_by_person |= actor.is_person();
    known.updated_at = at;
    Ok(known)
}

/// Carries an event about the incident itself out.
fn incident_event(
    known: &mut Incident,
    event: IncidentEvent<'_>,
    actor: Actor,
    at: Timestamp,
) -> Result<(), Misfit> {
    let number = known.number;
    match event {
        IncidentEvent::IncidentOpened { .. } => return Err(Misfit::Exists(number)),
        IncidentEvent::BreachJoined { breach, .. } => {
            known.quiet_since = None;
            known.resolution_offered = false;
            match known.breaches.iter_mut().find(|old| old.breach.key == breach.key) {
                Some(old) => *old = IncidentBreach::holding((**breach).clone()),
                None => known.breaches.push(IncidentBreach::holding((**breach).clone())),
            }
            known.severity = known.severity.max(breach.severity);
        }
        IncidentEvent::BreachChanged { breach, .. } => {
            let old = known
                .breaches
                .iter_mut()
                .find(|old| old.breach.key == breach.key)
                .ok_or(Misfit::NoBreach(number))?;
            old.breach = (**breach).clone();
            known.severity = known.severity.max(breach.severity);
        }
        IncidentEvent::BreachCleared { key, ending, .. } => {
            let old = known
                .breaches
                .iter_mut()
                .find(|old| old.breach.key == *key)
                .ok_or(Misfit::NoBreach(number))?;
            (old.cleared_at, old.ending) = (Some(at), Some(*ending));
            if known.breaches.iter().all(|breach| breach.cleared_at.is_some()) {
                known.quiet_since = Some(at);
            }
        }
        IncidentEvent::Moved { from, to, step, .. } => {
            if known.state != *from || known.state.after(*step) != Some(*to) {
                return Err(Misfit::Step { number, from: known.state, to: *to });
            }
            known.state = *to;
        }
        IncidentEvent::SummaryWritten { summary, .. } => known.summary = (**summary).clone(),
        IncidentEvent::SnapshotSaved { .. } => known.snapshots += 1,
        IncidentEvent::Acknowledged { .. } => {
            known.acknowledged = Some(Acknowledgement { by: actor, at });
        }
        IncidentEvent::Commented { .. } | IncidentEvent::Inspected { .. } => {}
        IncidentEvent::ImpactChanged { impact, .. } => {
            let mut impact = impact.clone();
            // It was decided before it was known that someone resolved the incident.
            if known.state == State::Resolved {
                impact.end(at);
            }
            known.impact = Some(impact);
        }
        IncidentEvent::ResolutionOffered { .. } => known.resolution_offered = true,
        IncidentEvent::Resolved { step, note, .. } => {
            if known.state.after(*step) != Some(State::Resolved) {
                return Err(Misfit::Step { number, from: known.state, to: State::Resolved });
            }
            known.state = State::Resolved;
            if let Some(impact) = &mut known.impact {
                impact.end(at);
            }
            known.resolution_offered = false;
            known.resolution = Some(Resolution { by: actor, at, note: note.clone() });
        }
        IncidentEvent::Reopened { .. } => {
            let to = known.state.after(crate::lifecycle::Step::Reopen);
            known.state =
                to.ok_or(Misfit::Step { number, from: known.state, to: State::Detected })?;
            known.reopened += 1;
            known.resolution = None;
            known.resolution_offered = false;
            // Who took note then may be asleep now: it is new trouble, and someone is to take note
            // anew.
            known.acknowledged = None;
            known.quiet_since = None;
            // What has cleared is quiet from now on: the agent counts its time anew.
            if !known.breaches.is_empty()
                && known.breaches.iter().all(|breach| breach.cleared_at.is_some())
            {
                known.quiet_since = Some(at);
            }
        }
    }
    Ok(())
}

/// Carries an event about one of the incident's measures out.
fn protection_event(
    known: &mut Incident,
    event: ProtectionEvent<'_>,
    actor: Actor,
    at: Timestamp,
) -> Result<(), Misfit> {
    let number = known.number;
    match event {
        ProtectionEvent::MeasureBegan { measure, .. } => {
            if in_force(known, &measure.requests).is_some() {
                return Err(Misfit::NoMeasure(number));
            }
            let measure = (**measure).clone();
            known.measures.push(IncidentMeasure { measure, began_at: at, ended: None });
        }
        ProtectionEvent::MeasureChanged { measure, .. } => {
            let one = in_force(known, &measure.requests).ok_or(Misfit::NoMeasure(number))?;
            one.measure = (**measure).clone();
        }
        ProtectionEvent::MeasureEnded { requests, ending, .. } => {
            let one = in_force(known, requests).ok_or(Misfit::NoMeasure(number))?;
            one.ended = Some(MeasureEnded { at, by: actor, ending: *ending });
        }
        ProtectionEvent::AutomationSuspended { .. }
        | ProtectionEvent::AutomationResumed
        | ProtectionEvent::SafeModeBegan { .. }
        | ProtectionEvent::SafeModeStageChanged { .. }
        | ProtectionEvent::SafeModeEnded
        | ProtectionEvent::SafeModeReminded { .. }
        | ProtectionEvent::OrganizationPlanSet { .. }
        | ProtectionEvent::OrganizationOverrideBegun { .. }
        | ProtectionEvent::OrganizationOverrideEnded { .. } => {}
    }
    Ok(())
}

fn in_force<'a>(
    known: &'a mut Incident,
    requests: &LimitedRequests,
) -> Option<&'a mut IncidentMeasure> {
    known.measures.iter_mut().find(|one| one.ended.is_none() && one.measure.requests == *requests)
}

/// Carries an event about one of the incident's recommendations out.
fn recommendation_event(
    known: &mut Incident,
    event: RecommendationEvent<'_>,
    actor: Actor,
    at: Timestamp,
) -> Result<(), Misfit> {
    let number = known.number;
    let (place, what) = match event {
        RecommendationEvent::Recommended { recommendation, .. } => {
            return offer(known, recommendation);
        }
        RecommendationEvent::RecommendationWithdrawn { place, .. } => (*place, "withdrawn"),
        RecommendationEvent::RecommendationDeclined { place, .. } => (*place, "declined"),
        RecommendationEvent::Approved { place, .. } => (*place, "approved"),
        RecommendationEvent::RunStarted { place, .. } => (*place, "started"),
        RecommendationEvent::RunCancelled { place, .. } => (*place, "cancelled"),
        RecommendationEvent::RunEnded { place, .. } => (*place, "ended"),
        RecommendationEvent::RunProved { place, .. } => (*place, "proved"),
    };
    let misfit = Misfit::Recommendation { number, place, what };
    let one = known
        .recommendations
        .iter_mut()
        .find(|one| one.place == place)
        .ok_or_else(|| misfit.clone())?;
    let stage = match (event, &one.stage) {
        (
            RecommendationEvent::RecommendationWithdrawn { why, .. },
            Stage::Offered | Stage::Approved { .. },
        ) => Stage::Withdrawn { at, why: *why },
        (RecommendationEvent::RecommendationDeclined { reason, .. }, Stage::Offered) => {
            Stage::Declined { by: actor, at, reason: reason.clone() }
        }
        (RecommendationEvent::Approved { binding, .. }, Stage::Offered) => {
            // A yes to how things stood before is none to how they stand now.
            one.approvals.retain(|given| given.binding == *binding && given.by != actor);
            one.approvals.push(Given { by: actor, at, binding: *binding });
            if one.approvals_missing() == 0 { Stage::Approved { at } } else { Stage::Offered }
        }
        (RecommendationEvent::RunStarted { .. }, Stage::Approved { .. }) => {
            Stage::Running { started_at: at, cancelled: None }
        }
        (
            RecommendationEvent::RunCancelled { .. },
            Stage::Running { started_at, cancelled: None },
        ) => Stage::Running { started_at: *started_at, cancelled: Some((actor, at)) },
        (
            RecommendationEvent::RunEnded { outcome, duration, .. },
            Stage::Running { started_at, cancelled },
        ) => Stage::Ended(Ended {
            started_at: *started_at,
            cancelled: *cancelled,
            at,
            outcome: outcome.clone(),
            duration: *duration,
            worked: None,
            began_before: false,
            proved_at: None,
        }),
        (RecommendationEvent::RunProved { worked, counts, .. }, Stage::Ended(ended))
            if ended.worked.is_none() =>
        {
            let began_before = *worked && !*counts && ended.outcome.is_success();
            Stage::Ended(Ended {
                worked: Some(*worked),
                began_before,
                proved_at: Some(at),
                ..ended.clone()
            })
        }
        _ => return Err(misfit),
    };
    one.stage = stage;
    Ok(())
}

/// Adds a recommendation.
fn offer(known: &mut Incident, recommendation: &Recommendation) -> Result<(), Misfit> {
    let next = known.recommendations.last().map_or(1, |last| last.place + 1);
    if recommendation.place != next || !recommendation.is_offered() {
        let (number, place) = (known.number, recommendation.place);
        return Err(Misfit::Recommendation { number, place, what: "offered" });
    }
    known.recommendations.push(recommendation.clone());
    Ok(())
}

/// Carries a batch of events out, in their order: all of them, or none if one does not fit.
pub fn apply_all(
    incidents: &mut BTreeMap<IncidentNumber, Incident>,
    events: &[Event],
    actor: Actor,
    at: Timestamp,
) -> Result<(), Misfit> {
    let mut touched: BTreeMap<IncidentNumber, Option<Incident>> = BTreeMap::new();
    for event in events {
        let Some(number) = event.incident() else { continue };
        let incident = touched.entry(number).or_insert_with(|| incidents.get(&number).cloned());
        apply(incident, event, actor, at)?;
    }
    incidents
        .extend(touched.into_iter().filter_map(|(number, incident)| Some((number, incident?))));
    Ok(())
}
