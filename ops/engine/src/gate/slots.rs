//! Requests that are under way, counted by when they began.
//!
//! The gate hears of each begin, but perhaps never of an end: every request therefore counts as
//! ended after a lifetime. Begins are counted in [`GENERATIONS`] generations, each a seventh of the
//! lifetime long, and a generation is forgotten as a whole. **Approximation**: a request of which
//! no end is heard counts for at least the lifetime and for at most 8/7 of it. An end without the
//! time of its begin is taken for the end of the youngest request, so that requests whose ends are
//! never heard grow old and are forgotten; a request that outlasts the lifetime no longer counts.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use domain::time::{MonotonicTime, Span};

use crate::gate::count::{raise, take_one};

/// Generations that are counted apart: the lifetime is one less, since the youngest is not over.
const GENERATIONS: u32 = 8;

/// The time after which a request counts as ended, at least a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lifetime {
    /// Microseconds of a generation.
    width: u64,
}

impl Lifetime {
    pub fn new(lifetime: Span) -> Self {
        let lifetime = lifetime.as_micros().max(1_000_000);
        Self { width: lifetime.div_ceil(u64::from(GENERATIONS - 1)) }
    }

    /// The number of the generation that begins requests at this time.
    pub fn generation(self, now: MonotonicTime) -> u32 {
        u32::try_from(now.as_micros() / self.width).unwrap_or(u32::MAX)
    }
}

/// Requests under way. All are counted in `under_way` and, one by one, in their generation; who
/// takes one out of its generation takes it out of `under_way`, too.
#[derive(Debug, Default)]
pub(super) struct Slots {
    under_way: AtomicU32,
    /// The youngest generation; those before it that fit are counted as well.
    youngest: u32,
    begun: [AtomicU32; GENERATIONS as usize],
}

impl Slots {
    /// The count of a generation, if it is still counted and has begun.
    fn count(&self, generation: u32) -> Option<&AtomicU32> {
        let age = self.youngest.checked_sub(generation)?;
        if age >= GENERATIONS {
            return None;
        }
        self.begun.get((generation % GENERATIONS) as usize)
    }

    /// True if a generation has to be made before requests can begin in it.
    pub fn is_behind(&self, generation: u32) -> bool {
        generation > self.youngest
    }

    /// Makes the generation and forgets those that are too old. A time that went back changes
    /// nothing.
    pub fn advance(&mut self, generation: u32) {
        let steps = generation.saturating_sub(self.youngest).min(GENERATIONS);
        self.youngest = self.youngest.max(generation);
        for age in 0..steps {
            let index = (self.youngest - age) % GENERATIONS;
            let Some(begun) = self.begun.get_mut(index as usize) else { continue };
            let over = std::mem::take(begun.get_mut());
            let left = self.under_way.get_mut();
            *left = left.saturating_sub(over);
        }
    }

    /// Takes a slot if fewer than `most` are taken.
    pub fn reserve(&self, most: u32) -> bool {
        let next = |taken: u32| if taken < most { taken.checked_add(1) } else { None };
        self.under_way.fetch_update(Relaxed, Relaxed, next).is_ok()
    }

    /// Gives back a slot in which nothing began.
    pub fn give_back(&self) {
        take_one(&self.under_way);
    }

    /// Begins a request in a slot that was reserved.
    pub fn begin(&self) {
        if let Some(begun) = self.count(self.youngest) {
            raise(begun, 1);
        }
    }

    /// Ends a request that began in this generation, or in the nearest one that has any: older
    /// ones first, as logs are late. Without a generation the youngest request ends. Nothing
    /// happens if none is under way or the generation is forgotten.
    pub fn end(&self, began: Option<u32>) {
        let began = began.unwrap_or(self.youngest).min(self.youngest);
        let oldest = self.youngest.saturating_sub(GENERATIONS - 1);
        if began < oldest {
            return;
        }
        let older = (oldest..=began).rev();
        for generation in older.chain(began..=self.youngest) {
            if self.count(generation).is_some_and(take_one) {
                take_one(&self.under_way);
                return;
            }
        }
    }

    /// Requests under way in a generation that may not be made yet.
    pub fn under_way(&self, generation: u32) -> u32 {
        if !self.is_behind(generation) {
            return self.under_way.load(Relaxed);
        }
        let oldest = generation.saturating_sub(GENERATIONS - 1);
        (oldest..=self.youngest)
            .filter_map(|generation| self.count(generation))
            .fold(0, |sum, begun| sum.saturating_add(begun.load(Relaxed)))
    }
}
