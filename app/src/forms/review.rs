//! The forms of reviews and of the list of prevention steps.

use axum::{Router, body::Bytes, extract::Path, response::IntoResponse, routing::post};
use commands::command::{
    AddPreventionStep, DropPreventionStep, FinishPreventionStep, RateRecommendation, SaveReview,
};
use domain::{
    error::{Error, FieldReason},
    id::{AccountId, IncidentNumber, RecommendationId},
    review::{DueDate, PreventionPlan, Rating, ReviewSections},
};
use http::StatusCode;
use leptos::prelude::*;

use super::reply::{Answer, Known, answered, read, taken_by};
use crate::{
    problem::Problem,
    routes::{
        prevention,
        review::{PATH, RefusedReview, address},
    },
    urlencoded::Form,
};

/// The routes; `context` and `shell` as the pages have them.
pub(super) fn forms<S, IV>(
    context: impl Fn() + Clone + Send + Sync + 'static,
    shell: impl Fn() -> IV + Clone + Send + Sync + 'static,
) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    IV: IntoView + 'static,
{
    let of_all = taken_by(prevention::PATH, context.clone(), shell.clone(), end, listed);
    let posted = move |Path(id): Path<String>, body: Bytes| {
        let (context, shell) = (context.clone(), shell.clone());
        async move {
            let Ok(number) = id.parse::<u32>() else {
                return StatusCode::NOT_FOUND.into_response();
            };
            let act = |known, form| act(known, IncidentNumber(number), form);
            answered(&body, context, shell, act, |form, done| answer(number, form, done)).await
        }
    };
    Router::new().route(PATH, post(posted)).merge(of_all)
}

fn answer(number: u32, form: &Form, done: Result<&'static str, Problem>) -> Answer {
    let here = address(number);
    match done {
        Ok("rated") if form.get("back") == "incident" => {
            Answer::led_to(format!("/ops/incidents/{number}#rating"))
        }
        Ok(word) => Answer::led_to(format!("{here}?done={word}")),
        Err(problem) => shown(&here, form, problem),
    }
}

fn listed(form: &Form, done: Result<(), Problem>) -> Answer {
    match done {
        Ok(()) => Answer::led_to(prevention::PATH),
        Err(problem) => shown(prevention::PATH, form, problem),
    }
}

/// The page with what was typed.
fn shown(here: &str, form: &Form, problem: Problem) -> Answer {
    let kind = problem.kind;
    let fields = form.iter().map(|(name, text)| (name.to_owned(), text.replace("\r\n", "\n")));
    let what = form.get("what").to_owned();
    let refused = RefusedReview { what, fields: fields.collect(), problem };
    Answer::refused(here, kind, refused)
}

/// Does what a form of a review asks for; the word that the page tells of it.
async fn act(known: Known, incident: IncidentNumber, form: Form) -> Result<&'static str, Problem> {
    let text = |name| form.get(name).to_owned();
    match form.get("what") {
        "save" => {
            let replaces = match form.get("replaces") {
                "" => None,
                number => Some(number.parse().map_err(|_| Problem::unreadable())?),
            };
            let sections = ReviewSections {
                factors: text("factors"),
                went_well: text("went_well"),
                to_change: text("to_change"),
            };
            known.execute(SaveReview { incident, replaces, sections }).await?;
            Ok("saved")
        }
        "rate" => {
            let rating = Rating::of(form.get("rating")).ok_or_else(Problem::unreadable)?;
            let place = read(&form, "place")?;
            let recommendation = RecommendationId { incident, place };
            known.execute(RateRecommendation { recommendation, rating }).await?;
            Ok("rated")
        }
        "add" => {
            let plan = plan(&form)?;
            known.execute(AddPreventionStep { incident, text: text("text"), plan }).await?;
            Ok("added")
        }
        "done" | "drop" => {
            let word = if form.get("what") == "done" { "finished" } else { "dropped" };
            end_of(known, incident, form).await?;
            Ok(word)
        }
        _ => Err(Problem::unreadable()),
    }
}

fn plan(form: &Form) -> Result<PreventionPlan, Problem> {
    if form.get("plan") == "drop" {
        return Ok(PreventionPlan::WillNotBeDone { reason: form.get("reason").to_owned() });
    }
    let owner = read(form, "owner").map(AccountId)?;
    let due = form.get("due").parse::<DueDate>().map_err(|_| {
        let expected = FieldReason::Expected("a day such as 2026-12-04".into());
        Problem::from(Error::invalid("due", expected))
    })?;
    Ok(PreventionPlan::Planned { owner, due })
}

/// Ends a step from the list of all.
async fn end(known: Known, form: Form) -> Result<(), Problem> {
    let incident = read(&form, "incident")?;
    end_of(known, IncidentNumber(incident), form).await
}

async fn end_of(known: Known, incident: IncidentNumber, form: Form) -> Result<(), Problem> {
    let step = read(&form, "step")?;
    let text = |name| form.get(name).to_owned();
    match form.get("what") {
        "done" => {
            let evidence = text("evidence");
            known.execute(FinishPreventionStep { incident, step, evidence }).await
        }
        "drop" => {
            known.execute(DropPreventionStep { incident, step, reason: text("reason") }).await
        }
        _ => Err(Problem::unreadable()),
    }
}
