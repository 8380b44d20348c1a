//! Contacts and the outbox.

use std::collections::BTreeMap;

use async_trait::async_trait;
use commands::notifications::{
    Contact, DeliveryStatus, LastNotification, Notification, Progress, Reason,
};
use domain::{
    error::{Conflict, Entity, Error},
    id::{AccountId, ContactId, IncidentNumber},
    journal::{Entry, Event},
    time::{Span, Timestamp},
};
use sqlx::{AssertSqlSafe, Row as _};

use super::{
    Connection, Database, Row, access, last_messages,
    read::{meta, set_meta},
};
use crate::store::{
    calls::{Calls, Delivered, LastMessage, Waiting},
    change::Beside,
    error::StoreError,
    rows::bound,
};

/// The row of `meta` that holds the progress.
const PROGRESS: &str = "calls";
/// The row of `meta` that proves that the database takes writes.
const HEARTBEAT: &str = "heartbeat";
/// The due time of what is not tried again.
const NEVER: i64 = i64::MAX;
/// The time for which an ended one is kept.
const KEPT: Span = Span::from_mins(90 * 24 * 60);
/// A test can be asked for again after this time.
const TEST_EVERY: Span = Span::from_secs(5);

fn id(value: i64, table: &'static str) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|error| StoreError::inconsistent(table, value, error))
}

fn contact(row: &Row, place: usize) -> Result<Contact, StoreError> {
    let number: i64 = row.try_get(place)?;
    let body: Contact = serde_json::from_slice(row.try_get(place + 1)?)
        .map_err(|error| StoreError::inconsistent("contact", number, error))?;
    Ok(Contact { id: ContactId(id(number, "contact")?), ..body })
}

fn call(row: &Row, place: usize) -> Result<Notification, StoreError> {
    let body = row.try_get(place)?;
    serde_json::from_slice(body)
        .map_err(|error| StoreError::inconsistent("outbox", String::from_utf8_lossy(body), error))
}

fn gone(contact: ContactId) -> StoreError {
    Error::NotFound(Entity::Contact(contact)).into()
}

/// The event that the store journals for a row beside a change: a contact bears the number of the
/// entry that tells of it first.
pub(super) fn event(beside: &Beside, number: u32) -> Option<Event> {
    let Beside::Contact(contact) = beside else { return None };
    let id = if contact.id.0 == 0 { ContactId(number) } else { contact.id };
    Some(Event::ContactSet { account: contact.account, contact: id })
}

/// Writes the row beside a change. `number` is that of the entry that tells of it.
pub(super) async fn write(
    connection: &mut Connection,
    beside: &Beside,
    number: u32,
) -> Result<(), StoreError> {
    match beside {
        Beside::Nothing | Beside::Share { .. } => Ok(()),
        Beside::Contact(contact) => write_contact(connection, contact, number).await,
        Beside::Test { account, contact, at } => {
            write_test(connection, *account, *contact, *at).await
        }
        Beside::DeliveryEnded { call, contact, failed } => {
            let (fate, problem) = failed.as_ref().map_or((DeliveryStatus::Sent, None), |why| {
                (DeliveryStatus::Failed, Some(why.as_str()))
            });
            let changed = end(connection, call, *contact, fate, problem).await?;
            // Journalled once: whoever comes second changes nothing.
            if changed { Ok(()) } else { Err(Error::from(Conflict::DeliveryEnded).into()) }
        }
    }
}

