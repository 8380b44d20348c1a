//! This host: CPU, memory, disks, network, processes. Sources are small files of the kernel; a
//! round costs about a millisecond.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    signals::{SignalGroup, SignalInfo},
    snapshot::DiskFact,
    subject::Subject,
    time::Timestamp,
};
use futures::{FutureExt, future::BoxFuture};
use tokio::task::JoinHandle;
use wording::limits;

use super::{
    collector::{Absence, CollectError, Collector, Facts, Listing, Round},
    registry::{Context, Declaration, Kind, SourceInfo},
};
pub(crate) use files::{shown_name, stat};

use crate::config::section::Section;

mod container;
mod disks;
mod files;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod judgement;
mod measures;
mod mounts;
mod processes;

/// Signals of the collector.
pub const SIGNALS: SignalGroup = SignalGroup {
    namespaces: &["host", "disk", "network"],
    signals: &[
        SignalInfo::new(
            "host.cpu.used",
            "CPU",
            "%",
            "Share of the processors' time that this machine got and used since the last round; in a container with a limit, of that limit.",
        ),
        SignalInfo::new(
            "host.cpu.steal",
            "CPU steal",
            "%",
            "Share of the processors' time that the machine's host gave to others.",
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
            "Share of the memory that is in use; in a container with a limit, of that limit.",
        ),
        SignalInfo::new(
            "host.memory.available",
            "Memory available",
            "B",
            "Memory that is still available to programs.",
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
            "Number of finished processes that their parent has not collected.",
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
            "Share of the last 10 s in which a program waited for a processor.",
        ),
        SignalInfo::new(
            "host.pressure.memory",
            "Memory pressure",
            "%",
            "Share of the last 10 s in which a program waited for memory.",
        ),
        SignalInfo::new(
            "host.pressure.io",
            "Disk pressure",
            "%",
            "Share of the last 10 s in which a program waited for a disk.",
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
            "disk.read_only",
            "Read-only",
            "yes/no",
            "Whether a disk that should be writable is read-only.",
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
    const SOURCE: Option<SourceInfo> = Some(SourceInfo { label: "This host", advice: "" });
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
        let written = Arc::clone(&context.written_disks);
        Ok(Box::new(HostCollector::new(&context.host, context.interval).with_written(written)))
    }
}

/// More interfaces than this are not reported.
const MOST_INTERFACES: usize = 32;

/// Signals about the space of a disk.
const OF_SPACE: [&str; 3] = ["disk.used", "disk.available", "disk.inodes.used"];

/// The most disks that a sentence names.
const MOST_NAMED: usize = 5;

/// Longest time for the answer of disks.
const DISK_LIMIT: Duration = Duration::from_secs(1);

/// This machine's name, as it is shown: letters, digits, `.`, `-` and `_`, at most 64 of them.
pub fn host_name() -> String {
    clean_name(&fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default())
}

/// An id that survives a renaming of this machine; `None` where the system keeps no such id.
pub fn host_id() -> Option<String> {
    let id = fs::read_to_string("/etc/machine-id").ok()?;
    let id = id.trim();
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned())
}

/// The folders of this host's own disks: each device once, at the folder that names it. Those of
/// other machines are left out, as their answers may hang.
pub fn local_disks() -> Vec<PathBuf> {
    let devices = mounts::devices(&read_lossy(MOUNTS).unwrap_or_default());
    let local = devices.into_iter().filter(|device| !device.class.may_hang());
    local
        .filter_map(|device| {
            device.points.into_iter().map(|point| point.path).find(|path| path.is_dir())
        })
        .collect()
}

const MOUNTS: &str = "/proc/self/mountinfo";

fn read_lossy(path: &str) -> Option<String> {
    fs::read(path).ok().map(|text| String::from_utf8_lossy(&text).into_owned())
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
    /// Disks that could be written in the run before.
    written: Arc<BTreeSet<Subject>>,
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
    around: container::Surroundings,
    /// CPU use is a difference: the first round has none.
    ticks: Option<measures::Ticks>,
    /// Seconds that the container used, and when that was read.
    container_cpu: Option<(f64, Instant)>,
    traffic: HashMap<String, (u64, u64)>,
    traffic_at: Option<Instant>,
    processes: processes::Processes,
}

/// The result of a [`Reader`]. `devices` is `None` if the list could not be read.
#[derive(Debug, Default)]
struct Reading {
    round: Round,
    devices: Option<Vec<mounts::Device>>,
    /// Every point that something is mounted on.
    points: Vec<PathBuf>,
    fstab: String,
}

