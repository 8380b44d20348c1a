//! The monitor's writes: one at a time is on its way, each with a time limit, and what fails is
//! tried again.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use commands::{command::Record, maintenance::WithheldLists};
use domain::{
    access::Principal,
    actor::Actor,
    announcements::Announcements,
    breach::Breach,
    change::LONGEST_AGO,
    error::{Error, Unavailable},
    id::IncidentNumber,
    incident::{self, Incident},
    journal::Event,
    protection::Protection,
    signal::Signal,
    subject::Subject,
    time::{Now, Span, Timestamp},
    usual::Usual,
};
use engine::agent::{self, World};
use policy::thresholds::Thresholds;
use tokio_util::task::AbortOnDropHandle;
use wording::error::sentence;

use crate::{
    monitor::{
        Monitor,
        bundles::{Wanted, keep},
        evidence,
        in_flight::{Away, Landed, Stored, UsualValues},
        kept::Kept,
        time_limit::{LONGEST_WRITE, within},
    },
    service::Service,
    store::{Store, StoreError},
};

/// Time to wait after the usual values could not be learned.
const LEARN_AGAIN: Span = Span::from_mins(1);
/// The period from which the usual values are learned.
const LEARN_FROM: Span = Span::from_secs(7 * 86_400);

/// The most blocks of history that are packed before others get their turn.
const PACKED_AT_ONCE: u32 = 32;
/// Time to wait before the database is tried again.
const RETRY: Span = Span::from_secs(1);
/// The most roll-ups in one transaction.
const ROLLUP_BATCH: usize = 1_000;
/// Number of times the incidents are read anew before a decision is tried with what was read last.
const MOST_READINGS: u32 = 3;

impl Monitor {
    /// Starts the most pressing write, if there is one.
    pub(super) fn launch(&mut self, breaches: &[Breach], now: Now) {
        if self.stale && self.readings < MOST_READINGS {
            return self.reload(breaches, now);
        }
        if !self.own.is_empty() {
            self.own_in_flight = std::mem::take(&mut self.own);
            return self.record(self.own_in_flight.clone(), Principal::System, now);
        }
        self.readings = 0;
        let decided = self.decide(breaches, now);
        if !decided.is_empty() {
            return self.record(decided, Principal::Agent, now);
        }
        let measures = self.protect(now);
        if !measures.is_empty() {
            return self.record(measures, Principal::Agent, now);
        }
        let impact = self.assess_impact(now);
        if !impact.is_empty() {
            return self.record(impact, Principal::Agent, now);
        }
        let recommended = self.recommend(now);
        if !recommended.is_empty() {
            return self.record(recommended, Principal::Agent, now);
        }
        if self.keep_bundles(now) {
            return;
        }
        let is_due = now.mono.since(self.wrote_rollups_at.mono) >= self.pace.rollups;
        let most = if is_due { ROLLUP_BATCH } else { 0 };
        let batch = self.parts.intake.core().history.take_rollups(most);
        if is_due && batch.len() < ROLLUP_BATCH {
            self.wrote_rollups_at = now;
        }
        if !batch.is_empty() {
            let store = Arc::clone(&self.store);
            return self.send(async move {
                let written = within(store.write_rollups(&batch)).await;
                Landed::Rolled { failed: written.err().map(|sentence| (batch, sentence)) }
            });
        }
        if now.mono.since(self.saved_at.mono) >= self.pace.save {
            self.saved_at = now;
            let changed = {
                let mut core = self.parts.intake.core();
                core.engine.take_dirty()
                    | core.collected.take_changed()
                    | std::mem::take(&mut self.unsaved)
            };
            let kept = changed.then(|| self.kept(now)).flatten();
            let store = Arc::clone(&self.store);
            return self.send(async move {
                Landed::Saved(within(store.save_monitor(kept.as_deref(), now.wall)).await)
            });
        }
        if self.study.is_none()
            && self.learned_at.is_none_or(|at| {
                let wait = if self.learn_again { LEARN_AGAIN } else { self.pace.learn };
                now.mono.since(at.mono) >= wait || hour_of(at.wall) != hour_of(now.wall)
            })
        {
            self.learned_at = Some(now);
            self.learn_again = false;
            let thresholds = Arc::clone(self.parts.intake.core().engine.thresholds());
            let (store, service) = (Arc::clone(&self.store), Arc::clone(&self.parts.service));
            // It may take long, and no decision may wait for it.
            // The first one is quick: until then no organization is limited.
            let is_first = !self.has_learned;
            let study = study(store, service, (thresholds, is_first), now.wall);
            self.study = Some(tokio::spawn(study));
            // What an older version left may take hours.
            if self.tidying.as_ref().is_none_or(AbortOnDropHandle::is_finished) {
                let task = tokio::spawn(tidy(Arc::clone(&self.store), now.wall));
                self.tidying = Some(AbortOnDropHandle::new(task));
            }
        }
    }

