//! The trail's and the share links' part of the store's body. Like `shared.rs` it is compiled once
//! for each database.

use async_trait::async_trait;
use commands::{
    audit::AuditFilter,
    sharing::{Audience, Parts, Share},
};
use domain::{
    actor::Actor,
    error::Error,
    hash::Hash,
    id::{AccountId, IncidentNumber, ShareId},
    journal::{Entry, Event, StoredEntry},
    time::Timestamp,
};
use sqlx::{AssertSqlSafe, Row as _};

use super::{
    super::{
        Change, StoreError, rows,
        trail::{Beside, Trail},
    },
    Connection, Database, RETIRED, Row,
    shared::{bound, load, number_of_row, stored},
    shared_write::{change, write_incident},
};

const STORED: &str = "number, at_micros, actor, kind, incident, payload_hash, hash, salt, payload";
const SHARE: &str = "id, incident, label, audience, shows_summary, shows_timeline, shows_now, shows_hosts, made_by, made_at, until, \
                     revoked_at, last_used_at, views";

fn share(row: &Row) -> Result<Share, StoreError> {
    let id: i64 = row.try_get(0)?;
    let bad = |problem: &str| StoreError::inconsistent("share", id, problem);
    let shown = |index: usize| Ok::<_, sqlx::Error>(row.try_get::<i64, _>(index)? != 0);
    let moment = |index: usize| {
        Ok::<_, sqlx::Error>(row.try_get::<Option<i64>, _>(index)?.map(Timestamp::from_micros))
    };
    Ok(Share {
        id: ShareId(u32::try_from(id).map_err(|_| bad("its id is no number of one"))?),
        incident: rows::number(row.try_get(1)?)?,
        label: row.try_get(2)?,
        audience: Audience::named(row.try_get(3)?)
            .ok_or_else(|| bad("its audience is not known"))?,
        parts: Parts { summary: shown(4)?, timeline: shown(5)?, now: shown(6)? },
        hosts: shown(7)?,
        made_by: row
            .try_get::<&str, _>(8)?
            .parse()
            .map_err(|_| bad("who made it can't be read"))?,
        made_at: Timestamp::from_micros(row.try_get(9)?),
        until: Timestamp::from_micros(row.try_get(10)?),
        revoked_at: moment(11)?,
        last_used_at: moment(12)?,
        views: number_of_row(row.try_get(13)?, "share")?,
    })
}

