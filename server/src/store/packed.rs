//! Blocks and rows of history together: which block a roll-up belongs to, and values of both in
//! one order.

use domain::{
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
    unit::Unit,
};

use crate::store::{
    block::{self, Point},
    error::StoreError,
    past::Bucket,
    rollup::{HeardSlot, Rollup, RollupStep},
    rows::bound,
};

/// The values of a roll-up, with the microseconds since 1970 at which it begins.
pub(super) type Value = (i64, Point);

/// The roll-ups of one series in one period, packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The length of each roll-up.
    pub step: RollupStep,
    /// The beginning of the period.
    pub start: Timestamp,
    /// The beginning of the first roll-up.
    pub first: Timestamp,
    /// The beginning of the last roll-up.
    pub last: Timestamp,
    /// The bytes.
    pub body: Vec<u8>,
}

/// All that is stored of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesHistory {
    /// Its subject.
    pub subject: Subject,
    /// Its signal.
    pub signal: Signal,
    /// Its unit.
    pub unit: Unit,
    /// The packed roll-ups, by step and time.
    pub blocks: Vec<Block>,
    /// The roll-ups that are not packed, by step and time.
    pub rollups: Vec<Rollup>,
}

const fn micros(span: Span) -> i64 {
    span.as_micros().cast_signed()
}

fn slots(step: RollupStep) -> u16 {
    u16::try_from(micros(step.period()) / micros(step.length())).unwrap_or(u16::MAX)
}

/// The beginning of the period in which a moment is, in microseconds since 1970.
pub(super) fn period_of(step: RollupStep, at: i64) -> i64 {
    let period = micros(step.period());
    at.div_euclid(period).saturating_mul(period)
}

/// The periods that begin before this moment are packed.
pub(super) fn packed_before(step: RollupStep, now: Timestamp) -> i64 {
    period_of(step, now.minus(step.loose()).as_micros())
}

impl Block {
    /// Packs the values of a period, which are in their order; `None` without any.
    pub(super) fn pack(step: RollupStep, start: i64, values: &[Value]) -> Option<Self> {
        let place = |at: i64| at.saturating_sub(start) / micros(step.length());
        let mut points: Vec<Point> = Vec::with_capacity(values.len());
        for (at, point) in values {
            let slot = u16::try_from(place(*at)).ok().filter(|slot| *slot < slots(step))?;
            match points.last_mut() {
                Some(before) if before.slot == slot => before.join(point),
                _ => points.push(Point { slot, ..*point }),
            }
        }
        let at = |point: &Point| {
            Timestamp::from_micros(start + i64::from(point.slot) * micros(step.length()))
        };
        let (first, last) = (at(points.first()?), at(points.last()?));
        let body = block::encode(&points);
        Some(Self { step, start: Timestamp::from_micros(start), first, last, body })
    }

    /// A block as someone gives it, such as a backup: with a period of its own, and whole.
    pub(crate) fn read(step: RollupStep, start: Timestamp, body: Vec<u8>) -> Result<Self, String> {
        if period_of(step, start.as_micros()) != start.as_micros() {
            return Err(format!("{start} is not the beginning of a period"));
        }
        let values = unpacked(step, start.as_micros(), &body).map_err(|error| error.to_string())?;
        let (Some((first, _)), Some((last, _))) = (values.first(), values.last()) else {
            return Err("a block without roll-ups".to_owned());
        };
        if !values.iter().all(|(_, point)| is_finite(point)) {
            return Err("a block with a value that is not a finite number".to_owned());
        }
        let (first, last) = (Timestamp::from_micros(*first), Timestamp::from_micros(*last));
        Ok(Self { step, start, first, last, body })
    }

    /// The roll-ups in it, of a series.
    pub fn rollups(
        &self,
        (subject, signal, unit): (&Subject, &Signal, &Unit),
    ) -> Result<Vec<Rollup>, StoreError> {
        let values = unpacked(self.step, self.start.as_micros(), &self.body)?;
        let named = |value: Value| rollup(value, subject, signal, unit, self.step);
        Ok(values.into_iter().map(named).collect())
    }
}

