//! Recovery: what can be run on this host right now, and what runs.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use rules::{
    catalogue::Catalogue,
    recommendation::{Recommendation, RecommendationId},
    view::{Plan, RunOutput},
};

use crate::run::Output;

/// What desk, monitor and runner share about recovery.
#[derive(Debug, Default)]
pub struct Recovery {
    /// The catalogue in force; `None` while it is invalid.
    catalogue: RwLock<Option<Arc<Catalogue>>>,
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
