//! Counters that many threads raise and one takes. They stop at their largest value instead of
//! starting over.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// Raises a counter.
pub(super) fn raise(counter: &AtomicU32, by: u32) {
    // It fails only at the largest value, which is then right as it is.
    let _ = counter.fetch_update(Relaxed, Relaxed, |count| {
        (count < u32::MAX).then(|| count.saturating_add(by))
    });
}

/// Raises a counter of bytes.
pub(super) fn raise_bytes(counter: &AtomicU64, by: u64) {
    if by > 0 {
        let _ = counter.fetch_update(Relaxed, Relaxed, |count| {
            (count < u64::MAX).then(|| count.saturating_add(by))
        });
    }
}

/// Lowers a counter by one; false if it is zero.
pub(super) fn take_one(counter: &AtomicU32) -> bool {
    counter.fetch_update(Relaxed, Relaxed, |count| count.checked_sub(1)).is_ok()
}

/// Takes what a counter has; the load first spares the write for most of them.
pub(super) fn take(counter: &AtomicU32) -> u64 {
    if counter.load(Relaxed) == 0 { 0 } else { u64::from(counter.swap(0, Relaxed)) }
}

/// Takes what a counter of bytes has.
pub(super) fn take_bytes(counter: &AtomicU64) -> u64 {
    if counter.load(Relaxed) == 0 { 0 } else { counter.swap(0, Relaxed) }
}
