//! The forms of the health page: check now, retire a subject, and maintenance windows.

use axum::{Router, body::Bytes, response::Response};
use commands::{
    command::{BeginMaintenance, EndMaintenance, RetireMissing, RetireSubject},
    maintenance::MaintenanceRequest,
    reading::CheckNow,
};
use domain::{maintenance::SubjectPattern, subject::Subject, time::Span};
use leptos::prelude::*;

use super::reply::{NotRetired, RefusedWindow, known, led_to, shown, taken_by};
use crate::{
    door,
    problem::{Problem, status},
    routes::health::WindowForm,
    urlencoded::Form,
};

/// The page that takes the forms.
pub(super) const HEALTH: &str = "/ops/health";

/// The route; `context` and `shell` as the pages have them.
pub(super) fn forms<S, IV>(
    context: impl Fn() + Clone + Send + Sync + 'static,
    shell: impl Fn() -> IV + Clone + Send + Sync + 'static,
) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    IV: IntoView + 'static,
{
    taken_by(HEALTH, context, shell, posted)
}

async fn posted<IV: IntoView + 'static>(
    body: Bytes,
    context: impl Fn() + Clone + Send + Sync + 'static,
    shell: impl Fn() -> IV + Clone + Send + Sync + 'static,
) -> Response {
    let read = Form::read(&body).map_err(Problem::from);
    let (sent, unread) =
        read.map_or_else(|problem| (Form::default(), Some(problem)), |sent| (sent, None));
    let what = sent.get("what").to_owned();
    let form = window(&sent);
    let done = match unread {
        Some(problem) => Err(problem),
        None => act(&context, &sent, &form).await,
    };
    let Err(problem) = done else {
        let of_window = matches!(what.as_str(), "begin" | "end");
        return led_to(if of_window { "/ops/health#maintenance" } else { HEALTH });
    };
    let code = status(problem.kind);
    let more = move || match what.as_str() {
        "check" => {}
        "retire" | "retire-missing" => provide_context(NotRetired(problem.clone())),
        _ => provide_context(RefusedWindow { form: form.clone(), problem: problem.clone() }),
    };
    shown(HEALTH, code, context, more, shell).await
}

/// The fields of a new maintenance window.
fn window(sent: &Form) -> WindowForm {
    let text = |name| sent.get(name).to_owned();
    WindowForm { subjects: text("subjects"), minutes: text("minutes"), reason: text("reason") }
}

/// Does what a form asks for.
async fn act(context: &(impl Fn() + Clone), sent: &Form, form: &WindowForm) -> Result<(), Problem> {
    let window = || sent.get("window").parse::<u64>().map_err(|_| Problem::unreadable());
    let subject = || sent.get("subject").parse::<Subject>().map_err(|_| Problem::unreadable());
    match sent.get("what") {
        "check" => known(context).execute(CheckNow {}).await,
        "retire" => known(context).execute(RetireSubject { subject: subject()? }).await,
        "retire-missing" => {
            let missing = sent.all("missing").map(str::parse::<SubjectPattern>);
            let subjects = missing.collect::<Result<_, _>>().map_err(|_| Problem::unreadable())?;
            known(context).execute(RetireMissing { subjects }).await
        }
        "begin" => begin(context, form).await,
        "end" => known(context).execute(EndMaintenance { window: window()? }).await,
        _ => Err(Problem::unreadable()),
    }
}

async fn begin(context: &(impl Fn() + Clone), form: &WindowForm) -> Result<(), Problem> {
    let known = known(context);
    let clock = known.clock.clone().ok_or_else(door::lost)?;
    let minutes: u32 = form.minutes.parse().map_err(|_| Problem::unreadable())?;
    let request = MaintenanceRequest {
        subjects: form.subjects.lines().map(str::to_owned).collect(),
        until: (clock.0)().plus(Span::from_mins(minutes.into())),
        reason: form.reason.clone(),
    };
    known.execute(BeginMaintenance { request }).await
}
