//! The trail and share links, tried on the real program.

use std::{ffi::OsStr, process::Output};

use serde_json::Value;

use crate::program::{Answer, Home, Running, calm_ops, verify};

const SECRET: &str = "hunter2-Zq9";

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// An incident with a comment that should not have been written; its number, and that of the
/// comment's entry.
fn with_a_slip(program: &Running) -> (u64, u64) {
    program.push("service:imports", 9_000.0);
    let incident = program.incident_about("service:imports");
    let comment = format!(r#"{{"text":"the password is {SECRET}"}}"#);
    assert_eq!(
        program.post(&format!("/api/ops/incidents/{incident}/comment"), &comment).status,
        200
    );
    let found = program.get("/api/ops/trail?kind=commented").json();
    assert_eq!(found["entries"].as_array().unwrap().len(), 1);
    assert_eq!(found["entries"][0]["removable"], true, "whoever wrote it may take it back");
    (incident, found["entries"][0]["number"].as_u64().unwrap())
}

fn header<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let named = |line: &'a str| {
        line.split_once(": ")
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    };
    answer.head.lines().filter_map(named).collect()
}

#[test]
fn the_trail_is_searched_and_proved_over_the_interface() {
    let home = Home::new();
    let program = home.start();
    let (incident, comment) = with_a_slip(&program);
    let numbers = |query: &str| -> Vec<u64> {
        let found = program.get(&format!("/api/ops/trail?{query}")).json();
        found["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["number"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(numbers(&format!("incident={incident}&actor=account:1")), [comment]);
    assert_eq!(numbers("subject=service:imp&kind=commented"), [comment]);
    assert_eq!(numbers("actor=account:9"), [] as [u64; 0]);
    assert!(numbers(&format!("before={comment}")).iter().all(|number| *number < comment));
    assert!(numbers(&format!("group=incidents&incident={incident}")).contains(&comment));
    assert_eq!(numbers("group=decisions&actor=account:1"), [] as [u64; 0]);
    assert!(!numbers("actor=calm-ops").contains(&comment));
    let refused = program.get("/api/ops/trail?group=all%3Cb%3E");
    assert_eq!(refused.status, 422);
    assert!(
        refused
            .body
            .contains("use one of 'decisions', 'incidents', 'protection', 'status-page', 'messages', 'reviews', 'people' and 'changes'"),
        "{}",
        refused.body
    );
    for bad in [
        "actor=root",
        "group=Decisions",
        "kind=%3Cb%3E",
        "from=soon",
        "before=-1",
        "colour=red",
        "from=2026-11-22T00:00:00Z&to=2026-11-21T00:00:00Z",
    ] {
        assert_eq!(program.get(&format!("/api/ops/trail?{bad}")).status, 422, "{bad}");
    }
    let found = program.get("/api/ops/journal/verify").json();
    assert_eq!(
        (found["head"].clone(), &found["broken"], found["unexplained"].as_array().unwrap().len()),
        (found["goal"].clone(), &Value::Null, 0)
    );
    let page = program
        .request("GET", "/ops/journal?verify=now&kind=commented", "Accept: text/html\r\n", "")
        .unwrap();
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("none changed, missing or out of order")
            && page.body.contains(&format!("/ops/journal/{comment}/redact")),
        "{}",
        page.body
    );
    // What is written right after a proof is in the next one.
    assert_eq!(
        program
            .post(&format!("/api/ops/journal/{comment}/redact"), r#"{"reason":"A test."}"#)
            .status,
        200
    );
    let after = program.get("/api/ops/journal/verify").json();
    assert!(
        after["redacted"] == 1
            && after["head"]["number"].as_u64() > found["head"]["number"].as_u64(),
        "{found} {after}"
    );
}

#[test]
fn an_export_is_proved_without_the_database_and_hostile_ones_are_told_apart() {
    let home = Home::new();
    let mut program = home.start();
    let (_, comment) = with_a_slip(&program);
    let lines = program.get("/api/ops/journal.jsonl");
    assert_eq!((lines.status, header(&lines, "content-type")), (200, vec!["application/jsonl"]));
    assert!(header(&lines, "content-disposition")[0].contains("calm-ops-journal.jsonl"));
    let part = program.get(&format!("/api/ops/journal.jsonl?after={}", comment - 1)).body;
    assert!(
        lines.body.contains(part.lines().next().unwrap())
            && part.contains(&format!("{{\"number\":{comment},"))
    );
    assert_eq!(program.get("/api/ops/journal.jsonl?from=2099-01-01T00:00:00Z").body, "");
    assert_eq!(program.get("/api/ops/journal.jsonl?after=minus").status, 422);
    let head = program.get("/api/ops/journal?limit=1").json()["head"].clone();
    program.terminate();

    let file = home.dir.path().join("journal.jsonl");
    let (data, export) = (home.data(), |file: &OsStr| {
        calm_ops(&[
            "journal".as_ref(),
            "export".as_ref(),
            file,
            "--data-dir".as_ref(),
            home.data().as_ref(),
        ])
    });
    let written = export(file.as_os_str());
    assert!(
        written.status.success() && text(&written).contains("Its head is"),
        "{}",
        text(&written)
    );
    assert_eq!(export(file.as_os_str()).status.code(), Some(3), "nothing is replaced");
    let out = export("-".as_ref());
    assert_eq!(out.stdout, std::fs::read(&file).unwrap(), "the standard output holds nothing else");
    std::fs::remove_dir_all(&data).unwrap();

    let check = |file: &std::path::Path, head: &str| {
        let mut arguments: Vec<&OsStr> =
            vec!["journal".as_ref(), "verify".as_ref(), "--file".as_ref(), file.as_os_str()];
        if !head.is_empty() {
            arguments.extend([OsStr::new("--head"), head.as_ref()]);
        }
        let output = calm_ops(&arguments);
        (output.status.code(), text(&output))
    };
    let noted = format!("{}:{}", head["number"], head["hash"].as_str().unwrap());
    let (code, said) = check(&file, &noted);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("none changed, missing, inserted or reordered")
            && said.contains("It contains the head that you noted."),
        "{said}"
    );
    let good = std::fs::read_to_string(&file).unwrap();
    let bad = home.dir.path().join("bad.jsonl");
    let with = |text: &str| {
        std::fs::write(&bad, text).unwrap();
        check(&bad, &noted)
    };
    for (text, expected) in [
        (
            good.replace(SECRET, "something"),
            format!("line {comment}: entry {comment}: its payload was changed"),
        ),
        (good.replacen('\n', "\n\n", 1), "line 2: ".to_owned()),
        (good[..good.len() - 10].to_owned(), "it is cut off".to_owned()),
        (format!("{}\n", "[".repeat(100_000)), "line 1: ".to_owned()),
        ("\u{0}\u{1}binary\n".to_owned(), "line 1: ".to_owned()),
        (String::new(), "the file contains no entry".to_owned()),
        (
            good.lines().take(2).map(|line| format!("{line}\n")).collect(),
            "are missing at the end".to_owned(),
        ),
    ] {
        let (code, said) = with(&text);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(&expected) && said.starts_with("error: "), "{expected}: {said}");
    }
    let (code, said) = check(&home.dir.path().join("nothing.jsonl"), "");
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("can't be read"));
}

