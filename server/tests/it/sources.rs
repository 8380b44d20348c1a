//! Sources as people and programs see them: what each collector brings, why one fails, and the same
//! as metrics, held to the real promtool and a real Prometheus.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::{
    gate::free_port,
    program::{Home, Running},
};

/// A program that watches an endpoint where nobody listens, and a PM2 that does not exist.
fn start(home: &Home) -> Running {
    let file = home.dir.path().join("calm-ops.toml");
    let text = format!(
        "[pm2]\nhome = \"{}\"\n[[endpoint]]\nname = \"shop\"\nurl = \"http://127.0.0.1:{}/\"\n",
        home.dir.path().join("no-pm2").display(),
        free_port()
    );
    fs::write(&file, text).unwrap();
    home.start_with(&["--config", file.to_str().unwrap(), "--interval", "1 s"])
        .unwrap_or_else(|said| panic!("{said}"))
}

/// The header of a token that may read.
fn reader(program: &Running) -> String {
    let made = program.post("/api/people/tokens", r#"{"label":"prometheus","scopes":["read"]}"#);
    format!("Authorization: Bearer {}\r\n", made.json()["secret"].as_str().unwrap())
}

fn source(program: &Running, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
    program.until(&format!("the source {name}"), |program| {
        let page = program.get("/api/ops/sources").json();
        let sources = page["sources"].as_array()?.clone();
        sources.into_iter().find(|one| one["name"] == name && fits(one))
    })
}

#[test]
fn each_source_tells_what_it_sees_and_one_that_fails_says_why() {
    let home = Home::new();
    let program = start(&home);
    let host = source(&program, "host", |one| one["state"] != "waiting");
    assert!(host["seen"]["readings"].as_u64() > Some(5), "{host}");
    assert!(!host["last_success"].is_null() && !host["took"].is_null(), "{host}");
    let listed = host["seen"]["listed"].to_string();
    assert!(listed.contains("host.memory.used"), "{listed}");
    // That the endpoint is down is something that its source sees.
    let shop = source(&program, "endpoint:shop", |one| one["state"] == "working");
    assert_eq!((&shop["kind"], &shop["seen"]["subjects"]), (&"Endpoint".into(), &1.into()));
    let pm2 = source(&program, "pm2", |one| one["state"] == "failing");
    let problem = pm2["problem"].as_str().unwrap();
    assert!(problem.contains("Fix pm2.home") && pm2["last_success"].is_null(), "{pm2}");
    let page = program.get("/api/ops/sources").json();
    assert_eq!(page["collects"], true);
    assert_eq!(page["sources"][0]["name"], "pm2", "what fails comes first: {page}");
    let absent = page["absent"].to_string();
    assert!(absent.contains("gate.listen") && !absent.contains("[[endpoint]]"), "{absent}");

    let page = program.get("/ops/settings/sources").body;
    for part in ["1 returns no data", "Fix pm2.home", "Endpoint shop", "This host", "gate.listen"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }

    // What is removed from the configuration is gone, and what is mended works.
    fs::create_dir(home.dir.path().join("no-pm2")).unwrap();
    source(&program, "pm2", |one| one["state"] != "failing");
    fs::write(home.dir.path().join("calm-ops.toml"), "").unwrap();
    program.until("the end of the endpoint", |program| {
        let page = program.get("/api/ops/sources").json();
        let absent = page["absent"].to_string().contains("[[endpoint]]");
        (absent && !page["sources"].to_string().contains("endpoint:shop")).then_some(())
    });
}

#[test]
fn metrics_are_for_those_who_may_read_and_promtool_is_happy_with_them() {
    let home = Home::new();
    let program = start(&home);
    let token = reader(&program);
    let nobody = program.request("GET", "/metrics", "Cookie: none=1\r\n", "").unwrap();
    assert_eq!(nobody.status, 401, "{nobody:?}");
    program.push("service:imports", 9_000.0);
    program.incident_about("service:imports");
    let scraped = program.until("all metrics", |program| {
        let scraped = program.request("GET", "/metrics", &token, "").unwrap();
        assert_eq!(scraped.status, 200, "{scraped:?}");
        let parts = [
            "calm_ops_build_info{version=",
            "calm_ops_collector_up{collector=\"host\"} 1",
            "calm_ops_collector_up{collector=\"pm2\"} 0",
            "calm_ops_collector_round_duration_seconds{collector=\"endpoint:shop\"}",
            "calm_ops_collector_last_success_timestamp_seconds{collector=\"host\"}",
            "calm_ops_host_memory_used_ratio{subject=\"host:",
            "calm_ops_host_cpu_used_ratio{",
            "calm_ops_monitor_stream_clients{",
            "calm_ops_monitor_database_write_seconds{",
            "calm_ops_endpoint_up{subject=\"endpoint:shop\"} 0",
            "calm_ops_pushed_value{signal=\"queue.depth\",subject=\"service:imports\",unit=\"jobs\"} 9000",
            "calm_ops_incidents_open{severity=\"critical\"} 1",
            "calm_ops_journal_entries_total ",
        ];
        parts.iter().all(|part| scraped.body.contains(part)).then_some(scraped)
    });
    let head = scraped.head.to_ascii_lowercase();
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    let Some(promtool) = installed("/usr/bin/promtool") else { return };
    let mut check = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    check.stdin.take().unwrap().write_all(scraped.body.as_bytes()).unwrap();
    let said = check.wait_with_output().unwrap();
    assert!(
        said.status.success() && said.stdout.is_empty() && said.stderr.is_empty(),
        "{said:?}\n{}",
        scraped.body
    );
}

/// A Prometheus of its own, ended with the test.
struct Prometheus {
    child: Child,
    port: u16,
    _dir: tempfile::TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    /// Starts one that scrapes a program each second, with a token from a file, as README shows.
    fn start(program: &Path, target: &str, token: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = free_port();
        let file = |name: &str| dir.path().join(name);
        fs::write(file("token"), token).unwrap();
        let config = format!(
            "global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: calm-ops\n    authorization:\n      credentials_file: {}\n    static_configs:\n      - targets: ['{target}']\n",
            file("token").display()
        );
        fs::write(file("prometheus.yml"), config).unwrap();
        let child = Command::new(program)
            .arg(format!("--config.file={}", file("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", file("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, port, _dir: dir }
    }

    /// The body of the answer to a query; empty while it does not answer.
    fn query(&self, query: &str) -> String {
        let mut body = String::new();
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let request =
                format!("GET /api/v1/query?query={query} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
            let _ = stream.write_all(request.as_bytes());
            let _ = stream.read_to_string(&mut body);
        }
        body
    }
}

#[test]
fn a_real_prometheus_scrapes_with_a_token_from_a_file() {
    let Some(prometheus) = installed("/usr/bin/prometheus") else { return };
    let home = Home::new();
    let program = start(&home);
    let token = reader(&program);
    let token = token.trim().rsplit(' ').next().unwrap();
    let prometheus = Prometheus::start(&prometheus, &program.address, token);
    program.until("the scrape", |_| {
        let expected = [
            ("calm_ops_collector_up", "\"collector\":\"host\""),
            ("calm_ops_collector_up", "\"collector\":\"pm2\""),
            ("calm_ops_host_memory_used_ratio", "\"subject\":\"host:"),
            ("up", "\"1\"]"),
        ];
        let has = |(query, part): &(&str, &str)| prometheus.query(query).contains(part);
        expected.iter().all(has).then_some(())
    });
}

fn installed(path: &str) -> Option<std::path::PathBuf> {
    let path = Path::new(path);
    if !path.exists() {
        eprintln!("SKIPPED: {} is not installed, so the metrics were not tried", path.display());
    }
    path.exists().then(|| path.to_owned())
}
