//! The collector for Redis against the real redis-server of Debian, and against whatever else may
//! answer at its address.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;
use server::{
    clock::Clock,
    collectors::{
        Collector, Round,
        redis::{Redis, RedisServer},
        registry::{Context, Kind as _},
    },
};

use crate::{
    gate::free_port,
    program::{Home, Running, calm_ops},
};

/// More than the least time between two looks that a rate is told of.
const BETWEEN: Duration = Duration::from_millis(1_100);

/// A Redis of its own on a free port, ended with the test.
struct Server {
    child: Child,
    dir: tempfile::TempDir,
    port: u16,
    arguments: Vec<String>,
    password: Option<&'static str>,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let dir = tempfile::Builder::new().prefix("redis").tempdir_in("/tmp").unwrap();
        let port = free_port();
        let arguments: Vec<String> = arguments.iter().map(|&one| one.to_owned()).collect();
        let child = launch(dir.path(), port, &arguments);
        let server = Self { child, dir, port, arguments, password: None };
        server.wait();
        server
    }

    fn with_password(password: &'static str) -> Self {
        let mut server = Self::start(&["--requirepass", password]);
        server.password = Some(password);
        server
    }

    fn wait(&self) {
        let began = Instant::now();
        while converse(self.port, &[&["PING"]]).is_none_or(|reply| reply.contains("LOADING")) {
            assert!(began.elapsed() < Duration::from_secs(20), "redis-server did not start");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn start_again(&mut self) {
        self.child = launch(self.dir.path(), self.port, &self.arguments);
        self.wait();
    }

    /// Sends a command that succeeds.
    fn say(&self, words: &[&str]) {
        let auth = self.password.map(|password| ["AUTH", password]);
        let commands: Vec<&[&str]> = auth.iter().map(|one| &one[..]).chain([words]).collect();
        let reply = converse(self.port, &commands).unwrap();
        assert!(reply.ends_with("+OK\r\n"), "{words:?}: {reply}");
    }

    /// Writes so many keys of 1 KB, as far as it takes them.
    fn fill(&self, count: usize) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let value = "x".repeat(1_000);
        let all: Vec<Vec<u8>> =
            (0..count).map(|key| command(&["SET", &format!("k{key}"), &value])).collect();
        stream.write_all(&all.concat()).unwrap();
        let (mut replies, mut part) = (0, [0; 4_096]);
        while replies < count {
            let length = stream.read(&mut part).unwrap();
            assert!(length > 0, "redis-server hung up");
            replies += part[..length].iter().filter(|byte| **byte == b'\n').count();
        }
    }

    fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn settings(&self) -> RedisServer {
        settings(&self.address())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(dir: &Path, port: u16, arguments: &[String]) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
        .arg(dir)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is needed for this test: install the package redis-server")
}

fn command(words: &[&str]) -> Vec<u8> {
    let words: Vec<String> =
        words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
    format!("*{}\r\n{}", words.len(), words.concat()).into_bytes()
}

/// The last reply to commands that have short ones; `None` where nobody answers.
fn converse(port: u16, commands: &[&[&str]]) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut last = None;
    for words in commands {
        stream.write_all(&command(words)).ok()?;
        let mut part = [0; 4_096];
        let length = stream.read(&mut part).ok().filter(|length| *length > 0)?;
        last = Some(String::from_utf8_lossy(&part[..length]).into_owned());
    }
    last
}

fn settings(address: &str) -> RedisServer {
    RedisServer {
        name: "main".to_owned(),
        address: address.parse().unwrap(),
        user: None,
        password_file: None,
        ca_file: None,
    }
}

fn watch(server: &RedisServer) -> Box<dyn Collector> {
    Redis::build(server, &Context::new("web-1", Duration::from_secs(5))).unwrap()
}

async fn look(collector: &mut dyn Collector) -> Result<Round, String> {
    let round = collector.collect(Clock::start().now().wall).await;
    round.map_err(|error| error.to_string())
}

