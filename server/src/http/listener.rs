//! Serves connections: lean, with time limits, and with an end in good order while streams are
//! open.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
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
    net::TcpListener,
    sync::{Notify, Semaphore},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use crate::http::{client_info::Peer, tls};

/// A client that has not sent its first request by then is cut off.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// A connection that has been answered stays open this long without a request: longer than proxies
/// keep theirs (nginx 60 s, Caddy 2 min, Google's load balancer 10 min), so that none sends a
/// request into a connection that is just being closed.
const IDLE: Duration = Duration::from_secs(620);
/// The most connections that are kept for so long; the others get [`HEADERS_WITHIN`].
const MOST_IDLE: usize = 256;
/// How long the end of an idle connection may take.
const CLOSE_WITHIN: Duration = Duration::from_millis(250);
/// The most requests that one connection may have open at a time.
const MOST_STREAMS: u32 = 100;
/// How long requests that are being answered may take once the server stops.
const FINISH_WITHIN: Duration = Duration::from_millis(1_500);

/// Serves until `stop`, then lets what is being answered finish, within bounds. With `tls`, nothing
/// but TLS is spoken.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    most: usize,
    stop: CancellationToken,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(most));
    let idle = Arc::new(Semaphore::new(MOST_IDLE));
    let connections = TaskTracker::new();
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place.map_err(io::Error::other)?,
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: what is open goes on, and a place will come
                // free.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let (tls, stop) = (tls.clone(), stop.clone());
        let patience = Patience { headers: HEADERS_WITHIN, idle: IDLE };
        let talk =
            Talk { router: router.clone(), patience, idle: Arc::clone(&idle), stop: stop.clone() };
        connections.spawn(async move {
            // Apart in memory, because most connections are of one kind, and would take the place
            // of the larger one.
            match tls {
                None => Box::pin(talk.http1(stream, Peer::new(address, false))).await,
                Some(tls) => {
                    let shaken = tokio::select! {
                        () = stop.cancelled() => return,
                        shaken = tokio::time::timeout(HEADERS_WITHIN, tls.accept(stream)) => shaken.unwrap_or_else(|_| Err(tls::too_slow())),
                    };
                    let peer = Peer::new(address, true);
                    match shaken {
                        Ok(stream) if stream.get_ref().1.alpn_protocol() == Some(tls::HTTP2) => {
                            Box::pin(talk.http2(stream, peer)).await;
                        }
                        Ok(stream) => Box::pin(talk.http1(stream, peer)).await,
                        Err(error) => tracing::trace!(%error, "a connection ended before it began"),
                    }
                }
            }
            drop(place);
        });
    }
    connections.close();
    if tokio::time::timeout(FINISH_WITHIN, connections.wait()).await.is_err() {
        tracing::info!(count = connections.len(), "connections were cut off at the stop");
    }
    Ok(())
}

/// Requests of one connection. A connection is most of what a reader of the stream costs, so this
/// is small.
#[derive(Debug, Default)]
struct Requests {
    /// How many are being answered.
    open: AtomicUsize,
    /// Whether there was one before.
    any: AtomicBool,
    changed: Notify,
}

/// A request that is being answered, until the last of its answer is handed over.
struct Answering(Arc<Requests>);

impl Answering {
    fn begin(requests: Arc<Requests>) -> Self {
        requests.any.store(true, Ordering::Relaxed);
        requests.open.fetch_add(1, Ordering::Relaxed);
        requests.changed.notify_one();
        Self(requests)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
        self.0.changed.notify_one();
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

/// How long a connection may wait for its client.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// For the first request, and for a next one where too many are kept.
    headers: Duration,
    /// For a next request.
    idle: Duration,
}

/// What every connection is served with.
struct Talk {
    router: Router,
    patience: Patience,
    idle: Arc<Semaphore>,
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
        peer: Peer,
        requests: Arc<Requests>,
    ) -> impl HttpService<
        Incoming,
        ResBody = Answer,
        Error = Infallible,
        Future = BoxFuture<'static, Result<hyper::Response<Answer>, Infallible>>,
    > + use<> {
        let router = self.router.clone();
        service_fn(move |request| {
            let answering = Answering::begin(Arc::clone(&requests));
            answer(router.clone(), peer, answering, request).boxed()
        })
    }

