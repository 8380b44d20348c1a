//! The status page: what everyone sees, and how people publish.

use commands::{
    command::{PublishNotice, PublishUpdate, WithdrawUpdate},
    reading::GetStatusPage,
    status_page::PublicStatusPage,
};
use domain::{id::IncidentNumber, status_page::NoticeState};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::{
    api::route::Route,
    extract::{ApiJson, IdPath, PathId},
    status_page,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get_with("/api/status", status_page::json)
            .public()
            .json::<PublicStatusPage>()
            .summary("The public status page: what people published in the last 90 days, word by word, and nothing else. It is cheap and has an `ETag`.")
            .answer("Current and past notices with their updates, plain text throughout, and the times in which nothing could be published; 304 without a body if it is the one of `If-None-Match`."),
        Route::get("/api/ops/status", || GetStatusPage {})
            .summary("The status page as the team sees it, with who published what and the incidents it is about.")
            .answer("Everything that is published, the names of those who did, and whether the caller may publish."),
        Route::post("/api/ops/status", |ApiJson(NewNotice { incident, state, title, text })| {
            PublishNotice { incident, state, title, text }
        })
        .summary("Publish a new notice on the status page. Only a person can, and everyone reads it.")
        .example(r#"{"state":"investigating","title":"Uploads fail","text":"We are looking for the cause."}"#),
        Route::post(
            "/api/ops/status/{id}",
            |IdPath(NoticeNumber(notice)), ApiJson(NewUpdate { state, text })| PublishUpdate {
                notice,
                state,
                text,
            },
        )
        .summary("Publish an update of a notice, by the notice's number.")
        .example(r#"{"state":"resolved","text":"Uploads work again."}"#),
        Route::post(
            "/api/ops/status/{id}/withdraw",
            |IdPath(NoticeNumber(notice)), ApiJson(Withdrawal { update, reason })| WithdrawUpdate {
                notice,
                update,
                reason,
            },
        )
        .summary("Withdraw a notice, or one of its updates, from the status page. The page then shows nothing of it; the journal keeps it.")
        .example(r#"{"reason":"The wrong product was named."}"#),
    ]
}

struct NoticeNumber(u64);

impl PathId for NoticeNumber {
    const UNKNOWN: &'static str = "There is no notice with this name; use its number.";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewNotice {
    /// The incident that it is about, for the team only.
    #[serde(default)]
    incident: Option<IncidentNumber>,
    /// The state that it tells.
    state: NoticeState,
    /// Its title: one line of at most 120 characters.
    title: String,
    /// Its text: at most 4,000 characters, shown as plain text with its lines.
    text: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUpdate {
    /// The state that it tells.
    state: NoticeState,
    /// Its text: at most 4,000 characters, shown as plain text with its lines.
    text: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Withdrawal {
    /// The number of one update; the whole notice without.
    #[serde(default)]
    update: Option<u64>,
    /// The reason, for the team only.
    reason: String,
}
