//! Baselines: what is usual for a signal of a subject at each hour of the week, learned from its own
//! history.
//!
//! A baseline takes the hours of history in the order of time, and needs the same memory whatever it
//! has seen: [`WeeklyBaseline::BYTES`], nothing of it on the heap. Whoever feeds it decides by which
//! clock the hours are those of a week: it gets local times, and is asked by them.
//!
//! - **The usual value.** The mean of each hour moves the mean of its hour of the week. Where few
//!   weeks were seen, that is drawn towards the one of the hour of the day, and that towards the
//!   mean of all hours (shrinkage: James and Stein, "Estimation with Quadratic Loss", 1961, with
//!   weights `n / (n + 2)`). Of the three predictions the coarsest is used that is not clearly worse
//!   than the others (error of the last week), so that a signal without a rhythm gets none. A slow
//!   level is added that follows what changed for good.
//! - **The usual range.** On each side the distance from the usual value has a tail: its 99.8 %
//!   quantile by stochastic approximation (Robbins and Monro, "A Stochastic Approximation Method",
//!   1951), and the mean excess beyond it. The distance that is exceeded with a given probability
//!   follows by peaks over threshold with an exponential tail (Siffer, Fouque, Termier and Largouet,
//!   "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017, with shape 0).
//! - **The recent range** reaches as far as the values of the last 14 days did, and at least as far as
//!   the usual one: what was seen lately is not outside of it.
//! - **Trouble is not usual.** Hours with a breach, whether it opened an incident or not, or with an
//!   open incident are left out. After
//!   [`MOST_WITHHELD_HOURS`] of them, less one for each hour without trouble since, they move the usual
//!   value, so that a change for good is followed, and never the ranges. Besides, distances beyond the range count as its end, and no
//!   hour moves anything by more than three times the usual deviation (winsorizing: Huber, "Robust
//!   Estimation of a Location Parameter", 1964).
//! - **Little is told of little.** A range takes [`LEAST_LEARNED_HOURS`] learned hours and a history of a
//!   week; it holds for [`RANGE_HOLDS_FOR`] after the last hour that was seen. What was never negative
//!   has no negative usual value.

mod days;
mod hours;
mod level;
mod tail;
#[cfg(test)]
mod tests;

pub use hours::Hours;

use domain::{
    time::{Span, Timestamp},
    usual::{LEAST_AGE_HOURS, LEAST_LEARNED_HOURS, LearnedHistory, Usual, UsualRange},
};

use crate::baseline::{days::Days, level::Levels, tail::Tail};

/// A range holds for so long after the end of the last hour that was seen: for an hour, and until
/// that one is stored and read.
pub const RANGE_HOLDS_FOR: Span = Span::from_mins(90);
/// Hours of trouble that are not learned, less those without trouble since.
pub const MOST_WITHHELD_HOURS: u32 = 24;
/// The part of all values that is beyond each end of the usual range.
const USUAL_RISK: f32 = 1.5e-3;
/// The part of all values that is so far out that it counts as this far: one in ten weeks of minutes.
const FAR_RISK: f32 = 1e-5;
/// The part of all that a signal ever spread over that its range is always wide.
const LEAST_WIDTH: f32 = 0.02;
/// The part of the usual value that its range is always wide.
const LEAST_SHARE: f32 = 0.002;
/// Larger values count as this, so that no sum overflows.
const LARGEST: f32 = 1e30;
/// The first hours, in which the distance from the usual value tells nothing.
const FIRST_HOURS: u32 = 24;
/// Values that an hour counts as.
const VALUES_OF_HOUR: usize = 60;
const HOUR: i64 = 3_600_000_000;

/// The values of a signal in one hour, as history keeps it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HourOfHistory {
    /// Time at which it began, by the clock of the baseline.
    pub start: Timestamp,
    /// The mean of its values.
    pub mean: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// A breach of the signal held that no person ended, or an incident with it was open, for some
    /// part of it.
    pub is_trouble: bool,
}

/// The usual values of one signal of one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct WeeklyBaseline {
    levels: Levels,
    /// The first and the newest hour that were seen, counted from the Unix epoch.
    seen: Option<(i64, i64)>,
    /// The age in hours that it must have before it tells a range.
    least_age: u32,
    learned: u32,
    withheld: u32,
    above: Tail,
    below: Tail,
    /// The distance from the usual values on the last days.
    days: Days,
    /// The distances of the newest hour, which count once the next one is without trouble too: a
    /// breach may have begun at its end that was not told yet.
    newest: Option<(i64, [f32; 2])>,
    least: f32,
    most: f32,
    /// Some value was negative.
    is_signed: bool,
}

impl Default for WeeklyBaseline {
    fn default() -> Self {
        Self::trusted_after(LEAST_AGE_HOURS)
    }
}

impl WeeklyBaseline {
    /// The memory that one takes, in bytes, whatever it has learned.
    pub const BYTES: usize = size_of::<Self>();

