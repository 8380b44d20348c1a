//! The monitor with a database that is away, slow or refuses: evaluation goes on, and what waited
//! is written later.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use commands::{
    access_record::StoredAccess,
    accounts::Accounts,
    command::{BeginMaintenance, Command, Resolve},
    figures::PastIncident,
    maintenance::MaintenanceRequest,
    reading::{GetSignal, HistoryFilter},
    signal_page::Period,
    view::BlindSpan,
};
use domain::{
    access::Principal,
    actor::Actor,
    breach::Crossing,
    error::{Conflict, DatabaseFault, Unavailable},
    hash::Head,
    id::IncidentNumber,
    incident::Incident,
    journal::{Cursor, Entry, Event, StoredEntry},
    observation::Observation,
    reading::Status,
    signal::Signal,
    snapshot::Snapshot,
    subject::Subject,
    time::{Span, Timestamp},
    usual::NotJudged,
};
use engine::evaluate::Engine;
use policy::catalogue::{Facts, Program};
use server::{
    baselines::WithheldHours,
    clock::Clock,
    collectors::{Absence, Listing},
    current_status::CurrentStatus,
    documents::Documents,
    embedded,
    history::History,
    monitor::{
        Monitor, Parts, collector_task::Told, host_change::KnownHost, ingest::Intake,
        replay_recorder::Recording,
    },
    service::Service,
    store::{
        Calls, Change, IncidentRow, Opening, Organizations, Past, Rollup, RollupStep, SqliteStore,
        Store, StoreError, Trail,
    },
    stream::Live,
};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

const THRESHOLDS: &str = "format: 1\n\n# Quick thresholds\n\n## Thresholds\n\n\
| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n\
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n\
| `queue.depth` | `service:*` | above 1000 jobs | above 5000 jobs | 0 s | 500 jobs | - | More work waits than is done. | queue | - |\n\
| `orders.waiting` | `service:*` | above 3 times usual and 50 jobs | - | 0 s | - | - | Far more orders wait than usual at this hour. | queue | - |\n\n\
## How incidents behave\n\n| rule | value |\n| --- | --- |\n| reopen within | 1 s |\n";

/// A store that fails when it is told to.
struct Moody {
    inner: SqliteStore,
    /// Every write and reading fails.
    away: AtomicBool,
    /// Entries of Calm Ops itself are refused.
    refuses_own: AtomicBool,
    /// The next bundle can't be saved.
    loses_bundle: AtomicBool,
    /// The duration of a reading of the incidents.
    slow_reading: AtomicU32,
    readings: AtomicU32,
    attempts: AtomicU32,
    /// Changes that did not fit what is stored.
    misfits: AtomicU32,
}

