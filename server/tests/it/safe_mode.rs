//! Safe mode outside of the gate's answers: the flag file that proxies test, the operating mode, the
//! command line, and kills at any moment.

use std::{
    fs,
    net::TcpStream,
    path::PathBuf,
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant, SystemTime},
};

use commands::command::{BeginSafeMode, EndSafeMode};
use domain::{
    access::{Principal, Role},
    breach::BreachKey,
    id::{AccountId, IncidentNumber, SessionId},
    journal::Event,
    protection::{LimitedRequests, Measure, Protection},
    time::{Span, Timestamp},
};
use rustix::process::{Pid, Signal, kill_process};
use server::{
    clock::Clock,
    current_status::CurrentStatus,
    protection::{Enforcement, Flag},
    service::Service,
    store::{About, Change, SqliteStore, Store as _},
    stream::Live,
};
use sqlx::{Connection as _, SqliteConnection};

use crate::{
    gate::{Application, Around, Proxy, TOKEN, field, free_port, question, talk},
    program::{Answer, Home, Running, calm_ops},
};

/// A host with a gate and a flag file, on which Calm Ops is started again and again.
struct Host {
    home: Home,
    port: u16,
    flag: PathBuf,
}

impl Host {
    fn new() -> Self {
        let (home, port) = (Home::new(), free_port());
        let flag = home.dir.path().join("gate/safe-mode");
        let token = home.dir.path().join("gate-token");
        fs::write(&token, format!("{TOKEN}\n")).unwrap();
        let text = format!(
            "[gate]\nlisten = \"127.0.0.1:{port}\"\ntoken_file = \"{}\"\nsafe_mode_flag = \"{}\"\n",
            token.display(),
            flag.display()
        );
        fs::write(home.dir.path().join("calm-ops.toml"), text).unwrap();
        Self { home, port, flag }
    }

    fn start(&self) -> Running {
        let file = self.home.dir.path().join("calm-ops.toml");
        let began = Instant::now();
        loop {
            match self.home.start_with(&["--config", file.to_str().unwrap()]) {
                Ok(running) => return running,
                // The one that was killed may not have left its port yet.
                Err(told) => {
                    assert!(began.elapsed() < Duration::from_secs(10), "it did not start: {told}");
                }
            }
        }
    }

    fn ask(&self, method: &str, uri: &str, organization: &str) -> Answer {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        talk(stream, &format!("GET /api/gate/check{}", question(method, uri, organization)))
    }

    fn is_flagged(&self) -> bool {
        self.flag.exists()
    }

    /// `calm-ops` with this host's configuration; its exit code and what it said.
    fn command(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let (data, ops) = (self.home.data(), self.home.ops());
        let file = self.home.dir.path().join("calm-ops.toml");
        let mut line: Vec<&std::ffi::OsStr> = arguments.iter().map(std::ffi::OsStr::new).collect();
        line.extend(["--data-dir".as_ref(), data.as_os_str()]);
        line.extend(["--ops-dir".as_ref(), ops.as_os_str()]);
        line.extend(["--config".as_ref(), file.as_os_str()]);
        let output = calm_ops(&line);
        let told = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), told)
    }
}