    /// A baseline that tells no range before it is so many hours old. The product uses
    /// [`LEAST_AGE_HOURS`].
    pub fn trusted_after(least_age: u32) -> Self {
        Self {
            levels: Levels::default(),
            seen: None,
            least_age,
            learned: 0,
            withheld: 0,
            above: Tail::default(),
            below: Tail::default(),
            days: Days::default(),
            newest: None,
            least: f32::INFINITY,
            most: f32::NEG_INFINITY,
            is_signed: false,
        }
    }

    /// Takes an hour: as so many values at its mean, but for the smallest and the largest. Returns
    /// whether it was learned. One that is not later than what is known, or holds what is not a number,
    /// is ignored.
    pub fn learn(&mut self, hour: &HourOfHistory) -> bool {
        let in_order = hour.min <= hour.mean && hour.mean <= hour.max;
        if !in_order || !(hour.max - hour.min).is_finite() {
            return false;
        }
        let place = hour.start.as_micros().div_euclid(HOUR);
        if self.seen.is_some_and(|(_, newest)| place <= newest) {
            return false;
        }
        self.seen = Some((self.seen.map_or(place, |(first, _)| first), place));
        self.is_signed |= hour.min < 0.0;
        let before = self.newest.take();
        if hour.is_trouble && self.withheld < MOST_WITHHELD_HOURS {
            self.withheld += 1;
            return false;
        }
        let bounded = |value: f64| (value as f32).clamp(-LARGEST, LARGEST);
        let (mean, min, max) = (bounded(hour.mean), bounded(hour.min), bounded(hour.max));
        let value = self.levels.predict(place).unwrap_or(mean);
        // Trouble that lasts moves the usual value, which is bounded, and never the ranges.
        if !hour.is_trouble {
            self.withheld = self.withheld.saturating_sub(1);
            if let Some((place, distances)) = before {
                self.days.learn(place, distances);
            }
            self.measure(value, &[mean, min, max]);
            if self.learned >= FIRST_HOURS {
                self.newest = Some((place, [value - min, max - value]));
            }
            self.learned = self.learned.saturating_add(1);
        }
        self.levels.learn(place, mean, value);
        true
    }

    /// The history that it was learned from.
    pub fn history(&self) -> LearnedHistory {
        let age = self.seen.map_or(0, |(first, newest)| newest.saturating_sub(first) + 1);
        LearnedHistory { hours: self.learned, age_hours: u32::try_from(age).unwrap_or(u32::MAX) }
    }

    /// The end of the newest hour that was seen, by its own clock.
    pub fn seen_until(&self) -> Option<Timestamp> {
        let (_, newest) = self.seen?;
        Some(Timestamp::from_micros(newest.saturating_add(1).saturating_mul(HOUR)))
    }

    /// The usual value at the hour of a moment, by its own clock: without a range while the
    /// baseline is too young, and `None` before the first hour was learned.
    pub fn usual(&self, at: Timestamp) -> Option<Usual> {
        let value = self.levels.told(at.as_micros().div_euclid(HOUR))?;
        let history = self.history();
        let is_old = history.age_hours >= self.least_age && history.hours >= LEAST_LEARNED_HOURS;
        let (below, above) = (self.distance(&self.below, value), self.distance(&self.above, value));
        let [seen_below, seen_above] = self.days.largest();
        let least = if self.is_signed { f64::NEG_INFINITY } else { 0.0 };
        let value = f64::from(value).max(least);
        let range = |down: f32, up: f32| UsualRange {
            low: (value - f64::from(down)).max(least),
            high: value + f64::from(up),
        };
        let recent = range(below.max(seen_below), above.max(seen_above));
        Usual {
            value,
            range: is_old.then(|| range(below, above)),
            recent: is_old.then_some(recent),
            until: None,
            learned: Some(history),
        }
        .checked()
    }

    /// The distance on one side that nearly no value exceeds.
    fn distance(&self, tail: &Tail, usual: f32) -> f32 {
        self.wide(tail.exceeded_with(USUAL_RISK).unwrap_or(tail.quantile()), usual)
    }

    /// Learns how far the values of an hour are from the usual one: the first as often as there are
    /// values, the others once. What is beyond what hardly ever was counts as that.
    fn measure(&mut self, usual: f32, values: &[f32; 3]) {
        let step = (self.levels.spread() * 0.1).max(1e-6);
        let [up, down] = [&self.above, &self.below]
            .map(|tail| self.wide(tail.exceeded_with(FAR_RISK).unwrap_or(f32::INFINITY), usual));
        for (value, times) in values.iter().zip([VALUES_OF_HOUR - 2, 1, 1]) {
            let distance = value - usual;
            let bounded = usual + distance.clamp(-down, up);
            self.least = self.least.min(bounded);
            self.most = self.most.max(bounded);
            for _ in 0..times {
                self.above.learn(distance.min(up), step);
                self.below.learn((-distance).min(down), step);
            }
        }
    }

    /// A distance that is at least as wide as a signal's range always is.
    fn wide(&self, distance: f32, usual: f32) -> f32 {
        let spread = if self.most > self.least { self.most - self.least } else { 0.0 };
        distance.max(LEAST_WIDTH * spread).max(LEAST_SHARE * usual.abs()).max(1e-6)
    }
}
