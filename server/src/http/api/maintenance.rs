//! Maintenance windows.

use axum::extract::State;
use commands::{
    command::{BeginMaintenance, EndMaintenance},
    maintenance::{Covered, MaintenanceCard, MaintenanceRequest},
    operation::Committed,
    reading::GetHealth,
};
use domain::{
    announcements::Announcements,
    error::{Error, FieldReason},
    journal::Cursor,
    maintenance::MaintenanceWindow,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    api::route::{Answer, Empty, Route, json},
    auth::RequestPrincipal,
    extract::{ApiJson, IdPath, PathId},
    state::Site,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get_with("/api/ops/maintenance", list)
            .needs::<GetHealth>()
            .json::<Windows>()
            .summary("The open maintenance windows, and what would have alerted during each.")
            .answer("The windows, oldest first."),
        Route::post_with("/api/ops/maintenance", begin)
            .needs::<BeginMaintenance>()
            .body::<NewWindow>(r#"{"subjects":["*@web-1","host:web-1"],"minutes":90,"reason":"New disks"}"#)
            .json::<Begun>()
            .summary("Start a maintenance window: problems of its subjects open no incident until it ends, in at most 7 days. `*` in a subject matches anything. Set its end as `until` or in `minutes`.")
            .answer("The window's number, its end, and the journal position after it."),
        Route::post("/api/ops/maintenance/{id}/end", |IdPath(WindowNumber(window))| EndMaintenance { window })
            .summary("End a maintenance window now. Problems that continue open an incident.")
            .body::<Empty>("{}"),
    ]
}

/// The number of a window, in a path.
struct WindowNumber(u64);

impl PathId for WindowNumber {
    const UNKNOWN: &'static str = "There is no maintenance window with this name; use its number.";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

#[derive(Serialize, ToSchema)]
struct Windows {
    windows: Vec<MaintenanceCard>,
}

async fn list(State(site): State<Site>, RequestPrincipal(principal): RequestPrincipal) -> Answer {
    let health = site.service.execute(principal, GetHealth {}).await?;
    Ok(json(&Windows { windows: health.overview.maintenance }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewWindow {
    /// Subjects, or patterns with `*`.
    subjects: Vec<String>,
    /// Time at which it ends.
    #[serde(default)]
    until: Option<Timestamp>,
    /// In how many minutes it ends; instead of `until`.
    #[serde(default)]
    minutes: Option<u32>,
    /// The reason.
    reason: String,
}

#[derive(Serialize, ToSchema)]
struct Begun {
    /// Its number.
    number: u64,
    /// Time at which it ends by itself.
    until: Timestamp,
    /// The subjects that it covers of those that are there now.
    covers: Covered,
    /// The journal position after it.
    #[schema(value_type = String)]
    cursor: Cursor,
}

async fn begin(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    ApiJson(NewWindow { subjects, until, minutes, reason }): ApiJson<NewWindow>,
) -> Answer {
    let span = minutes.map(|minutes| Span::from_mins(minutes.into()));
    let until = until
        .or_else(|| span.map(|span| site.clock.now().wall.plus(span)))
        .ok_or_else(|| Error::invalid("until", FieldReason::Missing))?;
    let request = MaintenanceRequest { subjects, until, reason };
    let shown = site.board.shown().readings;
    let covers = |window: MaintenanceWindow| {
        Covered::of(&window, &shown.readings.iter().map(|one| &one.subject).collect())
    };
    let window = request.clone().checked(&Announcements::default(), site.clock.now().wall);
    // Its entry is the only one of this change, and gives it its number.
    let Committed { cursor } =
        site.service.execute(principal, BeginMaintenance { request }).await?;
    let covers = window.map(covers).unwrap_or_default();
    Ok(json(&Begun { number: cursor.number, until, covers, cursor }))
}
