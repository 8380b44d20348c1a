//! The interfaces for other programs, tried on the real program.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

use crate::program::{self, Home, Running, calm_ops, observation, verify};

fn stream(program: &Running, after: &str) -> BufReader<TcpStream> {
    let mut socket = TcpStream::connect(&program.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(
        socket,
        "GET /api/ops/events{after} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n",
        program.address, program.cookie
    )
    .unwrap();
    BufReader::new(socket)
}

/// The next line of a stream that holds a text.
fn line_with(stream: &mut BufReader<TcpStream>, text: &str) -> String {
    loop {
        let mut line = String::new();
        assert!(stream.read_line(&mut line).unwrap() > 0, "the stream ended before '{text}' came");
        if line.contains(text) {
            return line;
        }
    }
}

/// Of a thousand pages at once a few never ended when several parts of a page waited for one answer.
#[test]
fn every_page_is_answered_however_many_are_asked_for_at_once() {
    const PAGES: [(&str, u16); 4] = [
        ("/ops/status", 200),
        ("/ops/incidents/999", 404),
        ("/ops/prevention", 200),
        ("/ops/settings/about", 200),
    ];
    let home = Home::new();
    let program = home.start();
    let asks = |(path, status): &(&str, u16)| {
        let answer = program.request("GET", path, "", "");
        let answer = answer.unwrap_or_else(|| panic!("{path} was not answered"));
        assert_eq!(answer.status, *status, "{path}");
        assert!(answer.body.ends_with("</script>"), "{path} ends too early");
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| PAGES.iter().cycle().take(250).for_each(asks));
        }
    });
}

