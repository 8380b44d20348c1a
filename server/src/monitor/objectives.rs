//! Service-level objectives as the monitor counts them: each probe of an endpoint is an event, and
//! each minute tells what was counted. What it tells is history like everything else, and the next
//! run goes on from it.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    observation::Observation,
    subject::Subject,
    time::{Now, Span, Timestamp},
};
use engine::objective::{Events, LONGEST_WINDOW, Pace, Tally, Terms};
use policy::objectives::{Objective, Objectives};

use crate::{
    collectors::{
        Absence, Listing, Round,
        objectives::{BUDGET, EVENTS, FAILURES, SIGNALS, burn_rate},
    },
    monitor::Monitor,
    store::{RollupStep, Store, StoreError},
};

/// How often objectives are told of.
pub const EVERY: Span = Span::from_mins(1);
const HOUR: Span = Span::from_mins(60);

/// See the module.
#[derive(Debug, Default)]
pub struct Ledger {
    objectives: Arc<Objectives>,
    /// By the name of the objective.
    tallies: BTreeMap<String, Tally>,
    /// The minute since 1970 that was told of last.
    told: i64,
}

fn minute(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(60_000_000)
}

impl Ledger {
    /// Begins with what the runs before have counted.
    pub async fn restore(
        store: &dyn Store,
        objectives: Arc<Objectives>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut ledger = Self::default();
        for objective in &objectives.objectives {
            let Some(subject) = objective.subject() else { continue };
            let tally = restored(store, objective, &subject, now).await?;
            ledger.tallies.insert(objective.name.clone(), tally);
        }
        ledger.objectives = objectives;
        Ok(ledger)
    }

    /// Takes a new version of the document. An objective of the same name goes on with what it has
    /// counted, also where it says something else now.
    pub fn set(&mut self, objectives: &Arc<Objectives>) {
        self.objectives = Arc::clone(objectives);
        self.tallies.retain(|name, _| objectives.objectives.iter().any(|one| one.name == *name));
    }

    /// Counts the probes of a round.
    pub fn take(&mut self, observations: &[Observation]) {
        for up in observations.iter().filter(|one| one.signal.as_str() == "endpoint.up") {
            let mut total = observations
                .iter()
                .filter(|one| one.subject == up.subject && one.signal.as_str() == "endpoint.total");
            let answered_in = total.next().map(|total| total.value);
            for objective in &self.objectives.objectives {
                if objective.endpoints.contains(&up.subject) {
                    let is_good = is_good(objective, up.value, answered_in);
                    let tally = self
                        .tallies
                        .entry(objective.name.clone())
                        .or_insert_with(|| Tally::new(objective.period));
                    tally.add(up.at, Events::one(is_good));
                }
            }
        }
    }

    /// What there is to tell, once in each minute.
    pub fn round(&mut self, now: Timestamp) -> Option<Round> {
        if minute(now) == self.told {
            return None;
        }
        self.told = minute(now);
        let mut round = Round::new(SIGNALS);
        let mut subjects = Vec::new();
        for objective in &self.objectives.objectives {
            let Some(subject) = objective.subject() else { continue };
            if let Some(tally) = self.tallies.get_mut(&objective.name) {
                tally.forget(now);
                tell(&mut round, objective, &self.objectives, &subject, tally, now);
            }
            subjects.push(subject);
        }
        round.listings.push(Listing::new("objective", subjects, Absence::Gone));
        Some(round)
    }
}

/// Whether a probe is good: it answered as expected, and in time where that counts. `answered_in` is
/// in milliseconds.
fn is_good(objective: &Objective, up: f64, answered_in: Option<f64>) -> bool {
    let in_time = objective.within.is_none_or(|within| {
        answered_in.is_some_and(|millis| millis <= within.as_secs_f64() * 1e3)
    });
    up >= 1.0 && in_time
}

fn tell(
    round: &mut Round,
    objective: &Objective,
    all: &Objectives,
    subject: &Subject,
    tally: &Tally,
    now: Timestamp,
) {
    let Events { all: events, failed } = tally.last_minute(now);
    round.observe(now, subject, EVENTS, events as f64);
    round.observe(now, subject, FAILURES, failed as f64);
    let terms = Terms {
        error_budget: objective.target.error_budget(),
        least_events: u64::from(all.least_events),
        least_failures: u64::from(all.least_failures),
    };
    // What is not known is not told.
    for pace in Pace::ALL {
        if let Some(rate) = tally.burn(pace, terms, now) {
            round.observe(now, subject, burn_rate(pace), rate);
        }
    }
    if let Some(left) = tally.budget_left(terms.error_budget, now) {
        round.observe(now, subject, BUDGET, left);
    }
}

/// Events by the beginning of their minute or hour. What is told in a minute was counted in the one
/// before.
async fn counted(
    store: &dyn Store,
    subject: &Subject,
    step: RollupStep,
    (from, to): (Timestamp, Timestamp),
) -> Result<BTreeMap<Timestamp, Events>, StoreError> {
    let mut found: BTreeMap<Timestamp, Events> = BTreeMap::new();
    for signal in [EVENTS, FAILURES] {
        let Ok(name) = signal.parse() else { continue };
        for rollup in store.rollups(subject, &name, step, from, to).await? {
            // A whole number: a sum of whole numbers.
            let sum = (rollup.mean * f64::from(rollup.count)).round().max(0.0) as u64;
            let at =
                rollup.start.minus(if step == RollupStep::Minute { EVERY } else { Span::ZERO });
            let events = found.entry(at).or_default();
            if signal == EVENTS {
                events.all = sum;
            } else {
                events.failed = sum.min(events.all);
            }
        }
    }
    Ok(found)
}

