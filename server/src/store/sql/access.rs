//! The rights of people and programs: the rows, as the journal allows them.

use commands::{
    access_record::{AccessRecord, KINDS, StoredAccess},
    accounts::Accounts,
    notifications::Contact,
    sharing::Share,
};
use domain::{
    hash::Head,
    id::{AccountId, ContactId, IncidentNumber},
    incident::Incident,
    journal::Cursor,
};
use sqlx::{AssertSqlSafe, Row as _};

use super::{Connection, Database, Row, SNAPSHOT, read, redaction, shares, write::write_incident};
use crate::store::{
    begin::begin_with,
    error::StoreError,
    rows::{self, IncidentRow, bound},
};

/// Number of entries that are read at a time.
const PAGE: i64 = 1_000;

/// Everyone who is or was here, as far as this transaction sees and the journal allows.
pub(super) async fn roster(
    database: &Database,
    connection: &mut Connection,
) -> Result<Accounts, StoreError> {
    let stored = read::roster(connection).await?;
    let mut record = database.access.lock().await;
    bring_up_to_date(&mut record, connection).await?;
    Ok(record.restrict(&stored))
}

/// A share link as the journal allows it.
pub(super) async fn share(
    database: &Database,
    stored: &Share,
) -> Result<Option<Share>, StoreError> {
    // The connection first, as everywhere: who waits for one never holds up the others.
    let mut connection = database.readers.acquire().await?;
    let mut record = database.access.lock().await;
    bring_up_to_date(&mut record, &mut connection).await?;
    Ok(record.share(stored))
}

/// The contacts that are whose the journal says.
pub(super) async fn contacts(
    database: &Database,
    mut stored: Vec<Contact>,
) -> Result<Vec<Contact>, StoreError> {
    // The connection first, as everywhere: who waits for one never holds up the others.
    let mut connection = database.readers.acquire().await?;
    let mut record = database.access.lock().await;
    bring_up_to_date(&mut record, &mut connection).await?;
    stored.retain(|contact| record.contact(contact.id) == Some(contact.account));
    Ok(stored)
}

/// Takes the entries about access that were written since.
async fn bring_up_to_date(
    record: &mut AccessRecord,
    connection: &mut Connection,
) -> Result<(), StoreError> {
    let kinds = KINDS.join("', '");
    loop {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT number, at_micros, actor, payload, kind FROM journal
             WHERE number > $1 AND kind IN ('{kinds}') ORDER BY number LIMIT $2"
        )))
        .bind(bound(record.number()))
        .bind(PAGE)
        .fetch_all(&mut *connection)
        .await?;
        for row in &rows {
            let entry = read::entry(row)?;
            if entry.event.is_none() {
                record.take_removed(entry.number, row.try_get(4)?);
            }
            record.take(&entry);
        }
        if i64::try_from(rows.len()).is_ok_and(|count| count < PAGE) {
            return Ok(());
        }
    }
}

/// The rows as they are stored, all of one moment, with where the journal ended then.
pub(super) async fn stored(
    database: &Database,
) -> Result<(Cursor, Head, StoredAccess), StoreError> {
    let mut transaction = begin_with(&database.readers, SNAPSHOT).await?;
    let (cursor, head) = read::position(&mut transaction).await?;
    let accounts = read::roster(&mut transaction).await?;
    let links = format!("SELECT {} FROM share ORDER BY id", shares::SHARE);
    let links = sqlx::query(AssertSqlSafe(links)).fetch_all(&mut *transaction).await?;
    let contacts = sqlx::query("SELECT id, account, body FROM contact ORDER BY id")
        .fetch_all(&mut *transaction)
        .await?;
    let stored = StoredAccess {
        accounts,
        shares: links.iter().map(shares::share).collect::<Result<_, _>>()?,
        contacts: contacts.iter().map(contact).collect::<Result<_, _>>()?,
    };
    Ok((cursor, head, stored))
}

/// Whose a contact is, by its column. Where its body says another one it is nobody's.
fn contact(row: &Row) -> Result<(ContactId, AccountId), StoreError> {
    let (id, account): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    let bad = |error: &dyn std::fmt::Display| StoreError::inconsistent("contact", id, error);
    let body: Contact = serde_json::from_slice(row.try_get(2)?).map_err(|error| bad(&error))?;
    let number = |value: i64| u32::try_from(value).map_err(|error| bad(&error));
    let owner = if i64::from(body.account.0) == account { body.account } else { AccountId(0) };
    Ok((ContactId(number(id)?), owner))
}

/// Incidents after a number, each with its row as it is stored.
pub(super) async fn incident_rows(
    database: &Database,
    after: u32,
    limit: u32,
) -> Result<Vec<(Incident, IncidentRow)>, StoreError> {
    let rows = sqlx::query(
        "SELECT number, id, severity, state, cause, headline, opened_at, updated_at, resolved_at,
                may_run_until, subjects, search, body, remarks, problems, recovered_at
         FROM incident WHERE number > $1 ORDER BY number LIMIT $2",
    )
    .bind(i64::from(after))
    .bind(i64::from(limit))
    .fetch_all(&database.readers)
    .await?;
    rows.iter().map(incident_row).collect()
}

fn incident_row(row: &Row) -> Result<(Incident, IncidentRow), StoreError> {
    let stored = IncidentRow {
        number: row.try_get(0)?,
        id: row.try_get(1)?,
        severity: row.try_get(2)?,
        state: row.try_get(3)?,
        cause: row.try_get(4)?,
        headline: row.try_get(5)?,
        opened_at: row.try_get(6)?,
        updated_at: row.try_get(7)?,
        resolved_at: row.try_get(8)?,
        may_run_until: row.try_get(9)?,
        subjects: row.try_get(10)?,
        search: row.try_get(11)?,
        body: row.try_get(12)?,
        remarks: row.try_get(13)?,
        problems: row.try_get(14)?,
        recovered_at: row.try_get(15)?,
    };
    Ok((rows::incident(stored.number, &stored.body)?, stored))
}

/// Makes the columns for looking up anew, from the bodies.
pub(super) async fn file_anew(
    database: &Database,
    numbers: &[IncidentNumber],
) -> Result<(), StoreError> {
    let mut transaction = database.begin().await?;
    // Nothing changes them meanwhile.
    read::lock_head(&mut transaction).await?;
    for number in numbers {
        if let Some(incident) = read::load(&mut transaction, *number).await? {
            write_incident(&mut transaction, &incident, "").await?;
            redaction::write_remarks(&mut transaction, *number).await?;
        }
    }
    Ok(transaction.commit().await?)
}
