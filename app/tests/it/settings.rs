//! Settings, sign-in and join as a browser without Wasm gets them, over a backend that holds
//! hostile texts.

use std::{sync::Arc, time::Duration};

use app::{
    AccountBackend, Accounts, Changed, ContactForms, Done, EntryRefused, NewSecret, SettingsForm,
    SettingsStep,
};
use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
    response::Response,
};
use commands::{
    command::Command,
    notifications::{ContactCard, Contacts},
    operation::Committed,
    practice::PracticeState,
    readiness::{Reachability, Readiness, Responder, SignOfLife},
    reading::{GetHealth, GetReadiness, GetSettings, GetSources, ListContacts},
    service::{Authorized, Backend, Operations, Pending},
    sources::{AbsentSource, SeenReadings, SourceState, SourceStatus, SourcesPage},
    view::{
        DocumentState, Health, Overview, PasskeyCard, PersonCard, Readings, SessionCard, Settings,
        TokenCard, Viewer,
    },
};
use domain::{
    access::{Principal, Role, Scope},
    actor::Actor,
    error::{Error, FieldReason, Requirement},
    hash::Head,
    id::{AccountId, ContactId, PasskeyId, SessionId, TokenId},
    journal::Cursor,
    practice::OpenPractice,
    severity::Severity,
    time::{Span, Timestamp},
};
use leptos::prelude::*;
use tower::ServiceExt;

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
const SECRET: &str = "0f0e0d0c0b0a09080706050403020100";
const CURSOR: Cursor = Cursor { epoch: 1, number: 9 };

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_795_341_600 + seconds)
}

#[derive(Clone, Copy)]
struct Fake {
    role: Role,
    is_owned: bool,
}

const OWNER: Fake = Fake { role: Role::Owner, is_owned: true };

fn settings(role: Role) -> Settings {
    let is_owner = role == Role::Owner;
    let session = |id, this| SessionCard {
        id: SessionId(id),
        this,
        agent: HOSTILE.into(),
        address: HOSTILE.into(),
        created_at: at(0),
        seen_at: at(60),
    };
    let person = PersonCard {
        account: AccountId(2),
        name: HOSTILE.into(),
        role: Role::Viewer,
        created_at: at(0),
        seen_at: None,
        closed: false,
    };
    let token = TokenCard {
        id: TokenId(1),
        label: HOSTILE.into(),
        scopes: vec![Scope::Ingest],
        created_at: at(0),
        until: None,
        used_at: Some(at(5)),
    };
    let passkey =
        PasskeyCard { id: PasskeyId(1), label: HOSTILE.into(), created_at: at(0), used_at: None };
    Settings {
        cursor: CURSOR,
        reader: Viewer {
            account: AccountId(1),
            name: HOSTILE.into(),
            role,
            recently_authenticated: false,
        },
        sessions: vec![session(1, true), session(2, false)],
        passkeys: vec![passkey],
        owners: vec!["Ada".into(), HOSTILE.into()],
        people: if is_owner { vec![person] } else { Vec::new() },
        invitations: Vec::new(),
        tokens: if is_owner { vec![token] } else { Vec::new() },
    }
}

fn contacts() -> Contacts {
    let card = ContactCard {
        id: ContactId(4),
        label: HOSTILE.into(),
        kind: "ntfy".to_owned().try_into().unwrap(),
        by: "ntfy at".into(),
        place: HOSTILE.into(),
        form: None,
        has_secret: true,
        least: Severity::Warning,
        quiet: None,
        enabled: true,
        reports: Default::default(),
        set_at: at(0),
        last: None,
    };
    Contacts { cursor: CURSOR, at: at(0), contacts: vec![card] }
}

impl Backend for Fake {
    fn change(&self, _: Authorized, _: Command) -> Pending<Committed> {
        Box::pin(async { Ok(Committed { cursor: CURSOR }) })
    }

    fn get_settings(&self, _: Authorized, _: GetSettings) -> Pending<Settings> {
        let settings = settings(self.role);
        Box::pin(async move { Ok(settings) })
    }

