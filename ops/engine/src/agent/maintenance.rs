//! The breaches that maintenance windows keep from incidents, and what they don't.

use domain::{
    announcements::OpenWindow,
    maintenance::{MaintenanceWindow, SubjectPattern},
    time::Span,
    usual::{Bounds, RelativeLevel, Side},
};
use proptest::prelude::*;

use super::*;
use crate::agent::tests::{Service, at, breach};

fn window(subjects: &[&str], until: i64) -> OpenWindow {
    let pattern = |text: &&str| text.parse::<SubjectPattern>().unwrap();
    OpenWindow {
        number: 7,
        by: Actor::Local,
        begun_at: at(0),
        window: MaintenanceWindow {
            subjects: subjects.iter().map(pattern).collect(),
            until: at(until),
            reason: String::new(),
        },
    }
}

fn one(subject: &str, since: i64) -> Breach {
    breach(subject, "host.memory.used", Severity::Critical, since)
}

fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::kind).collect()
}

#[test]
fn a_window_keeps_its_subjects_from_incidents_until_it_ends() {
    let mut service = Service::default();
    service.announcements.windows = vec![window(&["*@web-1", "collector:*"], 1_000)];
    service.set(&[one("app:api@web-1", 0), one("app:job@web-1", 0)]);
    assert_eq!(service.tick(30), []);
    // What it does not cover opens one, and the covered neighbours don't join it.
    service.set(&[
        one("app:api@web-1", 0),
        one("app:job@web-1", 0),
        one("collector:pm2@web-1", 40),
        one("host:web-1", 40),
    ]);
    let opened: Vec<String> = service
        .tick(70)
        .into_iter()
        .filter_map(|event| match event {
            Event::IncidentOpened { incident } => Some(incident),
            _ => None,
        })
        .flat_map(|one| one.subjects().into_iter().map(ToString::to_string).collect::<Vec<_>>())
        .collect();
    assert_eq!(opened, ["host:web-1", "collector:pm2@web-1"]);
    assert_eq!(service.tick(999), []);
    // The end needs no event: what still holds joins what it belongs to.
    assert_eq!(kinds(&service.tick(1_000)), ["breach_joined", "breach_joined", "summary_written"]);
}

#[test]
fn an_incident_from_before_stays_open_while_a_breach_of_its_subjects_is_withheld() {
    let mut service = Service::default();
    let queue = breach("app:api@web-1", "queue.depth", Severity::Warning, 100);
    service.set(&[one("app:api@web-1", 0)]);
    service.tick(30);
    service.announcements.windows = vec![window(&["*"], 2_000)];
    // It gets worse and better as before; what is new does not join it.
    service.set(&[one("app:api@web-1", 0), queue.clone()]);
    assert_eq!(service.tick(130), []);
    service.set(std::slice::from_ref(&queue));
    assert_eq!(kinds(&service.tick(200)), ["breach_cleared", "moved", "summary_written"]);
    assert_eq!(service.tick(1_999), [], "quiet for long, and not over");
    service.set(&[]);
    assert_eq!(kinds(&service.tick(1_999)), ["resolved", "summary_written"]);
}

#[test]
fn a_window_that_is_ended_early_covers_nothing_any_more() {
    let mut service = Service::default();
    service.announcements.windows = vec![window(&["*"], 2_000)];
    service.set(&[one("app:api@web-1", 0)]);
    assert_eq!(service.tick(30), []);
    assert!(is_news(&[], &service.breaches[0], at(30)));
    service.announcements.windows.clear();
    assert_eq!(kinds(&service.tick(31)), ["incident_opened", "moved"]);
    let incidents: Vec<Incident> = service.incidents.values().cloned().collect();
    assert!(!is_news(&incidents, &service.breaches[0], at(31)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: fixtures::cases(100), failure_persistence: None, ..ProptestConfig::default() })]

    /// While a window covers all, nothing opens, whatever comes; after its end the same is decided as
    /// if there had been none.
    #[test]
    fn after_a_window_over_all_the_same_incidents_open_as_without(
        looks in proptest::collection::vec(proptest::collection::vec((0..5_usize, any::<bool>()), 0..6), 1..12),
        late in 0..100_u64,
    ) {
        const SUBJECTS: [&str; 5] =
            ["host:web-1", "disk:/var@web-1", "app:api@web-1", "endpoint:shop", "host:web-2"];
        let mut covered = Service::default();
        let end = 1_000_i64;
        covered.announcements.windows = vec![window(&["*"], end)];
        for (index, look) in looks.iter().enumerate() {
            let now = 60 * index as i64;
            let mut all: BTreeMap<BreachKey, Breach> = BTreeMap::new();
            for (subject, critical) in look {
                let severity = if *critical { Severity::Critical } else { Severity::Warning };
                let one = breach(SUBJECTS[*subject], "queue.depth", severity, now - 30);
                all.insert(one.key.clone(), one);
            }
            covered.breaches = all.into_values().collect();
            prop_assert_eq!(covered.tick(now), []);
        }
        let now = end + Span::from_secs(late).as_secs() as i64;
        let mut without = Service::default();
        without.set(&covered.breaches.clone());
        prop_assert_eq!(covered.tick(now), without.tick(now));
        prop_assert_eq!(covered.incidents, without.incidents);
    }
}

/// A warning that is relative to what is usual.
fn unusual(signal: &str, since: i64) -> Breach {
    let relative = RelativeLevel { side: Side::Outside, times: 1.0, floor: None };
    let bounds = Bounds { low: Some(1.0), high: Some(2.0) };
    Breach {
        crossing: Crossing::Usual { relative, bounds },
        ..breach("host:web-1", signal, Severity::Warning, since)
    }
}

#[test]
fn an_unusual_signal_waits_for_others_of_its_subject_where_the_policy_says_so() {
    let mut service = Service::default();
    service.policy.unusual_together = 2;
    service.set(&[unusual("host.cpu.used", 0)]);
    assert_eq!(service.tick(30), []);
    service.set(&[unusual("host.cpu.used", 0), unusual("host.memory.used", 40)]);
    assert_eq!(kinds(&service.tick(70))[0], "incident_opened");
    // One alone keeps it open, and another one joins.
    service.set(&[unusual("host.cpu.used", 0)]);
    assert!(!kinds(&service.tick(5_000)).contains(&"resolved"));
    service.set(&[unusual("host.cpu.used", 0), unusual("host.load", 5_100)]);
    assert!(kinds(&service.tick(5_200)).contains(&"breach_joined"));
    let mut alone = Service::default();
    alone.policy.unusual_together = 2;
    let critical = Breach { severity: Severity::Critical, ..unusual("host.cpu.used", 0) };
    alone.set(&[critical]);
    assert_eq!(kinds(&alone.tick(30))[0], "incident_opened");
}
