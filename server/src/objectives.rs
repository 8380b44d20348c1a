//! Service-level objectives as the monitor counts them: each probe of an endpoint is an event, and
//! each minute tells what was counted. What it tells is history like everything else, and the next
//! run goes on from it.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    observation::Observation,
    subject::Subject,
    time::{Span, Timestamp},
};
use engine::{
    gate::Latencies,
    objective::{Events, LONGEST_PERIOD, LONGEST_WINDOW, Pace, Tally, Terms},
};
use policy::objectives::{Counted, Objective, Objectives};

use crate::{
    collectors::{
        Absence, Listing, Round,
        gate::{GATE_RESULTS, ORGANIZATION_RESULTS},
        objectives::{BUDGET, EVENTS, FAILURES, SIGNALS, burn_rate},
    },
    store::{RollupStep, Store, StoreError},
};

/// The interval at which objectives are told of.
pub const EVERY: Span = Span::from_mins(1);
const HOUR: Span = Span::from_mins(60);
/// With more than so many, those that are not in the document are forgotten.
const MOST_TALLIES: usize = 100;

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
            let tally = restored(store, &subject, now).await?;
            ledger.tallies.insert(objective.name.clone(), tally);
        }
        ledger.objectives = objectives;
        Ok(ledger)
    }

    /// Takes a new version of the document. An objective of the same name goes on with what it has
    /// counted, also where it says something else now, or was taken out for a while.
    pub fn set(&mut self, objectives: &Arc<Objectives>) {
        self.objectives = Arc::clone(objectives);
        if self.tallies.len() > MOST_TALLIES {
            let is_kept = |name: &str| objectives.objectives.iter().any(|one| one.name == name);
            self.tallies.retain(|name, _| is_kept(name));
        }
    }

    /// Counts the events of a round of a collector.
    pub fn take(&mut self, observations: &[Observation], latencies: &[(Subject, Latencies)]) {
        if self.objectives.objectives.is_empty() {
            return;
        }
        self.take_results(observations);
        if let Some(first) = observations.first() {
            self.take_latencies(latencies, first.at);
        }
        for up in observations.iter().filter(|one| one.signal.as_str() == "endpoint.up") {
            let answered_in = value(observations, &up.subject, "endpoint.total");
            for objective in &self.objectives.objectives {
                if let Counted::Probes { endpoints, within } = &objective.counted
                    && endpoints.contains(&up.subject)
                {
                    let event = Events::one(is_good(*within, up.value, answered_in));
                    add(&mut self.tallies, objective, up.at, event);
                }
            }
        }
    }

    /// Counts the results of requests since the round before.
    fn take_results(&mut self, observations: &[Observation]) {
        for results in observations {
            let (of_all, signals) = match results.signal.as_str() {
                counted if counted == GATE_RESULTS.counted => (true, GATE_RESULTS),
                counted if counted == ORGANIZATION_RESULTS.counted => (false, ORGANIZATION_RESULTS),
                _ => continue,
            };
            let failed = value(observations, &results.subject, signals.failed).unwrap_or(0.0);
            let count = |value: f64| value.round().max(0.0) as u64;
            let events = Events { all: count(results.value), failed: count(failed) };
            for objective in &self.objectives.objectives {
                let Counted::Results { organization, within: None } = &objective.counted else {
                    continue;
                };
                let is_of_it = organization
                    .as_ref()
                    .map_or(of_all, |organization| *organization == results.subject);
                if is_of_it {
                    add(&mut self.tallies, objective, results.at, events);
                }
            }
        }
    }

    /// Counts how long requests took since the round before.
    fn take_latencies(&mut self, latencies: &[(Subject, Latencies)], at: Timestamp) {
        for objective in &self.objectives.objectives {
            let Counted::Results { organization, within: Some(within) } = &objective.counted else {
                continue;
            };
            let is_of_it = |subject: &Subject| match organization {
                Some(organization) => organization == subject,
                None => subject.kind() == "gate",
            };
            for (_, found) in latencies.iter().filter(|(subject, _)| is_of_it(subject)) {
                let all = found.count();
                let events = Events { all, failed: all - found.within(*within).min(all) };
                add(&mut self.tallies, objective, at, events);
            }
        }
    }

    /// The observations, once in each minute.
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

fn add(
    tallies: &mut BTreeMap<String, Tally>,
    objective: &Objective,
    at: Timestamp,
    events: Events,
) {
    tallies.entry(objective.name.clone()).or_default().add(at, events);
}

/// The value of a signal of a subject in a round.
fn value(observations: &[Observation], subject: &Subject, signal: &str) -> Option<f64> {
    let is_it = |one: &&Observation| one.subject == *subject && one.signal.as_str() == signal;
    observations.iter().find(is_it).map(|one| one.value)
}

/// True if a probe is good: it answered as expected, and in time where that counts. `answered_in`
/// is in milliseconds.
fn is_good(within: Option<Span>, up: f64, answered_in: Option<f64>) -> bool {
    let in_time = within.is_none_or(|within| {
        answered_in.is_some_and(|millis| millis <= within.as_secs_f64() * 1e3)
    });
    up >= 1.0 && in_time
}

