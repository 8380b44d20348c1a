//! The service as the rest of the program holds it.

use std::{
    sync::{
        Arc, OnceLock, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use commands::{
    command::Command,
    operation::{Committed, Operation},
    service::{Executable, Operations, Pending},
};
use domain::{
    access::Principal, error::Error, hash::Head, journal::Entry, protection::Protection,
    severity::Severity,
};
use tokio::sync::{Mutex, Notify, broadcast, watch};

use super::{
    at_hand::AtHand, backend::Handlers, critical_times::CriticalTimes, day_keeper::DayKeeper,
    directory::Known, inner::Inner, proofs::Proofs, set_up::SetUp, uptime_keeper::UptimeKeeper,
};
use crate::{
    baselines::Baselines, checks::Checks, clock::Clock, current_status::CurrentStatus,
    inspections::Inspections, protection::Enforcement, publisher::Publisher, remediation::Recovery,
    sources::SourceKeeper, store::Store, stream::Live, time_zones::TeamZone, trials::Trials,
};

/// The longest wait of the public health answer and metrics for the database.
const LONGEST_LOOK: Duration = Duration::from_secs(1);
/// Number of changes by which a subscriber may be behind.
const BACKLOG: usize = 256;

/// See the module.
pub struct Service {
    pub(super) inner: Arc<Inner>,
    operations: Operations,
}

impl Service {
    /// Opens the door.
    pub fn new(
        store: Arc<dyn Store>,
        board: Arc<CurrentStatus>,
        live: Arc<Live>,
        recovery: Arc<Recovery>,
        clock: Clock,
    ) -> Arc<Self> {
        let inner = Arc::new(Inner {
            store,
            board,
            live,
            recovery,
            inspections: Arc::default(),
            set_up: OnceLock::new(),
            enforcement: OnceLock::new(),
            publisher: OnceLock::new(),
            clock,
            writing: Mutex::default(),
            committed: AtomicU64::default(),
            at_hand: RwLock::default(),
            refreshing: Mutex::default(),
            changed: watch::Sender::new(0),
            publishable: Notify::new(),
            days: DayKeeper::default(),
            uptime: UptimeKeeper::default(),
            critical_times: CriticalTimes::default(),
            checks: Arc::default(),
            sources: Arc::default(),
            roster: RwLock::default(),
            people_version: AtomicU64::default(),
            seen_version: AtomicU64::default(),
            people: watch::Sender::new(0),
            entries: broadcast::Sender::new(BACKLOG),
            proofs: Proofs::default(),
            rewriting: Arc::default(),
            trials: Trials::default(),
            failed: RwLock::default(),
        });
        let operations = Operations::new(Arc::new(Handlers(Arc::clone(&inner))));
        Arc::new(Self { inner, operations })
    }

    /// The state that service, monitor and runner share about recovery.
    pub fn recovery(&self) -> &Arc<Recovery> {
        &self.inner.recovery
    }

    /// Lets protection take effect there. It is set before the first change.
    pub fn enforce_by(&self, enforcement: Arc<Enforcement>) {
        if self.inner.enforcement.set(enforcement).is_err() {
            tracing::error!("protection takes effect elsewhere already");
        }
    }

    /// Takes what readiness tells of the configuration. It is set before the first reading.
    pub fn set_up(&self, set_up: SetUp) {
        if self.inner.set_up.set(set_up).is_err() {
            tracing::error!("the configuration was told already");
        }
    }

    /// The usual values of each series, and the zone whose hours of the week count.
    pub fn baselines(&self) -> (Arc<Baselines>, TeamZone) {
        let set_up = self.inner.set_up.get_or_init(SetUp::default);
        (Arc::clone(&set_up.baselines), set_up.zone.clone())
    }

    /// True if the journal begins with generated data.
    pub fn is_generated(&self) -> bool {
        self.inner.is_generated()
    }

    /// Protection as it is in force, without asking the database.
    pub fn protection(&self) -> Arc<Protection> {
        self.inner.enforcement().protection()
    }

    /// Publishes there. It is set before the first change.
    pub fn publish_by(&self, publisher: Arc<Publisher>) {
        if self.inner.publisher.set(publisher).is_err() {
            tracing::error!("the status page is published elsewhere already");
        }
    }

    /// The public status page.
    pub fn publisher(&self) -> &Arc<Publisher> {
        self.inner.publisher()
    }

    /// Looks at this host.
    pub fn inspections(&self) -> &Arc<Inspections> {
        &self.inner.inspections
    }

    /// Changes whenever a person changed something: the monitor then looks again at once.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// Checks that people ask for.
    pub fn checks(&self) -> Arc<Checks> {
        Arc::clone(&self.inner.checks)
    }

    /// The findings of each collector, and how its rounds go.
    pub fn sources(&self) -> Arc<SourceKeeper> {
        Arc::clone(&self.inner.sources)
    }

    /// Every operation, executed for whoever may.
    pub const fn operations(&self) -> &Operations {
        &self.operations
    }

    /// Executes an operation, or says why not.
    pub fn execute<O: Executable>(&self, caller: Principal, operation: O) -> Pending<O::Output> {
        self.operations.execute(caller, operation)
    }

    /// Carries a change out that is known only as one of all.
    pub fn change(&self, caller: Principal, command: Command) -> Pending<Committed> {
        self.operations.change(caller, command)
    }

    /// Checks whether a caller may execute an operation, before anything is worked on for it.
    pub fn check<O: Operation>(&self, caller: &Principal) -> Result<(), Error> {
        self.operations.check::<O>(caller)
    }

    /// Changes whenever something about people was written: who reads on must ask again whether
    /// they may.
    pub fn people_changed(&self) -> watch::Receiver<u64> {
        self.inner.people.subscribe()
    }

    /// The accounts.
    pub async fn known(&self) -> Result<Arc<Known>, Error> {
        self.inner.known().await
    }

    /// Reads anew when who is here was seen last, the next time.
    pub fn forget_seen(&self) {
        self.inner.seen_version.fetch_add(1, Ordering::Release);
    }

    /// The journal's end, as far as it is known without asking the database.
    pub fn head(&self) -> Head {
        self.inner.glance(|at_hand| at_hand.head).unwrap_or(Head::EMPTY)
    }

    /// The severities of the active incidents, without a practice; those known last while the
    /// database fails, and `None` if none were ever read.
    pub async fn active(&self) -> Option<Vec<Severity>> {
        match tokio::time::timeout(LONGEST_LOOK, self.inner.at_hand()).await {
            Ok(Ok(at_hand)) => Some(active(&at_hand)),
            _ => self.inner.glance(active),
        }
    }

    /// The severities of the active incidents, without a practice, and the number of the journal's
    /// last entry; `None` while the database can't be read.
    pub async fn stored(&self) -> Option<(Vec<Severity>, u64)> {
        let read = async {
            // What is at hand stays so while the database is away.
            self.inner.ask(self.inner.store.head()).await?;
            self.inner.at_hand().await
        };
        let at_hand = tokio::time::timeout(LONGEST_LOOK, read).await.ok()?.ok()?;
        Some((active(&at_hand), at_hand.head.number))
    }

    /// Every committed change from now on, in the order of the journal. Whoever lags is told so and
    /// reads the store.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Vec<Entry>>> {
        self.inner.entries.subscribe()
    }
}

/// The severities of the active incidents, without a practice.
fn active(at_hand: &AtHand) -> Vec<Severity> {
    let incidents = at_hand.incidents.iter();
    incidents
        .filter(|incident| incident.is_active() && !incident.is_practice())
        .map(|incident| incident.severity)
        .collect()
}
