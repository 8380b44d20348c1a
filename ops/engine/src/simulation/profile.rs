//! A rate over time, and the moments of its requests.

use domain::time::Span;

use crate::simulation::random::Random;

/// A rate over time: straight lines between points, zero before the first and after the last. Two
/// points at the same time are a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile(Vec<Point>);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    at: Span,
    /// Requests per second.
    rate: f64,
}

impl Profile {
    /// Adds a straight line from the last point to this one. Times do not go back.
    #[must_use]
    pub fn to(mut self, at: Span, rate: f64) -> Self {
        let last = self.0.last().map_or(Span::ZERO, |point| point.at);
        self.0.push(Point { at: at.max(last), rate: rate.max(0.0) });
        self
    }

    /// The same rate between two times.
    pub fn steady(from: Span, until: Span, rate: f64) -> Self {
        Self::default().to(from, rate).to(until, rate)
    }

    /// The number of requests: the area below the line.
    pub fn requests(&self) -> f64 {
        self.lines().map(|(from, to)| area(from, to)).sum()
    }

    fn lines(&self) -> impl Iterator<Item = (Point, Point)> + '_ {
        self.0.iter().zip(self.0.iter().skip(1)).map(|(from, to)| (*from, *to))
    }

    /// The times of the requests, in order. Each unit of the area has one at a random place in it:
    /// counts are exact, and nothing marches in step.
    pub fn times(&self, random: &mut Random) -> Vec<Span> {
        let mut times = Vec::with_capacity(self.requests() as usize + 1);
        let mut before = 0.0;
        let mut next = random.share();
        for (from, to) in self.lines() {
            let area = area(from, to);
            while next < before + area {
                times.push(from.at.plus(reach(from, to, next - before)));
                next = times.len() as f64 + random.share();
            }
            before += area;
        }
        times
    }
}

fn seconds(from: Point, to: Point) -> f64 {
    to.at.minus(from.at).as_secs_f64()
}

fn area(from: Point, to: Point) -> f64 {
    (from.rate + to.rate) / 2.0 * seconds(from, to)
}

/// The time after which a line has passed an area: the positive root of a quadratic equation, in
/// the form that also holds for a level line.
fn reach(from: Point, to: Point, area: f64) -> Span {
    let length = seconds(from, to);
    let slope = (to.rate - from.rate) / length;
    let root = (from.rate * from.rate + 2.0 * slope * area).max(0.0).sqrt();
    let time = 2.0 * area / (from.rate + root);
    Span::from_micros((time.clamp(0.0, length) * 1e6) as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_ramp_has_the_area_of_a_triangle() {
        let ramp = Profile::default().to(Span::from_secs(5), 0.0).to(Span::from_secs(15), 40.0);
        assert_eq!(ramp.requests(), 200.0);
        let times = ramp.times(&mut Random::new(1, 1));
        assert_eq!(times.len(), 200);
        // Half of the time has a quarter of the requests.
        let early = times.iter().filter(|time| **time < Span::from_secs(10)).count();
        assert!((49..=51).contains(&early), "{early}");
        assert!(Profile::default().times(&mut Random::new(1, 1)).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: fixtures::cases(64), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn times_are_in_order_and_as_many_as_the_area_in_every_part(
            points in proptest::collection::vec((0..8_000_u64, 0..300_u32), 2..7),
            seed in any::<u64>(),
        ) {
            let mut at = 0;
            let mut profile = Profile::default();
            for (step, rate) in points {
                at += step;
                profile = profile.to(Span::from_millis(at), f64::from(rate));
            }
            let times = profile.times(&mut Random::new(seed, 0));
            prop_assert!(times.is_sorted());
            prop_assert!((times.len() as f64 - profile.requests()).abs() <= 1.0);
            for (from, to) in profile.lines() {
                let within = |time: &&Span| **time >= from.at && **time < to.at;
                let count = times.iter().filter(within).count() as f64;
                prop_assert!((count - area(from, to)).abs() <= 2.0, "{from:?} {to:?}: {count}");
            }
        }
    }
}
