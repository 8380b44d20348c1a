//! A small application on loopback that can be overloaded: a queue without a bound, first in, first
//! out, and few workers that each take a fixed time for a request. As in most applications, a
//! worker does not notice that the client has gone: it does work that nobody waits for. Together
//! with clients that try again this is a metastable failure: the trigger ends, and the overload
//! stays (Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021).

use std::{convert::Infallible, io, net::Ipv4Addr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header, request::Parts};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc, oneshot},
    task::JoinSet,
    time::Instant,
};

use super::{
    client::{Client, Failure},
    results::{self, Ended, MOST_WAITING},
    target::{Endpoint, Target, Way},
};

/// The gate is asked for at most this long; then a request passes, as in the recipes.
const GATE_WITHIN: Duration = Duration::from_millis(250);

/// The size of the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Requests that are worked on at the same time.
    pub workers: u32,
    /// The time that each takes.
    pub service_time: Duration,
}

impl Capacity {
    /// The most requests per second.
    pub fn per_second(self) -> f64 {
        f64::from(self.workers) / self.service_time.as_secs_f64()
    }
}

/// A request in the queue.
struct Job {
    ended: Ended,
    came: Instant,
    done: oneshot::Sender<()>,
}

/// The application, running until it is dropped.
#[derive(Debug)]
pub struct Application {
    port: u16,
    /// Aborted when it is dropped.
    _tasks: JoinSet<()>,
}

impl Application {
    /// Starts it on a free port of loopback. With a gate it asks before a request gets into the
    /// queue, and reports results.
    pub async fn start(capacity: Capacity, gate: Option<Target>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (queue, jobs) = mpsc::unbounded_channel();
        let (ended, results) = mpsc::channel(MOST_WAITING);
        let mut tasks = JoinSet::new();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..capacity.workers {
            let ended = gate.is_some().then(|| ended.clone());
            tasks.spawn(work(Arc::clone(&jobs), capacity.service_time, ended));
        }
        drop(ended);
        if let Some(gate) = gate.clone() {
            tasks.spawn(async move {
                results::report(gate, results).await;
            });
        }
        tasks.spawn(listen(listener, queue, gate));
        Ok(Self { port, _tasks: tasks })
    }

    /// The place that its clients send to.
    pub fn target(&self) -> Target {
        let address = (Ipv4Addr::LOCALHOST, self.port).into();
        let authority = format!("127.0.0.1:{}", self.port);
        Target {
            endpoint: Endpoint::Tcp(address),
            way: Way::Proxy { authority, base: String::new() },
        }
    }
}

/// A worker: takes what came first, also where nobody waits for it any more.
async fn work(
    jobs: Arc<Mutex<mpsc::UnboundedReceiver<Job>>>,
    service_time: Duration,
    results: Option<mpsc::Sender<Ended>>,
) {
    loop {
        let Some(Job { mut ended, came, done }) = jobs.lock().await.recv().await else { return };
        tokio::time::sleep(service_time).await;
        let _ = done.send(());
        if let Some(results) = &results {
            ended.duration = came.elapsed();
            let _ = results.try_send(ended);
        }
    }
}

async fn listen(listener: TcpListener, queue: mpsc::UnboundedSender<Job>, gate: Option<Target>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, queue.clone(), gate.clone()));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, queue: mpsc::UnboundedSender<Job>, gate: Option<Target>) {
    let _ = stream.set_nodelay(true);
    let client = gate.as_ref().map(|gate| Client::new(gate.endpoint.clone()));
    let (client, gate) = (Arc::new(Mutex::new(client)), Arc::new(gate));
    let service = service_fn(move |request: Request<Incoming>| {
        let (queue, client, gate) = (queue.clone(), Arc::clone(&client), Arc::clone(&gate));
        async move {
            let (request, body) = request.into_parts();
            // Read to its end, so that the connection can be used again.
            let _ = body.collect().await;
            let mut client = client.lock().await;
            if let (Some(client), Some(gate)) = (client.as_mut(), gate.as_ref())
                && let Some(refusal) = ask(client, gate, &request).await
            {
                return Ok::<_, Infallible>(refusal);
            }
            Ok(wait_for(&queue, &request).await)
        }
    });
    // A client that has gone ends this, and what it waits for; its job stays in the queue.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// The refusal of the gate. Without an answer a request passes.
async fn ask(
    client: &mut Client<Full<Bytes>>,
    gate: &Target,
    request: &Parts,
) -> Option<Response<Full<Bytes>>> {
    let make = || -> Result<Request<Full<Bytes>>, Failure> {
        let headers = &request.headers;
        let mut question = Request::get("/api/gate/check")
            .header(header::HOST, "gate")
            .header("x-forwarded-method", request.method.as_str())
            .header("x-forwarded-uri", request.uri.path());
        let passed_on = [
            ("x-organization", headers.get("x-organization")),
            ("x-forwarded-host", headers.get(header::HOST)),
            ("x-content-length", headers.get(header::CONTENT_LENGTH)),
        ];
        for (name, value) in passed_on {
            if let Some(value) = value {
                question = question.header(name, value);
            }
        }
        if let Way::Gate { token: Some(token) } = &gate.way {
            question = question.header("x-gate-token", token);
        }
        Ok(question.body(Full::default())?)
    };
    let answer = tokio::time::timeout(GATE_WITHIN, client.send(make)).await.ok()?.ok()?;
    let refuses = matches!(
        answer.status(),
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::SERVICE_UNAVAILABLE
    );
    refuses.then(|| answer.map(Full::from))
}

/// Puts a request into the queue, and waits until it is done.
async fn wait_for(queue: &mpsc::UnboundedSender<Job>, request: &Parts) -> Response<Full<Bytes>> {
    let header = |name| request.headers.get(name).and_then(|value| value.to_str().ok());
    let ended = Ended {
        method: request.method.clone(),
        path: request.uri.path().to_owned(),
        host: header("host").map(str::to_owned),
        organization: header("x-organization").unwrap_or_default().to_owned(),
        duration: Duration::ZERO,
    };
    let (done, is_done) = oneshot::channel();
    let mut response = Response::new(Full::from("done\n"));
    let is_queued = queue.send(Job { ended, came: Instant::now(), done }).is_ok();
    if !is_queued || is_done.await.is_err() {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    response
}
