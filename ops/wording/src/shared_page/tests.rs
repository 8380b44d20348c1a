//! The parts that a link never shows, over many incidents.

use commands::sharing::Parts;
use domain::{
    actor::Actor,
    breach::{Breach, Crossing, Easing, Ending},
    id::{AccountId, IncidentNumber, ShareId},
    incident::{Acknowledgement, IncidentBreach, Resolution},
    time::Span,
};
use fixtures;
use proptest::{prelude::*, strategy::ValueTree as _};

use super::*;

/// Names of the inside: hosts, paths, processes, secrets. None of them is ever shown without leave.
const INSIDE: [&str; 14] = [
    "web-1",
    "alphahost",
    "db.internal",
    "10.0.0.7",
    "/var/lib/orders",
    "postgres: writer",
    "node_modules",
    "hunter2",
    "sk-live-9f8e7d",
    "svc9",
    "pm2-restart-api",
    "secret-runbook",
    "BEGIN PRIVATE KEY",
    "93.7",
];

fn hosts() -> Vec<String> {
    ["web-1", "alphahost", "db.internal"].map(str::to_owned).to_vec()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_795_000_200 + seconds)
}

fn subject() -> impl Strategy<Value = Subject> {
    let subjects = [
        "host:web-1",
        "host:alphahost",
        "disk:/var/lib/orders@web-1",
        "app:svc9@alphahost",
        "app:postgres: writer@db.internal",
        "endpoint:alphahost",
        "endpoint:10.0.0.7",
        "endpoint:db.internal/hunter2",
        "endpoint:svc9",
        "endpoint:sk-live-9f8e7d@web-1",
        "endpoint:AlphaHost",
        "endpoint:checkout",
        "service:node_modules",
        "database:db.internal",
    ];
    proptest::sample::select(subjects.map(|text| text.parse::<Subject>().unwrap()).to_vec())
}

fn breach() -> impl Strategy<Value = IncidentBreach> {
    let signals = [
        "host.memory.used",
        "disk.used",
        "endpoint.up",
        "endpoint.first_byte",
        "endpoint.certificate.days_left",
        "app.up",
        "database.connections",
        "queue.depth",
        "host.load.one",
        "custom.value",
    ];
    (subject(), proptest::sample::select(signals.to_vec()), 0..5u8, any::<bool>(), 0..3u8).prop_map(
        |(subject, signal, crossing, easing, end)| {
            let crossing = match crossing {
                0 => Crossing::Above { level: 93.7 },
                1 => Crossing::Below { level: 93.7 },
                2 => Crossing::Silent { for_seconds: 93.7 },
                3 => Crossing::Rising { by: 93.7, within_seconds: 60.0 },
                _ => Crossing::Reaching { limit: 93.7, within_seconds: 600.0 },
            };
            let breach = fixtures::breach()
                .on(subject.as_str())
                .signal(signal)
                .critical()
                .crossing(crossing)
                .since(at(0))
                .fired(at(60));
            let breach = breach.value(93.7).usual(93.7).per_minute(93.7).limit_in(4_000.0);
            let breach = breach.guidance(
                "hunter2 on web-1 in /var/lib/orders",
                "secret-runbook",
                &["pm2-restart-api"],
            );
            let easing = easing.then_some(Easing {
                since: at(70),
                stays_for_seconds: 300.0,
                recovers_at: Some(93.7),
            });
            let breach = Breach { easing, ..breach.build() };
            let ending = match end {
                0 => None,
                1 => Some(Ending::Recovered { since: at(500) }),
                _ => Some(Ending::NoLongerWatched),
            };
            IncidentBreach { breach, cleared_at: ending.map(|_| at(600)), ending }
        },
    )
}

fn incident() -> impl Strategy<Value = Incident> {
    let state = proptest::sample::select(vec![
        State::Detected,
        State::AwaitingDecision,
        State::Recovering,
        State::Resolved,
    ]);
    (proptest::collection::vec(breach(), 1..9), state, any::<bool>(), 0..2u32).prop_map(
        |(breaches, state, flood, reopened)| {
            let first = breaches[0].breach.clone();
            let mut incident = Incident {
                breaches,
                reopened,
                acknowledged: Some(Acknowledgement {
                    by: Actor::Account(AccountId(9)),
                    at: at(80),
                }),
                touched_by_person: true,
                flood,
                ..fixtures::incident(42)
                    .of([first])
                    .state(state)
                    .began(at(0))
                    .opened(at(60))
                    .snapshots(1)
                    .build()
            };
            if state == State::Resolved {
                incident.resolution = Some(Resolution {
                    by: Actor::Local,
                    at: at(900),
                    note: Some("hunter2 was wrong on web-1".into()),
                });
            }
            incident.summary = engine::summary::compose(&incident, Span::from_mins(5));
            incident
        },
    )
}

fn entries(incident: &Incident) -> Vec<Entry> {
    let number = incident.number;
    let events = [
        Event::IncidentOpened { incident: Box::new(incident.clone()) },
        Event::BreachJoined {
            incident: number,
            breach: Box::new(incident.breaches[0].breach.clone()),
        },
        Event::Acknowledged { incident: number },
        Event::Commented {
            incident: number,
            text: "the password is hunter2, BEGIN PRIVATE KEY".into(),
        },
        Event::RecommendationDeclined {
            incident: number,
            place: 1,
            reason: "svc9 is not to blame".into(),
        },
        Event::DocumentRefused {
            name: "/var/lib/orders".into(),
            sha256: String::new(),
            error: "web-1".into(),
        },
        Event::Resolved {
            incident: number,
            step: Step::PersonResolved,
            note: Some("hunter2".into()),
        },
        Event::Reopened { incident: number, note: Some("sk-live-9f8e7d".into()) },
    ];
    let entry = |(number, event)| Entry {
        number,
        at: at(0),
        actor: Actor::Account(AccountId(9)),
        event: Some(event),
    };
    (1..).zip(events).map(entry).collect()
}

