//! Serves connections: lean, with time limits, and with an end in good order while streams are
//! open.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body};
use bytes::Bytes;
use futures::{FutureExt as _, future::BoxFuture};
use http::{HeaderValue, header};
use hyper::{
    body::{Body as HttpBody, Frame, Incoming, SizeHint},
    server::conn::{http1, http2},
    service::{HttpService, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::GracefulConnection,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use crate::{
    collectors::shortage,
    http::{
        client_info::{Peer, Proxies},
        places::{Connection, Connections, Holder, Room},
        tls,
    },
};

/// A client that has not sent its first request by then is cut off.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// A connection that has been answered stays open this long without a request: longer than proxies
/// keep theirs (nginx 60 s, Caddy 2 min, Google's load balancer 10 min), so that none sends a
/// request into a connection that is just being closed.
const IDLE: Duration = Duration::from_secs(620);
/// Longest time for the end of an idle connection.
const CLOSE_WITHIN: Duration = Duration::from_millis(250);
/// The most requests that one connection may have open at a time.
const MOST_STREAMS: u32 = 100;
/// A client that takes nothing of what was sent for so long is gone.
const TAKES_NOTHING: Duration = Duration::from_secs(60);
/// The most connections whose place was given to others and that are not closed yet.
const MOST_CLOSING: usize = 32;
/// The pause after a connection that could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);
/// Longest time that requests that are being answered may take once the server stops.
const FINISH_WITHIN: Duration = Duration::from_millis(1_500);

/// Serves until `stop`, then lets what is being answered finish, within bounds. With `tls`, nothing
/// but TLS is spoken.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    proxies: Proxies,
    room: Room,
    stop: CancellationToken,
) -> io::Result<()> {
    let places = Connections::new(room);
    let sockets = Arc::new(Semaphore::new(room.strangers + room.members + MOST_CLOSING));
    let connections = TaskTracker::new();
    let patience = Patience { headers: HEADERS_WITHIN, idle: IDLE };
    loop {
        let socket = tokio::select! {
            () = stop.cancelled() => break,
            socket = Arc::clone(&sockets).acquire_owned() => socket.map_err(io::Error::other)?,
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // What is open goes on, and a file will come free.
                if shortage::of(&error).is_none() {
                    tracing::debug!(%error, "a connection ended before it was accepted");
                }
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let peer = Peer::new(address, tls.is_some());
        let holder = if proxies.trusts(peer.address) {
            Holder::Proxy
        } else {
            Holder::stranger(peer.address)
        };
        // Where nobody gives up a place, all who are here are signed in.
        let Some(place) = places.take(holder) else { continue };
        let _ = stream.set_nodelay(true);
        let _ =
            rustix::net::sockopt::set_tcp_user_timeout(&stream, TAKES_NOTHING.as_millis() as u32);
        let talk = Talk { router: router.clone(), patience, place, peer, stop: stop.clone() };
        let tls = tls.clone();
        connections.spawn(async move {
            match tls {
                None => Box::pin(talk.http1(stream)).await,
                Some(tls) => talk.over_tls(tls, stream).await,
            }
            drop(socket);
        });
    }
    connections.close();
    if tokio::time::timeout(FINISH_WITHIN, connections.wait()).await.is_err() {
        tracing::info!(count = connections.len(), "connections were cut off at the stop");
    }
    Ok(())
}

/// A request that is being answered, until the last of its answer is handed over.
struct Answering(Connection);

impl Answering {
    fn begin(connection: Connection) -> Self {
        connection.seat().begin();
        Self(connection)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.seat().end();
    }
}

/// A body that holds its request open.
struct Answer {
    body: Body,
    _answering: Answering,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Longest time that a connection may wait for its client.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// For the first request.
    headers: Duration,
    /// For a next request.
    idle: Duration,
}

/// One connection: who is at its other end, and what it is served with.
struct Talk {
    router: Router,
    patience: Patience,
    place: Connection,
    peer: Peer,
    stop: CancellationToken,
}

/// Answers one request.
async fn answer(
    router: Router,
    peer: Peer,
    answering: Answering,
    mut request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Answer>, Infallible> {
    request.extensions_mut().insert(peer);
    request.extensions_mut().insert(answering.0.clone());
    // HTTP/2 names the host in the address alone.
    if !request.headers().contains_key(header::HOST)
        && let Some(host) = request.uri().authority()
        && let Ok(host) = HeaderValue::from_str(host.as_str())
    {
        request.headers_mut().insert(header::HOST, host);
    }
    let answer =
        router.oneshot(request.map(Body::new)).await.unwrap_or_else(|never| match never {});
    Ok(answer.map(|body| Answer { body, _answering: answering }))
}

impl Talk {
    /// Answers requests. Each is boxed: hyper keeps the room of the first one's work for as long as
    /// the connection lives.
    fn service(
        &self,
    ) -> impl HttpService<
        Incoming,
        ResBody = Answer,
        Error = Infallible,
        Future = BoxFuture<'static, Result<hyper::Response<Answer>, Infallible>>,
    > + use<> {
        let (router, peer, place) = (self.router.clone(), self.peer, self.place.clone());
        service_fn(move |request| {
            answer(router.clone(), peer, Answering::begin(place.clone()), request).boxed()
        })
    }

    /// Agrees on TLS, and on the version of HTTP. Each version lies apart in memory, because most
    /// connections are of one, and would take the room of the larger one.
    async fn over_tls(self, tls: TlsAcceptor, stream: TcpStream) {
        let shaken = tokio::select! {
            () = self.stop.cancelled() => return,
            () = self.place.seat().given_up() => return,
            shaken = tokio::time::timeout(self.patience.headers, tls.accept(stream)) => {
                shaken.unwrap_or_else(|_| Err(tls::too_slow()))
            }
        };
        match shaken {
            Ok(stream) if stream.get_ref().1.alpn_protocol() == Some(tls::HTTP2) => {
                Box::pin(self.http2(stream)).await;
            }
            Ok(stream) => Box::pin(self.http1(stream)).await,
            Err(error) => tracing::trace!(%error, "a connection ended before it began"),
        }
    }

    /// One connection, from its first request to its end.
    async fn http1<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connection = http1::Builder::new()
            .max_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(stream), self.service());
        self.drive(connection).await;
    }

    /// The same in HTTP/2.
    async fn http2<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MOST_STREAMS)
            .max_send_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(stream), self.service());
        self.drive(connection).await;
    }

    /// Carries a connection on until its end, the end of the program, the end of its patience, or
    /// until its place is given to someone else.
    async fn drive<C>(self, connection: C)
    where
        C: GracefulConnection<Error = hyper::Error>,
    {
        tokio::pin!(connection);
        let seat = self.place.seat();
        let outcome = loop {
            // What changes after this look wakes the wait below.
            let is_idle = !seat.is_busy();
            if seat.is_given_up() && !is_idle {
                break Ok(());
            }
            let patience = match seat {
                seat if seat.is_given_up() => Duration::ZERO,
                seat if seat.has_asked() => self.patience.idle,
                _ => self.patience.headers,
            };
            tokio::select! {
                outcome = connection.as_mut() => break outcome,
                () = self.stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    break connection.await;
                }
                () = seat.changed() => {}
                () = tokio::time::sleep(patience), if is_idle => {
                    connection.as_mut().graceful_shutdown();
                    let ended = tokio::time::timeout(CLOSE_WITHIN, connection).await;
                    break ended.unwrap_or(Ok(()));
                }
            }
        };
        if let Err(error) = outcome {
            tracing::trace!(%error, "a connection ended early");
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    /// A connection to a server.
    fn connect(places: &Connections, from: u8, stop: &CancellationToken) -> DuplexStream {
        let (here, there) = tokio::io::duplex(4096);
        let patience =
            Patience { headers: Duration::from_millis(40), idle: Duration::from_secs(20) };
        let router = Router::new()
            .route("/", get(|| async { "fine" }))
            .route("/never", get(std::future::pending::<&str>));
        let peer = Peer::new(([203, 0, 113, from], 1).into(), false);
        let place = places.take(Holder::stranger(peer.address)).unwrap();
        let talk = Talk { router, patience, place, peer, stop: stop.clone() };
        tokio::spawn(talk.http1(there));
        here
    }

    async fn ask(stream: &mut DuplexStream) -> String {
        stream.write_all(REQUEST).await.unwrap();
        let mut answer = vec![0; 4096];
        let length = stream.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    /// True if it is closed much later than the patience for a first request ends.
    async fn is_closed(stream: &mut DuplexStream) -> bool {
        let read = tokio::time::timeout(Duration::from_millis(600), stream.read_u8());
        matches!(read.await, Ok(Err(_)))
    }

    fn places() -> Connections {
        Connections::new(Room { strangers: 2, members: 1, streams: 1 })
    }

    #[tokio::test]
    async fn what_was_answered_is_kept_and_what_never_asked_is_not() {
        let (places, stop) = (places(), CancellationToken::new());
        assert!(is_closed(&mut connect(&places, 1, &stop)).await, "nothing was asked");
        let mut slow = connect(&places, 1, &stop);
        slow.write_all(&REQUEST[..9]).await.unwrap();
        assert!(is_closed(&mut slow).await, "a request that does not end");

        let mut kept = connect(&places, 1, &stop);
        let answer = ask(&mut kept).await;
        assert!(answer.contains("content-length: 4") && answer.ends_with("fine"), "{answer}");
        assert!(!is_closed(&mut kept).await);
        assert!(ask(&mut kept).await.ends_with("fine"), "it is answered again");

        stop.cancel();
        assert!(is_closed(&mut kept).await);
    }

    #[tokio::test]
    async fn a_newcomer_is_answered_though_all_places_are_taken() {
        let (places, stop) = (places(), CancellationToken::new());
        let mut idle = connect(&places, 1, &stop);
        let mut busy = connect(&places, 1, &stop);
        assert!(ask(&mut idle).await.ends_with("fine"));
        busy.write_all(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        assert!(!is_closed(&mut busy).await);
        for from in [2, 1] {
            let mut new = connect(&places, from, &stop);
            assert!(ask(&mut new).await.ends_with("fine"));
        }
        assert!(is_closed(&mut idle).await, "the one that was idle gave up its place");
        assert!(!is_closed(&mut busy).await, "the one that is being answered did not");
    }
}
