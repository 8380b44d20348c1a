//! Stability reports, tried on the real program: made by itself or on demand, by the template that
//! people edit, kept as they were, and reviewed by a person who may approve.

use std::{fs, time::Duration};

use domain::{actor::Actor, incident::Incident, journal::Event, time::Span};
use serde_json::{Value, json};
use server::{
    clock::Clock,
    store::{About, Change, Where},
};

use crate::program::{Answer, Home, Running, calm_ops};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const TEMPLATE: &str = "reports/weekly.stability.md";

fn send(program: &Running, cookie: &str, kind: &str, path: &str, body: &str) -> Answer {
    let headers = format!("Cookie: {cookie}\r\nContent-Type: {kind}\r\nAccept: text/html\r\n");
    program.request("POST", path, &headers, body).unwrap()
}

fn reports(program: &Running) -> Vec<Value> {
    let list = program.get("/api/ops/reports").json();
    list["reports"].as_array().unwrap().clone()
}

#[test]
fn a_report_is_made_kept_and_reviewed() {
    let home = Home::new();
    let program = home.start();
    program.push("service:imports", 9_000.0);
    let incident = program.incident_about("service:imports");
    let resolved = format!("/api/ops/incidents/{incident}/resolve");
    assert_eq!(program.post(&resolved, r#"{"note":"by hand"}"#).status, 200);
    assert_eq!(reports(&program).len(), 0, "nothing is due in the first week");

    let viewer = program.invite("viewer", "Vi");
    let responder = program.invite("responder", "Ada");
    let approver = program.invite("approver", "Bo");
    let make = |cookie: &str| {
        send(&program, cookie, JSON, "/api/ops/reports", r#"{"kind":"weekly"}"#).status
    };
    assert_eq!((make(&viewer), make(&responder), make(&responder)), (403, 200, 200));
    let list = reports(&program);
    assert_eq!(list.len(), 1, "a second press makes no second one: {list:?}");
    assert_eq!(list[0]["promises"]["incidents"], 1);
    let number = list[0]["report"].as_u64().unwrap();

    let path = format!("/api/ops/reports/{number}");
    let page = program.get(&path).json();
    let figures = &page["made"]["figures"];
    assert_eq!(figures["incidents"][0]["incident"], json!(incident), "{figures}");
    assert!(figures["gaps"]["journal_began"].is_string(), "{figures}");
    assert_eq!(page["reviewed"], Value::Null);
    let text = program.get(&format!("{path}/report.md"));
    assert!(text.head.to_lowercase().contains("content-type: text/markdown"), "{text:?}");
    assert!(text.body.starts_with("# Weekly stability summary: "), "{}", text.body);
    assert!(text.body.contains("One incident was opened"), "{}", text.body);
    assert_eq!(program.get("/api/ops/reports/999999").status, 404);

    // Whoever asked for it knows of it: the quiet line is about those that are made by themselves.
    let link = format!("href=\"/ops/reports/{number}\"");
    assert!(!program.get("/ops/health").body.contains(&link));
    let here = format!("/ops/reports/{number}");
    let shown = program.get(&here).body;
    assert!(!shown.contains("class=\"lead\""), "the text says it already: {shown}");
    for part in ["Mark as reviewed", "One incident was opened", "Recovered within 5 min"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let review = format!("what=review&report={number}");
    assert_eq!(send(&program, &responder, FORM, "/ops/reports", &review).status, 403);
    let done = send(&program, &approver, FORM, "/ops/reports", &review);
    assert_eq!(done.status, 303, "{done:?}");
    let reviewed = program.get(&path).json()["reviewed"].clone();
    assert!(reviewed["by"].is_string(), "{reviewed}");
    assert!(program.get("/ops/reports").body.contains("it is reviewed"));
    // The first one who reviewed it stays, and the figures stay as they were made.
    let again = format!("{path}/review");
    assert_eq!(program.post(&again, "").status, 200);
    let later = program.get(&path).json();
    assert_eq!((&later["reviewed"], &later["made"]), (&reviewed, &page["made"]));
}

/// The journal of a program that started nine days ago and was stopped at once.
fn stopped_nine_days_ago(home: &Home) {
    let at = Clock::start().now().wall.minus(Span::from_mins(9 * 24 * 60));
    fs::create_dir_all(home.data()).unwrap();
    let path = home.data().join("calm-ops.db");
    let started = vec![Event::Started { version: "0.1.0".into() }];
    let decide = Box::new(move |_: &[Incident]| Ok(started));
    let (actor, about) = (Actor::System, About::Nothing);
    let change = Change { at, actor, about, decide, people: None, monitor: None };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = server::store::open_archive(&Where::Sqlite { path }).await.unwrap();
        store.change(change).await.unwrap();
        store.save_monitor(None, at).await.unwrap();
        store.leave().await;
    });
}

#[test]
fn the_report_of_a_week_that_was_missed_is_made_once_by_itself() {
    let home = Home::new();
    stopped_nine_days_ago(&home);
    let mut program = home.start();
    let list = program.until("the report that is due", |program| {
        let list = reports(program);
        (!list.is_empty()).then_some(list)
    });
    assert_eq!((list.len(), &list[0]["made_by"]), (1, &json!("system")), "{list:?}");
    let number = list[0]["report"].as_u64().unwrap();
    let path = format!("/api/ops/reports/{number}");
    let figures = program.get(&path).json()["made"]["figures"].clone();
    // The stop that ended with this start is in it.
    assert_eq!(figures["gaps"]["longest"][0]["why"], "not_running", "{figures}");

    // Until somebody reviewed it, one quiet line of the health page says so.
    let link = format!("href=\"/ops/reports/{number}\"");
    assert!(program.get("/ops/health").body.contains(&link));
    program.terminate();
    let program = home.start();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(reports(&program).len(), 1, "it is made once");
    assert!(program.get("/ops/health").body.contains(&link));
    assert_eq!(program.post(&format!("{path}/review"), "").status, 200);
    assert!(!program.get("/ops/health").body.contains(&link));
}

#[test]
fn people_edit_the_template_and_a_mistake_is_told_with_its_place() {
    let home = Home::new();
    let program = home.start();
    let path = home.ops().join(TEMPLATE);
    fs::write(&path, "format: 1\n## Template\n# Mine\n{sumary}\n").unwrap();
    let error = program.until("the edit to be refused", |program| {
        let health = program.get("/api/ops/health").json();
        let documents = health["documents"].as_array()?.clone();
        let found = documents.into_iter().find(|one| one["name"] == TEMPLATE)?;
        found["error"].as_str().map(str::to_owned)
    });
    assert!(error.contains("weekly.stability.md:4:1"), "{error}");
    assert!(error.contains("did you mean {summary}?"), "{error}");
    fs::write(&path, "format: 1\n## Template\n# Mine\n{summary}\n").unwrap();
    program.until("the edit to be in force", |program| {
        let health = program.get("/api/ops/health").json();
        let documents = health["documents"].as_array()?.clone();
        let found = documents.into_iter().find(|one| one["name"] == TEMPLATE)?;
        found["error"].is_null().then_some(())
    });
    let cookie = program.invite("responder", "Ada");
    let made = send(&program, &cookie, FORM, "/ops/reports", "what=make&kind=daily");
    assert_eq!(made.status, 303, "{made:?}");
    let number = reports(&program)[0]["report"].as_u64().unwrap();
    let text = program.get(&format!("/api/ops/reports/{number}/report.md")).body;
    assert!(text.starts_with("# Mine\nNo incident was seen. The journal began at "), "{text}");

    // The command line makes one beside the server that runs.
    let (data, ops) = (home.data(), home.ops());
    let flags = ["report", "monthly", "--data-dir"].map(std::ffi::OsStr::new);
    let more = [data.as_os_str(), "--ops-dir".as_ref(), ops.as_os_str()];
    let printed = calm_ops(&[&flags[..], &more[..]].concat());
    let out = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.status.success(), "{out}");
    assert!(out.starts_with("# Mine\nNo incident was seen. The journal began at "), "{out}");
    program.until("the report of the command line", |program| {
        reports(program).iter().any(|one| one["period"]["kind"] == "monthly").then_some(())
    });
}

#[test]
fn a_broken_document_keeps_no_report_from_being_made() {
    let home = Home::new();
    let mut program = home.start();
    program.terminate();
    let (data, ops) = (home.data(), home.ops());
    fs::write(ops.join(TEMPLATE), "format: 1\n## Template\n# Mine\n{summary}\n\n{near misses}\n")
        .unwrap();
    fs::write(ops.join("alerts/thresholds.md"), "format: 1\n| signal |\n").unwrap();
    let report = |length: &str| {
        let flags = ["report", length, "--data-dir"].map(std::ffi::OsStr::new);
        let more = [data.as_os_str(), "--ops-dir".as_ref(), ops.as_os_str()];
        let printed = calm_ops(&[&flags[..], &more[..]].concat());
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(printed.stdout), text(printed.stderr));
        assert!(printed.status.success(), "{out}{err}");
        (out, err)
    };
    let (out, err) = report("weekly");
    assert!(err.contains("thresholds.md:"), "the place of the mistake: {err}");
    assert!(err.contains("alerts/thresholds.md can't be read, so the version in force"), "{err}");
    assert!(out.starts_with("# Mine\n") && !out.contains("Not known"), "{out}");
    // Without a version that a server put in force it is told what is not known.
    fs::remove_dir_all(data.join("in-force")).unwrap();
    let (out, err) = report("daily");
    assert!(err.contains("so nothing is told of near misses"), "{err}");
    assert!(out.contains("- Not known: alerts/thresholds.md could not be read"), "{out}");
}
