//! The forms of the page about protection.

use axum::Router;
use commands::command::{
    BeginSafeMode, EndMeasure, EndSafeMode, ResumeAutomation, SetSafeModeStage, SuspendAutomation,
};
use domain::protection::{LimitedRequests, SafeModeStage};
use leptos::prelude::*;

use super::reply::{Answer, Known, taken_by};
use crate::{
    problem::{Problem, status},
    routes::protection::{PATH, RefusedProtection},
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
    let Err(problem) = done else {
        // A limit can be lifted on the page of its incident.
        let incident = form.get("incident").parse::<u32>();
        return Answer::led_to(
            incident.map_or_else(|_| PATH.to_owned(), |number| format!("/ops/incidents/{number}")),
        );
    };
    let code = status(problem.kind);
    let text = |name| form.get(name).to_owned();
    let refused = RefusedProtection { what: text("what"), reason: text("reason"), problem };
    Answer::shown(PATH, code, move || provide_context(refused.clone()))
}

/// Does what a form asks for.
async fn act(known: Known, form: Form) -> Result<(), Problem> {
    let reason = form.get("reason").to_owned();
    match form.get("what") {
        "lift" => {
            let organization =
                form.get("organization").parse().map_err(|_| Problem::unreadable())?;
            let requests = LimitedRequests { organization, class: form.get("class").to_owned() };
            known.execute(EndMeasure { requests }).await
        }
        "suspend" => known.execute(SuspendAutomation { reason }).await,
        "resume" => known.execute(ResumeAutomation {}).await,
        "begin" => known.execute(BeginSafeMode { incident: None, reason }).await,
        "stage" => {
            let stage = match form.get("stage") {
                "interactive" => SafeModeStage::Interactive,
                "read_only" => SafeModeStage::ReadOnly,
                _ => return Err(Problem::unreadable()),
            };
            known.execute(SetSafeModeStage { stage }).await
        }
        "end" => known.execute(EndSafeMode {}).await,
        _ => Err(Problem::unreadable()),
    }
}
