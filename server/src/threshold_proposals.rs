//! Changes of the thresholds that history proposes: tried in the background some minutes after an
//! incident was resolved, and weekly. One row at a time, on a thread of low priority, with a pause
//! after each, and never while safe mode is in force.

use std::{sync::Arc, time::Duration};

use commands::command::Record;
use domain::{
    access::Principal,
    backtest::Benefit,
    breach::BreachKey,
    id::IncidentNumber,
    journal::{Entry, Event},
    signals,
    threshold::{ProposalEvidence, ThresholdCells},
    time::{Span, Timestamp},
};
use policy::thresholds::{Row, RowChange, Thresholds, row_cells};
use tokio::{
    runtime::Handle,
    sync::{broadcast::error::RecvError, oneshot},
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    backtest::{Proposer, RowProposal},
    clock::Clock,
    documents::THRESHOLDS,
    service::Service,
    store::{Store, StoreError},
    threshold_file::ThresholdFile,
    trials::OwnTurn,
};

/// The most steps of one row's signals that are held in memory: 40 MB of them.
const MOST_VALUES: usize = 1_000_000;
/// The periods that are judged, in days: the longest one that fits.
const PERIODS: [u64; 4] = [90, 30, 14, 7];
/// The interval of looks at safe mode while it keeps the work from going on.
const SAFE_MODE_AGAIN: Duration = Duration::from_secs(60);
/// The interval of looks for a change that the database kept from the journal.
const SETTLE_EVERY: Duration = Duration::from_secs(60);
/// The niceness of the thread (0 to 19).
const NICE: i32 = 15;

/// The pace of the work.
#[derive(Clone, Copy, Debug)]
pub struct ProposalPace {
    /// After an incident was resolved: its last minutes are in history by then.
    pub after_incident: Duration,
    /// After the start, for all rows.
    pub first: Duration,
    /// And again, for all rows.
    pub every: Duration,
    /// Between two rows.
    pub pause: Duration,
    /// Fewer interruptions are proposed only on at least so much history: a quiet week tells little.
    pub quieter_history: Span,
}

impl Default for ProposalPace {
    fn default() -> Self {
        Self {
            after_incident: Duration::from_secs(3 * 60),
            first: Duration::from_secs(3_600),
            every: Duration::from_secs(7 * 24 * 3_600),
            pause: Duration::from_secs(5),
            quieter_history: Span::from_mins(30 * 24 * 60),
        }
    }
}

/// See the module.
pub struct ThresholdProposer {
    /// The service, which journals what is proposed.
    pub service: Arc<Service>,
    /// The database, with history.
    pub store: Arc<dyn Store>,
    /// The document.
    pub file: ThresholdFile,
    /// The clock.
    pub clock: Clock,
    /// The pace of the work.
    pub pace: ProposalPace,
}

/// The reasons for which a round ended before its end.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("the thread ended")]
    Thread,
}