/// The values of a roll-up, with when it begins.
pub(super) const fn value_of(rollup: &Rollup) -> Value {
    let &Rollup { min, max, mean, last, count, .. } = rollup;
    (rollup.start.as_micros(), Point { slot: 0, min, max, mean, last, count })
}

fn is_finite(point: &Point) -> bool {
    [point.min, point.max, point.mean, point.last].iter().all(|value| value.is_finite())
}

/// The values in a block whose period begins at `start`.
pub(super) fn unpacked(
    step: RollupStep,
    start: i64,
    body: &[u8],
) -> Result<Vec<Value>, StoreError> {
    let points = block::decode(body, slots(step)).map_err(|error| {
        let row = format!("{step:?} {}", Timestamp::from_micros(start));
        StoreError::inconsistent("rollup_block", row, error)
    })?;
    let at = |slot: u16| start.saturating_add(i64::from(slot) * micros(step.length()));
    Ok(points.into_iter().map(|point| (at(point.slot), point)).collect())
}

/// Values in the order of time, each time once. What stands later in the list came later.
pub(super) fn joined(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by_key(|(at, _)| *at);
    values.dedup_by(|(next_at, next), (at, kept)| {
        let is_same = next_at == at;
        if is_same {
            kept.join(next);
        }
        is_same
    });
    values
}

/// Values with the names of their series.
pub(super) fn rollup(
    (start, point): Value,
    subject: &Subject,
    signal: &Signal,
    unit: &Unit,
    step: RollupStep,
) -> Rollup {
    let Point { min, max, mean, last, count, .. } = point;
    Rollup {
        subject: subject.clone(),
        signal: signal.clone(),
        unit: unit.clone(),
        step,
        start: Timestamp::from_micros(start),
        min,
        max,
        mean,
        last,
        count,
    }
}

/// Values in steps of a width; they are in the order of time.
pub(super) fn buckets(values: &[Value], width: Span) -> Vec<Bucket> {
    let width = bound(width.as_micros()).max(1);
    let in_one_step =
        |(one, _): &Value, other: &Value| one.div_euclid(width) == other.0.div_euclid(width);
    let bucket = |values: &[Value]| {
        let (at, first) = values.first()?;
        let mut all = Bucket {
            start: Timestamp::from_micros(at.div_euclid(width).saturating_mul(width)),
            min: first.min,
            mean: 0.0,
            max: first.max,
            last: first.last,
            count: 0,
        };
        for (_, point) in values {
            all.min = all.min.min(point.min);
            all.max = all.max.max(point.max);
            all.last = point.last;
            all.mean += point.mean * f64::from(point.count);
            all.count += u64::from(point.count);
        }
        all.mean /= all.count as f64;
        Some(all)
    };
    values.chunk_by(in_one_step).filter_map(bucket).collect()
}

/// The minutes of each slot of [`commands::day::SLOT`] between two moments in which a value came:
/// a bit for each.
pub(super) fn heard(values: &[Value], (from, to): (i64, i64)) -> Vec<(i64, u32)> {
    let slot = micros(commands::day::SLOT);
    let mut found: Vec<(i64, u32)> = Vec::new();
    for (at, _) in values.iter().filter(|(at, _)| (from..to).contains(at)) {
        let bit = at.rem_euclid(slot) / micros(RollupStep::Minute.length());
        let minute = u32::try_from(bit).ok().and_then(|bit| 1_u32.checked_shl(bit)).unwrap_or(0);
        match found.last_mut() {
            Some((known, minutes)) if *known == at.div_euclid(slot) => *minutes |= minute,
            _ => found.push((at.div_euclid(slot), minute)),
        }
    }
    found
}

/// The slots of rows and of blocks, each once, in the order of their series.
pub(super) fn heard_together(rows: Vec<HeardSlot>, blocks: Vec<HeardSlot>) -> Vec<HeardSlot> {
    if blocks.is_empty() {
        return rows;
    }
    let mut all = rows;
    all.extend(blocks);
    let key = |one: &HeardSlot| (one.subject.clone(), one.signal.clone(), one.slot);
    all.sort_by_cached_key(key);
    all.dedup_by(|next, kept| {
        let is_same = key(next) == key(kept);
        if is_same {
            kept.minutes |= next.minutes;
        }
        is_same
    });
    all
}

