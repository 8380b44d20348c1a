//! Bounds of what the agent does without a person.

use std::collections::BTreeSet;

use domain::time::Span;

use crate::limits::organization::Organization;

/// The way into safe mode. Only a person ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SafeModeEntry {
    /// A person; the agent recommends it.
    Manual,
    /// The agent too.
    Automatic,
}

impl SafeModeEntry {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Manual, Self::Automatic];

    /// As the document writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Automatic => "automatic",
        }
    }
}

/// Bounds of what the agent does without a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Automation {
    /// The largest share of all requests that it refuses, in percent: 0 to 100.
    pub largest_share_percent: u8,
    /// The most organizations that it limits at a time.
    pub most_organizations: u32,
    /// The longest time of one of its measures.
    pub longest_measure: Span,
    /// The multiple of its fair share that an organization keeps when the agent limits it: 1 to
    /// 100.
    pub fair_share_factor: f64,
    /// Organizations that keep writing in safe mode.
    pub keep_writing: BTreeSet<Organization<'static>>,
    /// The way into safe mode.
    pub safe_mode: SafeModeEntry,
    /// The time after which people are asked whether safe mode is still needed.
    pub safe_mode_reminder: Span,
}

impl Automation {
    /// True if an organization keeps writing in safe mode.
    pub fn keeps_writing(&self, organization: &Organization<'_>) -> bool {
        self.keep_writing.contains(organization)
    }
}

impl Default for Automation {
    fn default() -> Self {
        Self {
            largest_share_percent: 20,
            most_organizations: 10,
            longest_measure: Span::from_mins(30),
            fair_share_factor: 1.5,
            keep_writing: BTreeSet::new(),
            safe_mode: SafeModeEntry::Manual,
            safe_mode_reminder: Span::from_mins(30),
        }
    }
}
