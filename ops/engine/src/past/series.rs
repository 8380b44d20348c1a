//! A series of a simulated past.

use domain::{
    name::BadName,
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
    unit::Unit,
};

use super::{Bumps, Course};
use crate::simulation::Random;

/// A series of a simulated past, as it usually is.
#[derive(Clone, Debug, PartialEq)]
pub struct PastSeries {
    /// The subject.
    pub subject: Subject,
    /// The signal.
    pub signal: Signal,
    /// Its unit.
    pub unit: Unit,
    /// Its usual course.
    pub course: Course,
    /// Short rises on top of it.
    pub bumps: Option<Bumps>,
    /// The length of its history before the time that is simulated moment by moment.
    pub history: Span,
}

impl PastSeries {
    /// A series of ten days.
    pub fn new(
        subject: Subject,
        signal: &str,
        unit: &str,
        course: Course,
    ) -> Result<Self, BadName> {
        let history = Span::from_mins(10 * 24 * 60);
        let (signal, unit) = (signal.parse()?, unit.parse()?);
        Ok(Self { subject, signal, unit, course, bumps: None, history })
    }

    /// The usual value at a moment. `stream` tells series apart; `first` is the moment from which
    /// trend, rises and noise are counted.
    pub fn usual(&self, seed: u64, stream: u64, at: Timestamp, first: Timestamp) -> f64 {
        if let Some(value) = self.bumps.and_then(|bumps| bumps.at(seed ^ stream, at, first)) {
            return value;
        }
        let since = at.as_micros().saturating_sub(first.as_micros());
        let moment = since.div_euclid(1_000_000).cast_unsigned();
        let mut random = Random::new(seed.wrapping_add(stream << 32), moment);
        let value = self.course.value(at, first, &mut random);
        match self.least() {
            Some(least) => (value / least).round() * least,
            None => value,
        }
    }

    /// The least difference of two readings: programs report no more digits than they have.
    fn least(&self) -> Option<f64> {
        match self.unit {
            Unit::Percent => Some(0.01),
            Unit::Bytes => Some(4_096.0),
            Unit::Milliseconds | Unit::Other(_) => Some(1.0),
            _ => None,
        }
    }
}
