//! Starts everything in its order, runs it, and ends it in good order.

use std::{collections::BTreeSet, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use domain::{
    journal::{BlindReason, Event},
    subject::Subject,
    time::{Now, Span},
};
use engine::evaluate::{Engine, SeriesId};
use leptos::prelude::LeptosOptions;
use rustix::process::{Resource, getrlimit};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    baselines::Baselines,
    clock::Clock,
    collectors::{self, http::Poster, registry::Context},
    config::{Config, PublicUrl},
    current_status::CurrentStatus,
    data_dir,
    documents::{BadDocuments, Documents, IN_FORCE},
    exec::Runner,
    gate::{GateError, GateListener, Gatekeeper, follow_access_log},
    generated,
    heartbeat::Heartbeat,
    history::{self, History},
    http::{
        client_info::Proxies,
        listener,
        middleware::guard::{Guard, Hosts, PublicOrigin},
        places::{Requests, Room},
        router::router,
        state::Site,
        tls::{self, BadCertificate},
    },
    inspections,
    monitor::{
        Monitor, Parts,
        collector_task::{Outlet, Told},
        host_change::{self, KnownHost},
        ingest::Intake,
        kept::Kept,
        replay_recorder::Recording,
        supervisor::Supervisor,
    },
    notifications::{Mailer, Notifier, Outbound, Pace, channels},
    objectives::Ledger,
    opening_evidence,
    people::{People, SessionCookie, owner_link},
    proof,
    protection::{self, Enforcement, Flag},
    publisher::Publisher,
    remediation::{
        Executor, Place, Recovery,
        host_inventory::{self, EndpointHosts, Places},
    },
    service::{Service, SetUp},
    store::{self, StoreError, Where, disk_reserve::Reserve},
    stream::Live,
    threshold_file::ThresholdFile,
    threshold_proposals::{ProposalPace, ThresholdProposer},
    threshold_versions,
};

/// A stop shorter than this leaves nothing unseen: the next round of the collectors comes as it
/// would have.
const SHORT_STOP: Span = Span::from_secs(10);
/// The most stored minutes with which sparklines begin: an hour of 1,000 series.
const MOST_MINUTES: u32 = 60_000;

/// The reasons for which Calm Ops does not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The documents hold mistakes.
    #[error(transparent)]
    Documents(#[from] BadDocuments),
    /// The database can't be opened.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The address can't be listened on.
    #[error("can't listen on {address}: {source}. {advice}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The next step.
        advice: &'static str,
        /// The error of the system.
        source: io::Error,
    },
    /// Others could reach it, and nobody is there to decide who may.
    #[error(
        "this Calm Ops has no owner yet, so it does not listen on {address}, where others could reach it. Start it once with --listen 127.0.0.1:{}, open the owner link \
         that it prints (from another machine: ssh -L {}:127.0.0.1:{} HOST), then start it again. A loopback address is always possible", address.port(), address.port(), address.port()
    )]
    NoOwner {
        /// The address.
        address: SocketAddr,
    },
    /// The data directory can't be written.
    #[error("the data directory {} can't be written: {source}. Choose a folder for this program with --data-dir", path.display())]
    DataDir {
        /// The path.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The certificate for TLS can't be used.
    #[error("{0}. Use a certificate and its key in PEM format, readable by the user of Calm Ops")]
    Certificate(#[from] BadCertificate),
    /// The gate can't be opened.
    #[error("{0}")]
    Gate(#[from] GateError),
    /// The gate ended though nobody told it to.
    #[error(
        "the gate failed unexpectedly ({0}), so Calm Ops stopped; meanwhile requests pass. Start it again: no repair is needed"
    )]
    GateFailed(io::Error),
    /// The means of sending notifications can't be set up.
    #[error("{0}")]
    Notifications(String),
    /// The monitor ended though nobody told it to.
    #[error(
        "the monitor failed unexpectedly, so Calm Ops stopped; see the log for details. Start it again: no repair is needed"
    )]
    Monitor,
    /// Something else failed while it ran.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Runs the server until it is told to stop. `ready` is called with the address once requests are
