//! The journal's page and share links as a browser without Wasm gets them, over a backend that holds
//! hostile texts.

use std::sync::{Arc, Mutex};

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use commands::{
    audit::{AuditEntry, AuditFilter, AuditGroup, AuditPage, Verified},
    command::{Command, CreateShare, Redact, RevokeShare},
    operation::Committed,
    reading::{GetHealth, ListShares, SearchAudit, VerifyJournal},
    service::{Authorized, Backend, Operations, Pending},
    sharing::{Audience, Parts, Share, ShareRequest, SharedPage, Shares, token_hash},
    view::{Health, Readings, Section},
};
use domain::{
    access::Role,
    actor::{Actor, Names},
    error::{Error, Requirement},
    hash::{Hash, Head},
    id::{AccountId, IncidentNumber, ShareId},
    journal::{Cursor, Entry, Event},
    time::{Span, Timestamp},
};
use leptos::prelude::*;
use tower::ServiceExt;

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
const TOKEN: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

#[derive(Default)]
struct Fake {
    asked: Mutex<Vec<AuditFilter>>,
    done: Mutex<Vec<Command>>,
    broken: bool,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_795_341_600 + seconds)
}

fn entry(number: u64, event: Option<Event>, kind: &str) -> AuditEntry {
    AuditEntry {
        entry: Entry {
            number,
            // Each an hour before the one after it, so that a day begins in between.
            at: at((number as i64 - 21) * 3_600),
            actor: Actor::Account(AccountId(7)),
            event,
        },
        kind: kind.into(),
        incident: Some(IncidentNumber(7)),
        payload_hash: Hash([0xab; 32]),
        hash: Hash([0xcd; 32]),
        before: Some(Hash([0xef; 32])),
        removable: kind == "commented",
    }
}

fn page(broken: bool) -> AuditPage {
    let comment = Event::Commented { incident: IncidentNumber(7), text: HOSTILE.into() };
    let approved =
        Event::Approved { incident: IncidentNumber(7), place: 1, binding: Hash([1; 32]) };
    let mut names = Names::default();
    names.0.insert(Actor::Account(AccountId(7)), "Ada <i>".into());
    let head = Head { number: 1_412, hash: Hash([0xee; 32]) };
    let verified = Verified {
        at: at(5),
        head: if broken { Head { number: 4, ..head } } else { head },
        goal: head,
        redacted: 2,
        unexplained: Vec::new(),
        broken: broken.then(|| "entry 5: its payload was changed.".to_owned()),
        took: Span::from_millis(40),
    };
    AuditPage {
        cursor: Cursor { epoch: 1, number: 1_412 },
        head,
        entries: vec![
            entry(12, Some(approved), "approved"),
            entry(11, Some(comment), "commented"),
            entry(10, None, "resolved"),
            entry(9, None, "signed_in"),
            entry(8, None, "signed_in"),
            entry(7, None, "signed_in"),
        ],
        next: Some(7),
        verified: Some(verified),
        names,
        reader: None,
    }
}

fn share(id: u32, revoked_at: Option<Timestamp>) -> Share {
    Share {
        id: ShareId(id),
        incident: IncidentNumber(7),
        label: HOSTILE.into(),
        audience: Audience::Manager,
        parts: Parts { summary: true, timeline: true, now: false },
        hosts: true,
        made_by: Actor::Local,
        made_at: at(0),
        until: at(9_000),
        revoked_at,
        last_used_at: Some(at(30)),
        views: 3,
    }
}

fn health() -> Health {
    Health {
        cursor: Cursor { epoch: 1, number: 9 },
        head: Head::EMPTY,
        now: Readings {
            version: 1,
            checked_at: at(0),
            readings: Vec::new(),
            troubles: Vec::new(),
            left_out: 0,
            withheld: 0,
        },
        sparklines: Vec::new(),
        active: Vec::new(),
        overview: commands::view::Overview::default(),
        version: "0.1.0".into(),
        may_check: true,
        may_maintain: true,
        check: None,
        prevention: None,
        report: None,
    }
}

impl Backend for Fake {
    fn change(&self, _: Authorized, command: Command) -> Pending<Committed> {
        let answer = match &command {
            Command::Redact(Redact { reason, .. }) if reason.contains("no") => {
                Err(Error::Forbidden(Requirement::Role(Role::Owner)))
            }
            Command::CreateShare(CreateShare { wanted, .. }) => {
                wanted.clone().checked(at(0)).map(|_| Committed { cursor: Cursor::default() })
            }
            _ => Ok(Committed { cursor: Cursor::default() }),
        };
        self.done.lock().unwrap().push(command);
        Box::pin(async move { answer })
    }

