//! The recent course of one series, thinned: enough to see a trend, small enough to keep for
//! thousands.

use serde::{Deserialize, Serialize};

const MAX_POINTS: usize = 64;
const ENOUGH: usize = 4;
/// From this many points on it can be told whether a slope lasts.
const ENOUGH_TO_LAST: usize = 6;
/// A slope is told as at most this many times the lesser of those of its parts.
const MOST_OF_PARTS: f64 = 2.0;
/// From this fit on the points are a line.
const STRAIGHT: f64 = 0.9;
/// From this fit on values that go the other way have turned, and are no noise.
const TURNED: f64 = 0.1;
/// From this many times as steep on the last minutes tell more than all.
const STEEPER: f64 = 1.2;

/// Points of the last while, oldest first. Times are microseconds of the engine's own scale.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Window {
    /// The period it covers.
    length: i64,
    points: Vec<(i64, f64)>,
    /// The slope that was asked for last, and its length: between two points it does not change.
    #[serde(skip)]
    known: Option<(Asked, Option<f64>)>,
}

/// A slope that was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Asked {
    length: i64,
    lasting: bool,
}

impl Window {
    pub(super) fn new(length: i64) -> Self {
        Self { length, points: Vec::new(), known: None }
    }

    /// Another length; the points stay.
    pub(super) fn reach(&mut self, length: i64) {
        self.length = length;
        self.points.truncate(MAX_POINTS);
        self.known = None;
    }

    /// Adds a point, unless the last one is too near for the resolution.
    pub(super) fn push(&mut self, at: i64, value: f64) {
        if self.points.last().is_some_and(|&(last, _)| at.saturating_sub(last) < self.length / 60) {
            return;
        }
        let oldest = at.saturating_sub(self.length);
        self.points.drain(..self.points.partition_point(|&(time, _)| time < oldest));
        if self.points.len() >= MAX_POINTS {
            self.points.remove(0);
        }
        self.points.push((at, value));
        self.known = None;
    }

    /// The points of the last `length`; `None` while there are fewer than `enough`, or less than half of
    /// it is known.
    fn recent(&self, length: i64, enough: usize) -> Option<&[(i64, f64)]> {
        let &(newest, _) = self.points.last()?;
        let oldest = newest.saturating_sub(length);
        let from = self.points.partition_point(|&(time, _)| time < oldest);
        let points = self.points.get(from..)?;
        let &(first, _) = points.first()?;
        let is_known = points.len() >= enough && newest.saturating_sub(first) >= length / 2;
        is_known.then_some(points)
    }

    /// Change per second over the last `length`, by least squares; `None` while less than half of
    /// it is known.
    pub(super) fn slope(&self, length: i64) -> Option<f64> {
        let points = self.recent(length, ENOUGH)?;
        let &(first, base) = points.first()?;
        let seconds = |time: i64| time.saturating_sub(first) as f64 / 1e6;
        let count = points.len() as f64;
        let (mut mean_x, mut mean_y) = (0.0, 0.0);
        for &(time, value) in points {
            mean_x += seconds(time) / count;
            mean_y += (value - base) / count;
        }
        let (mut over, mut under) = (0.0, 0.0);
        for &(time, value) in points {
            let x = seconds(time) - mean_x;
            over += x * (value - base - mean_y);
            under += x * x;
        }
        let slope = over / under;
        slope.is_finite().then_some(slope)
    }

    /// The steepest slope that the points of the last `length` may have, whichever way it goes, without
    /// fitting a line; `None` where [`Window::lasting`] knows none.
    ///
    /// Of `n` points whose values span `r` and whose times are at least `d` apart, the times spread by at
    /// least `sum(x^2) >= d^2 n (n^2 - 1) / 12`, and `|sum(x y)| <= r / 2 sum(|x|) <= r / 2 sqrt(n sum(x^2))`
    /// by Cauchy-Schwarz: so the slope is at most `r / d sqrt(3 / (n^2 - 1))`.
    pub(super) fn steepest(&self, length: i64) -> Option<f64> {
        let points = self.recent(length, ENOUGH_TO_LAST)?;
        let &(_, value) = points.first()?;
        let (mut min, mut max, mut nearest, mut before) = (value, value, i64::MAX, None);
        for &(time, value) in points {
            (min, max) = (min.min(value), max.max(value));
            nearest = before.map_or(nearest, |before| nearest.min(time.saturating_sub(before)));
            before = Some(time);
        }
        let count = points.len() as f64;
        let slope = (max - min) / (nearest as f64 / 1e6) * (3.0 / (count * count - 1.0)).sqrt();
        // Far more than is lost in rounding.
        (nearest > 0 && slope.is_finite()).then_some(slope * 1.001)
    }

