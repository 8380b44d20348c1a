//! The real program is killed at random moments of runs: none is run twice, and the record stays
//! whole. `KILLS=50 cargo nextest run kills:: --no-capture` kills it fifty times;
//! `KILLS_SEED` repeats a series.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use serde_json::Value;

use crate::program::{
    Home, QUICK, Running,
    approved::{folder, own_script},
    verify,
};

/// Time for which the approved script works, in milliseconds.
const WORKS: u64 = 150;

/// As many commands as there are kills, because each cools down after its run.
fn catalogue(commands: usize) -> String {
    let command = |number: usize| {
        format!(
            "| command | `own-{number}` |\n| --- | --- |\n| title | Run the script |\n| helps | `queue.depth` |\n| runs | `script:own` |\n\
             | check | - |\n| effect | A line is written. |\n| risk | low |\n| blast radius | Nobody notices. |\n\
             | undo | can't be undone, because it is over |\n| approval | one approver |\n| runs as | Calm Ops |\n| time limit | 1 s |\n\
             | cool-down | 1 h |\n| proof | `queue.depth` within 1 min |\n\n"
        )
    };
    format!("format: 1\n\n{}", (1..=commands).map(command).collect::<String>())
}

fn count(log: &Path, what: &str) -> usize {
    fs::read_to_string(log).unwrap_or_default().lines().filter(|line| *line == what).count()
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

fn page(program: &Running, path: &str) -> Option<Value> {
    let answer = program.get(path);
    (answer.status == 200).then(|| answer.json())
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "another series each time, unless one is to be repeated"
)]
fn a_kill_at_any_moment_of_a_run_never_leads_to_a_second_one() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let kills = usize::try_from(number("KILLS").unwrap_or(8)).unwrap();
    // Every fifth time it is asked to stop instead, as a service manager does it, which leaves time
    // to see the end.
    let rounds = kills + kills / 4;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let seed = number("KILLS_SEED").unwrap_or(since.as_micros() as u64) | 1;
    println!("{kills} kills, KILLS_SEED={seed}");
    let mut random = Random(seed);

    let (home, place) = (Home::new(), folder());
    let log = place.path().join("log");
    let (_, section) = own_script(
        &place,
        &format!(
            "#!/bin/sh\necho begun >> {0}\nsleep 0.{WORKS}\necho ended >> {0}\n",
            log.display()
        ),
    );
    let configuration = place.path().join("calm-ops.toml");
    fs::write(&configuration, section).unwrap();
    fs::write(home.ops().join("runbooks/recovery.commands.md"), catalogue(rounds)).unwrap();
    fs::write(
        home.ops().join("alerts/thresholds.md"),
        QUICK.replace("5 incidents in 5 min", "1000 incidents in 1 min"),
    )
    .unwrap();
    let start = || {
        home.start_with(&["--config", configuration.to_str().unwrap()])
            .unwrap_or_else(|said| panic!("{said}"))
    };

    let (mut unknown, mut seen) = (0, 0);
    let mut program = start();
    for round in 1..=rounds {
        let subject = format!("service:round-{round}");
        program.push(&subject, 9_000.0);
        let path = format!("/api/ops/recommendations/{round}-1");
        let offered = program.until("a recommendation", |program| page(program, &path));
        let before = (count(&log, "begun"), count(&log, "ended"));
        // What was not seen to its end may still run, and holds what it acts upon for its time
        // limit.
        program.until("an approval", |program| {
            let approved = program.post(
                &format!("{path}/approve"),
                &format!(r#"{{"binding":{}}}"#, offered["binding"]),
            );
            let held = approved.status == 409 && approved.body.contains("may still be running");
            assert!(held || approved.status == 200, "{approved:?}");
            (!held).then_some(())
        });
        let wait = random.below(WORKS + 60);
        std::thread::sleep(Duration::from_millis(wait));
        let asked = round % 5 == 0;
        if asked {
            program.terminate();
        } else {
            program.kill();
        }

        program = start();
        let ended = program.until("the end of the run", |program| {
            page(program, &path).filter(|page| page["recommendation"]["stage"]["stage"] == "ended")
        });
        // What was started goes on without Calm Ops; what is started now would be seen by then.
        std::thread::sleep(Duration::from_millis(WORKS + 100));
        let ran = (count(&log, "begun") - before.0, count(&log, "ended") - before.1);
        let outcome = &ended["recommendation"]["stage"]["outcome"];
        let told = format!(
            "round {round}, {} after {wait} ms: it ran {ran:?}, and this is told: {outcome}",
            if asked { "stopped" } else { "killed" }
        );
        match outcome["outcome"].as_str().unwrap() {
            "unknown" => {
                unknown += 1;
                assert!(ran.0 <= 1, "{told}");
            }
            "exited" => {
                seen += 1;
                assert_eq!((ran, outcome["code"].as_u64()), ((1, 1), Some(0)), "{told}");
            }
            other => panic!("{other}: {told}"),
        }
        program.push(&subject, 1.0);
    }
    println!("{unknown} runs whose outcome is unknown, {seen} that were seen to their end");

    let mut started: Vec<(u64, u64)> = Vec::new();
    let mut after = 0;
    loop {
        let entries =
            program.get(&format!("/api/ops/journal?after={after}&limit=1000")).json()["entries"]
                .as_array()
                .unwrap()
                .clone();
        let Some(last) = entries.last() else { break };
        after = last["number"].as_u64().unwrap();
        let runs = entries
            .iter()
            .map(|entry| &entry["event"])
            .filter(|event| event["event"] == "run_started");
        started.extend(
            runs.map(|event| {
                (event["incident"].as_u64().unwrap(), event["place"].as_u64().unwrap())
            }),
        );
    }
    assert_eq!(started.len(), rounds, "each was started");
    started.dedup();
    assert_eq!(started.len(), rounds, "and none twice");
    program.terminate();
    let verified = verify(&home.data());
    assert!(verified.status.success(), "{verified:?}");
}
