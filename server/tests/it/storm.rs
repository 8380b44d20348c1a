//! `kill -9` in the middle of a storm, again and again: no answered change is lost, the journal
//! verifies, and nothing needs repair.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::program::{Home, observation, verify};

#[test]
fn no_answered_change_is_lost_when_the_program_is_killed_twenty_times() {
    let home = Home::new();
    let mut answered: Vec<String> = Vec::new();
    for round in 0..20_u64 {
        let program = Arc::new(home.start());
        assert!(
            program.started_in < Duration::from_secs(1),
            "round {round}: it took {:?} to answer",
            program.started_in
        );
        let storm_over = Arc::new(AtomicBool::new(false));
        let storm = {
            let (program, over) = (Arc::clone(&program), Arc::clone(&storm_over));
            std::thread::spawn(move || {
                for step in 0_u64.. {
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    let value = if step % 3 == 2 { 1.0 } else { 9_000.0 };
                    let _ = program.try_post(
                        "/api/ops/signals",
                        &observation(&format!("service:storm-{}", step % 7), value),
                    );
                }
            })
        };
        program.push("service:main", 9_000.0);
        let number = program.until("an active incident", |program| {
            let incidents = program.get("/api/ops/incidents").json();
            incidents["active"][0]["number"].as_u64()
        });
        // Killed at another moment in each round.
        let moment = Duration::from_millis(40 + 37 * (round % 11));
        let killer = {
            let pid =
                rustix::process::Pid::from_raw(i32::try_from(program.child.id()).unwrap()).unwrap();
            std::thread::spawn(move || {
                std::thread::sleep(moment);
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
            })
        };
        for step in 0.. {
            let text = format!("answered {round}-{step}");
            match program.try_post(
                &format!("/api/ops/incidents/{number}/comment"),
                &format!(r#"{{"text":"{text}"}}"#),
            ) {
                Some(answer) if answer.status == 200 => answered.push(text),
                Some(answer) => panic!("{answer:?}"),
                None => break,
            }
        }
        killer.join().unwrap();
        storm_over.store(true, Ordering::Relaxed);
        storm.join().unwrap();
        drop(program);
        let verified = verify(&home.data());
        assert!(verified.status.success(), "round {round}: {verified:?}");
    }
    assert!(
        answered.len() > 20,
        "too few changes were answered for this test to mean anything: {}",
        answered.len()
    );
    let program = home.start();
    let (mut after, mut found) = (0, Vec::new());
    loop {
        let page = program.get(&format!("/api/ops/journal?after={after}&limit=1000")).json();
        let entries = page["entries"].as_array().unwrap().clone();
        let Some(last) = entries.last() else { break };
        after = last["number"].as_u64().unwrap();
        found.extend(
            entries.iter().filter_map(|entry| entry["event"]["text"].as_str().map(str::to_owned)),
        );
    }
    for text in &answered {
        assert!(found.contains(text), "{text} was answered and is lost");
    }
}
