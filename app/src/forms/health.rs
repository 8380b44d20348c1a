//! The forms of the health page: check now, retire a subject, and maintenance windows.

use commands::{
    command::{BeginMaintenance, EndMaintenance, RetireMissing, RetireSubject},
    maintenance::MaintenanceRequest,
    reading::CheckNow,
};
use domain::{maintenance::SubjectPattern, subject::Subject, time::Span};
use leptos::prelude::*;

use super::reply::{Answer, Known, NotRetired, RefusedWindow, read};
use crate::{
    backend,
    problem::{Problem, status},
    routes::health::WindowForm,
    urlencoded::Form,
};

/// The page that takes the forms.
pub(super) const HEALTH: &str = "/ops/health";

pub(super) fn answer(sent: &Form, done: Result<(), Problem>) -> Answer {
    let (what, form) = (sent.get("what").to_owned(), window(sent));
    let Err(problem) = done else {
        let of_window = matches!(what.as_str(), "begin" | "end");
        return Answer::led_to(if of_window { "/ops/health#maintenance" } else { HEALTH });
    };
    let code = status(problem.kind);
    let more = move || match what.as_str() {
        "check" => {}
        "retire" | "retire-missing" => provide_context(NotRetired(problem.clone())),
        _ => provide_context(RefusedWindow { form: form.clone(), problem: problem.clone() }),
    };
    Answer::shown(HEALTH, code, more)
}

/// The fields of a new maintenance window.
fn window(sent: &Form) -> WindowForm {
    let text = |name| sent.get(name).to_owned();
    WindowForm { subjects: text("subjects"), minutes: text("minutes"), reason: text("reason") }
}

/// Does what a form asks for.
pub(super) async fn act(known: Known, sent: Form) -> Result<(), Problem> {
    let subject = || read::<Subject>(&sent, "subject");
    match sent.get("what") {
        "check" => known.execute(CheckNow {}).await,
        "retire" => known.execute(RetireSubject { subject: subject()? }).await,
        "retire-missing" => {
            let missing = sent.all("missing").map(str::parse::<SubjectPattern>);
            let subjects = missing.collect::<Result<_, _>>().map_err(|_| Problem::unreadable())?;
            known.execute(RetireMissing { subjects }).await
        }
        "begin" => begin(known, window(&sent)).await,
        "end" => {
            let window = read(&sent, "window")?;
            known.execute(EndMaintenance { window }).await
        }
        _ => Err(Problem::unreadable()),
    }
}

async fn begin(known: Known, form: WindowForm) -> Result<(), Problem> {
    let clock = known.clock.clone().ok_or_else(backend::lost)?;
    let minutes: u32 = form.minutes.parse().map_err(|_| Problem::unreadable())?;
    let request = MaintenanceRequest {
        subjects: form.subjects.lines().map(str::to_owned).collect(),
        until: (clock.0)().plus(Span::from_mins(minutes.into())),
        reason: form.reason,
    };
    known.execute(BeginMaintenance { request }).await
}
