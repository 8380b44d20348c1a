//! Looking back over a period.

use async_trait::async_trait;
use commands::{figures::PastIncident, reading::HistoryFilter};
use domain::{
    id::IncidentNumber,
    incident::Incident,
    journal::{Entry, Event},
    name::BadName,
    severity::Severity,
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
    unit::Unit,
};

use super::{
    Database, history, packed,
    read::{blind_spans, entry, incidents},
    similar,
};
use crate::store::{
    error::StoreError,
    past::{Bucket, ComparedIncident, NamedSeries, Past, StoredSeries, UnseenTimes},
    rollup::RollupStep,
    rows::{self, bound},
};

/// So many entries of an incident are read at a time: most became critical with one of the first.
const ENTRIES_AT_ONCE: u32 = 50;

/// The severity that an entry tells of its incident.
fn severity_of(entry: &Entry) -> Option<Severity> {
    match &entry.event {
        Some(Event::IncidentOpened { incident }) => Some(incident.severity),
        Some(Event::BreachJoined { breach, .. } | Event::BreachChanged { breach, .. }) => {
            Some(breach.severity)
        }
        _ => None,
    }
}

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

    async fn last_hours(&self) -> Result<Vec<(Subject, Signal, Timestamp)>, StoreError> {
        type Found = (String, String, Option<i64>, Option<i64>);
        let rows: Vec<Found> = sqlx::query_as(
            "SELECT s.subject, s.signal,
                 (SELECT MAX(start) FROM rollup WHERE series = s.id AND step = $1),
                 (SELECT MAX(last) FROM rollup_block WHERE series = s.id AND step = $1)
             FROM series s ORDER BY s.subject, s.signal",
        )
        .bind(RollupStep::Hour.code())
        .fetch_all(&self.readers)
        .await?;
        let heard = |(subject, signal, hour, packed): Found| {
            let last = Timestamp::from_micros(hour.max(packed)?);
            let named = rows::series(&subject, &signal);
            Some(named.map(|(subject, signal)| (subject, signal, last)))
        };
        rows.into_iter().filter_map(heard).collect()
    }

    async fn series(
        &self,
        subject: &Subject,
        signal: &Signal,
    ) -> Result<Option<StoredSeries>, StoreError> {
        type Found = (String, Option<i64>, Option<i64>, Option<i64>, Option<i64>);
        let row: Option<Found> = sqlx::query_as(
            "SELECT s.unit,
                 (SELECT MAX(start) FROM rollup WHERE series = s.id AND step = $3),
                 (SELECT MAX(start) FROM rollup WHERE series = s.id AND step = $4),
                 (SELECT MAX(last) FROM rollup_block WHERE series = s.id AND step = $3),
                 (SELECT MAX(last) FROM rollup_block WHERE series = s.id AND step = $4)
             FROM series s WHERE s.subject = $1 AND s.signal = $2",
        )
        .bind(subject.as_str())
        .bind(signal.as_str())
        .bind(RollupStep::Minute.code())
        .bind(RollupStep::Hour.code())
        .fetch_optional(&self.readers)
        .await?;
        let Some((unit, minute, hour, packed_minute, packed_hour)) = row else { return Ok(None) };
        let last_at = [minute, hour, packed_minute, packed_hour].into_iter().flatten().max();
        let unit = unit.parse::<Unit>().map_err(|error| {
            StoreError::inconsistent("series", format!("{subject} {signal}"), error)
        })?;
        Ok(Some(StoredSeries { unit, last_at: last_at.map(Timestamp::from_micros) }))
    }

    async fn buckets(
        &self,
        subject: &Subject,
        signal: &Signal,
        rollups: RollupStep,
        range: (Timestamp, Timestamp),
        width: Span,
    ) -> Result<Vec<Bucket>, StoreError> {
        packed::buckets(self, (subject, signal), rollups, range, width).await
    }

    async fn pack(&self, now: Timestamp, most: u32) -> Result<u32, StoreError> {
        packed::pack(self, now, most).await
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

    async fn active_at(
        &self,
        filter: &HistoryFilter,
        at: Timestamp,
        limit: u32,
    ) -> Result<Vec<PastIncident>, StoreError> {
        history::active_at(self, filter, at, limit).await
    }

    async fn critical_since(
        &self,
        number: IncidentNumber,
    ) -> Result<Option<Timestamp>, StoreError> {
        let mut after = 0;
        loop {
            let rows = sqlx::query(
                "SELECT number, at_micros, actor, payload FROM journal
                 WHERE incident = $1 AND number > $2 AND payload IS NOT NULL
                     AND kind IN ('incident_opened', 'breach_joined', 'breach_changed')
                 ORDER BY number LIMIT $3",
            )
            .bind(i64::from(number.0))
            .bind(bound(after))
            .bind(i64::from(ENTRIES_AT_ONCE))
            .fetch_all(&self.readers)
            .await?;
            for row in &rows {
                let entry = entry(row)?;
                if severity_of(&entry) == Some(Severity::Critical) {
                    return Ok(Some(entry.at));
                }
                after = entry.number;
            }
            if rows.len() < ENTRIES_AT_ONCE as usize {
                return Ok(None);
            }
        }
    }

    async fn unseen_times(&self, limit: u32) -> Result<UnseenTimes, StoreError> {
        let spans = blind_spans(&self.readers, limit).await?;
        let is_cut = spans.len() >= limit as usize;
        let known_from = spans.last().filter(|_| is_cut).map(|span| span.to);
        Ok(UnseenTimes { spans, known_from })
    }

    async fn compared(
        &self,
        number: IncidentNumber,
    ) -> Result<Option<ComparedIncident>, StoreError> {
        similar::compared(self, number).await
    }

    async fn alike(
        &self,
        number: IncidentNumber,
        problems: &[String],
        words: &[String],
    ) -> Result<Vec<ComparedIncident>, StoreError> {
        similar::alike(self, number, problems, words).await
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
