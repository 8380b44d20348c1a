//! Practice: an incident on purpose.

use commands::command::{BeginPractice, EndPractice};
use domain::{practice::USUAL, time::Span};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::{
    api::route::{Empty, Route},
    extract::ApiJson,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/api/ops/practice", |ApiJson(NewPractice { minutes })| BeginPractice {
            length: minutes.map_or(USUAL, |minutes| Span::from_mins(minutes.into())),
        })
            .summary("Begin a practice: an incident opens that is marked as practice, and everyone with a contact is notified. Its command changes nothing, and it is in no figure. Who is notified, and what is in the way, is in `/api/ops/readiness`.")
            .example(r#"{"minutes":15}"#),
        Route::post("/api/ops/practice/end", |ApiJson(Empty {})| EndPractice {})
            .summary("End the practice in progress. Its incident recovers.")
            .example("{}"),
    ]
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPractice {
    /// In how many minutes it ends by itself, at most 120; 15 if left out.
    #[serde(default)]
    minutes: Option<u32>,
}
