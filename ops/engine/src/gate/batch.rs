//! Batch requests of all organizations that are under way, and the part of the capacity that they
//! may take.

use std::{
    num::NonZeroU32,
    sync::{PoisonError, RwLock},
};

use domain::time::MonotonicTime;

use crate::gate::{
    cell::Enforcement,
    slots::{Lifetime, Slots},
};

/// The bound of batch requests under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchBound {
    /// Its effect on requests above it.
    pub enforcement: Enforcement,
    /// The most requests under way; `None` while nobody knows how many there are.
    pub most: Option<NonZeroU32>,
}

/// Batch requests under way, counted as those of an organization (`gate/slots.rs`).
#[derive(Debug)]
pub(super) struct Batch {
    slots: RwLock<Slots>,
    lifetime: Lifetime,
}

/// A request that was let in, or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admission {
    /// Set where the bound was exceeded.
    pub crowded: Option<Enforcement>,
    reserved: bool,
}

impl Batch {
    pub fn new(lifetime: Lifetime) -> Self {
        Self { slots: RwLock::default(), lifetime }
    }

    fn with<R>(&self, now: MonotonicTime, act: impl FnOnce(&Slots) -> R) -> R {
        let generation = self.lifetime.generation(now);
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        if !slots.is_behind(generation) {
            return act(&slots);
        }
        drop(slots);
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.advance(generation);
        act(&slots)
    }

    /// Reserves a place for a request, also beyond a bound that is only observed.
    pub fn admit(&self, bound: BatchBound, now: MonotonicTime) -> Admission {
        let most = bound.most.map_or(u32::MAX, NonZeroU32::get);
        self.with(now, |slots| {
            if slots.reserve(most) {
                return Admission { crowded: None, reserved: true };
            }
            let observed = bound.enforcement == Enforcement::Observe;
            let reserved = observed && slots.reserve(u32::MAX);
            Admission { crowded: Some(bound.enforcement), reserved }
        })
    }

    /// Begins the request, or gives its place back where it was refused after all.
    pub fn settle(&self, admission: Admission, passes: bool, now: MonotonicTime) {
        if admission.reserved {
            self.with(now, |slots| if passes { slots.begin() } else { slots.give_back() });
        }
    }

    /// Ends a request that began at this time.
    pub fn end(&self, began: Option<MonotonicTime>) {
        let began = began.map(|began| self.lifetime.generation(began));
        self.slots.read().unwrap_or_else(PoisonError::into_inner).end(began);
    }

    /// Requests under way.
    pub fn under_way(&self, now: MonotonicTime) -> u32 {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.under_way(self.lifetime.generation(now))
    }
}
