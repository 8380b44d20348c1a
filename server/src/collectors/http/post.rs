//! One request to an address which a person has set, that brings something there or is a sign of
//! life: on the same ground as a probe, without redirects.

use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use domain::reason::{CertificateFault, FailureReason, RequestPhase};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request,
    header::{self, HeaderName, HeaderValue},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::{
    CollectError, ProbeUrl,
    addresses::Own,
    ask::{self, Seen},
    authority,
    connect::{Lookups, connect},
    server_name, target,
    tls::{Shown, Trust},
};

/// So much of an answer is read, to be polite; nothing is done with it.
const MOST_ANSWER: usize = 16 * 1024;
/// Longest time that it may take to connect.
const CONNECT: Duration = Duration::from_secs(8);
/// Time limit of one request.
const TIME_LIMIT: Duration = Duration::from_secs(15);
/// Each failure inside of the own network takes this long, where its reason is kept back: less than
/// whoever tries a contact waits for the outcome.
const KEPT_BACK: Duration = Duration::from_secs(6);
/// All that is said of such a failure.
const UNTOLD: &str =
    "The server in your own network did not accept it. See the log of Calm Ops for details.";

/// The request to be sent. Its address and headers may hold what lets someone in: they are never
/// printed.
pub(crate) struct Post {
    /// The method: POST, or GET where that is all the address takes.
    pub(crate) method: Method,
    /// To where.
    pub(crate) url: ProbeUrl,
    /// Headers beside the usual ones.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// JSON.
    pub(crate) body: Vec<u8>,
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Post(not shown)")
    }
}

/// Sends requests.
#[derive(Clone, Debug)]
pub struct Poster {
    trust: Trust,
    inside: Arc<[String]>,
    time_limit: Duration,
    kept_back: Duration,
    is_configured: bool,
}

/// The reach of a request, as far as it matters for what is said of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// To the public Internet, or to an address inside that the configuration names with its port.
    Told,
    /// To any port of a host inside: whoever sets the address must not learn which are open.
    Untold,
}

impl Poster {
    /// Believes the public authorities, and those in a file of one's own. Addresses are set by
    /// everyone who has an account, so that what lies inside of this machine's networks is asked
    /// only where `inside` names the host.
    pub fn new(ca_file: Option<&std::path::Path>, inside: &[String]) -> Result<Self, CollectError> {
        let (trust, inside) = (Trust::new(ca_file)?, inside.into());
        let (time_limit, kept_back) = (TIME_LIMIT, KEPT_BACK);
        Ok(Self { trust, inside, time_limit, kept_back, is_configured: false })
    }

    /// For addresses that come from the configuration itself: whoever reads of a failure may know all
    /// of it.
    pub fn configured(self) -> Self {
        Self { is_configured: true, ..self }
    }

    /// Sends one request; what was in the way, as a sentence without anything secret.
    pub(crate) async fn post(&self, post: &Post) -> Result<(), String> {
        let began = Instant::now();
        let reach = Mutex::new(Reach::Told);
        let is_untold = || *reach.lock().unwrap_or_else(PoisonError::into_inner) == Reach::Untold;
        let sent = tokio::select! {
            sent = self.send(post, &reach) => sent,
            () = async {
                tokio::time::sleep(self.kept_back).await;
                if !is_untold() {
                    std::future::pending::<()>().await;
                }
            } => Err("It did not answer in time.".to_owned()),
        };
        match sent {
            Err(problem) if is_untold() => {
                let host = post.url.as_url().host_str().unwrap_or_default();
                tracing::warn!(
                    host,
                    problem,
                    "a server inside the network did not accept a request"
                );
                tokio::time::sleep(self.kept_back.saturating_sub(began.elapsed())).await;
                Err(UNTOLD.to_owned())
            }
            sent => sent,
        }
    }

    async fn send(&self, post: &Post, reach: &Mutex<Reach>) -> Result<(), String> {
        let phase = Mutex::new(RequestPhase::Name);
        let asked = tokio::time::timeout(self.time_limit, self.ask(post, &phase, reach)).await;
        let timed_out = || FailureReason::TimedOut {
            phase: *phase.lock().unwrap_or_else(PoisonError::into_inner),
            address: post.url.as_url().host_str().map(Into::into),
            after: self.time_limit.into(),
        };
        let status =
            asked.unwrap_or_else(|_| Err(timed_out())).map_err(|failure| sentence(&failure))?;
        match status {
            200..=299 => Ok(()),
            300..=399 => Err(format!(
                "The server redirects (status {status}), which is not followed. Set its final address."
            )),
            401 | 403 => Err(format!(
                "The server rejected it (status {status}). Check the token and the address."
            )),
            404 | 410 => Err(format!("The server does not know this address (status {status}).")),
            429 => Err(format!("The server received too many requests (status {status}).")),
            _ => Err(format!("The server answered with status {status}.")),
        }
    }

