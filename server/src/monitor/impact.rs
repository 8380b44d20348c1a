//! Customer impact as the monitor follows it.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    incident::Incident,
    journal::Event,
    time::{Now, Span},
};
use engine::impact::{OrganizationMinute, Scene};

use crate::monitor::{Monitor, impact_watch::ImpactWatch};

/// The impact is looked at so often while nothing is counted.
const EVERY: Span = Span::from_secs(1);

impl Monitor {
    /// Changes of the customer impact of active incidents. Each window of the gate is looked at
    /// once, and without one once a second: the loop may come here thousands of times a second.
    pub(super) fn assess_impact(&mut self, now: Now) -> Vec<Event> {
        let gatekeeper = self.parts.gatekeeper.as_ref();
        let counted = gatekeeper.and_then(|gatekeeper| gatekeeper.minutes());
        let is_known = match (&self.impact.counted, &counted) {
            (Some(known), Some(counted)) => Arc::ptr_eq(known, counted),
            (_, None) => self.impact.looked_at.is_some_and(|at| now.mono.since(at) < EVERY),
            (None, Some(_)) => false,
        };
        if is_known {
            return Vec::new();
        }
        if let Some(gatekeeper) = gatekeeper {
            gatekeeper.keep_watched(troubled(&self.known));
        }
        let looked_at = Some(now.mono);
        if !self.known.iter().any(Incident::is_active) {
            self.impact = ImpactWatch { counted, looked_at, ..ImpactWatch::default() };
            return Vec::new();
        }
        let minutes = counted.as_ref().map(|counted| self.with_usual_latency(counted));
        (self.impact.counted, self.impact.looked_at) = (counted, looked_at);
        self.impact.assessor.decide(&Scene {
            incidents: &self.known,
            protection: &self.protection,
            minutes: minutes.as_deref(),
            now,
        })
    }

    /// The minutes with the latency that the last days tell to be usual.
    fn with_usual_latency(&self, counted: &[OrganizationMinute]) -> Vec<OrganizationMinute> {
        let core = self.parts.intake.core();
        let mut minutes = counted.to_vec();
        for one in minutes.iter_mut().filter(|one| one.p95.is_some()) {
            let usual = core.usual_of("organization.latency", &one.organization);
            one.usual = usual.map(|ms| Span::from_micros((ms * 1e3) as u64));
        }
        minutes
    }
}

/// Organizations with a problem that holds or a measure in force: without them it would seem to be
/// gone. An effect needs no place in the list: it ends only where the opposite is seen.
fn troubled(incidents: &[Incident]) -> BTreeSet<String> {
    let active = || incidents.iter().filter(|one| one.is_active());
    let problems = active().flat_map(Incident::holding).map(|breach| &breach.key.subject);
    let limited = active()
        .flat_map(Incident::measures_in_force)
        .map(|one| &one.measure.requests.organization);
    let subjects = problems.chain(limited).filter(|subject| subject.kind() == "organization");
    subjects.map(|subject| subject.name().to_owned()).collect()
}
