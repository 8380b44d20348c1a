//! The cost of one look of the agent: 50 active incidents of 20 breaches each, and nothing new.

use std::{collections::BTreeMap, hint::black_box};

use divan::Bencher;
use domain::{
    actor::Actor,
    announcements::Announcements,
    breach::Breach,
    id::IncidentNumber,
    incident::{self, Incident},
    time::{Span, Timestamp},
};
use engine::agent::{World, decide};
use policy::incident_policy::IncidentPolicy;

fn breaches(at: Timestamp, incidents: u32) -> Vec<Breach> {
    let mut all = Vec::new();
    for host in 0..incidents {
        for app in 0..20 {
            let breach = fixtures::breach()
                .on(&format!("app:job-{app}@web-{host}"))
                .signal("queue.depth")
                .above(100.0)
                .since(at);
            let breach =
                breach.value(120.0).peak(130.0).unit("").usual(40.0).per_minute(1.0).guidance(
                    "Work waits.",
                    "queue",
                    &[],
                );
            all.push(breach.build());
        }
    }
    all.sort_by(|one, other| one.key.cmp(&other.key));
    all
}

/// The agent's look at 50 incidents; with `recovered` the first of their breaches holds no longer.
fn look(bencher: Bencher, recovered: usize) {
    let at = Timestamp::from_secs(1_800_000_000);
    let policy = IncidentPolicy { flood_count: 1_000, ..IncidentPolicy::default() };
    let breaches = breaches(at, 50);
    let announcements = Announcements::default();
    let mut incidents: BTreeMap<IncidentNumber, Incident> = BTreeMap::new();
    // One host after the other, so that each has an incident of its own.
    for host in 0..50 {
        let known: Vec<Breach> = breaches
            .iter()
            .filter(|one| one.key.subject.host().is_some_and(|name| name == format!("web-{host}")))
            .cloned()
            .collect();
        let mut all: Vec<Breach> = incidents
            .values()
            .flat_map(|one| one.breaches.iter().map(|known| known.breach.clone()))
            .collect();
        // The host itself is the cause that they share.
        let mut first = known.first().cloned();
        if let (Some(first), Ok(subject)) = (&mut first, format!("host:web-{host}").parse()) {
            first.key.subject = subject;
        }
        all.extend(known.into_iter().chain(first));
        all.sort_by(|one, other| one.key.cmp(&other.key));
        let held: Vec<Incident> = incidents.values().cloned().collect();
        let endings = BTreeMap::new();
        let next_number = IncidentNumber(1);
        let world = World {
            breaches: &all,
            endings: &endings,
            incidents: &held,
            next_number,
            now: at,
            steady_since: at,
            announcements: &announcements,
        };
        let events = decide(&policy, world);
        if incident::apply_all(&mut incidents, &events, Actor::Agent, at).is_err() {
            panic!("what is decided fits");
        }
    }
    let incidents: Vec<Incident> = incidents.into_values().collect();
    let mut breaches: Vec<Breach> = incidents
        .iter()
        .flat_map(|one| one.breaches.iter().map(|known| known.breach.clone()))
        .collect();
    breaches.sort_by(|one, other| one.key.cmp(&other.key));
    assert_eq!((incidents.len(), breaches.len()), (50, 1_050));
    let now = at.plus(Span::from_secs(60));
    let endings = BTreeMap::new();
    let next_number = IncidentNumber(51);
    let world = World {
        breaches: &breaches,
        endings: &endings,
        incidents: &incidents,
        next_number,
        now,
        steady_since: at,
        announcements: &announcements,
    };
    assert!(decide(&policy, world).is_empty());
    let world = World { breaches: &breaches[recovered..], ..world };
    bencher.bench(|| decide(black_box(&policy), black_box(world)));
}

#[divan::bench]
fn nothing_new(bencher: Bencher) {
    look(bencher, 0);
}

#[divan::bench]
fn one_breach_has_recovered(bencher: Bencher) {
    look(bencher, 1);
}

fn main() {
    divan::main();
}
