//! Every route as everyone: what the one table of routes says that a route needs is what the program asks for, no more and no less.

#![expect(clippy::unwrap_used, reason = "a test may panic, wherever its helpers stand")]

use rules::people::{Need, Role};
use server::web::{api::ROUTES, openapi::Content};

mod program;

use program::{Home, PASSWORD, Running};

/// Who asks: a name, the header, and what they have.
struct Who {
    name: &'static str,
    header: String,
    may: fn(Need) -> bool,
}

const fn least(need: Need) -> Option<Role> {
    match need {
        Need::Nothing | Need::Itself | Need::Shared(_) => None,
        Need::Read => Some(Role::Viewer),
        Need::Ingest | Need::Respond => Some(Role::Responder),
        Need::Person { role, .. } => Some(role),
    }
}

fn role_may(role: Role, need: Need) -> bool {
    need == Need::Nothing || least(need).is_some_and(|least| role >= least)
}

fn ask(program: &Running, method: &str, path: &str, header: &str) -> u16 {
    let path = path.replace("{id}", "999999").replace("{number}", "999999");
    let path = if path == "/api/ops/course" { "/api/ops/course?subject=service:x&signal=y.z".to_owned() } else { path };
    // An empty header would be filled with the owner's cookie.
    let header = if header.is_empty() { "Cookie: none=1\r\n" } else { header };
    program.request(&method.to_uppercase(), &path, &format!("Content-Type: application/json\r\n{header}"), "{}").unwrap().status
}

