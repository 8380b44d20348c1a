//! The pages' way to the service: the one place where a server function finds who asks and whom to
//! ask.

use commands::{
    operation::Operation,
    service::{Executable, Operations},
};
use domain::{access::Principal, error::ErrorKind};
use http::{HeaderName, HeaderValue, header};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use crate::problem::{Problem, status};

/// The service and the caller.
pub(crate) type Known = Option<(Operations, Principal)>;

pub(crate) fn lost() -> Problem {
    Problem {
        kind: ErrorKind::Unavailable,
        sentence: "Calm Ops is not ready yet. Try again in a moment.".into(),
    }
}

/// The service and the caller.
pub(crate) fn known() -> Known {
    use_context::<Operations>().zip(use_context::<Principal>())
}

fn context() -> Result<(Operations, Principal), Problem> {
    known().ok_or_else(lost)
}

/// Sets a header of the answer.
pub(crate) fn header(name: HeaderName, value: &'static str) {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.insert_header(name, HeaderValue::from_static(value));
    }
}

/// Gives the answer the status code that its problem has.
fn mark(kind: ErrorKind) {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(status(kind));
    }
}

/// Says that there is no such page, with the status code.
pub(crate) fn mark_not_found() {
    mark(ErrorKind::NotFound);
}

/// A problem, with the answer's status code set to it.
pub(crate) fn refuse(problem: Problem) -> Problem {
    mark(problem.kind);
    problem
}

/// Refuses whoever may not execute an operation, before anything else is said.
pub(crate) fn check<O: Operation>() -> Result<(), Problem> {
    let (operations, principal) = context().map_err(refuse)?;
    operations.check::<O>(&principal).map_err(|error| refuse(error.into()))
}

/// Executes an operation as whoever is asking.
pub(crate) async fn execute<O: Executable>(operation: O) -> Result<O::Output, Problem> {
    let (operations, principal) = context().map_err(refuse)?;
    header(header::CACHE_CONTROL, "private, no-cache");
    let response = use_context::<ResponseOptions>();
    let answer = operations.execute(principal, operation).await.map_err(Problem::from);
    answer.map_err(|problem| match response {
        Some(_) => refuse(problem),
        None => problem,
    })
}

/// Reads a part of a page: what can't be read leaves the answer's status as it is.
pub(crate) async fn read<O: Executable>(reading: O) -> Result<O::Output, Problem> {
    let (operations, principal) = context()?;
    Ok(operations.execute(principal, reading).await?)
}

/// Reads something that a page can do without.
pub(crate) async fn look<O: Executable>(reading: O) -> Option<O::Output> {
    read(reading).await.ok()
}
