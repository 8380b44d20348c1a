//! Tests of the agent's measures over time.

use domain::{
    actor::Actor,
    breach::{BreachKey, Ending, Guidance},
    id::IncidentNumber,
    incident::{Incident, apply},
    journal::{Entry, Event},
    lifecycle::State,
    protection::{AllowedMeasure, ClassTraffic, LimitedRequests, Protection, SafeModeStage},
    time::{MonotonicTime, Now, Span},
};
use policy::limits::Limits;
use proptest::prelude::*;

use super::*;

/// The shipped limits with other rules.
fn limits(rules: &[(&str, &str)]) -> Limits {
    let mut text = include_str!("../../../protection/limits.md").to_owned();
    for (rule, value) in rules {
        let line = text.lines().find(|line| line.starts_with(&format!("| {rule} |"))).unwrap();
        text = text.replace(&line.to_owned(), &format!("| {rule} | {value} |"));
    }
    Limits::parse("protection/limits.md", &text).unwrap()
}

fn requests(name: &str, class: &str) -> LimitedRequests {
    let organization = format!("organization:{name}").parse().unwrap();
    LimitedRequests { organization, class: class.to_owned() }
}

fn traffic(name: &str, sent: f64, usual: Option<f64>) -> ClassTraffic {
    let requests = requests(name, "uploads");
    ClassTraffic { requests, sent, refused: 0.0, above: 0.0, usual }
}

fn uploads(minutes: u64) -> AllowedMeasure {
    AllowedMeasure::Limit { class: "uploads".to_owned(), lasts: Span::from_mins(minutes) }
}

/// An incident whose problem allows measures, and everything that follows from decisions.
struct World {
    guard: Guard,
    limits: Limits,
    incident: Incident,
    protection: Protection,
    traffic: Vec<ClassTraffic>,
    seconds: i64,
    number: u64,
    told: Vec<Event>,
}

impl World {
    fn new(subject: &str, measures: Vec<AllowedMeasure>) -> Self {
        let mut breach = fixtures::breach().on(subject).signal("organization.batch").build();
        breach.guidance = Guidance { measures, ..Guidance::default() };
        Self {
            guard: Guard::default(),
            limits: limits(&[]),
            incident: fixtures::incident(1).of([breach]).build(),
            protection: Protection::default(),
            traffic: vec![
                traffic("acme", 120.0, Some(10.0)),
                traffic("b", 10.0, Some(10.0)),
                traffic("c", 10.0, Some(10.0)),
            ],
            seconds: 0,
            number: 0,
            told: Vec::new(),
        }
    }

    fn now(&self) -> Now {
        let mono = MonotonicTime::from_micros(1_000_000_000)
            .plus(Span::from_secs(self.seconds.unsigned_abs()));
        Now { wall: fixtures::at(self.seconds), mono }
    }

    fn take(&mut self, event: Event, actor: Actor) {
        self.number += 1;
        let at = fixtures::at(self.seconds);
        let mut incident = Some(self.incident.clone());
        apply(&mut incident, &event, actor, at).unwrap();
        self.incident = incident.unwrap();
        let entry = Entry { number: self.number, at, actor, event: Some(event.clone()) };
        self.protection.take(&entry);
        self.told.push(event);
    }

    fn decide(&mut self) -> Vec<Event> {
        let incidents = [self.incident.clone()];
        let scene = Scene {
            incidents: &incidents,
            protection: &self.protection,
            traffic: Some(&self.traffic),
            limits: &self.limits,
            now: self.now(),
        };
        self.guard.decide(&scene)
    }

    /// Ticks for some seconds, once a second.
    fn run(&mut self, seconds: i64) {
        for _ in 0..seconds {
            for event in self.decide() {
                self.take(event, Actor::Agent);
            }
            assert_eq!(self.decide(), [], "what is decided is done");
            self.seconds += 1;
        }
    }

    fn key(&self) -> BreachKey {
        self.incident.breaches[0].breach.key.clone()
    }

    fn clear(&mut self) {
        let ending = Ending::Recovered { since: fixtures::at(self.seconds) };
        let event = Event::BreachCleared { incident: IncidentNumber(1), key: self.key(), ending };
        self.take(event, Actor::Agent);
    }

    fn come_back(&mut self) {
        let mut breach = self.incident.breaches[0].breach.clone();
        breach.fired_at = fixtures::at(self.seconds);
        let event = Event::BreachJoined { incident: IncidentNumber(1), breach: Box::new(breach) };
        self.take(event, Actor::Agent);
    }

    fn rates(&self) -> Vec<(&str, f64)> {
        let rate = |one: &domain::protection::MeasureInForce| one.measure.rate;
        self.protection
            .measures
            .iter()
            .map(|one| (one.measure.requests.organization.name(), rate(one)))
            .collect()
    }
}

const ACME: &str = "organization:acme";

