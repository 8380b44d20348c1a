//! The requests of a run, as they are sent.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use engine::simulation::{Outcome, Planned, Purpose};
use http::{HeaderValue, Method, Request, StatusCode, header};
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::{
    results::Ended,
    target::{Target, Way},
};

const USER_AGENT: &str = concat!("calm-ops-simulate/", env!("CARGO_PKG_VERSION"));
/// The path of what is read and written.
const ORDERS: &str = "/orders";
/// The body of a write and of an upload, in bytes.
const BODY: usize = 512;
static ZEROS: [u8; BODY] = [b'0'; BODY];
/// A slow body has this many pieces, and one is sent each time.
const PIECES: u32 = 40;
const EVERY: Duration = Duration::from_millis(500);

/// A body: pieces of the same size, all at once or one after the other.
#[derive(Debug)]
pub struct RequestBody {
    left: u32,
    pause: Option<Pin<Box<Sleep>>>,
}

impl RequestBody {
    const fn of(pieces: u32) -> Self {
        Self { left: pieces, pause: None }
    }

    /// Made within the runtime, which has the timer.
    fn slow() -> Self {
        Self { left: PIECES, pause: Some(Box::pin(tokio::time::sleep(Duration::ZERO))) }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(context));
            pause.as_mut().reset(Instant::now() + EVERY);
        }
        self.left -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&ZEROS)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::from(self.left) * BODY as u64)
    }
}

/// A host with a star at the place of the organization's name, such as `*.shop.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    before: String,
    after: String,
}

impl HostPattern {
    /// Reads a pattern with exactly one star.
    pub fn read(text: &str) -> Result<Self, String> {
        let is_fine = |part: &str| {
            part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte))
        };
        match text.split_once('*') {
            Some((before, after)) if is_fine(before) && is_fine(after) && text.len() > 1 => {
                Ok(Self { before: before.to_owned(), after: after.to_owned() })
            }
            _ => Err(format!(
                "'{text}' is no host with a star for the organization, expected one such as '*.shop.example'"
            )),
        }
    }

    fn host(&self, organization: &str) -> String {
        format!("{}{organization}{}", self.before, self.after)
    }
}

/// An organization that no header can hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "--organization: '{0}' has characters that a header can't have, expected ASCII such as 'acme'"
)]
pub struct BadRequest(String);

/// Makes the requests of a run.
#[derive(Clone, Debug)]
pub struct Requests {
    target: Target,
    organization: String,
    upload: String,
    host: Option<HostPattern>,
}

impl Requests {
    /// The requests of a run: `organization` is the one that it is about, `upload` the path of
    /// uploads.
    pub fn new(
        target: Target,
        organization: &str,
        upload: &str,
        host: Option<HostPattern>,
    ) -> Result<Self, BadRequest> {
        Self::check(organization)?;
        Ok(Self { target, organization: organization.to_owned(), upload: upload.to_owned(), host })
    }

    /// Refuses the name of an organization that no header can hold.
    pub fn check(organization: &str) -> Result<(), BadRequest> {
        let is_fine = organization.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        is_fine.then_some(()).ok_or_else(|| BadRequest(organization.to_owned()))
    }

    /// The place that they are sent to.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The name of the organization that the run is about.
    pub fn organization(&self) -> &str {
        &self.organization
    }

    /// Method and path of a request.
    pub fn line(&self, purpose: Purpose) -> (Method, &str) {
        match purpose {
            Purpose::Read => (Method::GET, ORDERS),
            Purpose::Write => (Method::POST, ORDERS),
            Purpose::Upload | Purpose::Trouble | Purpose::SlowTrouble => {
                (Method::POST, &self.upload)
            }
        }
    }

    /// The host that names an organization, where a pattern is given.
    pub fn host(&self, organization: &str) -> Option<String> {
        self.host.as_ref().map(|pattern| pattern.host(organization))
    }

    /// The request to be sent.
    pub(super) fn make(&self, planned: &Planned) -> Result<Request<RequestBody>, http::Error> {
        let name = planned.sender.name(&self.organization);
        let (method, path) = self.line(planned.purpose);
        let has_body = method != Method::GET;
        let host = self.host(&name);
        let request = Request::builder().header("x-organization", &*name);
        match &self.target.way {
            Way::Gate { token } => {
                let mut request = request
                    .uri("/api/gate/check")
                    .header(header::HOST, "gate")
                    .header("x-forwarded-method", method.as_str())
                    .header("x-forwarded-uri", path);
                if let Some(host) = host {
                    request = request.header("x-forwarded-host", host);
                }
                if has_body {
                    request = request.header("x-content-length", BODY);
                }
                if let Some(token) = token {
                    request = request.header("x-gate-token", token);
                }
                request.body(RequestBody::of(0))
            }
            Way::Proxy { authority, base } => {
                let body = match planned.purpose {
                    Purpose::SlowTrouble => RequestBody::slow(),
                    _ => RequestBody::of(u32::from(has_body)),
                };
                request
                    .method(method)
                    .uri(format!("{base}{path}"))
                    .header(header::HOST, host.as_deref().unwrap_or(authority))
                    .header(header::USER_AGENT, HeaderValue::from_static(USER_AGENT))
                    .body(body)
            }
        }
    }

    /// The result of a request that passed.
    pub(super) fn ended(&self, planned: &Planned, duration: Duration) -> Ended {
        let (method, path) = self.line(planned.purpose);
        let organization = planned.sender.name(&self.organization).into_owned();
        let host = self.host(&organization);
        Ended { method, path: path.to_owned(), host, organization, duration }
    }

    /// The meaning of an answer.
    pub(super) fn outcome(&self, status: StatusCode) -> Outcome {
        let refused =
            matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::PAYLOAD_TOO_LARGE)
                || (self.target.is_gate() && status == StatusCode::SERVICE_UNAVAILABLE);
        if refused {
            Outcome::Refused
        } else if self.target.is_gate() && status != StatusCode::NO_CONTENT
            || status.is_server_error()
        {
            Outcome::Failed
        } else {
            Outcome::Admitted
        }
    }
}