    /// Sends the bundles that wait on their way, if there are any and it is time.
    fn keep_bundles(&mut self, now: Now) -> bool {
        let wanted = self.bundles.take_due(now);
        if wanted.is_empty() {
            return false;
        }
        let Some(bundle) = self.parts.intake.core().recording.bundle() else {
            // The next checkpoint brings one.
            self.bundles.put_back(wanted, now);
            return false;
        };
        let store = Arc::clone(&self.store);
        self.send(async move { Landed::Kept { unkept: keep(&*store, bundle, wanted).await } });
        true
    }

    fn send(&mut self, write: impl Future<Output = Landed> + Send + 'static) {
        self.flight = Some((Instant::now(), tokio::spawn(write)));
    }

    fn reload(&mut self, breaches: &[Breach], now: Now) {
        let store = Arc::clone(&self.store);
        let policy = self.parts.documents.thresholds().policy();
        let since = now.wall.minus(policy.reopen_within);
        let wanted = Wanting { since, breaches: breaches.to_vec(), now: now.wall };
        self.stale = false;
        self.since_reading = Some(Vec::new());
        self.send(async move { Landed::Reloaded(within(read_incidents(&*store, &wanted)).await) });
    }

    /// The agent's decisions, with the snapshots that belong to it.
    fn decide(&mut self, breaches: &[Breach], now: Now) -> Vec<Event> {
        let policy = self.parts.documents.thresholds().policy();
        self.known.retain(|incident| agent::looks_at(policy, incident, breaches, now.wall));
        self.announcements.prune(now.wall);
        let mut events = {
            // Locked until it is recorded: what ends meanwhile would be told otherwise in a replay.
            let mut core = self.parts.intake.core();
            core.recording.announced(&self.announcements);
            let endings = core.engine.endings(breaches, &self.known);
            let world = World {
                breaches,
                endings: &endings,
                incidents: &self.known,
                next_number: self.next_number,
                now: now.wall,
                steady_since: self.steady_since,
                announcements: &self.announcements,
            };
            let events = agent::decide(policy, world);
            core.recording.decided(now, &events);
            events
        };
        if events.is_empty() {
            return events;
        }
        let mut after: BTreeMap<IncidentNumber, Incident> =
            self.known.iter().map(|known| (known.number, known.clone())).collect();
        if let Err(error) = incident::apply_all(&mut after, &events, Actor::Agent, now.wall) {
            tracing::error!(%error, "the agent made a decision that does not apply; it is not recorded");
            self.misfit(now);
            return Vec::new();
        }
        let head = self.parts.service.head();
        let core = self.parts.intake.core();
        for (number, incident) in &after {
            let before = self.known.iter().find(|known| known.number == *number);
            let worse = incident.is_active()
                && before.is_none_or(|before| {
                    !before.is_active() || before.severity < incident.severity
                });
            if worse {
                let snapshot = evidence::snapshot(
                    &core,
                    incident,
                    breaches,
                    &self.facts,
                    &self.recent,
                    head,
                    now,
                );
                events
                    .push(Event::SnapshotSaved { incident: *number, snapshot: Box::new(snapshot) });
            }
        }
        drop(core);
        events
    }

    fn record(&mut self, events: Vec<Event>, caller: Principal, now: Now) {
        let monitor = self.kept(now);
        let service = Arc::clone(&self.parts.service);
        let store = Arc::clone(&self.store);
        // A bundle is kept when an incident opens and when it ends: what led to it, and all of it.
        let wanted = events.iter().filter_map(|event| match event {
            Event::IncidentOpened { incident } => {
                Some(Wanted { number: incident.number, opened_at: Some(incident.opened_at) })
            }
            Event::Resolved { incident, .. } => {
                let known = self.known.iter().find(|known| known.number == *incident);
                Some(Wanted { number: *incident, opened_at: known.map(|known| known.opened_at) })
            }
            _ => None,
        });
        let wanted: Vec<Wanted> = wanted.collect();
        let bundle =
            if wanted.is_empty() { None } else { self.parts.intake.core().recording.bundle() };
        self.send(async move {
            let acted = tokio::time::timeout(
                LONGEST_WRITE,
                service.execute(caller, Record { events, monitor }),
            )
            .await;
            let result = acted.unwrap_or_else(|_| Err(Unavailable::SlowWrite.into())).map(|_| ());
            let unkept = match bundle {
                _ if result.is_err() => Vec::new(),
                Some(bundle) => keep(&*store, bundle, wanted).await,
                // The next checkpoint brings one.
                None => wanted,
            };
            Landed::Recorded(result, unkept)
        });
    }