async fn write_contact(
    connection: &mut Connection,
    contact: &Contact,
    number: u32,
) -> Result<(), StoreError> {
    let is_new = contact.id.0 == 0;
    let id = if is_new { ContactId(number) } else { contact.id };
    let before = one_contact(connection, id, contact.account).await?;
    let contact = Contact { id, ..contact.clone() }.set_by(number.into(), before.as_ref());
    if let Some(before) = before {
        last_messages::queue(connection, &before, Some(&contact), number.into(), contact.set_at)
            .await?;
    }
    let body = serde_json::to_vec(&contact)
        .map_err(|error| StoreError::inconsistent("contact", id, error))?;
    let (number, account) = (i64::from(id.0), i64::from(contact.account.0));
    let query = if is_new {
        sqlx::query("INSERT INTO contact (id, account, body) VALUES ($1, $2, $3)")
    } else {
        sqlx::query("UPDATE contact SET body = $3, problem = NULL WHERE id = $1 AND account = $2")
    };
    let changed = query
        .bind(number)
        .bind(account)
        .bind(body)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    if changed == 0 {
        return Err(gone(id));
    }
    if !is_new {
        // It may work now.
        try_now(connection, id).await?;
    }
    Ok(())
}

/// A contact of an account, as this transaction sees it.
async fn one_contact(
    connection: &mut Connection,
    id: ContactId,
    account: AccountId,
) -> Result<Option<Contact>, StoreError> {
    sqlx::query("SELECT id, body FROM contact WHERE id = $1 AND account = $2")
        .bind(i64::from(id.0))
        .bind(i64::from(account.0))
        .fetch_optional(connection)
        .await?
        .map(|row| contact(&row, 0))
        .transpose()
}

/// The entries by which all contacts of an account end.
pub(super) async fn ends_of_contacts(
    connection: &mut Connection,
    account: AccountId,
) -> Result<Vec<Event>, StoreError> {
    let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM contact WHERE account = $1 ORDER BY id")
        .bind(i64::from(account.0))
        .fetch_all(connection)
        .await?;
    let end = |number: &i64| {
        let contact = ContactId(id(*number, "contact")?);
        Ok(Event::ContactRemoved { account, contact })
    };
    ids.iter().map(end).collect()
}

/// Makes everything due at once that waits for a contact.
async fn try_now(connection: &mut Connection, contact: ContactId) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE outbox SET due = 0 WHERE contact = $1 AND entry > 0 AND state IN ('waiting', 'failed') AND due < $2",
    )
    .bind(i64::from(contact.0))
    .bind(NEVER)
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_test(
    connection: &mut Connection,
    account: AccountId,
    contact: ContactId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let last: Option<i64> =
        sqlx::query_scalar("SELECT made_at FROM outbox WHERE entry = 0 AND contact = $1")
            .bind(i64::from(contact.0))
            .fetch_optional(&mut *connection)
            .await?;
    if let Some(last) = last.map(Timestamp::from_micros)
        && last <= at
        && at.since(last) < TEST_EVERY
    {
        return Err(Error::Throttled {
            seconds: u32::try_from(TEST_EVERY.as_secs()).unwrap_or(u32::MAX),
        }
        .into());
    }
    let body = serde_json::to_vec(&Notification::test(at))
        .map_err(|error| StoreError::inconsistent("outbox", contact, error))?;
    let changed = sqlx::query(
        "INSERT INTO outbox (entry, contact, made_at, due, body) SELECT 0, id, $3, $3, $4 FROM contact WHERE id = $1 AND account = $2
         ON CONFLICT (entry, contact) DO UPDATE SET made_at = excluded.made_at, due = excluded.due, tries = 0, state = 'waiting',
             problem = NULL, body = excluded.body",
    )
    .bind(i64::from(contact.0))
    .bind(i64::from(account.0))
    .bind(at.as_micros())
    .bind(body)
    .execute(connection)
    .await?
    .rows_affected();
    if changed == 0 { Err(gone(contact)) } else { Ok(()) }
}

