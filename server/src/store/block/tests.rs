use fixtures::cases;
use proptest::{collection::vec, prelude::*};

use super::{fuzz::bits, *};

const SLOTS: u16 = 1_440;

/// A day of minutes, each of twelve values.
fn day(mut value: impl FnMut(u32) -> f64) -> Vec<Point> {
    let minute = |slot: u16| {
        let values: Vec<f64> = (0..12).map(|at| value(u32::from(slot) * 12 + at)).collect();
        Point {
            slot,
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            mean: values.iter().sum::<f64>() / 12.0,
            last: values[11],
            count: 12,
        }
    };
    (0..SLOTS).map(minute).collect()
}

/// The bytes of a block that comes back as it was.
fn length(points: &[Point]) -> usize {
    let block = encode(points);
    let again = decode(&block, SLOTS).unwrap();
    assert!(again.iter().map(bits).eq(points.iter().map(bits)));
    block.len()
}

/// Scattered between 0 and 1 (the fractional parts of multiples of the golden ratio).
fn scattered(number: u32) -> f64 {
    (f64::from(number) * 0.618_033_988_749_895).fract()
}

#[test]
fn a_day_takes_as_little_as_it_tells() {
    assert!(length(&day(|_| 61.5)) < 100);
    assert!(length(&day(|number| f64::from(number * 40))) < 200, "a counter that rises evenly");
    let decimals = length(&day(|number| (scattered(number) * 1_000.0).round() / 10.0));
    assert!(decimals < 10_000, "{decimals}");
    let bits = length(&day(|number| scattered(number).sqrt()));
    assert!(bits > decimals && bits < 45_000, "{bits}");
    assert_eq!(length(&[]), 9 + 3 + 8);
}

#[test]
fn odd_numbers_come_back() {
    let point = |slot: u16, value: f64| Point {
        slot,
        min: value,
        max: -value,
        mean: value / 3.0,
        last: value.abs(),
        count: u32::MAX - u32::from(slot),
    };
    let odd = [0.0, -0.0, f64::MIN_POSITIVE / 2.0, f64::MAX, f64::MIN, 1e15, 1e16, 0.1 + 0.2, -7.5];
    for (index, value) in (0..).zip(odd) {
        length(&[point(index, value)]);
        length(&[point(0, 1.0), point(1_439, value)]);
    }
    length(&(0..).zip(odd).map(|(slot, value)| point(slot, value)).collect::<Vec<_>>());
}

#[test]
fn what_is_damaged_is_refused() {
    let block = encode(&day(|number| (scattered(number) * 50.0).round()));
    for at in (0..block.len()).step_by(7) {
        let mut damaged = block.clone();
        damaged[at] ^= 1;
        assert!(decode(&damaged, SLOTS).is_err(), "byte {at}");
        assert!(decode(&block[..at], SLOTS).is_err(), "cut at {at}");
    }
    assert_eq!(decode(&block, 720), Err(BadBlock::Crowded { found: 1_440, most: 720 }));
    let mut later = block;
    later[0] = 2;
    assert_eq!(decode(&later, SLOTS), Err(BadBlock::Version(2)));
    let outside = encode(&[Point { slot: 720, ..day(|_| 1.0)[0] }]);
    assert_eq!(decode(&outside, 720), Err(BadBlock::Outside));
    let empty = encode(&[Point { count: 0, ..day(|_| 1.0)[0] }]);
    assert_eq!(decode(&empty, 720), Err(BadBlock::Empty));
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        (-1_000_i32..1_000).prop_map(f64::from),
        (0_u32..100_000).prop_map(|number| f64::from(number) / 1_000.0),
        Just(0.0)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(64), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_comes_back(
        slots in proptest::collection::btree_set(0..SLOTS, 0..40),
        values in vec((value(), value(), value(), value(), 1..u32::MAX), 40),
    ) {
        let points: Vec<Point> = slots
            .into_iter()
            .zip(values)
            .map(|(slot, (min, max, mean, last, count))| Point { slot, min, max, mean, last, count })
            .collect();
        length(&points);
    }
}
