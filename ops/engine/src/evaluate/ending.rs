//! The end of a breach: only what was seen is a recovery.

use std::collections::BTreeMap;

use domain::{
    breach::{Breach, BreachKey, Ending},
    incident::Incident,
};

use crate::evaluate::Engine;

impl Engine {
    /// The endings of the breaches that stand as holding in these incidents and are not among
    /// `breaches`, the last tick's.
    pub fn endings(
        &self,
        breaches: &[Breach],
        incidents: &[Incident],
    ) -> BTreeMap<BreachKey, Ending> {
        let holding = incidents
            .iter()
            .flat_map(|one| &one.breaches)
            .filter(|known| known.cleared_at.is_none());
        let gone = holding
            .map(|known| &known.breach.key)
            .filter(|key| breaches.binary_search_by(|one| one.key.cmp(key)).is_err());
        gone.map(|key| (key.clone(), self.ending(key))).collect()
    }

    /// Nothing is left of a series that was retired, or that has no threshold any more: then nobody
    /// saw it recover.
    fn ending(&self, key: &BreachKey) -> Ending {
        let found = self.find(
            self.hash(key.signal.as_str(), key.subject.as_str()),
            key.signal.as_str(),
            key.subject.as_str(),
        );
        let series = found.and_then(|id| self.series.get(id as usize));
        if series.is_some_and(|series| series.rested) {
            return Ending::Stopped;
        }
        let recovery = series.and_then(|series| series.core.recovery);
        recovery.map_or(Ending::NoLongerWatched, |since| Ending::Recovered { since })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use domain::{
        reading::Status,
        time::{MonotonicTime, Now, Timestamp},
    };
    use policy::thresholds::Thresholds;

    const ROWS: &str = "format: 1\n| signal | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n|---|---|---|---|---|---|---|---|---|\n| queue.depth | above 100 | - | 10 s | - | 1 min | m | - | - |\n";
    const NONE: &str = "format: 1\n| signal | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n|---|---|---|---|---|---|---|---|---|\n";

    fn rules(text: &str) -> Arc<Thresholds> {
        Arc::new(
            Thresholds::parse("t", text, fixtures::signals())
                .unwrap_or_else(|problems| panic!("{}", problems[0])),
        )
    }

    fn at(second: u64) -> Now {
        Now {
            wall: Timestamp::from_secs(1_800_000_000 + second as i64),
            mono: MonotonicTime::from_micros((100 + second) * 1_000_000),
        }
    }

    fn step(engine: &mut Engine, value: f64, second: u64) -> Vec<Breach> {
        let id = engine.series("queue.depth", "service:a", None).unwrap();
        engine.observe(id, value, at(second).wall, at(second));
        engine.tick(at(second))
    }

    fn held() -> (Engine, BreachKey) {
        let mut engine = Engine::new(rules(ROWS), 10);
        step(&mut engine, 500.0, 0);
        let key = step(&mut engine, 500.0, 10).remove(0).key;
        (engine, key)
    }

    #[test]
    fn only_what_was_seen_to_recover_has_recovered() {
        let (mut engine, key) = held();
        assert_eq!(step(&mut engine, 5.0, 20).len(), 1);
        assert!(step(&mut engine, 5.0, 30).is_empty());
        assert_eq!(engine.ending(&key), Ending::Recovered { since: at(20).wall });
        // After silence too, from its first word on.
        assert_eq!(engine.tick(at(95)).len(), 1);
        assert!(step(&mut engine, 5.0, 99).is_empty());
        assert_eq!(engine.ending(&key), Ending::Recovered { since: at(99).wall });
        let saved =
            serde_json::from_str(&serde_json::to_string(&engine.save(at(99))).unwrap()).unwrap();
        assert_eq!(
            Engine::restore(rules(ROWS), 10, &saved, at(0)).ending(&key),
            engine.ending(&key)
        );
    }

    #[test]
    fn what_was_retired_has_not_recovered_even_if_it_reports_again_at_once() {
        let (mut engine, key) = held();
        engine.retire(&key.subject);
        assert_eq!(engine.ending(&key), Ending::NoLongerWatched);
        assert!(step(&mut engine, 500.0, 11).is_empty());
        assert_eq!(engine.ending(&key), Ending::NoLongerWatched);
    }

    #[test]
    fn what_was_stopped_on_purpose_ends_as_that_and_begins_anew_when_it_reports() {
        let (mut engine, key) = held();
        assert!(engine.rest("queue.depth", "service:a"));
        assert!(!engine.rest("queue.depth", "service:a"), "it rests already");
        assert_eq!((engine.tick(at(11)).len(), engine.ending(&key)), (0, Ending::Stopped));
        // Nothing is missed while it rests, nor after a restart.
        assert!(engine.tick(at(500)).is_empty());
        let saved = engine.save(at(500));
        let mut restarted = Engine::restore(rules(ROWS), 10, &saved, at(0));
        assert!(restarted.tick(at(900)).is_empty());
        assert!(step(&mut engine, 500.0, 600).is_empty());
        assert_eq!(step(&mut engine, 500.0, 610).len(), 1);
        assert!(!engine.rest("queue.depth", "service:unknown"));
    }

    #[test]
    fn what_is_missing_is_not_shown_as_well_until_it_reports_again() {
        let mut engine = Engine::new(rules(ROWS), 10);
        assert!(step(&mut engine, 5.0, 0).is_empty());
        let id = engine.series("queue.depth", "service:a", None).unwrap();
        let status = |engine: &Engine| engine.reading(id, at(1)).unwrap().status;
        assert_eq!(status(&engine), Status::Healthy);
        engine.miss(id);
        assert_eq!(status(&engine), Status::Unknown);
        assert!(engine.reading(id, at(1)).unwrap().stale_since.is_some());
        // Its silence is told at its own time, and does not end anything.
        assert!(engine.tick(at(60)).is_empty());
        assert_eq!(engine.tick(at(61)).len(), 1);
        assert!(step(&mut engine, 5.0, 62).is_empty());
        assert_eq!(engine.reading(id, at(62)).unwrap().status, Status::Healthy);
    }

    #[test]
    fn what_no_row_is_about_any_more_has_not_recovered() {
        let (mut engine, key) = held();
        engine.set_thresholds(rules(NONE), at(11));
        assert!(engine.tick(at(12)).is_empty());
        assert_eq!(engine.ending(&key), Ending::NoLongerWatched);
    }
}
