//! The state that the service keeps at hand, so that a page costs no query for what all viewers
//! share.

use std::{cmp::Reverse, sync::Arc};

use commands::view::{BlindSpan, IncidentCard, Incidents};
use domain::{
    announcements::Announcements,
    hash::Head,
    incident::{Incident, apply},
    journal::{Cursor, Entry, Event, EventGroup},
    lifecycle::State,
    protection::Protection,
    time::Timestamp,
};
use wording::summary::incident_card;

/// Number of resolved incidents that are kept at hand.
pub(super) const RESOLVED_AT_HAND: usize = 10;

/// The state that the service keeps at hand, so that a page costs no query for what all viewers
/// share. It is of one journal position.
#[derive(Clone, Debug)]
pub(super) struct AtHand {
    pub cursor: Cursor,
    pub head: Head,
    /// By number; active ones and those resolved last.
    pub incidents: Arc<Vec<Incident>>,
    /// Newest first.
    pub blind: Arc<Vec<BlindSpan>>,
    /// The announcements of people and programs.
    pub announcements: Arc<Announcements>,
    /// Measures, whether the agent may take them, and safe mode.
    pub protection: Arc<Protection>,
    /// May be behind the database: read again before the next use.
    pub stale: bool,
}

impl AtHand {
    /// False if the entries can't be carried out on what is here.
    pub fn take(&mut self, entries: &[Entry]) -> bool {
        let mut incidents = (*self.incidents).clone();
        for entry in entries {
            let Some(event) = &entry.event else { return false };
            if let Event::Blind { from, to, why } = event {
                Arc::make_mut(&mut self.blind)
                    .insert(0, BlindSpan { from: *from, to: *to, why: *why });
            }
            if matches!(event.group(), EventGroup::Maintenance(_) | EventGroup::Practice(_)) {
                Arc::make_mut(&mut self.announcements).take(entry);
            }
            if matches!(event.group(), EventGroup::Protection(_)) {
                Arc::make_mut(&mut self.protection).take(entry);
            }
            let Some(number) = event.incident() else { continue };
            let place = incidents.binary_search_by_key(&number, |incident| incident.number);
            let mut incident = place.ok().map(|at| incidents[at].clone());
            if apply(&mut incident, event, entry.actor, entry.at).is_err() {
                return false;
            }
            match (place, incident) {
                (Ok(at), Some(incident)) => incidents[at] = incident,
                (Err(at), Some(incident)) => incidents.insert(at, incident),
                (_, None) => return false,
            }
        }
        self.incidents = Arc::new(bounded(incidents));
        true
    }

    /// The active incidents, and the ones resolved last.
    pub fn lists(&self) -> Incidents {
        let mut resolved: Vec<&Incident> =
            self.incidents.iter().filter(|incident| !incident.is_active()).collect();
        resolved.sort_by_key(|incident| Reverse((ended(incident), incident.number)));
        let resolved = resolved.into_iter().take(RESOLVED_AT_HAND).map(incident_card).collect();
        Incidents { cursor: self.cursor, active: self.active(), resolved }
    }

    /// The active incidents, most severe first, then newest first; a practice comes after all real
    /// ones.
    pub fn active(&self) -> Vec<IncidentCard> {
        let mut active: Vec<&Incident> =
            self.incidents.iter().filter(|incident| incident.is_active()).collect();
        active.sort_by_key(|one| {
            Reverse((!one.is_practice(), one.severity, one.opened_at, one.number))
        });
        active.into_iter().map(incident_card).collect()
    }
}

/// Every active incident, and the ones resolved last.
pub(super) fn bounded(mut incidents: Vec<Incident>) -> Vec<Incident> {
    let mut ends: Vec<Timestamp> = incidents.iter().filter_map(ended).collect();
    ends.sort_unstable_by(|a, b| b.cmp(a));
    if let Some(&oldest) = ends.get(RESOLVED_AT_HAND - 1) {
        incidents.retain(|incident| ended(incident).is_none_or(|end| end >= oldest));
    }
    incidents
}

pub(super) fn ended(incident: &Incident) -> Option<Timestamp> {
    (incident.state == State::Resolved)
        .then(|| incident.resolution.as_ref().map_or(incident.updated_at, |end| end.at))
}
