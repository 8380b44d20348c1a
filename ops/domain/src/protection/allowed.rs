//! Measures that thresholds allow.

use serde::{Deserialize, Serialize};

use crate::time::Span;

/// A measure that a row of the thresholds allows for its breach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "measure", rename_all = "snake_case")]
pub enum AllowedMeasure {
    /// Limit a class of requests.
    Limit {
        /// The class, as `limits.md` names it.
        class: String,
        /// For how long at most.
        lasts: Span,
    },
    /// Begin safe mode, or recommend it: `limits.md` says which.
    SafeMode,
}