/// Notes why a try by a contact failed; `None` if it did not.
async fn note_problem(
    connection: &mut Connection,
    contact: ContactId,
    problem: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE contact SET problem = $2 WHERE id = $1")
        .bind(i64::from(contact.0))
        .bind(problem)
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends a call that waits; false if it does not. After one that was sent, what waits for the same
/// contact is due: it works.
async fn end(
    connection: &mut Connection,
    call: &Notification,
    contact: ContactId,
    fate: DeliveryStatus,
    problem: Option<&str>,
) -> Result<bool, StoreError> {
    // A test that was asked for again meanwhile is another one.
    let open = if fate == DeliveryStatus::Sent {
        "state IN ('waiting', 'failed')"
    } else {
        "state = 'waiting'"
    };
    let changed = sqlx::query(AssertSqlSafe(format!(
        "UPDATE outbox SET state = $4, problem = $5 WHERE entry = $1 AND contact = $2 AND made_at = $3 AND {open}"
    )))
    .bind(bound(call.entry))
    .bind(i64::from(contact.0))
    .bind(call.at.as_micros())
    .bind(fate.as_str())
    .bind(problem)
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if fate != DeliveryStatus::Dropped && changed > 0 {
        note_problem(&mut *connection, contact, problem).await?;
    }
    if fate == DeliveryStatus::Sent && changed > 0 {
        try_now(connection, contact).await?;
    }
    Ok(changed > 0)
}

/// Lets a reminder take the place of the last call about its incident that could not be sent yet;
/// false if there is none.
async fn remind(
    connection: &mut Connection,
    reminder: &Notification,
    contact: ContactId,
) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT entry, body FROM outbox WHERE incident = $1 AND contact = $2 AND state IN ('waiting', 'failed') AND due < $3
         ORDER BY entry DESC LIMIT 1",
    )
    .bind(i64::from(reminder.incident.0))
    .bind(i64::from(contact.0))
    .bind(NEVER)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(false) };
    let (entry, waiting): (i64, Notification) = (row.try_get(0)?, call(&row, 1)?);
    // Entry and time stay: they are the message's id.
    let body = Notification { entry: waiting.entry, at: waiting.at, ..reminder.clone() };
    let body = serde_json::to_vec(&body)
        .map_err(|error| StoreError::inconsistent("outbox", entry, error))?;
    sqlx::query("UPDATE outbox SET due = 0, body = $3 WHERE entry = $1 AND contact = $2")
        .bind(entry)
        .bind(i64::from(contact.0))
        .bind(body)
        .execute(connection)
        .await?;
    Ok(true)
}

/// Carries out the rest of an entry in its transaction.
pub(super) async fn carry_out(
    connection: &mut Connection,
    event: &Event,
    entry: &Entry,
) -> Result<(), StoreError> {
    let Event::ContactRemoved { account, contact } = event else { return Ok(()) };
    if let Some(before) = one_contact(connection, *contact, *account).await? {
        last_messages::queue(connection, &before, None, entry.number, entry.at).await?;
    }
    // What waits for it goes with it.
    let changed = sqlx::query("DELETE FROM contact WHERE id = $1 AND account = $2")
        .bind(i64::from(contact.0))
        .bind(i64::from(account.0))
        .execute(connection)
        .await?
        .rows_affected();
    if changed == 0 { Err(gone(*contact)) } else { Ok(()) }
}

#[async_trait]
impl Calls for Database {
    async fn contacts(&self, account: Option<AccountId>) -> Result<Vec<Contact>, StoreError> {
        let rows =
            sqlx::query("SELECT id, body FROM contact WHERE $1 = 0 OR account = $1 ORDER BY id")
                .bind(account.map_or(0, |account| i64::from(account.0)))
                .fetch_all(&self.readers)
                .await?;
        let contacts: Vec<Contact> =
            rows.iter().map(|row| contact(row, 0)).collect::<Result<_, _>>()?;
        access::contacts(self, contacts).await
    }

