//! Practice, by the real program and a receiver of notifications: from the command line and by the
//! interface, approved, killed in between, and with nobody who acts.

use std::{fs, process::Output};

use serde_json::Value;

use crate::{
    notifications::receiver::{Receiver, Taken},
    program::{Home, QUICK, Running, calm_ops},
};

/// The row that the documents of the program have.
const ROW: &str = "\n## Practice\n\n\
| signal | subject | warning | critical | for | recovers at | what it means | runbook | commands |\n\
| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n\
| `practice.pressure` | `practice:practice` | - | above 50% | 0 s | - | This is a practice. | first-five-minutes | `practice` |\n";

/// A home with the row of a practice.
fn home() -> Home {
    let home = Home::new();
    fs::write(home.ops().join("alerts/thresholds.md"), format!("{QUICK}{ROW}")).unwrap();
    home
}

/// Sends the owner's notifications to a receiver, all that is critical.
fn notify(program: &Running, receiver: &Receiver) {
    let wanted = format!(
        r#"{{"label":"Phone","way":{{"kind":"webhook","url":"{}","form":"calm_ops"}},"least":"critical","enabled":true}}"#,
        receiver.url
    );
    let set = program.post("/api/people/contacts", &wanted);
    assert_eq!(set.status, 200, "{set:?}");
}

