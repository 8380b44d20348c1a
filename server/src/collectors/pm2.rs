//! PM2: the apps of a daemon that is already there. Nothing is ever started: Calm Ops speaks to the
//! daemon's socket, and where there is none it says nothing.
//!
//! An app is all processes of one name; of a cluster CPU and memory are added up. It is up if every
//! process of it that is meant to run is online. `app.restarts` is that of the process that
//! restarted most often within 10 minutes, so that reloading a cluster of eight for a deployment
//! does not look like a crash loop.
//!
//! An app that someone stopped stays: it is not running, and only `pm2 delete` says that nobody
//! wants it any more. `app.stopped` tells that it was stopped on purpose, so that it does not look
//! like a crash; stopping counts no restart. One that was stopped before Calm Ops first saw it run
//! has `app.stopped` alone: nobody is woken for what was parked long ago. One that PM2 gave up on
//! (`errored`) is down. An app is gone when the daemon has listed its apps without it for a minute:
//! one that is being resurrected lists none at first.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    ffi::OsString,
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use domain::{
    signals::{SignalGroup, SignalInfo},
    subject::Subject,
    time::{Span, Timestamp},
};
use futures::{FutureExt, future::BoxFuture};
use policy::catalogue::OwnPm2;

use super::{
    collector::{CollectError, Collector, Listing, Round},
    registry::{Context, Declaration, Kind},
};
use crate::config::{
    found::{self, Found},
    section::{Key, Section, key},
};

pub(super) mod seen;
mod wire;

use seen::{GONE_AFTER, MOST};
pub use seen::{Seen, SeenApp};

