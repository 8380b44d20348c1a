//! Series whose subject is known not to report: it was stopped on purpose, or is missing.

use crate::evaluate::{Engine, Series, SeriesId, series::Core};

impl Engine {
    /// Number of series that are known.
    pub fn count(&self) -> usize {
        self.series.len() - self.free.len()
    }

    /// The series of which a value was heard, here or before a restart.
    pub fn heard(&self, signal: &str, subject: &str) -> Option<SeriesId> {
        let id = self.find(self.hash(signal, subject), signal, subject)?;
        self.series.get(id as usize).filter(|series| !series.unheard).map(|_| SeriesId(id))
    }

    /// True if a level of the thresholds is about this series.
    pub fn has_level(&self, signal: &str, subject: &str) -> bool {
        self.thresholds.rows_for(signal, subject).level.is_some_and(|row| row.base().is_some())
    }

    /// Lets a series rest: what it is about was stopped on purpose, and is not expected to report
    /// until it does so again, when it begins anew. Returns whether it was not at rest before.
    pub fn rest(&mut self, signal: &str, subject: &str) -> bool {
        let Some((id, series)) = self.named(signal, subject) else { return false };
        if series.unheard {
            return false;
        }
        let (unit, usual) = (series.core.unit.take(), series.core.known_usual());
        series.core = Core::new(series.core.signal.clone(), series.core.subject.clone(), unit);
        series.core.set_usual(usual);
        (series.unheard, series.rested) = (true, true);
        self.touched.retain(|&touched| touched != id);
        self.resolve(id, 0);
        self.dirty = true;
        true
    }

    /// Takes the last value of a series for old: what it is about is missing, or nobody tells of it.
    /// Its silence is told at its own time.
    pub fn miss(&mut self, id: SeriesId) {
        if let Some(series) = self.series.get_mut(id.0 as usize) {
            series.missed = true;
        }
    }

    fn named(&mut self, signal: &str, subject: &str) -> Option<(u32, &mut Series)> {
        let id = self.find(self.hash(signal, subject), signal, subject)?;
        Some((id, self.series.get_mut(id as usize)?))
    }
}
