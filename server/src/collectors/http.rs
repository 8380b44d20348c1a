//! HTTP(S) endpoints: one collector for each, so that a slow one delays no other. Each probe is one
//! request on a new connection: its times include name, connection, TLS and redirects, as a new
//! visitor has them. It finds down what a visitor finds down, and nothing else.
//!
//! Any failure is `endpoint.up` 0 with its reason; only where this host's own line or names fail is
//! the endpoint unknown. `endpoint.total` ends with the answer's last byte, or when the expected
//! text was found, or after 1 MiB. Headers of the configuration are sent to the endpoint's own
//! origin only, so that a redirect can give none away.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use domain::{
    reason::{Excerpt, FailureReason, RequestPhase},
    signals::{SignalGroup, SignalInfo},
    subject::Subject,
    time::Timestamp,
};
use futures::{FutureExt, future::BoxFuture};
use hyper::{
    Method, Request, Response,
    body::Incoming,
    header::{self, HeaderValue},
};
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;
use url::Host;

use super::{
    collector::{CollectError, Collector, Round},
    outside::Outside,
};
use crate::config::secret::Secret;

mod addresses;
mod ask;
mod body;
mod connect;
mod cookies;
mod decoded;
mod dial;
mod endpoint;
mod fetch;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod post;
mod section;
mod tls;

pub(super) use dial::Dialer;
pub use endpoint::{BadStatuses, BadUrl, Endpoint, ProbeUrl, SentHeader, Statuses};
pub(super) use fetch::Fetcher;
pub(crate) use post::Post;
pub use post::Poster;
pub use section::{Http, Settings};

pub(super) use addresses::is_inside;
pub(super) use connect::{has_route, source, told_address};

use ask::Seen;
use body::{Answer, Unread};
use connect::{Lookups, connect};
use cookies::Cookies;
use tls::Trust;

/// Signals of the collector.
pub const SIGNALS: SignalGroup = SignalGroup {
    namespaces: &["endpoint"],
    signals: &[
        SignalInfo::new(
            "endpoint.up",
            "Answers as expected",
            "yes/no",
            "Whether an endpoint answered with the expected status and text.",
        ),
        SignalInfo::new("endpoint.status", "Status", "", "HTTP status of the answer."),
        SignalInfo::new(
            "endpoint.first_byte",
            "Time to first byte",
            "ms",
            "Time from the name lookup to the first byte of the answer.",
        ),
        SignalInfo::new(
            "endpoint.total",
            "Total time",
            "ms",
            "Time from the name lookup to the end of the answer.",
        ),
        SignalInfo::new(
            "endpoint.certificate.days_left",
            "Certificate lifetime left",
            "d",
            "Days until the first certificate expires, of every redirect and the whole chain.",
        ),
    ],
};

/// As many as browsers follow.
const MOST_REDIRECTS: usize = 20;
/// Longest time to read the beginning of an answer that is not as expected.
const EXCERPT: Duration = Duration::from_millis(500);
/// Longest time to find out whether a failure is this host's own.
const JUDGING: Duration = Duration::from_secs(6);

/// Watches one endpoint.
#[derive(Debug)]
pub struct HttpCollector {
    name: String,
    subject: Subject,
    endpoint: Endpoint,
    trust: Trust,
    outside: Outside,
    lookups: Lookups,
}

/// The findings of a probe; what it did not reach stays `None`.
#[derive(Debug)]
struct Found {
    began: Instant,
    phase: RequestPhase,
    address: Option<SocketAddr>,
    /// Addresses of the name, and why some of them could not be connected to.
    addresses: Vec<SocketAddr>,
    failures: Vec<FailureReason>,
    first_byte: Option<Duration>,
    total: Option<Duration>,
    answer: Option<Answer>,
    /// The reason for a failure, where that is known before all was read.
    failure: Option<FailureReason>,
    /// The first bytes on the last connection.
    seen: Seen,
    shown: tls::Shown,
}

impl Found {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            phase: RequestPhase::Name,
            address: None,
            addresses: Vec::new(),
            failures: Vec::new(),
            first_byte: None,
            total: None,
            answer: None,
            failure: None,
            seen: Seen::default(),
            shown: tls::Shown::default(),
        }
    }

    fn address(&self) -> String {
        self.address.map_or_else(String::new, |address| address.to_string())
    }
}

