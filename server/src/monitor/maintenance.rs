//! Maintenance windows as the monitor keeps them: what would have alerted, and their end.

use std::sync::Arc;

use commands::maintenance::WithheldLists;
use domain::{breach::Breach, journal::Event, time::Now};
use engine::agent;

use crate::monitor::Monitor;

impl Monitor {
    /// Notes what would alert without the open windows, and ends those whose time is over. As long
    /// as an end is not in the journal it is tried again.
    pub(super) fn look_at_maintenance(&mut self, breaches: &[Breach], now: Now) {
        let mut withheld = WithheldLists::clone(&self.withheld);
        for open in &self.announcements.windows {
            let list = withheld.entry(open.number).or_default();
            if open.window.is_in_force(now.wall) {
                let holding: Vec<&Breach> = breaches
                    .iter()
                    .filter(|breach| open.window.covers(&breach.key.subject))
                    .filter(|breach| agent::is_news(&self.known, breach, now.wall))
                    .collect();
                list.update(&holding, now.wall);
                continue;
            }
            let is_ending = |event: &Event| matches!(event, Event::MaintenanceEnded { window, .. } if *window == open.number);
            if !self.own.iter().chain(&self.own_in_flight).any(is_ending) {
                self.own.push(list.ended(open.number));
            }
        }
        // Before the announcements were read none is known to be over.
        if !self.stale {
            let windows = &self.announcements.windows;
            withheld.retain(|number, _| windows.iter().any(|open| open.number == *number));
        }
        if withheld != *self.withheld {
            self.unsaved = true;
            self.withheld = Arc::new(withheld);
            self.withheld_changes = self.withheld_changes.wrapping_add(1);
            // Open pages hear of it with the next readings.
            self.parts.intake.core().fresh = true;
            self.show_withheld();
        }
    }

    /// Shows what would have alerted.
    pub(super) fn show_withheld(&self) {
        let withheld = Arc::clone(&self.withheld);
        self.parts.board.change(|shown| shown.withheld = withheld);
    }
}
