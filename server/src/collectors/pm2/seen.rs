//! What PM2 said last, for those who carry out commands.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use super::wire;

/// An app is gone when it was not listed for this long.
pub(super) const GONE_AFTER: Duration = Duration::from_secs(60);
/// More processes than this are not reported.
pub(super) const MOST: usize = 500;

/// An app as PM2 named it last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenApp {
    /// The memory of all its processes, in bytes.
    pub memory: u64,
    /// Its log files.
    pub logs: BTreeSet<PathBuf>,
}

/// What PM2 said last, shared with whoever needs its apps by their own names: it is asked only
/// once.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<RwLock<Option<SeenAt>>>);

/// When it was said, and what.
type SeenAt = (Instant, BTreeMap<String, SeenApp>);

impl Seen {
    /// Its apps by name; none where it has not answered for a minute.
    pub fn apps(&self) -> BTreeMap<String, SeenApp> {
        let seen = self.0.read().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref()
            .filter(|(at, _)| at.elapsed() < GONE_AFTER)
            .map(|(_, apps)| apps.clone())
            .unwrap_or_default()
    }

    /// Whether PM2 was asked at all, or is not there.
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
        for instance in instances.iter().take(MOST) {
            let app = apps.entry(instance.name.clone()).or_default();
            app.memory = app.memory.saturating_add(instance.monit.memory.unwrap_or(0.0) as u64);
            let paths = [&instance.pm2_env.pm_out_log_path, &instance.pm2_env.pm_err_log_path];
            app.logs
                .extend(paths.into_iter().filter(|path| path.starts_with('/')).map(PathBuf::from));
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((at, apps));
    }
}
