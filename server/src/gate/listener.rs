//! The gate's own listener: one question, one report, no sessions.
//!
//! It runs on a thread of its own, so that no page, query or collector delays an answer.

use std::{
    convert::Infallible,
    fs, io, net,
    os::unix::{
        self,
        fs::{FileTypeExt as _, PermissionsExt as _},
    },
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    runtime,
    sync::{Semaphore, oneshot},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Gatekeeper,
    question::{Question, TOKEN},
    report,
    section::{GateAddress, Settings},
};

/// The stage of safe mode, while it is in force: the proxy passes it to the application.
const OPERATING_MODE: HeaderName = HeaderName::from_static("x-operating-mode");
const CHECK: &str = "/api/gate/check";
const REPORT: &str = "/api/gate/report";
/// The most connections: a proxy keeps some for each of its workers.
const MOST_CONNECTIONS: usize = 4_096;
/// A proxy that has not sent its first request by then is cut off.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// The time within which the body of a report has to come.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// The longest report that is read between two answers, in bytes: about 0.1 ms.
const READ_AT_ONCE: usize = 8 * 1024;
/// The pause after a connection that could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);
/// The shortest token: 128 random bits as 32 hexadecimal digits are longer.
const SHORTEST_TOKEN: usize = 20;

/// The reason why the gate can't be opened, with the next step.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The address can't be listened on.
    #[error(
        "gate.listen: can't listen on {address}: {source}. Stop the program that uses it, or choose another address"
    )]
    Listen {
        /// The address as it is written.
        address: String,
        /// The system's answer.
        source: io::Error,
    },
    /// Something else is at the socket's place.
    #[error("gate.listen: {} is there already and is no socket. Choose another path", path.display())]
    NoSocket {
        /// The path.
        path: PathBuf,
    },
    /// The token can't be read.
    #[error("gate.token_file: {}: {source}. Write a random token of at least {SHORTEST_TOKEN} characters into it, for example with: openssl rand -hex 32", path.display())]
    Token {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The token is too short or has characters that a header can't have.
    #[error("gate.token_file: {} has no token of at least {SHORTEST_TOKEN} visible characters. Write one, for example with: openssl rand -hex 32", path.display())]
    WeakToken {
        /// The file.
        path: PathBuf,
    },
}

/// An open socket that belongs to no runtime yet.
enum Opened {
    Tcp(net::TcpListener),
    Unix(unix::net::UnixListener),
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Opened {
    /// The socket, in the runtime that it is used in.
    fn enter(self) -> io::Result<Socket> {
        Ok(match self {
            Self::Tcp(socket) => Socket::Tcp(TcpListener::from_std(socket)?),
            Self::Unix(socket) => Socket::Unix(UnixListener::from_std(socket)?),
        })
    }
}

/// The gate's listener, open and not yet answering.
pub struct GateListener {
    socket: Opened,
    token: Option<[u8; 32]>,
}

impl std::fmt::Debug for GateListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GateListener")
    }
}

/// Checks that the token can be read.
pub fn check_token(settings: &Settings) -> Result<(), GateError> {
    settings.token_file.as_ref().map_or(Ok(()), |path| read_token(path).map(drop))
}

impl GateListener {
    /// Opens the listener; `None` where no gate is configured.
    pub async fn open(settings: &Settings) -> Result<Option<Self>, GateError> {
        let Some(address) = &settings.listen else { return Ok(None) };
        let token = settings.token_file.as_ref().map(read_token).transpose()?;
        let failed = |address: String| move |source| GateError::Listen { address, source };
        let socket = match address {
            GateAddress::Tcp(address) => {
                let socket = TcpListener::bind(address).await;
                let socket = socket.and_then(TcpListener::into_std);
                Opened::Tcp(socket.map_err(failed(address.to_string()))?)
            }
            GateAddress::Unix(path) => {
                let failed = failed(path.display().to_string());
                Opened::Unix(open_socket(path)?.map_err(failed)?)
            }
        };
        Ok(Some(Self { socket, token }))
    }

