//! Executes one approved argument vector. It knows nothing of incidents, approvals and the journal:
//! who calls it has checked all of that.
//!
//! What holds here, whoever calls:
//! - No shell reads anything. The program is named by its absolute path, and nobody but root and
//!   the user who runs it could have changed it.
//! - Its environment, working directory, standard input and open descriptors hold nothing of ours.
//! - It has a time limit; at its end, when cancelled, and when the [`Run`] is dropped, the whole
//!   group is ended: SIGTERM, a grace, SIGKILL. A process that left the group by `setsid` is ended as
//!   well as long as it holds the output. One that closed it and left is a daemon like any other, and
//!   stays.
//! - Its output never holds it up, never grows, and leaves this module only without secrets and
//!   terminal escapes.
//!
//! If Calm Ops itself is killed, the program goes on to its end. A restart that was begun and is
//! then cut off in the middle does more harm than one that finishes unseen, so there is no
//! parent-death signal (`setpriv --pdeathsig`; `sudo` would lose it anyway), and the pipes are made
//! so that the program does not die of SIGPIPE. The caller journals "started" before and finds, at
//! the next start, that the outcome is unknown. A systemd unit for Calm Ops needs `KillMode=mixed`
//! or `process` for this to hold there.
//!
//! A process that runs through `sudo` belongs to somebody else: SIGTERM reaches it because `sudo`
//! hands it on, and after the grace `sudo` is asked to end it for good. What such a command left
//! behind in the background is out of our reach; [`Part::outlived`] says so.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use domain::time::Span;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::clock::Clock;

mod capture;
mod output;
mod plan;
mod process;
mod program;
mod report;
mod rule;
mod user;

pub use output::{Line, Output, Phase, Piece, Reader, Stream};
pub use plan::{Builder, Description, LONGEST, PATH, Plan, VARIABLES};
pub use report::{Began, Exit, Outcome, Part, Report};
pub use rule::{Refusal, Rule};
pub use user::{SUDO, User, Way};

/// Time for which a process has between SIGTERM and SIGKILL.
pub const GRACE: Duration = Duration::from_secs(3);
/// Time for which output may be held open by others after the program itself has ended.
pub const LINGER: Duration = Duration::from_secs(2);
/// With less time than this, and than half of its limit, left after its check a command is not
/// started.
const LEAST: Span = Span::from_secs(1);
/// Leftovers of runs that nobody could tidy up are removed when nothing can run in them any more.
const LEFTOVER: Duration = Duration::from_secs(2 * 3600);

/// The place of runs.
#[derive(Clone, Debug)]
pub struct Runner {
    clock: Clock,
    places: Arc<Path>,
    grace: Duration,
    leaving: process::Leaving,
}

impl Runner {
    /// Runs in places of their own below this directory, which is made if it is not there: a
    /// directory of ours, below the data directory.
    pub fn new(places: impl Into<PathBuf>, clock: Clock) -> std::io::Result<Self> {
        let places = std::path::absolute(places.into())?;
        std::fs::DirBuilder::new().recursive(true).create(&places)?;
        std::fs::set_permissions(&places, Permissions::from_mode(0o700))?;
        remove_leftovers(&places);
        // The patterns are made once, not in the first run.
        let _ = domain::redact::text("password=x Authorization: x https://a:b@c -----BEGIN");
        Ok(Self {
            clock,
            places: places.into(),
            grace: GRACE,
            leaving: process::Leaving::default(),
        })
    }

    /// Another grace between SIGTERM and SIGKILL.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// From now on nothing is ended because a [`Run`] or the runtime goes away: Calm Ops stops, and
    /// what runs goes on to its end unseen.
    pub fn leave_running(&self) {
        self.leaving.store(true, Ordering::Release);
    }

