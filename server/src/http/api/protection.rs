//! Protection: measures of the agent, and the switch that suspends them.

use commands::{
    command::{EndMeasure, ResumeAutomation, SuspendAutomation},
    protection::ProtectionPage,
    reading::GetProtection,
};
use domain::protection::LimitedRequests;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::{
    api::route::{Empty, Route},
    extract::ApiJson,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/ops/protection", || GetProtection {})
            .json::<ProtectionPage>()
            .summary("The limits of the agent in force, whether it may take measures, safe mode, and the traffic of organizations.")
            .answer("Protection in force."),
        Route::post("/api/ops/protection/measures/end", |ApiJson(requests): ApiJson<LimitedRequests>| EndMeasure { requests })
            .summary("Lift a limit of the agent before its end. The same problem does not bring it back.")
            .body::<LimitedRequests>(r#"{"organization":"organization:acme","class":"uploads"}"#),
        Route::post("/api/ops/protection/automation/suspend", |ApiJson(Suspend { reason }): ApiJson<Suspend>| SuspendAutomation { reason })
            .summary("Suspend automatic measures and lift those in force, until someone resumes them.")
            .body::<Suspend>(r#"{"reason":"Load test"}"#),
        Route::post("/api/ops/protection/automation/resume", || ResumeAutomation {})
            .summary("Let the agent take measures again.")
            .body::<Empty>("{}"),
    ]
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Suspend {
    /// The reason.
    reason: String,
}
