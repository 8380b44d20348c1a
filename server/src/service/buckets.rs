//! A period in steps of equal length: where its values come from, and how they are put together.
//! Pure.

use std::collections::BTreeMap;

use commands::view::SeriesPoint;
use domain::time::{Span, Timestamp};

use super::readings::{halves, usual};
use crate::store::Bucket;

/// About how many steps a period has.
const STEPS: u64 = 400;
/// Minutes are kept for so long.
const MINUTES_KEPT: Span = Span::from_mins(90 * 24 * 60);
/// An hour that ended is written after this time at the latest.
const WRITTEN_AFTER: Span = Span::from_mins(5);
/// From this many values in a step on, a step without any is a gap.
const DENSE: u64 = 3;

const MINUTE: Span = Span::from_mins(1);
const HOUR: Span = Span::from_mins(60);

/// The lengths that a step may have, in seconds: those below an hour divide it, and the others are
/// hours, so that a roll-up lies in one step.
const WIDTHS: [u64; 24] = [
    1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800,
    14_400, 21_600, 43_200, 86_400, 172_800,
];

/// The beginning of the step in which a moment lies.
fn floor(at: Timestamp, width: Span) -> Timestamp {
    let width = i64::try_from(width.as_micros()).unwrap_or(i64::MAX).max(1);
    Timestamp::from_micros(at.as_micros().div_euclid(width).saturating_mul(width))
}

/// Sources of the values of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// The length of a step.
    pub width: Span,
    /// Stored hours.
    pub hours: (Timestamp, Timestamp),
    /// Stored minutes, as far as memory does not reach.
    pub minutes: (Timestamp, Timestamp),
}

impl Plan {
    /// Chooses steps and sources. Hours take part where steps are at least as long, or where
    /// minutes are no longer kept; the last hour may not be written yet.
    pub fn new(from: Timestamp, to: Timestamp, now: Timestamp) -> Self {
        let wanted = to.since(from).as_micros().div_ceil(STEPS);
        let longest = Span::from_secs(WIDTHS[WIDTHS.len() - 1]);
        let fits = |width: &Span| width.as_micros() >= wanted;
        let width = WIDTHS.map(Span::from_secs).into_iter().find(fits).unwrap_or(longest);
        let is_kept = from >= now.minus(MINUTES_KEPT);
        let width = if is_kept { width } else { width.max(HOUR) };
        let begin = floor(from, width);
        let minutes_from = if width >= HOUR {
            floor(now.minus(WRITTEN_AFTER), HOUR).min(to).max(begin)
        } else {
            begin
        };
        Self { width, hours: (begin, minutes_from), minutes: (minutes_from, to) }
    }
}

/// Values of one source.
pub(super) struct Source {
    /// The time that one roll-up of it covers; zero for single values.
    pub step: Span,
    /// Its values.
    pub buckets: Vec<Bucket>,
}

impl Source {
    /// Single values.
    pub fn singles(values: &[(Timestamp, f64)]) -> Self {
        let bucket = |&(start, value): &(Timestamp, f64)| Bucket {
            start,
            min: value,
            mean: value,
            max: value,
            last: value,
            count: 1,
        };
        Self { step: Span::ZERO, buckets: values.iter().map(bucket).collect() }
    }

    /// Minutes.
    pub const fn minutes(buckets: Vec<Bucket>) -> Self {
        Self { step: MINUTE, buckets }
    }

    /// Hours.
    pub const fn hours(buckets: Vec<Bucket>) -> Self {
        Self { step: HOUR, buckets }
    }
}

