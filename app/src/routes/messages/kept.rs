//! A form that was refused where the page can't be shown: what was typed is kept.

use domain::message::MessageAudience;
use leptos::prelude::*;

use super::state::RefusedMessage;
use crate::{
    components::form::field_text,
    problem::{Problem, SIGN_IN},
};

/// The problem, what was typed, and what to do.
pub(super) fn kept(id: &str, problem: &Problem, refused: RefusedMessage) -> AnyView {
    let also = (problem.sentence != refused.problem.sentence).then(|| problem.sentence.clone());
    let audience = MessageAudience::of(&refused.audience).unwrap_or(MessageAudience::Affected);
    let address = format!("/ops/incidents/{id}/messages?to={}", audience.as_str());
    let (next, href, label) = if problem.asks_for_sign_in() {
        ("Copy it, sign in, and paste it there.", format!("{SIGN_IN}{address}"), "Sign in")
    } else {
        ("Copy it, and paste it when the page can be shown again.", address, "Try again")
    };
    let text = (!refused.text.is_empty()).then(|| {
        view! {
            <p>"Your text is not saved, and is kept here only. " {next}</p>
            <textarea aria-label="Your text" rows="12" readonly>{field_text(&refused.text)}</textarea>
        }
    });
    let destination = (!refused.destination.is_empty()).then(|| {
        view! { <p>"It is not marked as sent to " <bdi>{refused.destination}</bdi> " yet. Mark it again."</p> }
    });
    view! {
        <div class="page messages">
            <h1>"Messages about incident " {id.to_owned()}</h1>
            <p class="lead">{refused.problem.sentence} " " {also}</p>
            {text}
            {destination}
            <p class="links"><a href=href rel="external">{label}</a> <a href="/ops/health">"Health"</a></p>
        </div>
    }
    .into_any()
}
