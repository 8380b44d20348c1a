//! Backup and restore.

use async_trait::async_trait;
use domain::{
    error::DatabaseFault, hash::Head, id::IncidentNumber, incident::Incident, journal::seal,
    name::BadName, signal::Signal, subject::Subject, time::Timestamp, unit::Unit,
};

use super::{
    Connection, Database, SNAPSHOT, organizations, packed,
    read::{lock_head, set_meta},
    write::{salt, write_entry, write_incident, write_row},
    write_rollups,
};
use crate::store::{
    Archive, Filling, Item,
    begin::begin_with,
    error::StoreError,
    organizations::KINDS,
    packed::{Block, SeriesHistory},
    rollup::{self, Rollup, RollupStep},
    rows::{self, RollupRow},
};

#[async_trait]
impl Archive for Database {
    async fn series_history(&self, after: i64) -> Result<Option<(i64, SeriesHistory)>, StoreError> {
        // Of one moment: what is packed meanwhile is seen once.
        let mut snapshot = begin_with(&self.readers, SNAPSHOT).await?;
        let history = history_after(&mut snapshot, after).await;
        snapshot.rollback().await?;
        history
    }

    async fn write_packed(&self, history: &[Rollup]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        write_packed(&mut transaction, history).await?;
        Ok(transaction.commit().await?)
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
                Item::History(history) => write_packed(&mut transaction, &history).await?,
                Item::Block { subject, signal, unit, block } => {
                    let series = series_key(&mut transaction, (&subject, &signal, &unit)).await?;
                    packed::write_block(&mut transaction, series, &block).await?;
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

/// Writes roll-ups as blocks.
async fn write_packed(connection: &mut Connection, history: &[Rollup]) -> Result<(), StoreError> {
    let is_same =
        |one: &Rollup, other: &Rollup| one.subject == other.subject && one.signal == other.signal;
    for history in history.chunk_by(is_same) {
        let Some(Rollup { subject, signal, unit, .. }) = history.first() else { continue };
        let series = series_key(connection, (subject, signal, unit)).await?;
        packed::write_history(connection, series, history).await?;
    }
    Ok(())
}

/// The key of a series, which is written if there is none yet.
async fn series_key(
    connection: &mut Connection,
    (subject, signal, unit): (&Subject, &Signal, &Unit),
) -> Result<i64, StoreError> {
    let key = sqlx::query_scalar(
        "INSERT INTO series (subject, signal, unit) VALUES ($1, $2, $3)
         ON CONFLICT (subject, signal) DO UPDATE SET unit = excluded.unit RETURNING id",
    )
    .bind(subject.as_str())
    .bind(signal.as_str())
    .bind(unit.as_str())
    .fetch_one(connection)
    .await?;
    Ok(key)
}

/// The series after a key, with its history; a block that is damaged is left out, and named in the
/// log: it must not keep everything else from being saved.
async fn history_after(
    connection: &mut Connection,
    after: i64,
) -> Result<Option<(i64, SeriesHistory)>, StoreError> {
    let found: Option<(i64, String, String, String)> = sqlx::query_as(
        "SELECT id, subject, signal, unit FROM series WHERE id > $1 ORDER BY id LIMIT 1",
    )
    .bind(after)
    .fetch_optional(&mut *connection)
    .await?;
    let Some((series, subject, signal, unit)) = found else { return Ok(None) };
    let rows: Vec<RollupRow> = sqlx::query_as(
        "SELECT s.subject, s.signal, s.unit, r.step, r.start, r.min, r.max, r.mean, r.last, r.count
         FROM rollup r JOIN series s ON s.id = r.series WHERE r.series = $1 ORDER BY r.step, r.start",
    )
    .bind(series)
    .fetch_all(&mut *connection)
    .await?;
    let stored: Vec<(i64, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT step, start, body FROM rollup_block WHERE series = $1 ORDER BY step, start",
    )
    .bind(series)
    .fetch_all(&mut *connection)
    .await?;
    let mut blocks = Vec::with_capacity(stored.len());
    for (step, start, body) in stored {
        let start = Timestamp::from_micros(start);
        let read = RollupStep::from_code(step)
            .ok_or_else(|| format!("{step} is not a step"))
            .and_then(|step| Block::read(step, start, body));
        match read {
            Ok(block) => blocks.push(block),
            Err(error) => {
                tracing::error!(%error, %subject, %signal, %start, "a block of history is damaged, and not in the backup");
            }
        }
    }
    let bad =
        |error: BadName| StoreError::inconsistent("series", format!("{subject} {signal}"), error);
    let rollups = rows.into_iter().map(RollupRow::rollup).collect::<Result<_, _>>()?;
    let unit = unit.parse().map_err(bad)?;
    let (subject, signal) = rows::series(&subject, &signal)?;
    Ok(Some((series, SeriesHistory { subject, signal, unit, blocks, rollups })))
}