fn begin(program: &Running) {
    let begun = program.post("/api/ops/safe-mode", r#"{"reason":"Writes fail"}"#);
    assert_eq!(begun.status, 200, "{begun:?}");
}

fn end(program: &Running) {
    let ended = program.post("/api/ops/safe-mode/end", "{}");
    assert_eq!(ended.status, 200, "{ended:?}");
}

fn mode(program: &Running) -> serde_json::Value {
    program.get("/api/ops/mode").json()
}

fn signal(program: &Running, signal: Signal) {
    kill_process(Pid::from_child(&program.child), signal).unwrap();
}

/// Writes are refused, reads and sign-ins pass.
fn is_read_only(proxy: &Proxy, application: &Application, when: &str) {
    let lie = "\r\nX-Operating-Mode: interactive";
    for (method, uri) in [
        ("POST", "/orders"),
        ("DELETE", "/orders/1"),
        ("POST", "/uploads"),
        ("POST", "/loginx"),
        ("POST", "/login/../orders"),
        ("POST", "/login/%2e%2e/orders"),
    ] {
        let refused = proxy.send(method, uri, "acme", lie);
        assert_eq!(refused.status, 503, "{when}: {method} {uri}: {refused:?}");
        assert_eq!(field(&refused, "Retry-After").as_deref(), Some("60"), "{when}: {refused:?}");
        assert!(refused.body.contains("ead-only"), "{when}: {refused:?}");
    }
    for (method, uri) in [("GET", "/orders?x=1"), ("POST", "/login"), ("POST", "/oauth/token?a=b")]
    {
        let passes = proxy.send(method, uri, "acme", lie);
        assert_eq!(passes.status, 200, "{when}: {method} {uri}: {passes:?}");
        let last = application.last();
        assert!(last.contains("\r\nx-operating-mode: read-only\r\n"), "{when}: {last}");
        assert!(!last.contains("interactive"), "{when}: {last}");
    }
}

/// The story of a recipe: safe mode holds whatever becomes of Calm Ops, until a person ends it.
fn story(start: fn(Around<'_>) -> Option<Proxy>) {
    let host = Host::new();
    let application = Application::start();
    let around = Around { gate: host.port, application: application.port, flag: &host.flag };
    let Some(proxy) = start(around) else { return };
    let mut program = host.start();
    assert_eq!(proxy.send("POST", "/orders", "acme", "").status, 200);
    assert!(!application.last().contains("x-operating-mode"), "{}", application.last());

    begin(&program);
    assert!(host.is_flagged());
    is_read_only(&proxy, &application, "in safe mode");
    signal(&program, Signal::STOP);
    std::thread::sleep(Duration::from_millis(100));
    is_read_only(&proxy, &application, "while Calm Ops hangs");
    signal(&program, Signal::CONT);
    program.kill();
    is_read_only(&proxy, &application, "while Calm Ops is down");
    program = host.start();
    is_read_only(&proxy, &application, "after a restart");

    // Calm Ops knows the stage, and the proxy only that safe mode is in force.
    let staged = program.post("/api/ops/safe-mode/stage", r#"{"stage":"interactive"}"#);
    assert_eq!(staged.status, 200, "{staged:?}");
    assert_eq!(proxy.send("POST", "/orders", "acme", "").status, 200);
    assert!(application.last().contains("\r\nx-operating-mode: interactive\r\n"));
    assert_eq!(proxy.send("POST", "/uploads", "acme", "").status, 503);
    assert!(fs::read_to_string(&host.flag).unwrap().ends_with("\ninteractive\n"));
    program.terminate();
    is_read_only(&proxy, &application, "while Calm Ops is stopped");
    program = host.start();

    end(&program);
    assert!(!host.is_flagged());
    assert_eq!(proxy.send("POST", "/orders", "acme", "").status, 200);
    program.kill();
    assert_eq!(proxy.send("POST", "/orders", "acme", "").status, 200, "limits fail open");
    assert!(!application.last().contains("x-operating-mode"), "{}", application.last());
}

#[test]
fn nginx_stays_read_only_until_a_person_ends_safe_mode() {
    story(Proxy::nginx);
}

#[test]
fn caddy_stays_read_only_until_a_person_ends_safe_mode() {
    story(Proxy::caddy);
}

/// Sends writes all the time, and counts those that pass while none may.
struct Writer {
    /// Held for writing while it changes whether a write may pass.
    closed: Arc<RwLock<bool>>,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
    passed: Arc<AtomicUsize>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Writer {
    fn start(proxy: &Arc<Proxy>) -> Self {
        let (closed, stop) = (Arc::new(RwLock::new(false)), Arc::new(AtomicBool::new(false)));
        let (sent, passed) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let threads = (0..2)
            .map(|_| {
                let (proxy, closed, stop) =
                    (Arc::clone(proxy), Arc::clone(&closed), Arc::clone(&stop));
                let (sent, passed) = (Arc::clone(&sent), Arc::clone(&passed));
                std::thread::spawn(move || {
                    while !stop.load(SeqCst) {
                        let closed = closed.read().unwrap();
                        if *closed {
                            let status = proxy.send("POST", "/orders", "acme", "").status;
                            sent.fetch_add(1, SeqCst);
                            passed.fetch_add(usize::from(status == 200), SeqCst);
                        }
                        drop(closed);
                        std::thread::sleep(Duration::from_millis(2));
                    }
                })
            })
            .collect();
        Self { closed, stop, sent, passed, threads }
    }

    fn close(&self, closed: bool) {
        *self.closed.write().unwrap() = closed;
    }

    fn finish(self) -> (usize, usize) {
        self.stop.store(true, SeqCst);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        (self.sent.load(SeqCst), self.passed.load(SeqCst))
    }
}

/// A small generator (xorshift64*), so that a series can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }
}

/// Sends a change and kills the program some time later; whether it was confirmed.
fn change_and_kill(program: &mut Running, path: &str, body: &str, after: Duration) -> bool {
    let confirmed = std::thread::scope(|scope| {
        let asked = &*program;
        let answer = scope.spawn(move || asked.try_post(path, body));
        std::thread::sleep(after);
        signal(program, Signal::KILL);
        answer.join().unwrap().is_some_and(|answer| answer.status == 200)
    });
    program.kill();
    confirmed
}

/// `KILLS=50 cargo nextest run safe_mode_kills --no-capture` kills it fifty times; `KILLS_SEED`
/// repeats a series.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "another series each time, unless one is to be repeated"
)]
fn safe_mode_kills_let_no_write_pass_and_end_nothing() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let kills = number("KILLS").unwrap_or(10);
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let seed = number("KILLS_SEED").unwrap_or(since.as_micros() as u64) | 1;
    println!("{kills} kills, KILLS_SEED={seed}");
    let mut random = Random(seed);

    let host = Host::new();
    let application = Application::start();
    let around = Around { gate: host.port, application: application.port, flag: &host.flag };
    let Some(proxy) = Proxy::nginx(around) else { return };
    let proxy = Arc::new(proxy);
    let writer = Writer::start(&proxy);
    let mut program = host.start();
    let (mut begun, mut ended) = (0, 0);
    for round in 0..kills.div_ceil(2) {
        let wait = Duration::from_millis(random.below(40));
        let body = r#"{"reason":"Writes fail"}"#;
        let confirmed = change_and_kill(&mut program, "/api/ops/safe-mode", body, wait);
        if confirmed {
            begun += 1;
            writer.close(true);
            std::thread::sleep(Duration::from_millis(50));
        }
        program = host.start();
        let is_safe = mode(&program)["mode"] == "safe";
        assert!(is_safe || !confirmed, "round {round}: it ended after {wait:?}");
        assert_eq!(host.is_flagged(), is_safe, "round {round}, after {wait:?}");
        if !is_safe {
            begin(&program);
        }
        writer.close(true);
        std::thread::sleep(Duration::from_millis(30));

        writer.close(false);
        let wait = Duration::from_millis(random.below(40));
        let confirmed = change_and_kill(&mut program, "/api/ops/safe-mode/end", "{}", wait);
        program = host.start();
        let is_safe = mode(&program)["mode"] == "safe";
        assert!(!(is_safe && confirmed), "round {round}: it was ended after {wait:?}");
        assert_eq!(host.is_flagged(), is_safe, "round {round}, after {wait:?}");
        if is_safe {
            end(&program);
        }
        ended += usize::from(confirmed);
        assert_eq!(proxy.send("POST", "/orders", "acme", "").status, 200, "round {round}");
        assert!(!host.is_flagged());
    }
    let (sent, passed) = writer.finish();
    println!("{begun} begun and {ended} ended before the kill; of {sent} writes {passed} passed");
    assert_eq!(passed, 0, "of {sent} writes");
    assert!(sent > 50, "only {sent} writes were sent");
}

