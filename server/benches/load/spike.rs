//! A spike of one organization among 1,000, by `calm-ops simulate`: detected and limited after how
//! long, and the others meanwhile.

use std::{fs, net::TcpListener, process::Stdio};

use serde_json::Value;
use tokio::process::Command;

use crate::{Documents, Outcome, Server};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const THRESHOLD: &str = "\n## Organizations\n\n\
| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands | measures |\n\
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n\
| `organization.batch` | `organization:*` | above 5 requests/s | - | 1 s | 2 requests/s | - | An organization uploads far more than usual. | organization-traffic | - | limit `uploads` for 10 min |\n";

pub async fn measure() -> Outcome {
    let dir = tempfile::tempdir()?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let token = dir.path().join("token");
    fs::write(&token, TOKEN)?;
    let configuration =
        format!("[gate]\nlisten = \"127.0.0.1:{port}\"\ntoken_file = \"{}\"\n", token.display());
    let documents =
        Documents { configuration: &configuration, behaviour: THRESHOLD, ..Documents::default() };
    let server = Server::start_with(documents).await?;
    let report = dir.path().join("report");
    let done = Command::new(env!("CARGO_BIN_EXE_calm-ops"))
        .args(["simulate", "one-of-many", "--others", "999", "--others-rate", "1/s"])
        .args(["--rate", "12/s", "--ramp", "0s", "--for", "20s", "--calm", "20s", "--after", "5s"])
        .args(["--data-dir", &server.path("data"), "--ops-dir", &server.path("ops")])
        .args(["--config", &server.path("calm-ops.toml")])
        .arg("--save")
        .arg(&report)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await?;
    if !done.success() {
        return Err(format!("the simulation ended with {done}").into());
    }
    let report: Value = serde_json::from_slice(&fs::read(report.join("report.json"))?)?;
    let after = |name: &str| report["reactions"][name].as_f64().unwrap_or(f64::NAN);
    let phases: Vec<&Value> = report["others"].as_array().into_iter().flatten().collect();
    let refused: u64 = phases.iter().filter_map(|one| one["counts"]["refused"].as_u64()).sum();
    let at_99: Vec<f64> = phases.iter().filter_map(|one| one["p99_ms"].as_f64()).collect();
    println!(
        "one of 1,000 organizations at 12 times its rate: an incident after {:.1} s, limited after {:.1} s; of the others {refused} refused, 99 % within {:.1} ms before and {:.1} ms during",
        after("detected_after_s"),
        after("limited_after_s"),
        at_99.first().unwrap_or(&f64::NAN),
        at_99.get(1).unwrap_or(&f64::NAN),
    );
    server.stop().await
}
