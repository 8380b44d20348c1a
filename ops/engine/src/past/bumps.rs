//! Short rises that mean nothing: what makes a threshold noisy.

use domain::time::{Span, Timestamp};

use crate::simulation::Random;

const DAY: i64 = 86_400_000_000;
const MINUTES_OF_A_DAY: f64 = 24.0 * 60.0;

/// Rises of a few minutes, at moments of each day that a seed determines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bumps {
    /// The number of rises a day.
    pub a_day: u32,
    /// The length of each.
    pub length: Span,
    /// The value that it has.
    pub value: u32,
}

impl Bumps {
    /// The value of the rise at a moment, if there is one. Days are counted from `first`, so that the
    /// same seed makes the same rises in every week.
    pub fn at(&self, seed: u64, at: Timestamp, first: Timestamp) -> Option<f64> {
        let since = at.as_micros().saturating_sub(first.as_micros());
        let day = since.div_euclid(DAY);
        let minute = since.rem_euclid(DAY) as f64 / 60e6;
        let mut random = Random::new(seed, day.cast_unsigned());
        // Each in a part of the day of its own, so that they stay apart.
        let part = MINUTES_OF_A_DAY / f64::from(self.a_day.max(1));
        let length = self.length.as_secs_f64() / 60.0;
        (0..self.a_day)
            .map(|place| {
                let room = (part - length - 60.0).max(0.0);
                f64::from(place) * part + (random.share() * room).floor()
            })
            .any(|begins| (begins..begins + length).contains(&minute))
            .then_some(f64::from(self.value))
    }
}
