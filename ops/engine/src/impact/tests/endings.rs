//! Tests of the end of an effect: only what is seen to be well ends one.

use domain::{
    breach::Ending,
    impact::{Evidence, MOST_NAMED},
    lifecycle::{State, Step},
    protection::{
        IncidentMeasure, LimitedRequests, Measure, MeasureEnded, MeasureEnding, MeasureInForce,
    },
};
use proptest::prelude::*;

use super::*;

/// A minute in which nothing was heard of an organization.
fn silent(name: &str) -> OrganizationMinute {
    OrganizationMinute::new(organization(name))
}

fn failing(name: &str) -> (String, Effect, Certainty) {
    (name.to_owned(), Effect::Failing, Certainty::Known)
}

fn slow(name: &str) -> (String, Effect, Certainty) {
    (name.to_owned(), Effect::Slow, Certainty::Known)
}

fn until(world: &World) -> Option<i64> {
    let effect = &world.impact(1).unwrap().organizations[0].effects[0];
    effect.until.map(|at| at.as_micros() / 1_000_000 - fixtures::at(0).as_micros() / 1_000_000)
}

#[test]
fn an_effect_does_not_end_because_results_stop() {
    // The app crashes: requests go on. Then they stop too, and then nobody is watched any more.
    for gone in [vec![minute("acme", 0, 0)], vec![silent("acme")], vec![]] {
        let mut world = World::of("host:web-1", "host.memory.used");
        world.look_on(0..30, &[minute("acme", 40, 100)]);
        world.look_on(30..1_500, &gone);
        assert_eq!(world.affected(1), [failing("acme")], "{gone:?}");
        // It is told since when nothing was seen, and again when something is.
        let last_seen =
            |world: &World| world.impact(1).unwrap().organizations[0].effects[0].last_seen;
        assert_eq!(last_seen(&world), Some(fixtures::at(29)));
        // After a restart as well.
        world.assessor = Assessor::default();
        world.look_on(1_500..1_600, &gone);
        assert_eq!(last_seen(&world), Some(fixtures::at(29)));
        // Results that fail in a part that is too small to tell leave it as it is.
        world.look_on(1_600..1_700, &[minute("acme", 2, 2)]);
        assert_eq!(world.affected(1), [failing("acme")]);
        world.look_on(1_700..1_761, &[minute("acme", 0, 1)]);
        assert_eq!((world.affected(1), until(&world)), (vec![], Some(29)));
    }
}

#[test]
fn calm_begins_anew_after_a_silence() {
    let mut world = World::of("host:web-1", "host.memory.used");
    world.look_on(0..30, &[minute("acme", 40, 100)]);
    world.look_on(30..40, &[minute("acme", 0, 10)]);
    world.look_on(40..600, &[minute("acme", 0, 0)]);
    world.look_on(600..659, &[minute("acme", 0, 10)]);
    assert_eq!(world.affected(1), [failing("acme")]);
    world.look_on(659..661, &[minute("acme", 0, 10)]);
    assert_eq!(world.affected(1), []);
    // One that sends now and then is calm too.
    let mut world = World::of("host:web-1", "host.memory.used");
    world.look_on(0..30, &[minute("acme", 40, 100)]);
    for second in [40, 70, 130] {
        world.look(second, &[minute("acme", 0, 1)]);
        world.look(second + 1, &[minute("acme", 0, 0)]);
    }
    assert_eq!(world.affected(1), []);
}

#[test]
fn a_slow_one_ends_by_latencies_that_are_not_slow() {
    let mut world = World::of("host:web-1", "host.memory.used");
    world.look(0, &[took("acme", 20, 9_000, Some(10))]);
    world.look_on(1..300, &[minute("acme", 0, 100)]);
    world.look_on(300..400, &[took("acme", 2, 9_000, Some(10))]);
    assert_eq!(world.affected(1), [slow("acme")], "results without latencies tell nothing of them");
    world.look_on(400..461, &[took("acme", 2, 9, Some(10))]);
    assert_eq!(world.affected(1), []);
}

fn refused(name: &str, requests: u64, refused: u64) -> OrganizationMinute {
    let refused = (refused > 0).then(|| ("uploads".to_owned(), (refused, fixtures::at(0))));
    OrganizationMinute { requests, refused: refused.into_iter().collect(), ..silent(name) }
}

