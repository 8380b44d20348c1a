//! The inventory of this host as seen a moment ago: what a command's values may be, and what helps
//! to choose among them.
//!
//! It is looked at in a task of its own, every few seconds, so that a disk or a database that hangs
//! holds up nobody. What can't be read is not there: a command that needs it is not offered then.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use domain::{long_query::LongQuery, subject::Subject};
use engine::recommender::Hints;
use policy::catalogue::{Facts, OwnPm2, Program};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Place, Recovery};
use crate::{
    clock::Clock,
    collectors::{
        Collector as _,
        host::local_disks,
        http::Endpoint,
        pm2::{Pm2Collector, Seen, SeenApp},
    },
    store::Store,
};

/// The interval of looks.
const EVERY: Duration = Duration::from_secs(5);
/// Longest time for one look before what it would have brought is taken for missing.
const LOOK_LIMIT: Duration = Duration::from_secs(4);
/// The time for which a finding is good where a later look brings nothing.
const STALE_AFTER: Duration = Duration::from_secs(60);
/// Time for which the first look waits for PM2 to have been asked, so that its apps do not seem to
/// be gone after a start.
const WAIT_FOR_APPS: Duration = Duration::from_secs(15);
/// The folder in which certbot keeps a file for each certificate.
const CERTIFICATES: &str = "/etc/letsencrypt/renewal";
/// The most certificates that are looked at.
const MOST_CERTIFICATES: usize = 1_000;

/// Under which host name each endpoint is asked; what is in force is told here.
#[derive(Debug, Default)]
pub struct EndpointHosts(RwLock<BTreeMap<Subject, String>>);

impl EndpointHosts {
    /// Takes the endpoints in force.
    pub fn set<'a>(&self, endpoints: impl IntoIterator<Item = &'a Endpoint>) {
        let hosts = endpoints.into_iter().filter_map(|one| {
            let host = one.url.as_url().host_str()?.to_owned();
            Some((Subject::build("endpoint", &one.name, None), host))
        });
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = hosts.collect();
    }

    fn get(&self) -> BTreeMap<Subject, String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The places of the looks.
#[derive(Clone)]
pub struct Places {
    /// The name of this host.
    pub host: String,
    /// The last statement of PM2; `None` where it is not looked for.
    pub apps: Option<Seen>,
    /// The place of PM2's program by this host's configuration.
    pub pm2: Option<OwnPm2>,
    /// The endpoints.
    pub endpoints: Arc<EndpointHosts>,
    /// The database that Calm Ops itself uses.
    pub store: Arc<dyn Store>,
}