    /// One connection, from its first request to its end.
    async fn http1<S>(self, stream: S, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let requests = Arc::new(Requests::default());
        let service = self.service(peer, Arc::clone(&requests));
        let connection = http1::Builder::new()
            .max_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(stream), service);
        self.drive(connection, &requests).await;
    }

    /// The same in HTTP/2.
    async fn http2<S>(self, stream: S, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let requests = Arc::new(Requests::default());
        let service = self.service(peer, Arc::clone(&requests));
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MOST_STREAMS)
            .max_send_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(stream), service);
        self.drive(connection, &requests).await;
    }

    /// Carries a connection on until its end, the end of the program, or the end of its patience.
    async fn drive<C>(self, connection: C, requests: &Requests)
    where
        C: GracefulConnection<Error = hyper::Error>,
    {
        tokio::pin!(connection);
        let outcome = loop {
            // What changes after this look wakes the wait below.
            let open = requests.open.load(Ordering::Relaxed);
            let any = requests.any.load(Ordering::Relaxed);
            // Given back as soon as a request comes.
            let kept = (open == 0 && any).then(|| self.idle.try_acquire().ok()).flatten();
            let patience = if kept.is_some() { self.patience.idle } else { self.patience.headers };
            tokio::select! {
                outcome = connection.as_mut() => break outcome,
                () = self.stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    break connection.await;
                }
                () = requests.changed.notified() => {}
                () = tokio::time::sleep(patience), if open == 0 => {
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

    /// A connection to a server that is patient for `idle`, and to `places` such at a time.
    fn connect(idle: &Arc<Semaphore>, stop: &CancellationToken) -> DuplexStream {
        let (here, there) = tokio::io::duplex(4096);
        let patience =
            Patience { headers: Duration::from_millis(40), idle: Duration::from_secs(20) };
        let router = Router::new().route("/", get(|| async { "fine" }));
        let talk = Talk { router, patience, idle: Arc::clone(idle), stop: stop.clone() };
        tokio::spawn(talk.http1(there, Peer::default()));
        here
    }

    async fn ask(stream: &mut DuplexStream) -> String {
        stream.write_all(REQUEST).await.unwrap();
        let mut answer = vec![0; 4096];
        let length = stream.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    /// Whether it is closed much later than the patience for a first request ends.
    async fn is_closed(stream: &mut DuplexStream) -> bool {
        let read = tokio::time::timeout(Duration::from_millis(600), stream.read_u8());
        matches!(read.await, Ok(Err(_)))
    }

    #[tokio::test]
    async fn what_was_answered_is_kept_and_what_never_asked_is_not() {
        let (idle, stop) = (Arc::new(Semaphore::new(1)), CancellationToken::new());
        assert!(is_closed(&mut connect(&idle, &stop)).await, "nothing was asked");
        let mut slow = connect(&idle, &stop);
        slow.write_all(&REQUEST[..9]).await.unwrap();
        assert!(is_closed(&mut slow).await, "a request that does not end");

        let mut kept = connect(&idle, &stop);
        let answer = ask(&mut kept).await;
        assert!(answer.contains("content-length: 4") && answer.ends_with("fine"), "{answer}");
        assert!(!is_closed(&mut kept).await);
        // There is no room for a second one.
        let mut other = connect(&idle, &stop);
        assert!(ask(&mut other).await.ends_with("fine"));
        assert!(is_closed(&mut other).await);
        assert!(ask(&mut kept).await.ends_with("fine"), "it is answered again");

        stop.cancel();
        assert!(is_closed(&mut kept).await);
        assert_eq!(idle.available_permits(), 1);
    }
}