/// Puts a measure for acme in force.
fn limit(world: &mut World) {
    let incident = world.incident(1);
    let measure = Measure {
        requests: LimitedRequests {
            organization: organization("acme"),
            class: "uploads".to_owned(),
        },
        rate: 1.0,
        sent: 10.0,
        usual: None,
        because: incident.breaches[0].breach.key.clone(),
        stage: 0,
        returns: 0,
        until: fixtures::at(10_000),
    };
    let began_at = fixtures::at(0);
    incident.measures.push(IncidentMeasure { measure: measure.clone(), began_at, ended: None });
    let incident = incident.number;
    world.protection.measures.push(MeasureInForce { incident, measure, began_at });
}

#[test]
fn a_limit_ends_by_requests_that_pass_or_with_the_measure() {
    for by_requests in [true, false] {
        let mut world = World::of("host:web-1", "host.memory.used");
        limit(&mut world);
        world.look_on(0..10, &[refused("acme", 10, 4)]);
        world.look_on(10..300, &[silent("acme")]);
        let limited = ("acme".to_owned(), Effect::Limited, Certainty::Known);
        assert_eq!(world.affected(1), [limited], "nothing was sent");
        if by_requests {
            world.look_on(300..361, &[refused("acme", 5, 0)]);
        } else {
            world.protection.measures.clear();
            let ending = MeasureEnding::Calm;
            let ended = MeasureEnded { at: fixtures::at(300), by: Actor::Agent, ending };
            world.incident(1).measures[0].ended = Some(ended);
            world.look_on(300..361, &[]);
        }
        assert_eq!((world.affected(1), until(&world)), (vec![], Some(9)), "{by_requests}");
    }
}

#[test]
fn read_only_ends_by_requests_that_pass_or_with_safe_mode() {
    for by_requests in [true, false] {
        let mut world = World::of("host:web-1", "host.memory.used");
        let incident = world.incidents.get(&1).map(|one| one.number);
        let take = |world: &mut World, number, event| {
            let (at, actor) = (fixtures::at(0), Actor::Agent);
            let event = Some(event);
            world.protection.take(&domain::journal::Entry { number, at, actor, event });
        };
        take(&mut world, 1, Event::SafeModeBegan { incident, reason: "writes fail".into() });
        let paused = OrganizationMinute {
            requests: 10,
            paused: 4,
            paused_since: Some(fixtures::at(0)),
            ..silent("acme")
        };
        world.look_on(0..10, &[paused]);
        world.look_on(10..300, &[silent("acme")]);
        let read_only = ("acme".to_owned(), Effect::ReadOnly, Certainty::Known);
        assert_eq!(world.affected(1), [read_only], "nothing was sent");
        if by_requests {
            world.look_on(300..361, &[OrganizationMinute { requests: 5, ..silent("acme") }]);
        } else {
            take(&mut world, 2, Event::SafeModeEnded);
            world.look_on(300..361, &[]);
        }
        assert_eq!((world.affected(1), until(&world)), (vec![], Some(9)), "{by_requests}");
    }
}

#[test]
fn a_likely_one_ends_when_its_endpoint_has_recovered() {
    let likely = ("acme".to_owned(), Effect::Failing, Certainty::Likely);
    for (ending, ends) in [
        (Ending::Recovered { since: fixtures::at(90) }, true),
        (Ending::NoLongerWatched, false),
        (Ending::Stopped, false),
    ] {
        let mut world = World::of("endpoint:checkout", "endpoint.up");
        world.look_on(0..10, &[minute("acme", 0, 0)]);
        world.look_on(10..100, &[silent("acme")]);
        assert_eq!(world.affected(1), std::slice::from_ref(&likely), "nothing was sent");
        let breach = &mut world.incident(1).breaches[0];
        (breach.cleared_at, breach.ending) = (Some(fixtures::at(100)), Some(ending));
        world.look_on(100..161, &[minute("acme", 0, 0)]);
        assert_eq!(world.affected(1).is_empty(), ends, "{ending:?}");
    }
}

#[test]
fn what_is_known_stays_known_while_reports_come_late() {
    let mut world = World::of("endpoint:checkout", "endpoint.up");
    world.look(5, &[minute("acme", 0, 0)]);
    for round in 0..10 {
        let begin = 20 + 90 * round;
        world.look_on(begin..begin + 60, &[minute("acme", 5, 10)]);
        assert_eq!(world.affected(1), [failing("acme")]);
        world.look_on(begin + 60..begin + 90, &[minute("acme", 0, 0)]);
        assert_eq!(world.affected(1), [failing("acme")]);
        let effect = &world.impact(1).unwrap().organizations[0].effects[0];
        assert_eq!(effect.since, fixtures::at(0), "the beginning is kept");
    }
    assert_eq!(world.written.len(), 2, "{:?}", world.written);
}

