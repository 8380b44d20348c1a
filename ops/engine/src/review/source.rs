//! The source of a review.

use domain::{breach::BreachKey, incident::Incident, journal::Entry, time::Timestamp};

use super::{effect::ActionValues, onset::Onset, steps::StepTimes};

/// The source of a review.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The incident.
    pub incident: &'a Incident,
    /// Its entries, oldest first; of many, the newest and the first ones of its steps.
    pub entries: &'a [Entry],
    /// The time of the first notification about it.
    pub notified: Option<Timestamp>,
    /// The first deviation of each of its signals that was looked at.
    pub onsets: &'a [(BreachKey, Onset)],
    /// The values around what was done.
    pub actions: &'a [ActionValues],
    /// The steps of the real incidents that it is compared with.
    pub past: &'a [StepTimes],
}

impl Source<'_> {
    pub(super) fn onset(&self, key: &BreachKey) -> Onset {
        let found = self.onsets.iter().find(|(known, _)| known == key);
        found.map_or(Onset::Unknown, |(_, onset)| *onset)
    }
}