    fn get_readiness(&self, _: Authorized, _: GetReadiness) -> Pending<Readiness> {
        let reachability = Reachability::Failing { problem: HOSTILE.to_owned() };
        let readiness = Readiness {
            cursor: CURSOR,
            at: at(0),
            responders: vec![Responder { name: HOSTILE.to_owned(), reachability }],
            approvers: 1,
            backup_at: Some(at(-60)),
            sign_of_life: SignOfLife::Off,
            links: true,
            practice: PracticeState {
                notified: vec![HOSTILE.to_owned()],
                open: (self.role == Role::Responder).then(|| OpenPractice {
                    number: 3,
                    by: Actor::Local,
                    begun_at: at(0),
                    until: at(900),
                }),
                may_decide: self.role == Role::Owner,
                may_end: true,
                ..PracticeState::default()
            },
        };
        Box::pin(async move { Ok(readiness) })
    }

    fn get_sources(&self, _: Authorized, _: GetSources) -> Pending<SourcesPage> {
        let source = |name: &str, state| SourceStatus {
            name: name.to_owned(),
            kind: "Endpoint".to_owned(),
            state,
            interval: Span::from_secs(15),
            last_success: None,
            took: Some(Span::from_millis(120)),
            next_at: Some(at(15)),
            seen: SeenReadings::default(),
            notes: vec![HOSTILE.to_owned()],
            advice: HOSTILE.to_owned(),
        };
        if self.role == Role::Viewer {
            let (sources, absent) = (Vec::new(), Vec::new());
            let page = SourcesPage { at: at(0), collects: false, sources, absent };
            return Box::pin(async move { Ok(page) });
        }
        let problem = HOSTILE.to_owned();
        let failing = SourceState::Failing { problem: problem.clone(), since: at(-60) };
        let partial = SourceState::Partial { unseen: 7, problems: vec![problem.clone()] };
        let late = |is_running| SourceState::Overdue {
            is_running,
            problem: Some(problem.clone()),
            since: at(-60),
        };
        let sees = |name, state| SourceStatus {
            seen: SeenReadings { subjects: 1, readings: 3, listed: Vec::new() },
            ..source(name, state)
        };
        let page = SourcesPage {
            at: at(0),
            collects: true,
            sources: vec![
                source("endpoint:late", late(false)),
                source("endpoint:hangs", late(true)),
                source("endpoint:shop", failing),
                sees("endpoint:partly", partial),
                source("endpoint:api", SourceState::Waiting),
                sees("endpoint:fine", SourceState::Working),
                source("endpoint:idle", SourceState::Working),
            ],
            absent: vec![AbsentSource { kind: "Gate".to_owned(), advice: HOSTILE.to_owned() }],
        };
        Box::pin(async move { Ok(page) })
    }

    fn list_contacts(&self, _: Authorized, _: ListContacts) -> Pending<Contacts> {
        Box::pin(async { Ok(contacts()) })
    }

    fn get_health(&self, _: Authorized, _: GetHealth) -> Pending<Health> {
        let document = DocumentState {
            name: HOSTILE.into(),
            sha256: "ab".repeat(32),
            since: at(0),
            error: Some(HOSTILE.into()),
        };
        let overview = Overview { documents: vec![document], ..Overview::default() };
        let now = Readings {
            version: 1,
            checked_at: at(0),
            readings: Vec::new(),
            troubles: Vec::new(),
            left_out: 0,
            withheld: 0,
        };
        let health = Health {
            cursor: CURSOR,
            head: Head::EMPTY,
            now,
            sparklines: Vec::new(),
            active: Vec::new(),
            overview,
            version: "0.1.0".into(),
            may_check: true,
            may_maintain: true,
            check: None,
            prevention: None,
            report: None,
        };
        Box::pin(async move { Ok(health) })
    }

    unavailable! {
        list_incidents(ListIncidents),
        get_incident(GetIncident),
        find_incident(FindIncident),
        search_history(SearchHistory),
        get_uptime(GetUptime),
        get_series(GetSeries),
        get_signal(GetSignal),
        get_document(GetDocument),
        read_journal(ReadJournal),
        get_recommendation(GetRecommendation),
        get_bundle(GetBundle),
        get_protection(GetProtection),
        get_organization(GetOrganization),
        get_organization_impact(GetOrganizationImpact),
        list_impact(ListImpact),
        list_organizations(ListOrganizations),
        get_status_page(GetStatusPage),
        get_messages(GetMessages),
        get_review(GetReview),
        list_similar(ListSimilar),
        list_prevention(ListPrevention),
        get_threshold(GetThreshold),
        get_threshold_patch(GetThresholdPatch),
        try_threshold(TryThreshold),
        list_reports(ListReports),
        get_report(GetReport),
        search_audit(SearchAudit),
        verify_journal(VerifyJournal),
        list_shares(ListShares),
        get_shared_page(GetSharedPage),
        check_now(CheckNow),
    }
}

