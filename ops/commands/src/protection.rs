//! Protection as it is changed and shown.

use std::collections::BTreeMap;

use domain::{
    actor::Names,
    error::{Conflict, Entity, Error},
    id::IncidentNumber,
    input::checked,
    journal::{Cursor, Event},
    protection::{ClassTraffic, LimitedRequests, MeasureEnding, Protection, SafeModeStage},
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::organizations::BatchBound;

/// Lifts a measure before its end.
pub fn end_measure(protection: &Protection, requests: &LimitedRequests) -> Result<Event, Error> {
    let one = protection
        .measure(requests)
        .ok_or_else(|| Error::NotFound(Entity::Measure(requests.clone())))?;
    Ok(Event::MeasureEnded {
        incident: one.incident,
        requests: requests.clone(),
        ending: MeasureEnding::Person,
    })
}

/// Suspends automatic measures. Those in force are lifted with it: they take effect no longer, and
/// the agent journals the end of each.
pub fn suspend(protection: &Protection, reason: &str) -> Result<Event, Error> {
    let reason = checked("reason", reason, true)?.unwrap_or_default();
    if protection.suspension.is_some() {
        return Err(Conflict::AutomationSuspended.into());
    }
    Ok(Event::AutomationSuspended { reason })
}

/// Lets the agent take measures again.
pub fn resume(protection: &Protection) -> Result<Event, Error> {
    if protection.suspension.is_none() {
        return Err(Conflict::AutomationNotSuspended.into());
    }
    Ok(Event::AutomationResumed)
}

/// Begins safe mode.
pub fn begin_safe_mode(
    protection: &Protection,
    incident: Option<IncidentNumber>,
    reason: &str,
) -> Result<Event, Error> {
    let reason = checked("reason", reason, true)?.unwrap_or_default();
    if protection.safe_mode.is_some() {
        return Err(Conflict::SafeModeInForce.into());
    }
    Ok(Event::SafeModeBegan { incident, reason })
}

/// Goes to another stage of safe mode.
pub fn set_safe_mode_stage(protection: &Protection, stage: SafeModeStage) -> Result<Event, Error> {
    match &protection.safe_mode {
        None => Err(Conflict::NoSafeMode.into()),
        Some(in_force) if in_force.stage == stage => Err(Conflict::SafeModeStageUnchanged.into()),
        Some(_) => Ok(Event::SafeModeStageChanged { stage, incident: None }),
    }
}

/// Ends safe mode.
pub fn end_safe_mode(protection: &Protection) -> Result<Event, Error> {
    if protection.safe_mode.is_none() {
        return Err(Conflict::NoSafeMode.into());
    }
    Ok(Event::SafeModeEnded)
}

/// The state of protection that every page tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Restriction {
    /// Automatic measures are suspended.
    pub is_suspended: bool,
    /// The stage of safe mode, if it is in force.
    pub safe_mode: Option<SafeModeStage>,
}

impl From<&Protection> for Restriction {
    fn from(protection: &Protection) -> Self {
        Self {
            is_suspended: protection.suspension.is_some(),
            safe_mode: protection.safe_mode.as_ref().map(|one| one.stage),
        }
    }
}

/// Bounds of what the agent does without a person, as `limits.md` says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AutomationBounds {
    /// The largest share of all requests that it refuses, in percent.
    pub largest_share_percent: u8,
    /// The most organizations that it limits at a time.
    pub most_organizations: u32,
    /// The longest time of one of its measures.
    pub longest_measure: Span,
    /// True if it begins safe mode on its own.
    pub begins_safe_mode: bool,
}

/// The name of an operating mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ModeName {
    /// Everything passes that is within its limits.
    Normal,
    /// Safe mode is in force.
    Safe,
}

/// The access of the requests of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClassAccess {
    /// They pass.
    Passes,
    /// They are refused.
    Refused,
}

/// The operating mode, for programs that follow it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OperatingMode {
    /// Its name.
    pub mode: ModeName,
    /// The stage of safe mode; `null` in normal operation.
    pub stage: Option<SafeModeStage>,
    /// Since when it is so; `null` if that was always so.
    pub since: Option<Timestamp>,
    /// The access of the requests of each class of `limits.md`. What is in none is refused in safe
    /// mode.
    pub classes: BTreeMap<String, ClassAccess>,
    /// Organizations whose requests pass all the same.
    pub keep_writing: Vec<String>,
}

