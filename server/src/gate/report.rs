//! Results of requests, as an application or a proxy reports them.

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
struct Report {
    #[serde(deserialize_with = "objects")]
    results: Vec<ResultOfRequest>,
}

/// The result of one request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResultOfRequest {
    method: String,
    /// Path and query.
    uri: String,
    host: Option<String>,
    /// Headers that name the organization, as the proxy sent them.
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    status: u16,
    /// From the first byte of the request to the last of the answer.
    duration_ms: Option<f64>,
    /// From its arrival at the application, or at the proxy, to the beginning of its work.
    queue_ms: Option<f64>,
}

/// Takes a report. The sentence says what is wrong with it; then nothing of it is taken.
pub(super) fn take(gatekeeper: &Gatekeeper, body: &[u8]) -> Result<(), String> {
    let Object::<Report>(report) = serde_json::from_slice(body).map_err(|error| {
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
    let mut read = Vec::with_capacity(report.results.len());
    for (index, result) in report.results.iter().enumerate() {
        let reported =
            reported(result).map_err(|expected| format!("results[{index}].{expected}"))?;
        let headers = headers(result).map_err(|expected| format!("results[{index}].{expected}"))?;
        let queued = span("queue_ms", result.queue_ms)
            .map_err(|expected| format!("results[{index}].{expected}"))?;
        read.push((result, headers, reported, queued));
    }
    for (result, headers, reported, queued) in &read {
        let question = Question {
            method: &result.method,
            uri: &result.uri,
            host: result.host.as_deref(),
            plan: None,
            content_length: 0,
            headers,
        };
        gatekeeper.take_result(&question, *reported, *queued);
    }
    Ok(())
}

fn reported(result: &ResultOfRequest) -> Result<Reported, String> {
    if !(100..1_000).contains(&result.status) {
        return Err(format!("status is {}. It is an HTTP status such as 200", result.status));
    }
    let latency = span("duration_ms", result.duration_ms)?;
    Ok(Reported { failed: result.status >= 500, latency })
}

fn span(field: &str, ms: Option<f64>) -> Result<Option<Span>, String> {
    match ms {
        None => Ok(None),
        Some(ms) if (0.0..=LONGEST_MS).contains(&ms) => {
            Ok(Some(Span::from_micros((ms * 1_000.0) as u64)))
        }
        Some(ms) => Err(format!("{field} is {ms}. It is a time in milliseconds, at most one day")),
    }
}

fn headers(result: &ResultOfRequest) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &result.headers {
        let (Ok(known), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value))
        else {
            let name: String = name.chars().take(60).collect();
            return Err(format!(
                "headers has {name:?}, which is no header with a value of one line"
            ));
        };
        headers.insert(known, value);
    }
    Ok(headers)
}
