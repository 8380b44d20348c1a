//! HTTP(S) endpoints: one collector for each, so that a slow one delays no other. Each probe is one
//! `GET` on a new connection: its times include name, connection, TLS and redirects, as a new
//! visitor has them.
//!
//! Any failure is `endpoint.up` 0; the reason goes to the log at `debug`. `endpoint.total` ends
//! with the answer's last byte, or when the expected text was found, or after 1 MiB. Nothing secret
//! is ever sent, so that a redirect can give none away.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use domain::{
    signals::{SignalGroup, SignalInfo},
    subject::Subject,
    time::Timestamp,
};
use futures::{FutureExt, future::BoxFuture};
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Response, body::Incoming, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustls::{client::WebPkiServerVerifier, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::oneshot,
};
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;
use url::Host;

use super::collector::{CollectError, Collector, Round};

mod endpoint;
mod post;
mod section;
mod tls;

pub use endpoint::{BadStatuses, BadUrl, Endpoint, ProbeUrl, Statuses};
pub(crate) use post::Post;
pub use post::Poster;
pub use section::{Http, Settings};

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
            "Time from the first look-up of the name to the answer's head.",
        ),
        SignalInfo::new(
            "endpoint.total",
            "Time in all",
            "ms",
            "Time from the first look-up of the name to the answer's end.",
        ),
        SignalInfo::new(
            "endpoint.certificate.days_left",
            "Certificate valid for",
            "d",
            "Days until the first certificate of the chain ends.",
        ),
    ],
};

const MOST_REDIRECTS: usize = 5;
/// So much of an answer is read.
const MOST_BYTES: usize = 1024 * 1024;
/// So many addresses of a name are tried.
const MOST_ADDRESSES: usize = 6;
/// So many names may be looked up at once, where looking up hangs.
const MOST_LOOKUPS: usize = 4;

/// Watches one endpoint.
#[derive(Debug)]
pub struct HttpCollector {
    name: String,
    subject: Subject,
    endpoint: Endpoint,
    verifier: Arc<WebPkiServerVerifier>,
    lookups: Lookups,
}

/// What a probe found so far; what it did not reach stays `None`.
#[derive(Debug, Default)]
struct Found {
    status: Option<u16>,
    first_byte: Option<Duration>,
    total: Option<Duration>,
    shown: tls::Shown,
}

/// Why a probe failed; for the log.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the name cannot be looked up: {0}")]
    Name(io::Error),
    #[error("the address {0} is never probed")]
    Refused(IpAddr),
    #[error("a public endpoint redirects into the inner network, to {0}")]
    Inside(IpAddr),
    #[error("no connection: {0}")]
    Connect(io::Error),
    #[error("TLS: {0}")]
    Tls(io::Error),
    #[error("HTTP: {0}")]
    Http(#[from] hyper::Error),
    #[error("the address cannot be asked: {0}")]
    Request(#[from] hyper::http::Error),
    #[error("a redirect leads nowhere: {0}")]
    Redirect(BadUrl),
    #[error("more than {MOST_REDIRECTS} redirects")]
    Redirects,
    #[error("the status is {0}")]
    Status(u16),
    #[error("the expected text is missing")]
    Text,
}

impl HttpCollector {
    /// Watches an endpoint; fails if its file of certificates cannot be read.
    pub fn new(endpoint: Endpoint) -> Result<Self, CollectError> {
        let subject = Subject::build("endpoint", &endpoint.name, None);
        let verifier = tls::verifier(endpoint.ca_file.as_deref())?;
        Ok(Self {
            name: subject.as_str().to_owned(),
            subject,
            endpoint,
            verifier,
            lookups: Lookups::default(),
        })
    }

    async fn round(&mut self, now: Timestamp) -> Result<Round, CollectError> {
        let mut found = Found::default();
        let probe = probe(&self.endpoint, &self.verifier, &mut self.lookups, &mut found);
        let up = match tokio::time::timeout(self.endpoint.time_limit.to_std(), probe).await {
            Ok(Ok(())) => true,
            Ok(Err(failure)) => {
                tracing::debug!(endpoint = %self.subject, %failure, "the endpoint does not answer as expected");
                false
            }
            Err(_) => {
                tracing::debug!(endpoint = %self.subject, "the endpoint does not answer in time");
                false
            }
        };
        let mut round = Round::new(SIGNALS);
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        round.observe(now, &self.subject, "endpoint.up", f64::from(u8::from(up)));
        for (signal, value) in [
            ("endpoint.status", found.status.map(f64::from)),
            ("endpoint.first_byte", found.first_byte.map(millis)),
            ("endpoint.total", found.total.map(millis)),
            ("endpoint.certificate.days_left", found.shown.days_left(now)),
        ] {
            if let Some(value) = value {
                round.observe(now, &self.subject, signal, value);
            }
        }
        Ok(round)
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
        self.endpoint.time_limit.to_std() + Duration::from_secs(1)
    }

    fn collect(&mut self, now: Timestamp) -> BoxFuture<'_, Result<Round, CollectError>> {
        self.round(now).boxed()
    }
}

