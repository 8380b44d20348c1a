//! Errors as other programs get them: RFC 9457 problem details. What only the log may know never comes here.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use rules::desk::Refusal;
use serde::Serialize;

/// One field of a request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WrongField {
    /// Where it is in the body, as a JSON pointer: `/observations/3/value`.
    pub pointer: String,
    /// What was found, and what was expected.
    pub detail: String,
}

/// Problem details.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    #[serde(serialize_with = "number")]
    status: StatusCode,
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<WrongField>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    /// A problem of a kind, told in a sentence that says what to do next.
    pub fn new(status: StatusCode, kind: &str, detail: String) -> Self {
        let title = status.canonical_reason().unwrap_or("Problem");
        Self { kind: format!("/api#{kind}"), title, status, detail, errors: Vec::new() }
    }

    /// With the fields that are wrong.
    #[must_use]
    pub fn with(mut self, errors: Vec<WrongField>) -> Self {
        self.errors = errors;
        self
    }

    /// The status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::Forbidden { .. } => Self::new(StatusCode::FORBIDDEN, "forbidden", detail),
            Refusal::NotFound { .. } => Self::new(StatusCode::NOT_FOUND, "not-found", detail),
            Refusal::Invalid { field, problem } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
                .with(vec![WrongField { pointer: format!("/{field}"), detail: problem }]),
            Refusal::Conflict { .. } => Self::new(StatusCode::CONFLICT, "conflict", detail),
            Refusal::Unavailable { .. } => Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}