    /// The reach of a host inside that the configuration names: by its name alone, or with the
    /// port.
    fn reach(&self, host: &str, port: Option<u16>) -> Option<Reach> {
        let named = |one: &String| {
            let (name, only) = match one.rsplit_once(':') {
                Some((name, digits)) if !name.contains(':') => (name, digits.parse::<u16>().ok()),
                _ => (one.as_str(), None),
            };
            (name.eq_ignore_ascii_case(host) && (only.is_none() || only == port)).then_some(only)
        };
        let mut found = self.inside.iter().filter_map(named).peekable();
        found.peek()?;
        let is_told = self.is_configured || found.any(|only| only.is_some());
        Some(if is_told { Reach::Told } else { Reach::Untold })
    }

    async fn ask(
        &self,
        post: &Post,
        phase: &Mutex<RequestPhase>,
        reach: &Mutex<Reach>,
    ) -> Result<u16, FailureReason> {
        let enter = |next| *phase.lock().unwrap_or_else(PoisonError::into_inner) = next;
        // Names of their own: what is slow for one contact is not in the way of the others.
        let addresses = Lookups::default().addresses(&post.url).await?;
        enter(RequestPhase::Connect);
        let host = post.url.as_url().host_str().unwrap_or_default().trim_end_matches('.');
        let own = Own::now();
        let allowed = self.reach(host, post.url.as_url().port_or_known_default());
        if let Some(Reach::Untold) = allowed
            && addresses.iter().any(|address| own.is_guarded(address.ip()))
        {
            *reach.lock().unwrap_or_else(PoisonError::into_inner) = Reach::Untold;
        }
        let is_forbidden = |address| allowed.is_none() && own.is_guarded(address);
        let stream = connect(&addresses, is_forbidden, CONNECT, &mut Vec::new()).await?;
        if post.url.as_url().scheme() == "https" {
            enter(RequestPhase::Tls);
            let shown = Shown::default();
            let failed = |error: &io::Error| self.trust.explain(error, &shown, host, host);
            let config = self
                .trust
                .config(&shown, &[b"http/1.1"])
                .map_err(|error| failed(&io::Error::other(error)))?;
            let name = server_name(&post.url).map_err(|error| failed(&error))?;
            let stream = TlsConnector::from(config)
                .connect(name, stream)
                .await
                .map_err(|error| failed(&error))?;
            enter(RequestPhase::FirstByte);
            send(stream, post).await
        } else {
            enter(RequestPhase::FirstByte);
            send(stream, post).await
        }
    }
}

pub(super) async fn send<S>(stream: S, post: &Post) -> Result<u16, FailureReason>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let request = request(post)
        .map_err(|error| FailureReason::told(&format!("The request can't be made: {error}")))?;
    let seen = Seen::default();
    let (response, _connection) = ask::ask(stream, false, request, &seen)
        .await
        .map_err(|error| ask::explain(&error, RequestPhase::FirstByte, &seen, "the server"))?;
    let status = response.status().as_u16();
    let (mut body, mut length) = (response.into_body(), 0);
    // A receiver that closes early has taken it all the same.
    while let Some(Ok(frame)) = body.frame().await {
        length += frame.data_ref().map_or(0, Bytes::len);
        if length >= MOST_ANSWER {
            break;
        }
    }
    Ok(status)
}

fn request(post: &Post) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let mut request = Request::builder()
        .method(post.method.clone())
        .uri(target(&post.url))
        .header(header::HOST, authority(&post.url))
        .header(header::USER_AGENT, concat!("calm-ops/", env!("CARGO_PKG_VERSION")))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "*/*")
        .header(header::CONNECTION, "close")
        .body(Full::new(Bytes::from(post.body.clone())))?;
    for (name, value) in &post.headers {
        let mut value = HeaderValue::from_str(value).map_err(hyper::http::Error::from)?;
        value.set_sensitive(true);
        request.headers_mut().insert(HeaderName::from_static(name), value);
    }
    Ok(request)
}

