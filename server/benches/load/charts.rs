//! The cost of the history page and uptime on both databases: a search with its charts among 10,000
//! incidents of 13 weeks, and 90 days of probes of some endpoints, packed. All of it is made up, by
//! the same formula each time.

use std::{sync::Arc, time::Instant};

use commands::reading::{GetUptime, HistoryFilter, SearchHistory};
use domain::{
    access::Principal,
    actor::Actor,
    id::IncidentNumber,
    incident::Incident,
    journal::{Cursor, Event},
    lifecycle::Step,
    time::{Span, Timestamp},
    unit::Unit,
};
use server::{
    clock::Clock,
    current_status::CurrentStatus,
    service::Service,
    store::{About, Archive, Change, Rollup, RollupStep, Where, open_archive},
    stream::Live,
};

use crate::{
    Outcome,
    history::{Random, shares},
    postgres_server::Server,
};

const INCIDENTS: u32 = 10_000;
/// The incidents of one transaction.
const AT_ONCE: u32 = 200;
const SEARCHES: usize = 200;
const ENDPOINTS: u32 = 20;
const DAY: u64 = 24 * 60;

/// See the module.
pub async fn measure() -> Outcome {
    let dir = tempfile::tempdir()?;
    let at = Where::Sqlite { path: dir.path().join("charts.db") };
    measure_on("SQLite", &at).await?;
    let server = Server::start(&["shared_buffers=128MB"]);
    measure_on("PostgreSQL", &Where::Postgres { url: server.fresh("drawn").await }).await
}

async fn measure_on(name: &str, at: &Where) -> Outcome {
    let (store, clock) = (open_archive(at).await?, Clock::start());
    let now = clock.now().wall;
    let mut random = Random(7);
    for first in (1..=INCIDENTS).step_by(AT_ONCE as usize) {
        // 13 minutes from one to the next are 90 days.
        let ago = Span::from_mins(u64::from(INCIDENTS - first) * 13);
        let (mut opened, mut ended) = (Vec::new(), Vec::new());
        for number in first..first + AT_ONCE {
            let (one, end) = incident(number, now.minus(ago), &mut random);
            opened.push(one);
            ended.push(end);
        }
        write(&*store, now.minus(ago), opened).await?;
        let lasted = Span::from_mins((random.next() * 60.0) as u64);
        write(&*store, now.minus(ago).plus(lasted), ended).await?;
    }
    let live = Live::new(Cursor { epoch: 1, number: 0 }, 10, now);
    let service = Service::new(
        Arc::<dyn Archive>::clone(&store),
        Arc::new(CurrentStatus::default()),
        live,
        Arc::default(),
        clock,
    );
    let words = HistoryFilter { text: Some("part-3".into()), ..HistoryFilter::default() };
    let month = HistoryFilter {
        from: Some(now.minus(Span::from_mins(30 * DAY))),
        to: Some(now),
        ..HistoryFilter::default()
    };
    for (what, filter) in
        [("everything", HistoryFilter::default()), ("a word", words), ("a month", month)]
    {
        let mut times = Vec::new();
        for _ in 0..SEARCHES {
            let began = Instant::now();
            let asked = SearchHistory { filter: filter.clone() };
            let found = service.execute(Principal::Local, asked).await;
            let found = found.map_err(|error| wording::error::sentence(&error))?;
            if found.charts.is_none_or(|charts| charts.subjects.is_empty()) {
                return Err("a search without charts".into());
            }
            times.push(began.elapsed());
        }
        println!(
            "{name}: history with charts, {what}, among {INCIDENTS} incidents: {}",
            shares(times)
        );
    }
    uptime(name, &*store, &service, now).await
}

async fn uptime(name: &str, store: &dyn Archive, service: &Service, now: Timestamp) -> Outcome {
    for number in 0..ENDPOINTS {
        let all: Vec<Rollup> =
            (1..=90 * DAY).map(|ago| minute(number, now, ago)).collect::<Result<_, _>>()?;
        for part in all.chunks(10_000) {
            store.write_rollups(part).await?;
        }
    }
    while store.as_past().pack(now, 32).await? > 0 {}
    for what in ["the first time", "again within a minute"] {
        let began = Instant::now();
        let found = service.execute(Principal::Local, GetUptime {}).await;
        let found = found.map_err(|error| wording::error::sentence(&error))?;
        if found.endpoints.len() != ENDPOINTS as usize {
            return Err(format!("{} endpoints", found.endpoints.len()).into());
        }
        println!(
            "{name}: uptime of {ENDPOINTS} endpoints over 90 days of minutes, {what}: {:.1} ms",
            began.elapsed().as_secs_f64() * 1e3
        );
    }
    Ok(())
}

fn minute(number: u32, now: Timestamp, ago: u64) -> Result<Rollup, Box<dyn std::error::Error>> {
    let at = now.minus(Span::from_mins(ago)).as_micros();
    let mean = if ago.is_multiple_of(1_000) { 0.75 } else { 1.0 };
    Ok(Rollup {
        subject: format!("endpoint:number-{number}").parse()?,
        signal: "endpoint.up".parse()?,
        unit: Unit::YesNo,
        step: RollupStep::Minute,
        start: Timestamp::from_micros(at.div_euclid(60_000_000) * 60_000_000),
        min: f64::floor(mean),
        max: 1.0,
        mean,
        last: 1.0,
        count: 4,
    })
}

/// An incident and its end.
fn incident(number: u32, at: Timestamp, random: &mut Random) -> (Event, Event) {
    let mut one = |of: usize| (random.next() * of as f64) as usize % of;
    let subject = format!("service:part-{}@web-{}", one(40), one(5));
    let breach = fixtures::breach().on(&subject).since(at).build();
    let id = uuid::Uuid::from_u128(u128::from(number));
    let opened = fixtures::incident(number).id(id).of([breach]).began(at).opened(at).opening();
    let incident = IncidentNumber(number);
    (opened, Event::Resolved { incident, step: Step::PersonResolved, note: None })
}

async fn write(store: &dyn Archive, at: Timestamp, events: Vec<Event>) -> Outcome {
    let change = Change {
        at,
        actor: Actor::Local,
        about: About::Nothing,
        decide: Box::new(move |_: &[Incident]| Ok(events)),
        people: None,
        monitor: None,
    };
    store.change(change).await?;
    Ok(())
}