fn share(audience: Audience, hosts: bool) -> Share {
    Share {
        id: ShareId(3),
        incident: IncidentNumber(42),
        label: "for hunter2".into(),
        audience,
        parts: Parts { summary: true, timeline: true, now: true },
        hosts,
        made_by: Actor::Local,
        made_at: at(0),
        until: at(9_000),
        revoked_at: None,
        last_used_at: None,
        views: 0,
    }
}

proptest! {
    #[test]
    fn a_link_names_nothing_of_the_inside(incident in incident()) {
        let entries = entries(&incident);
        for audience in Audience::ALL {
            let page = compose(&incident, &entries, &share(audience, false), &hosts(), at(1_000));
            let shown = serde_json::to_string(&page).unwrap();
            for inside in INSIDE {
                prop_assert!(!shown.to_lowercase().contains(&inside.to_lowercase()), "{} in {}", inside, shown);
            }
            prop_assert!(page.hosts.is_empty() && !page.sections.is_empty() && !page.timeline.is_empty() && !page.now.is_empty());
            prop_assert!(!shown.contains("Concerned") && !shown.contains("part 1"), "{}", shown);
        }
        // With leave the hosts are told, and still nothing that a person wrote.
        let page = compose(&incident, &entries, &share(Audience::Manager, true), &hosts(), at(1_000));
        prop_assert_eq!(page.hosts.is_empty(), incident.subjects().iter().all(|subject| subject.host().is_none()));
        prop_assert!(!serde_json::to_string(&page.timeline).unwrap().contains("hunter2"));
        // A customer's link never does, whatever its row says.
        let page = compose(&incident, &entries, &share(Audience::Customer, true), &hosts(), at(1_000));
        prop_assert!(page.hosts.is_empty() && !serde_json::to_string(&page).unwrap().contains("web-1"));
    }
}

/// Words that belong to one standing and speak against the others.
fn claims(text: &str) -> Vec<Standing> {
    let text = text.to_lowercase();
    let known: [(&str, &[Standing]); 11] = [
        ("is ongoing", &[Standing::Ongoing]),
        ("are ongoing", &[Standing::Ongoing]),
        ("not fixed yet", &[Standing::Ongoing]),
        ("is deciding", &[Standing::Ongoing, Standing::NoData]),
        ("may get worse", &[Standing::Ongoing, Standing::NoData]),
        ("sure it stays fixed", &[Standing::Improving, Standing::Ongoing, Standing::NoData]),
        ("no current data", &[Standing::NoData, Standing::Ongoing]),
        ("back to normal;", &[Standing::Recovered]),
        ("everything is working again", &[Standing::Recovered]),
        ("was resolved at", &[Standing::Resolved, Standing::Closed]),
        ("closed this at", &[Standing::Closed]),
    ];
    let mut fits = vec![
        Standing::Ongoing,
        Standing::NoData,
        Standing::Improving,
        Standing::Recovered,
        Standing::Resolved,
        Standing::Closed,
    ];
    for (_, standings) in known.iter().filter(|(words, _)| text.contains(words)) {
        fits.retain(|one| standings.contains(one));
    }
    fits
}

proptest! {
    /// State, title, present state and summary are about one and the same standing.
    #[test]
    fn no_part_of_a_page_contradicts_another(incident in incident()) {
        let standing = Standing::of(&incident);
        for audience in Audience::ALL {
            let page = compose(&incident, &[], &share(audience, false), &hosts(), at(1_000));
            let mut texts = vec![page.state.clone(), page.title.clone()];
            texts.extend(page.now.iter().cloned());
            texts.extend(page.sections.iter().flat_map(|one| one.sentences.iter().cloned()));
            let fits = claims(&texts.join("\n"));
            prop_assert!(fits.contains(&standing), "{:?}: {:#?}", standing, texts);
        }
        let team = summary::render(&incident.summary, summary::Reader::Team);
        let team: Vec<String> = team.into_iter().flat_map(|one| one.sentences).collect();
        let told = team.join("\n");
        prop_assert!(!told.contains("Everything is back to normal") || standing == Standing::Recovered, "{}", told);
        prop_assert!(!told.contains("It is improving") || standing == Standing::Improving, "{}", told);
        prop_assert!(!told.contains("Back to normal since") || standing == Standing::Recovered, "{}", told);
    }
}

#[test]
fn only_the_chosen_parts_are_shown() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let incident = incident().new_tree(&mut runner).unwrap().current();
    let mut one = share(Audience::Manager, false);
    one.parts = Parts { summary: false, timeline: false, now: true };
    let page = compose(&incident, &entries(&incident), &one, &hosts(), at(1_000));
    assert!(page.sections.is_empty() && page.timeline.is_empty() && !page.now.is_empty());
    let general = if incident.is_active() {
        "We are looking into a problem"
    } else {
        "This incident is closed"
    };
    assert_eq!(page.title, general, "nor does the title tell of it");
}
