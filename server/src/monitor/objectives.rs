//! Objectives as the monitor tells of them.

use domain::time::Now;

use crate::{
    monitor::{Monitor, collector_task::Told},
    objectives::EVERY,
};

impl Monitor {
    /// Tells of the objectives, once in each minute. Those that are not in the document any more are
    /// gone on purpose.
    pub(super) fn tell_objectives(&mut self, now: Now) {
        let round = self.parts.intake.core().objectives.round(now.wall);
        let Some(round) = round else { return };
        let gone = self.parts.intake.take_round(&round, &self.parts.host, EVERY);
        self.hear(Told::Gone(gone));
    }
}