impl Moody {
    fn check(&self) -> Result<(), StoreError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Refused(Unavailable::Database(DatabaseFault::NoAnswer).into()));
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Moody {
    async fn opening(&self) -> Result<Opening, StoreError> {
        self.inner.opening().await
    }

    async fn leave(&self) {
        self.inner.leave().await;
    }

    async fn change(&self, change: Change) -> Result<Vec<Entry>, StoreError> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        self.check()?;
        if self.refuses_own.load(Ordering::SeqCst) && change.actor == Actor::System {
            return Err(StoreError::Refused(Conflict::BindingChanged.into()));
        }
        self.inner.change(change).await.inspect_err(|_| {
            self.misfits.fetch_add(1, Ordering::SeqCst);
        })
    }

    async fn save_monitor(
        &self,
        monitor: Option<&[u8]>,
        alive_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.check()?;
        self.inner.save_monitor(monitor, alive_at).await
    }

    async fn roster(&self) -> Result<Accounts, StoreError> {
        self.inner.roster().await
    }

    async fn stored_access(&self) -> Result<(Cursor, Head, StoredAccess), StoreError> {
        self.inner.stored_access().await
    }

    async fn incident_rows(
        &self,
        after: u32,
        limit: u32,
    ) -> Result<Vec<(Incident, IncidentRow)>, StoreError> {
        self.inner.incident_rows(after, limit).await
    }

    async fn file_anew(&self, incidents: &[IncidentNumber]) -> Result<(), StoreError> {
        self.inner.file_anew(incidents).await
    }

    async fn proofs(&self, since: Timestamp) -> Result<Vec<Entry>, StoreError> {
        self.inner.proofs(since).await
    }

    async fn announced(&self, since: Timestamp) -> Result<Vec<Entry>, StoreError> {
        self.inner.announced(since).await
    }

    async fn long_queries(
        &self,
    ) -> Result<Vec<(String, domain::long_query::LongQuery)>, StoreError> {
        self.inner.long_queries().await
    }

    async fn activity(&self) -> Result<Option<server::store::Activity>, StoreError> {
        self.inner.activity().await
    }

    async fn seen(&self, seen: &[(&'static str, u32, Timestamp)]) -> Result<(), StoreError> {
        self.inner.seen(seen).await
    }

    async fn has_owner(&self) -> Result<bool, StoreError> {
        self.inner.has_owner().await
    }

    async fn head(&self) -> Result<(Cursor, Head), StoreError> {
        self.inner.head().await
    }

    async fn recent_incidents(
        &self,
        resolved_since: Timestamp,
    ) -> Result<Vec<Incident>, StoreError> {
        self.check()?;
        let incidents = self.inner.recent_incidents(resolved_since).await;
        self.readings.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(self.slow_reading.load(Ordering::SeqCst).into()))
            .await;
        incidents
    }

    async fn incidents_with_runs(&self, now: Timestamp) -> Result<Vec<Incident>, StoreError> {
        self.inner.incidents_with_runs(now).await
    }

    async fn ended_about(
        &self,
        subject: &Subject,
        since: Timestamp,
    ) -> Result<Vec<Incident>, StoreError> {
        self.inner.ended_about(subject, since).await
    }

    async fn next_number(&self) -> Result<IncidentNumber, StoreError> {
        self.inner.next_number().await
    }

    async fn incident(&self, number: IncidentNumber) -> Result<Option<Incident>, StoreError> {
        self.inner.incident(number).await
    }

    async fn cancel_query(
        &self,
        pid: u32,
        started: u64,
    ) -> Result<server::store::QueryCancel, StoreError> {
        self.inner.cancel_query(pid, started).await
    }

    fn as_trail(&self) -> &dyn Trail {
        self.inner.as_trail()
    }

    fn as_past(&self) -> &dyn Past {
        self.inner.as_past()
    }

    fn as_calls(&self) -> &dyn Calls {
        self.inner.as_calls()
    }

    fn as_organizations(&self) -> &dyn Organizations {
        self.inner.as_organizations()
    }

    async fn number_of(&self, id: uuid::Uuid) -> Result<Option<IncidentNumber>, StoreError> {
        self.inner.number_of(id).await
    }

    async fn history(
        &self,
        filter: &HistoryFilter,
        limit: u32,
    ) -> Result<Vec<Incident>, StoreError> {
        self.inner.history(filter, limit).await
    }

    async fn past_incidents(
        &self,
        filter: &HistoryFilter,
        limit: u32,
    ) -> Result<Vec<PastIncident>, StoreError> {
        self.inner.past_incidents(filter, limit).await
    }

    async fn timeline(&self, number: IncidentNumber, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.inner.timeline(number, limit).await
    }

    async fn snapshots(&self, number: IncidentNumber) -> Result<Vec<Snapshot>, StoreError> {
        self.inner.snapshots(number).await
    }

    async fn entries(&self, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.inner.entries(after, limit).await
    }

    async fn stored_entries(&self, after: u64, limit: u32) -> Result<Vec<StoredEntry>, StoreError> {
        self.inner.stored_entries(after, limit).await
    }

    async fn blind_spans(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<BlindSpan>, StoreError> {
        self.inner.blind_spans(since, limit).await
    }

    async fn write_rollups(&self, rollups: &[Rollup]) -> Result<(), StoreError> {
        self.check()?;
        self.inner.write_rollups(rollups).await
    }

    async fn rollups(
        &self,
        subject: &Subject,
        signal: &Signal,
        step: RollupStep,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Rollup>, StoreError> {
        self.inner.rollups(subject, signal, step, from, to).await
    }

    async fn recent_minutes(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<Rollup>, StoreError> {
        self.inner.recent_minutes(since, limit).await
    }

    async fn heard(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<server::store::HeardSlot>, StoreError> {
        self.inner.heard(from, to).await
    }

    async fn older_series(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<(Subject, Signal)>, StoreError> {
        self.inner.older_series(before, limit).await
    }

    async fn breach_entries(&self, since: Timestamp, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.inner.breach_entries(since, limit).await
    }

    async fn usual(&self, since: Timestamp) -> Result<Vec<(Subject, Signal, f64)>, StoreError> {
        self.inner.usual(since).await
    }

    async fn prune(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.inner.prune(now).await
    }

    async fn save_bundle(&self, number: IncidentNumber, bundle: &[u8]) -> Result<(), StoreError> {
        if self.loses_bundle.swap(false, Ordering::SeqCst) {
            return Err(StoreError::Refused(Unavailable::Database(DatabaseFault::NoAnswer).into()));
        }
        self.inner.save_bundle(number, bundle).await
    }

    async fn add_bundle(&self, number: IncidentNumber, bundle: &[u8]) -> Result<(), StoreError> {
        self.inner.add_bundle(number, bundle).await
    }

    async fn bundle(&self, number: IncidentNumber) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.bundle(number).await
    }
}

struct Running {
    _dir: tempfile::TempDir,
    store: Arc<Moody>,
    intake: Arc<Intake>,
    board: Arc<CurrentStatus>,
    service: Arc<Service>,
    clock: Clock,
    tell: mpsc::Sender<Told>,
    stop: CancellationToken,
    monitor: JoinHandle<()>,
}

impl Running {
    async fn start(before: impl FnOnce(&Moody)) -> Self {
        Self::start_with(async |store: &Moody| before(store)).await
    }

    async fn start_with(before: impl AsyncFnOnce(&Moody)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in embedded::document_names() {
            let path = dir.path().join("ops").join(&*name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &*embedded::document(&name).unwrap()).unwrap();
        }
        std::fs::write(dir.path().join("ops/alerts/thresholds.md"), THRESHOLDS).unwrap();
        let store = Arc::new(Moody {
            inner: SqliteStore::open(&dir.path().join("calm-ops.db")).await.unwrap(),
            away: AtomicBool::new(false),
            refuses_own: AtomicBool::new(false),
            loses_bundle: AtomicBool::new(false),
            slow_reading: AtomicU32::new(0),
            readings: AtomicU32::new(0),
            attempts: AtomicU32::new(0),
            misfits: AtomicU32::new(0),
        });
        before(&store).await;
        let clock = Clock::start();
        let ops = dir.path().join("ops");
        let (documents, _) =
            Documents::load(Some(&ops), &dir.path().join("in-force"), clock.now().wall).unwrap();
        let engine = Engine::new(Arc::clone(documents.thresholds()), 1_000);
        let intake =
            Intake::new(engine, Recording::default(), BTreeSet::new(), History::default(), clock);
        let board = Arc::new(CurrentStatus::new(Arc::clone(&intake)));
        let live = Live::new(store.opening().await.unwrap().cursor, 10, Timestamp::default());
        let shared: Arc<dyn Store> = store.clone();
        let service = Service::new(
            Arc::clone(&shared),
            Arc::clone(&board),
            Arc::clone(&live),
            Arc::default(),
            clock,
        );
        let (tell, told) = mpsc::channel(64);
        let parts = Parts {
            withheld: std::collections::BTreeMap::new(),
            intake: Arc::clone(&intake),
            service: Arc::clone(&service),
            board: Arc::clone(&board),
            live,
            documents,
            gatekeeper: None,
            clock,
            host: "web-1".to_owned(),
            known_host: KnownHost::here("web-1"),
            series_limit: 1_000,
        };
        let started = vec![Event::Started { version: "0".to_owned() }];
        let monitor = Monitor::new(parts, shared, told, started);
        let stop = CancellationToken::new();
        let monitor = tokio::spawn(monitor.run(stop.clone()));
        Self { _dir: dir, store, intake, board, service, clock, tell, stop, monitor }
    }

    fn observe(&self, subject: &str, value: f64) {
        self.observe_of("queue.depth", subject, value);
    }

    fn observe_of(&self, signal: &str, subject: &str, value: f64) {
        let (signal, subject) = (signal.parse().unwrap(), subject.parse().unwrap());
        let unit = Some("jobs".parse().unwrap());
        self.intake.take(&[Observation {
            signal,
            subject,
            value,
            unit,
            at: self.clock.now().wall,
            reason: None,
        }]);
    }

    async fn kinds(&self) -> Vec<&'static str> {
        let entries = self.store.inner.entries(0, 1_000).await.unwrap();
        entries.iter().filter_map(|entry| Some(entry.event.as_ref()?.kind())).collect()
    }

    async fn count(&self, kind: &str) -> usize {
        self.kinds().await.iter().filter(|known| **known == kind).count()
    }

    async fn until(&self, what: &str, fits: impl AsyncFn(&Self) -> bool) {
        for _ in 0..1_200 {
            if fits(self).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("waited in vain for {what}: {:?}", self.kinds().await);
    }
}

#[tokio::test]
async fn while_the_database_is_away_evaluation_goes_on_and_what_waited_is_written_when_it_is_back()
{
    let running = Running::start(|store| store.away.store(true, Ordering::SeqCst)).await;
    running.observe("service:imports", 9_000.0);
    running
        .until("the trouble on the board", async |running| {
            let shown = running.board.shown().readings;
            let critical = shown
                .readings
                .iter()
                .any(|reading| reading.status == domain::reading::Status::Critical);
            critical
                && shown.troubles.iter().any(|trouble| trouble.contains("database does not answer"))
        })
        .await;
    // A collector says in every round what is gone, and what is gone is told once.
    running.observe("disk:/old@web-1", 1.0);
    for _ in 0..50 {
        let absence = Absence::Gone;
        let none = Listing::new("disk", Vec::new(), absence);
        let gone = running.intake.compare(&[none], "web-1");
        running.tell.send(Told::Gone(gone)).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    running.store.away.store(false, Ordering::SeqCst);
    running
        .until("the incident", async |running| running.count("incident_opened").await == 1)
        .await;
    running
        .until("the end of the trouble", async |running| {
            running.board.shown().readings.troubles.is_empty()
        })
        .await;
    assert_eq!((running.count("started").await, running.count("subject_retired").await), (1, 1));
    running.stop.cancel();
    running.monitor.await.unwrap();
    let entries = running.store.inner.entries(0, 1_000).await.unwrap();
    assert!(matches!(entries.last().unwrap().event, Some(Event::Stopped)));
}

/// Hours of a steady hundred, up to now.
fn hours_of_history(subject: &str, days: i64) -> Vec<Rollup> {
    const HOUR: i64 = 3_600;
    let last = Clock::start().now().wall.as_micros() / 1_000_000 / HOUR;
    let hour = |hour: i64| {
        let mean = 100.0 + (hour % 7) as f64;
        Rollup {
            subject: subject.parse().unwrap(),
            signal: "orders.waiting".parse().unwrap(),
            unit: "jobs".parse().unwrap(),
            step: RollupStep::Hour,
            start: Timestamp::from_secs(hour * HOUR),
            min: mean - 10.0,
            max: mean + 10.0,
            mean,
            last: mean,
            count: 60,
        }
    };
    (last - days * 24..last).map(hour).collect()
}

/// The minutes of some of these hours.
fn minutes_of(hours: &[Rollup]) -> Vec<Rollup> {
    let minute = |hour: &Rollup, minute: u64| Rollup {
        step: RollupStep::Minute,
        start: hour.start.plus(Span::from_mins(minute)),
        count: 1,
        ..hour.clone()
    };
    hours.iter().flat_map(|hour| (0..60).map(move |place| minute(hour, place))).collect()
}

#[tokio::test]
async fn a_level_relative_to_what_is_usual_alerts_where_the_history_is_a_week_old() {
    let running = Running::start_with(async |store: &Moody| {
        for (subject, days) in [("service:old", 21), ("service:young", 5)] {
            let hours = hours_of_history(subject, days);
            store.inner.write_rollups(&hours).await.unwrap();
            store.inner.write_rollups(&minutes_of(&hours[hours.len() - 4..])).await.unwrap();
        }
    })
    .await;
    running
        .until("the incident", async |running| {
            for subject in ["service:old", "service:young", "service:new"] {
                running.observe_of("orders.waiting", subject, 500.0);
            }
            running.count("incident_opened").await > 0
        })
        .await;
    assert_eq!(running.count("incident_opened").await, 1);
    let incident = running.store.inner.incident(IncidentNumber(1)).await.unwrap().unwrap();
    let [known] = &incident.breaches[..] else { panic!("{incident:?}") };
    assert_eq!(known.breach.key.subject.as_str(), "service:old");
    let Crossing::Usual { relative, bounds } = known.breach.crossing else { panic!("{known:?}") };
    assert_eq!(relative.times, 3.0);
    assert!(bounds.high.is_some_and(|high| (290.0..330.0).contains(&high)), "{bounds:?}");
    let not_judged = |subject: &str| {
        let signal = "orders.waiting".parse().unwrap();
        let reading = running.board.reading(&subject.parse().unwrap(), &signal).unwrap();
        (reading.status, reading.not_judged)
    };
    let young = Some(NotJudged::Young { age_hours: 120 });
    assert_eq!(not_judged("service:young"), (Status::Shown, young));
    assert_eq!(not_judged("service:new"), (Status::Shown, Some(NotJudged::NoHistory)));
    assert_eq!(not_judged("service:old").1, None);
    let asked = GetSignal {
        subject: "service:old".parse().unwrap(),
        signal: "orders.waiting".parse().unwrap(),
        period: Period::Last(Span::from_mins(3 * 60)),
    };
    let page = running.service.execute(Principal::Local, asked).await.unwrap();
    assert!((3..=4).contains(&page.usual.len()), "{:?}", page.usual);
    assert!(page.usual.iter().all(|one| one.low < 100.0 && one.high > 106.0), "{:?}", page.usual);
}

#[tokio::test]
async fn hours_of_a_breach_that_a_window_withholds_are_kept() {
    let running = Running::start(|_| ()).await;
    let request = MaintenanceRequest {
        subjects: vec!["service:imports".to_owned()],
        until: running.clock.now().wall.plus(Span::from_mins(60)),
        reason: "New disks".to_owned(),
    };
    let begin = Command::BeginMaintenance(BeginMaintenance { request });
    running.service.change(Principal::Local, begin).await.unwrap();
    running
        .until("the window", async |running| running.count("maintenance_begun").await == 1)
        .await;
    let kept = async |running: &Running| {
        WithheldHours::stored(&running.store.inner).await.unwrap() != WithheldHours::default()
    };
    assert!(!kept(&running).await);
    running.observe("service:imports", 9_000.0);
    running
        .until("the hour", async |running| {
            !running.service.baselines().0.withheld_hours().is_empty()
        })
        .await;
    assert_eq!(running.count("incident_opened").await, 0);
    let Running { stop, monitor, store, .. } = running;
    stop.cancel();
    monitor.await.unwrap();
    let stored = WithheldHours::stored(&store.inner).await.unwrap();
    assert!(!stored.is_empty(), "they are kept at the end at the latest");
}

#[tokio::test]
async fn hours_of_a_breach_are_noted_before_its_incident_and_while_the_database_is_away() {
    let running = Running::start(|_| ()).await;
    let noted = async |running: &Running| {
        let hours = running.service.baselines().0.withheld_hours();
        serde_json::to_string(&hours).unwrap()
    };
    running.until("the start", async |running| running.count("started").await == 1).await;
    running.observe("service:imports", 9_000.0);
    running
        .until("the incident", async |running| running.count("incident_opened").await == 1)
        .await;
    assert!(noted(&running).await.contains("service:imports"));
    running.store.away.store(true, Ordering::SeqCst);
    running.observe("service:exports", 9_000.0);
    running
        .until("the hour", async |running| noted(running).await.contains("service:exports"))
        .await;
    assert_eq!(running.count("incident_opened").await, 1);
}

#[tokio::test]
async fn events_that_never_fit_hold_up_no_incident_and_do_not_spin() {
    let running = Running::start(|store| store.refuses_own.store(true, Ordering::SeqCst)).await;
    running.observe("service:imports", 9_000.0);
    running
        .until("the incident", async |running| running.count("incident_opened").await == 1)
        .await;
    let attempts = running.store.attempts.load(Ordering::SeqCst);
    assert!(attempts < 10, "{attempts} attempts");
}

#[tokio::test]
async fn what_a_person_does_while_the_incidents_are_read_is_not_forgotten() {
    let running = Running::start(|_| ()).await;
    running.observe("service:imports", 9_000.0);
    running
        .until("the incident", async |running| running.count("incident_opened").await == 1)
        .await;
    // A change to an incident that is not at hand makes the monitor read all of them again; here it
    // is an event that does not fit.
    running.store.slow_reading.store(600, Ordering::SeqCst);
    let readings = running.store.readings.load(Ordering::SeqCst);
    running.store.refuses_own.store(true, Ordering::SeqCst);
    running.observe("disk:/old@web-1", 1.0);
    running.tell.send(Told::Gone(vec!["disk:/old@web-1".parse().unwrap()])).await.unwrap();
    running
        .until("the reading", async |running| {
            running.store.readings.load(Ordering::SeqCst) > readings
        })
        .await;
    running.observe("service:imports", 1.0);
    let resolve =
        Command::Resolve(Resolve { incident: IncidentNumber(1), note: "done".to_owned() });
    running.service.change(Principal::Local, resolve).await.unwrap();
    running.store.slow_reading.store(0, Ordering::SeqCst);
    running.until("the summary", async |running| running.count("summary_written").await == 1).await;
    // One that forgot would clear the breach of an incident that is over.
    assert_eq!(running.store.misfits.load(Ordering::SeqCst), 0, "{:?}", running.kinds().await);
}

#[tokio::test]
async fn what_a_person_ended_stays_ended_while_it_goes_on_also_after_the_incidents_are_read_anew() {
    let running = Running::start(|_| ()).await;
    running.observe("service:imports", 9_000.0);
    running
        .until("the incident", async |running| running.count("incident_opened").await == 1)
        .await;
    let resolve =
        Command::Resolve(Resolve { incident: IncidentNumber(1), note: "known".to_owned() });
    running.service.change(Principal::Local, resolve).await.unwrap();
    running.until("the summary", async |running| running.count("summary_written").await == 1).await;
    for second in 0..4 {
        running.observe("service:imports", 9_000.0);
        if second == 2 {
            // What does not fit makes the monitor read all incidents again.
            let readings = running.store.readings.load(Ordering::SeqCst);
            running.store.refuses_own.store(true, Ordering::SeqCst);
            running.observe("disk:/old@web-1", 1.0);
            running.tell.send(Told::Gone(vec!["disk:/old@web-1".parse().unwrap()])).await.unwrap();
            running
                .until("the reading", async |running| {
                    running.store.readings.load(Ordering::SeqCst) > readings
                })
                .await;
        }
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    assert_eq!(
        (running.count("incident_opened").await, running.count("reopened").await),
        (1, 0),
        "{:?}",
        running.kinds().await
    );
    // Not everything of that name is judged for ever: when it was well and comes again, it is
    // trouble again.
    running.observe("service:imports", 1.0);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    running.observe("service:imports", 9_000.0);
    running
        .until("another incident", async |running| running.count("incident_opened").await == 2)
        .await;
}

#[tokio::test]
async fn a_replay_bundle_that_could_not_be_saved_is_saved_later() {
    let running = Running::start(|store| store.loses_bundle.store(true, Ordering::SeqCst)).await;
    running.observe("service:imports", 9_000.0);
    running
        .until("the incident", async |running| running.count("incident_opened").await == 1)
        .await;
    running
        .until("the bundle", async |running| {
            running.store.inner.bundle(IncidentNumber(1)).await.unwrap().is_some()
        })
        .await;
    assert!(!running.store.loses_bundle.load(Ordering::SeqCst));
}

/// A lock that is asked for by the one who holds it stops its thread for ever, and with it a test's
/// time limits: so it runs in a thread of its own, and is waited for outside.
#[test]
fn the_regular_saving_of_the_state_does_not_wait_for_itself() {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let running = Running::start(|_| ()).await;
            // Under a threshold: nothing is decided, and only the regular saving writes it.
            running.until("the start", async |running| running.count("started").await == 1).await;
            running.observe("service:imports", 10.0);
            running
                .until("the saved state", async |running| {
                    let saved =
                        running.store.inner.opening().await.unwrap().monitor.unwrap_or_default();
                    String::from_utf8_lossy(&saved).contains("service:imports")
                })
                .await;
            running.stop.cancel();
            running.monitor.await.unwrap();
        });
        tell.send(()).unwrap();
    });
    told.recv_timeout(Duration::from_secs(45))
        .expect("the monitor waits for itself, or saves nothing");
}

#[tokio::test]
async fn a_command_is_offered_while_its_breach_holds_and_its_document_is_right() {
    let running = Running::start(|_| ()).await;
    let path = running._dir.path().join("ops/runbooks/recovery.commands.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let helps = "| `endpoint.up`, `endpoint.certificate.days_left` |";
    let proof = "| `endpoint.up` within 5 min, `endpoint.certificate.days_left` within 30 min |";
    assert!(text.contains(helps) && text.contains(proof));
    let good = text.replacen(helps, "| `queue.depth` |", 1).replacen(
        proof,
        "| `queue.depth` within 5 min |",
        1,
    );
    std::fs::write(&path, &good).unwrap();
    let recovery = running.service.recovery();
    recovery
        .set_facts(Arc::new(Facts::new().with_program(Program::Nginx, "/usr/sbin/nginx").unwrap()));
    running.observe("service:imports", 2_000.0);
    running
        .until("the incident", async |running| running.count("incident_opened").await == 1)
        .await;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(
        running.count("recommended").await,
        0,
        "nothing is concluded before the host was looked at"
    );

    recovery.set_hints(Arc::default());
    running.until("the offer", async |running| running.count("recommended").await == 1).await;
    running.until("the summary", async |running| running.kinds().await.contains(&"moved")).await;
    let one = running.store.inner.incident(IncidentNumber(1)).await.unwrap().unwrap();
    assert_eq!(
        one.offered().map(|one| one.shown.as_str()).collect::<Vec<_>>(),
        ["/usr/sbin/nginx -s reload"]
    );
    assert_eq!(one.state, domain::lifecycle::State::AwaitingDecision);

    std::fs::write(
        &path,
        good.replacen("| runs | `nginx -s reload` |", "| runs | `nginx -s stop` |", 1),
    )
    .unwrap();
    running
        .until("the withdrawal", async |running| {
            running.count("recommendation_withdrawn").await == 1
        })
        .await;
    assert_eq!(running.service.recovery().catalogue(), None);
    let tells = |running: &Running| {
        running
            .board
            .shown()
            .readings
            .troubles
            .iter()
            .any(|one| one.contains("No recovery command runs"))
    };
    running.until("the trouble", async |running| tells(running)).await;
    std::fs::write(&path, &good).unwrap();
    running.until("the next offer", async |running| running.count("recommended").await == 2).await;
    running.observe("service:imports", 10.0);
    running
        .until("the end of the offer", async |running| {
            running.count("recommendation_withdrawn").await == 2
        })
        .await;
    running.until("the end of the trouble", async |running| !tells(running)).await;
}

#[tokio::test]
async fn what_a_collector_leaves_out_is_told_for_as_long_as_it_does() {
    let running = Running::start(|_| ()).await;
    let tells = |running: &Running| {
        running.board.shown().readings.troubles.iter().any(|one| one.contains("not monitored"))
    };
    for left_out in [true, false] {
        let notes = if left_out { vec![wording::limits::interfaces_left_out(3)] } else { vec![] };
        running.tell.send(Told::Notices { of: "host".to_owned(), sentences: notes }).await.unwrap();
        running.until("the note", async |running| tells(running) == left_out).await;
    }
}
