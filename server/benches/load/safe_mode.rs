//! Safe mode: how soon it is in force at the gate, and whether a write passes through nginx, whatever
//! becomes of Calm Ops. It is killed while safe mode begins, while it is in force, and while its
//! stages change; after each start it has to be as a person left it.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{sync::RwLock, task::JoinHandle};

use crate::{
    Documents, Outcome, Server, expect,
    gate::Asker,
    http::Connection,
    proxy::{Nginx, Ports, TOKEN},
    simulate::median,
};

const ROUNDS: usize = 5;
/// Writes that are sent while none may pass.
const WRITES: u64 = 100_000;
const WRITERS: usize = 8;
/// A kill comes up to this long after what it meets was asked for, in milliseconds.
const LATEST: u64 = 40;
const BEGIN: (&str, &str) = ("/api/ops/safe-mode", r#"{"reason":"Writes fail"}"#);
const INTERACTIVE: (&str, &str) = ("/api/ops/safe-mode/stage", r#"{"stage":"interactive"}"#);
const READ_ONLY: (&str, &str) = ("/api/ops/safe-mode/stage", r#"{"stage":"read_only"}"#);
const END: (&str, &str) = ("/api/ops/safe-mode/end", "{}");

/// The writes that may not pass now.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Closed {
    /// All may pass.
    Nothing,
    All,
    /// Those of the kind batch: interactive ones pass in the second stage.
    Batch,
}

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    passed: AtomicU64,
    /// Answers that are neither of the application nor the page of safe mode.
    odd: AtomicU64,
}

/// Sends writes through the proxy as fast as they are answered, while some may not pass.
struct Writers {
    closed: Arc<RwLock<Closed>>,
    counts: Arc<Counts>,
    tasks: Vec<JoinHandle<()>>,
}

impl Writers {
    fn start(port: u16) -> Self {
        let closed = Arc::new(RwLock::new(Closed::Nothing));
        let counts = Arc::<Counts>::default();
        let write = |_| tokio::spawn(write(port, Arc::clone(&closed), Arc::clone(&counts)));
        let tasks = (0..WRITERS).map(write).collect();
        Self { closed, counts, tasks }
    }

    /// Returns when no write is under way that was sent before.
    async fn close(&self, closed: Closed) {
        *self.closed.write().await = closed;
    }

    fn sent(&self) -> u64 {
        self.counts.sent.load(Relaxed)
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn write(port: u16, closed: Arc<RwLock<Closed>>, counts: Arc<Counts>) {
    let mut connection = None;
    for path in ["/orders", "/uploads", "/orders/1"].into_iter().cycle() {
        let closed = closed.read().await;
        let path = match *closed {
            Closed::Nothing => {
                drop(closed);
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            }
            Closed::All => path,
            Closed::Batch => "/uploads",
        };
        let open = match connection.take() {
            Some(open) => Some(open),
            None => Connection::open(&format!("127.0.0.1:{port}"), "").await.ok(),
        };
        let Some(open) = open else { continue };
        let mut open = open.with_host("acme.shop.example");
        let Some(answer) = open.post(path, b"{}").await.ok() else { continue };
        counts.sent.fetch_add(1, Relaxed);
        match answer.status {
            200 => drop(counts.passed.fetch_add(1, Relaxed)),
            503 => {}
            _ => drop(counts.odd.fetch_add(1, Relaxed)),
        }
        connection = Some(open);
    }
}

/// A host with a gate and the flag file that nginx tests.
struct Host {
    server: Server,
    flag: PathBuf,
    ports: Ports,
    random: u64,
    kills: usize,
    /// Starts after which safe mode or the flag file were not as a person left them.
    wrong: Vec<String>,
}

impl Host {
    async fn change(&self, (path, body): (&str, &str)) -> Outcome {
        let mut connection = Connection::open(&self.server.address, &self.server.cookie).await?;
        expect(connection.post(path, body.as_bytes()).await?.status, 200)
    }

    /// A number below a limit (xorshift64*), so that a series can be repeated.
    fn below(&mut self, limit: u64) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }

    /// Asks for a change, and kills the program soon after; true if it was confirmed. Does not
    /// start it again.
    async fn change_and_kill(
        &mut self,
        (path, body): (&'static str, &'static str),
    ) -> Result<bool, Box<dyn std::error::Error>> {
        let (address, cookie) = (self.server.address.clone(), self.server.cookie.clone());
        let asked = tokio::spawn(async move {
            let Ok(mut connection) = Connection::open(&address, &cookie).await else {
                return false;
            };
            connection.post(path, body.as_bytes()).await.is_ok_and(|answer| answer.status == 200)
        });
        let wait = self.below(LATEST * 10);
        tokio::time::sleep(Duration::from_micros(wait * 100)).await;
        self.kill().await?;
        Ok(asked.await?)
    }

    async fn kill(&mut self) -> Outcome {
        self.kills += 1;
        self.server.kill().await
    }

    /// Starts it again; whether safe mode is in force, and the stage. The flag file says the same.
    async fn restart(&mut self) -> Result<Option<String>, Box<dyn std::error::Error>> {
        let began = Instant::now();
        // The gate's port may not be free yet.
        while let Err(error) = self.server.restart().await {
            if began.elapsed() > Duration::from_secs(10) {
                return Err(error);
            }
        }
        let mut connection = Connection::open(&self.server.address, &self.server.cookie).await?;
        let mode: Value =
            serde_json::from_slice(&connection.get("/api/ops/mode", &[]).await?.body)?;
        let stage = mode["stage"].as_str().map(str::to_owned);
        if (mode["mode"] == "safe") != stage.is_some() || self.flag.exists() != stage.is_some() {
            self.wrong.push(format!(
                "after kill {}: {mode}, flag {}",
                self.kills,
                self.flag.exists()
            ));
        }
        Ok(stage)
    }

    /// Starts it again while safe mode has to be in force; its stage.
    async fn restart_in_safe_mode(&mut self) -> Result<String, Box<dyn std::error::Error>> {
        if let Some(stage) = self.restart().await? {
            return Ok(stage);
        }
        self.wrong.push(format!("kill {} ended it", self.kills));
        self.change(BEGIN).await?;
        Ok("read_only".to_owned())
    }

    /// Kills at every stage: while it begins, in force, while the stage changes forth and back, and
    /// in the stage between. Then a person ends it, which is killed as well.
    async fn cycle(&mut self, writers: &Writers, kills: usize) -> Outcome {
        let confirmed = self.change_and_kill(BEGIN).await?;
        if confirmed {
            writers.close(Closed::All).await;
        }
        match self.restart().await? {
            None if confirmed => self.wrong.push(format!("kill {} ended it", self.kills)),
            None => self.change(BEGIN).await?,
            Some(_) => {}
        }
        writers.close(Closed::All).await;
        for changes in [None, Some(INTERACTIVE), None, Some(READ_ONLY)] {
            if self.kills >= kills {
                break;
            }
            if changes.is_some() {
                writers.close(Closed::Batch).await;
            }
            match changes {
                Some(change) => drop(self.change_and_kill(change).await?),
                None => {
                    let wait = self.below(200);
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    self.kill().await?;
                }
            }
            let stage = self.restart_in_safe_mode().await?;
            if changes == Some(READ_ONLY) {
                if stage != "read_only" {
                    self.change(READ_ONLY).await?;
                }
                writers.close(Closed::All).await;
            }
        }
        writers.close(Closed::Nothing).await;
        if self.kills >= kills {
            return Ok(());
        }
        let confirmed = self.change_and_kill(END).await?;
        match self.restart().await? {
            Some(_) if confirmed => {
                self.wrong.push(format!("after kill {} it is back", self.kills));
                self.change(END).await
            }
            Some(_) => self.change(END).await,
            None => Ok(()),
        }
    }
}

/// The time from the request of a person to the first write that the gate refuses, in milliseconds.
async fn until_in_force(host: &Host) -> Result<f64, Box<dyn std::error::Error>> {
    let port = host.ports.gate;
    let mut asker = Asker::open(port)?;
    expect(asker.ask("POST", "/orders", "acme")?, 204)?;
    let began = Instant::now();
    let refused = thread::spawn(move || {
        while began.elapsed() < Duration::from_secs(10) {
            if asker.ask("POST", "/orders", "acme").is_ok_and(|status| status == 503) {
                return Some(began.elapsed());
            }
        }
        None
    });
    host.change(BEGIN).await?;
    let refused = tokio::task::spawn_blocking(move || refused.join()).await?;
    let after = refused.ok().flatten().ok_or("no write was refused within 10 s")?;
    host.change(END).await?;
    Ok(after.as_secs_f64() * 1e3)
}

pub async fn measure(kills: usize) -> Outcome {
    if !Nginx::is_installed("safe mode") {
        return Ok(());
    }
    let dir = tempfile::tempdir()?;
    let (ports, flag) = (Ports::free()?, dir.path().join("gate/safe-mode"));
    let token = dir.path().join("token");
    fs::write(&token, TOKEN)?;
    let configuration = format!(
        "[gate]\nlisten = \"127.0.0.1:{}\"\ntoken_file = \"{}\"\nsafe_mode_flag = \"{}\"\n",
        ports.gate,
        token.display(),
        flag.display()
    );
    let documents = Documents { configuration: &configuration, ..Documents::default() };
    let server = Server::start_with(documents).await?;
    let servers = format!(
        "{}\nserver {{ listen 127.0.0.1:{}; location / {{ return 200 ok; }} }}\n",
        ports.recipe().replace("/var/lib/calm-ops-gate/safe-mode", &flag.display().to_string()),
        ports.application,
    );
    let nginx = Nginx::start(&servers, ports.listen).await?;
    let mut host = Host {
        server,
        flag,
        ports,
        random: u64::from(std::process::id()) | 1,
        kills: 0,
        wrong: Vec::new(),
    };
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(until_in_force(&host).await?);
    }
    println!(
        "safe mode: in force at the gate {:.1} ms after the request of a person (median of {ROUNDS}, longest {:.1} ms)",
        median(&times),
        times.iter().copied().fold(0.0, f64::max)
    );
    never(&mut host, kills).await?;
    nginx.stop().await?;
    host.server.stop().await
}

/// Writes during all kills, and then until there are enough of them.
async fn never(host: &mut Host, kills: usize) -> Outcome {
    let (seed, began) = (host.random, Instant::now());
    let writers = Writers::start(host.ports.listen);
    while host.kills < kills {
        host.cycle(&writers, kills).await?;
    }
    let during = writers.sent();
    // It may be in force since the last cycle.
    let mut connection = Connection::open(&host.server.address, &host.server.cookie).await?;
    let _ = connection.post(BEGIN.0, BEGIN.1.as_bytes()).await?;
    let _ = connection.post(READ_ONLY.0, READ_ONLY.1.as_bytes()).await?;
    writers.close(Closed::All).await;
    while writers.sent() < WRITES {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    writers.close(Closed::Nothing).await;
    let count = |count: &AtomicU64| count.load(Relaxed);
    println!(
        "safe mode, {} kills at random moments of every stage (seed {seed}, {:.0} s): of {} writes through nginx, {during} of them during the kills, {} passed and {} had another answer; {} starts without what a person had left",
        host.kills,
        began.elapsed().as_secs_f64(),
        writers.sent(),
        count(&writers.counts.passed),
        count(&writers.counts.odd),
        host.wrong.len()
    );
    host.wrong.iter().for_each(|sentence| println!("  {sentence}"));
    Ok(())
}