#[test]
fn a_flag_file_that_nobody_explains_begins_safe_mode_at_the_start() {
    let host = Host::new();
    fs::create_dir(host.flag.parent().unwrap()).unwrap();
    fs::write(&host.flag, "").unwrap();
    let program = host.start();
    assert_eq!(mode(&program)["stage"], "read_only");
    assert_eq!(host.ask("POST", "/orders", "acme").status, 503);
    let journal = program.get("/ops/journal?kind=safe_mode_began").body;
    assert!(journal.contains("was there when Calm Ops started"), "{journal}");
    end(&program);
    assert!(!host.is_flagged());
}

#[test]
fn the_operating_mode_is_told_to_programs_and_changes_its_tag() {
    let host = Host::new();
    let limits = host.home.ops().join("protection/limits.md");
    let text = fs::read_to_string(&limits).unwrap();
    let text =
        text.replace("| keep writing in safe mode | - |", "| keep writing in safe mode | `acme` |");
    fs::write(limits, text).unwrap();
    let program = host.start();
    let ask = |tag: &str| {
        program.request("GET", "/api/ops/mode", &format!("If-None-Match: {tag}\r\n"), "").unwrap()
    };
    let normal = ask("\"other\"");
    assert_eq!(normal.status, 200);
    let now = normal.json();
    assert_eq!((&now["mode"], now["stage"].is_null()), (&"normal".into(), true), "{now}");
    assert!(now["since"].is_null());
    let tag = field(&normal, "ETag").unwrap();
    let same = ask(&tag);
    assert_eq!((same.status, same.body.as_str()), (304, ""), "{same:?}");

    begin(&program);
    let export = program.get("/api/ops/journal.jsonl");
    assert!(export.status == 503 && export.body.contains("safe mode"), "{export:?}");
    let safe = ask(&tag);
    assert_eq!(safe.status, 200, "{safe:?}");
    let now = safe.json();
    assert_eq!((&now["mode"], &now["stage"]), (&"safe".into(), &"read_only".into()), "{now}");
    assert_eq!(now["classes"]["writes"], "refused", "{now}");
    assert_eq!(now["classes"]["reads"], "passes", "{now}");
    assert_eq!(now["keep_writing"], serde_json::json!(["acme"]), "{now}");
    assert!(now["since"].is_string());
    let passed = host.ask("POST", "/orders", "acme");
    let told = field(&passed, "X-Operating-Mode");
    assert_eq!((passed.status, told.as_deref()), (204, Some("read-only")), "{passed:?}");

    let staged = program.post("/api/ops/safe-mode/stage", r#"{"stage":"interactive"}"#);
    assert_eq!(staged.status, 200);
    let now = mode(&program);
    assert_eq!(
        (&now["classes"]["writes"], &now["classes"]["uploads"]),
        (&"passes".into(), &"refused".into())
    );
    let refused = host.ask("POST", "/uploads", "beta");
    let told = field(&refused, "X-Operating-Mode");
    assert_eq!((refused.status, told.as_deref()), (503, Some("interactive")), "{refused:?}");
    end(&program);
    assert_eq!(mode(&program)["mode"], "normal");
    assert_eq!(program.get("/api/ops/journal.jsonl").status, 200);
    assert_eq!(field(&host.ask("GET", "/", "acme"), "X-Operating-Mode"), None);
    let wrong = program.post("/api/ops/safe-mode/end", "{}");
    assert_eq!(wrong.status, 409, "{wrong:?}");
}

#[test]
fn jobs_may_run_unless_safe_mode_forbids_it_or_nobody_knows() {
    let host = Host::new();
    let limits = host.home.ops().join("protection/limits.md");
    let text = fs::read_to_string(&limits).unwrap();
    let text =
        text.replace("| keep writing in safe mode | - |", "| keep writing in safe mode | `acme` |");
    fs::write(limits, text).unwrap();
    let may_run = |arguments: &[&str]| host.command(&[&["may-run"], arguments].concat());
    let is = |arguments: &[&str], code: i32, told: &str| {
        let (given, text) = may_run(arguments);
        assert!(given == Some(code) && text.contains(told), "{arguments:?}: {given:?}: {text}");
    };
    is(&["uploads"], 1, "must not");
    let program = host.start();
    is(&["uploads"], 0, "not in force");
    is(&["uplaods"], 2, "sign-in, uploads, writes, reads");
    begin(&program);
    is(&["uploads"], 3, "'uploads' must not run: safe mode is in force since");
    is(&["uploads", "--organization", "acme"], 0, "keeps writing");
    is(&["uploads", "--organization", "beta"], 3, "must not run");
    is(&["reads"], 0, "this class passes");
    program.post("/api/ops/safe-mode/stage", r#"{"stage":"interactive"}"#);
    is(&["writes"], 0, "this class passes");
    is(&["uploads"], 3, "batch requests wait");
    drop(program);
    is(&["uploads"], 3, "batch requests wait");

    // The journal can't be read: the flag file tells, and without it nobody.
    let database = host.home.data().join("calm-ops.db");
    for name in ["calm-ops.db", "calm-ops.db-wal", "calm-ops.db-shm"] {
        let _ = fs::remove_file(host.home.data().join(name));
    }
    fs::write(&database, "no database at all, whatever is read of it").unwrap();
    is(&["writes"], 0, "this class passes");
    is(&["uploads"], 3, "batch requests wait");
    let file = host.home.dir.path().join("calm-ops.toml");
    let text = fs::read_to_string(&file).unwrap();
    let without: String = text
        .lines()
        .filter(|line| !line.starts_with("safe_mode_flag"))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&file, without).unwrap();
    is(&["uploads"], 1, "must not");
    is(&["uplaods"], 2, "sign-in, uploads, writes, reads");
}

/// While the database can't be written, the flag file is there before safe mode begins, and still
/// there before it has ended.
#[tokio::test]
async fn the_flag_file_comes_before_the_journal_and_goes_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let (file, clock) = (dir.path().join("calm-ops.db"), Clock::start());
    let store = Arc::new(SqliteStore::open(&file).await.unwrap());
    let live = Live::new(store.opening().await.unwrap().cursor, 10, Timestamp::default());
    let service =
        Service::new(store, Arc::new(CurrentStatus::default()), live, Arc::default(), clock);
    let flag = Arc::new(Flag::new(dir.path().join("safe-mode")));
    let none = Protection::default();
    service.enforce_by(Arc::new(Enforcement::new(
        none,
        None,
        Some(Arc::clone(&flag)),
        clock,
        Box::new(|_| true),
    )));
    let approver = Principal::Account {
        id: AccountId(1),
        role: Role::Approver,
        session: SessionId(1),
        recently_authenticated: true,
    };
    let mut other =
        SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    let held = async |other: &mut SqliteConnection| {
        sqlx::query("BEGIN IMMEDIATE").execute(other).await.unwrap();
    };
    let freed = async |other: &mut SqliteConnection| {
        sqlx::query("ROLLBACK").execute(other).await.unwrap();
    };
    let a_while = || tokio::time::sleep(Duration::from_millis(300));

    held(&mut other).await;
    let begin = BeginSafeMode { incident: None, reason: "Writes fail".to_owned() };
    let begins = tokio::spawn(service.execute(approver.clone(), begin));
    a_while().await;
    assert!(flag.path().exists() && !begins.is_finished());
    assert!(service.protection().safe_mode.is_none());
    freed(&mut other).await;
    begins.await.unwrap().unwrap();
    assert!(service.protection().safe_mode.is_some());

    held(&mut other).await;
    let ends = tokio::spawn(service.execute(approver.clone(), EndSafeMode {}));
    a_while().await;
    assert!(flag.path().exists() && !ends.is_finished());
    freed(&mut other).await;
    ends.await.unwrap().unwrap();
    assert!(!flag.path().exists());

    // What is refused leaves nothing behind.
    let begin = || BeginSafeMode { incident: Some(IncidentNumber(7)), reason: "x".to_owned() };
    assert!(service.execute(approver, begin()).await.is_err(), "there is no such incident");
    assert!(!flag.path().exists() && service.protection().safe_mode.is_none());
}

