//! The distance of a value to a threshold in force.

use std::sync::{Arc, Mutex, PoisonError};

use domain::subject::Subject;
use policy::thresholds::{Level, Thresholds};

/// A value that is so near, as a part of its level, is watched closely.
const MARGIN: f64 = 0.1;
/// So is one that will be beyond it in this time, in seconds.
const SOON: f64 = 900.0;
/// A forecast is near when it leaves less than this part of its horizon.
const HORIZON: f64 = 0.125;

/// The thresholds in force, as the monitor puts them there.
#[derive(Clone, Debug, Default)]
pub struct InForce(Arc<Mutex<Option<Arc<Thresholds>>>>);

impl InForce {
    /// Puts other ones in force.
    pub fn set(&self, thresholds: &Arc<Thresholds>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(thresholds));
    }

    /// The thresholds; `None` before the first ones came.
    pub(crate) fn get(&self) -> Option<Arc<Thresholds>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A value as it moves: per second, where that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Course {
    /// The newest value.
    pub value: f64,
    /// Its change per second.
    pub slope: f64,
}

/// True if a value is past a threshold, or near one.
pub(crate) fn is_near(
    thresholds: &Thresholds,
    signal: &str,
    subject: &Subject,
    course: Course,
) -> bool {
    let rows = thresholds.rows_for(signal, subject.as_str());
    let all = [rows.level, rows.rate, rows.forecast];
    all.into_iter().flatten().any(|row| {
        row.base().is_some_and(|level| near(level, row.recovers_at.unwrap_or(level), course))
    })
}

/// True if a value is near a level; `recovered` is where it is well again.
fn near(level: Level, recovered: Level, Course { value, slope }: Course) -> bool {
    let soon = value + slope * SOON;
    match level {
        Level::Above(level) => value.max(soon) > level - level.abs() * MARGIN,
        // A share of which all is well is as good as can be, and within the margin all the same.
        Level::Below(_)
            if slope >= 0.0 && matches!(recovered, Level::Below(well) if value >= well) =>
        {
            false
        }
        Level::Below(level) => value.min(soon) < level + level.abs() * MARGIN,
        Level::Rises { by, within } => slope * within.as_secs_f64() > by / 2.0,
        Level::Reaches { limit, within } => {
            let left = (limit - value) / slope;
            left.is_finite() && left >= 0.0 && left < within.as_secs_f64() * HORIZON
        }
        // What is usual is not known here.
        Level::Usual(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use domain::time::Span;

    use super::*;

    #[test]
    fn what_is_past_a_level_or_will_be_soon_is_near() {
        let near = |level, value, slope| near(level, level, Course { value, slope });
        let above = Level::Above(90.0);
        assert!(near(above, 95.0, 0.0) && near(above, 82.0, 0.0) && !near(above, 80.0, 0.0));
        assert!(near(above, 50.0, 0.05) && !near(above, 50.0, -0.05));
        let below = Level::Below(1.0);
        assert!(near(below, 0.0, 0.0) && near(below, 1.05, -0.01) && !near(below, 1.2, 0.0));
        let reaches = Level::Reaches { limit: 100.0, within: Span::from_secs(8 * 3_600) };
        assert!(near(reaches, 50.0, 0.02) && !near(reaches, 50.0, 0.01));
        assert!(!near(reaches, 50.0, 0.0) && !near(reaches, 50.0, -1.0));
        let rises = Level::Rises { by: 10.0, within: Span::from_secs(100) };
        assert!(near(rises, 0.0, 0.06) && !near(rises, 0.0, 0.04));
    }

    #[test]
    fn what_is_as_good_as_can_be_is_not_near() {
        let healthy = |value, slope| {
            let course = Course { value, slope };
            near(Level::Below(100.0), Level::Below(100.0), course)
        };
        assert!(!healthy(100.0, 0.0) && !healthy(100.0, 0.1));
        assert!(healthy(100.0, -0.1) && healthy(90.0, 0.0) && healthy(90.0, 0.1));
    }
}