/// Looks until the round is as it should be.
async fn until(collector: &mut dyn Collector, what: &str, fits: impl Fn(&Round) -> bool) -> Round {
    let began = Instant::now();
    loop {
        let round = look(collector).await.unwrap();
        if fits(&round) {
            return round;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "waited in vain for {what}: {round:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn value(round: &Round, signal: &str) -> Option<f64> {
    let found = round.observations.iter().find(|one| one.signal.as_str() == signal)?;
    assert_eq!(found.subject.as_str(), "redis:main");
    Some(found.value)
}

/// The reason why it is not available.
fn reason(round: &Round) -> String {
    assert_eq!(value(round, "redis.up"), Some(0.0), "{round:?}");
    let found = round.observations.iter().find_map(|one| one.reason.as_ref());
    wording::reason::sentence(found.unwrap())
}

/// The reason why a signal is unknown.
fn unknown(round: &Round, signal: &str) -> Option<String> {
    let found = round.unseen.iter().find(|one| one.signal.as_str() == signal)?;
    Some(wording::reason::sentence(&found.reason))
}

#[tokio::test]
async fn a_real_redis_is_watched_through_its_limit_evictions_and_a_restart() {
    let mut redis = Server::start(&[]);
    let mut collector = watch(&redis.settings());
    let round = look(&mut *collector).await.unwrap();
    assert_eq!(value(&round, "redis.up"), Some(1.0));
    assert!(value(&round, "redis.memory.size").is_some_and(|bytes| bytes > 100_000.0));
    assert!(value(&round, "redis.connections").is_some_and(|percent| percent > 0.0));
    // Without a limit there is no share of it, and of one that has no replica none is missed.
    assert_eq!(value(&round, "redis.memory.used"), None);
    assert!(unknown(&round, "redis.memory.used").unwrap().contains("maxmemory"));
    assert_eq!(unknown(&round, "redis.replication.lag"), None);
    let notes = collector.source_notes().join(" ");
    assert!(notes.contains("without replicas. Eviction policy: noeviction."), "{notes}");

    redis.say(&["CONFIG", "SET", "maxmemory", "3mb"]);
    redis.say(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    let round = look(&mut *collector).await.unwrap();
    let used = value(&round, "redis.memory.used").unwrap();
    assert!((5.0..90.0).contains(&used), "{used}");
    assert_eq!(unknown(&round, "redis.memory.used"), None);
    tokio::time::sleep(BETWEEN).await;
    redis.fill(4_000);
    let round = look(&mut *collector).await.unwrap();
    assert!(value(&round, "redis.evictions").unwrap() > 100.0, "{round:?}");
    assert_eq!(value(&round, "redis.rejected"), Some(0.0));
    assert!(value(&round, "redis.memory.used").unwrap() > 85.0, "{round:?}");

    // Whatever was known of it is unknown while it is away.
    redis.stop();
    let round = look(&mut *collector).await.unwrap();
    assert!(reason(&round).contains("nothing was listening"), "{}", reason(&round));
    for signal in ["redis.memory.used", "redis.memory.size", "redis.evictions"] {
        assert!(unknown(&round, signal).is_some(), "{signal}");
    }
    assert!(collector.source_notes().is_empty());

    // Its counters begin anew: with fewer, and with more than before.
    redis.start_again();
    redis.say(&["CONFIG", "SET", "maxmemory", "3mb"]);
    redis.say(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    redis.fill(9_000);
    tokio::time::sleep(BETWEEN).await;
    let round = look(&mut *collector).await.unwrap();
    assert_eq!(value(&round, "redis.up"), Some(1.0));
    assert_eq!(value(&round, "redis.evictions"), None);
    tokio::time::sleep(BETWEEN).await;
    let round = look(&mut *collector).await.unwrap();
    // Some more may be evicted, but those before are not counted again: they would be 100,000 and more.
    let evictions = value(&round, "redis.evictions");
    assert!(evictions.is_some_and(|rate| rate < 20_000.0), "{evictions:?}");
    redis.say(&["CONFIG", "RESETSTAT"]);
    tokio::time::sleep(BETWEEN).await;
    let round = look(&mut *collector).await.unwrap();
    assert_eq!(value(&round, "redis.evictions"), None);
}

#[tokio::test]
async fn who_is_kept_out_is_told_why_and_no_password_is_repeated() {
    let redis = Server::with_password("hunter2-of-the-default-user");
    redis.say(&["ACL", "SETUSER", "calm-ops", "on", ">hunter2-of-calm-ops", "+info"]);
    redis.say(&["ACL", "SETUSER", "mute", "on", ">hunter2-of-mute"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    let with = |user: Option<&str>, password: &str| {
        fs::write(&file, password).unwrap();
        let user = user.map(ToOwned::to_owned);
        RedisServer { user, password_file: Some(file.clone()), ..redis.settings() }
    };
    for (user, password, words) in [
        (None, None, "requires a password"),
        (None, Some("hunter2-is-wrong"), "rejects this user or password"),
        (Some("nobody"), Some("hunter2-of-calm-ops"), "rejects this user or password"),
        (Some("mute"), Some("hunter2-of-mute"), "does not allow INFO"),
    ] {
        let server = password.map_or_else(|| redis.settings(), |password| with(user, password));
        let told = look(&mut *watch(&server)).await.unwrap_err();
        assert!(told.starts_with("Redis 'main' ") && told.contains(words), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
        // A reason is cut off at its longest.
        assert!(told.len() <= domain::reason::LONGEST_EXCERPT, "{told}");
    }
    // A new password is read with the next round; a line break at its end is none of it.
    let server = with(Some("calm-ops"), "hunter2-is-wrong");
    let mut collector = watch(&server);
    assert!(look(&mut *collector).await.is_err());
    fs::write(&file, "hunter2-of-calm-ops\r\n").unwrap();
    let round = look(&mut *collector).await.unwrap();
    assert_eq!(value(&round, "redis.up"), Some(1.0));
    let round = look(&mut *watch(&with(None, "hunter2-of-the-default-user\n"))).await.unwrap();
    assert_eq!(value(&round, "redis.up"), Some(1.0));
    // A file without a password is a mistake of the configuration.
    let server = with(None, "\n");
    let Err(error) = Redis::build(&server, &Context::new("web-1", BETWEEN)) else {
        panic!("an empty password was taken")
    };
    assert!(error.to_string().contains("is empty"), "{error}");
}

#[tokio::test]
async fn a_redis_that_everybody_can_read_is_watched_and_that_is_told() {
    let redis = Server::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "hunter2").unwrap();
    let server = RedisServer { password_file: Some(file), ..redis.settings() };
    let round = look(&mut *watch(&server)).await.unwrap();
    assert_eq!(value(&round, "redis.up"), Some(1.0));
    assert!(round.notes[0].starts_with("Redis 'main' has no password"), "{:?}", round.notes);
}

#[tokio::test]
async fn a_real_replica_is_followed_from_both_sides() {
    let mut primary = Server::start(&["--repl-diskless-sync-delay", "0"]);
    let of = format!("127.0.0.1 {}", primary.port);
    let mut replica = Server::start(&["--replicaof", &of]);
    let (mut above, mut below) = (watch(&primary.settings()), watch(&replica.settings()));
    let linked = |round: &Round| value(round, "redis.replication.linked");
    let lag = |round: &Round| value(round, "redis.replication.lag");
    let round = until(&mut *below, "the replica", |round| linked(round) == Some(1.0)).await;
    assert!(lag(&round).is_some_and(|seconds| seconds < 30.0), "{round:?}");
    assert_eq!(value(&round, "redis.replication.behind"), None);
    let round = until(&mut *above, "the lag", |round| lag(round).is_some()).await;
    assert!(lag(&round).is_some_and(|seconds| seconds < 30.0), "{round:?}");
    assert!(value(&round, "redis.replication.behind").is_some(), "{round:?}");
    assert_eq!(linked(&round), None);
    let rests = round.at_rest.iter().any(|(_, one)| one.as_str() == "redis.replication.linked");
    assert!(rests, "{round:?}");
    assert!(above.source_notes()[0].contains("a primary with 1 replica"));

    // A primary without its replica knows nothing of it: its lag has not recovered.
    replica.stop();
    let round = until(&mut *above, "the loss", |round| lag(round).is_none()).await;
    let told = unknown(&round, "redis.replication.lag").unwrap();
    assert!(told.starts_with("No replica is connected"), "{told}");
    replica.start_again();
    until(&mut *above, "the replica again", |round| lag(round).is_some()).await;

    // A replica without its primary goes on, and says so.
    until(&mut *below, "the replica again", |round| linked(round) == Some(1.0)).await;
    primary.stop();
    let round = until(&mut *below, "the loss", |round| linked(round) == Some(0.0)).await;
    assert_eq!(value(&round, "redis.up"), Some(1.0));
    assert!(lag(&round).is_some() || unknown(&round, "redis.replication.lag").is_some());
}

#[tokio::test]
async fn a_redis_that_takes_no_more_connections_is_not_available() {
    let redis = Server::start(&["--maxclients", "1"]);
    // The connection before may still be there.
    let held = loop {
        let mut stream = TcpStream::connect(("127.0.0.1", redis.port)).unwrap();
        stream.write_all(&command(&["PING"])).unwrap();
        let mut reply = [0; 5];
        if stream.read(&mut reply).is_ok() && reply == *b"+PONG" {
            break stream;
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    };
    let mut collector = watch(&redis.settings());
    let round = look(&mut *collector).await.unwrap();
    assert!(reason(&round).contains("maxclients"), "{}", reason(&round));
    drop(held);
    let available = |round: &Round| value(round, "redis.up") == Some(1.0);
    until(&mut *collector, "a free connection", available).await;
}

#[tokio::test]
async fn a_socket_and_tls_lead_to_it_as_well() {
    let port = free_port();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    fs::write(path("certificate.pem"), certificate.pem()).unwrap();
    fs::write(path("key.pem"), key.serialize_pem()).unwrap();
    let redis = Server::start(&[
        "--unixsocket",
        &path("redis.sock"),
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        &path("certificate.pem"),
        "--tls-key-file",
        &path("key.pem"),
        "--tls-auth-clients",
        "no",
    ]);
    let available = |round: &Round| value(round, "redis.up") == Some(1.0);
    let socket = settings(&format!("unix:{}", path("redis.sock")));
    let round = look(&mut *watch(&socket)).await.unwrap();
    assert!(available(&round), "{round:?}");
    let secured = settings(&format!("rediss://localhost:{port}"));
    let trusting = RedisServer { ca_file: Some(path("certificate.pem").into()), ..secured.clone() };
    let round = look(&mut *watch(&trusting)).await.unwrap();
    assert!(available(&round), "{round:?}");
    let round = look(&mut *watch(&secured)).await.unwrap();
    assert!(reason(&round).contains("is not trusted"), "{}", reason(&round));
    drop(redis);
    let gone = settings(&format!("unix:{}", path("no.sock")));
    let round = look(&mut *watch(&gone)).await.unwrap();
    assert!(reason(&round).contains("does not exist"), "{}", reason(&round));
}

/// Answers each connection with these bytes once something was asked; where they are none, not at
/// all. Then it hangs up, or holds the line.
fn fake(answer: &str, holds: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = answer.to_owned();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 4_096]);
            let _ = stream.write_all(answer.as_bytes());
            held.extend(Some(stream).filter(|_| holds));
        }
    });
    port
}

fn text(body: &str) -> String {
    format!("${}\r\n{body}\r\n", body.len())
}

#[tokio::test]
async fn whatever_else_answers_is_told_and_nothing_is_read_without_a_bound() {
    let endless = format!("+{}", "a".repeat(20_000));
    let loading = text("loading:1\r\nloading_loaded_perc:42.31\r\n");
    for (answer, holds, words) in [
        ("HTTP/1.1 400 Bad Request\r\n\r\n", false, "is not Redis"),
        ("+OK\r\n", false, "is not Redis"),
        (endless.as_str(), true, "is not Redis"),
        ("$9999999\r\n", true, "sends more than"),
        ("$100\r\nabc", false, "in the middle of its answer"),
        ("", false, "closed the connection without an answer"),
        ("", true, "did not answer within 5 s"),
        (loading.as_str(), false, "loading its data into memory (42% is done)"),
        ("-LOADING Redis is loading the dataset in memory\r\n", false, "loading its data"),
        ("-BUSY Redis is busy running a script.\r\n", false, "A script keeps it busy"),
    ] {
        let server = settings(&format!("redis://127.0.0.1:{}", fake(answer, holds)));
        let round = look(&mut *watch(&server)).await.unwrap();
        let told = reason(&round);
        assert!(told.contains(words), "{answer:.40}: {told}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "hunter2").unwrap();
    let (sentinel, other) = (text("redis_mode:sentinel\r\n"), text("foo:bar\r\n"));
    for (answer, has_password, words) in [
        (sentinel.as_str(), false, "a Sentinel"),
        (other.as_str(), false, "does not tell its memory"),
        ("-DENIED Redis is running in protected mode\r\n", false, "protected mode"),
        // Redis repeats the words of a command that it does not know.
        (
            "-ERR unknown command 'AUTH', with args beginning with: 'hunter2' \r\n",
            true,
            "has renamed AUTH or INFO",
        ),
        ("-HUNTER2 hunter2\r\n", true, "an error that is not known"),
    ] {
        let address = format!("redis://127.0.0.1:{}", fake(answer, false));
        let password_file = Some(file.clone()).filter(|_| has_password);
        let server = RedisServer { password_file, ..settings(&address) };
        let told = look(&mut *watch(&server)).await.unwrap_err();
        let is_fine = told.contains(words) && !told.to_lowercase().contains("hunter2");
        assert!(is_fine, "{answer}: {told}");
    }
}

const THRESHOLDS: &str = "format: 1\n\n# Quick thresholds\n\n## Thresholds\n\n\
| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n\
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n\
| `redis.up` | - | - | below 1 | 0 s | 1 | - | A Redis does not answer. | redis | - |\n\
| `redis.memory.used` | - | above 90% | - | 0 s | 85% | - | A Redis is close to its memory limit. | redis | - |\n\
| `collector.failed` | - | above 0 | - | 0 s | 0 | - | Calm Ops gets no data. | no-data | - |\n\n\
## How incidents behave\n\n| rule | value |\n| --- | --- |\n| quiet for | 1 s |\n| reopen within | 10 s |\n";

/// A folder with a configuration that watches a Redis.
fn home(more: &str) -> Home {
    let home = Home::new();
    fs::write(home.ops().join("alerts/thresholds.md"), THRESHOLDS).unwrap();
    let config = format!("[pm2]\nenabled = false\n[[redis]]\nname = \"main\"\n{more}");
    fs::write(home.dir.path().join("calm-ops.toml"), config).unwrap();
    home
}

fn start(home: &Home) -> Running {
    let config = home.dir.path().join("calm-ops.toml");
    home.start_with(&["--config", config.to_str().unwrap(), "--interval", "1 s"])
        .unwrap_or_else(|said| panic!("{said}"))
}

fn source(program: &Running, fits: impl Fn(&Value) -> bool) -> Value {
    program.until("the source", |program| {
        let page = program.get("/api/ops/sources").json();
        let sources = page["sources"].as_array()?.clone();
        sources.into_iter().find(|one| one["name"] == "redis:main" && fits(one))
    })
}

/// Waits until an incident about the Redis says this; its page.
fn incident(program: &Running, words: &str) -> String {
    program.until(words, |program| {
        let incidents = program.get("/api/ops/incidents").json();
        let active = incidents["active"].as_array()?.clone();
        let found = active.into_iter().find(|one| one["cause"] == "redis:main")?;
        let page = program.get(&format!("/ops/incidents/{}", found["number"])).body;
        page.contains(words).then_some(page)
    })
}

#[test]
fn a_full_redis_and_one_that_is_gone_become_incidents_with_summary_and_runbook() {
    let mut redis = Server::start(&[]);
    let home = home(&format!("address = \"{}\"\n", redis.address()));
    let program = start(&home);
    let seen = source(&program, |one| one["state"] == "partial");
    assert!(seen.to_string().contains("maxmemory"), "{seen}");
    let page = program.get("/ops/settings/sources").body;
    assert!(page.contains("Redis main") && page.contains("Version "), "{page}");

    redis.say(&["CONFIG", "SET", "maxmemory", "3mb"]);
    redis.fill(4_000);
    let page = incident(&program, "Memory used of Redis main is");
    assert!(page.contains("<a href=\"/ops/runbook#redis\">Redis"), "{page}");
    let runbook = program.get("/ops/runbook").body;
    assert!(runbook.contains("SLOWLOG GET 10"));

    redis.stop();
    let page = incident(&program, "Redis main is not available");
    assert!(page.contains("nothing was listening"), "{page}");
    redis.start_again();
    redis.say(&["CONFIG", "SET", "maxmemory", "100mb"]);
    program.until("the end of it", |program| {
        let incidents = program.get("/api/ops/incidents").json();
        let active = incidents["active"].as_array()?.clone();
        active.iter().all(|one| one["cause"] != "redis:main").then_some(())
    });

    // What is removed from the configuration is gone.
    fs::write(home.dir.path().join("calm-ops.toml"), "").unwrap();
    program.until("the end of the source", |program| {
        let page = program.get("/api/ops/sources").json();
        page["absent"].to_string().contains("[[redis]]").then_some(())
    });
}

#[test]
fn a_wrong_password_is_told_everywhere_and_shown_nowhere() {
    let redis = Server::with_password("hunter2-is-right");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "hunter2-is-wrong\n").unwrap();
    let (address, path) = (redis.address(), file.display());
    let home = home(&format!("address = \"{address}\"\npassword_file = \"{path}\"\n"));
    let checked = calm_ops(&[
        "check".as_ref(),
        "--config".as_ref(),
        home.dir.path().join("calm-ops.toml").as_os_str(),
        "--ops-dir".as_ref(),
        home.ops().as_os_str(),
    ]);
    let told = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(told.contains("1 Redis"), "{checked:?}");
    let failure = "redis:main: no data. Redis 'main' rejects this user or password";
    assert!(told.contains(failure) && !told.contains("hunter2"), "{told}");

    let program = start(&home);
    let failing = source(&program, |one| one["state"] == "failing");
    assert!(failing["problem"].as_str().unwrap().contains("rejects this user"), "{failing}");
    let cause = program.until("an incident about the collector", |program| {
        let incidents = program.get("/api/ops/incidents").json();
        let active = incidents["active"].as_array()?.clone();
        let is_ours = |one: &Value| {
            one["cause"].as_str().is_some_and(|cause| cause.starts_with("collector:redis:main"))
        };
        active.into_iter().find(is_ours)
    });
    let page = program.get(&format!("/ops/incidents/{}", cause["number"])).body;
    assert!(page.contains("rejects this user or password"), "{page}");
    for text in [page, program.get("/api/ops/health").body, failing.to_string()] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    // The right one is taken without a restart.
    fs::write(&file, "hunter2-is-right\n").unwrap();
    source(&program, |one| one["state"] != "failing");
}
