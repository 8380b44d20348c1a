//! This host: CPU, memory, disks, network, processes. Sources are `sysinfo` and small files of the
//! kernel; a round costs about a millisecond.

use std::{
    collections::HashMap,
    fs,
    time::{Duration, Instant},
};

use domain::{
    signals::{SignalGroup, SignalInfo},
    snapshot::DiskFact,
    subject::Subject,
    time::Timestamp,
};
use futures::{FutureExt, future::BoxFuture};
use sysinfo::System;
use tokio::task::JoinHandle;

use super::{
    collector::{Absence, CollectError, Collector, Facts, Listing, Round},
    registry::{Context, Declaration, Kind},
};
use crate::config::section::Section;

mod disks;
mod files;
mod processes;

/// Signals of the collector.
pub const SIGNALS: SignalGroup = SignalGroup {
    namespaces: &["host", "disk", "network"],
    signals: &[
        SignalInfo::new(
            "host.cpu.used",
            "CPU",
            "%",
            "Share of the processors' time that was used since the last round.",
        ),
        SignalInfo::new(
            "host.load.per_core",
            "Load per core",
            "",
            "Load average of the last minute, divided by the number of processors.",
        ),
        SignalInfo::new(
            "host.memory.used",
            "Memory used",
            "%",
            "Share of the memory that programs can't get any more.",
        ),
        SignalInfo::new(
            "host.memory.available",
            "Memory available",
            "B",
            "Memory that programs can still get.",
        ),
        SignalInfo::new(
            "host.swap.used",
            "Swap used",
            "%",
            "Share of the swap space that is used.",
        ),
        SignalInfo::new("host.processes.count", "Processes", "", "Number of processes."),
        SignalInfo::new(
            "host.processes.zombies",
            "Zombie processes",
            "",
            "Number of ended processes that their parent has not collected.",
        ),
        SignalInfo::new(
            "host.files.open",
            "Open files",
            "%",
            "Share of the system's file handles that is in use.",
        ),
        SignalInfo::new(
            "host.pressure.cpu",
            "CPU pressure",
            "%",
            "Share of the last minute in which a program waited for a processor.",
        ),
        SignalInfo::new(
            "host.pressure.memory",
            "Memory pressure",
            "%",
            "Share of the last minute in which a program waited for memory.",
        ),
        SignalInfo::new(
            "host.pressure.io",
            "Disk pressure",
            "%",
            "Share of the last minute in which a program waited for a disk.",
        ),
        SignalInfo::new("host.uptime", "Uptime", "s", "Time since the system started."),
        SignalInfo::new("disk.used", "Space used", "%", "Share of a disk's space that is used."),
        SignalInfo::new(
            "disk.available",
            "Space available",
            "B",
            "Space of a disk that programs can still use.",
        ),
        SignalInfo::new(
            "disk.inodes.used",
            "Inodes used",
            "%",
            "Share of the inodes of a disk that is used.",
        ),
        SignalInfo::new(
            "disk.mounted",
            "Mounted",
            "yes/no",
            "Whether a disk that was mounted still is.",
        ),
        SignalInfo::new(
            "network.received",
            "Received",
            "B/s",
            "Bytes that an interface received in a second.",
        ),
        SignalInfo::new("network.sent", "Sent", "B/s", "Bytes that an interface sent in a second."),
    ],
};

/// This host, as the registry knows it.
#[derive(Debug)]
pub struct Host;

impl Kind for Host {
    const DECLARATION: Declaration = Declaration::of(SIGNALS);
    type Settings = ();
    type Target = ();

    fn read(_section: &mut Section<'_>) {}

    fn targets((): &(), _context: &Context) -> Vec<()> {
        vec![()]
    }

    fn name((): &()) -> String {
        "host".to_owned()
    }

    fn build((): &(), context: &Context) -> Result<Box<dyn Collector>, CollectError> {
        Ok(Box::new(HostCollector::new(&context.host, context.interval)))
    }
}

/// More interfaces than this are not reported.
const MOST_INTERFACES: usize = 32;

/// How long disks may take to answer.
const DISK_LIMIT: Duration = Duration::from_secs(1);

/// This machine's name, as it is shown: letters, digits, `.`, `-` and `_`, at most 64 of them.
pub fn host_name() -> String {
    clean_name(&fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default())
}

/// What stays the same when this machine is renamed; `None` where the system keeps no such id.
pub fn host_id() -> Option<String> {
    let id = fs::read_to_string("/etc/machine-id").ok()?;
    let id = id.trim();
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned())
}

/// Where this host's own disks are mounted: each device once. Those of other machines are left out,
/// as their answers may hang.
pub fn local_disks() -> Vec<std::path::PathBuf> {
    let text = fs::read("/proc/self/mountinfo").unwrap_or_default();
    let mounts = disks::mounts(&String::from_utf8_lossy(&text));
    mounts
        .into_iter()
        .take(disks::MOST)
        .filter(|mount| !mount.remote)
        .map(|mount| mount.point)
        .collect()
}