    /// The part of a slope over the last `length` that lasts: the lesser of the slopes from the
    /// first third to the second and from there to the last, each by its median; 0 if they do not
    /// go `slope`'s way. A single step is none, and a flat end ends it.
    fn lasts(&self, length: i64, slope: f64) -> Option<f64> {
        let points = self.recent(length, ENOUGH_TO_LAST)?;
        let third = points.len() / 3;
        let middle = |part: &[(i64, f64)]| {
            let mut values = [0.0; MAX_POINTS];
            let values = values.get_mut(..part.len())?;
            values.iter_mut().zip(part).for_each(|(value, &(_, known))| *value = known);
            let (_, &mut median, _) = values.select_nth_unstable_by(part.len() / 2, f64::total_cmp);
            Some((part.get(part.len() / 2)?.0, median))
        };
        let [one, two, three] = [
            points.get(..third)?,
            points.get(third..points.len() - third)?,
            points.get(points.len() - third..)?,
        ];
        let (one, two, three) = (middle(one)?, middle(two)?, middle(three)?);
        let between = |a: (i64, f64), b: (i64, f64)| {
            (b.1 - a.1) / (b.0.saturating_sub(a.0) as f64 / 1e6) * slope.signum()
        };
        let least = between(one, two).min(between(two, three)).max(0.0);
        least.is_finite().then_some(least)
    }

    /// As [`Window::slope`], but no more than what lasts, over all of it or over its last third:
    /// what a forecast may be built on.
    pub(super) fn lasting(&self, length: i64) -> Option<f64> {
        let slope = self.slope(length)?;
        let all = self.lasts(length, slope)?;
        Some(at_most(slope, all.max(self.lasts(length / 3, slope).unwrap_or(0.0))))
    }

    /// A slope that is known from elsewhere, as far as it lasts here; `None` if too little is known
    /// to say so.
    pub(super) fn bounded(&self, slope: f64) -> Option<f64> {
        Some(at_most(slope, self.lasts(self.length, slope)?))
    }

    /// The slope, and how well the points lie on it: 1 is a straight line.
    fn line(&self, length: i64) -> Option<(f64, f64)> {
        let slope = self.slope(length)?;
        let points = self.recent(length, ENOUGH)?;
        let &(first, base) = points.first()?;
        let count = points.len() as f64;
        let seconds = |time: i64| time.saturating_sub(first) as f64 / 1e6;
        let mean_x = points.iter().map(|&(time, _)| seconds(time) / count).sum::<f64>();
        let mean_y = points.iter().map(|&(_, value)| (value - base) / count).sum::<f64>();
        let (mut left, mut all) = (0.0, 0.0);
        for &(time, value) in points {
            let y = value - base - mean_y;
            let rest = y - slope * (seconds(time) - mean_x);
            left += rest * rest;
            all += y * y;
        }
        let fit = 1.0 - left / all;
        fit.is_finite().then_some((slope, fit))
    }

    /// The slope of the last few minutes where that is steeper than `known` and the values go
    /// straight there: what moves now is not averaged with the rest before it.
    pub(super) fn trend(&self, known: Option<f64>) -> Option<f64> {
        let mut best = known;
        // It has turned: then what it did before says nothing about what comes.
        if let (Some(before), Some((slope, fit))) = (known, self.line(self.length * 2 / 5))
            && slope * before < 0.0
            && fit >= TURNED
        {
            best = Some(slope);
        }
        for length in [self.length, self.length * 2 / 5] {
            if let Some((slope, fit)) = self.line(length)
                && fit >= STRAIGHT
                && best.is_none_or(|best| slope.abs() > best.abs() * STEEPER)
            {
                best = Some(slope);
            }
        }
        best
    }

    /// As [`Window::slope`], remembered until the next point.
    pub(super) fn remembered_slope(&mut self, length: i64) -> Option<f64> {
        self.remembered(Asked { length, lasting: false })
    }

    /// As [`Window::lasting`], remembered until the next point.
    pub(super) fn remembered_lasting(&mut self, length: i64) -> Option<f64> {
        self.remembered(Asked { length, lasting: true })
    }

