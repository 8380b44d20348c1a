//! The page of a signal as data.

use commands::signal_page::SignalPage as View;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// The periods that are offered: the word in the address, its name, and its length in minutes.
pub(super) const RANGES: [(&str, &str, u64); 6] = [
    ("1h", "1 h", 60),
    ("24h", "24 h", 24 * 60),
    ("7d", "7 d", 7 * 24 * 60),
    ("30d", "30 d", 30 * 24 * 60),
    ("90d", "90 d", 90 * 24 * 60),
    ("2y", "2 years", 730 * 24 * 60),
];

/// The page of a signal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignalView {
    /// The word of the period; empty where the address names beginning and end.
    pub range: String,
    /// The page, or why there is none: the names may be wrong, or the period.
    pub page: Result<Box<View>, Problem>,
}
