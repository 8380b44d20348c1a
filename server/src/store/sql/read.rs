//! Reads rows: head, meta, incidents, entries and accounts.

use commands::{accounts::Accounts, view::BlindSpan};
use domain::{
    announcements::Announcements,
    hash::Head,
    id::IncidentNumber,
    incident::Incident,
    journal::{Cursor, Entry, Event, StoredEntry},
    time::Timestamp,
};
use sqlx::Row as _;

use super::{Connection, Db, LOCK_HEAD, Row};
use crate::store::{
    error::StoreError,
    rows::{self, JournalRow, number_of_row},
};

/// The columns of a stored entry, as [`stored`] takes them.
pub(super) const STORED: &str =
    "number, at_micros, actor, kind, incident, payload_hash, hash, salt, payload";

pub(super) fn head_of(row: &Row) -> Result<Head, StoreError> {
    let number = number_of_row(row.try_get(0)?, "journal_head")?;
    let hash = rows::hash(row.try_get(1)?).ok_or_else(|| {
        StoreError::inconsistent("journal_head", number, "its hash does not have 32 bytes")
    })?;
    Ok(Head { number, hash })
}

pub(super) async fn lock_head(connection: &mut Connection) -> Result<Head, StoreError> {
    let row = sqlx::query(LOCK_HEAD).fetch_one(connection).await?;
    head_of(&row)
}

pub(super) async fn meta(
    connection: &mut Connection,
    name: &'static str,
) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(sqlx::query_scalar("SELECT value FROM meta WHERE name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await?)
}

pub(super) async fn set_meta(
    connection: &mut Connection,
    name: &'static str,
    value: &[u8],
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
        .bind(name)
        .bind(value)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn meta_number<N: std::str::FromStr>(
    connection: &mut Connection,
    name: &'static str,
) -> Result<Option<N>, StoreError> {
    let Some(value) = meta(connection, name).await? else { return Ok(None) };
    let number = std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| StoreError::inconsistent("meta", name, "it is not a number"))
}

/// Head and epoch, in one reading.
pub(super) async fn position(connection: &mut Connection) -> Result<(Cursor, Head), StoreError> {
    let row = sqlx::query(
        "SELECT number, hash, (SELECT value FROM meta WHERE name = 'epoch') FROM journal_head",
    )
    .fetch_one(connection)
    .await?;
    let head = head_of(&row)?;
    let epoch: Option<&[u8]> = row.try_get(2)?;
    let epoch =
        epoch.and_then(|text| std::str::from_utf8(text).ok()).and_then(|text| text.parse().ok());
    let epoch =
        epoch.ok_or_else(|| StoreError::inconsistent("meta", "epoch", "it is not a number"))?;
    Ok((Cursor { epoch, number: head.number }, head))
}

pub(super) async fn load(
    connection: &mut Connection,
    number: IncidentNumber,
) -> Result<Option<Incident>, StoreError> {
    let number = i64::from(number.0);
    let body: Option<Vec<u8>> = sqlx::query_scalar("SELECT body FROM incident WHERE number = $1")
        .bind(number)
        .fetch_optional(connection)
        .await?;
    body.map(|body| rows::incident(number, &body)).transpose()
}

/// True if an entry of one of these kinds was written about an incident after another one.
pub(super) async fn written_after(
    connection: &mut Connection,
    (incident, after): (IncidentNumber, u64),
    kinds: &[&str],
) -> Result<bool, StoreError> {
    let written: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT kind FROM journal WHERE incident = $1 AND number > $2")
            .bind(i64::from(incident.0))
            .bind(rows::bound(after))
            .fetch_all(connection)
            .await?;
    Ok(written.iter().any(|kind| kinds.contains(&kind.as_str())))
}

/// The times without observations that the newest entries tell of, newest first.
pub(super) async fn blind_spans(
    readers: &sqlx::Pool<Db>,
    limit: u32,
) -> Result<Vec<BlindSpan>, StoreError> {
    let rows = sqlx::query(
        "SELECT number, at_micros, actor, payload FROM journal
         WHERE kind = 'blind' AND payload IS NOT NULL ORDER BY number DESC LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(readers)
    .await?;
    let mut spans = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(Event::Blind { from, to, why }) = entry(row)?.event {
            spans.push(BlindSpan { from, to, why });
        }
    }
    Ok(spans)
}

/// The number of the practice in force.
pub(super) async fn practice_in_force(
    connection: &mut Connection,
) -> Result<Option<u64>, StoreError> {
    let rows = sqlx::query(
        "SELECT number, at_micros, actor, payload FROM journal
         WHERE kind IN ('practice_begun', 'practice_ended') ORDER BY number DESC LIMIT 2",
    )
    .fetch_all(connection)
    .await?;
    let entries: Result<Vec<Entry>, StoreError> = rows.iter().rev().map(entry).collect();
    Ok(Announcements::of(&entries?).practice.map(|open| open.number))
}

/// The active incidents, by number.
pub(super) async fn active(connection: &mut Connection) -> Result<Vec<Incident>, StoreError> {
    let rows =
        sqlx::query("SELECT number, body FROM incident WHERE resolved_at IS NULL ORDER BY number");
    incidents(&rows.fetch_all(connection).await?)
}

/// The incidents with a command that runs, may still run, or is not to be run again yet, by number.
pub(super) async fn with_runs(
    connection: &mut Connection,
    now: Timestamp,
) -> Result<Vec<Incident>, StoreError> {
    let rows =
        sqlx::query("SELECT number, body FROM incident WHERE may_run_until > $1 ORDER BY number")
            .bind(now.as_micros());
    incidents(&rows.fetch_all(connection).await?)
}

pub(super) fn entry(row: &Row) -> Result<Entry, StoreError> {
    rows::entry(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?)
}

pub(super) fn stored(row: &Row) -> Result<StoredEntry, StoreError> {
    JournalRow {
        number: row.try_get(0)?,
        at_micros: row.try_get(1)?,
        actor: row.try_get(2)?,
        kind: row.try_get(3)?,
        incident: row.try_get(4)?,
        payload_hash: row.try_get(5)?,
        hash: row.try_get(6)?,
        salt: row.try_get(7)?,
        payload: row.try_get(8)?,
    }
    .stored()
}

pub(super) fn incidents(rows: &[Row]) -> Result<Vec<Incident>, StoreError> {
    rows.iter().map(|row| rows::incident(row.try_get(0)?, row.try_get(1)?)).collect()
}

/// Everyone who is or was here, as far as this transaction sees.
pub(super) async fn roster(connection: &mut Connection) -> Result<Accounts, StoreError> {
    let rows = sqlx::query("SELECT kind, id, body, seen FROM roster ORDER BY kind, id")
        .fetch_all(connection)
        .await?;
    let mut roster = Accounts::default();
    for row in &rows {
        let (kind, id): (&str, i64) = (row.try_get(0)?, row.try_get(1)?);
        let seen: Option<i64> = row.try_get(3)?;
        roster.take(kind, row.try_get(2)?, seen.map(Timestamp::from_micros)).map_err(|error| {
            StoreError::inconsistent("roster", format_args!("{kind} {id}"), error)
        })?;
    }
    Ok(roster)
}
