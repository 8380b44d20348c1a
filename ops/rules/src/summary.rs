//! The decision summary: typed sentences, composed by rules from the evidence and rendered for each reader.

use serde::{Deserialize, Serialize};

/// What an incident's page says first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {}

impl Summary {
    /// The first sentence, for lists and titles.
    pub fn headline(&self) -> String {
        String::new()
    }
}
