//! Reviews of incidents: facts, what people write and rate, and prevention steps.

use axum::{extract::State, response::IntoResponse};
use commands::{
    command::{
        AddPreventionStep, DropPreventionStep, FinishPreventionStep, RateRecommendation, SaveReview,
    },
    reading::{GetReview, ListPrevention, ListSimilar},
};
use domain::review::{PreventionPlan, Rating, ReviewSections};
use http::header;
use serde::Deserialize;
use utoipa::ToSchema;
use wording::review;

use crate::http::{
    api::route::{Answer, Route},
    auth::RequestPrincipal,
    extract::{ApiJson, IdPath, IncidentPath},
    schema::Content,
    state::Site,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/ops/incidents/{id}/review", |IncidentPath(incident)| GetReview { incident })
            .summary("The review of an incident: facts from journal and history, and what people wrote beside them. A practice has none.")
            .answer("Times of each step with the journal entries behind them and what is usual, effects of commands and limits, what was slow and what was seen late, the timeline, the newest saved version, ratings and prevention steps. Durations are in microseconds."),
        Route::get_with("/api/ops/incidents/{id}/review.md", markdown)
            .needs::<GetReview>()
            .content(Content::Markdown)
            .summary("The review of an incident as Markdown.")
            .answer("The document."),
        Route::post(
            "/api/ops/incidents/{id}/review",
            |IncidentPath(incident), ApiJson(NewReview { replaces, factors, went_well, to_change })| {
                let sections = ReviewSections { factors, went_well, to_change };
                SaveReview { incident, replaces, sections }
            },
        )
        .summary("Save what people write in a review. It is refused with 409 if somebody else has saved another version than `replaces` meanwhile.")
        .example(r#"{"factors":"The cache had no limit.","went_well":"The alert came early.","to_change":"Give it a limit."}"#),
        Route::post(
            "/api/ops/recommendations/{id}/rate",
            |IdPath(recommendation), ApiJson(NewRating { rating })| {
                RateRecommendation { recommendation, rating }
            },
        )
        .summary("Say whether a recommendation that ran helped, once its incident is resolved. The last rating counts, and ranks the next recommendations.")
        .example(r#"{"rating":"fixed"}"#),
        Route::post(
            "/api/ops/incidents/{id}/prevention",
            |IncidentPath(incident), ApiJson(NewStep { text, plan })| {
                AddPreventionStep { incident, text, plan }
            },
        )
        .summary("Add a prevention step with its owner and day, or write down that it will not be done and why.")
        .example(r#"{"text":"Alert at 80%","plan":{"plan":"will_not_be_done","reason":"The disk is replaced next week."}}"#),
        Route::post(
            "/api/ops/incidents/{id}/prevention/done",
            |IncidentPath(incident), ApiJson(Done { step, evidence })| {
                FinishPreventionStep { incident, step, evidence }
            },
        )
        .summary("Mark a prevention step as done, with what shows it.")
        .example(r#"{"step":7,"evidence":"thresholds.md has it since today."}"#),
        Route::post(
            "/api/ops/incidents/{id}/prevention/dropped",
            |IncidentPath(incident), ApiJson(Dropped { step, reason })| {
                DropPreventionStep { incident, step, reason }
            },
        )
        .summary("Drop a prevention step, with the reason.")
        .example(r#"{"step":7,"reason":"The service is switched off."}"#),
        Route::get("/api/ops/incidents/{id}/similar", |IncidentPath(incident)| ListSimilar { incident })
            .summary("Earlier incidents that are like one, by their signals, subjects and words. A practice has none.")
            .answer("At most three that are over, the most similar first, each with what resolved it. Durations are in microseconds."),
        Route::get("/api/ops/prevention", || ListPrevention {})
            .summary("The prevention steps of all incidents.")
            .answer("Open steps, those that are due first at the beginning, and the 50 that were done or dropped last."),
        Route::get_with("/api/ops/prevention.md", prevention)
            .needs::<ListPrevention>()
            .content(Content::Markdown)
            .summary("The prevention steps of all incidents as Markdown.")
            .answer("A list of tasks."),
    ]
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewReview {
    /// The number of the newest version that its writer has read; none if there was none.
    #[serde(default)]
    replaces: Option<u64>,
    /// Contributing factors, as Markdown: at most 4,000 characters.
    #[serde(default)]
    factors: String,
    /// The things that went well, as Markdown: at most 4,000 characters.
    #[serde(default)]
    went_well: String,
    /// The things to change, as Markdown: at most 4,000 characters.
    #[serde(default)]
    to_change: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRating {
    /// The rating.
    rating: Rating,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewStep {
    /// The task, in a line of at most 200 characters.
    text: String,
    /// Its plan.
    plan: PreventionPlan,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Done {
    /// The number of the step.
    step: u64,
    /// The proof: at most 4,000 characters.
    evidence: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Dropped {
    /// The number of the step.
    step: u64,
    /// The reason: at most 4,000 characters.
    reason: String,
}

fn document(name: &str, text: String) -> Answer {
    let headers = [
        (header::CONTENT_TYPE, "text/markdown; charset=utf-8".to_owned()),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, text).into_response())
}

async fn markdown(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    IncidentPath(incident): IncidentPath,
) -> Answer {
    let page = site.service.execute(principal, GetReview { incident }).await?;
    document(&format!("incident-{incident}-review.md"), review::markdown(&page))
}

async fn prevention(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
) -> Answer {
    let list = site.service.execute(principal, ListPrevention {}).await?;
    document("prevention-steps.md", review::prevention(&list))
}
