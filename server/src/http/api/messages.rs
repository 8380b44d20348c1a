//! Messages to customers about an incident: drafts, and what people save, review and mark. A person
//! copies a message to where it is sent; there is no route that sends one.

use axum::{extract::State, response::IntoResponse};
use commands::{
    command::{MarkMessageSent, ReviewMessage, SaveMessage},
    messages::ReadVersion,
    reading::GetMessages,
};
use domain::{
    error::{Entity, Error},
    hash::Hash,
    message::{MessageAudience, MessageStage},
    time::Timestamp,
};
use http::header;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::{
    api::route::{Answer, Route},
    auth::RequestPrincipal,
    error::Problem,
    extract::{ApiJson, ApiQuery, Fields, FromQuery, IncidentPath, wrong_field},
    schema::{Content, Parameter},
    state::Site,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/ops/incidents/{id}/messages", |IncidentPath(incident)| GetMessages {
            incident,
        })
        .summary("Messages to customers about an incident, one for each audience: a draft made of facts, and what people saved. Calm Ops sends none of them.")
        .answer("The drafts with the journal entries behind each sentence, the newest saved version of each message with what happened since, and the marks of what was sent."),
        Route::get_with("/api/ops/incidents/{id}/messages.txt", text)
            .needs::<GetMessages>()
            .query(Wanted::PARAMETERS)
            .content(Content::Text)
            .summary("One message as plain text: the saved version that was not sent yet, else the draft.")
            .answer("The text."),
        Route::post(
            "/api/ops/incidents/{id}/messages",
            |IncidentPath(incident),
             ApiJson(NewVersion { audience, stage, replaces, text })| {
                SaveMessage { incident, audience, stage, replaces, text }
            },
        )
        .summary("Save a message. It is refused with 409 if somebody else has saved another version than `replaces` meanwhile; both are kept.")
        .example(r#"{"audience":"affected","stage":"first","text":"Uploads fail for some of you. We are looking into it."}"#),
        Route::post(
            "/api/ops/incidents/{id}/messages/review",
            |IncidentPath(incident), ApiJson(Reviewed { audience, version, binding })| {
                ReviewMessage { incident, audience, read: ReadVersion { number: version, binding } }
            },
        )
        .summary("Note that exactly this version of a message, which somebody else saved, was read and is good.")
        .example(r#"{"audience":"affected","version":7,"binding":"0000000000000000000000000000000000000000000000000000000000000000"}"#),
        Route::post(
            "/api/ops/incidents/{id}/messages/sent",
            |IncidentPath(incident), ApiJson(Sent { audience, version, binding, destination })| {
                let read = ReadVersion { number: version, binding };
                MarkMessageSent { incident, audience, read, destination }
            },
        )
        .summary("Mark exactly this version of a message as sent. Calm Ops sends nothing: a person did, and says where.")
        .example(r#"{"audience":"affected","version":7,"binding":"0000000000000000000000000000000000000000000000000000000000000000","destination":"Help desk"}"#),
    ]
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewVersion {
    /// Its readers.
    audience: MessageAudience,
    /// The stage that it is written for.
    stage: MessageStage,
    /// The number of the newest version that its writer has read; none if there was none.
    #[serde(default)]
    replaces: Option<u64>,
    /// Its text: at most 4,000 characters.
    text: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Reviewed {
    /// Its readers.
    audience: MessageAudience,
    /// The number of the version.
    version: u64,
    /// The hash of the version, as it was read.
    #[schema(value_type = String)]
    binding: Hash,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Sent {
    /// Its readers.
    audience: MessageAudience,
    /// The number of the version.
    version: u64,
    /// The hash of the version, as it was read.
    #[schema(value_type = String)]
    binding: Hash,
    /// The place to which it was copied, in a line of at most 120 characters, such as a help desk.
    destination: String,
}

/// The message that is wanted as text.
struct Wanted(MessageAudience);

impl FromQuery for Wanted {
    const PARAMETERS: &'static [Parameter] =
        &[Parameter::required::<String>("audience", "'affected', 'all' or 'internal'")];

    fn from_query(fields: &Fields, _: Timestamp) -> Result<Self, Problem> {
        let word: String = fields.required("audience")?;
        let known = MessageAudience::of(&word);
        known.map(Self).ok_or_else(|| {
            wrong_field("audience", "use 'affected', 'all' or 'internal'".to_owned())
        })
    }
}

async fn text(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    IncidentPath(incident): IncidentPath,
    ApiQuery(Wanted(audience)): ApiQuery<Wanted>,
) -> Answer {
    let page = site.service.execute(principal, GetMessages { incident }).await?;
    let message = page.to(audience).ok_or(Error::NotFound(Entity::Incident(incident)))?;
    let name = format!("incident-{incident}-{}.txt", audience.as_str());
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, format!("{}\n", message.text())).into_response())
}
