//! Blocks of history, for any bytes: what is read is bounded, in order, and comes back with the
//! same bits when it is written again.

use fixtures::fuzz::Target;

use super::*;

pub(crate) const TARGETS: &[Target] = &[Target { name: "block", seeds, words: &[], check }];

/// The steps of the longest period.
const SLOTS: u16 = 1_440;

/// A block with this content, whatever it is.
fn whole(body: &[u8]) -> Vec<u8> {
    let mut block = vec![VERSION];
    block.extend(checksum(body).to_le_bytes());
    block.extend(u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    block.extend(body);
    block
}

fn seeds() -> Vec<Vec<u8>> {
    let point = |slot: u16, value: f64| Point {
        slot,
        min: value - 1.0,
        max: value * 3.0,
        mean: value + 0.1,
        last: value,
        count: 12,
    };
    let of = |slots: &[u16], value: fn(f64) -> f64| {
        encode(&slots.iter().map(|slot| point(*slot, value(f64::from(*slot)))).collect::<Vec<_>>())
    };
    let day: Vec<u16> = (0..SLOTS).collect();
    vec![
        encode(&[]),
        of(&[0, 7, 1_439], f64::sqrt),
        of(&day[..40], |value| (value * 7.0) % 5.0),
        of(&day[..300], |_| 2.5),
        of(&day[..120], f64::sin),
    ]
}

/// A small block of a day.
pub(crate) fn sample() -> Vec<u8> {
    let point = Point { slot: 7, min: 1.0, max: 9.5, mean: 3.25, last: 2.0, count: 12 };
    encode(&[point, Point { slot: 8, last: 9.5, ..point }])
}

fn check(bytes: &[u8]) {
    check_block(bytes);
    check_block(&whole(bytes.get(HEADER..).unwrap_or_default()));
}

fn check_block(block: &[u8]) {
    let Ok(points) = decode(block, SLOTS) else { return };
    assert!(points.len() <= usize::from(SLOTS));
    assert!(points.windows(2).all(|pair| pair[0].slot < pair[1].slot));
    assert!(points.iter().all(|point| point.slot < SLOTS && point.count > 0));
    let again = decode(&encode(&points), SLOTS).unwrap_or_default();
    assert!(again.iter().map(bits).eq(points.iter().map(bits)));
}

/// The compared values: numbers by their bits, also those that are none.
pub(super) fn bits(point: &Point) -> (u16, [u64; 4], u32) {
    let values = [point.min, point.max, point.mean, point.last];
    (point.slot, values.map(f64::to_bits), point.count)
}
