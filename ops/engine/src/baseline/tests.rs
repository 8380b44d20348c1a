use proptest::prelude::*;

use super::*;

const HOURS_OF_WEEK: i64 = 7 * 24;

fn start(hour: i64) -> Timestamp {
    Timestamp::from_secs(1_767_571_200 + hour * 3_600)
}

/// Noise without a source of chance: the fractional part of a multiple of the golden ratio.
fn noise(minute: i64) -> f64 {
    (minute as f64 * 0.618_033_988_75).fract() - 0.5
}

fn of_hour(hour: i64, value: impl Fn(i64) -> f64) -> HourOfHistory {
    let values: Vec<f64> = (hour * 60..hour * 60 + 60).map(value).collect();
    HourOfHistory {
        start: start(hour),
        mean: values.iter().sum::<f64>() / 60.0,
        min: values.iter().copied().fold(f64::INFINITY, f64::min),
        max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        is_trouble: false,
    }
}

fn learned(hours: i64, value: impl Fn(i64) -> f64) -> WeeklyBaseline {
    let mut baseline = WeeklyBaseline::default();
    for hour in 0..hours {
        assert!(baseline.learn(&of_hour(hour, &value)));
    }
    baseline
}

fn outside(baseline: &WeeklyBaseline, hour: i64, value: f64) -> bool {
    let usual = baseline.usual(start(hour)).unwrap();
    !usual.range.unwrap().holds(value)
}

/// Busy from 8 to 18 o'clock on five days.
fn office(minute: i64) -> f64 {
    let (day, hour) = (minute / 1_440 % 7, minute / 60 % 24);
    let busy = day < 5 && (8..18).contains(&hour);
    (if busy { 400.0 } else { 20.0 }) + 10.0 * noise(minute)
}

#[test]
fn it_takes_the_same_memory_whatever_it_has_learned() {
    const { assert!(WeeklyBaseline::BYTES <= 2_048) };
}

#[test]
fn no_range_is_told_before_a_week_is_over() {
    let mut baseline = WeeklyBaseline::default();
    assert_eq!(baseline.usual(start(0)), None);
    for hour in 0..HOURS_OF_WEEK {
        assert!(baseline.usual(start(hour)).is_none_or(|usual| usual.range.is_none()));
        baseline.learn(&of_hour(hour, |minute| 100.0 + noise(minute)));
    }
    assert!(!outside(&baseline, HOURS_OF_WEEK, 100.3));
    assert!(outside(&baseline, HOURS_OF_WEEK, 200.0));
    let history = LearnedHistory { hours: 168, age_hours: 168 };
    assert_eq!(baseline.usual(start(HOURS_OF_WEEK)).unwrap().learned, Some(history));
}

#[test]
fn an_old_history_of_few_hours_tells_no_range() {
    let mut baseline = WeeklyBaseline::default();
    for hour in (0..47).chain([3 * HOURS_OF_WEEK]) {
        let usual = baseline.usual(start(3 * HOURS_OF_WEEK));
        assert!(usual.is_none_or(|usual| usual.range.is_none()), "hour {hour}");
        baseline.learn(&of_hour(hour, |minute| 100.0 + noise(minute)));
    }
    assert!(baseline.usual(start(3 * HOURS_OF_WEEK)).unwrap().range.is_some());
}

#[test]
fn each_hour_of_the_week_has_its_own_value() {
    let baseline = learned(4 * HOURS_OF_WEEK, office);
    // Monday at 3, at 10, and Saturday at 10.
    for (hour, from, to) in [(3, 5.0, 60.0), (10, 330.0, 420.0), (5 * 24 + 10, 5.0, 130.0)] {
        let value = baseline.usual(start(4 * HOURS_OF_WEEK + hour)).unwrap().value;
        assert!((from..to).contains(&value), "hour {hour}: {value}");
    }
}

#[test]
fn what_stops_in_a_busy_hour_is_outside_where_the_spread_grows_with_the_level() {
    let spread = |minute: i64| {
        let (day, hour) = (minute / 1_440 % 7, minute / 60 % 24);
        let level = if day < 5 && (8..18).contains(&hour) { 400.0 } else { 20.0 };
        level * (1.0 + 0.6 * noise(minute))
    };
    let now = 8 * HOURS_OF_WEEK;
    let baseline = learned(now, spread);
    // On Monday at 10.
    let range = baseline.usual(start(now + 10)).unwrap().range.unwrap();
    assert!(range.low > 100.0 && range.high < 900.0, "{range:?}");
    // At 3 the range begins at zero: nothing is below it.
    assert!(!outside(&baseline, now + 3, 0.0));
}

