//! Protection as the monitor drives it: what the agent decides. It takes effect where it is
//! committed (`crate::protection`).

use std::{collections::BTreeMap, sync::Arc};

use commands::protection::AutomationBounds;
use domain::{
    actor::Actor,
    breach::Breach,
    id::IncidentNumber,
    incident::{self, Incident},
    journal::Event,
    protection::ClassTraffic,
    time::Now,
};
use engine::protection::{Guard, Scene};
use policy::limits::{ClassKind, SafeModeEntry};

use crate::monitor::Monitor;

impl Monitor {
    /// The measures that the agent begins, changes and ends. It takes effect when it is journalled.
    pub(super) fn protect(&mut self, now: Now) -> Vec<Event> {
        let names = |breach: &Breach| !breach.guidance.measures.is_empty();
        let is_asked = self.known.iter().any(|one| one.is_active() && one.holding().any(names));
        let mut events = if is_asked || !self.protection.measures.is_empty() {
            self.decide_measures(now)
        } else {
            // Nearly always: the loop may come here thousands of times a second.
            self.guard = Guard::default();
            Vec::new()
        };
        let every = self.parts.documents.limits().automation().safe_mode_reminder;
        let in_force = self.protection.safe_mode.as_ref();
        let due = in_force.and_then(|in_force| in_force.reminder_due(every, now.wall));
        events.extend(due.map(|round| Event::SafeModeReminded { round }));
        events.extend(self.protection.overrides_over(now.wall));
        if events.is_empty() {
            return events;
        }
        let mut after: BTreeMap<IncidentNumber, Incident> =
            self.known.iter().map(|known| (known.number, known.clone())).collect();
        // A measure may outlive the time for which its incident is kept in memory: then the store
        // alone knows whether it fits.
        let known = |event: &&Event| event.incident().is_none_or(|one| after.contains_key(&one));
        let about_known: Vec<Event> = events.iter().filter(known).cloned().collect();
        if let Err(error) = incident::apply_all(&mut after, &about_known, Actor::Agent, now.wall) {
            tracing::error!(%error, "a measure does not apply; it is not recorded");
            self.misfit(now);
            return Vec::new();
        }
        events
    }

    fn decide_measures(&mut self, now: Now) -> Vec<Event> {
        // What was usual before the start counts: until it is read, nobody is limited.
        let traffic =
            self.traffic().filter(|_| self.has_learned).map(|traffic| self.with_usual(&traffic));
        let scene = Scene {
            incidents: &self.known,
            protection: &self.protection,
            traffic: traffic.as_deref(),
            limits: self.parts.documents.limits(),
            now,
        };
        self.guard.decide(&scene)
    }

    /// The traffic with what the last days tell to be usual, where the last hour tells nothing: of
    /// all classes of the same kind together, so that it is no less than that of one.
    fn with_usual(&self, traffic: &[ClassTraffic]) -> Vec<ClassTraffic> {
        let limits = self.parts.documents.limits();
        let core = self.parts.intake.core();
        let mut traffic = traffic.to_vec();
        for one in traffic.iter_mut().filter(|one| one.usual.is_none()) {
            let class = limits.classes().iter().find(|class| class.name == one.requests.class);
            let signal = match class.map(|class| class.kind) {
                Some(ClassKind::Batch) => "organization.batch",
                Some(ClassKind::Interactive) => "organization.interactive",
                None => continue,
            };
            one.usual = core.usual_of(signal, &one.requests.organization);
        }
        traffic
    }

    /// The traffic of organizations; `None` where there is no gate, or nothing was seen just now.
    pub(super) fn traffic(&self) -> Option<Arc<Vec<ClassTraffic>>> {
        self.parts.gatekeeper.as_ref().and_then(|gatekeeper| gatekeeper.traffic())
    }

    /// Bounds of the agent, as the limits in force say.
    pub(super) fn automation_bounds(&self) -> AutomationBounds {
        let automation = self.parts.documents.limits().automation();
        AutomationBounds {
            largest_share_percent: automation.largest_share_percent,
            most_organizations: automation.most_organizations,
            longest_measure: automation.longest_measure,
            begins_safe_mode: automation.safe_mode == SafeModeEntry::Automatic,
        }
    }
}