impl HttpCollector {
    /// Watches an endpoint; fails if its file of certificates cannot be read.
    pub fn new(endpoint: Endpoint) -> Result<Self, CollectError> {
        let subject = Subject::build("endpoint", &endpoint.name, None);
        let trust = Trust::new(endpoint.ca_file.as_deref())?;
        Ok(Self {
            name: subject.as_str().to_owned(),
            subject,
            endpoint,
            trust,
            outside: Outside::default(),
            lookups: Lookups::default(),
        })
    }

    /// Shares what is known of this host's own line with the other endpoints.
    #[must_use]
    pub fn with_outside(self, outside: Outside) -> Self {
        Self { outside, ..self }
    }

    async fn round(&mut self, now: Timestamp) -> Result<Round, CollectError> {
        let mut found = Found::new();
        let probe = Probe {
            endpoint: &self.endpoint,
            trust: &self.trust,
            outside: &self.outside,
            lookups: &mut self.lookups,
        };
        let limit = self.endpoint.time_limit.to_std();
        let outcome = match tokio::time::timeout(limit, probe.run(&mut found)).await {
            Ok(outcome) => outcome,
            Err(_) => self.late(&found),
        };
        let mut round = Round::new(SIGNALS);
        if let Err(reason) = &outcome {
            tracing::debug!(endpoint = %self.subject, ?reason, "the endpoint does not answer as expected");
            let unseen = match self.outside.cause(reason).await {
                Some(cause) => Some(FailureReason::Behind { cause }),
                // That this host has no way there, or no files, says nothing about the endpoint.
                None => Some(reason.clone()).filter(|one| {
                    matches!(one, FailureReason::NoRoute { .. } | FailureReason::OwnLimit { .. })
                }),
            };
            if let Some(unseen) = unseen {
                return Ok(self.unmeasured(&unseen));
            }
        }
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        let up = f64::from(u8::from(outcome.is_ok()));
        round.observe_with(now, &self.subject, "endpoint.up", up, outcome.err());
        for (signal, value) in [
            ("endpoint.status", found.answer.as_ref().map(|answer| f64::from(answer.status))),
            ("endpoint.first_byte", found.first_byte.map(millis)),
            ("endpoint.total", found.total.map(millis)),
            ("endpoint.certificate.days_left", self.trust.days_left(&found.shown, now)),
        ] {
            if let Some(value) = value {
                round.observe(now, &self.subject, signal, value);
            }
        }
        Ok(round)
    }

    /// Judges an answer at the end of its time: an answer that may stay open is one, once all that
    /// was expected of it was seen.
    fn late(&self, found: &Found) -> Result<(), FailureReason> {
        if let Some(failure) = &found.failure {
            return Err(failure.clone());
        }
        let phase = match found.phase {
            RequestPhase::FirstByte if found.seen.is_begun_head() => RequestPhase::Body,
            phase => phase,
        };
        match (&found.answer, &self.endpoint.expect_text) {
            (Some(answer), expected) if answer.may_stay_open() => match expected {
                Some(expected) => Err(missing(&self.endpoint, expected, answer)),
                None => Ok(()),
            },
            // Another address may have refused at once.
            _ if found.phase == RequestPhase::Connect => Err(connect::most_telling(
                &found.addresses,
                &found.failures,
                self.endpoint.time_limit,
            )),
            _ => Err(FailureReason::TimedOut {
                phase,
                address: found.address.map(|address| address.to_string().as_str().into()),
                after: self.endpoint.time_limit,
            }),
        }
    }
}

impl Collector for HttpCollector {
    fn name(&self) -> &str {
        &self.name
    }

    fn interval(&self) -> Duration {
        self.endpoint.interval.to_std()
    }

    fn time_limit(&self) -> Duration {
        self.endpoint.time_limit.to_std() + JUDGING + Duration::from_secs(1)
    }

    fn unmeasured(&self, why: &FailureReason) -> Round {
        let mut round = Round::new(SIGNALS);
        round.miss(&self.subject, "endpoint.up", why.clone());
        round
    }

    fn collect(&mut self, now: Timestamp) -> BoxFuture<'_, Result<Round, CollectError>> {
        self.round(now).boxed()
    }
}

/// One probe, redirects included. The caller sets the time limit.
struct Probe<'a> {
    endpoint: &'a Endpoint,
    trust: &'a Trust,
    outside: &'a Outside,
    lookups: &'a mut Lookups,
}

