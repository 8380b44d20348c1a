use proptest::prelude::*;

use super::*;

const MINUTES_OF_WEEK: i64 = 7 * 24 * 60;

fn minute(minute: i64) -> Timestamp {
    Timestamp::from_secs(1_767_571_200 + minute * 60)
}

/// Noise without a source of chance: the fractional part of a multiple of the golden ratio.
fn noise(minute: i64) -> f64 {
    (minute as f64 * 0.618_033_988_75).fract() - 0.5
}

fn learned(weeks: i64, value: impl Fn(i64) -> f64) -> WeeklyBaseline {
    let mut baseline = WeeklyBaseline::default();
    for at in 0..weeks * MINUTES_OF_WEEK {
        baseline.learn(minute(at), value(at));
    }
    baseline
}

/// Busy from 8 to 18 o'clock on five days.
fn office(at: i64) -> f64 {
    let (day, hour) = (at / 1_440 % 7, at / 60 % 24);
    let busy = day < 5 && (8..18).contains(&hour);
    (if busy { 400.0 } else { 20.0 }) + 10.0 * noise(at)
}

#[test]
fn it_takes_the_same_memory_whatever_it_has_learned() {
    const { assert!(WeeklyBaseline::BYTES <= 2_048) };
}

#[test]
fn nothing_is_told_before_a_week_is_over() {
    let mut baseline = WeeklyBaseline::default();
    for at in 0..MINUTES_OF_WEEK {
        baseline.learn(minute(at), 100.0 + noise(at));
        assert_eq!(baseline.usual(), None);
        assert!(!baseline.is_far_out(1e9));
    }
    baseline.learn(minute(MINUTES_OF_WEEK), 100.0);
    let usual = baseline.usual().unwrap();
    assert!((usual.value - 100.0).abs() < 0.5, "{usual:?}");
    assert!(baseline.is_far_out(200.0));
    assert!(!baseline.is_far_out(100.3));
}

#[test]
fn each_hour_of_the_week_has_its_own_value() {
    let mut baseline = learned(4, office);
    let mut at = 4 * MINUTES_OF_WEEK;
    // Monday at 3, at 10, and Saturday at 10.
    for (minutes, from, to) in
        [(3 * 60, 5.0, 60.0), (10 * 60, 340.0, 420.0), (5 * 1_440 + 600, 5.0, 130.0)]
    {
        while at <= 4 * MINUTES_OF_WEEK + minutes {
            baseline.learn(minute(at), office(at));
            at += 1;
        }
        let value = baseline.usual().unwrap().value;
        assert!((from..to).contains(&value), "minute {minutes}: {value}");
    }
}

#[test]
fn an_incident_is_not_learned_as_usual() {
    let calm = |at: i64| 100.0 + 10.0 * noise(at);
    // Two hours at fifty times the usual value, a day before the end.
    let trouble = 3 * MINUTES_OF_WEEK - 1_440..3 * MINUTES_OF_WEEK - 1_320;
    let known = learned(3, calm).usual().unwrap();
    let after =
        learned(3, |at| if trouble.contains(&at) { 5_000.0 } else { calm(at) }).usual().unwrap();
    assert!((after.value - known.value).abs() < 5.0, "{after:?} after {known:?}");
    assert!(after.range.unwrap().high < 200.0, "{after:?}");
}

#[test]
fn a_new_level_is_followed_but_not_at_once() {
    let shift = 3 * MINUTES_OF_WEEK;
    let value = |at: i64| (if at < shift { 100.0 } else { 300.0 }) + 10.0 * noise(at);
    let mut baseline = learned(3, value);
    let mut far_for = 0;
    for at in shift..shift + 3 * MINUTES_OF_WEEK {
        baseline.learn(minute(at), value(at));
        far_for += i64::from(baseline.is_far_out(value(at)));
    }
    let usual = baseline.usual().unwrap();
    assert!((usual.value - 300.0).abs() < 30.0, "{usual:?}");
    assert!(far_for >= 120, "it alerts for {far_for} minutes");
    assert!(far_for < 2 * MINUTES_OF_WEEK, "it alerts for {far_for} minutes");
}

