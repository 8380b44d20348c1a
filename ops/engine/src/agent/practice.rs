//! A practice beside what is real: an incident of its own, whatever patterns, floods and incidents
//! that ended lately say.

#[cfg(test)]
mod tests;

use domain::{breach::Breach, journal::Event};

use super::Tick;

impl Tick<'_> {
    /// The breaches of a practice: they join the active one, or open one of their own. A real
    /// incident, one that is over, and a flood get none of them.
    pub(super) fn place_practice(&mut self, breaches: &[&Breach]) {
        let active = self.incidents.values().find(|one| one.is_active() && one.is_practice());
        let Some(incident) = active.map(|one| one.number) else { return self.open(breaches) };
        for breach in breaches {
            let breach = Box::new((*breach).clone());
            self.record(incident, Event::BreachJoined { incident, breach });
        }
    }
}
