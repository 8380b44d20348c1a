//! The usual values of each series: its baseline, learned from the stored hours and kept in memory.

mod bounds;
mod hour_set;
mod troubles;

pub use bounds::LEARNED_FROM;
pub use troubles::{Troubles, WithheldHours};

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{
    breach::Breach,
    incident::Incident,
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
    usual::Usual,
};
use engine::{
    agent,
    baseline::{HourOfHistory, RANGE_HOLDS_FOR, WeeklyBaseline},
};
use policy::thresholds::{Level, Row, Thresholds};

use crate::{
    baselines::{
        bounds::{HOUR, Key, MOST},
        hour_set::HourSet,
        troubles::hour_number,
    },
    store::{RollupStep, Store, StoreError},
    time_zones::TeamZone,
};

/// Incidents that ended longer ago than this are not asked for where hours were read until now.
const LATE: Span = Span::from_secs(86_400);
/// Series that may be unreadable before it is taken for the database that is.
const MOST_FAILURES: u32 = 8;

/// See the module.
#[derive(Debug, Default)]
pub struct Baselines {
    known: Mutex<HashMap<Key, Known>>,
    withheld: Mutex<WithheldHours>,
}

#[derive(Clone, Debug)]
struct Known {
    baseline: Arc<WeeklyBaseline>,
    /// The end of the newest hour that was read.
    until: Timestamp,
    /// The hours until then that were taken for trouble.
    troubles: HourSet,
}

impl Known {
    /// Nothing, as of a moment.
    fn since(from: Timestamp) -> Self {
        Self { baseline: Arc::default(), until: from, troubles: HourSet::none() }
    }

    /// True if hours that were learned, and are not older than a moment, are known to be trouble by
    /// now: a breach that held for long before it was told, or an incident that was opened again. It
    /// is learned anew then, as after a restart.
    fn misses(&self, troubles: &HourSet, oldest: Timestamp) -> bool {
        let learned = hour_number(oldest)..hour_number(self.until);
        troubles.iter().any(|hour| learned.contains(&hour) && !self.troubles.contains(hour))
    }

    /// Learns hours that follow what it knows.
    fn take(&mut self, hours: &[HourOfHistory], troubles: &HourSet, zone: &TeamZone) {
        let Some(newest) = hours.last() else { return };
        let learned = Arc::make_mut(&mut self.baseline);
        for hour in hours {
            learned.learn(&HourOfHistory { start: zone.local(hour.start), ..*hour });
        }
        self.until = newest.start.plus(Span::from_mins(60));
        let last = hour_number(newest.start);
        for hour in troubles.iter().take_while(|hour| *hour <= last) {
            self.troubles.insert(hour, hour);
        }
        self.troubles.forget_before(hour_number(newest.start.minus(LEARNED_FROM)));
    }
}

impl Baselines {
    /// Begins with what was withheld before a restart.
    pub fn after(withheld: WithheldHours) -> Self {
        Self { known: Mutex::default(), withheld: Mutex::new(withheld) }
    }

    /// Notes the breaches that hold and are in no incident, which may be opened a moment later.
    /// Returns whether anything is to be kept.
    pub fn note(&self, breaches: &[Breach], incidents: &[Incident], now: Timestamp) -> bool {
        if breaches.is_empty() {
            return false;
        }
        let active = incidents.iter().filter(|one| one.is_active());
        let told: HashSet<_> =
            active.flat_map(|one| one.holding().map(|breach| &breach.key)).collect();
        let is_withheld = |breach: &&Breach| {
            !told.contains(&breach.key)
                && !breach.key.subject.is_practice()
                && !incidents.iter().any(|one| agent::judges(one, breach, now))
        };
        let noted: Vec<&Breach> = breaches.iter().filter(is_withheld).collect();
        self.withheld().note(&noted, now)
    }

    /// The state that is kept across a restart.
    pub fn withheld_hours(&self) -> WithheldHours {
        self.withheld().clone()
    }

