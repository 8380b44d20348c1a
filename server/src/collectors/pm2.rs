//! PM2: the apps of a daemon that is already there. Nothing is ever started: Calm Ops speaks to the
//! daemon's socket, and where there never was one it says nothing.
//!
//! An app is all processes of one name; of a cluster CPU and memory are added up. It is up if every
//! process of it that is meant to run is online. `app.restarts` is that of the process that
//! restarted most often within 10 minutes by itself, see [`restarts`].
//!
//! What a person meant is no fault. An app that someone stopped, and a job (PM2 does not start it
//! again) that ended, are not expected to run: their signals rest until they run again, and
//! `app.stopped` tells the first. A job whose last run ended with an error has `app.job_failed`.
//! One that PM2 gave up on (`errored`) is down.
//!
//! An app that was deleted while the same daemon still lists others that were there before is gone
//! on purpose, see [`list`]. Whatever else is not listed any more is missing: `app.listed` is no.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ffi::OsString,
    io,
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use domain::{
    reason::FailureReason,
    signals::{SignalGroup, SignalInfo},
    subject::Subject,
    time::Timestamp,
};
use futures::{FutureExt, future::BoxFuture};
use policy::catalogue::OwnPm2;

use super::{
    collector::{Absence, CollectError, Collector, Listing, Round},
    registry::{Context, Declaration, Kind, SourceInfo, Unusable},
    shortage,
};
use crate::config::{
    found::{self, Found},
    section::{Key, Section, key},
};

mod exits;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod list;
mod restarts;
pub(super) mod seen;
#[cfg(test)]
mod tests;
mod wire;

use exits::Exits;
use list::List;
use restarts::Restarts;
use seen::{MOST, app_subject};
pub use seen::{Seen, SeenApp};

/// Signals of the collector.
pub const SIGNALS: SignalGroup = SignalGroup {
    namespaces: &["app", "pm2"],
    signals: &[
        SignalInfo::new(
            "app.up",
            "Running",
            "yes/no",
            "Whether every process of an app that should run is online.",
        ),
        SignalInfo::new(
            "app.listed",
            "Listed by PM2",
            "yes/no",
            "Whether PM2 still lists an app that ran.",
        ),
        SignalInfo::new(
            "app.stopped",
            "Stopped in PM2",
            "yes/no",
            "Whether someone stopped the whole app.",
        ),
        SignalInfo::new(
            "app.job_failed",
            "Last run failed",
            "yes/no",
            "Whether the last run of a job failed.",
        ),
        SignalInfo::new(
            "app.restarts",
            "Restarts in 10 min",
            "",
            "Automatic restarts of an app's process, of the one that restarted most often.",
        ),
        SignalInfo::new(
            "app.cpu",
            "CPU",
            "%",
            "CPU of all processes of an app; a whole processor is 100%.",
        ),
        SignalInfo::new("app.memory", "Memory", "B", "Memory of all processes of an app."),
        SignalInfo::new(
            "app.uptime",
            "Uptime",
            "s",
            "Time since the youngest process of an app started.",
        ),
        SignalInfo::new("pm2.up", "PM2 answers", "yes/no", "Whether the PM2 daemon answers."),
    ],
};

const KEYS: &[Key] = &[
    key("pm2.enabled", &["CALM_OPS_PM2_ENABLED"], None),
    key("pm2.home", &["CALM_OPS_PM2_HOME"], None),
    key("pm2.program", &["CALM_OPS_PM2_PROGRAM"], None),
];

/// Settings of PM2: `[pm2]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// True if a PM2 daemon is looked for.
    pub enabled: bool,
    /// Its home. `PM2_HOME`, or `.pm2` in the home directory, without.
    pub home: Option<PathBuf>,
    /// Its program, where it is in none of the usual places.
    pub program: Option<OwnPm2>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { enabled: true, home: None, program: None }
    }
}

impl Settings {
    /// The home of PM2 here: the configured one, or that of whoever runs this program.
    pub fn home_here(&self) -> Option<PathBuf> {
        let own = || Pm2Collector::home(std::env::var_os("PM2_HOME"), std::env::var_os("HOME"));
        self.home.clone().or_else(own)
    }

