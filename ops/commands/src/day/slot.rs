//! Minutes and slots, counted from the beginning of 1970.

use domain::time::Timestamp;

/// The minutes of a slot.
pub(super) const SLOT_MINUTES: i64 = 30;
/// In microseconds.
pub(super) const MINUTE: i64 = 60_000_000;

/// The slot of a moment.
pub(super) fn slot_of(at: Timestamp) -> i64 {
    minute_of(at).div_euclid(SLOT_MINUTES)
}

/// The minute of a moment.
pub(super) const fn minute_of(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(MINUTE)
}
