//! One look: the time it has, its turn, and the place where it looks.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    id::IncidentNumber, inspection::InspectionOutcome, subject::Subject, time::MonotonicTime,
};

use crate::{
    collectors::pm2::Seen,
    exec::{Runner, User},
    store::Store,
};
/// Longest time for an inspection before it is given up.
pub const LONGEST: Duration = Duration::from_secs(10);
/// The time after which a look ends by itself, with what it has seen.
pub(super) const ENOUGH: Duration = Duration::from_secs(8);

/// Outcome of a look, or why it failed: one or more sentences.
pub(super) type Looked = Result<InspectionOutcome, String>;

/// The things to look at.
#[derive(Clone)]
pub struct Place {
    /// The name of this host.
    pub host: String,
    /// The last statement of PM2; `None` where it is not looked for.
    pub apps: Option<Seen>,
    /// The home of that PM2.
    pub pm2_home: Option<PathBuf>,
    /// Executes the one program that is used, `journalctl`.
    pub runner: Runner,
    /// The database that Calm Ops itself uses.
    pub store: Arc<dyn Store>,
    /// True if that is a server with connections and queries.
    pub database: bool,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// Kinds that are under way.
    pub running: BTreeSet<&'static str>,
    /// The beginnings of inspections, by incident.
    pub begun: BTreeMap<IncidentNumber, VecDeque<MonotonicTime>>,
}

/// The turn of a kind; the next of it may begin when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    pub state: Arc<Mutex<State>>,
    pub kind: &'static str,
}

impl Drop for Turn {
    fn drop(&mut self) {
        lock(&self.state).running.remove(self.kind);
    }
}

pub(super) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The time that a look has, and whether it was given up.
#[derive(Clone, Debug)]
pub(super) struct Look {
    until: Instant,
    given_up: Arc<AtomicBool>,
}

impl Look {
    pub fn new(time: Duration) -> Self {
        Self { until: Instant::now() + time, given_up: Arc::default() }
    }

    /// True if it has to end now.
    pub fn is_over(&self) -> bool {
        self.given_up.load(Ordering::Relaxed) || Instant::now() >= self.until
    }

    pub fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

/// The user that this program runs as, for sentences.
pub(super) fn ours() -> String {
    user(rustix::process::geteuid().as_raw())
}

/// A user's name, or number.
pub(super) fn user(uid: u32) -> String {
    User::numbered(uid).map_or_else(|_| uid.to_string(), |user| user.name)
}

/// The folder at which a disk of this host is mounted.
pub(super) fn mounted(disk: &Subject, host: &str) -> Result<PathBuf, String> {
    let named =
        |point: &PathBuf| Subject::build("disk", &point.to_string_lossy(), Some(host)) == *disk;
    crate::collectors::host::local_disks().into_iter().find(named).ok_or_else(|| {
        format!(
            "No disk of this host is mounted at {} now. Disks of other machines are not looked through, as they may hang.",
            disk.name()
        )
    })
}
