//! Retry storms, in full length: a spike of 3 s pushes an application over, and clients that try
//! again keep it there for as long as is looked, 60 s; without the gate and with it.

use futures::future::{join_all, try_join};
use serde_json::Value;

use crate::{
    Documents, Outcome, Server,
    proxy::{TOKEN, free_port},
    simulate::{median, simulate},
};

/// Tries at the same time: each is an application that mostly waits.
const AT_A_TIME: usize = 5;
/// The limits that `calm-ops init` writes, but on instead of observed.
const LIMITS: &str = include_str!("../../../ops/protection/limits.md");
/// The time within which the application is healthy again, in seconds.
const HEALTHY: f64 = 5.0;

/// A storm without the gate, and the same with it.
async fn try_once(seed: usize) -> Result<(Value, Value), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let token = dir.path().join("token");
    std::fs::write(&token, TOKEN)?;
    let configuration = format!(
        "[gate]\nlisten = \"127.0.0.1:{}\"\ntoken_file = \"{}\"\n",
        free_port()?,
        token.display()
    );
    let limits = LIMITS.replace("| observe |", "| on |");
    let server = Server::start_with(Documents {
        configuration: &configuration,
        limits: Some(&limits),
        ..Documents::default()
    })
    .await?;
    let seed = seed.to_string();
    let arguments = ["retry-storm", "--seed", &seed];
    let without = [&arguments[..], &["--without-gate"]].concat();
    let both = try_join(simulate(&server, &without), simulate(&server, &arguments)).await?;
    server.stop().await?;
    Ok(both)
}

pub async fn measure(tries: usize) -> Outcome {
    let seeds: Vec<usize> = (1..=tries).collect();
    let (mut collapsed, mut healthy, mut recovered, mut admitted) = (0, 0, Vec::new(), Vec::new());
    for some in seeds.chunks(AT_A_TIME) {
        for both in join_all(some.iter().map(|seed| try_once(*seed))).await {
            let (without, with) = both?;
            collapsed += usize::from(without["recovered_after_s"].is_null());
            let after = with["recovered_after_s"].as_f64().unwrap_or(f64::INFINITY);
            healthy += usize::from(after <= HEALTHY);
            recovered.push(after);
            let counts = &with["others"][2]["counts"];
            let share = |name: &str| counts[name].as_f64().unwrap_or(f64::NAN);
            admitted.push(share("admitted") / share("sent") * 100.0);
        }
    }
    println!(
        "retry storm: without the gate still collapsed 60 s after the trigger {collapsed} of {tries} times; with it healthy within {HEALTHY} s {healthy} of {tries} times (median {:.1} s, longest {:.1} s), and then {:.1} % of the requests of the others passed (median)",
        median(&recovered),
        recovered.iter().copied().fold(0.0, f64::max),
        median(&admitted),
    );
    Ok(())
}
