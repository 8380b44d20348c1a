//! What was: incidents of the past, the course of a signal, and the journal from a number on.

use commands::reading::{GetSeries, HistoryFilter, ReadJournal, SearchHistory};
use domain::{
    id::IncidentNumber,
    severity::Severity,
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
};

use crate::http::{
    api::route::Route,
    error::Problem,
    extract::{ApiQuery, Fields, FromQuery, wrong_field},
    schema::Parameter,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/ops/history", |ApiQuery(filter)| SearchHistory { filter })
            .summary("All incidents, newest first, 25 on a page.")
            .answer("`incidents`, `next` if there is another page, and `summary`: figures about all that was found, or about the last 30 days if nothing narrows the search. Durations are in microseconds; a median is the smallest duration that at least half do not exceed."),
        Route::get("/api/ops/series", |ApiQuery::<GetSeries>(series)| series)
            .summary("The history of one signal of one subject.")
            .answer(
                "At most 400 points with minimum, mean and maximum, and the thresholds that apply.",
            ),
        Route::get("/api/ops/journal", |ApiQuery::<ReadJournal>(entries)| entries)
            .summary("Journal entries after a number, oldest first.")
            .answer("The entries, and the head's number and hash."),
    ]
}

impl FromQuery for HistoryFilter {
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::optional::<String>("text", "words in the headline, subject, comments or notes"),
        Parameter::optional::<Severity>("severity", "'warning' or 'critical'"),
        Parameter::optional::<String>("subject", "a subject, or the start of one"),
        Parameter::optional::<Timestamp>("from", "opened at or after this time (RFC 3339)"),
        Parameter::optional::<Timestamp>("to", "opened before this time (RFC 3339)"),
        Parameter::optional::<u64>(
            "before",
            "incidents with a smaller number: `next` of the previous page",
        ),
    ];

    fn from_query(fields: &Fields, _: Timestamp) -> Result<Self, Problem> {
        Ok(Self {
            text: fields.get("text")?,
            severity: fields.get("severity")?,
            subject: fields.get("subject")?,
            from: fields.get("from")?,
            to: fields.get("to")?,
            before: fields.number("before")?.map(IncidentNumber),
        })
    }
}

impl FromQuery for GetSeries {
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::required::<Subject>("subject", "the subject, such as 'host:web-1'"),
        Parameter::required::<Signal>("signal", "the signal, such as 'host.memory.used'"),
        Parameter::optional::<Timestamp>("from", "start (RFC 3339); an hour ago if left out"),
        Parameter::optional::<Timestamp>("to", "end (RFC 3339); now if left out"),
    ];

    fn from_query(fields: &Fields, now: Timestamp) -> Result<Self, Problem> {
        let (subject, signal) = (fields.required("subject")?, fields.required("signal")?);
        let to: Timestamp = fields.get("to")?.unwrap_or(now);
        let from: Timestamp = fields.get("from")?.unwrap_or_else(|| to.minus(Span::from_mins(60)));
        if from >= to {
            return Err(wrong_field("from", "must be before 'to'".to_owned()));
        }
        Ok(Self { subject, signal, from, to })
    }
}

impl FromQuery for ReadJournal {
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::optional::<u64>("after", "entries after this number; 0 if left out"),
        Parameter::optional::<u64>("limit", "number of entries, at most 1,000; 100 if left out"),
    ];

    fn from_query(fields: &Fields, _: Timestamp) -> Result<Self, Problem> {
        let after = fields.number("after")?.unwrap_or(0);
        let limit = fields.number("limit")?.unwrap_or(100);
        if !(1..=1_000).contains(&limit) {
            return Err(wrong_field("limit", format!("is {limit}; expected 1 to 1,000")));
        }
        Ok(Self { after, limit })
    }
}