    /// The state to save.
    fn kept(&self, now: Now) -> Option<Vec<u8>> {
        let kept = {
            let core = self.parts.intake.core();
            Kept {
                engine: core.engine.save(now),
                collected: core.collected.subjects().clone(),
                numbers: core.collected.numbers().clone(),
                withheld: WithheldLists::clone(&self.withheld),
                withheld_hours: self.parts.service.baselines().0.withheld_hours(),
                host: Some(self.parts.known_host.clone()),
            }
        };
        serde_json::to_vec(&kept)
            .inspect_err(|error| tracing::error!(%error, "the evaluation state can't be encoded"))
            .ok()
    }

    pub(super) fn landed(&mut self, landed: (Duration, Option<Landed>)) {
        let (took, landed) = landed;
        self.write_time = took;
        let now = self.parts.clock.now();
        match landed {
            Some(Landed::Recorded(Ok(()), unkept)) => {
                self.refused = 0;
                self.bundles.put_back(unkept, now);
                let own = std::mem::take(&mut self.own_in_flight);
                self.keep_documents(&own);
                self.reached(true);
            }
            Some(Landed::Recorded(Err(refusal @ Error::Unavailable(_)), _)) => {
                self.take_back();
                self.stale = true;
                self.lost(&sentence(&refusal), true, now);
            }
            Some(Landed::Recorded(Err(refusal), _)) => {
                if self.own_in_flight.is_empty() {
                    // Someone changed the incident meanwhile: what to do is decided anew from how
                    // it is now.
                    tracing::debug!(refusal = sentence(&refusal), "a decision no longer applied");
                } else {
                    // They change no incident, so nothing will make them fit, and everything else
                    // waits behind them.
                    tracing::error!(refusal = sentence(&refusal), events = ?self.own_in_flight, "events of Calm Ops itself do not apply and are dropped");
                    self.own_in_flight.clear();
                }
                self.misfit(now);
            }
            Some(Landed::Reloaded(Ok(stored))) => {
                let Stored { incidents, next_number, announced, number } = stored;
                self.announcements = Announcements::of(&announced);
                self.protection = Protection::of(&announced);
                self.parts.intake.core().recording.incidents(&incidents, next_number);
                (self.known, self.next_number) = (incidents, next_number);
                self.readings += 1;
                self.has_read = true;
                self.catch_up(number);
                self.reached(false);
            }
            Some(Landed::Reloaded(Err(sentence))) => {
                self.catch_up(0);
                self.stale = true;
                self.lost(&sentence, false, now);
            }
            Some(Landed::Rolled { failed: Some((batch, sentence)) }) => {
                self.parts.intake.core().history.put_back(batch);
                self.lost(&sentence, true, now);
            }
            Some(Landed::Rolled { failed: None } | Landed::Saved(Ok(()))) => self.reached(true),
            Some(Landed::Kept { unkept }) => self.bundles.put_back(unkept, now),
            Some(Landed::Saved(Err(sentence))) => {
                self.unsaved = true;
                self.lost(&sentence, true, now);
            }
            None => {
                self.take_back();
                self.catch_up(0);
                self.stale = true;
                self.unsaved = true;
                self.lost("A write failed unexpectedly. See the log for details.", true, now);
            }
        }
    }

    /// Takes what was committed while the incidents were read: what they do not hold yet.
    fn catch_up(&mut self, number: u64) {
        for entries in self.since_reading.take().unwrap_or_default() {
            let after = entries.partition_point(|entry| entry.number <= number);
            // What was retired or happened is wanted even if the incidents that were read hold it
            // already.
            self.apply(&entries[..after], false);
            self.apply(&entries[after..], true);
        }
    }

