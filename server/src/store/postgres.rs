//! PostgreSQL: every change locks the journal's head row first, so that entries become visible in
//! the order of their numbers.

use std::{str::FromStr as _, time::Duration};

use domain::{error::DatabaseFault, long_query::LongQuery, time::Span};
use sqlx::{
    PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
};
use tokio::sync::Mutex;

use crate::store::{QueryCancel, error::StoreError, rollup::Rollup, rows, schema};

#[path = "sql/mod.rs"]
#[expect(
    clippy::duplicate_mod,
    reason = "the same queries are compiled for each database, checked by its own types"
)]
mod sql;

type Db = Postgres;
type Connection = PgConnection;
type Row = PgRow;
type Database = PostgresStore;

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
/// The row lock orders all changes, whoever makes them: the next one reads the head only after this
/// one is visible.
const LOCK_HEAD: &str = "SELECT number, hash FROM journal_head FOR UPDATE";
/// The condition of an entry that is about a subject: of an incident in which it takes part, or of
/// its own end.
const RETIRED: &str = r"(incident IN (SELECT i.number FROM incident i WHERE i.subjects LIKE $7 ESCAPE '\')
    OR (kind = 'subject_retired' AND payload IS NOT NULL AND LOWER(convert_from(payload, 'UTF8')) LIKE $8 ESCAPE '\'))";
/// Which advisory lock says that a program serves from this database.
const SERVES: i64 = 0x63_61_6c_6d_6f_70_73;
/// A session that does not answer by then has broken.
const ALIVE_WITHIN: Duration = Duration::from_secs(2);

/// Those that this user may see: of others' sessions PostgreSQL tells no start.
async fn long_queries(readers: &PgPool) -> Result<Vec<(String, LongQuery)>, StoreError> {
    // Anyone may put any text into names and query; what is longer than is kept is not even
    // fetched.
    let rows: Vec<(i32, i64, i64, String, String, String)> = sqlx::query_as(
        "SELECT pid, round(extract(epoch FROM query_start) * 1000000)::bigint,
                round(extract(epoch FROM clock_timestamp() - query_start) * 1000000)::bigint,
                coalesce(usename, ''), coalesce(application_name, ''), left(coalesce(query, ''), 4000)
         FROM pg_stat_activity
         WHERE datname = current_database() AND state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()
           AND application_name <> 'calm-ops'
           AND query_start < clock_timestamp() - interval '60 seconds'
         ORDER BY query_start, pid LIMIT 100",
    )
    .fetch_all(readers)
    .await?;
    let age = |micros: i64| Span::from_micros(u64::try_from(micros).unwrap_or(0));
    let query = |(pid, started, micros, user, application, text): (
        i32,
        i64,
        i64,
        String,
        String,
        String,
    )| {
        (format!("{pid}@{started}"), LongQuery::new(age(micros), &user, &application, &text))
    };
    Ok(rows.into_iter().map(query).collect())
}

/// A store in a PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore {
    writer: PgPool,
    readers: PgPool,
    /// Its session holds the lock as long as this program serves from the database. `Some(None)`:
    /// the session broke, and the lock with it.
    alone: Option<Mutex<Option<PoolConnection<Postgres>>>>,
}

