//! The results of proofs of the journal's chain.

use std::sync::{PoisonError, RwLock};

use commands::audit::Verified;
use tokio::sync::Mutex;

/// The results of proofs of the chain.
#[derive(Debug, Default)]
pub(super) struct Proofs {
    pub last: RwLock<Option<Verified>>,
    /// One at a time: who comes meanwhile gets the same answer.
    pub one: Mutex<()>,
}

impl Proofs {
    pub fn last(&self) -> Option<Verified> {
        self.last.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