/// Looks again and again, until it is told to stop.
pub async fn watch(places: Places, recovery: Arc<Recovery>, stop: CancellationToken) {
    let mut reading = Reading::default();
    let first = tokio::time::Instant::now();
    while places.apps.as_ref().is_some_and(|apps| !apps.is_told())
        && first.elapsed() < WAIT_FOR_APPS
    {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis(200)) => {}
        }
    }
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            found = look(&places, &mut reading) => if let Some((facts, hints)) = found {
                recovery.set_facts(Arc::new(facts));
                recovery.set_hints(Arc::new(hints));
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// One look by a command beside the server: PM2 is asked once, and the database where there is one.
pub async fn once(place: &Place, store: Option<&dyn Store>) -> Facts {
    let mut apps = BTreeMap::new();
    if let Some(home) = &place.pm2_home {
        let mut collector = Pm2Collector::new(&place.host, home, EVERY);
        // Without an answer there is no app, and what needs one is refused.
        let _ = collector.collect(Clock::start().now().wall).await;
        apps = collector.seen().apps();
    }
    let queries = match store {
        Some(store) => store.long_queries().await.unwrap_or_default(),
        None => Vec::new(),
    };
    let seen = (programs(), certificates(Path::new(CERTIFICATES)));
    facts(
        seen.0,
        place.pm2.as_ref(),
        seen.1,
        apps.into_keys(),
        queries.into_iter().map(|(query, _)| query),
    )
}

/// The findings, as facts.
fn facts(
    programs: Vec<(Program, &'static str)>,
    pm2: Option<&OwnPm2>,
    certificates: Vec<String>,
    apps: impl IntoIterator<Item = String>,
    queries: impl IntoIterator<Item = String>,
) -> Facts {
    let facts = programs.into_iter().fold(Facts::new(), |facts, (program, path)| {
        let before = facts.clone();
        facts.with_program(program, path).unwrap_or(before)
    });
    let facts = match pm2.filter(|own| is_program(Path::new(own.as_str()))) {
        Some(own) => facts.with_own_pm2(own),
        None => facts,
    };
    facts.with_apps(apps).with_certificates(certificates).with_queries(queries)
}

/// The task that reads the disks, while it has not ended: one that hangs is not begun a second
/// time.
#[derive(Default)]
struct Reading {
    files: Option<JoinHandle<Files>>,
    logs: Option<JoinHandle<Logs>>,
    /// The findings of the last look, with its time.
    last: Option<(Instant, Files)>,
}

impl Reading {
    /// The programs and certificates. A disk that is slow for a moment does not take them away.
    /// `None` if nothing was ever found.
    async fn files(&mut self, limit: Duration) -> Option<Files> {
        if let Some(found) = in_time(&mut self.files, limit, Files::look).await {
            self.last = Some((Instant::now(), found.clone()));
            return Some(found);
        }
        let (at, files) = self.last.as_ref()?;
        Some(if at.elapsed() < STALE_AFTER { files.clone() } else { Files::default() })
    }
}

/// Looks on a thread of its own: a file system that hangs must not take one of those that answer
/// requests. `None` if it takes too long.
async fn in_time<T: Send + 'static>(
    reading: &mut Option<JoinHandle<T>>,
    limit: Duration,
    look: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let handle = reading.get_or_insert_with(|| tokio::task::spawn_blocking(look));
    let found = tokio::time::timeout(limit, handle).await;
    if found.is_ok() {
        *reading = None;
    }
    let found = found.ok().and_then(Result::ok);
    if found.is_none() {
        tracing::warn!("the targets of commands could not be checked in time");
    }
    found
}

/// One look. `None` while nothing is known yet: nothing is to be concluded from that.
async fn look(places: &Places, reading: &mut Reading) -> Option<(Facts, Hints)> {
    let apps = places.apps.as_ref().map(Seen::apps).unwrap_or_default();
    let (host, seen) = (places.host.clone(), apps.clone());
    let queries = tokio::time::timeout(LOOK_LIMIT, places.store.long_queries());
    // Apart, as they lie elsewhere: logs on a disk that hangs take nothing else away.
    let mut reading_logs = reading.logs.take();
    let logs = in_time(&mut reading_logs, LOOK_LIMIT, move || logs(&host, &seen, &local_disks()));
    let (files, logs, queries) = tokio::join!(reading.files(LOOK_LIMIT), logs, queries);
    reading.logs = reading_logs;
    let files = files?;
    let queries: BTreeMap<String, LongQuery> = match queries {
        Ok(Ok(queries)) => queries.into_iter().collect(),
        Ok(Err(_)) | Err(_) => BTreeMap::new(),
    };
    let facts = facts(
        files.programs,
        places.pm2.as_ref(),
        files.certificates,
        apps.keys().cloned(),
        queries.keys().cloned(),
    );
    let named = |fits: fn(&SeenApp) -> bool| {
        apps.iter().filter(|(_, app)| fits(app)).map(|(name, _)| name.clone()).collect()
    };
    let hints = Hints {
        app_memory: apps.iter().map(|(name, app)| (name.clone(), app.memory)).collect(),
        app_processes: apps.iter().map(|(name, app)| (name.clone(), app.processes)).collect(),
        shared_apps: named(|app| app.is_shared),
        apps_at_rest: named(|app| app.is_at_rest),
        app_logs: logs.unwrap_or_default(),
        endpoint_hosts: places.endpoints.get(),
        queries,
    };
    Some((facts, hints))
}

/// The installed programs.
#[derive(Clone, Default)]
struct Files {
    programs: Vec<(Program, &'static str)>,
    certificates: Vec<String>,
}

/// The size of each app's log files, by the disk that they are on.
type Logs = BTreeMap<String, BTreeMap<String, u64>>;

impl Files {
    fn look() -> Self {
        Self { programs: programs(), certificates: certificates(Path::new(CERTIFICATES)) }
    }
}

/// The programs of the closed list that are here, each at the first of its places.
fn programs() -> Vec<(Program, &'static str)> {
    let place =
        |program: Program| program.candidates().iter().find(|path| is_program(Path::new(path)));
    Program::ALL.into_iter().filter_map(|program| Some((program, *place(program)?))).collect()
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// The names of certbot's certificates; none where the folder can't be read, as it is for most
/// users.
fn certificates(dir: &Path) -> Vec<String> {
    let Ok(files) = fs::read_dir(dir) else { return Vec::new() };
    let name =
        |file: fs::DirEntry| file.file_name().to_str()?.strip_suffix(".conf").map(str::to_owned);
    let mut names: Vec<String> =
        files.take(MOST_CERTIFICATES).filter_map(Result::ok).filter_map(name).collect();
    names.sort();
    names
}

/// The size of each app's log files, by the disk that they are on.
fn logs(host: &str, apps: &BTreeMap<String, SeenApp>, disks: &[PathBuf]) -> Logs {
    // Of two mounts of one device the first, the shortest, is the one that is reported.
    let mut names: BTreeMap<u64, String> = BTreeMap::new();
    for point in disks {
        if let Ok(data) = fs::metadata(point) {
            let name =
                Subject::build("disk", &point.to_string_lossy(), Some(host)).name().to_owned();
            names.entry(data.dev()).or_insert(name);
        }
    }
    let mut sizes = Logs::new();
    for (app, seen) in apps {
        for data in seen
            .logs
            .iter()
            .filter_map(|path| fs::metadata(path).ok())
            .filter(fs::Metadata::is_file)
        {
            if let Some(disk) = names.get(&data.dev()) {
                // What it takes on the disk, not how long it is: a file can have holes.
                *sizes.entry(app.clone()).or_default().entry(disk.clone()).or_default() +=
                    data.blocks() * 512;
            }
        }
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_named_by_their_renewal_files() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["shop.example.conf", "api.example.conf", "README", "old.conf.bak"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        assert_eq!(certificates(dir.path()), ["api.example", "shop.example"]);
        assert_eq!(certificates(&dir.path().join("missing")), Vec::<String>::new());
    }

    #[test]
    fn logs_are_counted_on_the_disk_that_they_are_on() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("out.log");
        fs::write(&file, vec![1; 100_000]).unwrap();
        let app = SeenApp {
            memory: 1,
            processes: 1,
            is_shared: false,
            is_at_rest: false,
            logs: [file, dir.path().join("missing.log"), "/proc/version".into()].into(),
            error_logs: Default::default(),
        };
        let apps = BTreeMap::from([("api".to_owned(), app)]);
        let sizes = logs("web-1", &apps, &[dir.path().to_owned()]);
        let on_disk = sizes["api"].values().copied().collect::<Vec<_>>();
        assert!(matches!(on_disk[..], [size] if (100_000..200_000).contains(&size)), "{sizes:?}");
        assert_eq!(logs("web-1", &apps, &[]), BTreeMap::new());
    }

    #[tokio::test]
    async fn a_disk_that_hangs_takes_away_only_what_lies_on_it_and_that_after_a_while() {
        let soon = Duration::from_millis(50);
        let (hangs, hung) = std::sync::mpsc::channel::<()>();
        let mut reading = None;
        assert!(
            in_time(&mut reading, soon, move || hung.recv().is_ok()).await.is_none()
                && reading.is_some()
        );
        assert!(
            in_time(&mut reading, soon, || panic!("a second look is not begun")).await.is_none()
        );
        hangs.send(()).unwrap();
        assert_eq!(in_time(&mut reading, LOOK_LIMIT, || false).await, Some(true));

        let found = Files { certificates: vec!["shop.example".to_owned()], ..Files::default() };
        let (hangs, hung) = std::sync::mpsc::channel::<()>();
        let stuck = tokio::task::spawn_blocking(move || {
            hung.recv().map_or_else(|_| Files::default(), |()| Files::default())
        });
        let mut reading = Reading {
            files: Some(stuck),
            last: Some((Instant::now(), found.clone())),
            ..Reading::default()
        };
        assert_eq!(reading.files(soon).await.unwrap().certificates, ["shop.example"]);
        reading.last = Instant::now().checked_sub(STALE_AFTER).map(|at| (at, found));
        assert!(reading.files(soon).await.unwrap().certificates.is_empty());
        reading.last = None;
        assert!(reading.files(soon).await.is_none(), "nothing was ever found");
        drop(hangs);
    }

    #[test]
    fn only_what_can_be_started_is_a_program() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pm2");
        fs::write(&file, "#!").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(!is_program(&file) && !is_program(dir.path()));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(is_program(&file));
    }
}
