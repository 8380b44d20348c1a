//! The recent course of one series, thinned: enough to see a trend, small enough to keep for thousands.

use serde::{Deserialize, Serialize};

const MAX_POINTS: usize = 64;
const ENOUGH: usize = 4;

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
