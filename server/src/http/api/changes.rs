//! Changes that are reported.

use commands::{change_report::ChangeReport, command::ReportChange};

use crate::http::{api::route::Route, extract::ApiJson};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/api/ops/changes", |ApiJson::<ChangeReport>(change)| ReportChange { change })
            .summary("Report a deployment, migration or configuration change. An incident that begins within an hour mentions it. `version`, `subjects` and `at` are optional.")
            .example(r#"{"kind":"deployment","what":"api","version":"3f2a","subjects":["app:api@web-1"]}"#),
    ]
}
