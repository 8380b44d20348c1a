//! Every route as everyone: what the one table of routes says that a route needs is what the
//! program asks for, no more and no less.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use domain::access::{Permission, Role};
use server::http::{
    api::routes,
    route_permissions::{ROUTE_PERMISSIONS, RoutePermission},
    schema::Content,
};
use sqlx::{Connection as _, SqliteConnection};

use crate::program::{self, Answer, Home, PASSWORD, Running, approved};

/// The callers: a name, the header, and what they have.
struct Who {
    name: &'static str,
    header: String,
    may: fn(Permission) -> bool,
}

const fn least(need: Permission) -> Option<Role> {
    match need {
        Permission::Nothing | Permission::Itself | Permission::ShareLink => None,
        Permission::Read => Some(Role::Viewer),
        Permission::Ingest | Permission::Respond => Some(Role::Responder),
        Permission::SetPlans => Some(Role::Approver),
        Permission::Person { role, .. } => Some(role),
    }
}

fn role_may(role: Role, need: Permission) -> bool {
    need == Permission::Nothing || least(need).is_some_and(|least| role >= least)
}

/// A program that runs once more, and in it an owner whose sign-in is not fresh any more.
fn with_a_stale_owner(home: &Home, start: impl Fn() -> Running) -> (Running, Who) {
    let mut program = start();
    let header = format!("Cookie: {}\r\n", program.invite("owner", "A stale owner"));
    let me = program.request("GET", "/api/people/me", &header, "").unwrap().json();
    let session =
        me["sessions"].as_array().unwrap().iter().find(|one| one["this"] == true).unwrap()["id"]
            .as_u64()
            .unwrap();
    program.terminate();
    let long_since = "UPDATE roster SET body = CAST(json_set(CAST(body AS TEXT), '$.proved_at', '2020-01-01T00:00:00Z') AS BLOB) WHERE kind = 'session' AND id = ?";
    long_ago(home, &[(long_since, session)]);
    let may = |need| {
        role_may(Role::Owner, need)
            && !matches!(need, Permission::Person { recently_authenticated: true, .. })
    };
    (start(), Who { name: "an owner whose sign-in is not fresh", header, may })
}

fn ask(program: &Running, method: &str, path: &str, header: &str) -> u16 {
    let path = path.replace("{id}", "999999").replace("{number}", "999999");
    let of_signal =
        ["/api/ops/series", "/api/ops/series.csv", "/api/ops/signal", "/api/ops/thresholds"];
    let path = if of_signal.contains(&&*path) {
        format!("{path}?subject=service:x&signal=y.z")
    } else if path.ends_with("/messages.txt") {
        format!("{path}?audience=all")
    } else if path.ends_with("/thresholds.patch") {
        format!("{path}?subject=service:x&signal=y.z&line=9&document={}", "0".repeat(64))
    } else {
        path
    };
    // An empty header would be filled with the owner's cookie.
    let header = if header.is_empty() { "Cookie: none=1\r\n" } else { header };
    program
        .request(
            &method.to_uppercase(),
            &path,
            &format!("Content-Type: application/json\r\n{header}"),
            "{}",
        )
        .unwrap()
        .status
}

