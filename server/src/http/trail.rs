//! The trail and share links, for other programs.

use axum::{
    Json,
    body::Body,
    extract::{Extension, Path, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use commands::{
    audit::{self, AuditFilter},
    command::{CreateShare, Redact, RevokeShare},
    operation::Committed,
    reading::{ListShares, ReadJournal, SearchAudit, VerifyJournal},
    sharing::{self, Audience, Parts, ShareRequest},
};
use domain::{
    access::{Permission, Role, authorize},
    actor::Actor,
    error::Error,
    id::{IncidentNumber, ShareId},
    journal::Cursor,
    time::{Span, Timestamp},
};
use futures::stream;
use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    export::Export,
    http::{
        api::{Fields, Pairs, Route, Which, body, execute},
        auth::As,
        client_info::ClientInfo,
        error::{Kind, Problem},
        openapi::{Content, Parameter, of},
        shared,
        state::Site,
    },
    people::Shown,
};

/// Looking through the journal.
pub(super) const SEARCH: Route = Route {
    method: "get",
    path: "/api/ops/trail",
    need: Permission::Read,
    summary: "The journal, newest first, a page of 50, with the hashes of the chain. Every parameter narrows.",
    query: &[
        Parameter::optional::<Actor>(
            "actor",
            "who did it: 'agent', 'system', 'local', 'account:7' or 'token:3'",
        ),
        Parameter::optional::<String>("kind", "what kind of entry, such as 'commented'"),
        Parameter::optional::<String>(
            "subject",
            "entries about this subject, or one that begins so",
        ),
        Parameter::optional::<u64>("incident", "entries about this incident"),
        Parameter::optional::<Timestamp>("from", "written at or after this time (RFC 3339)"),
        Parameter::optional::<Timestamp>("to", "written before this time (RFC 3339)"),
        Parameter::optional::<u64>(
            "before",
            "entries with a smaller number: the `next` of the page before",
        ),
    ],
    body: None,
    answer: (
        200,
        "`entries`, `next` if there is another page, and what the last verification found.",
    ),
    content: Content::Json(of::<audit::AuditPage>),
    handler: || get(search),
};

/// Proving the chain.
pub(super) const VERIFY: Route = Route {
    method: "get",
    path: "/api/ops/journal/verify",
    need: Permission::Read,
    summary: "Proves the chain of the journal now, for at most 10 s; `calm-ops journal verify` takes its time and compares the incidents too.",
    query: &[],
    body: None,
    answer: (
        200,
        "`head` is what was proved, `goal` what was to be; `broken` says what is wrong, `null` if nothing is.",
    ),
    content: Content::Json(of::<audit::Verified>),
    handler: || get(verify),
};

/// The journal as lines.
pub(super) const EXPORT: Route = Route {
    method: "get",
    path: "/api/ops/journal.jsonl",
    need: Permission::Read,
    summary: "The journal as JSON Lines, oldest first: all that is needed to prove the chain elsewhere with `calm-ops journal verify --file`.",
    query: &[
        Parameter::optional::<u64>("after", "after which number; 0 if left out"),
        Parameter::optional::<Timestamp>(
            "from",
            "from the first entry on that was written at or after this time (RFC 3339)",
        ),
    ],
    body: None,
    answer: (
        200,
        "One entry a line: number, time, actor, kind, incident, the hash before it, payload hash, hash, salt, payload.",
    ),
    content: Content::Lines,
    handler: || get(export),
};

/// Removing the content of an entry.
pub(super) const REDACT: Route = Route {
    method: "post",
    path: "/api/ops/journal/{id}/redact",
    need: Permission::Read,
    summary: "Redacts an entry for ever: words of people, outputs, evidence. The chain still verifies, and the redaction is journalled.",
    query: &[],
    body: Some((r#"{"reason":"A password was pasted."}"#, of::<WhyRedacted>)),
    answer: (200, "The journal position after it."),
    content: Content::Json(of::<Committed>),
    handler: || post(redact),
};

/// The links of an incident.
pub(super) const SHARES: Route = Route {
    method: "get",
    path: "/api/ops/incidents/{id}/shares",
    need: Permission::Read,
    summary: "The links that share an incident, newest first, with their end, last use and views.",
    query: &[],
    body: None,
    answer: (200, "The links; their tokens are kept nowhere."),
    content: Content::Json(of::<sharing::Shares>),
    handler: || get(shares),
};

/// Who may let someone read who has no account.
const SHARING: Permission =
    Permission::Person { role: Role::Responder, recently_authenticated: false };

/// Making a link.
pub(super) const SHARE: Route = Route {
    method: "post",
    path: "/api/ops/incidents/{id}/shares",
    need: SHARING,
    summary: "Makes a link that shows an incident without an account, for at most 90 days. The token is told once.",
    query: &[],
    body: Some((
        r#"{"label":"Support","audience":"customer","hours":72,"parts":{"summary":true,"timeline":true,"now":true},"hosts":false}"#,
        of::<NewShare>,
    )),
    answer: (200, "The path with its token, and the journal position after it."),
    content: Content::Json(of::<Made>),
    handler: || post(make),
};

/// Ending a link.
pub(super) const REVOKE: Route = Route {
    method: "post",
    path: "/api/ops/shares/{id}/revoke",
    need: SHARING,
    summary: "Ends a link at once.",
    query: &[],
    body: Some(("{}", of::<Nothing>)),
    answer: (200, "The journal position after it."),
    content: Content::Json(of::<Committed>),
    handler: || post(revoke),
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WhyRedacted {
    reason: String,
}

/// Nothing needs to be said.
#[derive(Deserialize, ToSchema)]
struct Nothing {}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewShare {
    /// What the team calls it.
    label: String,
    audience: Audience,
    /// For how long it is open, in hours; at most 2,160.
    hours: u32,
    parts: Parts,
    /// Whether it names the hosts; for managers only.
    #[serde(default)]
    hosts: bool,
}

#[derive(Serialize, ToSchema)]
struct Made {
    /// Where the link leads on this server. It is told once.
    path: String,
    /// When it ends.
    until: Timestamp,
    /// The journal position after it.
    #[schema(value_type = String)]
    cursor: Cursor,
}

async fn search(
    State(site): State<Site>,
    As(caller): As,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let fields =
        Fields::new(pairs, &["actor", "kind", "subject", "incident", "from", "to", "before"])?;
    let filter = AuditFilter {
        actor: fields.get("actor")?,
        kind: fields.get("kind")?,
        subject: fields.get("subject")?,
        incident: fields.number("incident")?.map(IncidentNumber),
        from: fields.get("from")?,
        to: fields.get("to")?,
        before: fields.number("before")?,
    };
    execute(&site, caller, SearchAudit { filter }).await
}

async fn verify(State(site): State<Site>, As(caller): As) -> Result<Response, Problem> {
    execute(&site, caller, VerifyJournal {}).await
}

async fn export(
    State(site): State<Site>,
    As(caller): As,
    Extension(client): Extension<ClientInfo>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Problem> {
    let fields = Fields::new(pairs, &["after", "from"])?;
    let (after, from): (Option<u64>, Option<Timestamp>) =
        (fields.number("after")?, fields.get("from")?);
    // The service says whether the caller may read the journal; its answer is empty.
    site.service.execute(caller, ReadJournal { after: u64::MAX, limit: 1 }).await?;
    let trouble = |error: crate::store::StoreError| {
        tracing::warn!(%error, "the journal could not be exported");
        Problem::from(Error::Unavailable {
            advice: "The journal can't be read right now. Try again in a moment.".to_owned(),
        })
    };
    let since = match from {
        Some(from) => site
            .store
            .as_trail()
            .first_since(from)
            .await
            .map_err(trouble)?
            .map_or(u64::MAX, |first| first.saturating_sub(1)),
        None => 0,
    };
    let export =
        Export::after(&*site.store, after.unwrap_or(0).max(since)).await.map_err(trouble)?;
    let (store, stop, people, shown) =
        (site.store.clone(), site.stop.clone(), site.people.clone(), Shown::by(&headers, &client));
    // One page at a time, when the reader has taken the one before. A failure in the middle breaks
    // the connection, so that nobody takes a part for the whole.
    let lines = stream::unfold(Some(export), move |export| {
        let (store, stop, people) = (store.clone(), stop.clone(), people.clone());
        async move {
            let mut export = export?;
            if stop.is_cancelled() {
                return Some((Err(std::io::Error::other("the server stops")), None));
            }
            // Whoever reads slowly may have lost the right meanwhile.
            if !people
                .caller(shown)
                .await
                .is_ok_and(|caller| authorize(&caller, Permission::Read).is_ok())
            {
                return Some((Err(std::io::Error::other("the sign-in has ended")), None));
            }
            match export.next(&*store).await {
                Ok(Some(lines)) => Some((Ok(Bytes::from(lines)), Some(export))),
                Ok(None) => None,
                Err(error) => {
                    tracing::warn!(%error, "an export of the journal ended early");
                    Some((Err(std::io::Error::other("the journal can't be read")), None))
                }
            }
        }
    });
    let mut response = Response::new(Body::from_stream(lines));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"calm-ops-journal.jsonl\""),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn redact(
    State(site): State<Site>,
    As(caller): As,
    Path(entry): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let entry = entry
        .parse()
        .map_err(|_| Problem::new(Kind::NotFound, "An entry is named by its number.".to_owned()))?;
    let WhyRedacted { reason } = body(&headers, &bytes)?;
    execute(&site, caller, Redact { entry, reason }).await
}

async fn shares(
    State(site): State<Site>,
    As(caller): As,
    Which(incident): Which,
) -> Result<Response, Problem> {
    execute(&site, caller, ListShares { incident }).await
}

async fn make(
    State(site): State<Site>,
    As(caller): As,
    Which(incident): Which,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let NewShare { label, audience, hours, parts, hosts } = body(&headers, &bytes)?;
    let until = site.clock.now().wall.plus(Span::from_mins(u64::from(hours) * 60));
    let (token, token_hash) = shared::token()?;
    let wanted = ShareRequest { label, until, audience, parts, hosts };
    let Committed { cursor } =
        site.service.execute(caller, CreateShare { incident, wanted, token_hash }).await?;
    let made = Made { path: format!("/share/{token}"), until, cursor };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(made)).into_response())
}

async fn revoke(
    State(site): State<Site>,
    As(caller): As,
    Path(share): Path<String>,
) -> Result<Response, Problem> {
    let share = share
        .parse()
        .map_err(|_| Problem::new(Kind::NotFound, "A link is named by its number.".to_owned()))?;
    execute(&site, caller, RevokeShare { share: ShareId(share) }).await
}
