//! An entry of the journal, as readers get it.

use serde::{Deserialize, Serialize};

use crate::{actor::Actor, journal::Event, time::Timestamp};

/// An entry as readers get it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Entry {
    /// Its number, without gaps from 1.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// What happened; `None` if it was redacted.
    pub event: Option<Event>,
}
