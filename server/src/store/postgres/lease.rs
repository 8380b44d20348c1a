//! The lease: which program serves from the database, by the database's own clock. No session holds
//! it, so a connection that died without a word keeps nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::error::DatabaseFault;
use sqlx::{PgConnection, PgPool};
use tokio::sync::Mutex;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::store::error::StoreError;

/// Time for which a lease holds, in seconds: a program that was killed keeps another one waiting so
/// long.
const HOLDS: f64 = 10.0;
/// The interval at which it is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(1);
/// Longest time for renewing it.
const RENEW_WITHIN: Duration = Duration::from_secs(3);
/// Time for which a program that wants to serve waits: longer than a lease of a dead one holds.
const WAIT: Duration = Duration::from_secs(13);
/// The interval of looks meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Longest time for giving it up.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);

/// Takes the lease if nobody holds it. Each taking is an epoch of its own.
const TAKE: &str =
    "UPDATE lease SET epoch = epoch + 1, until = clock_timestamp() + make_interval(secs => $1)
    WHERE until <= clock_timestamp() RETURNING epoch";
/// Holds whoever wants to take it up until the transaction ends.
const CHECK: &str = "SELECT epoch FROM lease WHERE epoch = $1 FOR SHARE";
const RENEW: &str =
    "UPDATE lease SET until = clock_timestamp() + make_interval(secs => $1) WHERE epoch = $2";
const GIVE_UP: &str = "UPDATE lease SET until = clock_timestamp() WHERE epoch = $1";
const UNTIL: &str = "SELECT (extract(epoch FROM until) * 1000000)::bigint FROM lease";

/// See the module. It is given up when it is dropped.
#[derive(Debug)]
pub(super) struct Lease {
    held: Arc<Held>,
    _renewed: DropGuard,
}

#[derive(Debug)]
struct Held {
    pool: PgPool,
    epoch: AtomicI64,
    /// True if it was given up: then it is not renewed any more.
    given_up: Mutex<bool>,
}

impl Lease {
    /// Takes it, or says that another program serves: one that is alive renews its lease while this
    /// one waits.
    pub(super) async fn take(pool: PgPool) -> Result<Self, StoreError> {
        let began = Instant::now();
        let mut until: Option<i64> = None;
        let epoch = loop {
            if let Some(epoch) = taken(&pool).await? {
                break epoch;
            }
            let now: i64 = sqlx::query_scalar(UNTIL).fetch_one(&pool).await?;
            if until.is_some_and(|before| now > before) || began.elapsed() > WAIT {
                return Err(DatabaseFault::InUse.into());
            }
            until = Some(now);
            tokio::time::sleep(LOOK_EVERY).await;
        };
        let held =
            Arc::new(Held { pool, epoch: AtomicI64::new(epoch), given_up: Mutex::default() });
        let stop = CancellationToken::new();
        tokio::spawn(Arc::clone(&held).keep(stop.clone()));
        Ok(Self { held, _renewed: stop.drop_guard() })
    }

    /// Checks that this program holds it, for as long as a transaction runs. Where another one took
    /// it and went, it is taken again.
    pub(super) async fn check(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        if self.held.holds(connection).await? {
            return Ok(());
        }
        if let Some(epoch) = taken(&self.held.pool).await? {
            self.held.epoch.store(epoch, Ordering::Release);
            tracing::warn!(
                "another Calm Ops used the database and has stopped; this one continues"
            );
        }
        // Another change of this program may have been quicker.
        if self.held.holds(connection).await? {
            return Ok(());
        }
        Err(DatabaseFault::TakenOver.into())
    }

    /// Lets another program take it at once.
    pub(super) async fn give_up(&self) {
        self.held.give_up().await;
    }
}

async fn taken(pool: &PgPool) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar(TAKE).bind(HOLDS).fetch_optional(pool).await?)
}

impl Held {
    async fn holds(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        let epoch = self.epoch.load(Ordering::Acquire);
        let row: Option<i64> =
            sqlx::query_scalar(CHECK).bind(epoch).fetch_optional(connection).await?;
        Ok(row.is_some())
    }

    /// Renews it until `stop`, and gives it up then.
    async fn keep(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(RENEW_EVERY) => {}
            }
            let renewed = tokio::time::timeout(RENEW_WITHIN, self.renew());
            tokio::select! {
                () = stop.cancelled() => break,
                renewed = renewed => {
                    if let Ok(Err(error)) = renewed {
                        tracing::debug!(%error, "the lease of the database could not be renewed; retrying");
                    }
                }
            }
        }
        self.give_up().await;
    }

    async fn renew(&self) -> sqlx::Result<()> {
        let given_up = self.given_up.lock().await;
        if !*given_up {
            let epoch = self.epoch.load(Ordering::Acquire);
            sqlx::query(RENEW).bind(HOLDS).bind(epoch).execute(&self.pool).await?;
        }
        Ok(())
    }

    async fn give_up(&self) {
        let given = async {
            *self.given_up.lock().await = true;
            let epoch = self.epoch.load(Ordering::Acquire);
            sqlx::query(GIVE_UP).bind(epoch).execute(&self.pool).await
        };
        // Without it another program waits until the lease is over.
        let _ = tokio::time::timeout(LEAVE_WITHIN, given).await;
    }
}
