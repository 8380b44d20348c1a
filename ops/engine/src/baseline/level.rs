//! The usual value of each hour of the week.

const WEEK: usize = 168;
const DAY: usize = 24;
/// Hours after which the deviation of an hour is known.
const FIRST_HOURS: f32 = 24.0;
/// Hours that are learned at full weight: nothing is told of them, and each of a week is new.
const UNBOUNDED_HOURS: f32 = WEEK as f32;
/// Means of so many observations draw a finer mean towards a coarser one.
const SHRINKAGE: f32 = 2.0;
/// A week counts for at least this part of the mean of its hour of the week.
const LEAST_WEIGHT: f32 = 0.15;
/// More weeks than this do not make a mean surer.
const MOST_WEEKS: f32 = 8.0;
/// The mean of all hours forgets within this many hours.
const OVERALL_HOURS: f32 = 336.0;
/// The errors of predictions are those of about this many hours.
const ERROR_HOURS: f32 = 168.0;
/// A finer prediction is used where its error is less than this part of the coarser one's.
const CLEARLY: f32 = 0.9;
/// The part of an hour's deviation that the slow level follows.
const FOLLOWS: f32 = 0.05;
/// Deviations beyond this many usual ones count as that.
const OUTLIER: f32 = 3.0;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Mean {
    value: f32,
    weight: f32,
}

impl Mean {
    fn learn(&mut self, value: f32, least_weight: f32, most: f32) {
        let part = (1.0 / (self.weight + 1.0)).max(least_weight);
        self.value += part * (value - self.value);
        self.weight = (self.weight + 1.0).min(most);
    }

    /// This mean, drawn towards a coarser one where little is known.
    fn towards(self, coarser: f32) -> f32 {
        coarser + (self.value - coarser) * self.weight / (self.weight + SHRINKAGE)
    }
}

/// Means of hours, and how well they predict.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Levels {
    week: [Mean; WEEK],
    overall: Mean,
    /// The lasting difference of the present from the means.
    drift: f32,
    /// The usual deviation of an hour's median from its prediction.
    spread: f32,
    /// The last predictions, and the mean errors of such: of all hours, of the hour of the day, of
    /// the hour of the week.
    predicted: [f32; 3],
    errors: [f32; 3],
}

impl Default for Levels {
    fn default() -> Self {
        Self {
            week: [Mean::default(); WEEK],
            overall: Mean::default(),
            drift: 0.0,
            spread: 0.0,
            predicted: [0.0; 3],
            errors: [0.0; 3],
        }
    }
}

fn of_week(hour: i64) -> usize {
    usize::try_from(hour.rem_euclid(WEEK as i64)).unwrap_or(0)
}

impl Levels {
    /// The usual deviation of an hour's median.
    pub(super) const fn spread(&self) -> f32 {
        self.spread
    }

    /// Takes the median of an hour for which `predicted` was told.
    pub(super) fn learn(&mut self, hour: i64, median: f32, predicted: f32) {
        let seen = self.overall.weight;
        let bound = |deviation: f32, times: f32| {
            if seen < UNBOUNDED_HOURS { f32::INFINITY } else { times * deviation.max(1e-9) }
        };
        let deviation = median - predicted;
        if seen > 0.0 {
            let part = (1.0 / seen).max(1.0 / ERROR_HOURS);
            for (error, predicted) in self.errors.iter_mut().zip(self.predicted) {
                let now = (median - predicted).abs().min(bound(self.spread, 2.0 * OUTLIER));
                *error += part * (now - *error);
            }
        }
        let most = bound(self.spread, OUTLIER);
        self.widen(deviation.abs());
        let bounded = deviation.clamp(-most, most);
        // What is near the hour's own mean is no trouble, although a prediction that is drawn
        // towards other hours may be far from it.
        let own = self.week[of_week(hour)];
        let is_own = own.weight > 0.0 && (median - self.drift - own.value).abs() <= most;
        let level = if is_own { median } else { predicted + bounded } - self.drift;
        self.week[of_week(hour)].learn(level, LEAST_WEIGHT, MOST_WEEKS);
        self.overall.learn(level, 1.0 / OVERALL_HOURS, 1e6);
        self.drift += FOLLOWS * bounded;
    }

    /// Follows the usual deviation: up by 2 % where an hour deviates by much more, down by 1.2 %
    /// otherwise, so that it settles near the 38 % largest of two thirds.
    fn widen(&mut self, deviation: f32) {
        if self.overall.weight < FIRST_HOURS {
            self.spread += (deviation - self.spread) / (self.overall.weight + 1.0);
            return;
        }
        self.spread *= if deviation > 1.5 * self.spread { 1.02 } else { 0.988 };
        if self.spread < 1e-9 {
            self.spread = deviation * 0.1;
        }
    }

    /// The usual value of an hour that is about to be learned; `None` before the first one was.
    pub(super) fn predict(&mut self, hour: i64) -> Option<f32> {
        self.predicted = self.predictions(hour)?;
        Some(self.predicted[self.best()])
    }

    /// The usual value of an hour; `None` before the first one was learned.
    pub(super) fn told(&self, hour: i64) -> Option<f32> {
        Some(self.predictions(hour)?[self.best()])
    }

    /// The coarsest prediction that is not clearly worse than the others.
    fn best(&self) -> usize {
        let mut best = 0;
        for finer in 1..self.errors.len() {
            if self.errors[finer] < self.errors[best] * CLEARLY {
                best = finer;
            }
        }
        best
    }

    fn predictions(&self, hour: i64) -> Option<[f32; 3]> {
        if self.overall.weight <= 0.0 {
            return None;
        }
        let place = of_week(hour);
        let same_hours = || self.week.iter().skip(place % DAY).step_by(DAY);
        let weight: f32 = same_hours().map(|mean| mean.weight).sum();
        let value = if weight > 0.0 {
            same_hours().map(|mean| mean.value * mean.weight).sum::<f32>() / weight
        } else {
            self.overall.value
        };
        let day = Mean { value, weight }.towards(self.overall.value);
        let week = self.week[place].towards(day);
        Some([self.overall.value, day, week].map(|value| value + self.drift))
    }
}
