//! The driver: sends each request at its time.
//!
//! A thread of its own wakes at each planned time, as timers of the runtime are rounded to
//! milliseconds. Workers with a kept connection each send; there are as many as are needed at the
//! same time, up to a bound. A request that waits for a worker loses that time itself.

use std::{
    collections::VecDeque,
    io::Write,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use domain::time::{Span, Timestamp};
use engine::simulation::{Outcome, Planned, Purpose, Record};
use http::{Response, header::RETRY_AFTER};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    task::JoinSet,
    time::Instant,
};

use super::{
    client::Client,
    figures::Progress,
    request::{RequestBody, Requests},
    results::{self, Ended, MOST_WAITING},
};
use crate::clock::Clock;

/// The most workers, and so connections: within the usual limit of 1,024 open files.
const MOST_WORKERS: usize = 800;
/// A request fails if it is not answered within this time after it was meant to be sent.
const WITHIN: Duration = Duration::from_secs(10);
/// The same for a body that is sent slowly.
const SLOW_WITHIN: Duration = Duration::from_secs(60);
/// A client that is told to come again later than this gives up.
const MOST_PAUSE: Duration = Duration::from_secs(10);
/// The time until the first request.
const SOON: Duration = Duration::from_millis(100);
/// The pause between lines of progress.
const PROGRESS: Duration = Duration::from_secs(2);
/// The pause between looks at what is still under way.
const LOOK: Duration = Duration::from_millis(20);
/// The longest sleep of the thread that wakes, so that it hears of an early end.
const NAP: Duration = Duration::from_millis(200);

/// Time limit and retries of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The time within which an attempt has to be answered; `None` for the usual time from when the
    /// request was meant to be sent.
    pub timeout: Option<Duration>,
    /// Retries after a failure at once, and after a refusal when it is told to.
    pub retries: u32,
}

impl Patience {
    /// Waits long and does not try again.
    pub const ONCE: Self = Self { timeout: None, retries: 0 };
}

/// A person ended the run early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted {
    /// The time since the beginning.
    pub after: Span,
}

/// A run that is over.
#[derive(Clone, Debug)]
pub struct Run {
    /// Time at which it began, which is time zero of the schedule.
    pub began_at: Timestamp,
    /// The results of all requests that were sent.
    pub records: Vec<Record>,
    /// Requests that waited because all connections were busy.
    pub waited: u64,
    /// Requests without an answer when it was ended early.
    pub unfinished: u64,
    /// Results that could not be reported to the gate.
    pub unreported: u64,
    /// True if it was ended early.
    pub interrupted: Option<Interrupted>,
}

/// A request that is due.
#[derive(Clone, Copy, Debug)]
struct Job {
    planned: Planned,
    late: Span,
}

#[derive(Debug, Default)]
struct State {
    /// Workers without work, the one that worked last at the end.
    idle: Vec<mpsc::Sender<Job>>,
    workers: usize,
    waiting: VecDeque<Job>,
    waited: u64,
    records: Vec<Record>,
    progress: Progress,
}

/// State that all workers share.
struct Shared {
    requests: Arc<Requests>,
    patience: Patience,
    began: Instant,
    ended: Option<mpsc::Sender<Ended>>,
    state: Mutex<State>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next request that waits; else the worker is idle.
    fn next_or_rest(&self, worker: &mpsc::Sender<Job>) -> Option<Job> {
        let mut state = self.state();
        let next = state.waiting.pop_front();
        if next.is_none() {
            state.idle.push(worker.clone());
        }
        next
    }

    fn take(&self, record: Record) {
        let mut state = self.state();
        state.progress.count(&record);
        state.records.push(record);
    }
}

