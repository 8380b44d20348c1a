//! SQLite: one writer, whose changes begin with `BEGIN IMMEDIATE`, and a few readers beside it that
//! see the last commit.

use std::{
    fs::File,
    io::{Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::Duration,
};

use commands::access_record::AccessRecord;
use domain::{error::DatabaseFault, long_query::LongQuery};
use rustix::fs::{FlockOperation, flock};
use sqlx::{
    Sqlite, SqliteConnection, SqlitePool,
    sqlite::{
        SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow,
        SqliteSynchronous,
    },
};
use tokio::sync::Mutex;

use crate::store::{Activity, QueryCancel, error::StoreError, rollup::Rollup, schema};

#[path = "sql/mod.rs"]
#[expect(
    clippy::duplicate_mod,
    reason = "the same queries are compiled for each database, checked by its own types"
)]
mod sql;

type Db = Sqlite;
type Connection = SqliteConnection;
type Row = SqliteRow;
type Database = SqliteStore;

/// Takes the one writing lock at once: a transaction that reads first and writes then could not
/// wait for it.
const BEGIN: &str = "BEGIN IMMEDIATE";
/// A transaction that sees one state of the database from its first reading to its last.
const SNAPSHOT: &str = "BEGIN DEFERRED";
const LOCK_HEAD: &str = "SELECT number, hash FROM journal_head";
/// The condition of an entry that is about a subject: of an incident in which it takes part, or of
/// its own end.
const RETIRED: &str = r"(incident IN (SELECT i.number FROM incident i WHERE i.subjects LIKE $7 ESCAPE '\')
    OR (kind = 'subject_retired' AND payload IS NOT NULL AND LOWER(CAST(payload AS TEXT)) LIKE $8 ESCAPE '\'))";
/// The newest incidents that a search for words finds, which is parameter `{n}`.
const BY_WORDS: &str = "SELECT number FROM (SELECT rowid AS number FROM incident_text
    WHERE incident_text MATCH ${n} ORDER BY rowid DESC LIMIT 10) AS found{n}";

/// The search for all of some words, which have letters and digits only.
fn all_of(words: &[String]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" ")
}

/// Nothing runs in a file but what this program asks for itself.
async fn long_queries(_: &SqlitePool) -> Result<Vec<(String, LongQuery)>, StoreError> {
    Ok(Vec::new())
}

/// Nobody else is connected to a file.
async fn activity(_: &SqlitePool) -> Result<Option<Activity>, StoreError> {
    Ok(None)
}

/// The longest time that another program holds the file before a change fails.
const PATIENCE: Duration = Duration::from_secs(2);

/// SQLite's number of the mode in which free pages are given back when they are asked for.
const INCREMENTAL: i64 = 2;
/// So many free pages stay for what is written next: tomorrow's minutes take the place of today's.
const FREE_PAGES: i64 = 256;
/// The most parts by which the file is made smaller at once.
const MOST_PARTS: usize = 32;

/// A store in one file.
#[derive(Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    /// The rights of people and programs by the journal.
    access: Mutex<AccessRecord>,
    /// Held as long as this program serves from the file.
    _alone: Option<File>,
}

