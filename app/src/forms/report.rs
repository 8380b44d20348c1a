//! The forms of stability reports.

use axum::Router;
use commands::command::{MakeReport, ReviewReport};
use domain::report::ReportKind;
use leptos::prelude::*;

use super::reply::{Answer, Known, taken_by};
use crate::{
    problem::{Problem, status},
    routes::reports::{PATH, RefusedReport},
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

/// A form leads to the page that shows what came of it; one that was refused to the list, as there
/// may be no such report.
fn answer(form: &Form, done: Result<(), Problem>) -> Answer {
    match (done, form.get("what"), form.get("report").parse::<u64>()) {
        (Ok(()), "review", Ok(report)) => Answer::led_to(format!("{PATH}/{report}")),
        (Ok(()), ..) => Answer::led_to(PATH),
        (Err(problem), ..) => {
            let code = status(problem.kind);
            let refused = RefusedReport { problem };
            Answer::shown(PATH, code, move || provide_context(refused.clone()))
        }
    }
}

async fn act(known: Known, form: Form) -> Result<(), Problem> {
    match form.get("what") {
        "make" => {
            let kind = ReportKind::of(form.get("kind")).ok_or_else(Problem::unreadable)?;
            known.execute(MakeReport { kind }).await
        }
        "review" => {
            let report = form.get("report").parse().map_err(|_| Problem::unreadable())?;
            known.execute(ReviewReport { report }).await
        }
        _ => Err(Problem::unreadable()),
    }
}