#[test]
fn gaps_and_what_comes_late_change_little() {
    let known = learned(3, office);
    let mut gappy = WeeklyBaseline::default();
    for at in 0..3 * MINUTES_OF_WEEK {
        if at % 10 < 7 && !(20_000..21_000).contains(&at) {
            gappy.learn(minute(at), office(at));
        }
    }
    assert!(!gappy.learn(minute(7), 1e6), "what is late is ignored");
    assert!(!gappy.learn(minute(3 * MINUTES_OF_WEEK), f64::NAN));
    let (one, two) = (known.usual().unwrap(), gappy.usual().unwrap());
    assert!((one.value - two.value).abs() < 40.0, "{one:?} {two:?}");
}

/// Hours of history tell the same as their minutes, nearly.
#[test]
fn stored_hours_are_learned_as_their_minutes() {
    let of_minutes = learned(4, office);
    let mut of_hours = WeeklyBaseline::default();
    for hour in 0..4 * 7 * 24 {
        let values: Vec<f64> = (hour * 60..hour * 60 + 60).map(office).collect();
        of_hours.learn_hour(&HourOfHistory {
            start: minute(hour * 60),
            mean: values.iter().sum::<f64>() / 60.0,
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        });
    }
    of_hours.learn_hour(&HourOfHistory { start: minute(0), mean: f64::NAN, min: 0.0, max: 1.0 });
    let (one, two) = (of_minutes.usual().unwrap(), of_hours.usual().unwrap());
    assert!((one.value - two.value).abs() < 5.0, "{one:?} {two:?}");
    let mut later = of_hours.clone();
    later.advance(minute(4 * MINUTES_OF_WEEK + 600));
    let busy = later.usual().unwrap();
    assert!(busy.value > 340.0 && busy.range.unwrap().high < 600.0, "{busy:?}");
    later.advance(minute(0));
    assert_eq!(later.usual(), Some(busy));
}

#[test]
fn several_signals_are_far_out_at_once() {
    let baselines = [learned(2, office), learned(2, noise), learned(2, |at| 5.0 + noise(at))];
    let at = |values: [f64; 3]| signals_far_out(baselines.iter().zip(values));
    assert_eq!(at([20.0, 0.1, 5.0]), 0);
    assert_eq!(at([20.0, 9.0, 5.0]), 1);
    assert_eq!(at([2_000.0, 9.0, 12.0]), 3);
}

fn history() -> impl Strategy<Value = Vec<(i64, f64)>> {
    let value = prop_oneof![
        8 => -1e3..1e3_f64,
        1 => any::<f64>(),
        1 => Just(0.0),
    ];
    proptest::collection::vec((0..600_i64, value), 1..400)
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
        for (wait, value) in history {
            at += wait - 100;
            prop_assert_eq!(one.learn(minute(at), value), two.learn(minute(at), value));
            prop_assert_eq!(one.usual(), two.usual());
            if let Some(usual) = one.usual() {
                let range = usual.range;
                prop_assert!(usual.value.is_finite());
                prop_assert!(range.is_none_or(|range| range.low <= usual.value && usual.value <= range.high));
            }
        }
    }

    /// Of calm values nearly all are within the usual range, whatever their level and spread.
    #[test]
    fn calm_values_are_usual(level in -1e6..1e6_f64, spread in 0.001..1e4_f64) {
        let value = |at: i64| level + spread * noise(at);
        let mut baseline = learned(2, value);
        let mut outside = 0;
        for at in 2 * MINUTES_OF_WEEK..2 * MINUTES_OF_WEEK + 1_440 {
            baseline.learn(minute(at), value(at));
            let range = baseline.usual().and_then(|usual| usual.range);
            outside += i64::from(!range.is_some_and(|range| range.low <= value(at) && value(at) <= range.high));
            prop_assert!(!baseline.is_far_out(value(at)));
        }
        prop_assert!(outside < 30, "{} minutes of a day", outside);
    }
}