fn command(home: &Home, arguments: &[&str]) -> Output {
    let (data, ops) = (home.data(), home.ops());
    let mut all: Vec<&std::ffi::OsStr> = vec!["practice".as_ref()];
    all.extend(arguments.iter().map(std::ffi::OsStr::new));
    all.extend(["--data-dir".as_ref(), data.as_os_str(), "--ops-dir".as_ref(), ops.as_os_str()]);
    calm_ops(&all)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn begin(program: &Running) {
    let begun = program.post("/api/ops/practice", r#"{"minutes":5}"#);
    assert_eq!(begun.status, 200, "{begun:?}");
}

fn incident(program: &Running, number: u64) -> Value {
    program.get(&format!("/api/ops/incidents/{number}")).json()["incident"].clone()
}

fn acknowledge(program: &Running, number: u64) {
    let path = format!("/api/ops/incidents/{number}/acknowledge");
    assert_eq!(program.post(&path, "{}").status, 200);
}

/// Approves the command of a practice as soon as it is recommended; its page before that.
fn approve(program: &Running, number: u64) -> Value {
    let path = format!("/api/ops/recommendations/{number}-1");
    let page = program.until("the recommendation", |program| {
        let page = program.get(&path);
        (page.status == 200).then(|| page.json())
    });
    let body = format!(r#"{{"binding":{}}}"#, page["binding"]);
    let approved = program.post(&format!("{path}/approve"), &body);
    assert_eq!(approved.status, 200, "{approved:?}");
    page
}

/// Waits until a practice's incident is over: a person ends what a person acted upon.
fn resolve(program: &Running, number: u64) {
    program.until("the offer to resolve", |program| {
        incident(program, number)["resolution_offered"].as_bool().filter(|offered| *offered)
    });
    let path = format!("/api/ops/incidents/{number}/resolve");
    assert_eq!(program.post(&path, "{}").status, 200);
}

fn kinds(program: &Running) -> Vec<String> {
    let entries = program.get("/api/ops/journal?limit=1000").json()["entries"].clone();
    let kind = |entry: &Value| entry["event"]["event"].as_str().unwrap_or_default().to_owned();
    entries.as_array().unwrap().iter().map(kind).collect()
}

/// Everything that counts incidents.
fn figures(program: &Running) -> Value {
    program.get("/api/ops/history").json()["summary"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_practice_goes_the_whole_way_is_marked_and_counts_nowhere() {
    let (home, phone) = (home(), Receiver::start().await);
    let program = home.start_with(&["--public-url", "https://ops.example.com"]).unwrap();
    notify(&program, &phone);
    let before = figures(&program);
    let readiness = |program: &Running| program.get("/api/ops/readiness").json();
    let state = readiness(&program)["practice"].clone();
    assert!(state["last"].is_null() && state["obstacle"].is_null(), "{state}");
    assert_eq!(state["notified"].as_array().unwrap().len(), 1, "{state}");

    let page = program.get("/ops/settings/readiness").body;
    assert!(page.contains("Begin a practice") && page.contains("The team has not practised yet."));
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let origin = format!("{form}Origin: http://{}\r\n", program.address);
    let begun = program
        .request("POST", "/ops/settings/readiness", &origin, "what=begin&minutes=5")
        .unwrap();
    assert_eq!(begun.status, 303, "{begun:?}");
    let number = program.incident_about("practice:practice");
    let again = program.post("/api/ops/practice", "{}");
    assert!(again.status == 409 && again.body.contains("A practice is in progress"), "{again:?}");

    // Nobody outside is told of it: its drafts are marked, and none can be saved.
    let path = format!("/api/ops/incidents/{number}/messages");
    for message in program.get(&path).json()["messages"].as_array().unwrap() {
        let draft = &message["draft"];
        assert!(draft["subject"].as_str().unwrap().starts_with("Practice: "), "{draft}");
        let first = draft["sentences"][0]["text"].as_str().unwrap();
        assert!(first.starts_with("This is a practice."), "{draft}");
    }
    let text = program.get(&format!("{path}.txt?audience=all")).body;
    assert!(text.starts_with("This is a practice."), "{text}");
    let hash = "0".repeat(64);
    for (what, body) in [
        ("", r#"{"audience":"all","stage":"first","text":"x"}"#.to_owned()),
        ("/review", format!(r#"{{"audience":"all","version":1,"binding":"{hash}"}}"#)),
        (
            "/sent",
            format!(r#"{{"audience":"all","version":1,"binding":"{hash}","destination":"x"}}"#),
        ),
    ] {
        let refused = program.post(&format!("{path}{what}"), &body);
        assert!(refused.status == 422 && refused.body.contains("practice"), "{refused:?}");
    }

    // Each message and each page says first that it is a practice.
    let sent = phone.until(1).await[0].json();
    assert!(sent["title"].as_str().unwrap().starts_with("Practice:"), "{sent}");
    assert_eq!(sent["practice"], true, "{sent}");
    assert!(sent["text"].as_str().unwrap().starts_with("This is a practice."), "{sent}");
    acknowledge(&program, number);
    let recommended = approve(&program, number);
    assert_eq!(recommended["recommendation"]["command"], "practice", "{recommended}");
    for path in [
        "/ops/incidents".to_owned(),
        format!("/ops/incidents/{number}"),
        format!("/ops/approve/{number}-1"),
        "/ops/history".to_owned(),
    ] {
        let page = program.get(&path).body;
        assert!(page.contains("Practice: "), "{path}: {page}");
    }
    let page = program.get(&format!("/ops/approve/{number}-1")).body;
    assert!(page.contains("This is a practice."), "{page}");
    let health = program.get("/api/health").json();
    assert_eq!(
        (&health["active_incidents"], health["status"] == "critical"),
        (&0.into(), false),
        "{health}"
    );
    let now = program.get("/api/ops/health").json()["now"].to_string();
    assert!(!now.contains("practice"), "{now}");
    resolve(&program, number);

    assert_eq!(figures(&program), before, "a practice is in no figure");
    let found = |query: &str| {
        let found = program.get(&format!("/api/ops/history?{query}")).json()["incidents"].clone();
        found.as_array().unwrap().len()
    };
    assert_eq!([found(""), found("practice=true"), found("practice=false")], [1, 1, 0]);
    let run = incident(&program, number)["recommendations"][0]["stage"].clone();
    assert!(run["stage"] == "ended" && run["worked"] == true, "{run}");
    program.until("the end of the practice's signal", |program| {
        kinds(program).iter().any(|kind| kind == "subject_retired").then_some(())
    });
    let state = readiness(&program)["practice"].clone();
    assert!(state["open"].is_null() && state["last"]["incident"] == number, "{state}");
    assert!(state["last"]["steps"]["approved"].is_u64(), "{state}");
    assert!(program.get("/ops/settings/readiness").body.contains("its command approved after"));
    let told = program.get("/ops/journal?kind=practice_ended").body;
    assert!(told.contains("its command was approved and has run"), "{told}");

    // The next one is an incident of its own.
    begin(&program);
    assert_ne!(program.incident_about("practice:practice"), number);
    let ended = program.post("/api/ops/practice/end", "{}");
    assert_eq!(ended.status, 200, "{ended:?}");
    program.until("the end", |program| {
        program.get("/api/ops/incidents").json()["active"].as_array()?.is_empty().then_some(())
    });
}

#[test]
fn one_of_those_who_begin_at_the_same_moment_begins() {
    let home = home();
    let program = home.start();
    let all = |path: &str, body: &str| {
        let mut statuses: Vec<u16> = std::thread::scope(|scope| {
            let post = || program.post(path, body).status;
            let all: Vec<_> = (0..8).map(|_| scope.spawn(post)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        statuses.sort_unstable();
        statuses
    };
    let once = [200, 409, 409, 409, 409, 409, 409, 409];
    assert_eq!(all("/api/ops/practice", r#"{"minutes":5}"#), once);
    assert_eq!(all("/api/ops/practice/end", "{}"), once);
    let told = kinds(&program);
    for kind in ["practice_begun", "practice_ended"] {
        assert_eq!(told.iter().filter(|one| *one == kind).count(), 1, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_practice_survives_a_kill_and_yields_to_what_is_real() {
    let (home, phone) = (home(), Receiver::start().await);
    let mut program = home.start();
    notify(&program, &phone);
    begin(&program);
    let number = program.incident_about("practice:practice");
    program.kill();
    let program = home.start();
    assert_eq!(program.incident_about("practice:practice"), number);
    acknowledge(&program, number);
    approve(&program, number);
    resolve(&program, number);
    assert_eq!(kinds(&program).iter().filter(|kind| *kind == "incident_opened").count(), 1);

    // A warning is no reason to end it, and is not correlated; what is critical ends it.
    begin(&program);
    let second = program.incident_about("practice:practice");
    program.push("service:imports", 2_000.0);
    let real = program.incident_about("service:imports");
    assert_ne!(real, second);
    assert!(program.get("/api/ops/readiness").json()["practice"]["open"].is_object());
    let first = program.get("/api/ops/incidents").json()["active"][0]["number"].clone();
    assert_eq!(first, real, "what is real comes first, however severe the practice is");
    program.push("service:imports", 9_000.0);
    program.until("the end of the practice", |program| {
        let ended = program.get("/ops/journal?kind=practice_ended").body;
        ended.contains("is real and critical").then_some(())
    });
    // It is told like any other, as soon as it is critical.
    program.until("the notification about what is real", |_| {
        let title = |one: &Taken| one.json()["title"].as_str().unwrap_or_default().to_owned();
        let is_real = |one: &Taken| title(one).to_lowercase().contains("critical: the queue");
        phone.accepted().iter().any(is_real).then_some(())
    });
    let refused = program.post("/api/ops/practice", "{}");
    assert!(refused.status == 409 && refused.body.contains("real and critical"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_follows_a_practice_and_reports_what_did_not_happen() {
    let (home, phone) = (home(), Receiver::start().await);
    let program = home.start();
    notify(&program, &phone);
    let done = command(&home, &["--for", "10 s"]);
    let said = text(&done.stdout);
    assert_eq!(done.status.code(), Some(1), "{done:?}");
    for line in [
        "These people are notified at once, also at night",
        "began a practice",
        "its time is over and its command has not run",
        "How it went",
        "nobody acknowledged it",
        "nobody approved the command",
        "incident resolved",
    ] {
        assert!(said.contains(line), "'{line}' is missing: {said}");
    }
    assert!(!said.contains("nobody was notified"), "{said}");
    assert!(program.get("/api/ops/incidents").json()["active"].as_array().unwrap().is_empty());

    // Followed from another shell, and approved.
    let follower = std::thread::scope(|scope| {
        let follower = scope.spawn(|| command(&home, &["--for", "30 s"]));
        let number = program.incident_about("practice:practice");
        acknowledge(&program, number);
        approve(&program, number);
        resolve(&program, number);
        follower.join().unwrap()
    });
    let said = text(&follower.stdout);
    assert!(follower.status.success(), "{follower:?}");
    assert!(said.contains("acknowledged") && said.contains("command finished"), "{said}");

    let none = command(&home, &["end"]);
    assert!(text(&none.stderr).contains("No practice is in progress."), "{none:?}");
    // People may delete the rows.
    fs::write(home.ops().join("alerts/thresholds.md"), QUICK).unwrap();
    let none = command(&home, &[]);
    let why = "thresholds.md has no row for practice.pressure";
    assert!(text(&none.stderr).contains(why), "{none:?}");
    program.until("the new thresholds", |program| {
        let practice = program.get("/api/ops/readiness").json()["practice"].clone();
        practice["obstacle"].as_str()?.contains(why).then_some(())
    });
    let refused = program.post("/api/ops/practice", "{}");
    assert!(refused.status == 409 && refused.body.contains(why), "{refused:?}");
    let page = program.get("/ops/settings/readiness").body;
    assert!(page.contains(why) && !page.contains("Begin a practice"), "{page}");
}
