//! Backup and restore.

use async_trait::async_trait;
use domain::{
    error::DatabaseFault, hash::Head, id::IncidentNumber, incident::Incident, journal::seal,
};

use super::{
    Database, organizations,
    read::{lock_head, set_meta},
    write::{salt, write_entry, write_incident, write_row},
    write_rollups,
};
use crate::store::{
    Archive, Filling, Item,
    error::StoreError,
    organizations::KINDS,
    rollup::{self, Rollup},
    rows::{self, RollupRow},
};

#[async_trait]
impl Archive for Database {
    async fn rollup_page(
        &self,
        after: Option<(i64, i64, i64)>,
        limit: u32,
    ) -> Result<Vec<((i64, i64, i64), Rollup)>, StoreError> {
        let (series, step, start) = after.unwrap_or((-1, 0, 0));
        let rows: Vec<RollupRow> = sqlx::query_as(
            "SELECT r.series, s.subject, s.signal, s.unit, r.step, r.start, r.min, r.max, r.mean, r.last, r.count
             FROM rollup r JOIN series s ON s.id = r.series
             WHERE (r.series, r.step, r.start) > ($1, $2, $3) ORDER BY r.series, r.step, r.start LIMIT $4",
        )
        .bind(series)
        .bind(step)
        .bind(start)
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(|row| Ok(((row.series, row.step, row.start), row.rollup()?))).collect()
    }

    async fn bundle_numbers(&self) -> Result<Vec<IncidentNumber>, StoreError> {
        let numbers: Vec<i64> = sqlx::query_scalar("SELECT incident FROM bundle ORDER BY incident")
            .fetch_all(&self.readers)
            .await?;
        numbers.into_iter().map(rows::number).collect()
    }

    async fn fill(
        &self,
        epoch: u32,
        incidents: Vec<(Incident, String)>,
        next: Filling<'_>,
    ) -> Result<Head, StoreError> {
        let mut transaction = self.begin().await?;
        let mut head = lock_head(&mut transaction).await?;
        if head.number != 0 {
            return Err(DatabaseFault::NotEmpty.into());
        }
        while let Some(item) = next()? {
            match item {
                Item::Entry(entry) => {
                    write_entry(&mut transaction, &entry).await?;
                    head = Head { number: entry.number, hash: entry.hash };
                    if KINDS.contains(&entry.kind.as_str()) {
                        organizations::carry_out(&mut transaction, &rows::readable(&entry)?)
                            .await?;
                    }
                }
                Item::Row(row) => write_row(&mut transaction, &row).await?,
                Item::Rollups(rollups) => {
                    write_rollups(&mut transaction, &rollup::joined(&rollups)).await?;
                }
                Item::Bundle(number, body) => {
                    sqlx::query("INSERT INTO bundle (incident, body) VALUES ($1, $2)")
                        .bind(i64::from(number.0))
                        .bind(body)
                        .execute(&mut *transaction)
                        .await?;
                }
                Item::Restored { at, actor, event } => {
                    let entry = seal(head, at, actor, &event, salt()?).map_err(|error| {
                        StoreError::inconsistent("journal", head.number + 1, error)
                    })?;
                    write_entry(&mut transaction, &entry).await?;
                    head = Head { number: entry.number, hash: entry.hash };
                }
            }
        }
        for (incident, remarks) in &incidents {
            write_incident(&mut transaction, incident, remarks).await?;
        }
        set_meta(&mut transaction, "epoch", epoch.to_string().as_bytes()).await?;
        self.commit(transaction, head).await?;
        Ok(head)
    }
}
