//! A checkpoint: everything as it stands in the middle of a run, so that a replay goes on from it
//! exactly.
//!
//! It is more than what is kept for a restart. A restart gives every series its full time to report
//! again, and forgets what no threshold watches; a replay must do neither.

use std::sync::Arc;

use domain::time::Now;
use policy::thresholds::Thresholds;

use crate::evaluate::{
    Engine, NEVER, micros,
    saved_state::{SavedState, Standing},
    series::Core,
};

impl Engine {
    /// Everything, exactly as it stands, for [`Engine::resume`]: also series without a threshold,
    /// as one may come into force, and when each silence is due.
    pub fn checkpoint(&self, now: Now) -> SavedState {
        let mono = micros(now.mono);
        let mut all: Vec<(Core, Standing)> = (self.series.iter().zip(&self.deadlines))
            .filter(|(series, _)| !series.free)
            .map(|(series, &deadline)| {
                let mut core = series.core.clone();
                core.shift(mono.saturating_neg());
                let deadline = (deadline != NEVER).then(|| deadline.saturating_sub(mono));
                (core, Standing { deadline, unheard: series.unheard, rested: series.rested })
            })
            .collect();
        all.sort_by(|(one, _), (two, _)| {
            (&one.subject, &one.signal).cmp(&(&two.subject, &two.signal))
        });
        let (series, standing) = all.into_iter().unzip();
        SavedState { at: now.wall, series, standing }
    }

    /// Goes on from a [`Engine::checkpoint`] as if nothing had come between: given what the other
    /// engine was given since, at the same times, it says the same. A state without what only a
    /// checkpoint holds is taken as [`Engine::restore`] takes it.
    pub fn resume(thresholds: Arc<Thresholds>, limit: usize, saved: &SavedState, now: Now) -> Self {
        if saved.standing.len() != saved.series.len() {
            return Self::restore(thresholds, limit, saved, now);
        }
        let mut engine = Self::new(thresholds, limit);
        let mono = micros(now.mono);
        for (core, standing) in saved.series.iter().zip(&saved.standing) {
            // Without its unit: it was taken once, and what the document says about the unit may
            // have changed since.
            let Ok(id) = engine.measured(core.signal.as_str(), core.subject.as_str(), None) else {
                continue;
            };
            let Some(series) = engine.series.get_mut(id.0 as usize) else {
                continue;
            };
            series.core = core.clone();
            series.core.shift(mono);
            (series.unheard, series.rested) = (standing.unheard, standing.rested);
            if series.core.batch.is_some() {
                engine.touched.push(id.0);
            }
            engine.resolve(id.0, mono);
            if let Some(deadline) = engine.deadlines.get_mut(id.0 as usize) {
                *deadline = standing.deadline.map_or(NEVER, |left| mono.saturating_add(left));
            }
        }
        engine.dirty = false;
        engine
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use domain::{
        subject::Subject,
        time::{MonotonicTime, Span, Timestamp},
        usual::{Usual, UsualRange},
    };

    const FIRST: &str = "format: 1\n| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n|---|---|---|---|---|---|---|---|---|---|\n\
| queue.depth | service:* | above 100 jobs | above 500 jobs | 20 s / 5 s | 50 jobs | 40 s | m | a | - |\n\
| size.growth | service:* | rises 30 in 1 min | - | 10 s | - | 1 min | m | a | - |\n\
| disk.used | service:* | - | reaches 100 % in 10 min | 10 s | - | - | m | a | - |\n";
    const SECOND: &str = "format: 1\n| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n|---|---|---|---|---|---|---|---|---|---|\n\
| queue.depth | service:* | above 200 jobs | - | 10 s | 50 jobs | 25 s | m | a | - |\n\
| later.known | service:* | above 3 times usual and 30 | - | 10 s | - | 30 s | m | a | - |\n";
    const SIGNALS: [&str; 4] = ["queue.depth", "size.growth", "disk.used", "later.known"];

    fn rules(text: &str) -> Arc<Thresholds> {
        Arc::new(
            Thresholds::parse("t", text, fixtures::signals())
                .unwrap_or_else(|problems| panic!("{}", problems[0])),
        )
    }

    #[derive(Clone, Debug)]
    enum Step {
        Observe { signal: usize, subject: u8, value: f64, late: i64 },
        Tick,
        Blind,
        Retire(u8),
        Rest { signal: usize, subject: u8 },
        Usual { signal: usize, subject: u8 },
        Thresholds(bool),
    }

    fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
        let value = prop_oneof![3 => 0.0..150.0_f64, 1 => 150.0..900.0_f64, 1 => Just(0.1 + 0.2)];
        let step = prop_oneof![
            30 => (0..4_usize, 0..3_u8, value, 0..20_i64)
                .prop_map(|(signal, subject, value, late)| Step::Observe { signal, subject, value, late }),
            14 => Just(Step::Tick),
            1 => Just(Step::Blind),
            1 => (0..3_u8).prop_map(Step::Retire),
            2 => (0..4_usize, 0..3_u8).prop_map(|(signal, subject)| Step::Rest { signal, subject }),
            2 => (0..4_usize, 0..3_u8).prop_map(|(signal, subject)| Step::Usual { signal, subject }),
            2 => any::<bool>().prop_map(Step::Thresholds),
        ];
        proptest::collection::vec((0..9_000_000_u64, step), 1..160)
    }

