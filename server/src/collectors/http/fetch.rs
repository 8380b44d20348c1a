//! One request for data, to an address of the configuration: on the same ground as a probe, without
//! redirects, and with the whole answer, up to a bound.

use std::{path::Path, time::Duration};

use bytes::Bytes;
use domain::reason::{FailureReason, RequestPhase};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    HeaderMap, Request, Response,
    body::Incoming,
    header::{self, HeaderValue},
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    CollectError, ProbeUrl,
    ask::{self, Seen},
    authority,
    dial::{Dialed, Dialer},
    target,
};
use crate::collectors::outside::Outside;

/// Asks for data.
#[derive(Clone, Debug)]
pub(in crate::collectors) struct Fetcher {
    dialer: Dialer,
    time_limit: Duration,
    most_bytes: usize,
}

/// An answer.
#[derive(Debug)]
pub(in crate::collectors) struct Fetched {
    /// Its status.
    pub(in crate::collectors) status: u16,
    /// Its headers.
    pub(in crate::collectors) headers: HeaderMap,
    /// All of its body.
    pub(in crate::collectors) body: Vec<u8>,
}

impl Fetcher {
    /// Believes the public authorities, and those in a file of one's own.
    pub(in crate::collectors) fn new(
        ca_file: Option<&Path>,
        time_limit: Duration,
        most_bytes: usize,
    ) -> Result<Self, CollectError> {
        Ok(Self { dialer: Dialer::new(ca_file, time_limit)?, time_limit, most_bytes })
    }

    /// Sends one request. The authorization goes to this address only, and is told nowhere. A
    /// failure of this host's own line is told as one.
    pub(in crate::collectors) async fn get(
        &self,
        url: &ProbeUrl,
        authorization: &str,
        accept: &'static str,
        outside: &Outside,
    ) -> Result<Fetched, FailureReason> {
        let mut phase = RequestPhase::Name;
        let asked = self.ask(url, authorization, accept, outside, &mut phase);
        let outcome = tokio::time::timeout(self.time_limit, asked).await;
        let outcome = outcome.unwrap_or_else(|_| {
            let address = url.as_url().host_str().map(Into::into);
            Err(FailureReason::TimedOut { phase, address, after: self.time_limit.into() })
        });
        match outcome {
            Ok(fetched) => Ok(fetched),
            Err(reason) => match outside.cause(&reason).await {
                Some(cause) => Err(FailureReason::Behind { cause }),
                None => Err(reason),
            },
        }
    }

    async fn ask(
        &self,
        url: &ProbeUrl,
        authorization: &str,
        accept: &'static str,
        outside: &Outside,
        phase: &mut RequestPhase,
    ) -> Result<Fetched, FailureReason> {
        let stream = self.dialer.dial(url, &[b"http/1.1"], outside, phase).await?;
        let request = request(url, authorization, accept)?;
        *phase = RequestPhase::FirstByte;
        let host = url.as_url().host_str().unwrap_or_default();
        self.read(stream, request, host, phase).await
    }

    async fn read(
        &self,
        stream: Box<dyn Dialed>,
        request: Request<Full<Bytes>>,
        host: &str,
        phase: &mut RequestPhase,
    ) -> Result<Fetched, FailureReason> {
        let seen = Seen::default();
        let (response, _connection): (Response<Incoming>, AbortOnDropHandle<()>) =
            ask::ask(stream, false, request, &seen)
                .await
                .map_err(|error| ask::explain(&error, RequestPhase::FirstByte, &seen, host))?;
        *phase = RequestPhase::Body;
        let (head, mut incoming) = response.into_parts();
        let mut body = Vec::new();
        while let Some(frame) = incoming.frame().await {
            let frame =
                frame.map_err(|error| ask::explain(&error, RequestPhase::Body, &seen, host))?;
            let Ok(data) = frame.into_data() else { continue };
            if body.len() + data.len() > self.most_bytes {
                return Err(FailureReason::told("The answer is longer than expected"));
            }
            body.extend_from_slice(&data);
        }
        Ok(Fetched { status: head.status.as_u16(), headers: head.headers, body })
    }
}

fn request(
    url: &ProbeUrl,
    authorization: &str,
    accept: &'static str,
) -> Result<Request<Full<Bytes>>, FailureReason> {
    let failed = |_| FailureReason::told("The request can't be made: its token has a line break");
    let mut authorization = HeaderValue::from_str(authorization).map_err(failed)?;
    authorization.set_sensitive(true);
    Request::builder()
        .uri(target(url))
        .header(header::HOST, authority(url))
        .header(header::USER_AGENT, concat!("calm-ops/", env!("CARGO_PKG_VERSION")))
        .header(header::ACCEPT, accept)
        .header(header::CONNECTION, "close")
        .header(header::AUTHORIZATION, authorization)
        .body(Full::default())
        .map_err(|error| FailureReason::told(&format!("The request can't be made: {error}")))
}
