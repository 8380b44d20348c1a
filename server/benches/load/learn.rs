//! Learning from much data, on both databases: 10,000 incidents, a million entries of the journal
//! and 90 days of minutes of 200 signals, all made by `calm-ops simulate history`. The environment
//! variables `LEARN_INCIDENTS`, `LEARN_ENTRIES`, `LEARN_DAYS` and `LEARN_SIGNALS` make it smaller.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    hash::Head,
    report::ReportKind,
    time::{Span, Timestamp},
};
use policy::thresholds::Thresholds;
use server::{
    backtest::backtest,
    collectors,
    config::{Config, Secret},
    documents::THRESHOLDS,
    embedded,
    reports::{self, ReportDocuments, period},
    simulated_past::{HistorySize, make_history},
    store::{Archive, RollupStep, Store, open_archive, verify::verify},
    time_zones::TeamZone,
};

use crate::{Outcome, Server, expect, history::shares, http::Connection, postgres_server};

const DAY: u64 = 24 * 60;
/// Number of times that pages are asked for.
const ASKED: usize = 200;
const CHARTS: usize = 100;
const REPORTS: usize = 5;
/// Bars of the pages, a report, and a backtest.
const PAGE: Duration = Duration::from_millis(50);
const REPORT: Duration = Duration::from_secs(2);
const BACKTEST: Duration = Duration::from_secs(10);
/// Entries of the journal to verify in a second.
const VERIFIED: f64 = 100_000.0;
/// A word that nobody wrote: all incidents are read for it.
const NOWHERE: &str = "zebra";
/// Words that people look for.
const SEARCHED: [&str; 6] = ["worker", "imports", "provider", "generated-7", "case 512", "nobody"];

/// See the module.
pub async fn measure() -> Outcome {
    let size = size()?;
    let dir = tempfile::tempdir()?;
    let sqlite = Config { data_dir: dir.path().join("data"), ..Config::standard() };
    database("SQLite", &sqlite, size, dir).await?;
    let server = postgres_server::Server::start(&["shared_buffers=128MB"]);
    let dir = tempfile::tempdir()?;
    let database_url = Some(Secret::new(server.fresh("learn").await));
    let data_dir = dir.path().join("data");
    let postgres = Config { data_dir, database_url, ..Config::standard() };
    database("PostgreSQL", &postgres, size, dir).await
}

fn size() -> Result<HistorySize, Box<dyn std::error::Error>> {
    fn read<T: std::str::FromStr>(name: &str, usual: T) -> Result<T, String> {
        match std::env::var(name) {
            Ok(text) => text.parse().map_err(|_| format!("{name}={text} is no number")),
            Err(_) => Ok(usual),
        }
    }
    Ok(HistorySize {
        incidents: read("LEARN_INCIDENTS", 10_000)?,
        entries: read("LEARN_ENTRIES", 1_000_000)?,
        days: read("LEARN_DAYS", 90)?,
        signals: read("LEARN_SIGNALS", 200)?,
        seed: 1,
    })
}

async fn database(
    name: &str,
    config: &Config,
    size: HistorySize,
    dir: tempfile::TempDir,
) -> Outcome {
    let began = Instant::now();
    let made = make_history(config, size, &mut |_| {}).await?;
    println!(
        "{name}: {} incidents, {} entries and {} days of {} signals generated in {:.1} s",
        made.incidents,
        made.head.number,
        size.days,
        made.signals,
        began.elapsed().as_secs_f64()
    );
    println!("{name}: caches are warm from here on: all of it was just written");
    let store = open_archive(&config.place()).await?;
    let (_, Head { .. }) = store.head().await?;
    // The last hour that was generated.
    let now = store.opening().await?.alive_at.ok_or("nothing was generated")?;
    bytes(name, &*store, size).await?;
    proof(name, &*store).await?;
    weekly(name, &*store, now).await?;
    charts(name, &*store, (size, now)).await?;
    replayed(name, &store, (size, now)).await?;
    // The folder stays until the end: the database is in it.
    let _dir = pages(name, config, dir).await?;
    pauses(name, &store, (size, now)).await
}

const fn met(is_met: bool) -> &'static str {
    if is_met { "met" } else { "MISSED" }
}

/// Prints times, and whether 99 % of them are under a bar.
fn print(name: &str, what: &str, mut times: Vec<Duration>, bar: Duration) {
    times.sort();
    let place = (times.len() * 99 / 100).min(times.len().saturating_sub(1));
    let is_met = times.get(place).is_some_and(|time| *time < bar);
    println!(
        "{name}: {what}: {}; the bar of {} ms is {}",
        shares(times),
        bar.as_millis(),
        met(is_met)
    );
}

/// The size of the packed minutes of a signal and day, without what the database adds for rows and
/// indexes.
async fn bytes(name: &str, store: &dyn Archive, size: HistorySize) -> Outcome {
    let (mut after, mut bytes) = (0, 0);
    while let Some((series, history)) = store.series_history(after).await? {
        after = series;
        let minutes = history.blocks.iter().filter(|block| block.step == RollupStep::Minute);
        bytes += minutes.map(|block| block.body.len()).sum::<usize>();
    }
    let days = size.days as f64 * size.signals as f64;
    println!(
        "{name}: {:.0} bytes for the packed minutes of a signal and day, without rows and indexes",
        bytes as f64 / days
    );
    Ok(())
}

