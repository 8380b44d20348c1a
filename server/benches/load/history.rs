//! The cost of history on both databases: bytes for each signal and day, a chart of 90 days, and
//! how long a change waits while days are packed. The values are made up, by the same formula each
//! time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
    unit::Unit,
};
use server::store::{Archive, Rollup, RollupStep, StoreError, Where, open_archive};

use crate::{Outcome, postgres_server::Server};

/// A day, counted from 1970, that is long over when [`NOW`] is.
const FIRST: u64 = 20_600;
const DAYS: u64 = 90;
const DAY: u64 = 24 * 60;
/// The signals whose day is packed while a writer measures its pauses.
const SIGNALS: u32 = 200;
const CHARTS: usize = 200;

/// Numbers that look random and are the same in each run (SplitMix64).
pub struct Random(pub u64);

impl Random {
    /// Between 0 and 1.
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Around 0, mostly between -1 and 1.
    fn around(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

/// The next value of a signal that is measured every five seconds, from the one before.
type Course = fn(&mut Random, f64) -> f64;

/// Signals as programs report them.
const COURSES: [(&str, f64, Course); 7] = [
    ("constant", 1.0, |_, value| value),
    ("disk used, % of bytes, one change a minute", 0.412_345_678, |random, value| {
        if random.next() < 1.0 / 12.0 { value + random.next() * 1e-6 } else { value }
    }),
    ("memory used, bytes of pages", 8e9, |random, value| {
        ((value + random.around() * 2e5) / 4_096.0).round() * 4_096.0
    }),
    ("memory used, % of bytes", 48.0, |random, value| value + random.around() * 1e-3),
    ("latency, whole ms", 20.0, |random, _| (random.around() * 0.5 + 3.0).exp().round()),
    ("latency, ms, any number", 20.0, |random, _| (random.around() * 0.5 + 3.0).exp()),
    ("counter, rising", 0.0, |random, value| value + (1_000.0 + random.around() * 30.0).round()),
];

/// The minutes of a signal, over days.
fn minutes(subject: &str, (mut value, course): (f64, Course), days: u64) -> Vec<Rollup> {
    let names = (subject.parse::<Subject>(), "queue.depth".parse::<Signal>());
    let (Ok(subject), Ok(signal)) = names else {
        return Vec::new();
    };
    let mut random = Random(7);
    let minute = |at: u64| {
        let mut values = [0.0; 12];
        for one in &mut values {
            value = course(&mut random, value);
            *one = value;
        }
        let start = Timestamp::from_micros(0).plus(Span::from_mins(FIRST * DAY + at));
        Rollup {
            subject: subject.clone(),
            signal: signal.clone(),
            unit: Unit::Count,
            step: RollupStep::Minute,
            start,
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            mean: values.iter().sum::<f64>() / 12.0,
            last: value,
            count: 12,
        }
    };
    (0..days * DAY).map(minute).collect()
}

fn now() -> Timestamp {
    Timestamp::from_micros(0).plus(Span::from_mins((FIRST + DAYS + 2) * DAY))
}

/// See the module.
pub async fn measure() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = |name: &str| Where::Sqlite { path: dir.path().join(name) };
    bytes(&path("bytes.db")).await?;
    let server = Server::start(&["shared_buffers=128MB"]);
    charts("SQLite", &path("charts.db")).await?;
    pauses("SQLite", &path("pauses.db")).await?;
    charts("PostgreSQL", &Where::Postgres { url: server.fresh("charts").await }).await?;
    pauses("PostgreSQL", &Where::Postgres { url: server.fresh("pauses").await }).await
}

/// The size of a day of minutes of each kind of signal; the same on both databases.
async fn bytes(at: &Where) -> Outcome {
    let store = open_archive(at).await?;
    for (name, value, course) in COURSES {
        let subject =
            format!("service:{}", name.replace(|letter: char| !letter.is_alphabetic(), "-"));
        store.write_rollups(&minutes(&subject, (value, course), 1)).await?;
        pack(&*store).await?;
        let mut after = 0;
        while let Some((series, history)) = store.series_history(after).await? {
            after = series;
            if history.subject.as_str() == subject {
                let size: usize = history.blocks.iter().map(|block| block.body.len()).sum();
                println!("a day of minutes, {name}: {size} bytes");
            }
        }
    }
    Ok(())
}

async fn pack(store: &dyn Archive) -> Result<u32, StoreError> {
    let mut packed = 0;
    loop {
        match store.as_past().pack(now(), 32).await? {
            0 => return Ok(packed),
            more => packed += more,
        }
    }
}

/// The time in which 90 days of minutes of one signal are put together for a chart.
async fn charts(name: &str, at: &Where) -> Outcome {
    let store = open_archive(at).await?;
    let (_, value, course) = COURSES[4];
    let all = minutes("service:charts", (value, course), DAYS);
    for part in all.chunks(5_000) {
        store.write_rollups(part).await?;
    }
    let (subject, signal) = ("service:charts".parse()?, "queue.depth".parse()?);
    let range = (now().minus(Span::from_mins((DAYS + 2) * DAY)), now());
    for packed in [false, true] {
        if packed {
            let began = Instant::now();
            let blocks = pack(&*store).await?;
            println!(
                "{name}: {blocks} days of minutes packed in {:.1} s",
                began.elapsed().as_secs_f64()
            );
        }
        let mut times = Vec::new();
        for _ in 0..if packed { CHARTS } else { CHARTS / 10 } {
            let began = Instant::now();
            let width = Span::from_mins(DAYS * DAY / 400);
            let past = store.as_past();
            let found = past.buckets(&subject, &signal, RollupStep::Minute, range, width).await?;
            if found.len() < 400 {
                return Err(format!("a chart of {} steps", found.len()).into());
            }
            times.push(began.elapsed());
        }
        println!(
            "{name}: 90 days of minutes for a chart, {}: {}",
            if packed { "packed" } else { "as rows, before they are packed" },
            shares(times)
        );
    }
    Ok(())
}

/// The pauses of someone who writes all the time, without and with a day of many signals that is
/// packed meanwhile.
async fn pauses(name: &str, at: &Where) -> Outcome {
    let store = open_archive(at).await?;
    for number in 0..SIGNALS {
        let (_, value, course) = COURSES[number as usize % COURSES.len()];
        let subject = format!("service:pauses-{number}");
        store.write_rollups(&minutes(&subject, (value, course), 1)).await?;
    }
    println!("{name}: a change while nothing is packed: {}", shares(writes(&*store, 500).await?));
    let began = Instant::now();
    let mut times = Vec::new();
    let other = Arc::clone(&store);
    let packing = tokio::spawn(async move { pack(&*other).await });
    while !packing.is_finished() {
        times.extend(writes(&*store, 1).await?);
    }
    let packed = packing.await??;
    println!(
        "{name}: a change while {packed} days of minutes are packed in {:.1} s: {}",
        began.elapsed().as_secs_f64(),
        shares(times)
    );
    Ok(())
}

/// Small changes, one after another with a pause of 2 ms, and the time that each took.
async fn writes(
    store: &dyn Archive,
    count: usize,
) -> Result<Vec<Duration>, Box<dyn std::error::Error>> {
    let mut times = Vec::new();
    for _ in 0..count {
        tokio::time::sleep(Duration::from_millis(2)).await;
        let began = Instant::now();
        store.save_monitor(None, now()).await?;
        times.push(began.elapsed());
    }
    Ok(times)
}

pub fn shares(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |share: usize| {
        let place = (times.len() * share / 100).min(times.len().saturating_sub(1));
        times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    format!("{:.1} ms for half, {:.1} ms for 99 %, {:.1} ms at most", at(50), at(99), at(100))
}
