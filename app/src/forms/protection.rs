//! The forms of the page about protection.

use commands::command::{
    BeginSafeMode, EndMeasure, EndSafeMode, ResumeAutomation, SetSafeModeStage, SuspendAutomation,
};
use domain::protection::{LimitedRequests, SafeModeStage};

use super::reply::{Answer, Known, read};
use crate::{
    problem::Problem,
    routes::protection::{PATH, RefusedProtection},
    urlencoded::Form,
};

pub(super) fn answer(form: &Form, done: Result<(), Problem>) -> Answer {
    let Err(problem) = done else {
        // A limit can be lifted on the page of its incident.
        let incident = form.get("incident").parse::<u32>();
        return Answer::led_to(
            incident.map_or_else(|_| PATH.to_owned(), |number| format!("/ops/incidents/{number}")),
        );
    };
    let kind = problem.kind;
    let text = |name| form.get(name).to_owned();
    let refused = RefusedProtection { what: text("what"), reason: text("reason"), problem };
    Answer::refused(PATH, kind, refused)
}

/// Does what a form asks for.
pub(super) async fn act(known: Known, form: Form) -> Result<(), Problem> {
    let reason = form.get("reason").to_owned();
    match form.get("what") {
        "lift" => {
            let organization = read(&form, "organization")?;
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
