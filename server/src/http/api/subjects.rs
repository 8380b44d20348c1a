//! Subjects that are expected to report.

use commands::command::RetireSubject;
use domain::subject::Subject;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::{api::route::Route, extract::ApiJson};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/api/ops/subjects/retire", |ApiJson(Retired { subject })| RetireSubject {
            subject,
        })
        .summary("Stop expecting a subject to report: it is gone for good reason.")
        .example(r#"{"subject":"disk:/mnt/old@web-1"}"#),
    ]
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Retired {
    subject: Subject,
}
