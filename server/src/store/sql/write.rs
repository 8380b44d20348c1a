//! Writes rows: incidents, entries and accounts.

use commands::accounts::Row as AccountRow;
use domain::{error::DatabaseFault, incident::Incident, journal::StoredEntry, time::Timestamp};

use sqlx::AssertSqlSafe;

use super::Connection;
use crate::store::{
    error::StoreError,
    rows::{IncidentRow, bound},
};

/// The most kinds of problems by which an incident is found.
const MOST_PROBLEMS: usize = 16;

pub(super) fn salt() -> Result<Vec<u8>, StoreError> {
    let mut salt = vec![0; 16];
    getrandom::fill(&mut salt).map_err(|_| DatabaseFault::NoRandomness)?;
    Ok(salt)
}

pub(super) async fn write_incident(
    connection: &mut Connection,
    incident: &Incident,
    remarks: &str,
) -> Result<(), StoreError> {
    let row = IncidentRow::new(incident, remarks)?;
    sqlx::query(
        "INSERT INTO incident (number, id, severity, state, cause, headline, opened_at, updated_at, resolved_at, may_run_until, subjects, search, body,
                               remarks, problems, recovered_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT (number) DO UPDATE SET id = excluded.id, opened_at = excluded.opened_at, severity = excluded.severity, state = excluded.state, cause = excluded.cause,
             headline = excluded.headline, updated_at = excluded.updated_at, resolved_at = excluded.resolved_at,
             may_run_until = excluded.may_run_until, subjects = excluded.subjects, search = excluded.search, body = excluded.body,
             remarks = incident.remarks || excluded.remarks, problems = excluded.problems, recovered_at = excluded.recovered_at",
    )
    .bind(row.number)
    .bind(row.id)
    .bind(row.severity)
    .bind(row.state)
    .bind(row.cause)
    .bind(row.headline)
    .bind(row.opened_at)
    .bind(row.updated_at)
    .bind(row.resolved_at)
    .bind(row.may_run_until)
    .bind(row.subjects)
    .bind(row.search)
    .bind(row.body)
    .bind(row.remarks)
    .bind(&row.problems)
    .bind(row.recovered_at)
    .execute(&mut *connection)
    .await?;
    // Nothing real is like a practice.
    if incident.is_practice() {
        return Ok(());
    }
    write_problems(connection, row.number, &row.problems).await
}

/// Writes by which kinds of problems an incident is found; what is written stays.
async fn write_problems(
    connection: &mut Connection,
    number: i64,
    problems: &str,
) -> Result<(), StoreError> {
    let problems: Vec<&str> = problems.lines().take(MOST_PROBLEMS).collect();
    if problems.is_empty() {
        return Ok(());
    }
    let row = |place: usize| format!("(${}, $1)", place + 2);
    let rows = (0..problems.len()).map(row).collect::<Vec<_>>().join(", ");
    let statement = format!(
        "INSERT INTO incident_problem (problem, incident) VALUES {rows} ON CONFLICT DO NOTHING"
    );
    let query = sqlx::query(AssertSqlSafe(statement)).bind(number);
    problems.into_iter().fold(query, sqlx::query::Query::bind).execute(connection).await?;
    Ok(())
}

pub(super) async fn write_entry(
    connection: &mut Connection,
    entry: &StoredEntry,
) -> Result<(), StoreError> {
    let (salt, payload) =
        entry.payload.as_ref().map(|(salt, payload)| (salt.as_slice(), payload.as_slice())).unzip();
    sqlx::query(
        "INSERT INTO journal (number, at_micros, actor, kind, incident, payload_hash, hash, salt, payload)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(bound(entry.number))
    .bind(entry.at_micros)
    .bind(&entry.actor)
    .bind(&entry.kind)
    .bind(entry.incident.map(i64::from))
    .bind(&entry.payload_hash.0[..])
    .bind(&entry.hash.0[..])
    .bind(salt)
    .bind(payload)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn write_row(
    connection: &mut Connection,
    row: &AccountRow,
) -> Result<(), StoreError> {
    let (kind, id) = (row.kind(), i64::from(row.id()));
    let body = row
        .body()
        .map_err(|error| StoreError::inconsistent("roster", format_args!("{kind} {id}"), error))?;
    let Some(body) = body else {
        sqlx::query("DELETE FROM roster WHERE kind = $1 AND id = $2")
            .bind(kind)
            .bind(id)
            .execute(connection)
            .await?;
        return Ok(());
    };
    // When it was seen is not decided here: it only begins here.
    sqlx::query(
        "INSERT INTO roster (kind, id, body, seen) VALUES ($1, $2, $3, $4) ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
    )
    .bind(kind)
    .bind(id)
    .bind(body)
    .bind(row.seen_at().map(Timestamp::as_micros))
    .execute(connection)
    .await?;
    Ok(())
}
