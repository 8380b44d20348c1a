//! The public status page, tried on the real program: what people publish is there word by word, for
//! everyone and as files, and nothing else ever is.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::program::{Answer, Home, Running};

const TITLE: &str = "Uploads <fail>";
const TEXT: &str = "We look.\nSoon more & better.";

/// A host whose status page is also written to a folder.
struct Host {
    home: Home,
    folder: PathBuf,
}

impl Host {
    fn new() -> Self {
        let home = Home::new();
        let folder = home.dir.path().join("public/status");
        let text = format!("[status]\ntitle = \"Example\"\ndirectory = \"{}\"\n", folder.display());
        fs::write(home.dir.path().join("calm-ops.toml"), text).unwrap();
        Self { home, folder }
    }

    fn make_public(&self) {
        fs::create_dir(self.folder.parent().unwrap()).unwrap();
    }

    fn start(&self) -> Running {
        let file = self.home.dir.path().join("calm-ops.toml");
        let began = Instant::now();
        loop {
            match self.home.start_with(&["--config", file.to_str().unwrap()]) {
                Ok(running) => return running,
                // The one that was killed may not have left its port yet.
                Err(told) => {
                    assert!(began.elapsed() < Duration::from_secs(10), "it did not start: {told}");
                }
            }
        }
    }
}

fn publish(program: &Running, body: &Value) -> Answer {
    program.post("/api/ops/status", &body.to_string())
}

/// Publishes a notice; its number.
fn begin(program: &Running, title: &str, text: &str) -> u64 {
    let sent = publish(program, &json!({"state": "investigating", "title": title, "text": text}));
    assert_eq!(sent.status, 200, "{sent:?}");
    let notices = program.get("/api/ops/status").json()["notices"].clone();
    notices.as_array().unwrap().last().unwrap()["number"].as_u64().unwrap()
}

fn change(program: &Running, path: &str, body: &Value) {
    let answer = program.post(&format!("/api/ops/status/{path}"), &body.to_string());
    assert_eq!(answer.status, 200, "{path} {answer:?}");
}