#[test]
fn a_breach_opens_an_incident_and_a_person_ends_it() {
    let home = Home::new();
    let program = home.start();
    assert_eq!(program.push("service:imports", 9_000.0).json()["accepted"], 1);
    let number = program.incident_about("service:imports");
    let page = program.get(&format!("/api/ops/incidents/{number}")).json();
    assert_eq!(page["incident"]["severity"], "critical");
    assert_eq!(page["snapshots"].as_array().unwrap().len(), 1);
    let id = page["incident"]["id"].as_str().unwrap();
    assert_eq!(
        program.get(&format!("/api/ops/incidents/{id}")).json()["incident"]["number"],
        number
    );
    let act = |what: &str, body: &str| {
        program.post(&format!("/api/ops/incidents/{number}/{what}"), body).status
    };
    assert_eq!(act("acknowledge", ""), 200);
    assert_eq!(act("acknowledge", ""), 409);
    assert_eq!(act("comment", r#"{"text":"Looking at the queue."}"#), 200);
    assert_eq!(act("comment", r#"{"text":"  "}"#), 422);
    assert_eq!(act("comment", r#"{"text":3}"#), 422);
    assert_eq!(act("comment", "{"), 400);
    assert_eq!(act("resolve", r#"{"note":"The importer was restarted."}"#), 200);
    assert_eq!(act("resolve", r#"{"note":"Again."}"#), 409);
    let history = program.get("/api/ops/history?text=importer").json();
    assert_eq!(history["incidents"][0]["number"], number);
    let summary = &history["summary"];
    assert_eq!(
        (&summary["figures"]["incidents"], &summary["figures"]["acknowledged"]),
        (&1.into(), &1.into())
    );
    assert!(summary["figures"]["median"].as_u64().is_some() && summary["before"].is_null());
    let all = program.get("/api/ops/history").json();
    let lately = &all["summary"];
    assert_eq!(lately["figures"], summary["figures"]);
    assert_eq!(lately["before"]["incidents"], 0);
    let charts = &all["charts"];
    assert_eq!(charts["weeks"].as_array().map(Vec::len), Some(13));
    let today = charts["days"].as_array().unwrap().last().unwrap();
    assert_eq!((&today["mark"], &today["opened"]), (&"critical".into(), &1.into()), "{charts}");
    // The journal is new: nobody watched before.
    assert_eq!(
        (&charts["days"][0]["mark"], &charts["zone"]),
        (&"not_watched".into(), &"UTC".into())
    );
    let searched = program.get("/api/ops/history?practice=true").json();
    assert!(searched["charts"].is_null());
    assert_eq!(
        program.get("/api/ops/history?severity=warning").json()["incidents"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    assert_eq!(program.get("/api/ops/history?severity=awful").status, 422);
    assert_eq!(program.get("/api/ops/incidents/999").status, 404);
    assert_eq!(program.get("/api/ops/incidents/../../etc").status, 404);
    let bundle = program.get(&format!("/api/ops/incidents/{number}/bundle"));
    assert_eq!(bundle.status, 200);
    let file = home.dir.path().join("bundle.json");
    std::fs::write(&file, &bundle.body).unwrap();
    let replayed = calm_ops(&["replay".as_ref(), file.as_os_str()]);
    assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stdout));
    let verified = verify(&home.data());
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn an_untouched_incident_ends_by_itself_when_all_is_quiet() {
    let home = Home::new();
    let program = home.start();
    program.push("service:imports", 2_000.0);
    let number = program.incident_about("service:imports");
    program.push("service:imports", 10.0);
    program.until("the end", |program| {
        let page = program.get(&format!("/api/ops/incidents/{number}")).json();
        (page["incident"]["state"] == "resolved" && page["incident"]["resolution"]["by"] == "agent")
            .then_some(())
    });
}

#[test]
fn a_wrong_batch_is_refused_with_its_place_and_nothing_of_it_is_taken() {
    let home = Home::new();
    let file = home.dir.path().join("calm-ops.toml");
    std::fs::write(&file, "host_name = 'web-1'\n").unwrap();
    let program = home.start_with(&["--config", file.to_str().unwrap()]).unwrap();
    program.until("what is measured here", |program| {
        let body = program.get("/api/ops/health").body;
        ["monitor.loop_lag", "disk:/@web-1"].iter().all(|name| body.contains(name)).then_some(())
    });
    let push = |body: &str| program.post("/api/ops/signals", body);
    let good = r#"{"signal":"queue.depth","subject":"service:never","value":9000}"#;
    for (item, pointer) in [
        (r#"{"signal":"Queue Depth","subject":"service:a","value":1}"#, "/observations/1/signal"),
        (r#"{"signal":"queue.depth","subject":"a","value":1}"#, "/observations/1/subject"),
        (
            r#"{"signal":"queue.depth","subject":"service:a\u2800","value":1}"#,
            "/observations/1/subject",
        ),
        (r#"{"signal":"queue.depth","subject":"service:a","value":"1"}"#, "/observations/1/value"),
        (
            r#"{"signal":"queue.depth","subject":"service:a","value":1e999}"#,
            "/observations/1/value",
        ),
        (
            r#"{"signal":"queue.depth","subject":"service:a","value":1,"value":2}"#,
            "/observations/1/value",
        ),
        (
            r#"{"signal":"monitor.loop_lag","subject":"service:calm-ops@web-1","value":1}"#,
            "/observations/1/signal",
        ),
        (r#"{"signal":"disk.used","subject":"disk:/@web-1","value":1}"#, "/observations/1/signal"),
        (
            r#"{"signal":"queue.depth","subject":"service:a","value":1,"at":"soon"}"#,
            "/observations/1/at",
        ),
        (
            r#"{"signal":"queue.depth","subject":"service:a","value":1,"at":"2099-01-01T00:00:00Z"}"#,
            "/observations/1/at",
        ),
        (
            r#"{"signal":"queue.depth","subject":"service:a","value":1,"unit":"<b>"}"#,
            "/observations/1/unit",
        ),
        (
            r#"{"signal":"queue.depth","subject":"service:a","value":1,"colour":"red"}"#,
            "/observations/1/colour",
        ),
    ] {
        let answer = push(&format!(r#"{{"observations":[{good},{item}]}}"#));
        assert!(answer.head.contains("application/problem+json"), "{answer:?}");
        assert_eq!(answer.status, 422, "{item}: {answer:?}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{answer:?}");
    }
    assert_eq!(push("{").status, 400);
    let large = push(&format!(r#"{{"observations":[],"x":"{}"}}"#, "x".repeat(2_000_000)));
    assert_eq!(large.status, 413);
    assert!(
        large.head.contains("application/problem+json") && large.body.contains("1048576 bytes"),
        "{large:?}"
    );
    let other_host = r#"{"signal":"disk.used","subject":"disk:/@web-2","value":10,"unit":"%"}"#;
    assert_eq!(push(&format!(r#"{{"observations":[{other_host}]}}"#)).status, 202);
    assert_eq!(program.request("POST", "/api/ops/signals", "", "{}").unwrap().status, 415);
    std::thread::sleep(Duration::from_millis(1_500));
    let health = program.get("/api/ops/health").json();
    let readings = health["now"]["readings"].as_array().unwrap().clone();
    assert!(
        !readings.iter().any(|reading| reading["subject"] == "service:never"),
        "a rejected batch left something behind"
    );
    assert_eq!(program.get("/api/ops/incidents").json()["active"].as_array().unwrap().len(), 0);
}

#[test]
fn the_stream_resumes_where_it_broke_and_says_when_it_can_not() {
    let home = Home::new();
    let mut program = home.start();
    let mut live = stream(&program, "");
    let hello = line_with(&mut live, "\"cursor\"");
    let cursor = hello.split('"').nth(9).unwrap().to_owned();
    line_with(&mut live, r#""event":"readings""#);
    program.push("service:imports", 9_000.0);
    line_with(&mut live, "incident_opened");
    drop(live);
    let number = program.incident_about("service:imports");
    program.post(
        &format!("/api/ops/incidents/{number}/comment"),
        r#"{"text":"while nobody listened"}"#,
    );
    let mut resumed = stream(&program, &format!("?after={cursor}"));
    line_with(&mut resumed, "incident_opened");
    line_with(&mut resumed, "while nobody listened");
    program.kill();
    let program = home.start();
    // From the database: the ring of this run begins later.
    let mut resumed = stream(&program, &format!("?after={cursor}"));
    line_with(&mut resumed, "incident_opened");
    line_with(&mut resumed, "while nobody listened");
    line_with(&mut stream(&program, "?after=77:3"), r#""event":"resync""#);
    let (epoch, _) = cursor.split_once(':').unwrap();
    line_with(&mut stream(&program, &format!("?after={epoch}:999999")), r#""event":"resync""#);
    assert_eq!(program.get("/api/ops/events?after=nonsense").status, 422);
}

#[test]
fn only_our_own_pages_and_programs_are_let_in() {
    let home = Home::new();
    let program = home.start();
    let with = |method: &str, headers: &str| {
        let headers = format!("Content-Type: application/json\r\n{headers}");
        program
            .request(method, "/api/ops/signals", &headers, &observation("service:a", 1.0))
            .unwrap()
            .status
    };
    assert_eq!(with("POST", ""), 202);
    assert_eq!(with("POST", "Host: evil.example\r\n"), 421);
    assert_eq!(with("POST", "Origin: http://evil.example\r\n"), 403);
    assert_eq!(with("POST", "Origin: null\r\n"), 403);
    assert_eq!(with("POST", "Sec-Fetch-Site: cross-site\r\n"), 403);
    let page = program.get("/ops/health");
    assert_eq!(page.status, 200);
    let policy = page
        .head
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with("content-security-policy:"))
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("default-src 'none'")
            && policy.contains("'nonce-")
            && !policy.contains("unsafe-inline"),
        "{policy}"
    );
    assert!(page.head.to_ascii_lowercase().contains("x-content-type-options: nosniff"));
    assert_eq!(program.get("/api/nothing").status, 404);
    for (method, path) in
        [("DELETE", "/api/ops/incidents"), ("GET", "/api/pages/act"), ("POST", "/ops/history")]
    {
        let answer = program.request(method, path, "", "").unwrap();
        assert_eq!(answer.status, 405, "{method} {path}");
        assert!(answer.body.contains("needs another method"), "{method} {path}: {answer:?}");
    }
    let refused = Home::new().start_with(&["--listen", "0.0.0.0:0"]).err().unwrap();
    assert!(refused.contains("has no owner yet") && refused.contains("ssh -L"), "{refused}");
}

#[test]
fn it_stops_in_good_order_within_two_seconds_while_streams_are_open() {
    let home = Home::new();
    let mut program = home.start();
    let mut streams: Vec<_> = (0..20).map(|_| stream(&program, "")).collect();
    for stream in &mut streams {
        line_with(stream, r#""event":"hello""#);
    }
    let (took, fine) = program.terminate();
    assert!(fine && took < Duration::from_secs(2), "it took {took:?}, {fine}");
    let verified = verify(&home.data());
    assert!(String::from_utf8_lossy(&verified.stdout).contains("is intact"), "{verified:?}");
}

#[test]
fn what_is_in_the_way_at_the_start_is_told_in_a_sentence() {
    let home = Home::new();
    let program = home.start();
    let second = home.start_with(&[]).err().unwrap();
    assert!(second.contains("Another Calm Ops"), "{second}");
    let other = Home::new();
    let taken = other.start_with(&["--listen", &program.address]).err().unwrap();
    assert!(taken.contains("Another program is using this port"), "{taken}");
    std::fs::write(
        other.ops().join("alerts/thresholds.md"),
        "format: 1\n\n## Thresholds\n\n| signal | nonsense |\n| --- | --- |\n| a | b |\n",
    )
    .unwrap();
    let wrong = other.start_with(&[]).err().unwrap();
    assert!(wrong.contains("alerts/thresholds.md:5:"), "{wrong}");
}

#[test]
fn a_bad_edit_is_told_and_a_good_one_is_in_force_without_a_restart() {
    let home = Home::new();
    let program = home.start();
    let file = home.ops().join("alerts/thresholds.md");
    std::fs::write(&file, program::QUICK.replace("above 5000 jobs", "above many jobs")).unwrap();
    program.until("the bad edit to be told", |program| {
        let health = program.get("/api/ops/health").json();
        let documents = health["documents"].as_array()?.clone();
        documents.iter().find_map(|document| {
            document["error"].as_str().map(|error| assert!(error.contains("many"), "{error}"))
        })
    });
    std::fs::write(
        &file,
        program::QUICK.replace("1000 jobs", "100 jobs").replace("500 jobs", "50 jobs"),
    )
    .unwrap();
    program.until("the good edit to be in force", |program| {
        program.push("service:imports", 200.0);
        program.get("/api/ops/incidents").json()["active"][0]["number"].as_u64()
    });
}

#[test]
fn every_route_of_the_table_is_described_and_answers() {
    let home = Home::new();
    let program = home.start();
    let description = program.get("/api/openapi.json").json();
    for route in server::http::api::routes() {
        assert!(
            description["paths"][route.path][route.method].is_object(),
            "{route:?} is not described"
        );
        if route.path.ends_with("/events") {
            continue;
        }
        let path = route.path.replace("{id}", "12345");
        let body = route.body.map_or("{}", |(example, _)| example);
        let answer = match route.method {
            "get" => program.get(&path),
            "put" => program.put(&path, body),
            _ => program.post(&path, body),
        };
        assert_ne!(answer.status, 405, "{route:?}");
        assert!(answer.status < 500, "{route:?}: {answer:?}");
    }
}

/// Kinds and subjects of the journal's entries about subjects that are gone.
fn retired(program: &Running) -> Vec<String> {
    let journal = program.get("/api/ops/journal?limit=1000").json();
    let entries = journal["entries"].as_array().unwrap().iter();
    entries.filter_map(|entry| Some(entry["event"]["subject"].as_str()?.to_owned())).collect()
}

#[test]
fn what_vanished_while_it_was_off_is_retired_at_the_start_and_what_is_pushed_is_not() {
    let home = Home::new();
    let file = home.dir.path().join("calm-ops.toml");
    let config = ["--config", file.to_str().unwrap()];
    let endpoint =
        |name: &str| format!("[[endpoint]]\nname = '{name}'\nurl = 'http://127.0.0.1:1/'\n");
    std::fs::write(&file, format!("host_name = 'former'\n{}{}", endpoint("old"), endpoint("kept")))
        .unwrap();
    let mut program = home.start_with(&config).unwrap();
    program.push("endpoint:pushed", 1.0);
    program.until("both endpoints and the host", |program| {
        let body = program.get("/api/ops/health").body;
        ["endpoint:old", "endpoint:kept", "endpoint:pushed", "disk:/@former"]
            .iter()
            .all(|name| body.contains(name))
            .then_some(())
    });
    assert_eq!(retired(&program), Vec::<String>::new());
    assert!(program.terminate().1);

    std::fs::write(&file, format!("host_name = 'web-1'\n{}", endpoint("kept"))).unwrap();
    let program = home.start_with(&config).unwrap();
    // The host was renamed: what is on it goes on under its new name.
    let expected = ["collector:endpoint:old@web-1", "endpoint:old"];
    program.until("what is gone", |program| {
        let gone = retired(program);
        expected.iter().all(|name| gone.iter().any(|gone| gone == name)).then_some(())
    });
    program.until("the disk under its new name", |program| {
        let body = program.get("/api/ops/health").body;
        (body.contains("disk:/@web-1") && !body.contains("@former")).then_some(())
    });
    let mut gone = retired(&program);
    gone.sort();
    assert_eq!(gone, expected);
    std::thread::sleep(std::time::Duration::from_secs(6));
    // The machine was renamed: what is on it goes on under the new name.
    let health = program.get("/api/ops/health").body;
    assert!(
        health.contains("disk:/@web-1")
            && health.contains("was renamed from former to web-1")
            && !health.contains("@former"),
        "{health}"
    );
    let again = retired(&program);
    let unique: std::collections::BTreeSet<_> = again.iter().collect();
    assert_eq!(again.len(), unique.len(), "each once: {again:?}");

    std::fs::write(&file, "host_name = 'web-1'\n").unwrap();
    program.until("the last endpoint's end", |program| {
        retired(program).iter().any(|gone| gone == "endpoint:kept").then_some(())
    });
}

#[test]
fn a_push_takes_as_many_observations_as_the_configuration_says() {
    let home = Home::new();
    let file = home.dir.path().join("calm-ops.toml");
    std::fs::write(&file, "[limits]\npush_observations = 100\n").unwrap();
    let program = home.start_with(&["--config", file.to_str().unwrap()]).unwrap();
    let batch = |count: usize| {
        let one = r#"{"signal":"queue.depth","subject":"service:imports","value":1}"#;
        format!(r#"{{"observations":[{}]}}"#, vec![one; count].join(","))
    };
    assert_eq!(program.post("/api/ops/signals", &batch(100)).status, 202);
    let refused = program.post("/api/ops/signals", &batch(101));
    assert_eq!(refused.status, 413);
    assert!(refused.body.contains("at most 100 readings"), "{}", refused.body);
}

/// Sends the beginning of a request, then a byte a second until the server answers or closes; what
/// it said, and after how long.
fn dribble(program: &Running, beginning: &str) -> (String, Duration) {
    let mut socket = TcpStream::connect(&program.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    socket.write_all(beginning.as_bytes()).unwrap();
    let (began, mut said) = (std::time::Instant::now(), Vec::new());
    while began.elapsed() < Duration::from_secs(25) {
        let mut bytes = [0; 4_096];
        match std::io::Read::read(&mut socket, &mut bytes) {
            Ok(0) => break,
            Ok(count) => said.extend_from_slice(&bytes[..count]),
            // Nothing came within a second.
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) =>
            {
                let _ = socket.write_all(b"x");
            }
            Err(_) => break,
        }
    }
    (String::from_utf8_lossy(&said).into_owned(), began.elapsed())
}

#[test]
fn a_client_that_sends_a_byte_a_second_is_cut_off() {
    let home = Home::new();
    let program = home.start();
    let host = &program.address;
    let post = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"
        )
    };
    let beginnings = [
        post("/api/ops/signals"),
        post("/api/ops/incidents/1/comment"),
        post("/api/pages/act"),
        format!("GET /api/health HTTP/1.1\r\nHost: {host}\r\nX-Slow: "),
    ];
    let program = &program;
    let ends = std::thread::scope(|scope| {
        let tries: Vec<_> = beginnings
            .iter()
            .map(|beginning| scope.spawn(move || dribble(program, beginning)))
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
    });
    for (beginning, (said, took)) in beginnings.iter().zip(&ends) {
        assert!((9..16).contains(&took.as_secs()), "{beginning} ended after {took:?}: {said}");
    }
    for (said, _) in &ends[..3] {
        assert!(
            said.starts_with("HTTP/1.1 408 ") && said.contains("application/problem+json"),
            "{said}"
        );
    }
    // Others were served all the while, and are.
    assert_eq!(program.get("/api/health").status, 200);
}

#[test]
fn it_stops_at_once_when_nothing_is_to_be_done() {
    let home = Home::new();
    let mut program = home.start();
    std::thread::sleep(Duration::from_secs(2));
    let (took, fine) = program.terminate();
    assert!(fine && took < Duration::from_millis(700), "it took {took:?}, {fine}");
}

#[test]
fn while_another_program_holds_the_database_the_trouble_is_told_and_the_breach_is_seen() {
    let home = Home::new();
    let program = home.start();
    program.push("service:imports", 1.0);
    let url = format!("sqlite://{}", home.data().join("calm-ops.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut other = runtime.block_on(async {
        let mut other = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.unwrap();
        sqlx::query("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
        other
    });
    let began = std::time::Instant::now();
    assert_eq!(program.push("service:imports", 9_000.0).status, 202);
    let trouble = |program: &Running| {
        let health = program.get("/api/ops/health").json();
        let critical = health["now"]["readings"]
            .as_array()?
            .iter()
            .any(|reading| reading["status"] == "critical");
        let trouble = health["now"]["troubles"]
            .as_array()?
            .iter()
            .filter_map(|told| Some(told.as_str()?.to_owned()))
            // What this machine does not show, and that nobody has a contact, is told as well.
            .find(|told| told.contains("Monitoring continues"))?;
        critical.then_some(trouble)
    };
    program.until("the trouble", trouble);
    assert!(began.elapsed() < Duration::from_secs(6), "it took {:?}", began.elapsed());
    // A write that waits behind another one may take long enough to be told before it has failed;
    // then it says why.
    let told = program.until("its reason", |program| {
        trouble(program).filter(|told| told.contains("locked by another program"))
    });
    assert!(told.contains(" UTC. ") && told.contains("Monitoring continues"), "{told}");
    // It is told the whole time, with the same beginning, though what is stored can be read all the
    // while.
    for _ in 0..40 {
        let again = trouble(&program);
        assert_eq!(again.as_ref(), Some(&told));
        std::thread::sleep(Duration::from_millis(150));
    }
    runtime.block_on(async { sqlx::query("ROLLBACK").execute(&mut other).await.unwrap() });
    program.incident_about("service:imports");
    assert_eq!(program.get("/api/health").json()["active_incidents"], 1);
    program.until("the end of the trouble", |program| trouble(program).is_none().then_some(()));
}
