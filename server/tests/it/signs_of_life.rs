//! Signs of life: the heartbeat that is sent, `calm-ops health`, and a check that is asked for.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    process::Command,
    sync::{Arc, Mutex},
};

use crate::program::{Home, calm_ops};

/// Answers every request with a status, and keeps what was asked.
fn receiver(status: &Arc<Mutex<u16>>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/ping/hunter2-check?a=b", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let (into, status) = (Arc::clone(&asked), Arc::clone(status));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (mut bytes, mut part) = (Vec::new(), [0; 4_096]);
            while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut part) {
                    Ok(length @ 1..) => bytes.extend_from_slice(&part[..length]),
                    _ => break,
                }
            }
            into.lock().unwrap().push(String::from_utf8_lossy(&bytes).into_owned());
            let status = *status.lock().unwrap();
            let answer =
                format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (url, asked)
}

#[test]
fn a_heartbeat_is_sent_and_one_that_fails_is_told() {
    let status = Arc::new(Mutex::new(200));
    let (url, asked) = receiver(&status);
    let home = Home::new();
    let start = || {
        let mut program = Command::new(env!("CARGO_BIN_EXE_calm-ops"));
        program.env("CALM_OPS_HEARTBEAT_URL", &url).env("CALM_OPS_HEARTBEAT_INTERVAL", "10 s");
        home.start_from(program, &[]).unwrap()
    };
    let program = start();
    program.until("a sign of life", |_| (!asked.lock().unwrap().is_empty()).then_some(()));
    let first = asked.lock().unwrap()[0].clone();
    assert!(first.starts_with("GET /ping/hunter2-check?a=b HTTP/1.1\r\n"), "{first}");
    let troubles = |program: &crate::program::Running| {
        program.get("/api/ops/health").json()["now"]["troubles"].to_string()
    };
    assert!(!troubles(&program).contains("heartbeat"), "{}", troubles(&program));
    // Nobody has a contact yet, and the page says so.
    program.until("who is called", |program| {
        program
            .get("/ops/health")
            .body
            .contains("Nobody is notified when an incident opens")
            .then_some(())
    });
    drop(program);
    *status.lock().unwrap() = 404;
    let program = start();
    let told = program.until("the failure", |program| {
        let told = troubles(program);
        told.contains("No heartbeat was sent to 127.0.0.1").then_some(told)
    });
    assert!(told.contains("status 404") && !told.contains("hunter2"), "{told}");
}

#[test]
fn health_answers_with_one_line_and_an_exit_code_and_a_check_can_be_asked_for() {
    let home = Home::new();
    let program = home.start();
    let asked = |listen: &str| calm_ops(&["health".as_ref(), "--listen".as_ref(), listen.as_ref()]);
    let well = asked(&program.address);
    let line = String::from_utf8(well.stdout).unwrap();
    assert_eq!((well.status.code(), line.lines().count()), (Some(0), 1), "{line}");
    assert!(line.starts_with("Calm Ops is monitoring: "), "{line}");
    // Incidents of what it watches are no failure of its own.
    program.push("service:imports", 9_000.0);
    program.incident_about("service:imports");
    let line = String::from_utf8(asked(&program.address).stdout).unwrap();
    assert_eq!(line, "Calm Ops is monitoring: critical, 1 active incident.\n");

    let checked = program.post("/api/ops/check", "{}");
    let counts = ["collectors", "failed", "unfinished"].map(|name| checked.json()[name].as_u64());
    assert!(counts[0] >= Some(1) && counts[1..] == [Some(0), Some(0)], "{checked:?}");
    let page = program.get("/ops/health").body;
    assert!(page.contains("Check now") && page.contains("Checked "), "{page}");
    assert!(page.contains("href=\"/ops/settings/notifications\""), "the way to a contact: {page}");
    let address = program.address.clone();
    drop(program);
    let gone = asked(&address);
    assert_eq!(gone.status.code(), Some(3));
    let line = String::from_utf8(gone.stderr).unwrap();
    assert!(
        line.starts_with("Calm Ops does not answer at ") && line.lines().count() == 1,
        "{line}"
    );
}

#[test]
fn readiness_is_told_of_what_was_really_tried() {
    let (url, _) = receiver(&Arc::new(Mutex::new(200)));
    let mut home = Home::new();
    home.inside = "127.0.0.1".to_owned();
    let mut program = Command::new(env!("CARGO_BIN_EXE_calm-ops"));
    program.env("CALM_OPS_HEARTBEAT_URL", &url);
    let program = home.start_from(program, &[]).unwrap();
    let readiness = || program.get("/api/ops/readiness").json();
    let before = readiness();
    assert_eq!(before["responders"][0]["state"], "no_contact", "{before}");
    assert_eq!((&before["approvers"], &before["links"]), (&1.into(), &false.into()), "{before}");
    assert!(before["backup_at"].is_null(), "{before}");

    let server = url.split_once("/ping").unwrap().0;
    let contact = serde_json::json!({
        "label": "Phone", "least": "warning", "enabled": true,
        "way": { "kind": "ntfy", "server": server, "topic": "readiness" },
    });
    let set = program.post("/api/people/contacts", &contact.to_string());
    assert_eq!(set.status, 200, "{set:?}");
    assert_eq!(readiness()["responders"][0]["state"], "not_tried");
    let id = program.get("/api/people/contacts").json()["contacts"][0]["id"].to_string();
    let tested = program.post(&format!("/api/people/contacts/{id}/test"), "{}");
    assert_eq!(tested.status, 200, "{tested:?}");
    program.until("a message that was taken", |_| {
        (readiness()["responders"][0]["state"] == "tried").then_some(())
    });
    program.until("a sign of life", |_| {
        (readiness()["sign_of_life"]["state"] == "sent").then_some(())
    });

    let file = home.dir.path().join("saved");
    let saved = calm_ops(&[
        "backup".as_ref(),
        file.as_os_str(),
        "--data-dir".as_ref(),
        home.data().as_os_str(),
    ]);
    assert!(saved.status.success() && saved.stderr.is_empty(), "{saved:?}");
    assert!(!readiness()["backup_at"].is_null(), "{}", readiness());
    // People are told the same, and what is left to do.
    program.invite("responder", "Bo");
    let page = program.get("/ops/settings/readiness").body;
    for part in ["4 of 6 checks need attention.", "Bo has no contact.", "Set public_url"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}
