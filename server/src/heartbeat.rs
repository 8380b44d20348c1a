//! The heartbeat: signs of life to an address of the team's choice, so that someone notices when Calm
//! Ops itself is gone. One is sent only while the monitor really looks and the database takes writes.

use std::{sync::Arc, time::Duration};

use commands::readiness::SignOfLife;
use hyper::Method;
use tokio_util::sync::CancellationToken;
use wording::heartbeat;

use crate::{
    clock::Clock,
    collectors::{
        CollectError,
        http::{Post, Poster},
    },
    config,
    current_status::CurrentStatus,
    notifications::Report,
    service::LastSign,
    store::Store,
};

/// Time limit of one sign, and of the write before it.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// The first sign waits for the monitor's first looks.
const FIRST_AFTER: Duration = Duration::from_secs(2);
/// After a sign that could not be sent the next one comes at least this soon.
const RETRY: Duration = Duration::from_secs(30);

/// Sends signs of life.
pub struct Heartbeat {
    config: config::Heartbeat,
    poster: Poster,
    board: Arc<CurrentStatus>,
    store: Arc<dyn Store>,
    clock: Clock,
    report: Report,
    last: Arc<LastSign>,
}

impl Heartbeat {
    /// Sends to the configured address. That names its host: it may lie inside of the own network.
    pub fn new(
        config: config::Heartbeat,
        board: Arc<CurrentStatus>,
        store: Arc<dyn Store>,
        clock: Clock,
        report: Report,
    ) -> Result<Self, CollectError> {
        let host = config.host().trim_end_matches('.').to_owned();
        let poster = Poster::new(None, &[host])?.configured();
        Ok(Self { config, poster, board, store, clock, report, last: Arc::default() })
    }

    /// The last sign of life.
    pub fn last(&self) -> Arc<LastSign> {
        Arc::clone(&self.last)
    }

    /// Sends until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let (mut wait, mut seen, mut told) = (FIRST_AFTER, None, None);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            let checked = self.board.shown().readings.checked_at;
            let looks = seen.replace(checked) != Some(checked);
            let problem =
                if looks { self.beat().await.err() } else { Some(heartbeat::STUCK.into()) };
            self.last.set(match &problem {
                None => SignOfLife::Sent { at: self.clock.now().wall },
                Some(_) => SignOfLife::Failing,
            });
            wait = self.config.interval;
            if problem.is_some() {
                wait = wait.min(RETRY);
            }
            if problem != told {
                if let Some(problem) = &problem {
                    tracing::warn!(host = self.config.host(), problem, "no heartbeat was sent");
                }
                let sentence =
                    problem.as_deref().map(|why| heartbeat::failed(self.config.host(), why));
                if (self.report)(sentence.into_iter().collect()) {
                    told = problem;
                }
            }
        }
    }

    /// Proves that the database takes a write, and sends one sign.
    async fn beat(&self) -> Result<(), String> {
        let written = self.store.as_calls().prove_writable(self.clock.now().wall);
        match tokio::time::timeout(TIME_LIMIT, written).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return Err(heartbeat::NO_WRITES.to_owned()),
        }
        let post = Post {
            method: Method::GET,
            url: self.config.url.clone(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let sent = tokio::time::timeout(TIME_LIMIT, self.poster.post(&post)).await;
        sent.unwrap_or_else(|_| Err(heartbeat::NO_ANSWER.to_owned()))
    }
}
