//! Tests of the customer impact over time.

use domain::{
    actor::Actor,
    impact::{Certainty, Effect, Evidence, Impact, MOST_NAMED},
    incident::{Incident, apply},
    journal::Event,
    lifecycle::{State, Step},
    protection::Protection,
    subject::Subject,
    time::{MonotonicTime, Now, Span},
};
use proptest::prelude::*;

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

fn now(seconds: i64) -> Now {
    let mono = MonotonicTime::from_micros(1_000_000_000);
    Now { wall: fixtures::at(seconds), mono: mono.plus(Span::from_secs(seconds.unsigned_abs())) }
}

/// An assessor with an incident that follows what it decides.
struct World {
    assessor: Assessor,
    incident: Option<Incident>,
    protection: Protection,
    written: usize,
}

impl World {
    fn of(subject: &str, signal: &str) -> Self {
        let breach = fixtures::breach().on(subject).signal(signal).build();
        let incident = Some(fixtures::incident(1).of([breach]).build());
        let protection = Protection::default();
        Self { assessor: Assessor::default(), incident, protection, written: 0 }
    }

    fn look(&mut self, seconds: i64, minutes: &[OrganizationMinute]) -> Option<&Impact> {
        let incidents: Vec<Incident> = self.incident.iter().cloned().collect();
        let events = self.assessor.decide(&Scene {
            incidents: &incidents,
            protection: &self.protection,
            minutes: Some(minutes),
            now: now(seconds),
        });
        self.written += events.len();
        for event in events {
            apply(&mut self.incident, &event, Actor::Agent, fixtures::at(seconds)).unwrap();
        }
        self.incident.as_ref()?.impact.as_deref()
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
    // The same figures are not journalled again, nor is a small change.
    world.look(200, &both(13));
    assert_eq!(world.written, 1);
    world.look(201, &both(60));
    assert_eq!(world.written, 2);
    world.look(220, &both(90));
    assert_eq!(world.written, 2, "growth within the minute waits");
    // After a restart the journal alone is known.
    world.assessor = Assessor::default();
    world.look(221, &both(0));
    assert_eq!(affected(world.look(280, &both(0))).len(), 1);
    let impact = world.look(281, &both(0)).unwrap();
    assert_eq!(affected(Some(impact)), []);
    let effect = &impact.organizations[0].effects[0];
    assert_eq!((effect.since, effect.until), (fixtures::at(0), Some(fixtures::at(221))));
}

#[test]
fn nothing_ends_while_nothing_is_counted_and_all_ends_with_the_incident() {
    let mut world = World::of("host:web-1", "host.memory.used");
    world.look(0, &[minute("acme", 50, 100)]);
    let incidents: Vec<Incident> = world.incident.iter().cloned().collect();
    let (protection, assessor) = (&world.protection, &mut world.assessor);
    let scene = Scene { incidents: &incidents, protection, minutes: None, now: now(500) };
    assert_eq!(assessor.decide(&scene), []);
    let incident = world.incident.as_mut().unwrap();
    incident.state = State::Recovering;
    let number = incident.number;
    let event = Event::Resolved { incident: number, step: Step::StayedQuiet, note: None };
    apply(&mut world.incident, &event, Actor::Agent, fixtures::at(600)).unwrap();
    let impact = world.look(601, &[minute("acme", 50, 100)]).unwrap();
    assert_eq!(impact.organizations[0].effects[0].until, Some(fixtures::at(600)));
    assert_eq!(world.written, 1);
}

#[test]
fn a_latency_counts_beside_the_usual_one() {
    let mut world = World::of("organization:beta", "organization.latency");
    let with = |name: &str, p95, usual: Option<u64>| OrganizationMinute {
        p95: Some(Span::from_millis(p95)),
        usual: usual.map(Span::from_millis),
        ..minute(name, 0, 10)
    };
    assert_eq!(world.look(0, &[with("beta", 999, Some(10)), with("beta", 2_000, Some(700))]), None);
    assert_eq!(world.look(1, &[with("acme", 9_000, Some(10))]), None, "it is about beta alone");
    let told = affected(world.look(2, &[with("beta", 2_000, None)]));
    assert_eq!(told, [("beta".to_owned(), Effect::Slow, Certainty::Known)]);
}

#[test]
fn what_is_not_reported_is_likely_or_unknown() {
    let mut world = World::of("endpoint:checkout", "endpoint.up");
    let told = affected(world.look(0, &[minute("acme", 0, 0), minute("beta", 0, 100)]));
    assert_eq!(told, [("acme".to_owned(), Effect::Failing, Certainty::Likely)]);
    // Once results are reported they count, and are told as known from then on.
    let told = affected(world.look(1, &[minute("acme", 5, 10), minute("beta", 0, 100)]));
    assert_eq!(told, [("acme".to_owned(), Effect::Failing, Certainty::Known)]);
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
            incident: world.incident.as_ref().map(|one| one.number),
            reason: "writes fail".into(),
        }),
    });
    let told = affected(world.look(1, &minutes));
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
fn a_crowd_is_counted_and_does_not_fill_the_journal() {
    let mut world = World::of("host:web-1", "host.memory.used");
    let minutes = |failed| -> Vec<OrganizationMinute> {
        (0..200).map(|index| minute(&format!("o{index:03}"), failed, 100)).collect()
    };
    let impact = world.look(0, &minutes(50)).unwrap();
    assert_eq!((impact.organizations.len(), impact.more_known), (MOST_NAMED, 150));
    for seconds in 1..60 {
        world.look(seconds, &minutes(40 + seconds.unsigned_abs()));
    }
    assert_eq!(world.written, 1);
}

