//! A spike of one organization among 1,000, by `calm-ops simulate`: seen and limited after how
//! long, what the others notice, and what the application does meanwhile.

use std::{fs, time::Duration};

use domain::time::Timestamp;
use serde_json::Value;

use crate::{
    Documents, Outcome, Server,
    application::{Application, Work},
    proxy::{Nginx, Ports, TOKEN, free_port},
    simulate::{median, simulate},
};

const ROUNDS: usize = 5;
/// The longest wait of a request that is still useful to who sent it.
const USEFUL: Duration = Duration::from_secs(1);
/// The application: 525 requests a second.
const WORKERS: usize = 21;
const SERVICE_TIME: Duration = Duration::from_millis(40);
/// Waits are compared in steps of this length, in microseconds.
const STEP: u64 = 100_000;
/// Steps of a second.
const CALM_STEPS: usize = 10;

/// The threshold is past at once, so that what is measured is the program's own time. One incident
/// for each spike, however many there are.
fn behaviour(level: u32) -> String {
    format!(
        "\n## Organizations\n\n\
         | signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands | measures |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n\
         | `organization.batch` | `organization:*` | above {level} requests/s | - | 0 s | 2 requests/s | - | An organization uploads far more than usual. | organization-traffic | - | limit `uploads` for 10 min |\n\
         \n## How incidents behave\n\n| rule | value |\n| --- | --- |\n| flood of | 1000 incidents in 1 min |\n"
    )
}

async fn server(
    gate: u16,
    level: u32,
    dir: &tempfile::TempDir,
    more: &str,
) -> Result<Server, Box<dyn std::error::Error>> {
    let token = dir.path().join("token");
    fs::write(&token, TOKEN)?;
    let configuration = format!(
        "[gate]\nlisten = \"127.0.0.1:{gate}\"\ntoken_file = \"{}\"\n{more}",
        token.display()
    );
    let behaviour = behaviour(level);
    let documents =
        Documents { configuration: &configuration, behaviour: &behaviour, ..Documents::default() };
    Server::start_with(documents).await
}

pub async fn measure() -> Outcome {
    reaction().await?;
    if Nginx::is_installed("spike through nginx") { overload().await } else { Ok(()) }
}

/// Seconds from the first request of the trouble, as the report tells.
fn after(report: &Value, name: &str) -> f64 {
    report["reactions"][name].as_f64().unwrap_or(f64::NAN)
}

/// Those of the others that were refused or failed, in the whole run.
fn harmed(report: &Value) -> u64 {
    let phases = report["others"].as_array().into_iter().flatten();
    let count = |name| move |phase: &Value| phase["counts"][name].as_u64().unwrap_or(u64::MAX);
    phases.map(|phase| count("refused")(phase).saturating_add(count("failed")(phase))).sum()
}

fn at_99(report: &Value, phase: usize) -> f64 {
    report["others"][phase]["p99_ms"].as_f64().unwrap_or(f64::NAN)
}

