//! Results of requests that passed, reported to the gate as an application does: only then does it
//! know that they have ended, and how long they took.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use engine::simulation::Planned;
use http::{Request, header};
use http_body_util::Full;
use serde::Serialize;
use tokio::sync::mpsc;

use super::{
    client::{Client, Failure},
    request::Requests,
    target::Way,
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
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub planned: Planned,
    /// From when it was sent to the end of its answer.
    pub duration: Duration,
}

#[derive(Serialize)]
struct Report<'a> {
    results: Vec<ResultOfRequest<'a>>,
}

#[derive(Serialize)]
struct ResultOfRequest<'a> {
    method: String,
    uri: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    headers: BTreeMap<&'static str, String>,
    status: u16,
    duration_ms: f64,
}

/// Reports results until there are no more. Returns how many could not be reported.
pub(super) async fn report(requests: Arc<Requests>, mut ended: mpsc::Receiver<Ended>) -> u64 {
    let mut client = Client::new(requests.target().endpoint.clone());
    let mut lost = 0;
    let mut batch = Vec::with_capacity(MOST);
    while ended.recv_many(&mut batch, MOST).await > 0 {
        let body = Bytes::from(write(&requests, &batch));
        let sent = client.send(|| post(&requests, body.clone()));
        let taken = matches!(
            tokio::time::timeout(WITHIN, sent).await,
            Ok(Ok((status, _))) if status.is_success()
        );
        if !taken {
            lost += batch.len() as u64;
        }
        batch.clear();
        tokio::time::sleep(EVERY).await;
    }
    lost
}

fn post(requests: &Requests, body: Bytes) -> Result<Request<Full<Bytes>>, Failure> {
    let mut request = Request::post("/api/gate/report")
        .header(header::HOST, "gate")
        .header(header::CONTENT_TYPE, "application/json");
    if let Way::Gate { token: Some(token) } = &requests.target().way {
        request = request.header("x-gate-token", token);
    }
    Ok(request.body(Full::from(body))?)
}

fn write(requests: &Requests, batch: &[Ended]) -> Vec<u8> {
    let result = |ended: &Ended| {
        let (method, uri) = requests.line(ended.planned.purpose);
        let name = ended.planned.sender.name(requests.organization()).into_owned();
        ResultOfRequest {
            method: method.to_string(),
            uri,
            host: requests.host(&name),
            headers: BTreeMap::from([("X-Organization", name)]),
            status: 200,
            duration_ms: ended.duration.as_secs_f64() * 1e3,
        }
    };
    let report = Report { results: batch.iter().map(result).collect() };
    serde_json::to_vec(&report).unwrap_or_default()
}
