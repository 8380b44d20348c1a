//! Whatever breaches come and whatever people do, some things always hold.

use commands::{
    command::{self, Acknowledge, Comment, Reopen, Resolve},
    decide,
};
use policy::incident_policy::Dependency;
use proptest::prelude::*;

use super::*;
use crate::agent::tests::{Service, at, breach};

const SUBJECTS: [&str; 7] = [
    "host:web-1",
    "disk:/var@web-1",
    "app:api@web-1",
    "endpoint:checkout",
    "service:imports",
    "host:web-2",
    "app:job@web-2",
];
const SIGNALS: [&str; 2] = ["host.memory.used", "queue.depth"];

#[derive(Clone, Debug)]
enum Turn {
    Breaches(Vec<(usize, usize, bool, bool)>),
    Person(usize, u8),
    Wait(i64),
    Jump(i64),
}

fn turn() -> impl Strategy<Value = Turn> {
    let one = (0..SUBJECTS.len(), 0..SIGNALS.len(), any::<bool>(), any::<bool>());
    prop_oneof![
        4 => proptest::collection::vec(one, 0..6).prop_map(Turn::Breaches),
        2 => (0..10usize, 0..4u8).prop_map(|(which, what)| Turn::Person(which, what)),
        3 => (1..700i64).prop_map(Turn::Wait),
        1 => (-4_000..4_000i64).prop_map(Turn::Jump),
    ]
}

fn command(incident: IncidentNumber, what: u8) -> command::Command {
    match what {
        0 => command::Command::Acknowledge(Acknowledge { incident }),
        1 => command::Command::Comment(Comment { incident, text: "seen".into() }),
        2 => command::Command::Resolve(Resolve { incident, note: "enough".into() }),
        _ => command::Command::Reopen(Reopen { incident, note: String::new() }),
    }
}

fn check(
    before: &BTreeMap<IncidentNumber, Incident>,
    service: &Service,
    events: &[Event],
    now: i64,
) {
    for (number, incident) in &service.incidents {
        if let Some(old) = before.get(number)
            && old.is_active()
        {
            assert!(incident.severity >= old.severity, "severity only rises while active");
        }
        let worst = incident.breaches.iter().map(|known| known.breach.severity).max();
        assert!(worst.is_some_and(|worst| incident.severity >= worst));
        assert!(
            !incident.is_active()
                || incident.quiet_since.is_some()
                    == incident.breaches.iter().all(|known| known.cleared_at.is_some())
        );
        assert!(!incident.is_active() || incident.resolution.is_none());
        let bytes = serde_json::to_vec(incident).unwrap();
        assert_eq!(serde_json::from_slice::<Incident>(&bytes).unwrap(), *incident);
    }
    // A new incident never stands beside an active one of the same subject; only a person can
    // reopen one there.
    for event in events {
        if let Event::IncidentOpened { incident } = event {
            let others = service.incidents.values().filter(|other| {
                other.number != incident.number
                    && before.get(&other.number).is_some_and(Incident::is_active)
            });
            for other in others {
                assert!(
                    !other.subjects().contains(&&incident.cause),
                    "{} at {now}",
                    incident.cause
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: fixtures::cases(200), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_run_of_breaches_people_and_clocks_keeps_the_rules(turns in proptest::collection::vec(turn(), 1..40), flood in 1..6u32) {
        let mut service = Service::default();
        service.policy.flood_count = flood;
        service.policy.dependencies = vec![Dependency { subject: "endpoint:*".into(), needs: "app:api@web-1".parse().unwrap() }];
        let mut now = 10_000;
        for turn in turns {
            match turn {
                Turn::Breaches(set) => {
                    let mut all: BTreeMap<BreachKey, Breach> = BTreeMap::new();
                    for (subject, signal, critical, unsteady) in set {
                        let severity = if critical { Severity::Critical } else { Severity::Warning };
                        let mut one = breach(SUBJECTS[subject], SIGNALS[signal], severity, now - 30);
                        one.unsteady = unsteady;
                        // What holds already goes on from when it began.
                        if let Some(old) = service.breaches.iter().find(|old| old.key == one.key) {
                            (one.since, one.fired_at) = (old.since, old.fired_at);
                        }
                        all.insert(one.key.clone(), one);
                    }
                    service.breaches = all.into_values().collect();
                }
                Turn::Person(which, what) => {
                    if let Some(incident) = service.incidents.values().nth(which).cloned()
                        && let Ok(events) = decide::decide(&incident, &command(incident.number, what), situation(now))
                    {
                        for event in events {
                            service.person(now, event);
                        }
                    }
                }
                Turn::Wait(seconds) => now += seconds,
                Turn::Jump(by) => {
                    now += by;
                    service.steady_since = at(now);
                }
            }
            let before = service.incidents.clone();
            let events = service.tick(now);
            check(&before, &service, &events, now);
        }
        // Quiet leads to an end, or to the offer of one.
        service.set(&[]);
        service.steady_since = at(now);
        service.tick(now);
        service.tick(now + 301);
        // Where a clock that was set back made the quiet begin a little ahead, it is counted from
        // there once that has passed.
        service.tick(now + 602);
        for incident in service.incidents.values() {
            prop_assert!(!incident.is_active() || incident.resolution_offered, "{:?}", incident.state);
        }
        // Resolved incidents also tell all readers something.
        for incident in service.incidents.values() {
            for reader in wording::summary::Reader::ALL {
                prop_assert!(!wording::summary::render(&incident.summary, reader).is_empty());
            }
        }
    }
}

fn situation(now: i64) -> commands::situation::Situation<'static> {
    commands::situation::Situation {
        actor: Actor::Local,
        now: at(now),
        others: &[],
        catalogue: None,
        role_since: None,
    }
}
