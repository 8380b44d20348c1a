//! The forms of the health page: check now, retire a subject, and maintenance windows.

use axum::{Router, body::Bytes, response::Response, routing::post};
use commands::{
    command::{BeginMaintenance, EndMaintenance, RetireMissing, RetireSubject},
    maintenance::MaintenanceRequest,
    reading::CheckNow,
};
use domain::{maintenance::SubjectPattern, subject::Subject, time::Span};
use leptos::prelude::*;

use super::trail::{known, led_to, shown, unreadable};
use crate::{
    door,
    problem::{Problem, status},
    seek::{NotRetired, RefusedWindow, WindowForm},
    urlencoded::fields,
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
    let answer = move |body: Bytes| {
        let (context, shell) = (context.clone(), shell.clone());
        async move { posted(&body, context, shell).await }
    };
    Router::new().route(HEALTH, post(answer))
}

async fn posted<IV: IntoView + 'static>(
    body: &[u8],
    context: impl Fn() + Clone + Send + Sync + 'static,
    shell: impl Fn() -> IV + Clone + Send + Sync + 'static,
) -> Response {
    let mut form = WindowForm::default();
    let (mut what, mut window, mut subject) = (String::new(), None, None);
    let mut missing = Vec::new();
    for (name, value) in fields(&String::from_utf8_lossy(body)) {
        match name {
            "what" => what = value,
            "missing" => missing.extend(value.parse::<SubjectPattern>()),
            "subject" => subject = value.parse::<Subject>().ok(),
            "window" => window = value.parse::<u64>().ok(),
            "subjects" => form.subjects = value,
            "minutes" => form.minutes = value,
            "reason" => form.reason = value,
            _ => {}
        }
    }
    let done = match (what.as_str(), window, subject) {
        ("check", ..) => known(&context).execute(CheckNow {}).await,
        ("retire", _, Some(subject)) => known(&context).execute(RetireSubject { subject }).await,
        ("retire-missing", ..) => {
            known(&context).execute(RetireMissing { subjects: missing }).await
        }
        ("begin", ..) => begin(&context, &form).await,
        ("end", Some(window), _) => known(&context).execute(EndMaintenance { window }).await,
        _ => Err(unreadable()),
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

async fn begin(context: &(impl Fn() + Clone), form: &WindowForm) -> Result<(), Problem> {
    let known = known(context);
    let clock = known.clock.clone().ok_or_else(door::lost)?;
    let minutes: u32 = form.minutes.parse().map_err(|_| unreadable())?;
    let request = MaintenanceRequest {
        subjects: form.subjects.lines().map(str::to_owned).collect(),
        until: (clock.0)().plus(Span::from_mins(minutes.into())),
        reason: form.reason.clone(),
    };
    known.execute(BeginMaintenance { request }).await
}
