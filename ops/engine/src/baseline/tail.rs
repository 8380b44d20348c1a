//! The tail of distances on one side of the usual value.

/// The part of all values whose distance makes the tail.
const SHARE: f32 = 0.002;
/// Fewer excesses than this tell nothing.
const FEWEST: f32 = 10.0;
/// Values after which older ones begin to count less: a year of minutes.
const MEMORY: f32 = 525_600.0;

/// Distances of one side: a high quantile, and what is beyond it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tail {
    /// The quantile that only [`SHARE`] of the distances exceed.
    quantile: f32,
    /// Distances that were seen.
    all: f32,
    /// Those that were beyond the quantile when they came.
    beyond: f32,
    /// The sum of how far those were beyond it.
    excess: f32,
}

impl Tail {
    /// Takes a distance; below zero it is of the other side. The quantile moves by steps of at most
    /// `step`, and by less the more is known.
    pub(super) fn learn(&mut self, distance: f32, step: f32) {
        if self.all >= MEMORY {
            (self.all, self.beyond, self.excess) =
                (self.all / 2.0, self.beyond / 2.0, self.excess / 2.0);
        }
        self.all += 1.0;
        let step = step * (50.0 / self.all.sqrt()).clamp(0.02, 1.0);
        if distance > self.quantile {
            self.beyond += 1.0;
            self.excess += distance - self.quantile;
            self.quantile += step * (1.0 - SHARE);
        } else {
            self.quantile = (self.quantile - step * SHARE).max(0.0);
        }
    }

    /// The distance that is exceeded with this probability; `None` while too few were far from usual
    /// to tell.
    pub(super) fn exceeded_with(&self, risk: f32) -> Option<f32> {
        if self.beyond < FEWEST {
            return None;
        }
        let mean = self.excess / self.beyond;
        let share = self.beyond / self.all;
        Some(self.quantile + mean * (share / risk).ln().max(0.0))
    }

    /// The quantile as it is known so far: that of a constant signal is zero.
    pub(super) const fn quantile(&self) -> f32 {
        self.quantile
    }
}