    /// True if a daemon is looked for.
    pub fn is_watched(&self) -> bool {
        self.enabled && self.home_here().is_some()
    }
}

/// PM2, as the registry knows it.
#[derive(Debug)]
pub struct Pm2;

impl Kind for Pm2 {
    const DECLARATION: Declaration = Declaration { signals: SIGNALS, keys: KEYS, entries: None };
    const SOURCE: Option<SourceInfo> = Some(SourceInfo {
        label: "PM2",
        advice: "Start PM2 as the user of Calm Ops, or set pm2.home in the configuration to the home of the PM2 that runs the apps. pm2.enabled has to be true.",
    });
    type Settings = Settings;
    type Target = Home;

    fn read(section: &mut Section<'_>) -> Settings {
        Settings {
            enabled: section.value("pm2.enabled", true, found::yes_or_no),
            home: section.value("pm2.home", None, |found| found::path(found).map(Some)),
            program: section.value("pm2.program", None, |found| own_program(found).map(Some)),
        }
    }

    fn targets(settings: &Settings, _context: &Context) -> Vec<Home> {
        let configured = settings.home.is_some();
        let home = settings.home_here().filter(|_| settings.enabled);
        home.map(|path| Home { path, configured }).into_iter().collect()
    }

    fn name(_home: &Home) -> String {
        "pm2".to_owned()
    }

    fn build(home: &Home, context: &Context) -> Result<Box<dyn Collector>, CollectError> {
        let collector = Pm2Collector::new(&context.host, &home.path, context.interval);
        let (seen, expected) = (context.apps.clone(), home.configured);
        Ok(Box::new(Pm2Collector { seen, expected, ..collector }))
    }

    /// Only who switches PM2 off says that nothing of it is expected any more.
    fn listings(settings: &Settings, _context: &Context) -> Vec<Listing> {
        let none = |kind| Listing::new(kind, Vec::new(), Absence::Gone);
        if settings.enabled { Vec::new() } else { ["pm2", "app"].map(none).to_vec() }
    }

    /// A configured home that can't be looked into.
    fn check(settings: &Settings) -> Vec<Unusable> {
        let Some(home) = settings.home.as_ref().filter(|_| settings.enabled) else {
            return Vec::new();
        };
        let problem = look(home).err().or_else(|| missing(home));
        let value = home.to_string_lossy().into_owned();
        let unusable = |problem: CollectError| Unusable {
            problem: problem.to_string().trim_end_matches('.').to_owned(),
            key: "home",
            value,
        };
        problem.map(unusable).into_iter().collect()
    }
}

/// The home of a daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
    /// The configuration names it: then a daemon is expected there.
    configured: bool,
}