impl HostCollector {
    /// Watches this host under the given name.
    pub fn new(host_name: &str, interval: Duration) -> Self {
        let name = clean_name(host_name);
        let host = Subject::build("host", &name, None);
        let kernel = Kernel::Here(Box::new(Reader::new(name.clone(), host.clone())));
        let disks = disks::Disks::default();
        Self { name, host, interval, disks, written: Arc::default(), kernel }
    }

    /// The same, knowing which disks could be written in the run before.
    #[must_use]
    pub fn with_written(mut self, written: Arc<BTreeSet<Subject>>) -> Self {
        self.written = written;
        self
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
                    "Reading this host's values failed: {error}. Calm Ops tries again in the next round."
                )))
            }
        }
    }

    async fn round(&mut self, now: Timestamp) -> Result<Round, CollectError> {
        let Reading { mut round, devices, points, fstab } = self.read(now).await?;
        let Some(devices) = devices else { return Ok(round) };
        let name = self.name.clone();
        let subject = |point: &Path| Subject::build("disk", &point.to_string_lossy(), Some(&name));
        let was_written = |point: &Path| self.written.contains(&subject(point));
        let found = self.disks.look(devices, &fstab, was_written, DISK_LIMIT).await;
        let (mut listed, mut facts) = (Vec::new(), Vec::new());
        let (mut denied, mut silent) = (Vec::new(), Vec::new());
        for disk in found.disks {
            let subject = subject(&disk.point);
            if listed.contains(&subject) {
                continue;
            }
            if let Some(space) = disk.space {
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
            }
            if let Some(why) = &disk.why {
                silent.push(subject.name().to_owned());
                for signal in OF_SPACE {
                    round.miss(&subject, signal, why.clone());
                }
            }
            if let Some(read_only) = disk.read_only {
                let value = f64::from(u8::from(read_only));
                round.observe(now, &subject, "disk.read_only", value);
            }
            if disk.denied && denied.len() < MOST_NAMED {
                denied.push(subject.name().to_owned());
            }
            if !disk.comes_and_goes {
                round.observe(now, &subject, "disk.mounted", 1.0);
            }
            listed.push(subject);
        }
        if !found.left_out_kinds.is_empty() {
            round.notes.push(limits::disks_left_out(&found.left_out_kinds));
        }
        if !denied.is_empty() {
            round.notes.push(limits::disks_denied(&denied));
        }
        if !silent.is_empty() {
            silent.truncate(MOST_NAMED);
            round.notes.push(limits::disks_silent(&silent));
        }
        // What a limit leaves out is not gone.
        listed.extend(found.left_out.iter().map(|point| subject(point)));
        // What lies under a point that is still mounted is another disk that has a place of its
        // own, or waits to be mounted when it is used.
        for point in points.iter().map(|point| subject(point)) {
            if !listed.contains(&point) {
                round.removed.push(point.clone());
                listed.push(point);
            }
        }
        let absence = Absence::Missing("disk.mounted");
        round.listings.push(Listing::new("disk", listed, absence));
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
        Self {
            host_name,
            host,
            around: container::Surroundings::here(),
            ticks: None,
            container_cpu: None,
            traffic: HashMap::new(),
            traffic_at: None,
            processes: processes::Processes::new(),
        }
    }

    fn read(&mut self, now: Timestamp) -> Reading {
        let mut round = Round::new(SIGNALS);
        let mounts = read_lossy(MOUNTS);
        let mut unreadable = vec!["/proc/stat", "/proc/meminfo", "/proc/loadavg", "/proc/uptime"];
        unreadable.retain(|path| fs::File::open(path).is_err());
        if !unreadable.is_empty() {
            round.notes.push(limits::kernel_files_unreadable(&unreadable));
        }
        let container = self.around.container();
        self.cpu(now, &container, &mut round);
        // Whoever replaces this file tells of the container alone, and the cache of ZFS is the
        // machine's.
        let replaced = mounts.as_ref().is_some_and(|text| text.contains(" /proc/meminfo "));
        self.memory(now, &container, replaced, &mut round);
        self.kernel_files(now, &container, &mut round);
        self.network(now, &mut round);
        self.processes(now, &mut round);
        Reading {
            round,
            devices: mounts.as_deref().map(mounts::devices),
            points: mounts.as_deref().map(mounts::points).unwrap_or_default(),
            fstab: read_lossy("/etc/fstab").unwrap_or_default(),
        }
    }

    fn cpu(&mut self, now: Timestamp, container: &container::Container, round: &mut Round) {
        let text = |path: &str| fs::read_to_string(path).ok();
        if let Some(uptime) = text("/proc/uptime").as_deref().and_then(measures::uptime) {
            round.observe(now, &self.host, "host.uptime", uptime);
        }
        let Some(ticks) = text("/proc/stat").as_deref().and_then(measures::ticks) else { return };
        let shares = self.ticks.as_ref().and_then(|before| measures::shares(before, &ticks));
        let read_at = Instant::now();
        let limited = container.limit(ticks.processors).map(|(processors, spent)| {
            let (before, at) = self.container_cpu.replace((spent, read_at))?;
            let seconds = read_at.saturating_duration_since(at).as_secs_f64();
            let share = (spent - before) / seconds / processors * 100.0;
            (seconds > 0.0).then(|| share.clamp(0.0, 100.0))
        });
        if let Some(used) = limited.unwrap_or_else(|| shares.map(|shares| shares.used)) {
            round.observe(now, &self.host, "host.cpu.used", used);
        }
        if let Some(shares) = shares {
            round.observe(now, &self.host, "host.cpu.steal", shares.steal);
        }
        if let Some(load) = text("/proc/loadavg").as_deref().and_then(measures::load) {
            let per_core = load / ticks.processors as f64;
            round.observe(now, &self.host, "host.load.per_core", per_core);
        }
        self.ticks = Some(ticks);
    }

    fn memory(
        &self,
        now: Timestamp,
        container: &container::Container,
        replaced: bool,
        round: &mut Round,
    ) {
        let Ok(text) = fs::read_to_string("/proc/meminfo") else { return };
        let arc = || fs::read_to_string("/proc/spl/kstat/zfs/arcstats").ok();
        let arc = if replaced { None } else { arc() };
        let Some(memory) = measures::memory(&text, arc.as_deref(), container.memory) else {
            return;
        };
        let used = memory.total.saturating_sub(memory.available) as f64;
        round.observe(now, &self.host, "host.memory.used", used / memory.total as f64 * 100.0);
        round.observe(now, &self.host, "host.memory.available", memory.available as f64);
        if memory.swap > 0 {
            let used = memory.swap.saturating_sub(memory.swap_free) as f64;
            round.observe(now, &self.host, "host.swap.used", used / memory.swap as f64 * 100.0);
        }
    }

    fn kernel_files(&self, now: Timestamp, container: &container::Container, round: &mut Round) {
        let text = |path: &str| fs::read_to_string(path).ok();
        if let Some(share) = text("/proc/sys/fs/file-nr").as_deref().and_then(files::open_files) {
            round.observe(now, &self.host, "host.files.open", share);
        }
        let mut told = false;
        for (file, signal) in [
            ("cpu", "host.pressure.cpu"),
            ("memory", "host.pressure.memory"),
            ("io", "host.pressure.io"),
        ] {
            // In a container, what its own programs wait for.
            let own = container.pressure.as_ref().map(|at| at.join(format!("{file}.pressure")));
            let text = own
                .and_then(|path| fs::read_to_string(path).ok())
                .or_else(|| text(&format!("/proc/pressure/{file}")));
            if let Some(share) = text.as_deref().and_then(files::pressure) {
                round.observe(now, &self.host, signal, share);
                told = true;
            }
        }
        if !told {
            round.notes.push(limits::pressure_unknown());
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
        // An interface that never carried anything is not in use; counters that fell began anew.
        let mut outside = files::traffic(&text);
        outside.retain(|(name, received, sent)| {
            judgement::leads_outside(name) && (*received > 0 || *sent > 0)
        });
        let left_out = outside.split_off(outside.len().min(MOST_INTERFACES));
        if !left_out.is_empty() {
            round.notes.push(limits::interfaces_left_out(left_out.len()));
        }
        for (name, received, sent) in outside {
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
        let name_of = |name: &str| Subject::build("network", name, Some(&self.host_name));
        subjects.extend(left_out.iter().map(|(name, _, _)| name_of(name)));
        // Interfaces of containers and tunnels come and go by themselves.
        round.listings.push(Listing::new("network", subjects, Absence::Gone));
        self.traffic = latest;
    }

    fn processes(&mut self, now: Timestamp, round: &mut Round) {
        if self.processes.refresh().is_err() {
            return;
        }
        if self.processes.hidden {
            round.notes.push(limits::processes_hidden());
        } else {
            let (count, zombies) = (self.processes.count, self.processes.zombies);
            round.observe(now, &self.host, "host.processes.count", count as f64);
            round.observe(now, &self.host, "host.processes.zombies", zombies as f64);
        }
        let (by_memory, by_cpu) = (self.processes.by_memory.clone(), self.processes.by_cpu.clone());
        round.facts = Some(Facts { by_memory, by_cpu, disks: Vec::new() });
    }
}