    async fn last_calls(
        &self,
        account: AccountId,
    ) -> Result<Vec<(ContactId, LastNotification)>, StoreError> {
        let rows = sqlx::query(
            "SELECT c.id, o.entry, o.made_at, o.state, o.problem FROM contact c JOIN outbox o ON o.contact = c.id
             WHERE c.account = $1 AND NOT EXISTS (
                 SELECT 1 FROM outbox n WHERE n.contact = c.id AND (n.made_at, n.entry) > (o.made_at, o.entry)
             )",
        )
        .bind(i64::from(account.0))
        .fetch_all(&self.readers)
        .await?;
        let last = |row: &Row| {
            let (contact, entry): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            let fate = DeliveryStatus::named(row.try_get(3)?)
                .ok_or_else(|| StoreError::inconsistent("outbox", entry, "its state is unknown"))?;
            let at = Timestamp::from_micros(row.try_get(2)?);
            Ok((
                ContactId(id(contact, "contact")?),
                LastNotification { at, test: entry == 0, fate, problem: row.try_get(4)? },
            ))
        };
        rows.iter().map(last).collect()
    }

    async fn last_sent(&self) -> Result<BTreeMap<ContactId, Timestamp>, StoreError> {
        let rows = sqlx::query(
            "SELECT contact, MAX(made_at) FROM outbox WHERE state = $1 GROUP BY contact",
        )
        .bind(DeliveryStatus::Sent.as_str())
        .fetch_all(&self.readers)
        .await?;
        let sent = |row: &Row| {
            let contact = ContactId(id(row.try_get(0)?, "contact")?);
            Ok((contact, Timestamp::from_micros(row.try_get(1)?)))
        };
        rows.iter().map(sent).collect()
    }

