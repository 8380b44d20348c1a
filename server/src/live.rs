//! The live stream: tails the journal, encodes each event once for all viewers, and carries the latest health readings beside it.

use rules::journal::Entry;

/// See the module.
#[derive(Debug, Default)]
pub struct Live {}

impl Live {
    /// Called by the desk after each commit, in the order of the journal, while it holds its writing lock.
    pub fn committed(&self, _epoch: u32, _entries: &[Entry]) {}
}
