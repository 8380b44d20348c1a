//! Organizations as their plans are changed and as they are shown.

use domain::{
    actor::Names,
    error::{Conflict, Entity, Error, FieldReason, Limited},
    id::IncidentNumber,
    impact::AffectedOrganization,
    input::checked,
    journal::{Cursor, Entry, Event},
    protection::{
        ClassTraffic, LONGEST_OVERRIDE, MOST_OVERRIDES, MeasureInForce, OrganizationPlans,
        OverrideEnding, PlanSource, Protection, SafeModeStage,
    },
    signal::Signal,
    subject::Subject,
    text::clip,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 300;

/// Checks that there is a plan. `known` are those of `limits.md`.
fn check_plan(known: &[String], plan: &str) -> Result<(), Error> {
    if known.iter().any(|one| one == plan) {
        return Ok(());
    }
    let reason = FieldReason::UnknownPlan { found: clip(plan, 60), known: known.to_vec() };
    Err(Error::invalid("plan", reason))
}

/// Sets the plan of an organization, or removes it; `None` if it is so already: billing may say
/// each night what it said before. `known` are the plans of `limits.md`.
pub fn set_plan(
    before: &OrganizationPlans,
    known: &[String],
    plan: Option<String>,
) -> Result<Option<Event>, Error> {
    if let Some(plan) = &plan {
        check_plan(known, plan)?;
    }
    let is_same = before.assigned.as_ref().map(|one| &one.plan) == plan.as_ref();
    let organization = before.organization.clone();
    Ok((!is_same).then_some(Event::OrganizationPlanSet { organization, plan }))
}

/// An override as it is asked for, before it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideRequest {
    /// The name of the plan.
    pub plan: String,
    /// The end.
    pub until: Timestamp,
    /// The reason.
    pub reason: String,
}

/// Begins an override; it takes the place of one that is in force. `known` are the plans of
/// `limits.md`.
pub fn begin_override(
    protection: &Protection,
    known: &[String],
    organization: Subject,
    request: OverrideRequest,
    now: Timestamp,
) -> Result<Event, Error> {
    let OverrideRequest { plan, until, reason } = request;
    check_plan(known, &plan)?;
    if until <= now {
        return Err(Error::invalid("until", FieldReason::Past));
    }
    if until > now.plus(LONGEST_OVERRIDE) {
        let days = LONGEST_OVERRIDE.as_secs() / 86_400;
        return Err(Error::invalid("until", FieldReason::TooFarAway { days }));
    }
    let reason = checked("reason", &reason, true)?.unwrap_or_default();
    let length = reason.chars().count();
    if length > LONGEST_REASON {
        return Err(Error::invalid(
            "reason",
            FieldReason::TooLong { most: LONGEST_REASON, length },
        ));
    }
    let others = protection.overrides.iter().filter(|one| one.organization != organization);
    if others.count() >= MOST_OVERRIDES {
        return Err(Conflict::LimitReached(Limited::PlanOverrides).into());
    }
    Ok(Event::OrganizationOverrideBegun { organization, plan, until, reason })
}

/// Ends an override before its time is over.
pub fn end_override(protection: &Protection, organization: Subject) -> Result<Event, Error> {
    let Some(one) = protection.overrides.iter().find(|one| one.organization == organization) else {
        return Err(Error::NotFound(Entity::PlanOverride(organization)));
    };
    Ok(Event::OrganizationOverrideEnded {
        organization,
        begun: one.number,
        ending: OverrideEnding::Person,
    })
}

/// The state of a limit of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum QuotaState {
    /// Nothing is counted against it.
    Off,
    /// Requests above it are counted, and pass.
    Observe,
    /// Requests above it are refused.
    On,
}

/// The bound of all batch requests together, whoever sends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BatchBound {
    /// Requests that may be under way at the same time.
    pub at_a_time: u32,
    /// True if requests above it are refused.
    pub state: QuotaState,
}

/// The quota of an organization for a class of requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ClassQuota {
    /// The class, as `limits.md` names it.
    pub class: String,
    /// The quota; `None` if the class is not limited.
    pub quota: Option<QuotaView>,
}

/// A quota.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct QuotaView {
    /// The requests of its rate.
    pub requests: u32,
    /// The time in which they may be sent.
    pub per: Span,
    /// Requests that may come at once after a pause.
    pub burst: u32,
    /// Requests that may be under way at the same time; `None` if any number may.
    pub at_a_time: Option<u32>,
    /// True if requests above it are refused.
    pub state: QuotaState,
}

/// An active incident that affects an organization, or that is about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct IncidentOfOrganization {
    /// The incident.
    pub incident: IncidentNumber,
    /// Its effects on the organization; `None` if it is only about it.
    pub effects: Option<AffectedOrganization>,
}