impl PostgresStore {
    /// Connects and brings the schema up to date. Another program may use the database at the same
    /// time.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let options = options(url)?;
        let pool = PgPoolOptions::new()
            .max_connections(6)
            .acquire_timeout(Duration::from_secs(4))
            .idle_timeout(Duration::from_secs(60))
            .connect_with(options)
            .await?;
        schema::POSTGRES.run(&pool).await?;
        Ok(Self { writer: pool.clone(), readers: pool, alone: None })
    }

    /// Connects to look at it beside the program that serves: nothing is brought up to date or
    /// written, and a change is refused.
    pub async fn connect_to_read(url: &str) -> Result<Self, StoreError> {
        let options = options(url)?.options([("default_transaction_read_only", "on")]);
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(4));
        // Every change begins with a transaction that asks to write, whatever the default is: so
        // there is no way to one at all.
        let writer = pool.clone().connect_lazy_with(options.clone());
        writer.close().await;
        let readers = pool.connect_with(options).await?;
        let applied = sqlx::query_scalar(schema::APPLIED)
            .fetch_all(&readers)
            .await
            .map_err(schema::unread)?;
        schema::same_schema(&schema::POSTGRES, &applied)?;
        Ok(Self { writer, readers, alone: None })
    }

    /// The same for the one program that serves from it: a second one is told so.
    pub async fn connect_alone(url: &str) -> Result<Self, StoreError> {
        let store = Self::connect(url).await?;
        let mut connection = store.writer.acquire().await?;
        // One that was killed a moment ago may still be leaving.
        for _ in 0..10 {
            if try_alone(&mut connection).await? {
                return Ok(Self { alone: Some(Mutex::new(Some(connection))), ..store });
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Err(DatabaseFault::InUse.into())
    }

    /// Before each write: whether this program is still the one that serves. A session that broke
    /// (the database was started anew, the network failed) has lost the lock without a word. Then
    /// the lock is taken again, unless another program was quicker.
    async fn still_alone(&self) -> Result<(), StoreError> {
        let Some(alone) = &self.alone else { return Ok(()) };
        let mut held = alone.lock().await;
        if let Some(connection) = &mut *held {
            let alive = tokio::time::timeout(
                ALIVE_WITHIN,
                sqlx::query("SELECT 1").execute(&mut **connection),
            )
            .await;
            if matches!(alive, Ok(Ok(_))) {
                return Ok(());
            }
        }
        // Never back into the pool: if it only seemed dead, it would go on holding the lock there.
        drop(held.take().map(PoolConnection::detach));
        let mut connection = self.writer.acquire().await?;
        if !try_alone(&mut connection).await? {
            return Err(DatabaseFault::TakenOver.into());
        }
        tracing::warn!(
            "the connection that holds the database's lock broke; the lock was taken again"
        );
        *held = Some(connection);
        Ok(())
    }

    /// After a redaction: the server gives the space back by itself, at its next vacuum.
    async fn scrub(&self) {}

    /// Looks and tells in one statement: a session that began another query meanwhile is left
    /// alone.
    async fn cancel_backend(&self, pid: u32, started: u64) -> Result<QueryCancel, StoreError> {
        let told: Result<Option<bool>, sqlx::Error> = sqlx::query_scalar(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND pid <> pg_backend_pid() AND state = 'active'
                AND application_name <> 'calm-ops' AND (EXTRACT(EPOCH FROM query_start) * 1000000)::bigint = $2",
        )
        .bind(i32::try_from(pid).unwrap_or(-1))
        .bind(rows::bound(started))
        .fetch_optional(&self.readers)
        .await;
        match told {
            Ok(Some(true)) => Ok(QueryCancel::Told),
            Ok(Some(false) | None) => Ok(QueryCancel::Gone),
            // insufficient_privilege
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42501") => {
                Ok(QueryCancel::NotAllowed)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.writer.close().await;
    }
}

/// How every connection is made.
fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    Ok(PgConnectOptions::from_str(url)
        .map_err(|error| {
            // The address may hold a password: it is not repeated.
            StoreError::unavailable(DatabaseFault::BadAddress, error)
        })?
        .application_name("calm-ops")
        .statement_cache_capacity(64)
        // `synchronous_commit`: an answer of success promises that it is on the disk.
        .options([
            ("synchronous_commit", "on"),
            ("lock_timeout", "2s"),
            ("statement_timeout", "30s"),
            ("idle_in_transaction_session_timeout", "30s"),
        ]))
}

/// Takes the lock that says who serves, if nobody holds it.
async fn try_alone(connection: &mut PgConnection) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
        .bind(SERVES)
        .fetch_one(connection)
        .await?)
}

async fn write_rollups(
    connection: &mut PgConnection,
    rollups: &[Rollup],
) -> Result<(), StoreError> {
    let texts = |text: fn(&Rollup) -> &str| rollups.iter().map(text).collect::<Vec<_>>();
    let floats = |value: fn(&Rollup) -> f64| rollups.iter().map(value).collect::<Vec<_>>();
    let numbers = |value: fn(&Rollup) -> i64| rollups.iter().map(value).collect::<Vec<_>>();
    let (subjects, signals, units) = (
        texts(|rollup| rollup.subject.as_str()),
        texts(|rollup| rollup.signal.as_str()),
        texts(|rollup| rollup.unit.as_str()),
    );
    sqlx::query(
        "INSERT INTO series (subject, signal, unit)
         SELECT DISTINCT ON (subject, signal) subject, signal, unit FROM UNNEST($1::text[], $2::text[], $3::text[]) AS new (subject, signal, unit)
         ON CONFLICT (subject, signal) DO UPDATE SET unit = excluded.unit WHERE series.unit <> excluded.unit",
    )
    .bind(&subjects)
    .bind(&signals)
    .bind(&units)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO rollup (series, step, start, min, max, mean, last, count)
         SELECT s.id, n.step, n.start, n.min, n.max, n.mean, n.last, n.count
         FROM UNNEST($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::float8[], $6::float8[], $7::float8[], $8::float8[], $9::bigint[])
             AS n (subject, signal, step, start, min, max, mean, last, count)
         JOIN series s ON s.subject = n.subject AND s.signal = n.signal
         ON CONFLICT (series, step, start) DO UPDATE SET min = LEAST(rollup.min, excluded.min), max = GREATEST(rollup.max, excluded.max),
             mean = (rollup.mean * rollup.count + excluded.mean * excluded.count) / (rollup.count + excluded.count),
             last = excluded.last, count = rollup.count + excluded.count",
    )
    .bind(&subjects)
    .bind(&signals)
    .bind(numbers(|rollup| rollup.step.code()))
    .bind(numbers(|rollup| rollup.start.as_micros()))
    .bind(floats(|rollup| rollup.min))
    .bind(floats(|rollup| rollup.max))
    .bind(floats(|rollup| rollup.mean))
    .bind(floats(|rollup| rollup.last))
    .bind(numbers(|rollup| i64::from(rollup.count)))
    .execute(&mut *connection)
    .await?;
    Ok(())
}
