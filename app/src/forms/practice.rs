//! The forms of the readiness page: a practice is begun and ended there.

use axum::Router;
use commands::command::{BeginPractice, EndPractice};
use domain::time::Span;
use leptos::prelude::*;

use super::reply::{Answer, Known, taken_by};
use crate::{
    problem::{Problem, status},
    routes::settings::readiness::{PATH, RefusedPractice},
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

fn answer(_: &Form, done: Result<(), Problem>) -> Answer {
    let Err(problem) = done else { return Answer::led_to(PATH) };
    let code = status(problem.kind);
    let refused = RefusedPractice { problem };
    Answer::shown(PATH, code, move || provide_context(refused.clone()))
}

/// Does what a form asks for.
async fn act(known: Known, form: Form) -> Result<(), Problem> {
    match form.get("what") {
        "begin" => {
            let minutes: u64 = form.get("minutes").parse().map_err(|_| Problem::unreadable())?;
            known.execute(BeginPractice { length: Span::from_mins(minutes.min(1_000)) }).await
        }
        "end" => known.execute(EndPractice {}).await,
        _ => Err(Problem::unreadable()),
    }
}
