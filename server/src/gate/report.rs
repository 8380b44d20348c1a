//! Results of requests, as an application or a proxy reports them.

use std::{borrow::Cow, collections::BTreeMap};

use domain::time::Span;
use engine::gate::Reported;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

use super::{Gatekeeper, question::Question};
use crate::object::{Object, objects};

/// The largest report in bytes.
pub(super) const LARGEST: usize = 1024 * 1024;
/// The most results of one report.
const MOST: usize = 1_000;
/// A result that took longer is not believed: one day.
const LONGEST_MS: f64 = 86_400_000.0;

/// Results of requests that have ended.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Report<'a> {
    #[serde(borrow, deserialize_with = "objects")]
    results: Vec<ResultOfRequest<'a>>,
}

/// The result of one request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResultOfRequest<'a> {
    /// Its method.
    #[serde(borrow)]
    pub method: Cow<'a, str>,
    /// Path and query.
    #[serde(borrow)]
    pub uri: Cow<'a, str>,
    /// Its host.
    pub host: Option<Cow<'a, str>>,
    /// Headers that name the organization, as the proxy sent them.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Status of the answer.
    pub status: u16,
    /// From the first byte of the request to the last of the answer.
    pub duration_ms: Option<f64>,
    /// From its arrival at the application, or at the proxy, to the beginning of its work.
    pub queue_ms: Option<f64>,
}

/// A result as it is counted.
#[derive(Debug)]
pub(super) struct Read {
    headers: HeaderMap,
    reported: Reported,
    queued: Option<Span>,
}

/// The reason why a result can't be taken.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The field.
    pub field: &'static str,
    /// Its name, value and what was expected.
    told: String,
}

/// Takes a report. The sentence says what is wrong with it; then nothing of it is taken.
pub(super) fn take(gatekeeper: &Gatekeeper, body: &[u8]) -> Result<(), String> {
    let Object::<Report<'_>>(report) = serde_json::from_slice(body).map_err(|error| {
        format!(
            "the report can't be read: {error}. Send {{\"results\": [{{\"method\": \"GET\", \"uri\": \"/\", \
             \"headers\": {{\"X-Organization\": \"acme\"}}, \"status\": 200, \"duration_ms\": 12.5, \"queue_ms\": 0.2}}]}}"
        )
    })?;
    if report.results.len() > MOST {
        return Err(format!(
            "the report has {} results. Send at most {MOST} at a time",
            report.results.len()
        ));
    }
    let mut all = Vec::with_capacity(report.results.len());
    for (index, result) in report.results.iter().enumerate() {
        let read = read(result).map_err(|wrong| format!("results[{index}].{}", wrong.told))?;
        all.push((result, read));
    }
    for (result, read) in &all {
        if gatekeeper.followed.is_none() {
            count(gatekeeper, result, read, true);
        } else if let Some(queued) = read.queued {
            // The access log tells the rest.
            gatekeeper.take_queueing(queued);
        }
    }
    Ok(())
}

/// Checks a result.
pub(super) fn read(result: &ResultOfRequest<'_>) -> Result<Read, Wrong> {
    let reported = reported(result)?;
    let headers = headers(result)?;
    let queued = span("queue_ms", result.queue_ms)?;
    Ok(Read { headers, reported, queued })
}

/// Counts a result; `was_counted` says whether the gate has counted the begin of its request, which
/// now ends.
pub(super) fn count(
    gatekeeper: &Gatekeeper,
    result: &ResultOfRequest<'_>,
    read: &Read,
    was_counted: bool,
) {
    let question = Question {
        method: &result.method,
        uri: &result.uri,
        host: result.host.as_deref(),
        plan: None,
        content_length: 0,
        headers: &read.headers,
    };
    if let Some(queued) = read.queued {
        gatekeeper.take_queueing(queued);
    }
    gatekeeper.take_result(&question, read.reported, was_counted);
}

fn reported(result: &ResultOfRequest<'_>) -> Result<Reported, Wrong> {
    if !(100..1_000).contains(&result.status) {
        let told = format!("status is {}. It is an HTTP status such as 200", result.status);
        return Err(Wrong { field: "status", told });
    }
    let latency = span("duration_ms", result.duration_ms)?;
    Ok(Reported { failed: result.status >= 500, latency })
}

fn span(field: &'static str, ms: Option<f64>) -> Result<Option<Span>, Wrong> {
    match ms {
        None => Ok(None),
        Some(ms) if (0.0..=LONGEST_MS).contains(&ms) => {
            Ok(Some(Span::from_micros((ms * 1_000.0) as u64)))
        }
        Some(ms) => {
            let told = format!("{field} is {ms}. It is a time in milliseconds, at most one day");
            Err(Wrong { field, told })
        }
    }
}

fn headers(result: &ResultOfRequest<'_>) -> Result<HeaderMap, Wrong> {
    let mut headers = HeaderMap::with_capacity(result.headers.len());
    for (name, value) in &result.headers {
        // A value beyond ASCII is one, and names nobody, as in a question.
        let (Ok(known), Ok(value)) =
            (name.parse::<HeaderName>(), HeaderValue::from_bytes(value.as_bytes()))
        else {
            let name: String = name.chars().take(60).collect();
            let told = format!("headers has {name:?}, which is no header with a value of one line");
            return Err(Wrong { field: "headers", told });
        };
        headers.insert(known, value);
    }
    Ok(headers)
}
