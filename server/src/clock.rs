//! The one place that reads the clocks.

use std::time::Instant;

use domain::time::{MonotonicTime, Now, Span, Timestamp};

/// Both clocks, with the origin of the monotonic one.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// Begins the monotonic clock now.
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// What time it is.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that the lint sends everyone to"
    )]
    pub fn now(&self) -> Now {
        Now {
            wall: Timestamp::from(chrono::Utc::now()),
            mono: MonotonicTime::from_micros(Span::from(self.origin.elapsed()).as_micros()),
        }
    }
}
