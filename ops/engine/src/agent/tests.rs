//! The agent's decisions, told by short stories.

use domain::{
    breach::{Crossing, Easing, Unheard},
    change::{ChangeKind, ReportedChange},
    reason::FailureReason,
};
use fixtures;
use policy::incident_policy::Dependency;

use super::*;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_795_000_000 + seconds)
}

pub(crate) fn breach(subject: &str, signal: &str, severity: Severity, since: i64) -> Breach {
    let breach = fixtures::breach()
        .on(subject)
        .signal(signal)
        .severity(severity)
        .since(at(since))
        .fired(at(since + 30));
    breach
        .usual(61.0)
        .per_minute(1.0)
        .limit_in(420.0)
        .guidance("Programs may be stopped", "memory", &[])
        .build()
}

fn warning(subject: &str) -> Breach {
    breach(subject, "host.memory.used", Severity::Warning, 0)
}

/// Everything that is stored, and the breaches that hold.
#[derive(Default)]
pub(super) struct Service {
    pub policy: IncidentPolicy,
    pub incidents: BTreeMap<IncidentNumber, Incident>,
    pub breaches: Vec<Breach>,
    pub steady_since: Timestamp,
    pub announcements: Announcements,
    /// The breaches that are no longer watched.
    pub lost: Vec<BreachKey>,
}

impl Service {
    pub fn set(&mut self, breaches: &[Breach]) {
        self.breaches = breaches.to_vec();
        self.breaches.sort_by(|one, other| one.key.cmp(&other.key));
    }

    pub fn decide(&self, seconds: i64) -> Vec<Event> {
        let now = at(seconds);
        let seen = |one: &&Incident| looks_at(&self.policy, one, &self.breaches, now);
        let incidents: Vec<Incident> = self.incidents.values().filter(seen).cloned().collect();
        let next_number =
            IncidentNumber(self.incidents.keys().next_back().map_or(1, |number| number.0 + 1));
        let mut endings = BTreeMap::new();
        for known in incidents
            .iter()
            .flat_map(|one| &one.breaches)
            .filter(|known| !self.lost.contains(&known.breach.key))
        {
            endings.insert(known.breach.key.clone(), Ending::Recovered { since: now });
        }
        let (breaches, steady_since) = (&self.breaches, self.steady_since);
        decide(
            &self.policy,
            World {
                breaches,
                endings: &endings,
                incidents: &incidents,
                next_number,
                now,
                steady_since,
                announcements: &self.announcements,
            },
        )
    }

    /// Decides, applies, and checks that nothing more is decided at the same moment.
    pub fn tick(&mut self, seconds: i64) -> Vec<Event> {
        let events = self.decide(seconds);
        incident::apply_all(&mut self.incidents, &events, Actor::Agent, at(seconds)).unwrap();
        assert_eq!(self.decide(seconds), [], "a second look decides nothing");
        events
    }

    pub fn person(&mut self, seconds: i64, event: Event) {
        incident::apply_all(&mut self.incidents, &[event], Actor::Local, at(seconds)).unwrap();
    }

    fn one(&self, number: u32) -> &Incident {
        &self.incidents[&IncidentNumber(number)]
    }
}

fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::kind).collect()
}

fn service(breaches: &[Breach]) -> Service {
    let mut service = Service::default();
    service.set(breaches);
    service
}

const ONE: IncidentNumber = IncidentNumber(1);

#[test]
fn a_breach_opens_an_incident_and_it_resolves_after_its_quiet_time() {
    let mut service = service(&[warning("host:web-1")]);
    assert_eq!(kinds(&service.tick(30)), ["incident_opened"]);
    assert_eq!(
        (service.one(1).began_at, service.one(1).opened_at, service.one(1).state),
        (at(0), at(30), State::Detected)
    );
    assert!(service.tick(31).is_empty());
    service.set(&[]);
    assert_eq!(kinds(&service.tick(100)), ["breach_cleared", "moved", "summary_written"]);
    assert_eq!(service.one(1).state, State::Recovering);
    assert!(service.tick(399).is_empty());
    assert_eq!(kinds(&service.tick(400)), ["resolved", "summary_written"]);
    assert_eq!(service.one(1).resolution.as_ref().unwrap().by, Actor::Agent);
}

