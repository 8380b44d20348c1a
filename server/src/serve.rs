//! Starts everything in its order, runs it, and ends it in good order.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use leptos::prelude::LeptosOptions;
use rules::{
    evaluate::Engine,
    journal::{BlindReason, Event},
    time::Span,
};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    board::Board,
    clock::Clock,
    collect::{
        Collector,
        host::HostCollector,
        http::HttpCollector,
        pm2::Pm2Collector,
    },
    config::{Config, Machine, Reloadable},
    desk::Desk,
    documents::{BadDocuments, Documents},
    live::Live,
    monitor::{
        Kept, Monitor, Parts,
        intake::Intake,
        recording::Recording,
        runner::{self, Told},
    },
    store::{self, StoreError},
    web::{self, Site, guard::Hosts, serving},
};

/// A stop shorter than this leaves nothing unseen: the next round of the collectors comes as it would have.
const SHORT_STOP: Span = Span::from_secs(10);
/// How often the configuration file is looked at.
const CONFIG_EVERY: Duration = Duration::from_secs(2);
/// Connections beside those of the live stream.
const MORE_CONNECTIONS: usize = 512;

/// Why Calm Ops does not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The documents hold mistakes.
    #[error(transparent)]
    Documents(#[from] BadDocuments),
    /// The database can't be opened.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The address can't be listened on.
    #[error("{address} can't be listened on: {source}. {advice}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What to do.
        advice: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The data directory can't be written.
    #[error("the data directory {} can't be written: {source}. Give this program a folder of its own with --data-dir", path.display())]
    DataDir {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something else failed while it ran.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Runs the server until it is told to stop. `ready` is called with the address once requests are answered.
pub async fn run(config: Config, stop: CancellationToken, ready: impl FnOnce(SocketAddr)) -> Result<(), StartError> {
    let clock = Clock::start();
    let data_dir = config.data_dir.clone();
    std::fs::create_dir_all(&data_dir).map_err(|source| StartError::DataDir { path: data_dir.clone(), source })?;
    let listener = listen(config.listen).await?;
    let address = listener.local_addr()?;
    let now = clock.now();
    let (documents, document_events) = Documents::load(config.ops_dir.as_deref(), &data_dir.join("in-force"), now.wall)?;
    let place = config.place();
    let store = store::open_to_serve(&place).await?;
    let opening = store.opening().await?;

    let mut own = vec![Event::Started { version: env!("CARGO_PKG_VERSION").to_owned() }];
    if let Some(from) = opening.alive_at
        && now.wall.since(from) > SHORT_STOP
    {
        own.push(Event::Blind { from, to: now.wall, why: BlindReason::NotRunning });
    }
    own.extend(document_events);

    let thresholds = Arc::clone(documents.thresholds());
    let kept: Option<Kept> = opening.monitor.as_deref().and_then(|bytes| {
        serde_json::from_slice(bytes)
            .inspect_err(|error| tracing::error!(%error, "the saved state of the rules can't be read; it begins anew"))
            .ok()
    });
    let engine = match &kept {
        Some(kept) => Engine::restore(thresholds, config.limits.series, &kept.engine, now),
        None => Engine::new(thresholds, config.limits.series),
    };
    let intake = Intake::new(engine, Recording::default(), clock);
    let board = Arc::new(Board::new(Arc::clone(&intake)));
    let live = Live::new(opening.cursor, config.limits.streams);
    let desk = Desk::new(Arc::clone(&store), Arc::clone(&board), Arc::clone(&live), clock);
    let host = config.host_name.clone().unwrap_or_else(crate::collect::host::host_name);

    let background = TaskTracker::new();
    let (tell, told) = mpsc::channel(64);
    let collectors =
        Collectors { host: host.clone(), intake: Arc::clone(&intake), clock, tell, stop: stop.clone(), tasks: background.clone() };
    collectors.start(Box::new(HostCollector::new(&host, config.interval)), stop.child_token());
    if config.pm2.enabled {
        let home = config.pm2.home.clone().or_else(|| Pm2Collector::home(std::env::var_os("PM2_HOME"), std::env::var_os("HOME")));
        if let Some(home) = home {
            collectors.start(Box::new(Pm2Collector::new(&host, &home, config.interval)), stop.child_token());
        }
    }
    background.spawn(watch_endpoints(collectors, config.clone()));

    let parts = Parts {
        intake: Arc::clone(&intake),
        desk: Arc::clone(&desk),
        board: Arc::clone(&board),
        live: Arc::clone(&live),
        documents,
        clock,
        host,
        series_limit: config.limits.series,
    };
    let mut monitor = Monitor::new(parts, Arc::clone(&store), told, own);
    monitor.look();
    let monitor = tokio::spawn(monitor.run(stop.clone()));
    let pump = Arc::clone(&live);
    let pump_stop = stop.clone();
    background.spawn(async move { pump.pump(pump_stop).await });

    let leptos = LeptosOptions::builder().output_name("calm-ops").site_addr(address).build();
    let site = Site { desk, store: Arc::clone(&store), board, live, intake, clock, stop: stop.clone(), leptos };
    let router = web::router(site, Hosts::new(&config.allowed_hosts), config.limits.push_bytes);
    ready(address);
    serving::serve(listener, router, config.limits.streams + MORE_CONNECTIONS, stop.clone()).await?;
    // The monitor has its own bounds for the last writes.
    if let Err(error) = monitor.await {
        tracing::error!(%error, "the monitor failed inside");
    }
    background.close();
    let _ = tokio::time::timeout(Duration::from_millis(200), background.wait()).await;
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| {
        let advice = match source.kind() {
            io::ErrorKind::AddrInUse => "Another program uses this port; stop it, or choose another one with --listen 127.0.0.1:PORT",
            io::ErrorKind::PermissionDenied => {
                "Ports under 1024 are for the administrator; choose a higher one with --listen 127.0.0.1:PORT"
            }
            _ => "Choose another address with --listen 127.0.0.1:PORT",
        };
        StartError::Listen { address, advice, source }
    })
}

/// Starts collectors, each in a task of its own.
struct Collectors {
    host: String,
    intake: Arc<Intake>,
    clock: Clock,
    tell: mpsc::Sender<Told>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Collectors {
    fn start(&self, collector: Box<dyn Collector>, stop: CancellationToken) {
        self.tasks.spawn(runner::run(collector, self.host.clone(), Arc::clone(&self.intake), self.clock, self.tell.clone(), stop));
    }
}

/// Probes the endpoints of the configuration, and puts a changed file in force without a restart.
async fn watch_endpoints(collectors: Collectors, config: Config) {
    let mut in_force = Reloadable::default();
    let mut running: Vec<(String, CancellationToken)> = Vec::new();
    let mut wanted = Some(config.reloadable.clone());
    let mut told = String::new();
    loop {
        if let Some(wanted) = wanted.take()
            && wanted != in_force
        {
            let gone = in_force.endpoints.iter().filter(|old| !wanted.endpoints.iter().any(|new| new.name == old.name));
            let gone = gone.map(|old| rules::words::Subject::build("endpoint", &old.name, None)).collect::<Vec<_>>();
            // What stayed as it was keeps running.
            running.retain(|(name, stop)| {
                let before = in_force.endpoints.iter().find(|endpoint| endpoint.name == *name);
                let same = before.is_some() && before == wanted.endpoints.iter().find(|endpoint| endpoint.name == *name);
                if !same {
                    stop.cancel();
                }
                same
            });
            for endpoint in &wanted.endpoints {
                if running.iter().any(|(name, _)| *name == endpoint.name) {
                    continue;
                }
                match HttpCollector::new(endpoint.clone()) {
                    Ok(collector) => {
                        let stop = collectors.stop.child_token();
                        collectors.start(Box::new(collector), stop.clone());
                        running.push((endpoint.name.clone(), stop));
                    }
                    Err(error) => {
                        let told = Told::Failing { name: format!("endpoint {}", endpoint.name), problem: Some(error.to_string()) };
                        let _ = collectors.tell.send(told).await;
                    }
                }
            }
            if !gone.is_empty() {
                let _ = collectors.tell.send(Told::Gone(gone)).await;
            }
            in_force = wanted;
        }
        tokio::select! {
            () = collectors.stop.cancelled() => return,
            () = tokio::time::sleep(CONFIG_EVERY) => {}
        }
        let problem = match config.reload(&Machine) {
            None => return collectors.stop.cancelled().await,
            Some(Ok(reloadable)) => {
                wanted = Some(reloadable);
                String::new()
            }
            Some(Err(error)) => format!("The last good version stays in force.\n{error}"),
        };
        if problem != told {
            let sentence = (!problem.is_empty()).then(|| problem.clone());
            if let Some(problem) = &sentence {
                tracing::warn!(problem, "the configuration file was changed and has a mistake");
            }
            let _ = collectors.tell.send(Told::Failing { name: "configuration".to_owned(), problem: sentence }).await;
            told = problem;
        }
    }
}