async fn restored(
    store: &dyn Store,
    objective: &Objective,
    subject: &Subject,
    now: Timestamp,
) -> Result<Tally, StoreError> {
    let mut tally = Tally::new(objective.period);
    let whole_hour = |at: Timestamp| {
        Timestamp::from_micros(at.as_micros().div_euclid(3_600_000_000) * 3_600_000_000)
    };
    // The last hours are put together from their minutes: the last one was not over.
    let by_minutes = whole_hour(now.minus(LONGEST_WINDOW)).plus(HOUR);
    let hours = (now.minus(objective.period), by_minutes);
    for (at, events) in counted(store, subject, RollupStep::Hour, hours).await? {
        tally.restore_hour(at, events);
    }
    let minutes = (by_minutes.plus(EVERY), now.plus(EVERY));
    for (at, events) in counted(store, subject, RollupStep::Minute, minutes).await? {
        tally.add(at, events);
    }
    Ok(tally)
}

impl Monitor {
    /// Tells of the objectives, once in each minute. Those that are not in the document any more are
    /// gone on purpose.
    pub(super) fn tell_objectives(&mut self, now: Now) {
        let round = self.parts.intake.core().objectives.round(now.wall);
        let Some(round) = round else { return };
        let gone = self.parts.intake.take_round(&round, &self.parts.host, EVERY);
        self.hear(super::Told::Gone(gone));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "format: 1\n| objective | endpoints | good | target | period |\n|---|---|---|---|---|\n";

    fn objectives(rows: &str) -> Arc<Objectives> {
        Arc::new(Objectives::parse("o", &format!("{HEAD}{rows}")).unwrap())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_795_341_600 + seconds)
    }

    fn probe(seconds: i64, up: f64, total: Option<f64>) -> Vec<Observation> {
        let one = |signal: &str, value: f64| Observation {
            signal: signal.parse().unwrap(),
            subject: "endpoint:shop".parse().unwrap(),
            value,
            unit: None,
            at: at(seconds),
            reason: None,
        };
        let total = total.map(|total| one("endpoint.total", total));
        [one("endpoint.up", up)].into_iter().chain(total).collect()
    }

    fn value(round: &Round, subject: &str, signal: &str) -> Option<f64> {
        let mut found = round
            .observations
            .iter()
            .filter(|one| one.subject.as_str() == subject && one.signal.as_str() == signal);
        found.next().map(|one| one.value)
    }

    #[test]
    fn probes_are_counted_as_each_objective_says() {
        let mut ledger = Ledger::default();
        ledger.set(&objectives(
            "| `up` | `endpoint:shop` | answers | 99% | 30 d |\n| `fast` | `endpoint:shop` | answers within 1 s | 90% | 30 d |\n| `other` | `endpoint:other` | answers | 99% | 30 d |\n",
        ));
        assert!(ledger.round(at(-1)).is_some());
        for second in (0..1_200).step_by(20) {
            // It fails twice, and answers slowly a third of the time.
            let up = f64::from(!(600..640).contains(&second));
            let total = (up > 0.0).then_some(if second % 60 == 40 { 1_500.0 } else { 300.0 });
            ledger.take(&probe(second.into(), up, total));
        }
        assert!(ledger.round(at(1_140)).is_some());
        assert!(ledger.round(at(1_150)).is_none(), "once in a minute");
        let round = ledger.round(at(1_200)).unwrap();
        assert_eq!(value(&round, "objective:up", EVENTS), Some(3.0));
        assert_eq!(value(&round, "objective:fast", FAILURES), Some(1.0));
        // Of 60 probes 2 failed: with a target of 99 % that is twice the budget and more.
        let left = value(&round, "objective:up", BUDGET).unwrap();
        assert!((left - (100.0 - 100.0 * (2.0 / 60.0) / 0.01)).abs() < 1e-6, "{left}");
        assert_eq!(value(&round, "objective:up", burn_rate(Pace::Fast)), Some(0.0), "two failures");
        assert!(value(&round, "objective:fast", burn_rate(Pace::Fast)).unwrap() > 3.0);
        // Of what was never probed nothing is told; it is expected all the same.
        assert_eq!(value(&round, "objective:other", EVENTS), None);
        assert_eq!(round.listings[0].subjects.len(), 3);
    }

    #[test]
    fn an_objective_that_is_taken_out_is_gone_and_a_new_one_begins_anew() {
        let mut ledger = Ledger::default();
        ledger.set(&objectives("| `up` | `endpoint:shop` | answers | 99% | 30 d |\n"));
        ledger.take(&probe(0, 0.0, None));
        ledger.set(&objectives("| `new` | `endpoint:shop` | answers | 99% | 30 d |\n"));
        let round = ledger.round(at(60)).unwrap();
        assert_eq!(round.listings[0].subjects, ["objective:new".parse().unwrap()]);
        assert!(round.observations.is_empty() && ledger.tallies.is_empty());
    }
}
