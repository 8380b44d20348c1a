//! The store's queries.

use async_trait::async_trait;
use commands::{
    access_record::StoredAccess, accounts::Accounts, figures::PastIncident, reading::HistoryFilter,
    view::BlindSpan,
};
use domain::{
    hash::Head,
    id::IncidentNumber,
    incident::Incident,
    journal::{Cursor, Entry, Event, StoredEntry},
    long_query::LongQuery,
    signal::Signal,
    snapshot::Snapshot,
    subject::Subject,
    time::{Span, Timestamp},
};
use uuid::Uuid;

use super::{
    Database, SNAPSHOT, access, activity,
    change::change,
    history, long_queries, packed as blocks,
    read::{
        blind_spans, entry, incidents, load, meta, meta_number, position, set_meta, stored,
        with_runs,
    },
    write_rollups,
};
use crate::store::{
    Activity, Opening, QueryCancel, Store,
    audit::Trail,
    begin::begin_with,
    calls::Calls,
    change::{Beside, Change},
    error::StoreError,
    organizations::Organizations,
    packed,
    past::Past,
    rollup::{self, HeardSlot, Rollup, RollupStep},
    rows::{self, IncidentRow, RollupRow, bound},
};

/// The most old roll-ups that are removed at once: a change must not wait long for it.
const PRUNE_BATCH: i64 = 5_000;
/// The most old blocks that are removed at once.
const PRUNE_BLOCKS: i64 = 100;
/// From this many hours on something is usual.
const USUAL_HOURS: i64 = 6;
/// And from this many minutes on, as long as there are not enough hours.
const USUAL_MINUTES: i64 = 30;
/// The most replay bundles that are kept.
const MOST_BUNDLES: i64 = 500;
/// In microseconds.
const MINUTE: i64 = 60_000_000;

#[async_trait]
impl Store for Database {
    async fn opening(&self) -> Result<Opening, StoreError> {
        let mut connection = self.readers.acquire().await?;
        let (cursor, head) = position(&mut connection).await?;
        Ok(Opening {
            cursor,
            head,
            monitor: meta(&mut connection, "monitor").await?,
            alive_at: meta_number(&mut connection, "alive_at").await?.map(Timestamp::from_micros),
            instance: meta(&mut connection, "instance")
                .await?
                .and_then(|text| String::from_utf8(text).ok())
                .ok_or_else(|| StoreError::inconsistent("meta", "instance", "it is not a text"))?,
        })
    }

    async fn leave(&self) {
        self.give_up_serving().await;
    }

    async fn change(&self, made: Change) -> Result<Vec<Entry>, StoreError> {
        change(self, made, Beside::Nothing).await
    }

    async fn save_monitor(
        &self,
        monitor: Option<&[u8]>,
        alive_at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin_in_turn().await?;
        if let Some(monitor) = monitor {
            set_meta(&mut transaction, "monitor", monitor).await?;
        }
        set_meta(&mut transaction, "alive_at", alive_at.as_micros().to_string().as_bytes()).await?;
        Ok(transaction.commit().await?)
    }

    async fn head(&self) -> Result<(Cursor, Head), StoreError> {
        self.position().await
    }

    async fn roster(&self) -> Result<Accounts, StoreError> {
        access::roster(self, &mut *begin_with(&self.readers, SNAPSHOT).await?).await
    }

    async fn stored_access(&self) -> Result<(Cursor, Head, StoredAccess), StoreError> {
        access::stored(self).await
    }

    async fn incident_rows(
        &self,
        after: u32,
        limit: u32,
    ) -> Result<Vec<(Incident, IncidentRow)>, StoreError> {
        access::incident_rows(self, after, limit).await
    }

    async fn file_anew(&self, incidents: &[IncidentNumber]) -> Result<(), StoreError> {
        access::file_anew(self, incidents).await
    }

