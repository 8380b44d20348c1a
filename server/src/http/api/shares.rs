//! Links that share an incident.

use axum::extract::State;
use commands::{
    command::{CreateShare, RevokeShare},
    operation::Committed,
    reading::ListShares,
    sharing::{Audience, Parts, ShareRequest},
};
use domain::{
    journal::Cursor,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    api::route::{Answer, Route, json},
    auth::RequestPrincipal,
    extract::{ApiJson, IdPath, IncidentPath},
    shared,
    state::Site,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/ops/incidents/{id}/shares", |IncidentPath(incident)| ListShares { incident })
            .summary("The share links of an incident, newest first, with their expiry, last use and views.")
            .answer("The links, without their tokens, which are not stored."),
        Route::post_with("/api/ops/incidents/{id}/shares", create)
            .needs::<CreateShare>()
            .summary("Creates a link that shows an incident without an account, for at most 90 days. The token is shown only once.")
            .body::<NewShare>(r#"{"label":"Support","audience":"customer","hours":72,"parts":{"summary":true,"timeline":true,"now":true},"hosts":false}"#)
            .json::<Made>()
            .answer("The path with its token, and the journal position after it."),
        Route::post("/api/ops/shares/{id}/revoke", |IdPath(share)| RevokeShare { share })
            .summary("Revokes a link immediately.")
            .body::<Nothing>("{}"),
    ]
}

/// Nothing needs to be said.
#[derive(Deserialize, ToSchema)]
struct Nothing {}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewShare {
    /// Its name in the team.
    label: String,
    audience: Audience,
    /// For how long it is open, in hours; at most 2,160.
    hours: u32,
    parts: Parts,
    /// True if it names the hosts; for managers only.
    #[serde(default)]
    hosts: bool,
}

#[derive(Serialize, ToSchema)]
struct Made {
    /// The path of the link. It is told once.
    path: String,
    /// Time at which it ends.
    until: Timestamp,
    /// The journal position after it.
    #[schema(value_type = String)]
    cursor: Cursor,
}

async fn create(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    IncidentPath(incident): IncidentPath,
    ApiJson(NewShare { label, audience, hours, parts, hosts }): ApiJson<NewShare>,
) -> Answer {
    let until = site.clock.now().wall.plus(Span::from_mins(u64::from(hours) * 60));
    let (token, token_hash) = shared::token()?;
    let wanted = ShareRequest { label, until, audience, parts, hosts };
    let Committed { cursor } =
        site.service.execute(principal, CreateShare { incident, wanted, token_hash }).await?;
    Ok(json(&Made { path: format!("/share/{token}"), until, cursor }))
}
