//! The real program against Prism, which serves DigitalOcean's own description of its API and refuses
//! requests that do not fit it. `make test-all` installs it; elsewhere the test is skipped.

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::{home, start, wait};
use crate::program::tools;

/// Prism, killed at the end.
struct Prism(Child);

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn prism() -> Option<(Prism, String)> {
    let program = tools().join("prism/node_modules/@stoplight/prism-cli/dist/index.js");
    if !program.exists() {
        println!("SKIPPED: Prism is not installed; make test-all installs it");
        return None;
    }
    let description =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/digitalocean/description.json");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new("node")
        .arg(program)
        .args(["mock", "--errors", "--host", "127.0.0.1", "--port", &port.to_string()])
        .arg(description)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let prism = Prism(child);
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(60), "Prism did not start");
        std::thread::sleep(Duration::from_millis(100));
    }
    Some((prism, format!("http://127.0.0.1:{port}")))
}

#[test]
fn every_request_fits_the_description_and_its_answers_can_be_read() {
    let Some((_prism, url)) = prism() else { return };
    let home = home(&url);
    let program = start(&home);
    // Prism answers with the first word of each list of words, such as 'new' for a droplet.
    let found = wait(&program, "what Prism lists", |program| {
        let health = program.get("/api/ops/health").json();
        let readings = health["now"]["readings"]["readings"].to_string();
        let all = health.to_string();
        let is_up = readings.contains("digitalocean.up") || all.contains("digitalocean.up");
        (is_up && all.contains("managed_database.listed")).then_some(all)
    });
    assert!(!found.contains("can't be used"), "{found}");
    assert!(!found.contains("answered with status"), "{found}");
}
