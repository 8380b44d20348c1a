//! Past incidents, one after another, each from its opening to its end as the agent and people journal
//! it: decided by the same [`agent`](crate::agent) as real ones.

use domain::{
    id::IncidentNumber,
    time::{Span, Timestamp},
};

use super::life::{Life, LifeError, PastLife};
use crate::simulation::Random;

/// The share of incidents that a person acts on.
const ACTED_ON: f64 = 0.6;
/// The share that becomes critical.
const CRITICAL: f64 = 0.3;
/// Entries of the end, about.
const AT_THE_END: usize = 6;
/// The part of its time in which an incident is over, so that the next one stays apart.
const OVER_AT: f64 = 0.6;
/// The part of its time in which an incident begins.
const BEGINS_WITHIN: f64 = 0.3;
/// The time from the last change until an incident is over, at most.
const ENDING: Span = Span::from_secs(370);
/// The longest time between two changes, in seconds.
const LONGEST_PAUSE: f64 = 180.0;

/// See the module. The same seed makes the same ones.
#[derive(Clone, Debug)]
pub struct Lives {
    seed: u64,
    /// The first moment, and the time that each incident has.
    first: Timestamp,
    slot: Span,
    /// The entries of each.
    entries: usize,
    count: u32,
    next: u32,
}

impl Lives {
    /// The least number of entries of an incident.
    pub const LEAST_ENTRIES: usize = 20;

    /// The largest number of incidents that stay apart in so long a time.
    pub fn most(time: Span) -> u64 {
        let slot = ENDING.as_secs_f64() / (1.0 - BEGINS_WITHIN - OVER_AT);
        (time.as_secs_f64() / slot) as u64
    }

    /// True if so many incidents stay apart in so long a time, each with enough entries.
    pub fn fit(count: u32, entries: usize, time: Span) -> bool {
        u64::from(count) <= Self::most(time)
            && entries / count.max(1) as usize >= Self::LEAST_ENTRIES
    }

    /// So many incidents with so many entries in all, between two moments.
    pub fn new(
        seed: u64,
        count: u32,
        entries: usize,
        (first, until): (Timestamp, Timestamp),
    ) -> Self {
        let all = u64::from(count.max(1));
        let slot = Span::from_micros(until.since(first).as_micros() / all);
        let entries = entries / count.max(1) as usize;
        Self { seed, first, slot, entries, count, next: 1 }
    }

    fn life(&self, number: u32) -> Result<PastLife, LifeError> {
        let mut random = Random::new(self.seed, u64::from(number));
        // Somewhere in the first part of its time.
        let slot = self.slot.as_secs_f64();
        let begins = slot * (f64::from(number - 1) + BEGINS_WITHIN * random.share());
        let begins = self.first.plus(Span::from_micros((begins * 1e6) as u64));
        let mut life = Life::begin(IncidentNumber(number), begins, &mut random)?;
        let changes = self.entries.saturating_sub(AT_THE_END) / 2;
        let room = slot * OVER_AT / (changes as f64 + 8.0);
        let pause = Span::from_micros((room.min(LONGEST_PAUSE) * 1e6) as u64);
        let acted_on = random.share() < ACTED_ON;
        let mut critical = random.share() < CRITICAL;
        if acted_on {
            life.pass(pause);
            life.acknowledge()?;
        }
        while life.entries() + AT_THE_END < self.entries {
            life.pass(pause);
            life.change(&mut random, std::mem::take(&mut critical))?;
            if acted_on && random.share() < 0.3 {
                life.comment(&mut random)?;
            }
        }
        life.pass(pause);
        life.end(acted_on, &mut random)
    }
}

impl Iterator for Lives {
    type Item = Result<PastLife, LifeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.next;
        self.next += 1;
        (number <= self.count).then(|| self.life(number))
    }
}