    async fn seen(&self, seen: &[(&'static str, u32, Timestamp)]) -> Result<(), StoreError> {
        let mut transaction = self.begin_in_turn().await?;
        for (kind, id, at) in seen {
            sqlx::query("UPDATE roster SET seen = $3 WHERE kind = $1 AND id = $2 AND (seen IS NULL OR seen < $3)")
                .bind(*kind)
                .bind(i64::from(*id))
                .bind(at.as_micros())
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn has_owner(&self) -> Result<bool, StoreError> {
        Ok(self.roster().await?.has_owner())
    }

    async fn recent_incidents(
        &self,
        resolved_since: Timestamp,
    ) -> Result<Vec<Incident>, StoreError> {
        let rows = sqlx::query("SELECT number, body FROM incident WHERE resolved_at IS NULL OR resolved_at >= $1 ORDER BY number")
            .bind(resolved_since.as_micros())
            .fetch_all(&self.readers)
            .await?;
        incidents(&rows)
    }

    async fn incidents_with_runs(&self, now: Timestamp) -> Result<Vec<Incident>, StoreError> {
        with_runs(&mut *self.readers.acquire().await?, now).await
    }

    async fn ended_about(
        &self,
        subject: &Subject,
        since: Timestamp,
    ) -> Result<Vec<Incident>, StoreError> {
        let query = sqlx::query(
            r"SELECT number, body FROM incident WHERE resolved_at >= $1 AND subjects LIKE $2 ESCAPE '\' ORDER BY number DESC",
        );
        let query = query.bind(since.as_micros()).bind(rows::subject_beginning(subject.as_str()));
        let mut ended = incidents(&query.fetch_all(&self.readers).await?)?;
        ended.retain(|one| one.subjects().contains(&subject));
        Ok(ended)
    }

    async fn next_number(&self) -> Result<IncidentNumber, StoreError> {
        let largest: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(number), 0) FROM incident")
            .fetch_one(&self.readers)
            .await?;
        rows::number(largest.saturating_add(1))
    }

    async fn incident(&self, number: IncidentNumber) -> Result<Option<Incident>, StoreError> {
        load(&mut *self.readers.acquire().await?, number).await
    }

    async fn cancel_query(&self, pid: u32, started: u64) -> Result<QueryCancel, StoreError> {
        self.cancel_backend(pid, started).await
    }

    fn as_trail(&self) -> &dyn Trail {
        self
    }

    fn as_past(&self) -> &dyn Past {
        self
    }

    fn as_calls(&self) -> &dyn Calls {
        self
    }

    fn as_organizations(&self) -> &dyn Organizations {
        self
    }

    async fn number_of(&self, id: Uuid) -> Result<Option<IncidentNumber>, StoreError> {
        let number: Option<i64> = sqlx::query_scalar("SELECT number FROM incident WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        number.map(rows::number).transpose()
    }

    async fn history(
        &self,
        filter: &HistoryFilter,
        limit: u32,
    ) -> Result<Vec<Incident>, StoreError> {
        history::history(self, filter, limit).await
    }

    async fn past_incidents(
        &self,
        filter: &HistoryFilter,
        limit: u32,
    ) -> Result<Vec<PastIncident>, StoreError> {
        history::past(self, filter, limit).await
    }

    async fn timeline(&self, number: IncidentNumber, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let rows = sqlx::query("SELECT number, at_micros, actor, payload FROM journal WHERE incident = $1 ORDER BY number DESC LIMIT $2")
            .bind(i64::from(number.0))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().rev().map(entry).collect()
    }

    async fn snapshots(&self, number: IncidentNumber) -> Result<Vec<Snapshot>, StoreError> {
        let rows = sqlx::query(
            "SELECT number, at_micros, actor, payload FROM journal
             WHERE incident = $1 AND kind = 'snapshot_saved' AND payload IS NOT NULL ORDER BY number",
        )
        .bind(i64::from(number.0))
        .fetch_all(&self.readers)
        .await?;
        let mut snapshots = Vec::with_capacity(rows.len());
        for row in &rows {
            if let Some(Event::SnapshotSaved { snapshot, .. }) = entry(row)?.event {
                snapshots.push(*snapshot);
            }
        }
        Ok(snapshots)
    }

    async fn entries(&self, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let rows = sqlx::query("SELECT number, at_micros, actor, payload FROM journal WHERE number > $1 ORDER BY number LIMIT $2")
            .bind(bound(after))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(entry).collect()
    }

    async fn stored_entries(&self, after: u64, limit: u32) -> Result<Vec<StoredEntry>, StoreError> {
        let rows = sqlx::query(
            "SELECT number, at_micros, actor, kind, incident, payload_hash, hash, salt, payload
             FROM journal WHERE number > $1 ORDER BY number LIMIT $2",
        )
        .bind(bound(after))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(stored).collect()
    }

    async fn proofs(&self, since: Timestamp) -> Result<Vec<Entry>, StoreError> {
        let rows = sqlx::query(
            "SELECT number, at_micros, actor, payload FROM journal
             WHERE kind IN ('run_proved', 'recommendation_rated') AND at_micros >= $1 AND payload IS NOT NULL ORDER BY number",
        )
        .bind(since.as_micros())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(entry).collect()
    }

    async fn announced(&self, since: Timestamp) -> Result<Vec<Entry>, StoreError> {
        // Only so many windows are open and so many measures in force at a time, each for some days
        // at most. Redactions are read only where a window has lost its reason. An override is in
        // force as long as no end of it is journalled, which its row tells. Safe mode and a
        // suspension last until a person ends them: their last entries count, however old they are.
        let rows = sqlx::query(
            "SELECT number, at_micros, actor, payload FROM journal
             WHERE kind = 'change_reported' AND at_micros >= $1 AND payload IS NOT NULL
                OR number IN (SELECT number FROM journal
                              WHERE kind IN ('maintenance_begun', 'maintenance_ended')
                              ORDER BY number DESC LIMIT 1000)
                OR number IN (SELECT number FROM journal
                              WHERE kind = 'redacted'
                                  AND number > (SELECT MIN(number) FROM journal
                                                WHERE kind = 'maintenance_begun'
                                                    AND payload IS NULL)
                              ORDER BY number DESC LIMIT 1000)
                OR number IN (SELECT number FROM journal
                              WHERE kind IN ('measure_began', 'measure_changed', 'measure_ended')
                              ORDER BY number DESC LIMIT 1000)
                OR number IN (SELECT number FROM journal
                              WHERE kind IN ('automation_suspended', 'automation_resumed')
                              ORDER BY number DESC LIMIT 1)
                OR number IN (SELECT number FROM journal
                              WHERE kind IN ('practice_begun', 'practice_ended')
                              ORDER BY number DESC LIMIT 2)
                OR kind IN ('safe_mode_began', 'safe_mode_stage_changed', 'safe_mode_reminded',
                            'safe_mode_ended')
                   AND number >= (SELECT MAX(number) FROM journal WHERE kind = 'safe_mode_began')
                OR number IN (SELECT override_entry FROM organization
                              WHERE override_entry IS NOT NULL)
             ORDER BY number",
        )
        .bind(since.as_micros())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(entry).collect()
    }

    async fn long_queries(&self) -> Result<Vec<(String, LongQuery)>, StoreError> {
        long_queries(&self.readers).await
    }

    async fn activity(&self) -> Result<Option<Activity>, StoreError> {
        activity(&self.readers).await
    }

    async fn blind_spans(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<BlindSpan>, StoreError> {
        // An entry is written after the span that it tells of has ended, so nothing older than
        // `since` can matter; a clock that was set back may have put a wrong time on it, which is
        // why the span itself decides and only the newest are looked at.
        let mut spans = blind_spans(&self.readers, limit).await?;
        spans.retain(|span| span.to >= since);
        Ok(spans)
    }

    async fn write_rollups(&self, rollups: &[Rollup]) -> Result<(), StoreError> {
        let rollups = rollup::joined(rollups);
        if rollups.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        write_rollups(&mut transaction, &rollups).await?;
        Ok(transaction.commit().await?)
    }

    async fn rollups(
        &self,
        subject: &Subject,
        signal: &Signal,
        step: RollupStep,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Rollup>, StoreError> {
        let Some(unit) = blocks::unit(self, (subject, signal)).await? else {
            return Ok(Vec::new());
        };
        let values = blocks::values(self, (subject, signal), step, (from, to)).await?;
        let named = |value| packed::rollup(value, subject, signal, &unit, step);
        Ok(values.into_iter().map(named).collect())
    }

    async fn recent_minutes(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<Rollup>, StoreError> {
        let rows: Vec<RollupRow> = sqlx::query_as(
            "SELECT s.subject, s.signal, s.unit, r.step, r.start, r.min, r.max, r.mean, r.last, r.count
             FROM series s CROSS JOIN rollup r
             WHERE r.series = s.id AND r.step = $1 AND r.start >= $2 ORDER BY r.start DESC, r.series LIMIT $3",
        )
        .bind(RollupStep::Minute.code())
        .bind(since.as_micros())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(RollupRow::rollup).collect()
    }

    async fn heard(&self, from: Timestamp, to: Timestamp) -> Result<Vec<HeardSlot>, StoreError> {
        // Each minute is there once, so the sum of its bits is all of them.
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "SELECT s.subject, s.signal, h.slot, h.minutes FROM (
                 SELECT r.series, r.start / $4 AS slot,
                     CAST(SUM(CAST(1 AS BIGINT) << CAST(r.start % $4 / $5 AS INT)) AS BIGINT) AS minutes
                 FROM series s CROSS JOIN rollup r
                 WHERE r.series = s.id AND r.step = $1 AND r.start >= $2 AND r.start < $3 GROUP BY r.series, r.start / $4
             ) h JOIN series s ON s.id = h.series ORDER BY s.subject, s.signal, h.slot",
        )
        .bind(RollupStep::Minute.code())
        .bind(from.as_micros())
        .bind(to.as_micros())
        .bind(i64::try_from(commands::day::SLOT.as_micros()).unwrap_or(i64::MAX))
        .bind(MINUTE)
        .fetch_all(&self.readers)
        .await?;
        let in_rows: Result<Vec<HeardSlot>, StoreError> =
            rows.into_iter().map(rows::heard).collect();
        let in_blocks = blocks::heard(self, (from, to)).await?;
        Ok(packed::heard_together(in_rows?, in_blocks))
    }

    async fn older_series(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<(Subject, Signal)>, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT s.subject, s.signal FROM series s
             WHERE EXISTS (SELECT 1 FROM rollup r WHERE r.series = s.id AND r.step = $1 AND r.start < $3)
                OR EXISTS (SELECT 1 FROM rollup r WHERE r.series = s.id AND r.step = $2 AND r.start < $3)
                OR EXISTS (SELECT 1 FROM rollup_block b WHERE b.series = s.id AND b.step = $1 AND b.first < $3)
                OR EXISTS (SELECT 1 FROM rollup_block b WHERE b.series = s.id AND b.step = $2 AND b.first < $3)
             ORDER BY s.subject, s.signal LIMIT $4",
        )
        .bind(RollupStep::Minute.code())
        .bind(RollupStep::Hour.code())
        .bind(before.as_micros())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|(subject, signal)| rows::series(subject, signal)).collect()
    }

    async fn breach_entries(&self, since: Timestamp, limit: u32) -> Result<Vec<Entry>, StoreError> {
        // The few incidents lead to their entries, and not the kinds, of which a large journal has
        // hundreds of thousands: no index has this expression.
        let rows = sqlx::query(
            "SELECT number, at_micros, actor, payload FROM journal
             WHERE incident IN (SELECT number FROM incident WHERE resolved_at IS NULL OR resolved_at >= $1)
                 AND kind || '' IN ('incident_opened', 'breach_joined', 'breach_changed', 'breach_cleared', 'resolved')
                 AND payload IS NOT NULL
             ORDER BY number DESC LIMIT $2",
        )
        .bind(since.as_micros())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().rev().map(entry).collect()
    }

    async fn usual(&self, since: Timestamp) -> Result<Vec<(Subject, Signal, f64)>, StoreError> {
        // The median is that of the one value in the middle, or of the two.
        let rows: Vec<(String, String, f64)> = sqlx::query_as(
            "WITH hours AS (
                 SELECT r.series FROM series s CROSS JOIN rollup r
                 WHERE r.series = s.id AND r.step = $1 AND r.start >= $2 GROUP BY r.series HAVING COUNT(*) >= $3
             ),
             chosen AS (
                 SELECT r.series, r.mean, CAST($3 AS BIGINT) AS fewest FROM hours h
                     JOIN rollup r ON r.series = h.series AND r.step = $1 AND r.start >= $2
                 UNION ALL
                 SELECT r.series, r.mean, CAST($5 AS BIGINT) AS fewest FROM series s
                     JOIN rollup r ON r.series = s.id AND r.step = $4 AND r.start >= $2
                     WHERE s.id NOT IN (SELECT series FROM hours)
                         AND NOT EXISTS (SELECT 1 FROM rollup_block b WHERE b.series = s.id AND b.step = $4 AND b.last >= $2)
             ),
             ranked AS (
                 SELECT series, mean, fewest, ROW_NUMBER() OVER (PARTITION BY series ORDER BY mean) AS place,
                     COUNT(*) OVER (PARTITION BY series) AS total FROM chosen
             )
             SELECT s.subject, s.signal, AVG(k.mean) FROM ranked k JOIN series s ON s.id = k.series
             WHERE k.total >= k.fewest AND k.place IN ((k.total + 1) / 2, (k.total + 2) / 2)
             GROUP BY s.id, s.subject, s.signal ORDER BY s.subject, s.signal",
        )
        .bind(RollupStep::Hour.code())
        .bind(since.as_micros())
        .bind(USUAL_HOURS)
        .bind(RollupStep::Minute.code())
        .bind(USUAL_MINUTES)
        .fetch_all(&self.readers)
        .await?;
        let mut usual = blocks::usual(self, since, (USUAL_HOURS, USUAL_MINUTES)).await?;
        for (subject, signal, median) in rows {
            usual.push(rows::usual(&subject, &signal, median)?);
        }
        usual.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
        Ok(usual)
    }

    async fn prune(&self, now: Timestamp) -> Result<u64, StoreError> {
        let oldest = |days: u64| now.minus(Span::from_mins(days * 24 * 60)).as_micros();
        let mut removed = blocks::prune(self, now, PRUNE_BLOCKS).await?;
        for step in [RollupStep::Minute, RollupStep::Hour] {
            loop {
                let mut transaction = self.begin().await?;
                let batch = sqlx::query(
                    "DELETE FROM rollup WHERE (series, step, start) IN
                         (SELECT r.series, r.step, r.start FROM series s CROSS JOIN rollup r
                          WHERE r.series = s.id AND r.step = $1 AND r.start < $2 LIMIT $3)",
                )
                .bind(step.code())
                .bind(now.minus(step.kept()).as_micros())
                .bind(PRUNE_BATCH)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
                transaction.commit().await?;
                removed += batch;
                if batch < PRUNE_BATCH.unsigned_abs() {
                    break;
                }
            }
        }
        let mut transaction = self.begin().await?;
        sqlx::query(
            "DELETE FROM bundle WHERE incident IN (SELECT number FROM incident WHERE resolved_at < $1)
                 OR (incident < (SELECT incident FROM bundle ORDER BY incident DESC LIMIT 1 OFFSET $2)
                     AND incident NOT IN (SELECT number FROM incident WHERE resolved_at IS NULL))",
        )
        .bind(oldest(90))
        .bind(MOST_BUNDLES - 1)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(removed)
    }

    async fn save_bundle(&self, number: IncidentNumber, bundle: &[u8]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("INSERT INTO bundle (incident, body) VALUES ($1, $2) ON CONFLICT (incident) DO UPDATE SET body = excluded.body")
            .bind(i64::from(number.0))
            .bind(bundle)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn add_bundle(&self, number: IncidentNumber, bundle: &[u8]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO bundle (incident, body) VALUES ($1, $2) ON CONFLICT (incident) DO NOTHING",
        )
        .bind(i64::from(number.0))
        .bind(bundle)
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    async fn bundle(&self, number: IncidentNumber) -> Result<Option<Vec<u8>>, StoreError> {
        let query = sqlx::query_scalar("SELECT body FROM bundle WHERE incident = $1")
            .bind(i64::from(number.0));
        Ok(query.fetch_optional(&self.readers).await?)
    }
}
