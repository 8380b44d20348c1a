//! The look-up of incidents that may be like another one: by kinds of problems, and by words.

use domain::{id::IncidentNumber, subject::Subject};
use sqlx::{AssertSqlSafe, Row as _};

use super::{BY_WORDS, Database, Row, all_of};
use crate::store::{error::StoreError, past::ComparedIncident, rows};

/// The columns that are compared; the beginning of what an incident says is enough.
const COMPARED: &str = "number, cause, subjects, problems, SUBSTR(search || remarks, 1, 4000)";

/// The most kinds of problems by which incidents are looked up; [`BY_PROBLEMS`] has as many.
const MOST_PROBLEMS: usize = 4;

/// The most words by which incidents are looked up.
const MOST_WORDS: usize = 8;

/// The newest incidents with one of some kinds of problems.
const BY_PROBLEMS: &str = "
    SELECT incident FROM (SELECT incident FROM incident_problem WHERE problem = $1 ORDER BY incident DESC LIMIT 40) AS first
    UNION SELECT incident FROM (SELECT incident FROM incident_problem WHERE problem = $2 ORDER BY incident DESC LIMIT 30) AS second
    UNION SELECT incident FROM (SELECT incident FROM incident_problem WHERE problem = $3 ORDER BY incident DESC LIMIT 30) AS third
    UNION SELECT incident FROM (SELECT incident FROM incident_problem WHERE problem = $4 ORDER BY incident DESC LIMIT 30) AS fourth";

pub(super) async fn compared(
    store: &Database,
    number: IncidentNumber,
) -> Result<Option<ComparedIncident>, StoreError> {
    let statement = format!("SELECT {COMPARED} FROM incident WHERE number = $1 AND cause <> $2");
    let row = sqlx::query(AssertSqlSafe(statement))
        .bind(i64::from(number.0))
        .bind(Subject::PRACTICE)
        .fetch_optional(&store.readers)
        .await?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn alike(
    store: &Database,
    number: IncidentNumber,
    problems: &[String],
    words: &[String],
) -> Result<Vec<ComparedIncident>, StoreError> {
    let own = i64::from(number.0);
    let statement = format!(
        "SELECT {COMPARED} FROM incident
         WHERE number IN ({BY_PROBLEMS}) AND resolved_at IS NOT NULL AND number <> $5"
    );
    let mut wanted = problems.iter().map(String::as_str);
    let patterns: [&str; MOST_PROBLEMS] = std::array::from_fn(|_| wanted.next().unwrap_or(""));
    let query = sqlx::query(AssertSqlSafe(statement));
    let query = patterns.into_iter().fold(query, sqlx::query::Query::bind).bind(own);
    let mut found = query.fetch_all(&store.readers).await?;
    let searches = searches(words);
    if !searches.is_empty() {
        let found_by = |place: usize| BY_WORDS.replace("{n}", &(place + 3).to_string());
        let by_words = (0..searches.len()).map(found_by).collect::<Vec<_>>().join(" UNION ");
        let statement = format!(
            "SELECT {COMPARED} FROM incident
             WHERE number IN ({by_words}) AND resolved_at IS NOT NULL AND number <> $1 AND cause <> $2"
        );
        let query = sqlx::query(AssertSqlSafe(statement)).bind(own).bind(Subject::PRACTICE);
        let query = searches.into_iter().fold(query, sqlx::query::Query::bind);
        found.extend(query.fetch_all(&store.readers).await?);
    }
    let mut compared: Vec<ComparedIncident> = found.iter().map(read).collect::<Result<_, _>>()?;
    compared.sort_by_key(|one| one.number);
    compared.dedup_by_key(|one| one.number);
    Ok(compared)
}

/// The searches for words: each alone, and each with the one after it. The newest that each finds are
/// enough: to put all that have a common word in order would take long.
fn searches(words: &[String]) -> Vec<String> {
    let words = words.get(..MOST_WORDS).unwrap_or(words);
    words.chunks(1).chain(words.windows(2)).map(all_of).collect()
}

fn read(row: &Row) -> Result<ComparedIncident, StoreError> {
    Ok(ComparedIncident {
        number: rows::number(row.try_get(0)?)?,
        cause: row.try_get(1)?,
        subjects: row.try_get(2)?,
        problems: row.try_get(3)?,
        text: row.try_get(4)?,
    })
}
