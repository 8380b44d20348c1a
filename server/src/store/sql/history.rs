//! The search of past incidents: a page of them, and what their figures are made of.

use commands::{figures::PastIncident, reading::HistoryFilter};
use domain::{incident::Incident, severity::Severity, subject::Subject, time::Timestamp};
use sqlx::{AssertSqlSafe, Row as _, query::Query};

use super::{Database, Db, Row, read::incidents};
use crate::store::{
    error::StoreError,
    rows::{self, PastRow},
};

/// The most words of a text that a look-up takes.
const WORDS: usize = 6;

/// The first acknowledgement of an incident.
const ACKNOWLEDGED_AT: &str =
    "(SELECT MIN(at_micros) FROM journal WHERE incident = about.number AND kind = 'acknowledged')";

/// The incidents of a page: the newest are looked at until they are enough. A plus keeps the database
/// from an index.
const BY_NUMBER: &str = "number < $1 AND +opened_at >= $2 AND +opened_at < $3";
/// The incidents of a period, by the index of its times.
const BY_TIME: &str = "+number < $1 AND opened_at >= $2 AND opened_at < $3";

/// The rest of the conditions of a filter, with its parameters in the order in which [`bound`] gives
/// them. A text that is not looked for is not read either: it stands far behind, on pages of its own.
const FITS: &str = r"($4 = '' OR severity = $4)
    AND ($5 = '%' OR subjects LIKE $5 ESCAPE '\')
    AND ($6 = '%' OR search || remarks LIKE $6 ESCAPE '\') AND ($7 = '%' OR search || remarks LIKE $7 ESCAPE '\')
    AND ($8 = '%' OR search || remarks LIKE $8 ESCAPE '\') AND ($9 = '%' OR search || remarks LIKE $9 ESCAPE '\')
    AND ($10 = '%' OR search || remarks LIKE $10 ESCAPE '\') AND ($11 = '%' OR search || remarks LIKE $11 ESCAPE '\')
    AND ($13 = '' OR ($13 = 'only') = (cause = $14))
    ORDER BY number DESC LIMIT $12";

type Arguments = <Db as sqlx::Database>::Arguments;

fn bound<'q>(
    query: Query<'q, Db, Arguments>,
    filter: &HistoryFilter,
    limit: u32,
) -> Query<'q, Db, Arguments> {
    let mut words =
        filter.text.iter().flat_map(|text| text.split_whitespace()).map(rows::containing);
    let patterns: [String; WORDS] =
        std::array::from_fn(|_| words.next().unwrap_or_else(|| "%".to_owned()));
    let subject = filter.subject.as_deref();
    let query = query
        .bind(filter.before.map_or(i64::MAX, |number| i64::from(number.0)))
        .bind(filter.from.map_or(i64::MIN, Timestamp::as_micros))
        .bind(filter.to.map_or(i64::MAX, Timestamp::as_micros))
        .bind(filter.severity.map_or("", Severity::as_str))
        .bind(
            subject
                .map_or_else(|| "%".to_owned(), |subject| rows::subject_beginning(subject.trim())),
        );
    let query = patterns.into_iter().fold(query, Query::bind);
    let practice = match filter.practice {
        None => "",
        Some(true) => "only",
        Some(false) => "none",
    };
    query.bind(i64::from(limit)).bind(practice).bind(Subject::PRACTICE)
}

pub(super) async fn history(
    store: &Database,
    filter: &HistoryFilter,
    limit: u32,
) -> Result<Vec<Incident>, StoreError> {
    let statement = format!("SELECT number, body FROM incident WHERE {BY_NUMBER} AND {FITS}");
    let query = bound(sqlx::query(AssertSqlSafe(statement)), filter, limit);
    incidents(&query.fetch_all(&store.readers).await?)
}

pub(super) async fn past(
    store: &Database,
    filter: &HistoryFilter,
    limit: u32,
) -> Result<Vec<PastIncident>, StoreError> {
    // A search that names no beginning looks at nearly all.
    let by = if filter.from.is_some() { BY_TIME } else { BY_NUMBER };
    let statement = format!(
        "SELECT number, severity, cause, opened_at, resolved_at, recovered_at, {ACKNOWLEDGED_AT}
         FROM incident AS about WHERE {by} AND {FITS}"
    );
    let query = bound(sqlx::query(AssertSqlSafe(statement)), filter, limit);
    query.fetch_all(&store.readers).await?.iter().map(past_incident).collect()
}

/// The incidents that fit a filter but for its time, were opened before a moment and were still
/// active then.
pub(super) async fn active_at(
    store: &Database,
    filter: &HistoryFilter,
    at: Timestamp,
    limit: u32,
) -> Result<Vec<PastIncident>, StoreError> {
    let filter = HistoryFilter { from: None, to: Some(at), ..filter.clone() };
    let statement = format!(
        "SELECT number, severity, cause, opened_at, resolved_at, recovered_at, CAST(NULL AS BIGINT) FROM incident
         WHERE (resolved_at IS NULL OR resolved_at > $15) AND {BY_TIME} AND {FITS}"
    );
    let query = bound(sqlx::query(AssertSqlSafe(statement)), &filter, limit).bind(at.as_micros());
    query.fetch_all(&store.readers).await?.iter().map(past_incident).collect()
}

fn past_incident(row: &Row) -> Result<PastIncident, StoreError> {
    PastRow {
        number: row.try_get(0)?,
        severity: row.try_get(1)?,
        cause: row.try_get(2)?,
        opened_at: row.try_get(3)?,
        resolved_at: row.try_get(4)?,
        recovered_at: row.try_get(5)?,
        acknowledged_at: row.try_get(6)?,
    }
    .past()
}