/// An organization, as pages and programs see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrganizationPage {
    /// The journal position that it is of.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub cursor: Cursor,
    /// Time at which it was read.
    pub checked_at: Timestamp,
    /// The plan that is set, and the override.
    #[serde(flatten)]
    pub plans: OrganizationPlans,
    /// The plan in force; `None` if `limits.md` does not even have a default one.
    pub plan: Option<String>,
    /// The source of the plan in force. Requests may name another plan by a header where it is
    /// `default`.
    pub source: PlanSource,
    /// The quota for each class, in the order of `limits.md`.
    pub quotas: Vec<ClassQuota>,
    /// The bound of the batch requests of all organizations together; `None` if there is none.
    pub batch: Option<BatchBound>,
    /// Measures of the agent in force for it.
    pub measures: Vec<MeasureInForce>,
    /// The stage of safe mode, if it is in force.
    pub safe_mode: Option<SafeModeStage>,
    /// Active incidents that affect it or are about it, newest first.
    pub incidents: Vec<IncidentOfOrganization>,
    /// Its traffic by class; `None` if it is not watched now.
    pub traffic: Option<Vec<ClassTraffic>>,
    /// Its signals that are watched now.
    pub signals: Vec<Signal>,
    /// Its events, newest first.
    pub timeline: Vec<Entry>,
    /// The number before which older entries are; `None` if there are none.
    pub older: Option<u64>,
    /// The plans that there are.
    pub known_plans: Vec<String>,
    /// Names of those who are named here.
    pub names: Names,
    /// True if the reader may lift a measure.
    pub may_stop: bool,
    /// True if the reader may begin and end an override.
    pub may_override: bool,
}

/// An organization in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrganizationCard {
    /// The plan that is set, and the override.
    #[serde(flatten)]
    pub plans: OrganizationPlans,
    /// True if its traffic is counted exactly now.
    pub is_watched: bool,
}

/// Organizations in the order of their names' bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrganizationList {
    /// The journal position that it is of.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub cursor: Cursor,
    /// Those that have a plan that is set or an override, or are watched now.
    pub organizations: Vec<OrganizationCard>,
    /// The name after which further ones come; `None` if there are none.
    pub next: Option<String>,
}

#[cfg(test)]
mod tests {
    use domain::{actor::Actor, protection::organization_named};

    use super::*;

    fn acme() -> Subject {
        organization_named("acme").unwrap()
    }

    fn known() -> Vec<String> {
        ["default", "pro"].map(str::to_owned).to_vec()
    }

    fn entry(event: Event) -> Entry {
        Entry { number: 1, at: Timestamp::from_secs(100), actor: Actor::Local, event: Some(event) }
    }

    #[test]
    fn a_plan_is_set_once_and_must_be_known() {
        let mut plans = OrganizationPlans::none(acme());
        let set = |plans: &OrganizationPlans, plan: Option<&str>| {
            set_plan(plans, &known(), plan.map(str::to_owned))
        };
        assert_eq!(set(&plans, None), Ok(None));
        let Err(Error::InvalidField { reason, .. }) = set(&plans, Some("gold")) else { panic!() };
        assert_eq!(reason, FieldReason::UnknownPlan { found: "gold".into(), known: known() });
        plans.take(&entry(set(&plans, Some("pro")).unwrap().unwrap()));
        assert_eq!(set(&plans, Some("pro")), Ok(None));
        assert!(set(&plans, Some("default")).unwrap().is_some());
        plans.take(&entry(set(&plans, None).unwrap().unwrap()));
        assert_eq!(plans.assigned, None);
    }

    #[test]
    fn an_override_has_a_known_plan_an_end_and_a_reason() {
        let now = Timestamp::from_secs(1_000);
        let good = OverrideRequest {
            plan: "pro".to_owned(),
            until: now.plus(LONGEST_OVERRIDE),
            reason: " migration ".to_owned(),
        };
        let mut protection = Protection::default();
        let begin = |protection: &Protection, request: &OverrideRequest| {
            begin_override(protection, &known(), acme(), request.clone(), now)
        };
        let field = |request: OverrideRequest| match begin(&Protection::default(), &request) {
            Err(Error::InvalidField { field, .. }) => field.into_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(field(OverrideRequest { plan: "gold".into(), ..good.clone() }), "plan");
        assert_eq!(field(OverrideRequest { until: now, ..good.clone() }), "until");
        let late = now.plus(LONGEST_OVERRIDE).plus(Span::from_secs(1));
        assert_eq!(field(OverrideRequest { until: late, ..good.clone() }), "until");
        assert_eq!(field(OverrideRequest { reason: " ".into(), ..good.clone() }), "reason");
        assert_eq!(field(OverrideRequest { reason: "x".repeat(301), ..good.clone() }), "reason");

        assert!(matches!(
            end_override(&protection, acme()),
            Err(Error::NotFound(Entity::PlanOverride(_)))
        ));
        protection.take(&entry(begin(&protection, &good).unwrap()));
        assert_eq!(protection.overrides[0].reason, "migration");
        protection.take(&entry(end_override(&protection, acme()).unwrap()));
        assert!(protection.overrides.is_empty());

        for number in 0..MOST_OVERRIDES {
            let organization = organization_named(&format!("customer-{number}")).unwrap();
            let event = begin_override(&protection, &known(), organization, good.clone(), now);
            protection.take(&entry(event.unwrap()));
        }
        assert!(matches!(
            begin(&protection, &good),
            Err(Error::Conflict(Conflict::LimitReached(Limited::PlanOverrides)))
        ));
        // One that is in force can be replaced all the same.
        let first = organization_named("customer-0").unwrap();
        assert!(begin_override(&protection, &known(), first, good, now).is_ok());
    }
}
