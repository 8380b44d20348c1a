//! The pages on which people decide, as a browser without Wasm gets them, over a backend that decides
//! by the real rules.

use std::{path::Path, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use domain::{
    access::{Principal, Role},
    recommendation::Stage,
    severity::Severity,
};
use tower::ServiceExt;

use crate::sample::{HOSTILE, Sample, at, now, pages, person};

fn approver() -> Principal {
    person(1, Role::Approver, true)
}

/// The address to which the forms of a decision are sent.
const ACT: &str = "/api/pages/act";

/// The answer: status, where it leads, and the page.
struct Came {
    status: StatusCode,
    to: Option<String>,
    html: String,
}

async fn send(backend: &Arc<Sample>, caller: Principal, request: Request<Body>) -> Came {
    let answer = pages(backend, caller, None).oneshot(request).await.unwrap();
    let to = answer.headers().get(header::LOCATION).map(|path| path.to_str().unwrap().to_owned());
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    // What Leptos writes between texts.
    let html = crate::sample::unmarked(&body);
    Came { status, to, html }
}

async fn get_as(backend: &Arc<Sample>, caller: Principal, path: &str) -> Came {
    send(
        backend,
        caller,
        Request::get(path).header(header::ACCEPT, "text/html").body(Body::empty()).unwrap(),
    )
    .await
}

async fn get(path: &str) -> String {
    let came = get_as(&Arc::default(), approver(), path).await;
    assert_eq!(came.status, StatusCode::OK, "{path}: {}", came.html);
    came.html
}

/// Sends a form of the page at this address, as a browser without Wasm does it.
async fn post(backend: &Arc<Sample>, caller: Principal, page: &str, form: &str) -> Came {
    // An address ends in the incident's number, and in a recommendation's place.
    let mut id = page.rsplit('/').next().unwrap().split('-');
    let incident = id.next().unwrap();
    let place = id.next().map(|place| format!("&place={place}")).unwrap_or_default();
    sent(backend, caller, &format!("incident={incident}&page={page}{place}&{form}")).await
}

/// Sends all fields of a form.
async fn sent(backend: &Arc<Sample>, caller: Principal, form: &str) -> Came {
    let request = Request::post(ACT)
        .header(header::ACCEPT, "text/html")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap();
    send(backend, caller, request).await
}

/// The first form that does this.
fn form<'a>(html: &'a str, what: &str) -> Option<&'a str> {
    let form =
        html.split("<form").skip(1).find(|form| form.contains(&format!("value=\"{what}\"")))?;
    form.split("</form>").next()
}

