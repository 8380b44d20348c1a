//! Plans and overrides of organizations, from the interface to the real gate and back.

use std::time::{Duration, Instant};

use domain::time::{Span, Timestamp};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    gate::{Gated, configuration, field, question},
    program::{Answer, Running},
};

const THRESHOLDS: &str = "format: 1\n\n# Thresholds\n\n\
| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n\
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n\
| `organization.batch` | `organization:*` | above 1000 requests/s | - | 0 s | 500 requests/s | - | An organization uploads far more than usual. | queue | - |\n";

/// Three plans, and a row of the document for `rowed`.
fn limits(plans: &[&str]) -> String {
    let plans: String = plans
        .iter()
        .zip([2, 30, 400])
        .map(|(name, burst)| format!("| `{name}` | `uploads` | 1/s | {burst} | - | on |\n"))
        .collect();
    format!(
        "format: 1\n\n# Limits\n\n\
         | organization from | pattern |\n| --- | --- |\n| header | `X-Organization` |\n\n\
         | class | methods | paths | kind | critical | largest body |\n| --- | --- | --- | --- | --- | --- |\n\
         | `uploads` | POST | `/upload*` | batch | no | - |\n\n\
         | plan | class | rate | burst | at a time | state |\n| --- | --- | --- | --- | --- | --- |\n{plans}\n"
    )
}

const ALL: [&str; 3] = ["default", "pro", "large"];

/// The burst that the gate tells a client, which names its plan here.
fn burst(gated: &Gated, organization: &str) -> u32 {
    burst_with(gated, organization, "")
}

fn burst_with(gated: &Gated, organization: &str, more: &str) -> u32 {
    let answer = gated.ask(&format!("{}{more}", question("POST", "/uploads", organization)));
    let policy = field(&answer, "ratelimit-policy").unwrap_or_else(|| panic!("{answer:?}"));
    let quota = policy.split(";q=").nth(1).and_then(|rest| rest.split(';').next());
    quota.and_then(|quota| quota.parse().ok()).unwrap_or_else(|| panic!("{policy}"))
}

fn set(program: &Running, organization: &str, plan: Option<&str>) -> u16 {
    let path = format!("/api/ops/organizations/{organization}");
    program.put(&path, &json!({ "plan": plan }).to_string()).status
}

fn page(program: &Running, organization: &str) -> Value {
    program.get(&format!("/api/ops/organizations/{organization}")).json()
}

fn override_with(program: &Running, organization: &str, plan: &str, until: Timestamp) -> u16 {
    let path = format!("/api/ops/organizations/{organization}/override");
    let until = serde_json::to_value(until).unwrap();
    let body = json!({ "plan": plan, "until": until, "reason": "They move their archive." });
    program.post(&path, &body.to_string()).status
}

fn in_seconds(program: &Running, seconds: u64) -> Timestamp {
    let now = page(program, "clock")["checked_at"].clone();
    serde_json::from_value::<Timestamp>(now).unwrap().plus(Span::from_secs(seconds))
}

fn restart(gated: &mut Gated) {
    gated.signal(Signal::KILL);
    let _ = gated.program.child.wait();
    let config = configuration(&gated.home, &format!("127.0.0.1:{}", gated.port));
    gated.program = gated.home.start_with(&["--config", &config]).unwrap();
}