#[test]
fn the_last_minute_forgets_what_is_older() {
    let mut traffic = Traffic::default();
    let acme = organization("acme");
    let counts = |errors| Counts { requests: 10, results: 10, errors, ..Counts::default() };
    for seconds in 0..180 {
        let counts = [counts(u64::from(seconds < 60))];
        let began_at = fixtures::at(seconds);
        let sample = Sample { classes: &["reads"], counts: &counts, began_at };
        traffic.take(&acme, &sample, now(seconds).mono);
        let [one] = &traffic.minutes()[..] else { panic!("one organization") };
        assert!(one.results <= 600, "{seconds}: {}", one.results);
        match seconds {
            59 => assert_eq!((one.failed, one.failed_since), (60, Some(fixtures::at(0)))),
            130.. => assert_eq!((one.failed, one.failed_since), (0, None)),
            _ => {}
        }
    }
    traffic.retain(|_| false);
    assert_eq!(traffic.minutes(), []);
}

fn any_minute() -> impl Strategy<Value = OrganizationMinute> {
    let names = prop::sample::select(vec!["a", "b", "c", "d"]);
    (names, 0..8_u64, 0..60_u64, 0..3_u64).prop_map(|(name, failed, results, refused)| {
        let refused = (refused > 0).then(|| ("uploads".to_owned(), (refused, fixtures::at(0))));
        OrganizationMinute {
            refused: refused.into_iter().collect(),
            ..minute(name, failed.min(results), results)
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: fixtures::cases(128), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_is_known_without_evidence_nor_flaps_nor_depends_on_the_order(
        looks in prop::collection::vec(prop::collection::vec(any_minute(), 0..5), 1..40),
        step in 1..30_i64,
    ) {
        let mut worlds = [(); 2].map(|()| World::of("endpoint:checkout", "endpoint.up"));
        let mut began = std::collections::BTreeMap::new();
        for (index, minutes) in looks.iter().enumerate() {
            let seconds = step * i64::try_from(index).unwrap_or(0);
            let mut minutes = minutes.clone();
            minutes.sort_by_key(|one| one.organization.clone());
            minutes.dedup_by_key(|one| one.organization.clone());
            let impact = worlds[0].look(seconds, &minutes).cloned();
            minutes.reverse();
            prop_assert_eq!(worlds[1].look(seconds, &minutes), impact.as_ref());
            for (name, effect, certainty) in affected(impact.as_ref()) {
                let shown = |one: &OrganizationMinute| {
                    one.organization.name() == name && one.failed >= 3
                        && one.failed * 20 >= one.results
                };
                if began.insert((name.clone(), effect), seconds).is_none()
                    && certainty == Certainty::Known
                {
                    prop_assert!(minutes.iter().any(shown), "{name} {effect:?}");
                    prop_assert_eq!(effect, Effect::Failing, "no limit belongs to this incident");
                }
            }
            for one in impact.iter().flat_map(|impact| &impact.organizations) {
                for effect in &one.effects {
                    prop_assert!(effect.until.is_none_or(|until| until >= effect.since));
                    let Evidence::Refused { .. } = effect.evidence else { continue };
                    prop_assert!(false, "no limit belongs to this incident");
                }
            }
        }
    }
}