/// Puts the values of disjoint sources together: one point for each step that has any.
pub(super) fn merged(width: Span, sources: &[Source]) -> Vec<SeriesPoint> {
    let mut steps = BTreeMap::<Timestamp, (Bucket, Span)>::new();
    for Source { step, buckets } in sources {
        let finite = |bucket: &&Bucket| {
            bucket.count > 0
                && [bucket.min, bucket.mean, bucket.max].iter().all(|value| value.is_finite())
        };
        for bucket in buckets.iter().filter(finite) {
            let start = floor(bucket.start, width);
            let of = (*step).max(width);
            steps
                .entry(start)
                .and_modify(|(known, step)| {
                    *known = together(known, bucket);
                    *step = (*step).max(of);
                })
                .or_insert((Bucket { start, ..*bucket }, of));
        }
    }
    // How far apart values are is told by others from the same kind of source.
    let mut kinds = BTreeMap::<Span, (Vec<Timestamp>, Vec<u64>)>::new();
    for (start, (bucket, step)) in &steps {
        let (times, counts) = kinds.entry(*step).or_default();
        times.push(*start);
        counts.push(bucket.count);
    }
    let reaches: BTreeMap<Span, Span> = kinds
        .into_iter()
        .map(|(step, (times, counts))| (step, reach(step, &times, counts)))
        .collect();
    let point = |(bucket, step): &(Bucket, Span)| SeriesPoint {
        at: bucket.start,
        until: bucket.start.plus(reaches.get(step).copied().unwrap_or(*step)),
        min: bucket.min,
        mean: bucket.mean,
        max: bucket.max,
    };
    steps.values().map(point).collect()
}

/// After which time the next step with values is due.
fn reach(step: Span, times: &[Timestamp], mut counts: Vec<u64>) -> Span {
    counts.sort_unstable();
    let dense = halves(step, 3);
    if counts.get(counts.len() / 2).is_some_and(|count| *count >= DENSE) {
        return dense;
    }
    halves(usual(times, step), 5).max(dense)
}

#[expect(clippy::cast_precision_loss, reason = "numbers of values are small")]
fn together(one: &Bucket, other: &Bucket) -> Bucket {
    let (a, b) = (one.count as f64, other.count as f64);
    Bucket {
        start: one.start,
        min: one.min.min(other.min),
        mean: (one.mean * a + other.mean * b) / (a + b),
        max: one.max.max(other.max),
        last: other.last,
        count: one.count.saturating_add(other.count),
    }
}

/// The part of recent values that is not stored yet, and the end of what is taken from the store.
/// The minute in which memory begins is taken from the store where that has more of it.
pub(super) fn split(
    recent: &[(Timestamp, f64)],
    stored_in_first_minute: u64,
) -> Option<(Timestamp, &[(Timestamp, f64)])> {
    let first = floor(recent.first()?.0, MINUTE);
    let next = first.plus(MINUTE);
    let remembered = recent.partition_point(|&(at, _)| at < next);
    if stored_in_first_minute > remembered as u64 {
        Some((next, &recent[remembered..]))
    } else {
        Some((first, recent))
    }
}