/// All 1,000 send a request a second, so that the one that spikes is followed by chance only before
/// it does. At the gate alone: another organization each time, in one run of the server.
async fn reaction() -> Outcome {
    let dir = tempfile::tempdir()?;
    let port = free_port()?;
    let server = server(port, 5, &dir, "").await?;
    let (mut detected, mut limited, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    let mut others_harmed = 0;
    for round in 0..ROUNDS {
        let organization = format!("spike-{round}");
        // What is usual is known after 50 s, and a place in the list is taken after 60 s.
        let calm = if round == 0 { "65s" } else { "15s" };
        let seed = (round + 1).to_string();
        let report = simulate(
            &server,
            &[
                &["one-of-many", "--organization", &organization, "--others", "999"][..],
                &["--others-rate", "1/s", "--rate", "11/s", "--ramp", "0s", "--for", "8s"],
                &["--calm", calm, "--after", "2s", "--seed", &seed],
            ]
            .concat(),
        )
        .await?;
        detected.push(after(&report, "detected_after_s"));
        limited.push(after(&report, "limited_after_s") - after(&report, "detected_after_s"));
        refused.push(after(&report, "refused_after_s"));
        others_harmed += harmed(&report);
    }
    println!(
        "one of 1,000 equal organizations at 12 times its rate, median of {ROUNDS}: an incident {:.2} s after its first request (each: {}), its limit {:.2} s later (each: {}), the first refusal {:.2} s after it; of the others {others_harmed} requests were refused or failed",
        median(&detected),
        list(&detected),
        median(&limited),
        list(&limited),
        median(&refused),
    );
    server.stop().await
}

fn list(values: &[f64]) -> String {
    values.iter().map(|value| format!("{value:.2}")).collect::<Vec<_>>().join(", ")
}

/// The figures of one overload.
struct Overload {
    detected: f64,
    limited: f64,
    /// 99% of the latencies of the others, while it lasted, beside the calm time before.
    slower: f64,
    /// The share of the capacity that was useful.
    useful: f64,
    /// The longest wait, and the usual one, in milliseconds.
    longest: f64,
    usual: f64,
    /// The time after the limit until waits were as usual, in milliseconds.
    calm_again: f64,
}

/// Through nginx, with an application that has 4% of its capacity left. The organization usually
/// sends five times as much as each other one, so that its spike is 1% more than the application
/// can do.
async fn overload() -> Outcome {
    let dir = tempfile::tempdir()?;
    let ports = Ports::free()?;
    let log = dir.path().join("gate.json");
    fs::write(&log, "")?;
    let more = format!("access_log = \"{}\"\n", log.display());
    let server = server(ports.gate, 15, &dir, &more).await?;
    let application = Application::start(ports.application, WORKERS, SERVICE_TIME)?;
    let recipe = ports
        .recipe()
        .replace("# access_log ", "access_log ")
        .replace("/var/log/nginx/calm-ops-gate.json", &log.display().to_string());
    let nginx = Nginx::start(&recipe, ports.listen).await?;
    let target = format!("http://127.0.0.1:{}/", ports.listen);
    let (mut rounds, mut others_harmed) = (Vec::new(), 0);
    for round in 0..ROUNDS {
        application.take();
        let organization = format!("spike-{round}");
        let seed = (round + 1).to_string();
        let report = simulate(
            &server,
            &[
                &["one-of-many", "--organization", &organization, "--others", "999"][..],
                &["--others-rate", "30/min", "--usual-rate", "150/min", "--rate", "1650/min"],
                &["--ramp", "0s", "--for", "8s", "--calm", "55s", "--after", "3s"],
                &["--target", &target, "--host", "*.shop.example", "--seed", &seed],
            ]
            .concat(),
        )
        .await?;
        others_harmed += harmed(&report);
        rounds.push(overloaded(&report, &application.take())?);
    }
    let of = |figure: fn(&Overload) -> f64| median(&rounds.iter().map(figure).collect::<Vec<_>>());
    println!(
        "one of 1,000 organizations at 12 times its rate, through nginx, an application that is full with it, median of {ROUNDS}: an incident after {:.2} s, its limit {:.2} s later; of the others {others_harmed} requests were refused or failed, 99 % of them took {:.2} times as long as before (each: {}); useful {:.1} % of the capacity; waits up to {:.0} ms, usual are {:.0} ms for 99 %, and again {:.0} ms after the limit (each: {})",
        of(|one| one.detected),
        of(|one| one.limited),
        of(|one| one.slower),
        list(&rounds.iter().map(|one| one.slower).collect::<Vec<_>>()),
        of(|one| one.useful) * 100.0,
        of(|one| one.longest),
        of(|one| one.usual),
        of(|one| one.calm_again),
        list(&rounds.iter().map(|one| one.calm_again).collect::<Vec<_>>()),
    );
    nginx.stop().await?;
    server.stop().await
}

fn overloaded(report: &Value, work: &[Work]) -> Result<Overload, Box<dyn std::error::Error>> {
    let began: Timestamp = serde_json::from_value(report["began_at"].clone())?;
    let seconds = |value: &Value| value.as_f64().ok_or("a figure is missing in the report");
    let micros = |seconds: f64| began.as_micros().unsigned_abs() + (seconds * 1e6) as u64;
    let calm = seconds(&report["parameters"]["calm_s"])?;
    let lasts = seconds(&report["parameters"]["for_s"])?;
    let (from, until) = (micros(calm), micros(calm + lasts));
    let during = |work: &&Work| (from..until).contains(&work.came);
    let useful = work.iter().filter(during).filter(|one| one.waited <= USEFUL).count();
    let capacity = WORKERS as f64 / SERVICE_TIME.as_secs_f64();
    let mut usual: Vec<Duration> = work
        .iter()
        .filter(|one| (from.saturating_sub(20_000_000)..from).contains(&one.came))
        .map(|one| one.waited)
        .collect();
    usual.sort_unstable();
    let usual = *usual.get(usual.len() * 99 / 100).ok_or("the application got no request")?;
    let detected = after(report, "detected_after_s");
    let limited = after(report, "limited_after_s");
    let limited_at = limited.is_finite().then(|| from + (limited * 1e6) as u64);
    Ok(Overload {
        detected,
        limited: limited - detected,
        slower: at_99(report, 1) / at_99(report, 0),
        useful: useful as f64 / (capacity * lasts),
        longest: work
            .iter()
            .filter(during)
            .map(|one| one.waited)
            .max()
            .unwrap_or_default()
            .as_secs_f64()
            * 1e3,
        usual: usual.as_secs_f64() * 1e3,
        calm_again: limited_at.map_or(f64::NAN, |at| calm_again(work, at, until, usual)),
    })
}

/// Milliseconds from the limit to the first second in which, in each step, half of the requests
/// waited no longer than almost all do usually; not a number if there is none.
fn calm_again(work: &[Work], limited: u64, until: u64, usual: Duration) -> f64 {
    let waits = |step: u64| {
        let within = limited + step * STEP..limited + (step + 1) * STEP;
        let mut waits: Vec<Duration> =
            work.iter().filter(|one| within.contains(&one.came)).map(|one| one.waited).collect();
        waits.sort_unstable();
        waits.get(waits.len() / 2).copied().unwrap_or_default()
    };
    let steps = until.saturating_sub(limited) / STEP;
    let calm: Vec<bool> = (0..steps).map(|step| waits(step) <= usual).collect();
    let first = calm.windows(CALM_STEPS).position(|steps| steps.iter().all(|calm| *calm));
    first.map_or(f64::NAN, |step| step as f64 * STEP as f64 / 1e3)
}
