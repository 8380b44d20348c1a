//! Latencies in log-linear buckets, as in HDR histograms (Tene, <http://hdrhistogram.org>).
//!
//! Microseconds below 32 have a bucket each; above, each doubling has 16 of equal width. The
//! middle of a bucket differs from any latency in it by at most 1/32 (3.2 %). Latencies above
//! 2^32 µs (71 min) count as that.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use domain::time::Span;

use crate::gate::count::{raise, take};

/// Buckets for each doubling.
const STEPS: u64 = 16;
/// The latency from which on buckets are wider than 1 µs.
const EXACT: u64 = 2 * STEPS;
/// The bits of the largest latency that is told apart.
const BITS: u32 = 32;
const BUCKETS: usize = ((BITS - 3) as usize) * STEPS as usize;

/// The bucket of a latency in microseconds.
fn bucket(micros: u64) -> usize {
    let micros = micros.min((1 << BITS) - 1);
    if micros < EXACT {
        return micros as usize;
    }
    let shift = micros.ilog2() - STEPS.ilog2();
    (u64::from(shift) * STEPS + (micros >> shift)) as usize
}

/// The middle of a bucket in microseconds.
fn middle(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < EXACT {
        return bucket;
    }
    let shift = bucket / STEPS - 1;
    let low = (bucket % STEPS + STEPS) << shift;
    low + (1 << shift >> 1)
}

/// Counts that many threads raise. About 1.8 KiB.
#[derive(Debug)]
pub(super) struct Histogram(Box<[AtomicU32; BUCKETS]>);

impl Default for Histogram {
    fn default() -> Self {
        Self(Box::new([const { AtomicU32::new(0) }; BUCKETS]))
    }
}

impl Histogram {
    pub fn record(&self, latency: Span) {
        if let Some(count) = self.0.get(bucket(latency.as_micros())) {
            raise(count, 1);
        }
    }

    /// Moves all counts to `into`.
    pub fn take(&self, into: &mut Latencies) {
        for (bucket, counter) in self.0.iter().enumerate() {
            let count = take(counter);
            if count > 0 {
                into.add(bucket, count);
            }
        }
    }

    /// True if nothing was recorded since the last [`Histogram::take`].
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|counter| counter.load(Relaxed) == 0)
    }
}

/// The latencies of a time, good to 3.2 %.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    /// Counts by bucket, none zero.
    counts: BTreeMap<usize, u64>,
    total: u64,
}

impl Latencies {
    fn add(&mut self, bucket: usize, count: u64) {
        let known = self.counts.entry(bucket).or_default();
        *known = known.saturating_add(count);
        self.total = self.total.saturating_add(count);
    }

    /// Adds one latency.
    pub fn record(&mut self, latency: Span) {
        self.add(bucket(latency.as_micros()), 1);
    }

    /// Adds those of another time, or of another organization.
    pub fn merge(&mut self, other: &Self) {
        for (&bucket, &count) in &other.counts {
            self.add(bucket, count);
        }
    }

    /// The number of latencies.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The number of those that are at most this long.
    pub fn within(&self, longest: Span) -> u64 {
        let shorter = self.counts.range(..=bucket(longest.as_micros()));
        let fits = shorter.filter(|&(&bucket, _)| middle(bucket) <= longest.as_micros());
        fits.map(|(_, count)| *count).fold(0, u64::saturating_add)
    }

    /// The latency that this share of them does not exceed (0.95 for p95); `None` if there are
    /// none. A share outside of 0 to 1 counts as the nearest one.
    pub fn quantile(&self, share: f64) -> Option<Span> {
        let rank = (share.clamp(0.0, 1.0) * self.total as f64).ceil() as u64;
        let mut seen = 0_u64;
        let mut last = None;
        for (&bucket, &count) in &self.counts {
            seen = seen.saturating_add(count);
            last = Some(bucket);
            if seen >= rank {
                break;
            }
        }
        last.map(|bucket| Span::from_micros(middle(bucket)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn buckets_follow_each_other_up_to_the_last() {
        let (mut at, mut known) = (0_u64, 0);
        while at < 1 << BITS {
            assert!(bucket(at) == known || bucket(at) == known + 1, "{at}");
            known = bucket(at);
            at += (at / 64).max(1);
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn the_last_bucket_keeps_counting_at_its_largest_value() {
        let histogram = Histogram::default();
        for _ in 0..2 {
            raise(&histogram.0[0], u32::MAX);
        }
        histogram.record(Span::ZERO);
        let mut taken = Latencies::default();
        histogram.take(&mut taken);
        assert_eq!(taken.count(), u64::from(u32::MAX));
        assert!(histogram.is_empty());
    }

    #[test]
    fn those_within_a_time_are_counted() {
        let mut latencies = Latencies::default();
        for millis in [0, 10, 480, 520, 90_000] {
            latencies.record(Span::from_millis(millis));
        }
        let within = |millis| latencies.within(Span::from_millis(millis));
        assert_eq!((within(0), within(9), within(11), within(500)), (1, 1, 2, 3));
        assert_eq!((within(540), within(60_000), within(100_000)), (4, 4, 5));
        assert_eq!(Latencies::default().within(Span::from_secs(1)), 0);
    }

    #[test]
    fn there_is_no_quantile_of_nothing() {
        assert_eq!(Latencies::default().quantile(0.5), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: fixtures::cases(128), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn quantiles_are_good_to_five_percent(
            mut micros in proptest::collection::vec(
                prop_oneof![0..200_u64, 0..100_000_u64, 0..4_000_000_000_u64], 1..200,
            ),
            split in 0..200_usize,
        ) {
            let (mut all, mut rest) = (Latencies::default(), Latencies::default());
            let histograms = [Histogram::default(), Histogram::default()];
            for (index, &latency) in micros.iter().enumerate() {
                histograms[usize::from(index < split)].record(Span::from_micros(latency));
            }
            histograms[0].take(&mut all);
            histograms[1].take(&mut rest);
            all.merge(&rest);
            prop_assert_eq!(all.count(), micros.len() as u64);
            let mut one_by_one = Latencies::default();
            micros.iter().for_each(|&latency| one_by_one.record(Span::from_micros(latency)));
            prop_assert_eq!(&one_by_one, &all);
            micros.sort_unstable();
            for share in [f64::NEG_INFINITY, 0.5, 0.95, 0.99, 1.0, 7.0] {
                let rank = ((share.clamp(0.0, 1.0) * micros.len() as f64).ceil() as usize).max(1);
                let exact = micros[rank - 1] as f64;
                let told = all.quantile(share).unwrap_or_default().as_micros() as f64;
                prop_assert!((told - exact).abs() <= exact * 0.05, "{share}: {told} for {exact}");
            }
        }
    }
}
