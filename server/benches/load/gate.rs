//! The gate: requests through nginx beside those with a trivial upstream, the time of a decision,
//! the exactness of a limit, and the memory for many organizations.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    ops::Range,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    Documents, Outcome, Server, expect,
    http::Connection,
    process::Usage,
    proxy::{Nginx, Ports, TOKEN, free_port},
    simulate::median,
};

/// Connections through the proxy, and directly to the gate.
const CONNECTIONS: usize = 16;
/// The time of each measurement, and how many of each kind there are.
const TIME: Duration = Duration::from_secs(3);
const ROUNDS: usize = 5;
/// A limit that is asked as fast as it answers, by so many threads, for so long.
const RATE: u32 = 500;
const BURST: u32 = 20;
const THREADS: usize = 4;
const LIMITED_FOR: Duration = Duration::from_secs(10);
/// Organizations whose memory is measured.
const ORGANIZATIONS: usize = 100_000;

const LIMITS: &str = include_str!("../../../ops/protection/limits.md");

/// Sends requests for a time, each connection as fast as it is answered; requests a second.
async fn flood(port: u16) -> Result<f64, Box<dyn std::error::Error>> {
    let mut connections = JoinSet::new();
    let end = Instant::now() + TIME;
    for index in 0..CONNECTIONS {
        connections.spawn(async move {
            let host = format!("org-{index}.shop.example");
            let failed = |error: Box<dyn std::error::Error>| error.to_string();
            let mut connection =
                Connection::open(&format!("127.0.0.1:{port}"), "").await.map_err(failed)?;
            let mut count = 0_u32;
            while Instant::now() < end {
                let answer = connection.get("/orders", &[("X-Forwarded-Host", &host)]).await;
                let status = answer.map_err(failed)?.status;
                if status != 200 {
                    return Err(format!("the proxy answered {status}"));
                }
                count += 1;
            }
            Ok(count)
        });
    }
    let mut all = 0;
    while let Some(count) = connections.join_next().await {
        all += count??;
    }
    Ok(f64::from(all) / TIME.as_secs_f64())
}

/// A connection to the gate, from a thread: timers of the runtime are due to a millisecond and
/// would be most of what is measured.
pub struct Asker(TcpStream);

impl Asker {
    pub fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Asks about a request; the status of the answer.
    pub fn ask(&mut self, method: &str, uri: &str, organization: &str) -> io::Result<u16> {
        let request = format!(
            "GET /api/gate/check HTTP/1.1\r\nHost: gate\r\nX-Gate-Token: {TOKEN}\r\n\
             X-Forwarded-Method: {method}\r\nX-Forwarded-Uri: {uri}\r\nX-Organization: {organization}\r\n\r\n"
        );
        self.0.write_all(request.as_bytes())?;
        let (mut answer, mut length) = ([0; 8_192], 0);
        loop {
            let more = self.0.read(&mut answer[length..])?;
            if more == 0 {
                return Err(io::Error::other("the gate ended an answer early"));
            }
            length += more;
            if let Some(status) = whole(&answer[..length]) {
                return Ok(status);
            }
        }
    }
}

/// The status of an answer that is there to its end.
fn whole(answer: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    (body.len() >= length.unwrap_or(0)).then(|| head.get(9..12)?.parse().ok())?
}

/// Runs something on several threads at the same time.
fn on_threads<T: Send>(
    count: usize,
    run: impl Fn(usize) -> io::Result<T> + Sync,
) -> io::Result<Vec<T>> {
    thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = (0..count).map(|index| scope.spawn(move || run(index))).collect();
        let joined = threads.into_iter().map(|one| one.join());
        joined.map(|one| one.unwrap_or_else(|_| Err(io::Error::other("a thread failed")))).collect()
    })
}

/// Asks the gate itself at a rate, each question at its time whatever became of the one before;
/// latencies from when a question was meant to be sent.
fn ask(port: u16, rate: f64) -> io::Result<Vec<Duration>> {
    let every = Duration::from_secs_f64(CONNECTIONS as f64 / rate);
    let began = Instant::now() + Duration::from_millis(100);
    let all = on_threads(CONNECTIONS, |index| {
        let (mut asker, name) = (Asker::open(port)?, format!("org-{index}"));
        let mut latencies = Vec::new();
        let mut due = began + every.mul_f64(index as f64 / CONNECTIONS as f64);
        while due < began + TIME {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let status = asker.ask("GET", "/orders", &name)?;
            if status != 204 {
                return Err(io::Error::other(format!("the gate answered {status}")));
            }
            latencies.push(due.elapsed());
            due += every;
        }
        Ok(latencies)
    })?;
    let mut all = all.concat();
    all.sort_unstable();
    Ok(all)
}

/// A server with a gate at this port.
async fn server(
    port: u16,
    dir: &tempfile::TempDir,
    limits: Option<&str>,
) -> Result<Server, Box<dyn std::error::Error>> {
    let token = dir.path().join("token");
    fs::write(&token, TOKEN)?;
    let configuration =
        format!("[gate]\nlisten = \"127.0.0.1:{port}\"\ntoken_file = \"{}\"\n", token.display());
    let documents = Documents { configuration: &configuration, limits, ..Documents::default() };
    Server::start_with(documents).await
}

pub async fn measure() -> Outcome {
    if Nginx::is_installed("gate through nginx") {
        through_nginx().await?;
    }
    exactness().await?;
    memory().await
}