#[test]
fn a_plan_that_is_set_is_in_force_at_the_gate_survives_a_kill_and_is_proved() {
    let mut gated = Gated::start_with(&limits(&ALL), THRESHOLDS);
    assert_eq!(
        (burst(&gated, "acme"), burst_with(&gated, "acme", "\r\nX-Organization-Plan: pro")),
        (2, 30)
    );
    let before = Instant::now();
    assert_eq!(set(&gated.program, "acme", Some("large")), 200);
    assert_eq!(burst(&gated, "acme"), 400);
    assert!(before.elapsed() < Duration::from_secs(1));
    // What was set counts before the header of a request, and for nobody else.
    assert_eq!(burst_with(&gated, "acme", "\r\nX-Organization-Plan: pro"), 400);
    assert_eq!(burst(&gated, "globex"), 2);
    // Said again, it is no change.
    let cursor = page(&gated.program, "acme")["cursor"].clone();
    assert_eq!(set(&gated.program, "acme", Some("large")), 200);
    assert_eq!(page(&gated.program, "acme")["cursor"], cursor);

    restart(&mut gated);
    assert_eq!(burst(&gated, "acme"), 400);
    let acme = page(&gated.program, "acme");
    assert_eq!((&acme["plan"], &acme["source"]), (&json!("large"), &json!("assigned")));

    // A plan that is unknown names those that there are.
    let refused = gated.program.put("/api/ops/organizations/acme", r#"{"plan":"gold"}"#);
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.body.contains("'default', 'pro' and 'large'"), "{refused:?}");
    let empty = gated.program.put("/api/ops/organizations/acme", "{}");
    assert_eq!(empty.status, 422, "a plan that is left out is not removed: {empty:?}");

    // One that disappears from the document is the default plan, and the page says so.
    let file = gated.home.ops().join("protection/limits.md");
    std::fs::write(&file, limits(&["default", "pro"])).unwrap();
    gated.program.until("the default plan", |_| (burst(&gated, "acme") == 2).then_some(()));
    let acme = gated.program.until("the page", |program| {
        Some(page(program, "acme")).filter(|acme| acme["plan"] == "default")
    });
    assert_eq!(acme["assigned"]["plan"], "large");

    assert_eq!(set(&gated.program, "acme", None), 200);
    assert_eq!(page(&gated.program, "acme")["assigned"], Value::Null);
    gated.program.kill();
    let verified = crate::program::verify(&gated.home.data());
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn an_override_counts_first_ends_by_itself_and_by_a_person() {
    let mut gated = Gated::start_with(&limits(&ALL), THRESHOLDS);
    assert_eq!(set(&gated.program, "acme", Some("pro")), 200);
    let until = in_seconds(&gated.program, 8);
    assert_eq!(override_with(&gated.program, "acme", "large", until), 200);
    assert_eq!(burst(&gated, "acme"), 400);
    let acme = page(&gated.program, "acme");
    assert_eq!((&acme["plan"], &acme["source"]), (&json!("large"), &json!("override")));
    assert_eq!(acme["overridden"]["reason"], "They move their archive.");

    restart(&mut gated);
    assert_eq!(burst(&gated, "acme"), 400, "with what is left of its time");
    gated.program.until("its end", |_| (burst(&gated, "acme") == 30).then_some(()));
    let ended = gated.program.until("the entry of its end", |program| {
        let acme = page(program, "acme");
        let newest = acme["timeline"][0].clone();
        (newest["event"]["event"] == "organization_override_ended").then_some(newest)
    });
    assert_eq!((&ended["event"]["ending"], &ended["actor"]), (&json!("expired"), &json!("agent")));

    let program = &gated.program;
    let later = in_seconds(program, 3_600);
    assert_eq!(override_with(program, "acme", "large", later), 200);
    assert_eq!(burst(&gated, "acme"), 400);
    let end = || program.post("/api/ops/organizations/acme/override/end", "{}").status;
    assert_eq!((end(), end()), (200, 404));
    assert_eq!(burst(&gated, "acme"), 30);
    for (plan, until, refused) in [
        ("gold", later, 422),
        ("large", in_seconds(program, 31 * 86_400), 422),
        ("large", Timestamp::from_secs(1), 422),
    ] {
        assert_eq!(override_with(program, "acme", plan, until), refused, "{plan} {until}");
    }
    let kinds: Vec<Value> = page(program, "acme")["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["event"]["event"].clone())
        .collect();
    assert_eq!(
        kinds,
        [
            "organization_override_ended",
            "organization_override_begun",
            "organization_override_ended",
            "organization_override_begun",
            "organization_plan_set",
        ]
    );
}

#[test]
fn any_name_that_the_gate_takes_has_a_plan_and_a_page() {
    let gated = Gated::start_with(&limits(&ALL), THRESHOLDS);
    let program = &gated.program;
    for (name, segment) in [
        ("a/../b", "a%2F..%2Fb"),
        ("..", "organization:.."),
        ("what? 100% #1", "what%3F%20100%25%20%231"),
        ("Z\u{fc}rich", "Z%C3%BCrich"),
        ("<script>", "%3Cscript%3E"),
        ("organization:acme", "organization:organization:acme"),
    ] {
        assert_eq!(set(program, segment, Some("large")), 200, "{name}");
        let found = page(program, segment);
        assert_eq!(found["organization"], format!("organization:{name}"), "{name}");
        if name.is_ascii() {
            assert_eq!(burst(&gated, name), 400, "{name}");
        }
    }
    let long = "x".repeat(101);
    for (bad, status) in
        [("a%40b", 404), ("%20a", 404), (long.as_str(), 404), ("a%0Ab", 400), ("%E2%80%AE", 400)]
    {
        assert_eq!(set(program, bad, Some("large")), status, "{bad}");
    }
    // The list goes on where a page ends.
    let (mut names, mut after) = (Vec::new(), String::new());
    loop {
        let list = program.get(&format!("/api/ops/organizations?limit=2{after}")).json();
        names.extend(list["organizations"].as_array().unwrap().iter().map(|one| {
            let subject = one["organization"].as_str().unwrap();
            subject.strip_prefix("organization:").unwrap().to_owned()
        }));
        let Some(next) = list["next"].as_str() else { break };
        let encoded: String = next.bytes().map(|byte| format!("%{byte:02X}")).collect();
        after = format!("&after={encoded}");
    }
    assert_eq!(
        names,
        ["..", "<script>", "Z\u{fc}rich", "a/../b", "organization:acme", "what? 100% #1"],
        "in the order of their bytes"
    );
}

#[test]
fn the_page_says_what_counts_and_its_form_gives_another_plan() {
    let gated = Gated::start_with(&limits(&ALL), THRESHOLDS);
    let program = &gated.program;
    let viewer = program.invite("viewer", "A viewer");
    let shown = |segment: &str, cookie: &str| {
        let headers = format!("Accept: text/html\r\nCookie: {cookie}\r\n");
        let path = format!("/ops/organizations/{segment}");
        unmarked(program.request("GET", &path, &headers, "").unwrap())
    };
    for (segment, heading) in [
        ("acme", "acme"),
        ("a%2F..%2Fb", "a/../b"),
        ("organization:..", ".."),
        ("%3Cscript%3E", "&lt;script&gt;"),
        ("what%3F%20100%25%20%231", "what? 100% #1"),
        ("Z%C3%BCrich", "Z\u{fc}rich"),
    ] {
        let answer = shown(segment, &program.cookie);
        assert_eq!(answer.status, 200, "{segment}: {answer:?}");
        assert!(answer.body.contains(&format!("<h1><bdi>{heading}</bdi></h1>")), "{segment}");
        assert!(answer.body.contains("Nothing but its plan limits"), "{segment}");
        assert!(answer.body.contains("override-plan"), "{segment}: an owner sees the form");
    }
    assert_eq!(shown("a%40b", &program.cookie).status, 404);
    let answer = shown("acme", &viewer);
    assert!(!answer.body.contains("override-plan"), "{answer:?}");
    assert!(answer.body.contains("Approvers and owners can give it another plan"), "{answer:?}");

    let send = |cookie: &str, body: &str| {
        let headers = format!(
            "Accept: text/html\r\nContent-Type: application/x-www-form-urlencoded\r\nCookie: {cookie}\r\n"
        );
        unmarked(program.request("POST", "/ops/organizations", &headers, body).unwrap())
    };
    let begin = "what=begin&organization=organization%3Aa%2F..%2Fb&plan=large&hours=4&reason=";
    // Whoever sees no form is told all the same why theirs was refused.
    let refused = send(&viewer, &format!("{begin}x"));
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("said refused"), "{refused:?}");
    let refused = send(&program.cookie, &format!("{begin}+"));
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.body.contains("The reason is empty"), "{refused:?}");
    assert!(refused.body.contains("<details open class=\"fold\">"), "{refused:?}");
    let done = send(&program.cookie, &format!("{begin}They+move."));
    assert_eq!(done.status, 303, "{done:?}");
    assert_eq!(field(&done, "location").as_deref(), Some("/ops/organizations/a%2F..%2Fb"));
    assert_eq!(burst(&gated, "a/../b"), 400);
    let answer = shown("a%2F..%2Fb", &viewer);
    for told in ["Override: plan", "They move.", "by an override", "gave a/../b the plan large"] {
        assert!(answer.body.contains(told), "{told}: {answer:?}");
    }
    let done = send(&program.cookie, "what=end&organization=organization%3Aa%2F..%2Fb");
    assert_eq!(done.status, 303, "{done:?}");
    assert_eq!(burst(&gated, "a/../b"), 2);
    let refused = send(&program.cookie, "what=end&organization=organization%3Aa%2F..%2Fb");
    assert_eq!(refused.status, 404, "{refused:?}");
    assert!(refused.body.contains("said refused"), "{refused:?}");
    assert!(refused.body.contains("<details class=\"fold\">"), "the form of another: {refused:?}");
}

/// An answer without the marks of the renderer, which stand between the pieces of a text.
fn unmarked(mut answer: Answer) -> Answer {
    answer.body = answer.body.replace("<!>", "");
    answer
}

#[test]
fn a_bound_of_all_batch_requests_is_said_where_nothing_else_limits() {
    let limits = limits(&ALL).replace("| on |", "| observe |");
    let bound = "| batch requests at a time | state |\n| --- | --- |\n| 40 | on |\n";
    let limits = format!("{limits}{bound}");
    let gated = Gated::start_with(&limits, THRESHOLDS);
    let found = page(&gated.program, "acme");
    assert_eq!(found["batch"], json!({ "at_a_time": 40, "state": "on" }));
    for path in ["/ops/organizations/acme", "/ops/protection"] {
        let answer = unmarked(gated.program.get(path));
        let told = "Batch requests of all organizations together are limited to 40 at a time.";
        assert!(answer.body.contains(told), "{path}: {answer:?}");
        assert!(!answer.body.contains("Nothing limits"), "{path}: {answer:?}");
    }
}