impl AccountBackend for Fake {
    fn change(&self, principal: Principal, form: SettingsForm) -> Pending<Changed> {
        let answer = match (principal, form.step()) {
            (Principal::Nobody, _) => Err(Error::SignIn),
            (_, None) => Err(Error::invalid("form", FieldReason::Unreadable)),
            (_, Some(SettingsStep::RevokeToken)) => Ok(Changed::Done(Done::TokenRevoked)),
            (_, Some(SettingsStep::CreateToken)) => Ok(Changed::Secret(NewSecret {
                what: "Your new token.".into(),
                secret: SECRET.into(),
                command: Some(("Send a reading:".into(), format!("curl {SECRET}"))),
            })),
            (_, Some(SettingsStep::SetPassword)) => {
                Err(Error::invalid("password", FieldReason::NotPresentPassword))
            }
            _ => Err(Error::Forbidden(Requirement::Role(Role::Owner))),
        };
        Box::pin(async move { answer })
    }

    fn can_have_passkeys(&self) -> bool {
        true
    }

    fn contact_forms(&self) -> ContactForms {
        ContactForms::default()
    }

    fn has_owner(&self) -> Pending<bool> {
        let is_owned = self.is_owned;
        Box::pin(async move {
            // As a database does, it answers later.
            tokio::time::sleep(Duration::from_millis(5)).await;
            Ok(is_owned)
        })
    }

    fn invited(&self, secret: String) -> Pending<Option<Role>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Ok((secret == SECRET).then_some(Role::Responder))
        })
    }
}

/// The answer, as text.
struct Answer {
    status: StatusCode,
    location: Option<String>,
    policy: String,
    is_kept: bool,
    html: String,
}

async fn read(answer: Response) -> Answer {
    let text = |name| {
        let value = answer.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    let (status, location) = (answer.status(), text(header::LOCATION));
    let policy = text(header::CONTENT_SECURITY_POLICY).unwrap_or_default();
    let is_kept = !text(header::CACHE_CONTROL).is_some_and(|kept| kept.contains("no-store"));
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let html = crate::sample::unmarked(&body);
    Answer { status, location, policy, is_kept, html }
}

fn context(fake: Fake, principal: Principal) -> impl Fn() + Clone + Send + Sync + 'static {
    let operations = Operations::new(Arc::new(fake));
    move || {
        provide_context(operations.clone());
        provide_context(principal.clone());
        provide_context(Accounts(Arc::new(fake)));
    }
}

fn principal(role: Role) -> Principal {
    Principal::Account {
        id: AccountId(1),
        role,
        session: SessionId(1),
        recently_authenticated: true,
    }
}

async fn ask(fake: Fake, principal: Principal, request: Request<Body>) -> Answer {
    read(crate::sample::site(context(fake, principal)).oneshot(request).await.unwrap()).await
}

async fn get(fake: Fake, path: &str) -> Answer {
    let request = Request::get(path).header(header::ACCEPT, "text/html").body(Body::empty());
    ask(fake, principal(fake.role), request.unwrap()).await
}

/// Sends a form of the settings, as a browser without Wasm does it.
async fn send(principal: Principal, form: &str) -> Answer {
    let request = Request::post("/api/pages/change-settings")
        .header(header::ACCEPT, "text/html")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()));
    ask(OWNER, principal, request.unwrap()).await
}

fn assert_harmless(path: &str, html: &str) {
    for bad in ["<script>alert", "<img src", " style="] {
        assert!(!html.contains(bad), "{path} holds {bad}");
    }
}