/// Writes events into the journal of a program that does not run.
fn written(host: &Host, events: Vec<Event>) {
    fs::create_dir_all(host.home.data()).unwrap();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let store = SqliteStore::open(&host.home.data().join("calm-ops.db")).await.unwrap();
        let change = Change {
            at: Clock::start().now().wall,
            actor: domain::actor::Actor::Agent,
            about: About::Nothing,
            decide: Box::new(move |_| Ok(events)),
            people: None,
            monitor: None,
        };
        store.change(change).await.unwrap();
    });
}

#[test]
fn the_command_line_switches_measures_off_and_a_running_server_obeys() {
    let host = Host::new();
    let now = Clock::start().now().wall;
    let organization: domain::subject::Subject = "organization:acme".parse().unwrap();
    let signal = "organization.batch";
    let breach = fixtures::breach().on("organization:acme").signal(signal).build();
    let incident = fixtures::incident(1).of([breach]).began(now).build();
    let measure = Measure {
        requests: LimitedRequests { organization: organization.clone(), class: "uploads".into() },
        rate: 0.1,
        sent: 100.0,
        usual: None,
        because: BreachKey { subject: organization, signal: signal.parse().unwrap() },
        stage: 0,
        returns: 0,
        until: now.plus(Span::from_mins(10)),
    };
    let number = incident.number;
    written(
        &host,
        vec![
            Event::IncidentOpened { incident: Box::new(incident) },
            Event::MeasureBegan { incident: number, measure: Box::new(measure) },
        ],
    );
    let program = host.start();
    let refused = || {
        let asked = (0..20).map(|_| host.ask("POST", "/uploads", "acme").status);
        asked.filter(|status| *status == 429).count()
    };
    program.until("a limited organization", |_| (refused() > 0).then_some(()));
    let (code, told) = host.command(&["automation", "status"]);
    assert!(code == Some(0) && told.contains("Limited uploads of acme"), "{told}");
    assert!(told.contains("Safe mode is not in force"), "{told}");
    let (code, told) = host.command(&["automation", "off", "--reason", " "]);
    assert_eq!(code, Some(2), "{told}");
    let (code, told) = host.command(&["automation", "off", "--reason", "Too eager"]);
    assert!(code == Some(0) && told.contains("1 was in force and is lifted"), "{told}");
    let began = Instant::now();
    program.until("no limit", |_| (refused() == 0).then_some(()));
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    let (code, told) = host.command(&["automation", "off", "--reason", "Once more"]);
    assert!(code == Some(3) && told.contains("suspended already"), "{told}");
    let (_, told) = host.command(&["automation", "status"]);
    assert!(told.contains("Too eager") && told.contains("No automatic measure"), "{told}");
}
