//! The minutes of a bit more than a day in which something was heard from a series.

use std::ops::RangeInclusive;

use domain::time::Timestamp;

use super::slot::{SLOT_MINUTES, minute_of};

/// Number of slots that are kept.
const RING: usize = 64;
const KEPT: i64 = 64;

/// See the module. A bit for each minute, a word for each slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The newest slot, counted from 1970.
    newest: i64,
    minutes: [u32; RING],
}

impl Default for Heard {
    fn default() -> Self {
        Self { newest: i64::MIN, minutes: [0; RING] }
    }
}

fn place(slot: i64) -> usize {
    usize::try_from(slot.rem_euclid(KEPT)).unwrap_or_default()
}

impl Heard {
    /// Something was heard. What is so old that the clock must have been set back begins it anew.
    pub fn mark(&mut self, at: Timestamp) {
        let minute = minute_of(at);
        let slot = minute.div_euclid(SLOT_MINUTES);
        if slot.saturating_add(KEPT) <= self.newest {
            *self = Self::default();
        }
        self.join(slot, 1 << minute.rem_euclid(SLOT_MINUTES));
    }

    /// Adds minutes of a slot that is counted from 1970, a bit for each.
    pub fn join(&mut self, slot: i64, minutes: u32) {
        if slot > self.newest {
            let skipped = self.newest.saturating_add(1).max(slot.saturating_sub(KEPT - 1));
            (skipped..=slot).for_each(|slot| self.minutes[place(slot)] = 0);
            self.newest = slot;
        }
        if slot.saturating_add(KEPT) > self.newest {
            self.minutes[place(slot)] |= minutes;
        }
    }

    /// Adds what is known elsewhere of the same series.
    pub fn join_all(&mut self, other: &Self) {
        for slot in other.slots() {
            self.join(slot, other.minutes[place(slot)]);
        }
    }

    fn slots(&self) -> RangeInclusive<i64> {
        self.newest.saturating_sub(KEPT - 1)..=self.newest
    }

    /// The minutes between two, both included, counted from 1970; oldest first.
    pub(super) fn minutes(&self, from: i64, to: i64) -> impl Iterator<Item = i64> {
        let within = move |minute: &i64| (from..=to).contains(minute);
        let of_slot = |slot: i64| {
            let minutes = self.minutes[place(slot)];
            (0..SLOT_MINUTES)
                .filter(move |bit| minutes & (1 << bit) != 0)
                .map(move |bit| slot.saturating_mul(SLOT_MINUTES) + bit)
        };
        let known = self.slots().filter(|_| self.newest != i64::MIN);
        known.flat_map(of_slot).filter(within)
    }
}
