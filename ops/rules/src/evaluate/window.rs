//! The recent course of one series, thinned: enough to see a trend, small enough to keep for thousands.

use serde::{Deserialize, Serialize};

const MAX_POINTS: usize = 64;
const ENOUGH: usize = 4;
/// From this fit on the points are a line.
const STRAIGHT: f64 = 0.9;
/// From this fit on values that go the other way have turned, and are no noise.
const TURNED: f64 = 0.1;
/// From this many times as steep on the last minutes tell more than all.
const STEEPER: f64 = 1.2;

/// Points of the last while, oldest first. Times are microseconds of the engine's own scale.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Window {
    /// How far it reaches back.
    length: i64,
    points: Vec<(i64, f64)>,
    /// The slope that was asked for last, and its length: between two points it does not change.
    #[serde(skip)]
    known: Option<(i64, Option<f64>)>,
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
        self.points.retain(|&(time, _)| time >= oldest);
        if self.points.len() >= MAX_POINTS {
            self.points.remove(0);
        }
        self.points.push((at, value));
        self.known = None;
    }

    /// Change per second over the last `length`, by least squares; `None` while less than half of it is known.
    pub(super) fn slope(&self, length: i64) -> Option<f64> {
        let &(newest, _) = self.points.last()?;
        let oldest = newest.saturating_sub(length);
        let from = self.points.partition_point(|&(time, _)| time < oldest);
        let points = self.points.get(from..)?;
        let &(first, base) = points.first()?;
        if points.len() < ENOUGH || newest.saturating_sub(first) < length / 2 {
            return None;
        }
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

    /// The slope, and how well the points lie on it: 1 is a straight line.
    fn line(&self, length: i64) -> Option<(f64, f64)> {
        let slope = self.slope(length)?;
        let &(newest, _) = self.points.last()?;
        let from = self.points.partition_point(|&(time, _)| time < newest.saturating_sub(length));
        let points = self.points.get(from..)?;
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

    /// The slope of the last few minutes where that is steeper than `known` and the values go straight there: what moves now is not averaged
    /// with the rest before it.
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
                && best.is_none_or(|best| fit >= STRAIGHT && slope.abs() > best.abs() * STEEPER)
            {
                best = Some(slope);
            }
        }
        best
    }

    /// As [`Window::slope`], remembered until the next point.
    pub(super) fn remembered_slope(&mut self, length: i64) -> Option<f64> {
        match self.known {
            Some((known, slope)) if known == length => slope,
            _ => {
                let slope = self.slope(length);
                self.known = Some((length, slope));
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
        let filling = |second: i64| if second < 480 { 40.0 } else { 40.0 + (second - 480) as f64 * 0.4 };
        let all = window(600, filling).slope(600_000_000).unwrap();
        let now = window(300, filling).trend(Some(all)).unwrap();
        assert!(all < 0.2 && (now - 0.4).abs() < 0.01, "{all} {now}");
    }

    #[test]
    fn what_has_turned_is_not_told_by_what_it_did_before() {
        let turned = |second: i64| if second < 540 { second as f64 * 0.1 } else { 54.0 - (second - 540) as f64 * 0.3 };
        let all = window(600, turned).slope(600_000_000).unwrap();
        assert!(all > 0.0 && window(300, turned).trend(Some(all)).unwrap() < 0.0);
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
}
