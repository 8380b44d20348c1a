//! The forms of the page of an organization.

use commands::{
    command::{BeginPlanOverride, EndPlanOverride},
    organizations::OverrideRequest,
};
use domain::{subject::Subject, time::Span};

use super::reply::{Answer, Known, read};
use crate::{
    backend, problem::Problem, routes::organization::RefusedOverride, status::organization_href,
    urlencoded::Form,
};

pub(super) fn answer(form: &Form, done: Result<(), Problem>) -> Answer {
    // Without an organization the answer is the page that lists those that send most.
    let organization = form.get("organization").parse::<Subject>().ok();
    let address = organization
        .as_ref()
        .map_or_else(|| crate::routes::protection::PATH.to_owned(), organization_href);
    let Err(problem) = done else { return Answer::led_to(address) };
    let kind = problem.kind;
    let text = |name| form.get(name).to_owned();
    let refused = RefusedOverride {
        what: text("what"),
        plan: text("plan"),
        hours: text("hours"),
        reason: text("reason"),
        problem,
    };
    Answer::refused(address, kind, refused)
}

/// Does what a form asks for.
pub(super) async fn act(known: Known, form: Form) -> Result<(), Problem> {
    let organization: Subject = read(&form, "organization")?;
    match form.get("what") {
        "begin" => {
            let hours: u32 = read(&form, "hours")?;
            let now = (known.clock.as_ref().ok_or_else(backend::lost)?.0)();
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
