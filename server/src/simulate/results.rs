//! Results of requests that passed, reported to the gate as an application does: only then does it
//! know that they have ended, and how long they took.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::Full;
use serde::Serialize;
use tokio::sync::mpsc;

use super::{
    client::{Client, Failure},
    target::{Target, Way},
};

/// The most results of one report.
const MOST: usize = 1_000;
/// The pause between reports: a request seems to be under way for as long.
const EVERY: Duration = Duration::from_millis(50);
/// The time within which a report is answered.
const WITHIN: Duration = Duration::from_secs(5);
/// Results that wait; with more the newest are left out.
pub(super) const MOST_WAITING: usize = 20_000;

/// A request that passed and has ended.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub method: Method,
    pub path: String,
    pub host: Option<String>,
    pub organization: String,
    /// From when it was sent to the end of its answer.
    pub duration: Duration,
}

#[derive(Serialize)]
struct Report {
    results: Vec<ResultOfRequest>,
}

#[derive(Serialize)]
struct ResultOfRequest {
    method: String,
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    headers: BTreeMap<&'static str, String>,
    status: u16,
    duration_ms: f64,
}

/// Reports results until there are no more. Returns how many could not be reported.
pub(super) async fn report(gate: Target, mut ended: mpsc::Receiver<Ended>) -> u64 {
    let mut client = Client::new(gate.endpoint.clone());
    let token = match &gate.way {
        Way::Gate { token } => token.as_ref(),
        Way::Proxy { .. } => None,
    };
    let mut lost = 0;
    let mut batch = Vec::with_capacity(MOST);
    while ended.recv_many(&mut batch, MOST).await > 0 {
        let body = Bytes::from(write(&batch));
        let sent = client.send(|| post(token, body.clone()));
        let taken = matches!(
            tokio::time::timeout(WITHIN, sent).await,
            Ok(Ok(answer)) if answer.status().is_success()
        );
        if !taken {
            lost += batch.len() as u64;
        }
        batch.clear();
        tokio::time::sleep(EVERY).await;
    }
    lost
}

fn post(token: Option<&HeaderValue>, body: Bytes) -> Result<Request<Full<Bytes>>, Failure> {
    let mut request = Request::post("/api/gate/report")
        .header(header::HOST, "gate")
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header("x-gate-token", token);
    }
    Ok(request.body(Full::from(body))?)
}

fn write(batch: &[Ended]) -> Vec<u8> {
    let result = |ended: &Ended| ResultOfRequest {
        method: ended.method.to_string(),
        uri: ended.path.clone(),
        host: ended.host.clone(),
        headers: BTreeMap::from([("X-Organization", ended.organization.clone())]),
        status: 200,
        duration_ms: ended.duration.as_secs_f64() * 1e3,
    };
    let report = Report { results: batch.iter().map(result).collect() };
    serde_json::to_vec(&report).unwrap_or_default()
}