    fn remembered(&mut self, asked: Asked) -> Option<f64> {
        match self.known {
            Some((known, slope)) if known == asked => slope,
            _ => {
                let slope = if asked.lasting {
                    self.lasting(asked.length)
                } else {
                    self.slope(asked.length)
                };
                self.known = Some((asked, slope));
                slope
            }
        }
    }

    /// Moves all times.
    pub(super) fn shift(&mut self, by: i64) {
        self.known = None;
        for (time, _) in &mut self.points {
            *time = time.saturating_add(by);
        }
    }
}

fn at_most(slope: f64, lasts: f64) -> f64 {
    slope.abs().min(lasts * MOST_OF_PARTS).copysign(slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(length: i64, value: impl Fn(i64) -> f64) -> Window {
        let mut window = Window::new(length * 1_000_000);
        (0..=600).step_by(5).for_each(|second| window.push(second * 1_000_000, value(second)));
        window
    }

    #[test]
    fn what_moves_now_is_not_averaged_with_the_rest_before() {
        let filling =
            |second: i64| if second < 480 { 40.0 } else { 40.0 + (second - 480) as f64 * 0.4 };
        let all = window(600, filling).slope(600_000_000).unwrap();
        let now = window(300, filling).trend(Some(all)).unwrap();
        assert!(all < 0.2 && (now - 0.4).abs() < 0.01, "{all} {now}");
    }

    #[test]
    fn what_has_turned_is_not_told_by_what_it_did_before() {
        let turned = |second: i64| {
            if second < 540 { second as f64 * 0.1 } else { 54.0 - (second - 540) as f64 * 0.3 }
        };
        let all = window(600, turned).slope(600_000_000).unwrap();
        assert!(all > 0.0 && window(300, turned).trend(Some(all)).unwrap() < 0.0);
    }

    proptest::proptest! {
        #[test]
        fn no_slope_is_steeper_than_the_steepest(
            points in proptest::collection::vec((1_i64..200, -1e6_f64..1e6), 1..100),
            length in 60_i64..4_000,
        ) {
            let mut window = Window::new(3_600_000_000);
            let mut at = 0;
            for (later, value) in points {
                at += later * 1_000_000;
                window.push(at, value);
                let length = length * 1_000_000;
                if let Some(steepest) = window.steepest(length) {
                    let slope = window.slope(length).unwrap();
                    proptest::prop_assert!(slope.abs() <= steepest, "{slope} {steepest}");
                    let lasting = window.lasting(length).unwrap();
                    proptest::prop_assert!(lasting.abs() <= steepest, "{lasting} {steepest}");
                }
            }
        }
    }

    #[test]
    fn noise_is_no_trend() {
        let noise = |second: i64| if (second / 5) % 2 == 0 { 40.0 } else { 60.0 };
        let all = window(600, noise).slope(600_000_000).unwrap();
        assert_eq!(window(300, noise).trend(Some(all)), Some(all));
        let steady = |second: i64| second as f64 * 0.4;
        let all = window(600, steady).slope(600_000_000).unwrap();
        assert_eq!(window(300, steady).trend(Some(all)), Some(all));
        assert_eq!(window(300, |_| 7.0).trend(Some(0.0)), Some(0.0));
    }

    #[test]
    fn a_single_step_is_no_trend_wherever_it_lies() {
        for length in [600, 300] {
            for step in (0..=600).step_by(5) {
                let stepped = |second: i64| if second < step { 40.0 } else { 90.0 };
                assert_eq!(
                    window(length, stepped).lasting(length * 1_000_000).unwrap().abs(),
                    0.0,
                    "{length} {step}"
                );
            }
        }
    }

    #[test]
    fn a_flat_end_ends_a_trend_and_what_goes_on_or_begins_is_one() {
        let until = |end: i64| move |second: i64| second.min(end) as f64 * 0.1;
        let lasting = |value: &dyn Fn(i64) -> f64| window(600, value).lasting(600_000_000).unwrap();
        assert!((lasting(&until(600)) - 0.1).abs() < 1e-6);
        assert!(lasting(&until(580)) > 0.08);
        assert_eq!(lasting(&until(280)), 0.0);
        let begins = |second: i64| (second - 400).max(0) as f64 * 0.1;
        assert!(lasting(&begins) > 0.01, "{}", lasting(&begins));
        // Steps that go on are one as well.
        let stairs = |second: i64| (second / 60) as f64;
        assert!(lasting(&stairs) > 0.01);
    }
}
