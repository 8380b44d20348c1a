//! Whatever happens to an incident and its host, some things always hold.

use std::collections::BTreeSet;

use domain::{
    breach::{Breach, Ending},
    id::IncidentNumber,
    lifecycle::State,
    severity::Severity,
};
use policy::{
    catalogue::{Catalogue, Values},
    incident_policy::Dependency,
};
use proptest::prelude::*;

use super::*;
use crate::{
    agent::tests::{at, breach},
    recommender::tests::{Story, TEXT, facts},
};

const BREACHES: [(&str, &str); 6] = [
    ("app:api@web-1", "app.memory"),
    ("app:jobs@web-1", "app.up"),
    ("host:web-1", "host.memory.used"),
    ("disk:/var@web-1", "disk.used"),
    ("endpoint:checkout", "endpoint.up"),
    ("endpoint:checkout", "endpoint.first_byte"),
];

#[derive(Clone, Debug)]
enum Turn {
    Join(usize, bool),
    Clear(usize),
    Person(usize, u8),
    Run(usize, u8),
    Host(u8),
    Wait(i64),
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        3 => (0..BREACHES.len(), any::<bool>()).prop_map(|(which, critical)| Turn::Join(which, critical)),
        2 => (0..BREACHES.len()).prop_map(Turn::Clear),
        2 => (0..3usize, 0..3u8).prop_map(|(which, what)| Turn::Person(which, what)),
        3 => (0..3usize, 0..4u8).prop_map(|(which, what)| Turn::Run(which, what)),
        2 => (0..5u8).prop_map(Turn::Host),
        3 => (1..2_500i64).prop_map(Turn::Wait),
    ]
}

fn of(which: usize, critical: bool, now: i64) -> Breach {
    let (subject, signal) = BREACHES[which];
    let mut one =
        breach(subject, signal, if critical { Severity::Critical } else { Severity::Warning }, now);
    if critical {
        one.guidance.commands = vec!["pm2-restart".into(), "nothing-like-that".into()];
    }
    one
}

fn check(story: &Story) {
    let one = &story.incidents[0];
    let places: Vec<u32> = one.recommendations.iter().map(|one| one.place).collect();
    assert!(
        places.iter().copied().eq(1..=u32::try_from(places.len()).unwrap()),
        "places are consecutive: {places:?}"
    );
    let offered: Vec<&Recommendation> = one.offered().collect();
    assert!(offered.len() <= MOST_OFFERED);
    let different: BTreeSet<_> = offered.iter().map(|one| (&one.command, &one.values)).collect();
    assert_eq!(different.len(), offered.len(), "never the same twice at a time");
    for one in offered {
        let catalogue = story.catalogue.as_ref().expect("without a catalogue nothing is offered");
        let values: Values = one.values.clone().into_iter().collect();
        let filled = catalogue.get(&one.command).unwrap().fill(&values, &story.facts).unwrap();
        assert_eq!((filled.argv(), filled.to_string()), (&one.argv[..], one.shown.clone()));
        assert!(!one.reasons.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: fixtures::cases(200), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_run_of_breaches_people_runs_and_hosts_keeps_the_rules(turns in proptest::collection::vec(turn(), 1..40)) {
        let number = IncidentNumber(1);
        let mut story = Story::new(&[of(0, false, 0)]);
        story.policy.dependencies = vec![Dependency { subject: "endpoint:*".into(), needs: "app:api@web-1".parse().unwrap() }];
        let mut now = 10;
        for turn in turns {
            match turn {
                Turn::Join(which, critical) => {
                    let breach = Box::new(of(which, critical, now));
                    story.apply(&Event::BreachJoined { incident: number, breach }, Actor::Agent, now);
                }
                Turn::Clear(which) => {
                    let (key, ending) = (of(which, false, now).key, Ending::Recovered { since: at(now) });
                    if story.incidents[0].breach(&key).is_some_and(|known| known.cleared_at.is_none()) {
                        story.apply(&Event::BreachCleared { incident: number, key, ending }, Actor::Agent, now);
                    }
                }
                Turn::Person(which, what) => {
                    let place = story.incidents[0].offered().nth(which).map(|one| one.place);
                    let event = match (what, place) {
                        (0, Some(place)) => Event::RecommendationDeclined { incident: number, place, reason: "no".into() },
                        (1, _) => Event::Resolved { incident: number, step: Step::PersonResolved, note: None },
                        _ => Event::Reopened { incident: number, note: None },
                    };
                    story.apply(&event, Actor::Local, now);
                }
                Turn::Run(which, what) => {
                    let Some(one) = story.incidents[0].offered().nth(which).cloned() else { continue };
                    let place = one.place;
                    let binding = one.binding(&story.incidents[0]);
                    story.apply(&Event::Approved { incident: number, place, binding }, Actor::Local, now);
                    if what > 0 {
                        story.apply(&Event::RunStarted { incident: number, place }, Actor::System, now);
                    }
                    if what > 1 {
                        let outcome = RunOutcome::Exited { code: i32::from(what == 3) };
                        let ended = Event::RunEnded { incident: number, place, outcome, duration: Span::from_secs(2), output: String::new() };
                        story.apply(&ended, Actor::System, now);
                        let from = story.incidents[0].state;
                        story.apply(&Event::Moved { incident: number, from, step: Step::CommandRan, to: State::Recovering }, Actor::System, now);
                    }
                }
                Turn::Host(what) => match what {
                    0 => story.facts = facts(&["api"]),
                    1 => story.facts = facts(&["api", "jobs", "all"]),
                    2 => story.hints.app_memory = [("api".to_owned(), 10), ("jobs".to_owned(), now.unsigned_abs() % 20)].into(),
                    3 => story.catalogue = None,
                    _ => story.catalogue = Some(Catalogue::parse("commands", TEXT, &[], fixtures::signals()).unwrap()),
                },
                Turn::Wait(seconds) => now += seconds,
            }
            story.tick(now);
            check(&story);
        }
    }
}
