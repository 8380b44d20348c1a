//! Errors of the store: a sentence that says what is wrong and what to do. The driver's own words go
//! only to the log.

use domain::error::DatabaseFault;
use sqlx::{Error, migrate::MigrateError};

/// The failure of the store: how the outside should take it, and what only the log may know.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The decision was a refusal; nothing was changed.
    #[error("{}", wording::error::sentence(.0))]
    Refused(domain::error::Error),
    /// The events do not fit the incidents as they are; nothing was changed.
    #[error(transparent)]
    Misfit(#[from] domain::incident::Misfit),
    /// The database can't be reached, is locked, full or read-only; nothing was changed.
    #[error("{}", wording::error::database(.fault))]
    Unavailable {
        /// The fault.
        fault: DatabaseFault,
        /// The error of the driver, if it was asked.
        #[source]
        source: Option<Error>,
    },
    /// Failed while it committed, and can't be asked whether it did.
    #[error("The database failed in the middle of a change, so it is unclear whether it was done.")]
    Unclear {
        /// The error of the driver.
        #[source]
        source: Error,
    },
    /// A row holds what it can't.
    #[error("table {table}, row {row}: {problem}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The row.
        row: String,
        /// The problem.
        problem: String,
    },
}

impl StoreError {
    pub(crate) const fn unavailable(fault: DatabaseFault, source: Error) -> Self {
        Self::Unavailable { fault, source: Some(source) }
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "called with numbers and errors just as they come"
    )]
    pub(crate) fn inconsistent(
        table: &'static str,
        row: impl ToString,
        problem: impl ToString,
    ) -> Self {
        Self::Inconsistent { table, row: row.to_string(), problem: problem.to_string() }
    }
}

impl From<domain::error::Error> for StoreError {
    fn from(error: domain::error::Error) -> Self {
        Self::Refused(error)
    }
}

/// For what is wrong before or beside the database itself.
impl From<DatabaseFault> for StoreError {
    fn from(fault: DatabaseFault) -> Self {
        Self::Unavailable { fault, source: None }
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        Self::unavailable(fault(&error), error)
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            MigrateError::VersionMissing(version)
            | MigrateError::VersionTooNew(version, _)
            | MigrateError::VersionNotPresent(version) => {
                DatabaseFault::NewerSchema { version }.into()
            }
            MigrateError::VersionMismatch(version) => DatabaseFault::OtherSchema { version }.into(),
            other => Self::unavailable(DatabaseFault::Migration, Error::Migrate(other.into())),
        }
    }
}

/// SQLite's codes are short numbers, PostgreSQL's have five characters: they can't be mixed up.
fn fault(error: &Error) -> DatabaseFault {
    match error {
        Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            match code.parse::<u32>() {
                Ok(code) if code < 10_000 && database.code().is_some_and(|text| text.len() < 5) => {
                    sqlite(code)
                }
                _ if is_pooler(&code, database.message()) => DatabaseFault::Pooler,
                _ => postgres(&code),
            }
        }
        Error::PoolTimedOut => DatabaseFault::NoAnswer,
        Error::Io(_)
        | Error::Tls(_)
        | Error::Protocol(_)
        | Error::PoolClosed
        | Error::WorkerCrashed => DatabaseFault::Unreachable,
        _ => DatabaseFault::Other,
    }
}

const fn sqlite(code: u32) -> DatabaseFault {
    // The low byte is the primary code.
    match code & 0xff {
        5 | 6 => DatabaseFault::FileLocked,
        8 => DatabaseFault::FileReadOnly,
        10 => DatabaseFault::DiskError,
        11 | 26 => DatabaseFault::Damaged,
        13 => DatabaseFault::DiskFull,
        14 => DatabaseFault::CantOpen,
        19 => DatabaseFault::WrittenOnce,
        _ => DatabaseFault::Other,
    }
}

/// True if only a pooler answers so: it refuses a setting at the start of a connection, or gives
/// each transaction another session, which knows nothing of the statements that were prepared.
fn is_pooler(code: &str, message: &str) -> bool {
    match code {
        "08P01" => message.contains("startup parameter"),
        "26000" | "42P05" => true,
        _ => false,
    }
}

fn postgres(code: &str) -> DatabaseFault {
    match code {
        "53100" => DatabaseFault::DiskFull,
        "55P03" | "40P01" | "57014" => DatabaseFault::Locked,
        "25006" => DatabaseFault::ReadOnly,
        "3D000" => DatabaseFault::NoDatabase,
        "42501" => DatabaseFault::NotOwner,
        "P0001" => DatabaseFault::WrittenOnce,
        code if code.starts_with("28") => DatabaseFault::BadCredentials,
        code if code.starts_with("53") => DatabaseFault::NoResources,
        code if code.starts_with("57") || code.starts_with("08") => DatabaseFault::Unreachable,
        _ => DatabaseFault::Other,
    }
}
