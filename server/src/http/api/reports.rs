//! Stability reports: made, listed, read and reviewed.

use axum::{extract::State, response::IntoResponse};
use commands::{
    command::{MakeReport, ReviewReport},
    reading::{GetReport, ListReports},
};
use domain::{report::ReportKind, time::Timestamp};
use http::header;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::{
    api::route::{Answer, Route},
    auth::RequestPrincipal,
    error::Problem,
    extract::{ApiJson, ApiQuery, Fields, FromQuery, IdPath, PathId},
    schema::{Content, Parameter},
    state::Site,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/ops/reports", |ApiQuery::<ListReports>(page)| page)
            .summary("The stability reports, newest first, 60 on a page.")
            .answer("The reports: period, promises, and who reviewed each; `older` if there is another page. Durations are in microseconds."),
        Route::post("/api/ops/reports", |ApiJson(NewReport { kind })| MakeReport { kind })
            .summary("Make a stability report of the time up to now: the last 24 hours, 7 days or 30 days. The weekly one is made by itself on Mondays at 07:00 in the team's time zone, and those of days and months where the configuration says so.")
            .example(r#"{"kind":"weekly"}"#),
        Route::get("/api/ops/reports/{id}", |IdPath(ReportNumber(report))| GetReport { report })
            .summary("A stability report, as it was made.")
            .answer("Its figures beside those of the report before, and its text. Durations are in microseconds."),
        Route::get_with("/api/ops/reports/{id}/report.md", markdown)
            .needs::<GetReport>()
            .content(Content::Markdown)
            .summary("A stability report as Markdown, by the template that was in force when it was made.")
            .answer("The document."),
        Route::post("/api/ops/reports/{id}/review", |IdPath(ReportNumber(report))| ReviewReport {
            report,
        })
        .summary("Mark a stability report as reviewed. The first one who does so counts."),
    ]
}

impl FromQuery for ListReports {
    const PARAMETERS: &'static [Parameter] = &[Parameter::optional::<u64>(
        "before",
        "reports with a smaller number: `older` of the previous page",
    )];

    fn from_query(fields: &Fields, _: Timestamp) -> Result<Self, Problem> {
        Ok(Self { before: fields.get("before")? })
    }
}

struct ReportNumber(u64);

impl PathId for ReportNumber {
    const UNKNOWN: &'static str = "There is no report with this name; use its number.";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewReport {
    /// Its length.
    kind: ReportKind,
}

async fn markdown(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    IdPath(ReportNumber(report)): IdPath<ReportNumber>,
) -> Answer {
    let page = site.service.execute(principal, GetReport { report }).await?;
    let name = format!("stability-report-{report}.md");
    let headers = [
        (header::CONTENT_TYPE, "text/markdown; charset=utf-8".to_owned()),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, page.made.text).into_response())
}
