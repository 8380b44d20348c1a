//! The forms of the page with messages to customers. None of them sends anything.

use axum::{Router, body::Bytes, extract::Path, response::IntoResponse, routing::post};
use commands::{
    command::{MarkMessageSent, ReviewMessage, SaveMessage},
    messages::ReadVersion,
};
use domain::{
    hash::Hash,
    id::IncidentNumber,
    message::{MessageAudience, MessageStage},
};
use http::StatusCode;
use leptos::prelude::*;

use super::reply::{Answer, Known, answered, read};
use crate::{
    problem::Problem,
    routes::messages::{PATH, RefusedMessage, address},
    urlencoded::Form,
};

/// The route; `context` and `shell` as the pages have them.
pub(super) fn forms<S, IV>(
    context: impl Fn() + Clone + Send + Sync + 'static,
    shell: impl Fn() -> IV + Clone + Send + Sync + 'static,
) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    IV: IntoView + 'static,
{
    let posted = move |Path(id): Path<String>, body: Bytes| {
        let (context, shell) = (context.clone(), shell.clone());
        async move {
            let Ok(number) = id.parse::<u32>() else {
                return StatusCode::NOT_FOUND.into_response();
            };
            let act = |known, form| act(known, IncidentNumber(number), form);
            answered(&body, context, shell, act, |form, done| answer(number, form, done)).await
        }
    };
    Router::new().route(PATH, post(posted))
}

fn answer(number: u32, form: &Form, done: Result<&'static str, Problem>) -> Answer {
    let audience = MessageAudience::of(form.get("audience"));
    let here = address(number, audience.unwrap_or(MessageAudience::Affected));
    let problem = match done {
        Ok(word) => return Answer::led_to(format!("{here}&done={word}")),
        Err(problem) => problem,
    };
    let kind = problem.kind;
    let text = |name| form.get(name).replace("\r\n", "\n");
    let refused = RefusedMessage {
        what: text("what"),
        audience: text("audience"),
        text: text("text"),
        destination: text("destination"),
        problem,
    };
    Answer::refused(here, kind, refused)
}

/// Does what a form asks for; the word that the page tells of it.
async fn act(known: Known, incident: IncidentNumber, form: Form) -> Result<&'static str, Problem> {
    let audience = MessageAudience::of(form.get("audience")).ok_or_else(Problem::unreadable)?;
    let version = || -> Result<ReadVersion, Problem> {
        let number = read(&form, "version")?;
        let binding = read::<Hash>(&form, "binding")?;
        Ok(ReadVersion { number, binding })
    };
    match form.get("what") {
        "save" => {
            let stage = MessageStage::of(form.get("stage")).ok_or_else(Problem::unreadable)?;
            let replaces = match form.get("replaces") {
                "" => None,
                number => Some(number.parse().map_err(|_| Problem::unreadable())?),
            };
            let text = form.get("text").to_owned();
            known.execute(SaveMessage { incident, audience, stage, replaces, text }).await?;
            Ok("saved")
        }
        "review" => {
            known.execute(ReviewMessage { incident, audience, read: version()? }).await?;
            Ok("reviewed")
        }
        "sent" => {
            let destination = form.get("destination").to_owned();
            let read = version()?;
            known.execute(MarkMessageSent { incident, audience, read, destination }).await?;
            Ok("sent")
        }
        _ => Err(Problem::unreadable()),
    }
}
