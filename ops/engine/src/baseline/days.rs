//! The largest distances of the last days.

/// Days that are remembered.
const DAYS: usize = 14;
const HOURS_OF_DAY: i64 = 24;

/// For each of the last days, the largest distances below and above the usual value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Days {
    newest: i64,
    largest: [[f32; DAYS]; 2],
}

impl Days {
    /// Takes the largest distances of an hour, below and above.
    pub(super) fn learn(&mut self, hour: i64, distances: [f32; 2]) {
        let day = hour.div_euclid(HOURS_OF_DAY);
        let passed = usize::try_from(day.saturating_sub(self.newest)).unwrap_or(DAYS).min(DAYS);
        if passed > 0 {
            self.newest = day;
            for side in &mut self.largest {
                side.rotate_right(passed % DAYS);
                side.iter_mut().take(passed).for_each(|one| *one = 0.0);
            }
        }
        for (side, distance) in self.largest.iter_mut().zip(distances) {
            side[0] = side[0].max(distance);
        }
    }

    /// The largest of all, below and above.
    pub(super) fn largest(&self) -> [f32; 2] {
        self.largest.map(|side| side.into_iter().fold(0.0, f32::max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_is_remembered_for_two_weeks() {
        let mut days = Days::default();
        let day = |day: i64| (500_000 + day) * HOURS_OF_DAY;
        days.learn(day(0), [1.0, 9.0]);
        days.learn(day(0) + 5, [2.0, 3.0]);
        days.learn(day(1), [1.5, 4.0]);
        assert_eq!(days.largest(), [2.0, 9.0]);
        days.learn(day(13), [0.0, 0.0]);
        assert_eq!(days.largest(), [2.0, 9.0]);
        days.learn(day(14), [0.0, 0.0]);
        assert_eq!(days.largest(), [1.5, 4.0]);
        days.learn(day(400), [1.0, 1.0]);
        assert_eq!(days.largest(), [1.0, 1.0]);
    }
}
