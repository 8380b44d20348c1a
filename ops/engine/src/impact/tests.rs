//! Tests of the customer impact over time.

mod endings;
mod journal;
mod places;

use std::collections::BTreeMap;

use domain::{
    actor::Actor,
    impact::{Certainty, Effect, Impact},
    incident::{Incident, apply},
    journal::Event,
    protection::Protection,
    subject::Subject,
    time::{MonotonicTime, Now, Span},
};

use super::*;
use crate::gate::Counts;

fn organization(name: &str) -> Subject {
    format!("organization:{name}").parse().unwrap()
}

fn minute(name: &str, failed: u64, results: u64) -> OrganizationMinute {
    OrganizationMinute {
        requests: results.max(10),
        results,
        failed,
        failed_since: (failed > 0).then(|| fixtures::at(0)),
        ..OrganizationMinute::new(organization(name))
    }
}

/// A minute whose requests all took this long, of which as many are known.
fn took(name: &str, latencies: u64, millis: u64, usual: Option<u64>) -> OrganizationMinute {
    OrganizationMinute {
        latencies,
        p95: (latencies > 0).then(|| Span::from_millis(millis)),
        usual: usual.map(Span::from_millis),
        ..minute(name, 0, latencies)
    }
}

fn now(seconds: i64) -> Now {
    let mono = MonotonicTime::from_micros(1_000_000_000);
    Now { wall: fixtures::at(seconds), mono: mono.plus(Span::from_secs(seconds.unsigned_abs())) }
}

/// An assessor with incidents that follow what it decides.
#[derive(Default)]
struct World {
    assessor: Assessor,
    incidents: BTreeMap<u32, Incident>,
    protection: Protection,
    /// The times of entries, with their incidents.
    written: Vec<(i64, u32)>,
}

impl World {
    fn of(subject: &str, signal: &str) -> Self {
        let mut world = Self::default();
        world.open(1, subject, signal, 0);
        world
    }

    fn open(&mut self, number: u32, subject: &str, signal: &str, seconds: i64) {
        let breach = fixtures::breach().on(subject).signal(signal).build();
        let incident = fixtures::incident(number).cause(subject).of([breach]);
        self.incidents.insert(number, incident.opened(fixtures::at(seconds)).build());
    }

    fn incident(&mut self, number: u32) -> &mut Incident {
        self.incidents.get_mut(&number).unwrap()
    }

    fn take(&mut self, seconds: i64, event: &Event) {
        let number = event.incident().unwrap().0;
        let mut incident = self.incidents.remove(&number);
        apply(&mut incident, event, Actor::Agent, fixtures::at(seconds)).unwrap();
        self.incidents.extend(incident.map(|incident| (number, incident)));
    }

    /// Looks once, and tells the impact of the first incident.
    fn look(&mut self, seconds: i64, minutes: &[OrganizationMinute]) -> Option<&Impact> {
        let incidents: Vec<Incident> = self.incidents.values().cloned().collect();
        let events = self.assessor.decide(&Scene {
            incidents: &incidents,
            protection: &self.protection,
            minutes: Some(minutes),
            now: now(seconds),
        });
        for event in events {
            self.written.push((seconds, event.incident().unwrap().0));
            self.take(seconds, &event);
        }
        self.impact(1)
    }

    /// Looks once a second.
    fn look_on(&mut self, seconds: std::ops::Range<i64>, minutes: &[OrganizationMinute]) {
        for second in seconds {
            self.look(second, minutes);
        }
    }

    fn impact(&self, number: u32) -> Option<&Impact> {
        self.incidents.get(&number)?.impact.as_deref()
    }

    /// The effects of the incident that hold.
    fn affected(&self, number: u32) -> Vec<(String, Effect, Certainty)> {
        affected(self.impact(number))
    }
}

fn affected(impact: Option<&Impact>) -> Vec<(String, Effect, Certainty)> {
    let listed = impact.into_iter().flat_map(|one| &one.organizations).flat_map(|one| {
        let name = one.organization.name().to_owned();
        one.holding()
            .map(move |known| (name.clone(), known.evidence.effect(), known.evidence.certainty()))
    });
    listed.collect()
}

#[test]
fn an_organization_that_fails_is_told_at_once_and_ends_after_a_calm_minute() {
    let mut world = World::of("host:web-1", "host.memory.used");
    for (failed, results) in [(0, 100), (2, 2), (3, 100)] {
        assert_eq!(
            world.look(1, &[minute("acme", failed, results)]),
            None,
            "{failed} of {results}"
        );
    }
    let both = |failed| [minute("acme", failed, 100), minute("beta", 1, 100)];
    let told = affected(world.look(2, &both(12)));
    assert_eq!(told, [("acme".to_owned(), Effect::Failing, Certainty::Known)]);
    world.look_on(3..100, &both(13));
    world.look_on(100..159, &both(0));
    assert_eq!(world.affected(1).len(), 1);
    world.look_on(160..161, &both(0));
    assert_eq!(world.affected(1), []);
    let effect = &world.impact(1).unwrap().organizations[0].effects[0];
    assert_eq!((effect.since, effect.until), (fixtures::at(0), Some(fixtures::at(99))));
}

