//! Incidents: reading them, what people do with them, and what a replay needs.

use axum::{extract::State, response::IntoResponse};
use commands::{
    command::{Acknowledge, Comment, Reopen, Resolve, RunInspection},
    reading::{GetBundle, GetIncident, ListIncidents},
};
use domain::inspection::Inspection;
use http::header;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::{
    api::route::{Answer, Empty, Route},
    auth::RequestPrincipal,
    extract::{ApiJson, IncidentPath},
    state::Site,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/ops/incidents", || ListIncidents {})
            .summary("Active and recently resolved incidents.")
            .answer("Two lists of incidents: `active` and `resolved`."),
        Route::get("/api/ops/incidents/{id}", |IncidentPath(incident)| GetIncident { incident })
            .summary("One incident with summary, breaches, timeline, snapshots and series. `id` is its number or its UUID.")
            .answer("The incident."),
        Route::post("/api/ops/incidents/{id}/acknowledge", |IncidentPath(incident)| {
            Acknowledge { incident }
        })
        .summary("Acknowledge an incident.")
        .body::<Empty>("{}"),
        Route::post(
            "/api/ops/incidents/{id}/comment",
            |IncidentPath(incident), ApiJson(Text { text })| Comment { incident, text },
        )
        .summary("Add a comment to an incident.")
        .example(r#"{"text":"The import was stopped."}"#),
        Route::post(
            "/api/ops/incidents/{id}/inspections",
            |IncidentPath(incident), ApiJson(Wanted { inspection })| {
                RunInspection { incident, inspection }
            },
        )
        .summary("Look at something of the host: one of the `inspections` of the incident. It only reads, takes up to 10 s, and what was seen is the entry `inspected` of the timeline.")
        .example(r#"{"inspection":{"kind":"largest_folders","disk":"disk:/var@web-1"}}"#),
        Route::post(
            "/api/ops/incidents/{id}/resolve",
            |IncidentPath(incident), ApiJson(Note { note })| Resolve { incident, note },
        )
        .summary("Resolve an incident. The note is kept for the review.")
        .example(r#"{"note":"The disk was enlarged."}"#),
        Route::post(
            "/api/ops/incidents/{id}/reopen",
            |IncidentPath(incident), ApiJson(Note { note })| Reopen { incident, note },
        )
        .summary("Reopen a resolved incident.")
        .example(r#"{"note":"It came back."}"#),
        Route::get_with("/api/ops/incidents/{id}/bundle", bundle)
            .needs::<GetBundle>()
            .summary("The input and the decisions around an incident; `calm-ops replay FILE` runs them again.")
            .answer("A replay bundle."),
    ]
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Text {
    text: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    inspection: Inspection,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Note {
    #[serde(default)]
    note: String,
}

async fn bundle(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    IncidentPath(incident): IncidentPath,
) -> Answer {
    let bytes = site.service.execute(principal, GetBundle { incident }).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"incident-{incident}.json\"")),
    ];
    Ok((headers, bytes).into_response())
}
