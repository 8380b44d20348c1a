//! State of the page of an organization, and the form of it that was refused.

use commands::organizations::OrganizationPage as View;
#[cfg(any(feature = "hydrate", test))]
use domain::{
    journal::{Event, EventGroup, IncidentEvent, ProtectionEvent},
    subject::Subject,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::impact::Loaded;
use crate::problem::Problem;

/// The address that takes the forms of the page; pages of organizations are below it.
pub(crate) const PATH: &str = "/ops/organizations";

/// The page, and what is said about a form of it that was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrganizationView {
    /// The organization.
    pub page: View,
    /// The form that was refused, and why.
    pub refused: Option<RefusedOverride>,
}

/// A form of the page that was refused, with what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedOverride {
    /// The word of the form.
    pub what: String,
    /// The plan that was chosen.
    pub plan: String,
    /// The time that was chosen, in hours.
    pub hours: String,
    /// The reason that was typed.
    pub reason: String,
    /// The reason for the refusal.
    pub problem: Problem,
}

/// State of the page.
#[derive(Clone, Copy)]
pub(super) struct State {
    pub view: RwSignal<View>,
    pub refused: StoredValue<Option<RefusedOverride>>,
    pub impact: Loaded,
}

/// True if the page of an organization may show something else after an event.
#[cfg(any(feature = "hydrate", test))]
pub(super) fn concerns(event: &Event, organization: &Subject) -> bool {
    match event.group() {
        EventGroup::Protection(event) => match event {
            ProtectionEvent::MeasureBegan { measure, .. }
            | ProtectionEvent::MeasureChanged { measure, .. } => {
                measure.requests.organization == *organization
            }
            ProtectionEvent::MeasureEnded { requests, .. } => {
                requests.organization == *organization
            }
            ProtectionEvent::OrganizationPlanSet { organization: of, .. }
            | ProtectionEvent::OrganizationOverrideBegun { organization: of, .. }
            | ProtectionEvent::OrganizationOverrideEnded { organization: of, .. } => {
                of == organization
            }
            ProtectionEvent::AutomationSuspended { .. }
            | ProtectionEvent::AutomationResumed
            | ProtectionEvent::SafeModeBegan { .. }
            | ProtectionEvent::SafeModeStageChanged { .. }
            | ProtectionEvent::SafeModeReminded { .. }
            | ProtectionEvent::SafeModeEnded => true,
        },
        // They are few, and an incident may have affected the organization until now.
        EventGroup::Incident(
            IncidentEvent::IncidentOpened { .. }
            | IncidentEvent::BreachJoined { .. }
            | IncidentEvent::ImpactChanged { .. }
            | IncidentEvent::Resolved { .. }
            | IncidentEvent::Reopened { .. },
        )
        // Another version of limits.md may have other plans.
        | EventGroup::Document(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use domain::protection::{OverrideEnding, organization_named};

    use super::*;

    #[test]
    fn what_is_about_others_loads_nothing_again() {
        let acme = organization_named("acme").unwrap();
        let ended = |name: &str| Event::OrganizationOverrideEnded {
            organization: organization_named(name).unwrap(),
            begun: 1,
            ending: OverrideEnding::Expired,
        };
        assert!(concerns(&ended("acme"), &acme) && !concerns(&ended("globex"), &acme));
        assert!(concerns(&Event::SafeModeEnded, &acme));
        assert!(!concerns(&Event::Stopped, &acme));
    }
}
