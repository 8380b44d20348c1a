//! Baselines: what is usual for a signal of a subject at each hour of the week, learned from its own
//! history.
//!
//! A baseline takes one value a minute (the mean of the minute's values) or one for each roll-up, in
//! the order of time, and needs the same memory whatever it has seen: [`WeeklyBaseline::BYTES`], nothing
//! of it on the heap.
//!
//! - **The usual value.** The median of each hour moves the mean of its hour of the week. Where few
//!   weeks were seen, the mean is drawn towards that of the hour of the day, and that towards the
//!   mean of all hours (shrinkage: James and Stein, "Estimation with Quadratic Loss", 1961, with
//!   weights `n / (n + 2)`). Of the three predictions the coarsest is used that is not clearly worse
//!   than the others (error of the last week), so that a signal without a rhythm gets none. A slow
//!   level is added that follows what changed for good.
//! - **The usual range.** On each side the distance from the usual value has a tail: its 99.8 %
//!   quantile by stochastic approximation (Robbins and Monro, "A Stochastic Approximation Method",
//!   1951), and the mean excess beyond it. The distance that is exceeded with a given probability
//!   follows by peaks over threshold with an exponential tail (Siffer, Fouque, Termier and Largouet,
//!   "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017, with shape 0).
//! - **Trouble is not learned at full weight.** Distances beyond the range count as its end, and the
//!   median of an hour moves nothing by more than three times the usual deviation of an hour
//!   (winsorizing: Huber, "Robust Estimation of a Location Parameter", 1964). What lasts is followed
//!   all the same, within days.

mod level;
mod tail;
#[cfg(test)]
mod tests;

use domain::{
    time::{Span, Timestamp},
    usual::{Usual, UsualRange},
};

use crate::baseline::{level::Levels, tail::Tail};

/// Nothing is told of a baseline that is younger than this.
pub const LEAST_AGE: Span = Span::from_secs(7 * 86_400);
/// The part of all values that is beyond each end of the usual range.
const USUAL_RISK: f32 = 1.5e-3;
/// The part of all values that is far out on each side, before [`FAR_FACTOR`]: one in ten weeks of
/// minutes.
const FAR_RISK: f32 = 1e-5;
/// So many times that distance is far out: of many signals, some are beyond it by chance.
const FAR_FACTOR: f32 = 1.4;
/// The part of all that a signal ever spread over that its range is always wide.
const LEAST_WIDTH: f32 = 0.02;
/// The part of the usual value that its range is always wide.
const LEAST_SHARE: f32 = 0.002;
/// Larger values count as this, so that no sum overflows.
const LARGEST: f32 = 1e30;
/// Values of one hour that count for its median.
const MOST_OF_HOUR: usize = 60;
const HOUR: i64 = 3_600_000_000;

/// What a signal did in one hour, as history keeps it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HourOfHistory {
    /// When it began.
    pub start: Timestamp,
    /// The mean of its values; stands for their median, which is not kept.
    pub mean: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
}

/// What is usual for one signal of one subject.
#[derive(Clone, Debug)]
pub struct WeeklyBaseline {
    levels: Levels,
    /// The hour that is being learned, counted from the Unix epoch; `None` before the first value.
    hour: Option<i64>,
    /// When the first value came.
    first: Timestamp,
    newest: Timestamp,
    least_age: Span,
    of_hour: [f32; MOST_OF_HOUR],
    /// Values that came in this hour.
    count: u32,
    /// The usual value of this hour.
    value: f32,
    above: Tail,
    below: Tail,
    /// Distances of the present hour: of the usual range and of what is far out, above and below.
    usual_distance: [f32; 2],
    far_distance: [f32; 2],
    least: f32,
    most: f32,
}

/// The median of some values, the larger of the two in the middle; `None` of nothing.
fn median(values: &mut [f32]) -> Option<f32> {
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(middle, f32::total_cmp).1)
}

impl Default for WeeklyBaseline {
    fn default() -> Self {
        Self::trusted_after(LEAST_AGE)
    }
}

impl WeeklyBaseline {
    /// The memory that one takes, in bytes, whatever it has learned.
    pub const BYTES: usize = size_of::<Self>();

    /// A baseline that tells nothing before it is so old. The product uses [`LEAST_AGE`].
    pub fn trusted_after(least_age: Span) -> Self {
        Self {
            levels: Levels::default(),
            hour: None,
            first: Timestamp::default(),
            newest: Timestamp::default(),
            least_age,
            of_hour: [0.0; MOST_OF_HOUR],
            count: 0,
            value: 0.0,
            above: Tail::default(),
            below: Tail::default(),
            usual_distance: [f32::INFINITY; 2],
            far_distance: [f32::INFINITY; 2],
            least: f32::INFINITY,
            most: f32::NEG_INFINITY,
        }
    }