/// Everyone who may come.
fn everyone(program: &Running) -> Vec<Who> {
    let token = |scopes: &str| {
        let made = program
            .post("/api/people/tokens", &format!(r#"{{"label":"test","scopes":[{scopes}]}}"#));
        format!("Authorization: Bearer {}\r\n", made.json()["secret"].as_str().unwrap())
    };
    let person = |role: &str| format!("Cookie: {}\r\n", program.invite(role, &format!("A {role}")));
    vec![
        Who { name: "nobody", header: String::new(), may: |need| need == Permission::Nothing },
        Who {
            name: "a forged cookie",
            header: format!(
                "Cookie: {}={}\r\n",
                program.cookie.split('=').next().unwrap(),
                "0".repeat(64)
            ),
            may: |need| need == Permission::Nothing,
        },
        Who {
            name: "a forged token",
            header: format!("Authorization: Bearer {}\r\n", "0".repeat(64)),
            may: |need| need == Permission::Nothing,
        },
        Who {
            name: "a viewer",
            header: person("viewer"),
            may: |need| role_may(Role::Viewer, need),
        },
        Who {
            name: "a responder",
            header: person("responder"),
            may: |need| role_may(Role::Responder, need),
        },
        Who {
            name: "an approver",
            header: person("approver"),
            may: |need| role_may(Role::Approver, need),
        },
        Who { name: "an owner", header: person("owner"), may: |need| role_may(Role::Owner, need) },
        Who {
            name: "a token to push",
            header: token(r#""ingest""#),
            may: |need| matches!(need, Permission::Nothing | Permission::Ingest),
        },
        Who {
            name: "a token to read",
            header: token(r#""read""#),
            may: |need| matches!(need, Permission::Nothing | Permission::Read),
        },
        Who {
            name: "a token to respond, and nothing else",
            header: token(r#""respond""#),
            may: |need| matches!(need, Permission::Nothing | Permission::Respond),
        },
        Who {
            name: "a token for plans, and nothing else",
            header: token(r#""plans""#),
            may: |need| matches!(need, Permission::Nothing | Permission::SetPlans),
        },
        Who {
            name: "a token for everything",
            header: token(r#""respond","read","ingest","plans""#),
            may: |need| {
                matches!(
                    need,
                    Permission::Nothing
                        | Permission::Read
                        | Permission::Ingest
                        | Permission::Respond
                        | Permission::SetPlans
                )
            },
        },
    ]
}

#[test]
fn every_route_asks_for_exactly_what_its_row_says() {
    let home = Home::new();
    let (program, stale) = with_a_stale_owner(&home, || home.start());
    let everyone: Vec<Who> = everyone(&program).into_iter().chain([stale]).collect();
    let mut tried = 0;
    for who in &everyone {
        for route in routes() {
            // These end what the other routes are asked with, and are tried by themselves. A stream
            // does not end by itself.
            if route.path == "/api/people/sign-out"
                || (matches!(route.content, Content::Stream) && (who.may)(route.need))
            {
                continue;
            }
            let status = ask(&program, route.method, route.path, &who.header);
            let refused = matches!(status, 401 | 403);
            // A sign-in that fails is no matter of rights.
            assert_eq!(
                refused,
                !(who.may)(route.need),
                "{} {} as {}: {status}",
                route.method,
                route.path,
                who.name
            );
            tried += 1;
        }
    }
    assert!(tried > 250, "only {tried}");
}

/// Changes rows about people in the file of a program that is stopped, as if time had gone by.
fn long_ago(home: &Home, changes: &[(&'static str, u64)]) {
    let file = home.data().join("calm-ops.db");
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let mut file =
            SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        for (change, id) in changes {
            assert_eq!(
                sqlx::query(*change)
                    .bind(i64::try_from(*id).unwrap())
                    .execute(&mut file)
                    .await
                    .unwrap()
                    .rows_affected(),
                1,
                "{change}"
            );
        }
        file.close().await.unwrap();
    });
}

/// A credential that ended, by whichever way, opens no route; each of them opened one before.
#[test]
fn what_is_over_opens_nothing() {
    let home = Home::new();
    let mut program = home.start();
    let token = |program: &Running, label: &str| {
        let made = program.post(
            "/api/people/tokens",
            &format!(r#"{{"label":"{label}","scopes":["ingest","read","respond"],"days":1}}"#),
        );
        format!("Authorization: Bearer {}\r\n", made.json()["secret"].as_str().unwrap())
    };
    let cookie = |program: &Running, name: &str| {
        let body = format!(r#"{{"name":"{name}","password":"{PASSWORD}"}}"#);
        format!(
            "Cookie: {}\r\n",
            program
                .request(
                    "POST",
                    "/api/people/sign-in",
                    "Cookie: none=1\r\nContent-Type: application/json\r\n",
                    &body
                )
                .unwrap()
                .cookie()
        )
    };
    let asks = |program: &Running, header: &str, method: &str, path: &str, body: &str| {
        program
            .request(method, path, &format!("Content-Type: application/json\r\n{header}"), body)
            .unwrap()
    };

    // Session 1 is the owner's own. The others are told apart by what the program itself says about
    // them.
    let [signed_out, ended, aged, unused] = [0; 4].map(|_| cookie(&program, program::OWNER));
    let closed = format!("Cookie: {}\r\n", program.invite("owner", "Closed"));
    let left = format!("Cookie: {}\r\n", program.invite("owner", "New password"));
    let (revoked, expired) = (token(&program, "revoked"), token(&program, "expired"));
    let invitation = program.post("/api/people/invitations", r#"{"role":"owner"}"#).json();
    let withdrawn = program.post("/api/people/invitations", r#"{"role":"owner"}"#).json();
    program.push("service:imports", 9_000.0);
    let incident = program.incident_about("service:imports");
    let share = |program: &Running| {
        let wanted = r#"{"label":"x","audience":"customer","hours":1,"parts":{"summary":true,"timeline":true,"now":true},"hosts":false}"#;
        program.post(&format!("/api/ops/incidents/{incident}/shares"), wanted).json()["path"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (ended_share, expired_share) = (share(&program), share(&program));

    let everything = [
        ("a sign-in that was signed out", &signed_out),
        ("a sign-in that was ended from another device", &ended),
        ("a sign-in of 31 days ago", &aged),
        ("a sign-in that nobody used for long", &unused),
        ("a sign-in to a closed account", &closed),
        ("a sign-in from before the password was changed", &left),
        ("a revoked token", &revoked),
        ("a token past its day", &expired),
    ];
    for (what, header) in everything {
        assert_eq!(
            asks(&program, header, "GET", "/api/ops/incidents", "").status,
            200,
            "{what}, before"
        );
    }
    for path in [&ended_share, &expired_share] {
        assert_eq!(asks(&program, "Cookie: none=1\r\n", "GET", path, "").status, 200);
    }

    let id = |program: &Running, header: &str| {
        let sessions =
            asks(program, header, "GET", "/api/people/me", "").json()["sessions"].clone();
        sessions.as_array().unwrap().iter().find(|one| one["this"] == true).unwrap()["id"]
            .as_u64()
            .unwrap()
    };
    let [aged_id, unused_id] = [&aged, &unused].map(|header| id(&program, header));
    assert_eq!(asks(&program, &signed_out, "POST", "/api/people/sign-out", "{}").status, 200);
    let ended_id = id(&program, &ended);
    assert_eq!(program.post(&format!("/api/people/sessions/{ended_id}/end"), "{}").status, 200);
    assert_eq!(program.post("/api/people/accounts/2/close", "{}").status, 200);
    let second = cookie(&program, "New password");
    let without = format!(r#"{{"password":"{PASSWORD} and more"}}"#);
    assert_eq!(asks(&program, &second, "POST", "/api/people/password", &without).status, 422);
    let change = format!(r#"{{"present":"{PASSWORD}","password":"{PASSWORD} and more"}}"#);
    assert_eq!(asks(&program, &second, "POST", "/api/people/password", &change).status, 200);
    assert_eq!(program.post("/api/people/tokens/1/revoke", "{}").status, 200);
    assert_eq!(program.post("/api/people/invitations/5/withdraw", "{}").status, 200);
    let shares =
        program.get(&format!("/api/ops/incidents/{incident}/shares")).json()["shares"].clone();
    let mut shares: Vec<u64> =
        shares.as_array().unwrap().iter().map(|share| share["id"].as_u64().unwrap()).collect();
    shares.sort_unstable();
    assert_eq!(program.post(&format!("/api/ops/shares/{}/revoke", shares[0]), "").status, 200);
    program.terminate();
    long_ago(
        &home,
        &[
            (
                "UPDATE roster SET body = CAST(json_set(CAST(body AS TEXT), '$.created_at', '2020-01-01T00:00:00Z') AS BLOB) WHERE kind = 'session' AND id = ?",
                aged_id,
            ),
            (
                "UPDATE roster SET seen = 1577836800000000 WHERE kind = 'session' AND id = ?",
                unused_id,
            ),
            (
                "UPDATE roster SET body = CAST(json_set(CAST(body AS TEXT), '$.until', '2020-01-01T00:00:00Z') AS BLOB) WHERE kind = 'token' AND id = ?",
                2,
            ),
            (
                "UPDATE roster SET body = CAST(json_set(CAST(body AS TEXT), '$.until', '2020-01-01T00:00:00Z') AS BLOB) WHERE kind = 'invitation' AND id = ?",
                4,
            ),
            ("UPDATE share SET until = 1577836800000000 WHERE id = ?", shares[1]),
        ],
    );
    let program = home.start();

    // These first, because failures slow down whoever goes on.
    for (what, secret) in [
        ("an invitation past its day", &invitation),
        ("an invitation that was taken back", &withdrawn),
    ] {
        let secret = secret["secret"].as_str().unwrap();
        assert_eq!(
            asks(&program, "Cookie: none=1\r\n", "GET", &format!("/join/{secret}"), "").status,
            404,
            "{what}"
        );
        let body = format!(r#"{{"secret":"{secret}","name":"Late","password":"{PASSWORD}"}}"#);
        assert_eq!(
            asks(&program, "Cookie: none=1\r\n", "POST", "/api/people/join", &body).status,
            404,
            "{what}"
        );
    }
    for (what, path) in
        [("a share that was ended", &ended_share), ("a share past its end", &expired_share)]
    {
        assert_eq!(asks(&program, "Cookie: none=1\r\n", "GET", path, "").status, 404, "{what}");
    }
    for (what, header) in everything {
        for route in routes() {
            if route.path == "/api/people/sign-out"
                || (route.need == Permission::Nothing && matches!(route.content, Content::Stream))
            {
                continue;
            }
            let refused = matches!(ask(&program, route.method, route.path, header), 401 | 403);
            assert_eq!(
                refused,
                route.need != Permission::Nothing,
                "{} {} by {what}",
                route.method,
                route.path
            );
        }
        for row in ROUTE_PERMISSIONS
            .iter()
            .filter(|row| row.path != "/sign-out" && row.need != Permission::Nothing)
        {
            let (answer, told) = knock(&program, row, header);
            assert!(is_refused(&answer), "{told} by {what}: {answer:?}");
        }
    }
    assert_eq!(program.get("/api/ops/incidents").status, 200, "and the owner is in");
}

/// Tries one way in; the answer, and what was asked.
fn knock(program: &Running, row: &RoutePermission, header: &str) -> (Answer, String) {
    let header = if header.is_empty() { "Cookie: none=1\r\n" } else { header };
    let known = |text: &str| {
        let text = text.replace("incident={number}", "incident=1").replace("{number}", "999999");
        text.replace("{hash}", &"0".repeat(64))
    };
    let path = row.path.replace("{id}", if row.path.contains("approve") { "1-1" } else { "1" });
    let path = path
        .replace("{entry}", "1")
        .replace("{signal}", "queue.depth")
        .replace("{secret}", &"0".repeat(64))
        .replace("{token}", &"0".repeat(64));
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let path = match row.path {
        "/api/pages/incident"
        | "/api/pages/shares"
        | "/api/pages/messages"
        | "/api/pages/report"
        | "/api/pages/review" => {
            format!("{path}?id=1")
        }
        "/api/pages/approve" => format!("{path}?id=1-1"),
        "/api/pages/signal" | "/api/pages/threshold" => {
            format!("{path}?signal=queue.depth&query=subject%3Dservice%3Aimports")
        }
        "/ops/signals/{signal}" | "/ops/signals/{signal}/threshold" if row.method == "get" => {
            format!("{path}?subject=service:imports")
        }
        _ => path,
    };
    let answer = program
        .request(&row.method.to_uppercase(), &path, &format!("{form}{header}"), &known(row.body))
        .unwrap();
    (answer, format!("{} {path} {}", row.method, row.body))
}

/// True if that is a no, or leads to the sign-in.
fn is_refused(answer: &Answer) -> bool {
    matches!(answer.status, 401 | 403)
        || (answer.status == 303 && answer.head.contains("location: /sign-in"))
}

/// The headers that keep a browser from doing more with an answer than show it.
#[test]
fn every_kind_of_answer_has_its_headers() {
    let home = Home::new();
    let program = home.start();
    program.push("service:imports", 9_000.0);
    let incident = program.incident_about("service:imports");
    let wanted = r#"{"label":"x","audience":"customer","hours":1,"parts":{"summary":true,"timeline":true,"now":true},"hosts":false}"#;
    let shared =
        program.post(&format!("/api/ops/incidents/{incident}/shares"), wanted).json()["path"]
            .as_str()
            .unwrap()
            .to_owned();
    for (path, status) in [
        ("/ops/incidents", 200),
        ("/api/ops/incidents", 200),
        ("/sign-in", 200),
        ("/ops/settings", 200),
        ("/api", 200),
        ("/api/health", 200),
        (&shared, 200),
        ("/share/none", 404),
        ("/nothing/here", 404),
        ("/api/ops/incidents/999999", 404),
    ] {
        let answer = program.get(path);
        assert_eq!(answer.status, status, "{path}");
        let head = answer.head.to_ascii_lowercase();
        for line in [
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "cross-origin-resource-policy: same-origin",
            "cross-origin-opener-policy: same-origin",
        ] {
            assert_eq!(head.matches(line).count(), 1, "{path}: {line}");
        }
        let policy: Vec<&str> = head
            .lines()
            .filter_map(|line| line.strip_prefix("content-security-policy: "))
            .collect();
        let strict = |policy: &str| {
            policy.contains("default-src 'none'") || policy.contains("default-src 'self'")
        };
        let sealed = |policy: &str| {
            policy.contains("frame-ancestors 'none'")
                && policy.contains("base-uri")
                && !policy.contains("unsafe-inline")
        };
        assert!(policy.len() == 1 && strict(policy[0]) && sealed(policy[0]), "{path}: {policy:?}");
        assert_eq!(head.matches("referrer-policy: ").count(), 1, "{path}");
    }
    let shared = program.get(&shared).head.to_ascii_lowercase();
    assert!(
        shared.contains("referrer-policy: no-referrer")
            && shared.contains("cache-control: no-store"),
        "{shared}"
    );
}

/// Pages, the functions of pages that are alive, forms and the gate.
#[test]
fn every_door_asks_for_exactly_what_its_row_says() {
    let place = approved::folder();
    let (_, section) = approved::own_script(&place, "#!/bin/sh\n");
    let home = approved::home(&approved::catalogue("script:own", "-", "Calm Ops"), &section);
    let start = || {
        home.start_with(&["--config", approved::configuration(&home).to_str().unwrap()]).unwrap()
    };
    let (program, stale) = with_a_stale_owner(&home, start);
    // An incident with a recommendation: what is missing looks alike to everyone.
    approved::offered(&program);
    let everyone: Vec<Who> = everyone(&program).into_iter().chain([stale]).collect();
    let mut tried = 0;
    for who in &everyone {
        for row in ROUTE_PERMISSIONS {
            // It ends what the others are asked with.
            if row.path == "/sign-out" {
                continue;
            }
            let (answer, told) = knock(&program, row, &who.header);
            let refused = is_refused(&answer);
            let what = answer.body.chars().take(300).collect::<String>();
            assert_eq!(
                refused,
                !(who.may)(row.need),
                "{told} as {}: {} {what}",
                who.name,
                answer.status
            );
            assert!(answer.status < 500, "{told} as {}: {what}", who.name);
            tried += 1;
        }
    }
    assert!(tried > 500, "only {tried}");
    // What everyone may see beside them.
    for page in ["/api", "/api/health", "/robots.txt"] {
        assert_eq!(
            program.request("GET", page, "Cookie: none=1\r\n", "").unwrap().status,
            200,
            "{page}"
        );
    }
    // To sign out is never refused, and then it is over.
    for who in everyone.iter().filter(|who| who.header.starts_with("Cookie")) {
        let out = program.request("POST", "/sign-out", &who.header, "").unwrap();
        assert!(out.status == 303 && out.head.contains("Max-Age=0"), "{}: {out:?}", who.name);
        assert_eq!(
            program.request("GET", "/api/ops/incidents", &who.header, "").unwrap().status,
            401,
            "{}",
            who.name
        );
    }
}

/// A reader's stream, as long as it is open.
#[test]
fn an_open_stream_ends_with_its_sign_in() {
    let home = Home::new();
    let program = home.start();
    let cookie = format!("Cookie: {}\r\n", program.invite("viewer", "Viewer"));
    let token = program.post("/api/people/tokens", r#"{"label":"test","scopes":["read"]}"#).json()
        ["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    let token = format!("Authorization: Bearer {token}\r\n");
    let ends: [(&str, &dyn Fn()); 2] = [
        (&cookie, &|| {
            assert_eq!(program.request("POST", "/sign-out", &cookie, "").unwrap().status, 303);
        }),
        (&token, &|| assert_eq!(program.post("/api/people/tokens/1/revoke", "{}").status, 200)),
    ];
    for (header, end) in ends {
        let mut stream = TcpStream::connect(&program.address).unwrap();
        let request = format!(
            "GET /api/ops/events HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{header}\r\n",
            program.address
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        let mut seen = [0; 4_096];
        let size = stream.read(&mut seen).unwrap();
        let answer = String::from_utf8_lossy(&seen[..size]);
        assert!(answer.starts_with("HTTP/1.1 200"), "{header}: {answer}");
        end();
        let began = Instant::now();
        // It may bring some more; then it ends, and does not only fall silent.
        loop {
            match stream.read(&mut seen) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => assert!(
                    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
                    "{error}"
                ),
            }
            assert!(began.elapsed() < Duration::from_secs(5), "it goes on: {header}");
        }
    }
}

#[test]
fn what_is_revoked_ends_at_once() {
    let home = Home::new();
    let mut program = home.start();
    let viewer = format!("Cookie: {}\r\n", program.invite("viewer", "Viewer"));
    let made = program.post("/api/people/tokens", r#"{"label":"test","scopes":["read"]}"#).json();
    let token = format!("Authorization: Bearer {}\r\n", made["secret"].as_str().unwrap());
    let read = |program: &Running, header: &str| {
        program.request("GET", "/api/ops/incidents", header, "").unwrap().status
    };
    assert_eq!((read(&program, &viewer), read(&program, &token)), (200, 200));
    assert_eq!(program.post("/api/people/tokens/1/revoke", "{}").status, 200);
    assert_eq!((read(&program, &viewer), read(&program, &token)), (200, 401));
    assert_eq!(program.post("/api/people/accounts/2/close", "{}").status, 200);
    assert_eq!(read(&program, &viewer), 401);
    let sign_in = format!(r#"{{"name":"Viewer","password":"{PASSWORD}"}}"#);
    assert_eq!(
        program.post("/api/people/sign-in", &sign_in).status,
        422,
        "a closed account does not sign in"
    );
    assert_eq!(program.post("/api/people/accounts/2/open", "{}").status, 200);
    // From a browser of their own: this one's sign-in would end.
    let own = "Cookie: none=1\r\nContent-Type: application/json\r\n";
    assert_eq!(program.request("POST", "/api/people/sign-in", own, &sign_in).unwrap().status, 200);
    assert_eq!(read(&program, &viewer), 401, "the old sign-in stays ended");
    let old = program.cookie.clone();
    program.sign_in();
    assert_eq!(
        program
            .request("POST", "/api/people/sign-out", &format!("Cookie: {old}\r\n"), "{}")
            .unwrap()
            .status,
        200
    );
    assert_eq!(read(&program, &format!("Cookie: {old}\r\n")), 401);
    assert_eq!(program.get("/api/ops/incidents").status, 200);
}

#[test]
fn guessing_is_slowed_down_and_says_nothing_about_who_is_here() {
    let home = Home::new();
    let program = home.start();
    let none = "Cookie: none=1\r\nContent-Type: application/json\r\n";
    let guess = |name: &str| {
        let answer = program.request(
            "POST",
            "/api/people/sign-in",
            none,
            &format!(r#"{{"name":"{name}","password":"wrong wrong wrong"}}"#),
        );
        answer.unwrap()
    };
    let (real, unknown) = (guess(program::OWNER), guess("Nobody of this name"));
    assert_eq!((real.status, &real.body), (unknown.status, &unknown.body));
    // Strangers at an address slow down one another, and nobody who came from there before.
    let slowed = |name: &str| (0..6).any(|_| guess(name).status == 429);
    assert!(slowed("Somebody else"));
    let right = format!(r#"{{"name":"{}","password":"{PASSWORD}"}}"#, program::OWNER);
    let sign_in = || program.request("POST", "/api/people/sign-in", none, &right).unwrap();
    assert_eq!(sign_in().status, 200);
    let ask = program.request("POST", "/api/people/passkeys/ask", none, "{}").unwrap();
    assert_ne!(ask.status, 429, "passkeys are counted apart");
    assert!(slowed(program::OWNER));
    let answer = sign_in();
    assert!(answer.status == 429 && answer.body.contains("Try again in"), "{answer:?}");
    let form = "Cookie: none=1\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let page = (0..6)
        .map(|_| program.request("POST", "/sign-in", form, "name=Ada&password=x").unwrap())
        .find(|page| page.status == 429)
        .unwrap();
    for answer in [answer, page] {
        let wait = answer
            .head
            .lines()
            .find_map(|line| line.strip_prefix("retry-after: ")?.trim().parse::<u32>().ok());
        assert!(
            answer.status == 429 && wait.is_some_and(|wait| (1..=300).contains(&wait)),
            "{answer:?}"
        );
    }
}

#[test]
fn the_owner_link_works_once_and_a_new_one_is_made_on_the_machine() {
    let home = Home::new();
    let mut program = home.start();
    program.terminate();
    let made =
        program::calm_ops(&["owner-link".as_ref(), "--data-dir".as_ref(), home.data().as_os_str()]);
    let said = String::from_utf8(made.stdout).unwrap();
    let secret = said.trim().rsplit('/').next().unwrap().to_owned();
    assert!(made.status.success() && secret.len() == 64, "{said}");
    let program = home.start();
    let page =
        program.request("GET", &format!("/join/{secret}"), "Cookie: none=1\r\n", "").unwrap();
    assert!(page.status == 200 && page.body.contains("You are joining as an owner"), "{page:?}");
    let form = "Cookie: none=1\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let join = |name: &str, password: &str| {
        let body =
            format!("name={}&password={}", name.replace(' ', "+"), password.replace(' ', "+"));
        program.request("POST", &format!("/join/{secret}"), form, &body).unwrap()
    };
    let weak = join("Second owner", "password123");
    assert!(
        weak.status == 422
            && weak.body.contains("easy to guess")
            && weak.body.contains("Second owner"),
        "{weak:?}"
    );
    let came = join("Second owner", PASSWORD);
    assert!(came.status == 303 && came.head.contains("HttpOnly; SameSite=Lax"), "{came:?}");
    assert_eq!(join("Third owner", PASSWORD).status, 404, "it works once");
    let seen = program
        .request("GET", "/api/people/me", &format!("Cookie: {}\r\n", came.cookie()), "")
        .unwrap()
        .json();
    assert_eq!(seen["reader"]["role"], "owner");
    assert_eq!(seen["people"].as_array().unwrap().len(), 2);
}

#[test]
fn nothing_secret_is_in_the_journal_or_in_what_a_page_shows() {
    let home = Home::new();
    let program = home.start();
    let made =
        program.post("/api/people/tokens", r#"{"label":"quiet label","scopes":["read"]}"#).json();
    let secret = made["secret"].as_str().unwrap();
    let journal = program.get("/api/ops/journal?limit=1000").json()["entries"].to_string();
    let settings = program.get("/ops/settings/tokens").body;
    let me = program.get("/api/people/me").body;
    for text in [secret, "argon2", "\"hash\":\"$", program.cookie.split('=').nth(1).unwrap()] {
        assert!(
            !journal.contains(text) && !settings.contains(text) && !me.contains(text),
            "{text}"
        );
    }
    assert!(!journal.contains("quiet label") && settings.contains("quiet label"));
    // The names beside the entries are for readers; the entries hold numbers only.
    assert!(!journal.contains(program::OWNER) && journal.contains("account_created"), "{journal}");
}
