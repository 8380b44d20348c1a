//! The host collector on this very machine.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use domain::time::Timestamp;
use server::collectors::{Collector, Round, host::HostCollector};

fn value(round: &Round, signal: &str, subject: &str) -> Option<f64> {
    round
        .observations
        .iter()
        .find(|seen| seen.signal.as_str() == signal && seen.subject.as_str() == subject)
        .map(|seen| seen.value)
}

#[tokio::test]
async fn a_real_host_is_measured_in_known_signals_with_their_units() {
    let mut collector = HostCollector::new("web-1", Duration::from_secs(5));
    let first = collector.collect(Timestamp::from_secs(1)).await.unwrap();
    assert_eq!(value(&first, "host.cpu.used", "host:web-1"), None, "a difference needs two rounds");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let round = collector.collect(Timestamp::from_secs(6)).await.unwrap();
    for signal in ["host.cpu.used", "host.cpu.steal", "host.memory.used", "host.files.open"] {
        let share =
            value(&round, signal, "host:web-1").unwrap_or_else(|| panic!("{signal} is missing"));
        assert!((0.0..=100.0).contains(&share), "{signal} is {share}");
    }
    assert!(value(&round, "host.load.per_core", "host:web-1").is_some_and(|load| load >= 0.0));
    assert!(value(&round, "host.memory.available", "host:web-1").is_some_and(|bytes| bytes > 1e6));
    assert!(value(&round, "host.processes.count", "host:web-1").is_some_and(|count| count >= 2.0));
    assert!(value(&round, "host.uptime", "host:web-1").is_some_and(|seconds| seconds > 0.0));
    assert!(
        value(&round, "disk.used", "disk:/@web-1")
            .is_some_and(|share| share > 0.0 && share <= 100.0)
    );
    assert!(value(&round, "disk.available", "disk:/@web-1").is_some_and(|bytes| bytes > 0.0));
    assert_eq!(value(&round, "disk.read_only", "disk:/@web-1"), Some(0.0));
    for seen in &round.observations {
        assert_eq!(
            seen.unit,
            server::collectors::signals().unit(seen.signal.as_str()),
            "{}",
            seen.signal
        );
        assert!(
            seen.unit.is_some() && seen.value.is_finite() && seen.at == Timestamp::from_secs(6)
        );
    }
    let facts = round.facts.unwrap();
    assert!((1..=10).contains(&facts.by_memory.len()) && facts.by_cpu.len() <= 10);
    assert!(
        facts.by_memory.is_sorted_by(|a, b| a.memory >= b.memory)
            && facts.by_cpu.is_sorted_by(|a, b| a.cpu >= b.cpu)
    );
    assert!(facts.disks.iter().any(|disk| disk.mount == "/" && disk.total > disk.available));
    let kinds: Vec<_> = round.listings.iter().map(|listing| listing.kind).collect();
    assert_eq!(kinds, ["network", "disk"]);
    let listed: Vec<_> = round.listings.iter().flat_map(|listing| &listing.subjects).collect();
    assert!(
        round
            .observations
            .iter()
            .all(|seen| seen.subject.kind() == "host" || listed.contains(&&seen.subject)),
        "what is measured is listed"
    );
}

/// A child that is busy, so that it is surely among the facts, with secrets where a careless reader
/// would look.
#[tokio::test]
async fn secrets_in_arguments_and_environment_of_a_process_are_never_seen() {
    let mut child = Command::new("/bin/sh")
        .args(["-c", "while :; do :; done", "--password=argv-hunter2"])
        .env("API_TOKEN", "environ-hunter2")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut collector = HostCollector::new("web-1", Duration::from_secs(5));
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut seen = String::new();
    let named = loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let round = collector.collect(Timestamp::from_secs(1)).await.unwrap();
        let facts = round.facts.unwrap();
        seen += &serde_json::to_string(&(
            &round.observations,
            &facts.by_memory,
            &facts.by_cpu,
            &facts.disks,
        ))
        .unwrap();
        let named = facts.by_cpu.iter().any(|process| process.pid == child.id());
        if named || Instant::now() > deadline {
            break named;
        }
    };
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(named, "the child must be among the busiest, else this proves nothing: {seen}");
    assert!(
        !seen.contains("hunter2") && !seen.contains("--password") && !seen.contains("API_TOKEN")
    );
}

