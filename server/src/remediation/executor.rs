//! Starts what was approved, once, and sees it to its end.
//!
//! The journal decides who starts: `StartRun` is one transaction that only the first of several
//! wins, and it is on the disk before a process exists. So whatever happens in between, at most one
//! process comes of one approval; what was journalled as started and whose end was not seen is
//! called unknown, and never run again.
//!
//! When Calm Ops stops in good order, runs have 2 s to come to their end. What still runs then is
//! left alone: a restart that is cut off in the middle does more harm than one that ends unseen.
//! The next start journals that its outcome is unknown.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use commands::command::{EndRun, StartRun};
use domain::{
    access::Principal,
    error::Error,
    id::{IncidentNumber, RecommendationId},
    incident::Incident,
    journal::Event,
    recommendation::{Recommendation, RunOutcome, Stage},
    time::{Span, Timestamp},
};
use futures::FutureExt as _;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Recovery,
    preflight::{self, Ready},
};
use wording::error::sentence;

use crate::{
    clock::Clock,
    exec::{Outcome, Report, Runner},
    service::Service,
    store::{QueryCancel, Store},
    stream::Live,
};

/// The age after which an approved command is not started any more.
pub const STALE: Span = Span::from_secs(60);
/// For so long it waits until this host was looked at; where a disk hangs it then ends with that as
/// the reason.
const LOOKED_WITHIN: Span = Span::from_secs(30);
/// The interval of looks at the incidents though nothing was heard.
const LOOK: Duration = Duration::from_secs(2);
/// Time in which runs can end by themselves when Calm Ops stops.
const LEAVE_AFTER: Duration = Duration::from_secs(2);
/// The text that is added to the output of a run that left something behind.
const OUTLIVED: &str =
    "\nCalm Ops: a process that this started is still running. Check manually.\n";
/// The most output that the journal keeps of a run, in bytes.
const MOST_OUTPUT: usize = 32 * 1024;

/// Carries out what the service has approved.
#[derive(Clone)]
pub struct Executor(Arc<Inner>);

struct Inner {
    service: Arc<Service>,
    store: Arc<dyn Store>,
    recovery: Arc<Recovery>,
    live: Arc<Live>,
    runner: Runner,
    clock: Clock,
    /// The runs that this program carries out, with the way to cancel it.
    active: Mutex<BTreeMap<RecommendationId, CancellationToken>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Executor {
    /// Begins with nothing; [`Executor::run`] works until `stop`.
    pub fn new(
        service: Arc<Service>,
        store: Arc<dyn Store>,
        recovery: Arc<Recovery>,
        live: Arc<Live>,
        runner: Runner,
        clock: Clock,
        stop: CancellationToken,
    ) -> Self {
        let (active, tasks) = (Mutex::default(), TaskTracker::new());
        Self(Arc::new(Inner { service, store, recovery, live, runner, clock, active, tasks, stop }))
    }

    /// Works until told to stop; then waits a moment for what runs, and leaves it running.
    pub async fn run(self) {
        let inner = self.0;
        // Subscribed first: what is approved while the incidents are read is heard.
        let mut entries = inner.service.subscribe();
        let mut first = true;
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = inner.stop.cancelled() => break,
                heard = entries.recv() => match heard {
                    Ok(heard) => {
                        let about = heard.iter().filter_map(|entry| match &entry.event {
                            Some(Event::Approved { incident, .. } | Event::RunCancelled { incident, .. }) => Some(*incident),
                            _ => None,
                        });
                        for number in about {
                            inner.look_at(number, first).await;
                        }
                    }
                    Err(RecvError::Lagged(_)) => look.reset_immediately(),
                    Err(RecvError::Closed) => break,
                },
                _ = look.tick() => first = !inner.look(first).await && first,
            }
        }
        inner.tasks.close();
        if tokio::time::timeout(LEAVE_AFTER, inner.tasks.wait()).await.is_err() {
            tracing::warn!(
                "a command is still running and is left running; the next start records that its outcome is unknown"
            );
        }
        inner.runner.leave_running();
    }
}

impl Inner {
    fn active(&self) -> MutexGuard<'_, BTreeMap<RecommendationId, CancellationToken>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at every incident with a command that is under way; `first` is the look after the
    /// program's start. False if the database did not answer.
    async fn look(self: &Arc<Self>, first: bool) -> bool {
        match self.store.incidents_with_runs(self.clock.now().wall).await {
            Ok(incidents) => {
                incidents.iter().for_each(|incident| self.see(incident, first));
                true
            }
            Err(error) => {
                tracing::debug!(%error, "the incidents could not be read to find approved commands");
                false
            }
        }
    }

    async fn look_at(self: &Arc<Self>, number: IncidentNumber, first: bool) {
        // If the database does not answer, the next look finds it.
        if let Ok(Some(incident)) = self.store.incident(number).await {
            // Before the first look has seen everything, what runs may have been started by the
            // program before this one.
            self.see(&incident, first);
        }
    }

