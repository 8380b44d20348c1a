//! The database, and how it is opened.

use std::{fmt, path::PathBuf, sync::Arc};

use crate::store::{
    Archive, Store, error::StoreError, postgres::PostgresStore, sqlite::SqliteStore,
};

/// The place of the data.
#[derive(Clone, PartialEq, Eq)]
pub enum Where {
    /// In a SQLite file.
    Sqlite {
        /// The file.
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

/// Opens the database to fill it: no other program serves from it or fills it meanwhile.
pub async fn open_to_fill(at: &Where) -> Result<Arc<dyn Archive>, StoreError> {
    Ok(match at {
        Where::Sqlite { path } => Arc::new(SqliteStore::open_alone(path).await?),
        Where::Postgres { url } => Arc::new(PostgresStore::connect_alone(url).await?),
    })
}

/// Opens the database only to look at it, also while `serve` runs; see the stores.
pub async fn open_to_read(at: &Where) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match at {
        Where::Sqlite { path } => Arc::new(SqliteStore::open_to_read(path).await?),
        Where::Postgres { url } => Arc::new(PostgresStore::connect_to_read(url).await?),
    })
}

/// Opens the database for `serve`: a second program that wants to serve from it gets a sentence.
pub async fn open_to_serve(at: &Where) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match at {
        Where::Sqlite { path } => Arc::new(SqliteStore::open_alone(path).await?),
        Where::Postgres { url } => Arc::new(PostgresStore::connect_alone(url).await?),
    })
}
