//! The forms of stability reports.

use commands::command::{MakeReport, ReviewReport};
use domain::report::ReportKind;

use super::reply::{Answer, Known, read};
use crate::{
    problem::Problem,
    routes::reports::{PATH, RefusedReport},
    urlencoded::Form,
};

/// A form leads to the page that shows what came of it; one that was refused to the list, as there
/// may be no such report.
pub(super) fn answer(form: &Form, done: Result<(), Problem>) -> Answer {
    match (done, form.get("what"), form.get("report").parse::<u64>()) {
        (Ok(()), "review", Ok(report)) => Answer::led_to(format!("{PATH}/{report}")),
        (Ok(()), ..) => Answer::led_to(PATH),
        (Err(problem), ..) => {
            let kind = problem.kind;
            let refused = RefusedReport { problem };
            Answer::refused(PATH, kind, refused)
        }
    }
}

pub(super) async fn act(known: Known, form: Form) -> Result<(), Problem> {
    match form.get("what") {
        "make" => {
            let kind = ReportKind::of(form.get("kind")).ok_or_else(Problem::unreadable)?;
            known.execute(MakeReport { kind }).await
        }
        "review" => {
            let report = read(&form, "report")?;
            known.execute(ReviewReport { report }).await
        }
        _ => Err(Problem::unreadable()),
    }
}
