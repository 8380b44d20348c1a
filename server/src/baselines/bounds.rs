//! Bounds of what is learned, and the names of series.

use domain::{signal::Signal, subject::Subject, time::Span};

/// Baselines are learned from this long.
pub const LEARNED_FROM: Span = Span::from_secs(8 * 7 * 86_400);
/// The most baselines that are kept: 4 MiB of them. Series with a level that is relative to what is
/// usual come first.
pub(super) const MOST: usize = 2_000;
/// An hour, in microseconds.
pub(super) const HOUR: i64 = 3_600_000_000;

/// A series by its names.
pub(super) type Key = (Subject, Signal);
