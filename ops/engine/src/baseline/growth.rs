//! The growth of a signal's spread with its usual value.

/// Hours that are remembered.
const MEMORY: f32 = 336.0;
/// The variance of the usual value's logarithm that an unknown growth weighs: where the usual value is
/// nearly the same at all hours, no growth is told.
const SHRINKAGE: f32 = 0.05;
/// The logarithm by which a usual value differs from the mean one at most: 64 times.
const MOST: f32 = 4.16;

/// The power of the usual value that distances from it grow with, by the regression of their
/// logarithms.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Growth {
    hours: f32,
    /// The mean logarithms of the usual value and of the distance.
    level: f32,
    width: f32,
    variance: f32,
    covariance: f32,
}

impl Growth {
    /// Takes the usual value of an hour and its largest distance from it.
    pub(super) fn learn(&mut self, usual: f32, distance: f32) {
        if usual <= 0.0 || distance <= 0.0 {
            return;
        }
        self.hours = (self.hours + 1.0).min(MEMORY);
        let part = 1.0 / self.hours;
        let (above, wider) = (usual.ln() - self.level, distance.ln() - self.width);
        self.level += part * above;
        self.width += part * wider;
        self.variance = (1.0 - part) * (self.variance + part * above * above);
        self.covariance = (1.0 - part) * (self.covariance + part * above * wider);
    }

    /// How many times as wide as at the mean level the distances at a usual value are.
    pub(super) fn scale(&self, usual: f32) -> f32 {
        let power = (self.covariance / (self.variance + SHRINKAGE)).clamp(0.0, 1.0);
        let above = (usual.max(f32::MIN_POSITIVE).ln() - self.level).clamp(-MOST, MOST);
        (power * above).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(distance: impl Fn(f32) -> f32) -> Growth {
        let mut growth = Growth::default();
        for hour in 0..336_u16 {
            let usual: f32 = if hour % 24 < 12 { 20.0 } else { 400.0 };
            let noise = 0.5 + f32::from(hour % 7) / 7.0;
            growth.learn(usual, distance(usual) * noise);
        }
        growth
    }

    #[test]
    fn distances_grow_as_they_were_seen_to() {
        let ratio = |growth: &Growth| growth.scale(400.0) / growth.scale(20.0);
        assert!((0.8..1.25).contains(&ratio(&learned(|_| 10.0))));
        assert!((3.5..5.0).contains(&ratio(&learned(f32::sqrt))));
        assert!((15.0..20.5).contains(&ratio(&learned(|usual| usual / 10.0))));
        // What is narrower where more is usual is told as if it were the same.
        assert!((ratio(&learned(|usual| 100.0 / usual)) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn no_growth_is_told_of_a_level_that_stays_or_of_nothing() {
        let mut flat = Growth::default();
        for hour in 0..500_u16 {
            flat.learn(100.0 + f32::from(hour % 3), 1.0 + f32::from(hour % 5));
        }
        assert!((flat.scale(110.0) - 1.0).abs() < 0.01);
        assert!((Growth::default().scale(9.0) - 1.0).abs() < 1e-6);
        assert!(flat.scale(0.0) > 0.0 && flat.scale(f32::MAX).is_finite());
    }
}
