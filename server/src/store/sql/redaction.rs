//! Redaction: takes the content of an entry away, wherever it was written.

use domain::{
    error::{Conflict, Error},
    id::IncidentNumber,
    journal::Event,
};
use sqlx::AssertSqlSafe;

use super::{
    Connection,
    read::{self, STORED, load, stored},
    write::write_incident,
};
use crate::store::{
    error::StoreError,
    rows::{self, bound},
};

/// Takes the content of an entry away, and the words that it brought into its incident's row and
/// into its replay bundle.
pub(super) async fn redact(connection: &mut Connection, number: u64) -> Result<(), StoreError> {
    let row = sqlx::query(AssertSqlSafe(format!("SELECT {STORED} FROM journal WHERE number = $1")))
        .bind(bound(number))
        .fetch_optional(&mut *connection)
        .await?;
    let entry = row.as_ref().map(stored).transpose()?;
    let Some(entry) = entry.filter(|entry| entry.payload.is_some()) else {
        return Err(Error::from(Conflict::AlreadyRedacted(number)).into());
    };
    sqlx::query("UPDATE journal SET salt = NULL, payload = NULL WHERE number = $1")
        .bind(bound(number))
        .execute(&mut *connection)
        .await?;
    let event = rows::readable(&entry)?.event;
    if let Some(Event::CallFailed { contact, entry, .. }) = &event {
        sqlx::query("UPDATE outbox SET problem = NULL WHERE entry = $1 AND contact = $2")
            .bind(bound(*entry))
            .bind(i64::from(contact.0))
            .execute(&mut *connection)
            .await?;
        sqlx::query("UPDATE contact SET problem = NULL WHERE id = $1")
            .bind(i64::from(contact.0))
            .execute(&mut *connection)
            .await?;
    }
    let Some(about) = entry.incident.map(IncidentNumber) else { return Ok(()) };
    // Bundles from before they were kept without words may hold it; the other ones are no loss
    // here, as they begin and end with what the rules saw.
    sqlx::query("DELETE FROM bundle WHERE incident = $1")
        .bind(i64::from(about.0))
        .execute(&mut *connection)
        .await?;
    let Some(mut incident) = load(&mut *connection, about).await? else { return Ok(()) };
    if let Some(event) = event {
        incident.forget(&event);
    }
    write_incident(&mut *connection, &incident, "").await?;
    write_remarks(connection, about).await
}

/// Makes the words of an incident's comments and notes anew, from the journal.
pub(super) async fn write_remarks(
    connection: &mut Connection,
    about: IncidentNumber,
) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "SELECT number, at_micros, actor, payload FROM journal
         WHERE incident = $1 AND kind IN ('commented', 'resolved', 'reopened') AND payload IS NOT NULL ORDER BY number",
    )
    .bind(i64::from(about.0))
    .fetch_all(&mut *connection)
    .await?;
    let mut remarks = String::new();
    for row in &rows {
        let entry = read::entry(row)?;
        remarks.push_str(&entry.event.as_ref().and_then(rows::remark).unwrap_or_default());
    }
    sqlx::query("UPDATE incident SET remarks = $2 WHERE number = $1")
        .bind(i64::from(about.0))
        .bind(remarks)
        .execute(connection)
        .await?;
    Ok(())
}