#[test]
fn a_spike_is_limited_to_its_fair_share_and_the_limit_ends_in_stages() {
    let mut world = World::new(ACME, vec![uploads(10)]);
    world.run(1);
    assert_eq!(world.rates(), [("acme", 15.0)]);
    assert_eq!(world.incident.state, State::Stabilizing);
    world.run(100);
    assert_eq!(world.rates(), [("acme", 15.0)], "as long as the problem holds");
    world.clear();
    world.traffic[0].sent = 8.0;
    let mut rates = Vec::new();
    for _ in 0..7 {
        world.run(10);
        rates.push(world.rates().first().map(|(_, rate)| *rate));
    }
    assert_eq!(
        rates,
        [Some(15.0), Some(15.0), Some(30.0), Some(30.0), Some(60.0), Some(60.0), None]
    );
    assert!(world.incident.measures_in_force().next().is_none());
}

#[test]
fn a_problem_that_returns_brings_the_limit_back_and_makes_it_wait_longer() {
    let mut world = World::new(ACME, vec![uploads(30)]);
    world.run(1);
    world.clear();
    world.run(22);
    assert_eq!(world.rates(), [("acme", 30.0)]);
    world.come_back();
    world.run(2);
    assert_eq!(world.rates(), [("acme", 15.0)]);
    world.clear();
    world.run(39);
    assert_eq!(world.rates(), [("acme", 15.0)]);
    world.run(3);
    assert_eq!(world.rates(), [("acme", 30.0)]);
}

#[test]
fn a_measure_that_is_over_needs_a_new_reason() {
    let mut world = World::new(ACME, vec![uploads(1)]);
    world.run(90);
    assert_eq!(world.rates(), [], "its time is over, and the same problem is no new reason");
    world.clear();
    world.come_back();
    world.run(1);
    assert_eq!(world.rates(), [("acme", 15.0)]);
    let requests = requests("acme", "uploads");
    let ending = domain::protection::MeasureEnding::Person;
    world.take(Event::MeasureEnded { incident: IncidentNumber(1), requests, ending }, Actor::Local);
    world.run(10);
    assert_eq!(world.rates(), [], "a person lifted it");
}

#[test]
fn nothing_begins_while_it_is_suspended_without_a_gate_or_where_it_would_limit_nothing() {
    let mut world = World::new(ACME, vec![uploads(10)]);
    world.take(Event::AutomationSuspended { reason: "x".into() }, Actor::Local);
    world.run(10);
    assert_eq!(world.rates(), []);
    world.take(Event::AutomationResumed, Actor::Local);
    world.traffic[0].sent = 16.0;
    world.run(10);
    assert_eq!(world.rates(), [], "16 requests/s are hardly more than 15");
    let mut other = World::new("host:web-1", vec![]);
    other.run(10);
    assert_eq!(other.rates(), [], "no row allows a measure");
    let mut none = World::new(ACME, vec![uploads(10)]);
    none.limits = limits(&[("most organizations limited", "0")]);
    none.run(10);
    assert_eq!(none.rates(), []);
}

#[test]
fn an_overload_limits_those_who_exceed_their_usual_rate_and_more_while_it_holds() {
    let mut world = World::new("gate:gate@web-1", vec![uploads(10)]);
    world.traffic = vec![
        traffic("acme", 120.0, Some(10.0)),
        traffic("b", 24.0, Some(10.0)),
        traffic("c", 10.0, Some(10.0)),
        traffic("new", 10.0, None),
    ];
    world.run(1);
    assert_eq!(world.rates(), [("acme", 17.5), ("b", 17.5)], "45 pass, 10 of c among them");
    world.run(60);
    let rates = world.rates();
    let names: Vec<&str> = rates.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["acme", "b"], "never who sends what is usual, or of whom nothing is known");
    assert!(rates.iter().all(|(_, rate)| *rate >= 10.0), "{rates:?}");
}

#[test]
fn safe_mode_begins_only_where_the_limits_allow_it_and_never_ends() {
    let mut world = World::new("host:web-1", vec![AllowedMeasure::SafeMode]);
    world.incident.breaches[0].breach.severity = domain::severity::Severity::Critical;
    world.run(5);
    assert!(world.protection.safe_mode.is_none(), "the limits say manual");
    world.limits = limits(&[("safe mode", "automatic")]);
    world.run(5);
    assert!(world.protection.safe_mode.is_some());
    world.clear();
    world.run(100_000);
    assert!(world.protection.safe_mode.is_some(), "a person ends it");
    let stage = SafeModeStage::Interactive;
    world.take(Event::SafeModeStageChanged { stage, incident: None }, Actor::Local);
    world.run(5);
    world.come_back();
    world.run(1);
    let stage = world.protection.safe_mode.as_ref().map(|one| one.stage);
    assert_eq!(stage, Some(SafeModeStage::ReadOnly), "the problem returned");
    world.take(Event::SafeModeEnded, Actor::Local);
    world.run(100);
    assert!(world.protection.safe_mode.is_none(), "a person has decided about this problem");
    world.clear();
    world.come_back();
    world.run(1);
    assert!(world.protection.safe_mode.is_some());
}

