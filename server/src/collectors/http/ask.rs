//! One request on a connection: HTTP/1.1 as leniently as browsers read it, or HTTP/2 where TLS agreed
//! on that; and what was wrong with what came.

use std::{
    error::Error as _,
    io::{self, ErrorKind},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use domain::reason::{FailureReason, RequestPhase};
use http_body_util::Full;
use hyper::{
    Request, Response,
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::task::AbortOnDropHandle;

use super::tls;

/// The longest head of an answer, as browsers take it.
const LONGEST_HEAD: usize = 256 * 1024;
const MOST_HEADERS: usize = 1_000;
/// So much of what a server sends first is kept, to tell what it was.
const KEPT: usize = 4 * 1024;

/// The first bytes that came on a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(Arc<Mutex<Vec<u8>>>);

impl Seen {
    /// True if the head of an answer in HTTP/1 has begun to come.
    pub(super) fn is_begun_head(&self) -> bool {
        self.bytes().starts_with(b"HTTP/")
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A stream that keeps the first bytes, and takes an end without TLS's farewell for an end, as
/// browsers do. Whether an answer is whole is told by its length.
struct Wire<S> {
    stream: S,
    seen: Seen,
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Some(new) = buffer.filled().get(before..)
            && !new.is_empty()
        {
            let mut seen = self.seen.0.lock().unwrap_or_else(PoisonError::into_inner);
            let room = KEPT.saturating_sub(seen.len());
            seen.extend(new.iter().take(room));
        }
        match outcome {
            Poll::Ready(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                Poll::Ready(Ok(()))
            }
            outcome => outcome,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Sends the request and waits for the head of the answer. The connection ends when its handle is
/// dropped.
pub(super) async fn ask<S>(
    stream: S,
    is_http2: bool,
    request: Request<Full<Bytes>>,
    seen: &Seen,
) -> Result<(Response<Incoming>, AbortOnDropHandle<()>), hyper::Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let io = TokioIo::new(Wire { stream, seen: seen.clone() });
    // What goes wrong on a connection is told to its request as well.
    if is_http2 {
        let (mut sender, connection) = http2::Builder::new(TokioExecutor::new())
            .max_header_list_size(LONGEST_HEAD as u32)
            .handshake(io)
            .await?;
        let connection = AbortOnDropHandle::new(tokio::spawn(async move {
            let _ = connection.await;
        }));
        Ok((sender.send_request(request).await?, connection))
    } else {
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(LONGEST_HEAD)
            .max_headers(MOST_HEADERS)
            .allow_spaces_after_header_name_in_responses(true)
            .allow_obsolete_multiline_headers_in_responses(true)
            .ignore_invalid_headers_in_responses(true)
            .handshake(io)
            .await?;
        let connection = AbortOnDropHandle::new(tokio::spawn(async move {
            let _ = connection.await;
        }));
        Ok((sender.send_request(request).await?, connection))
    }
}

/// The reason that an answer did not come, or not whole.
pub(super) fn explain(
    error: &hyper::Error,
    phase: RequestPhase,
    seen: &Seen,
    address: &str,
) -> FailureReason {
    let address = || address.into();
    let bytes = seen.bytes();
    if let Some(tls) = inner::<rustls::Error>(error) {
        return FailureReason::TlsFailed {
            address: address(),
            problem: tls::problem(tls).as_str().into(),
        };
    }
    if phase == RequestPhase::Body {
        return if error.is_parse() || is_bad_data(error) {
            let problem = "the chunks of its body are malformed".into();
            FailureReason::NotHttp { address: address(), problem }
        } else {
            FailureReason::BrokenOff { phase, address: address() }
        };
    }
    if bytes.is_empty() {
        return FailureReason::BrokenOff { phase: RequestPhase::FirstByte, address: address() };
    }
    let is_http = bytes.starts_with(b"HTTP/");
    let problem = if bytes.starts_with(&[0x15, 0x03]) || bytes.starts_with(&[0x16, 0x03]) {
        "it uses TLS; it may be an https address".to_owned()
    } else if error.is_parse_too_large() {
        "the headers of its answer are longer than browsers accept".to_owned()
    } else if is_ended_by_peer(error) {
        return FailureReason::BrokenOff { phase, address: address() };
    } else if error.to_string().starts_with("http2") {
        format!("HTTP/2: {}", deepest(error))
    } else if !is_http {
        format!("it starts with '{}'", first_line(&bytes))
    } else if error.is_parse_status() {
        format!("its first line is '{}'", first_line(&bytes))
    } else if let Some(problem) = wrong_length(error, &bytes) {
        problem
    } else if error.is_parse() {
        format!("in the headers after '{}': {}", first_line(&bytes), deepest(error))
    } else {
        return FailureReason::BrokenOff { phase, address: address() };
    };
    FailureReason::NotHttp { address: address(), problem: problem.as_str().into() }
}

/// The lengths that an answer tells, where they are the reason that it can't be read.
fn wrong_length(error: &hyper::Error, bytes: &[u8]) -> Option<String> {
    if !error.is_parse() || !error.to_string().contains("content-length") {
        return None;
    }
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().skip(1).take_while(|line| !line.is_empty());
    let mut told: Vec<String> = lines
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("content-length"))
        .map(|(_, value)| format!("'Content-Length: {}'", first_line(value.trim().as_bytes())))
        .collect();
    told.dedup();
    match &told[..] {
        [] => None,
        [one] => Some(format!("its headers contain {one}, which is not a length")),
        more => Some(format!("its headers contain several lengths: {}", more.join(", "))),
    }
}

fn first_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.lines().next().unwrap_or_default().chars().take(60).collect()
}

fn inner<T: std::error::Error + 'static>(error: &hyper::Error) -> Option<&T> {
    let mut source = error.source();
    while let Some(one) = source {
        let wrapped = one.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let found = one.downcast_ref::<T>();
        if let Some(found) = found.or_else(|| wrapped.and_then(|one| one.downcast_ref::<T>())) {
            return Some(found);
        }
        source = one.source();
    }
    None
}

/// True if the server ended the stream or the connection on purpose: HTTP/2's RST_STREAM and
/// GOAWAY.
fn is_ended_by_peer(error: &hyper::Error) -> bool {
    error.to_string().starts_with("http2") && deepest(error).contains("error received")
}

/// Chunks that can't be read come as an error of the stream.
fn is_bad_data(error: &hyper::Error) -> bool {
    let io = inner::<io::Error>(error);
    io.is_some_and(|io| matches!(io.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData))
}

fn deepest(error: &hyper::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}
