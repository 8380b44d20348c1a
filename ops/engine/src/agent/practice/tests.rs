//! A practice takes nothing from what is real, and gets nothing of it.

use domain::{announcements::OpenWindow, maintenance::MaintenanceWindow, practice};
use policy::incident_policy::Dependency;
use proptest::prelude::*;

use crate::agent::{
    tests::{Service, at, breach},
    *,
};

fn practised(since: i64) -> Breach {
    breach(practice::subject().as_str(), practice::SIGNAL, Severity::Critical, since)
}

fn real(subject: &str, since: i64) -> Breach {
    breach(subject, "host.memory.used", Severity::Warning, since)
}

fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::kind).collect()
}

#[test]
fn whatever_patterns_say_a_practice_is_an_incident_of_its_own() {
    let mut service = Service::default();
    let row = |subject: &str, needs: &str| Dependency {
        subject: subject.to_owned(),
        needs: needs.parse().unwrap(),
    };
    service.policy.dependencies = vec![row("*", "host:web-1"), row("*", "practice:practice")];
    let pattern = "*".parse().unwrap();
    service.announcements.windows = vec![OpenWindow {
        number: 7,
        by: Actor::Local,
        begun_at: at(0),
        window: MaintenanceWindow { subjects: vec![pattern], until: at(20), reason: String::new() },
    }];
    // Planned work on everything does not keep it from opening, and real problems follow later.
    service.set(&[real("host:web-1", 0), practised(0)]);
    assert_eq!(kinds(&service.tick(10)), ["incident_opened", "moved"]);
    assert!(service.incidents.values().all(Incident::is_practice));
    service.tick(30);
    let causes: Vec<&str> = service.incidents.values().map(|one| one.cause.as_str()).collect();
    assert_eq!(causes, ["practice:practice", "host:web-1"]);
    assert!(service.incidents.values().all(|one| one.breaches.len() == 1));
}

#[test]
fn the_next_practice_is_a_new_incident_and_none_counts_for_a_flood() {
    let mut service = Service::default();
    let count = i64::from(service.policy.flood_count);
    for place in 0..count {
        let second = place * 10;
        service.set(&[practised(second)]);
        service.tick(second + 1);
        service.set(&[]);
        service.tick(second + 2);
        let number = *service.incidents.keys().next_back().unwrap();
        let step = Step::PersonResolved;
        service.person(second + 3, Event::Resolved { incident: number, step, note: None });
    }
    assert_eq!(service.incidents.len(), usize::try_from(count).unwrap());
    let second = count * 10;
    service.set(&[real("host:web-1", second), real("host:web-2", second)]);
    service.tick(second + 1);
    assert!(service.incidents.values().all(|one| !one.flood && one.reopened == 0));
}

/// All that is decided about real incidents, whatever their numbers.
fn decided(service: &Service) -> Vec<(Subject, State, Severity, bool, u32, Vec<BreachKey>)> {
    let mut all: Vec<_> = service
        .incidents
        .values()
        .filter(|one| !one.is_practice())
        .map(|one| {
            let keys = one.breaches.iter().map(|known| known.breach.key.clone()).collect();
            (one.cause.clone(), one.state, one.severity, one.flood, one.reopened, keys)
        })
        .collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: fixtures::cases(100), failure_persistence: None, ..ProptestConfig::default() })]

    /// Decisions about real incidents are the same with a practice as without.
    #[test]
    fn a_practice_changes_nothing_about_what_is_real(
        looks in proptest::collection::vec((proptest::collection::btree_set(0..6_usize, 0..6), any::<bool>()), 1..12),
    ) {
        const SUBJECTS: [&str; 6] =
            ["host:web-1", "disk:/var@web-1", "app:api@web-1", "endpoint:shop", "host:web-2", "service:jobs"];
        let (mut with, mut without) = (Service::default(), Service::default());
        for (index, (subjects, practises)) in looks.iter().enumerate() {
            let now = 60 * index as i64;
            let all: Vec<Breach> =
                subjects.iter().map(|place| real(SUBJECTS[*place], now - 30)).collect();
            without.set(&all);
            with.set(&[all, practises.then(|| practised(now - 30)).into_iter().collect()].concat());
            without.tick(now);
            with.tick(now);
            prop_assert_eq!(decided(&with), decided(&without));
            let practices = with.incidents.values().filter(|one| one.is_practice());
            prop_assert!(practices.clone().all(|one| one.breaches.len() == 1));
            prop_assert!(practices.filter(|one| one.is_active()).count() <= 1);
        }
    }
}