#[test]
fn a_changed_value_is_no_event_and_a_changed_severity_is() {
    let mut service = service(&[warning("host:web-1")]);
    service.tick(30);
    service.breaches[0].value = 95.0;
    assert!(service.tick(31).is_empty());
    service.breaches[0].severity = Severity::Critical;
    assert_eq!(kinds(&service.tick(32)), ["breach_changed", "moved", "summary_written"]);
    assert_eq!(
        (service.one(1).severity, service.one(1).state),
        (Severity::Critical, State::AwaitingDecision)
    );
    service.breaches[0].severity = Severity::Warning;
    service.breaches[0].unsteady = true;
    assert_eq!(kinds(&service.tick(33)), ["breach_changed", "summary_written"]);
    assert_eq!(service.one(1).severity, Severity::Critical, "it never falls while active");
}

#[test]
fn critical_trouble_and_named_commands_ask_for_a_decision() {
    let mut named = warning("host:web-1");
    named.guidance.commands.push("memory.largest-processes".into());
    for breach in [breach("host:web-1", "host.memory.used", Severity::Critical, 0), named] {
        let mut service = service(&[breach]);
        assert_eq!(kinds(&service.tick(30)), ["incident_opened", "moved"]);
        assert_eq!(service.one(1).state, State::AwaitingDecision);
    }
}

#[test]
fn what_depends_on_another_joins_and_the_cause_is_what_others_need() {
    let mut service =
        service(&[warning("app:api@web-1"), warning("disk:/var@web-1"), warning("host:web-1")]);
    service.policy.dependencies =
        vec![Dependency { subject: "endpoint:*".into(), needs: "app:api@web-1".parse().unwrap() }];
    assert_eq!(kinds(&service.tick(30)), ["incident_opened"]);
    assert_eq!(service.one(1).cause.as_str(), "host:web-1");
    assert_eq!(service.one(1).breaches.len(), 3);
    let mut breaches = service.breaches.clone();
    breaches.push(warning("endpoint:checkout"));
    breaches.push(warning("host:web-2"));
    service.set(&breaches);
    assert_eq!(kinds(&service.tick(31)), ["breach_joined", "summary_written", "incident_opened"]);
    assert_eq!(service.one(2).cause.as_str(), "host:web-2");
}

#[test]
fn neighbours_on_a_host_stay_apart_unless_the_host_takes_part() {
    let mut service = service(&[warning("disk:/@web-1")]);
    service.tick(30);
    service.set(&[warning("disk:/@web-1"), warning("disk:/var@web-1")]);
    assert_eq!(kinds(&service.tick(31)), ["incident_opened"]);
}

#[test]
fn dependence_reaches_through_others_and_circles_end() {
    let mut service = service(&[warning("service:a"), warning("service:c")]);
    let row = |subject: &str, needs: &str| Dependency {
        subject: subject.into(),
        needs: needs.parse().unwrap(),
    };
    service.policy.dependencies = vec![
        row("service:a", "service:b"),
        row("service:b", "service:c"),
        row("service:c", "service:a"),
    ];
    assert_eq!(kinds(&service.tick(30)), ["incident_opened"]);
}

#[test]
fn trouble_that_returns_soon_reopens_and_later_opens_anew() {
    let mut service = service(&[warning("host:web-1")]);
    service.tick(30);
    service.set(&[]);
    service.tick(100);
    service.tick(400);
    service.set(&[breach("host:web-1", "host.cpu.used", Severity::Warning, 900)]);
    assert_eq!(kinds(&service.tick(1000)), ["reopened", "breach_joined", "summary_written"]);
    assert_eq!((service.one(1).reopened, service.one(1).state), (1, State::Detected));
    service.set(&[]);
    service.tick(1100);
    service.tick(1400);
    service.set(&[warning("host:web-1")]);
    assert_eq!(kinds(&service.tick(1400 + 1801)), ["incident_opened"]);
}

#[test]
fn a_breach_that_returns_while_recovering_leads_back() {
    let mut service = service(&[warning("host:web-1")]);
    service.tick(30);
    service.set(&[]);
    service.tick(100);
    service.set(&[warning("host:web-1")]);
    assert_eq!(kinds(&service.tick(200)), ["breach_joined", "moved", "summary_written"]);
    assert_eq!((service.one(1).state, service.one(1).breaches.len()), (State::Detected, 1));
}

