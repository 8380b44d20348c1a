//! Rows of the thresholds: how they are, what a change of one would have meant, and the change.

use axum::{Json, extract::State, response::IntoResponse};
use commands::{
    command::{ChangeThreshold, DeclineThreshold},
    reading::{GetThreshold, GetThresholdPatch, TryThreshold},
    threshold::ThresholdEdit,
};
use domain::{signal::Signal, subject::Subject, threshold::ThresholdCells, time::Timestamp};
use http::header;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::{
    api::route::{Answer, Route},
    auth::RequestPrincipal,
    error::Problem,
    extract::{ApiJson, ApiQuery, Fields, FromQuery},
    schema::{Content, Parameter},
    state::Site,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/ops/thresholds", |ApiQuery::<GetThreshold>(asked)| asked)
            .summary("The rows of the thresholds that are in force for a signal, as the document has them now, and proposals for them.")
            .answer("`hash` is the SHA-256 of the document: a change is bound to it. `obstacle` says why the document can't be written, if it can't."),
        Route::post("/api/ops/thresholds", |ApiJson(Changed { subject, signal, edit, reason })| {
            ChangeThreshold { subject, signal, edit, reason }
        })
        .summary("Change a row of the thresholds. The document is written with its layout and comments kept, and refused with 409 if it is no longer the one that was read. It takes effect within seconds.")
        .example(r#"{"subject":"host:web-1","signal":"host.memory.used","edit":{"document":"0000000000000000000000000000000000000000000000000000000000000000","line":34,"cells":{"warning":"above 85%","critical":"above 94%","for":"3 min / 2 min","recovers_at":"80%"}},"reason":"It alerts earlier."}"#),
        Route::post_with("/api/ops/thresholds/try", tried)
        .executes::<TryThreshold>()
        .summary("Try a change of a row on stored history. Nothing is changed. One is tried at a time, for at most 30 s.")
        .body::<Tried>(r#"{"subject":"host:web-1","signal":"host.memory.used","edit":{"document":"0000000000000000000000000000000000000000000000000000000000000000","line":34,"cells":{"warning":"above 85%","critical":"above 94%","for":"3 min / 2 min","recovers_at":"80%"}},"days":30}"#)
        .answer("Incidents that would open, earlier or later, or not any more, known ones that would be missed, and interruptions. Durations are in microseconds."),
        Route::get_with("/api/ops/thresholds.patch", difference)
            .needs::<GetThresholdPatch>()
            .query(GetThresholdPatch::PARAMETERS)
            .content(Content::Text)
            .summary("A change of a row as a patch, for 'git apply' or 'patch -p1' in the documents' directory.")
            .answer("A patch in the unified format."),
        Route::post(
            "/api/ops/thresholds/decline",
            |ApiJson(Declined { proposal, reason })| DeclineThreshold { proposal, reason },
        )
        .summary("Decline a proposed change of the thresholds, with the reason. It is not proposed again unless there is new evidence.")
        .example(r#"{"proposal":7,"reason":"The disk is replaced next week."}"#),
    ]
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Changed {
    /// The subject for which the row is in force.
    subject: Subject,
    /// The signal.
    signal: Signal,
    /// The row, its new texts, and the document that was read.
    edit: ThresholdEdit,
    /// The reason, in a line of at most 200 characters.
    reason: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Tried {
    /// The subject for which the row is in force.
    subject: Subject,
    /// The signal.
    signal: Signal,
    /// The row, its new texts, and the document that was read.
    edit: ThresholdEdit,
    /// The period: 7, 30, 90 or 730 days.
    days: u32,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Declined {
    /// The number of the proposal.
    proposal: u64,
    /// The reason, in a line of at most 200 characters.
    reason: String,
}

impl FromQuery for GetThreshold {
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::required::<Subject>("subject", "the subject, such as 'host:web-1'"),
        Parameter::required::<Signal>("signal", "the signal, such as 'host.memory.used'"),
    ];

    fn from_query(fields: &Fields, _: Timestamp) -> Result<Self, Problem> {
        Ok(Self { subject: fields.required("subject")?, signal: fields.required("signal")? })
    }
}

impl FromQuery for GetThresholdPatch {
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::required::<Subject>("subject", "the subject, such as 'host:web-1'"),
        Parameter::required::<Signal>("signal", "the signal, such as 'host.memory.used'"),
        Parameter::required::<String>("document", "SHA-256 of the document that was read"),
        Parameter::required::<u32>("line", "the line of the row in it, from 1"),
        Parameter::optional::<String>("warning", "the new text of 'warning'"),
        Parameter::optional::<String>("critical", "the new text of 'critical'"),
        Parameter::optional::<String>("for", "the new text of 'for'"),
        Parameter::optional::<String>("recovers_at", "the new text of 'recovers at'"),
    ];

    fn from_query(fields: &Fields, _: Timestamp) -> Result<Self, Problem> {
        let text = |name| fields.get::<String>(name).map(Option::unwrap_or_default);
        let document = fields.required("document")?;
        let cells = ThresholdCells {
            warning: text("warning")?,
            critical: text("critical")?,
            held: text("for")?,
            recovers_at: text("recovers_at")?,
        };
        let line = fields.required("line")?;
        Ok(Self {
            subject: fields.required("subject")?,
            signal: fields.required("signal")?,
            edit: ThresholdEdit { document, line, cells, proposal: None },
        })
    }
}

async fn tried(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    ApiJson(Tried { subject, signal, edit, days }): ApiJson<Tried>,
) -> Answer {
    let asked = TryThreshold { subject, signal, edit, days };
    Ok(Json(site.service.execute(principal, asked).await?).into_response())
}

async fn difference(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    ApiQuery(asked): ApiQuery<GetThresholdPatch>,
) -> Answer {
    let text = site.service.execute(principal, asked).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-store"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"thresholds.patch\""),
    ];
    Ok((headers, text).into_response())
}
