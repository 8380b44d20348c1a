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
        .summary("Stop expecting a subject to report: it is gone for good reason.")
        .example(r#"{"subject":"disk:/mnt/old@web-1"}"#),
        Route::post("/api/ops/subjects/retire-missing", |ApiJson(Missing { subjects })| {
            RetireMissing { subjects }
        })
        .summary("Stop expecting all those of some subjects to report that are missing: they are gone for good reason. `*` in a subject stands for anything.")
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