/// The median; of two in the middle, between them.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len().checked_sub(1)? / 2;
    let (low, high) = (values.get(middle)?, values.get(values.len() / 2)?);
    Some(f64::midpoint(*low, *high))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000;

    fn value(minute: i64, mean: f64, count: u32) -> Value {
        let point = Point { slot: 0, min: mean - 1.0, max: mean + 1.0, mean, last: mean, count };
        (minute * MINUTE, point)
    }

    #[test]
    fn what_came_later_joins_what_was_there() {
        let all = vec![value(5, 1.0, 3), value(2, 8.0, 1), value(5, 5.0, 1), value(9, 0.5, 1)];
        let joined = joined(all);
        assert_eq!(joined.iter().map(|(at, _)| at / MINUTE).collect::<Vec<_>>(), [2, 5, 9]);
        let Point { min, max, mean, last, count, .. } = joined[1].1;
        assert_eq!((min, max, mean, last, count), (0.0, 6.0, 2.0, 5.0, 4));
    }

    #[test]
    fn a_period_is_packed_when_rows_of_it_are_wanted_no_longer() {
        let day = 24 * 60;
        let at = |minute: i64| Timestamp::from_micros(minute * MINUTE);
        let before = |step, now| packed_before(step, at(now)) / MINUTE;
        assert_eq!(before(RollupStep::Minute, 3 * day - 1), day);
        assert_eq!(before(RollupStep::Minute, 3 * day), 2 * day);
        assert_eq!(before(RollupStep::Hour, 38 * day - 1), 0);
        assert_eq!(before(RollupStep::Hour, 38 * day), 30 * day);
        assert_eq!(period_of(RollupStep::Minute, -1), -day * MINUTE);
    }

    #[test]
    fn a_block_begins_with_its_period_and_holds_what_is_in_it() {
        let start = 10 * 24 * 60;
        // What does not begin with a whole minute is of the minute in which it begins.
        let mut late = value(start + 3, 7.0, 1);
        late.0 += 1;
        let values = [value(start + 3, 3.0, 1), late, value(start + 1_439, 9.0, 4)];
        let block = Block::pack(RollupStep::Minute, start * MINUTE, &values).unwrap();
        assert_eq!(block.first.as_micros() / MINUTE, start + 3);
        assert_eq!(block.last.as_micros() / MINUTE, start + 1_439);
        let again = unpacked(RollupStep::Minute, block.start.as_micros(), &block.body).unwrap();
        assert_eq!(again.iter().map(|(_, point)| point.count).collect::<Vec<_>>(), [2, 4]);
        let read = |start, body: &[u8]| Block::read(RollupStep::Minute, start, body.to_vec());
        assert_eq!(read(block.start, &block.body), Ok(block.clone()));
        assert!(read(block.first, &block.body).unwrap_err().contains("beginning"));
        assert!(read(block.start, &block.body[1..]).unwrap_err().contains("version"));
        assert!(read(block.start, &block::encode(&[])).unwrap_err().contains("without"));
        assert_eq!(Block::pack(RollupStep::Minute, start * MINUTE, &[]), None);
        let outside = [value(start + 1_440, 1.0, 1)];
        assert_eq!(Block::pack(RollupStep::Minute, start * MINUTE, &outside), None);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![9.0, 1.0, 5.0]), Some(5.0));
        assert_eq!(median(vec![9.0, 1.0, 5.0, 2.0]), Some(3.5));
    }

    #[test]
    fn minutes_are_heard_by_their_slots() {
        let values: Vec<Value> =
            [0, 29, 30, 61].into_iter().map(|minute| value(minute, 1.0, 1)).collect();
        let range = (MINUTE, 61 * MINUTE);
        assert_eq!(heard(&values, range), [(0, 1 << 29), (1, 1)]);
    }
}
