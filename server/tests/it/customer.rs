//! The customer view over what the journal tells of several incidents.

use std::sync::Arc;

use commands::{
    command::{Command, Record, Reopen, Resolve},
    impact::OrganizationImpact,
    reading::{GetOrganizationImpact, ListImpact},
};
use domain::{
    access::Principal,
    error::{Entity, Error},
    id::IncidentNumber,
    impact::{AffectedOrganization, EffectOn, Evidence, Impact},
    journal::{Cursor, Event},
    protection::organization_named,
    time::{Span, Timestamp},
};
use server::{board::Board, clock::Clock, live::Live, service::Service, store::SqliteStore};

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
        let (board, clock) = (Arc::new(Board::default()), Clock::start());
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
        let incident = fixtures::incident(number).began(self.before(900));
        self.record(vec![incident.opening()]).await;
    }

    /// An effect on an organization, all in seconds before the test began.
    async fn tell(&self, number: u32, at: u64, name: &str, since: u64, until: Option<u64>) {
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
            more_known: 0,
            more_likely: 0,
            not_reported: u32::from(name == "globex"),
        };
        let incident = IncidentNumber(number);
        self.record(vec![Event::ImpactChanged { incident, impact: Box::new(impact) }]).await;
    }

    async fn of(&self, name: &str) -> Result<OrganizationImpact, Error> {
        let organization = organization_named(name).unwrap();
        let asked = GetOrganizationImpact { organization, days: 30 };
        self.service.execute(Principal::Local, asked).await
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
    let list = house.service.execute(Principal::Local, ListImpact { days: 30 }).await.unwrap();
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
