//! A web server that takes what is sent and answers as it is told to.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::Value;

/// The answer to one request.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    Status(u16),
    /// With success, but only after this time.
    Late(Duration),
    /// Not at all, for a long time.
    Silence,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Taken {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub status: u16,
}

impl Taken {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// True if it tells a person that their account was changed.
    fn is_notice(&self) -> bool {
        let text = String::from_utf8_lossy(&self.body);
        ["Calm Ops account", "no longer sends notifications here"]
            .iter()
            .any(|words| text.contains(words))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

#[derive(Clone, Default)]
struct Shared {
    taken: Arc<Mutex<Vec<Taken>>>,
    notices: Arc<Mutex<Vec<Taken>>>,
    next: Arc<Mutex<VecDeque<Answer>>>,
    usual: Arc<Mutex<Option<u16>>>,
}

pub struct Receiver {
    pub url: String,
    shared: Shared,
}

async fn take(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let notice = Taken { path: uri.path().to_owned(), headers, body, status: 200 };
    if notice.is_notice() {
        shared.notices.lock().unwrap().push(notice);
        return StatusCode::OK.into_response();
    }
    let Taken { headers, body, .. } = notice;
    let usual = shared.usual.lock().unwrap().unwrap_or(200);
    let answer = shared.next.lock().unwrap().pop_front().unwrap_or(Answer::Status(usual));
    let (status, after) = match answer {
        Answer::Status(status) => (status, Duration::ZERO),
        Answer::Late(after) => (200, after),
        Answer::Silence => (0, Duration::from_secs(60)),
    };
    shared.taken.lock().unwrap().push(Taken { path: uri.path().to_owned(), headers, body, status });
    tokio::time::sleep(after).await;
    // A redirect would lead to a page that tells that it was followed.
    (StatusCode::from_u16(status).unwrap_or(StatusCode::OK), [("location", "/followed")], "{}")
        .into_response()
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Shared::default();
        let router = Router::new().fallback(take).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared }
    }

    /// Answers the next requests so, in this order.
    pub fn answer_next(&self, answers: &[Answer]) {
        self.shared.next.lock().unwrap().extend(answers);
    }

    /// Answers all others so.
    pub fn answer(&self, status: u16) {
        *self.shared.usual.lock().unwrap() = Some(status);
    }

    /// The messages that tell a person that their account was changed: nowhere among the others.
    pub fn notices(&self) -> Vec<Taken> {
        self.shared.notices.lock().unwrap().clone()
    }

    /// Waits until so many of those came.
    pub async fn until_notices(&self, count: usize) -> Vec<Taken> {
        let began = Instant::now();
        while self.notices().len() < count {
            assert!(began.elapsed() < Duration::from_secs(60), "only {:?}", self.notices());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.notices()
    }

    pub fn all(&self) -> Vec<Taken> {
        self.shared.taken.lock().unwrap().clone()
    }

    /// Those that were answered with success.
    pub fn accepted(&self) -> Vec<Taken> {
        self.all().into_iter().filter(|taken| (200..300).contains(&taken.status)).collect()
    }

    /// Waits until so many were accepted.
    pub async fn until(&self, count: usize) -> Vec<Taken> {
        let began = Instant::now();
        loop {
            let accepted = self.accepted();
            if accepted.len() >= count {
                return accepted;
            }
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "only {} of {count} came: {:?}",
                accepted.len(),
                self.all()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
