//! The part that stands for a page that can't be shown: what happened, what was kept, what to do
//! next.

use domain::error::ErrorKind;
use leptos::prelude::*;

use crate::{
    problem::{Problem, SIGN_IN},
    pulse,
};

/// There is no such page.
#[component]
pub(crate) fn LostPage() -> AnyView {
    #[cfg(feature = "ssr")]
    crate::backend::mark_not_found();
    pulse::place("No such page");
    view! {
        <h1>"Page not found"</h1>
        <p class="lead">"The address may be mistyped or have changed. Monitoring continues."</p>
        <p><a class="button" href="/">"Go to the start page"</a></p>
    }
    .into_any()
}

/// A page that could not be shown; `path` is its address.
pub(crate) fn problem(problem: &Problem, path: &str) -> AnyView {
    let (heading, next) = match problem.kind {
        ErrorKind::NotFound => ("Not found", "Search the history."),
        ErrorKind::Invalid => ("This request is not valid", "Change it and try again."),
        ErrorKind::SignIn | ErrorKind::SignInAgain => ("Please sign in to see this page", ""),
        ErrorKind::Throttled => {
            ("Too many attempts", "Try again in a minute; your account is safe.")
        }
        ErrorKind::Forbidden => ("You don't have access to this", "Ask an owner."),
        ErrorKind::Conflict => ("This has changed in the meantime", "Reload the page."),
        ErrorKind::Unavailable => (
            "This page can't be loaded right now",
            "It is tried again as soon as Calm Ops answers.",
        ),
    };
    pulse::place(heading);
    view! {
        <h1>{heading}</h1>
        <p class="lead">{problem.sentence.clone()} " " {next}</p>
        {(problem.asks_for_sign_in()).then(|| view! { <p><a class="button primary" href=format!("{SIGN_IN}{path}") rel="external">"Sign in"</a></p> })}
        {(problem.kind == ErrorKind::Unavailable).then(|| view! { <p><a class="button" href=path.to_owned() rel="external">"Try again"</a></p> })}
        <p class="links"><a href="/ops/health">"Health"</a> <a href="/ops/history">"History"</a></p>
    }
    .into_any()
}
