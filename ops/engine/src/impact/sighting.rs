//! One effect on one organization from its first sight to its end.

use domain::{
    impact::{Certainty, EffectOn, Evidence},
    time::{MonotonicTime, Now, Timestamp},
};

use super::{CALM, LONGEST_PAUSE, UNSEEN};

/// The time in which the opposite of an effect was seen.
#[derive(Clone, Copy, Debug)]
struct Calm {
    since: MonotonicTime,
    last: MonotonicTime,
}

/// An effect as it was last seen.
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    pub evidence: Evidence,
    since: Timestamp,
    until: Option<Timestamp>,
    seen_at: Now,
    calm: Option<Calm>,
    /// True if nothing has shown for [`UNSEEN`] whether it holds.
    is_unseen: bool,
}

impl Sighting {
    pub const fn new(evidence: Evidence, since: Timestamp, now: Now) -> Self {
        Self { evidence, since, until: None, seen_at: now, calm: None, is_unseen: false }
    }

    /// As the journal told it at a time. What was seen after that is not known.
    pub fn of(effect: &EffectOn, told_at: Timestamp, now: Now) -> Self {
        let EffectOn { evidence, since, until, last_seen } = effect.clone();
        let seen_at = Now { wall: last_seen.unwrap_or(told_at), ..now };
        Self { evidence, since, until, seen_at, calm: None, is_unseen: last_seen.is_some() }
    }

    pub const fn holds(&self) -> bool {
        self.until.is_none()
    }

    pub fn effect(&self) -> EffectOn {
        let last_seen = (self.holds() && self.is_unseen).then(|| self.last_seen());
        let Self { since, until, .. } = *self;
        EffectOn { evidence: self.evidence.clone(), since, until, last_seen }
    }

    fn last_seen(&self) -> Timestamp {
        self.seen_at.wall.max(self.since)
    }

    /// Takes evidence. What is likely only tells nothing new of what is known.
    pub fn see(&mut self, evidence: Evidence, since: Timestamp, now: Now) {
        if self.holds() {
            let (before, after) = (self.evidence.certainty(), evidence.certainty());
            if before == Certainty::Known && after == Certainty::Likely {
                return;
            }
            self.since = self.since.min(since);
        } else {
            self.since = since;
        }
        *self = Self::new(evidence, self.since, now);
    }

    /// True if it was seen at this moment, or was read from the journal.
    pub fn is_seen(&self, now: Now) -> bool {
        self.holds() && self.seen_at.mono == now.mono
    }

    /// Takes that the opposite was seen. The effect ends after [`CALM`] of that.
    pub fn refute(&mut self, now: Now) {
        let before = self.calm.filter(|calm| now.mono.since(calm.last) <= LONGEST_PAUSE);
        let since = before.map_or(now.mono, |calm| calm.since);
        self.calm = Some(Calm { since, last: now.mono });
        self.is_unseen = false;
        if self.holds() && now.mono.since(since) >= CALM {
            self.until = Some(self.last_seen());
        }
    }

    /// Notes that nothing was seen of it at this moment.
    pub fn miss(&mut self, now: Now) {
        let seen = self.seen_at.mono;
        let last = self.calm.map_or(seen, |calm| calm.last.max(seen));
        self.is_unseen |= self.holds() && now.mono.since(last) >= UNSEEN;
    }
}
