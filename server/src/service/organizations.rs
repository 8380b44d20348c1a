//! Organizations: changes of their plans, their page and their list.

use std::{collections::BTreeMap, sync::Arc};

use commands::{
    command::{BeginPlanOverride, EndMeasure, EndPlanOverride, SetOrganizationPlan},
    operation::Operation as _,
    organizations::{
        ClassQuota, IncidentOfOrganization, OrganizationCard, OrganizationList, OrganizationPage,
        begin_override, end_override, set_plan,
    },
    reading::{GetOrganization, ListOrganizations},
};
use domain::{
    access::Principal,
    authorization::authorize,
    error::{Entity, Error},
    incident::Incident,
    journal::Event,
    protection::{MeasureInForce, OrganizationPlans, PlanSource, is_organization_name},
    subject::Subject,
    time::Timestamp,
};
use policy::limits::{Limits, NamedPlans, Organization};

use super::{
    failure::refuse,
    inner::Inner,
    quotas::{batch_bound, quota_view},
    readings::without_body,
};
use crate::store::Decide;

/// Number of entries on a page of the timeline.
const TIMELINE: u32 = 30;
/// The most organizations of one page of the list.
const MOST_LISTED: u32 = 1_000;

/// Only what can be the name of an organization is looked up or changed.
pub(super) fn check(organization: &Subject) -> Result<(), Error> {
    let is_one = organization.kind() == "organization" && is_organization_name(organization.name());
    is_one.then_some(()).ok_or_else(|| Error::NotFound(Entity::Subject(organization.clone())))
}

fn events(events: Vec<Event>) -> Decide {
    Box::new(move |_| Ok(events))
}

impl Inner {
    /// The plans of the limits in force.
    fn known_plans(limits: Option<&Limits>) -> Vec<String> {
        let plans = limits.map(Limits::plans).unwrap_or_default();
        plans.iter().map(|plan| plan.name.as_str().to_owned()).collect()
    }

    pub(super) async fn set_organization_plan(
        &self,
        SetOrganizationPlan { organization, plan }: SetOrganizationPlan,
    ) -> Result<Decide, Error> {
        check(&organization)?;
        let known = Self::known_plans(self.board.shown().limits.as_deref());
        let stored = self.store.as_organizations().plans_of(&organization).await;
        let event = set_plan(&stored.map_err(refuse)?, &known, plan)?;
        Ok(events(event.into_iter().collect()))
    }

    pub(super) async fn begin_plan_override(
        &self,
        BeginPlanOverride { organization, request }: BeginPlanOverride,
    ) -> Result<Decide, Error> {
        check(&organization)?;
        let known = Self::known_plans(self.board.shown().limits.as_deref());
        let protection = self.at_hand().await.map_err(refuse)?.protection;
        let now = self.clock.now().wall;
        let event = begin_override(&protection, &known, organization, request, now)?;
        Ok(events(vec![event]))
    }

    pub(super) async fn end_plan_override(
        &self,
        EndPlanOverride { organization }: EndPlanOverride,
    ) -> Result<Decide, Error> {
        let protection = self.at_hand().await.map_err(refuse)?.protection;
        Ok(events(vec![end_override(&protection, organization)?]))
    }

