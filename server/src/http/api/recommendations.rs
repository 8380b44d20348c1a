//! Deciding upon a recommendation, for other programs.

use axum::{
    extract::{Path, State},
    response::Response,
    routing::{get, post},
};
use bytes::Bytes;
use commands::{
    command::{Approve, CancelRun, Decline},
    operation::{Committed, Operation},
    reading::GetRecommendation,
    view,
};
use domain::{
    access::{Permission, Role},
    error::Error,
    hash::Hash,
    id::RecommendationId,
};
use http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Empty, Route, body, execute};
use crate::http::{
    auth::As,
    error::Problem,
    openapi::{Content, of},
    state::Site,
};

/// Everything that a person needs to decide.
pub(super) const SHOW: Route = Route {
    method: "get",
    path: "/api/ops/recommendations/{id}",
    need: Permission::Read,
    summary: "One recommendation with all that a person needs to decide, and exactly what would be executed. `id` is such as '42-1'.",
    query: &[],
    body: None,
    answer: (200, "The recommendation; `binding` is what an approval must name."),
    content: Content::Json(of::<view::RecommendationPage>),
    handler: || get(show),
};

/// A yes.
pub(super) const APPROVE: Route = Route {
    method: "post",
    path: "/api/ops/recommendations/{id}/approve",
    need: Permission::Person { role: Role::Approver, recently_authenticated: true },
    summary: "Say yes to a recommendation exactly as it was shown. The command then runs once.",
    query: &[],
    body: Some((
        r#"{"binding":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}"#,
        of::<Yes>,
    )),
    answer: (200, "The journal position after it."),
    content: Content::Json(of::<Committed>),
    handler: || post(approve),
};

/// A no.
pub(super) const DECLINE: Route = Route {
    method: "post",
    path: "/api/ops/recommendations/{id}/decline",
    need: Permission::Person { role: Role::Approver, recently_authenticated: false },
    summary: "Say no to a recommendation, and why.",
    query: &[],
    body: Some((r#"{"reason":"A deploy is under way."}"#, of::<No>)),
    answer: (200, "The journal position after it."),
    content: Content::Json(of::<Committed>),
    handler: || post(decline),
};

/// A stop.
pub(super) const CANCEL: Route = Route {
    method: "post",
    path: "/api/ops/recommendations/{id}/cancel",
    need: Permission::Person { role: Role::Approver, recently_authenticated: false },
    summary: "End a run early, with all that it started.",
    query: &[],
    body: Some(("{}", of::<Empty>)),
    answer: (200, "The journal position after it."),
    content: Content::Json(of::<Committed>),
    handler: || post(cancel),
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Yes {
    /// The hash of what was shown.
    binding: Hash,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct No {
    /// Why; kept for learning.
    reason: String,
}

/// Whoever may not act learns nothing of the body or of what there is.
fn named<O: Operation>(
    site: &Site,
    caller: &domain::access::Principal,
    text: &str,
) -> Result<RecommendationId, Problem> {
    site.service.check::<O>(caller)?;
    let missing =
        |_| Error::NotFound { what: "recommendation of that name: '42-1' names one".to_owned() };
    Ok(text.parse().map_err(missing)?)
}

async fn show(
    State(site): State<Site>,
    As(caller): As,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let recommendation = named::<GetRecommendation>(&site, &caller, &id)?;
    execute(&site, caller, GetRecommendation { recommendation }).await
}

async fn approve(
    State(site): State<Site>,
    As(caller): As,
    Path(id): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let recommendation = named::<Approve>(&site, &caller, &id)?;
    let Yes { binding } = body(&headers, &bytes)?;
    execute(&site, caller, Approve { recommendation, binding }).await
}

async fn decline(
    State(site): State<Site>,
    As(caller): As,
    Path(id): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let recommendation = named::<Decline>(&site, &caller, &id)?;
    let No { reason } = body(&headers, &bytes)?;
    execute(&site, caller, Decline { recommendation, reason }).await
}

async fn cancel(
    State(site): State<Site>,
    As(caller): As,
    Path(id): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let recommendation = named::<CancelRun>(&site, &caller, &id)?;
    let Empty {} = body(&headers, &bytes)?;
    execute(&site, caller, CancelRun { recommendation }).await
}
