//! The forms of the page of a threshold: a trial, a change, and what is declined.

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

use super::reply::{Answer, Known, read};
use crate::{
    problem::{Problem, status},
    routes::threshold::{SentThreshold, address},
    urlencoded::Form,
};

/// The result of a form.
pub(super) enum Done {
    /// The page is led back to with this word.
    Word(&'static str),
    /// A trial.
    Tried(Box<ThresholdTrial>),
}

pub(super) fn answer(form: &Form, done: Result<Done, Problem>) -> Answer {
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
pub(super) async fn act(known: Known, form: Form) -> Result<Done, Problem> {
    let (subject, signal) = names(&form)?;
    let reason = form.get("reason").to_owned();
    match form.get("what") {
        "try" => {
            let days = read(&form, "days")?;
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
            let proposal = read(&form, "proposal")?;
            known.execute(DeclineThreshold { proposal, reason }).await?;
            Ok(Done::Word("declined"))
        }
        _ => Err(Problem::unreadable()),
    }
}

fn edit(form: &Form) -> Result<ThresholdEdit, Problem> {
    let text = |name| form.get(name).to_owned();
    Ok(ThresholdEdit {
        document: read(form, "document")?,
        line: read(form, "line")?,
        cells: ThresholdCells {
            warning: text("warning"),
            critical: text("critical"),
            held: text("for"),
            recovers_at: text("recovers_at"),
        },
        proposal: form.get("proposal").parse().ok(),
    })
}
