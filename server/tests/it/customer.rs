//! The customer view over what the journal tells of several incidents.

use std::sync::Arc;

use commands::{
    command::{Command, Record, Reopen, Resolve},
    impact::{ImpactList, OrganizationImpact},
    reading::{GetOrganizationImpact, ListImpact},
};
use domain::{
    access::Principal,
    error::{Entity, Error},
    id::IncidentNumber,
    impact::{AffectedOrganization, EffectOn, Evidence, Impact},
    journal::{BlindReason, Cursor, Event},
    protection::organization_named,
    time::{Span, Timestamp},
};
use server::{
    clock::Clock, current_status::CurrentStatus, service::Service, store::SqliteStore, stream::Live,
};

/// A service with an empty database, and the time at which the test began.
struct House {
    service: Arc<Service>,
    began: Timestamp,
    _directory: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&directory.path().join("calm-ops.db")).await.unwrap();
        let live = Live::new(Cursor { epoch: 1, number: 0 }, 10, Timestamp::default());
        let (board, clock) = (Arc::new(CurrentStatus::default()), Clock::start());
        let service = Service::new(Arc::new(store), board, live, Arc::default(), clock);
        Self { service, began: clock.now().wall, _directory: directory }
    }

    async fn record(&self, events: Vec<Event>) {
        let record = Command::Record(Record { events, monitor: None });
        self.service.change(Principal::Agent, record).await.unwrap();
    }

    fn before(&self, seconds: u64) -> Timestamp {
        self.began.minus(Span::from_secs(seconds))
    }

    /// Opens an incident.
    async fn open(&self, number: u32) {
        self.open_on(number, "host:web-1").await;
    }

    async fn open_on(&self, number: u32, subject: &str) {
        let breach = fixtures::breach().on(subject).build();
        let incident = fixtures::incident(number).of([breach]).cause(subject);
        let incident = incident.began(self.before(900)).opened(self.before(900));
        self.record(vec![incident.opening()]).await;
    }

    /// An effect on an organization, all in seconds before the test began.
    fn state(&self, number: u32, at: u64, name: &str, since: u64, until: Option<u64>) -> Event {
        let effect = EffectOn {
            evidence: Evidence::Results { failed: 5, of: 10 },
            since: self.before(since),
            until: until.map(|until| self.before(until)),
            last_seen: None,
        };
        let organization = organization_named(name).unwrap();
        let impact = Impact {
            at: self.before(at),
            organizations: vec![AffectedOrganization { organization, effects: vec![effect] }],
            more_known: u32::from(name == "globex"),
            more_likely: 0,
            not_reported: 0,
        };
        Event::ImpactChanged { incident: IncidentNumber(number), impact: Box::new(impact) }
    }

    async fn tell(&self, number: u32, at: u64, name: &str, since: u64, until: Option<u64>) {
        self.record(vec![self.state(number, at, name, since, until)]).await;
    }

    async fn list(&self) -> ImpactList {
        self.service.execute(Principal::Local, ListImpact { days: 30 }).await.unwrap()
    }

    async fn of(&self, name: &str) -> Result<OrganizationImpact, Error> {
        let organization = organization_named(name).unwrap();
        let asked = GetOrganizationImpact { organization, days: vec![30] };
        self.service.execute(Principal::Local, asked).await.map(|mut periods| periods.remove(0))
    }
}

#[tokio::test]
async fn every_state_of_an_incident_counts() {
    let house = House::new().await;
    house.open(1).await;
    house.tell(1, 600, "acme", 700, None).await;
    house.tell(1, 300, "acme", 700, Some(500)).await;
    house.tell(1, 200, "acme", 250, Some(240)).await;
    let acme = house.of("acme").await.unwrap();
    assert_eq!((acme.time.known, acme.unnamed), (Span::from_secs(210), 0), "{acme:?}");
    assert!(acme.complete && acme.incidents.len() == 1, "{acme:?}");
    let list = house.list().await;
    let [one] = &list.organizations[..] else { panic!("{list:?}") };
    assert_eq!((one.time, &one.incidents), (acme.time, &acme.incidents));
}

#[tokio::test]
async fn nothing_holds_from_the_resolution_to_the_reopening() {
    let house = House::new().await;
    house.open(1).await;
    house.tell(1, 600, "acme", 700, None).await;
    let (incident, note) = (IncidentNumber(1), "It is calm.".to_owned());
    let resolve = Resolve { incident, note: note.clone() };
    house.service.execute(Principal::Local, resolve).await.unwrap();
    let ended = house.of("acme").await.unwrap().time.known;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    house.service.execute(Principal::Local, Reopen { incident, note }).await.unwrap();
    let after = house.of("acme").await.unwrap().time.known;
    assert!(after >= Span::from_secs(700) && after == ended, "{ended} {after}");
}