/// Asks as someone without an account.
fn public(program: &Running, path: &str, headers: &str) -> Answer {
    program.request("GET", path, &format!("Cookie: none=1\r\n{headers}"), "").unwrap()
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.head.lines().find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// Waits until both files fit.
fn files(folder: &Path, what: &str, fits: impl Fn(&str, &str) -> bool) {
    let read = |name| fs::read_to_string(folder.join(name)).unwrap_or_default();
    let began = Instant::now();
    loop {
        let (html, json) = (read("index.html"), read("status.json"));
        if fits(&html, &json) {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{what}: {html} {json}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_people_publish_is_public_and_nothing_else() {
    let host = Host::new();
    host.make_public();
    let program = host.start();
    program.push("service:imports", 9_000.0);
    let incident = program.incident_about("service:imports");
    let empty = public(&program, "/status", "");
    assert_eq!(empty.status, 200);
    assert!(empty.body.contains("No incident is published right now."), "{}", empty.body);
    assert!(empty.body.contains("<h1>Example</h1>"), "{}", empty.body);

    let sent = publish(
        &program,
        &json!({"incident": incident, "state": "investigating", "title": TITLE, "text": TEXT}),
    );
    assert_eq!(sent.status, 200, "{sent:?}");
    let page = public(&program, "/status", "");
    let escaped = "We look.\nSoon more &amp; better.";
    assert!(page.body.contains("Uploads &lt;fail&gt;") && page.body.contains(escaped));
    assert_eq!(header(&page, "cache-control"), Some("public, max-age=10"));
    assert_eq!(header(&page, "set-cookie"), None);
    let policy = header(&page, "content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    for inside in ["imports", "9,000", "incident\"", "/ops/", "<script", "account", "owner"] {
        assert!(!page.body.contains(inside), "{inside} in {}", page.body);
    }
    let tag = header(&page, "etag").unwrap().to_owned();
    let again = public(&program, "/status", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((again.status, again.body.as_str()), (304, ""));

    let told = public(&program, "/api/status", "").json();
    assert_eq!(told["title"], "Example");
    assert_eq!(told["current"][0]["title"], TITLE);
    assert_eq!(told["current"][0]["updates"][0]["text"], TEXT);
    let told = told.to_string();
    for inside in ["incident", "number", "account", "imports", "names"] {
        assert!(!told.contains(inside), "{inside} in {told}");
    }
    files(&host.folder, "the notice", |html, json| {
        html.contains(escaped) && json.contains("Soon more & better.")
    });
    // The team sees the incident, and an incident that there is not is refused.
    assert_eq!(program.get("/api/ops/status").json()["notices"][0]["incident"], incident);
    let body = json!({"incident": 999, "state": "resolved", "title": "x", "text": "y"});
    assert_eq!(publish(&program, &body).status, 404);
    let body = json!({"state": "resolved", "title": "x".repeat(121), "text": "y"});
    assert_eq!(publish(&program, &body).status, 422);
}

#[test]
fn a_notice_is_resolved_withdrawn_and_redacted_on_the_page_and_in_the_files() {
    let host = Host::new();
    host.make_public();
    let mut program = host.start();
    let first = begin(&program, "Uploads fail", "aaa-1");
    change(&program, &first.to_string(), &json!({"state": "monitoring", "text": "bbb-2"}));
    change(&program, &first.to_string(), &json!({"state": "resolved", "text": "ccc-3"}));
    let second = begin(&program, "Mail is late", "ddd-4");
    let page = public(&program, "/status", "").body;
    assert!(page.contains("1 incident is published right now."), "{page}");
    assert!(page.find("Mail is late") < page.find("Uploads fail"), "{page}");

    // An update is redacted, a notice is withdrawn: no word of them stays anywhere.
    let view = program.get("/api/ops/status").json();
    let update = view["notices"][0]["later"][0]["number"].as_u64().unwrap();
    let redacted =
        program.post(&format!("/api/ops/journal/{update}/redact"), r#"{"reason":"A name."}"#);
    assert_eq!(redacted.status, 200, "{redacted:?}");
    change(&program, &format!("{second}/withdraw"), &json!({"reason": "eee-5 wrong"}));
    let is_gone = |text: &str| {
        ["bbb-2", "ddd-4", "Mail is late", "eee-5"].iter().all(|gone| !text.contains(gone))
    };
    let is_kept = |text: &str| text.contains("aaa-1") && text.contains("ccc-3");
    for path in ["/status", "/api/status"] {
        let body = public(&program, path, "").body;
        assert!(is_gone(&body) && is_kept(&body), "{body}");
    }
    files(&host.folder, "without what is gone", |html, json| {
        is_gone(html) && is_kept(html) && is_gone(json) && is_kept(json)
    });
    // A withdrawal is not redacted: what was withdrawn would come back.
    let trail = program.get("/api/ops/trail?group=status-page").json();
    let newest = trail["entries"][0]["number"].as_u64().unwrap();
    let refused = program.post(&format!("/api/ops/journal/{newest}/redact"), r#"{"reason":"x"}"#);
    assert_eq!(refused.status, 409, "{refused:?}");

    // Killed, with the files gone: the next start writes the same page again.
    program.kill();
    fs::remove_dir_all(&host.folder).unwrap();
    let program = host.start();
    files(&host.folder, "after a kill", |html, json| {
        is_gone(html) && is_kept(html) && is_gone(json) && is_kept(json)
    });
    let body = public(&program, "/status", "").body;
    assert!(is_gone(&body) && is_kept(&body), "{body}");
    let left = fs::read_dir(&host.folder).unwrap().count();
    assert_eq!(left, 2, "no temporary file is left");
}

#[test]
fn a_folder_that_cant_be_written_is_told_and_tried_again() {
    let host = Host::new();
    let program = host.start();
    let is_told = |program: &Running| {
        let health = program.get("/api/ops/health").body;
        health.contains("could not be written").then_some(())
    };
    program.until("the health page tells of the folder", is_told);
    begin(&program, "Uploads fail", "aaa-1");
    assert!(public(&program, "/status", "").body.contains("aaa-1"), "the page itself is there");
    host.make_public();
    files(&host.folder, "after it can be written", |html, _| html.contains("aaa-1"));
    program.until("nothing is told any more", |program| is_told(program).is_none().then_some(()));
}

#[test]
fn only_approvers_publish_and_the_forms_need_no_script() {
    let home = Home::new();
    let program = home.start();
    let responder = program.invite("responder", "Rea");
    let approver = program.invite("approver", "Ada");
    let body = json!({"state": "identified", "title": "Slow", "text": "x"}).to_string();
    let post = |cookie: &str, path: &str, kind: &str, body: &str| {
        let headers = format!("Cookie: {cookie}\r\nContent-Type: {kind}\r\nAccept: text/html\r\n");
        program.request("POST", path, &headers, body).unwrap()
    };
    let json = "application/json";
    assert_eq!(post(&responder, "/api/ops/status", json, &body).status, 403);
    assert_eq!(post("none=1", "/api/ops/status", json, &body).status, 401);
    assert_eq!(post(&approver, "/api/ops/status", json, &body).status, 200);

    let form = "application/x-www-form-urlencoded";
    let typed = "what=notice&state=monitoring&title=Late+%3Cb%3E&text=One%0D%0Atwo";
    let seen = post(&approver, "/ops/status", form, &format!("{typed}&step=preview"));
    assert_eq!(seen.status, 200, "{seen:?}");
    assert!(seen.body.contains("Nothing is published yet."), "{}", seen.body);
    assert!(!public(&program, "/status", "").body.contains("Late"));
    let refused = post(&responder, "/ops/status", form, &format!("{typed}&step=publish"));
    assert_eq!(refused.status, 403);
    let sent = post(&approver, "/ops/status", form, &format!("{typed}&step=publish"));
    assert_eq!(sent.status, 303, "{sent:?}");
    let page = public(&program, "/status", "").body;
    assert!(page.contains("Late &lt;b&gt;") && page.contains("One\ntwo</p>"), "{page}");
}
