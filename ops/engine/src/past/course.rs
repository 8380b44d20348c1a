//! Usual courses of signals.

use std::f64::consts::TAU;

use domain::time::Timestamp;

use crate::simulation::Random;

const HOUR: f64 = 3_600.0;
const DAY: i64 = 86_400;
/// The hour of the day with the least to do, in UTC; twelve hours later there is the most.
const QUIETEST: f64 = 3.0;
/// The part of a working day's activity that a day of the weekend has.
const WEEKEND: f64 = 0.4;

/// The share of the busiest hour of a week, from 0 to 1: a rhythm of day and week.
pub fn activity(at: Timestamp) -> f64 {
    let seconds = at.as_micros().div_euclid(1_000_000);
    let hour = seconds.rem_euclid(DAY) as f64 / HOUR;
    // 1 January 1970 was a Thursday.
    let weekday = (seconds.div_euclid(DAY) + 3).rem_euclid(7);
    let of_day = 0.5 - 0.5 * ((hour - QUIETEST) / 24.0 * TAU).cos();
    if weekday >= 5 { of_day * WEEKEND } else { of_day }
}

/// The usual course of a signal: a level with the rhythm of day and week, a trend and noise, within
/// bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// The value while there is nothing to do.
    pub level: f64,
    /// The value that is added in the busiest hour.
    pub busy: f64,
    /// The value that is added each day, from a first moment on.
    pub trend: f64,
    /// The most that noise adds or takes away.
    pub noise: f64,
    /// The least and the largest value.
    pub bounds: (f64, f64),
}

impl Course {
    /// A course that always has the same value.
    pub const fn constant(level: f64) -> Self {
        Self { level, busy: 0.0, trend: 0.0, noise: 0.0, bounds: (level, level) }
    }

    /// A course with rhythm and noise.
    pub const fn with_rhythm(level: f64, busy: f64, noise: f64, most: f64) -> Self {
        Self { level, busy, trend: 0.0, noise, bounds: (0.0, most) }
    }

    /// The value at a moment; the trend begins at `first`.
    pub fn value(&self, at: Timestamp, first: Timestamp, random: &mut Random) -> f64 {
        // The mean of three is near the middle most of the time.
        let noise = (random.share() + random.share() + random.share()) / 1.5 - 1.0;
        let days = at.since(first).as_secs_f64() / DAY as f64;
        let value = self.level + self.busy * activity(at) + self.trend * days + self.noise * noise;
        value.clamp(self.bounds.0, self.bounds.1)
    }
}
