//! What is usual for each series: its baseline, learned from the stored hours and kept in memory.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{
    incident::Incident,
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
    usual::Usual,
};
use engine::baseline::{HourOfHistory, RANGE_HOLDS_FOR, WeeklyBaseline};
use policy::thresholds::{Level, Row, Thresholds};

use crate::{
    store::{NamedSeries, RollupStep, Store, StoreError},
    time_zones::TeamZone,
};

/// Baselines are learned from this long.
pub const LEARNED_FROM: Span = Span::from_secs(8 * 7 * 86_400);
/// The most baselines that are kept: 4 MiB of them. Series with a level that is relative to what is
/// usual come first.
const MOST: usize = 2_000;
/// Incidents that ended longer ago than this are not asked for where hours were read until now.
const LATE: Span = Span::from_secs(86_400);
/// Series that may be unreadable before it is taken for the database that is.
const MOST_FAILURES: u32 = 8;
const HOUR: i64 = 3_600_000_000;

/// A series by its names.
type Key = (Subject, Signal);

/// See the module.
#[derive(Debug, Default)]
pub struct Baselines {
    known: Mutex<HashMap<Key, Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    baseline: Arc<WeeklyBaseline>,
    /// The end of the newest hour that was read.
    until: Timestamp,
}

impl Baselines {
    /// Learns what was stored since the last time; at first, of the last 8 weeks. Hours of breaches
    /// and of incidents are told apart.
    pub async fn learn(
        &self,
        store: &dyn Store,
        thresholds: &Thresholds,
        zone: &TeamZone,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let from = now.minus(LEARNED_FROM);
        let this_hour = hour_of(now);
        let mut series = store.as_past().all_series().await?;
        series.retain(|one| !one.subject.is_practice());
        series.sort_by_key(|one| !is_relative(thresholds, one));
        series.truncate(MOST);
        let wanted: HashSet<Key> =
            series.iter().map(|one| (one.subject.clone(), one.signal.clone())).collect();
        let due: Vec<(Key, Option<Known>)> = {
            let mut known = self.known();
            known.retain(|key, _| wanted.contains(key));
            let read = |key: Key| {
                let known = known.get(&key).cloned();
                known.as_ref().is_none_or(|one| one.until < this_hour).then_some((key, known))
            };
            wanted.into_iter().filter_map(read).collect()
        };
        let is_new = due.iter().any(|(_, known)| known.is_none());
        let ended = if is_new { from } else { now.minus(LATE) };
        let troubles = Troubles::of(&store.recent_incidents(ended).await?);
        let mut failures = 0_u32;
        for ((subject, signal), known) in due {
            let (mut baseline, since) =
                known.map_or_else(|| (Arc::default(), from), |one| (one.baseline, one.until));
            let hours = hours(store, &troubles, (&subject, &signal), (since, this_hour)).await;
            let hours = match hours {
                Ok(hours) => hours,
                // A damaged series keeps no other one from being learned.
                Err(error) if failures < MOST_FAILURES => {
                    tracing::warn!(%error, %subject, %signal, "what is usual could not be read");
                    failures += 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let Some(last) = hours.last() else { continue };
            let until = last.start.plus(Span::from_mins(60));
            let learned = Arc::make_mut(&mut baseline);
            for hour in &hours {
                learned.learn(&HourOfHistory { start: zone.local(hour.start), ..*hour });
            }
            self.known().insert((subject, signal), Known { baseline, until });
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Key, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is usual for each series at this hour.
    pub fn all(&self, zone: &TeamZone, now: Timestamp) -> Vec<(Key, Usual)> {
        let known = self.known();
        let usual = |(key, one): (&Key, &Known)| {
            let usual = one.baseline.usual(zone.local(now))?;
            let until = Some(one.until.plus(RANGE_HOLDS_FOR));
            Some((key.clone(), Usual { until, ..usual }))
        };
        known.iter().filter_map(usual).collect()
    }

    /// The baseline of a series, if there is one.
    pub fn of(&self, subject: &Subject, signal: &Signal) -> Option<Arc<WeeklyBaseline>> {
        let known = self.known();
        known.get(&(subject.clone(), signal.clone())).map(|one| Arc::clone(&one.baseline))
    }
}

/// Whether the level that is in force for a series is relative to what is usual.
pub fn is_relative(thresholds: &Thresholds, series: &NamedSeries) -> bool {
    let rows = thresholds.rows_for(series.signal.as_str(), series.subject.as_str());
    matches!(rows.level.and_then(Row::base), Some(Level::Usual(_)))
}

/// When breaches held and incidents were open, by series.
#[derive(Debug, Default)]
pub struct Troubles(HashMap<Key, Vec<(Timestamp, Timestamp)>>);

impl Troubles {
    /// Of these incidents: each from the beginning of a breach to the end of the incident.
    pub fn of(incidents: &[Incident]) -> Self {
        let mut spans: HashMap<Key, Vec<(Timestamp, Timestamp)>> = HashMap::new();
        for incident in incidents.iter().filter(|one| !one.is_practice()) {
            let end = incident.resolution.as_ref().map_or(Timestamp::MAX, |end| end.at);
            for known in &incident.breaches {
                let key = (known.breach.key.subject.clone(), known.breach.key.signal.clone());
                spans.entry(key).or_default().push((known.breach.since, end));
            }
        }
        Self(spans)
    }

    /// True if some part of an hour lies in one of these.
    fn is_in(spans: &[(Timestamp, Timestamp)], hour: Timestamp) -> bool {
        let end = hour.plus(Span::from_mins(60));
        let shared = |(from, to): &(Timestamp, Timestamp)| to.min(&end).since(*from.max(&hour));
        spans.iter().any(|span| shared(span) > Span::ZERO)
    }
}

/// The stored hours of a series that began in a period, oldest first.
pub async fn hours(
    store: &dyn Store,
    troubles: &Troubles,
    (subject, signal): (&Subject, &Signal),
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<HourOfHistory>, StoreError> {
    let spans = troubles.0.get(&(subject.clone(), signal.clone()));
    let stored = store.rollups(subject, signal, RollupStep::Hour, from, until).await?;
    let hour = |one: crate::store::Rollup| HourOfHistory {
        start: one.start,
        mean: one.mean,
        min: one.min,
        max: one.max,
        is_trouble: spans.is_some_and(|spans| Troubles::is_in(spans, one.start)),
    };
    Ok(stored.into_iter().filter(|one| one.start < until).map(hour).collect())
}

/// The beginning of the hour of a moment.
pub const fn hour_of(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.as_micros().div_euclid(HOUR) * HOUR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Rollup, SqliteStore};

    const SIGNAL: &str = "queue.depth";
    const SUBJECT: &str = "service:imports";

    fn hour(hour: i64, mean: f64) -> Rollup {
        Rollup {
            subject: SUBJECT.parse().unwrap(),
            signal: SIGNAL.parse().unwrap(),
            unit: "jobs".parse().unwrap(),
            step: RollupStep::Hour,
            start: at(hour),
            min: mean - 1.0,
            max: mean + 1.0,
            mean,
            last: mean,
            count: 60,
        }
    }

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_micros(hour_of(fixtures::at(0)).as_micros() + hour * HOUR)
    }

    /// A moment in an hour.
    fn minute_of(hour: i64) -> Timestamp {
        at(hour).plus(Span::from_mins(30))
    }

    /// Busy at 9 o'clock of the team's day, which is 5 h ahead.
    fn busy(hour: i64) -> f64 {
        let local = (at(hour).as_micros() / HOUR + 5) % 24;
        if local == 9 { 400.0 } else { 100.0 }
    }

    #[tokio::test]
    async fn hours_are_learned_once_by_the_teams_clock_and_the_range_ends_with_them() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&dir.path().join("calm-ops.db")).await.unwrap();
        let hours: Vec<Rollup> = (0..504).map(|one| hour(one, busy(one))).collect();
        store.write_rollups(&hours).await.unwrap();
        let rows = "format: 1\n| signal | warning | critical | for | recovers at | what it means | runbook | commands |\n|---|---|---|---|---|---|---|---|\n| queue.depth | above 3 times usual | - | 0 s | - | m | - | - |\n";
        let thresholds = Thresholds::parse("t", rows, fixtures::signals()).unwrap();
        let (baselines, zone) = (Baselines::default(), TeamZone::of("+05:00").unwrap());
        let history = || {
            baselines
                .of(&SUBJECT.parse().unwrap(), &SIGNAL.parse().unwrap())
                .unwrap()
                .history()
                .hours
        };
        baselines.learn(&store, &thresholds, &zone, minute_of(504)).await.unwrap();
        assert_eq!(history(), 504);
        for hour in 504..528 {
            let (_, usual) = baselines.all(&zone, minute_of(hour)).remove(0);
            assert!((usual.value - busy(hour)).abs() < 80.0, "hour {hour}: {usual:?}");
            assert_eq!(usual.at(minute_of(hour)).range.is_some(), hour <= 505, "hour {hour}");
        }
        baselines.learn(&store, &thresholds, &zone, minute_of(504)).await.unwrap();
        assert_eq!(history(), 504);
        // An hour that is not over is left for later.
        store.write_rollups(&[hour(504, 100.0), hour(505, 100.0)]).await.unwrap();
        baselines.learn(&store, &thresholds, &zone, minute_of(505)).await.unwrap();
        assert_eq!(history(), 505);
        baselines.learn(&store, &thresholds, &zone, minute_of(506)).await.unwrap();
        assert_eq!(history(), 506);
    }

    #[test]
    fn hours_from_the_beginning_of_a_breach_to_the_end_of_its_incident_are_trouble() {
        let breach = fixtures::breach().on(SUBJECT).signal(SIGNAL).since(minute_of(3)).build();
        let mut incident = fixtures::incident(1).of([breach]).build();
        let key = (SUBJECT.parse().unwrap(), SIGNAL.parse().unwrap());
        let of = |incident: &Incident| {
            let troubles = Troubles::of(std::slice::from_ref(incident));
            let spans = troubles.0.get(&key).unwrap().clone();
            (0..8).filter(|hour| Troubles::is_in(&spans, at(*hour))).collect::<Vec<i64>>()
        };
        assert_eq!(of(&incident), [3, 4, 5, 6, 7], "it is open");
        let by = domain::actor::Actor::Agent;
        incident.resolution =
            Some(domain::incident::Resolution { by, at: minute_of(5), note: None });
        assert_eq!(of(&incident), [3, 4, 5]);
    }
}