    fn see(self: &Arc<Self>, incident: &Incident, first: bool) {
        let since = |at: Timestamp| self.clock.now().wall.since(at);
        for one in &incident.recommendations {
            let id = RecommendationId { incident: incident.number, place: one.place };
            match &one.stage {
                // Before the host was looked at nothing is to be concluded from what is missing;
                // the next look comes soon.
                Stage::Approved { at }
                    if (self.recovery.hints().is_none() && since(*at) < LOOKED_WITHIN)
                        || since(*at) >= STALE => {}
                Stage::Approved { .. } => {
                    self.take(id, |inner, cancel| inner.carry_out(id, cancel));
                }
                Stage::Running { cancelled: Some(_), .. } if self.cancel(id) => {}
                Stage::Running { started_at, .. } => {
                    let started_at = *started_at;
                    self.take(id, |inner, _| inner.lost(id, started_at, first));
                }
                Stage::Offered
                | Stage::Declined { .. }
                | Stage::Withdrawn { .. }
                | Stage::Ended(_) => {}
            }
        }
    }

    fn cancel(&self, id: RecommendationId) -> bool {
        self.active().get(&id).inspect(|cancel| cancel.cancel()).is_some()
    }

    /// Works on a recommendation unless this program does so already.
    fn take<F>(
        self: &Arc<Self>,
        id: RecommendationId,
        work: impl FnOnce(Arc<Self>, CancellationToken) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let cancel = CancellationToken::new();
        match self.active().entry(id) {
            Entry::Occupied(_) => return,
            Entry::Vacant(free) => free.insert(cancel.clone()),
        };
        let (inner, work) = (Arc::clone(self), work(Arc::clone(self), cancel));
        self.tasks.spawn(async move {
            let done = AssertUnwindSafe(work).catch_unwind().await;
            if done.is_err() {
                // What was started, if anything, is not known: nothing else may run on the subject
                // before its time is over.
                tracing::error!(%id, "Calm Ops failed unexpectedly while it ran a command");
                let output =
                    "Calm Ops failed unexpectedly. Outcome unknown: check manually.".to_owned();
                inner.end(id, RunOutcome::Unknown, Span::ZERO, output).await;
            }
            inner.recovery.show(id, None);
            inner.active().remove(&id);
        });
    }

    /// Journals the end of a run that was started and that this program does not carry out. The
    /// service refuses this if it has ended meanwhile.
    async fn lost(self: Arc<Self>, id: RecommendationId, started_at: Timestamp, first: bool) {
        let (outcome, output) = if first {
            (
                RunOutcome::Unknown,
                format!(
                    "Outcome unknown: started at {started_at}, and Calm Ops was stopped while it ran. Check manually."
                ),
            )
        } else {
            let why =
                "The database failed while the start was being recorded, so it was not started."
                    .to_owned();
            (RunOutcome::NotStarted { why }, String::new())
        };
        self.end(id, outcome, Span::ZERO, output).await;
    }

    async fn carry_out(self: Arc<Self>, id: RecommendationId, cancel: CancellationToken) {
        match self.service.execute(Principal::System, StartRun { recommendation: id }).await {
            Ok(_) => {}
            // Another one starts it, something else runs there, or the database is away: the next
            // look sees how it stands.
            Err(refusal) => {
                tracing::debug!(%id, refusal = sentence(&refusal), "an approved command can't be started now");
                return;
            }
        }
        let ready = match self.recommendation(id).await {
            Ok((incident, one)) => match self.service.no_approvers(&incident, &one).await {
                Err(_) => Err("The database did not answer, so it is not known whether the approvers still have the role.".to_owned()),
                Ok(lost) => {
                    let inner = Arc::clone(&self);
                    // Reads the disk: programs, users, hashes.
                    tokio::task::spawn_blocking(move || preflight::approved(&incident, &one, &lost).and_then(|()| inner.recovery.ready(&one)))
                        .await
                        .unwrap_or_else(|_| Err("Calm Ops failed unexpectedly while preparing it.".to_owned()))
                }
            },
            Err(why) => Err(why),
        };
        let (outcome, duration, output) = match ready {
            Err(why) => (RunOutcome::NotStarted { why }, Span::ZERO, String::new()),
            Ok(_) if cancel.is_cancelled() => (RunOutcome::Cancelled, Span::ZERO, String::new()),
            Ok(Ready::QueryCancel { pid, started }) => self.cancel_query(pid, started).await,
            Ok(Ready::Process(plan)) => {
                let run = self.runner.start(*plan);
                self.recovery.show(id, Some(run.output().clone()));
                let (mut reader, end) = (run.output().reader(), run.canceller());
                let report = run.wait();
                tokio::pin!(report);
                let report = loop {
                    tokio::select! {
                        report = &mut report => break report,
                        () = cancel.cancelled(), if !end.is_cancelled() => end.cancel(),
                        Some(_) = reader.next() => self.live.run_changed(id),
                    }
                };
                told(&report)
            }
        };
        self.end(id, outcome, duration, output).await;
        self.live.run_changed(id);
    }