#[test]
fn an_incident_is_not_learned_as_usual() {
    let calm = |minute: i64| 100.0 + 10.0 * noise(minute);
    let usual = |hours_of_trouble: i64, is_trouble| {
        let mut baseline = learned(3 * HOURS_OF_WEEK, calm);
        let from = 3 * HOURS_OF_WEEK;
        for hour in from..from + hours_of_trouble {
            let learns = baseline.learn(&HourOfHistory { is_trouble, ..of_hour(hour, |_| 900.0) });
            assert_ne!(learns, is_trouble);
        }
        baseline.usual(start(from + hours_of_trouble)).unwrap()
    };
    let calm = usual(0, false);
    assert_eq!(usual(12, true), Usual { learned: usual(12, true).learned, ..calm });
    assert_ne!(usual(12, false).value, calm.value);
    // Where nobody noticed it, it is learned at less than full weight.
    assert!((usual(2, false).value - calm.value).abs() < 5.0);
    assert!(usual(2, false).range.unwrap().high < 200.0);
}

#[test]
fn the_hour_in_which_an_outage_begins_is_in_no_range() {
    let calm = |minute: i64| 100.0 + 10.0 * noise(minute);
    let from = 3 * HOURS_OF_WEEK;
    let recent = |begins: &[bool]| {
        let mut baseline = learned(from, calm);
        for (hour, is_trouble) in (from..).zip(begins) {
            let hour = of_hour(hour, calm);
            baseline.learn(&HourOfHistory { max: 900.0, is_trouble: *is_trouble, ..hour });
        }
        baseline.usual(start(from + 2)).unwrap().recent.unwrap().high
    };
    assert!(recent(&[true]) < 200.0);
    // The breach had not held for its time when the first hour was read.
    assert!(recent(&[false]) < 200.0);
    assert!(recent(&[false, true]) < 200.0);
    // Nobody calls it trouble: it is what happens now and then.
    assert!(recent(&[false, false]) > 800.0);
}

#[test]
fn trouble_that_lasts_widens_no_range() {
    let calm = |minute: i64| 100.0 + 10.0 * noise(minute);
    let from = 3 * HOURS_OF_WEEK;
    let mut baseline = learned(from, calm);
    let before = baseline.usual(start(from)).unwrap();
    for hour in from..from + 40 {
        baseline.learn(&HourOfHistory { is_trouble: true, ..of_hour(hour, |_| 400.0) });
    }
    let after = baseline.usual(start(from + 40)).unwrap();
    let width = |usual: Usual| {
        [usual.range.unwrap(), usual.recent.unwrap()].map(|range| range.high - usual.value)
    };
    for (before, after) in width(before).into_iter().zip(width(after)) {
        assert!(after < 1.2 * before, "{before} {after}");
    }
    assert!(after.value > before.value, "{after:?}");
}

#[test]
fn what_lasts_is_followed_at_last() {
    let level = |hour: i64| if hour < 3 * HOURS_OF_WEEK { 100.0 } else { 300.0 };
    let mut baseline =
        learned(3 * HOURS_OF_WEEK, |minute| level(minute / 60) + 10.0 * noise(minute));
    let mut trouble = 0;
    for hour in 3 * HOURS_OF_WEEK..6 * HOURS_OF_WEEK {
        let is_trouble = outside(&baseline, hour, 300.0);
        trouble += i64::from(is_trouble);
        let value = |minute| 300.0 + 10.0 * noise(minute);
        baseline.learn(&HourOfHistory { is_trouble, ..of_hour(hour, value) });
    }
    let usual = baseline.usual(start(6 * HOURS_OF_WEEK)).unwrap();
    assert!((usual.value - 300.0).abs() < 30.0, "{usual:?}");
    assert!(trouble >= i64::from(MOST_WITHHELD_HOURS), "{trouble} hours");
    assert!(trouble < 16 * 24, "{trouble} hours");
}

#[test]
fn hours_without_trouble_make_room_for_others() {
    let mut baseline = learned(2 * HOURS_OF_WEEK, |minute| 100.0 + noise(minute));
    let mut learns = |hour: i64, is_trouble| {
        baseline.learn(&HourOfHistory { is_trouble, ..of_hour(hour, |_| 100.0) })
    };
    let from = 2 * HOURS_OF_WEEK;
    let most = i64::from(MOST_WITHHELD_HOURS);
    assert!((from..from + most).all(|hour| !learns(hour, true)));
    assert!(learns(from + most, true), "what lasts is learned");
    assert!(learns(from + most + 1, false));
    assert!(!learns(from + most + 2, true));
    assert!(learns(from + most + 3, true));
}