    pub(super) async fn organization_page(
        &self,
        caller: &Principal,
        GetOrganization { organization, before }: GetOrganization,
    ) -> Result<OrganizationPage, Error> {
        check(&organization)?;
        let at_hand = self.at_hand().await.map_err(refuse)?;
        let store = self.store.as_organizations();
        let plans = store.plans_of(&organization).await.map_err(refuse)?;
        let mut timeline = store
            .organization_entries(&organization, before, TIMELINE + 1)
            .await
            .map_err(refuse)?;
        let has_older = timeline.len() > TIMELINE as usize;
        timeline.truncate(TIMELINE as usize);
        let older = timeline.last().filter(|_| has_older).map(|entry| entry.number);
        let shown = self.board.shown();
        let now = self.clock.now().wall;
        let limits = shown.limits.as_deref();
        let (source, plan, quotas) = quotas_of(limits, &plans, now);
        let is_of = |one: &&MeasureInForce| one.measure.requests.organization == organization;
        let protection = &at_hand.protection;
        let measures = protection.in_effect();
        let signals = shown.readings.readings.iter();
        let traffic = shown.traffic.as_ref().map(|traffic| {
            let own = traffic.iter().filter(|one| one.requests.organization == organization);
            own.cloned().collect::<Vec<_>>()
        });
        Ok(OrganizationPage {
            cursor: at_hand.cursor,
            checked_at: now,
            plan,
            source,
            quotas,
            batch: limits.and_then(batch_bound),
            measures: measures.filter(is_of).cloned().collect(),
            safe_mode: protection.safe_mode.as_ref().map(|one| one.stage),
            incidents: incidents_of(&at_hand.incidents, &organization),
            traffic: traffic.filter(|traffic| !traffic.is_empty()),
            signals: signals
                .filter(|one| one.subject == organization)
                .map(|one| one.signal.clone())
                .collect(),
            timeline: timeline.into_iter().map(without_body).collect(),
            older,
            known_plans: Self::known_plans(limits),
            names: self.names().await?,
            may_stop: authorize(caller, EndMeasure::PERMISSION).is_ok(),
            may_override: authorize(caller, BeginPlanOverride::PERMISSION).is_ok(),
            plans,
        })
    }

    pub(super) async fn organization_list(
        &self,
        ListOrganizations { after, limit }: ListOrganizations,
    ) -> Result<OrganizationList, Error> {
        let limit = limit.clamp(1, MOST_LISTED);
        let (cursor, _) = self.store.head().await.map_err(refuse)?;
        let stored = self.store.as_organizations().organizations(after.as_deref(), limit + 1);
        let mut cards: BTreeMap<String, OrganizationCard> = BTreeMap::new();
        for plans in stored.await.map_err(refuse)? {
            let name = plans.organization.name().to_owned();
            cards.insert(name, OrganizationCard { plans, is_watched: false });
        }
        let readings = Arc::clone(&self.board.shown().readings);
        let watched = readings.readings.iter().map(|one| &one.subject);
        for subject in watched.filter(|one| one.kind() == "organization") {
            let name = subject.name();
            if after.as_deref().is_none_or(|after| name > after) {
                let none = || OrganizationPlans::none(subject.clone());
                cards
                    .entry(name.to_owned())
                    .or_insert_with(|| OrganizationCard { plans: none(), is_watched: true })
                    .is_watched = true;
            }
        }
        let has_more = cards.len() > limit as usize;
        let organizations: Vec<OrganizationCard> =
            cards.into_values().take(limit as usize).collect();
        let last = organizations.last().filter(|_| has_more);
        let next = last.map(|one| one.plans.organization.name().to_owned());
        Ok(OrganizationList { cursor, organizations, next })
    }
}

/// The plan in force, where it comes from, and the quota of each class.
fn quotas_of(
    limits: Option<&Limits>,
    plans: &OrganizationPlans,
    now: Timestamp,
) -> (PlanSource, Option<String>, Vec<ClassQuota>) {
    let organization = Organization::new(plans.organization.name());
    let Some((limits, organization)) = limits.zip(organization) else {
        return (PlanSource::Default, None, Vec::new());
    };
    let named = NamedPlans {
        overridden: plans.override_at(now).map(|one| one.plan.as_str()),
        assigned: plans.assigned.as_ref().map(|one| one.plan.as_str()),
        header: None,
    };
    let (source, plan) = limits.plan_of(named, &organization, now);
    let quotas = limits.classes().iter().map(|class| ClassQuota {
        class: class.name.clone(),
        quota: limits.limit(named, &organization, class.id, now).map(quota_view),
    });
    (source, plan.map(|plan| plan.name.as_str().to_owned()), quotas.collect())
}

/// The active incidents that affect an organization or are about it, newest first.
fn incidents_of(incidents: &[Incident], organization: &Subject) -> Vec<IncidentOfOrganization> {
    let active = incidents.iter().rev().filter(|one| one.is_active());
    active
        .filter_map(|one| {
            let affected = one.impact.as_ref().and_then(|impact| {
                let mut known = impact.organizations.iter();
                known.find(|known| known.organization == *organization).cloned()
            });
            let is_about = one.subjects().contains(&organization);
            (is_about || affected.is_some())
                .then_some(IncidentOfOrganization { incident: one.number, effects: affected })
        })
        .collect()
}
