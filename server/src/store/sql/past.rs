//! Looking back over a period.

use async_trait::async_trait;
use domain::{
    incident::Incident,
    journal::Entry,
    name::BadName,
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
    unit::Unit,
};

use super::{
    Database,
    read::{entry, incidents},
};
use crate::store::{
    error::StoreError,
    past::{Bucket, NamedSeries, Past, StoredSeries},
    rollup::RollupStep,
    rows::{self, bound},
};

#[async_trait]
impl Past for Database {
    async fn all_series(&self) -> Result<Vec<NamedSeries>, StoreError> {
        let rows: Vec<(String, String, String)> =
            sqlx::query_as("SELECT subject, signal, unit FROM series ORDER BY subject, signal")
                .fetch_all(&self.readers)
                .await?;
        let named = |(subject, signal, unit): (String, String, String)| {
            let wrong = |error: BadName| {
                StoreError::inconsistent("series", format!("{subject} {signal}"), error)
            };
            Ok(NamedSeries {
                subject: subject.parse().map_err(wrong)?,
                signal: signal.parse().map_err(wrong)?,
                unit: unit.parse().map_err(wrong)?,
            })
        };
        rows.into_iter().map(named).collect()
    }

    async fn series(
        &self,
        subject: &Subject,
        signal: &Signal,
    ) -> Result<Option<StoredSeries>, StoreError> {
        let row: Option<(String, Option<i64>, Option<i64>)> = sqlx::query_as(
            "SELECT s.unit,
                 (SELECT MAX(start) FROM rollup WHERE series = s.id AND step = $3),
                 (SELECT MAX(start) FROM rollup WHERE series = s.id AND step = $4)
             FROM series s WHERE s.subject = $1 AND s.signal = $2",
        )
        .bind(subject.as_str())
        .bind(signal.as_str())
        .bind(RollupStep::Minute.code())
        .bind(RollupStep::Hour.code())
        .fetch_optional(&self.readers)
        .await?;
        let Some((unit, minute, hour)) = row else { return Ok(None) };
        let unit = unit.parse::<Unit>().map_err(|error| {
            StoreError::inconsistent("series", format!("{subject} {signal}"), error)
        })?;
        Ok(Some(StoredSeries { unit, last_at: minute.max(hour).map(Timestamp::from_micros) }))
    }

    async fn buckets(
        &self,
        subject: &Subject,
        signal: &Signal,
        rollups: RollupStep,
        (from, to): (Timestamp, Timestamp),
        width: Span,
    ) -> Result<Vec<Bucket>, StoreError> {
        let width = bound(width.as_micros()).max(1);
        // The primary key of the roll-ups begins with series, step and start.
        let rows: Vec<(i64, f64, f64, f64, i64)> = sqlx::query_as(
            "SELECT r.start / $6, MIN(r.min), SUM(r.mean * r.count) / CAST(SUM(r.count) AS DOUBLE PRECISION), MAX(r.max),
                 CAST(SUM(r.count) AS BIGINT)
             FROM rollup r
             WHERE r.series = (SELECT id FROM series WHERE subject = $1 AND signal = $2)
                 AND r.step = $3 AND r.start >= $4 AND r.start < $5
             GROUP BY r.start / $6 ORDER BY 1",
        )
        .bind(subject.as_str())
        .bind(signal.as_str())
        .bind(rollups.code())
        .bind(from.as_micros())
        .bind(to.as_micros())
        .bind(width)
        .fetch_all(&self.readers)
        .await?;
        let bucket = |(place, min, mean, max, count): (i64, f64, f64, f64, i64)| Bucket {
            start: Timestamp::from_micros(place.saturating_mul(width)),
            min,
            mean,
            max,
            count: u64::try_from(count).unwrap_or(0),
        };
        Ok(rows.into_iter().map(bucket).collect())
    }

    async fn incidents_about(
        &self,
        subject: &Subject,
        (from, to): (Timestamp, Timestamp),
        limit: u32,
    ) -> Result<Vec<Incident>, StoreError> {
        // Both parts of the inner query are answered by the index of `resolved_at`.
        let rows = sqlx::query(
            r"SELECT number, body FROM incident
              WHERE number IN (SELECT number FROM incident WHERE resolved_at IS NULL
                               UNION ALL SELECT number FROM incident WHERE resolved_at >= $1)
                  AND opened_at < $2 AND subjects LIKE $3 ESCAPE '\'
              ORDER BY number DESC LIMIT $4",
        )
        .bind(from.as_micros())
        .bind(to.as_micros())
        .bind(rows::subject_beginning(subject.as_str()))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        let mut found = incidents(&rows)?;
        found.retain(|one| one.subjects().contains(&subject));
        Ok(found)
    }

    async fn changes_reported(
        &self,
        (from, to): (Timestamp, Timestamp),
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let rows = sqlx::query(
            "SELECT number, at_micros, actor, payload FROM journal
             WHERE kind = 'change_reported' AND at_micros >= $1 AND at_micros < $2 AND payload IS NOT NULL
             ORDER BY number DESC LIMIT $3",
        )
        .bind(from.as_micros())
        .bind(to.as_micros())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(entry).collect()
    }
}
