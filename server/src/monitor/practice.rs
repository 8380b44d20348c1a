//! Practice as the monitor drives it: its signal, which the thresholds turn into an incident like any
//! other, and its end.

use domain::{
    journal::Event,
    practice::{PRESSURE, SIGNAL, active, subject},
    time::Now,
};

use crate::{
    collectors::{Round, practice},
    monitor::Monitor,
};

impl Monitor {
    /// Reports the signal of a practice while one is in force or its incident is active, and ends
    /// what is to end. Afterwards nothing is left of it but the journal.
    pub(super) fn practise(&mut self, now: Now) {
        // Before what is stored was read, nothing is known of a practice.
        if self.stale || self.since_reading.is_some() {
            return;
        }
        let open = self.announcements.practice.as_ref();
        if let Some(open) = open
            && let Some(ending) = open.ending(&self.known, now.wall)
        {
            let event = Event::PracticeEnded { practice: open.number, ending };
            let is_told = |told: &Event| matches!(told, Event::PracticeEnded { practice, .. } if *practice == open.number);
            if !self.own.iter().chain(&self.own_in_flight).any(is_told) {
                self.own.push(event);
            }
        }
        let is_open = open.is_some();
        let subject = subject();
        if is_open || active(&self.known).is_some() {
            let mut round = Round::new(practice::SIGNALS);
            round.observe(now.wall, &subject, SIGNAL, if is_open { PRESSURE } else { 0.0 });
            self.parts.intake.take(&round.observations);
        } else if self.parts.intake.core().collected.contains(&subject) {
            let event = Event::SubjectRetired { subject };
            if !self.own.contains(&event) && !self.own_in_flight.contains(&event) {
                self.own.push(event);
            }
        }
    }
}