    async fn contact_problems(&self) -> Result<Vec<(Contact, Option<String>)>, StoreError> {
        let rows = sqlx::query("SELECT id, body, problem FROM contact ORDER BY id")
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| Ok((contact(row, 0)?, row.try_get(2)?))).collect()
    }

    async fn deliveries(&self, incident: IncidentNumber) -> Result<Vec<Delivered>, StoreError> {
        let rows = sqlx::query(
            "SELECT c.id, c.body, o.state, o.problem, o.made_at FROM outbox o JOIN contact c ON c.id = o.contact
             WHERE o.incident = $1 AND NOT EXISTS (
                 SELECT 1 FROM outbox n WHERE n.incident = $1 AND n.contact = o.contact AND n.entry > o.entry
             ) ORDER BY c.id",
        )
        .bind(i64::from(incident.0))
        .fetch_all(&self.readers)
        .await?;
        let delivered = |row: &Row| {
            let status = DeliveryStatus::named(row.try_get(2)?).ok_or_else(|| {
                StoreError::inconsistent("outbox", incident, "its state is unknown")
            })?;
            let at = Timestamp::from_micros(row.try_get(4)?);
            Ok(Delivered { contact: contact(row, 0)?, status, problem: row.try_get(3)?, at })
        };
        rows.iter().map(delivered).collect()
    }

    async fn progress(&self) -> Result<Option<Progress>, StoreError> {
        let stored = meta(&mut *self.readers.acquire().await?, PROGRESS).await?;
        stored
            .map(|bytes| {
                serde_json::from_slice(&bytes)
                    .map_err(|error| StoreError::inconsistent("meta", PROGRESS, error))
            })
            .transpose()
    }

    async fn queue(
        &self,
        progress: &Progress,
        calls: &[(Notification, ContactId)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin_in_turn().await?;
        for (call, contact) in calls {
            if let Reason::NotAcknowledged { .. } = call.why
                && remind(&mut transaction, call, *contact).await?
            {
                continue;
            }
            let body = serde_json::to_vec(call)
                .map_err(|error| StoreError::inconsistent("outbox", call.entry, error))?;
            sqlx::query(
                "INSERT INTO outbox (entry, contact, made_at, due, body, incident) SELECT $1, id, $3, $4, $5, $6 FROM contact WHERE id = $2
                 ON CONFLICT (entry, contact) DO NOTHING",
            )
            .bind(bound(call.entry))
            .bind(i64::from(contact.0))
            .bind(call.at.as_micros())
            .bind(now.as_micros())
            .bind(body)
            .bind(i64::from(call.incident.0))
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query("DELETE FROM outbox WHERE state <> 'waiting' AND made_at < $1")
            .bind(now.minus(KEPT).as_micros())
            .execute(&mut *transaction)
            .await?;
        let progress = serde_json::to_vec(progress)
            .map_err(|error| StoreError::inconsistent("meta", PROGRESS, error))?;
        set_meta(&mut transaction, PROGRESS, &progress).await?;
        Ok(transaction.commit().await?)
    }

    async fn hasten(&self) -> Result<(), StoreError> {
        let mut transaction = self.begin_in_turn().await?;
        sqlx::query(
            "UPDATE outbox SET due = 0 WHERE state IN ('waiting', 'failed') AND due > 0 AND due < $1",
        )
        .bind(NEVER)
        .execute(&mut *transaction)
        .await?;
        last_messages::hasten(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    async fn last_messages(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<LastMessage>, StoreError> {
        last_messages::due(&mut *self.readers.acquire().await?, now, limit).await
    }

    async fn keep_last_message(
        &self,
        entry: u64,
        until: Option<Timestamp>,
        failures: u32,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin_in_turn().await?;
        last_messages::keep(&mut transaction, entry, until, failures).await?;
        Ok(transaction.commit().await?)
    }

    async fn prove_writable(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin_in_turn().await?;
        set_meta(&mut transaction, HEARTBEAT, now.to_string().as_bytes()).await?;
        Ok(transaction.commit().await?)
    }

    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        let rows = sqlx::query(
            "SELECT c.id, c.body, o.body, o.tries, o.state FROM outbox o JOIN contact c ON c.id = o.contact
             WHERE (o.state = 'waiting' OR (o.state = 'failed' AND o.entry > 0)) AND o.due <= $1 AND NOT EXISTS (
                 SELECT 1 FROM outbox n WHERE n.contact = o.contact AND n.due <= $1
                     AND (CASE WHEN n.incident > 0 THEN 0 ELSE 1 END, n.entry)
                         < (CASE WHEN o.incident > 0 THEN 0 ELSE 1 END, o.entry)
                     AND (n.state = 'waiting' OR (n.state = 'failed' AND n.entry > 0))
             ) ORDER BY CASE WHEN o.incident > 0 THEN 0 ELSE 1 END, o.due, o.entry LIMIT $2",
        )
        .bind(now.as_micros())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        let waiting = |row: &Row| {
            let failures = id(row.try_get(3)?, "outbox")?;
            let given_up = row.try_get::<&str, _>(4)? == DeliveryStatus::Failed.as_str();
            Ok(Waiting { contact: contact(row, 0)?, call: call(row, 2)?, failures, given_up })
        };
        rows.iter().map(waiting).collect()
    }

    async fn put_off(
        &self,
        call: &Notification,
        contact: ContactId,
        until: Timestamp,
        failures: u32,
        problem: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin_in_turn().await?;
        sqlx::query(
            "UPDATE outbox SET due = $4, tries = $5, problem = $6
             WHERE entry = $1 AND contact = $2 AND made_at = $3 AND state IN ('waiting', 'failed')",
        )
        .bind(bound(call.entry))
        .bind(i64::from(contact.0))
        .bind(call.at.as_micros())
        .bind(until.as_micros())
        .bind(i64::from(failures))
        .bind(problem)
        .execute(&mut *transaction)
        .await?;
        if problem.is_some() {
            note_problem(&mut transaction, contact, problem).await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn drop_call(&self, call: &Notification, contact: ContactId) -> Result<(), StoreError> {
        let mut transaction = self.begin_in_turn().await?;
        end(&mut transaction, call, contact, DeliveryStatus::Dropped, None).await?;
        sqlx::query(
            "UPDATE outbox SET due = $3 WHERE entry = $1 AND contact = $2 AND state = 'failed'",
        )
        .bind(bound(call.entry))
        .bind(i64::from(contact.0))
        .bind(NEVER)
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }
}
