//! The meaning of the rows of both databases: between columns and the types of `domain`.

use std::{collections::BTreeSet, fmt::Write as _};

use commands::figures::PastIncident;
use domain::{
    actor::Actor,
    hash::Hash,
    id::IncidentNumber,
    incident::Incident,
    journal::{Entry, Event, StoredEntry},
    name::BadName,
    recommendation::{Recommendation, Stage},
    signal::Signal,
    similar::problems,
    subject::Subject,
    time::Timestamp,
    unit::Unit,
};
use engine::review::recovered_at;
use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};

use crate::store::{
    error::StoreError,
    rollup::{HeardSlot, Rollup, RollupStep},
};

/// Until when a command may be in the way of another yes: while it runs or may still run, and while
/// it is not to be run again.
fn in_the_way_until(one: &Recommendation) -> impl Iterator<Item = Timestamp> {
    [one.may_run_until(), one.cools_until(one.cool_down)].into_iter().flatten()
}

/// An incident as it is stored: the columns that are for looking up, made of its body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the columns")]
pub struct IncidentRow {
    pub number: i64,
    pub id: String,
    pub severity: String,
    pub state: String,
    pub cause: String,
    pub headline: String,
    pub opened_at: i64,
    pub updated_at: i64,
    pub resolved_at: Option<i64>,
    pub recovered_at: Option<i64>,
    pub may_run_until: Option<i64>,
    pub subjects: String,
    pub search: String,
    /// The kinds of problems, a line each.
    pub problems: String,
    pub body: Vec<u8>,
    /// The words of comments and notes, which are in no body.
    pub remarks: String,
}

impl IncidentRow {
    pub(super) fn new(incident: &Incident, remarks: &str) -> Result<Self, StoreError> {
        let body = serde_json::to_vec(incident)
            .map_err(|error| StoreError::inconsistent("incident", incident.number, error))?;
        let headline = plain(&wording::summary::headline(&incident.summary));
        // Each on a line of its own, with a line's end before it: so that a look-up finds
        // beginnings.
        let mut subjects = String::new();
        for subject in incident.subjects() {
            let _ = write!(subjects, "\n{}", subject.as_str().to_lowercase());
        }
        let mut search =
            format!("incident {} {}{subjects}", incident.number, headline.to_lowercase());
        for word in signals_and_runs(incident) {
            let _ = write!(search, "\n{}", plain(&word).to_lowercase());
        }
        let problems = problems(incident).into_iter().collect::<Vec<_>>().join("\n");
        Ok(Self {
            number: i64::from(incident.number.0),
            id: incident.id.to_string(),
            severity: incident.severity.as_str().to_owned(),
            state: incident.state.as_str().to_owned(),
            cause: incident.cause.to_string(),
            headline,
            opened_at: incident.opened_at.as_micros(),
            updated_at: incident.updated_at.as_micros(),
            resolved_at: incident.resolution.as_ref().map(|end| end.at.as_micros()),
            recovered_at: recovered_at(incident).map(Timestamp::as_micros),
            may_run_until: incident
                .recommendations
                .iter()
                .flat_map(in_the_way_until)
                .max()
                .map(Timestamp::as_micros),
            subjects,
            search,
            problems,
            body,
            remarks: remarks.to_owned(),
        })
    }

    /// The row as it is compared: a body may be written in more than one way, and what is made of
    /// the wording, or for figures alone, changes with the program.
    pub(super) fn facts(self) -> Self {
        Self {
            body: Vec::new(),
            headline: String::new(),
            search: String::new(),
            problems: String::new(),
            recovered_at: None,
            ..self
        }
    }
}

/// The signals of an incident and the titles of the commands that ran, each once.
fn signals_and_runs(incident: &Incident) -> BTreeSet<String> {
    let signals = incident.breaches.iter().map(|known| known.breach.key.signal.to_string());
    let has_run =
        |one: &&Recommendation| matches!(&one.stage, Stage::Ended(ended) if ended.has_run());
    let runs = incident.recommendations.iter().filter(has_run).map(|one| one.title.clone());
    signals.chain(runs).collect()
}

