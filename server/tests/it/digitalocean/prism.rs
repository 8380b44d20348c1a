//! The real program against Prism, which serves DigitalOcean's own description of its API and refuses
//! requests that do not fit it. `make test-all` installs it; elsewhere the test is skipped.

use std::{
    collections::BTreeSet,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Fake, TOKEN, home, start, wait};
use crate::program::tools;

/// Prism with the description that it serves, killed at the end.
struct Prism {
    child: Child,
    _description: TempDir,
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes each list one page with one entry: Prism fills in every value, and a list whose every page
/// has a next one, or that has none of what it counts, is never whole.
fn one_page(part: &mut Value) {
    match part {
        Value::Object(parts) => {
            if let Some(Value::Object(properties)) = parts.get_mut("properties") {
                properties.remove("next");
                if let Some(Value::Object(total)) = properties.get_mut("total") {
                    total.insert("example".to_owned(), json!(1));
                }
            }
            parts.values_mut().for_each(one_page);
        }
        Value::Array(parts) => parts.iter_mut().for_each(one_page),
        _ => {}
    }
}

fn prism() -> Option<(Prism, String)> {
    let program = tools().join("prism/node_modules/@stoplight/prism-cli/dist/index.js");
    if !program.exists() {
        println!("SKIPPED: Prism is not installed; make test-all installs it");
        return None;
    }
    let mut description: Value = serde_json::from_str(include_str!("description.json")).unwrap();
    one_page(&mut description);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("description.json");
    std::fs::write(&file, description.to_string()).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new("node")
        .arg(program)
        .args(["mock", "--errors", "--host", "127.0.0.1", "--port", &port.to_string()])
        .arg(file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let prism = Prism { child, _description: folder };
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(60), "Prism did not start");
        std::thread::sleep(Duration::from_millis(100));
    }
    Some((prism, format!("http://127.0.0.1:{port}")))
}

/// The status of a request.
fn status(url: &str, target: &str) -> String {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let request = format!(
        "GET {target} HTTP/1.1\r\nhost: prism\r\nauthorization: Bearer {TOKEN}\r\naccept: application/json\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
#[ignore = "make test-all runs it"]
fn every_request_fits_the_description() {
    let Some((_prism, url)) = prism() else { return };
    // What the program asks the fake for, asked once more.
    let fake = Fake::default();
    let home = home(&fake.listen());
    let program = start(&home);
    let targets = wait(&program, "all kinds of requests", |_| {
        let asked = fake.asked.lock().unwrap();
        let target = |request: &String| request.split(' ').nth(1).map(str::to_owned);
        let all: BTreeSet<String> = asked.iter().filter_map(target).collect();
        let has = |part: &str| all.iter().any(|target| target.contains(part));
        let needed = ["cpu", "filesystem_free", "filesystem_size", "memory_available", "actions"];
        needed.into_iter().all(has).then_some(all)
    });
    for target in targets.iter().filter(|target| target.starts_with("/v2/")) {
        let status = status(&url, target);
        assert!(status.starts_with("HTTP/1.1 200"), "{target}: {status}");
    }
}

#[test]
#[ignore = "make test-all runs it"]
fn answers_of_the_description_can_be_read() {
    let Some((_prism, url)) = prism() else { return };
    let home = home(&url);
    let program = start(&home);
    wait(&program, "what Prism lists", |program| {
        let readings = program.get("/api/ops/health").json()["now"]["readings"].to_string();
        let all = ["digitalocean.up", "load_balancer.listed", "managed_database.listed"];
        all.into_iter().all(|signal| readings.contains(signal)).then_some(())
    });
}
