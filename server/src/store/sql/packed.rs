//! Blocks of history: reading them with the rows beside them, and packing.

use domain::{
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
    unit::Unit,
};

use super::{Connection, Database};
use crate::store::{
    block::Point,
    error::StoreError,
    packed::{self, Block, Value},
    past::Bucket,
    rollup::{HeardSlot, Rollup, RollupStep},
    rows,
};

/// A row of `rollup` without its key, or of `rollup_block` with its body.
type StoredRow = (i64, f64, f64, f64, f64, i64, Option<Vec<u8>>);

fn value(row: &StoredRow) -> Value {
    let &(start, min, max, mean, last, count, _) = row;
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    (start, Point { slot: 0, min, max, mean, last, count })
}

/// The handling of a block that can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damaged {
    /// As a gap, named in the log: what is around it is shown.
    Missing,
    /// As an error: what is written anew must hold all that was there.
    Refused,
}

/// The values of rows and blocks between two moments.
fn put_together(
    step: RollupStep,
    rows: &[StoredRow],
    (from, to): (i64, i64),
    damaged: Damaged,
) -> Result<Vec<Value>, StoreError> {
    let mut values = Vec::with_capacity(rows.len());
    for (start, .., body) in rows {
        let Some(body) = body else { continue };
        match (packed::unpacked(step, *start, body), damaged) {
            (Ok(unpacked), _) => values.extend(unpacked),
            (Err(error), Damaged::Refused) => return Err(error),
            (Err(error), Damaged::Missing) => {
                tracing::error!(%error, "a block of history is damaged: its values are missing");
            }
        }
    }
    let in_rows = rows.iter().filter(|(.., body)| body.is_none()).map(value);
    values.extend(in_rows.filter(|(_, point)| point.count > 0));
    values.retain(|(at, _)| (from..to).contains(at));
    Ok(packed::joined(values))
}

