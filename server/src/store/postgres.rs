//! PostgreSQL: every change locks the journal's head row first, so that entries become visible in
//! the order of their numbers.

use commands::access_record::AccessRecord;
use domain::{long_query::LongQuery, time::Span};
use lease::Lease;
use sqlx::{PgConnection, PgPool, Postgres, postgres::PgRow};
use tokio::sync::Mutex;

use crate::store::{
    ActiveSession, Activity, QueryCancel, begin::begin_with, error::StoreError, rollup::Rollup,
    rows, schema,
};

mod lease;
mod session;

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

/// With the transaction come its limits: behind a pooler a session's own would be those of anyone.
/// `synchronous_commit`: an answer of success promises that it is on the disk.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
    SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '30s';
    SET LOCAL idle_in_transaction_session_timeout = '15s'";
/// A transaction that sees one state of the database from its first reading to its last.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// The row lock orders all changes, whoever makes them: the next one reads the head only after this
/// one is visible.
const LOCK_HEAD: &str = "SELECT number, hash FROM journal_head FOR UPDATE";
/// The condition of an entry that is about a subject: of an incident in which it takes part, or of
/// its own end.
const RETIRED: &str = r"(incident IN (SELECT i.number FROM incident i WHERE i.subjects LIKE $7 ESCAPE '\')
    OR (kind = 'subject_retired' AND payload IS NOT NULL AND LOWER(convert_from(payload, 'UTF8')) LIKE $8 ESCAPE '\'))";
/// The newest incidents that a search for words finds, which is parameter `{n}`.
const BY_WORDS: &str = "SELECT number FROM (SELECT number FROM incident
    WHERE words @@ to_tsquery('simple', ${n}) ORDER BY number DESC LIMIT 10) AS found{n}";
/// The lock under which the schema is brought up to date.
const MIGRATES: i64 = 0x63_61_6c_6d_6f_70_73;

/// The search for all of some words, which have letters and digits only.
fn all_of(words: &[String]) -> String {
    words.join(" & ")
}

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

/// The present activity of the server.
async fn activity(readers: &PgPool) -> Result<Option<Activity>, StoreError> {
    let most: String =
        sqlx::query_scalar("SELECT current_setting('max_connections')").fetch_one(readers).await?;
    let connections = sqlx::query_as(
        "SELECT coalesce(state, 'state not shown'), count(*) FROM pg_stat_activity
         WHERE backend_type = 'client backend' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10",
    )
    .fetch_all(readers)
    .await?;
    let rows: Vec<(i32, String, String, i64, String, String, String)> = sqlx::query_as(
        "SELECT pid, coalesce(state, 'state not shown'), coalesce(wait_event_type || ' ' || wait_event, ''),
                coalesce(round(extract(epoch FROM clock_timestamp() - query_start) * 1000000)::bigint, 0),
                coalesce(usename, ''), coalesce(application_name, ''), left(coalesce(query, ''), 4000)
         FROM pg_stat_activity
         WHERE datname = current_database() AND state IS DISTINCT FROM 'idle' AND backend_type = 'client backend'
           AND pid <> pg_backend_pid()
         ORDER BY query_start NULLS LAST, pid LIMIT 20",
    )
    .fetch_all(readers)
    .await?;
    let session = |(pid, state, waits_for, micros, user, application, text): (
        i32,
        String,
        String,
        i64,
        String,
        String,
        String,
    )| {
        let age = Span::from_micros(u64::try_from(micros).unwrap_or(0));
        let query = LongQuery::new(age, &user, &application, &text);
        ActiveSession { pid, state, waits_for, query }
    };
    let sessions = rows.into_iter().map(session).collect();
    Ok(Some(Activity { most, connections, sessions }))
}

/// A store in a PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore {
    writer: PgPool,
    readers: PgPool,
    /// The rights of people and programs by the journal.
    access: Mutex<AccessRecord>,
    /// Held as long as this program serves from the database.
    lease: Option<Lease>,
}

impl PostgresStore {
    /// Connects and brings the schema up to date. Another program may use the database at the same
    /// time.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let options = session::options(url)?;
        let pool = session::pool(6, options.get_port(), "").connect_with(options).await?;
        migrate(&pool).await?;
        Ok(Self { writer: pool.clone(), readers: pool, access: Mutex::default(), lease: None })
    }

    /// Connects to look at it beside the program that serves: nothing is brought up to date or
    /// written, and a change is refused.
    pub async fn connect_to_read(url: &str) -> Result<Self, StoreError> {
        let options = session::options(url)?;
        let pool = session::pool(1, options.get_port(), session::READ_ONLY);
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
        Ok(Self { writer, readers, access: Mutex::default(), lease: None })
    }

    /// The same for the one program that serves from it: a second one is told so.
    pub async fn connect_alone(url: &str) -> Result<Self, StoreError> {
        let store = Self::connect(url).await?;
        let lease = Lease::take(store.writer.clone()).await?;
        Ok(Self { lease: Some(lease), ..store })
    }

    /// In each change: whether this program is still the one that serves. It stays so until the
    /// change is committed.
    async fn still_alone(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        match &self.lease {
            Some(lease) => lease.check(connection).await,
            None => Ok(()),
        }
    }

    /// Lets another program serve at once.
    async fn give_up_serving(&self) {
        if let Some(lease) = &self.lease {
            lease.give_up().await;
        }
    }

    /// After a redaction: the server gives the space back by itself, at its next vacuum.
    async fn scrub(&self) {}

    /// The server uses free pages again, and gives back those at the end of a table by itself.
    #[expect(clippy::unused_async, reason = "the same call as for SQLite")]
    async fn give_back(&self) -> Result<(), StoreError> {
        Ok(())
    }

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

/// Brings the schema up to date, in one transaction: behind a pooler a lock of the session, which
/// the driver would take, could stay behind for good.
async fn migrate(pool: &PgPool) -> Result<(), StoreError> {
    let mut transaction = begin_with(pool, BEGIN).await?;
    sqlx::raw_sql("SET LOCAL lock_timeout = '10s'").execute(&mut *transaction).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(MIGRATES)
        .execute(&mut *transaction)
        .await?;
    schema::POSTGRES.run(&mut *transaction).await?;
    Ok(transaction.commit().await?)
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