/// True if there is a daemon's socket in a home; an error says why that can't be told.
fn look(home: &Path) -> Result<bool, CollectError> {
    let socket = home.join("rpc.sock");
    match std::fs::metadata(&socket) {
        Ok(data) => Ok(data.file_type().is_socket()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(unreachable(&socket, &error)),
    }
}

fn unreachable(socket: &Path, error: &io::Error) -> CollectError {
    let socket = socket.display();
    CollectError(if error.kind() == io::ErrorKind::PermissionDenied {
        format!(
            "PM2 can't be reached: permission denied for its socket {socket}. It is not known whether its apps are running. Run Calm Ops as the user that PM2 belongs to, or give its user access to that folder."
        )
    } else {
        format!(
            "PM2 can't be reached: its socket {socket} can't be read ({error}). It is not known whether its apps are running."
        )
    })
}

/// That a configured home does not exist.
fn missing(home: &Path) -> Option<CollectError> {
    let gone = std::fs::metadata(home).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    gone.then(|| {
        CollectError(format!(
            "PM2 is not monitored: its configured home {} does not exist. Fix pm2.home, or remove it.",
            home.display()
        ))
    })
}

fn own_program(found: &Found) -> Result<OwnPm2, String> {
    const EXPECTED: &str = "the absolute path of the program pm2, such as '/home/deploy/.nvm/versions/node/v24.1.0/bin/pm2'";
    found.quoted().and_then(|text| text.parse().ok()).ok_or_else(|| EXPECTED.to_owned())
}

/// Longest time that the daemon may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);
/// A process that Calm Ops has not watched for all of the window restarted at least as often as was
/// seen. From this many on that is told: fewer could be the rest of a crash loop, and would look as
/// if it had ended.
const TELLING: u64 = 3;
/// Signals about an app while it is expected to run.
const OF_RUNNING: [&str; 5] = ["app.up", "app.restarts", "app.cpu", "app.memory", "app.uptime"];

/// Watches the apps of a PM2 daemon on this host.
#[derive(Debug)]
pub struct Pm2Collector {
    host_name: String,
    daemon: Subject,
    home: PathBuf,
    interval: Duration,
    /// The configuration says that there is a daemon.
    expected: bool,
    restarts: HashMap<u64, Restarts>,
    /// The apps of which nothing was to run in the last round.
    idle: HashSet<Subject>,
    list: List,
    exits: Exits,
    /// Answered once in this run.
    answered: bool,
    /// The place for what it saw.
    seen: Seen,
}

/// The results of asking a daemon.
enum Told {
    /// The daemon's answer.
    Answer(wire::Answer),
    /// Gives no answer, though it answered before, listens or is expected; with the reason.
    Silent(String),
    /// Nobody listens on its socket, and nobody did while Calm Ops ran.
    LeftBehind,
    /// There is none.
    Nothing,
}

/// The states of a process of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Online,
    /// Meant to run, and not online: it waits for its next start, or failed.
    Down,
    /// On its way in or out: PM2 gives it the time that it was configured to take.
    Changing,
    /// Someone stopped it.
    Stopped,
    /// A job that is over.
    Ended,
}

impl Standing {
    fn of(state: &wire::State) -> Self {
        match state.status.as_str() {
            "online" => Self::Online,
            "launching" | "stopping" => Self::Changing,
            _ if state.is_over() && state.is_job() => Self::Ended,
            _ if state.is_over() => Self::Stopped,
            "one-launch-status" => Self::Stopped,
            _ => Self::Down,
        }
    }
}

/// An app, added up over its processes.
#[derive(Debug, Default)]
struct App {
    meant_to_run: u32,
    online: u32,
    changing: u32,
    stopped: u32,
    is_job: bool,
    /// The reason that the last run of a job counts as failed.
    failed: Option<String>,
    /// The state by PM2 of a process that is meant to run and does not.
    down: Option<String>,
    cpu: f64,
    memory: f64,
    restarts: u64,
    /// May have restarted more often than that: its last minutes were not all seen.
    restarts_unseen: bool,
    /// The start of its youngest process, in microseconds.
    started: Option<i64>,
}

impl Pm2Collector {
    /// The folder of PM2's files: `PM2_HOME`, else `.pm2` in the home directory. The variables are
    /// passed in; empty ones are none.
    pub fn home(pm2_home: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
        let filled = |text: &OsString| !text.is_empty();
        pm2_home
            .filter(filled)
            .map(PathBuf::from)
            .or_else(|| home.filter(filled).map(|home| Path::new(&home).join(".pm2")))
    }

    /// Watches the daemon whose files are in `pm2_home`, as soon as there is one.
    pub fn new(host_name: &str, pm2_home: &Path, interval: Duration) -> Self {
        let host_name = super::host::clean_name(host_name);
        let daemon = Subject::build("pm2", "pm2", Some(&host_name));
        Self {
            host_name,
            daemon,
            home: pm2_home.to_owned(),
            interval,
            expected: false,
            restarts: HashMap::new(),
            idle: HashSet::new(),
            list: List::default(),
            exits: Exits::default(),
            answered: false,
            seen: Seen::default(),
        }
    }

    /// The last statement of PM2, for others.
    pub fn seen(&self) -> Seen {
        self.seen.clone()
    }