/// Signals of the collector.
pub const SIGNALS: SignalGroup = SignalGroup {
    namespaces: &["app", "pm2"],
    signals: &[
        SignalInfo::new(
            "app.up",
            "Running",
            "yes/no",
            "Whether every process of an app that is meant to run is online.",
        ),
        SignalInfo::new(
            "app.stopped",
            "Stopped in PM2",
            "yes/no",
            "Whether someone stopped all of an app.",
        ),
        SignalInfo::new(
            "app.restarts",
            "Restarts in 10 min",
            "",
            "Restarts of the process of an app that restarted most often.",
        ),
        SignalInfo::new(
            "app.cpu",
            "CPU",
            "%",
            "CPU of all processes of an app; a whole processor is 100 %.",
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
    /// Whether a PM2 daemon is looked for.
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

    /// Whether a daemon is looked for.
    pub fn is_watched(&self) -> bool {
        self.enabled && self.home_here().is_some()
    }
}

/// PM2, as the registry knows it.
#[derive(Debug)]
pub struct Pm2;

impl Kind for Pm2 {
    const DECLARATION: Declaration = Declaration { signals: SIGNALS, keys: KEYS, entries: None };
    type Settings = Settings;
    /// The home of a daemon.
    type Target = PathBuf;

    fn read(section: &mut Section<'_>) -> Settings {
        Settings {
            enabled: section.value("pm2.enabled", true, found::yes_or_no),
            home: section.value("pm2.home", None, |found| found::path(found).map(Some)),
            program: section.value("pm2.program", None, |found| own_program(found).map(Some)),
        }
    }

    fn targets(settings: &Settings, _context: &Context) -> Vec<PathBuf> {
        settings.home_here().filter(|_| settings.enabled).into_iter().collect()
    }

    fn name(_home: &PathBuf) -> String {
        "pm2".to_owned()
    }

    fn build(home: &PathBuf, context: &Context) -> Result<Box<dyn Collector>, CollectError> {
        let collector = Pm2Collector::new(&context.host, home, context.interval);
        Ok(Box::new(Pm2Collector { seen: context.apps.clone(), ..collector }))
    }

    fn listings(settings: &Settings, context: &Context) -> Vec<Listing> {
        if Self::targets(settings, context).is_empty() {
            ["pm2", "app"].map(|kind| Listing { kind, subjects: Vec::new() }).to_vec()
        } else {
            Vec::new()
        }
    }
}

fn own_program(found: &Found) -> Result<OwnPm2, String> {
    const EXPECTED: &str = "the absolute path of the program pm2, such as '/home/deploy/.nvm/versions/node/v24.1.0/bin/pm2'";
    found.quoted().and_then(|text| text.parse().ok()).ok_or_else(|| EXPECTED.to_owned())
}

/// How long the daemon may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);
/// Restarts are counted over this time.
const WINDOW: Duration = Duration::from_secs(600);
/// A process that Calm Ops has not watched for that long restarted at least as often as was seen.
/// From this many on that is told: fewer could be the rest of a crash loop, and would look as if it
/// had ended.
const TELLING: u64 = 3;
/// Watches the apps of a PM2 daemon on this host.
#[derive(Debug)]
pub struct Pm2Collector {
    host_name: String,
    daemon: Subject,
    socket: PathBuf,
    interval: Duration,
    /// Whether there has been a daemon since Calm Ops runs: if so, its absence is a signal.
    met: bool,
    restarts: HashMap<u64, Restarts>,
    /// Since when each answer came.
    answers_since: Option<Instant>,
    /// When each app was listed last, and whether it was ever meant to run.
    listed: HashMap<Subject, (Instant, bool)>,
    /// Where it tells what it saw.
    seen: Seen,
}

/// The restarts of one process, from a counter that only grows until someone resets it.
#[derive(Debug)]
struct Restarts {
    counter: u64,
    /// Since when it is watched.
    since: Instant,
    recent: VecDeque<(Instant, u64)>,
}

/// An app, added up over its processes.
#[derive(Debug, Default)]
struct App {
    meant_to_run: u32,
    online: u32,
    cpu: f64,
    memory: f64,
    restarts: u64,
    /// It may have restarted more often than that: its last minutes were not all seen.
    restarts_unseen: bool,
    /// When its youngest process started, in microseconds.
    started: Option<i64>,
}

impl Pm2Collector {
    /// Where PM2 keeps its files: `PM2_HOME`, else `.pm2` in the home directory. The variables are
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
        let socket = pm2_home.join("rpc.sock");
        Self {
            host_name,
            daemon,
            socket,
            interval,
            met: false,
            restarts: HashMap::new(),
            answers_since: None,
            listed: HashMap::new(),
            seen: Seen::default(),
        }
    }

    /// What PM2 says, for others.
    pub fn seen(&self) -> Seen {
        self.seen.clone()
    }

    async fn round(&mut self, now: Timestamp) -> Result<Round, CollectError> {
        let mut round = Round::new(SIGNALS);
        round.listings.push(Listing { kind: "pm2", subjects: vec![self.daemon.clone()] });
        let there = std::fs::metadata(&self.socket).is_ok_and(|data| data.file_type().is_socket());
        if !there && !self.met {
            self.seen.unanswered();
            return Ok(round);
        }
        self.met = true;
        let answer = tokio::time::timeout(ANSWER_LIMIT, wire::ask(&self.socket)).await;
        match answer {
            Ok(Ok(instances)) => {
                round.observe(now, &self.daemon, "pm2.up", 1.0);
                self.seen.set(Instant::now(), &instances);
                self.apps(now, Instant::now(), &instances, &mut round);
            }
            Ok(Err(error)) => {
                self.answers_since = None;
                self.seen.unanswered();
                tracing::debug!(%error, "PM2 does not answer");
                round.observe(now, &self.daemon, "pm2.up", 0.0);
            }
            Err(_) => {
                self.answers_since = None;
                self.seen.unanswered();
                tracing::debug!("PM2 does not answer in time");
                round.observe(now, &self.daemon, "pm2.up", 0.0);
            }
        }
        Ok(round)
    }

    fn apps(
        &mut self,
        now: Timestamp,
        read_at: Instant,
        instances: &[wire::Instance],
        round: &mut Round,
    ) {
        let mut apps: BTreeMap<Subject, App> = BTreeMap::new();
        let mut ids = Vec::new();
        for instance in instances.iter().take(MOST) {
            let app = apps
                .entry(Subject::build("app", &instance.name, Some(&self.host_name)))
                .or_default();
            if let (Some(id), Some(counter)) = (instance.pm_id, instance.pm2_env.restart_time) {
                ids.push(id as u64);
                let fresh = || Restarts {
                    counter: counter as u64,
                    since: read_at,
                    recent: VecDeque::new(),
                };
                let restarts = self.restarts.entry(id as u64).or_insert_with(fresh);
                let count = restarts.count(counter as u64, read_at);
                app.restarts = app.restarts.max(count);
                // It never restarted, or has run on since before the window began: then nothing was
                // missed.
                let ran = instance
                    .pm2_env
                    .pm_uptime
                    .map(|millis| now.since(Timestamp::from_micros((millis * 1e3) as i64)));
                let ran_on = instance.pm2_env.status == "online"
                    && ran.is_some_and(|ran| ran >= Span::from(WINDOW));
                let seen = restarts.has_seen_all(read_at) || counter as u64 == count || ran_on;
                app.restarts_unseen |= !seen;
            }
            if matches!(
                instance.pm2_env.status.as_str(),
                "stopped" | "stopping" | "one-launch-status"
            ) {
                continue;
            }
            app.meant_to_run += 1;
            app.cpu += instance.monit.cpu.unwrap_or(0.0);
            app.memory += instance.monit.memory.unwrap_or(0.0);
            if instance.pm2_env.status == "online" {
                app.online += 1;
                let started = instance.pm2_env.pm_uptime.map(|millis| (millis * 1e3) as i64);
                app.started = app.started.max(started);
            }
        }
        self.restarts.retain(|id, _| ids.contains(id));
        for (subject, app) in apps {
            let stopped = app.meant_to_run == 0;
            let (listed, ran) = self.listed.entry(subject.clone()).or_insert((read_at, false));
            (*listed, *ran) = (read_at, *ran || !stopped);
            round.observe(now, &subject, "app.stopped", f64::from(u8::from(stopped)));
            if !*ran {
                continue;
            }
            let up = !stopped && app.online == app.meant_to_run;
            round.observe(now, &subject, "app.up", f64::from(u8::from(up)));
            if !app.restarts_unseen || app.restarts >= TELLING {
                round.observe(now, &subject, "app.restarts", app.restarts as f64);
            }
            round.observe(now, &subject, "app.cpu", app.cpu);
            round.observe(now, &subject, "app.memory", app.memory);
            if let Some(started) = app.started {
                round.observe(
                    now,
                    &subject,
                    "app.uptime",
                    now.since(Timestamp::from_micros(started)).as_secs_f64(),
                );
            }
        }
        self.listed
            .retain(|_, (listed, _)| read_at.saturating_duration_since(*listed) < GONE_AFTER);
        let since = *self.answers_since.get_or_insert(read_at);
        // What was known before can be missed only after it had its time to be listed.
        if read_at.saturating_duration_since(since) >= GONE_AFTER {
            let subjects =
                self.listed.keys().cloned().collect::<BTreeSet<_>>().into_iter().collect();
            round.listings.push(Listing { kind: "app", subjects });
        }
    }
}

impl Restarts {
    /// Whether it was watched for all of the window.
    fn has_seen_all(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= WINDOW
    }

    /// How many there were within the window, now that the counter stands here.
    fn count(&mut self, counter: u64, now: Instant) -> u64 {
        // A counter that fell was reset, and has counted from zero since.
        let new = counter.checked_sub(self.counter).unwrap_or(counter);
        self.counter = counter;
        if new > 0 {
            self.recent.push_back((now, new));
        }
        while self.recent.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > WINDOW)
        {
            self.recent.pop_front();
        }
        // An interval that is too short must not make this grow.
        while self.recent.len() > 1_000 {
            self.recent.pop_front();
        }
        self.recent.iter().fold(0, |sum, (_, new)| sum.saturating_add(*new))
    }
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

    fn collect(&mut self, now: Timestamp) -> BoxFuture<'_, Result<Round, CollectError>> {
        self.round(now).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_are_those_of_the_last_ten_minutes() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut restarts = Restarts { counter: 40, since: start, recent: VecDeque::new() };
        assert_eq!(restarts.count(40, at(0)), 0, "what was before is not known");
        assert_eq!(restarts.count(43, at(5)), 3);
        assert_eq!(restarts.count(2, at(10)), 5, "a reset counter counts from zero");
        assert_eq!(restarts.count(2, at(606)), 2);
        assert_eq!(restarts.count(2, at(611)), 0);
        assert!(!restarts.has_seen_all(at(599)) && restarts.has_seen_all(at(600)));
    }

    #[test]
    fn restarts_that_could_not_be_seen_are_not_told_as_none() {
        let fresh = || Pm2Collector::new("web-1", Path::new("/nowhere"), Duration::from_secs(5));
        let told = |collector: &mut Pm2Collector, restarts: u32, started: u64| {
            let process = format!(
                r#"[{{"pm_id":0,"name":"api","pm2_env":{{"status":"online","restart_time":{restarts},"pm_uptime":{started}}},"monit":{{}}}}]"#
            );
            let instances: Vec<wire::Instance> = serde_json::from_str(&process).unwrap();
            let mut round = Round::new(SIGNALS);
            collector.apps(Timestamp::from_secs(10_000), Instant::now(), &instances, &mut round);
            value(&round, "app.restarts")
        };
        // Calm Ops has just started, and the process a moment ago: it may have restarted often.
        let mut collector = fresh();
        for (restarts, started) in [(40, 9_990_000), (41, 9_995_000), (42, 9_999_000)] {
            assert_eq!(told(&mut collector, restarts, started), None, "{restarts}");
        }
        assert_eq!(
            told(&mut collector, 43, 9_999_500),
            Some(3.0),
            "what was seen is told as soon as it is telling"
        );
        assert_eq!(told(&mut fresh(), 0, 9_990_000), Some(0.0), "it never restarted");
        assert_eq!(
            told(&mut fresh(), 40, 9_400_000),
            Some(0.0),
            "it has run on for all of the window"
        );
        assert_eq!(told(&mut fresh(), 40, 9_400_001), None);
    }

    fn process(id: u32, name: &str, status: &str) -> String {
        format!(
            r#"{{"pm_id":{id},"name":"{name}","pm2_env":{{"status":"{status}","restart_time":0,"pm_uptime":1000}},"monit":{{"cpu":2,"memory":10}}}}"#
        )
    }

    fn round(collector: &mut Pm2Collector, processes: &[String]) -> Round {
        round_at(collector, Instant::now(), processes)
    }

    fn round_at(collector: &mut Pm2Collector, read_at: Instant, processes: &[String]) -> Round {
        let instances: Vec<wire::Instance> =
            serde_json::from_str(&format!("[{}]", processes.join(","))).unwrap();
        let mut round = Round::new(SIGNALS);
        collector.apps(Timestamp::from_secs(11), read_at, &instances, &mut round);
        round
    }

    fn value(round: &Round, signal: &str) -> Option<f64> {
        round.observations.iter().find(|seen| seen.signal.as_str() == signal).map(|seen| seen.value)
    }

    #[test]
    fn the_processes_of_a_cluster_are_one_app() {
        let mut collector =
            Pm2Collector::new("web-1", Path::new("/nowhere"), Duration::from_secs(5));
        let two = [process(0, "api", "online"), process(1, "api", "online")];
        let seen = round(&mut collector, &two);
        assert_eq!(seen.observations.len(), 6);
        assert!(seen.observations.iter().all(|seen| seen.subject.as_str() == "app:api@web-1"));
        assert_eq!(
            (value(&seen, "app.up"), value(&seen, "app.memory"), value(&seen, "app.cpu")),
            (Some(1.0), Some(20.0), Some(4.0))
        );
        assert_eq!(value(&seen, "app.uptime"), Some(10.0));
        let one_failed = [process(0, "api", "online"), process(1, "api", "errored")];
        assert_eq!(value(&round(&mut collector, &one_failed), "app.up"), Some(0.0));
    }

    #[test]
    fn an_app_that_was_stopped_stays_as_not_running_and_one_that_failed_is_down() {
        let mut collector =
            Pm2Collector::new("web-1", Path::new("/nowhere"), Duration::from_secs(5));
        let parked = round(&mut collector, &[process(0, "api", "stopped")]);
        assert_eq!(
            (parked.observations.len(), value(&parked, "app.stopped")),
            (1, Some(1.0)),
            "it was parked before it was ever seen"
        );
        let online = round(&mut collector, &[process(0, "api", "online")]);
        assert_eq!(
            (value(&online, "app.up"), value(&online, "app.stopped")),
            (Some(1.0), Some(0.0))
        );
        let stopped = round(&mut collector, &[process(0, "api", "stopped")]);
        assert_eq!(
            (value(&stopped, "app.up"), value(&stopped, "app.stopped")),
            (Some(0.0), Some(1.0))
        );
        assert_eq!(
            (value(&stopped, "app.restarts"), value(&stopped, "app.uptime")),
            (Some(0.0), None)
        );
        assert_eq!(
            value(&round(&mut collector, &[process(0, "api", "waiting restart")]), "app.up"),
            Some(0.0)
        );
        assert_eq!(
            value(&round(&mut collector, &[process(0, "api", "errored")]), "app.up"),
            Some(0.0)
        );
    }

    #[test]
    fn an_app_is_gone_only_when_it_was_not_listed_for_a_minute() {
        let mut collector =
            Pm2Collector::new("web-1", Path::new("/nowhere"), Duration::from_secs(5));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let listed =
            |round: Round| round.listings.into_iter().next().map(|listing| listing.subjects.len());
        let api = [process(0, "api", "online")];
        assert_eq!(listed(round_at(&mut collector, at(0), &[])), None, "it may be resurrecting");
        assert_eq!(listed(round_at(&mut collector, at(5), &api)), None);
        assert_eq!(listed(round_at(&mut collector, at(60), &api)), Some(1));
        assert_eq!(listed(round_at(&mut collector, at(100), &[])), Some(1));
        assert_eq!(listed(round_at(&mut collector, at(119), &[])), Some(1));
        assert_eq!(listed(round_at(&mut collector, at(120), &[])), Some(0));
    }

    #[test]
    fn the_home_is_where_pm2_looks() {
        let some = |text: &str| Some(OsString::from(text));
        assert_eq!(Pm2Collector::home(some("/p"), some("/h")), Some("/p".into()));
        assert_eq!(Pm2Collector::home(some(""), some("/h")), Some("/h/.pm2".into()));
        assert_eq!(Pm2Collector::home(None, None), None);
    }

    #[test]
    fn apps_are_shared_by_their_own_names_with_memory_and_logs() {
        let text = r#"[{"name":"a@b","pm2_env":{"pm_out_log_path":"/l/out.log","pm_err_log_path":"relative"},"monit":{"memory":10}},
            {"name":"a@b","pm2_env":{"pm_out_log_path":"/l/out-1.log"},"monit":{"memory":5.5}}]"#;
        let seen = Seen::default();
        assert!(!seen.is_told());
        seen.unanswered();
        assert!(seen.is_told() && seen.apps().is_empty());
        seen.set(Instant::now(), &serde_json::from_str::<Vec<wire::Instance>>(text).unwrap());
        let logs = ["/l/out.log", "/l/out-1.log"].map(PathBuf::from).into();
        let expected = BTreeMap::from([("a@b".to_owned(), SeenApp { memory: 15, logs })]);
        assert_eq!(seen.apps(), expected);
        seen.unanswered();
        assert_eq!(seen.apps(), expected, "one missed answer changes nothing");
        if let Some(long_ago) = Instant::now().checked_sub(GONE_AFTER) {
            seen.set(long_ago, &[]);
            assert!(seen.apps().is_empty());
        }
    }
}
