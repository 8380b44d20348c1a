//! Serves connections: lean, with time limits, and with an end in good order while streams are
//! open.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1::Builder};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use crate::http::{client_info::Peer, tls};

/// A client that has not sent its headers by then is cut off.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
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
    let connections = TaskTracker::new();
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN).max_buf_size(64 * 1024);
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
        let (router, stop, builder, tls) =
            (router.clone(), stop.clone(), builder.clone(), tls.clone());
        connections.spawn(async move {
            // Apart in memory, because most connections are of one kind, and would take the place
            // of the larger one.
            match tls {
                None => Box::pin(talk(stream, Peer::new(address, false), &builder, router, stop)).await,
                Some(tls) => {
                    let shaken = tokio::select! {
                        () = stop.cancelled() => return,
                        shaken = tokio::time::timeout(HEADERS_WITHIN, tls.accept(stream)) => shaken.unwrap_or_else(|_| Err(tls::too_slow())),
                    };
                    match shaken {
                        Ok(stream) => Box::pin(talk(stream, Peer::new(address, true), &builder, router, stop)).await,
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

/// One connection, from its first request to its end.
async fn talk<S>(stream: S, peer: Peer, builder: &Builder, router: Router, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        let router = router.clone();
        request.extensions_mut().insert(peer);
        async move {
            Ok::<_, Infallible>(
                router.oneshot(request.map(Body::new)).await.unwrap_or_else(|never| match never {}),
            )
        }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::trace!(%error, "a connection ended early");
    }
}