/// Sends all requests at their times; `reports` says whether their ends are reported to the gate.
/// Progress goes to `err`.
pub async fn drive(
    requests: Arc<Requests>,
    patience: Patience,
    schedule: Vec<Planned>,
    reports: bool,
    clock: Clock,
    err: &mut dyn Write,
) -> std::io::Result<Run> {
    let began = std::time::Instant::now() + SOON;
    let began_at = clock.now().wall.plus(Span::from(SOON));
    let (sender, ended) = mpsc::channel(MOST_WAITING);
    let reports = reports && requests.target().is_gate();
    let reporter = tokio::spawn(results::report(requests.target().clone(), ended));
    let count = schedule.len();
    let shared = Arc::new(Shared {
        requests,
        patience,
        began: Instant::from_std(began),
        ended: reports.then_some(sender),
        state: Mutex::new(State { records: Vec::with_capacity(count), ..State::default() }),
    });
    let mut interrupts = signal(SignalKind::interrupt())?;
    let stop = Arc::new(AtomicBool::new(false));
    let (due_sender, due) = mpsc::unbounded_channel();
    let stopped = Arc::clone(&stop);
    let thread = std::thread::Builder::new()
        .name("schedule".to_owned())
        .spawn(move || hand_over(&schedule, began, &due_sender, &stopped))?;
    let (interrupted, given) = send_all(&shared, due, &stop, &mut interrupts, err).await;
    let _ = thread.join();
    let (records, waited) = {
        let mut state = shared.state();
        (std::mem::take(&mut state.records), state.waited)
    };
    // With the last worker the last sender of results is gone, and the reporter ends.
    drop(shared);
    let unreported = reporter.await.unwrap_or_default();
    let unfinished = given.saturating_sub(records.len()) as u64;
    Ok(Run { began_at, records, waited, unfinished, unreported, interrupted })
}

/// Hands each request over at its time.
fn hand_over(
    schedule: &[Planned],
    began: std::time::Instant,
    due: &mpsc::UnboundedSender<Planned>,
    stop: &AtomicBool,
) {
    for planned in schedule {
        let at = began + planned.at.to_std();
        loop {
            let left = at.saturating_duration_since(std::time::Instant::now());
            if stop.load(Relaxed) {
                return;
            }
            if left.is_zero() {
                break;
            }
            std::thread::sleep(left.min(NAP));
        }
        if due.send(*planned).is_err() {
            return;
        }
    }
}

/// Gives what is due to workers, and waits for the last answer. Returns how many were given.
async fn send_all(
    shared: &Arc<Shared>,
    mut due: mpsc::UnboundedReceiver<Planned>,
    stop: &AtomicBool,
    interrupts: &mut Signal,
    err: &mut dyn Write,
) -> (Option<Interrupted>, usize) {
    let mut workers = JoinSet::new();
    let mut ticks = tokio::time::interval_at(shared.began + PROGRESS, PROGRESS);
    let mut interrupted = None;
    let mut given = 0;
    loop {
        tokio::select! {
            planned = due.recv() => match planned {
                Some(planned) => {
                    given += 1;
                    give(shared, planned, &mut workers);
                }
                None => break,
            },
            at = ticks.tick() => tell(shared, at, err),
            _ = interrupts.recv(), if interrupted.is_none() => {
                let after = Span::from(shared.began.elapsed());
                interrupted = Some(Interrupted { after });
                stop.store(true, Relaxed);
            }
        }
    }
    let mut looks = tokio::time::interval(LOOK);
    while shared.state().records.len() < given {
        tokio::select! {
            _ = looks.tick() => {}
            at = ticks.tick() => tell(shared, at, err),
            _ = interrupts.recv() => {
                let after = Span::from(shared.began.elapsed());
                interrupted.get_or_insert(Interrupted { after });
                break;
            }
        }
    }
    workers.shutdown().await;
    (interrupted, given)
}

fn tell(shared: &Shared, at: Instant, err: &mut dyn Write) {
    let elapsed = at.saturating_duration_since(shared.began);
    let line = shared.state().progress.line(elapsed, shared.requests.organization());
    let _ = writeln!(err, "{line}");
}

