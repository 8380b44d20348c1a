//! History before the time that is simulated moment by moment, as blocks of minutes and hours.

use domain::time::{Span, Timestamp};
use engine::past::PastSeries;

use crate::store::{Rollup, RollupStep};

const MINUTE: Span = Span::from_mins(1);
/// Samples of a minute.
const SAMPLES: u32 = 4;
const BETWEEN: Span = Span::from_secs(15);

/// The minutes and hours of a series up to a moment, which is a whole hour. Its trend, rises and noise
/// are counted from `first`. Nothing was seen in `gaps`.
pub(super) fn history(
    one: &PastSeries,
    (seed, stream): (u64, u64),
    first: Timestamp,
    (from, until): (Timestamp, Timestamp),
    gaps: &[(Timestamp, Timestamp)],
) -> Vec<Rollup> {
    let is_seen =
        |minute: &Rollup| !gaps.iter().any(|(from, to)| (*from..*to).contains(&minute.start));
    let mut history: Vec<Rollup> =
        minutes(one, (seed, stream), first, (from, until)).filter(is_seen).collect();
    let hours = history
        .chunk_by(|one, other| hour_of(one) == hour_of(other))
        .filter_map(hour)
        .collect::<Vec<_>>();
    history.extend(hours);
    history
}

fn minutes(
    one: &PastSeries,
    (seed, stream): (u64, u64),
    first: Timestamp,
    (from, until): (Timestamp, Timestamp),
) -> impl Iterator<Item = Rollup> {
    let count = until.since(from).as_micros() / MINUTE.as_micros();
    (0..count).map(move |place| {
        let start = from.plus(Span::from_mins(place));
        let values = (0..SAMPLES).map(|sample| {
            let at = start.plus(Span::from_micros(BETWEEN.as_micros() * u64::from(sample)));
            one.usual(seed, stream, at, first)
        });
        let (mut min, mut max, mut sum, mut last) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0.0);
        for value in values {
            (min, max, sum, last) = (min.min(value), max.max(value), sum + value, value);
        }
        Rollup {
            subject: one.subject.clone(),
            signal: one.signal.clone(),
            unit: one.unit.clone(),
            step: RollupStep::Minute,
            start,
            min,
            max,
            mean: (sum / f64::from(SAMPLES)).clamp(min, max),
            last,
            count: SAMPLES,
        }
    })
}

fn hour_of(minute: &Rollup) -> i64 {
    minute.start.as_micros().div_euclid(RollupStep::Hour.length().as_micros().cast_signed())
}

fn hour(minutes: &[Rollup]) -> Option<Rollup> {
    let (first, last) = (minutes.first()?, minutes.last()?);
    let fold = |start: f64, pick: fn(f64, f64) -> f64, of: fn(&Rollup) -> f64| {
        minutes.iter().map(of).fold(start, pick)
    };
    let (min, max) = (
        fold(f64::INFINITY, f64::min, |one| one.min),
        fold(f64::NEG_INFINITY, f64::max, |one| one.max),
    );
    let mean = minutes.iter().map(|one| one.mean).sum::<f64>() / minutes.len() as f64;
    Some(Rollup {
        step: RollupStep::Hour,
        min,
        max,
        mean: mean.clamp(min, max),
        last: last.last,
        count: minutes.iter().map(|one| one.count).sum(),
        ..first.clone()
    })
}
