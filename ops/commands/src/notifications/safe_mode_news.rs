//! What is told of safe mode: to people, and to a product that follows it by a webhook.

use domain::{
    journal::{Entry, EventGroup, ProtectionEvent},
    protection::SafeModeStage,
    severity::Severity,
};
use serde::{Deserialize, Serialize};

use crate::notifications::{Notification, Reason};

/// What is told of safe mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SafeModeNews {
    /// A person began it.
    BegunByPerson,
    /// Calm Ops began it.
    BegunByItself,
    /// It is at this stage now.
    Stage(SafeModeStage),
    /// A person ended it.
    Ended,
    /// It is still in force.
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

    /// Whether it says something only as long as safe mode is in force.
    pub const fn is_over_with_it(self) -> bool {
        !matches!(self, Self::Ended)
    }

    /// What an entry tells.
    fn of(entry: &Entry) -> Option<Self> {
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
            | ProtectionEvent::AutomationResumed => return None,
        })
    }
}

impl Notification {
    /// Tells of safe mode, where an entry is about it. Of what Calm Ops began on its own everyone
    /// hears, also in quiet hours.
    pub(super) fn about_safe_mode(entry: &Entry) -> Option<Self> {
        let news = SafeModeNews::of(entry)?;
        let severity = match news {
            SafeModeNews::BegunByItself => Severity::Critical,
            SafeModeNews::BegunByPerson
            | SafeModeNews::Stage(_)
            | SafeModeNews::Ended
            | SafeModeNews::StillInForce => Severity::Warning,
        };
        Some(Self {
            entry: entry.number,
            incident: domain::id::IncidentNumber(0),
            why: Reason::SafeMode { news },
            severity,
            at: entry.at,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::{actor::Actor, id::AccountId, journal::Event, time::Timestamp};

    use super::*;
    use crate::notifications::Progress;

    #[test]
    fn each_change_of_safe_mode_is_told_once_and_one_by_itself_to_everyone() {
        let began = || Event::SafeModeBegan { incident: None, reason: "writes fail".into() };
        let stage = SafeModeStage::Interactive;
        let person = Actor::Account(AccountId(1));
        let events = [
            (Actor::Agent, began()),
            (person, Event::SafeModeStageChanged { stage, incident: None }),
            (Actor::Agent, Event::SafeModeReminded { round: 1 }),
            (person, Event::SafeModeEnded),
            (person, began()),
            (person, Event::AutomationResumed),
        ];
        let now = Timestamp::from_secs(1_790_000_000);
        let entries: Vec<Entry> = (1..)
            .zip(events)
            .map(|(number, (actor, event))| Entry { number, at: now, actor, event: Some(event) })
            .collect();
        let mut progress = Progress::begin(0);
        let told = progress.take(&entries, &BTreeMap::new(), now);
        let told: Vec<_> =
            told.iter().map(|one| (one.entry, one.why.as_str(), one.severity)).collect();
        assert_eq!(
            told,
            [
                (1, "safe_mode_began", Severity::Critical),
                (2, "safe_mode_stage_changed", Severity::Warning),
                (3, "safe_mode_reminder", Severity::Warning),
                (4, "safe_mode_ended", Severity::Warning),
                (5, "safe_mode_began", Severity::Warning),
            ]
        );
        assert!(progress.take(&entries, &BTreeMap::new(), now).is_empty());
    }
}