    fn withheld(&self) -> MutexGuard<'_, WithheldHours> {
        self.withheld.lock().unwrap_or_else(PoisonError::into_inner)
    }

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
        let mut series = store.as_past().last_hours().await?;
        series.retain(|(subject, _, last)| *last >= from && !subject.is_practice());
        series.sort_by_key(|(subject, signal, _)| !is_relative(thresholds, subject, signal));
        series.truncate(MOST);
        let withheld = self.withheld_hours();
        let oldest = now.minus(LATE);
        let late = Troubles::of(&store.recent_incidents(oldest).await?, &withheld, (from, now));
        let due: Vec<(Key, Option<Known>)> = {
            let mut known = self.known();
            let wanted: HashSet<Key> =
                series.iter().map(|one| (one.0.clone(), one.1.clone())).collect();
            known.retain(|key, _| wanted.contains(key));
            let read = |(subject, signal, last): (Subject, Signal, Timestamp)| {
                let troubles = late.hours(&subject, &signal);
                let key = (subject.clone(), signal.clone());
                let known = known.get(&key).filter(|one| !one.misses(troubles, from)).cloned();
                let is_due = |one: &Known| one.until <= last && one.until < this_hour;
                known.as_ref().is_none_or(is_due).then_some((key, known))
            };
            series.into_iter().filter_map(read).collect()
        };
        let is_behind = |known: &Option<Known>| known.as_ref().is_none_or(|one| one.until < oldest);
        let troubles = if due.iter().any(|(_, known)| is_behind(known)) {
            Troubles::of(&store.recent_incidents(from).await?, &withheld, (from, now))
        } else {
            late
        };
        let mut failures = 0_u32;
        for ((subject, signal), known) in due {
            let mut known = known.unwrap_or_else(|| Known::since(from));
            let range = (known.until, this_hour);
            let hours = match hours(store, &troubles, (&subject, &signal), range).await {
                Ok(hours) => hours,
                // A damaged series keeps no other one from being learned.
                Err(error) if failures < MOST_FAILURES => {
                    tracing::warn!(%error, %subject, %signal, "what is usual could not be read");
                    failures += 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if !hours.is_empty() {
                known.take(&hours, troubles.hours(&subject, &signal), zone);
                self.known().insert((subject, signal), known);
            }
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Key, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The usual values of each series at this hour.
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

/// True if the level that is in force for a series is relative to what is usual.
pub fn is_relative(thresholds: &Thresholds, subject: &Subject, signal: &Signal) -> bool {
    let rows = thresholds.rows_for(signal.as_str(), subject.as_str());
    matches!(rows.level.and_then(Row::base), Some(Level::Usual(_)))
}

/// The stored hours of a series that began in a period, oldest first.
pub async fn hours(
    store: &dyn Store,
    troubles: &Troubles,
    (subject, signal): (&Subject, &Signal),
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<HourOfHistory>, StoreError> {
    let troubles = troubles.hours(subject, signal);
    let stored = store.rollups(subject, signal, RollupStep::Hour, from, until).await?;
    let hour = |one: crate::store::Rollup| HourOfHistory {
        start: one.start,
        mean: one.mean,
        min: one.min,
        max: one.max,
        is_trouble: troubles.contains(hour_number(one.start)),
    };
    Ok(stored.into_iter().filter(|one| one.start < until).map(hour).collect())
}

/// The beginning of the hour of a moment.
pub const fn hour_of(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(hour_number(at) * HOUR)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use domain::{
        actor::Actor,
        id::IncidentNumber,
        incident::{IncidentBreach, Resolution},
        journal::Event,
        lifecycle::{State, Step},
    };
    use proptest::prelude::*;

    use super::*;
    use crate::store::{About, Change, Rollup, SqliteStore};

    const SIGNAL: &str = "queue.depth";
    const SUBJECT: &str = "service:imports";
    const ROWS: &str = "format: 1\n| signal | warning | critical | for | recovers at | what it means | runbook | commands |\n|---|---|---|---|---|---|---|---|\n| queue.depth | above 3 times usual | - | 0 s | - | m | - | - |\n";

    fn thresholds() -> Thresholds {
        Thresholds::parse("t", ROWS, fixtures::signals()).unwrap()
    }

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
        let thresholds = thresholds();
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

    /// One that had to hold for some time before it fired.
    fn breach(since: Timestamp, fired: Timestamp) -> Breach {
        fixtures::breach().on(SUBJECT).signal(SIGNAL).since(since).fired(fired).build()
    }

    fn resolve(incident: &mut Incident, by: Actor, at: Timestamp) {
        incident.resolution = Some(Resolution { by, at, note: None });
        incident.state = State::Resolved;
    }

    fn learned(baselines: &Baselines) -> WeeklyBaseline {
        let of = baselines.of(&SUBJECT.parse().unwrap(), &SIGNAL.parse().unwrap());
        WeeklyBaseline::clone(&of.unwrap())
    }

    #[tokio::test]
    async fn a_breach_that_opens_no_incident_is_not_learned_unless_a_person_has_ended_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&dir.path().join("calm-ops.db")).await.unwrap();
        let (baselines, zone) = (Baselines::default(), TeamZone::default());
        let thresholds = thresholds();
        let all: Vec<Rollup> = (0..208).map(|one| hour(one, 100.0)).collect();
        store.write_rollups(&all).await.unwrap();
        baselines.learn(&store, &thresholds, &zone, minute_of(200)).await.unwrap();
        assert_eq!(learned(&baselines).history().hours, 200);
        let one = breach(minute_of(200), minute_of(200));
        let mut incident = fixtures::incident(1).of([one.clone()]).build();
        let all = std::slice::from_ref(&one);
        assert!(!baselines.note(all, std::slice::from_ref(&incident), minute_of(200)));
        for hour in 200..204 {
            assert!(baselines.note(all, &[], minute_of(hour)));
            assert!(!baselines.note(all, &[], minute_of(hour)), "that is known");
        }
        baselines.learn(&store, &thresholds, &zone, minute_of(206)).await.unwrap();
        assert_eq!(learned(&baselines).history().hours, 202, "all but 200 to 203");
        resolve(&mut incident, Actor::Local, minute_of(206));
        assert!(!baselines.note(all, &[incident], minute_of(207)));
        baselines.learn(&store, &thresholds, &zone, minute_of(208)).await.unwrap();
        assert_eq!(learned(&baselines).history().hours, 204);
        let again = Baselines::after(baselines.withheld_hours());
        again.learn(&store, &thresholds, &zone, minute_of(208)).await.unwrap();
        assert_eq!(learned(&again), learned(&baselines));
    }

    #[tokio::test]
    async fn hours_that_turn_out_to_be_trouble_are_learned_anew() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&dir.path().join("calm-ops.db")).await.unwrap();
        let (baselines, zone) = (Baselines::default(), TeamZone::default());
        let thresholds = thresholds();
        let all: Vec<Rollup> = (0..200).map(|one| hour(one, 100.0)).collect();
        store.write_rollups(&all).await.unwrap();
        baselines.learn(&store, &thresholds, &zone, minute_of(200)).await.unwrap();
        assert!(baselines.note(&[breach(minute_of(190), at(200))], &[], minute_of(200)));
        baselines.learn(&store, &thresholds, &zone, minute_of(200)).await.unwrap();
        assert_eq!(learned(&baselines).history().hours, 190);
    }

    #[tokio::test]
    async fn an_incident_that_ended_before_its_hours_were_read_is_not_learned() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&dir.path().join("calm-ops.db")).await.unwrap();
        let (baselines, zone) = (Baselines::default(), TeamZone::default());
        let thresholds = thresholds();
        let all: Vec<Rollup> = (0..300).map(|one| hour(one, 100.0)).collect();
        store.write_rollups(&all[..200]).await.unwrap();
        baselines.learn(&store, &thresholds, &zone, minute_of(200)).await.unwrap();
        let begun = breach(minute_of(210), minute_of(210));
        let opened = fixtures::incident(1).began(minute_of(210)).of([begun]).opening();
        let (incident, step) = (IncidentNumber(1), Step::PersonResolved);
        let resolved = Event::Resolved { incident, step, note: None };
        for (hour, event) in [(210, opened), (215, resolved)] {
            let change = Change {
                at: minute_of(hour),
                actor: Actor::Local,
                about: About::Incident(incident),
                decide: Box::new(move |_| Ok(vec![event])),
                people: None,
                monitor: None,
            };
            store.change(change).await.unwrap();
        }
        store.write_rollups(&all[200..]).await.unwrap();
        baselines.learn(&store, &thresholds, &zone, minute_of(300)).await.unwrap();
        assert_eq!(learned(&baselines).history().hours, 294, "all but 210 to 215");
    }

    #[tokio::test]
    async fn series_without_hours_give_way_and_are_not_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&dir.path().join("calm-ops.db")).await.unwrap();
        let (baselines, zone) = (Baselines::default(), TeamZone::default());
        let thresholds = thresholds();
        let of = |place: usize, at: i64| Rollup {
            subject: format!("service:s{place:04}").parse().unwrap(),
            ..hour(at, 100.0)
        };
        // More series than there are places were heard last nine weeks ago.
        let dead: Vec<Rollup> = (0..=MOST).map(|place| of(place, 0)).collect();
        store.write_rollups(&dead).await.unwrap();
        let now = 9 * 7 * 24;
        store.write_rollups(&[hour(now - 1, 100.0), of(9_999, now - 1)]).await.unwrap();
        baselines.learn(&store, &thresholds, &zone, minute_of(now)).await.unwrap();
        assert_eq!(learned(&baselines).history().hours, 1);
        assert_eq!(baselines.all(&zone, minute_of(now)).len(), 2);
    }

    /// The events of a series in an hour.
    #[derive(Clone, Copy, Debug)]
    enum Happens {
        Nothing,
        /// A breach that began some hours ago opens an incident or joins the open one again.
        Breach(i64),
        /// Some hours ago, and nobody is told.
        Withheld(i64),
        Cleared,
        Resolved(bool),
        Reopened,
    }

    fn happenings(hours: Range<usize>) -> impl Strategy<Value = Vec<Happens>> {
        let one = prop_oneof![
            12 => Just(Happens::Nothing),
            2 => (0..4_i64).prop_map(Happens::Breach),
            2 => (0..4_i64).prop_map(Happens::Withheld),
            1 => Just(Happens::Cleared),
            2 => any::<bool>().prop_map(Happens::Resolved),
            1 => Just(Happens::Reopened),
        ];
        proptest::collection::vec(one, hours)
    }

    /// An incident, and what was withheld.
    #[derive(Default)]
    struct World {
        incidents: Vec<Incident>,
        baselines: Baselines,
    }

    impl World {
        fn take(&mut self, happens: Happens, hour: i64) {
            let now = minute_of(hour);
            let begun = |hours: i64| breach(minute_of((hour - hours).max(0)), now);
            match (happens, self.incidents.last_mut()) {
                (Happens::Nothing, _) => {}
                (Happens::Breach(hours), Some(open)) if open.is_active() => {
                    self.baselines.note(&[begun(hours)], &[], now);
                    open.breaches[0] = IncidentBreach::holding(begun(hours));
                }
                (Happens::Breach(hours), _) => {
                    self.baselines.note(&[begun(hours)], &[], now);
                    let opened = fixtures::incident(1).opened(now);
                    self.incidents.push(opened.of([begun(hours)]).build());
                }
                (Happens::Withheld(hours), _) => {
                    self.baselines.note(&[begun(hours)], &self.incidents, now);
                }
                (_, None) => {}
                (Happens::Cleared, Some(one)) => one.breaches[0].cleared_at = Some(now),
                (Happens::Resolved(by_person), Some(one)) if one.is_active() => {
                    resolve(one, if by_person { Actor::Local } else { Actor::Agent }, now);
                }
                (Happens::Resolved(_), Some(_)) => {}
                (Happens::Reopened, Some(one)) => {
                    (one.resolution, one.state) = (None, State::Detected);
                }
            }
        }

        /// Learns the hours before this one after what is known.
        fn learn(&self, known: Option<Known>, hour: i64) -> Known {
            let (from, until) = (at(hour).minus(LEARNED_FROM).max(at(0)), at(hour));
            let withheld = self.baselines.withheld_hours();
            let all = Troubles::of(&self.incidents, &withheld, (from, until));
            let troubles = all.hours(&SUBJECT.parse().unwrap(), &SIGNAL.parse().unwrap());
            let known = known.filter(|one| !one.misses(troubles, from));
            let mut known = known.unwrap_or_else(|| Known::since(from));
            let stored = |hour: i64| {
                let mean = 100.0 + (hour % 7) as f64;
                let (start, is_trouble) = (at(hour), troubles.contains(hour_number(at(hour))));
                HourOfHistory { start, mean, min: mean - 1.0, max: mean + 1.0, is_trouble }
            };
            let hours = (0..hour).filter(|hour| (known.until..until).contains(&at(*hour)));
            let hours: Vec<HourOfHistory> = hours.map(stored).collect();
            known.take(&hours, troubles, &TeamZone::default());
            known
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: fixtures::cases(128), failure_persistence: None, ..ProptestConfig::default()
        })]

        /// Whatever happens, what was learned hour by hour is what is learned after a restart.
        #[test]
        fn a_restart_learns_the_same(happenings in happenings(1..200)) {
            let (mut world, mut known) = (World::default(), None);
            for (hour, happens) in (0_i64..).zip(&happenings) {
                world.take(*happens, hour);
                known = Some(world.learn(known, hour));
            }
            let hours = i64::try_from(happenings.len()).unwrap();
            let live = world.learn(known, hours);
            prop_assert_eq!(live.baseline, world.learn(None, hours).baseline);
        }
    }

    /// Hours from which a baseline is learned.
    const EIGHT_WEEKS: i64 = 56 * 24;

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: fixtures::cases(8), failure_persistence: None, ..ProptestConfig::default()
        })]

        /// Hours of trouble are told apart for as long as hours are learned, however many.
        #[test]
        fn a_restart_after_weeks_learns_the_same(happenings in happenings(1_500..1_501)) {
            let (mut world, mut known) = (World::default(), None);
            for (hour, happens) in (0_i64..).zip(&happenings) {
                world.take(*happens, hour);
                if hour % 24 == 0 {
                    known = Some(world.learn(known, hour));
                }
                if let Some(known) = known.as_ref().filter(|_| hour == EIGHT_WEEKS) {
                    let again = world.learn(None, hour);
                    prop_assert_eq!(&known.baseline, &again.baseline);
                }
            }
            let oldest = hour_number(at(1_500 - EIGHT_WEEKS));
            let troubles = |known: Option<Known>| {
                let known = world.learn(known, 1_500);
                known.troubles.iter().filter(|hour| *hour >= oldest).collect::<Vec<i64>>()
            };
            prop_assert_eq!(troubles(known), troubles(None));
        }
    }
}