    /// Starts it and returns at once. Must be called within a tokio runtime.
    pub fn start(&self, plan: Plan) -> Run {
        let output = Output::new(plan.output_limit);
        let cancel = CancellationToken::new();
        let (began, watch) = watch::channel(None);
        let asked = self.clock.now();
        let task =
            Task { runner: self.clone(), output: output.clone(), cancel: cancel.clone(), began };
        let task = tokio::spawn(task.run(plan, asked));
        Run { output, began: watch, cancel: cancel.drop_guard(), task }
    }
}

fn remove_leftovers(places: &Path) {
    for entry in std::fs::read_dir(places).into_iter().flatten().flatten() {
        let old = entry
            .metadata()
            .and_then(|meta| meta.modified())
            .is_ok_and(|time| time.elapsed().is_ok_and(|age| age > LEFTOVER));
        if old && entry.file_name().to_string_lossy().starts_with("run-") {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// A run under way. Dropping it cancels it.
#[derive(Debug)]
pub struct Run {
    output: Output,
    began: watch::Receiver<Option<Began>>,
    cancel: DropGuard,
    task: JoinHandle<Report>,
}

impl Run {
    /// Its output; readers may come at any time, also after its end.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// Ends it. Calling it again changes nothing.
    pub fn cancel(&self) {
        self.canceller().cancel();
    }

    /// Ends it from elsewhere, while somebody waits.
    pub fn canceller(&self) -> CancellationToken {
        self.cancel.token().clone()
    }

    /// Waits until the command's process exists; `None` if there will never be one.
    pub async fn began(&self) -> Option<Began> {
        let mut began = self.began.clone();
        match began.wait_for(Option::is_some).await {
            Ok(began) => *began,
            Err(_) => None,
        }
    }

    /// Waits for its end. If this is dropped meanwhile, the run is cancelled.
    pub async fn wait(mut self) -> Report {
        match (&mut self.task).await {
            Ok(report) => report,
            // A bug of ours, or the end of the runtime: `process::Leader` has ended the group.
            Err(_) => {
                let began = *self.began.borrow();
                let command = Part {
                    outcome: Outcome::Unknown,
                    began,
                    duration: Span::ZERO,
                    exit: None,
                    outlived: true,
                };
                let ended = Clock::start().now().wall;
                self.output.close();
                Report { command, check: None, ended, output: self.output.clone() }
            }
        }
    }
}

/// The run's own task.
struct Task {
    runner: Runner,
    output: Output,
    cancel: CancellationToken,
    began: watch::Sender<Option<Began>>,
}

impl Task {
    async fn run(self, mut plan: Plan, mut asked: domain::time::Now) -> Report {
        let mut check = None;
        if let Some(first) = plan.check.take() {
            let began = asked;
            let part = self.part(*first, Phase::Check, asked).await;
            let passed = part.outcome.is_success();
            let outcome = part.outcome.clone();
            check = Some(part);
            if !passed {
                let refusal = match outcome {
                    Outcome::NotStarted { refusal } if refusal.rule == Rule::NotCancelled => {
                        refusal
                    }
                    Outcome::Cancelled => {
                        Refusal::new(Rule::NotCancelled, "it was stopped during its check")
                    }
                    outcome => Refusal::new(
                        Rule::CheckPassed,
                        format!("its check failed: {}", said(&outcome)),
                    ),
                };
                return self.report(not_started(refusal), check);
            }
            asked = self.runner.clock.now();
            // Both together have the time that the command may take; what would be cut off as soon
            // as it begins is not begun.
            let left = plan.time_limit.minus(asked.mono.since(began.mono));
            if left < LEAST.min(Span::from_micros(plan.time_limit.as_micros() / 2)) {
                let refusal =
                    Refusal::new(Rule::CheckPassed, "its check took nearly all of the time limit");
                return self.report(not_started(refusal), check);
            }
            plan.time_limit = left;
        }
        let part = self.part(plan, Phase::Command, asked).await;
        self.report(part, check)
    }

    fn report(self, command: Part, check: Option<Part>) -> Report {
        self.output.close();
        Report { command, check, ended: self.runner.clock.now().wall, output: self.output }
    }

    /// Waits until somebody cancels it. Whoever goes away while Calm Ops stops does not.
    async fn cancelled(&self) {
        self.cancel.cancelled().await;
        if self.runner.leaving.load(Ordering::Acquire) {
            std::future::pending::<()>().await;
        }
    }

    async fn part(&self, plan: Plan, phase: Phase, asked: domain::time::Now) -> Part {
        let clock = self.runner.clock;
        if self.cancel.is_cancelled() {
            return not_started(Refusal::new(
                Rule::NotCancelled,
                "it was stopped before it started",
            ));
        }
        let (places, leaving, limit) = (
            self.runner.places.clone(),
            Arc::clone(&self.runner.leaving),
            plan.time_limit.to_std(),
        );
        let started =
            tokio::task::spawn_blocking(move || process::start(&plan, &places, &leaving)).await;
        let started = match started {
            Ok(Ok(started)) => started,
            Ok(Err(refusal)) => return not_started(refusal),
            Err(_) => {
                return not_started(Refusal::new(Rule::Launch, "the program could not be started"));
            }
        };
        let process::Started { leader, out, err, place } = started;
        let now = clock.now();
        let began = Began { pid: leader.pid(), at: now.wall, latency: now.mono.since(asked.mono) };
        if phase == Phase::Command {
            self.began.send_replace(Some(began));
        }
        let pipes = [process::number_of(&out), process::number_of(&err)];
        let stop = CancellationToken::new();
        let stop_late = stop.clone().drop_guard();
        let mut capture = tokio::spawn(
            capture::Capture::new(clock, phase, self.output.clone()).run(out, err, stop),
        );

        let forced = tokio::select! {
            biased;
            () = leader.exited() => None,
            () = self.cancelled() => Some(Outcome::Cancelled),
            () = tokio::time::sleep(limit) => Some(Outcome::TimedOut),
        };
        if forced.is_some() {
            leader.end(pipes, self.runner.grace).await;
        }
        let duration = clock.now().mono.since(now.mono);
        // Who else holds the output may still say something, for a while; whoever cancels does not
        // wait for it.
        let mut outlived = tokio::select! {
            _ = &mut capture => false,
            () = tokio::time::sleep(LINGER) => true,
            () = self.cancelled(), if forced.is_none() => {
                leader.end(pipes, self.runner.grace).await;
                false
            }
        };
        drop(stop_late);
        if !capture.is_finished() {
            let _ = capture.await;
        }
        let exit = tokio::task::spawn_blocking(move || {
            let company = leader.has_company();
            (leader.reap(), company, place)
        });
        let exit = match exit.await {
            Ok((exit, company, place)) => {
                outlived |= company;
                let _ = tokio::task::spawn_blocking(move || drop(place)).await;
                exit
            }
            Err(_) => None,
        };
        let outcome = match (forced, exit) {
            (Some(forced), _) => forced,
            (None, Some(Exit::Code(code))) => Outcome::Exited { code },
            (None, Some(Exit::Signal(signal))) => Outcome::Signalled { signal },
            (None, None) => Outcome::Unknown,
        };
        Part { outcome, began: Some(began), duration, exit, outlived }
    }
}

fn not_started(refusal: Refusal) -> Part {
    Part {
        outcome: Outcome::NotStarted { refusal },
        began: None,
        duration: Span::ZERO,
        exit: None,
        outlived: false,
    }
}

fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Exited { code } => format!("it exited with code {code}"),
        Outcome::Signalled { signal } => format!("it was killed by signal {signal}"),
        Outcome::TimedOut => "it took too long".to_owned(),
        Outcome::Cancelled => "it was stopped".to_owned(),
        Outcome::NotStarted { refusal } => refusal.sentence.clone(),
        Outcome::Unknown => "its outcome is unknown".to_owned(),
    }
}
