//! The forms of the journal and of share links. A removal and the end of a link lead back to their
//! page; a new link is told in the answer itself, as its token is kept nowhere.

use axum::{Router, body::Bytes, extract::Path, response::IntoResponse, routing::post};
use commands::{
    command::{CreateShare, Redact, RevokeShare},
    sharing::{Audience, Parts, ShareRequest, token_hash},
};
use domain::{
    id::{IncidentNumber, ShareId},
    time::Span,
};
use http::{HeaderMap, StatusCode, header};
use leptos::prelude::*;

use super::reply::{known, led_to, shown};
use crate::{
    backend,
    problem::{Problem, status},
    routes::{
        journal::NotRedacted,
        shares::{LinkForm, Linked},
    },
    urlencoded::Form,
};

pub(super) const REDACT: &str = "/ops/journal/{entry}/redact";
pub(super) const SHARE: &str = "/ops/incidents/{id}/share";

/// The routes; `context` and `shell` as the pages have them.
pub(super) fn forms<S, IV>(
    context: impl Fn() + Clone + Send + Sync + 'static,
    shell: impl Fn() -> IV + Clone + Send + Sync + 'static,
) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    IV: IntoView + 'static,
{
    let (share_context, share_shell) = (context.clone(), shell.clone());
    let redact = move |Path(entry): Path<String>, body: Bytes| {
        let (context, shell) = (context.clone(), shell.clone());
        async move {
            let Ok(entry) = entry.parse::<u64>() else {
                return StatusCode::NOT_FOUND.into_response();
            };
            // The page that begins with the entry.
            let address = format!("/ops/journal?before={}", entry.saturating_add(1));
            let read = Form::read(&body).map_err(Problem::from);
            let reason = read.as_ref().map_or("", |form| form.get("reason")).to_owned();
            let done = match read {
                Ok(_) => known(&context).execute(Redact { entry, reason: reason.clone() }).await,
                Err(problem) => Err(problem),
            };
            match done {
                Ok(()) => led_to(&format!("{address}&done=removed#entry-{entry}")),
                Err(problem) => {
                    let refused = NotRedacted { entry, reason, problem: problem.clone() };
                    shown(
                        &address,
                        status(problem.kind),
                        context,
                        move || provide_context(refused.clone()),
                        shell,
                    )
                    .await
                }
            }
        }
    };
    let share = move |Path(id): Path<String>, headers: HeaderMap, body: Bytes| {
        let (context, shell) = (share_context.clone(), share_shell.clone());
        async move {
            let Ok(number) = id.parse::<u32>() else {
                return StatusCode::NOT_FOUND.into_response();
            };
            let address = format!("/ops/incidents/{number}/share");
            let (status, came) = match sent(&body) {
                Ok(Sent::End(share)) => {
                    match known(&context).execute(RevokeShare { share }).await {
                        Ok(()) => return led_to(&format!("{address}?done=revoked")),
                        Err(problem) => {
                            (status(problem.kind), Linked::Refused(Box::default(), problem))
                        }
                    }
                }
                Ok(Sent::Make(form)) => match made(&context, number, &form).await {
                    Ok(token) => {
                        let here =
                            known(&context).public.unwrap_or_else(|| origin(&headers).into());
                        (StatusCode::OK, Linked::Created(format!("{here}/share/{token}")))
                    }
                    Err(problem) => {
                        (status(problem.kind), Linked::Refused(Box::new(form), problem))
                    }
                },
                Err(problem) => (status(problem.kind), Linked::Refused(Box::default(), problem)),
            };
            shown(&address, status, context, move || provide_context(came.clone()), shell).await
        }
    };
    Router::new().route(REDACT, post(redact)).route(SHARE, post(share))
}

/// The requests of a form about links.
enum Sent {
    Make(LinkForm),
    End(ShareId),
}

fn sent(body: &[u8]) -> Result<Sent, Problem> {
    let form = Form::read(body)?;
    let (text, is_set) = (|name| form.get(name).to_owned(), |name| form.all(name).next().is_some());
    match form.get("what") {
        "make" => Ok(Sent::Make(LinkForm {
            label: text("label"),
            audience: text("audience"),
            days: text("days"),
            summary: is_set("summary"),
            timeline: is_set("timeline"),
            now: is_set("now"),
            hosts: is_set("hosts"),
        })),
        "end" => {
            let share = form.get("share").parse().map_err(|_| Problem::unreadable())?;
            Ok(Sent::End(ShareId(share)))
        }
        _ => Err(Problem::unreadable()),
    }
}

/// Makes a link; its token.
async fn made(
    context: &(impl Fn() + Clone),
    number: u32,
    form: &LinkForm,
) -> Result<String, Problem> {
    let known = known(context);
    let (new, clock) = known.new.zip(known.clock.clone()).ok_or_else(backend::lost)?;
    let audience = Audience::named(&form.audience).ok_or_else(Problem::unreadable)?;
    let days: u64 = form
        .days
        .parse()
        .ok()
        .filter(|days| (1..=90).contains(days))
        .ok_or_else(Problem::unreadable)?;
    let token = (new.0)().ok_or_else(backend::lost)?;
    let wanted = ShareRequest {
        label: form.label.clone(),
        until: (clock.0)().plus(Span::from_mins(days * 24 * 60)),
        audience,
        parts: Parts { summary: form.summary, timeline: form.timeline, now: form.now },
        hosts: form.hosts,
    };
    let incident = IncidentNumber(number);
    known.execute(CreateShare { incident, wanted, token_hash: token_hash(&token) }).await?;
    Ok(token)
}

/// The name of this server in the reader's browser: a form sent from one of its pages says so, and
/// the guard has compared it with the host.
fn origin(headers: &HeaderMap) -> String {
    let origin =
        headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
    if origin.starts_with("http://") || origin.starts_with("https://") {
        origin.to_owned()
    } else {
        String::new()
    }
}
