//! An entry of the journal, as readers get it.

use serde::{Deserialize, Serialize};

use crate::{actor::Actor, journal::Event, time::Timestamp};

/// An entry as readers get it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Entry {
    /// Its number, without gaps from 1.
    pub number: u64,
    /// Time at which it was written.
    pub at: Timestamp,
    /// The author.
    pub actor: Actor,
    /// The event; `None` if it was redacted.
    pub event: Option<Event>,
}
