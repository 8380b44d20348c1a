//! The gate, asked by real proxies in the way of its recipes, and by itself.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::program::{Answer, Home, Running, calm_ops};

pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const NGINX: &str = include_str!("../../../ops/protection/gate/nginx.conf");
const CADDY: &str = include_str!("../../../ops/protection/gate/Caddyfile");

/// Thresholds for uploads of organizations, at once.
const THRESHOLDS: &str = "format: 1\n\n# Thresholds\n\n\
| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n\
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n\
| `organization.batch` | `organization:*` | above 2 requests/s | - | 0 s | 1 requests/s | - | An organization uploads far more than usual. | queue | - |\n";

/// Requests of one class: two at once, and one more each minute.
fn limits(state: &str) -> String {
    format!(
        "format: 1\n\n# Limits\n\n\
         | organization from | pattern |\n| --- | --- |\n| header | `X-Organization` |\n\n\
         | class | methods | paths | kind | critical | largest body |\n| --- | --- | --- | --- | --- | --- |\n\
         | `uploads` | POST | `/upload*` | batch | no | 1 KiB |\n| `reads` | GET | `*` | interactive | yes | - |\n\n\
         | plan | class | rate | burst | at a time | state |\n| --- | --- | --- | --- | --- | --- |\n\
         | `default` | `uploads` | 1/min | 2 | 3 | {state} |\n"
    )
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A running Calm Ops with a gate.
pub struct Gated {
    pub home: Home,
    pub program: Running,
    pub port: u16,
}

impl Gated {
    pub fn start(limits: &str) -> Self {
        Self::start_with(limits, THRESHOLDS)
    }

    pub fn start_with(limits: &str, thresholds: &str) -> Self {
        let home = Home::new();
        fs::write(home.ops().join("protection/limits.md"), limits).unwrap();
        fs::write(home.ops().join("alerts/thresholds.md"), thresholds).unwrap();
        let port = free_port();
        let program =
            home.start_with(&["--config", &configuration(&home, &format!("127.0.0.1:{port}"))]);
        let program = program.unwrap_or_else(|output| panic!("it did not start: {output}"));
        Self { home, program, port }
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.program.child), signal).unwrap();
    }

    /// Asks as a proxy does.
    pub fn ask(&self, more: &str) -> Answer {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        talk(stream, &format!("GET /api/gate/check{more}"))
    }
}

pub fn configuration(home: &Home, listen: &str) -> String {
    let (file, token) = (home.dir.path().join("calm-ops.toml"), home.dir.path().join("gate-token"));
    fs::write(&token, format!("{TOKEN}\n")).unwrap();
    let text = format!("[gate]\nlisten = \"{listen}\"\ntoken_file = \"{}\"\n", token.display());
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Sends a request, without its last line and `Connection`, and reads the answer.
pub fn talk(mut stream: impl std::io::Read + std::io::Write, request: &str) -> Answer {
    let (head, body) = request.split_once("\r\n\r\n").unwrap_or((request, ""));
    write!(stream, "{head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?}"));
    Answer { status: head[9..12].parse().unwrap(), head: head.to_owned(), body: body.to_owned() }
}

/// Headers of a question.
pub fn question(method: &str, uri: &str, organization: &str) -> String {
    format!(
        " HTTP/1.1\r\nHost: gate\r\nX-Gate-Token: {TOKEN}\r\nX-Forwarded-Method: {method}\r\nX-Forwarded-Uri: {uri}\r\nX-Organization: {organization}"
    )
}

/// A field of an answer, whatever the case of its name.
pub fn field(answer: &Answer, name: &str) -> Option<String> {
    let find = |line: &str| {
        let (known, value) = line.split_once(": ")?;
        known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    };
    answer.head.lines().find_map(find)
}

/// An application that counts what reaches it, answers `/broken` with 500, and `/slow` after 80 ms.
pub struct Application {
    pub port: u16,
    pub requests: Arc<AtomicUsize>,
    /// The request that came last.
    last: Arc<Mutex<String>>,
}

impl Application {
    /// The request that came last.
    pub fn last(&self) -> String {
        self.last.lock().unwrap().to_ascii_lowercase()
    }

    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        let last = Arc::new(Mutex::new(String::new()));
        let noted = Arc::clone(&last);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut buffer = [0; 16_384];
                let Some(read) = stream.read(&mut buffer).ok().filter(|read| *read > 0) else {
                    continue;
                };
                let request = String::from_utf8_lossy(&buffer[..read]).into_owned();
                let status = if request.contains("/broken") { "500 Broken" } else { "200 OK" };
                if request.contains("/slow") {
                    std::thread::sleep(Duration::from_millis(80));
                }
                *noted.lock().unwrap() = request;
                count.fetch_add(1, SeqCst);
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
                );
            }
        });
        Self { port, requests, last }
    }
}

