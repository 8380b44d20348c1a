//! What stands where a page can't: what happened, what was kept, what to do next.

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
    crate::door::mark_not_found();
    pulse::place("No such page");
    view! {
        <h1>"There is no page at this address"</h1>
        <p class="lead">"The address may be mistyped, or the page has another one now. What is watched is watched on."</p>
        <p><a class="button" href="/">"Go to the page that matters now"</a></p>
    }
    .into_any()
}

/// A page that could not be shown; `path` is its address.
pub(crate) fn problem(problem: &Problem, path: &str) -> AnyView {
    let (heading, next) = match problem.kind {
        ErrorKind::NotFound => ("This is not here", "Look for it in the history."),
        ErrorKind::Invalid => ("This could not be read", "Change it and try again."),
        ErrorKind::SignIn | ErrorKind::SignInAgain => ("Please sign in", "Then this page opens."),
        ErrorKind::Throttled => ("Too many tries", "Your account is safe."),
        ErrorKind::Forbidden => ("This is not for you to see", "Ask someone who may."),
        ErrorKind::Conflict => ("This has changed meanwhile", "Reload the page."),
        ErrorKind::Unavailable => (
            "This can't be shown right now",
            "What is watched is watched on. Reload the page in a moment.",
        ),
    };
    pulse::place(heading);
    view! {
        <h1>{heading}</h1>
        <p class="lead">{problem.sentence.clone()} " " {next}</p>
        {(problem.asks_for_sign_in()).then(|| view! { <p><a class="button primary" href=format!("{SIGN_IN}{path}") rel="external">"Sign in"</a></p> })}
        <p class="links"><a href="/ops/health">"Health"</a> <a href="/ops/history">"History"</a></p>
    }
    .into_any()
}
