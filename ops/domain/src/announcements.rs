//! Announcements: what people and programs told of that can't be observed. They decide together with
//! what is observed, so a replay records them as well.

use serde::{Deserialize, Serialize};

use crate::{
    change::{LONGEST_AGO, ReportedChange},
    journal::{ChangeEvent, Entry, EventGroup},
    time::Timestamp,
};

/// The most changes that are remembered; the newest ones.
const MOST_CHANGES: usize = 200;

/// What was announced and may still matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Announcements {
    /// Reported changes, in the order in which they were reported.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ReportedChange>,
}

impl Announcements {
    /// Whether nothing was announced.
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How many things were announced.
    pub const fn len(&self) -> usize {
        self.changes.len()
    }

    /// Takes what an entry announces; entries come in their order.
    pub fn take(&mut self, entry: &Entry) {
        let Some(event) = &entry.event else { return };
        if let EventGroup::Change(ChangeEvent::ChangeReported { change }) = event.group() {
            self.changes.push((**change).clone());
            let surplus = self.changes.len().saturating_sub(MOST_CHANGES);
            self.changes.drain(..surplus);
        }
    }

    /// Forgets what can't matter any more.
    pub fn prune(&mut self, now: Timestamp) {
        let since = now.minus(LONGEST_AGO);
        self.changes.retain(|change| change.at >= since);
    }
}
