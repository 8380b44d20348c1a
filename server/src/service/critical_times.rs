//! The times at which incidents became critical, kept in memory.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use commands::figures::PastIncident;
use domain::{id::IncidentNumber, time::Timestamp};

/// The most incidents whose time of becoming critical is kept: the newest.
const MOST_KEPT: usize = 5_000;

/// The times at which incidents became critical, as they were read. A time that is known stays; that
/// none is known holds until an incident is resolved another time.
#[derive(Debug, Default)]
pub(super) struct CriticalTimes(Mutex<BTreeMap<IncidentNumber, ReadTime>>);

/// The time at which an incident became critical, and the resolution that it was read at.
type ReadTime = (Option<Timestamp>, Option<Timestamp>);

impl CriticalTimes {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<IncidentNumber, ReadTime>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time of an incident; `None` if it has to be read.
    pub fn of(&self, incident: &PastIncident) -> Option<Option<Timestamp>> {
        let (since, resolved_at) = self.lock().get(&incident.number).copied()?;
        let is_over = resolved_at.is_some() && resolved_at == incident.resolved_at;
        (since.is_some() || is_over).then_some(since)
    }

    pub fn keep(&self, incident: &PastIncident, since: Option<Timestamp>) {
        let mut kept = self.lock();
        kept.insert(incident.number, (since, incident.resolved_at));
        while kept.len() > MOST_KEPT {
            kept.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::severity::Severity;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn when_an_incident_became_critical_is_read_once() {
        let one = |number, resolved_at: Option<&str>| PastIncident {
            number: IncidentNumber(number),
            severity: Severity::Critical,
            cause: "host:web-1".parse().unwrap(),
            opened_at: at("2026-11-01T00:00:00Z"),
            resolved_at: resolved_at.map(at),
            recovered_at: None,
            acknowledged_at: None,
        };
        let times = CriticalTimes::default();
        let (active, since) = (one(1, None), Some(at("2026-11-02T00:00:00Z")));
        assert_eq!(times.of(&active), None);
        times.keep(&active, since);
        assert_eq!(times.of(&active), Some(since));
        assert_eq!(times.of(&one(1, Some("2026-11-03T00:00:00Z"))), Some(since));
        // Where none is known, something may still come.
        times.keep(&one(2, None), None);
        assert_eq!(times.of(&one(2, None)), None);
        let over = one(2, Some("2026-11-03T00:00:00Z"));
        times.keep(&over, None);
        assert_eq!(times.of(&over), Some(None));
        assert_eq!(times.of(&one(2, None)), None, "it was reopened");
        assert_eq!(times.of(&one(2, Some("2026-11-04T00:00:00Z"))), None);
        for number in 3..=5_001 {
            times.keep(&one(number, None), since);
        }
        assert_eq!((times.of(&active), times.of(&one(5_001, None))), (None, Some(since)));
    }
}
