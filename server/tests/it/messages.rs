//! Messages to customers, tried on the real program: drafts are made of facts, people save, review
//! and mark them, and nothing is sent anywhere.

use std::time::{Duration, Instant};

use commands::{command::Command, reading};
use serde_json::{Value, json};
use server::http::{api::routes, route_permissions::ROUTE_PERMISSIONS};

use crate::program::{Answer, Home, Running};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A program with an incident, and its number.
fn with_incident(home: &Home) -> (Running, u64) {
    let program = home.start();
    program.push("service:imports", 9_000.0);
    let number = program.incident_about("service:imports");
    (program, number)
}

fn page(program: &Running, number: u64) -> Value {
    let answer = program.get(&format!("/api/ops/incidents/{number}/messages"));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// The message to an audience.
fn message(program: &Running, number: u64, audience: &str) -> Value {
    let messages = page(program, number)["messages"].clone();
    let messages = messages.as_array().unwrap();
    messages.iter().find(|one| one["draft"]["audience"] == audience).unwrap().clone()
}

/// Sends something as somebody.
fn send(program: &Running, cookie: &str, kind: &str, path: &str, body: &str) -> Answer {
    let headers = format!("Cookie: {cookie}\r\nContent-Type: {kind}\r\nAccept: text/html\r\n");
    program.request("POST", path, &headers, body).unwrap()
}

fn post(program: &Running, cookie: &str, number: u64, what: &str, body: &Value) -> u16 {
    let path = format!("/api/ops/incidents/{number}/messages{what}");
    send(program, cookie, JSON, &path, &body.to_string()).status
}

fn told(program: &Running, number: u64) -> String {
    program.get(&format!("/api/ops/incidents/{number}")).body
}

#[test]
fn people_save_review_and_mark_a_message_and_the_next_one_is_an_update() {
    let home = Home::new();
    let (program, number) = with_incident(&home);
    let (ada, bo) = (program.invite("responder", "Ada"), program.invite("responder", "Bo"));
    let viewer = program.invite("viewer", "Vi");
    let first = message(&program, number, "affected");
    assert_eq!(first["draft"]["stage"], "first");
    assert_eq!(first["saved"], Value::Null);
    let opening = first["draft"]["sentences"][0].clone();
    assert!(opening["text"].as_str().unwrap().starts_with("Our service has had a problem since "));
    let entry = opening["entries"][0].as_u64().unwrap();
    let journal = program.get(&format!("/api/ops/journal?after={}&limit=1", entry - 1)).json();
    assert_eq!(journal["entries"][0]["event"]["event"], "incident_opened", "{journal}");

    let text = "Uploads fail.\nWe look <here>.";
    let body = json!({"audience": "affected", "stage": "first", "text": text});
    assert_eq!(post(&program, &viewer, number, "", &body), 403);
    assert_eq!(post(&program, "none=1", number, "", &body), 401);
    assert_eq!(post(&program, &ada, 999_999, "", &body), 404);
    assert_eq!(post(&program, &ada, number, "", &body), 200);
    // Once more the same words: nothing is written.
    assert_eq!(post(&program, &ada, number, "", &body), 200);
    let other = json!({"audience": "affected", "stage": "first", "text": "Other words."});
    assert_eq!(post(&program, &bo, number, "", &other), 409, "nobody's words are replaced unread");
    let saved = message(&program, number, "affected")["saved"].clone();
    assert_eq!(saved["text"], text);
    let (version, binding) = (saved["number"].as_u64().unwrap(), saved["binding"].clone());

    let read = json!({"audience": "affected", "version": version, "binding": binding});
    assert_eq!(post(&program, &ada, number, "/review", &read), 409, "one's own words");
    let wrong = json!({"audience": "affected", "version": version, "binding": "0".repeat(64)});
    assert_eq!(post(&program, &bo, number, "/review", &wrong), 409, "other words");
    assert_eq!(post(&program, &bo, number, "/review", &read), 200);
    let reviews = message(&program, number, "affected")["saved"]["reviews"].clone();
    assert_eq!(reviews.as_array().unwrap().len(), 1);

    let sent = json!({
        "audience": "affected", "version": version, "binding": binding, "destination": "Help desk",
    });
    assert_eq!(post(&program, &ada, number, "/sent", &sent), 200);
    assert_eq!(post(&program, &ada, number, "/sent", &sent), 409, "marked there already");
    let after = message(&program, number, "affected");
    assert_eq!(after["draft"]["stage"], "update");
    assert_eq!(after["sent"][0]["text"], text);
    assert_eq!(message(&program, number, "all")["draft"]["stage"], "first");
    let timeline = told(&program, number);
    for kind in ["message_draft_saved", "message_draft_reviewed", "message_marked_sent"] {
        assert_eq!(timeline.matches(&format!("\"event\":\"{kind}\"")).count(), 1, "{kind}");
    }
    let html = program.get(&format!("/ops/incidents/{number}")).body;
    assert!(html.contains("marked the message to affected organizations as sent: Help desk."));
    assert!(!html.contains("We look &lt;here&gt;."), "the timeline does not repeat the text");

    // Resolved: the last stage, and what was saved before says that it is older.
    let note = format!("/api/ops/incidents/{number}/resolve");
    assert_eq!(program.post(&note, r#"{"note":"hunter2"}"#).status, 200);
    let end = message(&program, number, "affected");
    assert_eq!(end["draft"]["stage"], "resolved");
    let since = end["since_saved"].to_string();
    assert!(since.contains("resolved it"), "{since}");
    assert_eq!(end["saved"]["text"], text, "never changed on its own");
}

#[test]
fn the_page_works_without_script_and_keeps_both_texts() {
    let home = Home::new();
    let (program, number) = with_incident(&home);
    let (ada, bo) = (program.invite("responder", "Ada"), program.invite("responder", "Bo"));
    let path = format!("/ops/incidents/{number}/messages");
    let incident = program.get(&format!("/ops/incidents/{number}")).body;
    assert!(incident.contains(&format!("href=\"{path}\"")), "the incident leads to it");
    let shown = program.get(&path).body.replace("<!>", "");
    for part in [
        "send this. Copy it to where you write to your customers.",
        "<h2 id=\"to-affected\">Affected organizations</h2>",
        "mailto:?subject=Our%20service%3A%20a%20problem",
        "messages.txt?audience=affected",
        "#entry-",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let save = |cookie: &str, replaces: &str, text: &str| {
        let body = format!("what=save&audience=all&stage=first&replaces={replaces}&text={text}");
        send(&program, cookie, FORM, &format!("{path}?to=all"), &body)
    };
    let first = save(&ada, "", "One%0D%0A%3Cb%3Etwo");
    assert_eq!(first.status, 303, "{first:?}");
    assert!(first.head.contains(&format!("{path}?to=all&done=saved")), "{first:?}");
    let refused = save(&bo, "", "My+own+%3Ci%3Ewords");
    assert_eq!(refused.status, 409);
    let both = refused.body.replace("<!>", "");
    assert!(both.contains("Somebody else has just saved another version"), "{both}");
    assert!(both.contains("My own &lt;i&gt;words</textarea>"), "what was typed stays: {both}");
    assert!(both.contains("One\n&lt;b&gt;two</p>"), "what was saved is shown: {both}");
    // The form that is shown now has read the newer version.
    let version = message(&program, number, "all")["saved"]["number"].to_string();
    assert!(both.contains(&format!("name=\"replaces\" value=\"{version}\"")), "{both}");
    assert_eq!(save(&bo, &version, "My+own+%3Ci%3Ewords").status, 303);

    let file = program.get(&format!("/api/ops/incidents/{number}/messages.txt?audience=all"));
    assert_eq!(file.body, "My own <i>words\n");
    let head = file.head.to_lowercase();
    assert!(head.contains("content-type: text/plain; charset=utf-8"), "{head}");
    let attachment = format!("attachment; filename=\"incident-{number}-all.txt\"");
    assert!(head.contains(&attachment), "{head}");
    let unknown = program.get(&format!("/api/ops/incidents/{number}/messages.txt?audience=x"));
    assert_eq!(unknown.status, 422);
    assert_eq!(program.get("/api/ops/incidents/999999/messages").status, 404);
}

#[test]
fn a_text_is_redacted_and_no_shared_page_tells_of_it() {
    let home = Home::new();
    let (program, number) = with_incident(&home);
    let ada = program.invite("responder", "Ada");
    let body = json!({"audience": "all", "stage": "first", "text": "hunter2 at acme"});
    assert_eq!(post(&program, &ada, number, "", &body), 200);
    let saved = message(&program, number, "all")["saved"].clone();
    let sent = json!({
        "audience": "all", "version": saved["number"], "binding": saved["binding"],
        "destination": "hunter3 desk",
    });
    assert_eq!(post(&program, &ada, number, "/sent", &sent), 200);
    let share = format!("/ops/incidents/{number}/share");
    let form = "what=make&label=x&audience=manager&days=1&summary=yes&timeline=yes&now=yes";
    let made = send(&program, &program.cookie, FORM, &share, form);
    let link = made.body.split("/share/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let seen = program.request("GET", &format!("/share/{link}"), "Cookie: none=1\r\n", "").unwrap();
    assert_eq!(seen.status, 200, "{seen:?}");
    for word in ["hunter2", "hunter3", "message to", "Ada"] {
        assert!(!seen.body.contains(word), "{word} in {}", seen.body);
    }
    // Its author takes the words away: from the page, from the file and from what was sent.
    let redact = format!("/api/ops/journal/{}/redact", saved["number"]);
    assert_eq!(send(&program, &ada, JSON, &redact, r#"{"reason":"A name."}"#).status, 200);
    let page = || page(&program, number).to_string();
    assert!(!page().contains("hunter2") && page().contains("hunter3 desk"), "{}", page());
    let mark = message(&program, number, "all")["sent"][0]["number"].clone();
    let redact = format!("/api/ops/journal/{mark}/redact");
    assert_eq!(send(&program, &ada, JSON, &redact, r#"{"reason":"A name."}"#).status, 200);
    assert!(!page().contains("hunter3") && page().contains("(redacted)"), "{}", page());
    assert_eq!(message(&program, number, "all")["draft"]["stage"], "update");
    let file = program.get(&format!("/api/ops/incidents/{number}/messages.txt?audience=all"));
    assert!(file.body.starts_with("This is an update to our message of "), "{file:?}");
}

#[test]
fn a_superseded_text_does_not_count_again_when_the_newer_one_is_redacted() {
    let home = Home::new();
    let (program, number) = with_incident(&home);
    let ada = program.invite("responder", "Ada");
    let save = |text: &str, replaces: &Value| {
        let body = json!({"audience": "all", "stage": "first", "text": text, "replaces": replaces});
        post(&program, &ada, number, "", &body)
    };
    assert_eq!(save("The older text.", &Value::Null), 200);
    let first = message(&program, number, "all")["saved"]["number"].clone();
    assert_eq!(save("hunter2", &first), 200);
    let second = message(&program, number, "all")["saved"]["number"].clone();
    let internal = json!({"audience": "internal", "stage": "first", "text": "Kept."});
    assert_eq!(post(&program, &ada, number, "", &internal), 200);
    let redact = format!("/api/ops/journal/{second}/redact");
    assert_eq!(send(&program, &ada, JSON, &redact, r#"{"reason":"A name."}"#).status, 200);
    assert_eq!(message(&program, number, "all")["saved"], Value::Null);
    assert_eq!(message(&program, number, "internal")["saved"]["text"], "Kept.");
    assert_eq!(save("Newer.", &first), 409);
    assert_eq!(save("Newer.", &second), 200);
    assert_eq!(message(&program, number, "all")["saved"]["text"], "Newer.");
}

#[test]
fn saves_to_other_readers_and_a_request_sent_twice_are_no_conflict() {
    let home = Home::new();
    let (program, number) = with_incident(&home);
    let ada = program.invite("responder", "Ada");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let save = |audience: &'static str| {
            let (program, ada) = (&program, &ada);
            let body = json!({"audience": audience, "stage": "first", "text": "The same words."});
            scope.spawn(move || post(program, ada, number, "", &body))
        };
        let sent: Vec<_> =
            ["all", "affected", "internal"].repeat(3).into_iter().map(save).collect();
        sent.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses, [200; 9]);
    let saved = told(&program, number).matches("\"event\":\"message_draft_saved\"").count();
    assert_eq!(saved, 3);
}

#[test]
fn a_changed_template_is_in_force_within_seconds_and_a_wrong_one_is_not() {
    let home = Home::new();
    let (program, number) = with_incident(&home);
    let path = home.ops().join("reports/messages/all.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = text.replace("- We do not know the cause yet.", "- We write here as we learn.");
    assert_ne!(changed, text);
    std::fs::write(&path, &changed).unwrap();
    program.until("the new sentence", |program| {
        let draft = message(program, number, "all")["draft"].to_string();
        draft.contains("We write here as we learn.").then_some(())
    });
    std::fs::write(&path, changed.replace("as we learn", "soon")).unwrap();
    program.until("the mistake on the health page", |program| {
        let health = program.get("/api/ops/health").body;
        health.contains("reports/messages/all.md").then_some(())
    });
    let draft = message(&program, number, "all")["draft"].to_string();
    assert!(draft.contains("We write here as we learn.") && !draft.contains("soon"), "{draft}");
}

/// From the opening of an incident to the answer with a draft. The figure is printed and compared
/// with nothing: a busy machine is no broken program.
#[test]
fn the_first_draft_is_there_as_soon_as_the_incident() {
    let home = Home::new();
    let (program, number) = with_incident(&home);
    let began = Instant::now();
    let draft = message(&program, number, "affected");
    let answered = began.elapsed();
    let incident = program.get(&format!("/api/ops/incidents/{number}")).json();
    let opened = incident["incident"]["opened_at"].as_str().unwrap();
    let checked = page(&program, number)["checked_at"].as_str().unwrap().to_owned();
    assert!(!draft["draft"]["sentences"].as_array().unwrap().is_empty());
    println!("opened at {opened}, draft by {checked}, answered within {answered:?}");
    assert!(answered < Duration::from_secs(20), "{answered:?}");
}

#[test]
fn what_can_be_done_with_messages_is_a_closed_list_and_none_of_it_sends() {
    let mut served: Vec<String> = routes()
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .chain(
            ROUTE_PERMISSIONS.iter().map(|row| format!("{} {} {}", row.method, row.path, row.body)),
        )
        .filter(|row| row.contains("message") || row.contains("draft"))
        .map(|row| row.trim_end().to_owned())
        .collect();
    served.sort();
    let expected = [
        "get /api/ops/incidents/{id}/messages",
        "get /api/ops/incidents/{id}/messages.txt",
        "get /api/pages/messages",
        "get /ops/incidents/{id}/messages",
        "post /api/ops/incidents/{id}/messages",
        "post /api/ops/incidents/{id}/messages/review",
        "post /api/ops/incidents/{id}/messages/sent",
        "post /ops/incidents/{id}/messages what=review&audience=all&version=1&binding={hash}",
        "post /ops/incidents/{id}/messages what=save&audience=all&stage=first&text=x",
        "post /ops/incidents/{id}/messages what=sent&audience=all&version=1&binding={hash}&destination=x",
    ];
    assert_eq!(served, expected);
    let operations: Vec<&str> = [reading::ALL, Command::ALL]
        .concat()
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| name.contains("Message") || name.contains("Draft"))
        .collect();
    assert_eq!(operations, ["GetMessages", "SaveMessage", "ReviewMessage", "MarkMessageSent"]);
}
