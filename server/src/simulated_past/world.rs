//! Monitor and service of a simulation, put together as for a server, in simulated time. No collector
//! runs, nothing is sent, and no command is executed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use domain::{
    journal::Event,
    observation::Observation,
    time::{Span, Timestamp},
};
use engine::{
    evaluate::{Engine, SavedState},
    past::{APPS, HOST, Week},
    recommender::Hints,
};
use policy::catalogue::{Facts, Program};
use tokio::sync::mpsc;

use super::PastError;
use crate::{
    baselines::Baselines,
    clock::{Clock, SimulatedTime},
    collectors::Round,
    config::Config,
    current_status::CurrentStatus,
    documents::{Documents, IN_FORCE},
    history::History,
    monitor::{
        Monitor, Parts, collector_task::Told, host_change::KnownHost, ingest::Intake, kept::Kept,
        pace::Pace, replay_recorder::Recording,
    },
    remediation::Recovery,
    service::{Service, SetUp},
    store::{Archive, Rollup, RollupStep, Store},
    stream::Live,
    threshold_file::ThresholdFile,
};

/// The time from one round of readings to the next. A longer pause would be a time without data.
const STEP: Span = Span::from_secs(15);
/// Nothing but decisions is needed at once.
const PACE: Pace = Pace {
    documents: Span::from_mins(24 * 60),
    show: Span::from_mins(10),
    // They are taken from it day by day.
    rollups: Span::from_mins(365 * 24 * 60),
    save: Span::from_mins(60),
    learn: Span::from_mins(6 * 60),
};

/// See the module.
pub(super) struct World {
    time: SimulatedTime,
    pub(super) clock: Clock,
    pub(super) service: Arc<Service>,
    archive: Arc<dyn Archive>,
    intake: Arc<Intake>,
    monitor: Monitor,
    /// The day of the last round.
    day: i64,
    /// Messages to the monitor: none comes, and it goes on as long as this is open.
    _tell: mpsc::Sender<Told>,
    engine: Engine,
}

impl World {
    /// Puts everything together, with the documents in `ops`.
    pub(super) async fn begin(
        config: &Config,
        archive: Arc<dyn Archive>,
        ops: &Path,
        time: SimulatedTime,
    ) -> Result<Self, PastError> {
        let store: Arc<dyn Store> = Arc::clone(&archive) as Arc<dyn Store>;
        let clock = time.clock();
        let now = clock.now().wall;
        let kept = config.data_dir.join(IN_FORCE);
        let (documents, events) = Documents::load(Some(ops), &kept, now)?;
        let thresholds = Arc::clone(documents.thresholds());
        let series_limit = config.limits.series;
        let engine = || Engine::new(Arc::clone(&thresholds), series_limit);
        let (collected, history) = (BTreeSet::new(), History::default());
        let intake = Intake::new(engine(), Recording::default(), collected, history, clock);
        let board = Arc::new(CurrentStatus::new(Arc::clone(&intake)));
        let opening = store.opening().await?;
        let live = Live::new(opening.cursor, 1, now);
        let recovery = Arc::new(Recovery::default());
        recovery.set_facts(Arc::new(facts()));
        let service = Service::new(
            Arc::clone(&store),
            Arc::clone(&board),
            Arc::clone(&live),
            recovery,
            clock,
        );
        service.set_up(SetUp {
            thresholds: ThresholdFile::new(Some(ops), &config.data_dir),
            zone: config.time_zone.clone(),
            product: config.product.clone(),
            ..SetUp::default()
        });
        let mut known_host = KnownHost::default();
        known_host.name = HOST.to_owned();
        let parts = Parts {
            intake: Arc::clone(&intake),
            service: Arc::clone(&service),
            board,
            live,
            documents,
            gatekeeper: None,
            clock,
            host: HOST.to_owned(),
            known_host,
            series_limit,
            withheld: BTreeMap::new(),
        };
        let mut own = vec![Event::Started { version: env!("CARGO_PKG_VERSION").to_owned() }];
        own.extend(events);
        let (tell, told) = mpsc::channel(1);
        let monitor = Monitor::new(parts, store, told, own).with_pace(PACE);
        let (engine, day) = (engine(), day_of(now));
        Ok(Self { time, clock, service, archive, intake, monitor, day, _tell: tell, engine })
    }