impl Probe<'_> {
    async fn run(mut self, found: &mut Found) -> Result<(), FailureReason> {
        let mut url = self.endpoint.url.clone();
        let mut method = self.endpoint.method.clone();
        let mut began_inside = None;
        let mut cookies = Cookies::default();
        for _ in 0..=MOST_REDIRECTS {
            let (response, _connection) =
                self.hop(&url, &method, &mut began_inside, &cookies, found).await?;
            if self.endpoint.follow_redirects
                && let Some(next) = redirect(&url, &response)
            {
                cookies.take(&url, response.headers());
                let status = response.status().as_u16();
                if (status == 303 && method != Method::HEAD)
                    || (method == Method::POST && status < 303)
                {
                    method = Method::GET;
                }
                url = next.map_err(|to| FailureReason::BadRedirect {
                    address: found.address().as_str().into(),
                    to: body::without(&to, &self.endpoint.secrets()),
                })?;
                continue;
            }
            return self.judge(response, found).await;
        }
        Err(FailureReason::ManyRedirects { followed: MOST_REDIRECTS as u32 })
    }

    /// One request, up to the head of its answer.
    async fn hop(
        &mut self,
        url: &ProbeUrl,
        method: &Method,
        began_inside: &mut Option<bool>,
        cookies: &Cookies,
        found: &mut Found,
    ) -> Result<(Response<Incoming>, AbortOnDropHandle<()>), FailureReason> {
        (found.phase, found.address) = (RequestPhase::Name, None);
        let addresses = self.lookups.addresses(url).await?;
        (found.phase, found.address) = (RequestPhase::Connect, addresses.first().copied());
        self.outside.tried(&addresses);
        if addresses.iter().any(|address| addresses::is_public(address.ip())) {
            self.outside.named(url.as_url().host_str().unwrap_or_default());
        }
        found.failures.clear();
        found.addresses.clone_from(&addresses);
        let limit = self.endpoint.time_limit.to_std();
        let stream = connect(
            &addresses,
            |address| {
                // A public endpoint redirects to a public one; its own address is that, wherever it lies.
                *began_inside == Some(false) && !addresses::is_public(address)
            },
            limit,
            &mut found.failures,
        )
        .await?;
        if let Ok(peer) = stream.peer_addr() {
            found.address = Some(peer);
            began_inside.get_or_insert_with(|| !addresses::is_public(peer.ip()));
            self.outside.reached(peer);
        }
        let address = found.address();
        found.seen = Seen::default();
        let seen = found.seen.clone();
        let broken = |error: &hyper::Error| {
            self.without_secrets(ask::explain(error, RequestPhase::FirstByte, &seen, &address))
        };
        let answered = if url.as_url().scheme() == "https" {
            found.phase = RequestPhase::Tls;
            let host = url.as_url().host_str().unwrap_or_default();
            let failed =
                |error: &std::io::Error| self.trust.explain(error, &found.shown, host, &address);
            let config = self
                .trust
                .config(&found.shown, &[b"h2", b"http/1.1"])
                .map_err(|error| failed(&std::io::Error::other(error)))?;
            let name = server_name(url).map_err(|error| failed(&error))?;
            let stream = TlsConnector::from(config)
                .connect(name, stream)
                .await
                .map_err(|error| failed(&error))?;
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            found.phase = RequestPhase::FirstByte;
            ask::ask(stream, is_http2, self.request(url, method, cookies, is_http2)?, &seen).await
        } else {
            found.phase = RequestPhase::FirstByte;
            ask::ask(stream, false, self.request(url, method, cookies, false)?, &seen).await
        };
        let (response, connection) = answered.map_err(|error| broken(&error))?;
        Ok((response, connection))
    }

    fn request(
        &self,
        url: &ProbeUrl,
        method: &Method,
        cookies: &Cookies,
        is_http2: bool,
    ) -> Result<Request<http_body_util::Full<bytes::Bytes>>, FailureReason> {
        let is_own = url.as_url().origin() == self.endpoint.url.as_url().origin();
        let body =
            self.endpoint.body.as_ref().filter(|_| is_own && *method == self.endpoint.method);
        let mut request = Request::builder()
            .method(method)
            .uri(if is_http2 { url.as_url().as_str().to_owned() } else { target(url) })
            .header(header::USER_AGENT, concat!("calm-ops/", env!("CARGO_PKG_VERSION")))
            .header(header::ACCEPT, "*/*")
            .body(body::sent(body.map(Secret::expose)))
            .map_err(|error| FailureReason::told(&format!("The request can't be made: {error}")))?;
        let headers = request.headers_mut();
        if !is_http2 {
            if let Ok(host) = HeaderValue::from_str(&authority(url)) {
                headers.insert(header::HOST, host);
            }
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(cookies) = cookies.of(url) {
            headers.insert(header::COOKIE, cookies);
        }
        if is_own {
            for one in &self.endpoint.headers {
                if let Ok(mut value) = HeaderValue::from_str(one.value.expose()) {
                    value.set_sensitive(true);
                    headers.insert(one.name.clone(), value);
                }
            }
        }
        Ok(request)
    }

    /// Judges whether the answer is as expected.
    async fn judge(
        &self,
        response: Response<Incoming>,
        found: &mut Found,
    ) -> Result<(), FailureReason> {
        let status = response.status().as_u16();
        let expected = self.endpoint.expect_text.as_deref();
        found.first_byte = Some(found.began.elapsed());
        let answer = found.answer.insert(Answer::new(&response));
        if !self.endpoint.expect_status.contain(status) {
            let failure = |excerpt| FailureReason::Status {
                address: found
                    .address
                    .map_or_else(String::new, |one| one.to_string())
                    .as_str()
                    .into(),
                status,
                found: excerpt,
            };
            // The time may be over before it is known how it begins.
            found.failure = Some(failure(Excerpt::default()));
            answer.begin(response.into_body(), EXCERPT).await;
            return Err(failure(answer.excerpt(&self.endpoint.secrets())));
        }
        found.phase = RequestPhase::Body;
        if answer.ends_with_its_head(expected) {
            return Ok(());
        }
        let read = answer.read(response.into_body(), expected).await;
        let held = read.map_err(|error| {
            let address = found.address.map_or_else(String::new, |address| address.to_string());
            match error {
                Unread::Broken(error) => {
                    ask::explain(&error, RequestPhase::Body, &found.seen, &address)
                }
                Unread::OtherCoding(name) => FailureReason::NotHttp {
                    address: address.as_str().into(),
                    problem: format!(
                        "its body is not compressed as declared ('Content-Encoding: {name}')"
                    )
                    .as_str()
                    .into(),
                },
            }
        })?;
        found.total = Some(found.began.elapsed());
        match expected {
            Some(expected) if !held => Err(missing(self.endpoint, expected, answer)),
            _ => Ok(()),
        }
    }

    fn without_secrets(&self, reason: FailureReason) -> FailureReason {
        match reason {
            FailureReason::NotHttp { address, problem } => {
                let problem = body::without(problem.as_str(), &self.endpoint.secrets());
                FailureReason::NotHttp { address, problem }
            }
            other => other,
        }
    }
}

