//! A connection that is kept, and opened again where it ended.

use std::{io, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::{
    body::{Body, Incoming},
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};
use tokio_util::task::AbortOnDropHandle;

use super::target::{Endpoint, Target, TargetError, Way};

/// The most that is read of an answer, in bytes.
const MOST_ANSWER: usize = 8 * 1024 * 1024;
/// The time within which the first connection answers.
const REACHED_WITHIN: Duration = Duration::from_secs(5);

pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A connection of HTTP/1.1.
struct Connection<B> {
    sender: SendRequest<B>,
    _driver: AbortOnDropHandle<()>,
}

/// A client with one connection at a time.
pub(super) struct Client<B> {
    endpoint: Endpoint,
    connection: Option<Connection<B>>,
}

impl<B> Client<B>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Failure>,
{
    /// A client without a connection.
    pub const fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, connection: None }
    }

    /// Ends the connection, so that nothing of the last request is under way on it any more.
    pub fn close(&mut self) {
        self.connection = None;
    }

    /// Sends a request and reads the whole answer. `make` is called again where the connection had
    /// ended before anything was sent.
    pub async fn send<E: Into<Failure>>(
        &mut self,
        make: impl Fn() -> Result<Request<B>, E>,
    ) -> Result<Response<Bytes>, Failure> {
        // Dropped with this future, so that a request without an end leaves no used connection.
        if let Some(mut kept) = self.connection.take()
            && kept.sender.ready().await.is_ok()
        {
            match kept.sender.send_request(make().map_err(Into::into)?).await {
                Ok(response) => return self.finish(kept, response).await,
                Err(error) if error.is_canceled() => {}
                Err(error) => return Err(error.into()),
            }
        }
        let mut fresh = open(&self.endpoint).await?;
        let response = fresh.sender.send_request(make().map_err(Into::into)?).await?;
        self.finish(fresh, response).await
    }

    async fn finish(
        &mut self,
        connection: Connection<B>,
        response: Response<Incoming>,
    ) -> Result<Response<Bytes>, Failure> {
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MOST_ANSWER).collect().await?.to_bytes();
        self.connection = Some(connection);
        Ok(Response::from_parts(head, body))
    }
}

async fn open<B>(endpoint: &Endpoint) -> Result<Connection<B>, Failure>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Failure>,
{
    match endpoint {
        Endpoint::Tcp(address) => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            begin(stream).await
        }
        Endpoint::Unix(path) => begin(UnixStream::connect(path).await?).await,
    }
}

async fn begin<B, S>(stream: S) -> Result<Connection<B>, Failure>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Failure>,
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driver = AbortOnDropHandle::new(tokio::spawn(async move {
        // What goes wrong here is told to the request as well.
        let _ = connection.await;
    }));
    Ok(Connection { sender, _driver: driver })
}

async fn reach(target: &Target) -> Result<(), TargetError> {
    let unreachable = |problem: String| TargetError::Unreachable {
        endpoint: target.endpoint.to_string(),
        problem,
        is_gate: target.is_gate(),
    };
    let tried = tokio::time::timeout(REACHED_WITHIN, async {
        match &target.way {
            Way::Proxy { .. } => {
                let opened: Result<Connection<Requested>, Failure> = open(&target.endpoint).await;
                opened.map(|_| None)
            }
            Way::Gate { token } => {
                let mut client = Client::new(target.endpoint.clone());
                let answer = client.send(|| {
                    let mut request =
                        Request::get("/api/gate/check").header(http::header::HOST, "gate");
                    if let Some(token) = token {
                        request = request.header("x-gate-token", token);
                    }
                    request.body(Requested::default())
                });
                answer.await.map(Some)
            }
        }
    });
    let answer = match tried.await {
        Ok(answer) => answer.map_err(|error| unreachable(deepest(&*error)))?,
        Err(_) => return Err(unreachable("no answer within 5 s".to_owned())),
    };
    // A question without a method: the gate understands it, and says what is missing.
    match answer {
        None => Ok(()),
        Some(answer) if answer.status() == StatusCode::BAD_REQUEST => Ok(()),
        Some(answer) => Err(TargetError::NotTheGate {
            endpoint: target.endpoint.to_string(),
            status: answer.status().as_u16(),
            told: String::from_utf8_lossy(answer.body()).trim().chars().take(200).collect(),
        }),
    }
}

type Requested = http_body_util::Full<Bytes>;

/// The system's own words for a failure.
fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return error.to_string();
    }
    error.source().map_or_else(|| error.to_string(), deepest)
}

impl Target {
    /// Looks whether it answers, without a request that would count.
    pub async fn reach(&self) -> Result<(), TargetError> {
        reach(self).await
    }
}
