//! Subjects that are expected to report.

use commands::command::{RetireMissing, RetireSubject};
use domain::{maintenance::SubjectPattern, subject::Subject};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::{api::route::Route, extract::ApiJson};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/api/ops/subjects/retire", |ApiJson(Retired { subject })| RetireSubject {
            subject,
        })
        .summary("Retire a subject that no longer exists, so that it is not expected to report.")
        .example(r#"{"subject":"disk:/mnt/old@web-1"}"#),
        Route::post("/api/ops/subjects/retire-missing", |ApiJson(Missing { subjects })| {
            RetireMissing { subjects }
        })
        .summary("Retire all missing subjects that match, so that they are not expected to report. `*` in a subject matches anything.")
        .example(r#"{"subjects":["host:web-1","*@web-1"]}"#),
    ]
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Missing {
    /// Subjects, or patterns with `*`; what is still seen stays.
    #[schema(value_type = Vec<String>)]
    subjects: Vec<SubjectPattern>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Retired {
    subject: Subject,
}
