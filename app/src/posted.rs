//! The forms of an incident's page as a browser without Wasm sends them: to the address of the page itself. What was done leads back to the
//! page, with a known word for what happened; what is refused is answered with the page, and what was typed still stands in it.

mod trail;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Path,
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use http::{HeaderValue, Request, StatusCode, header};
use leptos::prelude::*;
use rules::{incident::IncidentNumber, people::Caller};

use crate::{
    deed::Deed,
    desk::SharedDesk,
    door,
    facts::{Refused, fields},
    problem::{Kind, Problem},
};

pub use trail::{NewToken, WallClock};

/// The routes of the forms; `context` and `shell` as the pages have them.
pub fn forms<S, IV>(context: impl Fn() + Clone + Send + Sync + 'static, shell: impl Fn() -> IV + Clone + Send + Sync + 'static) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    IV: IntoView + 'static,
{
    let trail = trail::forms(context.clone(), shell.clone());
    let answer = move |Path(id): Path<String>, body: Bytes| {
        let (context, shell) = (context.clone(), shell.clone());
        async move {
            let (deed, text) = read(&body);
            let known = Owner::new().with(|| {
                context();
                use_context::<SharedDesk>().zip(use_context::<Caller>())
            });
            match act(known, &id, deed, text.clone()).await {
                Ok((number, deed)) => led_back(number, deed),
                Err(problem) => {
                    let refused = Refused { deed, text, problem: problem.clone() };
                    let context = move || {
                        context();
                        provide_context(refused.clone());
                    };
                    let status = door::status(problem.kind);
                    let Some(request) = page_of(&id) else { return status.into_response() };
                    let mut answer = leptos_axum::render_app_async_with_context(context, shell)(request).await;
                    if answer.status() == StatusCode::OK {
                        *answer.status_mut() = status;
                    }
                    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
                    answer
                }
            }
        }
    };
    Router::new().route("/ops/incidents/{id}", post(answer)).merge(trail)
}

/// Which deed is asked for, and with which words.
fn read(body: &[u8]) -> (Option<Deed>, String) {
    let body = String::from_utf8_lossy(body);
    let (mut deed, mut text) = (None, String::new());
    for (name, value) in fields(&body) {
        match name {
            "what" => deed = Deed::named(&value),
            "text" => text = value,
            _ => {}
        }
    }
    (deed, text)
}

async fn act(known: Option<(SharedDesk, Caller)>, id: &str, deed: Option<Deed>, text: String) -> Result<(u32, Deed), Problem> {
    let (desk, caller) = known.ok_or_else(door::lost)?;
    let number = id.parse::<u32>().ok();
    let (number, deed) = number.zip(deed).ok_or_else(|| Problem {
        kind: Kind::Invalid,
        sentence: "What was sent could not be read. Nothing was changed. Look at the page and try again.".to_owned(),
    })?;
    desk.act(caller, deed.command(IncidentNumber(number), text)).await?;
    Ok((number, deed))
}

/// The answer to what was done: the page is asked for with a new request, so that loading it again does nothing twice.
fn led_back(number: u32, deed: Deed) -> Response {
    let to = format!("/ops/incidents/{number}?done={}#{}", deed.done(), deed.place());
    ([(header::CACHE_CONTROL, "private, no-store")], Redirect::to(&to)).into_response()
}

/// What asks for the page of an incident.
fn page_of(id: &str) -> Option<Request<Body>> {
    let id: String = id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    Request::get(format!("/ops/incidents/{id}")).header(header::ACCEPT, "text/html").body(Body::empty()).ok()
}