fn tell(
    round: &mut Round,
    objective: &Objective,
    all: &Objectives,
    subject: &Subject,
    tally: &mut Tally,
    now: Timestamp,
) {
    // A probe that timed out is heard of when its minute is over.
    let Events { all: events, failed } = tally.take_untold();
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
    if let Some(left) = tally.budget_left(objective.period, terms.error_budget, now) {
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
    subject: &Subject,
    now: Timestamp,
) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    let whole_hour = |at: Timestamp| {
        Timestamp::from_micros(at.as_micros().div_euclid(3_600_000_000) * 3_600_000_000)
    };
    // The last hours are put together from their minutes: the last one was not over.
    let by_minutes = whole_hour(now.minus(LONGEST_WINDOW)).plus(HOUR);
    let hours = (now.minus(LONGEST_PERIOD), by_minutes);
    for (at, events) in counted(store, subject, RollupStep::Hour, hours).await? {
        tally.restore_hour(at, events);
    }
    let minutes = (by_minutes.plus(EVERY), now.plus(EVERY));
    for (at, events) in counted(store, subject, RollupStep::Minute, minutes).await? {
        tally.restore_minute(at, events);
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "format: 1\n| objective | of | good | target | period |\n|---|---|---|---|---|\n";

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
        super::value(&round.observations, &subject.parse().unwrap(), signal)
    }

    #[test]
    fn results_at_the_gate_are_counted_and_none_is_lost_between_rounds() {
        let mut ledger = Ledger::default();
        ledger.set(&objectives(
            "| `all` | `gate` | succeeds | 99% | 30 d |\n| `acme` | `organization:acme` | succeeds | 90% | 30 d |\n",
        ));
        let one = |seconds: i64, subject: &str, signal: &str, value: f64| Observation {
            signal: signal.parse().unwrap(),
            subject: subject.parse().unwrap(),
            value,
            unit: None,
            at: at(seconds),
            reason: None,
        };
        for second in 0..40 {
            let results = [
                one(second, "gate:gate@a", "gate.results", 9.8),
                one(second, "gate:gate@a", "gate.counted", 20.0),
                one(second, "gate:gate@a", "gate.failed", 2.0),
                one(second, "organization:acme", "organization.counted", 4.0),
                one(second, "organization:acme", "organization.failed", 0.0),
                one(second, "organization:other", "organization.counted", 16.0),
            ];
            ledger.take(&results, &[]);
        }
        // A failure may come a round after its result.
        let late = [
            one(40, "gate:gate@a", "gate.counted", 0.0),
            one(40, "gate:gate@a", "gate.failed", 1.0),
        ];
        ledger.take(&late, &[]);
        let round = ledger.round(at(61)).unwrap();
        assert_eq!(value(&round, "objective:all", EVENTS), Some(40.0 * 20.0));
        assert_eq!(value(&round, "objective:all", FAILURES), Some(40.0 * 2.0 + 1.0));
        assert_eq!(value(&round, "objective:acme", EVENTS), Some(40.0 * 4.0));
        assert_eq!(value(&round, "objective:acme", FAILURES), Some(0.0));
        // A round that comes late counts all of them.
        ledger.take(&[one(110, "gate:gate@a", "gate.counted", 500.0)], &[]);
        let round = ledger.round(at(121)).unwrap();
        assert_eq!(value(&round, "objective:all", EVENTS), Some(500.0));
    }

    #[test]
    fn the_time_of_requests_is_counted_as_each_objective_says() {
        let mut ledger = Ledger::default();
        ledger.set(&objectives(
            "| `fast` | `gate` | answers within 500 ms | 90% | 30 d |\n| `acme` | `organization:acme` | answers within 2 s | 90% | 30 d |\n| `ok` | `gate` | succeeds | 90% | 30 d |\n",
        ));
        assert!(ledger.round(at(-1)).is_some());
        let took = |subject: &str, millis: &[u64]| {
            let mut latencies = Latencies::default();
            millis.iter().for_each(|millis| latencies.record(Span::from_millis(*millis)));
            (subject.parse::<Subject>().unwrap(), latencies)
        };
        // Any observation tells when the round was.
        for second in 0..10 {
            ledger.take(
                &probe(second, 1.0, None),
                &[
                    took("organization:acme", &[100, 900, 3_000]),
                    took("organization:other", &[9_000]),
                    took("gate:gate@a", &[100, 900, 3_000, 9_000]),
                ],
            );
        }
        let round = ledger.round(at(61)).unwrap();
        assert_eq!(value(&round, "objective:fast", EVENTS), Some(40.0));
        assert_eq!(value(&round, "objective:fast", FAILURES), Some(30.0));
        assert_eq!(value(&round, "objective:acme", EVENTS), Some(30.0));
        assert_eq!(value(&round, "objective:acme", FAILURES), Some(10.0));
        assert_eq!(value(&round, "objective:ok", EVENTS), None, "nothing says how they ended");
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
            ledger.take(&probe(second.into(), up, total), &[]);
        }
        let round = ledger.round(at(1_200)).unwrap();
        assert!(ledger.round(at(1_210)).is_none(), "once in a minute");
        assert_eq!(value(&round, "objective:up", EVENTS), Some(60.0), "all since the first minute");
        assert_eq!(value(&round, "objective:fast", FAILURES), Some(22.0));
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
        ledger.take(&probe(0, 0.0, None), &[]);
        ledger.set(&objectives("| `new` | `endpoint:shop` | answers | 99% | 30 d |\n"));
        let round = ledger.round(at(60)).unwrap();
        assert_eq!(round.listings[0].subjects, ["objective:new".parse().unwrap()]);
        assert!(round.observations.is_empty());
        // It comes back with what it had counted: somebody saved half of the document.
        ledger.set(&objectives("| `up` | `endpoint:shop` | answers | 99% | 30 d |\n"));
        let round = ledger.round(at(120)).unwrap();
        assert!(value(&round, "objective:up", BUDGET).unwrap() < -9_000.0);
    }
}
