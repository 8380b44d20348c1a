//! Maintenance windows, from outside: by the interface, by the pages' form, by the command line, and
//! across a restart.

use std::process::Output;

use serde_json::Value;

use crate::{
    program::{Home, Running, calm_ops},
    replay::replayed,
};

const SUBJECT: &str = "service:imports";

fn windows(program: &Running) -> Vec<Value> {
    let list = program.get("/api/ops/maintenance").json();
    list["windows"].as_array().cloned().unwrap_or_default()
}

fn begin(program: &Running, body: &str) -> u64 {
    let answer = program.post("/api/ops/maintenance", body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["number"].as_u64().unwrap()
}

fn is_open(program: &Running) -> bool {
    program.get("/api/ops/incidents").json()["active"].to_string().contains(SUBJECT)
}

fn journal(program: &Running, kind: &str) -> String {
    program.get(&format!("/ops/journal?kind={kind}")).body
}

/// Waits until the window tells what would have alerted.
fn would_have_alerted(program: &Running, number: u64) -> Value {
    program.until("what would have alerted", |program| {
        let window = windows(program).into_iter().find(|one| one["number"] == number)?;
        window["would_have_alerted"].get(0).cloned()
    })
}

#[test]
fn a_window_withholds_an_incident_tells_of_it_and_lets_it_open_at_its_end() {
    let home = Home::new();
    let mut program = home.start();
    for (wrong, field) in [
        (r#"{"subjects":[],"minutes":5,"reason":"x"}"#, "subjects"),
        (r#"{"subjects":["imports"],"minutes":5,"reason":"x"}"#, "subjects"),
        (r#"{"subjects":["*"],"reason":"x"}"#, "until"),
        (r#"{"subjects":["*"],"minutes":10081,"reason":"x"}"#, "until"),
        (r#"{"subjects":["*"],"minutes":5,"reason":""}"#, "reason"),
    ] {
        let answer = program.post("/api/ops/maintenance", wrong);
        assert_eq!(answer.status, 422, "{}", answer.body);
        assert_eq!(answer.json()["errors"][0]["pointer"], format!("/{field}"), "{}", answer.body);
    }
    program.push(SUBJECT, 1.0);
    program.until("the reading", |program| {
        program.get("/api/ops/health").body.contains(SUBJECT).then_some(())
    });
    let begun = program.post(
        "/api/ops/maintenance",
        r#"{"subjects":["service:im*","service:mails"],"minutes":90,"reason":"New disks"}"#,
    );
    let begun = begun.json();
    let number = begun["number"].as_u64().unwrap();
    assert_eq!(
        (&begun["covers"]["subjects"][0], &begun["covers"]["unmatched"][0]),
        (&SUBJECT.into(), &"service:mails".into()),
        "{begun}"
    );
    let withheld =
        |program: &Running| program.get("/api/ops/health").json()["now"]["withheld"].clone();
    let before = withheld(&program);
    program.push(SUBJECT, 9_000.0);
    let alert = would_have_alerted(&program, number);
    // By this an open page sees that there is more to tell.
    program.until("readings that differ", |program| (withheld(program) != before).then_some(()));
    assert_eq!(
        (&alert["subject"], &alert["signal"], &alert["severity"]),
        (&SUBJECT.into(), &"queue.depth".into(), &"critical".into())
    );
    assert!(alert["since"].is_string() && alert.get("ended_at").is_none(), "{alert}");
    let page = program.get("/ops/health").body;
    for text in ["New disks", "Would have alerted", "End now"] {
        assert!(page.contains(text), "'{text}' is missing: {page}");
    }
    // It survives a restart, with what would have alerted.
    program.terminate();
    let program = home.start();
    assert!(!is_open(&program));
    would_have_alerted(&program, number);
    let end = format!("/api/ops/maintenance/{number}/end");
    let redact = || {
        program.post(&format!("/api/ops/journal/{number}/redact"), r#"{"reason":"A name."}"#).status
    };
    assert_eq!(redact(), 409, "it is open, and what it covers is in the same entry");
    assert_eq!(program.post(&end, "{}").status, 200);
    assert!(journal(&program, "maintenance_begun").contains("New disks"));
    assert_eq!(redact(), 200);
    assert!(!journal(&program, "maintenance_begun").contains("New disks"));
    assert_eq!(program.post(&end, "{}").status, 404);
    program.push(SUBJECT, 9_000.0);
    let incident = program.incident_about(SUBJECT);
    // A replay decides the same; why the window was begun is no part of it.
    replayed(&home, &program, incident, "incident_opened");
    let bundle = program.get(&format!("/api/ops/incidents/{incident}/bundle")).body;
    assert!(bundle.contains(r#""service:im*""#) && !bundle.contains("New disks"));
    assert!(windows(&program).is_empty());
    let told = journal(&program, "maintenance_ended");
    assert!(told.contains(&format!("ended maintenance window {number}")), "{told}");
    assert!(told.contains("Would have alerted: queue depth of imports"), "{told}");
}

#[test]
fn a_window_ends_by_itself_also_while_nobody_runs() {
    let home = Home::new();
    let mut program = home.start();
    let ends_in = |seconds: i64| {
        let now = server::clock::Clock::start().now().wall.as_micros();
        let until = domain::time::Timestamp::from_micros(now + seconds * 1_000_000);
        format!(r#"{{"subjects":["*"],"until":"{until}","reason":"New memory"}}"#)
    };
    let first = begin(&program, &ends_in(2));
    program.push(SUBJECT, 9_000.0);
    program.incident_about(SUBJECT);
    let told = journal(&program, "maintenance_ended");
    assert!(told.contains(&format!("Maintenance window {first} ended as planned.")), "{told}");
    let second = begin(&program, &ends_in(2));
    program.kill();
    std::thread::sleep(std::time::Duration::from_secs(2));
    let program = home.start();
    program.until("the end of what ended meanwhile", |program| {
        let told = journal(program, "maintenance_ended");
        told.contains(&format!("Maintenance window {second} ended as planned.")).then_some(())
    });
}

fn maintenance(home: &Home, arguments: &[&str]) -> (Output, String) {
    let data = home.data();
    let mut line = vec!["maintenance".as_ref()];
    line.extend(arguments.iter().map(std::ffi::OsStr::new));
    line.extend(["--data-dir".as_ref(), data.as_os_str()]);
    let output = calm_ops(&line);
    let told = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output, told)
}

#[test]
fn the_command_line_begins_lists_and_ends_what_a_running_server_obeys() {
    let home = Home::new();
    let program = home.start();
    let (output, told) =
        maintenance(&home, &["begin", "--for", "2 h", "--reason", "New disks", "service:*"]);
    assert!(output.status.success(), "{told}");
    let number = program.until("the window", |program| {
        windows(program).first().and_then(|one| one["number"].as_u64())
    });
    assert!(told.contains(&format!("Maintenance window {number} is open until")), "{told}");
    // The server looks for what others wrote every two seconds.
    std::thread::sleep(std::time::Duration::from_secs(3));
    program.push(SUBJECT, 9_000.0);
    would_have_alerted(&program, number);
    assert!(!is_open(&program));
    let (output, told) = maintenance(&home, &["list"]);
    assert!(output.status.success() && told.contains("New disks"), "{told}");
    for (wrong, code) in [
        (vec!["begin", "--reason", "x", "service:*"], 2),
        (vec!["begin", "--for", "8 d", "--reason", "x", "service:*"], 2),
        (vec!["end", "999999"], 3),
    ] {
        let (output, told) = maintenance(&home, &wrong);
        assert_eq!(output.status.code(), Some(code), "{wrong:?}: {told}");
    }
    let (output, told) = maintenance(&home, &["end", &number.to_string()]);
    assert!(output.status.success(), "{told}");
    program.push(SUBJECT, 9_000.0);
    program.incident_about(SUBJECT);
    assert!(windows(&program).is_empty());
}