/// Writes the row of a new link.
pub(super) async fn write_share(
    connection: &mut Connection,
    id: ShareId,
    entry: &Entry,
    beside: &Beside,
) -> Result<(), StoreError> {
    let Beside::Share { incident, wanted, token_hash } = beside else { return Ok(()) };
    let shown = i64::from;
    sqlx::query(
        "INSERT INTO share (id, incident, label, audience, shows_summary, shows_timeline, shows_now, shows_hosts, token_hash, made_by,
             made_at, until)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(i64::from(id.0))
    .bind(i64::from(incident.0))
    .bind(&wanted.label)
    .bind(wanted.audience.as_str())
    .bind(shown(wanted.parts.summary))
    .bind(shown(wanted.parts.timeline))
    .bind(shown(wanted.parts.now))
    .bind(shown(wanted.hosts))
    .bind(&token_hash.0[..])
    .bind(entry.actor.to_string())
    .bind(entry.at.as_micros())
    .bind(wanted.until.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

/// What ends the links that someone made and that are open still.
pub(super) async fn ends_of_links(
    connection: &mut Connection,
    made_by: AccountId,
    now: Timestamp,
) -> Result<Vec<Event>, StoreError> {
    let rows = sqlx::query("SELECT id, incident FROM share WHERE made_by = $1 AND revoked_at IS NULL AND until > $2 ORDER BY id")
        .bind(Actor::Account(made_by).to_string())
        .bind(now.as_micros())
        .fetch_all(connection)
        .await?;
    let end = |row: &Row| {
        let id: i64 = row.try_get(0)?;
        let share = u32::try_from(id)
            .map_err(|_| StoreError::inconsistent("share", id, "its id is no number of one"))?;
        Ok(Event::ShareRevoked { incident: rows::number(row.try_get(1)?)?, share: ShareId(share) })
    };
    rows.iter().map(end).collect()
}

/// What else an entry does in its transaction.
pub(super) async fn carry_out(
    connection: &mut Connection,
    entry: &Entry,
) -> Result<(), StoreError> {
    match &entry.event {
        Some(Event::Redacted { entry: number, .. }) => redact(connection, *number).await,
        Some(Event::ShareRevoked { share, .. }) => {
            let changed = sqlx::query(
                "UPDATE share SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
            )
            .bind(i64::from(share.0))
            .bind(entry.at.as_micros())
            .execute(connection)
            .await?
            .rows_affected();
            if changed == 0 {
                return Err(
                    Error::Conflict { problem: "This link was ended already.".to_owned() }.into()
                );
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Takes the content of an entry away, and the words that it brought into its incident's row and
/// into its replay bundle.
async fn redact(connection: &mut Connection, number: u64) -> Result<(), StoreError> {
    let row = sqlx::query(AssertSqlSafe(format!("SELECT {STORED} FROM journal WHERE number = $1")))
        .bind(bound(number))
        .fetch_optional(&mut *connection)
        .await?;
    let entry = row.as_ref().map(stored).transpose()?;
    let Some(entry) = entry.filter(|entry| entry.payload.is_some()) else {
        return Err(Error::Conflict {
            problem: format!("The content of entry {number} is removed already."),
        }
        .into());
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
    let rows = sqlx::query(
        "SELECT number, at_micros, actor, payload FROM journal
         WHERE incident = $1 AND kind IN ('commented', 'resolved', 'reopened') AND payload IS NOT NULL ORDER BY number",
    )
    .bind(i64::from(about.0))
    .fetch_all(&mut *connection)
    .await?;
    let mut remarks = String::new();
    for row in &rows {
        let entry = super::shared::entry(row)?;
        remarks.push_str(&entry.event.as_ref().and_then(rows::remark).unwrap_or_default());
    }
    sqlx::query("UPDATE incident SET remarks = $2 WHERE number = $1")
        .bind(i64::from(about.0))
        .bind(remarks)
        .execute(connection)
        .await?;
    Ok(())
}

/// The statement of a filter: only what narrows stands in it, so that the database can choose an
/// index.
fn statement(filter: &AuditFilter) -> String {
    let mut statement = format!("SELECT {STORED} FROM journal WHERE number < $1 AND number > 0");
    for (is_asked, condition) in [
        (filter.actor.is_some(), "actor = $2"),
        (filter.kind.is_some(), "kind = $3"),
        (filter.incident.is_some(), "incident = $4"),
        (filter.from.is_some(), "at_micros >= $5"),
        (filter.to.is_some(), "at_micros < $6"),
        (subject(filter).is_some(), RETIRED),
    ] {
        if is_asked {
            statement.push_str(" AND ");
            statement.push_str(condition);
        }
    }
    // Each parameter stands somewhere, so that its type is known.
    statement.push_str(
        " AND CAST($2 AS TEXT) IS NOT NULL AND CAST($3 AS TEXT) IS NOT NULL AND CAST($4 AS BIGINT) IS NOT NULL
          AND CAST($5 AS BIGINT) IS NOT NULL AND CAST($6 AS BIGINT) IS NOT NULL AND CAST($7 AS TEXT) IS NOT NULL
          AND CAST($8 AS TEXT) IS NOT NULL ORDER BY number DESC LIMIT $9",
    );
    statement
}

/// What is looked for, if anything is.
fn subject(filter: &AuditFilter) -> Option<&str> {
    filter.subject.as_deref().map(str::trim).filter(|subject| !subject.is_empty())
}

#[async_trait]
impl Trail for Database {
    async fn change_with(&self, made: Change, beside: Beside) -> Result<Vec<Entry>, StoreError> {
        change(self, made, beside).await
    }

    async fn trail(
        &self,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        let looked_for = subject(filter).unwrap_or_default();
        let rows = sqlx::query(AssertSqlSafe(statement(filter)))
            .bind(filter.before.map_or(i64::MAX, bound))
            .bind(filter.actor.map(|actor| actor.to_string()).unwrap_or_default())
            .bind(filter.kind.clone().unwrap_or_default())
            .bind(filter.incident.map_or(0, |number| i64::from(number.0)))
            .bind(filter.from.map_or(0, Timestamp::as_micros))
            .bind(filter.to.map_or(0, Timestamp::as_micros))
            .bind(rows::subject_beginning(looked_for))
            .bind(rows::containing(&format!("\"subject\":{}", rows::json_beginning(looked_for))))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(stored).collect()
    }

    async fn stored_entry(&self, number: u64) -> Result<Option<StoredEntry>, StoreError> {
        let row =
            sqlx::query(AssertSqlSafe(format!("SELECT {STORED} FROM journal WHERE number = $1")))
                .bind(bound(number))
                .fetch_optional(&self.readers)
                .await?;
        row.as_ref().map(stored).transpose()
    }

    async fn first_since(&self, at: Timestamp) -> Result<Option<u64>, StoreError> {
        let number: Option<i64> =
            sqlx::query_scalar("SELECT MIN(number) FROM journal WHERE at_micros >= $1")
                .bind(at.as_micros())
                .fetch_one(&self.readers)
                .await?;
        number.map(|number| number_of_row(number, "journal")).transpose()
    }

    async fn shares(&self, incident: IncidentNumber, limit: u32) -> Result<Vec<Share>, StoreError> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT {SHARE} FROM share WHERE incident = $1 ORDER BY id DESC LIMIT $2"
        )))
        .bind(i64::from(incident.0))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(share).collect()
    }

    async fn share(&self, id: ShareId) -> Result<Option<Share>, StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!("SELECT {SHARE} FROM share WHERE id = $1")))
            .bind(i64::from(id.0))
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(share).transpose()
    }

    async fn opened_by(
        &self,
        token_hash: Hash,
        now: Timestamp,
    ) -> Result<Option<Share>, StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!(
            "SELECT {SHARE} FROM share WHERE token_hash = $1 AND revoked_at IS NULL AND until > $2"
        )))
        .bind(&token_hash.0[..])
        .bind(now.as_micros())
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(share).transpose()
    }

    async fn share_used(&self, id: ShareId, at: Timestamp, opened: bool) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("UPDATE share SET last_used_at = $2, views = views + $3 WHERE id = $1")
            .bind(i64::from(id.0))
            .bind(at.as_micros())
            .bind(i64::from(opened))
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }
}