    async fn round(&mut self, now: Timestamp) -> Result<Round, CollectError> {
        let mut round = Round::new(SIGNALS);
        let found = self.look().await.inspect_err(|_| {
            self.seen.unanswered();
            self.list.unanswered();
        })?;
        let there = matches!(found, Told::Answer(_) | Told::Silent(_));
        // Where there was a daemon once, its absence is a signal.
        round.listings.push(Listing {
            why: Some(FailureReason::told("nothing is listening on its socket")),
            ..Listing::new(
                "pm2",
                if there { vec![self.daemon.clone()] } else { Vec::new() },
                Absence::Missing("pm2.up"),
            )
        });
        let why = match found {
            Told::Answer(mut answer) => {
                self.answered = true;
                self.exits.note(&self.home, &mut answer.instances);
                round.observe(now, &self.daemon, "pm2.up", 1.0);
                let read_at = Instant::now();
                self.seen.set(read_at, &answer.instances);
                self.apps(now, read_at, &answer, &mut round);
                return Ok(round);
            }
            Told::Silent(why) => {
                let reason = Some(FailureReason::told(&why));
                round.observe_with(now, &self.daemon, "pm2.up", 0.0, reason);
                round.notes.push(format!(
                    "PM2 does not answer: {why}. It is not known whether its apps are running."
                ));
                why
            }
            Told::LeftBehind => {
                round.notes.push(format!(
                    "PM2 ran here before, but nothing is listening on its socket {} now. Start PM2 if its apps should run. If you no longer use it, remove that file.",
                    self.home.join("rpc.sock").display()
                ));
                "nothing is listening on its socket".to_owned()
            }
            Told::Nothing => "there is no socket in its home".to_owned(),
        };
        self.seen.unanswered();
        self.list.unanswered();
        round.untold.push(("app", self.silent(&why)));
        Ok(round)
    }

    /// That the daemon tells nothing.
    fn silent(&self, why: &str) -> FailureReason {
        FailureReason::NotTold { by: self.daemon.clone(), why: why.into() }
    }

    /// Asks the daemon.
    async fn look(&self) -> Result<Told, CollectError> {
        if !look(&self.home)? {
            if !self.expected {
                return Ok(Told::Nothing);
            }
            let home = self.home.display();
            let silent = format!("there is no socket in its configured home {home}");
            return missing(&self.home).map_or(Ok(Told::Silent(silent)), Err);
        }
        let socket = self.home.join("rpc.sock");
        Ok(match tokio::time::timeout(ANSWER_LIMIT, wire::ask(&socket)).await {
            Ok(Ok(answer)) => Told::Answer(answer),
            Ok(Err(error))
                if error.kind() == io::ErrorKind::PermissionDenied
                    || shortage::of(&error).is_some() =>
            {
                return Err(unreachable(&socket, &error));
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                if self.answered || self.expected {
                    Told::Silent("nothing is listening on its socket".to_owned())
                } else {
                    Told::LeftBehind
                }
            }
            Ok(Err(error)) => Told::Silent(error.to_string()),
            Err(_) => Told::Silent(format!("no answer within {} s", ANSWER_LIMIT.as_secs())),
        })
    }

    fn apps(&mut self, now: Timestamp, read_at: Instant, answer: &wire::Answer, round: &mut Round) {
        let instances = &answer.instances;
        let mut apps: BTreeMap<Subject, App> = BTreeMap::new();
        let mut ids = Vec::new();
        for instance in instances.iter().take(MOST) {
            let app = apps.entry(app_subject(&instance.name, &self.host_name)).or_default();
            if let Some(id) = instance.pm_id {
                ids.push(id as u64);
                let fresh = || Restarts::new(instance, read_at);
                let restarts = self.restarts.entry(id as u64).or_insert_with(fresh);
                app.restarts = app.restarts.max(restarts.count(instance, read_at));
                app.restarts_unseen |= !restarts.has_seen_all(instance, now, read_at);
            }
            app.add(instance);
        }
        self.restarts.retain(|id, _| ids.contains(id));
        for (subject, app) in &apps {
            self.tell(now, subject, app, round);
        }
        self.idle =
            apps.into_iter().filter(|(_, app)| app.meant_to_run == 0).map(|(one, _)| one).collect();
        if instances.len() > MOST {
            round.notes.push(format!(
                "PM2 lists {} processes; {} of them are not monitored, because the limit is {MOST}.",
                instances.len(),
                instances.len() - MOST
            ));
        }
        let listed: BTreeSet<Subject> =
            instances.iter().map(|one| app_subject(&one.name, &self.host_name)).collect();
        let (subjects, removed) = self.list.compare(&listed, answer.daemon, read_at);
        round.removed = removed;
        let others = !listed.is_empty();
        let why = FailureReason::NotListed { by: self.daemon.clone(), others };
        let absence = Absence::Missing("app.listed");
        let listing = Listing::new("app", subjects, absence);
        round.listings.push(Listing { why: Some(why), ..listing });
    }