    /// Takes a value of a time. Returns whether an hour began with it, and with it another usual
    /// value. What is not a number, or older than what is known, is ignored.
    pub fn learn(&mut self, at: Timestamp, value: f64) -> bool {
        let value = (value as f32).clamp(-LARGEST, LARGEST);
        if !value.is_finite() || (self.hour.is_some() && at < self.newest) {
            return false;
        }
        let hour = at.as_micros().div_euclid(HOUR);
        let begins = self.hour != Some(hour);
        if begins {
            if self.hour.is_none() {
                self.first = at;
            }
            self.begin(hour, value);
        }
        self.newest = at;
        if let Some(place) = self.of_hour.get_mut(self.count as usize % MOST_OF_HOUR) {
            *place = value;
        }
        self.count = self.count.saturating_add(1);
        self.measure(value);
        begins
    }

    /// Takes an hour of stored history: as an hour of minutes at its mean, but for the smallest and
    /// the largest.
    pub fn learn_hour(&mut self, hour: &HourOfHistory) {
        let minute = |minute: usize| hour.start.plus(Span::from_secs(60 * minute as u64));
        let in_order = hour.min <= hour.mean && hour.mean <= hour.max;
        if !in_order || !(hour.max - hour.min).is_finite() {
            return;
        }
        for place in 0..MOST_OF_HOUR {
            let value = match place {
                1 => hour.min,
                2 => hour.max,
                _ => hour.mean,
            };
            self.learn(minute(place), value);
        }
    }

    /// Goes on to the hour of a time without a value of it, where it is later than what is known: so
    /// that what is usual then is told.
    pub fn advance(&mut self, to: Timestamp) {
        let hour = to.as_micros().div_euclid(HOUR);
        if self.hour.is_some_and(|known| known < hour) {
            self.begin(hour, self.value);
            self.newest = to;
        }
    }

    /// The usual value and range of the hour of the newest value; `None` while the baseline is too
    /// young.
    pub fn usual(&self) -> Option<Usual> {
        if self.hour.is_none() || self.newest.since(self.first) < self.least_age {
            return None;
        }
        let value = f64::from(self.value);
        let [up, down] = self.usual_distance.map(|distance| f64::from(self.wide(distance)));
        let range = UsualRange { low: value - down, high: value + up };
        Usual { value, range: Some(range) }.checked()
    }

    /// Whether a value of now is so far from what is usual that it hardly ever was; never while the
    /// baseline is too young.
    pub fn is_far_out(&self, value: f64) -> bool {
        if self.newest.since(self.first) < self.least_age {
            return false;
        }
        let distance = value as f32 - self.value;
        let far = self.far_distance[usize::from(distance < 0.0)];
        distance.abs() > FAR_FACTOR * self.wide(far)
    }

    /// Ends the hour that was learned, and begins another.
    fn begin(&mut self, hour: i64, value: f32) {
        if let Some(learned) = self.hour {
            let filled = (self.count as usize).min(MOST_OF_HOUR);
            if let Some(median) = self.of_hour.get_mut(..filled).and_then(median) {
                self.levels.learn(learned, median, self.value);
            }
        }
        self.hour = Some(hour);
        self.count = 0;
        self.value = self.levels.predict(hour).unwrap_or(value);
        let tails = [&self.above, &self.below];
        self.usual_distance =
            tails.map(|tail| tail.exceeded_with(USUAL_RISK).unwrap_or(tail.quantile()));
        self.far_distance = tails.map(|tail| tail.exceeded_with(FAR_RISK).unwrap_or(f32::INFINITY));
    }

    /// Learns how far a value is from the usual one. What is beyond what hardly ever was counts as
    /// that.
    fn measure(&mut self, value: f32) {
        let distance = value - self.value;
        let step = (self.levels.spread() * 0.1).max(1e-6);
        let [up, down] = self.far_distance.map(|far| self.wide(far));
        let bounded = distance.clamp(-down, up);
        self.least = self.least.min(self.value + bounded);
        self.most = self.most.max(self.value + bounded);
        self.above.learn(distance.min(up), step);
        self.below.learn((-distance).min(down), step);
    }

    /// A distance that is at least as wide as a signal's range always is.
    fn wide(&self, distance: f32) -> f32 {
        let spread = if self.most > self.least { self.most - self.least } else { 0.0 };
        distance.max(LEAST_WIDTH * spread).max(LEAST_SHARE * self.value.abs()).max(1e-6)
    }
}

/// How many signals of one subject are far from what is usual at once. One of them may be by chance;
/// several at once hardly ever are.
pub fn signals_far_out<'a>(values: impl IntoIterator<Item = (&'a WeeklyBaseline, f64)>) -> usize {
    values.into_iter().filter(|(baseline, value)| baseline.is_far_out(*value)).count()
}
