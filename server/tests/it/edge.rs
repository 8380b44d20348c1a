//! The surroundings of the program: proxies, orchestrators, other instances on the same host,
//! senders of rubbish, and browsers whose sign-in ends.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Write as _},
};

use server::http::{api, route_permissions::ROUTE_PERMISSIONS};

use crate::program::{self, Home, Running};

const JSON: &str = "Content-Type: application/json\r\n";

fn host(program: &Running, method: &str, path: &str, host: &str) -> u16 {
    program.request(method, path, &format!("Host: {host}\r\n"), "").unwrap().status
}

#[test]
fn whoever_asks_for_health_is_answered_and_nothing_else_is() {
    let home = Home::new();
    let program = home.start();
    for name in ["10.244.0.5:3000", "calm-ops.internal", "[fd00::5]:3000", "?"] {
        assert_eq!(host(&program, "GET", "/api/health", name), 200, "{name}");
        assert_eq!(host(&program, "GET", "/api/ops/health", name), 421, "{name}");
        assert_eq!(host(&program, "GET", "/ops/health", name), 421, "{name}");
        assert_eq!(host(&program, "POST", "/api/ops/check", name), 421, "{name}");
    }
    let plain =
        |path: &str| program.raw(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).unwrap();
    assert_eq!(plain("/api/health").status, 200);
    assert_eq!(plain("/api/health/").status, 400);
    assert_eq!(plain("/ops/health").status, 400);
}

#[test]
fn two_instances_on_one_host_keep_each_its_sign_in() {
    let homes = [Home::new(), Home::new()];
    let [one, two] = [homes[0].start(), homes[1].start()];
    let name = |program: &Running| program.cookie.split('=').next().unwrap().to_owned();
    assert_ne!(name(&one), name(&two));
    // A browser sends what it has for the host, whatever the port.
    let both = format!("Cookie: {}; {}\r\n", one.cookie, two.cookie);
    for program in [&one, &two] {
        assert_eq!(program.request("GET", "/api/ops/health", &both, "").unwrap().status, 200);
    }
    let out = one.request("POST", "/sign-out", &both, "").unwrap();
    assert!(out.head.contains(&format!("set-cookie: {}=;", name(&one))), "{out:?}");
    assert_eq!(one.request("GET", "/api/ops/health", &both, "").unwrap().status, 401);
    assert_eq!(two.request("GET", "/api/ops/health", &both, "").unwrap().status, 200);
}

#[test]
fn a_damaged_field_of_a_form_is_refused_by_its_name_wherever_it_is_sent() {
    let home = Home::new();
    let program = home.start();
    let cookie = format!("Cookie: {}\r\n", program.cookie);
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    for path in [
        "/sign-in",
        "/join/00",
        "/api/pages/change-settings",
        "/ops/health",
        "/ops/incidents/1/share",
        "/ops/journal/1/redact",
        "/api/pages/act",
        "/theme",
    ] {
        for damaged in ["text=%ff", "text=%zz", "text=%ed%a0%80", "text=a&text=b", "te%78t=a&text="]
        {
            for headers in [format!("{cookie}{kind}"), cookie.clone()] {
                let body = format!("incident=1&what=comment&{damaged}");
                let answer = program.request("POST", path, &headers, &body).unwrap();
                let is_named = answer.body.contains("text is not valid");
                let is_told = answer.status == 422 && is_named;
                // Without a kind the framework reads no form.
                assert!(is_told || headers == cookie && answer.status >= 400, "{path} {answer:?}");
            }
        }
    }
    let query = |query: &str| {
        let path = format!("/api/ops/journal?{query}");
        program.request("GET", &path, &cookie, "").unwrap().status
    };
    assert_eq!(
        (query("after=1"), query("after=1&after=2"), query("after=1&%61fter=1")),
        (200, 422, 422)
    );
}

#[test]
fn a_browser_gets_a_page_and_a_program_problem_details() {
    let home = Home::new();
    let program = home.start();
    let at = |accept: &str| {
        let headers = format!("Host: elsewhere.example\r\nAccept: {accept}\r\n");
        program.request("GET", "/ops/health", &headers, "").unwrap()
    };
    let page = at("text/html,application/xhtml+xml,*/*;q=0.8");
    assert!(
        page.status == 421
            && page.head.contains("text/html")
            && page.body.contains("<h1>")
            && page.body.contains("allowed_hosts"),
        "{page:?}"
    );
    assert_eq!(at("*/*").json()["status"], 421);
}