/// Names that are being looked up. The system's resolver cannot be stopped; a name is never asked
/// for twice at once.
#[derive(Debug, Default)]
struct Lookups(HashMap<String, oneshot::Receiver<io::Result<Vec<SocketAddr>>>>);

impl Lookups {
    async fn addresses(&mut self, url: &ProbeUrl) -> io::Result<Vec<SocketAddr>> {
        let port = url.as_url().port_or_known_default().unwrap_or(80);
        let name = match url.as_url().host() {
            Some(Host::Ipv4(address)) => return Ok(vec![(address, port).into()]),
            Some(Host::Ipv6(address)) => return Ok(vec![(address, port).into()]),
            Some(Host::Domain(name)) => name.to_owned(),
            None => return Err(io::ErrorKind::InvalidInput.into()),
        };
        let key = format!("{name}:{port}");
        if !self.0.contains_key(&key) {
            self.0.retain(|_, open| open.is_empty() && !open.is_terminated());
            if self.0.len() >= MOST_LOOKUPS {
                return Err(io::Error::other("earlier names are still being looked up"));
            }
            let (answer, open) = oneshot::channel();
            let look_up = move || {
                let addresses = (name.as_str(), port)
                    .to_socket_addrs()
                    .map(|all| all.take(MOST_ADDRESSES).collect());
                // Whoever asked may have given up.
                let _ = answer.send(addresses);
            };
            // Not one of the runtime's threads: those are waited for when the program stops.
            thread::Builder::new()
                .name("names".to_owned())
                .stack_size(256 * 1024)
                .spawn(look_up)?;
            self.0.insert(key.clone(), open);
        }
        let Some(open) = self.0.get_mut(&key) else { return Err(io::ErrorKind::NotFound.into()) };
        let addresses = open.await;
        self.0.remove(&key);
        addresses.map_err(io::Error::other)?
    }
}

/// One probe, redirects included. The caller sets the time limit.
async fn probe(
    endpoint: &Endpoint,
    verifier: &Arc<WebPkiServerVerifier>,
    lookups: &mut Lookups,
    found: &mut Found,
) -> Result<(), Failure> {
    let began = Instant::now();
    let mut url = endpoint.url.clone();
    let mut began_inside = None;
    for _ in 0..=MOST_REDIRECTS {
        let addresses = lookups.addresses(&url).await.map_err(Failure::Name)?;
        let stream = connect(&addresses, began_inside, endpoint.time_limit.to_std()).await?;
        if began_inside.is_none() {
            began_inside = stream.peer_addr().ok().map(|peer| endpoint::is_inside(peer.ip()));
        }
        let (response, _connection) = if url.as_url().scheme() == "https" {
            let config = tls::config(verifier.clone(), found.shown.clone())
                .map_err(|error| Failure::Tls(io::Error::other(error)))?;
            let name = server_name(&url).map_err(Failure::Tls)?;
            let stream =
                TlsConnector::from(config).connect(name, stream).await.map_err(Failure::Tls)?;
            ask(stream, &url).await?
        } else {
            ask(stream, &url).await?
        };
        if endpoint.follow_redirects
            && let Some(next) = redirect(&url, &response)
        {
            url = next.map_err(Failure::Redirect)?;
            continue;
        }
        let status = response.status().as_u16();
        (found.status, found.first_byte) = (Some(status), Some(began.elapsed()));
        let held = read(response.into_body(), endpoint.expect_text.as_deref()).await?;
        found.total = Some(began.elapsed());
        return if !endpoint.expect_status.contain(status) {
            Err(Failure::Status(status))
        } else if held {
            Ok(())
        } else {
            Err(Failure::Text)
        };
    }
    Err(Failure::Redirects)
}