/// The value of a hidden field of the first form that does this.
fn field(html: &str, what: &str, name: &str) -> Option<String> {
    let input =
        form(html, what)?.split("<input").find(|one| one.contains(&format!("name=\"{name}\"")))?;
    let value = input.split("value=\"").nth(1)?.split('"').next()?;
    Some(
        value
            .replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&#x27;", "'")
            .replace("&amp;", "&"),
    )
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// The form that does this as it stands on the page, with all of its fields.
fn filled(html: &str, what: &str) -> String {
    let shown = form(html, what).unwrap();
    assert!(shown.contains(&format!("action=\"{ACT}\"")), "{shown}");
    let names = shown.split("<input").skip(1).map(|input| {
        assert!(input.contains("type=\"hidden\""), "{input}");
        input.split("name=\"").nth(1).unwrap().split('"').next().unwrap()
    });
    let fields: Vec<String> = names
        .map(|name| format!("{name}={}", encoded(&field(html, what, name).unwrap())))
        .collect();
    fields.join("&")
}

/// The form of an approval as it stands on the page.
fn approval(html: &str) -> String {
    filled(html, "approve")
}

fn stage(backend: &Arc<Sample>, number: u32) -> Stage {
    let mut stage = None;
    backend.change(number, |incident| stage = Some(incident.recommendations[0].stage.clone()));
    stage.unwrap()
}

fn primaries(html: &str) -> usize {
    html.matches("class=\"button primary\"").count()
}

#[tokio::test]
async fn the_incident_shows_one_recommendation_with_all_that_is_to_be_known_and_folds_the_others() {
    let html = get("/ops/incidents/1").await;
    for told in [
        "Recommended: reload one app (api on web-1)",
        "<code dir=\"ltr\">/usr/bin/pm2 reload api</code>",
        "low risk",
        "An app in cluster mode keeps answering.",
        "New processes take over one by one",
        "Confirmed if memory of the app api on web-1 recovers within 20\u{a0}min.",
        "It can't be undone: the old processes are gone",
        "It worked 3 of 3 times in the last 90 days.",
        "Needs one approval.",
        "If nobody acts",
        "Runs on web-1 as the user deploy.",
        "href=\"/ops/approve/1-1\"",
        "Your decision is needed: see the recommended command below.",
    ] {
        assert!(html.contains(told), "{told} in {html}");
    }
    assert_eq!(primaries(&html), 1, "{html}");
    assert_eq!(html.matches("class=\"fold option\"").count(), 2);
    assert!(html.contains(">Acknowledge</button>") && html.contains(">Resolve</button>"), "{html}");
}

#[tokio::test]
async fn every_state_says_what_is_so() {
    for (number, told) in [
        (2, "Approver two</span> approved it, "),
        (2, "One approver has approved. A second approval is needed."),
        (3, "Running since "),
        (3, "<button type=\"submit\" class=\"button\">Stop it</button>"),
        (3, "[PM2] Applying action reloadProcessId"),
        (3, "Also possible: restart one app"),
        (4, "Checking memory of the app api on web-1 until "),
        (5, "It worked: memory of the app api on web-1 has recovered."),
        (6, "It did not help: memory of the app api on web-1 did not recover within 20\u{a0}min."),
        (6, "It undoes \"Reload one app\" (6-1)."),
        (7, "Check manually before anything else is run:"),
        (7, "It is unclear how an approved command ended. Check manually, as described below."),
        (7, "<code dir=\"ltr\">pm2 describe api</code>"),
        (8, "No approved command covers this. See the runbook: "),
        (8, "href=\"/ops/runbook#app-memory-growth\""),
        (9, "Approver two declined it."),
        (9, "A deployment runs, and a reload would hit it in the middle."),
        (11, "It failed after 4\u{a0}s (exit code 1)."),
        (13, "Check manually before anything else is run:"),
        (13, "<code dir=\"ltr\">pm2 describe api</code>"),
        (13, "outcome unknown"),
        (14, "stopped early"),
    ] {
        let html = get(&format!("/ops/incidents/{number}")).await;
        let html = html.replace("&quot;", "\"");
        assert!(html.contains(told), "{number}: {told} in {html}");
        assert!(primaries(&html) <= 1, "{number}: {} primary buttons", primaries(&html));
        assert!(
            !(number >= 13 && html.contains("did not help")),
            "{number}: nothing is known of it: {html}"
        );
    }
}

#[tokio::test]
async fn whoever_declines_is_led_to_the_next() {
    let html = get("/ops/approve/9-1").await;
    assert!(
        html.contains("href=\"/ops/approve/9-2\"") && html.contains("Next: restart one app"),
        "{html}"
    );
}

#[tokio::test]
async fn no_text_of_a_recommendation_becomes_markup() {
    for path in [
        "/ops/incidents/12",
        "/ops/approve/12-1",
        "/ops/approve/12-2",
        "/ops/approve/12-3",
        "/ops/incidents",
    ] {
        let html = get(path).await;
        for bad in ["<script>alert", "<img src", " style=", "onerror=alert(1)>\""] {
            assert!(!html.contains(bad), "{path} holds {bad}");
        }
    }
    let html = get("/ops/approve/12-1").await;
    assert!(html.contains(&"x".repeat(400)), "the command is never cut");
    // What was written and is refused, and what a form says that it showed.
    let backend = Arc::new(Sample::default());
    let form = format!(
        "what=approve&binding={}&text={}&seen={}",
        "0".repeat(64),
        encoded(HOSTILE),
        encoded(&format!("Severity\t{HOSTILE}"))
    );
    let came = post(&backend, approver(), "/ops/approve/1-1", &form).await;
    assert_eq!(came.status, StatusCode::CONFLICT);
    assert!(
        !came.html.contains("<script>alert") && !came.html.contains("<img src"),
        "{}",
        came.html
    );
    assert!(came.html.contains("What has changed"), "{}", came.html);
}

#[tokio::test]
async fn a_get_never_decides_and_the_form_is_for_exactly_what_is_shown() {
    let backend = Arc::new(Sample::default());
    for path in
        ["/ops/approve/1-1", "/ops/approve/1-1?what=approve", "/ops/approve/1-1?done=approved"]
    {
        let came = get_as(&backend, approver(), path).await;
        assert_eq!(came.status, StatusCode::OK);
        assert!(
            !came.html.contains("Approved. This page shows the progress."),
            "an address is not believed: {}",
            came.html
        );
    }
    let html = get("/ops/approve/1-1").await;
    let came = get_as(&backend, approver(), &format!("{ACT}?{}", approval(&html))).await;
    assert!(came.status.is_client_error() && came.to.is_none(), "{}: {}", came.status, came.html);
    assert_eq!(stage(&backend, 1), Stage::Offered);
    assert_eq!(primaries(&html), 1);
    for told in [
        "It would run on web-1 as the user deploy:",
        "Approve: reload one app (api on web-1)",
        "1.7 GiB",
        "(usually 410 MiB)",
    ] {
        assert!(html.contains(told), "{told} in {html}");
    }
    let mut binding = None;
    backend.change(1, |incident| {
        binding = Some(incident.recommendations[0].binding(incident).to_string());
    });
    assert_eq!(field(&html, "approve", "binding"), binding);
    assert!(field(&html, "approve", "seen").unwrap().contains("Severity\tcritical"));
}

#[tokio::test]
async fn a_second_press_ends_like_the_first() {
    let backend = Arc::new(Sample::default());
    let form = approval(&get_as(&backend, approver(), "/ops/approve/1-1").await.html);
    for _ in 0..3 {
        let came = sent(&backend, approver(), &form).await;
        assert_eq!(
            (came.status, came.to.as_deref()),
            (StatusCode::SEE_OTHER, Some("/ops/approve/1-1?done=approved#said-decision"))
        );
    }
    assert!(matches!(stage(&backend, 1), Stage::Approved { .. }));
    let came = get_as(&backend, approver(), "/ops/approve/1-1?done=approved").await;
    assert!(
        came.html.contains("Approved. This page shows the progress.")
            && came.html.contains("Starting now."),
        "{}",
        came.html
    );
    assert!(
        field(&came.html, "approve", "binding").is_none()
            && field(&came.html, "decline", "place").is_none()
    );
}

#[tokio::test]
async fn who_comes_second_sees_what_became_of_it_and_keeps_what_was_typed() {
    let backend = Arc::new(Sample::default());
    let form = approval(&get_as(&backend, approver(), "/ops/approve/1-1").await.html);
    sent(&backend, approver(), &form).await;
    let second = person(2, Role::Approver, true);
    let came = sent(&backend, second.clone(), &form).await;
    assert_eq!(came.status, StatusCode::CONFLICT);
    assert!(
        came.html
            .contains("It is already approved and running. It runs only once; see its output."),
        "{}",
        came.html
    );
    assert!(
        came.html.contains("Approved by Approver one.")
            && field(&came.html, "approve", "binding").is_none(),
        "{}",
        came.html
    );
    let came =
        post(&backend, second, "/ops/approve/1-1", "what=decline&text=not+now,+please").await;
    assert_eq!(came.status, StatusCode::CONFLICT);
    assert!(came.html.contains("<blockquote>not now, please</blockquote>"), "{}", came.html);
}

#[tokio::test]
async fn what_has_changed_is_refused_and_shown_with_a_new_form() {
    let backend = Arc::new(Sample::default());
    backend.change(1, |incident| incident.severity = Severity::Warning);
    let form = approval(&get_as(&backend, approver(), "/ops/approve/1-1").await.html);
    backend.change(1, |incident| incident.severity = Severity::Critical);
    let came = sent(&backend, approver(), &form).await;
    assert_eq!(came.status, StatusCode::CONFLICT);
    for told in [
        "This recommendation has just changed, so nothing was run.",
        "What has changed",
        "<del>warning</del>",
        "<ins>critical</ins>",
    ] {
        assert!(came.html.contains(told), "{told} in {}", came.html);
    }
    assert!(!came.html.contains("<dt>Command</dt>"), "only what is different is told");
    assert_eq!(stage(&backend, 1), Stage::Offered);
    let came = sent(&backend, approver(), &approval(&came.html)).await;
    assert_eq!(came.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_decline_needs_a_reason_and_brings_up_the_next() {
    let backend = Arc::new(Sample::default());
    let came = post(&backend, approver(), "/ops/approve/1-1", "what=decline&text=").await;
    assert_eq!(came.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        came.html.contains("The reason is empty; enter at least one word. Nothing was changed."),
        "{}",
        came.html
    );
    assert!(came.html.contains("<details open class=\"step\">"), "{}", came.html);
    // As stale as the sign-in may be: to leave it alone is never held up.
    let came = post(
        &backend,
        person(1, Role::Approver, false),
        "/ops/approve/1-1",
        "what=decline&text=deploying",
    )
    .await;
    assert_eq!(
        (came.status, came.to.as_deref()),
        (StatusCode::SEE_OTHER, Some("/ops/approve/1-1?done=declined#said-decision"))
    );
    let came = get_as(&backend, approver(), "/ops/incidents/1").await;
    assert!(
        came.html.contains("Recommended: restart one app")
            && came.html.contains("Earlier recommendations"),
        "{}",
        came.html
    );
}

#[tokio::test]
async fn who_may_not_decide_sees_everything_and_reads_who_may() {
    let backend = Arc::new(Sample::default());
    let html = get_as(&backend, person(3, Role::Viewer, true), "/ops/approve/1-1").await.html;
    assert!(
        html.contains("An approver decides this. You can read everything here.</p>")
            && html.contains("/usr/bin/pm2 reload api"),
        "{html}"
    );
    assert!(
        field(&html, "approve", "binding").is_none() && !html.contains("name=\"text\""),
        "{html}"
    );
    let html = get_as(&backend, approver(), "/ops/approve/1-1").await.html;
    let came = sent(&backend, person(3, Role::Viewer, true), &approval(&html)).await;
    assert_eq!((came.status, stage(&backend, 1)), (StatusCode::FORBIDDEN, Stage::Offered));
    assert!(came.html.contains("Only approvers can do this."), "{}", came.html);
}

#[tokio::test]
async fn a_sign_in_leads_back_and_decides_nothing() {
    let backend = Arc::new(Sample::default());
    let link = "href=\"/sign-in?to=/ops/approve/1-1\"";
    let stale = person(1, Role::Approver, false);
    let html = get_as(&backend, stale.clone(), "/ops/approve/1-1").await.html;
    assert!(
        html.contains(link)
            && html.contains("sign in again")
            && field(&html, "approve", "binding").is_none(),
        "{html}"
    );
    // The sign-in has become too old while the page was open.
    let form = approval(&get_as(&backend, approver(), "/ops/approve/1-1").await.html);
    let came = sent(&backend, stale, &form).await;
    assert_eq!(
        (came.status, came.to, stage(&backend, 1)),
        (StatusCode::UNAUTHORIZED, None, Stage::Offered)
    );
    assert!(
        came.html.contains(link)
            && came.html.contains("Sign in again: your last sign-in was too long ago"),
        "{}",
        came.html
    );
    // Nobody is signed in any more: what was written is kept.
    let came =
        post(&backend, Principal::Nobody, "/ops/approve/1-1", "what=decline&text=not+now").await;
    assert_eq!(came.status, StatusCode::UNAUTHORIZED);
    assert!(
        came.html.contains(link) && came.html.contains("<blockquote>not now</blockquote>"),
        "{}",
        came.html
    );
    let came = get_as(&backend, Principal::Nobody, "/ops/approve/1-1").await;
    assert_eq!(came.status, StatusCode::UNAUTHORIZED);
    assert!(
        came.html.contains("/sign-in?to=") && !came.html.contains("pm2 reload"),
        "{}",
        came.html
    );
}

#[tokio::test]
async fn two_people_decide_about_high_risk() {
    let backend = Arc::new(Sample::default());
    // Who said yes already may still say no.
    let html = get_as(&backend, person(2, Role::Approver, true), "/ops/approve/2-1").await.html;
    assert!(
        html.contains("Your approval is recorded.") && field(&html, "approve", "binding").is_none(),
        "{html}"
    );
    let html = get_as(&backend, approver(), "/ops/approve/2-1").await.html;
    assert!(
        html.contains("A second approval is needed.")
            && html.contains("high risk")
            && html.contains("/usr/sbin/nginx -t"),
        "{html}"
    );
    let came = sent(&backend, approver(), &approval(&html)).await;
    assert_eq!(came.status, StatusCode::SEE_OTHER);
    assert!(matches!(stage(&backend, 2), Stage::Approved { .. }));
    // A yes to how things stood before is none to how they stand now.
    let backend = Arc::new(Sample::default());
    backend.change(2, |incident| incident.severity = Severity::Warning);
    let html = get_as(&backend, approver(), "/ops/approve/2-1").await.html;
    assert!(
        !html.contains("A second approval is needed.")
            && field(&html, "approve", "binding").is_some(),
        "{html}"
    );
}

#[tokio::test]
async fn an_offer_that_has_ended_can_only_be_looked_at() {
    let html = get("/ops/approve/10-1").await;
    assert!(
        html.contains("This recommendation has expired.")
            && field(&html, "approve", "binding").is_none(),
        "{html}"
    );
    assert!(at(500) < now());
    let backend = Arc::new(Sample::default());
    for (path, status) in [
        ("/ops/approve/1-9", StatusCode::NOT_FOUND),
        ("/ops/approve/nope", StatusCode::NOT_FOUND),
        ("/ops/approve/99-1", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(get_as(&backend, approver(), path).await.status, status, "{path}");
        assert!(
            post(&backend, approver(), path, "what=approve").await.status.is_client_error(),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_run_is_ended_early_from_either_page_and_twice_is_once() {
    let backend = Arc::new(Sample::default());
    for (path, form, to) in [
        (
            "/ops/incidents/3",
            "what=cancel&place=1",
            "/ops/incidents/3?done=cancelled#said-decision",
        ),
        ("/ops/approve/3-1", "what=cancel", "/ops/approve/3-1?done=cancelled#said-decision"),
    ] {
        let came = post(&backend, approver(), path, form).await;
        assert_eq!((came.status, came.to.as_deref()), (StatusCode::SEE_OTHER, Some(to)));
    }
    assert!(matches!(stage(&backend, 3), Stage::Running { cancelled: Some(_), .. }));
    assert!(
        get_as(&backend, approver(), "/ops/incidents/3").await.html.contains("asked to stop it")
    );
}

#[tokio::test]
async fn the_lists_say_what_needs_a_decision() {
    let html = get("/ops/incidents").await;
    assert!(
        html.contains("12 incidents are active; 6 need your decision.")
            && html.matches("<span class=\"state waits\">awaiting decision</span>").count() == 6,
        "{html}"
    );
    assert!(get("/ops/health").await.contains("2 incidents need your decision."));
}

/// As the server sends it: compressed by the same layer.
async fn compressed(router: Router, path: &str) -> usize {
    use tower_http::{CompressionLevel, compression::CompressionLayer};
    let router =
        router.layer(CompressionLayer::new().br(true).quality(CompressionLevel::Precise(4)));
    let request = Request::get(path)
        .header(header::ACCEPT, "text/html")
        .header(header::ACCEPT_ENCODING, "br")
        .body(Body::empty())
        .unwrap();
    let answer = router.oneshot(request).await.unwrap();
    assert_eq!(answer.headers()[header::CONTENT_ENCODING], "br");
    to_bytes(answer.into_body(), 1 << 20).await.unwrap().len()
}

#[tokio::test]
async fn the_page_of_a_decision_is_light_and_loads_nothing_early() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../style");
    let main = std::fs::read_to_string(folder.join("main.css")).unwrap();
    let names =
        main.lines().filter_map(|line| line.strip_prefix("@import \"")?.strip_suffix("\";"));
    let css: String =
        names.map(|name| std::fs::read_to_string(folder.join(name)).unwrap()).collect();
    let styles = Router::new().route(
        "/css",
        axum::routing::get(move || async move { ([(header::CONTENT_TYPE, "text/css")], css) }),
    );
    let css = compressed(styles, "/css").await;
    let backend = Arc::new(Sample::default());
    for path in ["/ops/approve/1-1", "/ops/approve/2-1", "/ops/approve/3-1"] {
        let html = compressed(pages(&backend, approver(), None), path).await;
        assert!(html + css < 30 * 1024, "{path}: {html} bytes of HTML and {css} bytes of CSS");
        println!("{path}: {html} bytes of HTML and {css} bytes of CSS");
    }
    let html = get("/ops/approve/1-1").await;
    assert!(
        !html.contains("rel=\"preload\"")
            && !html.contains("modulepreload")
            && html.contains("saveData"),
        "{html}"
    );
    assert!(get("/ops/incidents/1").await.contains("rel=\"preload\""));
}
