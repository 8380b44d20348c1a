//! The forms of the page about the status page.

use commands::{
    command::{PublishNotice, PublishUpdate, WithdrawUpdate},
    status_page::publish_notice,
};
use domain::{id::IncidentNumber, input::checked, status_page::NoticeState};
use http::StatusCode;
use leptos::prelude::*;

use super::reply::{Answer, Known, read};
use crate::{
    problem::{Problem, status},
    routes::status_page::{PATH, SentOutcome, SentStatus},
    urlencoded::Form,
};

pub(super) fn answer(form: &Form, done: Result<bool, Problem>) -> Answer {
    let (code, outcome) = match done {
        Ok(true) => return Answer::led_to(PATH),
        Ok(false) => (StatusCode::OK, SentOutcome::Preview),
        Err(problem) => (status(problem.kind), SentOutcome::Refused(problem)),
    };
    let text = |name| form.get(name).to_owned();
    let sent = SentStatus {
        what: text("what"),
        notice: text("notice"),
        update: text("update"),
        incident: text("incident"),
        state: text("state"),
        title: text("title"),
        text: text("text"),
        reason: text("reason"),
        outcome,
    };
    Answer::shown(PATH, code, move || provide_context(sent.clone()))
}

/// Does what a form asks for; false if it was only to be looked at.
pub(super) async fn act(known: Known, form: Form) -> Result<bool, Problem> {
    let text = |name| form.get(name).to_owned();
    let state = || NoticeState::of(form.get("state")).ok_or_else(Problem::unreadable);
    let number = |name| read::<u64>(&form, name);
    let is_preview = form.get("step") == "preview";
    match form.get("what") {
        "notice" => {
            let incident = match form.get("incident") {
                "" => None,
                number => {
                    Some(number.parse().map(IncidentNumber).map_err(|_| Problem::unreadable())?)
                }
            };
            let (state, title, text) = (state()?, text("title"), text("text"));
            if is_preview {
                publish_notice(incident, state, &title, &text)?;
                return Ok(false);
            }
            known.execute(PublishNotice { incident, state, title, text }).await?;
        }
        "update" => {
            let (notice, state, text) = (number("notice")?, state()?, text("text"));
            if is_preview {
                checked("text", &text, true)?;
                return Ok(false);
            }
            known.execute(PublishUpdate { notice, state, text }).await?;
        }
        "withdraw" => {
            let (notice, update) = (number("notice")?, Some(number("update")?));
            known.execute(WithdrawUpdate { notice, update, reason: text("reason") }).await?;
        }
        _ => return Err(Problem::unreadable()),
    }
    Ok(true)
}
