//! Starts and ends collectors as the configuration says, and puts a changed file into force without
//! a restart.

use std::{sync::Arc, time::Duration};

use domain::subject::Subject;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    checks::Checks,
    clock::Clock,
    collectors::{Absence, Listing, Settings, Target, registry::Context},
    config::{Config, Machine},
    monitor::{
        CONFIGURATION,
        intake::Intake,
        runner::{self, Told},
    },
};

/// How often the configuration file is looked at.
const CONFIG_EVERY: Duration = Duration::from_secs(2);

/// Runs the collectors, each in a task of its own.
#[derive(Debug)]
pub struct Supervisor {
    /// What collectors are built with.
    pub context: Context,
    /// Where observations go.
    pub intake: Arc<Intake>,
    /// The clock that stamps them.
    pub clock: Clock,
    /// Where the monitor hears of all else.
    pub tell: mpsc::Sender<Told>,
    /// Asks for a round whenever a person wants a check now.
    pub checks: Arc<Checks>,
    /// Ends all of them.
    pub stop: CancellationToken,
    /// Their tasks.
    pub tasks: TaskTracker,
}

impl Supervisor {
    /// Runs what the configuration wants watched, until it is told to stop. `changed` is told the
    /// settings that come into force.
    pub async fn run(self, config: Config, changed: impl Fn(&Settings)) {
        let mut watched: Vec<Watched> = Vec::new();
        let mut settings = config.collectors.clone();
        let mut wanted = Some(settings.clone());
        let mut told = String::new();
        loop {
            if let Some(new) = wanted.take() {
                settings = new;
                changed(&settings);
                let both = Box::new((settings.clone(), self.context.clone()));
                let _ = self.tell.send(Told::Watched(both)).await;
                let targets = settings.targets(&self.context);
                if !targets.iter().eq(watched.iter().map(|one| &one.target)) {
                    watched = self.replace(watched, targets).await;
                }
            }
            for one in &mut watched {
                one.start(&self).await;
            }
            self.list(&settings, &watched).await;
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(CONFIG_EVERY) => {}
            }
            let problem = match config.reload(&Machine) {
                None => String::new(),
                Some(Ok(reloaded)) => {
                    wanted = Some(reloaded).filter(|reloaded| *reloaded != settings);
                    String::new()
                }
                Some(Err(error)) => format!("The last good version stays in force.\n{error}"),
            };
            if problem != told {
                let sentence = (!problem.is_empty()).then(|| problem.clone());
                if let Some(problem) = &sentence {
                    tracing::warn!(problem, "the configuration file was changed and has an error");
                }
                self.failing(CONFIGURATION, sentence).await;
                told = problem;
            }
        }
    }

    /// Ends what is not wanted any more. What stayed as it was keeps running.
    async fn replace(&self, mut before: Vec<Watched>, targets: Vec<Target>) -> Vec<Watched> {
        let mut watched = Vec::new();
        for target in targets {
            let place = before.iter().position(|one| one.target == target);
            watched.push(match place {
                Some(at) => before.swap_remove(at),
                None => Watched { target, stop: None, problem: None },
            });
        }
        for one in before {
            one.end(self).await;
        }
        watched
    }

    /// Says what there is of some kinds, so that what was there once is not waited for.
    async fn list(&self, settings: &Settings, watched: &[Watched]) {
        let host = Some(self.context.host.as_str());
        let collectors = watched
            .iter()
            .map(|one| Subject::build("collector", &one.target.name(), host))
            .collect();
        let absence = Absence::Gone;
        let mut listings = vec![Listing::new("collector", collectors, absence)];
        listings.extend(settings.listings(&self.context));
        let gone = self.intake.compare(&listings, &self.context.host);
        self.intake.rest(&settings.at_rest(&self.context));
        if !gone.is_empty() {
            // The monitor listens until the end.
            let _ = self.tell.send(Told::Gone(gone)).await;
        }
    }

    async fn failing(&self, name: &str, problem: Option<String>) {
        let _ = self.tell.send(Told::Failing { name: name.to_owned(), problem }).await;
    }
}

/// A target that is in force. `stop` is `None` while its collector can't be started.
struct Watched {
    target: Target,
    stop: Option<CancellationToken>,
    problem: Option<String>,
}

impl Watched {
    /// Starts the collector unless it runs. What is in the way, such as a file that can't be read,
    /// may be gone the next time.
    async fn start(&mut self, supervisor: &Supervisor) {
        if self.stop.is_some() {
            return;
        }
        let problem = match self.target.build(&supervisor.context) {
            Ok(collector) => {
                let stop = supervisor.stop.child_token();
                supervisor.tasks.spawn(runner::run(
                    collector,
                    supervisor.context.host.clone(),
                    Arc::clone(&supervisor.intake),
                    supervisor.clock,
                    supervisor.tell.clone(),
                    supervisor.checks.join(),
                    stop.clone(),
                ));
                self.stop = Some(stop);
                None
            }
            Err(error) => Some(error.to_string()),
        };
        if problem != self.problem {
            supervisor.failing(&self.target.name(), problem.clone()).await;
            self.problem = problem;
        }
    }

    async fn end(self, supervisor: &Supervisor) {
        if let Some(stop) = &self.stop {
            stop.cancel();
        }
        if self.problem.is_some() {
            supervisor.failing(&self.target.name(), None).await;
        }
    }
}