#[test]
fn every_route_asks_for_exactly_what_its_row_says() {
    let home = Home::new();
    let program = home.start();
    let token = |scopes: &str| {
        let made = program.post("/api/people/tokens", &format!(r#"{{"label":"test","scopes":[{scopes}]}}"#));
        format!("Authorization: Bearer {}\r\n", made.json()["secret"].as_str().unwrap())
    };
    let person = |role: &str| format!("Cookie: {}\r\n", program.invite(role, &format!("A {role}")));
    let everyone = [
        Who { name: "nobody", header: String::new(), may: |need| need == Need::Nothing },
        Who { name: "a forged cookie", header: format!("Cookie: calm_session={}\r\n", "0".repeat(64)), may: |need| need == Need::Nothing },
        Who { name: "a forged token", header: format!("Authorization: Bearer {}\r\n", "0".repeat(64)), may: |need| need == Need::Nothing },
        Who { name: "a viewer", header: person("viewer"), may: |need| role_may(Role::Viewer, need) },
        Who { name: "a responder", header: person("responder"), may: |need| role_may(Role::Responder, need) },
        Who { name: "an approver", header: person("approver"), may: |need| role_may(Role::Approver, need) },
        Who { name: "an owner", header: person("owner"), may: |need| role_may(Role::Owner, need) },
        Who { name: "a token to push", header: token(r#""ingest""#), may: |need| matches!(need, Need::Nothing | Need::Ingest) },
        Who { name: "a token to read", header: token(r#""read""#), may: |need| matches!(need, Need::Nothing | Need::Read) },
        Who {
            name: "a token to respond",
            header: token(r#""respond","read","ingest""#),
            may: |need| matches!(need, Need::Nothing | Need::Read | Need::Ingest | Need::Respond),
        },
    ];
    let mut tried = 0;
    for who in &everyone {
        for route in ROUTES {
            // These end what the other routes are asked with, and are tried by themselves. A stream does not end by itself.
            if route.path == "/api/people/sign-out" || (matches!(route.content, Content::Stream) && (who.may)(route.need)) {
                continue;
            }
            let status = ask(&program, route.method, route.path, &who.header);
            let refused = matches!(status, 401 | 403);
            // A sign-in that fails is no matter of rights.
            assert_eq!(refused, !(who.may)(route.need), "{} {} as {}: {status}", route.method, route.path, who.name);
            tried += 1;
        }
    }
    assert!(tried > 250, "only {tried}");
}

#[test]
fn pages_and_their_functions_ask_as_well() {
    let home = Home::new();
    let program = home.start();
    let none = "Cookie: none=1\r\n";
    for page in [
        "/",
        "/ops/health",
        "/ops/incidents",
        "/ops/incidents/1",
        "/ops/history",
        "/ops/runbook",
        "/ops/settings",
        "/ops/journal",
        "/ops/incidents/1/share",
    ] {
        let answer = program.request("GET", page, none, "").unwrap();
        assert!(answer.status == 303 && answer.head.contains("location: /sign-in"), "{page}: {answer:?}");
    }
    for function in ["home", "pulse", "health", "incidents", "incident?id=1", "history", "guide", "journal", "shares?id=1"] {
        let answer = program.request("GET", &format!("/api/pages/{function}"), none, "").unwrap();
        assert_eq!(answer.status, 401, "{function}: {answer:?}");
    }
    let form = format!("{none}Content-Type: application/x-www-form-urlencoded\r\n");
    assert_eq!(program.request("POST", "/ops/incidents/1", &form, "what=comment&text=x").unwrap().status, 401);
    assert_eq!(program.request("POST", "/ops/incidents/1/share", &form, "what=end&share=1").unwrap().status, 401);
    assert_eq!(program.request("POST", "/ops/journal/1/redact", &form, "reason=x").unwrap().status, 401);
    assert_eq!(program.request("POST", "/api/pages/act", &form, "incident=1&what=comment&text=x").unwrap().status, 401);
    assert_eq!(program.request("POST", "/ops/settings", &form, "what=invite&role=owner").unwrap().status, 303);
    // What everyone may see.
    for page in ["/sign-in", "/api", "/api/health", "/robots.txt"] {
        assert_eq!(program.request("GET", page, none, "").unwrap().status, 200, "{page}");
    }
}

#[test]
fn what_is_revoked_ends_at_once() {
    let home = Home::new();
    let mut program = home.start();
    let viewer = format!("Cookie: {}\r\n", program.invite("viewer", "Viewer"));
    let made = program.post("/api/people/tokens", r#"{"label":"test","scopes":["read"]}"#).json();
    let token = format!("Authorization: Bearer {}\r\n", made["secret"].as_str().unwrap());
    let read = |program: &Running, header: &str| program.request("GET", "/api/ops/incidents", header, "").unwrap().status;
    assert_eq!((read(&program, &viewer), read(&program, &token)), (200, 200));
    assert_eq!(program.post("/api/people/tokens/1/revoke", "{}").status, 200);
    assert_eq!((read(&program, &viewer), read(&program, &token)), (200, 401));
    assert_eq!(program.post("/api/people/accounts/2/close", "{}").status, 200);
    assert_eq!(read(&program, &viewer), 401);
    let sign_in = format!(r#"{{"name":"Viewer","password":"{PASSWORD}"}}"#);
    assert_eq!(program.post("/api/people/sign-in", &sign_in).status, 422, "a closed account does not sign in");
    assert_eq!(program.post("/api/people/accounts/2/open", "{}").status, 200);
    assert_eq!(program.post("/api/people/sign-in", &sign_in).status, 200);
    assert_eq!(read(&program, &viewer), 401, "the old sign-in stays ended");
    let old = program.cookie.clone();
    program.sign_in();
    assert_eq!(program.request("POST", "/api/people/sign-out", &format!("Cookie: {old}\r\n"), "{}").unwrap().status, 200);
    assert_eq!(read(&program, &format!("Cookie: {old}\r\n")), 401);
    assert_eq!(program.get("/api/ops/incidents").status, 200);
}

#[test]
fn guessing_is_slowed_down_and_says_nothing_about_who_is_here() {
    let home = Home::new();
    let program = home.start();
    let none = "Cookie: none=1\r\nContent-Type: application/json\r\n";
    let guess = |name: &str| {
        let answer =
            program.request("POST", "/api/people/sign-in", none, &format!(r#"{{"name":"{name}","password":"wrong wrong wrong"}}"#));
        answer.unwrap()
    };
    let (real, unknown) = (guess(program::OWNER), guess("Nobody of this name"));
    assert_eq!((real.status, &real.body), (unknown.status, &unknown.body));
    let statuses: Vec<u16> = (0..6).map(|_| guess(program::OWNER).status).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    let right = format!(r#"{{"name":"{}","password":"{PASSWORD}"}}"#, program::OWNER);
    let answer = program.request("POST", "/api/people/sign-in", none, &right).unwrap();
    assert!(answer.status == 429 && answer.body.contains("Wait"), "the address waits: {answer:?}");
}

#[test]
fn the_owner_link_works_once_and_a_new_one_is_made_on_the_machine() {
    let home = Home::new();
    let mut program = home.start();
    program.terminate();
    let made = program::calm_ops(&["owner-link".as_ref(), "--data-dir".as_ref(), home.data().as_os_str()]);
    let said = String::from_utf8(made.stdout).unwrap();
    let secret = said.trim().rsplit('/').next().unwrap().to_owned();
    assert!(made.status.success() && secret.len() == 64, "{said}");
    let program = home.start();
    let page = program.request("GET", &format!("/join/{secret}"), "Cookie: none=1\r\n", "").unwrap();
    assert!(page.status == 200 && page.body.contains("You will be an owner"), "{page:?}");
    let form = "Cookie: none=1\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let join = |name: &str, password: &str| {
        let body = format!("name={}&password={}", name.replace(' ', "+"), password.replace(' ', "+"));
        program.request("POST", &format!("/join/{secret}"), form, &body).unwrap()
    };
    let weak = join("Second owner", "password123");
    assert!(weak.status == 422 && weak.body.contains("easy to guess") && weak.body.contains("Second owner"), "{weak:?}");
    let came = join("Second owner", PASSWORD);
    assert!(came.status == 303 && came.head.contains("HttpOnly; SameSite=Lax"), "{came:?}");
    assert_eq!(join("Third owner", PASSWORD).status, 404, "it works once");
    let seen = program.request("GET", "/api/people/me", &format!("Cookie: {}\r\n", came.cookie()), "").unwrap().json();
    assert_eq!(seen["reader"]["role"], "owner");
    assert_eq!(seen["people"].as_array().unwrap().len(), 2);
}

#[test]
fn nothing_secret_is_in_the_journal_or_in_what_a_page_shows() {
    let home = Home::new();
    let program = home.start();
    let made = program.post("/api/people/tokens", r#"{"label":"quiet label","scopes":["read"]}"#).json();
    let secret = made["secret"].as_str().unwrap();
    let journal = program.get("/api/ops/journal?limit=1000").json()["entries"].to_string();
    let settings = program.get("/ops/settings").body;
    let me = program.get("/api/people/me").body;
    for text in [secret, "argon2", "\"hash\":\"$", program.cookie.split('=').nth(1).unwrap()] {
        assert!(!journal.contains(text) && !settings.contains(text) && !me.contains(text), "{text}");
    }
    assert!(!journal.contains("quiet label") && settings.contains("quiet label"));
    // The names beside the entries are for readers; the entries hold numbers only.
    assert!(!journal.contains(program::OWNER) && journal.contains("account_created"), "{journal}");
}