/// answered, and with the secret of the owner link as long as there is no owner.
pub async fn run(
    config: Config,
    stop: CancellationToken,
    ready: impl FnOnce(SocketAddr, Option<String>),
) -> Result<(), StartError> {
    collectors::declare_signals();
    let clock = Clock::start();
    let data_dir = config.data_dir.clone();
    data_dir::make(&data_dir)
        .map_err(|source| StartError::DataDir { path: data_dir.clone(), source })?;
    let listener = listen(config.listen).await?;
    let address = listener.local_addr()?;
    let now = clock.now();
    let (documents, document_events) = Documents::load_with(
        config.ops_dir.as_deref(),
        &data_dir.join(IN_FORCE),
        &config.scripts,
        now.wall,
    )?;
    for misfit in documents.misfits() {
        tracing::warn!(
            "the documents do not fit together; check them with 'calm-ops check'\n{misfit}"
        );
    }
    let gate = GateListener::open(&config.collectors.gate).await?.map(|listener| {
        let gatekeeper = Gatekeeper::new(Arc::clone(documents.limits()), clock);
        let log = config.collectors.gate.access_log.clone();
        (listener, Arc::new(gatekeeper.with_access_log(log)))
    });
    let gatekeeper = gate.as_ref().map(|(_, gatekeeper)| Arc::clone(gatekeeper));
    let place = config.place();
    let data_dir_warning = match &place {
        Where::Sqlite { .. } => data_dir::warning(&data_dir),
        Where::Postgres { .. } => None,
    };
    if let Some(warning) = data_dir::open_to_others(&data_dir) {
        tracing::warn!("{warning}");
    }
    let store = store::open_to_serve(&place).await?;
    if !address.ip().is_loopback() && !store.has_owner().await? {
        return Err(StartError::NoOwner { address });
    }
    let flag = config.collectors.gate.safe_mode_flag.clone().map(|path| Arc::new(Flag::new(path)));
    let protection = protection::at_start(&*store, flag.as_deref(), now.wall).await?;
    if let Some(gatekeeper) = &gatekeeper {
        protection::assign_plans(&*store, gatekeeper).await?;
    }
    let opening = store.opening().await?;

    let mut own = vec![Event::Started { version: env!("CARGO_PKG_VERSION").to_owned() }];
    if let Some(from) = opening.alive_at
        && now.wall.since(from) > SHORT_STOP
    {
        own.push(Event::Blind { from, to: now.wall, why: BlindReason::NotRunning });
    }
    own.extend(threshold_versions::untold(&*store, &documents, &document_events).await?);
    own.extend(document_events);

    let thresholds = Arc::clone(documents.thresholds());
    let mut kept: Option<Kept> = opening.monitor.as_deref().and_then(|bytes| {
        serde_json::from_slice(bytes)
            .inspect_err(|error| tracing::error!(%error, "the saved evaluation state can't be read; starting fresh"))
            .ok()
    });
    let here = Place::here(&config);
    let known_host = KnownHost::here(&here.host);
    let former_name = kept.as_mut().and_then(|kept| kept.move_to(&known_host));
    let engine = match &kept {
        Some(kept) => Engine::restore(thresholds, config.limits.series, &kept.engine, now),
        None => Engine::new(thresholds, config.limits.series),
    };
    let written_disks = Arc::new(written_disks(&engine, now));
    let Kept { collected, numbers, withheld, withheld_hours, .. } = kept.unwrap_or_default();
    let minutes = store.recent_minutes(now.wall.minus(history::LONGEST), MOST_MINUTES).await?;
    let history = History::after(minutes);
    let objectives = Ledger::restore(&*store, Arc::clone(documents.objectives()), now.wall).await?;
    let intake = Intake::new(engine, Recording::default(), collected, history, clock);
    intake.core().objectives = objectives;
    intake.core().collected.restore_numbers(numbers.clone());
    let board = Arc::new(CurrentStatus::new(Arc::clone(&intake)));
    let room = room(&config);
    let live = Live::new(opening.cursor, room.streams, now.wall);
    let recovery = Arc::new(Recovery::default());
    let service = Service::new(
        Arc::clone(&store),
        Arc::clone(&board),
        Arc::clone(&live),
        Arc::clone(&recovery),
        clock,
    );
    let Place { host, pm2, pm2_home } = here.clone();

    let runner = Runner::new(data_dir.join("runs"), clock)
        .map_err(|source| StartError::DataDir { path: data_dir.join("runs"), source })?;
    let executor = Executor::new(
        Arc::clone(&service),
        Arc::clone(&store),
        Arc::clone(&recovery),
        Arc::clone(&live),
        runner.clone(),
        clock,
        stop.clone(),
    );
    let is_generated = generated::is_generated(&*store).await?;
    let outbound = outbound(&config, is_generated)?;
    let public_url: Option<Arc<str>> = outbound.public_url.as_deref().map(Arc::from);
    let contact_forms = Arc::new(app::ContactForms {
        links: outbound.public_url.is_some(),
        channels: channels::forms(&outbound).iter().map(Into::into).collect(),
    });
    let (tell, told) = mpsc::channel(64);
    for (of, sentence) in [
        ("data_dir", data_dir_warning),
        ("host_name", former_name.map(|from| host_change::renamed(&from, &known_host.name))),
        ("generated", generated::notice(&*store).await?),
    ] {
        if let Some(sentence) = sentence {
            tracing::warn!("{sentence}");
            let notice = Told::Notices { of: of.to_owned(), sentences: vec![sentence] };
            let _ = tell.try_send(notice);
        }
    }
    let to_monitor = tell.clone();
    let report: protection::Report = Box::new(move |sentences| {
        to_monitor.try_send(Told::Notices { of: "safe_mode".to_owned(), sentences }).is_ok()
    });
    if let Some(sentence) = flag.as_deref().and_then(protection::unusable) {
        tracing::warn!("{sentence}");
        let notice = Told::Notices { of: "safe_mode_flag".to_owned(), sentences: vec![sentence] };
        let _ = tell.try_send(notice);
    }
    // In force before the first question is answered.
    let enforcement = Enforcement::new(protection, gatekeeper.clone(), flag, clock, report);
    enforcement.settle().await;
    service.enforce_by(Arc::new(enforcement));
    let to_monitor = tell.clone();
    let report = Box::new(move |sentences| {
        to_monitor.try_send(Told::Notices { of: "status_page".to_owned(), sentences }).is_ok()
    });
    let publisher = Publisher::at_start(
        &*store,
        config.status.title.clone(),
        config.status.directory.clone(),
        clock,
        report,
    )
    .await?;
    let publisher = Arc::new(publisher);
    service.publish_by(Arc::clone(&publisher));
    let pace = Pace { escalate_after: Span::from(config.escalate_after), ..Pace::default() };
    let to_monitor = tell.clone();
    let report = Box::new(move |sentences| {
        to_monitor.try_send(Told::Notices { of: "notifications".to_owned(), sentences }).is_ok()
    });
    let notifier = Notifier::new(
        Arc::clone(&service),
        Arc::clone(&store),
        clock,
        outbound,
        pace,
        report,
        stop.clone(),
    );
    // Nobody is told of what was before the first start, but of what the monitor is about to find.
    let notifier = tokio::spawn(notifier.run(opening.cursor.number));
    let background = TaskTracker::new();
    let mut last_sign = None;
    if let Some(wanted) = config.heartbeat.clone() {
        let to_monitor = tell.clone();
        let report = Box::new(move |sentences| {
            to_monitor.try_send(Told::Notices { of: "heartbeat".to_owned(), sentences }).is_ok()
        });
        let heartbeat =
            Heartbeat::new(wanted, Arc::clone(&board), Arc::clone(&store), clock, report)
                .map_err(|error| StartError::Notifications(error.to_string()))?;
        last_sign = Some(heartbeat.last());
        background.spawn(heartbeat.run(stop.clone()));
    }
    let (product, issue_url) = (config.product.clone(), config.issue_url.clone());
    let thresholds = ThresholdFile::new(config.ops_dir.as_deref(), &data_dir);
    service.set_up(SetUp {
        is_generated,
        last_sign,
        links: public_url.is_some(),
        product,
        issue_url,
        thresholds: thresholds.clone(),
        zone: config.time_zone.clone(),
        reports: config.reports.clone(),
        baselines: Arc::new(Baselines::after(withheld_hours)),
    });
    service.settle_thresholds().await;
    let proposer = ThresholdProposer {
        service: Arc::clone(&service),
        store: Arc::clone(&store),
        file: thresholds,
        clock,
        pace: ProposalPace::default(),
    };
    background.spawn(proposer.run(stop.clone()));
    let context = Context {
        written_disks,
        numbers: Arc::new(numbers),
        gatekeeper: gatekeeper.clone(),
        ..Context::new(&host, config.interval)
    };
    let to_monitor = tell.clone();
    let doubts = move |sentences| {
        let _ = to_monitor.try_send(Told::Notices { of: "journal".to_owned(), sentences });
    };
    let proof = proof::at_start(Arc::clone(&store), Arc::clone(&board), doubts);
    let proof_stop = stop.clone();
    background.spawn(async move {
        tokio::select! { () = proof => {}, () = proof_stop.cancelled() => {} }
    });
    let apps = config.collectors.pm2.is_watched().then(|| context.apps.clone());
    let supervisor = Supervisor {
        context,
        outlet: Outlet {
            host: host.clone(),
            intake: Arc::clone(&intake),
            clock,
            tell,
            sources: service.sources(),
        },
        checks: service.checks(),
        stop: stop.clone(),
        tasks: background.clone(),
    };
    service.inspections().set_place(inspections::Place {
        host: host.clone(),
        apps: apps.clone(),
        pm2_home,
        runner,
        store: Arc::clone(&store),
        database: matches!(place, Where::Postgres { .. }),
    });
    background.spawn(opening_evidence::save(Arc::clone(&service), clock, stop.clone()));
    recovery.set_place(here);
    let executor = tokio::spawn(executor.run());
    let endpoints = Arc::new(EndpointHosts::default());
    endpoints.set(&config.collectors.http.endpoints);
    let in_force = Arc::clone(&endpoints);
    background.spawn(
        supervisor.run(config.clone(), move |settings| in_force.set(&settings.http.endpoints)),
    );
    let places = Places { host: host.clone(), apps, pm2, endpoints, store: Arc::clone(&store) };
    background.spawn(host_inventory::watch(places, Arc::clone(&recovery), stop.clone()));

    let parts = Parts {
        intake: Arc::clone(&intake),
        service: Arc::clone(&service),
        board: Arc::clone(&board),
        live: Arc::clone(&live),
        documents,
        gatekeeper,
        clock,
        host,
        known_host,
        series_limit: config.limits.series,
        withheld,
    };
    let mut monitor = Monitor::new(parts, Arc::clone(&store), told, own);
    monitor.look();
    let (monitor_stop, end) = (stop.clone(), stop.clone());
    let monitor = tokio::spawn(async move {
        let ended = tokio::spawn(monitor.run(monitor_stop)).await;
        // Without the monitor nothing is watched, and what is shown only looks calm.
        end.cancel();
        ended
    });
    if let Where::Sqlite { .. } = place {
        background.spawn(Reserve::new(&data_dir).keep(stop.clone()));
    }
    background.spawn(Arc::clone(&service).follow(stop.clone()));
    background.spawn(Arc::clone(&publisher).run(stop.clone()));
    background.spawn(Arc::clone(&service).publish(stop.clone()));
    background.spawn(Arc::clone(&service).follow_days(stop.clone()));
    background.spawn(Arc::clone(&service).report(opening.cursor.number, stop.clone()));
    let pump = Arc::clone(&live);
    let pump_stop = stop.clone();
    background.spawn(async move { pump.pump(pump_stop).await });

    let leptos = LeptosOptions::builder().output_name("calm-ops").site_addr(address).build();
    let people = People::new(
        Arc::clone(&service),
        Arc::clone(&store),
        clock,
        Span::from(config.recent_sign_in),
        SessionCookie::new(&opening.instance),
    );
    let link = if store.has_owner().await? { None } else { people.owner_link().await.ok() };
    let link_file = owner_link::file(&data_dir);
    if let Some(link) = &link {
        let ended = Arc::clone(&people).remove_ended_link(link.clone(), link_file, stop.clone());
        background.spawn(ended);
    } else {
        owner_link::remove(&link_file)
            .map_err(|source| StartError::DataDir { path: link_file, source })?;
    }
    let site = Site {
        service,
        people,
        store: Arc::clone(&store),
        board,
        contact_forms,
        public_url,
        live,
        metrics: Arc::default(),
        intake,
        push_observations: config.limits.push_observations,
        requests: Requests::default(),
        clock,
        stop: stop.clone(),
        leptos,
    };
    if config.public_url.as_ref().is_some_and(PublicUrl::is_secure)
        && config.tls.is_none()
        && config.trusted_proxies.is_empty()
    {
        tracing::warn!(
            "public_url starts with https, but there is neither [tls] nor trusted_proxies: sign-in cookies are not marked as secure, passkeys are \
             refused, and everyone behind the proxy counts as one address. Add the proxy's address to trusted_proxies"
        );
    }
    let mut names = config.allowed_hosts.clone();
    names.extend(config.public_url.as_ref().map(|url| url.host().to_owned()));
    let proxies = Proxies::new(&config.trusted_proxies);
    let guard = Guard {
        hosts: Hosts::new(&names),
        proxies: proxies.clone(),
        public: config.public_url.as_ref().map(|url| PublicOrigin::new(&url.origin())),
        hsts: config.hsts,
    };
    let router = router(site, guard, config.limits.push_bytes);
    let tls = config.tls.clone().map(|files| tls::acceptor(files, stop.clone())).transpose()?;
    let gate = gate.map(|(listener, gatekeeper)| {
        background.spawn(follow_access_log(Arc::clone(&gatekeeper), stop.clone()));
        let (gate_stop, end) = (stop.clone(), stop.clone());
        tokio::spawn(async move {
            let ended = listener.serve(gatekeeper, gate_stop).await;
            // Started again, it answers again; meanwhile requests pass.
            end.cancel();
            ended
        })
    });
    ready(address, link);
    listener::serve(listener, tls, router, proxies, room, stop.clone()).await?;
    // What runs has 2 s to end; it is not cut off.
    let _ = executor.await;
    let _ = notifier.await;
    // The monitor has its own bounds for the last writes.
    let ended = monitor.await.and_then(|ended| ended);
    let gate_ended = match gate {
        Some(gate) => gate.await.unwrap_or_else(|error| Err(io::Error::other(error))),
        None => Ok(()),
    };
    // Requests under way may have changed it since its loop ended.
    publisher.finish().await;
    background.close();
    let _ = tokio::time::timeout(Duration::from_millis(200), background.wait()).await;
    store.leave().await;
    ended.map_err(|error| {
        tracing::error!(%error, "the monitor failed unexpectedly");
        StartError::Monitor
    })?;
    gate_ended.map_err(StartError::GateFailed)
}

