//! Measures the real program from outside: `cargo bench -p server --bench load`. Prints one line
//! for each figure that README states. `-- gate` measures one part; a number after it is how often
//! something is tried, where a part tries something: `-- retry-storm 20`.
//!
//! The program is started on a free port with a data directory of its own. Readers of the live
//! stream run in processes of their own (this same program, called with `readers`), as one process
//! may not open as many files.

use std::{
    fs,
    path::Path,
    process::Stdio,
    time::{Duration, Instant, SystemTime},
};

use http::Connection;
use process::Usage;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
};

mod application;
mod approvals;
mod charts;
mod draft;
mod gate;
mod history;
mod http;
mod learn;
mod pages;
#[path = "../../tests/it/postgres_server.rs"]
#[expect(clippy::unwrap_used, reason = "the server of the tests")]
mod postgres_server;
mod process;
mod proxy;
mod safe_mode;
mod similar;
mod simulate;
mod spike;
mod storm;

/// Thresholds that fire at once, so that the time measured is the program's own.
const THRESHOLDS: &str = include_str!("thresholds.md");

/// Number of readers of the live stream in all, and in each process.
const READERS: usize = 10_000;
const READERS_EACH: usize = 2_500;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, address, cookie, count] = &arguments[..]
        && command == "readers"
    {
        return readers(address, cookie, count.parse()?).await;
    }
    let tries = arguments.iter().find_map(|argument| argument.parse::<usize>().ok());
    let is_name =
        |argument: &&String| !argument.starts_with('-') && argument.parse::<usize>().is_err();
    let only = arguments.iter().find(is_name).cloned();
    let wanted = |name: &str| only.as_deref().is_none_or(|only| name.contains(only));
    println!(
        "{} cores; {}",
        std::thread::available_parallelism()?,
        fs::read_to_string("/proc/version")?.trim()
    );
    if wanted("start") {
        start().await?;
    }
    if wanted("idle") {
        idle().await?;
    }
    if wanted("push") {
        push().await?;
    }
    if wanted("latency") {
        latency().await?;
    }
    if wanted("approvals") {
        approvals::measure().await?;
    }
    if wanted("gate") {
        gate::measure().await?;
    }
    if wanted("spike") {
        spike::measure().await?;
    }
    if wanted("retry-storm") {
        storm::measure(tries.unwrap_or(5)).await?;
    }
    if wanted("safe-mode") {
        safe_mode::measure(tries.unwrap_or(50)).await?;
    }
    if wanted("draft") {
        draft::measure().await?;
    }
    if wanted("entry") {
        pages::entry().await?;
    }
    if wanted("readings") {
        pages::readings().await?;
    }
    if wanted("history") {
        history::measure().await?;
    }
    if wanted("similar") {
        similar::measure().await?;
    }
    if wanted("charts") {
        charts::measure().await?;
    }
    if wanted("learn") {
        learn::measure().await?;
    }
    if wanted("streams") {
        streams().await?;
    }
    Ok(())
}

type Failure = Box<dyn std::error::Error>;
type Outcome = Result<(), Failure>;

/// The program, running.
struct Server {
    child: Child,
    address: String,
    cookie: String,
    pid: u32,
    dir: tempfile::TempDir,
}

/// The documents, with all that is not as usual.
#[derive(Clone, Copy, Default)]
struct Documents<'a> {
    /// Beside the thresholds.
    behaviour: &'a str,
    /// The catalogue of commands.
    commands: Option<&'a str>,
    limits: Option<&'a str>,
    configuration: &'a str,
}

impl Server {
    /// A path in its folder: `data`, `ops` or `calm-ops.toml`.
    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    async fn start() -> Result<Self, Box<dyn std::error::Error>> {
        Self::start_with(Documents::default()).await
    }

    async fn start_with(documents: Documents<'_>) -> Result<Self, Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        let ops = dir.path().join("ops");
        let program = env!("CARGO_BIN_EXE_calm-ops");
        let init =
            Command::new(program).arg("init").arg(&ops).stdout(Stdio::null()).status().await?;
        if !init.success() {
            return Err("calm-ops init failed".into());
        }
        fs::write(
            ops.join("alerts/thresholds.md"),
            format!("{THRESHOLDS}{}", documents.behaviour),
        )?;
        if let Some(commands) = documents.commands {
            fs::write(ops.join("runbooks/recovery.commands.md"), commands)?;
        }
        if let Some(limits) = documents.limits {
            fs::write(ops.join("protection/limits.md"), limits)?;
        }
        fs::write(dir.path().join("calm-ops.toml"), documents.configuration)?;
        Self::start_in(dir, None).await
    }

