//! Hours that are put together from shorter steps, as stored history keeps them.

use domain::time::Timestamp;

use crate::baseline::{HOUR, HourOfHistory};

/// Steps of one series, put together to hours.
#[derive(Clone, Debug, Default)]
pub struct Hours {
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    hour: i64,
    sum: f64,
    count: f64,
    min: f64,
    max: f64,
    /// Some step was one of trouble.
    is_trouble: bool,
}

impl Hours {
    /// True if a step begins another hour than the one that is put together.
    pub fn begins(&self, start: Timestamp) -> bool {
        self.open.is_none_or(|open| open.hour != start.as_micros().div_euclid(HOUR))
    }

    /// Takes a step: its smallest value, mean and largest value. Returns the hour that is over with
    /// it.
    pub fn take(
        &mut self,
        start: Timestamp,
        (min, mean, max): (f64, f64, f64),
        is_trouble: bool,
    ) -> Option<HourOfHistory> {
        let hour = start.as_micros().div_euclid(HOUR);
        let of_step = Open { hour, sum: mean, count: 1.0, min, max, is_trouble };
        match &mut self.open {
            Some(open) if open.hour == hour => {
                open.sum += mean;
                open.count += 1.0;
                open.min = open.min.min(min);
                open.max = open.max.max(max);
                open.is_trouble |= is_trouble;
                None
            }
            open => open.replace(of_step).map(|open| HourOfHistory {
                start: Timestamp::from_micros(open.hour.saturating_mul(HOUR)),
                // A sum of equal values may be rounded.
                mean: (open.sum / open.count).clamp(open.min, open.max.max(open.min)),
                min: open.min,
                max: open.max,
                is_trouble: open.is_trouble,
            }),
        }
    }
}
