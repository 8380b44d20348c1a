//! Plans of organizations and the entries about them are found again, and proved.

use domain::{
    actor::Actor,
    id::IncidentNumber,
    impact::{AffectedOrganization, EffectOn, Evidence, Impact},
    journal::{Entry, Event},
    lifecycle::Step,
    protection::{
        LimitedRequests, Measure, MeasureEnding, OverrideEnding, Protection, organization_named,
    },
    subject::Subject,
};
use server::store::{Archive, Item, PlanRow, verify::verify};

use crate::store::support::{Place, at, breach, opened, write};

fn named(name: &str) -> Subject {
    organization_named(name).unwrap()
}

fn set(name: &str, plan: Option<&str>) -> Event {
    Event::OrganizationPlanSet { organization: named(name), plan: plan.map(str::to_owned) }
}

fn begun(name: &str, plan: &str) -> Event {
    Event::OrganizationOverrideBegun {
        organization: named(name),
        plan: plan.to_owned(),
        until: at(1_000),
        reason: "They move their archive.".to_owned(),
    }
}

fn ended(name: &str, begun: u64) -> Event {
    let ending = OverrideEnding::Person;
    Event::OrganizationOverrideEnded { organization: named(name), begun, ending }
}

/// Every row, two at a time.
async fn rows(store: &dyn Archive) -> Vec<(String, PlanRow)> {
    let mut all: Vec<(String, PlanRow)> = Vec::new();
    loop {
        let after = all.last().map(|(name, _)| name.as_str());
        let page = store.as_organizations().plan_rows(after, 2).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

pub async fn plans_are_what_the_journal_tells(place: &Place) {
    let store = place.open().await;
    let organizations = store.as_organizations();
    assert!(organizations.plans_of(&named("acme")).await.unwrap().assigned.is_none());
    let events = vec![
        set("acme", Some("pro")),
        set("Z\u{fc}rich", Some("large")),
        begun("acme", "large"),
        set("a/../b", Some("pro")),
        begun("gone", "large"),
    ];
    let entries = write(&*store, 1, Actor::Local, events).await.unwrap();
    let acme = organizations.plans_of(&named("acme")).await.unwrap();
    let assigned = acme.assigned.unwrap();
    assert_eq!((&*assigned.plan, assigned.by, assigned.at), ("pro", Actor::Local, at(1)));
    let overridden = acme.overridden.unwrap();
    assert_eq!((&*overridden.plan, overridden.until), ("large", at(1_000)));
    let events =
        vec![begun("acme", "large"), ended("gone", entries[4].number), set("a/../b", None)];
    let begun_again = write(&*store, 2, Actor::Agent, events).await.unwrap()[0].number;
    // The end of the one before it comes too late.
    let late = vec![ended("acme", entries[2].number)];
    write(&*store, 2, Actor::Agent, late).await.unwrap();
    let noise = vec![Event::Stopped; 1_100];
    write(&*store, 3, Actor::System, noise).await.unwrap();

    // In the order of their bytes in both databases, whatever language the server speaks.
    let found = rows(&*store).await;
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Z\u{fc}rich", "acme"]);
    assert_eq!(found[1].1.overridden, Some(begun_again));
    let plans = organizations.assigned_plans(None, 10).await.unwrap();
    assert_eq!(plans.len(), 2);
    assert_eq!(plans[1], ("acme".to_owned(), "pro".to_owned()));
    let after = organizations.organizations(Some("Z\u{fc}rich"), 10).await.unwrap();
    assert_eq!(after.len(), 1);
    assert_eq!(after[0], organizations.plans_of(&named("acme")).await.unwrap());
    // However many entries came since, an override in force is announced.
    let protection = Protection::of(&store.announced(at(3)).await.unwrap());
    let overrides: Vec<&str> =
        protection.overrides.iter().map(|one| one.organization.name()).collect();
    assert_eq!(overrides, ["acme"]);

    // A restored database has the same rows, and a changed one is found out.
    let restored = Place::sqlite();
    let target = restored.open().await;
    let mut stored = store.stored_entries(0, 2_000).await.unwrap().into_iter();
    let mut next = || Ok(stored.next().map(Item::Entry));
    target.fill(2, Vec::new(), &mut next).await.unwrap();
    assert_eq!(rows(&*target).await, found);
    assert!(verify(&*store, None).await.unwrap().is_whole());
    let statement = "UPDATE organization SET plan = 'large' WHERE name = 'acme'";
    place.attack(statement, statement).await.unwrap();
    let report = verify(&*store, None).await.unwrap();
    assert_eq!(report.organizations, ["acme"]);
    let statement = "DELETE FROM organization";
    place.attack(statement, statement).await.unwrap();
    assert_eq!(verify(&*store, None).await.unwrap().organizations, ["Z\u{fc}rich", "acme"]);
}

fn impact(names: &[&str]) -> Event {
    impact_of(1, names)
}

fn impact_of(incident: u32, names: &[&str]) -> Event {
    let affected = |name: &&str| AffectedOrganization {
        organization: named(name),
        effects: vec![EffectOn {
            evidence: Evidence::Refused { refused: 5, of: 10 },
            since: at(1),
            until: None,
            last_seen: None,
        }],
    };
    let impact = Impact {
        at: at(1),
        organizations: names.iter().map(affected).collect(),
        more_known: 0,
        more_likely: 0,
        not_reported: 0,
    };
    Event::ImpactChanged { incident: IncidentNumber(incident), impact: Box::new(impact) }
}

/// Entries about some organizations.
async fn told(store: &dyn Archive) -> Vec<Entry> {
    let events = vec![
        set("acme", Some("pro")),
        opened(1, "organization:acme"),
        impact(&["acme", "globex"]),
        // Only the first one of an incident: it is told again and again.
        impact(&["acme", "globex", "initech"]),
        set("globex", Some("pro")),
    ];
    write(store, 1, Actor::Agent, events).await.unwrap()
}

/// Kinds of the entries about an organization, newest first.
async fn kinds_of(
    store: &dyn Archive,
    name: &str,
    before: Option<u64>,
    limit: u32,
) -> Vec<&'static str> {
    let organizations = store.as_organizations();
    let found = organizations.organization_entries(&named(name), before, limit).await.unwrap();
    found.iter().map(|entry| entry.event.as_ref().map_or("", Event::kind)).collect()
}

pub async fn entries_about_an_organization_are_found(place: &Place) {
    let store = place.open().await;
    let entries = told(&*store).await;
    let kinds = async |name: &str, before: Option<u64>, limit: u32| {
        kinds_of(&*store, name, before, limit).await
    };
    let acme = ["impact_changed", "incident_opened", "organization_plan_set"];
    assert_eq!(kinds("acme", None, 10).await, acme);
    assert_eq!(kinds("acme", None, 2).await, acme[..2]);
    assert_eq!(kinds("acme", Some(entries[2].number), 2).await, acme[1..]);
    assert_eq!(kinds("globex", None, 10).await, ["organization_plan_set", "impact_changed"]);
    assert_eq!(kinds("initech", None, 10).await, ["impact_changed"]);
    assert_eq!(kinds("nobody", None, 10).await, [""; 0]);
}

/// Plans came with the tables: no entry of them is older.
pub async fn entries_that_are_older_than_the_tables_are_found(place: &Place) {
    let store = place.open().await;
    told(&*store).await;
    let organization = named("acme");
    let requests = LimitedRequests { organization, class: "uploads".to_owned() };
    let measure = Measure {
        requests: requests.clone(),
        rate: 4.0,
        sent: 50.0,
        usual: None,
        because: breach("organization:acme").key,
        stage: 0,
        returns: 0,
        until: at(300),
    };
    let (incident, ending) = (IncidentNumber(1), MeasureEnding::Calm);
    let joined = |subject| Event::BreachJoined { incident, breach: Box::new(breach(subject)) };
    let events = vec![
        Event::MeasureBegan { incident, measure: Box::new(measure) },
        joined("organization:Z\u{fc}rich"),
        joined("disk:/@web-1"),
        Event::MeasureEnded { incident, requests, ending },
        opened(2, "host:web-1"),
    ];
    write(&*store, 2, Actor::Agent, events).await.unwrap();
    let names = ["acme", "globex", "initech", "Z\u{fc}rich", "web-1"];
    let all = async |store: &dyn Archive| {
        let mut all = Vec::new();
        for name in names {
            let mut kinds = kinds_of(store, name, None, 99).await;
            kinds.retain(|kind| *kind != "organization_plan_set");
            all.push(kinds);
        }
        all
    };
    let before = all(&*store).await;
    assert_eq!(
        before,
        [
            vec!["measure_ended", "measure_began", "impact_changed", "incident_opened"],
            vec!["impact_changed"],
            vec!["impact_changed"],
            vec!["breach_joined"],
            vec![],
        ]
    );
    drop(store);
    let older = "DROP TABLE organization; DROP TABLE organization_entry; DELETE FROM _sqlx_migrations WHERE version = 14";
    place.attack(older, older).await.unwrap();
    let store = place.open().await;
    assert_eq!(all(&*store).await, before);
    // An incident that told already of an organization tells no more of it.
    write(&*store, 3, Actor::Agent, vec![impact(&["acme", "globex"])]).await.unwrap();
    assert_eq!(all(&*store).await, before);
}

fn resolved(number: u32) -> Event {
    let (incident, step) = (IncidentNumber(number), Step::PersonResolved);
    Event::Resolved { incident, step, note: None }
}

pub async fn incidents_are_found_by_whom_they_affected(place: &Place) {
    let store = place.open().await;
    let events = vec![
        opened(1, "host:web-1"),
        opened(2, "host:web-1"),
        opened(3, "host:web-1"),
        opened(4, "organization:acme"),
        impact_of(1, &["acme"]),
        impact_of(2, &["acme", "globex"]),
        impact_of(3, &["acme"]),
        impact_of(2, &["acme", "globex"]),
    ];
    write(&*store, 1, Actor::Agent, events).await.unwrap();
    write(&*store, 50, Actor::Local, vec![resolved(1)]).await.unwrap();
    write(&*store, 60, Actor::Local, vec![resolved(2)]).await.unwrap();
    let organizations = store.as_organizations();
    let found = async |name: Option<&str>, since: i64, limit: u32| {
        let name = name.map(named);
        let found = organizations.incidents_affecting(name.as_ref(), at(since), limit).await;
        found.unwrap().iter().map(|number| number.0).collect::<Vec<_>>()
    };
    // One that ended before is left out, one that is active is not; the newest come first.
    assert_eq!(found(Some("acme"), 50, 10).await, [3, 2, 1]);
    assert_eq!(found(Some("acme"), 51, 10).await, [3, 2]);
    assert_eq!(found(Some("acme"), 61, 10).await, [3]);
    assert_eq!(found(Some("acme"), 50, 2).await, [3, 2]);
    assert_eq!(found(Some("globex"), 50, 10).await, [2]);
    assert_eq!(found(Some("initech"), 0, 10).await, [0; 0]);
    // The one that is only about an organization affected none.
    assert_eq!(found(None, 51, 10).await, [3, 2]);
    let kinds = async |limit: u32| {
        let entries = organizations.impact_entries(IncidentNumber(2), limit).await.unwrap();
        entries.into_iter().map(|entry| entry.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(10).await, ["resolved", "impact_changed", "impact_changed"]);
    assert_eq!(kinds(1).await, ["resolved"]);
}