    /// As it is after the start was journalled.
    async fn recommendation(
        &self,
        id: RecommendationId,
    ) -> Result<(Incident, Recommendation), String> {
        let incident = self.store.incident(id.incident).await.ok().flatten();
        let found = incident.and_then(|incident| {
            incident.recommendation(id.place).cloned().map(|one| (incident, one))
        });
        found.ok_or_else(|| {
            "The database did not answer, so the approval could not be checked.".to_owned()
        })
    }

    async fn cancel_query(&self, pid: u32, started: u64) -> (RunOutcome, Span, String) {
        let began = self.clock.now().mono;
        let result = self.store.cancel_query(pid, started).await;
        let duration = self.clock.now().mono.since(began);
        let (outcome, output) = match result {
            Ok(QueryCancel::Told) => (
                RunOutcome::Exited { code: 0 },
                format!("The database was told to end the query of process {pid}.\n"),
            ),
            Ok(QueryCancel::Gone) => (
                not_started("The query has already finished, or another one is running there now."),
                String::new(),
            ),
            Ok(QueryCancel::NotAllowed) => (
                not_started(
                    "The database does not allow Calm Ops to end this query. Grant its role pg_signal_backend. Only a superuser can end a superuser's query.",
                ),
                String::new(),
            ),
            Ok(QueryCancel::NotHere) => (
                not_started("Calm Ops uses SQLite here, so there is no PostgreSQL query to end."),
                String::new(),
            ),
            Err(error) => {
                tracing::warn!(%error, pid, "a query could not be cancelled");
                (
                    RunOutcome::Unknown,
                    "The database did not answer. Check whether the query is still running.\n"
                        .to_owned(),
                )
            }
        };
        (outcome, duration, output)
    }

    /// Writes the end, and tries until it is written or Calm Ops stops.
    async fn end(&self, id: RecommendationId, outcome: RunOutcome, duration: Span, output: String) {
        let mut wait = Duration::from_millis(200);
        loop {
            let (outcome, output) = (outcome.clone(), output.clone());
            match self
                .service
                .execute(
                    Principal::System,
                    EndRun { recommendation: id, outcome, duration, output },
                )
                .await
            {
                Err(error @ Error::Unavailable(_)) => {
                    tracing::warn!(%id, error = sentence(&error), "the end of a run could not be recorded yet");
                }
                Ok(_) | Err(Error::Conflict(_) | Error::NotFound(_)) => return,
                Err(refusal) => {
                    return tracing::error!(%id, refusal = sentence(&refusal), "the end of a run was rejected");
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => {
                    // One more try, and then the next start says that it is not known.
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                () = tokio::time::sleep(wait) => {}
            }
            wait = (wait * 2).min(Duration::from_secs(5));
        }
    }
}

fn not_started(why: &str) -> RunOutcome {
    RunOutcome::NotStarted { why: why.to_owned() }
}

/// The part of a report that the journal keeps.
fn told(report: &Report) -> (RunOutcome, Span, String) {
    let outcome = match &report.command.outcome {
        Outcome::Exited { code } => RunOutcome::Exited { code: *code },
        Outcome::Signalled { signal } => RunOutcome::Signalled { signal: *signal },
        Outcome::TimedOut => RunOutcome::TimedOut,
        Outcome::Cancelled => RunOutcome::Cancelled,
        Outcome::NotStarted { refusal } => not_started(&refusal.sentence),
        Outcome::Unknown => RunOutcome::Unknown,
    };
    let mut output = report.output.text();
    if report.command.outlived {
        output.push_str(OUTLIVED);
    }
    (outcome, report.command.duration, bounded(&output))
}

/// The head and the tail of a text, in whole lines where there are any.
fn bounded(text: &str) -> String {
    const MARK: &str = "[the middle is left out]\n";
    if text.len() <= MOST_OUTPUT {
        return text.to_owned();
    }
    let half = (MOST_OUTPUT - MARK.len() - 1) / 2;
    let head = &text[..text.floor_char_boundary(half)];
    let head = head.rfind('\n').map_or(head, |end| &head[..end]);
    format!("{head}\n{MARK}{}", tail(text, half))
}

/// At most so many bytes of the end of a text, in whole lines unless much would be lost by that.
pub fn tail(text: &str, most: usize) -> &str {
    let tail = &text[text.ceil_char_boundary(text.len().saturating_sub(most))..];
    tail.find('\n').filter(|end| *end < tail.len() / 2).map_or(tail, |end| &tail[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_output_keeps_its_head_and_its_tail_in_whole_lines() {
        let text: String = (0..20_000).map(|number| format!("line {number} ü\n")).collect();
        let kept = bounded(&text);
        assert!(kept.len() <= MOST_OUTPUT && kept.len() > MOST_OUTPUT - 200, "{}", kept.len());
        assert!(kept.starts_with("line 0 ü\n") && kept.ends_with("line 19999 ü\n"));
        assert!(
            kept.lines()
                .all(|line| line.starts_with("line ") && line.ends_with('ü')
                    || line.starts_with('['))
        );
        assert_eq!(bounded("short\n"), "short\n");
        assert!(bounded(&"é".repeat(40_000)).len() <= MOST_OUTPUT);
    }
}