pub(crate) fn clean_name(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String =
        name.trim().chars().map(|c| if fits(c) { c } else { '_' }).take(64).collect();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

/// Watches the host that this program runs on.
#[derive(Debug)]
pub struct HostCollector {
    name: String,
    host: Subject,
    interval: Duration,
    disks: disks::Disks,
    kernel: Kernel,
}

/// The part that reads the kernel's files: away while it is read, on a thread where it holds up
/// nobody.
#[derive(Debug)]
enum Kernel {
    Here(Box<Reader>),
    Away(JoinHandle<(Box<Reader>, Reading)>),
}

#[derive(Debug)]
struct Reader {
    host_name: String,
    host: Subject,
    /// `None` where `sysinfo` cannot read this system.
    system: Option<System>,
    /// CPU use is a difference: the first round has none.
    warm: bool,
    traffic: HashMap<String, (u64, u64)>,
    traffic_at: Option<Instant>,
    processes: processes::Processes,
}

/// What a [`Reader`] brought. `mounts` is `None` if the list could not be read.
#[derive(Debug, Default)]
struct Reading {
    round: Round,
    mounts: Option<Vec<disks::Mount>>,
    /// Every point that something is mounted on.
    points: Vec<std::path::PathBuf>,
}

impl HostCollector {
    /// Watches this host under the given name.
    pub fn new(host_name: &str, interval: Duration) -> Self {
        let name = clean_name(host_name);
        let host = Subject::build("host", &name, None);
        let kernel = Kernel::Here(Box::new(Reader::new(name.clone(), host.clone())));
        Self { name, host, interval, disks: disks::Disks::default(), kernel }
    }

    /// Reads what cannot hang. A round that was given up in the middle is finished by the next one.
    async fn read(&mut self, now: Timestamp) -> Result<Reading, CollectError> {
        if let Kernel::Here(_) = &self.kernel {
            let fresh =
                || Kernel::Here(Box::new(Reader::new(self.name.clone(), self.host.clone())));
            if let Kernel::Here(mut reader) = std::mem::replace(&mut self.kernel, fresh()) {
                self.kernel = Kernel::Away(tokio::task::spawn_blocking(move || {
                    let reading = reader.read(now);
                    (reader, reading)
                }));
            }
        }
        let Kernel::Away(task) = &mut self.kernel else { return Ok(Reading::default()) };
        match task.await {
            Ok((reader, reading)) => {
                self.kernel = Kernel::Here(reader);
                Ok(reading)
            }
            Err(error) => {
                self.kernel =
                    Kernel::Here(Box::new(Reader::new(self.name.clone(), self.host.clone())));
                Err(CollectError(format!(
                    "Reading this host's figures failed: {error}. Calm Ops tries again in the next round."
                )))
            }
        }
    }

    async fn round(&mut self, now: Timestamp) -> Result<Round, CollectError> {
        let Reading { mut round, mounts, points } = self.read(now).await?;
        let (subjects, absence) = (vec![self.host.clone()], Absence::Gone);
        round.listings.push(Listing { kind: "host", subjects, absence });
        let Some(mut mounts) = mounts else { return Ok(round) };
        if let Some(left_out) = mounts.get(disks::MOST..).filter(|rest| !rest.is_empty()) {
            round.remarks.push(format!(
                "This host has {} disks, and {} of them are not watched: at most {} are. The first of those left out is {}.",
                mounts.len(),
                left_out.len(),
                disks::MOST,
                left_out.first().map(|one| one.point.display().to_string()).unwrap_or_default()
            ));
            mounts.truncate(disks::MOST);
        }
        let subject = |point: &std::path::Path| {
            Subject::build("disk", &point.to_string_lossy(), Some(&self.name))
        };
        let mut reported = Vec::new();
        let mut facts = Vec::new();
        for (point, space) in self.disks.spaces(&mounts, DISK_LIMIT).await {
            let (Some(space), subject) = (space, subject(&point)) else { continue };
            if reported.contains(&subject) {
                continue;
            }
            round.observe(now, &subject, "disk.used", space.used);
            round.observe(now, &subject, "disk.available", space.available as f64);
            if let Some(used) = space.inodes_used {
                round.observe(now, &subject, "disk.inodes.used", used);
            }
            facts.push(DiskFact {
                mount: subject.name().to_owned(),
                total: space.total,
                available: space.available,
            });
            reported.push(subject);
        }
        let mut listed: Vec<Subject> = mounts.iter().map(|mount| subject(&mount.point)).collect();
        for one in &listed {
            round.observe(now, one, "disk.mounted", 1.0);
        }
        // What lies under a point that is still mounted is another disk that has a place of its
        // own, or waits to be mounted when it is used.
        for point in points.iter().map(|point| subject(point)) {
            if !listed.contains(&point) {
                round.removed.push(point.clone());
                listed.push(point);
            }
        }
        let absence = Absence::Missing("disk.mounted");
        round.listings.push(Listing { kind: "disk", subjects: listed, absence });
        if let Some(known) = &mut round.facts {
            known.disks = facts;
        }
        Ok(round)
    }
}

impl Collector for HostCollector {
    fn name(&self) -> &str {
        "host"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    fn time_limit(&self) -> Duration {
        DISK_LIMIT + Duration::from_secs(3)
    }

    fn collect(&mut self, now: Timestamp) -> BoxFuture<'_, Result<Round, CollectError>> {
        self.round(now).boxed()
    }
}

impl Reader {
    fn new(host_name: String, host: Subject) -> Self {
        let processes = processes::Processes::new();
        Self {
            host_name,
            host,
            system: System::new().ok(),
            warm: false,
            traffic: HashMap::new(),
            traffic_at: None,
            processes,
        }
    }

    fn read(&mut self, now: Timestamp) -> Reading {
        let mut round = Round::new(SIGNALS);
        self.cpu_and_memory(now, &mut round);
        self.kernel_files(now, &mut round);
        self.network(now, &mut round);
        self.processes(now, &mut round);
        let text = fs::read("/proc/self/mountinfo").ok();
        let text = text.as_deref().map(String::from_utf8_lossy);
        let points = text.as_deref().map(disks::points).unwrap_or_default();
        let mounts = text.as_deref().map(disks::mounts);
        Reading { round, mounts, points }
    }

    fn cpu_and_memory(&mut self, now: Timestamp, round: &mut Round) {
        if let Ok(uptime) = System::uptime() {
            round.observe(now, &self.host, "host.uptime", uptime as f64);
        }
        let Some(system) = &mut self.system else { return };
        system.refresh_cpu_usage();
        system.refresh_memory();
        if std::mem::replace(&mut self.warm, true) {
            round.observe(now, &self.host, "host.cpu.used", f64::from(system.global_cpu_usage()));
        }
        if let Ok(load) = System::load_average() {
            round.observe(
                now,
                &self.host,
                "host.load.per_core",
                load.one / system.cpus().len().max(1) as f64,
            );
        }
        let (total, available) = (system.total_memory(), system.available_memory());
        if total > 0 {
            round.observe(
                now,
                &self.host,
                "host.memory.used",
                total.saturating_sub(available) as f64 / total as f64 * 100.0,
            );
            round.observe(now, &self.host, "host.memory.available", available as f64);
        }
        let swap = system.total_swap();
        if swap > 0 {
            round.observe(
                now,
                &self.host,
                "host.swap.used",
                system.used_swap() as f64 / swap as f64 * 100.0,
            );
        }
    }

    fn kernel_files(&self, now: Timestamp, round: &mut Round) {
        let text = |path: &str| fs::read_to_string(path).ok();
        if let Some(share) = text("/proc/sys/fs/file-nr").as_deref().and_then(files::open_files) {
            round.observe(now, &self.host, "host.files.open", share);
        }
        for (file, signal) in [
            ("/proc/pressure/cpu", "host.pressure.cpu"),
            ("/proc/pressure/memory", "host.pressure.memory"),
            ("/proc/pressure/io", "host.pressure.io"),
        ] {
            if let Some(share) = text(file).as_deref().and_then(files::pressure) {
                round.observe(now, &self.host, signal, share);
            }
        }
    }

    fn network(&mut self, now: Timestamp, round: &mut Round) {
        let Ok(text) = fs::read_to_string("/proc/net/dev") else { return };
        let read_at = Instant::now();
        let seconds = self
            .traffic_at
            .replace(read_at)
            .map_or(0.0, |before| read_at.saturating_duration_since(before).as_secs_f64());
        let (mut latest, mut subjects) = (HashMap::new(), Vec::new());
        let outside =
            files::traffic(&text).into_iter().filter(|(name, _, _)| files::leads_outside(name));
        for (name, received, sent) in outside.take(MOST_INTERFACES) {
            // An interface that never carried anything is not in use; counters that fell began
            // anew.
            if received == 0 && sent == 0 {
                continue;
            }
            let subject = Subject::build("network", name, Some(&self.host_name));
            if let Some(&(received_before, sent_before)) = self.traffic.get(name)
                && seconds > 0.0
                && received >= received_before
                && sent >= sent_before
            {
                round.observe(
                    now,
                    &subject,
                    "network.received",
                    (received - received_before) as f64 / seconds,
                );
                round.observe(now, &subject, "network.sent", (sent - sent_before) as f64 / seconds);
            }
            latest.insert(name.to_owned(), (received, sent));
            subjects.push(subject);
        }
        // Interfaces of containers and tunnels come and go by themselves.
        round.listings.push(Listing { kind: "network", subjects, absence: Absence::Gone });
        self.traffic = latest;
    }

    fn processes(&mut self, now: Timestamp, round: &mut Round) {
        if self.processes.refresh().is_err() {
            return;
        }
        round.observe(now, &self.host, "host.processes.count", self.processes.count as f64);
        round.observe(now, &self.host, "host.processes.zombies", self.processes.zombies as f64);
        let (by_memory, by_cpu) = (self.processes.by_memory.clone(), self.processes.by_cpu.clone());
        round.facts = Some(Facts { by_memory, by_cpu, disks: Vec::new() });
    }
}