#[test]
fn a_latency_counts_beside_the_usual_one_and_not_where_few_are_known() {
    let mut world = World::of("organization:beta", "organization.latency");
    for (second, minute) in [
        took("beta", 20, 999, Some(10)),
        took("beta", 20, 2_000, Some(700)),
        // Of fewer, the slowest alone would be told as 95%.
        took("beta", 1, 9_000, Some(10)),
        took("beta", 19, 9_000, Some(10)),
        took("beta", 19, 9_000, None),
    ]
    .into_iter()
    .enumerate()
    {
        let seconds = i64::try_from(second).unwrap();
        assert_eq!(world.look(seconds, std::slice::from_ref(&minute)), None, "{minute:?}");
    }
    let acme = took("acme", 20, 9_000, Some(10));
    assert_eq!(world.look(6, &[acme]), None, "it is about beta alone");
    let told = affected(world.look(7, &[took("beta", 20, 2_000, None)]));
    assert_eq!(told, [("beta".to_owned(), Effect::Slow, Certainty::Known)]);
}

#[test]
fn what_is_not_reported_is_likely_or_unknown() {
    let mut world = World::of("endpoint:checkout", "endpoint.up");
    let told = affected(world.look(0, &[minute("acme", 0, 0), minute("beta", 0, 100)]));
    assert_eq!(told, [("acme".to_owned(), Effect::Failing, Certainty::Likely)]);
    // Once results are reported they count, and are told as known from then on.
    world.look(11, &[minute("acme", 5, 10), minute("beta", 0, 100)]);
    assert_eq!(world.affected(1), [("acme".to_owned(), Effect::Failing, Certainty::Known)]);
    let mut world = World::of("host:web-1", "host.memory.used");
    let impact = world.look(0, &[minute("acme", 0, 0), minute("beta", 9, 10)]).unwrap();
    assert_eq!((impact.organizations.len(), impact.not_reported), (1, 1));
}

#[test]
fn limits_belong_to_the_incident_about_the_organization_and_read_only_to_safe_mode() {
    let refused = |name: &str| OrganizationMinute {
        refused: [("uploads".to_owned(), (4, fixtures::at(0)))].into(),
        paused: 2,
        paused_since: Some(fixtures::at(0)),
        ..minute(name, 0, 10)
    };
    let minutes = [refused("acme"), refused("beta")];
    let mut world = World::of("organization:acme", "organization.batch");
    let told = affected(world.look(0, &minutes));
    assert_eq!(told, [("acme".to_owned(), Effect::Limited, Certainty::Known)]);
    world.protection.take(&domain::journal::Entry {
        number: 1,
        at: fixtures::at(0),
        actor: Actor::Agent,
        event: Some(Event::SafeModeBegan {
            incident: world.incidents.get(&1).map(|one| one.number),
            reason: "writes fail".into(),
        }),
    });
    let told = affected(world.look(11, &minutes));
    let read_only = |name: &str| (name.to_owned(), Effect::ReadOnly, Certainty::Known);
    assert_eq!(
        told,
        [
            read_only("acme"),
            ("acme".to_owned(), Effect::Limited, Certainty::Known),
            read_only("beta")
        ]
    );
}

#[test]
fn the_last_minute_forgets_what_is_older() {
    let mut traffic = Traffic::default();
    let acme = organization("acme");
    let counts = |errors| {
        let mut counts = Counts { requests: 10, results: 10, errors, ..Counts::default() };
        counts.latencies.record(Span::from_millis(20));
        counts
    };
    for seconds in 0..180 {
        let counts = [counts(u64::from(seconds < 60))];
        let began_at = fixtures::at(seconds);
        let sample = Sample { classes: &["reads"], counts: &counts, began_at };
        traffic.take(&acme, &sample, now(seconds).mono);
        let [one] = &traffic.minutes()[..] else { panic!("one organization") };
        assert!(one.results <= 600, "{seconds}: {}", one.results);
        assert_eq!(one.latencies * 10, one.results, "{seconds}");
        match seconds {
            59 => assert_eq!((one.failed, one.failed_since), (60, Some(fixtures::at(0)))),
            130.. => assert_eq!((one.failed, one.failed_since), (0, None)),
            _ => {}
        }
    }
    traffic.retain(|_| false);
    assert_eq!(traffic.minutes(), []);
}