    fn get_health(&self, _: Authorized, _: GetHealth) -> Pending<Health> {
        Box::pin(async { Ok(health()) })
    }

    fn search_audit(&self, _: Authorized, asked: SearchAudit) -> Pending<AuditPage> {
        self.asked.lock().unwrap().push(asked.filter);
        let page = page(self.broken);
        Box::pin(async move { Ok(page) })
    }

    fn verify_journal(&self, _: Authorized, _: VerifyJournal) -> Pending<Verified> {
        let found = page(self.broken).verified.unwrap();
        Box::pin(async move { Ok(found) })
    }

    fn list_shares(&self, _: Authorized, _: ListShares) -> Pending<Shares> {
        let shares = vec![share(9, None), share(8, Some(at(3)))];
        let (cursor, names) = (Cursor::default(), Names::default());
        Box::pin(async move { Ok(Shares { cursor, at: at(60), shares, names }) })
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
        get_settings(GetSettings),
        get_readiness(GetReadiness),
        get_sources(GetSources),
        get_shared_page(GetSharedPage),
        list_contacts(ListContacts),
        check_now(CheckNow),
    }
}

async fn answer(fake: &Arc<Fake>, request: Request<Body>) -> (StatusCode, Option<String>, String) {
    let operations = Operations::new(fake.clone());
    let context = move || {
        provide_context(operations.clone());
        provide_context(crate::sample::person(1, Role::Owner, true));
        provide_context(app::NewToken(|| Some(TOKEN.to_owned())));
        provide_context(app::WallClock(Arc::new(|| at(0))));
    };
    let answer = crate::sample::site(context).oneshot(request).await.unwrap();
    let (status, location) = (
        answer.status(),
        answer.headers().get(header::LOCATION).map(|path| path.to_str().unwrap().to_owned()),
    );
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, location, crate::sample::unmarked(&body))
}

async fn get(fake: &Arc<Fake>, path: &str) -> (StatusCode, String) {
    let request = Request::builder()
        .uri(path)
        .header(header::ACCEPT, "text/html")
        .body(Body::empty())
        .unwrap();
    let (status, _, html) = answer(fake, request).await;
    for bad in ["<script>alert", "<img src", " style=", "Ada <i>"] {
        assert!(!html.contains(bad), "{path} holds {bad}");
    }
    (status, html)
}

async fn post(fake: &Arc<Fake>, path: &str, form: &str) -> (StatusCode, Option<String>, String) {
    let request = Request::post(path)
        .header(header::ACCEPT, "text/html")
        .header(header::ORIGIN, "https://ops.example")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap();
    answer(fake, request).await
}

#[tokio::test]
async fn the_journal_says_each_entry_in_a_sentence_with_its_proof() {
    let fake = Arc::new(Fake::default());
    let (status, html) = get(
        &fake,
        "/ops/journal?kind=commented&incident=7&from=2026-11-01&to=2026-11-02&before=40",
    )
    .await;
    assert_eq!(status, StatusCode::OK);
    let asked = fake.asked.lock().unwrap().pop().unwrap();
    assert_eq!(
        (asked.kind.as_deref(), asked.incident, asked.before),
        (Some("commented"), Some(IncidentNumber(7)), Some(40))
    );
    assert_eq!(asked.to.unwrap().since(asked.from.unwrap()), Span::from_secs(2 * 86_400));
    for expected in [
        "Ada &lt;i&gt; approved recommendation 7-1.",
        "This entry was redacted.",
        "Verified 1,412 entries ",
        "2 entries redacted",
        &"ab".repeat(32),
        &"cd".repeat(32),
        &"ef".repeat(32),
        &format!("calm-ops journal verify --head 1412:{}", "ee".repeat(32)),
        "href=\"/ops/journal?kind=commented&amp;incident=7&amp;from=2026-11-01&amp;to=2026-11-02&amp;before=7\"",
        "<input type=\"hidden\" name=\"verify\" value=\"now\"",
        "href=\"/ops/incidents/7#entry-11\"",
        "/api/ops/journal.jsonl",
        "aria-current=\"page\"",
    ] {
        assert!(html.contains(expected), "{expected} in {html}");
    }
    assert_eq!(html.matches(">Redact entry ").count(), 1, "only where the reader may");
    assert_eq!(html.matches("<summary>Details</summary>").count(), 6, "hashes are folded");
    assert!(
        html.matches("<li><a href=\"/ops/").count() <= 5,
        "five places are what a phone's bar holds"
    );
}