/// The surroundings of a proxy.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    pub gate: u16,
    pub application: u16,
    /// The flag file of safe mode.
    pub flag: &'a Path,
}

/// A proxy, stopped at the end.
pub struct Proxy {
    child: Child,
    pub port: u16,
    dir: tempfile::TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Proxy {
    pub fn nginx(around: Around<'_>) -> Option<Self> {
        Self::nginx_with_log(around, Path::new("off"))
    }

    /// nginx, which writes the access log of its recipe to this file.
    pub fn nginx_with_log(around: Around<'_>, log: &Path) -> Option<Self> {
        let Around { gate, application, flag } = around;
        let program = installed("/usr/sbin/nginx")?;
        let (dir, port) = (tempfile::tempdir().unwrap(), free_port());
        let at = |name: &str| dir.path().join(name).display().to_string();
        let recipe = NGINX
            .replace("127.0.0.1:3001", &format!("127.0.0.1:{gate}"))
            .replace("127.0.0.1:8080", &format!("127.0.0.1:{port}"))
            .replace("127.0.0.1:8081", &format!("127.0.0.1:{application}"))
            .replace("\"TOKEN\"", &format!("\"{TOKEN}\""))
            .replace("/var/lib/calm-ops-gate/safe-mode", flag.to_str().unwrap());
        let recipe = match log.to_str().unwrap() {
            "off" => recipe,
            log => recipe
                .replace("# access_log ", "access_log ")
                .replace("/var/log/nginx/calm-ops-gate.json", log),
        };
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};\n", at(kind)))
            .concat();
        let text = format!(
            "daemon off; master_process off; pid {}; error_log {} warn;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{recipe}\n}}\n",
            at("pid"),
            at("errors")
        );
        fs::write(dir.path().join("nginx.conf"), text).unwrap();
        let child = Command::new(program)
            .args(["-e", &at("errors"), "-c", &at("nginx.conf")])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self { child, port, dir }.ready())
    }

    /// Has nginx open its logs again.
    pub fn reopen(&self) {
        let at = |name: &str| self.dir.path().join(name);
        let status = Command::new("/usr/sbin/nginx")
            .arg("-e")
            .arg(at("errors"))
            .arg("-c")
            .arg(at("nginx.conf"))
            .args(["-s", "reopen"])
            .status();
        assert!(status.unwrap().success());
    }

    pub fn caddy(Around { gate, application, flag }: Around<'_>) -> Option<Self> {
        let program = installed("/usr/bin/caddy")?;
        let (dir, port) = (tempfile::tempdir().unwrap(), free_port());
        let recipe = CADDY
            .replace("127.0.0.1:3001", &format!("127.0.0.1:{gate}"))
            .replace("127.0.0.1:8081", &format!("127.0.0.1:{application}"))
            .replace("http://*.shop.example {", &format!("http://*.shop.example:{port} {{"))
            .replace("/var/lib/calm-ops-gate", flag.parent().unwrap().to_str().unwrap());
        let file = dir.path().join("Caddyfile");
        fs::write(&file, format!("{{\n\tadmin off\n\tauto_https off\n}}\n{recipe}")).unwrap();
        let child = Command::new(program)
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(&file)
            .env("GATE_TOKEN", TOKEN)
            .env("HOME", dir.path())
            .env("XDG_DATA_HOME", dir.path())
            .env("XDG_CONFIG_HOME", dir.path())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self { child, port, dir }.ready())
    }

    fn ready(self) -> Self {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "the proxy did not start");
            std::thread::sleep(Duration::from_millis(30));
        }
        self
    }

    pub fn send(&self, method: &str, uri: &str, organization: &str, more: &str) -> Answer {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let host = format!("{organization}.shop.example:{}", self.port);
        talk(stream, &format!("{method} {uri} HTTP/1.1\r\nHost: {host}{more}"))
    }
}

fn installed(path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    if !path.exists() {
        eprintln!("SKIPPED: {} is not installed, so its recipe was not tried", path.display());
    }
    path.exists().then(|| path.to_owned())
}

