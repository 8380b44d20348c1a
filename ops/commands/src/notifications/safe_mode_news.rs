//! News of safe mode: to people, and to a product that follows it by a webhook.

use domain::{
    journal::{Entry, EventGroup, ProtectionEvent},
    protection::SafeModeStage,
    severity::Severity,
};
use serde::{Deserialize, Serialize};

/// News of safe mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SafeModeNews {
    /// A person began it.
    BegunByPerson,
    /// Calm Ops began it.
    BegunByItself,
    /// Now at this stage.
    Stage(SafeModeStage),
    /// A person ended it.
    Ended,
    /// Still in force.
    StillInForce,
}

impl SafeModeNews {
    /// The word by which programs know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BegunByPerson | Self::BegunByItself => "safe_mode_began",
            Self::Stage(_) => "safe_mode_stage_changed",
            Self::Ended => "safe_mode_ended",
            Self::StillInForce => "safe_mode_reminder",
        }
    }

    /// The severity. Of what Calm Ops began on its own everyone hears, also in quiet hours.
    pub(super) const fn severity(self) -> Severity {
        match self {
            Self::BegunByItself => Severity::Critical,
            Self::BegunByPerson | Self::Stage(_) | Self::Ended | Self::StillInForce => {
                Severity::Warning
            }
        }
    }

    /// True if it says something only as long as safe mode is in force.
    pub const fn is_over_with_it(self) -> bool {
        !matches!(self, Self::Ended)
    }

    /// The news that an entry tells.
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        let EventGroup::Protection(event) = entry.event.as_ref()?.group() else { return None };
        Some(match event {
            ProtectionEvent::SafeModeBegan { .. } if entry.actor.is_person() => Self::BegunByPerson,
            ProtectionEvent::SafeModeBegan { .. } => Self::BegunByItself,
            ProtectionEvent::SafeModeStageChanged { stage, .. } => Self::Stage(*stage),
            ProtectionEvent::SafeModeEnded => Self::Ended,
            ProtectionEvent::SafeModeReminded { .. } => Self::StillInForce,
            ProtectionEvent::MeasureBegan { .. }
            | ProtectionEvent::MeasureChanged { .. }
            | ProtectionEvent::MeasureEnded { .. }
            | ProtectionEvent::AutomationSuspended { .. }
            | ProtectionEvent::AutomationResumed
            | ProtectionEvent::OrganizationPlanSet { .. }
            | ProtectionEvent::OrganizationOverrideBegun { .. }
            | ProtectionEvent::OrganizationOverrideEnded { .. } => return None,
        })
    }
}
