//! The last messages to contacts that were removed, switched off, or lead elsewhere now.

use commands::notifications::{AccessChange, AccessChanges, Contact, Notification};
use domain::time::{Span, Timestamp};
use sqlx::Row as _;

use super::{Connection, Row};
use crate::store::{calls::LastMessage, error::StoreError, rows::bound};

/// So many contacts of one account that were made a moment ago get one...
const MOST: i64 = 3;
/// ... in this time: whoever sets and removes contacts again and again sends no more. Others always
/// get one; there are never many of those.
const WITHIN: Span = Span::from_mins(60);

/// Queues the last message to a contact that becomes `after`, if it is to get one.
pub(super) async fn queue(
    connection: &mut Connection,
    contact: &Contact,
    after: Option<&Contact>,
    entry: u64,
    at: Timestamp,
) -> Result<(), StoreError> {
    let account = i64::from(contact.account.0);
    sqlx::query("DELETE FROM last_message WHERE made_at < $1")
        .bind(at.minus(WITHIN).as_micros())
        .execute(&mut *connection)
        .await?;
    if !contact.gets_last_message(after) {
        return Ok(());
    }
    if !contact.is_settled(at) {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM last_message WHERE account = $1")
            .bind(account)
            .fetch_one(&mut *connection)
            .await?;
        if count >= MOST {
            return Ok(());
        }
    }
    let changes = AccessChanges::default().with(AccessChange::LastMessage);
    let call = Notification::about_access(entry, contact.account, changes, at);
    let bad = |error| StoreError::inconsistent("last_message", entry, error);
    sqlx::query(
        "INSERT INTO last_message (entry, account, made_at, due, contact, body) VALUES ($1, $2, $3, 0, $4, $5)",
    )
    .bind(bound(entry))
    .bind(account)
    .bind(at.as_micros())
    .bind(serde_json::to_vec(contact).map_err(bad)?)
    .bind(serde_json::to_vec(&call).map_err(bad)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// The messages that are due, the oldest first.
pub(super) async fn due(
    connection: &mut Connection,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<LastMessage>, StoreError> {
    let rows = sqlx::query(
        "SELECT entry, contact, body, tries FROM last_message WHERE contact IS NOT NULL AND due <= $1 ORDER BY due, entry LIMIT $2",
    )
    .bind(now.as_micros())
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    rows.iter().map(message).collect()
}

fn message(row: &Row) -> Result<LastMessage, StoreError> {
    let entry: i64 = row.try_get(0)?;
    let tries: i64 = row.try_get(3)?;
    let bad = |error| StoreError::inconsistent("last_message", entry, error);
    Ok(LastMessage {
        contact: serde_json::from_slice(row.try_get(1)?).map_err(bad)?,
        call: serde_json::from_slice(row.try_get(2)?).map_err(bad)?,
        failures: u32::try_from(tries).unwrap_or(u32::MAX),
    })
}

/// Puts one off, or ends it.
pub(super) async fn keep(
    connection: &mut Connection,
    entry: u64,
    until: Option<Timestamp>,
    failures: u32,
) -> Result<(), StoreError> {
    let query = match until {
        Some(until) => sqlx::query("UPDATE last_message SET due = $2, tries = $3 WHERE entry = $1")
            .bind(bound(entry))
            .bind(until.as_micros())
            .bind(i64::from(failures)),
        None => sqlx::query("UPDATE last_message SET contact = NULL WHERE entry = $1")
            .bind(bound(entry)),
    };
    query.execute(connection).await?;
    Ok(())
}

/// All of them are due at once.
pub(super) async fn hasten(connection: &mut Connection) -> Result<(), StoreError> {
    sqlx::query("UPDATE last_message SET due = 0 WHERE contact IS NOT NULL AND due > 0")
        .execute(connection)
        .await?;
    Ok(())
}
