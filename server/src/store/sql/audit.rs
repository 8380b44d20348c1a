//! The journal's audit and the share links.

use async_trait::async_trait;
use commands::{
    audit::{AuditAuthor, AuditFilter, AuditGroup},
    sharing::Share,
};
use domain::{
    hash::Hash,
    id::{IncidentNumber, ShareId},
    journal::{Entry, StoredEntry},
    time::Timestamp,
};
use sqlx::{AssertSqlSafe, Row as _};

use super::{
    Database, RETIRED, Row, access,
    change::change,
    read::{STORED, stored},
    shares::{SHARE, share},
};
use crate::store::{
    audit::Trail,
    change::{Beside, Change},
    error::StoreError,
    rows::{self, bound, number_of_row},
};

/// Number of columns of [`STORED`].
const STORED_COLUMNS: usize = 9;
/// The parameters before those of a group's kinds.
const PARAMETERS: usize = 9;

/// The statement of a filter: only what narrows stands in it, so that the database can choose an
/// index. It is made of constants and of numbers of parameters.
fn statement(filter: &AuditFilter, kinds: usize) -> String {
    let mut statement = format!(
        "SELECT {STORED}, (SELECT earlier.hash FROM journal AS earlier WHERE earlier.number = journal.number - 1)
         FROM journal WHERE number < $1 AND number > 0"
    );
    for (is_asked, condition) in [
        (matches!(filter.actor, Some(AuditAuthor::One(_))), "actor = $2"),
        (filter.actor == Some(AuditAuthor::CalmOps), "actor IN ('agent', 'system')"),
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
    if let Some(group) = filter.group {
        let numbers: Vec<String> =
            (PARAMETERS + 1..=PARAMETERS + kinds).map(|number| format!("${number}")).collect();
        // Most entries are about incidents: the newest of them are found soonest by looking at each,
        // and not by the index of kinds.
        let kind = if group == AuditGroup::Incidents { "kind || ''" } else { "kind" };
        statement.push_str(&format!(" AND {kind} IN ({})", numbers.join(", ")));
    }
    // Each parameter stands somewhere, so that its type is known.
    statement.push_str(
        " AND CAST($2 AS TEXT) IS NOT NULL AND CAST($3 AS TEXT) IS NOT NULL AND CAST($4 AS BIGINT) IS NOT NULL
          AND CAST($5 AS BIGINT) IS NOT NULL AND CAST($6 AS BIGINT) IS NOT NULL AND CAST($7 AS TEXT) IS NOT NULL
          AND CAST($8 AS TEXT) IS NOT NULL ORDER BY number DESC LIMIT $9",
    );
    statement
}

/// The subject that is looked for, if anything is.
fn subject(filter: &AuditFilter) -> Option<&str> {
    filter.subject.as_deref().map(str::trim).filter(|subject| !subject.is_empty())
}

/// An entry with the hash of the one before it.
fn with_hash_before(row: &Row) -> Result<(StoredEntry, Option<Hash>), StoreError> {
    let entry = stored(row)?;
    let before: Option<Vec<u8>> = row.try_get(STORED_COLUMNS)?;
    let before = match (entry.number, before) {
        (1, _) => Some(Hash::GENESIS),
        (_, before) => before.and_then(|bytes| rows::hash(&bytes)),
    };
    Ok((entry, before))
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
    ) -> Result<Vec<(StoredEntry, Option<Hash>)>, StoreError> {
        let looked_for = subject(filter).unwrap_or_default();
        let kinds: Vec<&str> = filter.group.into_iter().flat_map(AuditGroup::kinds).collect();
        let query = sqlx::query(AssertSqlSafe(statement(filter, kinds.len())))
            .bind(filter.before.map_or(i64::MAX, bound))
            .bind(filter.actor.map(|actor| actor.to_string()).unwrap_or_default())
            .bind(filter.kind.clone().unwrap_or_default())
            .bind(filter.incident.map_or(0, |number| i64::from(number.0)))
            .bind(filter.from.map_or(0, Timestamp::as_micros))
            .bind(filter.to.map_or(0, Timestamp::as_micros))
            .bind(rows::subject_beginning(looked_for))
            .bind(rows::containing(&format!("\"subject\":{}", rows::json_beginning(looked_for))))
            .bind(i64::from(limit));
        let query = kinds.into_iter().fold(query, sqlx::query::Query::bind);
        query.fetch_all(&self.readers).await?.iter().map(with_hash_before).collect()
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
        let Some(stored) = row.as_ref().map(share).transpose()? else { return Ok(None) };
        Ok(access::share(self, &stored).await?.filter(|share| share.is_open(now)))
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
