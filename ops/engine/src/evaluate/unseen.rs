//! Subjects that could not be seen: unknown, with their reasons.

use domain::reason::FailureReason;

use crate::evaluate::{Engine, SeriesId};

impl Engine {
    /// A series was looked at and could not be seen: its value is neither well nor in trouble, no
    /// duration goes on over it, and its silence goes on, now with a reason. A reason that is only
    /// about silence leaves the value as it is. Says whether the reason is new.
    pub fn unseen(&mut self, id: SeriesId, reason: &FailureReason) -> bool {
        let Some(series) = self.series.get_mut(id.0 as usize) else { return false };
        let is_new = series.core.miss(reason);
        self.dirty |= is_new && !series.unheard;
        is_new
    }

    /// Finds a series that is known, by its names.
    pub fn known(&self, signal: &str, subject: &str) -> Option<SeriesId> {
        self.find(self.hash(signal, subject), signal, subject).map(SeriesId)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use domain::{
        actor::Actor,
        breach::{Breach, Crossing},
        reading::Status,
        severity::Severity,
        time::{MonotonicTime, Now, Span, Timestamp},
    };
    use policy::thresholds::Thresholds;

    const ROWS: &str = "format: 1\n| signal | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n|---|---|---|---|---|---|---|---|---|\n| api.up | - | below 1 | 10 s | 1 | 1 min | m | - | - |\n";

    fn engine() -> (Engine, SeriesId) {
        let rows = Thresholds::parse("t", ROWS, fixtures::signals())
            .unwrap_or_else(|problems| panic!("{}", problems[0]));
        let mut engine = Engine::new(Arc::new(rows), 10);
        let id = engine.series("api.up", "service:a", None).unwrap();
        (engine, id)
    }

    fn at(second: u64) -> Now {
        Now {
            wall: Timestamp::from_secs(1_800_000_000 + second as i64),
            mono: MonotonicTime::from_micros((100 + second) * 1_000_000),
        }
    }

    fn refused() -> FailureReason {
        FailureReason::Refused { address: "127.0.0.1:1".into() }
    }

    fn pushes_refused() -> FailureReason {
        FailureReason::PushesRefused {
            by: Actor::Local,
            since: at(0).wall,
            place: "/observations/0/value".into(),
            problem: "expected a number".into(),
        }
    }

    fn behind() -> FailureReason {
        FailureReason::Behind { cause: "line:outside@web-1".parse().unwrap() }
    }

    #[test]
    fn a_word_that_is_not_clear_is_unknown_and_a_warning() {
        let not_clear = FailureReason::NotClear {
            by: "digitalocean:api".parse().unwrap(),
            word: "melted".into(),
        };
        for (reason, severity) in
            [(not_clear, Severity::Warning), (FailureReason::told("x"), Severity::Critical)]
        {
            let (mut engine, id) = engine();
            step(&mut engine, id, 1.0, 0);
            engine.unseen(id, &reason);
            assert_eq!(engine.tick(at(5)), []);
            assert_eq!(engine.reading(id, at(5)).unwrap().status, Status::Unknown);
            let breaches = engine.tick(at(100));
            assert_eq!(breaches.len(), 1);
            assert!(breaches[0].crossing.is_silent());
            assert_eq!(
                (breaches[0].severity, breaches[0].reason.as_ref()),
                (severity, Some(&reason))
            );
        }
    }

    fn step(engine: &mut Engine, id: SeriesId, value: f64, second: u64) -> Vec<Breach> {
        let reason = (value < 1.0).then(refused);
        engine.observe_with(id, value, reason.as_ref(), at(second).wall, at(second));
        engine.tick(at(second))
    }

    #[test]
    fn a_breach_tells_its_reason_until_it_is_over_also_after_a_restart() {
        let (mut engine, id) = engine();
        step(&mut engine, id, 0.0, 0);
        assert_eq!(step(&mut engine, id, 0.0, 10)[0].reason, Some(refused()));
        let saved = serde_json::to_string(&engine.save(at(11))).unwrap();
        let saved = serde_json::from_str(&saved).unwrap();
        let mut restored = Engine::restore(engine.thresholds().clone(), 10, &saved, at(11));
        assert_eq!(restored.tick(at(12))[0].reason, Some(refused()));
        // While it waits for proof it still tells why it began.
        let easing = &step(&mut engine, id, 1.0, 15)[0];
        assert!(easing.easing.is_some() && easing.reason == Some(refused()));
        assert!(step(&mut engine, id, 1.0, 26).is_empty());
        assert_eq!(engine.reading(id, at(26)).unwrap().reason, None);
    }

    #[test]
    fn the_order_within_a_tick_does_not_decide_about_the_reason() {
        let timed_out = FailureReason::told("it took too long");
        for pair in [[refused(), timed_out.clone()], [timed_out, refused()]] {
            let (mut engine, id) = engine();
            for reason in &pair {
                engine.observe_with(id, 0.0, Some(reason), at(0).wall, at(0));
            }
            let late = at(0).wall.minus(Span::from_secs(5));
            engine.observe_with(id, 0.0, None, late, at(0));
            engine.tick(at(0));
            assert_eq!(
                engine.reading(id, at(0)).unwrap().reason,
                Some(FailureReason::told("it took too long"))
            );
        }
    }

    #[test]
    fn refused_pushes_explain_silence_and_nothing_else() {
        let (mut engine, id) = engine();
        step(&mut engine, id, 1.0, 0);
        assert!(engine.unseen(id, &pushes_refused()) && !engine.unseen(id, &pushes_refused()));
        let reading = engine.reading(id, at(1)).unwrap();
        assert_eq!((reading.status, reading.stale_since), (Status::Healthy, None));
        // Trouble among what is taken is found as always.
        step(&mut engine, id, 0.0, 2);
        engine.unseen(id, &pushes_refused());
        let breach = &step(&mut engine, id, 0.0, 12)[0];
        assert_eq!((breach.reason.clone(), breach.crossing.is_silent()), (Some(refused()), false));
        assert_eq!(step(&mut engine, id, 1.0, 14).len(), 1);
        assert!(step(&mut engine, id, 1.0, 25).is_empty());
        engine.unseen(id, &pushes_refused());
        let silent = &engine.tick(at(90))[0];
        assert!(silent.crossing.is_silent());
        assert_eq!(silent.reason, Some(pushes_refused()));
        assert!(step(&mut engine, id, 1.0, 91).is_empty());
        assert_eq!(engine.reading(id, at(92)).unwrap().reason, None);
    }

    #[test]
    fn what_cannot_be_seen_is_unknown_and_neither_begins_nor_ends_a_breach() {
        let (mut engine, id) = engine();
        step(&mut engine, id, 1.0, 0);
        engine.unseen(id, &behind());
        let reading = engine.reading(id, at(1)).unwrap();
        assert_eq!((reading.status, reading.reason), (Status::Unknown, Some(behind())));
        assert_eq!(reading.stale_since, Some(at(0).wall));
        // No duration goes on over it: neither that of a breach,
        step(&mut engine, id, 0.0, 5);
        engine.unseen(id, &behind());
        assert!(step(&mut engine, id, 0.0, 16).is_empty());
        assert_eq!(step(&mut engine, id, 0.0, 26).len(), 1);
        // nor that of its end.
        step(&mut engine, id, 1.0, 30);
        engine.unseen(id, &behind());
        assert_eq!(step(&mut engine, id, 1.0, 41).len(), 1);
        assert!(step(&mut engine, id, 1.0, 51).is_empty());
        // Its silence is told with the reason.
        engine.unseen(id, &behind());
        let silent = &engine.tick(at(112))[0];
        assert!(matches!(silent.crossing, Crossing::Silent { .. }));
        // Its cause is told by itself: it is not known to be bad.
        assert_eq!((silent.reason.clone(), silent.severity), (Some(behind()), Severity::Warning));
        assert_eq!(engine.reading(id, at(112)).unwrap().status, Status::Unknown);
    }
}