    fn at(micros: u64) -> Now {
        Now {
            wall: Timestamp::from_micros(1_800_000_000_000_000 + micros as i64),
            mono: MonotonicTime::from_micros(micros),
        }
    }

    fn take(engine: &mut Engine, step: &Step, now: Now) -> String {
        let name = |subject: u8| format!("service:{subject}");
        match step {
            Step::Observe { signal, subject, value, late } => {
                let id = engine.series(SIGNALS[*signal], &name(*subject), None).unwrap();
                engine.observe(id, *value, now.wall.minus(Span::from_secs(*late as u64)), now);
            }
            Step::Tick => {}
            Step::Blind => engine.blind(Span::from_secs(30), now),
            Step::Retire(subject) => engine.retire(&name(*subject).parse::<Subject>().unwrap()),
            Step::Rest { signal, subject } => {
                engine.rest(SIGNALS[*signal], &name(*subject));
            }
            Step::Usual { signal, subject } => {
                let id = engine.series(SIGNALS[*signal], &name(*subject), None).unwrap();
                let range = (*subject != 1).then_some(UsualRange { low: 4.0, high: 30.0 });
                engine.set_usual(id, Some(Usual { range, ..Usual::explaining(7.0) }));
            }
            Step::Thresholds(first) => {
                engine.set_thresholds(rules(if *first { FIRST } else { SECOND }), now);
            }
        }
        match step {
            Step::Tick => serde_json::to_string(&engine.tick(now)).unwrap(),
            _ => String::new(),
        }
    }

    proptest! {
        #[test]
        fn an_engine_that_goes_on_from_a_checkpoint_says_the_same_at_every_tick(steps in steps(), place in any::<prop::sample::Index>()) {
            let place = place.index(steps.len());
            let mut through = Engine::new(rules(FIRST), 100);
            let mut resumed: Option<Engine> = None;
            let mut micros = 1_000_000;
            for (index, (wait, step)) in steps.iter().enumerate() {
                micros += wait;
                let now = at(micros);
                if index == place {
                    let text = serde_json::to_string(&through.checkpoint(now)).unwrap();
                    let saved: SavedState = serde_json::from_str(&text).unwrap();
                    resumed = Some(Engine::resume(Arc::clone(through.thresholds()), 100, &saved, now));
                }
                let said = take(&mut through, step, now);
                if let Some(resumed) = &mut resumed {
                    prop_assert_eq!(said, take(resumed, step, now), "step {}", index);
                }
            }
            // All falls silent at its time, to the microsecond.
            for _ in 0..20 {
                micros += 3_333_333;
                let said = take(&mut through, &Step::Tick, at(micros));
                if let Some(resumed) = &mut resumed {
                    prop_assert_eq!(said, take(resumed, &Step::Tick, at(micros)));
                    prop_assert_eq!(through.checkpoint(at(micros)), resumed.checkpoint(at(micros)));
                }
            }
        }
    }

    #[test]
    fn a_silence_is_due_when_it_was_and_a_restart_gives_it_its_full_time() {
        let mut engine = Engine::new(rules(FIRST), 10);
        take(&mut engine, &Step::Observe { signal: 0, subject: 0, value: 1.0, late: 0 }, at(0));
        take(&mut engine, &Step::Tick, at(1_000_000));
        let now = at(30_000_000);
        let saved = engine.checkpoint(now);
        let mut resumed = Engine::resume(rules(FIRST), 10, &saved, now);
        let mut restarted = Engine::restore(rules(FIRST), 10, &saved, now);
        assert_eq!(resumed.tick(at(40_000_000)).len(), 0);
        assert_eq!(resumed.tick(at(40_000_001)).len(), 1);
        assert_eq!(restarted.tick(at(70_000_000)).len(), 0);
        assert_eq!(restarted.tick(at(70_000_001)).len(), 1);
    }
}
