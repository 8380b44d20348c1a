//! A bad week, simulated: it ends on the last Monday at 07:00, when its summary is made.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use domain::{
    breach::BreachKey,
    id::IncidentNumber,
    report::{ReportKind, ReportPeriod},
    time::{Span, Timestamp},
};
use engine::past::Week;

use super::{
    PastError, backdrop,
    mark::{mark, open_empty},
    people::People,
    world::World,
};
use crate::{
    clock::{Clock, SimulatedTime},
    collectors,
    config::Config,
    data_dir,
    documents::IN_FORCE,
    embedded,
    generated::WEEK,
    reports::{self, period},
    store::{Archive, Store},
    threshold_file::ThresholdFile,
    threshold_proposals::{ProposalPace, ThresholdProposer},
};

/// The folder of its documents, in the data directory: a copy of the built-in ones, so that a change
/// that is tried there changes no document of the team.
const DOCUMENTS: &str = "ops";
/// The time before the summary at which changes of the thresholds are tried.
const PROPOSALS: Span = Span::from_mins(30);
/// Time between two lines of progress.
const TOLD_EVERY: Span = Span::from_mins(12 * 60);
const DAY: i64 = 24 * 3_600_000_000;

/// A week that was made.
#[derive(Clone, Debug)]
pub struct MadeWeek {
    /// The folder with its documents.
    pub documents: PathBuf,
    /// Its period.
    pub period: ReportPeriod,
    /// The number of its incidents.
    pub incidents: usize,
    /// Its first incident on which people acted.
    pub first: Option<IncidentNumber>,
    /// The number of its summary.
    pub report: Option<u64>,
}

/// Makes a bad week in the empty database of a configuration. `progress` is told how far it is.
pub async fn make_week(
    config: &Config,
    seed: u64,
    progress: &mut dyn FnMut(Timestamp),
) -> Result<MadeWeek, PastError> {
    collectors::declare_signals();
    let period = period::due(&config.time_zone, ReportKind::Weekly, Clock::start().now().wall);
    let due = period::due_at(&config.time_zone, &period);
    let folder = |path: &Path| {
        let path = path.to_owned();
        move |source| PastError::Folder { path, source }
    };
    data_dir::make(&config.data_dir).map_err(folder(&config.data_dir))?;
    let archive: Arc<dyn Archive> = open_empty(&config.place()).await?;
    let documents = config.data_dir.join(DOCUMENTS);
    for path in [documents.clone(), config.data_dir.join(IN_FORCE)] {
        if path.symlink_metadata().is_ok() {
            return Err(PastError::Exists { path });
        }
    }
    embedded::write_documents(&documents).map_err(folder(&documents))?;
    // A whole day in UTC, with which the blocks of the history before end.
    let first = Timestamp::from_micros(period.from.as_micros().div_euclid(DAY) * DAY);
    mark(&*archive, WEEK, seed, first).await?;

    let mut week = Week::new(seed, period.from)?;
    for (stream, one) in (0_u64..).zip(&week.series) {
        let range = (first.minus(one.history), first);
        let history = backdrop::history(one, (seed, stream), week.first, range, &[]);
        archive.write_packed(&history).await?;
    }
    let time = SimulatedTime::start(first);
    let mut world = World::begin(config, Arc::clone(&archive), &documents, time).await?;
    let store: Arc<dyn Store> = archive;
    let (service, clock) = (Arc::clone(&world.service), world.clock);
    let mut people = People::join(Arc::clone(&service), Arc::clone(&store), clock).await?;
    let proposer = ThresholdProposer {
        service: Arc::clone(&service),
        store: Arc::clone(&store),
        file: ThresholdFile::new(Some(&documents), &config.data_dir),
        clock,
        pace: ProposalPace { pause: Duration::ZERO, ..ProposalPace::default() },
    };
    let (mut told_at, mut proposed) = (first, false);
    while clock.now().wall < due {
        world.step(&week).await?;
        if people.act(&mut week).await? {
            world.settle().await;
        }
        let now = clock.now().wall;
        if !proposed && now.plus(PROPOSALS) >= due {
            proposed = true;
            world.keep_rest().await?;
            proposer.round(Some(keys(&*store, first).await?)).await;
            world.settle().await;
        }
        if now.since(told_at) >= TOLD_EVERY {
            told_at = now;
            progress(now);
        }
    }
    service.make_due_report().await?;
    world.settle().await;
    people.leave().await?;
    world.end().await?;
    let incidents = store.recent_incidents(first).await?;
    let acted_on = incidents.iter().filter(|one| one.acknowledged.is_some());
    let report = reports::known(&*store).await?.first().map(|one| one.report);
    Ok(MadeWeek {
        documents,
        period,
        incidents: incidents.len(),
        first: acted_on.map(|one| one.number).min(),
        report,
    })
}

/// The signals of all incidents: what the thresholds are tried for after each of them.
async fn keys(store: &dyn Store, since: Timestamp) -> Result<Vec<BreachKey>, PastError> {
    let incidents = store.recent_incidents(since).await?;
    let breaches = incidents.into_iter().flat_map(|one| one.breaches);
    let keys: BTreeSet<BreachKey> = breaches.map(|known| known.breach.key).collect();
    Ok(keys.into_iter().collect())
}