fn sentence(reason: &FailureReason) -> String {
    tracing::debug!(?reason, "a request could not be sent");
    match reason {
        FailureReason::NeverAsked { .. } => "Calm Ops never sends requests to this address. Set another one.".to_owned(),
        FailureReason::LeadsInside { .. } => {
            "This server is in your own network, where Calm Ops only sends to servers that the configuration allows: add it to 'allowed_internal_hosts' under [notifications].".to_owned()
        }
        // No authority of one's own can be set here.
        FailureReason::Certificate { host, fault: CertificateFault::UnknownIssuer | CertificateFault::SelfSigned, .. } => {
            format!("The certificate for {host} is not trusted: its issuer is unknown.")
        }
        reason => wording::reason::sentence(reason),
    }
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncReadExt as _, io::AsyncWriteExt as _, net::TcpListener};

    use super::*;

    #[tokio::test]
    async fn what_is_inside_is_asked_only_where_the_configuration_names_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = [0; 1_024];
            let _ = stream.read(&mut seen).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        });
        let post = |host: &str| Post {
            method: Method::POST,
            url: format!("http://{host}:{port}/").parse().unwrap(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let closed = Poster::new(None, &["ntfy.lan".to_owned()]).unwrap();
        for host in ["127.0.0.1", "localhost", "[::1]"] {
            let told = closed.post(&post(host)).await.unwrap_err();
            assert!(
                told.contains("in your own network") && told.contains("[notifications]"),
                "{host}: {told}"
            );
        }
        assert!(!asked.is_finished(), "nobody came");
        let open = Poster::new(None, &[format!("127.0.0.1:{port}")]).unwrap();
        assert!(open.post(&post("localhost")).await.is_err(), "it is the name that is allowed");
        open.post(&post("127.0.0.1")).await.unwrap();
        asked.await.unwrap();
    }

    #[tokio::test]
    async fn what_was_in_the_way_is_told_with_its_phase() {
        let allowed = ["127.0.0.1".to_owned(), "nowhere.invalid".to_owned()];
        let poster = Poster {
            time_limit: Duration::from_millis(300),
            ..Poster::new(None, &allowed).unwrap().configured()
        };
        let told = |url: String| {
            let poster = &poster;
            async move {
                let (method, url) = (Method::POST, url.parse().unwrap());
                let post = Post { method, url, headers: Vec::new(), body: Vec::new() };
                poster.post(&post).await.unwrap_err()
            }
        };
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert!(told(format!("http://{closed}/hunter2")).await.contains("was refused"));
        // It takes connections, and says nothing.
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = silent.local_addr().unwrap();
        let first = told(format!("http://{address}/hunter2")).await;
        assert_eq!(first, "127.0.0.1 accepted the request but did not answer within 300 ms.");
        let tls = told(format!("https://{address}/hunter2")).await;
        assert!(tls.starts_with("The TLS handshake with 127.0.0.1 timed out"), "{tls}");
        let name = told("http://nowhere.invalid/hunter2".to_owned()).await;
        assert!(name.contains("nowhere.invalid") || name.contains("the name"), "{name}");
    }

    #[tokio::test]
    async fn which_ports_inside_are_open_is_not_told() {
        let poster = Poster {
            kept_back: Duration::from_millis(200),
            ..Poster::new(None, &["127.0.0.1".to_owned()]).unwrap()
        };
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = |answer: &'static [u8]| async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut seen = [0; 1_024];
                let _ = stream.read(&mut seen).await.unwrap();
                stream.write_all(answer).await.unwrap();
            });
            address
        };
        let all = [
            closed,
            silent.local_addr().unwrap(),
            server(b"SSH-2.0-OpenSSH_10.0\r\n").await,
            server(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await,
            server(b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n").await,
            server(b"").await,
        ];
        let mut times = Vec::new();
        for address in all {
            for scheme in ["http", "https"] {
                let (method, url) =
                    (Method::POST, format!("{scheme}://{address}/").parse().unwrap());
                let post = Post { method, url, headers: Vec::new(), body: Vec::new() };
                let began = Instant::now();
                assert_eq!(poster.post(&post).await.unwrap_err(), UNTOLD, "{scheme} {address}");
                times.push(began.elapsed());
            }
        }
        let (least, most) = (times.iter().min().unwrap(), times.iter().max().unwrap());
        assert!(
            *least >= Duration::from_millis(200) && *most - *least < Duration::from_millis(80),
            "{times:?}"
        );
    }
}