fn missing(endpoint: &Endpoint, expected: &str, answer: &Answer) -> FailureReason {
    FailureReason::TextMissing {
        expected: expected.into(),
        status: answer.status,
        found: answer.excerpt(&endpoint.secrets()),
    }
}

fn server_name(url: &ProbeUrl) -> std::io::Result<ServerName<'static>> {
    match url.as_url().host() {
        Some(Host::Ipv4(address)) => Ok(ServerName::from(IpAddr::V4(address))),
        Some(Host::Ipv6(address)) => Ok(ServerName::from(IpAddr::V6(address))),
        Some(Host::Domain(name)) => ServerName::try_from(name.trim_end_matches('.').to_owned())
            .map_err(std::io::Error::other),
        None => Err(std::io::ErrorKind::InvalidInput.into()),
    }
}

/// `host:port`, without the port where it is the scheme's own.
fn authority(url: &ProbeUrl) -> String {
    let url = url.as_url();
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The request target on a server: path and query.
fn target(url: &ProbeUrl) -> String {
    let url = url.as_url();
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

/// The destination of a redirect, if there is one; the text of a place that can't be asked.
fn redirect(url: &ProbeUrl, response: &Response<Incoming>) -> Option<Result<ProbeUrl, String>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(header::LOCATION)?;
    let text = String::from_utf8_lossy(location.as_bytes()).into_owned();
    let next = url.as_url().join(text.trim()).ok();
    Some(next.and_then(|next| ProbeUrl::check(next).ok()).ok_or(text))
}
