//! Protection, told.

use domain::{
    actor::{Actor, Names},
    journal::ProtectionEvent,
    protection::{MeasureEnding, OverrideEnding, SafeModeStage},
};

use super::told::{Told, Tone, told};
use crate::{organization, protection};

/// Tells what was done to protect the product, and what ended.
pub(super) fn tell(event: ProtectionEvent<'_>, actor: Actor, names: &Names) -> Told {
    let who = names.of(actor);
    let by_person = |sentence: String| told(sentence).tone(Tone::Person);
    match event {
        ProtectionEvent::MeasureBegan { measure, .. } => told(protection::began(measure)),
        ProtectionEvent::MeasureChanged { measure, .. } => told(protection::changed(measure)),
        ProtectionEvent::MeasureEnded { requests, ending: MeasureEnding::Person, .. } => {
            by_person(format!("{who} lifted the limit for {}.", protection::requests(requests)))
        }
        ProtectionEvent::MeasureEnded { requests, ending, .. } => {
            told(protection::ended(requests, *ending))
        }
        ProtectionEvent::AutomationSuspended { reason } => {
            by_person(format!("{who} suspended automatic measures:")).words(reason)
        }
        ProtectionEvent::AutomationResumed => {
            by_person(format!("{who} resumed automatic measures."))
        }
        ProtectionEvent::SafeModeBegan { reason, .. } => {
            let tone = if actor.is_person() { Tone::Person } else { Tone::Critical };
            told(format!("{who} began safe mode: only reads and critical requests pass."))
                .tone(tone)
                .words(reason)
        }
        ProtectionEvent::SafeModeStageChanged { stage: SafeModeStage::ReadOnly, .. }
            if !actor.is_person() =>
        {
            told("A problem returned, so safe mode went back: only reads and critical requests pass.")
                .tone(Tone::Warning)
        }
        ProtectionEvent::SafeModeStageChanged { stage, .. } => {
            by_person(format!("{who} changed safe mode: {}.", protection::stage(*stage)))
        }
        ProtectionEvent::SafeModeReminded { .. } => {
            told("Safe mode is still in force. Everyone was asked whether it is still needed.")
        }
        ProtectionEvent::SafeModeEnded => by_person(format!("{who} ended safe mode.")),
        ProtectionEvent::OrganizationPlanSet { organization, plan } => {
            told(organization::plan_set(organization, plan.as_deref(), &who)).tone(Tone::Person)
        }
        ProtectionEvent::OrganizationOverrideBegun { organization, plan, until, reason } => {
            by_person(organization::override_begun(organization, plan, *until, &who)).words(reason)
        }
        ProtectionEvent::OrganizationOverrideEnded { organization, ending, .. } => match ending {
            OverrideEnding::Expired => told(organization::override_expired(organization)),
            OverrideEnding::Person => {
                by_person(organization::override_ended(organization, &who))
            }
        },
    }
}