#[test]
fn after_a_person_acted_the_end_is_offered_once() {
    let mut service = service(&[warning("host:web-1")]);
    service.tick(30);
    service.person(40, Event::Acknowledged { incident: ONE });
    service.set(&[]);
    service.tick(100);
    assert_eq!(kinds(&service.tick(400)), ["resolution_offered"]);
    assert!(service.tick(9_000).is_empty());
    assert!(service.one(1).is_active());
}

#[test]
fn what_a_person_ended_stays_ended_while_it_only_goes_on() {
    let mut service = service(&[warning("host:web-1")]);
    service.tick(30);
    service.person(40, Event::Resolved { incident: ONE, step: Step::PersonResolved, note: None });
    assert_eq!(kinds(&service.tick(41)), ["summary_written"]);
    assert!(service.tick(42).is_empty());
    service.breaches[0].severity = Severity::Critical;
    assert_eq!(
        kinds(&service.tick(43)),
        ["reopened", "breach_changed", "moved", "summary_written"]
    );
}

#[test]
fn what_a_person_ended_stays_ended_however_long_it_goes_on() {
    let silent =
        Breach { crossing: Crossing::Silent { for_seconds: 120.0 }, ..warning("host:web-1") };
    for one in [warning("host:web-1"), silent] {
        let mut service = service(&[one]);
        service.tick(30);
        service
            .person(40, Event::Resolved { incident: ONE, step: Step::PersonResolved, note: None });
        service.tick(41);
        for second in [1_839, 1_840, 1_841, 100_000, 10_000_000] {
            assert_eq!(service.tick(second), [], "{second}");
        }
        // A new breach and a worse one are trouble again: long after, as an incident of their own.
        let mut worse = service.breaches[0].clone();
        worse.severity = Severity::Critical;
        let anew = breach("host:web-1", "host.memory.used", Severity::Warning, 9_999_000);
        for other in [worse, anew] {
            service.breaches[0] = other;
            assert_eq!(kinds(&service.decide(10_000_001))[0], "incident_opened");
        }
    }
}

#[test]
fn after_the_clock_was_set_back_a_new_breach_is_not_taken_for_the_one_that_was_ended() {
    let mut service = service(&[warning("host:web-1")]);
    service.tick(30);
    service
        .person(5_000, Event::Resolved { incident: ONE, step: Step::PersonResolved, note: None });
    service.tick(5_001);
    assert_eq!(service.tick(1_000), [], "it is the very same");
    service.set(&[]);
    service.tick(1_001);
    service.set(&[breach("host:web-1", "host.memory.used", Severity::Warning, 1_100)]);
    assert_eq!(kinds(&service.tick(1_130)), ["reopened", "breach_joined", "summary_written"]);
}

#[test]
fn what_a_person_ended_comes_back_with_a_new_breach() {
    let mut service = service(&[warning("host:web-1")]);
    service.tick(30);
    service.person(40, Event::Resolved { incident: ONE, step: Step::PersonResolved, note: None });
    service.set(&[breach("host:web-1", "host.memory.used", Severity::Warning, 100)]);
    assert_eq!(kinds(&service.tick(130)), ["reopened", "breach_joined", "summary_written"]);
}

#[test]
fn a_person_who_reopens_quiet_trouble_is_asked_to_end_it() {
    let mut service = service(&[warning("host:web-1")]);
    service.tick(30);
    service.set(&[]);
    service.tick(100);
    service.tick(400);
    service.person(500, Event::Reopened { incident: ONE, note: None });
    assert_eq!(kinds(&service.tick(501)), ["moved", "summary_written"]);
    assert_eq!(kinds(&service.tick(900)), ["resolution_offered"]);
}

#[test]
fn quiet_is_counted_from_steady_time_when_the_clock_was_set_back() {
    let mut service = service(&[warning("host:web-1")]);
    service.tick(3_600);
    service.set(&[]);
    service.tick(3_700);
    service.steady_since = at(100);
    assert!(service.tick(300).is_empty());
    assert_eq!(kinds(&service.tick(400)), ["resolved", "summary_written"]);
    // And forward: what was not seen is not quiet.
    let mut service = Service::default();
    service.set(&[warning("host:web-1")]);
    service.tick(30);
    service.set(&[]);
    service.tick(100);
    service.steady_since = at(10_000);
    assert!(service.tick(10_299).is_empty());
    assert_eq!(kinds(&service.tick(10_300)), ["resolved", "summary_written"]);
}

