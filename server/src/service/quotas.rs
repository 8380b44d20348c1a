//! Quotas of `limits.md` as pages and programs see them.

use commands::organizations::{BatchBound, QuotaState, QuotaView};
use policy::limits::{Limit, LimitState, Limits};

/// The quota of a limit.
pub(super) fn quota_view(Limit { state, quota }: Limit) -> QuotaView {
    QuotaView {
        requests: quota.rate.requests.get(),
        per: quota.rate.per,
        burst: quota.burst.get(),
        at_a_time: quota.at_a_time.map(std::num::NonZeroU32::get),
        state: quota_state(state),
    }
}

/// The bound of the batch requests of all organizations together; `None` if there is none.
pub(super) fn batch_bound(limits: &Limits) -> Option<BatchBound> {
    let one = limits.batch_capacity()?;
    Some(BatchBound { at_a_time: one.at_a_time.get(), state: quota_state(one.state) })
}

const fn quota_state(state: LimitState) -> QuotaState {
    match state {
        LimitState::Off => QuotaState::Off,
        LimitState::Observe => QuotaState::Observe,
        LimitState::On => QuotaState::On,
    }
}
