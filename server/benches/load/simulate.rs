//! `calm-ops simulate` beside a server, and what its report says.

use std::{fs, process::Stdio};

use serde_json::Value;
use tokio::process::Command;

use crate::Server;

/// Runs a simulation with the configuration of a server; its report for programs.
pub async fn simulate(
    server: &Server,
    arguments: &[&str],
) -> Result<Value, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let done = Command::new(env!("CARGO_BIN_EXE_calm-ops"))
        .arg("simulate")
        .args(arguments)
        .args(["--data-dir", &server.path("data"), "--ops-dir", &server.path("ops")])
        .args(["--config", &server.path("calm-ops.toml")])
        .arg("--save")
        .arg(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .output()
        .await?;
    if !done.status.success() {
        let told = String::from_utf8_lossy(&done.stderr);
        return Err(format!("the simulation ended with {}: {told}", done.status).into());
    }
    Ok(serde_json::from_slice(&fs::read(folder.path().join("report.json"))?)?)
}

/// The median; not a number if there is none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
