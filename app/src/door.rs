//! The pages' way to the desk: the one place where a server function finds who asks and whom to ask.

use http::{HeaderName, HeaderValue, StatusCode, header, request::Parts};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use rules::{
    desk::{Answer, Command, Query},
    words::Actor,
};

use crate::{
    desk::SharedDesk,
    problem::{Kind, Problem},
};

fn lost() -> Problem {
    Problem { kind: Kind::Unavailable, sentence: "Calm Ops is not ready yet. Try again in a moment.".into() }
}

fn desk() -> Result<(SharedDesk, Actor), Problem> {
    use_context::<SharedDesk>().zip(use_context::<Actor>()).ok_or_else(lost)
}

fn header(name: HeaderName, value: &'static str) {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.insert_header(name, HeaderValue::from_static(value));
    }
}

/// Gives the answer the status code that its problem has.
fn mark(kind: Kind) {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(match kind {
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        });
    }
}

/// Says that there is no such page, with the status code.
pub(crate) fn mark_not_found() {
    mark(Kind::NotFound);
}

/// A problem, with the answer's status code set to it.
pub(crate) fn refuse(problem: Problem) -> Problem {
    mark(problem.kind);
    problem
}

/// Asks the desk as whoever is asking. An answer of another kind is a problem of ours.
pub(crate) async fn ask<T>(query: Query, take: impl FnOnce(Answer) -> Option<T>) -> Result<T, Problem> {
    let (desk, actor) = desk().map_err(refuse)?;
    header(header::CACHE_CONTROL, "private, no-cache");
    let response = use_context::<ResponseOptions>();
    let answer = desk.ask(actor, query).await.map_err(Problem::from);
    answer.and_then(|answer| take(answer).ok_or_else(lost)).map_err(|problem| match response {
        Some(_) => refuse(problem),
        None => problem,
    })
}

/// Whether this is asked for while a whole document is rendered, and not by a page that is alive.
pub(crate) fn in_document() -> bool {
    use_context::<Parts>().is_some_and(|parts| !parts.uri.path().starts_with("/api/"))
}

/// Whether a plain form was sent: then the answer is a page, not data.
fn is_plain_form() -> bool {
    use_context::<Parts>().is_some_and(|parts| {
        parts.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
    })
}

/// Does something as whoever is asking. Without Wasm the answer leads back to the incident's page, with a known word if it was refused.
pub(crate) async fn act(incident: u32, command: Command, done: &'static str) -> Result<String, Problem> {
    let plain = is_plain_form();
    let outcome = match desk() {
        Ok((desk, actor)) => desk.act(actor, command).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    header(header::CACHE_CONTROL, "private, no-store");
    if plain {
        let problem = outcome.as_ref().err().map(|problem| format!("?problem={}", problem.kind.code())).unwrap_or_default();
        leptos_axum::redirect(&format!("/ops/incidents/{incident}{problem}"));
        return outcome.map(|_| done.to_owned());
    }
    outcome.map(|_| done.to_owned()).map_err(refuse)
}
