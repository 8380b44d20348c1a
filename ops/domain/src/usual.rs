//! Usual values of a signal, and levels relative to them.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The usual value of a signal of a subject at this hour.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Usual {
    /// The value, in the signal's unit.
    pub value: f64,
    /// The range in which nearly all values lie. Only where the history is long enough to alert by:
    /// without it, nothing that is relative to the usual value is judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<UsualRange>,
    /// The range of all values of the last days without trouble; at least the usual one. Known only
    /// together with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recent: Option<UsualRange>,
    /// Time for which the range holds, unless more is learned; `None`: until another one comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The history that it was learned from, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned: Option<LearnedHistory>,
}

/// The range in which nearly all values of this hour lie, in the signal's unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UsualRange {
    /// The lower end; at most the usual value.
    pub low: f64,
    /// The upper end; at least the usual value.
    pub high: f64,
}

impl UsualRange {
    /// True if a value is in the range.
    pub fn holds(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// The history that a usual value was learned from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LearnedHistory {
    /// The hours that were learned.
    pub hours: u32,
    /// The hours from the first value to the newest.
    pub age_hours: u32,
}

/// Learned hours that it takes before a range is told.
pub const LEAST_LEARNED_HOURS: u32 = 48;
/// The age in hours that a history must have before a range is told: a week.
pub const LEAST_AGE_HOURS: u32 = 7 * 24;

/// The reasons for which a level relative to what is usual is not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum NotJudged {
    /// Nothing was learned yet.
    NoHistory,
    /// The history is younger than [`LEAST_AGE_HOURS`].
    Young {
        /// Its age.
        age_hours: u32,
    },
    /// Fewer hours than [`LEAST_LEARNED_HOURS`] were learned.
    Sparse {
        /// The hours that were learned.
        hours: u32,
    },
    /// Nothing was learned for more than an hour.
    Gap,
    /// The usual value is zero or below: a multiple of it says nothing.
    NoMultiple,
}

impl Usual {
    /// A usual value that only explains.
    pub const fn explaining(value: f64) -> Self {
        Self { value, range: None, recent: None, until: None, learned: None }
    }

    /// A usual value with its range.
    pub const fn ranging(low: f64, value: f64, high: f64) -> Self {
        let range = Some(UsualRange { low, high });
        Self { value, range, recent: None, until: None, learned: None }
    }

    /// The same without what is not a number or not in order.
    pub fn checked(self) -> Option<Self> {
        let is_range = |range: &UsualRange| {
            range.low.is_finite() && range.high.is_finite() && range.holds(self.value)
        };
        self.value.is_finite().then(|| Self {
            range: self.range.filter(is_range),
            recent: self.recent.filter(is_range),
            ..self
        })
    }

    /// The same at a moment: without its range where that does not hold any more.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        let holds = self.until.is_none_or(|until| now <= until);
        Self { range: self.range.filter(|_| holds), ..self }
    }
}

/// The side of the usual value on which a level lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Above a multiple of the usual value.
    Above,
    /// Below a part of the usual value.
    Below,
    /// Outside a multiple of the usual range.
    Outside,
    /// Outside a multiple of the range of the last days.
    OutsideRecent,
}

/// A level relative to what is usual: `above 3 times usual and 50 ms`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RelativeLevel {
    /// The side.
    pub side: Side,
    /// The multiple of the usual value; for [`Side::Outside`], how many times the distance from the
    /// usual value to the end of the range.
    pub times: f64,
    /// The value must be beyond this too; for [`Side::Outside`], so far from the usual value. So
    /// nothing small alerts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<f64>,
}

/// The values that are not beyond a relative level at this hour, in the signal's unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Bounds {
    /// Values below this are beyond the level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Values above this are beyond the level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

impl Bounds {
    /// True if a value is outside.
    pub fn exclude(&self, value: f64) -> bool {
        self.high.is_some_and(|high| value > high) || self.low.is_some_and(|low| value < low)
    }

    /// The end that a value is past, or else the only one, or the upper one.
    pub fn near(&self, value: f64) -> Option<f64> {
        match (self.low, self.high) {
            (Some(low), _) if value < low => Some(low),
            (low, high) => high.or(low),
        }
    }
}

impl RelativeLevel {
    /// The number on a scale on which more is worse: see [`RelativeLevel::excess`].
    pub fn on_scale(self) -> f64 {
        match self.side {
            Side::Above | Side::Outside | Side::OutsideRecent => self.times,
            Side::Below => -self.times,
        }
    }