/// The first minute of recent values.
pub(super) fn first_minute(recent: &[(Timestamp, f64)]) -> Option<(Timestamp, Timestamp)> {
    let first = floor(recent.first()?.0, MINUTE);
    Some((first, first.plus(MINUTE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_341_600;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn bucket(start: i64, count: u64) -> Bucket {
        Bucket { start: at(start), min: 1.0, mean: 2.0, max: 4.0, last: 2.0, count }
    }

    fn gaps(points: &[SeriesPoint]) -> usize {
        points.windows(2).filter(|pair| pair[1].at > pair[0].until).count()
    }

    #[test]
    fn every_range_has_about_400_steps_and_its_own_sources() {
        let now = at(NOW + 1_234);
        for (days, seconds, from_minutes) in [
            (1.0 / 24.0, 10, true),
            (1.0, 240, true),
            (7.0, 1_800, true),
            (30.0, 7_200, false),
            (90.0, 21_600, false),
            (730.0, 172_800, false),
        ] {
            let span = Span::from_secs((days * 86_400.0) as u64);
            let from = now.minus(span);
            let plan = Plan::new(from, now, now);
            assert_eq!(plan.width, Span::from_secs(seconds), "{days}");
            assert!(span.as_micros() / plan.width.as_micros() <= 400, "{days}");
            assert!(plan.hours.0 <= from && plan.hours.1 == plan.minutes.0);
            assert_eq!(plan.hours.1 == plan.hours.0, from_minutes, "{days}");
            assert_eq!(plan.minutes.1, now);
            // The last hours of a long range come from minutes: they may not be rolled up yet.
            let part = plan.minutes.1.since(plan.minutes.0);
            assert!(from_minutes || (part >= WRITTEN_AFTER && part <= Span::from_mins(66)));
        }
    }

    #[test]
    fn what_is_older_than_minutes_are_kept_comes_from_hours() {
        let now = at(NOW);
        let from = now.minus(Span::from_mins(120 * 24 * 60));
        let plan = Plan::new(from, from.plus(Span::from_mins(120)), now);
        assert_eq!(plan.width, HOUR);
        assert_eq!(plan.hours, (from, from.plus(Span::from_mins(120))));
        assert_eq!(plan.minutes.0, plan.minutes.1, "there are none any more");
    }

    #[test]
    fn sources_are_weighted_by_their_values_and_lie_in_one_step() {
        let minutes = Source::minutes(vec![bucket(NOW, 3)]);
        let memory = Source::singles(&[(at(NOW + 61), 10.0), (at(NOW + 239), 0.0)]);
        let points = merged(Span::from_secs(240), &[minutes, memory]);
        assert_eq!(points.len(), 1);
        let point = points[0];
        assert_eq!((point.at, point.min, point.mean, point.max), (at(NOW), 0.0, 3.2, 10.0));
    }

    #[test]
    fn a_step_without_values_is_a_gap_and_a_rare_signal_has_none() {
        let width = Span::from_secs(240);
        let dense = |steps: &[i64]| {
            let buckets = steps.iter().map(|step| bucket(NOW + step * 240, 48)).collect();
            merged(width, &[Source::minutes(buckets)])
        };
        assert_eq!(gaps(&dense(&[0, 1, 2, 3, 4, 5])), 0);
        assert_eq!(gaps(&dense(&[0, 1, 2, 4, 5])), 1);
        // Every ten minutes.
        let rare = (0..40).map(|step| bucket(NOW + step * 600 / 240 * 240, 1)).collect();
        assert_eq!(gaps(&merged(width, &[Source::minutes(rare)])), 0);
        // Single values every 5 s, in steps of 10 s, and nothing for half a minute.
        let values = |range: std::ops::Range<i64>| range.step_by(5).map(|s| (at(NOW + s), 1.0));
        let memory: Vec<_> = values(0..600).chain(values(640..900)).collect();
        assert_eq!(gaps(&merged(Span::from_secs(10), &[Source::singles(&memory)])), 1);
    }

    #[test]
    fn minutes_in_steps_of_seconds_are_not_gaps() {
        let minutes = Source::minutes((0..40).map(|one| bucket(NOW + one * 60, 60)).collect());
        let memory: Vec<_> = (0..1_200).map(|second| (at(NOW + 2_400 + second), 1.0)).collect();
        let points = merged(Span::from_secs(10), &[minutes, Source::singles(&memory)]);
        assert_eq!((points.len(), gaps(&points)), (160, 0));
    }

    #[test]
    fn the_first_minute_of_memory_comes_from_whoever_has_more_of_it() {
        let recent: Vec<_> = (30..90).map(|second| (at(NOW + second), 1.0)).collect();
        assert_eq!(first_minute(&recent), Some((at(NOW), at(NOW + 60))));
        assert_eq!(
            split(&recent, 60).map(|(end, rest)| (end, rest.len())),
            Some((at(NOW + 60), 30))
        );
        assert_eq!(split(&recent, 30).map(|(end, rest)| (end, rest.len())), Some((at(NOW), 60)));
        assert_eq!(split(&[], 0), None);
    }

    #[test]
    fn what_is_not_a_number_is_left_out() {
        let odd = Bucket { mean: f64::NAN, ..bucket(NOW, 3) };
        let none = Bucket { count: 0, ..bucket(NOW + 60, 3) };
        assert!(merged(MINUTE, &[Source::minutes(vec![odd, none])]).is_empty());
    }
}
