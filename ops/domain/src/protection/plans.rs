//! Plans of organizations: the one that is set for good, and the override of a person. A projection
//! of the journal.

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    journal::{Entry, EventGroup, ProtectionEvent},
    subject::Subject,
    time::Timestamp,
};

/// The plan that the product's billing, or a person, set for an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AssignedPlan {
    /// Its name; `limits.md` had it when it was set.
    pub plan: String,
    /// The one who set it.
    pub by: Actor,
    /// The time.
    pub at: Timestamp,
}

/// Another plan for an organization, for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PlanOverride {
    /// Its number: that of the entry that began it.
    pub number: u64,
    /// The organization: `organization:acme`.
    pub organization: Subject,
    /// The name of the plan; `limits.md` had it when it began.
    pub plan: String,
    /// The end.
    pub until: Timestamp,
    /// The reason, in the words of whoever began it.
    pub reason: String,
    /// The one who began it.
    pub by: Actor,
    /// The beginning.
    pub began_at: Timestamp,
}

/// The plans of one organization, as the journal tells them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrganizationPlans {
    /// The organization: `organization:acme`.
    pub organization: Subject,
    /// The plan that is set; `None` if none is.
    pub assigned: Option<AssignedPlan>,
    /// The override of which no end is journalled; its time may be over.
    pub overridden: Option<PlanOverride>,
}

impl OrganizationPlans {
    /// Nothing is known of the organization.
    pub const fn none(organization: Subject) -> Self {
        Self { organization, assigned: None, overridden: None }
    }

    /// Takes an entry; entries come in their order, and those about others change nothing.
    pub fn take(&mut self, entry: &Entry) {
        let Some(EventGroup::Protection(event)) = entry.event.as_ref().map(|one| one.group())
        else {
            return;
        };
        match event {
            ProtectionEvent::OrganizationPlanSet { organization, plan }
                if *organization == self.organization =>
            {
                let assigned = |plan: &String| AssignedPlan {
                    plan: plan.clone(),
                    by: entry.actor,
                    at: entry.at,
                };
                self.assigned = plan.as_ref().map(assigned);
            }
            ProtectionEvent::OrganizationOverrideBegun { organization, .. }
                if *organization == self.organization =>
            {
                self.overridden = PlanOverride::begun(entry);
            }
            ProtectionEvent::OrganizationOverrideEnded { begun, .. }
                if self.overridden.as_ref().is_some_and(|one| one.number == *begun) =>
            {
                self.overridden = None;
            }
            _ => {}
        }
    }

    /// The override in force at a time.
    pub fn override_at(&self, now: Timestamp) -> Option<&PlanOverride> {
        self.overridden.as_ref().filter(|one| now < one.until)
    }
}

impl PlanOverride {
    /// The override that an entry begins.
    pub fn begun(entry: &Entry) -> Option<Self> {
        let EventGroup::Protection(ProtectionEvent::OrganizationOverrideBegun {
            organization,
            plan,
            until,
            reason,
        }) = entry.event.as_ref()?.group()
        else {
            return None;
        };
        Some(Self {
            number: entry.number,
            organization: organization.clone(),
            plan: plan.clone(),
            until: *until,
            reason: reason.clone(),
            by: entry.actor,
            began_at: entry.at,
        })
    }
}
