//! Reads the body of a request before its handler: whole, within a size and within a time.

use std::{error::Error as _, time::Duration};

use app::Form;
use axum::{
    body::{Body, to_bytes},
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::StreamExt as _;
use http::{Method, header, request::Parts};
use http_body_util::LengthLimitError;

use crate::http::{
    client_info::ClientInfo,
    error::{Kind, Problem},
    places::Holder,
};

/// Whoever pushes what can't be taken is told of.
const PUSHES: &str = "/api/ops/signals";
/// Routes for programs.
const PROGRAMS: &str = "/api/ops/";
/// Longest time for a body to arrive.
const WITHIN: Duration = Duration::from_secs(10);
/// So much of a body that is too large is read all the same, in bytes, and for so long.
const MOST_DRAINED: usize = 16 * 1024 * 1024;
const DRAINED_WITHIN: Duration = Duration::from_secs(2);

/// The most that a stranger from elsewhere may send, in bytes: what their forms take.
const OF_STRANGERS: usize = 64 * 1024;

/// The size that a request may have.
fn most_of(most: usize, request: &Request) -> usize {
    let extensions = request.extensions();
    let is_stranger = matches!(extensions.get::<Holder>(), None | Some(Holder::Stranger(_)));
    let is_here = extensions.get::<ClientInfo>().is_some_and(|client| client.from.is_loopback());
    if is_stranger && !is_here { most.min(OF_STRANGERS) } else { most }
}

/// Hands the request on with all of its body, or answers why not.
pub async fn whole(most: usize, request: Request, next: Next) -> Response {
    let most = most_of(most, &request);
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > u64::try_from(most).unwrap_or(u64::MAX)) {
        let (parts, body) = request.into_parts();
        let _ = tokio::time::timeout(DRAINED_WITHIN, drain(body)).await;
        return unread(parts, too_large(most), next).await;
    }
    let (parts, body) = request.into_parts();
    let problem = match tokio::time::timeout(WITHIN, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => {
            // Whoever takes it, also the framework, which would replace what is damaged.
            if is_form(&parts)
                && let Err(error) = Form::read(&bytes)
            {
                return Problem::from(error).into_response();
            }
            return next.run(Request::from_parts(parts, Body::from(bytes))).await;
        }
        Ok(Err(error)) if error.source().is_some_and(|source| source.is::<LengthLimitError>()) => {
            too_large(most)
        }
        Ok(Err(_)) => {
            let detail = "The body was cut off. Nothing was accepted. Send it again.".to_owned();
            Problem::new(Kind::Malformed, detail)
        }
        Err(_) => {
            let detail = format!(
                "The body did not arrive within {} seconds. Nothing was accepted. Send it again.",
                WITHIN.as_secs()
            );
            Problem::new(Kind::TooSlow, detail)
        }
    };
    unread(parts, problem, next).await
}

/// True if it is a form by its own description. What programs send is JSON: their routes refuse
/// anything else by themselves.
fn is_form(parts: &Parts) -> bool {
    if parts.uri.path().starts_with(PROGRAMS) {
        return false;
    }
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The reason that the body of a push is missing: its handler tells of it whose it was.
#[derive(Clone, Debug)]
pub struct Unread(pub Problem);

async fn unread(mut parts: Parts, problem: Problem, next: Next) -> Response {
    if parts.uri.path() != PUSHES {
        return problem.into_response();
    }
    parts.extensions.insert(Unread(problem));
    next.run(Request::from_parts(parts, Body::empty())).await
}

/// Reads on and throws it away: a connection that is closed while its client still sends is reset,
/// and the answer is lost with it (RFC 9112, section 9.6).
async fn drain(body: Body) {
    let mut left = MOST_DRAINED;
    let mut parts = body.into_data_stream();
    while let Some(Ok(part)) = parts.next().await {
        left = left.saturating_sub(part.len());
        if left == 0 {
            return;
        }
    }
}

fn too_large(most: usize) -> Problem {
    let detail = format!(
        "The body is larger than {most} bytes. Nothing was accepted. Send it in parts, or raise limits.push_bytes in the configuration."
    );
    Problem::new(Kind::TooLarge, detail)
}
