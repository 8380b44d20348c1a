//! Track record: how often each command worked on each subject.

use std::collections::BTreeMap;

use domain::{journal::Event, subject::Subject, time::Timestamp};

/// How often a command was proved to work on a subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Track {
    /// So many times it worked.
    pub worked: u32,
    /// Of so many runs.
    pub total: u32,
    /// When the last one was proved, or was not.
    pub last: Timestamp,
}

/// The track record: of each command on each subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracks(BTreeMap<String, BTreeMap<Subject, Track>>);

impl Tracks {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an event of the journal; only a run whose proof is known counts.
    pub fn take(&mut self, event: &Event, at: Timestamp) {
        let Event::RunProved { command, subject, worked, counts, .. } = event else { return };
        if subject.is_practice() {
            return;
        }
        let track = self.0.entry(command.clone()).or_default().entry(subject.clone()).or_default();
        track.worked = track.worked.saturating_add(u32::from(*worked && *counts));
        track.total = track.total.saturating_add(u32::from(*counts));
        track.last = track.last.max(at);
    }

    /// Of one command on one subject.
    pub fn of(&self, command: &str, subject: &Subject) -> Track {
        self.0.get(command).and_then(|subjects| subjects.get(subject)).copied().unwrap_or_default()
    }
}
