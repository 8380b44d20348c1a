//! What a replay needs, gathered while the monitor runs.

use rules::{
    evaluate::SeriesId,
    time::{Now, Timestamp},
    words::{Signal, Subject, Unit},
};

/// See the module.
#[derive(Debug, Default)]
pub struct Recording {}

impl Recording {
    /// A series was opened.
    pub fn series(&mut self, _id: SeriesId, _signal: &Signal, _subject: &Subject, _unit: Option<&Unit>) {}

    /// A subject is gone.
    pub fn retired(&mut self, _subject: &Subject) {}

    /// The agent decided.
    pub fn decided(&mut self, _now: Now, _events: &[rules::journal::Event]) {}

    /// The bundle.
    pub fn bundle(&self) -> Option<Vec<u8>> {
        None
    }

    /// A value came.
    pub fn observed(&mut self, _id: SeriesId, _value: f64, _at: Timestamp, _now: Now) {}
}
