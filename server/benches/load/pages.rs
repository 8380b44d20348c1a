//! The cost of open pages: one entry of the journal, and readings that change every second.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::Command,
};

use crate::{Outcome, Server, batch, expect, http::Connection, open_stream, process::Usage};

/// Number of open pages.
const PAGES: usize = 1_000;
/// Number of comments that are written.
const COMMENTS: u32 = 40;
const EVERY: Duration = Duration::from_millis(250);
/// Number of series that change every second.
const SERIES: usize = 500;
const WATCHED: u32 = 20;

/// The CPU time of the server for one entry of the journal that 1,000 open pages are told, without
/// what the same pages cost while nothing happens.
pub async fn entry() -> Outcome {
    let server = Server::start().await?;
    let mut connection = Connection::open(&server.address, &server.cookie).await?;
    let body = batch(1, |_| ("service:entry".to_owned(), 9_000.0));
    expect(connection.post("/api/ops/signals", &body).await?.status, 202)?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["readers", &server.address, &server.cookie, &PAGES.to_string()])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    lines.next_line().await?.ok_or("the readers ended at once")?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let time = EVERY * COMMENTS;
    let mut quiet = Vec::new();
    let mut busy = Vec::new();
    // In turn, so that whatever else this machine does falls on both.
    for _ in 0..3 {
        let before = Usage::of(server.pid)?;
        tokio::time::sleep(time).await;
        quiet.push(Usage::of(server.pid)?.cpu - before.cpu);
        let before = Usage::of(server.pid)?;
        let began = Instant::now();
        for number in 1..=COMMENTS {
            let path = "/api/ops/incidents/1/comment";
            expect(connection.post(path, br#"{"text":"Looking into it."}"#).await?.status, 200)?;
            tokio::time::sleep((EVERY * number).saturating_sub(began.elapsed())).await;
        }
        busy.push(Usage::of(server.pid)?.cpu - before.cpu);
    }
    quiet.sort();
    busy.sort();
    let each = busy[1].saturating_sub(quiet[1]).as_secs_f64() * 1e3 / f64::from(COMMENTS);
    println!(
        "an entry of the journal with {PAGES} open pages: {each:.1} ms of server CPU, its commit included"
    );
    child.kill().await?;
    server.stop().await
}

/// Bytes that a page gets each second while 500 series change every second.
pub async fn readings() -> Outcome {
    let server = Server::start().await?;
    let mut connection = Connection::open(&server.address, &server.cookie).await?;
    let push = async |connection: &mut Connection, round: usize| -> Outcome {
        let value = |index: usize| 10.0 + ((round * 37 + index * 11) % 400) as f64;
        let body = batch(SERIES, |index| (format!("service:shop-{index}"), value(index)));
        expect(connection.post("/api/ops/signals", &body).await?.status, 202)
    };
    for round in 0..3 {
        push(&mut connection, round).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let stream = open_stream(&server.address, &server.cookie).await?;
    let counted = tokio::spawn(async move {
        let (mut socket, mut buffer) = (stream.into_inner(), vec![0; 65_536]);
        let (mut all, began) = (0_usize, Instant::now());
        // The first seconds carry all readings once.
        let (mut first, mut read) = (0_usize, 1);
        while read > 0 && began.elapsed() < Duration::from_secs(3 + u64::from(WATCHED)) {
            read = socket.read(&mut buffer).await.unwrap_or(0);
            all += read;
            if began.elapsed() < Duration::from_secs(3) {
                first = all;
            }
        }
        (all - first) as f64 / 1_024.0 / f64::from(WATCHED)
    });
    for round in 3..27 {
        push(&mut connection, round).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    println!(
        "{SERIES} series that change every second: {:.1} KiB a second to each page",
        counted.await?
    );
    server.stop().await
}
