//! The forms of the health page: check now, retire a subject, and maintenance windows.

use axum::{Router, body::Bytes, response::Response, routing::post};
use commands::{
    command::{BeginMaintenance, EndMaintenance, RetireSubject},
    maintenance::MaintenanceRequest,
    reading::CheckNow,
};
use domain::{subject::Subject, time::Span};
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
    for (name, value) in fields(&String::from_utf8_lossy(body)) {
        match name {
            "what" => what = value,
            "subject" => subject = value.parse::<Subject>().ok(),
            "window" => window = value.parse::<u64>().ok(),
            "subjects" => form.subjects = value,
            "minutes" => form.minutes = value,
            "reason" => form.reason = value,
            _ => {}
        }
    }
    if what == "check" {
        return match known(&context).execute(CheckNow {}).await {
            Ok(()) => led_to(HEALTH),
            Err(problem) => shown(HEALTH, status(problem.kind), context, || {}, shell).await,
        };
    }
    if what == "retire" {
        let done = match subject {
            Some(subject) => known(&context).execute(RetireSubject { subject }).await,
            None => Err(unreadable()),
        };
        return match done {
            Ok(()) => led_to(HEALTH),
            Err(problem) => {
                let (code, refused) = (status(problem.kind), NotRetired(problem));
                shown(HEALTH, code, context, move || provide_context(refused.clone()), shell).await
            }
        };
    }
    let done = match (what.as_str(), window) {
        ("begin", _) => begin(&context, &form).await,
        ("end", Some(window)) => known(&context).execute(EndMaintenance { window }).await,
        _ => Err(unreadable()),
    };
    match done {
        Ok(()) => led_to("/ops/health#maintenance"),
        Err(problem) => {
            let code = status(problem.kind);
            let refused = RefusedWindow { form, problem };
            let more = move || provide_context(refused.clone());
            shown(HEALTH, code, context, more, shell).await
        }
    }
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