async fn proof(name: &str, store: &dyn Store) -> Outcome {
    let began = Instant::now();
    let report = verify(store, None).await?;
    if !report.is_whole() {
        return Err("the journal is not whole".into());
    }
    let seconds = began.elapsed().as_secs_f64();
    let rate = report.head.number as f64 / seconds;
    println!(
        "{name}: {} entries verified in {seconds:.1} s, {rate:.0} a second; the bar of {VERIFIED:.0} is {}",
        report.head.number,
        met(rate >= VERIFIED)
    );
    Ok(())
}

async fn weekly(name: &str, store: &dyn Store, now: Timestamp) -> Outcome {
    let documents = ReportDocuments::built_in();
    let mut times = Vec::new();
    for _ in 0..REPORTS {
        let began = Instant::now();
        let known = reports::known(store).await?;
        let period = period::until(&TeamZone::default(), ReportKind::Weekly, now);
        let made = reports::make(store, &known, &documents, &period, now).await?;
        times.push(began.elapsed());
        if !made.text.contains("incident") {
            return Err("the report tells of no incident".into());
        }
    }
    print(name, &format!("{REPORTS} weekly reports"), times, REPORT);
    Ok(())
}

async fn charts(name: &str, store: &dyn Store, (size, now): (HistorySize, Timestamp)) -> Outcome {
    let past = store.as_past();
    let all = past.all_series().await?;
    let range = (now.minus(Span::from_mins(size.days * DAY)), now);
    let width = Span::from_mins((size.days * DAY / 400).max(1));
    let mut times = Vec::new();
    for one in all.iter().cycle().take(CHARTS) {
        let began = Instant::now();
        let found =
            past.buckets(&one.subject, &one.signal, RollupStep::Minute, range, width).await?;
        times.push(began.elapsed());
        if found.is_empty() {
            return Err("a chart without values".into());
        }
    }
    println!("{name}: a chart of {} days of minutes: {}", size.days, shares(times));
    Ok(())
}

/// All history through the built-in thresholds, on one core.
async fn replayed(
    name: &str,
    store: &Arc<dyn Archive>,
    (size, now): (HistorySize, Timestamp),
) -> Outcome {
    let text = embedded::document(THRESHOLDS).unwrap_or_default();
    let thresholds = Thresholds::parse(THRESHOLDS, &text, collectors::signals());
    let thresholds = Arc::new(thresholds.map_err(|_| "the thresholds are wrong")?);
    let since = now.minus(Span::from_mins(size.days * DAY));
    let began = Instant::now();
    let zone = TeamZone::default();
    let report =
        backtest(&**store, thresholds, None, (since, now), (&|_| 0, &zone), &mut |_| {}).await?;
    let took = began.elapsed();
    println!(
        "{name}: a backtest of {} days of {} signals in {:.1} s; the bar of {} s is {}",
        size.days,
        report.series.0,
        took.as_secs_f64(),
        BACKTEST.as_secs(),
        met(took < BACKTEST)
    );
    Ok(())
}

/// The history page and searches, from the request to the whole page, of the program itself.
async fn pages(
    name: &str,
    config: &Config,
    dir: tempfile::TempDir,
) -> Result<tempfile::TempDir, crate::Failure> {
    let url = config.database_url.as_ref().map(Secret::expose);
    let mut server = Server::start_on(dir, url).await?;
    let mut connection = Connection::open(&server.address, &server.cookie).await?;
    let page = "/ops/history".to_owned();
    let search = |words: &str| format!("/ops/history?text={}", words.replace(' ', "+"));
    let searches: Vec<String> = SEARCHED.into_iter().map(search).collect();
    for (what, paths) in [
        ("the history page", vec![page]),
        ("searching the history", searches),
        ("searching the history in vain", vec![search(NOWHERE)]),
    ] {
        let mut times: Vec<Duration> = Vec::new();
        for path in paths.iter().cycle().take(ASKED) {
            let began = Instant::now();
            let answer = connection.get(path, &[]).await?;
            times.push(began.elapsed());
            expect(answer.status, 200)?;
        }
        print(name, what, times, PAGE);
    }
    server.kill().await?;
    Ok(server.dir)
}

/// The pauses of someone who writes all the time, while what is too old is removed.
async fn pauses(
    name: &str,
    store: &Arc<dyn Archive>,
    (size, now): (HistorySize, Timestamp),
) -> Outcome {
    async fn write(store: &dyn Archive, now: Timestamp) -> Result<Duration, crate::Failure> {
        tokio::time::sleep(Duration::from_millis(2)).await;
        let began = Instant::now();
        store.save_monitor(None, now).await?;
        Ok(began.elapsed())
    }
    let mut quiet = Vec::new();
    for _ in 0..300 {
        quiet.push(write(&**store, now).await?);
    }
    println!("{name}: a change while nothing is removed: {}", shares(quiet));
    let other = Arc::clone(store);
    // When a third of the minutes is too old.
    let days = size.days / 3;
    let first = now.minus(Span::from_mins(size.days * DAY));
    let later = first.plus(RollupStep::Minute.kept()).plus(Span::from_mins(days * DAY));
    let began = Instant::now();
    let removing = tokio::spawn(async move { other.prune(later).await });
    let mut busy = Vec::new();
    while !removing.is_finished() {
        busy.push(write(&**store, now).await?);
    }
    let removed = removing.await??;
    println!(
        "{name}: a change while {days} days of all signals ({removed} blocks and rows) are removed in {:.1} s: {}",
        began.elapsed().as_secs_f64(),
        shares(busy)
    );
    Ok(())
}
