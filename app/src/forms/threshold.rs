//! The forms of the page of a threshold: a trial, a change, and what is declined.

use axum::Router;
use commands::{
    command::{ChangeThreshold, DeclineThreshold},
    reading::TryThreshold,
    threshold::{ThresholdEdit, ThresholdTrial},
};
use domain::{
    error::{Error, FieldReason},
    name::BadName,
    signal::Signal,
    subject::Subject,
    threshold::ThresholdCells,
};
use leptos::prelude::*;

use super::reply::{Answer, Known, taken_by};
use crate::{
    problem::{Problem, status},
    routes::threshold::{PATH, SentThreshold, address},
    urlencoded::Form,
};

/// What a form came to.
pub(super) enum Done {
    /// The page is led back to with this word.
    Word(&'static str),
    /// A trial.
    Tried(Box<ThresholdTrial>),
}

/// The route; `context` and `shell` as the pages have them.
pub(super) fn forms<S, IV>(
    context: impl Fn() + Clone + Send + Sync + 'static,
    shell: impl Fn() -> IV + Clone + Send + Sync + 'static,
) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    IV: IntoView + 'static,
{
    taken_by(PATH, context, shell, act, answer)
}

fn answer(form: &Form, done: Result<Done, Problem>) -> Answer {
    let Ok((subject, signal)) = names(form) else {
        return Answer::led_to("/ops/health");
    };
    let here = address(&subject, &signal);
    let outcome = match done {
        Ok(Done::Word(word)) => return Answer::led_to(format!("{here}&done={word}")),
        Ok(Done::Tried(trial)) => Ok(trial),
        Err(problem) => Err(problem),
    };
    let code =
        outcome.as_ref().map_or_else(|problem| status(problem.kind), |_| http::StatusCode::OK);
    let fields = form.iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    let sent = SentThreshold { what: form.get("what").to_owned(), fields, outcome };
    Answer::shown(here, code, move || provide_context(sent.clone()))
}

fn names(form: &Form) -> Result<(Subject, Signal), Error> {
    let malformed =
        |field: &'static str, bad: BadName| Error::invalid(field, FieldReason::Malformed(bad));
    let subject = form.get("subject").parse().map_err(|bad| malformed("subject", bad))?;
    let signal = form.get("signal").parse().map_err(|bad| malformed("signal", bad))?;
    Ok((subject, signal))
}

/// Does what a form asks for.
async fn act(known: Known, form: Form) -> Result<Done, Problem> {
    let (subject, signal) = names(&form)?;
    let reason = form.get("reason").to_owned();
    match form.get("what") {
        "try" => {
            let days = form.get("days").parse().map_err(|_| Problem::unreadable())?;
            let edit = edit(&form)?;
            let trial = known.ask(TryThreshold { subject, signal, edit, days }).await?;
            Ok(Done::Tried(Box::new(trial)))
        }
        "change" => {
            let edit = edit(&form)?;
            known.execute(ChangeThreshold { subject, signal, edit, reason }).await?;
            Ok(Done::Word("changed"))
        }
        "decline" => {
            let proposal = form.get("proposal").parse().map_err(|_| Problem::unreadable())?;
            known.execute(DeclineThreshold { proposal, reason }).await?;
            Ok(Done::Word("declined"))
        }
        _ => Err(Problem::unreadable()),
    }
}

fn edit(form: &Form) -> Result<ThresholdEdit, Problem> {
    let text = |name| form.get(name).to_owned();
    Ok(ThresholdEdit {
        document: form.get("document").parse().map_err(|_| Problem::unreadable())?,
        line: form.get("line").parse().map_err(|_| Problem::unreadable())?,
        cells: ThresholdCells {
            warning: text("warning"),
            critical: text("critical"),
            held: text("for"),
            recovers_at: text("recovers_at"),
        },
        proposal: form.get("proposal").parse().ok(),
    })
}
