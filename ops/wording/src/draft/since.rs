//! Facts that are newer than a saved message, so that nobody sends what is no longer true.

use commands::messages::NewFact;
use domain::{
    actor::Names,
    journal::{Entry, Event, EventGroup, IncidentEvent},
};

use crate::timeline;

/// The most facts that are listed: the newest.
const MOST: usize = 8;

/// The facts of an incident after an entry, oldest first, and how many more there are.
pub fn since_saved(entries: &[Entry], saved: u64, names: &Names) -> (Vec<NewFact>, usize) {
    let newer = entries.iter().filter(|entry| entry.number > saved);
    let mut told: Vec<&Entry> = newer.filter(|entry| is_fact(entry)).collect();
    // Of what replaces what was told before only the last is told.
    let last_impact = told.iter().rev().find(|entry| is_impact(entry)).map(|entry| entry.number);
    told.retain(|entry| !is_impact(entry) || Some(entry.number) == last_impact);
    let more = told.len().saturating_sub(MOST);
    let facts = told.split_off(more).into_iter().map(|entry| {
        let line = timeline::line(entry, names);
        NewFact { number: line.number, at: line.at, sentence: line.sentence }
    });
    (facts.collect(), more)
}

fn is_impact(entry: &Entry) -> bool {
    matches!(entry.event, Some(Event::ImpactChanged { .. }))
}

/// True if an entry may change what a message says.
fn is_fact(entry: &Entry) -> bool {
    match entry.event.as_ref().map(|event| event.group()) {
        Some(EventGroup::Incident(event)) => match event {
            IncidentEvent::IncidentOpened { .. }
            | IncidentEvent::BreachJoined { .. }
            | IncidentEvent::BreachChanged { .. }
            | IncidentEvent::BreachCleared { .. }
            | IncidentEvent::Acknowledged { .. }
            | IncidentEvent::ImpactChanged { .. }
            | IncidentEvent::Resolved { .. }
            | IncidentEvent::Reopened { .. } => true,
            IncidentEvent::Moved { .. }
            | IncidentEvent::SummaryWritten { .. }
            | IncidentEvent::SnapshotSaved { .. }
            | IncidentEvent::Commented { .. }
            | IncidentEvent::Inspected { .. }
            | IncidentEvent::ResolutionOffered { .. } => false,
        },
        Some(EventGroup::Protection(_)) => true,
        _ => false,
    }
}
