//! Which database, and how it is opened.

use std::{cmp::Ordering, fmt, path::PathBuf, sync::Arc};

use sqlx::migrate::{MigrateError, Migrator};

use super::{Archive, PostgresStore, SqliteStore, Store, StoreError};

/// Where the data lie.
#[derive(Clone, PartialEq, Eq)]
pub enum Where {
    /// In a SQLite file.
    Sqlite {
        /// Which file.
        path: PathBuf,
    },
    /// In a PostgreSQL database.
    Postgres {
        /// Its address; it may hold a password.
        url: String,
    },
}

/// Never shows an address: it may hold a password.
impl fmt::Debug for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => f.debug_struct("Sqlite").field("path", path).finish(),
            Self::Postgres { .. } => f.write_str("Postgres"),
        }
    }
}

/// Opens the database for a command beside the server: it takes no lock.
pub async fn open(at: &Where) -> Result<Arc<dyn Store>, StoreError> {
    let archive: Arc<dyn Archive> = open_archive(at).await?;
    Ok(archive)
}

/// The same, for backup.
pub async fn open_archive(at: &Where) -> Result<Arc<dyn Archive>, StoreError> {
    Ok(match at {
        Where::Sqlite { path } => Arc::new(SqliteStore::open(path).await?),
        Where::Postgres { url } => Arc::new(PostgresStore::connect(url).await?),
    })
}

/// Opens the database only to look at it, also while `serve` runs; see the stores.
pub async fn open_to_read(at: &Where) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match at {
        Where::Sqlite { path } => Arc::new(SqliteStore::open_to_read(path).await?),
        Where::Postgres { url } => Arc::new(PostgresStore::connect_to_read(url).await?),
    })
}

/// Which versions of the schema a database has.
pub(super) const APPLIED: &str =
    "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";

/// Whoever only reads can't bring the schema up to date, and must not guess at another one.
pub(super) fn same_schema(known: &Migrator, applied: &[i64]) -> Result<(), StoreError> {
    let newest = |versions: &mut dyn Iterator<Item = i64>| versions.max().unwrap_or(0);
    let (known, applied) =
        (newest(&mut known.iter().map(|one| one.version)), newest(&mut applied.iter().copied()));
    match applied.cmp(&known) {
        Ordering::Equal => Ok(()),
        Ordering::Less => Err(StoreError::trouble(
            "The database was written by an older Calm Ops, and this command changes nothing. Start this version once: calm-ops serve.",
        )),
        Ordering::Greater => Err(MigrateError::VersionTooNew(applied, known).into()),
    }
}

/// A database without the table of its versions is not one of ours.
pub(super) fn unread(error: sqlx::Error) -> StoreError {
    match &error {
        // SQLite's "no such table", and PostgreSQL's.
        sqlx::Error::Database(said) if matches!(said.code().as_deref(), Some("1" | "42P01")) => {
            StoreError::unavailable(
                "There is nothing of Calm Ops in this database. Start the server once, or name another database.",
                error,
            )
        }
        _ => error.into(),
    }
}

/// Opens the database for `serve`: a second program that wants to serve from it gets a sentence.
pub async fn open_to_serve(at: &Where) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match at {
        Where::Sqlite { path } => Arc::new(SqliteStore::open_alone(path).await?),
        Where::Postgres { url } => Arc::new(PostgresStore::connect_alone(url).await?),
    })
}
