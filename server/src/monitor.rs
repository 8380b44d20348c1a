//! The monitor: the only place with a clock and a schedule. It feeds observations to the engine,
//! and hands its decisions to the service.
//!
//! It never waits for the database: one write at a time is on its way, and meanwhile everything is
//! evaluated and shown from memory.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use commands::{
    maintenance::WithheldLists,
    view::{Readings, Sparkline},
};
use domain::{
    announcements::Announcements,
    id::IncidentNumber,
    incident::{self, Incident},
    journal::{Entry, Event},
    protection::Protection,
    reading::{PUSHES_REFUSED, Reading, Status},
    severity::Severity,
    subject::Subject,
    text::isolated,
    time::{Now, Span, Timestamp},
};
use engine::{evaluate::SeriesId, protection::Guard, recommender::Tracks};
use tokio::{
    sync::{broadcast::error::TryRecvError, mpsc},
    task::JoinHandle,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use wording::limits::{self, Crowd};

use crate::{
    clock::Clock,
    collectors::{Absence, Facts, Listing, Round, Settings, findings, itself, registry::Context},
    current_status::CurrentStatus,
    documents::{self, Documents},
    gate::Gatekeeper,
    monitor::{
        bundles::Wanted,
        clock_watch::ClockWatch,
        collector_task::Told,
        evidence::Recent,
        host_change::KnownHost,
        in_flight::{Away, Landed, UsualValues},
        ingest::Intake,
        pace::Pace,
        replay_recorder::Standing,
    },
    service::Service,
    store::Store,
    stream::Live,
};

mod bundles;
pub mod clock_watch;
pub mod collector_task;
pub mod evidence;
pub mod host_change;
mod impact;
mod impact_watch;
mod in_flight;
pub mod ingest;
pub mod kept;
pub mod known_subjects;
mod maintenance;
mod objectives;
pub mod pace;
mod persistence;
mod practice;
mod protection;
pub mod refusals;
mod remediation;
pub mod replay_recorder;
mod similar_lookup;
mod simulated;
pub mod supervisor;
mod time_limit;

/// The interval of looks when nothing wakes the monitor.
const TICK: Duration = Duration::from_secs(1);
/// The interval at which Calm Ops measures itself.
const SELF_EVERY: Span = Span::from_secs(5);
/// A write that takes longer is told.
const SLOW_WRITE: Duration = Duration::from_secs(3);
/// Under this name a mistake in the configuration file is told.
pub const CONFIGURATION: &str = "configuration";
/// The interval at which minutes and hours that are over are rolled up.
const ROLL_EVERY: Span = Span::from_secs(20);
/// The most events of Calm Ops itself that wait for the database; a clock that jumps all the time
/// is not told of beyond.
const MOST_OWN: usize = 1_000;
/// The most readings that are shown.
const MOST_READINGS: usize = 500;
/// The period of sparklines.
const SPARK: Span = Span::from_mins(20);
/// The most points of a sparkline.
const SPARK_POINTS: usize = 60;

/// The parts that the monitor works with.
pub struct Parts {
    /// The way in for observations.
    pub intake: Arc<Intake>,
    /// The one door.
    pub service: Arc<Service>,
    /// The board that is shown.
    pub board: Arc<CurrentStatus>,
    /// The live stream.
    pub live: Arc<Live>,
    /// The documents in force.
    pub documents: Documents,
    /// The gate where limits take effect, if there is a gate.
    pub gatekeeper: Option<Arc<Gatekeeper>>,
    /// The clocks.
    pub clock: Clock,
    /// The name of this host.
    pub host: String,
    /// The same, with what stays when it is renamed.
    pub known_host: KnownHost,
    /// At most how many series are taken.
    pub series_limit: usize,
    /// The alerts that the open maintenance windows withhold, as they were kept.
    pub withheld: WithheldLists,
}

/// See the module.
pub struct Monitor {
    parts: Parts,
    pace: Pace,
    store: Arc<dyn Store>,
    told: mpsc::Receiver<Told>,
    entries: tokio::sync::broadcast::Receiver<Arc<Vec<Entry>>>,
    flight: Option<(Instant, JoinHandle<Landed>)>,
    watchman: ClockWatch,
    steady_since: Timestamp,
    known: Vec<Incident>,
    next_number: IncidentNumber,
    announcements: Announcements,
    /// Measures, whether the agent may take them, and safe mode, as they are stored.
    protection: Protection,
    /// The agent's memory of its measures.
    guard: Guard,
    /// Customer impact as it was last seen.
    impact: impact_watch::ImpactWatch,
    withheld: Arc<WithheldLists>,
    /// Number of changes of the withheld alerts.
    withheld_changes: u32,
    /// The incidents in memory may differ from those that are stored.
    stale: bool,
    /// The incidents were read since the start.
    has_read: bool,
    /// Events of Calm Ops itself that wait to be journalled, and those that are on their way.
    own: Vec<Event>,
    own_in_flight: Vec<Event>,
    bundles: bundles::Waiting,
    /// Entries committed while the incidents are read anew.
    since_reading: Option<Vec<Arc<Vec<Entry>>>>,
    /// Number of decisions refused one after another, and number of times the incidents were read
    /// anew without a decision between.
    refused: u32,
    readings: u32,
    /// The track record; `None` until it was read.
    tracks: Option<Tracks>,
    /// Proofs that were committed before the record was read.
    proofs: Vec<Entry>,
    tracking: Option<JoinHandle<Option<Vec<Entry>>>>,
    tracked_at: Option<Now>,
    /// The commands that helped in incidents like the active ones.
    similar: similar_lookup::SimilarLookup,
    /// The last attempt to save the rules' state failed.
    unsaved: bool,
    study: Option<JoinHandle<Option<UsualValues>>>,
    /// Removes and packs history; ends with the monitor.
    tidying: Option<AbortOnDropHandle<()>>,
    facts: Facts,
    /// The watched targets, as the configuration says.
    watched: Option<Box<(Settings, Context)>>,
    recent: Recent,
    failing: BTreeMap<String, String>,
    /// Notes for people: what collectors can't see or leave out, and of other parts of Calm Ops.
    notices: BTreeMap<String, Vec<String>>,
    away: Option<Away>,
    /// The troubles that were shown last.
    told_troubles: Vec<String>,
    retry_at: Now,
    saved_at: Now,
    measured_at: Now,
    looked_at: Now,
    learned_at: Option<Now>,
    /// The usual values were read since the start.
    has_learned: bool,
    /// The usual values could not be read at the last attempt.
    learn_again: bool,
    rolled_at: Now,
    shown_at: Option<Now>,
    lag: Duration,
    write_time: Duration,
    wrote_rollups_at: Now,
}

impl Monitor {
    /// Begins. `own` are events that are to be journalled first: the start, and what was not seen
    /// before it.
    pub fn new(
        parts: Parts,
        store: Arc<dyn Store>,
        told: mpsc::Receiver<Told>,
        own: Vec<Event>,
    ) -> Self {
        let now = parts.clock.now();
        let entries = parts.service.subscribe();
        let mut monitor = Self {
            store,
            told,
            entries,
            flight: None,
            watchman: ClockWatch::new(now, parts.clock.since_boot()),
            steady_since: now.wall,
            known: Vec::new(),
            next_number: IncidentNumber(1),
            announcements: Announcements::default(),
            protection: Protection::default(),
            guard: Guard::default(),
            impact: impact_watch::ImpactWatch::default(),
            withheld: Arc::new(parts.withheld.clone()),
            withheld_changes: 0,
            stale: true,
            has_read: false,
            own,
            own_in_flight: Vec::new(),
            bundles: bundles::Waiting::new(now),
            since_reading: None,
            refused: 0,
            readings: 0,
            tracks: None,
            proofs: Vec::new(),
            tracking: None,
            tracked_at: None,
            similar: similar_lookup::SimilarLookup::default(),
            unsaved: false,
            study: None,
            tidying: None,
            facts: Facts::default(),
            watched: None,
            recent: Recent::default(),
            failing: BTreeMap::new(),
            notices: BTreeMap::new(),
            away: None,
            told_troubles: Vec::new(),
            retry_at: now,
            saved_at: now,
            measured_at: now,
            looked_at: now,
            learned_at: None,
            has_learned: false,
            learn_again: false,
            rolled_at: now,
            shown_at: None,
            lag: Duration::ZERO,
            write_time: Duration::ZERO,
            wrote_rollups_at: now,
            pace: Pace::default(),
            parts,
        };
        monitor.parts.service.recovery().set_catalogue(monitor.parts.documents.catalogue());
        monitor.show_withheld();
        // Under which name Calm Ops reported itself before, if this host was renamed.
        let (subjects, absence) = (vec![monitor.itself()], Absence::Gone);
        let listing = Listing::new("service", subjects, absence);
        let gone = monitor.parts.intake.compare(&[listing], &monitor.parts.host);
        monitor.hear(Told::Gone(gone));
        let here = monitor.parts.known_host.name.clone();
        monitor.parts.intake.core().leave_others(&here);
        monitor
    }

    fn itself(&self) -> Subject {
        Subject::build("service", "calm-ops", Some(&self.parts.host))
    }

    /// Looks once, so that there is something to show before the first request comes.
    pub fn look(&mut self) {
        self.step(true);
    }

    /// Runs until `stop`, then writes what is left and returns.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut ticker = tokio::time::interval(TICK);
        ticker.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let intake = Arc::clone(&self.parts.intake);
        loop {
            let mut ticked = false;
            tokio::select! {
                () = stop.cancelled() => break,
                landed = in_flight::landed(&mut self.flight) => self.landed(landed),
                usual = in_flight::studied(&mut self.study) => self.learned(usual),
                proofs = in_flight::tracked(&mut self.tracking) => self.tracked(proofs),
                found = self.similar.answer() => self.found_similar(found),
                due = ticker.tick() => {
                    self.lag = due.elapsed();
                    ticked = true;
                }
                () = intake.woken() => {}
                Some(told) = self.told.recv() => self.hear(told),
                entries = self.entries.recv() => match entries {
                    Ok(entries) => self.committed(entries),
                    // Too many at once: what is stored is read again.
                    Err(_) => self.stale = true,
                },
            }
            self.step(ticked);
        }
        self.close().await;
    }

    /// One look at everything: decides, and sends the next write on its way.
    fn step(&mut self, ticked: bool) {
        let now = self.parts.clock.now();
        if ticked {
            let found = self.watchman.look(now, self.parts.clock.since_boot());
            let mut core = self.parts.intake.core();
            if let Some(span) = found.blind {
                core.engine.blind(span, now);
                core.recording.blind(span, now);
            }
            if found.unsteady {
                self.steady_since = now.wall;
                core.recording.steady(now.wall);
            }
            drop(core);
            if self.own.len() < MOST_OWN {
                self.own.extend(found.events);
            }
            self.measure_self(now);
            self.look_at_documents(now);
            self.practise(now);
            self.tell_objectives(now);
        }
        loop {
            match self.entries.try_recv() {
                Ok(entries) => self.committed(entries),
                Err(TryRecvError::Lagged(_)) => self.stale = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        let breaches = {
            let mut core = self.parts.intake.core();
            let core = &mut *core;
            if ticked {
                let standing = Standing {
                    incidents: &self.known,
                    next_number: self.next_number,
                    steady_since: self.steady_since,
                    announcements: &self.announcements,
                };
                core.recording.checkpoint(
                    &core.engine,
                    self.parts.series_limit,
                    standing,
                    &self.parts.documents.texts(),
                    now,
                );
            }
            if now.mono.since(self.rolled_at.mono) >= ROLL_EVERY {
                self.rolled_at = now;
                core.history.roll_up(now.wall, false);
            }
            core.recording.ticked(now);
            core.engine.tick(now)
        };
        self.look_at_maintenance(&breaches, now);
        if self.has_read {
            // Of what no incident tells nothing is learned either, also after a restart; and what
            // begins and ends while the database is away is in none.
            let (baselines, _) = self.parts.service.baselines();
            self.unsaved |= baselines.note(&breaches, &self.known, now.wall);
        }
        let was_free = self.flight.is_none();
        if was_free && now.mono >= self.retry_at.mono {
            self.launch(&breaches, now);
        }
        // Whoever looks at what is decided now sees the readings that it was decided from, not
        // those before.
        let decided = was_free && self.flight.is_some();
        let shown = self.shown_at.map(|at| now.mono.since(at.mono));
        let may_show = shown.is_none_or(|before| before >= self.pace.show);
        let is_old = shown.is_none_or(|before| before >= Span::from_millis(500));
        if may_show && (ticked || decided || is_old) {
            self.show(now);
        }
    }

    /// Takes what was committed, by the agent or by a person, so that the incidents in memory are
    /// those that are stored.
    fn committed(&mut self, entries: Arc<Vec<Entry>>) {
        match &mut self.since_reading {
            Some(waiting) => waiting.push(entries),
            None => self.apply(&entries, true),
        }
    }

    /// `to_incidents` is false where the incidents in memory hold the entries already.
    fn apply(&mut self, entries: &[Entry], to_incidents: bool) {
        self.recent.take(entries);
        self.proved(entries);
        let mut core = self.parts.intake.core();
        if to_incidents {
            core.recording.committed(entries);
            for entry in entries {
                self.announcements.take(entry);
                self.protection.take(entry);
            }
        }
        let mut known: BTreeMap<IncidentNumber, Incident> =
            std::mem::take(&mut self.known).into_iter().map(|one| (one.number, one)).collect();
        for entry in entries {
            let Some(event) = &entry.event else { continue };
            if let Event::SubjectRetired { subject } = event {
                core.retire(subject);
                core.recording.retired(subject);
            }
            if let Event::Resolved { incident, .. } = event
                && entry.actor.is_person()
            {
                let opened_at = known.get(incident).map(|known| known.opened_at);
                self.bundles.add(Wanted { number: *incident, opened_at });
            }
            if to_incidents
                && incident::apply_all(
                    &mut known,
                    std::slice::from_ref(event),
                    entry.actor,
                    entry.at,
                )
                .is_err()
            {
                // An old incident that is not at hand was reopened or commented on.
                self.stale = true;
            }
        }
        let next = known.keys().next_back().map_or(0, |number| number.0).saturating_add(1);
        self.next_number = self.next_number.max(IncidentNumber(next));
        self.known = known.into_values().collect();
        drop(core);
    }

    fn hear(&mut self, told: Told) {
        match told {
            Told::Gone(subjects) => {
                // A collector says it again in each of its rounds until it is committed.
                for subject in subjects {
                    let expected = self.parts.intake.core().collected.contains(&subject);
                    let event = Event::SubjectRetired { subject };
                    if expected
                        && !self.own.contains(&event)
                        && !self.own_in_flight.contains(&event)
                    {
                        self.own.push(event);
                    }
                }
            }
            Told::Facts(facts) => self.facts = facts,
            Told::Watched(watched) => {
                watched.1.thresholds.set(self.parts.documents.thresholds());
                self.watched = Some(watched);
                self.compare();
            }
            Told::Notices { of, sentences } => {
                self.notices.insert(of, sentences);
            }
            Told::Failing { name, problem: Some(problem) } => {
                self.failing.insert(name, problem);
            }
            Told::Failing { name, problem: None } => {
                self.failing.remove(&name);
            }
        }
    }

    fn look_at_documents(&mut self, now: Now) {
        if now.mono.since(self.looked_at.mono) < self.pace.documents {
            return;
        }
        self.looked_at = now;
        let events = self.parts.documents.look(now.wall);
        self.parts.service.recovery().set_catalogue(self.parts.documents.catalogue());
        if events.is_empty() {
            return;
        }
        for event in &events {
            tracing::info!(event = event.kind(), ?event, "a document changed");
        }
        if let Some(gatekeeper) = &self.parts.gatekeeper {
            gatekeeper.set_limits(Arc::clone(self.parts.documents.limits()));
        }
        let thresholds = self.parts.documents.thresholds();
        let mut core = self.parts.intake.core();
        core.objectives.set(self.parts.documents.objectives());
        let (now_in_force, wanted) = (core.engine.thresholds(), thresholds);
        if now_in_force.sha256() != wanted.sha256() || now_in_force.policy() != wanted.policy() {
            core.engine.set_thresholds(Arc::clone(thresholds), now);
            if let Some(watched) = &self.watched {
                watched.1.thresholds.set(thresholds);
            }
            // Other levels may be relative to what is usual.
            self.learned_at = None;
            // Objectives first: what depends on what is part of the thresholds.
            let texts = self.parts.documents.texts();
            for name in [documents::OBJECTIVES, documents::THRESHOLDS] {
                if let Some(text) = texts.iter().find(|text| text.name == name) {
                    core.recording.document(&text.name, &text.markdown, now);
                }
            }
        }
        drop(core);
        self.own.extend(events);
        self.compare();
    }

    /// Holds what is watched against the thresholds.
    fn compare(&mut self) {
        let Some(watched) = &self.watched else { return };
        let (settings, context) = &**watched;
        let found = findings::compare(
            settings,
            context,
            self.parts.documents.thresholds(),
            self.parts.documents.objectives(),
        );
        for finding in found.unworkable.iter().chain(&found.doubtful) {
            tracing::warn!("{finding}");
        }
        for finding in &found.later {
            tracing::info!("{finding}");
        }
        let sentences = found.unworkable.into_iter().chain(found.doubtful).collect();
        self.notices.insert("thresholds".to_owned(), sentences);
    }

    fn measure_self(&mut self, now: Now) {
        if now.mono.since(self.measured_at.mono) < SELF_EVERY {
            return;
        }
        self.measured_at = now;
        let subject = self.itself();
        let mut own = Round::new(itself::SIGNALS);
        for (signal, value) in [
            ("monitor.loop_lag", self.lag.as_secs_f64() * 1e3),
            ("monitor.database_write", self.write_time.as_secs_f64() * 1e3),
            (PUSHES_REFUSED, self.parts.intake.refusals.count(now) as f64),
            ("monitor.stream_clients", self.parts.live.clients() as f64),
        ] {
            own.observe(now.wall, &subject, signal, value);
        }
        self.parts.intake.take(&own.observations);
    }

    /// Writes the board and wakes the stream, if there is anything new.
    fn show(&mut self, now: Now) {
        let mut core = self.parts.intake.core();
        let fresh = std::mem::take(&mut core.fresh);
        let crowd = core.crowd(self.parts.series_limit, now);
        let others = core.other_hosts(&self.parts.known_host.name);
        let troubles = self.troubles(crowd.as_ref(), &others, now);
        if !fresh
            && troubles == self.told_troubles
            && self.shown_at.is_some_and(|at| now.mono.since(at.mono) < Span::from_secs(5))
        {
            return;
        }
        let ids = 0..u32::try_from(core.engine.len()).unwrap_or(u32::MAX);
        let mut readings: Vec<(SeriesId, Reading)> =
            ids.map(SeriesId).filter_map(|id| Some((id, core.engine.reading(id, now)?))).collect();
        // How things stand is about what is real: nothing that counts readings counts a practice.
        readings.retain(|(_, reading)| !reading.subject.is_practice());
        let left_out = readings.len().saturating_sub(MOST_READINGS);
        if left_out > 0 {
            // What is measured here has its place before what others send, but for problems.
            readings.sort_by_cached_key(|(_, one)| {
                let own = core.is_measured_here(one.signal.as_str(), one.subject.as_str());
                let worst = Some(one.status).filter(|status| *status >= Status::Warning);
                (Reverse((worst, own, one.status)), one.subject.clone(), one.signal.clone())
            });
            readings.truncate(MOST_READINGS);
        }
        readings.sort_by(|(_, a), (_, b)| (&a.subject, &a.signal).cmp(&(&b.subject, &b.signal)));
        let from = now.wall.minus(SPARK);
        let sparklines = readings
            .iter()
            .filter(|(_, one)| one.status != Status::Shown || one.not_judged.is_some())
            .filter_map(|(id, reading)| {
                let (first, points) = core.history.course(*id, from, SPARK_POINTS)?;
                let age = now.wall.since(first).as_secs_f64() as f32;
                let points =
                    points.into_iter().map(|(seconds, value)| (age - seconds, value)).collect();
                Some(Sparkline {
                    subject: reading.subject.clone(),
                    signal: reading.signal.clone(),
                    points,
                })
            });
        let sparklines: Arc<Vec<Sparkline>> = Arc::new(sparklines.collect());
        drop(core);
        self.shown_at = Some(now);
        self.told_troubles.clone_from(&troubles);
        let readings = readings.into_iter().map(|(_, reading)| reading).collect();
        let readings = self.parts.live.publish_readings(Readings {
            version: 0,
            checked_at: now.wall,
            readings,
            troubles,
            left_out: u32::try_from(left_out).unwrap_or(u32::MAX),
            withheld: self.withheld_changes,
        });
        let (documents, texts) = (self.parts.documents.states(), self.parts.documents.texts());
        let (bounds, traffic) = (self.automation_bounds(), self.traffic());
        let limits = Arc::clone(self.parts.documents.limits());
        self.parts.board.change(|shown| {
            shown.readings = Arc::clone(&readings);
            shown.sparklines = sparklines;
            shown.documents = documents;
            (shown.bounds, shown.traffic) = (bounds, traffic);
            shown.limits = Some(limits);
            if texts != *shown.texts {
                shown.texts = Arc::new(texts);
            }
        });
    }

    fn troubles(
        &self,
        crowd: Option<&Crowd>,
        other_hosts: &BTreeSet<String>,
        now: Now,
    ) -> Vec<String> {
        let mut troubles = Vec::new();
        // A write that hangs has said nothing yet, and whoever looks must not wait for its time
        // limit.
        let slow = || {
            self.flight.as_ref().map(|(began, _)| began.elapsed()).filter(|time| *time > SLOW_WRITE)
        };
        if let Some(away) = &self.away {
            troubles.push(without_database(away.since, &away.sentence));
        } else if let Some(time) = slow() {
            troubles.push(without_database(
                now.wall.minus(Span::from(time)),
                "The database does not answer.",
            ));
        }
        troubles.extend(self.failing.iter().map(|(name, problem)| match name.as_str() {
            CONFIGURATION => {
                format!("The configuration file was changed and has an error. {problem}")
            }
            name => format!("The collector {} returns no data. {problem}", isolated(name)),
        }));
        troubles.extend(self.notices.values().flatten().cloned());
        let here = &self.parts.known_host.name;
        troubles.extend(other_hosts.iter().map(|host| host_change::elsewhere(host, here)));
        troubles.extend(crowd.map(limits::crowded));
        for document in self.parts.documents.states() {
            if document.error.is_some() && document.name != crate::documents::COMMANDS {
                troubles.push(format!(
                    "The last edit of {} has an error, so the previous version stays in force.",
                    document.name
                ));
            }
        }
        troubles.extend(self.parts.documents.missing());
        troubles.extend(self.parts.documents.without_catalogue());
        troubles.extend(self.parts.intake.refusals.sentences(now));
        // A person can read the pages all the same: this says what to mend, and where.
        troubles.extend(
            self.parts
                .documents
                .misfits()
                .iter()
                .map(|misfit| format!("{}, line {}: {}.", misfit.file, misfit.line, misfit.found)),
        );
        troubles
    }
}

/// One sentence for each: since when, why and what to do, what goes on.
fn without_database(since: Timestamp, why: &str) -> String {
    format!(
        "Nothing could be saved since {}. {why} Monitoring continues, and incidents are saved as soon as it works again.",
        clock(since)
    )
}

/// `14:02 UTC`.
fn clock(at: Timestamp) -> String {
    let text = at.to_seconds_text();
    text.get(11..16).map_or_else(|| text.clone(), |time| format!("{time} UTC"))
}

/// The most severe status of what is shown, for the title and the public health answer.
pub fn worst(readings: &Readings) -> Option<Severity> {
    let worst = readings.readings.iter().map(|reading| reading.status).max()?;
    match worst {
        Status::Critical => Some(Severity::Critical),
        Status::Warning => Some(Severity::Warning),
        Status::Healthy | Status::Shown | Status::Unknown | Status::Watching => {
            let is_refused = readings.readings.iter().any(Reading::tells_of_refusals);
            is_refused.then_some(Severity::Warning)
        }
    }
}
