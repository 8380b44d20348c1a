//! The decisions that the real program records for an incident are the same when it is run again.

use std::fs;

use domain::time::Timestamp;
use serde_json::Value;

use crate::program::{Home, Running, calm_ops};

const SUBJECT: &str = "service:imports";

fn page(program: &Running, number: u64) -> Value {
    program.get(&format!("/api/ops/incidents/{number}")).json()
}

/// Exports the bundle of an incident once it holds a text, and replays it; what the replay tells.
pub fn replayed(home: &Home, program: &Running, number: u64, text: &str) -> String {
    let body = program.until(&format!("a bundle with {text}"), |program| {
        let bundle = program.get(&format!("/api/ops/incidents/{number}/bundle"));
        (bundle.status == 200 && bundle.body.contains(text)).then_some(bundle.body)
    });
    let file = home.dir.path().join("bundle.json");
    fs::write(&file, body).unwrap();
    let output = calm_ops(&["replay".as_ref(), file.as_os_str()]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("The same decisions, byte for byte."), "{told}");
    told
}

/// A person acts, all comes to rest, the end is offered, and the person takes it.
fn end(program: &Running, number: u64) {
    assert_eq!(
        program
            .post(
                &format!("/api/ops/incidents/{number}/comment"),
                r#"{"text":"The importer is restarted."}"#
            )
            .status,
        200
    );
    assert_eq!(program.push(SUBJECT, 10.0).status, 202);
    program.until("the offer of the end", |program| {
        (page(program, number)["incident"]["resolution_offered"] == true).then_some(())
    });
    assert_eq!(
        program
            .post(&format!("/api/ops/incidents/{number}/resolve"), r#"{"note":"It works."}"#)
            .status,
        200
    );
}

#[test]
fn an_incident_that_a_person_ended_is_decided_the_same_from_its_opening_to_its_end() {
    let home = Home::new();
    let program = home.start();
    // The first value comes without a unit.
    let first = format!(
        r#"{{"observations":[{{"signal":"queue.depth","subject":"{SUBJECT}","value":3}}]}}"#
    );
    assert_eq!(program.post("/api/ops/signals", &first).status, 202);
    program.push(SUBJECT, 2_000.0);
    let number = program.incident_about(SUBJECT);
    let told = replayed(&home, &program, number, "incident_opened");
    assert!(told.contains(&format!("Incident {number} opens, warning")), "{told}");
    program.push(SUBJECT, 9_000.0);
    program.until("critical", |program| {
        (page(program, number)["incident"]["severity"] == "critical").then_some(())
    });
    end(&program, number);
    let told = replayed(&home, &program, number, "person_resolved");
    for line in [
        "opens, warning",
        "is critical",
        "gets a comment",
        "has recovered",
        "waits for someone to resolve it",
        "is resolved",
    ] {
        assert!(told.contains(line), "'{line}' is missing:\n{told}");
    }
}

#[test]
fn an_incident_during_which_the_program_was_killed_is_decided_the_same() {
    let home = Home::new();
    let mut program = home.start();
    program.push(SUBJECT, 9_000.0);
    let number = program.incident_about(SUBJECT);
    replayed(&home, &program, number, "incident_opened");
    program.kill();
    let program = home.start();
    assert_eq!(page(&program, number)["incident"]["state"], "awaiting_decision");
    // What was recorded before is still there.
    replayed(&home, &program, number, "incident_opened");
    // What is well after a restart must be well for a minute; what is seen beyond its level again
    // is in no doubt.
    assert_eq!(program.push(SUBJECT, 9_000.0).status, 202);
    end(&program, number);
    // What is recorded since the restart is kept with the next incident.
    let other =
        r#"{"observations":[{"signal":"queue.depth","subject":"service:exports","value":9000}]}"#;
    assert_eq!(program.post("/api/ops/signals", other).status, 202);
    let next = program.incident_about("service:exports");
    let told = replayed(&home, &program, next, "person_resolved");
    for line in
        ["gets a comment", "has recovered", "waits for someone to resolve it", "is resolved"]
    {
        assert!(told.contains(line), "'{line}' is missing:\n{told}");
    }
    // It begins after the first one's opening, and took not the place of what led to that.
    let told = replayed(&home, &program, number, "incident_opened");
    assert!(told.contains(&format!("Incident {number} opens, critical")), "{told}");
}

#[test]
fn a_subject_that_was_retired_and_reports_again_is_decided_the_same() {
    let home = Home::new();
    let program = home.start();
    program.push(SUBJECT, 2_000.0);
    let number = program.incident_about(SUBJECT);
    assert_eq!(
        program.post("/api/ops/subjects/retire", &format!(r#"{{"subject":"{SUBJECT}"}}"#)).status,
        200
    );
    program.until("the recovery", |program| {
        (page(program, number)["incident"]["state"] != "detected").then_some(())
    });
    program.push(SUBJECT, 9_000.0);
    program.until("critical", |program| {
        (page(program, number)["incident"]["severity"] == "critical").then_some(())
    });
    end(&program, number);
    let told = replayed(&home, &program, number, "person_resolved");
    assert!(told.contains("is resolved"), "{told}");
}

#[test]
fn an_incident_names_the_deployment_before_it_and_is_decided_the_same() {
    let home = Home::new();
    let mut program = home.start();
    let report = |program: &Running, body: &str| program.post("/api/ops/changes", body);
    let now = server::clock::Clock::start().now().wall;
    let at = |minutes: i64| {
        Timestamp::from_micros(now.as_micros() - minutes * 60_000_000).to_seconds_text()
    };
    let body = format!(r#"{{"kind":"deployment","what":"api","version":"3f2a","at":"{}"}}"#, at(4));
    assert_eq!(report(&program, &body).status, 200);
    for (wrong, field) in [
        (r#"{"kind":"deployment","what":""}"#.to_owned(), "what"),
        (r#"{"kind":"deploy","what":"api"}"#.to_owned(), "unknown variant"),
        (format!(r#"{{"kind":"other","what":"api","at":"{}"}}"#, at(-9)), "at"),
    ] {
        let answer = report(&program, &wrong);
        assert_eq!(answer.status, 422, "{}", answer.body);
        assert!(answer.body.contains(field), "{}", answer.body);
    }
    // What was reported is still known after a restart.
    program.kill();
    let program = home.start();
    program.push(SUBJECT, 9_000.0);
    let number = program.incident_about(SUBJECT);
    let incident = page(&program, number);
    assert_eq!(incident["incident"]["changes"][0]["what"], "api", "{incident}");
    let html = program.get(&format!("/ops/incidents/{number}")).body;
    assert!(html.contains("after deployment 3f2a of api."), "{html}");
    replayed(&home, &program, number, "after_change");
    let journal = program.get("/ops/journal?kind=change_reported").body;
    assert!(journal.contains("reported deployment 3f2a of api, done at"), "{journal}");
}