    fn tell(&self, now: Timestamp, subject: &Subject, app: &App, round: &mut Round) {
        let flag = |yes: bool| f64::from(u8::from(yes));
        let is_idle = app.meant_to_run == 0;
        let is_stopped = is_idle && app.changing == 0 && app.stopped > 0;
        round.observe(now, subject, "app.stopped", flag(is_stopped));
        if app.is_job {
            let why = app.failed.as_deref().map(FailureReason::told);
            round.observe_with(now, subject, "app.job_failed", flag(why.is_some()), why);
        }
        if is_idle {
            // Between the end of a process and the start of the next it looks stopped for a moment.
            let rests = app.changing == 0 && self.idle.contains(subject);
            let listed = is_stopped.then_some("app.listed");
            for signal in OF_RUNNING.into_iter().chain(listed).filter(|_| rests) {
                round.rest(subject, signal);
            }
            if !rests || is_stopped {
                return;
            }
        }
        round.observe(now, subject, "app.listed", 1.0);
        if is_idle {
            return;
        }
        let up = app.online == app.meant_to_run;
        let why = app.down.as_deref().filter(|_| !up).map(FailureReason::told);
        round.observe_with(now, subject, "app.up", flag(up), why);
        // A job is started by its schedule or by people, and starting it is no restart.
        if !app.is_job && (!app.restarts_unseen || app.restarts >= TELLING) {
            round.observe(now, subject, "app.restarts", app.restarts as f64);
        }
        round.observe(now, subject, "app.cpu", app.cpu);
        round.observe(now, subject, "app.memory", app.memory);
        if let Some(started) = app.started {
            let uptime = now.since(Timestamp::from_micros(started)).as_secs_f64();
            round.observe(now, subject, "app.uptime", uptime);
        }
    }
}

impl App {
    fn add(&mut self, instance: &wire::Instance) {
        let state = &instance.pm2_env;
        if state.is_job() {
            self.is_job = true;
            self.failed = self.failed.take().or_else(|| failure(state));
        }
        match Standing::of(state) {
            Standing::Changing => self.changing += 1,
            Standing::Stopped => self.stopped += 1,
            Standing::Ended => {}
            standing @ (Standing::Online | Standing::Down) => {
                self.meant_to_run += 1;
                self.cpu += instance.monit.cpu.unwrap_or(0.0);
                self.memory += instance.monit.memory.unwrap_or(0.0);
                if standing == Standing::Down {
                    let last = failure(state).map(|last| format!("; {last}")).unwrap_or_default();
                    self.down = Some(format!("PM2 lists it as '{}'{last}", state.status));
                } else {
                    self.online += 1;
                    let started = state.pm_uptime.map(|millis| (millis * 1e3) as i64);
                    self.started = self.started.max(started);
                }
            }
        }
    }
}

/// The failure of the last run. 130 and 143 are what a program gives back that someone ended by a
/// signal.
fn failure(state: &wire::State) -> Option<String> {
    if let Some(signal) = state.killed_by {
        return Some(format!("its last run was killed by signal {signal}"));
    }
    let code = state.exit_code.map(|code| code as u32);
    let code = code.filter(|code| !matches!(code, 0 | 130 | 143))?;
    Some(format!("its last run failed with exit code {code}"))
}

impl Collector for Pm2Collector {
    fn name(&self) -> &str {
        "pm2"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    fn time_limit(&self) -> Duration {
        ANSWER_LIMIT + Duration::from_secs(1)
    }

    fn tells_of(&self) -> &'static [&'static str] {
        &["app"]
    }

    fn collect(&mut self, now: Timestamp) -> BoxFuture<'_, Result<Round, CollectError>> {
        self.round(now).boxed()
    }
}