/// Gives a request to a worker, or to a new one, or lets it wait.
fn give(shared: &Arc<Shared>, planned: Planned, workers: &mut JoinSet<()>) {
    let at = shared.began + planned.at.to_std();
    let mut job = Job { planned, late: Span::from(at.elapsed()) };
    let mut state = shared.state();
    // The one that worked last has the connection that is least likely to have ended.
    while let Some(worker) = state.idle.pop() {
        match worker.try_send(job) {
            Ok(()) => return,
            Err(
                mpsc::error::TrySendError::Full(back) | mpsc::error::TrySendError::Closed(back),
            ) => {
                job = back;
            }
        }
    }
    if state.workers < MOST_WORKERS {
        state.workers += 1;
        workers.spawn(work(Arc::clone(shared), job));
    } else {
        state.waited += 1;
        state.waiting.push_back(job);
    }
}

/// A worker: one request after the other, on one connection.
async fn work(shared: Arc<Shared>, first: Job) {
    let (sender, mut jobs) = mpsc::channel(1);
    let mut client = Client::new(shared.requests.target().endpoint.clone());
    let mut next = Some(first);
    loop {
        let job = match next.take().or_else(|| shared.next_or_rest(&sender)) {
            Some(job) => job,
            None => match jobs.recv().await {
                Some(job) => job,
                None => return,
            },
        };
        let record = exchange(&shared, &mut client, job).await;
        shared.take(record);
    }
}

/// Sends a request until it passes or its client gives up.
async fn exchange(shared: &Shared, client: &mut Client<RequestBody>, job: Job) -> Record {
    let Job { planned, late } = job;
    let at = shared.began + planned.at.to_std();
    let (mut attempts, mut refused) = (0, None);
    let (status, outcome) = loop {
        let answer = attempt(shared, client, &planned, at).await;
        attempts += 1;
        let status = answer.as_ref().map(Response::status);
        let outcome = status.map_or(Outcome::Failed, |status| shared.requests.outcome(status));
        if outcome == Outcome::Refused {
            refused.get_or_insert_with(|| Span::from(at.elapsed()));
        }
        let pause = answer.as_ref().map_or(Duration::ZERO, retry_after);
        let gives_up = attempts > shared.patience.retries || pause > MOST_PAUSE;
        if outcome == Outcome::Admitted || gives_up {
            break (status, outcome);
        }
        tokio::time::sleep(pause).await;
    };
    Record {
        planned,
        outcome,
        status: status.map_or(0, |status| status.as_u16()),
        attempts,
        latency: Span::from(at.elapsed()),
        refused,
        late,
    }
}

/// Sends a request once; `None` without an answer in time.
async fn attempt(
    shared: &Shared,
    client: &mut Client<RequestBody>,
    planned: &Planned,
    at: Instant,
) -> Option<Response<Bytes>> {
    let within = if planned.purpose == Purpose::SlowTrouble { SLOW_WITHIN } else { WITHIN };
    let sent = Instant::now();
    let until = shared.patience.timeout.map_or(at + within, |timeout| sent + timeout);
    let exchanged = client.send(|| shared.requests.make(planned));
    let answer = tokio::time::timeout_at(until, exchanged).await.ok()?.ok()?;
    if planned.purpose == Purpose::SlowTrouble {
        // Where the answer came before the end of the body, the next request would wait for that.
        client.close();
    }
    if let Some(ended) = &shared.ended
        && shared.requests.outcome(answer.status()) == Outcome::Admitted
    {
        // What finds no room is not reported; the gate then ends it on its own.
        let _ = ended.try_send(shared.requests.ended(planned, sent.elapsed()));
    }
    Some(answer)
}

/// The time after which a client is told to come again.
fn retry_after(answer: &Response<Bytes>) -> Duration {
    let value = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = value.and_then(|value| value.parse().ok());
    seconds.map_or(Duration::ZERO, Duration::from_secs)
}