/// As many places as the limit of open files leaves, and a warning where those are fewer than were
/// wanted.
fn room(config: &Config) -> Room {
    let files = getrlimit(Resource::Nofile).current;
    let wanted = config.limits.streams;
    let room = Room::within(files, wanted, config.collectors.http.endpoints.len());
    if room.streams < wanted {
        tracing::info!(
            streams = room.streams,
            wanted,
            files,
            "the limit of open files allows fewer streams than limits.streams; raise it with LimitNOFILE= in the unit, or with 'ulimit -n'"
        );
    }
    room
}

/// Disks that could be written in the run before: no other has this signal.
fn written_disks(engine: &Engine, now: Now) -> BTreeSet<Subject> {
    let ids = 0..u32::try_from(engine.len()).unwrap_or(u32::MAX);
    ids.filter_map(|id| engine.reading(SeriesId(id), now))
        .filter(|reading| reading.signal.as_str() == "disk.read_only")
        .map(|reading| reading.subject)
        .collect()
}

/// The means of sending notifications.
fn outbound(config: &Config, is_generated: bool) -> Result<Outbound, StartError> {
    let failed = |error: String| StartError::Notifications(error);
    let poster = Poster::new(None, &config.allowed_internal_hosts)
        .map_err(|error| failed(error.to_string()))?;
    let mailer = config
        .mail
        .as_ref()
        .map(Mailer::new)
        .transpose()
        .map_err(|error| failed(error.to_string()))?;
    let public_url = config.public_url.as_ref().map(|url| url.page(""));
    Ok(Outbound { public_url, is_generated, poster, mailer })
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| {
        let advice = match source.kind() {
            io::ErrorKind::AddrInUse => "Another program is using this port. Stop it, or choose another port with --listen 127.0.0.1:PORT",
            io::ErrorKind::PermissionDenied => {
                "Ports under 1024 need administrator rights. Choose a higher one with --listen 127.0.0.1:PORT"
            }
            _ => "Choose another address with --listen 127.0.0.1:PORT",
        };
        StartError::Listen { address, advice, source }
    })
}
