//! The schema's migrations, built into the program: one file each in `migrations/`, in the order of
//! their numbers; and the check that a database has all of them.

use domain::error::DatabaseFault;
use std::{cmp::Ordering, sync::LazyLock};

use sqlx::{
    SqlSafeStr as _, SqlStr,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

use crate::store::error::StoreError;

/// Lists a database's migrations by their files' names.
macro_rules! migrations {
    ($database:literal: $($file:literal),+ $(,)?) => {
        LazyLock::new(|| {
            migrator([$(($file, include_str!(concat!("../../../migrations/", $database, "/", $file, ".sql")).into_sql_str())),+])
        })
    };
}

pub(super) static SQLITE: LazyLock<Migrator> = migrations!("sqlite": "0001_journal", "0002_roster", "0003_calls", "0004_trail", "0005_proofs", "0006_runs", "0007_instance", "0008_deliveries", "0009_maintenance_words", "0010_last_messages", "0011_inspections", "0012_status_page", "0013_messages", "0014_organizations", "0015_blocks", "0016_reviews", "0017_similar", "0018_recovered", "0019_history");
pub(super) static POSTGRES: LazyLock<Migrator> = migrations!("postgres": "0001_journal", "0002_roster", "0003_calls", "0004_trail", "0005_proofs", "0006_runs", "0007_lease", "0008_deliveries", "0009_maintenance_words", "0010_last_messages", "0011_inspections", "0012_status_page", "0013_messages", "0014_organizations", "0015_blocks", "0016_reviews", "0017_similar", "0018_recovered", "0019_history");

/// Reads number and description of each migration from its file's name.
fn migrator<const N: usize>(files: [(&'static str, SqlStr); N]) -> Migrator {
    let migration = |(file, sql): (&'static str, SqlStr)| {
        let version = file.split('_').next().and_then(|number| number.parse().ok()).unwrap_or(0);
        let description = file
            .trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '_')
            .replace('_', " ");
        Migration::new(version, description.into(), MigrationType::Simple, sql, false)
    };
    let mut migrator = Migrator::with_migrations(files.into_iter().map(migration).collect());
    // The stores see to it that only one program migrates at a time.
    migrator.set_locking(false);
    migrator
}

/// The versions of the schema that a database has.
pub(super) const APPLIED: &str =
    "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";

/// Whoever only reads can't bring the schema up to date, and must not guess at another one.
pub(super) fn same_schema(known: &Migrator, applied: &[i64]) -> Result<(), StoreError> {
    let newest = |versions: &mut dyn Iterator<Item = i64>| versions.max().unwrap_or(0);
    let (known, applied) =
        (newest(&mut known.iter().map(|one| one.version)), newest(&mut applied.iter().copied()));
    match applied.cmp(&known) {
        Ordering::Equal => Ok(()),
        Ordering::Less => Err(DatabaseFault::OlderSchema.into()),
        Ordering::Greater => Err(MigrateError::VersionTooNew(applied, known).into()),
    }
}

/// A database without the table of its versions is not one of ours.
pub(super) fn unread(error: sqlx::Error) -> StoreError {
    match &error {
        // SQLite's "no such table", and PostgreSQL's.
        sqlx::Error::Database(said) if matches!(said.code().as_deref(), Some("1" | "42P01")) => {
            StoreError::unavailable(DatabaseFault::NoSchema, error)
        }
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_migrations_in_the_program_are_those_in_the_folders() {
        for (database, built_in) in [("sqlite", &*SQLITE), ("postgres", &*POSTGRES)] {
            let folder =
                std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations"))
                    .join(database);
            let files = Migrator::new(folder).await.unwrap();
            let facts = |migrator: &Migrator| {
                migrator
                    .iter()
                    .map(|one| {
                        (one.version, one.description.clone(), one.no_tx, one.checksum.clone())
                    })
                    .collect::<Vec<_>>()
            };
            assert_eq!(facts(built_in), facts(&files), "{database}");
        }
    }
}
