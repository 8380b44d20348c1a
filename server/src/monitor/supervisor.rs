//! Starts and ends collectors as the configuration says, and puts a changed file into force without
//! a restart.

use std::{sync::Arc, time::Duration};

use commands::sources::AbsentSource;
use domain::{subject::Subject, time::Span};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    checks::Checks,
    collectors::{
        Absence, Listing, Settings, Target,
        registry::{Context, SourceInfo},
    },
    config::{Config, Machine},
    monitor::{
        CONFIGURATION,
        collector_task::{self, Outlet, Told},
    },
    sources::NewSource,
};

/// The interval of looks at the configuration file.
const CONFIG_EVERY: Duration = Duration::from_secs(2);

/// Runs the collectors, each in a task of its own.
#[derive(Debug)]
pub struct Supervisor {
    /// The parts that collectors need.
    pub context: Context,
    /// The destination of their rounds.
    pub outlet: Outlet,
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
                let _ = self.outlet.tell.send(Told::Watched(both)).await;
                let targets = settings.targets(&self.context);
                if !targets.iter().eq(watched.iter().map(|one| &one.target)) {
                    watched = self.replace(watched, targets).await;
                }
                let names: Vec<String> = watched.iter().map(|one| one.target.name()).collect();
                self.outlet.sources.configure(&names, absent(&settings, &self.context));
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
        let gone = self.outlet.intake.compare(&listings, &self.context.host);
        self.outlet.intake.rest(&settings.at_rest(&self.context));
        if !gone.is_empty() {
            // The monitor listens until the end.
            let _ = self.outlet.tell.send(Told::Gone(gone)).await;
        }
    }

    async fn failing(&self, name: &str, problem: Option<String>) {
        let _ = self.outlet.tell.send(Told::Failing { name: name.to_owned(), problem }).await;
    }
}

/// The kinds of sources that are not configured, with the way to add one.
fn absent(settings: &Settings, context: &Context) -> Vec<AbsentSource> {
    let absent = settings.absent(context).into_iter();
    absent
        .map(|SourceInfo { label, advice }| AbsentSource {
            kind: label.to_owned(),
            advice: advice.to_owned(),
        })
        .collect()
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
        let outlet = &supervisor.outlet;
        let problem = match self.target.build(&supervisor.context) {
            Ok(collector) => {
                let stop = supervisor.stop.child_token();
                let source = NewSource {
                    interval: Span::from(collector.interval()),
                    time_limit: Span::from(collector.time_limit()),
                    ..self.source()
                };
                outlet.sources.begin(source, outlet.clock.now());
                supervisor.tasks.spawn(collector_task::run(
                    collector,
                    outlet.clone(),
                    supervisor.checks.join(),
                    stop.clone(),
                ));
                self.stop = Some(stop);
                None
            }
            Err(error) => {
                let problem = error.to_string();
                let now = outlet.clock.now();
                outlet.sources.not_started(self.source(), problem.clone(), now);
                Some(problem)
            }
        };
        if problem != self.problem {
            supervisor.failing(&self.target.name(), problem.clone()).await;
            self.problem = problem;
        }
    }

    /// Its collector for the page of sources, while it can't be started.
    fn source(&self) -> NewSource {
        let info = self.target.source();
        NewSource {
            name: self.target.name(),
            kind: info.map_or("", |info| info.label),
            advice: info.map_or("", |info| info.advice),
            interval: Span::from(CONFIG_EVERY),
            time_limit: Span::ZERO,
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
