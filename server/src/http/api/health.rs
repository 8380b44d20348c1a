//! The overall state: in one word for everyone, and in full for who may read.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use commands::reading::{CheckNow, GetHealth, GetReadiness, GetSources};
use domain::{
    severity::Severity,
    time::{Span, Timestamp},
};
use http::{StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{
        api::route::{Answer, Empty, Route, execute},
        auth::RequestPrincipal,
        state::Site,
    },
    monitor,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get_with("/api/health", public_health)
            .public()
            .json::<PublicHealth>()
            .summary("Whether Calm Ops is running and everything is healthy. Public, without secrets. 503 when it can't do its work.")
            .answer("`status` is `calm`, `warning` or `critical`, and `not watching` with 503; `active_incidents` counts, `null` while they can't be read; `checked_at` is the time of the last check."),
        Route::get("/api/ops/health", || GetHealth {})
            .summary("The current state of everything that is monitored.")
            .answer("Readings, sparklines, active incidents, gaps without data, documents in force and the journal's head."),
        Route::get("/api/ops/readiness", || GetReadiness {})
            .summary("Whether what a crisis needs is set up, and was tried: contacts, approvers, a backup, signs of life, links in notifications.")
            .answer("Each member who responds with how they can be reached, and the rest. What is not known is not ready."),
        Route::get("/api/ops/sources", || GetSources {})
            .summary("What each collector of this server sees, its last success, its last error, its next try and the duration of its last round.")
            .answer("Sources, those that need attention first, and kinds that are not configured. `collects` is `false` where this server runs no collectors and knows nothing of them. Durations are in microseconds."),
        Route::post_with("/api/ops/check", check)
            .executes::<CheckNow>()
            .summary("Check everything now: every collector starts a round immediately. The answer comes when all have finished, after 10 s at most.")
            .body::<Empty>("{}")
            .answer("How many collectors there are, how many failed, and how many have not finished yet. Their readings are in `/api/ops/health`."),
    ]
}

async fn check(State(site): State<Site>, principal: RequestPrincipal) -> Answer {
    execute(&site, principal, CheckNow {}).await
}

/// The overall state, for everyone.
#[derive(Serialize, ToSchema)]
enum PublicStatus {
    #[serde(rename = "calm")]
    Calm,
    #[serde(rename = "warning")]
    Warning,
    #[serde(rename = "critical")]
    Critical,
    #[serde(rename = "not watching")]
    NotWatching,
}

#[derive(Serialize, ToSchema)]
struct PublicHealth {
    status: PublicStatus,
    /// `null` while it is not known: never a zero that only looks calm.
    active_incidents: Option<usize>,
    checked_at: Timestamp,
}

/// The monitor looks every second; this long without a look is trouble.
const STUCK: Span = Span::from_secs(30);

async fn public_health(State(site): State<Site>) -> Response {
    let shown = site.board.shown();
    let active = site.service.active().await;
    let worst = active.iter().flatten().copied().max().max(monitor::worst(&shown.readings));
    let doubt = site.board.is_doubtful().then_some(Severity::Warning);
    let worst = worst.max(doubt);
    let stuck = site.clock.now().wall.since(shown.readings.checked_at) > STUCK;
    let status = match worst {
        _ if stuck => PublicStatus::NotWatching,
        Some(Severity::Critical) => PublicStatus::Critical,
        Some(Severity::Warning) => PublicStatus::Warning,
        None => PublicStatus::Calm,
    };
    let code = if stuck { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let health = PublicHealth {
        status,
        active_incidents: active.as_ref().map(Vec::len),
        checked_at: shown.readings.checked_at,
    };
    (code, [(header::CACHE_CONTROL, "no-store")], Json(health)).into_response()
}