#[tokio::test]
async fn days_are_named_and_routine_entries_are_one_line() {
    let fake = Arc::new(Fake::default());
    let (_, html) = get(&fake, "/ops/journal").await;
    // In UTC until the page is alive: the headings of other days are there and hidden.
    for (shown, expected) in [
        (true, "Sunday, 22 Nov 2026, UTC</h2>"),
        (true, "Saturday, 21 Nov 2026, UTC</h2>"),
        (false, "Friday, 20 Nov 2026, UTC</h2>"),
    ] {
        assert_eq!(html.contains(expected), shown, "{expected} in {html}");
    }
    let shown = html.matches("<h2 class=\"day\">").count();
    assert!((1..html.matches("class=\"day\"").count()).contains(&shown), "{html}");
    for expected in
        ["<span>3 sign-ins</span>", "Times are in UTC.", ">01:00:00</time>", "Command approved"]
    {
        assert!(html.contains(expected), "{expected} in {html}");
    }
    // A code name says nothing to people.
    for kind in ["signed in", "signed_in</", "run_ended</", ", approved<"] {
        assert!(!html.contains(kind), "{kind} in {html}");
    }
    let (_, html) = get(&fake, "/ops/journal?group=people").await;
    assert!(!html.contains("3 sign-ins"), "where they are looked for, each is a line");
}

