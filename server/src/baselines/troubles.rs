//! Hours of trouble, of which nothing is learned: those of incidents, and those of breaches that
//! opened none.

use std::collections::{BTreeMap, HashMap};

use domain::{
    breach::Breach, incident::Incident, signal::Signal, subject::Subject, time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{
    baselines::{HOUR, Key, LEARNED_FROM, MOST},
    store::{Store, StoreError},
};

/// The most spans of one series that are remembered; the oldest gives way.
const MOST_SPANS: usize = 50;

/// Hours since the Unix epoch, from the first to the last.
pub(super) type HourSpan = (i64, i64);

/// The hour of a moment, counted from the Unix epoch.
pub(super) const fn hour_number(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(HOUR)
}

/// Hours in which breaches held that were in no incident: because of a maintenance window, or because
/// one unusual signal alone opens none. A breach that a person has ended is not among them. They are
/// kept with the monitor's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WithheldHours(BTreeMap<Subject, BTreeMap<Signal, Vec<HourSpan>>>);

/// The part of the monitor's kept state that holds them.
#[derive(Debug, Default, Deserialize)]
struct KeptHours {
    #[serde(default)]
    withheld_hours: WithheldHours,
}

impl WithheldHours {
    /// Those that a monitor kept, which may be none.
    pub async fn stored(store: &dyn Store) -> Result<Self, StoreError> {
        let monitor = store.opening().await?.monitor;
        let kept = monitor.and_then(|bytes| serde_json::from_slice::<KeptHours>(&bytes).ok());
        Ok(kept.unwrap_or_default().withheld_hours)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes that a breach holds. Returns whether that is news.
    pub fn note(&mut self, breach: &Breach, now: Timestamp) -> bool {
        let (subject, signal) = (&breach.key.subject, &breach.key.signal);
        let (oldest, until) = (hour_number(now.minus(LEARNED_FROM)), hour_number(now));
        let from = hour_number(breach.since).clamp(oldest, until);
        let known = self.0.get_mut(subject).and_then(|signals| signals.get_mut(signal));
        if let Some(last) = known.and_then(|spans| spans.last_mut())
            && from <= last.1.saturating_add(1)
        {
            let joined = (last.0.min(from), last.1.max(until));
            return std::mem::replace(last, joined) != joined;
        }
        self.forget(oldest);
        if self.0.values().map(BTreeMap::len).sum::<usize>() >= MOST {
            return false;
        }
        let spans = self.0.entry(subject.clone()).or_default().entry(signal.clone()).or_default();
        if spans.len() >= MOST_SPANS {
            spans.remove(0);
        }
        spans.push((from, until));
        true
    }

    /// Forgets spans that ended before an hour.
    fn forget(&mut self, oldest: i64) {
        for signals in self.0.values_mut() {
            for spans in signals.values_mut() {
                spans.retain(|span| span.1 >= oldest);
            }
            signals.retain(|_, spans| !spans.is_empty());
        }
        self.0.retain(|_, signals| !signals.is_empty());
    }
}

/// Hours of trouble by series.
#[derive(Debug, Default)]
pub struct Troubles(HashMap<Key, Vec<HourSpan>>);

impl Troubles {
    /// Of these incidents, each from its beginning, or that of a breach if it is earlier, to its end;
    /// and what was withheld. The beginning of a breach alone does not tell: where it comes back it
    /// is a later one.
    pub fn of(incidents: &[Incident], withheld: &WithheldHours) -> Self {
        let mut spans: HashMap<Key, Vec<HourSpan>> = HashMap::new();
        for incident in incidents.iter().filter(|one| !one.is_practice()) {
            let end = incident.resolution.as_ref().map_or(Timestamp::MAX, |end| end.at);
            // What ends where an hour begins has no part of it.
            let last = hour_number(Timestamp::from_micros(end.as_micros().saturating_sub(1)));
            for known in &incident.breaches {
                let first = hour_number(known.breach.since.min(incident.began_at));
                if first <= last {
                    let key = (known.breach.key.subject.clone(), known.breach.key.signal.clone());
                    spans.entry(key).or_default().push((first, last));
                }
            }
        }
        for (subject, signals) in &withheld.0 {
            for (signal, hours) in signals {
                let key = (subject.clone(), signal.clone());
                spans.entry(key).or_default().extend(hours);
            }
        }
        Self(spans)
    }

    /// Those of a series.
    pub(super) fn hours(&self, subject: &Subject, signal: &Signal) -> &[HourSpan] {
        self.0.get(&(subject.clone(), signal.clone())).map_or(&[], Vec::as_slice)
    }
}

/// Whether every hour of a span is in one of these.
pub(super) fn cover(spans: &[HourSpan], (mut from, to): HourSpan) -> bool {
    while from <= to {
        let found = spans.iter().filter(|span| span.0 <= from && from <= span.1);
        let Some(end) = found.map(|span| span.1).max() else { return false };
        from = end.saturating_add(1);
        if end == i64::MAX {
            break;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        fixtures::at(minute * 60)
    }

    fn breach(since: i64) -> Breach {
        fixtures::breach().since(at(since)).build()
    }

    fn spans(hours: &WithheldHours) -> Vec<HourSpan> {
        let first = hour_number(at(0));
        let all = hours.0.values().flat_map(BTreeMap::values).flatten();
        all.map(|(from, to)| (from - first, to - first)).collect()
    }

    #[test]
    fn hours_of_a_breach_are_noted_once_from_its_beginning() {
        let mut hours = WithheldHours::default();
        assert!(hours.note(&breach(50), at(70)));
        assert!(!hours.note(&breach(50), at(71)));
        assert!(hours.note(&breach(50), at(130)));
        assert_eq!(spans(&hours), [(0, 2)]);
        assert!(hours.note(&breach(600), at(601)));
        assert_eq!(spans(&hours), [(0, 2), (10, 10)]);
        // After eight weeks nobody learns from them.
        let late = 9 * 7 * 24 * 60;
        assert!(hours.note(&breach(late), at(late)));
        assert_eq!(spans(&hours), [(late / 60, late / 60)]);
        let text = serde_json::to_string(&hours).unwrap();
        assert_eq!(serde_json::from_str::<WithheldHours>(&text).unwrap(), hours);
    }

    #[test]
    fn a_series_that_comes_and_goes_is_remembered_as_far_as_there_is_room() {
        let mut hours = WithheldHours::default();
        for place in 0..60 {
            assert!(hours.note(&breach(place * 120), at(place * 120 + 5)));
        }
        assert_eq!(spans(&hours).len(), MOST_SPANS);
        assert_eq!(spans(&hours)[0], (20, 20));
    }

    #[test]
    fn a_span_is_covered_by_several_others_without_a_hole() {
        assert!(cover(&[(4, 6), (1, 3)], (1, 6)));
        assert!(!cover(&[(5, 6), (1, 3)], (1, 6)));
        assert!(cover(&[(0, i64::MAX)], (7, i64::MAX)));
        assert!(cover(&[], (7, 6)));
    }
}