#[test]
fn who_pushes_rubbish_is_named_and_good_values_are_kept_where_the_sender_wants_it() {
    let home = Home::new();
    let program = home.start();
    let made = program.post("/api/people/tokens", r#"{"label":"importer","scopes":["ingest"]}"#);
    let token = made.json()["secret"].as_str().unwrap().to_owned();
    let push = |query: &str, body: &str| {
        let headers = format!("{JSON}Authorization: Bearer {token}\r\n");
        program.request("POST", &format!("/api/ops/signals{query}"), &headers, body).unwrap()
    };
    let told = |program: &Running| {
        let health = program.get("/api/ops/health").json();
        let troubles = health["now"]["troubles"].as_array().unwrap().clone();
        let mut told = troubles.iter().filter_map(|one| one.as_str());
        told.find(|one| one.contains("\"importer\"") && one.contains("rejected")).map(str::to_owned)
    };
    let good = r#"{"signal":"queue.depth","subject":"service:a","value":3}"#;
    let body = |bad: &str| {
        format!(
            r#"{{"observations":[{good},{{"signal":"queue.depth","subject":"service:b","value":{bad}}}]}}"#
        )
    };
    for bad in ["NaN", "null", "-Infinity"] {
        let answer = push("", &body(bad));
        assert_eq!(answer.json()["errors"][0]["pointer"], "/observations/1/value", "{answer:?}");
    }
    let sentence = program.until("the refusal", told);
    assert!(
        sentence.contains("/observations/1/value")
            && sentence.contains("Nothing in them is accepted"),
        "{sentence}"
    );
    assert!(program.get("/ops/health").body.contains("/observations/1/value"), "the page says it");
    assert_eq!(push("?keep=everything", &body("1")).status, 422);

    let kept = push("?keep=good", &body("NaN"));
    assert_eq!(kept.status, 202);
    let kept = kept.json();
    assert_eq!((kept["accepted"].as_u64(), kept["refused"].as_u64()), (Some(1), Some(1)));
    assert_eq!(kept["errors"][0]["pointer"], "/observations/1/value");
    let wrong_unit =
        push("?keep=good", r#"{"observations":[{"signal":"Queue","subject":"a","value":1}]}"#);
    assert_eq!(
        (wrong_unit.status, &wrong_unit.json()["errors"][0]["pointer"]),
        (422, &"/observations/0/signal".into())
    );

    assert_eq!(push("", &body("4")).json()["accepted"], 2);
    program.until("the end of it", |program| told(program).is_none().then_some(()));
}

#[test]
fn a_stream_says_that_its_sign_in_has_ended() {
    let home = Home::new();
    let program = home.start();
    let mut socket = std::net::TcpStream::connect(&program.address).unwrap();
    socket.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    write!(
        socket,
        "GET /api/ops/events HTTP/1.1\r\nConnection: close\r\nHost: {}\r\nCookie: {}\r\n\r\n",
        program.address, program.cookie
    )
    .unwrap();
    let mut lines = BufReader::new(socket).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains(r#""event":"hello""#)));
    let body = format!(r#"{{"name":"{}","password":"{}"}}"#, program::OWNER, program::PASSWORD);
    let none = format!("{JSON}Cookie: none=1\r\n");
    let other = program.request("POST", "/api/people/sign-in", &none, &body).unwrap().cookie();
    let set = format!(
        r#"{{"present":"{}","password":"another long calm password 12"}}"#,
        program::PASSWORD
    );
    let other = format!("{JSON}Cookie: {other}\r\n");
    assert_eq!(program.request("POST", "/api/people/password", &other, &set).unwrap().status, 200);
    let rest: Vec<String> = lines.collect();
    assert!(rest.iter().any(|line| line.contains(r#""event":"signed_out""#)), "{rest:?}");
    let refused = program.get("/api/ops/health");
    assert_eq!((refused.status, &refused.json()["sign_in"]), (401, &"/sign-in".into()));
}

#[test]
fn what_is_odd_or_missing_is_refused_on_every_route_and_leads_nowhere_else() {
    let home = Home::new();
    let program = home.start();
    let own =
        format!("Host: {}\r\nCookie: {}\r\nConnection: close\r\n", program.address, program.cookie);
    let ask = |method: &str, target: &str, more: &str| {
        program.raw(format!("{method} {target} HTTP/1.1\r\n{own}{more}\r\n").as_bytes()).unwrap()
    };
    let pages = ROUTE_PERMISSIONS.iter().map(|row| (row.method, row.path));
    let routes: BTreeSet<(&str, &str)> =
        pages.chain(api::routes().into_iter().map(|route| (route.method, route.path))).collect();
    for (method, path) in routes {
        // A sign-out without anything is one, and nothing is to be told of an open stream.
        if path == "/sign-out" || path == "/api/ops/events" {
            continue;
        }
        let filled = path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
        let path = filled.collect::<Vec<_>>().join("/");
        let method = method.to_uppercase();
        let missing = ask(&method, &path, "Content-Length: 0\r\n").status;
        assert!(missing < 500, "{method} {path}: {missing}");
        for odd in ["%00", "%0d%0aLocation:%20//evil.example", "%ff", "%", "%e2%80%ae"] {
            let status = ask(&method, &format!("{path}?x={odd}"), "").status;
            assert_eq!(status, 400, "{method} {path}?x={odd}");
        }
    }
    for twice in [
        "Host: evil.example",
        "Origin: http://a\r\nOrigin: http://b",
        "Authorization: Bearer a\r\nAuthorization: Bearer b",
    ] {
        assert_eq!(ask("GET", "/ops/health", &format!("{twice}\r\n")).status, 400, "{twice}");
    }
    for target in [
        "http://evil.example/ops/health",
        "evil.example:443",
        "*",
        "//evil.example/..",
        "/\\evil.example",
    ] {
        let answer = ask("GET", target, "");
        assert!((400..500).contains(&answer.status), "{target}: {answer:?}");
        assert!(!answer.head.contains("location:"), "{target}: {answer:?}");
    }
    let named = "X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\nReferer: http://evil.example/\r\n";
    for path in ["/", "/sign-in", "/ops/health", "/ops/incidents/1", "/nowhere"] {
        let answer = ask("GET", path, named);
        assert!(!format!("{answer:?}").contains("evil.example"), "{path}: {answer:?}");
    }
}
