//! The forms of the readiness page: a practice is begun and ended there.

use commands::command::{BeginPractice, EndPractice};
use domain::time::Span;

use super::reply::{Answer, Known, read};
use crate::{
    problem::Problem,
    routes::settings::readiness::{PATH, RefusedPractice},
    urlencoded::Form,
};

pub(super) fn answer(_: &Form, done: Result<(), Problem>) -> Answer {
    let Err(problem) = done else { return Answer::led_to(PATH) };
    let kind = problem.kind;
    let refused = RefusedPractice { problem };
    Answer::refused(PATH, kind, refused)
}

/// Does what a form asks for.
pub(super) async fn act(known: Known, form: Form) -> Result<(), Problem> {
    match form.get("what") {
        "begin" => {
            let minutes: u64 = read(&form, "minutes")?;
            known.execute(BeginPractice { length: Span::from_mins(minutes.min(1_000)) }).await
        }
        "end" => known.execute(EndPractice {}).await,
        _ => Err(Problem::unreadable()),
    }
}