async fn through_nginx() -> Outcome {
    let dir = tempfile::tempdir()?;
    let ports = Ports::free()?;
    let server = server(ports.gate, &dir, None).await?;
    // The same proxy twice: once it asks the gate, once a server that answers 204 to everything.
    let trivial = Ports { listen: free_port()?, gate: free_port()?, ..ports };
    let recipe = |ports: Ports, name: &str| {
        ports
            .recipe()
            .replace(".shop.example;", ".shop.example \"\";")
            .replace("calm_ops_gate", name)
            .replace("map $host $organization", &format!("map $http_x_forwarded_host ${name}"))
            .replace("$organization", &format!("${name}"))
    };
    let servers = format!(
        "{}\n{}\nserver {{ listen 127.0.0.1:{}; location / {{ return 200 ok; }} }}\nserver {{ listen 127.0.0.1:{}; location / {{ return 204; }} }}\n",
        recipe(ports, "gate"),
        recipe(trivial, "trivial"),
        ports.application,
        trivial.gate,
    );
    let nginx = Nginx::start(&servers, ports.listen).await?;
    let mut probe = Connection::open(&format!("127.0.0.1:{}", ports.listen), "").await?;
    expect(probe.get("/orders", &[]).await?.status, 200)?;
    let (mut gated, mut plain) = (Vec::new(), Vec::new());
    // In turn, so that whatever else this machine does falls on both.
    for _ in 0..ROUNDS {
        plain.push(flood(trivial.listen).await?);
        gated.push(flood(ports.listen).await?);
    }
    let (gated, plain) = (median(&gated), median(&plain));
    println!(
        "gate through nginx: {gated:.0} requests a second, with a trivial upstream {plain:.0}: {:.2} of it",
        gated / plain
    );
    let (mut at_99, mut at_50) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let latencies = ask(ports.gate, gated / 2.0)?;
        at_99.push(latencies[latencies.len() * 99 / 100].as_secs_f64() * 1e3);
        at_50.push(latencies[latencies.len() / 2].as_secs_f64() * 1e3);
    }
    println!(
        "a decision of the gate at half that rate: {:.2} ms for half, {:.2} ms for 99 % (each: {at_99:.2?})",
        median(&at_50),
        median(&at_99)
    );
    nginx.stop().await?;
    server.stop().await
}

/// Several threads ask for one organization as fast as they are answered: what passes is the limit.
async fn exactness() -> Outcome {
    let dir = tempfile::tempdir()?;
    let port = free_port()?;
    let limits = LIMITS.replace(
        "| `default` | `uploads` | 5/s | 20 | 10 | observe |",
        &format!("| `default` | `uploads` | {RATE}/s | {BURST} | - | on |"),
    );
    let server = server(port, &dir, Some(&limits)).await?;
    let began = Instant::now();
    let counts = on_threads(THREADS, |_| {
        let mut asker = Asker::open(port)?;
        let (mut passed, mut refused) = (0_u32, 0_u32);
        while began.elapsed() < LIMITED_FOR {
            match asker.ask("POST", "/uploads", "acme")? {
                204 => passed += 1,
                429 => refused += 1,
                status => return Err(io::Error::other(format!("the gate answered {status}"))),
            }
        }
        Ok((passed, refused))
    })?;
    let seconds = began.elapsed().as_secs_f64();
    let passed: u32 = counts.iter().map(|(passed, _)| passed).sum();
    let refused: u32 = counts.iter().map(|(_, refused)| refused).sum();
    let expected = f64::from(BURST) + f64::from(RATE) * seconds;
    println!(
        "a limit of {RATE}/s for {seconds:.1} s, asked by {THREADS} threads: {passed} passed and {refused} were refused, {:+.2} % beside the {expected:.0} of the limit",
        (f64::from(passed) / expected - 1.0) * 100.0
    );
    server.stop().await
}

/// One request each, within the minute in which they all count as under way.
async fn memory() -> Outcome {
    let dir = tempfile::tempdir()?;
    let port = free_port()?;
    let server = server(port, &dir, None).await?;
    let name = |index: usize| format!("organization-{index}");
    let ask_all = |range: Range<usize>| {
        let share = range.len() / THREADS;
        on_threads(THREADS, |thread| {
            let mut asker = Asker::open(port)?;
            let from = range.start + thread * share;
            (from..from + share)
                .try_for_each(|index| asker.ask("POST", "/orders", &name(index)).map(drop))
        })
    };
    // Whatever the first requests need is there already.
    ask_all(0..THREADS)?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = Usage::of(server.pid)?.resident;
    let began = Instant::now();
    ask_all(0..ORGANIZATIONS)?;
    let asked_for = began.elapsed();
    // The next windows are taken with all of them.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let after = Usage::of(server.pid)?.resident;
    let mut connection = Connection::open(&server.address, &server.cookie).await?;
    let health: Value =
        serde_json::from_slice(&connection.get("/api/ops/health", &[]).await?.body)?;
    let readings = health["now"]["readings"].as_array().ok_or("no readings")?;
    let known = readings.iter().find(|one| one["signal"] == "gate.organizations");
    let known = known.and_then(|one| one["value"].as_f64()).ok_or("no count of organizations")?;
    let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
    println!(
        "{known:.0} organizations at the gate (asked within {:.0} s): {:.1} MiB more, {:.1} MiB resident in all",
        asked_for.as_secs_f64(),
        mib(after.saturating_sub(before)),
        mib(after)
    );
    server.stop().await
}