/// Protection, as pages and programs see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ProtectionPage {
    /// The journal position that it is of.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub cursor: Cursor,
    /// Time at which it was read.
    pub checked_at: Timestamp,
    /// Measures, whether the agent may take them, and safe mode.
    #[serde(flatten)]
    pub protection: Protection,
    /// Bounds of the agent.
    pub bounds: AutomationBounds,
    /// The bound of the batch requests of all organizations together; `None` if there is none.
    pub batch: Option<BatchBound>,
    /// Traffic of the organizations that send most, by class; `None` if there is no gate.
    pub traffic: Option<Vec<ClassTraffic>>,
    /// Names of those who are named here.
    pub names: Names,
    /// True if the reader may lift measures and suspend them.
    pub may_stop: bool,
    /// True if the reader may resume measures, and begin and end safe mode.
    pub may_decide: bool,
}

#[cfg(test)]
mod tests {
    use domain::{actor::Actor, breach::BreachKey, journal::Entry, protection::Measure};

    use super::*;

    fn in_force() -> Protection {
        let organization: domain::subject::Subject = "organization:acme".parse().unwrap();
        let measure = Measure {
            requests: LimitedRequests {
                organization: organization.clone(),
                class: "uploads".to_owned(),
            },
            rate: 15.0,
            sent: 120.0,
            usual: None,
            because: BreachKey {
                subject: organization,
                signal: "organization.batch".parse().unwrap(),
            },
            stage: 0,
            returns: 0,
            until: Timestamp::from_secs(600),
        };
        let began = Event::MeasureBegan { incident: IncidentNumber(3), measure: Box::new(measure) };
        after(&Protection::default(), &[began])
    }

    fn after(protection: &Protection, events: &[Event]) -> Protection {
        let mut protection = protection.clone();
        for (number, event) in (1..).zip(events) {
            let (at, event) = (Timestamp::from_secs(100), Some(event.clone()));
            protection.take(&Entry { number, at, actor: Actor::Local, event });
        }
        protection
    }

    #[test]
    fn one_switch_suspends_everything() {
        let before = in_force();
        let suspended = after(&before, &[suspend(&before, " too eager ").unwrap()]);
        assert_eq!(suspended.suspension.as_ref().unwrap().reason, "too eager");
        assert!(matches!(
            suspend(&suspended, "again"),
            Err(Error::Conflict(Conflict::AutomationSuspended))
        ));
        assert!(matches!(suspend(&before, " "), Err(Error::InvalidField { .. })));
        let resumed = after(&suspended, &[resume(&suspended).unwrap()]);
        assert!(resumed.suspension.is_none());
        assert!(matches!(resume(&resumed), Err(Error::Conflict(Conflict::AutomationNotSuspended))));
    }

    #[test]
    fn only_a_measure_in_force_is_lifted() {
        let before = in_force();
        let requests = before.measures[0].measure.requests.clone();
        let lifted = after(&before, &[end_measure(&before, &requests).unwrap()]);
        assert!(lifted.measures.is_empty());
        assert!(matches!(
            end_measure(&lifted, &requests),
            Err(Error::NotFound(Entity::Measure(_)))
        ));
    }

    #[test]
    fn safe_mode_is_begun_once_and_left_in_stages() {
        let calm = Protection::default();
        let begun = after(&calm, &[begin_safe_mode(&calm, None, "writes fail").unwrap()]);
        assert!(matches!(
            begin_safe_mode(&begun, None, "again"),
            Err(Error::Conflict(Conflict::SafeModeInForce))
        ));
        assert!(matches!(
            set_safe_mode_stage(&begun, SafeModeStage::ReadOnly),
            Err(Error::Conflict(Conflict::SafeModeStageUnchanged))
        ));
        let stage = set_safe_mode_stage(&begun, SafeModeStage::Interactive).unwrap();
        let left = after(&begun, &[stage, end_safe_mode(&begun).unwrap()]);
        assert!(left.safe_mode.is_none());
        for refused in [
            end_safe_mode(&left).unwrap_err(),
            set_safe_mode_stage(&left, SafeModeStage::ReadOnly).unwrap_err(),
        ] {
            assert!(matches!(refused, Error::Conflict(Conflict::NoSafeMode)));
        }
    }
}
