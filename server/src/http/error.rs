//! Errors as other programs get them: RFC 9457 problem details. What only the log may know never
//! comes here.

use axum::response::{IntoResponse, Response};
use domain::error::{Error, ErrorKind};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::http::assets;

/// The kinds of problems; each has its status, and its section on the page `/api`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request is not valid: it is not JSON, or its address is damaged.
    Malformed,
    /// The address needs another method.
    Method,
    /// The service refuses it or can't do it.
    Service(ErrorKind),
    /// The body must be `application/json`.
    ContentType,
    /// The body or the batch is too large. Send it in parts.
    TooLarge,
    /// The body did not arrive in time.
    TooSlow,
    /// The request has no host.
    NoHost,
    /// The server is not known under the name that was asked for; `allowed_hosts` in the
    /// configuration adds one.
    OtherHost,
    /// The request comes from a page of another server.
    Elsewhere,
    /// The limit of live stream readers is reached.
    TooManyReaders,
    /// As many requests of one account, token or address as are allowed are being answered.
    TooManyRequests,
    /// Calm Ops failed to answer this request. Monitoring continues. See the log for details.
    Internal,
}

impl Kind {
    /// All of them, with what each means.
    pub const ALL: &[(Self, &str)] = &[
        (Self::Malformed, "The request is not valid: it is not JSON, or its address is damaged."),
        (
            Self::Service(ErrorKind::Invalid),
            "A field is not valid; `errors` lists each with its place.",
        ),
        (
            Self::Service(ErrorKind::NotFound),
            "It does not exist, or there is nothing at this address.",
        ),
        (Self::Method, "The address needs another method."),
        (
            Self::Service(ErrorKind::Conflict),
            "It conflicts with the current state. Reload, then decide again.",
        ),
        (
            Self::Service(ErrorKind::SignIn),
            "You are not signed in, or the token is not valid. Sign in, or send `Authorization: Bearer` with a token.",
        ),
        (Self::Service(ErrorKind::SignInAgain), "The sign-in is too old for this. Sign in again."),
        (
            Self::Service(ErrorKind::Throttled),
            "Too many attempts. `Retry-After` says how long to wait.",
        ),
        (Self::Service(ErrorKind::Forbidden), "You do not have permission to do this."),
        (Self::ContentType, "The body must be `application/json`."),
        (Self::TooLarge, "The body or the batch is too large. Send it in parts."),
        (Self::TooSlow, "The body did not arrive in time."),
        (Self::NoHost, "The request has no host."),
        (
            Self::OtherHost,
            "The requested host name is unknown; add it to `allowed_hosts` in the configuration.",
        ),
        (Self::Elsewhere, "The request comes from a page of another server."),
        (Self::TooManyReaders, "The limit of live stream readers is reached."),
        (
            Self::TooManyRequests,
            "Too many requests at a time from one account, token or address. `Retry-After` says how long to wait.",
        ),
        (
            Self::Service(ErrorKind::Unavailable),
            "The database can't be reached. Nothing was changed, unless the message says that this is unclear. Try again.",
        ),
        (
            Self::Internal,
            "Calm Ops failed to answer this request. Monitoring continues. See the log for details.",
        ),
    ];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Method => "method",
            Self::Service(kind) => match kind {
                ErrorKind::Invalid => "invalid",
                ErrorKind::NotFound => "not-found",
                ErrorKind::Conflict => "conflict",
                ErrorKind::SignIn => "sign-in",
                ErrorKind::SignInAgain => "sign-in-again",
                ErrorKind::Throttled => "throttled",
                ErrorKind::Forbidden => "forbidden",
                ErrorKind::Unavailable => "unavailable",
            },
            Self::ContentType => "content-type",
            Self::TooLarge => "too-large",
            Self::TooSlow => "too-slow",
            Self::NoHost => "no-host",
            Self::OtherHost => "other-host",
            Self::Elsewhere => "elsewhere",
            Self::TooManyReaders => "too-many-readers",
            Self::TooManyRequests => "too-many-requests",
            Self::Internal => "internal",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Malformed | Self::NoHost => StatusCode::BAD_REQUEST,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Service(kind) => app::status(kind),
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::OtherHost => StatusCode::MISDIRECTED_REQUEST,
            Self::Elsewhere => StatusCode::FORBIDDEN,
            Self::TooManyReaders => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// One field of a request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct WrongField {
    /// The place in the body, as a JSON pointer: `/observations/3/value`.
    pub pointer: String,
    /// The finding and the expectation.
    pub detail: String,
}

/// Problem details.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// The kind of problem: a section of `/api`.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: &'static str,
    /// The status.
    #[schema(value_type = u16)]
    #[serde(serialize_with = "number")]
    status: StatusCode,
    /// The problem, and what to do.
    detail: String,
    /// The wrong fields, where fields were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    errors: Vec<WrongField>,
    /// The address to sign in, where that solves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sign_in: Option<&'static str>,
    /// After how many seconds it is worth another try: the header `Retry-After`.
    #[serde(skip)]
    retry_after: Option<u32>,
}

/// After how long the database may be back, or a place for a reader free, in seconds.
const SOON: u32 = 5;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    /// A problem of a kind, told in a sentence that says what to do next.
    pub fn new(kind: Kind, detail: String) -> Self {
        let status = kind.status();
        let title = status.canonical_reason().unwrap_or("Problem");
        let is_full = matches!(kind, Kind::TooManyRequests);
        let retry_after = (is_full || status == StatusCode::SERVICE_UNAVAILABLE).then_some(SOON);
        Self {
            kind: format!("/api#{}", kind.as_str()),
            title,
            status,
            detail,
            errors: Vec::new(),
            sign_in: matches!(kind, Kind::Service(ErrorKind::SignIn | ErrorKind::SignInAgain))
                .then_some("/sign-in"),
            retry_after,
        }
    }

    /// With the fields that are wrong.
    #[must_use]
    pub fn with(mut self, errors: Vec<WrongField>) -> Self {
        self.errors = errors;
        self
    }

    /// The first field that is wrong; all of the request, where none is named.
    pub fn first(&self) -> WrongField {
        let whole = || WrongField {
            pointer: String::new(),
            detail: self.detail.trim_end_matches('.').to_owned(),
        };
        self.errors.first().cloned().unwrap_or_else(whole)
    }

    /// The status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Says in an answer's headers when it is worth another try, if that is known.
    pub fn say_when(&self, headers: &mut HeaderMap) {
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
}

/// Shows a problem as a page to a browser that opens one; programs get it as it is.
pub fn for_browsers(response: Response) -> Response {
    let Some(problem) = response.extensions().get::<Problem>().cloned() else { return response };
    let html = app::problem_page(problem.title, &problem.detail, &assets::names().css);
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-store"),
        (header::CONTENT_SECURITY_POLICY, app::PROBLEM_POLICY),
    ];
    let mut page = (problem.status, headers, html).into_response();
    problem.say_when(page.headers_mut());
    page
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let problem = Self::new(Kind::Service(error.kind()), wording::error::sentence(&error));
        match error {
            Error::Throttled { seconds } => Self { retry_after: Some(seconds), ..problem },
            Error::InvalidField { field, reason } => problem.with(vec![WrongField {
                pointer: format!("/{field}"),
                detail: wording::error::field_reason(&field, &reason),
            }]),
            Error::SignIn
            | Error::SignInAgain
            | Error::Forbidden(_)
            | Error::NotFound(_)
            | Error::Conflict(_)
            | Error::Unavailable(_) => problem,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        response.extensions_mut().insert(self.clone());
        let headers = response.headers_mut();
        self.say_when(headers);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