#[tokio::test]
async fn a_round_given_up_in_the_middle_is_taken_up_by_the_next() {
    let mut collector = HostCollector::new("web-1", Duration::from_secs(5));
    for _ in 0..20 {
        let given_up =
            tokio::time::timeout(Duration::ZERO, collector.collect(Timestamp::from_secs(1))).await;
        drop(given_up);
    }
    let round = collector.collect(Timestamp::from_secs(2)).await.unwrap();
    assert!(value(&round, "host.memory.used", "host:web-1").is_some());
}

/// The cost of a round: `cargo nextest run --run-ignored only a_round_is_cheap
/// --no-capture`.
#[tokio::test]
#[ignore = "a measurement: it needs a quiet machine"]
async fn a_round_is_cheap() {
    let cpu = || {
        let text = std::fs::read_to_string("/proc/self/stat").unwrap();
        let fields: Vec<u64> = text
            .rsplit_once(')')
            .unwrap()
            .1
            .split_ascii_whitespace()
            .map(|field| field.parse().unwrap_or(0))
            .collect();
        (fields[11] + fields[12]) as f64 / rustix::param::clock_ticks_per_second() as f64
    };
    let mut collector = HostCollector::new("web-1", Duration::from_secs(5));
    collector.collect(Timestamp::from_secs(1)).await.unwrap();
    let before = cpu();
    for _ in 0..1_000 {
        collector.collect(Timestamp::from_secs(1)).await.unwrap();
    }
    let per_round = (cpu() - before) / 1_000.0;
    println!(
        "{:.3} ms of CPU for each round: {:.4} % of a core at 5 s",
        per_round * 1e3,
        per_round / 5.0 * 100.0
    );
    assert!(per_round < 0.01, "a fifth of a percent of one core at 5 s, in a debug build");
}

/// As root: `cargo nextest run --run-ignored only a_disk_that --no-capture`.
#[tokio::test]
#[ignore = "only root may mount"]
async fn a_disk_that_is_mounted_filled_and_unmounted_is_seen_and_then_not_listed() {
    let folder = tempfile::Builder::new().prefix("disk with space").tempdir_in("/tmp").unwrap();
    let run = |program: &str, arguments: &[&str]| {
        assert!(
            Command::new(program).args(arguments).arg(folder.path()).status().unwrap().success(),
            "{program}"
        );
    };
    run("mount", &["-t", "tmpfs", "-o", "size=1m", "tmpfs"]);
    let subject = format!("disk:{}@web-1", folder.path().display());
    std::fs::write(folder.path().join("half"), vec![1; 512 * 1024]).unwrap();
    let mut collector = HostCollector::new("web-1", Duration::from_secs(5));
    let round = collector.collect(Timestamp::from_secs(1)).await.unwrap();
    run("mount", &["-o", "remount,ro"]);
    let read_only = collector.collect(Timestamp::from_secs(3)).await.unwrap();
    run("umount", &[]);
    assert_eq!(value(&round, "disk.read_only", &subject), Some(0.0));
    assert_eq!(value(&read_only, "disk.read_only", &subject), Some(1.0));
    assert_eq!(value(&round, "disk.used", &subject), Some(50.0));
    assert_eq!(value(&round, "disk.available", &subject), Some(512.0 * 1024.0));
    assert!(value(&round, "disk.inodes.used", &subject).is_some());
    let round = collector.collect(Timestamp::from_secs(6)).await.unwrap();
    let disks = round.listings.iter().find(|listing| listing.kind == "disk").unwrap();
    assert!(
        !disks.subjects.is_empty() && disks.subjects.iter().all(|disk| disk.as_str() != subject)
    );
}
