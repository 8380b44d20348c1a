//! Recommendations: reading one, deciding upon it, and stopping what it started.

use commands::{
    command::{Approve, CancelRun, Decline},
    reading::GetRecommendation,
};
use domain::hash::Hash;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::{
    api::route::{Empty, Route},
    extract::{ApiJson, IdPath},
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/ops/recommendations/{id}", |IdPath(recommendation)| {
            GetRecommendation { recommendation }
        })
        .summary("One recommendation with everything needed to decide, and the exact command. `id` is such as '42-1'.")
        .answer("The recommendation; `binding` is what an approval must name."),
        Route::post(
            "/api/ops/recommendations/{id}/approve",
            |IdPath(recommendation), ApiJson(Yes { binding })| Approve { recommendation, binding },
        )
        .summary("Approve a recommendation exactly as it was shown. The command then runs once.")
        .example(r#"{"binding":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}"#),
        Route::post(
            "/api/ops/recommendations/{id}/decline",
            |IdPath(recommendation), ApiJson(No { reason })| Decline { recommendation, reason },
        )
        .summary("Decline a recommendation, with a reason.")
        .example(r#"{"reason":"A deployment is in progress."}"#),
        Route::post(
            "/api/ops/recommendations/{id}/cancel",
            |IdPath(recommendation), ApiJson(Empty {})| CancelRun { recommendation },
        )
        .summary("Stop a run early, with everything it started."),
    ]
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Yes {
    /// The hash of what was shown.
    binding: Hash,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct No {
    /// The reason; kept for learning.
    reason: String,
}