#[test]
fn the_earlier_beginning_stays_when_a_likely_one_is_known() {
    let mut world = World::of("endpoint:checkout", "endpoint.up");
    world.look(5, &[minute("acme", 0, 0)]);
    let since = Some(fixtures::at(200));
    world.look(210, &[OrganizationMinute { failed_since: since, ..minute("acme", 5, 10) }]);
    assert_eq!(world.affected(1), [failing("acme")]);
    assert_eq!(world.impact(1).unwrap().organizations[0].effects[0].since, fixtures::at(5));
}

#[test]
fn after_a_restart_an_effect_was_last_seen_when_the_journal_says() {
    let mut world = World::of("host:web-1", "host.memory.used");
    world.look_on(0..100, &[minute("acme", 40, 100)]);
    world.assessor = Assessor::default();
    world.look_on(7_300..7_361, &[minute("acme", 0, 100)]);
    assert_eq!(world.affected(1), [failing("acme")]);
    world.look(7_361, &[minute("acme", 0, 100)]);
    assert_eq!((world.affected(1), until(&world)), (vec![], Some(0)));
}

#[test]
fn nothing_ends_while_nothing_is_counted_and_all_ends_with_the_incident() {
    let mut world = World::of("host:web-1", "host.memory.used");
    world.look(0, &[minute("acme", 50, 100)]);
    let incidents: Vec<Incident> = world.incidents.values().cloned().collect();
    let (protection, assessor) = (&world.protection, &mut world.assessor);
    let mut scene = Scene { incidents: &incidents, protection, minutes: None, now: now(299) };
    assert_eq!(assessor.decide(&scene), []);
    // It is told that it was not seen any more.
    scene.now = now(300);
    let [event] = &assessor.decide(&scene)[..] else { panic!("one change") };
    world.take(300, event);
    assert_eq!(world.affected(1), [failing("acme")]);
    let effect = &world.impact(1).unwrap().organizations[0].effects[0];
    assert_eq!(effect.last_seen, Some(fixtures::at(0)));
    let incident = world.incident(1);
    incident.state = State::Recovering;
    let number = incident.number;
    world.take(600, &Event::Resolved { incident: number, step: Step::StayedQuiet, note: None });
    let impact = world.look(601, &[minute("acme", 50, 100)]).unwrap();
    assert_eq!(impact.organizations[0].effects[0].until, Some(fixtures::at(600)));
    assert_eq!(world.written.len(), 1);
}

#[test]
fn without_a_gate_after_a_restart_an_effect_is_told_as_not_seen() {
    let mut world = World::of("host:web-1", "host.memory.used");
    world.look_on(0..30, &[minute("acme", 40, 100), minute("beta", 0, 0)]);
    let before = world.impact(1).unwrap().clone();
    assert_eq!(before.not_reported, 1);
    world.assessor = Assessor::default();
    let incidents: Vec<Incident> = world.incidents.values().cloned().collect();
    let mut written = Vec::new();
    for second in 100..500 {
        let (incidents, protection) = (&incidents[..], &world.protection);
        let scene = Scene { incidents, protection, minutes: None, now: now(second) };
        written.extend(world.assessor.decide(&scene).into_iter().map(|event| (second, event)));
    }
    let (second, event) = &written[0];
    assert_eq!(*second, 400, "five minutes after the start");
    world.take(*second, event);
    let impact = world.impact(1).unwrap();
    assert_eq!(impact.not_reported, 1, "nothing new is known of the others");
    assert_eq!(impact.organizations[0].effects[0].last_seen, Some(before.at));
    assert_eq!(world.affected(1), [failing("acme")]);
}

#[test]
fn an_impact_that_lands_after_the_incident_was_resolved_is_over() {
    let mut world = World::of("host:web-1", "host.memory.used");
    world.look(0, &[minute("acme", 50, 100)]);
    let mut impact = world.impact(1).unwrap().clone();
    (impact.more_known, impact.not_reported) = (3, 2);
    let number = world.incident(1).number;
    let resolved = Event::Resolved { incident: number, step: Step::PersonResolved, note: None };
    world.take(10, &resolved);
    // It was decided before, and written after.
    world.take(11, &Event::ImpactChanged { incident: number, impact: Box::new(impact) });
    assert_eq!(world.affected(1), []);
    let impact = world.impact(1).unwrap();
    assert_eq!((impact.counts().known, impact.not_reported), (0, 0));
    assert_eq!(until(&world), Some(11));
}

