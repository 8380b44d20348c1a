//! The past: incidents of the past, the course of a signal, and the journal from a number on.

use commands::{
    reading::{GetSeries, GetSignal, GetUptime, HistoryFilter, ReadJournal, SearchHistory},
    signal_page::Period,
};
use domain::{
    error::Error,
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
    schema::{Content, Parameter},
};

mod csv;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/ops/history", |ApiQuery(filter)| SearchHistory { filter })
            .summary("All incidents, newest first, 25 on a page.")
            .answer("`incidents`, `next` if there is another page, `summary`: figures about all that was found, or about the last 30 days if nothing narrows the search, and on the first page `charts`: weeks, days and subjects of what was found, in the team's time zone, of the last 13 weeks unless the search names a time, and of 26 at most. Durations are in microseconds; a median is the smallest duration that at least half do not exceed."),
        Route::get("/api/ops/uptime", || GetUptime {})
            .summary("How often each endpoint answered as expected over 24 hours, 7, 30 and 90 days.")
            .answer("Numbers of probes, counted once a minute; no probe means that nothing is known. What was not seen, and maintenance, are apart. Durations are in microseconds."),
        Route::get("/api/ops/series", |ApiQuery::<GetSeries>(series)| series)
            .summary("The history of one signal of one subject.")
            .answer(
                "At most 400 points with minimum, mean and maximum, and the thresholds that apply.",
            ),
        Route::get("/api/ops/signal", |ApiQuery::<GetSignal>(signal)| signal)
            .summary("The history of one signal of one subject over a period, with its thresholds, incidents, commands and changes.")
            .answer(
                "About 400 steps with minimum, mean and maximum, the same time one week before, and what happened in the period.",
            ),
        Route::get_with("/api/ops/series.csv", csv::series)
            .needs::<GetSignal>()
            .query(GetSignal::PARAMETERS)
            .content(Content::Csv)
            .summary("The same values as CSV (RFC 4180), to be opened in a spreadsheet.")
            .answer("One step a line: `time`, `min`, `mean`, `max`. Times are UTC (RFC 3339)."),
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
        Parameter::optional::<bool>("practice", "'true' for practices only, 'false' for none"),
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
            practice: fields.get("practice")?,
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

impl FromQuery for GetSignal {
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::required::<Subject>("subject", "the subject, such as 'host:web-1'"),
        Parameter::required::<Signal>("signal", "the signal, such as 'host.memory.used'"),
        Parameter::optional::<String>(
            "range",
            "the length of a period that ends now, such as '7 d'; 24 h if it and 'from' are left out",
        ),
        Parameter::optional::<Timestamp>("from", "start (RFC 3339); instead of 'range'"),
        Parameter::optional::<Timestamp>("to", "end (RFC 3339); now if left out"),
    ];

    fn from_query(fields: &Fields, now: Timestamp) -> Result<Self, Problem> {
        let (subject, signal) = (fields.required("subject")?, fields.required("signal")?);
        let (from, to) = (fields.get("from")?, fields.get("to")?);
        let period = match (fields.get::<Span>("range")?, from) {
            (Some(_), Some(_)) => {
                return Err(wrong_field("range", "can't be combined with 'from'".to_owned()));
            }
            (_, Some(from)) => Period::Between { from, to: to.unwrap_or(now) },
            (range, None) => {
                let range = range.unwrap_or(Span::from_mins(24 * 60));
                match to {
                    Some(to) => Period::Between { from: to.minus(range), to },
                    None => Period::Last(range),
                }
            }
        };
        period.check().map_err(|error| match error {
            Error::InvalidField { field, reason } => {
                wrong_field(&field, wording::error::field_reason(&field, &reason))
            }
            error => error.into(),
        })?;
        Ok(Self { subject, signal, period })
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
