//! Errors of the store: a sentence that says what is wrong and what to do. The driver's own words go
//! only to the log.

use sqlx::{Error, migrate::MigrateError};

/// Why the store failed: how the outside should take it, and what only the log may know.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The decision was a refusal; nothing was changed.
    #[error(transparent)]
    Refused(#[from] domain::error::Error),
    /// The events do not fit the incidents as they are; nothing was changed.
    #[error(transparent)]
    Misfit(#[from] domain::incident::Misfit),
    /// The database can't be reached, is locked, full or read-only; nothing was changed.
    #[error("{sentence}")]
    Unavailable {
        /// What is wrong and what to do, for people.
        sentence: String,
        /// What the driver said.
        #[source]
        source: Error,
    },
    /// It failed while it committed, and can't be asked whether it did.
    #[error("The database failed in the middle of a change; it is not known whether it was done.")]
    Unclear {
        /// What the driver said.
        #[source]
        source: Error,
    },
    /// A row holds what it can't.
    #[error("table {table}, row {row}: {problem}")]
    Inconsistent {
        /// Which table.
        table: &'static str,
        /// Which row.
        row: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl StoreError {
    pub(crate) fn unavailable(sentence: impl Into<String>, source: Error) -> Self {
        Self::Unavailable { sentence: sentence.into(), source }
    }

    /// For what is wrong before or beside the database itself.
    pub(crate) fn trouble(sentence: impl Into<String>) -> Self {
        let sentence = sentence.into();
        let source = Error::Configuration(sentence.clone().into());
        Self::Unavailable { sentence, source }
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

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        Self::unavailable(sentence(&error), error)
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            MigrateError::VersionMissing(version)
            | MigrateError::VersionTooNew(version, _)
            | MigrateError::VersionNotPresent(version) => Self::trouble(format!(
                "The database was written by a newer Calm Ops (its schema is number {version}). \
                     Start that version, or restore a backup that this one wrote."
            )),
            MigrateError::VersionMismatch(version) => Self::trouble(format!(
                "The database's schema number {version} is not the one that this Calm Ops knows. \
                 Start the version that wrote it, or restore a backup."
            )),
            other => Self::unavailable(
                "The database's schema could not be brought up to date. The log says why.",
                Error::Migrate(other.into()),
            ),
        }
    }
}

/// SQLite's codes are short numbers, PostgreSQL's have five characters: they can't be mixed up.
fn sentence(error: &Error) -> &'static str {
    match error {
        Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            match code.parse::<u32>() {
                Ok(code) if code < 10_000 && database.code().is_some_and(|text| text.len() < 5) => {
                    sqlite(code)
                }
                _ => postgres(&code),
            }
        }
        Error::PoolTimedOut => {
            "The database does not answer. Check that it runs and is not overloaded."
        }
        Error::Io(_)
        | Error::Tls(_)
        | Error::Protocol(_)
        | Error::PoolClosed
        | Error::WorkerCrashed => {
            "The database can't be reached. Check that it runs and that its address is right."
        }
        _ => "The database did not do what it was asked. The log says why.",
    }
}

fn sqlite(code: u32) -> &'static str {
    // The low byte is the primary code.
    match code & 0xff {
        5 | 6 => "The database file is locked by another program. Close what else has it open.",
        8 => {
            "The database file can't be written: it is read-only. Give Calm Ops the right to write to its data directory."
        }
        10 => "The disk under the database reports an error. Check the disk and the system's log.",
        11 | 26 => {
            "The database file is damaged or is not a database. Stop Calm Ops and restore a backup."
        }
        13 => "The disk under the database is full. Make room on it.",
        14 => {
            "The database file can't be opened. Check that the data directory exists and that Calm Ops may write to it."
        }
        19 => {
            "The database refused to change what is written once. Nothing was changed; the log says what it was."
        }
        _ => "The database did not do what it was asked. The log says why.",
    }
}

fn postgres(code: &str) -> &'static str {
    match code {
        "53100" => "The disk under the database is full. Make room on it.",
        "55P03" | "40P01" | "57014" => "The database is locked by another program for too long.",
        "25006" => "The database is read-only, as a standby is. Point DATABASE_URL to the primary.",
        "3D000" => "There is no database of that name. Create it, or correct DATABASE_URL.",
        "42501" => "The database's user may not do this. Make it the owner of its database.",
        code if code.starts_with("28") => {
            "The database refused the user or the password. Correct DATABASE_URL."
        }
        code if code.starts_with("53") => {
            "The database has too few resources, such as connections. Give it more."
        }
        code if code.starts_with("57") || code.starts_with("08") => {
            "The database can't be reached. Check that it runs and that its address is right."
        }
        "P0001" => {
            "The database refused to change what is written once. Nothing was changed; the log says what it was."
        }
        _ => "The database did not do what it was asked. The log says why.",
    }
}