#[tokio::test]
async fn every_page_of_the_settings_is_complete_without_wasm_and_no_name_becomes_markup() {
    for (path, parts) in [
        (
            "/ops/settings",
            &["Add a passkey", "Change password", "(this device)", "on 20 devices", "sign in again"]
                as &[&str],
        ),
        ("/ops/settings/notifications", &["Warnings and critical", "Send a test", "Save changes"]),
        ("/ops/settings/members", &["Change role", "Deactivate", "Create invitation link"]),
        ("/ops/settings/tokens", &["ingest", "Revoke", "Create token"]),
        (
            "/ops/settings/readiness",
            &[
                "4 of 6 checks need attention.",
                "Only 1 member can approve",
                "Set heartbeat.url",
                "Begin a practice",
            ],
        ),
        (
            "/ops/settings/sources",
            &[
                "Of 7 sources, 3 return no data, ",
                "1 has not finished a first round, 1 works and 1 has nothing to see.",
                "Endpoint shop",
                "Its next round is overdue: it has not begun.",
                "it has neither finished nor failed.",
                "It sees 3 readings of 1 subject. The rest is unknown:",
                "and 6 more",
                "resolve the reasons above",
                "none since the start",
                "every 15 s",
                "Not configured",
            ],
        ),
        ("/ops/settings/about", &["Calm Ops 0.1.0", "In force since", "/api"]),
    ] {
        let Answer { status, policy, html, .. } = get(OWNER, path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(policy.contains("'wasm-unsafe-eval'") && !policy.contains("unsafe-inline"));
        assert_harmless(path, &html);
        for part in parts {
            assert!(html.contains(part), "{part} is not in {path}: {html}");
        }
        let here = format!("<a href=\"{path}\" aria-current=\"page\">");
        assert_eq!(html.matches(&here).count(), 1, "{path}: {html}");
    }
}

#[tokio::test]
async fn a_server_without_collectors_says_that_it_does_not_know() {
    let viewer = Fake { role: Role::Viewer, is_owned: true };
    let Answer { status, html, .. } = get(viewer, "/ops/settings/sources").await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("does not know how they are doing. Read again in"), "{html}");
    assert!(!html.contains("Not configured"), "{html}");
}

