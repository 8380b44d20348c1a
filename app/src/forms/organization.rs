//! The forms of the page of an organization.

use axum::Router;
use commands::{
    command::{BeginPlanOverride, EndPlanOverride},
    organizations::OverrideRequest,
};
use domain::{subject::Subject, time::Span};
use leptos::prelude::*;

use super::reply::{Answer, Known, taken_by};
use crate::{
    door,
    problem::{Problem, status},
    routes::organization::{PATH, RefusedOverride},
    status::organization_href,
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
    taken_by(PATH, context, shell, act, answer)
}

fn answer(form: &Form, done: Result<(), Problem>) -> Answer {
    // Without an organization the answer is the page that lists those that send most.
    let organization = form.get("organization").parse::<Subject>().ok();
    let address = organization
        .as_ref()
        .map_or_else(|| crate::routes::protection::PATH.to_owned(), organization_href);
    let Err(problem) = done else { return Answer::led_to(address) };
    let code = status(problem.kind);
    let text = |name| form.get(name).to_owned();
    let refused = RefusedOverride {
        what: text("what"),
        plan: text("plan"),
        hours: text("hours"),
        reason: text("reason"),
        problem,
    };
    Answer::shown(address, code, move || provide_context(refused.clone()))
}

/// Does what a form asks for.
async fn act(known: Known, form: Form) -> Result<(), Problem> {
    let organization: Subject =
        form.get("organization").parse().map_err(|_| Problem::unreadable())?;
    match form.get("what") {
        "begin" => {
            let hours: u32 = form.get("hours").parse().map_err(|_| Problem::unreadable())?;
            let now = (known.clock.as_ref().ok_or_else(door::lost)?.0)();
            let request = OverrideRequest {
                plan: form.get("plan").to_owned(),
                until: now.plus(Span::from_mins(u64::from(hours) * 60)),
                reason: form.get("reason").to_owned(),
            };
            known.execute(BeginPlanOverride { organization, request }).await
        }
        "end" => known.execute(EndPlanOverride { organization }).await,
        _ => Err(Problem::unreadable()),
    }
}
