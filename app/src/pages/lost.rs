//! What stands where a page can't: what happened, what was kept, what to do next.

use leptos::prelude::*;

use crate::{
    problem::{Kind, Problem, SIGN_IN},
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
        Kind::NotFound => ("This is not here", "Look for it in the history."),
        Kind::Invalid => ("This could not be read", "Change it and try again."),
        Kind::SignIn => ("Please sign in", "Then this page opens."),
        Kind::Throttled => ("Too many tries", "Your account is safe."),
        Kind::Forbidden => ("This is not for you to see", "Ask someone who may."),
        Kind::Conflict => ("This has changed meanwhile", "Reload the page."),
        Kind::Unavailable => (
            "This can't be shown right now",
            "What is watched is watched on. Reload the page in a moment.",
        ),
    };
    pulse::place(heading);
    view! {
        <h1>{heading}</h1>
        <p class="lead">{problem.sentence.clone()} " " {next}</p>
        {(problem.kind == Kind::SignIn).then(|| view! { <p><a class="button primary" href=format!("{SIGN_IN}{path}") rel="external">"Sign in"</a></p> })}
        <p class="links"><a href="/ops/health">"Health"</a> <a href="/ops/history">"History"</a></p>
    }
    .into_any()
}