#[test]
fn a_person_takes_their_words_back_and_nothing_shows_them_any_more() {
    let home = Home::new();
    let program = home.start();
    let (incident, comment) = with_a_slip(&program);
    let redact =
        |entry: u64, body: &str| program.post(&format!("/api/ops/journal/{entry}/redact"), body);
    assert_eq!(redact(comment, r#"{"reason":" "}"#).status, 422);
    assert_eq!(redact(1, r#"{"reason":"x"}"#).status, 409, "what happened stays");
    assert_eq!(redact(9_999, r#"{"reason":"x"}"#).status, 404);
    // A note belongs to the end of an incident: only an owner takes words out of it.
    assert_eq!(
        program
            .post(&format!("/api/ops/incidents/{incident}/resolve"), r#"{"note":"over"}"#)
            .status,
        200
    );
    let resolved = program.get("/api/ops/trail?kind=resolved").json()["entries"][0]["number"]
        .as_u64()
        .unwrap();
    let responder = format!(
        "Cookie: {}\r\nContent-Type: application/json\r\n",
        program.invite("responder", "A responder")
    );
    for entry in [resolved, comment] {
        let refused = program
            .request(
                "POST",
                &format!("/api/ops/journal/{entry}/redact"),
                &responder,
                r#"{"reason":"x"}"#,
            )
            .unwrap();
        assert_eq!(refused.status, 403, "words of others stay");
    }

    assert_eq!(redact(comment, r#"{"reason":"A password."}"#).status, 200);
    assert_eq!(redact(comment, r#"{"reason":"A password."}"#).status, 409);
    for path in [
        format!("/api/ops/incidents/{incident}"),
        format!("/api/ops/incidents/{incident}/bundle"),
        "/api/ops/journal?limit=1000".to_owned(),
        "/api/ops/journal.jsonl".to_owned(),
        "/api/ops/trail".to_owned(),
        "/ops/journal".to_owned(),
        format!("/ops/incidents/{incident}"),
        format!("/api/ops/history?text={SECRET}"),
    ] {
        assert!(!program.get(&path).body.contains(SECRET), "{path}");
    }
    assert_eq!(
        program.get(&format!("/api/ops/history?text={SECRET}")).json()["incidents"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    // The form of the page says what is wrong as well.
    let form = "Content-Type: application/x-www-form-urlencoded\r\nAccept: text/html\r\n";
    let again = program
        .request("POST", &format!("/ops/journal/{comment}/redact"), form, "reason=once+more")
        .unwrap();
    assert_eq!(again.status, 409, "{again:?}");
    assert!(
        again.body.contains("once more") && again.body.contains("is already redacted"),
        "{}",
        again.body
    );
    let report = verify(&home.data());
    assert!(
        report.status.success() && text(&report).contains("The content of 1 entry was redacted"),
        "{}",
        text(&report)
    );
}

#[test]
fn a_share_link_shows_what_it_may_until_it_is_ended() {
    let home = Home::new();
    let program = home.start();
    let (incident, _) = with_a_slip(&program);
    let make = |body: &str| program.post(&format!("/api/ops/incidents/{incident}/shares"), body);
    let wanted = |audience: &str, hours: u32, hosts: bool| {
        format!(
            r#"{{"label":"For {SECRET}","audience":"{audience}","hours":{hours},"parts":{{"summary":true,"timeline":true,"now":true}},"hosts":{hosts}}}"#
        )
    };
    for (body, status) in [
        (wanted("customer", 0, false), 422),
        (wanted("customer", 2_161, false), 422),
        (wanted("customer", 1, true), 422),
        (wanted("everyone", 1, false), 422),
        ("{".to_owned(), 400),
    ] {
        assert_eq!(make(&body).status, status, "{body}");
    }
    assert_eq!(
        program.post("/api/ops/incidents/999/shares", &wanted("customer", 1, false)).status,
        404
    );
    let made = make(&wanted("customer", 24, false));
    assert_eq!(made.status, 200, "{made:?}");
    let path = made.json()["path"].as_str().unwrap().to_owned();
    assert_eq!(path.len(), "/share/".len() + 64);
    let list = || program.get(&format!("/api/ops/incidents/{incident}/shares"));
    let token = path.trim_start_matches("/share/");
    for place in [
        "/api/ops/journal.jsonl".to_owned(),
        format!("/ops/incidents/{incident}"),
        format!("/api/ops/incidents/{incident}/shares"),
    ] {
        assert!(!program.get(&place).body.contains(token), "{place}");
    }

    // A link in a chat leads here; the page is whole in one answer.
    let page = program
        .request(
            "GET",
            &path,
            "Cookie: none=1\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n",
            "",
        )
        .unwrap();
    assert_eq!(page.status, 200);
    assert_eq!(header(&page, "cache-control"), ["no-store"]);
    assert_eq!(header(&page, "referrer-policy"), ["no-referrer"]);
    assert_eq!(header(&page, "x-robots-tag"), ["noindex, nofollow"]);
    assert!(
        header(&page, "content-security-policy")[0]
            .starts_with("default-src 'none'; script-src 'nonce-"),
        "{}",
        page.head
    );
    assert!(
        page.body.contains("We are working on it")
            && page.body.contains("The problem was detected."),
        "{}",
        page.body
    );
    for inside in [SECRET, "imports", "9,000", "jobs", "queue", "/ops/", "/api/", ".wasm"] {
        assert!(!page.body.contains(inside), "{inside} in {}", page.body);
    }
    let shares = list().json();
    assert_eq!(
        (&shares["shares"][0]["views"], shares["shares"][0]["last_used_at"].is_string()),
        (&1.into(), true)
    );
    // To look again is no new view.
    assert_eq!(
        program
            .request("GET", &path, "Cookie: none=1\r\nX-Calm-Ops-Again: 1\r\n", "")
            .unwrap()
            .status,
        200
    );
    assert_eq!(list().json()["shares"][0]["views"], 1);

    // It is live: what happens is seen by the next look.
    program.post(&format!("/api/ops/incidents/{incident}/resolve"), r#"{"note":"over"}"#);
    assert!(program.get(&path).body.contains("Closed"));

    // Unknown, malformed and ended look alike; ending works at once.
    let unknown = program.get(&format!("/share/{}", "0".repeat(64)));
    let share = &shares["shares"][0]["id"];
    assert_eq!(program.post(&format!("/api/ops/shares/{share}/revoke"), "").status, 200);
    assert_eq!(program.post(&format!("/api/ops/shares/{share}/revoke"), "").status, 409);
    assert_eq!(program.post("/api/ops/shares/999999/revoke", "").status, 404);
    let without_date = |answer: &Answer| -> Vec<String> {
        answer
            .head
            .lines()
            .filter(|line| !line.to_ascii_lowercase().starts_with("date:"))
            .map(str::to_owned)
            .collect()
    };
    for closed in [
        path.clone(),
        "/share/x".to_owned(),
        format!("/share/{}", "a".repeat(5_000)),
        "/share/%C3%A9".to_owned(),
    ] {
        let answer = program.get(&closed);
        assert_eq!(
            (answer.status, &answer.body, without_date(&answer)),
            (404, &unknown.body, without_date(&unknown)),
            "{closed}"
        );
    }
    // What is no text is refused before anything looks for a link.
    assert_eq!(program.get("/share/%ff%fe").status, 400);
    assert!(list().json()["shares"][0]["revoked_at"].is_string());
    let report = verify(&home.data());
    assert!(report.status.success(), "{}", text(&report));
}

#[test]
fn a_manager_is_told_the_hosts_only_where_a_person_allows_it() {
    let home = Home::new();
    let program = home.start();
    program.push("service:imports@db-seven", 9_000.0);
    let incident = program.incident_about("service:imports@db-seven");
    let page = |hosts: bool| {
        let body = format!(
            r#"{{"label":"Board","audience":"manager","hours":24,"parts":{{"summary":true,"timeline":false,"now":true}},"hosts":{hosts}}}"#
        );
        let made = program.post(&format!("/api/ops/incidents/{incident}/shares"), &body).json();
        program.get(made["path"].as_str().unwrap()).body
    };
    assert!(page(true).contains("db-seven"));
    let without = page(false);
    assert!(!without.contains("db-seven") && !without.contains("What happened when"), "{without}");
}