    /// Lets the time of one round pass: readings come, and what follows from them is done.
    pub(super) async fn step(&mut self, week: &Week) -> Result<(), PastError> {
        self.time.pass(STEP);
        let now = self.clock.now().wall;
        let observations = observations(week, now);
        self.service.recovery().set_hints(Arc::new(hints(&observations)));
        let mut round = Round::default();
        round.observations = observations;
        self.intake.take_round(&round, HOST, STEP);
        self.monitor.tick().await;
        if day_of(now) != self.day {
            self.day = day_of(now);
            self.keep_day().await?;
        }
        Ok(())
    }

    /// Writes the minutes of the day that is over as blocks at once, instead of row by row.
    async fn keep_day(&self) -> Result<(), PastError> {
        let rollups = self.intake.core().history.take_rollups(usize::MAX);
        let is_over =
            |one: &Rollup| one.step == RollupStep::Minute && day_of(one.start) == self.day - 1;
        let (mut over, others): (Vec<Rollup>, Vec<Rollup>) = rollups.into_iter().partition(is_over);
        over.sort_by(|one, other| {
            let key = |one: &Rollup| (one.subject.clone(), one.signal.clone(), one.start);
            key(one).cmp(&key(other))
        });
        self.archive.write_packed(&over).await?;
        self.archive.write_rollups(&others).await?;
        Ok(())
    }

    /// Writes what is not written yet of the day that goes on.
    pub(super) async fn keep_rest(&self) -> Result<(), PastError> {
        let rollups = self.intake.core().history.take_rollups(usize::MAX);
        self.archive.write_rollups(&rollups).await?;
        Ok(())
    }

    /// Lets the monitor see what people did.
    pub(super) async fn settle(&mut self) {
        self.monitor.settle().await;
    }

    /// Ends in good order. What was simulated reports no more, so nothing of it is expected by the
    /// next start.
    pub(super) async fn end(self) -> Result<(), PastError> {
        let now = self.clock.now();
        self.monitor.end().await;
        let baselines = self.service.baselines().0;
        let kept = left(self.engine.save(now), &baselines);
        let kept = serde_json::to_vec(&kept).ok();
        self.archive.save_monitor(kept.as_deref(), now.wall).await?;
        loop {
            if self.archive.as_past().pack(now.wall, 32).await? == 0 {
                break;
            }
        }
        self.archive.leave().await;
        Ok(())
    }
}

/// The number of a day, in UTC: the period of a block of minutes.
const fn day_of(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(24 * 3_600_000_000)
}

/// The state that a start goes on with: nothing is expected, and hours that were noted stay noted.
fn left(engine: SavedState, baselines: &Baselines) -> Kept {
    Kept { engine, withheld_hours: baselines.withheld_hours(), ..Kept::default() }
}

/// Programs and apps of the simulated host.
fn facts() -> Facts {
    let programs = [Program::Pm2, Program::Journalctl];
    let facts = programs.into_iter().fold(Facts::new(), |facts, program| {
        let before = facts.clone();
        let path = program.candidates().first().copied().unwrap_or_default();
        facts.with_program(program, path).unwrap_or(before)
    });
    facts.with_apps(APPS.map(str::to_owned))
}

fn observations(week: &Week, at: Timestamp) -> Vec<Observation> {
    let one = |(place, one): (usize, &engine::past::PastSeries)| {
        Some(Observation {
            signal: one.signal.clone(),
            subject: one.subject.clone(),
            value: week.value(place, at)?,
            unit: Some(one.unit.clone()),
            at,
            reason: None,
        })
    };
    week.series.iter().enumerate().filter_map(one).collect()
}

/// Other facts about the simulated host.
fn hints(observations: &[Observation]) -> Hints {
    let memory = |app: &str| {
        let of =
            |one: &&Observation| one.signal.as_str() == "app.memory" && one.subject.name() == app;
        observations.iter().find(of).map_or(0, |one| one.value as u64)
    };
    Hints {
        app_memory: APPS.into_iter().map(|app| (app.to_owned(), memory(app))).collect(),
        app_processes: APPS.into_iter().map(|app| (app.to_owned(), 2)).collect(),
        ..Hints::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_that_were_noted_are_left_to_the_next_start() {
        let baselines = Baselines::default();
        baselines.note(&[fixtures::breach().build()], &[], fixtures::at(0));
        let kept = left(SavedState::default(), &baselines);
        assert!(!kept.withheld_hours.is_empty() && kept.collected.is_empty());
    }
}