    /// The port, where it listens on one.
    pub fn port(&self) -> Option<u16> {
        match &self.socket {
            Opened::Tcp(socket) => socket.local_addr().ok().map(|address| address.port()),
            Opened::Unix(_) => None,
        }
    }

    /// Answers on a thread of its own until it is told to stop.
    pub async fn serve(
        self,
        gatekeeper: Arc<Gatekeeper>,
        stop: CancellationToken,
    ) -> io::Result<()> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (end, ended) = oneshot::channel();
        std::thread::Builder::new().name("gate".to_owned()).spawn(move || {
            let _ = end.send(runtime.block_on(self.answer_all(gatekeeper, stop)));
        })?;
        ended.await.unwrap_or_else(|_| Err(io::Error::other("the thread of the gate failed")))
    }

    async fn answer_all(
        self,
        gatekeeper: Arc<Gatekeeper>,
        stop: CancellationToken,
    ) -> io::Result<()> {
        let socket = self.socket.enter()?;
        let connections = TaskTracker::new();
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let token = self.token;
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return Ok(()) };
            let talk = Talk { gatekeeper: Arc::clone(&gatekeeper), token, stop: stop.clone() };
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = accept(&socket) => accepted,
            };
            match accepted {
                Ok(Stream::Tcp(stream)) => {
                    let _ = stream.set_nodelay(true);
                    connections.spawn(async move {
                        talk.run(stream).await;
                        drop(place);
                    });
                }
                Ok(Stream::Unix(stream)) => {
                    connections.spawn(async move {
                        talk.run(stream).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::debug!(%error, "a connection to the gate could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        connections.close();
        let _ = tokio::time::timeout(Duration::from_secs(1), connections.wait()).await;
        Ok(())
    }
}

enum Stream {
    Tcp(tokio::net::TcpStream),
    Unix(tokio::net::UnixStream),
}

async fn accept(socket: &Socket) -> io::Result<Stream> {
    Ok(match socket {
        Socket::Tcp(socket) => Stream::Tcp(socket.accept().await?.0),
        Socket::Unix(socket) => Stream::Unix(socket.accept().await?.0),
    })
}

fn read_token(path: &PathBuf) -> Result<[u8; 32], GateError> {
    let text = fs::read_to_string(path)
        .map_err(|source| GateError::Token { path: path.clone(), source })?;
    let token = text.trim();
    let is_fine =
        token.len() >= SHORTEST_TOKEN && token.bytes().all(|byte| byte.is_ascii_graphic());
    is_fine
        .then(|| Sha256::digest(token.as_bytes()).into())
        .ok_or_else(|| GateError::WeakToken { path: path.clone() })
}

/// Opens a socket in the file system. One that a former run left behind is replaced.
fn open_socket(path: &PathBuf) -> Result<io::Result<unix::net::UnixListener>, GateError> {
    if let Ok(there) = fs::symlink_metadata(path) {
        if !there.file_type().is_socket() {
            return Err(GateError::NoSocket { path: path.clone() });
        }
        if unix::net::UnixStream::connect(path).is_ok() {
            return Ok(Err(io::ErrorKind::AddrInUse.into()));
        }
        let _ = fs::remove_file(path);
    }
    Ok(unix::net::UnixListener::bind(path).and_then(|socket| {
        socket.set_nonblocking(true)?;
        // The proxy runs as another user and is added to the group.
        fs::set_permissions(path, fs::Permissions::from_mode(0o660))?;
        Ok(socket)
    }))
}

/// One connection.
struct Talk {
    gatekeeper: Arc<Gatekeeper>,
    token: Option<[u8; 32]>,
    stop: CancellationToken,
}

impl Talk {
    async fn run<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S) {
        let Self { gatekeeper, token, stop } = self;
        let service = service_fn(|request| {
            let gatekeeper = Arc::clone(&gatekeeper);
            async move { Ok::<_, Infallible>(answer(&gatekeeper, token, request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_WITHIN)
            .max_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            _ = &mut connection => {}
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }
}

async fn answer(
    gatekeeper: &Arc<Gatekeeper>,
    token: Option<[u8; 32]>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    if let Some(token) = token {
        let sent = request.headers().get(TOKEN).map_or(&b""[..], HeaderValue::as_bytes);
        // Hashes are compared: how long that takes says nothing of the token.
        if <[u8; 32]>::from(Sha256::digest(sent)) != token {
            return told(
                StatusCode::UNAUTHORIZED,
                "The header X-Gate-Token is missing or wrong. It is the content of gate.token_file.",
            );
        }
    }
    match (request.method(), request.uri().path()) {
        (&Method::GET, CHECK) => check(gatekeeper, &request),
        (&Method::POST, REPORT) => take_report(gatekeeper, request).await,
        (_, CHECK) => told(StatusCode::METHOD_NOT_ALLOWED, "Ask with GET /api/gate/check."),
        (_, REPORT) => told(StatusCode::METHOD_NOT_ALLOWED, "Report with POST /api/gate/report."),
        _ => told(
            StatusCode::NOT_FOUND,
            "The gate answers GET /api/gate/check and POST /api/gate/report.",
        ),
    }
}

fn check(gatekeeper: &Gatekeeper, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let refused_as = match request.uri().query() {
        None => None,
        Some("refuse=401") => Some(StatusCode::UNAUTHORIZED),
        Some("refuse=403") => Some(StatusCode::FORBIDDEN),
        Some(_) => {
            return told(
                StatusCode::BAD_REQUEST,
                "The query is refuse=401 or refuse=403, or there is none.",
            );
        }
    };
    let question = match Question::read(request.headers()) {
        Ok(question) => question,
        Err(missing) => {
            return told(
                StatusCode::BAD_REQUEST,
                &format!(
                    "The header {missing} is missing. See the recipes in ops/protection/gate."
                ),
            );
        }
    };
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let wants_json = accept.is_some_and(|accept| accept.contains("json"));
    let (answer, stage) = gatekeeper.ask(&question);
    let random = || getrandom::u64().unwrap_or_default();
    let mut response = answer.respond(refused_as, wants_json, random);
    if let Some(stage) = stage {
        let stage = HeaderValue::from_static(stage.as_str());
        response.headers_mut().insert(OPERATING_MODE, stage);
    }
    response
}

async fn take_report(
    gatekeeper: &Arc<Gatekeeper>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let body = Limited::new(request.into_body(), report::LARGEST).collect();
    let body = match tokio::time::timeout(BODY_WITHIN, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => return told(StatusCode::PAYLOAD_TOO_LARGE, "A report has at most 1 MiB."),
        Err(_) => {
            return told(StatusCode::REQUEST_TIMEOUT, "The report did not arrive within 10 s.");
        }
    };
    // A long one is read beside the answers.
    let taken = if body.len() <= READ_AT_ONCE {
        report::take(gatekeeper, &body)
    } else {
        let gatekeeper = Arc::clone(gatekeeper);
        let read = tokio::task::spawn_blocking(move || report::take(&gatekeeper, &body));
        read.await.unwrap_or_else(|_| Err("The report could not be read.".to_owned()))
    };
    match taken {
        Ok(()) => told(StatusCode::NO_CONTENT, ""),
        Err(sentence) => told(StatusCode::UNPROCESSABLE_ENTITY, &sentence),
    }
}

/// An answer to the one who configures the proxy.
fn told(status: StatusCode, sentence: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    if !sentence.is_empty() {
        let kind = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        *response.body_mut() = Full::from(format!("{sentence}\n"));
    }
    response
}