/// The values of a series between two moments, oldest first. One statement reads rows and blocks, so
/// that what is packed meanwhile is seen once.
pub(super) async fn values(
    database: &Database,
    (subject, signal): (&Subject, &Signal),
    step: RollupStep,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<Value>, StoreError> {
    let rows: Vec<StoredRow> = sqlx::query_as(
        "SELECT b.start AS start, CAST(0 AS DOUBLE PRECISION) AS min, CAST(0 AS DOUBLE PRECISION) AS max,
             CAST(0 AS DOUBLE PRECISION) AS mean, CAST(0 AS DOUBLE PRECISION) AS last, CAST(0 AS BIGINT) AS count, b.body AS body
         FROM rollup_block b
         WHERE b.series = (SELECT id FROM series WHERE subject = $1 AND signal = $2)
             AND b.step = $3 AND b.start >= $4 AND b.start < $6
         UNION ALL
         SELECT r.start, r.min, r.max, r.mean, r.last, r.count, NULL
         FROM rollup r
         WHERE r.series = (SELECT id FROM series WHERE subject = $1 AND signal = $2)
             AND r.step = $3 AND r.start >= $5 AND r.start < $6",
    )
    .bind(subject.as_str())
    .bind(signal.as_str())
    .bind(step.code())
    .bind(packed::period_of(step, from.as_micros()))
    .bind(from.as_micros())
    .bind(to.as_micros())
    .fetch_all(&database.readers)
    .await?;
    let range = (from.as_micros(), to.as_micros());
    // A quarter of minutes is some 30 ms of work: no answer may wait for it.
    let read =
        tokio::task::spawn_blocking(move || put_together(step, &rows, range, Damaged::Missing));
    read.await.map_err(|error| StoreError::inconsistent("rollup_block", subject, error))?
}

/// The unit of a series, if it was ever stored.
pub(super) async fn unit(
    database: &Database,
    (subject, signal): (&Subject, &Signal),
) -> Result<Option<Unit>, StoreError> {
    let unit: Option<String> =
        sqlx::query_scalar("SELECT unit FROM series WHERE subject = $1 AND signal = $2")
            .bind(subject.as_str())
            .bind(signal.as_str())
            .fetch_optional(&database.readers)
            .await?;
    let row = || format!("{subject} {signal}");
    let read = |unit: String| {
        unit.parse::<Unit>().map_err(|error| StoreError::inconsistent("series", row(), error))
    };
    unit.map(read).transpose()
}

/// The minutes in blocks that were heard between two moments: none where these are of the last day.
pub(super) async fn heard(
    database: &Database,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<HeardSlot>, StoreError> {
    let step = RollupStep::Minute;
    let blocks: Vec<(String, String, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT s.subject, s.signal, b.start, b.body FROM rollup_block b JOIN series s ON s.id = b.series
         WHERE b.step = $1 AND b.last >= $2 AND b.first < $3",
    )
    .bind(step.code())
    .bind(from.as_micros())
    .bind(to.as_micros())
    .fetch_all(&database.readers)
    .await?;
    let mut found = Vec::new();
    for (subject, signal, start, body) in blocks {
        let (subject, signal) = rows::series(&subject, &signal)?;
        let values = packed::unpacked(step, start, &body)?;
        let slots = packed::heard(&values, (from.as_micros(), to.as_micros()));
        found.extend(slots.into_iter().map(|(slot, minutes)| HeardSlot {
            subject: subject.clone(),
            signal: signal.clone(),
            slot,
            minutes,
        }));
    }
    Ok(found)
}

/// The series of which minutes are packed since a moment and which have fewer hours than make
/// something usual, with the median of all their minutes since then.
pub(super) async fn usual(
    database: &Database,
    since: Timestamp,
    (hours, minutes): (i64, i64),
) -> Result<Vec<(Subject, Signal, f64)>, StoreError> {
    let series: Vec<(String, String)> = sqlx::query_as(
        "SELECT s.subject, s.signal FROM series s
         WHERE EXISTS (SELECT 1 FROM rollup_block b WHERE b.series = s.id AND b.step = $1 AND b.last >= $2)
             AND (SELECT COUNT(*) FROM rollup r WHERE r.series = s.id AND r.step = $3 AND r.start >= $2) < $4",
    )
    .bind(RollupStep::Minute.code())
    .bind(since.as_micros())
    .bind(RollupStep::Hour.code())
    .bind(hours)
    .fetch_all(&database.readers)
    .await?;
    let mut usual = Vec::new();
    for (subject, signal) in series {
        let (subject, signal) = rows::series(&subject, &signal)?;
        let range = (since, Timestamp::from_micros(i64::MAX));
        let values = values(database, (&subject, &signal), RollupStep::Minute, range).await?;
        let is_enough = i64::try_from(values.len()).is_ok_and(|count| count >= minutes);
        let means = values.iter().map(|(_, point)| point.mean).collect();
        if let Some(median) = packed::median(means).filter(|_| is_enough) {
            usual.push((subject, signal, median));
        }
    }
    Ok(usual)
}

/// Packs the periods of which nothing is wanted as rows any more, the oldest first and at most
/// `most`; returns how many. Each is one transaction.
pub(super) async fn pack(
    database: &Database,
    now: Timestamp,
    most: u32,
) -> Result<u32, StoreError> {
    // For each series and step one look at the beginning of its rows.
    let oldest: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT c.series, c.step, c.start FROM (
             SELECT s.id AS series, CAST($1 AS BIGINT) AS step,
                 (SELECT MIN(r.start) FROM rollup r WHERE r.series = s.id AND r.step = $1) AS start FROM series s
             UNION ALL
             SELECT s.id, CAST($2 AS BIGINT),
                 (SELECT MIN(r.start) FROM rollup r WHERE r.series = s.id AND r.step = $2) FROM series s
         ) c WHERE (c.step = $1 AND c.start < $3) OR (c.step = $2 AND c.start < $4)
         ORDER BY c.start, c.series LIMIT $5",
    )
    .bind(RollupStep::Minute.code())
    .bind(RollupStep::Hour.code())
    .bind(packed::packed_before(RollupStep::Minute, now))
    .bind(packed::packed_before(RollupStep::Hour, now))
    .bind(i64::from(most))
    .fetch_all(&database.readers)
    .await?;
    let mut packed = 0;
    for (series, step, start) in oldest {
        let Some(step) = RollupStep::from_code(step) else { continue };
        match pack_one(database, series, step, packed::period_of(step, start)).await {
            Ok(()) => packed += 1,
            // The rows stay, and are read as they are.
            Err(error @ StoreError::Inconsistent { .. }) => {
                tracing::error!(%error, series, "history could not be packed");
            }
            Err(error) => return Err(error),
        }
    }
    database.give_back().await?;
    Ok(packed)
}

/// Moves the rows of one period into its block, which may be there already. All of it or nothing:
/// who reads sees each roll-up once at any moment, and a kill leaves one of both.
async fn pack_one(
    database: &Database,
    series: i64,
    step: RollupStep,
    start: i64,
) -> Result<(), StoreError> {
    let mut transaction = database.begin().await?;
    let mut rows: Vec<StoredRow> = sqlx::query_as(
        "DELETE FROM rollup WHERE series = $1 AND step = $2 AND start >= $3 AND start < $4
         RETURNING start, min, max, mean, last, count, NULL",
    )
    .bind(series)
    .bind(step.code())
    .bind(start)
    .bind(start.saturating_add(rows::bound(step.period().as_micros())))
    .fetch_all(&mut *transaction)
    .await?;
    // Taken out and put back: whoever did the same meanwhile makes the second one fail.
    let body: Option<Vec<u8>> = sqlx::query_scalar(
        "DELETE FROM rollup_block WHERE series = $1 AND step = $2 AND start = $3 RETURNING body",
    )
    .bind(series)
    .bind(step.code())
    .bind(start)
    .fetch_optional(&mut *transaction)
    .await?;
    if let Some(body) = body {
        rows.push((start, 0.0, 0.0, 0.0, 0.0, 0, Some(body)));
    }
    let values = put_together(step, &rows, (i64::MIN, i64::MAX), Damaged::Refused)?;
    if !values.is_empty() {
        let block = Block::pack(step, start, &values).ok_or_else(|| {
            StoreError::inconsistent("rollup", series, "a roll-up is outside of its period")
        })?;
        write_block(&mut transaction, series, &block).await?;
    }
    Ok(transaction.commit().await?)
}

/// Writes roll-ups of one series as blocks, of periods of which none is there yet.
pub(super) async fn write_history(
    connection: &mut Connection,
    series: i64,
    history: &[Rollup],
) -> Result<(), StoreError> {
    let period = |one: &Rollup| packed::period_of(one.step, one.start.as_micros());
    let is_same =
        |one: &Rollup, other: &Rollup| one.step == other.step && period(one) == period(other);
    for part in history.chunk_by(is_same) {
        let Some(first) = part.first() else { continue };
        let values: Vec<Value> = part.iter().map(packed::value_of).collect();
        let block = Block::pack(first.step, period(first), &values).ok_or_else(|| {
            StoreError::inconsistent("rollup", series, "a roll-up is outside of its period")
        })?;
        write_block(connection, series, &block).await?;
    }
    Ok(())
}

/// Writes a block of which none is there yet.
pub(super) async fn write_block(
    connection: &mut Connection,
    series: i64,
    block: &Block,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO rollup_block (series, step, start, first, last, body)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(series)
    .bind(block.step.code())
    .bind(block.start.as_micros())
    .bind(block.first.as_micros())
    .bind(block.last.as_micros())
    .bind(&block.body[..])
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes the blocks of which every roll-up is older than it is kept, at most so many at once.
/// Returns how many.
pub(super) async fn prune(
    database: &Database,
    now: Timestamp,
    at_once: i64,
) -> Result<u64, StoreError> {
    let mut removed = 0;
    for step in [RollupStep::Minute, RollupStep::Hour] {
        loop {
            let mut transaction = database.begin().await?;
            let batch = sqlx::query(
                "DELETE FROM rollup_block WHERE (series, step, start) IN
                     (SELECT series, step, start FROM rollup_block WHERE step = $1 AND last < $2 LIMIT $3)",
            )
            .bind(step.code())
            .bind(now.minus(step.kept()).as_micros())
            .bind(at_once)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            transaction.commit().await?;
            removed += batch;
            if batch < at_once.unsigned_abs() {
                break;
            }
        }
    }
    Ok(removed)
}

/// The values of a series in steps of a width, oldest first.
pub(super) async fn buckets(
    database: &Database,
    series: (&Subject, &Signal),
    step: RollupStep,
    range: (Timestamp, Timestamp),
    width: Span,
) -> Result<Vec<Bucket>, StoreError> {
    let values = values(database, series, step, range).await?;
    Ok(packed::buckets(&values, width))
}
