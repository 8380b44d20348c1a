//! The stream: what an open page learns after it was loaded. The same types are encoded by the server
//! and decoded by the browser.

use std::cmp::Ordering;

use domain::{
    id::RecommendationId,
    journal::{Cursor, Entry},
    reading::Reading,
    signal::Signal,
    subject::Subject,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::view::{IncidentCard, Incidents, Overview, Readings};

/// An event of the stream, as its data in JSON. A page passes over what it can't decode: that is of a
/// later version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum StreamEvent {
    /// The first event: the stream is open and goes on from here.
    Hello {
        /// The position.
        cursor: Cursor,
    },
    /// The position was too old, or of another journal. Everything that is shown may be out of date;
    /// the stream goes on from here.
    Resync {
        /// The position.
        cursor: Cursor,
    },
    /// An entry of the journal; the event's id is its position.
    Journal(Box<Entry>),
    /// All readings.
    Readings(Readings),
    /// Everything that has changed since the version of the readings before.
    Change(ReadingsChange),
    /// All active and recently resolved incidents.
    Incidents(Incidents),
    /// An incident of these lists that is new or has changed.
    Card(Box<IncidentCard>),
    /// Other contents of the health page.
    Overview(Overview),
    /// A run has printed something.
    Run(RecommendationId),
    /// The last event: the reader is signed out.
    SignedOut {
        /// The address to sign in.
        sign_in: String,
    },
}

/// The difference between two versions of the readings. Positions count from 0 in the order of
/// subject and signal, which both sides keep.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReadingsChange {
    /// The version after it. It is carried out on the one before only.
    pub version: u64,
    /// Time of the last tick.
    pub checked_at: Timestamp,
    /// Positions of readings that are gone, ascending, as before the change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<u32>,
    /// New readings and their positions, ascending, as after the change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Vec<serde_json::Value>>))]
    pub added: Vec<(u32, Reading)>,
    /// Readings of which more than the value has changed, with their positions after the change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Vec<serde_json::Value>>))]
    pub changed: Vec<(u32, Reading)>,
    /// New values, observed at about `checked_at`, with their positions after the change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Vec<f64>>))]
    pub values: Vec<(u32, f64)>,
    /// Everything that can't be seen, or works in a lesser way, if that has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub troubles: Option<Vec<String>>,
    /// Number of readings that are not shown, if that has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<u32>,
    /// Counter of withheld alerts, if that has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<u32>,
}

/// Significant digits of a value that is not whole, of what is usual, and of a forecast: enough for
/// what a page shows, and few enough to be sent each second.
const DIGITS: [i32; 3] = [6, 3, 2];

fn rounded(value: f64, digits: i32) -> f64 {
    if value == 0.0 || !value.is_finite() || value.fract() == 0.0 && digits >= DIGITS[0] {
        return value;
    }
    let shift = digits - 1 - value.abs().log10().floor() as i32;
    let scale = 10f64.powi(shift.abs().min(300));
    if shift >= 0 { (value * scale).round() / scale } else { (value / scale).round() * scale }
}

/// A reading with as many digits as the stream carries.
fn coarse(reading: &Reading) -> Reading {
    Reading {
        value: rounded(reading.value, DIGITS[0]),
        usual: reading.usual.map(|usual| rounded(usual, DIGITS[1])),
        limit_in_seconds: reading.limit_in_seconds.map(|seconds| rounded(seconds, DIGITS[2])),
        ..reading.clone()
    }
}

fn key(reading: &Reading) -> (&Subject, &Signal) {
    (&reading.subject, &reading.signal)
}

impl ReadingsChange {
    /// The difference from one version to a later one, both ordered by subject and signal.
    pub fn between(old: &Readings, new: &Readings) -> Self {
        let mut change = Self {
            version: new.version,
            checked_at: new.checked_at,
            troubles: (old.troubles != new.troubles).then(|| new.troubles.clone()),
            left_out: (old.left_out != new.left_out).then_some(new.left_out),
            withheld: (old.withheld != new.withheld).then_some(new.withheld),
            ..Self::default()
        };
        let (mut from, mut to) = (0, 0);
        let position = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        while let (before, Some(after)) = (old.readings.get(from), new.readings.get(to)) {
            match before.map_or(Ordering::Greater, |before| key(before).cmp(&key(after))) {
                Ordering::Less => {
                    change.removed.push(position(from));
                    from += 1;
                    continue;
                }
                Ordering::Greater => change.added.push((position(to), coarse(after))),
                Ordering::Equal => {
                    if let Some(before) = before {
                        change.compare(position(to), before, after);
                    }
                    from += 1;
                }
            }
            to += 1;
        }
        change.removed.extend((from..old.readings.len()).map(position));
        change
    }

    fn compare(&mut self, position: u32, before: &Reading, after: &Reading) {
        let (before, after) = (coarse(before), coarse(after));
        let alike = Reading { value: after.value, at: after.at, ..before.clone() };
        if alike != after {
            self.changed.push((position, after));
        } else if before.value.to_bits() != after.value.to_bits() {
            self.values.push((position, after.value));
        }
    }

    /// Carries the difference out. False, with nothing changed, if these are not the readings of the
    /// version before.
    pub fn apply(&self, readings: &mut Readings) -> bool {
        let rows = &mut readings.readings;
        if !self.apply_to(readings.version, rows, |reading| reading, |reading| reading) {
            return false;
        }
        if let Some(troubles) = &self.troubles {
            readings.troubles.clone_from(troubles);
        }
        readings.left_out = self.left_out.unwrap_or(readings.left_out);
        readings.withheld = self.withheld.unwrap_or(readings.withheld);
        readings.checked_at = self.checked_at;
        readings.version = self.version;
        true
    }

    /// Carries the difference out on rows that each hold a reading; `new` makes one. False, with
    /// nothing changed, if these are not the rows of the version before.
    pub fn apply_to<R>(
        &self,
        version: u64,
        rows: &mut Vec<R>,
        new: impl Fn(Reading) -> R,
        reading: impl Fn(&mut R) -> &mut Reading,
    ) -> bool {
        let after = (rows.len() + self.added.len()).checked_sub(self.removed.len());
        let Some(after) = after.filter(|_| version + 1 == self.version) else { return false };
        let within = |position: &u32| usize::try_from(*position).is_ok_and(|at| at < after);
        let is_ascending = |positions: Vec<u32>| positions.is_sorted_by(|one, next| one < next);
        let positions = self.changed.iter().chain(&self.added).map(|(at, _)| at);
        if !positions.chain(self.values.iter().map(|(at, _)| at)).all(within)
            || !is_ascending(self.removed.clone())
            || !is_ascending(self.added.iter().map(|(at, _)| *at).collect())
            || self.removed.last().is_some_and(|last| *last as usize >= rows.len())
        {
            return false;
        }
        if !self.removed.is_empty() {
            let mut index = 0;
            let mut removed = self.removed.iter().peekable();
            rows.retain(|_| {
                let is_removed = removed.next_if(|at| **at == index).is_some();
                index += 1;
                !is_removed
            });
        }
        for (at, added) in &self.added {
            rows.insert((*at as usize).min(rows.len()), new(added.clone()));
        }
        for (at, changed) in &self.changed {
            reading(&mut rows[*at as usize]).clone_from(changed);
        }
        for (at, value) in &self.values {
            let reading = reading(&mut rows[*at as usize]);
            (reading.value, reading.at) = (*value, self.checked_at);
        }
        true
    }
}

#[cfg(test)]
mod tests;
