//! The cost of finding similar incidents among 10,000, on both databases: the whole look-up of an
//! incident's page with its ranking. The incidents are made up, by the same formula each time; a
//! few kinds of problems and the same words in many of them are the worst case.

use std::time::Instant;

use domain::{
    actor::Actor,
    id::IncidentNumber,
    incident::Incident,
    journal::Event,
    lifecycle::Step,
    time::{Span, Timestamp},
};
use engine::similar::{Traits, rank};
use server::store::{About, Archive, Change, ComparedIncident, StoreError, Where, open_archive};

use crate::{
    Outcome,
    history::{Random, shares},
    postgres_server::Server,
};

const INCIDENTS: u32 = 10_000;
/// The incidents of one transaction.
const AT_ONCE: u32 = 200;
const LOOK_UPS: u32 = 300;
const SIGNALS: [&str; 8] = [
    "queue.depth",
    "http.errors",
    "app.memory",
    "app.restarts",
    "disk.used",
    "host.load",
    "database.connections",
    "certificate.days",
];
const NOTES: [&str; 6] = [
    "restarted the worker by hand after the deploy",
    "a poisoned message blocked the importer, removed it from the queue",
    "the disk was full of old logs, rotated them and freed the space",
    "too many connections from the nightly report, stopped it",
    "the certificate was renewed and the proxy reloaded",
    "nobody knows, it went away while we looked",
];

/// See the module.
pub async fn measure() -> Outcome {
    let dir = tempfile::tempdir()?;
    similar("SQLite", &Where::Sqlite { path: dir.path().join("similar.db") }).await?;
    let server = Server::start(&["shared_buffers=128MB"]);
    similar("PostgreSQL", &Where::Postgres { url: server.fresh("alike").await }).await
}

async fn similar(name: &str, at: &Where) -> Outcome {
    let store = open_archive(at).await?;
    let began = Instant::now();
    let mut random = Random(7);
    for first in (1..=INCIDENTS).step_by(AT_ONCE as usize) {
        let mut events = Vec::new();
        for number in first..first + AT_ONCE {
            events.extend(incident(number, &mut random));
        }
        write(&*store, first, events).await?;
    }
    println!("{name}: {INCIDENTS} incidents written in {:.1} s", began.elapsed().as_secs_f64());
    let (mut times, mut found) = (Vec::new(), 0);
    for place in 0..LOOK_UPS {
        let number = IncidentNumber(1 + place * (INCIDENTS / LOOK_UPS));
        let began = Instant::now();
        found += look_up(&*store, number).await?;
        times.push(began.elapsed());
    }
    println!(
        "{name}: similar incidents among {INCIDENTS}, {found} for {LOOK_UPS}: {}",
        shares(times)
    );
    Ok(())
}

/// The number of similar incidents, with what is read of each.
async fn look_up(store: &dyn Archive, number: IncidentNumber) -> Result<usize, StoreError> {
    let past = store.as_past();
    let traits = |one: &ComparedIncident| {
        Traits::new(one.number, &one.cause, &one.subjects, &one.problems, &one.text)
    };
    let Some(asked) = past.compared(number).await? else { return Ok(0) };
    let asked = traits(&asked);
    let problems: Vec<String> = asked.problems.iter().cloned().collect();
    let found = past.alike(number, &problems, &asked.looked_up()).await?;
    let ranked = rank(&asked, &found.iter().map(traits).collect::<Vec<_>>());
    let mut read = 0;
    for one in ranked {
        read += usize::from(store.incident(one).await?.is_some());
    }
    Ok(read)
}

/// An incident with its end.
fn incident(number: u32, random: &mut Random) -> [Event; 2] {
    let mut one = |of: usize| (random.next() * of as f64) as usize % of;
    let subject = format!("service:part-{}@web-{}", one(40), one(5));
    let signal = SIGNALS[one(SIGNALS.len())];
    let note = NOTES[one(NOTES.len())];
    let breach = fixtures::breach().on(&subject).signal(signal).build();
    let id = uuid::Uuid::from_u128(u128::from(number));
    let opened = fixtures::incident(number).id(id).of([breach]).summarized(Span::ZERO).opening();
    let incident = IncidentNumber(number);
    let note = Some(format!("{note}, case {}", one(1_000)));
    [opened, Event::Resolved { incident, step: Step::PersonResolved, note }]
}

async fn write(store: &dyn Archive, first: u32, events: Vec<Event>) -> Outcome {
    let change = Change {
        at: Timestamp::from_secs(1_795_341_600 + i64::from(first)),
        actor: Actor::Local,
        about: About::Nothing,
        decide: Box::new(move |_: &[Incident]| Ok(events)),
        people: None,
        monitor: None,
    };
    store.change(change).await?;
    Ok(())
}