impl SqliteStore {
    /// Opens the file, or makes it, and brings its schema up to date. Another program may use it at
    /// the same time.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        // SQLite would let everyone on the machine read it, and gives the files beside it the same
        // rights. What is in the way is told below.
        let _ = File::options().write(true).create_new(true).mode(0o600).open(path);
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An answer of success promises that it is on the disk.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            // What a redaction takes away is written over, and not only forgotten.
            .pragma("secure_delete", "on")
            .pragma("cache_size", "-1024")
            .pragma("journal_size_limit", "16777216")
            .statement_cache_capacity(32);
        let pool = SqlitePoolOptions::new()
            .acquire_timeout(PATIENCE * 2)
            .idle_timeout(None)
            .max_lifetime(None);
        // Only a file without pages can be told to give free ones back; in an older one they are
        // used again.
        let is_new = std::fs::metadata(path).is_ok_and(|file| file.len() == 0);
        let first = if is_new {
            options.clone().auto_vacuum(SqliteAutoVacuum::Incremental)
        } else {
            options.clone()
        };
        let writer = pool.clone().max_connections(1).connect_with(first).await?;
        schema::SQLITE.run(&writer).await?;
        let readers =
            pool.max_connections(3).idle_timeout(Duration::from_secs(60)).connect_lazy_with(
                options.read_only(true).create_if_missing(false).pragma("cache_size", "-512"),
            );
        Ok(Self { writer, readers, access: Mutex::default(), _alone: None })
    }

    /// The same for the one program that serves from it: a second one is told so.
    pub async fn open_alone(path: &Path) -> Result<Self, StoreError> {
        let alone = hold(path)?;
        let store = Self::open(path).await?;
        Ok(Self { _alone: Some(alone), ..store })
    }

    /// Opens it to look at it beside the program that serves: nothing is made, brought up to date,
    /// or written, and a change is refused.
    pub async fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .read_only(true)
            .busy_timeout(PATIENCE)
            .pragma("query_only", "on");
        let readers = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE * 2)
            .connect_with(options)
            .await?;
        let applied = sqlx::query_scalar(schema::APPLIED)
            .fetch_all(&readers)
            .await
            .map_err(schema::unread)?;
        schema::same_schema(&schema::SQLITE, &applied)?;
        Ok(Self { writer: readers.clone(), readers, access: Mutex::default(), _alone: None })
    }

    /// The lock on the file ends only with this program.
    #[expect(clippy::unused_async, reason = "the same call as for PostgreSQL")]
    async fn still_alone(&self, _: &mut SqliteConnection) -> Result<(), StoreError> {
        Ok(())
    }

    /// The lock on the file ends with this program.
    #[expect(clippy::unused_async, reason = "the same call as for PostgreSQL")]
    async fn give_up_serving(&self) {}

    /// SQLite has no sessions of others.
    #[expect(clippy::unused_async, reason = "the same call as for PostgreSQL")]
    async fn cancel_backend(&self, _pid: u32, _started: u64) -> Result<QueryCancel, StoreError> {
        Ok(QueryCancel::NotHere)
    }

    /// After a redaction: what was removed is in the log beside the file until the log is emptied.
    /// Where a reader holds it, the log's next turn does it.
    async fn scrub(&self) {
        if let Err(error) =
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await
        {
            tracing::info!(%error, "the database's log could not be emptied after a redaction; it will be later");
        }
    }

    /// Makes the file smaller where much of it is free: in parts, as each holds the writing lock.
    async fn give_back(&self) -> Result<(), StoreError> {
        for _ in 0..MOST_PARTS {
            let pages: i64 =
                sqlx::query_scalar("PRAGMA page_count").fetch_one(&self.readers).await?;
            let free: i64 =
                sqlx::query_scalar("PRAGMA freelist_count").fetch_one(&self.readers).await?;
            let mode: i64 =
                sqlx::query_scalar("PRAGMA auto_vacuum").fetch_one(&self.readers).await?;
            if mode != INCREMENTAL || free <= FREE_PAGES.max(pages / 4) {
                return Ok(());
            }
            // Each step of the statement frees a page.
            sqlx::query("PRAGMA incremental_vacuum(256)").fetch_all(&self.writer).await?;
        }
        Ok(())
    }

    /// Closes the file, so that nothing of it is left in the files beside it.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Takes the lock that says who serves from a database file. It ends with the returned file, or
/// with the program.
pub(crate) fn hold(path: &Path) -> Result<File, StoreError> {
    let directory =
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = directory.join("calm-ops.lock");
    let cannot = |error: std::io::Error| {
        let fault = DatabaseFault::DataDir {
            path: directory.display().to_string(),
            problem: error.to_string(),
        };
        StoreError::unavailable(fault, sqlx::Error::Io(error))
    };
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&beside)
        .map_err(cannot)?;
    if let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
        if error != rustix::io::Errno::WOULDBLOCK {
            return Err(cannot(error.into()));
        }
        let mut pid = String::new();
        let _ = file.take(20).read_to_string(&mut pid);
        let (pid, path) = (pid.trim().parse().ok(), path.display().to_string());
        return Err(DatabaseFault::DataDirInUse { pid, path }.into());
    }
    // The number only helps people to find the other program: without it the lock holds as well.
    let _ = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}

async fn write_rollups(
    connection: &mut SqliteConnection,
    rollups: &[Rollup],
) -> Result<(), StoreError> {
    for rollup in rollups {
        sqlx::query(
            "INSERT INTO series (subject, signal, unit) VALUES ($1, $2, $3)
             ON CONFLICT (subject, signal) DO UPDATE SET unit = excluded.unit WHERE unit <> excluded.unit",
        )
        .bind(rollup.subject.as_str())
        .bind(rollup.signal.as_str())
        .bind(rollup.unit.as_str())
        .execute(&mut *connection)
        .await?;
        sqlx::query(
            "INSERT INTO rollup (series, step, start, min, max, mean, last, count)
             SELECT id, $3, $4, $5, $6, $7, $8, $9 FROM series WHERE subject = $1 AND signal = $2
             ON CONFLICT (series, step, start) DO UPDATE SET min = MIN(rollup.min, excluded.min), max = MAX(rollup.max, excluded.max),
                 mean = (rollup.mean * rollup.count + excluded.mean * excluded.count) / (rollup.count + excluded.count),
                 last = excluded.last, count = rollup.count + excluded.count",
        )
        .bind(rollup.subject.as_str())
        .bind(rollup.signal.as_str())
        .bind(rollup.step.code())
        .bind(rollup.start.as_micros())
        .bind(rollup.min)
        .bind(rollup.max)
        .bind(rollup.mean)
        .bind(rollup.last)
        .bind(i64::from(rollup.count))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
