//! The place of each series: from signal and subject to its number. A place that was retired goes
//! to the next new series.

use std::hash::{BuildHasher, Hash, Hasher};

use domain::{signal::Signal, subject::Subject, unit::Unit};

use crate::evaluate::{
    Engine, NEVER, NoSeries, Series, SeriesId,
    series::{Core, Plan},
};

/// The facts about a series that a value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The series, if there is one.
    pub id: Option<SeriesId>,
    /// True if its unit is known: of one that it does not have yet it takes the first that is told.
    pub has_unit: bool,
}

impl Engine {
    /// Number of series that others can still open by sending values.
    pub fn room(&self) -> usize {
        self.limit.saturating_sub(self.count())
    }

    /// Looks for the place of a value, without adding one; an error if it can't have any, whatever
    /// room there is.
    pub fn place_of(
        &self,
        signal: &str,
        subject: &str,
        unit: Option<&Unit>,
    ) -> Result<Place, NoSeries> {
        let fits = |known: Option<&Unit>| match (known, unit) {
            (Some(known), Some(unit)) => fit(unit, known),
            (_, None) | (None, _) => Ok(()),
        };
        if let Some(id) = self.find(self.hash(signal, subject), signal, subject) {
            let known = self.series.get(id as usize).and_then(|series| series.core.unit.as_ref());
            fits(known)?;
            return Ok(Place { id: Some(SeriesId(id)), has_unit: known.is_some() });
        }
        Signal::check(signal)?;
        Subject::check(subject)?;
        let known = self.thresholds.unit_of(signal);
        fits(known.as_ref())?;
        Ok(Place { id: None, has_unit: known.is_some() })
    }

    /// Takes the unit of a series that has none yet.
    pub fn learn_unit(&mut self, id: SeriesId, unit: Option<&Unit>) {
        let core = self.series.get(id.0 as usize).map(|series| &series.core);
        if let (Some(None), Some(unit)) = (core.map(|core| &core.unit), unit) {
            self.adopt(id.0, unit);
        }
    }

    /// Finds or adds a series; a known one costs one look-up and allocates nothing. `unit` is
    /// `None` where the sender gave none.
    pub fn series(
        &mut self,
        signal: &str,
        subject: &str,
        unit: Option<&Unit>,
    ) -> Result<SeriesId, NoSeries> {
        self.place(signal, subject, unit, self.limit)
    }

    /// As [`Engine::series`], without the limit: for what this host measures itself, which finds
    /// room whatever others send, and for what was taken before.
    pub fn measured(
        &mut self,
        signal: &str,
        subject: &str,
        unit: Option<&Unit>,
    ) -> Result<SeriesId, NoSeries> {
        self.place(signal, subject, unit, usize::MAX)
    }

    fn place(
        &mut self,
        signal: &str,
        subject: &str,
        unit: Option<&Unit>,
        limit: usize,
    ) -> Result<SeriesId, NoSeries> {
        let place = self.place_of(signal, subject, unit)?;
        if let Some(id) = place.id {
            if !place.has_unit {
                self.learn_unit(id, unit);
            }
            return Ok(id);
        }
        let (name, about): (Signal, Subject) = (signal.parse()?, subject.parse()?);
        let (hash, known) = (self.hash(signal, subject), self.thresholds.unit_of(signal));
        let count = self.count();
        if count >= limit {
            return Err(NoSeries::TooMany(count));
        }
        let core = Core::new(name, about, known.or_else(|| unit.cloned()));
        let series = Series {
            core,
            plan: Plan::default(),
            next: self.index.get(&hash).copied(),
            unheard: true,
            rested: false,
            missed: false,
            free: false,
        };
        let id = match self.free.pop() {
            Some(id) => {
                if let Some(place) = self.series.get_mut(id as usize) {
                    *place = series;
                }
                id
            }
            None => {
                let id = u32::try_from(self.series.len()).map_err(|_| NoSeries::TooMany(count))?;
                self.series.push(series);
                self.deadlines.push(NEVER);
                id
            }
        };
        self.index.insert(hash, id);
        self.resolve(id, 0);
        Ok(SeriesId(id))
    }

    pub(super) fn hash(&self, signal: &str, subject: &str) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        signal.hash(&mut hasher);
        subject.hash(&mut hasher);
        hasher.finish()
    }

    pub(super) fn find(&self, hash: u64, signal: &str, subject: &str) -> Option<u32> {
        let mut found = self.index.get(&hash).copied();
        while let Some(id) = found {
            let series = self.series.get(id as usize)?;
            if series.core.signal.as_str() == signal && series.core.subject.as_str() == subject {
                return Some(id);
            }
            found = series.next;
        }
        None
    }

    /// A name leads to its series no more.
    pub(super) fn unlink(&mut self, id: u32) {
        let Some(series) = self.series.get(id as usize) else { return };
        let (hash, next) =
            (self.hash(series.core.signal.as_str(), series.core.subject.as_str()), series.next);
        let Some(&first) = self.index.get(&hash) else { return };
        if first == id {
            match next {
                Some(next) => self.index.insert(hash, next),
                None => self.index.remove(&hash),
            };
            return;
        }
        let mut before = Some(first);
        while let Some(series) = before.and_then(|before| self.series.get_mut(before as usize)) {
            if series.next == Some(id) {
                series.next = next;
                return;
            }
            before = series.next;
        }
    }
}

fn fit(unit: &Unit, known: &Unit) -> Result<(), NoSeries> {
    if unit == known {
        Ok(())
    } else {
        Err(NoSeries::Unit { found: unit.to_string(), known: known.to_string() })
    }
}
