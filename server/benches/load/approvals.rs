//! From the press on Approve to the process that was approved.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Documents, Outcome, Server, batch, expect, http::Connection, micros};

/// The number of starts of the program, and how many approvals there are each time, one after the
/// other: as many as a catalogue may have commands, because each cools down after its run.
const STARTS: usize = 2;
const APPROVALS: usize = 100;
/// One incident for each subject, however many there are.
const BEHAVIOUR: &str = "\n## How incidents behave\n\n| rule | value |\n| --- | --- |\n| flood of | 1000 incidents in 1 min |\n";

/// The mark of a recommendation whose run is over.
const ENDED: &[u8] = b"\"stage\":\"ended\"";

fn catalogue() -> String {
    let command = |number: usize| {
        format!(
            "| command | `note-time-{number}` |\n| --- | --- |\n| title | Note the time |\n| helps | `queue.depth` |\n| runs | `script:note-time` |\n\
             | check | - |\n| effect | The time is noted. |\n| risk | low |\n| blast radius | Nobody notices. |\n\
             | undo | can't be undone, because a time is only noted |\n| approval | one approver |\n| runs as | Calm Ops |\n| time limit | 10 s |\n\
             | cool-down | 1 min |\n| proof | `queue.depth` within 1 min |\n\n"
        )
    };
    format!("format: 1\n\n{}", (1..=APPROVALS).map(command).collect::<String>())
}

/// The approved command is a script that notes the time: the start of its shell, and of `date`, are
/// in what is measured.
pub async fn measure() -> Outcome {
    let dir = tempfile::Builder::new().prefix("calm-ops-").tempdir()?;
    let (script, noted) = (dir.path().join("note-time"), dir.path().join("noted"));
    let text = format!("#!/bin/sh\ndate +%s%6N > {0}.new\nmv {0}.new {0}\n", noted.display());
    fs::write(&script, &text)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    let hash: String =
        Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let configuration = format!(
        "[[script]]\nname = \"note-time\"\npath = \"{}\"\nsha256 = \"{hash}\"\n",
        script.display()
    );
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let server = Server::start_with(Documents {
            behaviour: BEHAVIOUR,
            commands: Some(&catalogue()),
            limits: None,
            configuration: &configuration,
        })
        .await?;
        approve(&server, &noted, &mut times).await?;
        server.stop().await?;
    }
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share).div_ceil(100).max(1) - 1] as f64 / 1e3;
    println!(
        "approval pressed to process started, {} times: {:.1} ms median, {:.1} ms for 99 %, {:.1} ms at most",
        times.len(),
        at(50),
        at(99),
        at(100)
    );
    Ok(())
}

async fn approve(server: &Server, noted: &Path, times: &mut Vec<u64>) -> Outcome {
    let mut connection = Connection::open(&server.address, &server.cookie).await?;
    for round in 1..=APPROVALS {
        let about = |value| batch(1, |_| (format!("service:run-{round}"), value));
        expect(connection.post("/api/ops/signals", &about(9_000.0)).await?.status, 202)?;
        let path = format!("/api/ops/recommendations/{round}-1");
        let began = Instant::now();
        let page: Value = loop {
            let answer = connection.get(&path, &[]).await?;
            if answer.status == 200 {
                break serde_json::from_slice(&answer.body)?;
            }
            if began.elapsed() > Duration::from_secs(30) {
                return Err(format!(
                    "nothing was recommended: {}",
                    String::from_utf8_lossy(&answer.body)
                )
                .into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let body = format!(r#"{{"binding":{}}}"#, page["binding"]);
        // Whatever the recommendation itself made busy is over.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let pressed = micros();
        expect(connection.post(&format!("{path}/approve"), body.as_bytes()).await?.status, 200)?;
        let began = Instant::now();
        let started: u64 = loop {
            if let Ok(text) = fs::read_to_string(noted) {
                break text.trim().parse()?;
            }
            if began.elapsed() > Duration::from_secs(30) {
                return Err("the approved command did not start".into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        times.push(started.saturating_sub(pressed));
        fs::remove_file(noted)?;
        // One run at a time touches a subject, and all of these touch the host.
        while !connection.get(&path, &[]).await?.body.windows(ENDED.len()).any(|part| part == ENDED)
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        expect(connection.post("/api/ops/signals", &about(1.0)).await?.status, 202)?;
    }
    Ok(())
}