/// The words of an event by which its incident can be found: a comment or a note.
pub(crate) fn remark(event: &Event) -> Option<String> {
    let text = match event {
        Event::Commented { text, .. } => Some(text),
        Event::Resolved { note, .. } | Event::Reopened { note, .. } => note.as_ref(),
        _ => None,
    };
    text.map(|text| format!("\n{}", plain(text).to_lowercase()))
}

/// PostgreSQL takes no zero byte in a text.
fn plain(text: &str) -> String {
    text.replace('\0', " ")
}

/// The pattern of LIKE that finds a text anywhere, with `\` as the escape.
pub(super) fn containing(text: &str) -> String {
    format!("%{}%", escaped(text))
}

/// The pattern that finds a subject that begins with a text.
pub(super) fn subject_beginning(text: &str) -> String {
    format!("%\n{}%", escaped(text))
}

/// The beginning of a text as it stands in JSON, with its opening quote.
pub(super) fn json_beginning(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    quoted.strip_suffix('"').unwrap_or_default().to_owned()
}

fn escaped(text: &str) -> String {
    let mut pattern = String::new();
    for c in plain(text).to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

pub(super) fn incident(number: i64, body: &[u8]) -> Result<Incident, StoreError> {
    serde_json::from_slice(body)
        .map_err(|error| StoreError::inconsistent("incident", number, error))
}

pub(super) fn bound(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn number_of_row(value: i64, table: &'static str) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|error| StoreError::inconsistent(table, value, error))
}

pub(super) fn number(value: i64) -> Result<IncidentNumber, StoreError> {
    u32::try_from(value)
        .map(IncidentNumber)
        .map_err(|error| StoreError::inconsistent("incident", value, error))
}

/// A journal entry's columns, as both databases give them.
pub(super) struct JournalRow {
    pub number: i64,
    pub at_micros: i64,
    pub actor: String,
    pub kind: String,
    pub incident: Option<i64>,
    pub payload_hash: Vec<u8>,
    pub hash: Vec<u8>,
    pub salt: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
}

impl JournalRow {
    pub(super) fn stored(self) -> Result<StoredEntry, StoreError> {
        let bad = |problem: &str| StoreError::inconsistent("journal", self.number, problem);
        Ok(StoredEntry {
            number: u64::try_from(self.number).map_err(|_| bad("its number is negative"))?,
            at_micros: self.at_micros,
            incident: self
                .incident
                .map(u32::try_from)
                .transpose()
                .map_err(|_| bad("its incident is not a valid number"))?,
            payload_hash: hash(&self.payload_hash)
                .ok_or_else(|| bad("the hash of its payload does not have 32 bytes"))?,
            hash: hash(&self.hash).ok_or_else(|| bad("its hash does not have 32 bytes"))?,
            payload: match (self.salt, self.payload) {
                (Some(salt), Some(payload)) => Some((salt, payload)),
                // Half of the pair cannot be checked against its hash: what is left counts as
                // changed, not as redacted.
                (Some(salt), None) => Some((salt, Vec::new())),
                (None, Some(payload)) => Some((Vec::new(), payload)),
                (None, None) => None,
            },
            actor: self.actor,
            kind: self.kind,
        })
    }
}

pub(super) fn hash(bytes: &[u8]) -> Option<Hash> {
    bytes.try_into().ok().map(Hash)
}

/// An entry as readers get it, from the columns that say so.
pub(super) fn entry(
    number: i64,
    at_micros: i64,
    actor: &str,
    payload: Option<&[u8]>,
) -> Result<Entry, StoreError> {
    let bad = |problem: String| StoreError::inconsistent("journal", number, problem);
    Ok(Entry {
        number: u64::try_from(number).map_err(|error| bad(error.to_string()))?,
        at: Timestamp::from_micros(at_micros),
        actor: actor.parse::<Actor>().map_err(|error| bad(error.to_string()))?,
        event: payload
            .map(serde_json::from_slice)
            .transpose()
            .map_err(|error| bad(error.to_string()))?,
    })
}

/// The same from a stored entry.
pub(crate) fn readable(stored: &StoredEntry) -> Result<Entry, StoreError> {
    let number = i64::try_from(stored.number).unwrap_or(i64::MAX);
    entry(
        number,
        stored.at_micros,
        &stored.actor,
        stored.payload.as_ref().map(|(_, payload)| payload.as_slice()),
    )
}

/// The columns of an incident that its figures need.
pub(super) struct PastRow {
    pub number: i64,
    pub severity: String,
    pub cause: String,
    pub opened_at: i64,
    pub resolved_at: Option<i64>,
    pub recovered_at: Option<i64>,
    pub acknowledged_at: Option<i64>,
}

impl PastRow {
    pub(super) fn past(self) -> Result<PastIncident, StoreError> {
        let bad = |error: BadName| StoreError::inconsistent("incident", self.number, error);
        Ok(PastIncident {
            number: number(self.number)?,
            severity: self.severity.parse().map_err(bad)?,
            cause: self.cause.parse().map_err(bad)?,
            opened_at: Timestamp::from_micros(self.opened_at),
            resolved_at: self.resolved_at.map(Timestamp::from_micros),
            recovered_at: self.recovered_at.map(Timestamp::from_micros),
            acknowledged_at: self.acknowledged_at.map(Timestamp::from_micros),
        })
    }
}

/// A roll-up's columns.
pub(super) struct RollupRow {
    pub subject: String,
    pub signal: String,
    pub unit: String,
    pub step: i64,
    pub start: i64,
    pub min: f64,
    pub max: f64,
    pub mean: f64,
    pub last: f64,
    pub count: i64,
}

impl<'r, R: Row> FromRow<'r, R> for RollupRow
where
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    f64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self {
            subject: row.try_get("subject")?,
            signal: row.try_get("signal")?,
            unit: row.try_get("unit")?,
            step: row.try_get("step")?,
            start: row.try_get("start")?,
            min: row.try_get("min")?,
            max: row.try_get("max")?,
            mean: row.try_get("mean")?,
            last: row.try_get("last")?,
            count: row.try_get("count")?,
        })
    }
}

