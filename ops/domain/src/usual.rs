//! Usual values of a signal, and levels relative to them.

use serde::{Deserialize, Serialize};

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

impl Usual {
    /// A usual value that only explains.
    pub const fn explaining(value: f64) -> Self {
        Self { value, range: None }
    }

    /// The same without what is not a number or not in order.
    pub fn checked(self) -> Option<Self> {
        let is_range = |range: &UsualRange| {
            range.low.is_finite()
                && range.high.is_finite()
                && range.low <= self.value
                && self.value <= range.high
        };
        self.value
            .is_finite()
            .then(|| Self { value: self.value, range: self.range.filter(is_range) })
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
}

/// A level relative to what is usual: `above 3 times usual and 50 ms`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RelativeLevel {
    /// The side.
    pub side: Side,
    /// How many times the usual value; for [`Side::Outside`], how many times the distance from the
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
    /// Whether a value is outside.
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
            Side::Above | Side::Outside => self.times,
            Side::Below => -self.times,
        }
    }

    /// How far a value is from what is usual, on the scale of [`RelativeLevel::on_scale`]; `None`
    /// where too little is known to alert by.
    pub fn excess(self, value: f64, usual: Usual) -> Option<f64> {
        let range = usual.range?;
        Some(match self.side {
            Side::Above if self.floor.is_some_and(|floor| value <= floor) => 0.0,
            Side::Above => share(value, usual.value),
            Side::Below if self.floor.is_some_and(|floor| value >= floor) => f64::NEG_INFINITY,
            // Nothing is below a part of nothing.
            Side::Below if usual.value <= 0.0 => f64::NEG_INFINITY,
            Side::Below => -share(value, usual.value),
            Side::Outside => {
                let distance = (value - usual.value).abs();
                let end = if value > usual.value { range.high } else { range.low };
                if self.floor.is_some_and(|floor| distance <= floor) {
                    0.0
                } else {
                    share(distance, (end - usual.value).abs())
                }
            }
        })
    }

    /// The values that are within the level at this hour; `None` where too little is known.
    pub fn bounds(self, usual: Usual) -> Option<Bounds> {
        let range = usual.range?;
        let floor = self.floor.unwrap_or(f64::NEG_INFINITY);
        let some = |value: f64| value.is_finite().then_some(value);
        Some(match self.side {
            Side::Above => {
                Bounds { low: None, high: some((self.times * usual.value.max(0.0)).max(floor)) }
            }
            Side::Below if usual.value <= 0.0 => Bounds::default(),
            Side::Below => {
                let low = (self.times * usual.value).min(self.floor.unwrap_or(f64::INFINITY));
                Bounds { low: some(low), high: None }
            }
            Side::Outside => {
                let (down, up) = (usual.value - range.low, range.high - usual.value);
                Bounds {
                    low: some(usual.value - (self.times * down).max(floor)),
                    high: some(usual.value + (self.times * up).max(floor)),
                }
            }
        })
    }
}

/// `value / usual`; of nothing usual anything is infinitely much.
fn share(value: f64, usual: f64) -> f64 {
    match (value > 0.0, usual > 0.0) {
        (_, true) => value / usual,
        (true, false) => f64::INFINITY,
        (false, false) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Usual = Usual { value: 100.0, range: Some(UsualRange { low: 80.0, high: 140.0 }) };

    fn level(side: Side, times: f64, floor: Option<f64>) -> RelativeLevel {
        RelativeLevel { side, times, floor }
    }

    fn beyond(level: RelativeLevel, value: f64, usual: Usual) -> bool {
        level.excess(value, usual).is_some_and(|excess| excess > level.on_scale())
    }

    #[test]
    fn a_floor_keeps_small_values_from_alerting() {
        let three = level(Side::Above, 3.0, Some(50.0));
        let tiny = Usual { value: 1.0, range: Some(UsualRange { low: 0.5, high: 2.0 }) };
        assert!(!beyond(three, 49.0, tiny));
        assert!(beyond(three, 51.0, tiny));
        assert!(!beyond(three, 299.0, USUAL));
        assert!(beyond(three, 301.0, USUAL));
        assert_eq!(three.bounds(tiny), Some(Bounds { low: None, high: Some(50.0) }));
        let nothing = Usual { value: 0.0, range: Some(UsualRange { low: 0.0, high: 0.0 }) };
        assert!(beyond(level(Side::Above, 3.0, None), 0.1, nothing));
        assert!(!beyond(three, 50.0, nothing));
        assert!(!beyond(level(Side::Below, 0.3, None), -5.0, nothing));
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
    fn without_a_range_nothing_is_judged_and_what_is_out_of_order_is_none() {
        let young = Usual::explaining(100.0);
        for side in [Side::Above, Side::Below, Side::Outside] {
            assert_eq!(level(side, 3.0, None).excess(1e9, young), None);
            assert_eq!(level(side, 3.0, None).bounds(young), None);
        }
        let wrong = Usual { value: 5.0, range: Some(UsualRange { low: 6.0, high: 7.0 }) };
        assert_eq!(wrong.checked(), Some(Usual::explaining(5.0)));
        assert_eq!(Usual::explaining(f64::NAN).checked(), None);
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