    /// The distance of a value from the usual one, on the scale of [`RelativeLevel::on_scale`].
    /// Within the usual range no value is beyond a level, whatever multiple it is. `None` where too
    /// little is known to alert by: without a range, and where the level is a multiple of nothing.
    pub fn excess(self, value: f64, usual: Usual) -> Option<f64> {
        let range = self.range(usual)?;
        let is_multiple = usual.value > 0.0;
        let beyond_floor = |distance: f64| self.floor.is_none_or(|floor| distance > floor);
        Some(match self.side {
            Side::Above if value <= range.high => 0.0,
            Side::Below if value >= range.low => f64::NEG_INFINITY,
            Side::Above | Side::Below if !is_multiple => return None,
            Side::Above if !beyond_floor(value) => 0.0,
            Side::Above => value / usual.value,
            Side::Below if self.floor.is_some_and(|floor| value >= floor) => f64::NEG_INFINITY,
            Side::Below => -(value / usual.value),
            Side::Outside | Side::OutsideRecent => {
                let distance = (value - usual.value).abs();
                let end = if value > usual.value { range.high } else { range.low };
                let width = (end - usual.value).abs();
                if range.holds(value) || !beyond_floor(distance) {
                    0.0
                } else if width > 0.0 {
                    distance / width
                } else {
                    f64::INFINITY
                }
            }
        })
    }

    /// True if it is a multiple of the usual value, and not a distance from it.
    pub const fn is_multiple(self) -> bool {
        matches!(self.side, Side::Above | Side::Below)
    }

    /// The range that a value must be outside of.
    fn range(self, usual: Usual) -> Option<UsualRange> {
        let range = usual.range?;
        match self.side {
            Side::OutsideRecent => usual.recent.or(Some(range)),
            Side::Above | Side::Below | Side::Outside => Some(range),
        }
    }

    /// The values that are within the level at this hour; `None` where too little is known.
    pub fn bounds(self, usual: Usual) -> Option<Bounds> {
        let range = self.range(usual)?;
        let floor = self.floor.unwrap_or(f64::NEG_INFINITY);
        let some = |value: f64| value.is_finite().then_some(value);
        Some(match self.side {
            Side::Above | Side::Below if usual.value <= 0.0 => return None,
            Side::Above => {
                let high = (self.times * usual.value).max(floor).max(range.high);
                Bounds { low: None, high: some(high) }
            }
            Side::Below => {
                let low = self.times * usual.value;
                let low = low.min(self.floor.unwrap_or(f64::INFINITY)).min(range.low);
                Bounds { low: some(low), high: None }
            }
            Side::Outside | Side::OutsideRecent => {
                let (down, up) = (usual.value - range.low, range.high - usual.value);
                Bounds {
                    low: some(usual.value - (self.times.max(1.0) * down).max(floor)),
                    high: some(usual.value + (self.times.max(1.0) * up).max(floor)),
                }
            }
        })
    }

