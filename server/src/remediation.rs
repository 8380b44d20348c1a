//! Recovery: what can be run on this host right now, and what runs.
//!
//! [`Executor`] starts what was approved. What it does follows from the service's committed entries
//! and from the incidents as they are stored, so that a missed message, a database that was away or
//! a new start of the program loses nothing and runs nothing twice.

mod executor;
mod preflight;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use commands::view::{Plan, RunOutput};
use domain::{id::RecommendationId, recommendation::Recommendation};
use engine::recommender::Hints;
use policy::catalogue::{Catalogue, Facts};

use crate::exec::Output;

pub use self::{
    executor::{Executor, STALE, tail},
    preflight::Place,
};

pub mod host_inventory;

/// The state that service, monitor and runner share about recovery.
#[derive(Debug, Default)]
pub struct Recovery {
    /// The catalogue in force; `None` while it is invalid.
    catalogue: RwLock<Option<Arc<Catalogue>>>,
    /// The facts about this host of a moment ago.
    facts: RwLock<Arc<Facts>>,
    /// The place of commands; `None` where none run.
    place: RwLock<Option<Place>>,
    /// Hints from the host; `None` until it was looked for the first time.
    hints: RwLock<Option<Arc<Hints>>>,
    /// The runs under way, with their output.
    running: RwLock<BTreeMap<RecommendationId, Output>>,
}

impl Recovery {
    /// The catalogue in force; `None` while it is invalid, and nothing may run.
    pub fn catalogue(&self) -> Option<Arc<Catalogue>> {
        self.catalogue.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a catalogue in force, or none.
    pub fn set_catalogue(&self, catalogue: Option<Arc<Catalogue>>) {
        *self.catalogue.write().unwrap_or_else(PoisonError::into_inner) = catalogue;
    }

    /// The facts about this host of a moment ago: what a command's values may be.
    pub fn facts(&self) -> Arc<Facts> {
        Arc::clone(&self.facts.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes what was seen.
    pub fn set_facts(&self, facts: Arc<Facts>) {
        *self.facts.write().unwrap_or_else(PoisonError::into_inner) = facts;
    }

    /// The hints for choosing among the values; `None` until the host was looked at: before,
    /// nothing is to be concluded from what is missing.
    pub fn hints(&self) -> Option<Arc<Hints>> {
        self.hints.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes what else was seen.
    pub fn set_hints(&self, hints: Arc<Hints>) {
        *self.hints.write().unwrap_or_else(PoisonError::into_inner) = Some(hints);
    }

    /// Says where commands run; without it none does.
    pub fn set_place(&self, place: Place) {
        *self.place.write().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }

    /// The plan that would be executed right now. Nothing is executed.
    pub fn plan(&self, recommendation: &Recommendation) -> Plan {
        match self.ready(recommendation) {
            Ok(ready) => Plan::Ready { text: ready.describe() },
            Err(why) => Plan::Refused { why },
        }
    }

    /// The one way to what is executed: the dry run and the run both come here.
    fn ready(&self, recommendation: &Recommendation) -> Result<preflight::Ready, String> {
        let place = self.place.read().unwrap_or_else(PoisonError::into_inner).clone();
        if place.is_some() && self.hints().is_none() {
            return Err("Calm Ops has not checked this host yet since it started. Reload this page in a moment.".to_owned());
        }
        preflight::ready(self.catalogue().as_deref(), &self.facts(), place.as_ref(), recommendation)
    }

    /// The output of a run, while it is under way.
    pub fn output(&self, id: RecommendationId) -> Option<RunOutput> {
        let running = self.running.read().unwrap_or_else(PoisonError::into_inner);
        running.get(&id).map(|output| RunOutput {
            place: id.place,
            text: output.text(),
            open: true,
        })
    }

    fn show(&self, id: RecommendationId, output: Option<Output>) {
        let mut running = self.running.write().unwrap_or_else(PoisonError::into_inner);
        match output {
            Some(output) => running.insert(id, output),
            None => running.remove(&id),
        };
    }
}