impl ThresholdProposer {
    /// Works until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! { () = stop.cancelled() => {}, () = self.follow() => {} }
    }

    async fn follow(&self) {
        let mut entries = self.service.subscribe();
        let mut all_rows = Instant::now() + self.pace.first;
        let mut resolved: Vec<IncidentNumber> = Vec::new();
        let mut soon = all_rows;
        let mut settle = Instant::now() + SETTLE_EVERY;
        loop {
            tokio::select! {
                () = sleep_until(all_rows) => {
                    all_rows = Instant::now() + self.pace.every;
                    self.round(None).await;
                }
                () = sleep_until(soon), if !resolved.is_empty() => {
                    let keys = self.keys_of(&std::mem::take(&mut resolved)).await;
                    self.round(Some(keys)).await;
                }
                () = sleep_until(settle) => {
                    settle = Instant::now() + SETTLE_EVERY;
                    self.service.settle_thresholds().await;
                }
                entries = entries.recv() => match entries {
                    Ok(entries) => {
                        let before = resolved.len();
                        resolved.extend(entries.iter().filter_map(resolved_by));
                        if resolved.len() > before {
                            soon = Instant::now() + self.pace.after_incident;
                        }
                    }
                    // What it missed is looked at weekly.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }

    /// The signals of incidents.
    async fn keys_of(&self, incidents: &[IncidentNumber]) -> Vec<BreachKey> {
        let mut keys = Vec::new();
        for number in incidents {
            if let Ok(Some(incident)) = self.store.incident(*number).await
                && !incident.is_practice()
            {
                keys.extend(incident.breaches.into_iter().map(|known| known.breach.key));
            }
        }
        keys
    }

    /// Tries the rows that are in force for some signals, or all of them.
    pub async fn round(&self, keys: Option<Vec<BreachKey>>) {
        let file = self.file.clone();
        let read = tokio::task::spawn_blocking(move || file.read()).await;
        // A document that can't be read is told elsewhere.
        let Ok(Ok(text)) = read else { return };
        let Ok(thresholds) = Thresholds::parse(THRESHOLDS, &text, signals::declared()) else {
            return;
        };
        let (text, thresholds): (Arc<str>, _) = (text.into(), Arc::new(thresholds));
        let rows: Vec<Row> = thresholds
            .rows()
            .iter()
            .filter(|row| keys.as_ref().is_none_or(|keys| holds(&thresholds, row, keys)))
            .cloned()
            .collect();
        for row in rows {
            while self.service.protection().safe_mode.is_some() {
                sleep(SAFE_MODE_AGAIN).await;
            }
            if let Err(error) = self.row(&text, &thresholds, row).await {
                tracing::warn!(%error, "changes of the thresholds could not be tried on history");
                return;
            }
            sleep(self.pace.pause).await;
        }
    }

    /// Tries a row, and journals what is worth a decision: at most one proposal.
    async fn row(
        &self,
        text: &Arc<str>,
        thresholds: &Arc<Thresholds>,
        row: Row,
    ) -> Result<(), Ended> {
        let Some(cells) = row_cells(THRESHOLDS, text, row.line) else { return Ok(()) };
        let now = self.clock.now().wall;
        let found = self.tried(Arc::clone(text), Arc::clone(thresholds), row, now).await?;
        if found.is_empty() {
            return Ok(());
        }
        let known = self.service.threshold_proposals().await?;
        let told = found.into_iter().find_map(|found| {
            let named = found.row.named()?;
            let (after, evidence) = (changed(&cells, &found.variant.change), evidence(&found, now));
            if matches!(evidence.benefit, Benefit::Quieter { .. })
                && evidence.until.since(evidence.from) < self.pace.quieter_history
            {
                return None;
            }
            known.is_worth_telling(&named, &cells, &after, &evidence).then(|| {
                Event::ThresholdProposed {
                    row: named,
                    before: cells.clone().into(),
                    after: after.into(),
                    evidence,
                }
            })
        });
        let Some(event) = told else { return Ok(()) };
        let record = Record { events: vec![event], monitor: None };
        if let Err(error) = self.service.execute(Principal::System, record).await {
            tracing::warn!(?error, "a proposed threshold could not be journalled");
        }
        Ok(())
    }

    /// The results of a row's changes, one row of the program at a time.
    async fn tried(
        &self,
        text: Arc<str>,
        thresholds: Arc<Thresholds>,
        row: Row,
        now: Timestamp,
    ) -> Result<Vec<RowProposal>, Ended> {
        let mut turn = self.service.trials().own().await;
        let (store, runtime) = (Arc::clone(&self.store), Handle::current());
        let (done, ended) = oneshot::channel();
        let work = move || {
            // Of this thread alone, on Linux.
            if let Err(error) = rustix::process::setpriority_process(None, NICE) {
                tracing::debug!(%error, "the priority could not be lowered");
            }
            let found = longest(&*store, &text, &thresholds, (&row, &mut turn), now);
            let _ = done.send(runtime.block_on(found));
        };
        let thread = std::thread::Builder::new().name("thresholds".to_owned()).spawn(work);
        thread.map_err(|_| Ended::Thread)?;
        Ok(ended.await.map_err(|_| Ended::Thread)??)
    }
}

/// The results of a row's changes over the longest period that fits into memory.
async fn longest(
    store: &dyn Store,
    text: &str,
    thresholds: &Arc<Thresholds>,
    (row, turn): (&Row, &mut OwnTurn),
    now: Timestamp,
) -> Result<Vec<RowProposal>, StoreError> {
    for days in PERIODS {
        let proposer = Proposer {
            file: THRESHOLDS,
            text,
            signals: signals::declared(),
            thresholds: Arc::clone(thresholds),
            range: (now.minus(Span::from_mins(days * 24 * 60)), now),
            most_values: MOST_VALUES,
        };
        if let Some(found) = proposer.propose(store, row, Some(&mut *turn)).await? {
            return Ok(found);
        }
    }
    tracing::info!(
        line = row.line,
        signal = row.signal.as_str(),
        "a threshold has too much history for changes of it to be tried"
    );
    Ok(Vec::new())
}

fn holds(thresholds: &Thresholds, row: &Row, keys: &[BreachKey]) -> bool {
    keys.iter().any(|key| {
        let rows = thresholds.rows_for(key.signal.as_str(), key.subject.as_str());
        let in_force = [rows.level, rows.rate, rows.forecast].into_iter().flatten();
        in_force.into_iter().any(|one| one.line == row.line)
    })
}

fn resolved_by(entry: &Entry) -> Option<IncidentNumber> {
    match &entry.event {
        Some(Event::Resolved { incident, .. }) => Some(*incident),
        _ => None,
    }
}

/// The cells with a change.
fn changed(cells: &ThresholdCells, change: &RowChange) -> ThresholdCells {
    let text = |new: &Option<String>, now: &String| new.as_ref().unwrap_or(now).clone();
    ThresholdCells {
        warning: text(&change.warning, &cells.warning),
        critical: text(&change.critical, &cells.critical),
        held: text(&change.held, &cells.held),
        recovers_at: text(&change.recovers_at, &cells.recovers_at),
    }
}

fn evidence(found: &RowProposal, until: Timestamp) -> ProposalEvidence {
    let count = |at: &[Timestamp]| u32::try_from(at.len()).unwrap_or(u32::MAX);
    let comparison = &found.proposal.comparison;
    let benefit: Benefit = found.proposal.benefit;
    ProposalEvidence {
        from: found.since,
        until,
        benefit,
        interruptions_today: count(&comparison.interruptions_today),
        interruptions_proposed: count(&comparison.interruptions_proposed),
        missed: comparison.missed.clone(),
    }
}