    /// Starts it on the data in a folder or a database, with the built-in documents.
    async fn start_on(dir: tempfile::TempDir, url: Option<&str>) -> Result<Self, Failure> {
        let ops = dir.path().join("ops");
        let program = env!("CARGO_BIN_EXE_calm-ops");
        let init =
            Command::new(program).arg("init").arg(&ops).stdout(Stdio::null()).status().await?;
        expect(u16::from(init.success()), 1)?;
        fs::write(dir.path().join("calm-ops.toml"), "")?;
        Self::start_in(dir, url).await
    }

    async fn start_in(dir: tempfile::TempDir, url: Option<&str>) -> Result<Self, Failure> {
        let (child, address, mut lines) = launch(dir.path(), url).await?;
        let pid = child.id().ok_or("the program ended at once")?;
        // As its owner, by the link in the file that the next line tells of.
        lines.next_line().await?.ok_or("the program ended before it was ready")?;
        let link = fs::read_to_string(dir.path().join("data/owner-link"))?;
        let link = link.trim().rsplit('/').next().ok_or("no link")?.to_owned();
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let body =
            format!(r#"{{"secret":"{link}","name":"Owner","password":"three words in a row"}}"#);
        let joined =
            Connection::open(&address, "").await?.post("/api/people/join", body.as_bytes()).await?;
        let cookie = joined.cookie.ok_or("the owner could not come in")?;
        Ok(Self { child, address, cookie, pid, dir })
    }

    async fn stop(mut self) -> Outcome {
        self.kill().await
    }

    /// `kill -9`.
    async fn kill(&mut self) -> Outcome {
        self.child.start_kill()?;
        self.child.wait().await?;
        Ok(())
    }

    /// Starts it again with what it left; on another port.
    async fn restart(&mut self) -> Outcome {
        let (child, address, mut lines) = launch(self.dir.path(), None).await?;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        self.pid = child.id().ok_or("the program ended at once")?;
        (self.child, self.address) = (child, address);
        Ok(())
    }
}

/// Starts the program on the folders that are there, and waits until it says where it listens.
async fn launch(
    dir: &Path,
    url: Option<&str>,
) -> Result<(Child, String, Lines<BufReader<ChildStdout>>), Failure> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_calm-ops"))
        .envs(url.map(|url| ("DATABASE_URL", url)))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir.join("data"))
        .arg("--ops-dir")
        .arg(dir.join("ops"))
        .arg("--config")
        .arg(dir.join("calm-ops.toml"))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    loop {
        let line = lines.next_line().await?.ok_or("the program ended before it was ready")?;
        if let Some((_, port)) = line.split_once("http://localhost:") {
            let port: String = port.chars().take_while(char::is_ascii_digit).collect();
            return Ok((child, format!("127.0.0.1:{port}"), lines));
        }
    }
}

/// From the start of the process to the first answered page; and what a first visit loads.
async fn start() -> Outcome {
    let mut times = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let server = Server::start().await?;
        let page = Connection::open(&server.address, &server.cookie)
            .await?
            .get("/ops/health", &[])
            .await?;
        if page.status != 200 {
            return Err(format!("the health page answered {}", page.status).into());
        }
        times.push(began.elapsed());
        server.stop().await?;
    }
    times.sort();
    // `calm-ops init` runs before and is in the time, as well as the hash of a password after it.
    println!(
        "start to first answered page: {} ms (median of 5, with the writing of the documents and the coming of its owner)",
        times[2].as_millis()
    );

    let server = Server::start().await?;
    tokio::time::sleep(Duration::from_secs(12)).await;
    let mut connection = Connection::open(&server.address, &server.cookie).await?;
    let brotli = [("accept-encoding", "br")];
    let page = connection.get("/ops/health", &[]).await?;
    let mut total = connection.get("/ops/health", &brotli).await?.body.len();
    let html = String::from_utf8_lossy(&page.body).into_owned();
    let (mut wasm, mut seen) = (0, Vec::new());
    for part in html
        .split(['"', '\''])
        .filter(|part| part.starts_with("/pkg/") || part.starts_with("/icons/"))
    {
        if seen.contains(&part) {
            continue;
        }
        seen.push(part);
        let size = connection.get(part, &brotli).await?.body.len();
        total += size;
        if part.ends_with(".wasm") {
            wasm = size;
        }
    }
    println!(
        "first load of /ops/health with brotli: {:.1} KiB in all, of which Wasm {:.1} KiB",
        total as f64 / 1024.0,
        wasm as f64 / 1024.0
    );
    server.stop().await
}

