//! Safe mode, and the operating mode as the product follows it.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use commands::{
    command::{BeginSafeMode, EndSafeMode, SetSafeModeStage},
    protection::OperatingMode,
    reading::GetProtection,
};
use domain::{hash::Hash, id::IncidentNumber, protection::SafeModeStage};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::{
    http::{
        api::route::{Answer, Empty, Route},
        assets::is_known,
        auth::RequestPrincipal,
        extract::ApiJson,
        state::Site,
    },
    protection,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get_with("/api/ops/mode", mode)
            .needs::<GetProtection>()
            .json::<OperatingMode>()
            .summary("The operating mode, for a product that follows safe mode: which classes of requests pass. It is cheap and has an `ETag`: ask every few seconds with `If-None-Match`, and 304 says that nothing has changed. At once it is told by the stream: a `journal` event whose entry is `safe_mode_began`, `safe_mode_stage_changed` or `safe_mode_ended`.")
            .answer("The operating mode; 304 without a body if it is the one of `If-None-Match`."),
        Route::post("/api/ops/safe-mode", |ApiJson(NewSafeMode { reason, incident })| {
            BeginSafeMode { incident, reason }
        })
            .summary("Begin safe mode: only reads and critical requests pass the gate, until a person ends it. The answer comes when it is in force.")
            .example(r#"{"reason":"Writes fail","incident":42}"#),
        Route::post("/api/ops/safe-mode/stage", |ApiJson(NewStage { stage })| {
            SetSafeModeStage { stage }
        })
            .summary("Go to another stage of safe mode: at `interactive`, interactive requests pass again and batch requests wait.")
            .example(r#"{"stage":"interactive"}"#),
        Route::post("/api/ops/safe-mode/end", |ApiJson(Empty {})| EndSafeMode {})
            .summary("End safe mode: every request passes that is within its limits.")
            .example("{}"),
    ]
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSafeMode {
    /// The reason.
    reason: String,
    /// The incident that it is for, if it is for one.
    #[serde(default)]
    incident: Option<IncidentNumber>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewStage {
    /// The stage.
    stage: SafeModeStage,
}

/// Answers from memory: programs ask it all the time.
async fn mode(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    headers: HeaderMap,
) -> Answer {
    site.service.check::<GetProtection>(&principal)?;
    let limits = site.board.shown().limits;
    let mode = protection::mode(&site.service.protection(), limits.as_deref());
    Ok(tagged(&mode, &headers))
}

fn tagged(mode: &OperatingMode, headers: &HeaderMap) -> Response {
    let bytes = serde_json::to_vec(mode).unwrap_or_default();
    let tag = format!("\"{}\"", Hash(Sha256::digest(&bytes).into()));
    let mut response = if is_known(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Json(mode).into_response()
    };
    let fields = response.headers_mut();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        fields.insert(header::ETAG, tag);
    }
    response
}
