//! The last statement of PM2, for those who carry out commands.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use domain::subject::Subject;
use sha2::{Digest as _, Sha256};

use super::wire;

/// The time for which PM2's last statement is good.
pub(super) const GOOD_FOR: Duration = Duration::from_secs(60);
/// More processes than this are not reported.
pub(super) const MOST: usize = 500;

/// The subject of an app. A name that can't stand in it as it is gets a few letters of its hash, so
/// that it is no other app's.
pub(super) fn app_subject(name: &str, host: &str) -> Subject {
    /// The part of a long name that stays.
    const KEPT: usize = 80;
    let plain = Subject::build("app", name, Some(host));
    if plain.name() == name {
        return plain;
    }
    let hash: String =
        Sha256::digest(name.as_bytes()).iter().take(3).map(|byte| format!("{byte:02x}")).collect();
    let kept: String = plain.name().chars().take(KEPT).collect();
    Subject::build("app", &format!("{kept}~{hash}"), Some(host))
}

/// An app as PM2 named it last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenApp {
    /// The memory of all its processes, in bytes.
    pub memory: u64,
    /// Number of its processes.
    pub processes: u32,
    /// Its name means more to PM2 than this one app: several entries have it, or a namespace.
    pub is_shared: bool,
    /// A job, or someone stopped all of it: it is not to be started by anyone else.
    pub is_at_rest: bool,
    /// Its log files.
    pub logs: BTreeSet<PathBuf>,
    /// Those of them that hold its errors.
    pub error_logs: BTreeSet<PathBuf>,
}

/// The last statement of PM2, shared with whoever needs its apps by their own names: it is asked
/// only once.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<RwLock<Option<SeenAt>>>);

/// The time of a statement, and its contents.
type SeenAt = (Instant, BTreeMap<String, SeenApp>);

impl Seen {
    /// Its apps by name; none where it has not answered for a minute.
    pub fn apps(&self) -> BTreeMap<String, SeenApp> {
        let seen = self.0.read().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref()
            .filter(|(at, _)| at.elapsed() < GOOD_FOR)
            .map(|(_, apps)| apps.clone())
            .unwrap_or_default()
    }

    /// Its apps as subjects; none where it has not answered for a minute.
    pub fn subjects(&self, host: &str) -> Vec<Subject> {
        self.apps().keys().map(|name| app_subject(name, host)).collect()
    }

    /// The error logs of the app that a subject names; `None` where PM2 does not list it.
    pub fn error_logs(&self, of: &Subject, host: &str) -> Option<BTreeSet<PathBuf>> {
        let mut apps = self.apps().into_iter();
        apps.find(|(name, _)| app_subject(name, host) == *of).map(|(_, app)| app.error_logs)
    }

    /// True if PM2 was asked at all, or is not there.
    pub fn is_told(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Without an answer what was said before stays, for a while.
    pub(super) fn unanswered(&self) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| (Instant::now(), BTreeMap::new()));
    }

    pub(super) fn set(&self, at: Instant, instances: &[wire::Instance]) {
        let mut apps: BTreeMap<String, SeenApp> = BTreeMap::new();
        let mut entries: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
        for instance in instances {
            let state = &instance.pm2_env;
            let app = apps
                .entry(instance.name.clone())
                .or_insert_with(|| SeenApp { is_at_rest: true, ..SeenApp::default() });
            let entry = (state.namespace.as_str(), state.pm_exec_path.as_str());
            app.is_shared |= *entries.entry(instance.name.as_str()).or_insert(entry) != entry;
            app.is_at_rest &= state.is_over() || state.status == "stopping";
            app.processes = app.processes.saturating_add(1);
            app.memory = app.memory.saturating_add(instance.monit.memory.unwrap_or(0.0) as u64);
            let paths = [&instance.pm2_env.pm_out_log_path, &instance.pm2_env.pm_err_log_path];
            app.logs
                .extend(paths.into_iter().filter(|path| path.starts_with('/')).map(PathBuf::from));
            let errors = &instance.pm2_env.pm_err_log_path;
            app.error_logs.extend(errors.starts_with('/').then(|| PathBuf::from(errors)));
        }
        for instance in instances {
            // A job stays one whichever of its processes runs, and a namespace is restarted as a
            // whole where no app has its name.
            if let Some(app) = apps.get_mut(&instance.name) {
                app.is_at_rest |= instance.pm2_env.is_job();
            }
            if let Some(app) = apps.get_mut(&instance.pm2_env.namespace) {
                app.is_shared = true;
            }
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((at, apps));
    }
}
