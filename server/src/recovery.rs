//! Recovery: what can be run on this host right now, and what runs.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use rules::{
    catalogue::{Catalogue, Facts},
    recommend::Hints,
    recommendation::{Recommendation, RecommendationId},
    view::{Plan, RunOutput},
};

use crate::run::Output;

pub mod facts;

/// What desk, monitor and runner share about recovery.
#[derive(Debug, Default)]
pub struct Recovery {
    /// The catalogue in force; `None` while it is invalid.
    catalogue: RwLock<Option<Arc<Catalogue>>>,
    /// What was seen of this host a moment ago.
    facts: RwLock<Arc<Facts>>,
    /// What else was seen; `None` until it was looked for the first time.
    hints: RwLock<Option<Arc<Hints>>>,
    /// What runs, with what it prints.
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

    /// What was seen of this host a moment ago: what a command's values may be.
    pub fn facts(&self) -> Arc<Facts> {
        Arc::clone(&self.facts.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes what was seen.
    pub fn set_facts(&self, facts: Arc<Facts>) {
        *self.facts.write().unwrap_or_else(PoisonError::into_inner) = facts;
    }

    /// What helps to choose among the values; `None` until the host was looked at: before, nothing is to be concluded from what is missing.
    pub fn hints(&self) -> Option<Arc<Hints>> {
        self.hints.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes what else was seen.
    pub fn set_hints(&self, hints: Arc<Hints>) {
        *self.hints.write().unwrap_or_else(PoisonError::into_inner) = Some(hints);
    }

    /// What exactly would be executed right now.
    pub fn plan(&self, recommendation: &Recommendation) -> Plan {
        Plan::Refused { why: format!("{} can't be planned yet.", recommendation.title) }
    }

    /// What a run prints, while it is under way.
    pub fn output(&self, id: RecommendationId) -> Option<RunOutput> {
        let running = self.running.read().unwrap_or_else(PoisonError::into_inner);
        running.get(&id).map(|_| RunOutput { place: id.place, text: String::new(), open: true })
    }
}