/// Names of organizations in the property.
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn any_minute() -> impl Strategy<Value = OrganizationMinute> {
    let name = prop::sample::select(NAMES.to_vec());
    let results = prop_oneof![1 => Just((0, 0)), 2 => (0..8_u64, 0..60_u64)];
    (name, results, 0..40_u64, 0..2_500_u64).prop_map(|(name, (failed, results), known, millis)| {
        OrganizationMinute {
            failed: failed.min(results),
            failed_since: (failed.min(results) > 0).then(|| fixtures::at(0)),
            results,
            ..took(name, known.min(results), millis, Some(300))
        }
    })
}

fn shows(minute: &OrganizationMinute, effect: Effect) -> bool {
    match effect {
        Effect::Failing => minute.failed >= 3 && minute.failed * 20 >= minute.results,
        Effect::Slow => {
            minute.latencies >= 20 && minute.p95.is_some_and(|p95| p95 >= Span::from_secs(1))
        }
        Effect::ReadOnly | Effect::Limited => false,
    }
}

fn refutes(minute: &OrganizationMinute, effect: Effect) -> bool {
    match effect {
        Effect::Failing => minute.results > 0 && minute.failed * 20 < minute.results,
        Effect::Slow => minute.p95.is_some_and(|p95| p95 < Span::from_secs(1)),
        Effect::ReadOnly | Effect::Limited => false,
    }
}

type Standing = std::collections::BTreeSet<(String, Effect, Certainty)>;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: fixtures::cases(128), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn every_change_has_its_evidence_and_none_comes_soon_after_another(
        looks in prop::collection::vec(prop::collection::vec(any_minute(), 0..5), 1..60),
        step in 1..30_i64,
        endpoint in any::<bool>(),
    ) {
        let (subject, signal) = if endpoint {
            ("endpoint:checkout", "endpoint.up")
        } else {
            ("host:web-1", "host.memory.used")
        };
        let mut worlds = [(); 2].map(|()| World::of(subject, signal));
        let mut before = Standing::new();
        // The last change of each, and the last minute that showed or refuted it.
        let mut changed = BTreeMap::new();
        let (mut shown, mut refuted) = (BTreeMap::new(), BTreeMap::new());
        for (index, minutes) in looks.iter().enumerate() {
            let seconds = step * i64::try_from(index).unwrap_or(0);
            let mut minutes = minutes.clone();
            minutes.sort_by_key(|one| one.organization.clone());
            minutes.dedup_by_key(|one| one.organization.clone());
            let impact = worlds[0].look(seconds, &minutes).cloned();
            let mut reversed = minutes.clone();
            reversed.reverse();
            prop_assert_eq!(worlds[1].look(seconds, &reversed), impact.as_ref());
            for one in &minutes {
                for effect in [Effect::Failing, Effect::Slow] {
                    let key = (one.organization.name().to_owned(), effect);
                    if shows(one, effect) {
                        shown.insert(key, seconds);
                    } else if refutes(one, effect) {
                        refuted.insert(key, seconds);
                    }
                }
            }
            let holding: Standing = affected(impact.as_ref()).into_iter().collect();
            for began in holding.difference(&before) {
                let (name, effect, certainty) = began.clone();
                // Entries wait for each other.
                let seen = if certainty == Certainty::Known {
                    shown.get(&(name, effect)).copied()
                } else {
                    prop_assert!(endpoint && effect == Effect::Failing);
                    Some(seconds)
                };
                prop_assert!(seen.is_some_and(|at| at > seconds - 10 - step), "{began:?}");
                changed.insert(began.clone(), seconds);
            }
            for ended in before.difference(&holding) {
                let (name, effect, certainty) = ended.clone();
                let key = (name.clone(), effect);
                let is_known_now = holding.contains(&(name, effect, Certainty::Known));
                if certainty == Certainty::Likely && is_known_now {
                    continue;
                }
                let last = changed.insert(ended.clone(), seconds).unwrap_or(i64::MIN);
                prop_assert!(seconds - last >= 60 - 10 - step, "{ended:?} after {last}");
                let last_shown = shown.get(&key).copied().unwrap_or(i64::MIN);
                let last_refuted = refuted.get(&key).copied();
                prop_assert!(
                    last_refuted.is_some_and(|at| at.saturating_sub(last_shown) >= 60),
                    "{ended:?}: shown at {last_shown}, refuted at {last_refuted:?}"
                );
            }
            before = holding;
            for one in impact.iter().flat_map(|impact| &impact.organizations) {
                for effect in &one.effects {
                    prop_assert!(effect.until.is_none_or(|until| until >= effect.since));
                    let is_limit = matches!(effect.evidence, Evidence::Refused { .. });
                    prop_assert!(!is_limit, "no limit belongs to this incident");
                }
            }
            prop_assert!(impact.is_none_or(|impact| impact.organizations.len() <= MOST_NAMED));
        }
    }
}