#[test]
fn a_flood_is_gathered_in_one_incident() {
    let mut service = Service::default();
    let all: Vec<Breach> = (0..20).map(|index| warning(&format!("service:s{index}"))).collect();
    service.set(&all);
    service.tick(30);
    assert_eq!(service.incidents.len(), 6, "five, and one that gathers the rest");
    assert!(service.one(6).flood && !service.one(5).flood);
    assert_eq!(service.one(6).breaches.len(), 15);
    assert_eq!(
        wording::summary::headline(&service.one(6).summary),
        "Several problems started at once."
    );
    // It is a flood as long as it brings something; later, trouble is its own again.
    let mut late = all.clone();
    late.push(breach("service:late", "queue.depth", Severity::Warning, 2_000));
    service.set(&late);
    assert_eq!(kinds(&service.tick(2_030)), ["incident_opened"]);
    assert!(!service.one(7).flood);
}

#[test]
fn ids_are_uuids_of_version_7_and_the_same_every_time() {
    let cause = "host:web-1".parse().unwrap();
    let first = id(ONE, at(0), &cause);
    assert_eq!(first.get_version_num(), 7);
    assert_eq!(first, id(ONE, at(0), &cause));
    assert_ne!(first, id(IncidentNumber(2), at(0), &cause));
    assert!(first < id(ONE, at(1), &cause));
}

#[test]
fn an_incident_without_a_summary_of_today_gets_one() {
    let mut service = service(&[warning("host:web-1")]);
    service.tick(30);
    service.incidents.get_mut(&ONE).unwrap().summary = serde_json::from_str("{}").unwrap();
    assert_eq!(kinds(&service.tick(31)), ["summary_written"]);
}

#[test]
fn what_goes_away_is_not_called_healed() {
    let mut service = service(&[breach("endpoint:shop", "endpoint.up", Severity::Critical, 0)]);
    service.tick(30);
    service.lost = vec![service.breaches[0].key.clone()];
    service.set(&[]);
    service.tick(100);
    assert_eq!(service.one(1).breaches[0].ending, Some(Ending::NoLongerWatched));
    service.tick(400);
    assert!(!service.one(1).is_active());
    for reader in wording::summary::Reader::ALL {
        let told = format!("{:?}", wording::summary::render(&service.one(1).summary, reader));
        for wrong in ["again", "has recovered", "back to normal", "fixed", "is over"] {
            assert!(!told.contains(wrong), "{wrong} in {told}");
        }
        assert!(told.contains("no longer monitor"), "{told}");
    }
}

#[test]
fn what_eases_or_falls_silent_is_told_and_flapping_is_not_told_each_time() {
    let mut service = service(&[breach("host:web-1", "host.memory.used", Severity::Critical, 0)]);
    service.tick(30);
    service.breaches[0].easing =
        Some(Easing { since: at(40), stays_for_seconds: 120.0, recovers_at: None });
    service.breaches[0].value = 12.0;
    assert_eq!(kinds(&service.tick(41)), ["breach_changed", "summary_written"]);
    let told = format!(
        "{:?}",
        wording::summary::render(&service.one(1).summary, wording::summary::Reader::Team)
    );
    assert!(
        told.contains("was 93% used")
            && !told.contains("is 12%")
            && !told.contains("Programs may be stopped"),
        "{told}"
    );
    service.breaches[0].easing = None;
    service.breaches[0].unsteady = true;
    assert_eq!(kinds(&service.tick(42)), ["breach_changed", "summary_written"]);
    for second in 43..60 {
        let easing = Easing { since: at(second), stays_for_seconds: 120.0, recovers_at: None };
        service.breaches[0].easing = (second % 2 == 0).then_some(easing);
        assert!(service.tick(second).is_empty());
    }
    service.breaches[0].unheard = Some(Unheard { since: at(59), for_seconds: 120.0 });
    assert_eq!(kinds(&service.tick(180)), ["breach_changed", "summary_written"]);
    assert!(
        wording::summary::headline(&service.one(1).summary)
            .contains("there has been no data since")
    );
}