    /// The versions that the journal now knows are noted; unless others came into force meanwhile,
    /// which it does not know yet.
    fn keep_documents(&self, journalled: &[Event]) {
        let told = |event: &Event| matches!(event, Event::DocumentInForce { .. });
        if journalled.iter().any(told) && !self.own.iter().any(told) {
            self.parts.documents.keep();
        }
    }

    /// Learns what is usual.
    pub(super) fn learned(&mut self, usual: Option<UsualValues>) {
        let Some(usual) = usual else {
            // As long as nothing is known no organization is limited, so it is read again soon.
            self.learn_again = true;
            return;
        };
        if !usual.is_whole {
            if self.has_learned {
                self.learn_again = true;
            } else {
                self.learned_at = None;
            }
        }
        self.has_learned = true;
        self.parts.intake.core().learn(usual.usual, usual.medians);
    }

    /// Puts entries that could not be journalled back, before what came since.
    fn take_back(&mut self) {
        let since = std::mem::take(&mut self.own);
        self.own = std::mem::take(&mut self.own_in_flight);
        self.own.extend(since);
    }

    /// Notes that the database did what it was asked. A reading tells nothing about writes.
    fn reached(&mut self, by_write: bool) {
        if let Some(away) = self.away.take_if(|away| by_write || !away.writing) {
            tracing::info!(since = %away.since, "the database is back");
        }
    }

    /// Notes that memory is not what is stored. The first time it is read again at once; what does
    /// not fit even then waits a little.
    pub(super) fn misfit(&mut self, now: Now) {
        self.stale = true;
        self.refused += 1;
        if self.refused > 1 {
            self.wait(now);
        }
    }

    fn wait(&mut self, now: Now) {
        self.retry_at = Now { wall: now.wall, mono: now.mono.plus(RETRY) };
    }

    fn lost(&mut self, sentence: &str, writing: bool, now: Now) {
        self.wait(now);
        if self.away.is_none() {
            tracing::error!(
                sentence,
                "the database is not available; evaluation continues in memory"
            );
        }
        let before = self.away.take();
        // Since the write began that failed: the same moment that was told while it hung.
        let since =
            before.as_ref().map_or(now.wall.minus(Span::from(self.write_time)), |away| away.since);
        let writing = writing || before.is_some_and(|away| away.writing);
        self.away = Some(Away { since, sentence: sentence.to_owned(), writing });
    }

    /// Writes what is left before the program ends.
    pub(super) async fn close(mut self) {
        if let Some((_, mut flight)) = self.flight.take() {
            match tokio::time::timeout(Duration::from_millis(700), &mut flight).await {
                Ok(Ok(Landed::Recorded(Ok(()), _))) => {
                    let own = std::mem::take(&mut self.own_in_flight);
                    self.keep_documents(&own);
                }
                Ok(Ok(Landed::Recorded(Err(_), _)) | Err(_)) => self.take_back(),
                Ok(Ok(Landed::Rolled { failed: Some((batch, _)) })) => {
                    self.parts.intake.core().history.put_back(batch);
                }
                // Without an answer it may have been carried out: it is not written twice.
                Ok(Ok(
                    Landed::Rolled { .. }
                    | Landed::Reloaded(_)
                    | Landed::Saved(_)
                    | Landed::Kept { .. },
                ))
                | Err(_) => {}
            }
        }
        let now = self.parts.clock.now();
        let rollups = {
            let mut core = self.parts.intake.core();
            core.history.roll_up(now.wall, true);
            core.history.take_rollups(usize::MAX)
        };
        let own = std::mem::take(&mut self.own);
        let mut events = own.clone();
        events.push(Event::Stopped);
        let monitor = self.kept(now);
        let last = async {
            match self
                .parts
                .service
                .execute(Principal::System, Record { events, monitor: monitor.clone() })
                .await
            {
                Ok(_) => self.keep_documents(&own),
                Err(refusal) => {
                    tracing::warn!(refusal = sentence(&refusal), "the stop could not be recorded");
                }
            }
            if let Err(error) = self.store.save_monitor(monitor.as_deref(), now.wall).await {
                tracing::warn!(%error, "the evaluation state could not be saved");
            }
            if let Err(error) = self.store.write_rollups(&rollups).await {
                tracing::warn!(%error, "the last roll-ups could not be written");
            }
        };
        if tokio::time::timeout(Duration::from_millis(1_000), last).await.is_err() {
            tracing::warn!("the database did not answer in time while stopping");
        }
    }
}