impl RollupRow {
    pub(super) fn rollup(self) -> Result<Rollup, StoreError> {
        let bad = |problem: String| {
            StoreError::inconsistent("rollup", format!("{} {}", self.subject, self.signal), problem)
        };
        Ok(Rollup {
            subject: self.subject.parse::<Subject>().map_err(|error| bad(error.to_string()))?,
            signal: self.signal.parse::<Signal>().map_err(|error| bad(error.to_string()))?,
            unit: self.unit.parse::<Unit>().map_err(|error| bad(error.to_string()))?,
            step: RollupStep::from_code(self.step)
                .ok_or_else(|| bad(format!("{} is not a step", self.step)))?,
            start: Timestamp::from_micros(self.start),
            min: self.min,
            max: self.max,
            mean: self.mean,
            last: self.last,
            count: u32::try_from(self.count).map_err(|error| bad(error.to_string()))?,
        })
    }
}

/// The names of a series.
pub(super) fn series(subject: &str, signal: &str) -> Result<(Subject, Signal), StoreError> {
    let bad = |error: domain::name::BadName| {
        StoreError::inconsistent("series", format!("{subject} {signal}"), error)
    };
    Ok((subject.parse().map_err(bad)?, signal.parse().map_err(bad)?))
}

/// The minutes of a slot in which a series was heard.
pub(super) fn heard(
    (subject, signal, slot, minutes): (String, String, i64, i64),
) -> Result<HeardSlot, StoreError> {
    let bad = |error: std::num::TryFromIntError| {
        StoreError::inconsistent("rollup", format!("{subject} {signal}"), error)
    };
    let minutes = u32::try_from(minutes).map_err(bad)?;
    let (subject, signal) = series(&subject, &signal)?;
    Ok(HeardSlot { subject, signal, slot, minutes })
}

/// The usual values of a series.
pub(super) fn usual(
    subject: &str,
    signal: &str,
    median: f64,
) -> Result<(Subject, Signal, f64), StoreError> {
    let (subject, signal) = series(subject, signal)?;
    Ok((subject, signal, median))
}