#[tokio::test]
async fn whoever_is_no_owner_is_told_who_can_and_gets_no_form() {
    let viewer = Fake { role: Role::Viewer, is_owned: true };
    for path in ["/ops/settings/members", "/ops/settings/tokens"] {
        let Answer { status, html, .. } = get(viewer, path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(html.contains("Only owners manage") && html.contains("Ask Ada or "), "{html}");
        let main = html.split("<main").nth(1).unwrap().split("</main>").next().unwrap();
        assert!(!main.contains("<form"), "{path}: {main}");
        assert_harmless(path, &html);
    }
}

#[tokio::test]
async fn whoever_may_only_end_a_practice_can_end_it() {
    let responder = Fake { role: Role::Responder, is_owned: true };
    let answer = get(responder, "/ops/settings/readiness").await;
    assert!(answer.html.contains("End the practice"), "{}", answer.html);
}

#[tokio::test]
async fn a_plain_form_leads_back_to_its_section_and_a_secret_is_shown_once() {
    let owner = || principal(Role::Owner);
    let done = send(owner(), "what=revoke&id=1").await;
    assert_eq!(
        (done.status, done.location.as_deref()),
        (StatusCode::SEE_OTHER, Some("/ops/settings/tokens?done=revoke#said-tokens"))
    );
    let shown = get(OWNER, "/ops/settings/tokens?done=revoke").await;
    assert!(shown.html.contains("class=\"said done\">Token revoked."), "{}", shown.html);
    let made = send(owner(), "what=token&fields[label]=x&chosen[]=ingest&fields[days]=90").await;
    assert_eq!((made.status, made.location, made.is_kept), (StatusCode::OK, None, false));
    assert!(
        made.html.contains(&format!("<code class=\"secret\">{SECRET}</code>"))
            && made.html.contains(&format!("curl {SECRET}"))
            && made.html.contains("shown only once"),
        "{}",
        made.html
    );
    // It comes to life as the page that it is, and not as the address of the form.
    assert!(made.html.contains("history.replaceState(null,\"\",\"/ops/settings/tokens\");"));
    let again = get(OWNER, "/ops/settings/tokens?done=token").await;
    assert!(!again.html.contains(SECRET) && !again.is_kept);
}

#[tokio::test]
async fn a_plain_form_that_is_refused_is_answered_by_its_page_without_what_is_secret() {
    let owner = || principal(Role::Owner);
    let answer = send(
        owner(),
        "what=password&fields[present]=hunter2&fields[password]=hunter3&chosen[]=tokens",
    )
    .await;
    assert_eq!((answer.status, answer.is_kept), (StatusCode::UNPROCESSABLE_ENTITY, false));
    let told = answer.html.split("id=\"said-password\"").nth(1).unwrap();
    assert!(told.split("</div>").next().unwrap().contains("said refused"), "{told}");
    assert!(!answer.html.contains("hunter"), "{}", answer.html);
    // What no page of ours sends is refused on the first page.
    for form in
        ["what=destroy&id=1", "what=", "fields=x&what=role", "what=role&id=%3Cscript%3Ealert"]
    {
        let answer = send(owner(), form).await;
        assert!(answer.status.is_client_error(), "{form}: {}", answer.status);
        assert!(answer.html.contains("said refused"), "{form}: {}", answer.html);
        assert_harmless(form, &answer.html);
    }
    let nobody = send(Principal::Nobody, "what=role&id=1&fields[role]=owner").await;
    assert_eq!(
        (nobody.status, nobody.location.as_deref()),
        (StatusCode::SEE_OTHER, Some("/sign-in?to=%2Fops%2Fsettings%2Fmembers"))
    );
}

#[tokio::test]
async fn sign_in_and_join_are_documents_without_wasm_places_and_stream() {
    for (path, status, part) in [
        (
            "/sign-in?to=%2Fops%2Fapprove%2F1-1",
            StatusCode::OK,
            "Sign in to decide about incident 1.",
        ),
        ("/sign-in?to=%2F%2Fevil.example", StatusCode::OK, "name=\"to\" value=\"/\""),
        ("/sign-in?to=%2Fops%2F%3Cscript%3Ealert", StatusCode::OK, "Sign in with a passkey"),
        (&format!("/join/{SECRET}"), StatusCode::OK, "You are joining as a responder"),
        ("/join/%3Cscript%3Ealert", StatusCode::NOT_FOUND, "This link is not valid"),
    ] {
        let request = Request::get(path).header(header::ACCEPT, "text/html").body(Body::empty());
        let answer = ask(OWNER, Principal::Nobody, request.unwrap()).await;
        assert_eq!((answer.status, answer.is_kept), (status, false), "{path}");
        assert!(answer.html.contains(part), "{part} is not in {path}: {}", answer.html);
        assert_harmless(path, &answer.html);
        for absent in [".wasm", "type=\"module\"", "class=\"places\"", "/api/", "evil.example"] {
            assert!(!answer.html.contains(absent), "{path} holds {absent}: {}", answer.html);
        }
        assert!(answer.html.contains("<script src=\"/passkeys.js\" defer"), "{}", answer.html);
        assert!(!answer.policy.contains("wasm-unsafe-eval"), "{}", answer.policy);
        assert!(answer.html.contains("· Calm Ops</title>"), "{}", answer.html);
    }
    let unowned = Fake { is_owned: false, ..OWNER };
    let answer = get(unowned, "/sign-in").await;
    assert!(answer.html.contains("has no owner yet") && !answer.html.contains("<form"));
}

#[tokio::test]
async fn a_refused_sign_in_is_answered_by_its_page_with_the_name_that_was_typed() {
    let refused = EntryRefused { name: HOSTILE.into(), sentence: "Not that password.".into() };
    // The routes are listed once before any page is made.
    let _ = crate::sample::site(context(OWNER, Principal::Nobody));
    let answer = app::page_at(
        "/sign-in?to=%2Fops%2Fhealth",
        StatusCode::UNPROCESSABLE_ENTITY,
        context(OWNER, Principal::Nobody),
        move || provide_context(refused.clone()),
        app::shell,
    );
    let answer = read(answer.await).await;
    assert_eq!((answer.status, answer.is_kept), (StatusCode::UNPROCESSABLE_ENTITY, false));
    assert!(
        answer.html.contains("class=\"said refused\">Not that password.")
            && answer.html.contains("value=\"&lt;script&gt;")
            && answer.html.contains("value=\"/ops/health\""),
        "{}",
        answer.html
    );
    assert_harmless("/sign-in", &answer.html);
}
