//! The rows about organizations in the store: their plans, and which entries are about them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    id::IncidentNumber,
    journal::{Entry, Event, EventGroup, IncidentEvent, ProtectionEvent, StoredEntry},
    protection::OrganizationPlans,
    subject::Subject,
    time::Timestamp,
};

use crate::store::error::StoreError;

/// Kinds of the entries by which plans change.
pub(super) const PLAN_KINDS: [&str; 3] =
    ["organization_plan_set", "organization_override_begun", "organization_override_ended"];
/// Kinds of all entries that can be about an organization.
pub(super) const KINDS: [&str; 8] = [
    "organization_plan_set",
    "organization_override_begun",
    "organization_override_ended",
    "measure_began",
    "measure_ended",
    "incident_opened",
    "breach_joined",
    "impact_changed",
];

/// Plans of organizations, and the entries about them.
#[async_trait]
pub trait Organizations: Send + Sync {
    /// The plans of one organization.
    async fn plans_of(&self, organization: &Subject) -> Result<OrganizationPlans, StoreError>;

    /// Organizations with a plan that is set or an override of which no end is journalled, whose
    /// names come after one, in the order of their names' bytes.
    async fn organizations(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<OrganizationPlans>, StoreError>;

    /// Names of organizations with the plans that are set, after a name, in the order of their
    /// bytes: for the gate, which reads all of them.
    async fn assigned_plans(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<(String, String)>, StoreError>;

    /// The entries about an organization with numbers smaller than `before`, newest first.
    async fn organization_entries(
        &self,
        organization: &Subject,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError>;

    /// The incidents that affected an organization, or any, and were open at or after a moment,
    /// newest first.
    async fn incidents_affecting(
        &self,
        organization: Option<&Subject>,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<IncidentNumber>, StoreError>;

    /// The entries that tell the impact of an incident, and when it was resolved and reopened,
    /// newest first.
    async fn impact_entries(
        &self,
        incident: IncidentNumber,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StoreError>;

    /// Rows as they are stored, after a name, in the order of their names' bytes.
    async fn plan_rows(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<(String, PlanRow)>, StoreError>;
}

/// The row of an organization: numbers of the entries that count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanRow {
    /// The plan that is set, and the entry that set it.
    pub plan: Option<(String, u64)>,
    /// The entry that began the override.
    pub overridden: Option<u64>,
}

impl PlanRow {
    /// True if nothing has to be stored.
    pub const fn is_empty(&self) -> bool {
        self.plan.is_none() && self.overridden.is_none()
    }
}

/// The rows as the journal makes them.
#[derive(Debug, Default)]
pub struct PlanRows(pub BTreeMap<String, PlanRow>);

impl PlanRows {
    /// True if an entry of this kind can change them.
    pub fn take_kind(kind: &str) -> bool {
        PLAN_KINDS.contains(&kind)
    }

    /// Takes the next entry. The organization that it changes.
    pub fn take<'e>(&mut self, entry: &'e Entry) -> Option<&'e str> {
        let EventGroup::Protection(event) = entry.event.as_ref()?.group() else { return None };
        let organization = match event {
            ProtectionEvent::OrganizationPlanSet { organization, .. }
            | ProtectionEvent::OrganizationOverrideBegun { organization, .. }
            | ProtectionEvent::OrganizationOverrideEnded { organization, .. } => organization,
            _ => return None,
        };
        let name = organization.name();
        let row = self.0.entry(name.to_owned()).or_default();
        match event {
            ProtectionEvent::OrganizationPlanSet { plan, .. } => {
                row.plan = plan.as_ref().map(|plan| (plan.clone(), entry.number));
            }
            ProtectionEvent::OrganizationOverrideBegun { .. } => {
                row.overridden = Some(entry.number);
            }
            ProtectionEvent::OrganizationOverrideEnded { begun, .. } => {
                row.overridden = row.overridden.filter(|number| number != begun);
            }
            _ => {}
        }
        if row.is_empty() {
            self.0.remove(name);
        }
        Some(organization.name())
    }
}

/// The organizations that an entry is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told<'a> {
    /// They take part in it.
    About(Vec<&'a str>),
    /// An incident affects them.
    Affected(Vec<&'a str>),
}

/// The organizations that an event is about, each once.
pub(super) fn told(event: &Event) -> Told<'_> {
    let only = |subject: &Subject| subject.kind() == "organization";
    let mut about: Vec<&str> = match event.group() {
        EventGroup::Protection(
            ProtectionEvent::OrganizationPlanSet { organization, .. }
            | ProtectionEvent::OrganizationOverrideBegun { organization, .. }
            | ProtectionEvent::OrganizationOverrideEnded { organization, .. },
        ) => vec![organization.name()],
        EventGroup::Protection(ProtectionEvent::MeasureBegan { measure, .. }) => {
            vec![measure.requests.organization.name()]
        }
        EventGroup::Protection(ProtectionEvent::MeasureEnded { requests, .. }) => {
            vec![requests.organization.name()]
        }
        EventGroup::Incident(IncidentEvent::IncidentOpened { incident }) => {
            let subjects = incident.breaches.iter().map(|one| &one.breach.key.subject);
            subjects.filter(|one| only(one)).map(Subject::name).collect()
        }
        EventGroup::Incident(IncidentEvent::BreachJoined { breach, .. }) => {
            Some(&breach.key.subject)
                .filter(|one| only(one))
                .map(Subject::name)
                .into_iter()
                .collect()
        }
        EventGroup::Incident(IncidentEvent::ImpactChanged { impact, .. }) => {
            let named = impact.organizations.iter().map(|one| one.organization.name());
            return Told::Affected(named.collect());
        }
        _ => Vec::new(),
    };
    about.sort_unstable();
    about.dedup();
    Told::About(about)
}
