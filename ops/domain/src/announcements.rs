//! Announcements: what people and programs told of that can't be observed. They decide together with
//! what is observed, so a replay records them as well.

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    change::{LONGEST_AGO, ReportedChange},
    journal::{ChangeEvent, Entry, EventGroup, MaintenanceEvent, PracticeEvent},
    maintenance::MaintenanceWindow,
    practice::OpenPractice,
    subject::Subject,
    time::Timestamp,
};

/// The most changes that are remembered; the newest ones.
const MOST_CHANGES: usize = 200;

/// A maintenance window whose end is not in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenWindow {
    /// Its number: that of the entry that began it.
    pub number: u64,
    /// Who began it.
    pub by: Actor,
    /// When.
    pub begun_at: Timestamp,
    /// What it covers, until when, and why.
    #[serde(flatten)]
    pub window: MaintenanceWindow,
}

/// What was announced and may still matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Announcements {
    /// Reported changes, in the order in which they were reported.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ReportedChange>,
    /// Open maintenance windows, by number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<OpenWindow>,
    /// The practice in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub practice: Option<OpenPractice>,
}

impl Announcements {
    /// Whether nothing was announced.
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.windows.is_empty() && self.practice.is_none()
    }

    /// How many things were announced.
    pub fn len(&self) -> usize {
        self.changes.len() + self.windows.len() + self.practice.iter().len()
    }

    /// What entries announce; they come in their order.
    pub fn of(entries: &[Entry]) -> Self {
        let mut announcements = Self::default();
        entries.iter().for_each(|entry| announcements.take(entry));
        announcements
    }

    /// Takes what an entry announces; entries come in their order.
    pub fn take(&mut self, entry: &Entry) {
        let Some(event) = &entry.event else { return };
        match event.group() {
            EventGroup::Change(ChangeEvent::ChangeReported { change }) => {
                self.changes.push((**change).clone());
                let surplus = self.changes.len().saturating_sub(MOST_CHANGES);
                self.changes.drain(..surplus);
            }
            EventGroup::Maintenance(MaintenanceEvent::MaintenanceBegun { window }) => {
                self.windows.push(OpenWindow {
                    number: entry.number,
                    by: entry.actor,
                    begun_at: entry.at,
                    window: (**window).clone(),
                });
            }
            EventGroup::Maintenance(MaintenanceEvent::MaintenanceEnded { window, .. }) => {
                self.windows.retain(|open| open.number != *window);
            }
            EventGroup::Practice(PracticeEvent::PracticeBegun { until }) => {
                self.practice = Some(OpenPractice {
                    number: entry.number,
                    by: entry.actor,
                    begun_at: entry.at,
                    until: *until,
                });
            }
            EventGroup::Practice(PracticeEvent::PracticeEnded { practice, .. }) => {
                self.practice.take_if(|open| open.number == *practice);
            }
            _ => {}
        }
    }

    /// Whether a window in force covers a subject.
    pub fn covers(&self, subject: &Subject, now: Timestamp) -> bool {
        self.windows.iter().any(|open| open.window.is_in_force(now) && open.window.covers(subject))
    }

    /// Forgets changes that can't matter any more.
    pub fn prune(&mut self, now: Timestamp) {
        let since = now.minus(LONGEST_AGO);
        self.changes.retain(|change| change.at >= since);
    }

    /// The same without the reasons of windows: they decide nothing.
    #[must_use]
    pub fn without_words(mut self) -> Self {
        self.windows.iter_mut().for_each(|open| open.window.reason.clear());
        self
    }
}