#[tokio::test]
async fn who_may_be_among_those_without_a_name_is_told_and_who_is_unknown_is_not_found() {
    let house = House::new().await;
    for number in [1, 2] {
        house.open(number).await;
    }
    house.tell(1, 600, "acme", 700, Some(650)).await;
    house.tell(2, 600, "globex", 700, None).await;
    let unnamed =
        [house.of("acme").await.unwrap().unnamed, house.of("globex").await.unwrap().unnamed];
    assert_eq!(unnamed, [1, 0]);
    let initech = Entity::Subject(organization_named("initech").unwrap());
    assert_eq!(house.of("initech").await.unwrap_err(), Error::NotFound(initech));
}

#[tokio::test]
async fn a_noisy_incident_hides_no_other_one() {
    let house = House::new().await;
    for number in [1, 2] {
        house.open(number).await;
    }
    house.tell(1, 600, "acme", 700, Some(650)).await;
    let noisy = (0..2_001).map(|_| house.state(2, 500, "initech", 550, Some(520)));
    house.record(noisy.collect()).await;
    let list = house.list().await;
    let names: Vec<&str> = list.organizations.iter().map(|one| one.organization.name()).collect();
    assert_eq!(names, ["acme", "initech"]);
    // Only so many of its states are read, which is said.
    assert!(!list.complete && list.organizations.iter().all(|one| !one.complete));
    assert_eq!(house.of("acme").await.unwrap().time.known, Span::from_secs(50));
}

#[tokio::test]
async fn a_period_is_complete_where_only_a_longer_one_is_not() {
    const DAY: u64 = 86_400;
    let house = House::new().await;
    house.open(1).await;
    let (at, since, until) = (40 * DAY, 40 * DAY + 50, Some(40 * DAY + 20));
    let noisy = (0..2_001).map(|_| house.state(1, at, "acme", since, until));
    house.record(noisy.collect()).await;
    let organization = organization_named("acme").unwrap();
    let asked = GetOrganizationImpact { organization, days: vec![30, 90] };
    let periods = house.service.execute(Principal::Local, asked).await.unwrap();
    let told: Vec<_> =
        periods.iter().map(|one| (one.days, one.complete, one.incidents.len())).collect();
    assert_eq!(told, [(30, true, 0), (90, false, 1)]);
    assert!(house.list().await.complete);
}

#[tokio::test]
async fn a_practice_is_in_no_figure() {
    let house = House::new().await;
    house.open_on(1, "practice:practice").await;
    house.tell(1, 600, "acme", 700, Some(650)).await;
    let acme = house.of("acme").await.unwrap();
    assert!(acme.incidents.is_empty() && acme.is_fully_known(), "{acme:?}");
    assert!(house.list().await.organizations.is_empty());
}

#[tokio::test]
async fn an_incident_about_an_organization_of_which_nothing_is_seen_is_told() {
    let house = House::new().await;
    house.open_on(1, "organization:acme").await;
    let acme = house.of("acme").await.unwrap();
    assert_eq!((acme.incidents.len(), acme.undecided), (0, 1), "{acme:?}");
}

#[tokio::test]
async fn times_without_watching_are_in_no_time_and_a_period_has_its_bounds() {
    let house = House::new().await;
    house.open(1).await;
    house.tell(1, 600, "acme", 700, Some(650)).await;
    let (from, to) = (house.before(690), house.before(680));
    house.record(vec![Event::Blind { from, to, why: BlindReason::NotRunning }]).await;
    let acme = house.of("acme").await.unwrap();
    assert_eq!(acme.time.known, Span::from_secs(40), "{acme:?}");
    assert_eq!(acme.not_watched, Span::from_secs(10), "{acme:?}");
    // A shorter period is told from the same reading, and by itself.
    let organization = organization_named("acme").unwrap();
    let days = vec![30, 1, 366];
    let asked = GetOrganizationImpact { organization, days };
    let periods = house.service.execute(Principal::Local, asked).await.unwrap();
    let told: Vec<_> = periods
        .iter()
        .map(|one| (one.days, one.time.known, one.to.since(one.from).as_secs() / 86_400))
        .collect();
    let known = Span::from_secs(40);
    assert_eq!(told, [(30, known, 30), (1, known, 1), (366, known, 366)]);
    assert!(periods.iter().all(|one| one.to == periods[0].to), "{periods:?}");
    for days in [0, 367] {
        let organization = organization_named("acme").unwrap();
        let asked = GetOrganizationImpact { organization, days: vec![30, days] };
        let refused = house.service.execute(Principal::Local, asked).await.unwrap_err();
        assert!(
            matches!(&refused, Error::InvalidField { field, .. } if field == "days"),
            "{refused:?}"
        );
    }
}
