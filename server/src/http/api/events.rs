//! The live stream, as server-sent events.

use std::convert::Infallible;

use axum::{body::Body, extract::State, response::Response};
use bytes::Bytes;
use commands::{operation::Operation as _, reading::StreamEvents};
use domain::{journal::Cursor, time::Timestamp};
use futures::{Stream, StreamExt as _};
use http::{HeaderMap, HeaderValue, header};

use crate::{
    http::{
        api::route::{Answer, Route},
        auth::{RequestPrincipal, until_refused},
        error::{Kind, Problem},
        extract::{ApiQuery, Fields, FromQuery},
        places::Holder,
        schema::{Content, Parameter},
        state::Site,
    },
    people::Shown,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get_with("/api/ops/events", events)
            .needs::<StreamEvents>()
            .query(After::PARAMETERS)
            .content(Content::Stream)
            .summary("The live stream (server-sent events). The data of each is a StreamEvent in JSON, told apart by `event`: `hello` first; `journal` for each entry, with its position as id; `readings` with all of them, then `change` with what is new; `incidents` with both lists, then `card` for each incident that changes; `overview` with the rest of the health page; `run` when a run has printed something; `resync` when the position is too old; and `signed_out` as the last one when the sign-in or token has ended.")
            .answer("A stream of events, until either side ends it."),
    ]
}

/// The message for a reader whose sign-in or token has ended.
const SIGNED_OUT: &[u8] =
    b"data: {\"event\":\"signed_out\",\"data\":{\"sign_in\":\"/sign-in\"}}\n\n";

/// A stream that ends as soon as its reader may no longer read, and says so.
fn told_at_the_end(
    stream: impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static,
    refused: impl Future<Output = ()> + Send + 'static,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    let open = Some((Box::pin(stream), Box::pin(refused)));
    futures::stream::unfold(open, |open| async {
        let (mut stream, mut refused) = open?;
        tokio::select! {
            biased;
            () = &mut refused => Some((Ok(Bytes::from_static(SIGNED_OUT)), None)),
            next = stream.next() => next.map(|next| (next, Some((stream, refused)))),
        }
    })
}

/// The position in the query. Where a header goes before it, nobody asks whether it can be read.
struct After {
    cursor: Result<Option<Cursor>, Problem>,
    readings: Option<u64>,
}

impl FromQuery for After {
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::optional::<Cursor>(
            "after",
            "the last position known, such as '1:42'; `Last-Event-ID` goes before it; from now on if left out",
        ),
        Parameter::optional::<u64>(
            "readings",
            "the version of the readings that is known: only what has changed since is sent; all of them if left out",
        ),
    ];

    fn from_query(fields: &Fields, _: Timestamp) -> Result<Self, Problem> {
        Ok(Self { cursor: fields.get("after"), readings: fields.get("readings")? })
    }
}

async fn events(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    shown: Shown,
    holder: Holder,
    headers: HeaderMap,
    ApiQuery(After { cursor: after, readings }): ApiQuery<After>,
) -> Answer {
    site.service.check::<StreamEvents>(&principal)?;
    let cursor: Option<Cursor> =
        match headers.get("last-event-id").and_then(|value| value.to_str().ok()).map(str::parse) {
            Some(Ok(cursor)) => Some(cursor),
            Some(Err(_)) | None => after?,
        };
    let stream = site.live.open(holder, cursor, readings, site.store.clone()).ok_or_else(|| {
        let detail =
            "As many readers as are allowed are connected. Try again in a moment.".to_owned();
        Problem::new(Kind::TooManyReaders, detail)
    })?;
    // Who may no longer read is cut off at once.
    let changed = site.service.people_changed();
    let refused = until_refused(site.people, changed, shown, StreamEvents::PERMISSION);
    let stream = told_at_the_end(stream, refused);
    let mut response = Response::new(Body::from_stream(stream));
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}