    /// The reason that the level is not judged at a moment; `None` where it is.
    pub fn not_judged(self, usual: Option<Usual>, now: Timestamp) -> Option<NotJudged> {
        let Some(usual) = usual else { return Some(NotJudged::NoHistory) };
        if usual.range.is_none() {
            let Some(learned) = usual.learned else { return Some(NotJudged::NoHistory) };
            return Some(if learned.age_hours < LEAST_AGE_HOURS {
                NotJudged::Young { age_hours: learned.age_hours }
            } else if learned.hours < LEAST_LEARNED_HOURS {
                NotJudged::Sparse { hours: learned.hours }
            } else {
                NotJudged::Gap
            });
        }
        if usual.at(now).range.is_none() {
            return Some(NotJudged::Gap);
        }
        (self.is_multiple() && usual.value <= 0.0).then_some(NotJudged::NoMultiple)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Usual = Usual::ranging(80.0, 100.0, 140.0);

    fn level(side: Side, times: f64, floor: Option<f64>) -> RelativeLevel {
        RelativeLevel { side, times, floor }
    }

    fn beyond(level: RelativeLevel, value: f64, usual: Usual) -> bool {
        level.excess(value, usual).is_some_and(|excess| excess > level.on_scale())
    }

    #[test]
    fn a_floor_keeps_small_values_from_alerting() {
        let three = level(Side::Above, 3.0, Some(50.0));
        let tiny = Usual::ranging(0.5, 1.0, 2.0);
        assert!(!beyond(three, 49.0, tiny));
        assert!(beyond(three, 51.0, tiny));
        assert!(!beyond(three, 299.0, USUAL));
        assert!(beyond(three, 301.0, USUAL));
        assert_eq!(three.bounds(tiny), Some(Bounds { low: None, high: Some(50.0) }));
    }

    #[test]
    fn a_multiple_of_nothing_or_less_is_not_judged() {
        for value in [0.0, -4.0] {
            let usual = Usual::ranging(value - 1.0, value, value + 1.0);
            for multiple in [level(Side::Above, 3.0, None), level(Side::Below, 0.3, None)] {
                assert!(!beyond(multiple, 1e9, usual) && !beyond(multiple, -1e9, usual));
                assert_eq!(multiple.bounds(usual), None);
                let why = multiple.not_judged(Some(usual), Timestamp::default());
                assert_eq!(why, Some(NotJudged::NoMultiple));
            }
            // What is usual for the range may be anything.
            let outside = level(Side::Outside, 1.0, None);
            assert!(beyond(outside, value + 2.0, usual));
            assert_eq!(outside.not_judged(Some(usual), Timestamp::default()), None);
        }
        assert_eq!(Usual::ranging(0.0, f64::INFINITY, f64::INFINITY).checked(), None);
    }

    #[test]
    fn a_multiple_that_is_usual_is_not_beyond_the_level() {
        let often = Usual::ranging(20.0, 100.0, 350.0);
        let (three, half) = (level(Side::Above, 3.0, None), level(Side::Below, 0.5, None));
        assert!(!beyond(three, 340.0, often));
        assert!(beyond(three, 351.0, often));
        assert_eq!(three.bounds(often), Some(Bounds { low: None, high: Some(350.0) }));
        assert!(!beyond(half, 30.0, often));
        assert!(beyond(half, 19.0, often));
        assert_eq!(half.bounds(often), Some(Bounds { low: Some(20.0), high: None }));
    }

    #[test]
    fn each_side_of_the_range_has_its_own_width() {
        let outside = level(Side::Outside, 2.0, None);
        assert_eq!(outside.bounds(USUAL), Some(Bounds { low: Some(60.0), high: Some(180.0) }));
        assert!(!beyond(outside, 60.0, USUAL));
        assert!(beyond(outside, 59.0, USUAL));
        assert!(beyond(outside, 181.0, USUAL));
        assert!(!beyond(level(Side::Outside, 2.0, Some(90.0)), 181.0, USUAL));
    }

    #[test]
    fn the_range_of_the_last_days_is_another_one() {
        let recent = Some(UsualRange { low: 20.0, high: 200.0 });
        let usual = Usual { recent, ..USUAL };
        let outside = level(Side::OutsideRecent, 1.0, None);
        assert!(!beyond(outside, 190.0, usual) && beyond(outside, 201.0, usual));
        assert!(beyond(level(Side::Outside, 1.0, None), 190.0, usual));
        assert_eq!(outside.bounds(usual), Some(Bounds { low: Some(20.0), high: Some(200.0) }));
        assert!(beyond(outside, 190.0, USUAL), "where it is not known, the usual one counts");
    }

    #[test]
    fn without_a_range_nothing_is_judged_and_what_is_out_of_order_is_none() {
        let young = Usual::explaining(100.0);
        for side in [Side::Above, Side::Below, Side::Outside] {
            assert_eq!(level(side, 3.0, None).excess(1e9, young), None);
            assert_eq!(level(side, 3.0, None).bounds(young), None);
        }
        assert_eq!(Usual::ranging(6.0, 5.0, 7.0).checked(), Some(Usual::explaining(5.0)));
        assert_eq!(Usual::explaining(f64::NAN).checked(), None);
    }

    #[test]
    fn why_it_is_not_judged_is_told() {
        let now = Timestamp::from_secs(1_000);
        let why = |usual| level(Side::Outside, 1.0, None).not_judged(usual, now);
        let learned = |hours, age_hours| {
            let learned = Some(LearnedHistory { hours, age_hours });
            Some(Usual { learned, ..Usual::explaining(1.0) })
        };
        assert_eq!(why(None), Some(NotJudged::NoHistory));
        assert_eq!(why(Some(Usual::explaining(1.0))), Some(NotJudged::NoHistory));
        assert_eq!(why(learned(70, 72)), Some(NotJudged::Young { age_hours: 72 }));
        assert_eq!(why(learned(47, 200)), Some(NotJudged::Sparse { hours: 47 }));
        assert_eq!(why(Some(USUAL)), None);
        let until = |secs| Some(Usual { until: Some(Timestamp::from_secs(secs)), ..USUAL });
        assert_eq!(why(until(1_000)), None);
        assert_eq!(why(until(999)), Some(NotJudged::Gap));
    }

    /// Bounds and excess are two views of one level: they agree but for rounding at the edge.
    #[test]
    fn bounds_and_excess_agree() {
        for side in [Side::Above, Side::Below, Side::Outside] {
            for (times, floor) in [(0.4, None), (1.5, Some(30.0)), (3.0, Some(500.0))] {
                let level = level(side, times, floor);
                for value in (-400..900).map(|value| f64::from(value) + 0.37) {
                    let bounds = level.bounds(USUAL).unwrap_or_default();
                    assert_eq!(
                        bounds.exclude(value),
                        beyond(level, value, USUAL),
                        "{level:?} {value}"
                    );
                }
            }
        }
    }
}