/// Connects to the first address that answers. All must be allowed: a name with a forbidden one
/// among them is a trick.
async fn connect(
    addresses: &[SocketAddr],
    began_inside: Option<bool>,
    limit: Duration,
) -> Result<TcpStream, Failure> {
    for address in addresses {
        if endpoint::is_refused(address.ip()) {
            return Err(Failure::Refused(address.ip()));
        }
        if began_inside == Some(false) && endpoint::is_inside(address.ip()) {
            return Err(Failure::Inside(address.ip()));
        }
    }
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for (index, address) in addresses.iter().enumerate() {
        // An address that swallows everything leaves half of the time to the others.
        let patience =
            if index + 1 < addresses.len() { limit / 2 / addresses.len() as u32 } else { limit };
        match tokio::time::timeout(patience, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = error,
            Err(_) => failure = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(Failure::Connect(failure))
}

fn server_name(url: &ProbeUrl) -> io::Result<ServerName<'static>> {
    match url.as_url().host() {
        Some(Host::Ipv4(address)) => Ok(ServerName::from(IpAddr::V4(address))),
        Some(Host::Ipv6(address)) => Ok(ServerName::from(IpAddr::V6(address))),
        Some(Host::Domain(name)) => {
            ServerName::try_from(name.trim_end_matches('.').to_owned()).map_err(io::Error::other)
        }
        None => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Sends the request and waits for the head of the answer. The connection ends when its handle is
/// dropped.
async fn ask<S>(
    stream: S,
    url: &ProbeUrl,
) -> Result<(Response<Incoming>, AbortOnDropHandle<()>), Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(64 * 1024).handshake(TokioIo::new(stream)).await?;
    let connection = AbortOnDropHandle::new(tokio::spawn(async move {
        // What goes wrong here is told to the request as well.
        let _ = connection.await;
    }));
    let url = url.as_url();
    let host = url.host_str().unwrap_or_default();
    let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let target = url
        .query()
        .map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let request = Request::get(target)
        .header(header::HOST, authority)
        .header(header::USER_AGENT, concat!("calm-ops/", env!("CARGO_PKG_VERSION")))
        .header(header::ACCEPT, "*/*")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())?;
    Ok((sender.send_request(request).await?, connection))
}

/// Where an answer redirects to, if it does.
fn redirect(url: &ProbeUrl, response: &Response<Incoming>) -> Option<Result<ProbeUrl, BadUrl>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(header::LOCATION)?;
    let next = location.to_str().ok().and_then(|text| url.as_url().join(text).ok());
    Some(next.ok_or(BadUrl::NotUrl).and_then(ProbeUrl::check))
}

/// Reads the answer until the text is found, it ends, or it has been long enough. Whether it holds
/// the text, if one is expected.
async fn read(mut body: Incoming, expected: Option<&str>) -> Result<bool, Failure> {
    let expected = expected.unwrap_or_default().as_bytes();
    let mut length = 0;
    let mut seen: Vec<u8> = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let data = &data[..data.len().min(MOST_BYTES - length)];
        length += data.len();
        if !expected.is_empty() {
            seen.extend_from_slice(data);
            if seen.windows(expected.len()).any(|window| window == expected) {
                return Ok(true);
            }
            // The text may begin in this part and end in the next.
            seen.drain(..seen.len().saturating_sub(expected.len() - 1));
        }
        if length == MOST_BYTES {
            break;
        }
    }
    Ok(expected.is_empty())
}
