//! The size of a gate.

use domain::time::Span;

/// The size of a gate, and its secret.
#[derive(Clone, Debug)]
pub struct Config {
    /// The lifetime of a slot, one entry for each class: a request whose end is never heard counts
    /// as under way for this long and up to 1/7 more. Less than a second counts as one.
    pub slot_lifetimes: Vec<Span>,
    /// Organizations that have cells of their own at most; pinned ones come on top.
    pub organizations: usize,
    /// Cells that all further organizations share, at least one.
    pub common: usize,
    /// Histograms of latencies of about 1.8 KiB, each for one class of one organization. Those that
    /// are pinned always have one, others while there are fewer than this in all.
    pub histograms: usize,
    /// Organizations that a window lists for each of most requests, most bytes and most refusals;
    /// pinned ones come on top.
    pub listed: usize,
    /// Random bits that nobody outside knows: without them nobody can invent a name that shares a
    /// cell with a certain other one.
    pub key: [u64; 2],
}
