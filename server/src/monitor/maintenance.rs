//! Maintenance windows as the monitor keeps them: what would have alerted, and their end.

use std::{collections::BTreeMap, sync::Arc};

use commands::maintenance::WithheldList;
use domain::{breach::Breach, journal::Event, time::Now};
use engine::agent;

use crate::monitor::Monitor;

/// What would have alerted, by the number of its window.
pub type WithheldLists = BTreeMap<u64, WithheldList>;

impl Monitor {
    /// Notes what would alert without the open windows, and ends those whose time is over. As long
    /// as an end is not in the journal it is tried again.
    pub(super) fn look_at_maintenance(&mut self, breaches: &[Breach], now: Now) {
        let mut withheld = WithheldLists::clone(&self.withheld);
        let mut changed = false;
        for open in &self.announcements.windows {
            let holding: Vec<&Breach> = breaches
                .iter()
                .filter(|breach| open.window.covers(&breach.key.subject))
                .filter(|breach| agent::is_news(&self.known, breach, now.wall))
                .collect();
            let list = withheld.entry(open.number).or_default();
            if open.window.is_in_force(now.wall) {
                changed |= list.update(&holding, now.wall);
                continue;
            }
            let is_ending = |event: &Event| {
                matches!(event, Event::MaintenanceEnded { window, .. } if *window == open.number)
            };
            if !self.own.iter().chain(&self.own_in_flight).any(is_ending) {
                self.own.push(list.ended(open.number));
            }
        }
        let count = withheld.len();
        // Before the announcements were read for the first time none is known to be over.
        if !self.stale {
            let open = |number: &u64| {
                self.announcements.windows.iter().any(|open| open.number == *number)
            };
            withheld.retain(|number, _| open(number));
        }
        if changed || withheld.len() != count || withheld.len() != self.withheld.len() {
            self.unsaved = true;
            self.withheld = Arc::new(withheld);
            let shown_now = Arc::clone(&self.withheld);
            self.parts.board.change(|shown| shown.withheld = shown_now);
        }
    }
}
