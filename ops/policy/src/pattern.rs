//! Patterns with `*`, as thresholds and dependencies write them.

pub use domain::pattern::matches;