/// The story of a recipe: the right organization is limited, visitors get proper answers, and
/// without Calm Ops everything passes.
fn story(start: fn(Around<'_>) -> Option<Proxy>) {
    let gated = Gated::start(&limits("on"));
    let application = Application::start();
    let flag = gated.home.dir.path().join("flag/safe-mode");
    let around = Around { gate: gated.port, application: application.port, flag: &flag };
    let Some(proxy) = start(around) else { return };
    let upload = |organization: &str| proxy.send("POST", "/uploads", organization, "");

    // Two pass, then none; nothing of it reaches the application.
    let first = upload("acme");
    assert_eq!((first.status, first.body.as_str()), (200, "hello"), "{first:?}");
    assert_eq!(upload("acme").status, 200);
    let before = application.requests.load(SeqCst);
    for answer in [upload("acme"), proxy.send("POST", "/x/..//%75ploads?y", "acme", "")] {
        assert_eq!(answer.status, 429, "{answer:?}");
        let after: u64 = field(&answer, "Retry-After").unwrap().parse().unwrap();
        assert!((1..=130).contains(&after), "{answer:?}");
        assert!(field(&answer, "RateLimit").unwrap().contains("\"uploads\";r=0;t="), "{answer:?}");
        assert_eq!(field(&answer, "RateLimit-Policy").unwrap(), "\"uploads\";q=2;w=120");
        assert!(answer.body.contains("Too many requests"), "{answer:?}");
    }
    assert_eq!(application.requests.load(SeqCst), before);
    // Nobody can send on another one's account, and others and other classes are as before.
    assert_eq!(proxy.send("POST", "/uploads", "acme", "\r\nX-Organization: beta").status, 429);
    assert_eq!(upload("beta").status, 200);
    assert_eq!(proxy.send("GET", "/uploads", "acme", "").status, 200);
    let large = format!("\r\nContent-Type: text/plain\r\n\r\n{}", "x".repeat(2_000));
    let large = proxy.send("POST", "/uploads", "gamma", &large);
    assert_eq!(large.status, 413, "{large:?}");

    // Slow or gone: requests pass, in time.
    gated.signal(Signal::STOP);
    // Its threads stop one after the other.
    std::thread::sleep(Duration::from_millis(100));
    let began = Instant::now();
    assert_eq!(upload("acme").status, 200, "the gate is slow");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    gated.signal(Signal::CONT);
    gated.signal(Signal::KILL);
    std::thread::sleep(Duration::from_millis(100));
    for _ in 0..5 {
        assert_eq!(upload("acme").status, 200, "the gate is gone");
    }
}

#[test]
fn nginx_lets_pass_what_the_gate_lets_pass() {
    story(Proxy::nginx);
}

#[test]
fn caddy_lets_pass_what_the_gate_lets_pass() {
    story(Proxy::caddy);
}

#[test]
fn the_gate_answers_those_with_its_token_alone() {
    let gated = Gated::start(&limits("on"));
    assert_eq!(gated.ask(&question("GET", "/", "acme")).status, 204);
    let wrong = question("GET", "/", "acme").replace(TOKEN, "0123");
    let refused = gated.ask(&wrong);
    assert_eq!(refused.status, 401);
    assert!(refused.body.contains("gate.token_file"), "{refused:?}");
    let missing = gated.ask(&question("GET", "/", "acme").replace("X-Forwarded-Uri", "X-Other"));
    assert_eq!(missing.status, 400);
    assert!(missing.body.contains("x-forwarded-uri"), "{missing:?}");
    // A token alone opens nothing else.
    let stream = TcpStream::connect(("127.0.0.1", gated.port)).unwrap();
    let other = format!("GET /api/ops/health HTTP/1.1\r\nHost: gate\r\nX-Gate-Token: {TOKEN}");
    assert_eq!(talk(stream, &other).status, 404);
    assert_eq!(gated.program.request("GET", "/api/gate/check", "", "").unwrap().status, 404);
    // What has no class or names nobody passes, and so does what is sent as anything else.
    for (method, uri, organization) in
        [("TRACE", "/", "acme"), ("POST", "/uploads", ""), ("POST", "/uploads", "a@b")]
    {
        for _ in 0..4 {
            assert_eq!(gated.ask(&question(method, uri, organization)).status, 204);
        }
    }
    let as_nginx = |status: u16| {
        let question = question("POST", "/uploads", &format!("org-{status}"));
        let ask = || gated.ask(&format!("?refuse={status}{question}"));
        ask();
        ask();
        ask()
    };
    for status in [401, 403] {
        let answer = as_nginx(status);
        assert_eq!(
            (answer.status, field(&answer, "x-gate-status").unwrap()),
            (status, "429".into())
        );
    }
    let json = question("POST", "/uploads", "org-403") + "\r\nAccept: application/json";
    assert_eq!(gated.ask(&json).json()["status"], 429);
}

#[test]
fn observed_limits_refuse_nothing_and_traffic_becomes_signals_and_an_incident() {
    let gated = Gated::start(&limits("observe"));
    let signals = |signal: &str| -> Option<f64> {
        let health = gated.program.get("/api/ops/health").json();
        let readings = health["now"]["readings"].as_array()?.clone();
        let is_it = |one: &&serde_json::Value| {
            one["subject"] == "organization:acme" && one["signal"] == signal
        };
        readings.iter().find(is_it)?["value"].as_f64()
    };
    let upload = || {
        for _ in 0..20 {
            let question = question("POST", "/uploads", "acme") + "\r\nX-Content-Length: 1000";
            assert_eq!(gated.ask(&question).status, 204);
        }
    };
    gated.program.until("the traffic of an organization", |_| {
        upload();
        let above = signals("organization.would_be_refused")? > 1.0;
        (above && signals("organization.batch")? > 2.0 && signals("organization.bytes")? > 1_000.0)
            .then_some(())
    });
    assert_eq!(signals("organization.refused"), Some(0.0));
    assert_eq!(signals("organization.under_way"), None, "nobody has reported an end");
    gated.program.incident_about("organization:acme");

    // Results.
    let report = |body: &str| {
        let stream = TcpStream::connect(("127.0.0.1", gated.port)).unwrap();
        let head = format!("POST /api/gate/report HTTP/1.1\r\nHost: gate\r\nX-Gate-Token: {TOKEN}");
        talk(stream, &format!("{head}\r\n\r\n{body}"))
    };
    let result = |status: u16, ms: f64| {
        format!(
            r#"{{"method":"POST","uri":"/uploads","headers":{{"X-Organization":"acme"}},"status":{status},"duration_ms":{ms}}}"#
        )
    };
    for (body, told) in [
        ("[[]]".to_owned(), "expected an object"),
        (r#"{"results":[["GET","/",null,{},200,1]]}"#.to_owned(), "expected an object"),
        (r#"{"results":[{"method":"GET"}]}"#.to_owned(), "missing field"),
        (format!(r#"{{"results":[{}]}}"#, result(99, 1.0)), "results[0].status is 99"),
        (format!(r#"{{"results":[{}]}}"#, result(200, -1.0)), "results[0].duration_ms is -1"),
        (
            format!(r#"{{"results":[{}]}}"#, result(200, 1.0)).replace("}]", r#","queue_ms":-2}]"#),
            "results[0].queue_ms is -2",
        ),
    ] {
        let answer = report(&body);
        assert_eq!(answer.status, 422);
        assert!(answer.body.contains(told), "{answer:?}");
    }
    let results = format!(r#"{{"results":[{},{}]}}"#, result(200, 80.0), result(500, 80.0));
    gated.program.until("results", |_| {
        assert_eq!(report(&results).status, 204);
        let latency = signals("organization.latency")?;
        ((70.0..90.0).contains(&latency) && signals("organization.errors")? == 50.0).then_some(())
    });
    let (counted, failed) = (signals("organization.counted"), signals("organization.failed"));
    assert!(counted.is_some_and(|counted| counted >= 2.0), "{counted:?}");
    assert!(failed.is_some_and(|failed| failed >= 1.0), "{failed:?}");
    assert!(signals("organization.under_way").is_some());
}

#[test]
fn batch_requests_leave_room_for_those_that_somebody_waits_for() {
    let capacity = "\n| batch requests at a time | state |\n| --- | --- |\n| 1 | on |\n";
    let gated = Gated::start(&(limits("off") + capacity));
    let upload = |organization: &str| gated.ask(&question("POST", "/uploads", organization));
    let finish = || {
        let stream = TcpStream::connect(("127.0.0.1", gated.port)).unwrap();
        let result = r#"{"method":"POST","uri":"/uploads","headers":{"X-Organization":"acme"},"status":201,"duration_ms":5}"#;
        let head = format!("POST /api/gate/report HTTP/1.1\r\nHost: gate\r\nX-Gate-Token: {TOKEN}");
        talk(stream, &format!("{head}\r\n\r\n{{\"results\":[{result}]}}")).status
    };
    // As long as nobody reports an end, nobody knows what is under way, and all pass.
    assert!((0..3).all(|_| upload("acme").status == 204));
    assert!((0..3).all(|_| finish() == 204));
    assert_eq!(upload("acme").status, 204);
    let refused = upload("globex");
    assert_eq!((refused.status, field(&refused, "x-gate-status")), (503, Some("503".into())));
    let wait: u64 = field(&refused, "retry-after").unwrap().parse().unwrap();
    assert!((5..=10).contains(&wait) && refused.body.contains("Busy for the moment"));
    let application = Application::start();
    let flag = gated.home.dir.path().join("safe-mode");
    let around = Around { gate: gated.port, application: application.port, flag: &flag };
    if let Some(proxy) = Proxy::nginx(around) {
        let refused = proxy.send("POST", "/uploads", "globex", "");
        assert_eq!(refused.status, 503, "{refused:?}");
        assert!(field(&refused, "retry-after").is_some(), "{refused:?}");
        assert!(refused.body.contains("Busy for the moment"), "{refused:?}");
    }
    assert_eq!(gated.ask(&question("GET", "/", "globex")).status, 204);
    assert_eq!(finish(), 204);
    assert_eq!(upload("globex").status, 204);
    gated.program.until("the reading", |program| {
        let health = program.get("/api/ops/health").json();
        let readings = health["now"]["readings"].as_array()?.clone();
        let batch = readings.iter().find(|one| one["signal"] == "gate.batch")?;
        (batch["value"] == 1.0).then_some(())
    });
}

#[test]
fn a_change_of_the_limits_takes_effect_and_frees_nothing() {
    let gated = Gated::start(&limits("on"));
    let ask = || gated.ask(&question("POST", "/uploads", "acme")).status;
    assert_eq!([ask(), ask(), ask()], [204, 204, 429]);
    let file = gated.home.ops().join("protection/limits.md");
    fs::write(&file, limits("on").replace("1/min", "bad")).unwrap();
    gated.program.until("the refused document", |program| {
        let documents = program.get("/api/ops/health").json()["documents"].as_array()?.clone();
        documents
            .iter()
            .any(|one| one["name"] == "protection/limits.md" && one["error"].is_string())
            .then_some(())
    });
    assert_eq!(ask(), 429, "the last good version stays in force");
    fs::write(&file, limits("on").replace("1/min", "2/min")).unwrap();
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(ask(), 429, "nobody gets a new burst by a change");
    fs::write(&file, limits("observe")).unwrap();
    gated.program.until("the observed limit", |_| (ask() == 204).then_some(()));
}

#[test]
fn a_socket_needs_no_token_and_a_port_does() {
    let home = Home::new();
    let file = home.dir.path().join("calm-ops.toml");
    fs::write(&file, "[gate]\nlisten = \"127.0.0.1:0\"\n").unwrap();
    let told = home.start_with(&["--config", file.to_str().unwrap()]).err().unwrap();
    assert!(told.contains("gate.listen") && told.contains("gate.token_file"), "{told}");
    fs::write(home.dir.path().join("short"), "short").unwrap();
    for token in ["short", "none"] {
        let token = home.dir.path().join(token);
        let text =
            format!("[gate]\nlisten = \"127.0.0.1:0\"\ntoken_file = \"{}\"\n", token.display());
        fs::write(&file, text).unwrap();
        let checked = calm_ops(&["check".as_ref(), "--config".as_ref(), file.as_os_str()]);
        let told = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(!checked.status.success() && told.contains("openssl rand -hex 32"), "{checked:?}");
        assert!(told.contains("calm-ops.toml:3"), "{told}");
        let told = home.start_with(&["--config", file.to_str().unwrap()]).err().unwrap();
        assert!(told.contains("openssl rand -hex 32"), "{told}");
    }
    let socket = home.dir.path().join("gate.sock");
    fs::write(&file, format!("[gate]\nlisten = \"unix:{}\"\n", socket.display())).unwrap();
    // One that a killed program left behind is no obstacle.
    for _ in 0..2 {
        let mut program = home.start_with(&["--config", file.to_str().unwrap()]).unwrap();
        let stream = UnixStream::connect(&socket).unwrap();
        let answer = talk(stream, &format!("GET /api/gate/check{}", question("GET", "/", "acme")));
        assert_eq!(answer.status, 204, "{answer:?}");
        let second =
            home.start_with(&["--config", file.to_str().unwrap(), "--data-dir", "/tmp/none"]);
        assert!(second.is_err());
        program.kill();
    }
}