#[test]
fn a_forecast_that_no_longer_holds_is_told_anew_and_one_that_holds_is_not() {
    let mut service = service(&[warning("host:web-1")]);
    service.tick(30);
    let told = |service: &Service| {
        format!(
            "{:?}",
            wording::summary::render(&service.one(1).summary, wording::summary::Reader::Team)
        )
    };
    assert!(told(&service).matches("in about 7 minutes").count() == 2);
    let mut move_on = |second: i64, limit: Option<f64>| {
        service.breaches[0].value_at = at(second);
        service.breaches[0].limit_in_seconds = limit;
        service.breaches[0].per_minute = limit.map(|_| 1.0);
        (kinds(&service.tick(second)), told(&service))
    };
    assert!(move_on(89, None).0.is_empty(), "a moment without it is no news");
    assert!(move_on(90, Some(400.0)).0.is_empty(), "it holds");
    let (kinds, told) = move_on(200, Some(230.0));
    assert_eq!(kinds, ["summary_written"]);
    assert!(told.matches("in about 4 minutes").count() == 2, "{told}");
    let (kinds, told) = move_on(270, None);
    assert_eq!(kinds, ["summary_written"]);
    assert!(!told.contains("full in") && !told.contains("rising"), "{told}");
    // What changes without an event is told as it is, whatever the reason for writing.
    for second in 271..500 {
        assert!(move_on(second, None).0.is_empty());
    }
}

fn change(what: &str, subjects: &[&str], seconds: i64) -> ReportedChange {
    ReportedChange {
        kind: ChangeKind::Deployment,
        what: what.to_owned(),
        version: Some("3f2a".to_owned()),
        subjects: subjects.iter().map(|one| one.parse().unwrap()).collect(),
        at: at(seconds),
    }
}

#[test]
fn an_incident_names_the_changes_from_about_when_it_began() {
    let mut service = service(&[warning("app:api@web-1")]);
    service.announcements.changes = vec![
        change("too-early", &[], -3_601),
        change("everything", &[], -3_600),
        change("elsewhere", &["app:api@web-2"], -300),
        change("api", &["app:api@web-1"], -250),
        change("host", &["host:web-1"], -200),
        // Reported as done after the trouble began; the same once more for another host.
        change("api", &["disk:/@web-1"], 20),
        change("not-yet", &[], 31),
    ];
    service.tick(30);
    let one = service.one(1);
    let told: Vec<(&str, Timestamp)> =
        one.changes.iter().map(|change| (change.what.as_str(), change.at)).collect();
    assert_eq!(told, [("api", at(20)), ("host", at(-200)), ("everything", at(-3_600))]);
    let sections = wording::summary::render(&one.summary, wording::summary::Reader::Team);
    let since = sections.iter().find(|section| section.heading == "When it started").unwrap();
    assert_eq!(
        since.sentences[1..],
        [
            "It began 20 s before deployment 3f2a of api was reported.",
            "It began 3 min after deployment 3f2a of host.",
            "It began 1 h after deployment 3f2a of everything.",
        ]
    );
    // What was told at the beginning stays.
    service.announcements = Announcements::default();
    service.set(&[]);
    service.tick(100);
    assert_eq!(service.one(1).changes.len(), 3);
    assert!(service.one(1).summary.since.len() > 3);
}

#[test]
fn a_reason_that_rules_commands_out_is_told_at_once_and_one_that_allows_more_when_it_has_settled() {
    let refused = || FailureReason::Refused { address: "192.0.2.7:443".into() };
    let not_found = || FailureReason::NameNotFound { name: "shop.example".into() };
    let mut down = breach("endpoint:shop", "endpoint.up", Severity::Critical, 0);
    down.guidance.commands.push("pm2-restart".into());
    down.reason = Some(refused());
    let mut service = service(&[down]);
    service.tick(30);
    let told = |service: &Service| {
        let summary = &service.one(1).summary;
        format!("{:?}", wording::summary::render(summary, wording::summary::Reader::Team))
    };
    assert!(told(&service).contains("Your thresholds suggest pm2-restart"));
    let now = |service: &mut Service, reason, second| {
        service.breaches[0].reason = Some(reason);
        service.breaches[0].value_at = at(second);
        kinds(&service.tick(second))
    };
    assert_eq!(now(&mut service, not_found(), 40), ["breach_changed", "summary_written"]);
    assert!(!told(&service).contains("suggest"), "{}", told(&service));
    assert!(now(&mut service, refused(), 60).is_empty());
    assert_eq!(now(&mut service, refused(), 340), ["breach_changed", "summary_written"]);
    assert!(told(&service).contains("Your thresholds suggest pm2-restart"));
}