#[test]
fn a_suspension_ends_what_is_in_force_whatever_began_meanwhile() {
    let mut world = World::new(ACME, vec![uploads(10)]);
    world.run(1);
    world.take(Event::AutomationSuspended { reason: "x".into() }, Actor::Local);
    world.run(1);
    assert_eq!(world.rates(), []);
    let ended = world.incident.measures[0].ended.map(|ended| ended.ending);
    assert_eq!(ended, Some(domain::protection::MeasureEnding::Suspended));
    world.take(Event::AutomationResumed, Actor::Local);
    world.run(1);
    assert_eq!(world.rates(), [("acme", 15.0)], "it was not over");
}

#[test]
fn what_expires_is_not_lowered_in_the_same_tick() {
    let mut world = World::new(
        "gate:gate@web-1",
        vec![AllowedMeasure::Limit { class: "uploads".to_owned(), lasts: Span::from_secs(10) }],
    );
    world.limits = limits(&[("fair share factor", "4")]);
    world.run(60);
    assert_eq!(world.rates(), []);
}

#[test]
fn what_is_not_seen_is_not_over() {
    let mut world = World::new(ACME, vec![uploads(10)]);
    world.run(1);
    let mut breach = world.incident.breaches[0].breach.clone();
    let (since, for_seconds) = (fixtures::at(1), 60.0);
    breach.unheard = Some(domain::breach::Unheard { since, for_seconds });
    let event = Event::BreachChanged { incident: IncidentNumber(1), breach: Box::new(breach) };
    world.take(event, Actor::Agent);
    world.run(500);
    assert_eq!(world.rates(), [("acme", 15.0)]);
    world.run(200);
    assert_eq!(world.rates(), [], "its time ends it");
}

#[test]
fn a_newer_problem_asks_for_safe_mode_although_a_person_decided_about_an_older_one() {
    let mut world = World::new("host:web-1", vec![AllowedMeasure::SafeMode]);
    world.limits = limits(&[("safe mode", "automatic")]);
    world.incident.breaches[0].breach.severity = domain::severity::Severity::Critical;
    world.run(1);
    world.take(Event::SafeModeEnded, Actor::Local);
    world.run(10);
    assert!(world.protection.safe_mode.is_none());
    let mut newer = world.incident.breaches[0].breach.clone();
    newer.key.subject = "host:web-2".parse().unwrap();
    newer.fired_at = fixtures::at(world.seconds);
    let event = Event::BreachJoined { incident: IncidentNumber(1), breach: Box::new(newer) };
    world.take(event, Actor::Agent);
    world.run(1);
    assert!(world.protection.safe_mode.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: fixtures::cases(48), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_comes_the_bounds_hold_and_everything_ends(
        about_one in any::<bool>(),
        lasts in prop_oneof![Just(10_u64), Just(20), Just(60), Just(300)],
        factor in 1..5_u32,
        most in 0..3_u32,
        sent in proptest::collection::vec((0.0..200.0_f64, proptest::option::of(0.0..50.0_f64)), 3..6),
        steps in proptest::collection::vec((0..4_u8, 1..40_i64), 1..12),
    ) {
        let subject = if about_one { "organization:o0" } else { "gate:gate@web-1" };
        let class = "uploads".to_owned();
        let measure = AllowedMeasure::Limit { class, lasts: Span::from_secs(lasts) };
        let mut world = World::new(subject, vec![measure]);
        world.limits = limits(&[
            ("most organizations limited", &most.to_string()),
            ("fair share factor", &factor.to_string()),
        ]);
        let each = sent.iter().enumerate();
        world.traffic = each
            .map(|(index, (sent, usual))| traffic(&format!("o{index}"), *sent, *usual))
            .collect();
        let mut holds = true;
        for (what, seconds) in steps {
            match what {
                0 if holds => { world.clear(); holds = false; }
                1 if !holds => { world.come_back(); holds = true; }
                2 => world.traffic.rotate_left(1),
                _ => {}
            }
            world.run(seconds);
            prop_assert!(world.protection.measures.len() <= most as usize);
            for one in &world.protection.measures {
                let measure = &one.measure;
                prop_assert!(measure.rate >= LOWEST_RATE && measure.stage <= LAST_STAGE);
                prop_assert!(measure.usual.is_none_or(|usual| measure.rate >= usual));
                prop_assert!(measure.until <= one.began_at.plus(Span::from_secs(lasts)));
                prop_assert!(!about_one || measure.requests.organization.name() == "o0");
            }
        }
        if holds {
            world.clear();
        }
        world.run(301);
        prop_assert!(world.protection.measures.is_empty());
        let changes = world.told.iter().filter(|one| matches!(one, Event::MeasureChanged { .. }));
        prop_assert!(changes.count() <= 60, "it swings");
    }
}
