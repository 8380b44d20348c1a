//! Times in which nothing was seen.

use serde::{Deserialize, Serialize};

/// The reasons for which nothing was seen for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BlindReason {
    /// Calm Ops was not running.
    NotRunning,
    /// The machine slept, or the monitor could not run.
    Asleep,
}
