//! The answer to a proxy: status, fields and a short page for the visitor.

use bytes::Bytes;
use domain::time::Span;
use engine::gate::{Standing, retry_after_seconds};
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER},
};
use http_body_util::Full;
use policy::limits::Quota;

/// The status that a visitor gets, where the proxy can't pass on the one of this answer.
const GATE_STATUS: HeaderName = HeaderName::from_static("x-gate-status");
/// Fields of draft-ietf-httpapi-ratelimit-headers-10.
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The time after which a batch request may be tried again: nothing says when there is room.
const BUSY_RETRY: Span = Span::from_secs(5);
/// Seconds after which a client may try again in safe mode.
const SAFE_MODE_RETRY: u64 = 60;

/// The answer to a question.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// The request passes.
    Passes(Option<Held>),
    /// Does not.
    Refused(Refusal),
}

/// The reason why a request is refused.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Refusal {
    /// Its organization has sent too many, or too many are under way.
    TooMany(Held),
    /// Its body is larger than its class allows.
    TooLarge {
        /// The largest body in bytes.
        most: u64,
    },
    /// Batch requests take all of the capacity that they may take.
    Busy,
    /// Safe mode is in force, and it is not critical.
    SafeMode,
}

/// A quota, and its state after a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Held {
    /// Name of the class.
    pub class: String,
    /// The quota.
    pub quota: Quota,
    /// Its state.
    pub standing: Standing,
}

impl Held {
    /// The fields that tell a client its quota: `"uploads";q=20;w=4` and `"uploads";r=19;t=1`.
    fn write(&self, headers: &mut HeaderMap) {
        let Self { class, quota: Quota { rate, burst, .. }, standing } = self;
        let interval = rate.per.as_secs_f64() / f64::from(rate.requests.get());
        let window = (interval * f64::from(burst.get())).ceil().max(1.0) as u64;
        let reset = standing.reset.as_secs_f64().ceil() as u64;
        for (name, value) in [
            (RATE_LIMIT_POLICY, format!("\"{class}\";q={burst};w={window}")),
            (RATE_LIMIT, format!("\"{class}\";r={};t={reset}", standing.remaining)),
        ] {
            // A name of a class has nothing that a field can't have.
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

impl Refusal {
    const fn status(&self) -> StatusCode {
        match self {
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy | Self::SafeMode => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Title and sentence for the visitor; nothing of who else sends how much.
    fn told(&self, retry_after: Option<u64>) -> (&'static str, String) {
        match self {
            Self::TooMany(_) => ("Too many requests", again(retry_after)),
            Self::TooLarge { most } => {
                ("Too large", format!("At most {most} bytes can be sent at once."))
            }
            Self::Busy => ("Busy for the moment", again(retry_after)),
            Self::SafeMode => (
                "Read-only for the moment",
                "Changes are paused to protect the service, and nothing was saved. You can still read. Please try again later.".to_owned(),
            ),
        }
    }
}

impl Answer {
    /// The response. `refused_as` replaces the status of a refusal where the proxy can't pass it
    /// on, `wants_json` is what the visitor accepts, `random` spreads those who try again.
    pub fn respond(
        &self,
        refused_as: Option<StatusCode>,
        wants_json: bool,
        random: impl FnOnce() -> u64,
    ) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let refusal = match self {
            Self::Passes(held) => {
                if let Some(held) = held {
                    held.write(headers);
                }
                *response.status_mut() = StatusCode::NO_CONTENT;
                return response;
            }
            Self::Refused(refusal) => refusal,
        };
        let retry_after = match refusal {
            Refusal::TooMany(held) => {
                held.write(headers);
                Some(retry_after_seconds(held.standing.retry_after, random()))
            }
            Refusal::Busy => Some(retry_after_seconds(BUSY_RETRY, random())),
            Refusal::SafeMode => Some(SAFE_MODE_RETRY),
            Refusal::TooLarge { .. } => None,
        };
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        let status = refusal.status();
        headers.insert(GATE_STATUS, HeaderValue::from(status.as_u16()));
        let (title, sentence) = refusal.told(retry_after);
        let (kind, body) = if wants_json {
            let body = serde_json::json!({ "title": title, "status": status.as_u16(), "detail": sentence });
            ("application/problem+json", body.to_string())
        } else {
            ("text/html; charset=utf-8", page(title, &sentence))
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        *response.status_mut() = refused_as.unwrap_or(status);
        *response.body_mut() = Full::from(body);
        response
    }
}

fn again(retry_after: Option<u64>) -> String {
    match retry_after.unwrap_or(1) {
        1 => "Please try again in 1 second.".to_owned(),
        seconds => format!("Please try again in {seconds} seconds."),
    }
}

fn page(title: &str, sentence: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title></head><body><h1>{title}</h1><p>{sentence}</p></body></html>"
    )
}
