//! The part of the capacity that batch requests may take.

use std::num::NonZeroU32;

use crate::limits::plan::LimitState;

/// The part of the capacity that batch requests of all organizations may take together, so that the
/// rest stays free for requests that a person waits for. Elsewhere: a fleet usage load shedder
/// (Tarjan, "Scaling your API with rate limiters", Stripe, 2017).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchCapacity {
    /// Requests of the kind batch that may be under way at the same moment.
    pub at_a_time: NonZeroU32,
    /// True if requests above it are refused.
    pub state: LimitState,
}
