//! State of the engine as it is kept.

use std::collections::BTreeSet;

use domain::{signal::Signal, subject::Subject, time::Timestamp};
use serde::{Deserialize, Serialize};

use crate::evaluate::series::Core;

/// The engine's state as it is kept across a restart and in replay bundles: the series that have a
/// threshold, ordered by subject and signal. Monotonic times in it are relative to the moment of
/// saving.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SavedState {
    /// Time at which it was saved.
    pub at: Timestamp,
    #[serde(default)]
    pub(super) series: Vec<Core>,
    /// Beside each series, in a checkpoint only: what a restart forgets, and a replay must not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) standing: Vec<Standing>,
}

impl SavedState {
    /// The subjects of the series.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.series.iter().map(|core| &core.subject)
    }

    /// Gives subjects other names. What is known under the new name already stays as it is.
    pub fn rename(&mut self, renamed: impl Fn(&Subject) -> Option<Subject>) {
        let known: BTreeSet<(Signal, Subject)> =
            self.series.iter().map(|core| (core.signal.clone(), core.subject.clone())).collect();
        for core in &mut self.series {
            if let Some(subject) = renamed(&core.subject)
                && !known.contains(&(core.signal.clone(), subject.clone()))
            {
                core.subject = subject;
            }
        }
    }
}

/// The state of a series at a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Standing {
    /// The time at which its silence becomes a breach, relative to the moment of saving; `None`:
    /// not at all.
    pub(super) deadline: Option<i64>,
    pub(super) unheard: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) rested: bool,
}
