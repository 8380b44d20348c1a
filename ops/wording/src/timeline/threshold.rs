//! Changes of the thresholds, told.

use domain::{
    actor::{Actor, Names},
    journal::ThresholdEvent,
};

use super::told::{Told, Tone, told};
use crate::threshold::{begun, difference, evidence};

/// Follows a change that was journalled after the program was stopped, or the database failed, in
/// between.
const LATE: &str = " Calm Ops wrote this entry later, as it was interrupted.";

/// Tells how a row was changed, proposed to be changed, or left as it is.
pub(super) fn tell(event: ThresholdEvent<'_>, actor: Actor, names: &Names) -> Told {
    match event {
        ThresholdEvent::ThresholdChanged { row, before, after, reason, by, .. } => {
            let who = by.map_or(actor, Actor::Account);
            let late = if by.is_some() { LATE } else { "" };
            told(format!(
                "{} changed the threshold of {} for {}: {}.{late}",
                names.of(who),
                row.signal,
                row.subjects,
                difference(before, after)
            ))
            .tone(Tone::Person)
            .words(reason)
        }
        ThresholdEvent::ThresholdProposed { row, before, after, evidence: of } => told(format!(
            "Calm Ops proposes to change the threshold of {} for {}: {}. {}.",
            row.signal,
            row.subjects,
            difference(before, after),
            begun(&evidence(of))
        )),
        ThresholdEvent::ThresholdDeclined { proposal, signal, reason } => told(format!(
            "{} declined threshold proposal {proposal} for {signal}:",
            names.of(actor)
        ))
        .tone(Tone::Person)
        .words(reason),
    }
}
