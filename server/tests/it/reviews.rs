//! Reviews of incidents, tried on the real program: facts without typing, words of people, ratings
//! that rank the next recommendation, and prevention steps.

use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{
    Answer, Home, QUICK, Running,
    approved::{approved, catalogue, configuration, folder, home, offered, own_script},
};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

fn send(program: &Running, cookie: &str, kind: &str, path: &str, body: &str) -> Answer {
    let headers = format!("Cookie: {cookie}\r\nContent-Type: {kind}\r\nAccept: text/html\r\n");
    program.request("POST", path, &headers, body).unwrap()
}

/// A program with an incident that is resolved, and its number.
fn with_incident(home: &Home) -> (Running, u64) {
    let program = home.start();
    program.push("service:imports", 9_000.0);
    let number = program.incident_about("service:imports");
    let path = format!("/api/ops/incidents/{number}/resolve");
    assert_eq!(program.post(&path, r#"{"note":"by hand"}"#).status, 200);
    (program, number)
}

fn review(program: &Running, number: u64) -> Value {
    let answer = program.get(&format!("/api/ops/incidents/{number}/review"));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// The account of whoever joined under a name.
fn account(program: &Running, number: u64, name: &str) -> u64 {
    let owners = review(program, number)["owners"].clone();
    let owner = owners.as_array().unwrap().iter().find(|one| one["name"] == name).cloned();
    owner.unwrap()["account"].as_u64().unwrap()
}

fn step_of<'a>(page: &'a Value, step: &str) -> &'a Value {
    let steps = page["facts"]["steps"].as_array().unwrap();
    steps.iter().find(|one| one["step"] == step).unwrap()
}

#[test]
fn facts_are_there_without_typing_and_nobody_replaces_unread_words() {
    let home = Home::new();
    let (program, number) = with_incident(&home);
    let page = review(&program, number);
    let resolve = step_of(&page, "resolve");
    assert_eq!(resolve["measured"], "took", "{resolve}");
    let entry = resolve["entries"][0].as_u64().unwrap();
    let journal = program.get(&format!("/api/ops/journal?after={}&limit=1", entry - 1)).json();
    assert_eq!(journal["entries"][0]["event"]["event"], "resolved", "{journal}");
    // There was no history before the first value, and that is said.
    assert_eq!(step_of(&page, "detect")["why"], "no_history", "{page}");
    assert_eq!(step_of(&page, "decide")["why"], "did_not_happen", "{page}");
    assert_eq!(resolve["usual"], Value::Null, "fewer than five incidents");

    let path = format!("/api/ops/incidents/{number}/review");
    let (ada, bo) = (program.invite("responder", "Ada"), program.invite("responder", "Bo"));
    let viewer = program.invite("viewer", "Vi");
    let body = |replaces: &Value, text: &str| {
        json!({"replaces": replaces, "went_well": text, "factors": "The *cache*."}).to_string()
    };
    let post = |cookie: &str, body: &str| send(&program, cookie, JSON, &path, body).status;
    assert_eq!(post(&viewer, &body(&Value::Null, "x")), 403);
    assert_eq!(post(&ada, &body(&Value::Null, "It held.")), 200);
    assert_eq!(post(&ada, &body(&Value::Null, "It held.")), 200, "a second press");
    assert_eq!(post(&bo, &body(&Value::Null, "Mine.")), 409, "nobody's words are replaced unread");
    let first = review(&program, number)["saved"]["number"].clone();
    assert_eq!(post(&bo, &body(&first, "hunter2")), 200);
    let second = review(&program, number)["saved"]["number"].clone();
    assert_eq!(review(&program, number)["earlier"][0]["number"], first);

    // Without script: what was typed stays, and what is saved stands beside it.
    let here = format!("/ops/incidents/{number}/review");
    let typed = format!("what=save&replaces={first}&factors=My+%3Ci%3Eown&went_well=&to_change=");
    let refused = send(&program, &ada, FORM, &here, &typed);
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("My &lt;i&gt;own</textarea>"), "{}", refused.body);
    assert!(refused.body.contains("hunter2"), "what is saved is shown: {}", refused.body);
    let text = program.get(&format!("{path}.md"));
    assert!(text.head.to_lowercase().contains("content-type: text/markdown"), "{text:?}");
    for part in
        ["# Review of incident ", "| Resolved | ", "## Contributing factors\n\nThe *cache*."]
    {
        assert!(text.body.contains(part), "{part} in {}", text.body);
    }

    // Its author takes the words away, and an older version does not count again.
    let redact = format!("/api/ops/journal/{second}/redact");
    assert_eq!(send(&program, &bo, JSON, &redact, r#"{"reason":"A name."}"#).status, 200);
    let page = review(&program, number);
    assert_eq!(page["saved"], Value::Null);
    assert!(!page.to_string().contains("hunter2"), "{page}");
    assert_eq!(post(&ada, &body(&first, "Again.")), 409);
    // Whoever had read them keeps their text, looks at it, and saves it once more.
    let typed = format!("what=save&replaces={second}&factors=&went_well=Again.&to_change=");
    let refused = send(&program, &ada, FORM, &here, &typed);
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("redacted meanwhile"), "{}", refused.body);
    assert!(refused.body.contains("Again.</textarea>"), "{}", refused.body);
    assert_eq!(post(&ada, &body(&second, "Again.")), 409);
    assert_eq!(post(&ada, &body(&Value::Null, "Again.")), 200);
    assert_eq!(program.get("/api/ops/incidents/999999/review").status, 404);
}

#[test]
fn a_step_has_an_owner_is_done_with_evidence_and_stays_done() {
    let home = Home::new();
    let (program, number) = with_incident(&home);
    let ada = program.invite("responder", "Ada");
    let here = format!("/ops/incidents/{number}/review");
    let form = |body: &str| send(&program, &ada, FORM, &here, body);
    let owner = account(&program, number, "Ada");
    program.invite("viewer", "Vi");
    let owners = review(&program, number)["owners"].to_string();
    assert!(!owners.contains("\"Vi\""), "a viewer can end no step: {owners}");
    let add = format!("what=add&text=Alert+at+80%25&plan=do&owner={owner}&due=2999-01-01");
    let refused = form(&add);
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.body.contains("Alert at 80%"), "what was typed stays: {}", refused.body);
    let due = &program.get("/api/ops/prevention").json()["today"];
    let add =
        format!("what=add&text=Alert+at+80%25&plan=do&owner={owner}&due={}", due.as_str().unwrap());
    let added = form(&add);
    assert!(added.status == 303 && added.head.contains("done=added"), "{added:?}");
    assert_eq!(form("what=add&text=A+disk&plan=drop&reason=Too+dear").status, 303);
    let list = program.get("/api/ops/prevention").json();
    let step = list["open"][0]["number"].as_u64().unwrap();
    assert_eq!(
        (&list["open"][0]["text"], list["open"].as_array().unwrap().len()),
        (&json!("Alert at 80%"), 1)
    );
    assert_eq!(list["ended"][0]["reason"], "Too dear");
    let health = program.get("/ops/health").body.replace("<!>", "");
    assert!(health.contains("1 prevention step is open."), "{health}");
    let tasks = program.get("/api/ops/prevention.md").body;
    assert!(tasks.contains("- [ ] Alert at 80% (incident "), "{tasks}");

    let done = format!("what=done&incident={number}&step={step}&evidence=hunter2");
    assert_eq!(send(&program, &ada, FORM, "/ops/prevention", &done).status, 303);
    let again = send(&program, &ada, FORM, "/ops/prevention", &done);
    assert_eq!(again.status, 409);
    assert!(again.body.contains("is already done or dropped."), "{}", again.body);
    // The evidence goes, and that it was done stays known.
    let entry = program.get("/api/ops/prevention").json()["ended"][0]["entry"].clone();
    let redact = format!("/api/ops/journal/{entry}/redact");
    assert_eq!(send(&program, &ada, JSON, &redact, r#"{"reason":"A name."}"#).status, 200);
    let list = program.get("/api/ops/prevention").json();
    assert_eq!(list["open"], json!([]));
    assert_eq!(
        (&list["ended"][0]["state"], &list["ended"][0]["evidence"]),
        (&json!("done"), &json!("(redacted)"))
    );
}

#[test]
fn one_tap_after_resolving_ranks_the_next_recommendation() {
    let place = folder();
    let (_, section) = own_script(&place, "#!/bin/sh\nexit 0\n");
    let issue = "[review]\nissue_url = \"https://git.example.com/new?title={title}&body={body}\"\n";
    let commands = catalogue("script:own", "-", "Calm Ops")
        .replace("| cool-down | 10 min |", "| cool-down | 30 s |");
    let home = home(&commands, &format!("{section}{issue}"));
    let program = home.start_with(&["--config", configuration(&home).to_str().unwrap()]).unwrap();
    offered(&program);
    approved(&program);
    let rate = |rating: &str| {
        let body = format!(r#"{{"rating":"{rating}"}}"#);
        program.post("/api/ops/recommendations/1-1/rate", &body).status
    };
    assert_eq!(rate("fixed"), 409, "the incident is not over");
    program.push("service:imports", 100.0);
    program.until("the proof", |program| {
        let page = program.get("/api/ops/recommendations/1-1").json();
        (page["recommendation"]["stage"]["worked"] == true).then_some(())
    });
    let note = r#"{"note":"by hand"}"#;
    assert_eq!(program.post("/api/ops/incidents/1/resolve", note).status, 200);
    let page = program.get("/ops/incidents/1").body;
    assert!(page.contains("Did the recommendation help?"), "{page}");
    assert!(page.contains("href=\"/ops/incidents/1/review\""), "{page}");
    // One tap, without script; then somebody changes their mind.
    let form = "what=rate&back=incident&place=1&rating=wrong";
    let tapped = send(&program, &program.cookie, FORM, "/ops/incidents/1/review", form);
    assert!(tapped.status == 303 && tapped.head.contains("/ops/incidents/1#rating"), "{tapped:?}");
    assert_eq!(rate("fixed"), 200);
    assert_eq!(review(&program, 1)["ratings"][0]["rating"], "fixed");
    let responder = program.invite("responder", "Ada");
    let path = "/api/ops/recommendations/1-1/rate";
    assert_eq!(send(&program, &responder, JSON, path, r#"{"rating":"wrong"}"#).status, 403);
    let effects = review(&program, 1)["facts"]["effects"].clone();
    assert_eq!(
        (&effects[0]["title"], &effects[0]["verdict"]),
        (&json!("Try it"), &json!("not_clear"))
    );
    let decide = step_of(&review(&program, 1), "decide").clone();
    assert_eq!(decide["entries"].as_array().unwrap().len(), 2, "{decide}");

    // Nothing is offered on a subject that cools down, and the script is one for all services.
    std::thread::sleep(Duration::from_secs(31));
    program.push("service:exports", 9_000.0);
    let number = program.incident_about("service:exports");
    let reasons = program.until("the next recommendation", |program| {
        let page = program.get(&format!("/api/ops/recommendations/{number}-1"));
        (page.status == 200).then(|| page.json()["recommendation"]["reasons"].clone())
    });
    let rated = reasons.as_array().unwrap().iter().find(|one| one["reason"] == "rated").cloned();
    let rated = rated.unwrap_or_else(|| panic!("{reasons}"));
    assert_eq!((&rated["fixed"], &rated["of"]), (&json!(1), &json!(1)));
    let page = program.get(&format!("/ops/approve/{number}-1")).body;
    assert!(page.contains("1 of 1 time for"), "the page says it: {page}");

    // It helped in an incident that is similar, which counts beside the rating.
    let helped = reasons.as_array().unwrap().iter().find(|one| one["reason"] == "helped_before");
    assert_eq!(helped.unwrap_or_else(|| panic!("{reasons}"))["incident"], 1);
    assert!(page.contains("It helped in incident 1, which was similar."), "{page}");

    // Both pages say how it ended.
    let path = format!("/api/ops/incidents/{number}/similar");
    let similar = program.get(&path).json()["incidents"].clone();
    assert_eq!(similar.as_array().unwrap().len(), 1, "{similar}");
    assert_eq!(
        (&similar[0]["incident"], &similar[0]["signals"]),
        (&json!(1), &json!(["queue.depth"]))
    );
    let past = &similar[0]["resolution"];
    assert_eq!(past["run"]["worked"], true, "{past}");
    assert_eq!(
        (&past["run"]["rating"], &past["note"]),
        (&json!("fixed"), &json!("by hand")),
        "{past}"
    );
    let told = |page: &str| {
        let page = program.get(page).body.replace("<!>", "");
        page.contains("Similar incidents")
            && page.contains("href=\"/ops/incidents/1\"")
            && page.contains("Note: by hand")
    };
    for page in [format!("/ops/incidents/{number}"), format!("/ops/incidents/{number}/review")] {
        assert!(told(&page), "{page}");
    }
    // A redaction takes the note from here too.
    let journal = program.get("/api/ops/journal?after=0&limit=1000").json();
    let entries = journal["entries"].as_array().unwrap();
    let resolved = entries.iter().find(|one| one["event"]["event"] == "resolved").unwrap();
    let redact = format!("/api/ops/journal/{}/redact", resolved["number"]);
    assert_eq!(program.post(&redact, r#"{"reason":"A name."}"#).status, 200);
    assert!(!program.get(&path).body.contains("by hand"));
    assert!(!told(&format!("/ops/incidents/{number}")));
    assert_eq!(program.get("/api/ops/incidents/999999/similar").status, 404);
}

#[test]
fn a_practice_has_no_review() {
    let home = Home::new();
    let row = "\n## Practice\n\n\
        | signal | subject | warning | critical | for | recovers at | what it means | runbook | commands |\n\
        | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n\
        | `practice.pressure` | `practice:practice` | - | above 50% | 0 s | - | This is a practice. | first-five-minutes | `practice` |\n";
    std::fs::write(home.ops().join("alerts/thresholds.md"), format!("{QUICK}{row}")).unwrap();
    let program = home.start();
    let begun = program.post("/api/ops/practice", r#"{"minutes":1}"#);
    assert_eq!(begun.status, 200, "{begun:?}");
    let number = program.incident_about("practice:practice");
    assert_eq!(program.get(&format!("/api/ops/incidents/{number}/review")).status, 422);
    let body = r#"{"went_well":"x"}"#;
    assert_eq!(program.post(&format!("/api/ops/incidents/{number}/review"), body).status, 422);
}