#[tokio::test]
async fn groups_are_links_that_keep_the_rest_of_the_search() {
    let fake = Arc::new(Fake::default());
    let (status, html) = get(&fake, "/ops/journal?group=decisions&incident=7&kind=approved").await;
    assert_eq!(status, StatusCode::OK);
    let asked = fake.asked.lock().unwrap().pop().unwrap();
    assert_eq!(asked.group, Some(AuditGroup::Decisions));
    for expected in [
        "href=\"/ops/journal?incident=7\">All</a>",
        "href=\"/ops/journal?group=decisions&amp;incident=7\" aria-current=\"true\">Decisions</a>",
        "href=\"/ops/journal?group=people&amp;incident=7\">People</a>",
        "<input type=\"hidden\" name=\"group\" value=\"decisions\"",
        "<option value=\"calm-ops\">Calm Ops</option>",
    ] {
        assert!(html.contains(expected), "{expected} in {html}");
    }
    assert!(!html.contains("incident agent"), "Calm Ops is one author");
    let (status, html) = get(&fake, "/ops/journal?group=%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(html.contains("There is no such group of entries."), "{html}");
    assert!(fake.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_search_that_can_not_be_read_says_so_and_keeps_what_was_typed() {
    let fake = Arc::new(Fake::default());
    let (status, html) =
        get(&fake, "/ops/journal?actor=%3Cscript%3Ealert(1)%3C/script%3E&subject=disk").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        html.contains("Who did it can&#x27;t be read.")
            || html.contains("Who did it can't be read."),
        "{html}"
    );
    assert!(html.contains("value=\"disk\"") && fake.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_broken_chain_is_told_before_everything_else() {
    let fake = Arc::new(Fake { broken: true, ..Fake::default() });
    let (_, html) = get(&fake, "/ops/journal?verify=now").await;
    assert!(html.contains("The journal is damaged: entry 5: its payload was changed."), "{html}");
    assert!(!html.contains("class=\"verified\""));
}

#[tokio::test]
async fn a_removal_is_a_plain_form_that_says_what_is_lost_and_what_stays() {
    let fake = Arc::new(Fake::default());
    let (_, html) = get(&fake, "/ops/journal").await;
    assert!(
        html.contains("action=\"/ops/journal/11/redact\"")
            && html.contains("delete its text permanently")
            && html.contains("The entry stays")
    );
    let (status, location, _) = post(&fake, "/ops/journal/11/redact", "reason=a+password").await;
    assert_eq!(
        (status, location.as_deref()),
        (StatusCode::SEE_OTHER, Some("/ops/journal?before=12&done=removed#entry-11"))
    );
    let done = fake.done.lock().unwrap().pop();
    assert_eq!(done, Some(Command::Redact(Redact { entry: 11, reason: "a password".into() })));
    let (status, location, html) =
        post(&fake, "/ops/journal/11/redact", "reason=no+%3C%2Ftextarea%3E%3Cscript%3Ealert").await;
    assert_eq!((status, location), (StatusCode::FORBIDDEN, None));
    assert!(
        html.contains("Only owners can do this.")
            && html.contains("no &lt;/textarea&gt;&lt;script&gt;alert")
            && !html.contains("<script>alert")
    );
    assert_eq!(post(&fake, "/ops/journal/x/redact", "reason=y").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_link_is_made_by_a_plain_form_and_told_once() {
    let fake = Arc::new(Fake::default());
    let (status, html) = get(&fake, "/ops/incidents/7/share").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        html.contains("opened 3 times") && html.matches(">Revoke</button>").count() == 1,
        "{html}"
    );
    assert!(!html.contains(TOKEN));
    let form = "what=make&label=The+board&audience=manager&days=7&summary=yes&now=yes&hosts=yes";
    let (status, _, html) = post(&fake, "/ops/incidents/7/share", form).await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains(&format!("value=\"https://ops.example/share/{TOKEN}\"")), "{html}");
    let wanted = ShareRequest {
        label: "The board".into(),
        until: at(7 * 86_400),
        audience: Audience::Manager,
        parts: Parts { summary: true, timeline: false, now: true },
        hosts: true,
    };
    let made = Command::CreateShare(CreateShare {
        incident: IncidentNumber(7),
        wanted,
        token_hash: token_hash(TOKEN),
    });
    assert_eq!(fake.done.lock().unwrap().pop(), Some(made));
    for (form, sentence) in [
        ("what=make&label=+&audience=customer&days=7&summary=yes", "is empty"),
        ("what=make&label=x&audience=customer&days=7", "choose at least one part"),
        ("what=make&label=x&audience=customer&days=7&now=yes&hosts=yes", "never see host names"),
        ("what=make&label=x&audience=everyone&days=7&now=yes", "was not valid"),
        ("what=make&label=x&audience=customer&days=900&now=yes", "was not valid"),
        ("what=sell", "was not valid"),
    ] {
        let (status, location, html) = post(&fake, "/ops/incidents/7/share", form).await;
        assert_eq!((status, location), (StatusCode::UNPROCESSABLE_ENTITY, None), "{form}");
        assert!(html.contains(sentence) && !html.contains(TOKEN), "{form}: {html}");
    }
    let (status, location, _) = post(&fake, "/ops/incidents/7/share", "what=end&share=9").await;
    assert_eq!(
        (status, location.as_deref()),
        (StatusCode::SEE_OTHER, Some("/ops/incidents/7/share?done=revoked"))
    );
    assert_eq!(
        fake.done.lock().unwrap().pop(),
        Some(Command::RevokeShare(RevokeShare { share: ShareId(9) }))
    );
}

#[test]
fn what_a_link_shows_is_complete_in_one_document_and_nothing_in_it_is_markup() {
    let page = SharedPage {
        audience: Audience::Manager,
        title: HOSTILE.into(),
        state: "Recovering".into(),
        began_at: at(0),
        ended_at: Some(at(600)),
        at: at(700),
        until: at(9_000),
        now: vec![HOSTILE.into()],
        sections: vec![Section {
            heading: HOSTILE.into(),
            sentences: vec!["Since 2026-11-22 10:00 UTC.".into()],
        }],
        timeline: vec![(at(1), "The problem was detected.".into())],
        hosts: vec!["web-1".into()],
    };
    let marked = app::shared_page(&page, true, "/pkg/a.css", "abc");
    assert!(marked.contains("generated data that did not happen"), "{marked}");
    let html = app::shared_page(&page, false, "/pkg/a.css", "abc");
    assert!(!html.contains("generated data"), "{html}");
    for bad in ["<script>alert", "<img src", " style=", "/api/ops/events", "wasm"] {
        assert!(!html.contains(bad), "{bad} in {html}");
    }
    assert_eq!(html.matches("<script").count(), 1);
    assert!(
        html.contains("<script nonce=\"abc\">")
            && html.contains("name=\"robots\" content=\"noindex, nofollow\"")
    );
    assert!(
        html.contains("property=\"og:title\" content=\"Recovering\"")
            && html.contains("property=\"og:description\" content=\"&lt;script&gt;")
    );
    assert!(
        html.contains("The problem was detected.")
            && html.contains("web-1")
            && html.contains("datetime=\"2026-11-22T10:00:00Z\""),
        "{html}"
    );
    assert!(html.len() < 20_000, "{}", html.len());
    let closed = app::shared_closed("/pkg/a.css");
    assert!(!closed.contains("<script") && closed.contains("This link is not valid."));
}
