//! Announcements: what people and programs told of that can't be observed. They decide together with
//! what is observed, so a replay records them as well.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    change::{LONGEST_AGO, ReportedChange},
    journal::{ChangeEvent, Entry, Event, EventGroup, MaintenanceEvent, PracticeEvent},
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
    /// The person who began it.
    pub by: Actor,
    /// The time.
    pub begun_at: Timestamp,
    /// Its subjects, its end, and the reason.
    #[serde(flatten)]
    pub window: MaintenanceWindow,
}

impl OpenWindow {
    fn of(begun: &Entry, window: &MaintenanceWindow) -> Self {
        let Entry { number, at: begun_at, actor: by, .. } = *begun;
        Self { number, by, begun_at, window: window.clone() }
    }
}

/// Announcements that may still matter.
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
    /// True if nothing was announced.
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.windows.is_empty() && self.practice.is_none()
    }

    /// Number of announcements.
    pub fn len(&self) -> usize {
        self.changes.len() + self.windows.len() + self.practice.iter().len()
    }

    /// Reads the announcements in entries; they come in their order. A window whose reason was
    /// redacted is told by its redaction.
    pub fn of(entries: &[Entry]) -> Self {
        let (mut announcements, mut ended) = (Self::default(), BTreeSet::new());
        for entry in entries {
            announcements.take(entry);
            match &entry.event {
                Some(Event::MaintenanceEnded { window, .. }) => {
                    ended.insert(*window);
                }
                Some(Event::Redacted { entry: number, window: Some(window), .. })
                    if !ended.contains(number) =>
                {
                    let is_begun = |one: &&Entry| one.number == *number && one.event.is_none();
                    let begun = entries.iter().find(is_begun);
                    announcements.windows.extend(begun.map(|begun| OpenWindow::of(begun, window)));
                }
                _ => {}
            }
        }
        announcements.windows.sort_by_key(|open| open.number);
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
                self.windows.push(OpenWindow::of(entry, window));
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

    /// True if a window in force covers a subject.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_secs(1_795_341_600 + minute * 60)
    }

    fn window(reason: &str) -> Box<MaintenanceWindow> {
        let subjects = vec!["*@web-1".parse().unwrap()];
        Box::new(MaintenanceWindow { subjects, until: at(60), reason: reason.to_owned() })
    }

    #[test]
    fn a_window_without_its_reason_is_open_until_its_end() {
        let entry = |number, event| Entry {
            number,
            at: at(i64::try_from(number).unwrap()),
            actor: Actor::Local,
            event,
        };
        let redacted = |of| {
            let (reason, window) = ("a name".to_owned(), Some(window("")));
            Some(Event::Redacted { entry: of, reason, message: None, step: None, window })
        };
        let ended =
            |window| Some(Event::MaintenanceEnded { window, would_have_alerted: vec![], more: 0 });
        let entries = [
            entry(4, None),
            entry(5, None),
            entry(6, Some(Event::MaintenanceBegun { window: window("New disks") })),
            entry(7, None),
            entry(8, ended(5)),
            // The first one was over before it was redacted, the last one ended after it.
            entry(9, redacted(5)),
            entry(10, redacted(4)),
            entry(11, redacted(7)),
            entry(12, ended(7)),
            // The entry that it is about was not read.
            entry(13, redacted(2)),
        ];
        let open = Announcements::of(&entries).windows;
        let told: Vec<_> =
            open.iter().map(|one| (one.number, one.begun_at, &*one.window.reason)).collect();
        assert_eq!(told, [(4, at(4), ""), (6, at(6), "New disks")]);
        assert_eq!(open[0], OpenWindow::of(&entry(4, None), &window("")));
    }
}