/// Memory and CPU with 50 signals at the default interval and nobody looking.
async fn idle() -> Outcome {
    let server = Server::start().await?;
    let mut connection = Connection::open(&server.address, &server.cookie).await?;
    let body = batch(50, |index| (format!("service:idle-{index}"), 1.0));
    for _ in 0..3 {
        connection.post("/api/ops/signals", &body).await?;
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    let before = Usage::of(server.pid)?;
    let began = Instant::now();
    for _ in 0..6 {
        connection.post("/api/ops/signals", &body).await?;
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    let after = Usage::of(server.pid)?;
    let share = (after.cpu - before.cpu).as_secs_f64() / began.elapsed().as_secs_f64() * 100.0;
    println!(
        "idle: {:.1} MiB resident, {share:.2} % of a core, {} child processes",
        after.resident as f64 / 1_048_576.0,
        after.children
    );
    server.stop().await
}

/// Observations evaluated for each second of the server's CPU.
async fn push() -> Outcome {
    let server = Server::start().await?;
    let mut connection = Connection::open(&server.address, &server.cookie).await?;
    let body = batch(1_000, |index| (format!("service:push-{index}"), 412.0));
    for _ in 0..20 {
        expect(connection.post("/api/ops/signals", &body).await?.status, 202)?;
    }
    let before = Usage::of(server.pid)?;
    let began = Instant::now();
    let mut count = 0_u64;
    while began.elapsed() < Duration::from_secs(5) {
        expect(connection.post("/api/ops/signals", &body).await?.status, 202)?;
        count += 1_000;
    }
    let cpu = (Usage::of(server.pid)?.cpu - before.cpu).as_secs_f64();
    let wall = began.elapsed().as_secs_f64();
    println!(
        "push, batches of 1,000: {:.0} observations for each second of server CPU ({:.0} a second on one connection)",
        count as f64 / cpu,
        count as f64 / wall
    );
    server.stop().await
}

/// From the push of a breach to its event on the stream, at 1,000 other observations a second.
async fn latency() -> Outcome {
    let server = Server::start().await?;
    let (address, cookie) = (server.address.clone(), server.cookie.clone());
    let noise = tokio::spawn(async move {
        let Ok(mut connection) = Connection::open(&address, &cookie).await else { return };
        let body = batch(50, |index| (format!("service:noise-{index}"), 1.0));
        let mut ticker = tokio::time::interval(Duration::from_millis(50));
        loop {
            ticker.tick().await;
            if connection.post("/api/ops/signals", &body).await.is_err() {
                return;
            }
        }
    });
    let mut stream = open_stream(&server.address, &server.cookie).await?;
    let mut connection = Connection::open(&server.address, &server.cookie).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut times = Vec::new();
    for round in 0..300_u32 {
        // Each subject breaks once and recovers once: both change an incident.
        let value = if round % 2 == 0 { 9_000.0 } else { 1.0 };
        let subject = format!("service:latency-{}", round / 2);
        let body = batch(1, |_| (subject.clone(), value));
        let began = Instant::now();
        expect(connection.post("/api/ops/signals", &body).await?.status, 202)?;
        wait_for(&mut stream, &subject).await?;
        times.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    noise.abort();
    times.sort();
    println!(
        "push to stream, at 1,000 other observations a second: {:.1} ms median, {:.1} ms for 99 %",
        times[times.len() / 2].as_secs_f64() * 1e3,
        times[times.len() * 99 / 100].as_secs_f64() * 1e3
    );
    server.stop().await
}

/// Many readers at a time: none refused, when an event reaches them, and what each costs.
async fn streams() -> Outcome {
    let server = Server::start().await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = Usage::of(server.pid)?;
    let mut processes = Vec::new();
    for _ in 0..READERS / READERS_EACH {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["readers", &server.address, &server.cookie, &READERS_EACH.to_string()])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let connected = lines.next_line().await?.unwrap_or_default();
        println!("  {connected}");
        processes.push((child, lines));
    }
    tokio::time::sleep(Duration::from_secs(12)).await;
    let after = Usage::of(server.pid)?;
    println!(
        "{READERS} readers: {:.1} KiB of server memory each",
        (after.resident.saturating_sub(before.resident)) as f64 / 1024.0 / READERS as f64
    );
    let mut connection = Connection::open(&server.address, &server.cookie).await?;
    for round in 0..5 {
        let body = batch(1, |_| (format!("service:marker-{round}"), 9_000.0));
        let began = micros();
        expect(connection.post("/api/ops/signals", &body).await?.status, 202)?;
        let mut times = Vec::new();
        for (_, lines) in &mut processes {
            let line = tokio::time::timeout(Duration::from_secs(30), lines.next_line())
                .await??
                .unwrap_or_default();
            times.extend(line.split_whitespace().filter_map(|time| time.parse::<u64>().ok()));
        }
        times.sort_unstable();
        let at = |share: usize| {
            times
                .get(times.len() * share / 100)
                .map_or(0, |time| time.saturating_sub(began) / 1_000)
        };
        println!(
            "  an event reached {} readers: {} ms for half, {} ms for 99 %",
            times.len(),
            at(50),
            at(99)
        );
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    for (mut child, _) in processes {
        child.kill().await?;
    }
    server.stop().await
}

/// A process of readers: tells when all are connected, then for each marker when it reached each of
/// them.
async fn readers(address: &str, cookie: &str, count: usize) -> Outcome {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel::<(usize, u64)>();
    let (mut connected, mut refused) = (0, 0);
    for _ in 0..count {
        match open_stream(address, cookie).await {
            Ok(stream) => {
                connected += 1;
                tokio::spawn(follow(stream, tell.clone()));
            }
            Err(_) => refused += 1,
        }
    }
    println!("{connected} connected, {refused} refused");
    let mut rounds: Vec<Vec<u64>> = Vec::new();
    while let Some((round, at)) = told.recv().await {
        if rounds.len() <= round {
            rounds.resize(round + 1, Vec::new());
        }
        rounds[round].push(at);
        if rounds[round].len() == connected {
            println!("{}", rounds[round].iter().map(u64::to_string).collect::<Vec<_>>().join(" "));
        }
    }
    Ok(())
}

/// Reads a stream as a byte search: a reader must cost this machine less than the server that is
/// measured.
async fn follow(
    stream: BufReader<TcpStream>,
    tell: tokio::sync::mpsc::UnboundedSender<(usize, u64)>,
) {
    const MARK: &[u8] = b"service:marker-";
    let (rest, mut socket) = (stream.buffer().to_vec(), stream.into_inner());
    let mut buffer = vec![0; 4_096];
    let mut seen = rest;
    let mut next = 0;
    loop {
        let Ok(read @ 1..) = socket.read(&mut buffer).await else { return };
        seen.extend_from_slice(&buffer[..read]);
        let wanted = [MARK, next.to_string().as_bytes(), b"\""].concat();
        if seen.windows(wanted.len()).any(|window| window == wanted) {
            let _ = tell.send((next, micros()));
            next += 1;
        }
        let keep = seen.len().saturating_sub(64);
        seen.drain(..keep);
    }
}

async fn open_stream(
    address: &str,
    cookie: &str,
) -> Result<BufReader<TcpStream>, Box<dyn std::error::Error>> {
    let mut socket = TcpStream::connect(address).await?;
    let request = format!(
        "GET /api/ops/events HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nAccept: text/event-stream\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await?;
    let mut reader = BufReader::with_capacity(1_024, socket);
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).await? == 0 {
            return Err("refused".into());
        }
        if line.starts_with("HTTP/1.1") && !line.contains(" 200 ") {
            return Err(line.into());
        }
        if line.contains(r#""event":"hello""#) {
            return Ok(reader);
        }
    }
}

/// Reads the stream up to the first event that names a subject.
async fn wait_for(stream: &mut BufReader<TcpStream>, subject: &str) -> Outcome {
    let subject = format!("\"{subject}\"");
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err("the stream ended".into());
        }
        if line.contains("\"event\":\"") && line.contains(&subject) {
            return Ok(());
        }
    }
}

fn batch(count: usize, item: impl Fn(usize) -> (String, f64)) -> Vec<u8> {
    let items: Vec<String> = (0..count)
        .map(|index| {
            let (subject, value) = item(index);
            format!(
                r#"{{"signal":"queue.depth","subject":"{subject}","value":{value},"unit":"jobs"}}"#
            )
        })
        .collect();
    format!(r#"{{"observations":[{}]}}"#, items.join(",")).into_bytes()
}

fn expect(found: u16, wanted: u16) -> Outcome {
    if found == wanted {
        Ok(())
    } else {
        Err(format!("the server answered {found} instead of {wanted}").into())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "two processes compare their times on this machine's clock"
)]
fn micros() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |time| u64::try_from(time.as_micros()).unwrap_or(0))
}

/// Reads a file of `/proc`.
fn proc(pid: u32, name: &str) -> std::io::Result<String> {
    fs::read_to_string(Path::new("/proc").join(pid.to_string()).join(name))
}