/// The selection of stored incidents for the agent.
struct Wanting {
    /// Those that ended before are over for good, unless a breach that was judged with them goes
    /// on.
    since: Timestamp,
    /// The breaches that hold.
    breaches: Vec<Breach>,
    now: Timestamp,
}

/// The incidents as they are stored, of one position of the journal.
async fn read_incidents(store: &dyn Store, wanting: &Wanting) -> Result<Stored, StoreError> {
    let mut number = store.head().await?.0.number;
    loop {
        let mut incidents = store.recent_incidents(wanting.since).await?;
        read_judgements(store, wanting, &mut incidents).await?;
        let next_number = store.next_number().await?;
        let announced = store.announced(wanting.now.minus(LONGEST_AGO)).await?;
        let after = store.head().await?.0.number;
        if after == number {
            return Ok(Stored { incidents, next_number, announced, number });
        }
        number = after;
    }
}

/// Adds the older incidents that a person ended while a breach held that goes on. Only what ended
/// since that breach fired is read, and only where nothing newer tells about it.
async fn read_judgements(
    store: &dyn Store,
    wanting: &Wanting,
    incidents: &mut Vec<Incident>,
) -> Result<(), StoreError> {
    let Wanting { since, breaches, now } = wanting;
    for breach in breaches.iter().filter(|breach| breach.fired_at < *since) {
        let told = |one: &Incident| {
            let holds = one.is_active()
                && one.breach(&breach.key).is_some_and(|known| known.cleared_at.is_none());
            holds || agent::judges(one, breach, *now)
        };
        if incidents.iter().any(told) {
            continue;
        }
        let ended = store.ended_about(&breach.key.subject, breach.fired_at).await?;
        if let Some(judging) = ended.into_iter().find(|one| agent::judges(one, breach, *now)) {
            let place = incidents.partition_point(|one| one.number < judging.number);
            incidents.insert(place, judging);
        }
    }
    Ok(())
}

/// Removes roll-ups that are too old, and packs what is over. At most half of the time is taken, so
/// that a large database that an older version left is no burden.
async fn tidy(store: Arc<dyn Store>, now: Timestamp) {
    if let Err(error) = store.prune(now).await {
        tracing::warn!(%error, "old roll-ups could not be removed");
    }
    loop {
        let began = Instant::now();
        match store.as_past().pack(now, PACKED_AT_ONCE).await {
            Ok(0) => return,
            Ok(_) => tokio::time::sleep(began.elapsed()).await,
            Err(error) => {
                return tracing::warn!(%error, "history could not be packed; it will be later");
            }
        }
    }
}

/// Learns the usual values of each series; the first time only what one query tells.
async fn study(
    store: Arc<dyn Store>,
    service: Arc<Service>,
    (thresholds, is_first): (Arc<Thresholds>, bool),
    now: Timestamp,
) -> Option<UsualValues> {
    let medians = store.usual(now.minus(LEARN_FROM)).await;
    let medians = medians
        .inspect_err(|error| tracing::warn!(%error, "usual values could not be read"))
        .ok()?;
    let mut is_whole = false;
    if !is_first {
        let (baselines, zone) = service.baselines();
        match baselines.learn(&*store, &thresholds, &zone, now).await {
            Ok(()) => is_whole = true,
            Err(error) => {
                tracing::warn!(%error, "not all of what is usual at this hour could be read; trying again");
            }
        }
    }
    Some(values(&service, medians, is_whole, now))
}

fn values(
    service: &Service,
    medians: Vec<(Subject, Signal, f64)>,
    is_whole: bool,
    now: Timestamp,
) -> UsualValues {
    let medians: HashMap<(Subject, Signal), f64> =
        medians.into_iter().map(|(subject, signal, median)| ((subject, signal), median)).collect();
    let mut usual: HashMap<_, _> =
        medians.iter().map(|(key, median)| (key.clone(), Usual::explaining(*median))).collect();
    let (baselines, zone) = service.baselines();
    for (key, of_hour) in baselines.all(&zone, now) {
        // Of a history without a range the last days tell more.
        let median = medians.get(&key).filter(|_| of_hour.range.is_none());
        let value = median.copied().unwrap_or(of_hour.value);
        usual.insert(key, Usual { value, ..of_hour });
    }
    UsualValues { usual, medians, is_whole }
}

/// The hour of a time, counted from the Unix epoch.
const fn hour_of(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(3_600_000_000)
}