#[test]
fn what_was_never_negative_has_no_negative_usual_value() {
    let near_zero = |minute: i64| (40.0 * noise(minute)).max(0.0);
    let falls = |minute: i64| (300.0 - minute as f64 / 60.0).max(0.0) + near_zero(minute);
    for baseline in [learned(3 * HOURS_OF_WEEK, near_zero), learned(3 * HOURS_OF_WEEK, falls)] {
        for hour in 3 * HOURS_OF_WEEK..4 * HOURS_OF_WEEK {
            let usual = baseline.usual(start(hour)).unwrap();
            assert!(usual.value >= 0.0 && usual.range.unwrap().low >= 0.0, "{usual:?}");
        }
    }
    let signed = learned(3 * HOURS_OF_WEEK, |minute| 40.0 * noise(minute) - 1.0);
    assert!(signed.usual(start(3 * HOURS_OF_WEEK)).unwrap().range.unwrap().low < 0.0);
}

#[test]
fn gaps_and_what_comes_late_change_little() {
    let known = learned(3 * HOURS_OF_WEEK, office);
    let mut gappy = WeeklyBaseline::default();
    for hour in (0..3 * HOURS_OF_WEEK).filter(|hour| !(333..350).contains(hour)) {
        gappy.learn(&of_hour(hour, office));
    }
    assert!(!gappy.learn(&of_hour(7, |_| 1e6)), "what is late is ignored");
    let next = of_hour(3 * HOURS_OF_WEEK, office);
    assert!(!gappy.learn(&HourOfHistory { mean: f64::NAN, ..next }));
    assert!(!gappy.learn(&HourOfHistory { max: f64::INFINITY, ..next }));
    let usual = |baseline: &WeeklyBaseline| baseline.usual(start(3 * HOURS_OF_WEEK)).unwrap();
    assert!((usual(&known).value - usual(&gappy).value).abs() < 40.0);
}

#[test]
fn steps_are_put_together_to_hours() {
    let (mut hours, mut found) = (Hours::default(), Vec::new());
    for minute in 0..130 {
        let at = start(0).plus(Span::from_mins(minute));
        assert_eq!(hours.begins(at), minute % 60 == 0);
        let value = minute as f64;
        found.extend(hours.take(at, (value - 1.0, value, value + 2.0), minute >= 95));
    }
    let [first, second] = &found[..] else { panic!("{found:?}") };
    assert_eq!((first.start, first.min, first.max), (start(0), -1.0, 61.0));
    assert_eq!((first.mean, first.is_trouble), (29.5, false));
    assert_eq!((second.start, second.mean, second.is_trouble), (start(1), 89.5, true));
}

fn history() -> impl Strategy<Value = Vec<(i64, f64, f64, bool)>> {
    let value = || prop_oneof![8 => -1e3..1e3_f64, 1 => any::<f64>(), 1 => Just(0.0)];
    proptest::collection::vec((0..9_i64, value(), value(), any::<bool>()), 1..400)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: fixtures::cases(64), failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Whatever comes, in whatever order: what is told is in order and finite, and the same history
    /// gives the same.
    #[test]
    fn what_is_told_is_always_in_order(history in history()) {
        let (mut one, mut two) = (WeeklyBaseline::default(), WeeklyBaseline::default());
        let mut at = 0;
        for (wait, value, other, is_trouble) in history {
            at += wait - 1;
            let (min, max) = (value.min(other), value.max(other));
            let mean = min / 2.0 + max / 2.0;
            let hour = HourOfHistory { start: start(at), mean, min, max, is_trouble };
            prop_assert_eq!(one.learn(&hour), two.learn(&hour));
            prop_assert_eq!(one.usual(start(at + 1)), two.usual(start(at + 1)));
            if let Some(usual) = one.usual(start(at + 1)) {
                prop_assert!(usual.value.is_finite());
                prop_assert!(usual.range.is_none_or(|range| range.holds(usual.value)));
            }
        }
    }

    /// Of calm values nearly all are within the usual range, whatever their level and spread.
    #[test]
    fn calm_values_are_usual(level in -1e6..1e6_f64, spread in 0.001..1e4_f64) {
        let value = |minute: i64| level + spread * noise(minute);
        let baseline = learned(2 * HOURS_OF_WEEK, value);
        let mut beyond = 0;
        for minute in 2 * HOURS_OF_WEEK * 60..(2 * HOURS_OF_WEEK + 24) * 60 {
            beyond += i64::from(outside(&baseline, minute / 60, value(minute)));
        }
        prop_assert!(beyond < 30, "{} minutes of a day", beyond);
    }
}
