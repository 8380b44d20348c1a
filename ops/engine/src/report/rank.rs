//! Ranks and counts.

use domain::time::Span;

/// Durations, the shortest first.
pub(super) fn sorted(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut spans: Vec<Span> = spans.collect();
    spans.sort_unstable();
    spans
}

/// The smallest value that so many tenths do not exceed (nearest rank); `None` of nothing.
pub(super) fn share_of(sorted: &[Span], tenths: usize) -> Option<Span> {
    sorted.get((sorted.len() * tenths).div_ceil(10).saturating_sub(1)).copied()
}

/// A count that fits a figure.
pub(super) fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
