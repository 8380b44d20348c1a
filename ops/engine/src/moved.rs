//! Signals that moved when an incident began: the modified z-score of Iglewicz and Hoaglin ("How to
//! Detect and Handle Outliers", 1993) of their median since then against the time before.

use domain::unit::Unit;

/// The score from which a signal counts as moved. Iglewicz and Hoaglin propose 3.5 for one value;
/// of hundreds of signals some exceed that by chance.
const LEAST_SCORE: f64 = 6.0;
/// The fewest values before, and since.
const LEAST_BEFORE: usize = 12;
const LEAST_SINCE: usize = 2;
/// Makes the median absolute deviation of a normal distribution its standard deviation.
const NORMAL: f64 = 1.4826;
/// The part of the median that a signal always spreads by: a constant signal is not infinitely
/// precise.
const LEAST_SPREAD: f64 = 0.05;

/// The movement of a signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Movement {
    /// The median before.
    pub before: f64,
    /// The median since.
    pub since: f64,
    /// By how many standard deviations they differ; at least [`LEAST_SCORE`].
    pub score: f64,
}

/// Compares the values since a moment with those before it; `None` where there are too few of
/// either, or they do not differ by more than is usual. Values that are not finite are ignored.
pub fn movement(before: &[f64], since: &[f64], unit: &Unit) -> Option<Movement> {
    let (before, since) = (finite(before), finite(since));
    if before.len() < LEAST_BEFORE || since.len() < LEAST_SINCE {
        return None;
    }
    let baseline = Baseline::of(&before, unit);
    let now = median(since);
    let score = baseline.score(now).abs();
    (score >= LEAST_SCORE).then_some(Movement { before: baseline.usual, since: now, score })
}

/// Values as they usually are: their median and how far they spread around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Baseline {
    usual: f64,
    spread: f64,
}

impl Baseline {
    /// The baseline of finite values, if they are enough to tell one.
    pub(crate) fn of_enough(values: &[f64], unit: &Unit) -> Option<Self> {
        let values = finite(values);
        (values.len() >= LEAST_BEFORE).then(|| Self::of(&values, unit))
    }

    fn of(values: &[f64], unit: &Unit) -> Self {
        let usual = median(values.to_owned());
        let deviations = values.iter().map(|value| (value - usual).abs()).collect();
        let spread =
            (NORMAL * median(deviations)).max(LEAST_SPREAD * usual.abs()).max(least_spread(unit));
        Self { usual, spread }
    }

    /// The distance of a value from the usual one in standard deviations; negative below it.
    pub(crate) fn score(self, value: f64) -> f64 {
        (value - self.usual) / self.spread
    }
}

/// The spread below which a difference is of no interest to anyone.
const fn least_spread(unit: &Unit) -> f64 {
    match unit {
        Unit::YesNo => 0.1,
        Unit::Count | Unit::Percent | Unit::Other(_) => 1.0,
        Unit::Seconds | Unit::Days => 0.1,
        Unit::Milliseconds => 5.0,
        Unit::Bytes | Unit::BytesPerSecond => 1_048_576.0,
    }
}

fn finite(values: &[f64]) -> Vec<f64> {
    values.iter().copied().filter(|value| value.is_finite()).collect()
}

/// The median; 0 of nothing. Between two values, the larger.
fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0.0;
    }
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(before: &[f64], since: &[f64]) -> Option<Movement> {
        movement(before, since, &Unit::Percent)
    }

    #[test]
    fn a_jump_is_found_and_noise_is_not() {
        let noise: Vec<f64> = (0..60).map(|index| 20.0 + f64::from(index % 7)).collect();
        let found = of(&noise, &[90.0, 92.0, 95.0]).unwrap();
        assert_eq!((found.before, found.since), (23.0, 92.0));
        assert!(found.score > LEAST_SCORE);
        assert_eq!(of(&noise, &[26.0, 27.0, 28.0]), None, "within what is usual");
        assert_eq!(of(&noise, &[20.0, 95.0, 21.0]), None, "one value is no movement");
    }

    #[test]
    fn a_constant_signal_moves_by_more_than_a_trifle_only() {
        assert_eq!(of(&[0.0; 30], &[1.0, 2.0, 3.0]), None);
        assert!(of(&[0.0; 30], &[40.0, 41.0, 42.0]).is_some());
        let stopped = movement(&[1.0; 30], &[0.0; 3], &Unit::YesNo).unwrap();
        assert_eq!((stopped.before, stopped.since), (1.0, 0.0));
    }

    #[test]
    fn too_little_is_no_evidence() {
        assert_eq!(of(&[1.0; LEAST_BEFORE - 1], &[90.0; 9]), None);
        assert_eq!(of(&[1.0; LEAST_BEFORE], &[90.0; LEAST_SINCE - 1]), None);
        assert_eq!(of(&[f64::NAN; 30], &[90.0; 9]), None);
    }

    proptest! {
        #[test]
        fn what_moved_lies_outside_of_most_of_what_was_before(
            before in proptest::collection::vec(-1e6..1e6, 0..80),
            since in proptest::collection::vec(-1e6..1e6, 0..20),
        ) {
            if let Some(found) = of(&before, &since) {
                let beyond = |value: &&f64| {
                    (found.since > found.before) == (**value < found.since)
                };
                prop_assert!(found.score.is_finite());
                prop_assert!(before.iter().filter(beyond).count() * 2 >= before.len());
            }
        }

        #[test]
        fn the_order_of_values_does_not_matter(
            mut before in proptest::collection::vec(-1e3..1e3, 12..40),
            since in proptest::collection::vec(-1e3..1e3, 2..9),
        ) {
            let first = of(&before, &since);
            before.reverse();
            prop_assert_eq!(first, of(&before, &since));
        }
    }
}
