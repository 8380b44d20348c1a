//! Customer impact as the monitor follows it.

use std::sync::Arc;

use domain::{
    incident::Incident,
    journal::Event,
    time::{Now, Span},
};
use engine::impact::{OrganizationMinute, Scene};

use crate::monitor::{Monitor, impact_watch::ImpactWatch};

impl Monitor {
    /// Changes of the customer impact of active incidents. Each window of the gate is looked at
    /// once: the loop may come here thousands of times a second.
    pub(super) fn assess_impact(&mut self, now: Now) -> Vec<Event> {
        if !self.known.iter().any(Incident::is_active) {
            self.impact = ImpactWatch::default();
            return Vec::new();
        }
        let Some(counted) = self.parts.gatekeeper.as_ref().and_then(|gate| gate.minutes()) else {
            return Vec::new();
        };
        if self.impact.counted.as_ref().is_some_and(|known| Arc::ptr_eq(known, &counted)) {
            return Vec::new();
        }
        let minutes = self.with_usual_latency(&counted);
        self.impact.counted = Some(counted);
        self.impact.assessor.decide(&Scene {
            incidents: &self.known,
            protection: &self.protection,
            minutes: Some(&minutes),
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
