//! What a person can do to an incident: plain forms. A page that is alive sends them without leaving.

use leptos::prelude::*;
use rules::{desk::LONGEST_TEXT, incident::Incident, lifecycle::State};

/// A form that does one thing.
fn form(number: u32, what: &'static str, inside: AnyView) -> AnyView {
    view! {
        <form method="post" action="/api/pages/act" data-act="">
            <input type="hidden" name="incident" value=number/>
            <input type="hidden" name="what" value=what/>
            {inside}
        </form>
    }
    .into_any()
}

fn button(class: &'static str, word: &'static str) -> AnyView {
    view! { <button class=class type="submit">{word}</button> }.into_any()
}

fn words(id: &'static str, label: &'static str, required: bool) -> AnyView {
    view! { <label for=id>{label}</label><textarea id=id name="text" rows="3" maxlength=LONGEST_TEXT required=required></textarea> }
        .into_any()
}

/// The one next step as the one primary button; the others beside it, quieter.
pub(crate) fn steps(incident: &Incident) -> AnyView {
    let number = incident.number.0;
    if incident.state == State::Resolved {
        let inside = view! { {words("note", "Why it is not over", false)} {button("button primary", "Open it again")} }.into_any();
        return view! { <details class="step"><summary class="button">"Open it again"</summary>{form(number, "reopen", inside)}</details> }
            .into_any();
    }
    let acknowledged = incident.acknowledged.is_some();
    let ending = acknowledged || incident.resolution_offered || incident.state == State::Recovering;
    let style = |primary: bool| if primary { "button primary" } else { "button" };
    let resolve = || {
        let inside = view! {
            {button(style(ending), "Resolve")}
            <details class="fold"><summary>"Add a note"</summary>{words("note", "Why it is over; kept for learning", false)}</details>
        };
        form(number, "resolve", inside.into_any())
    };
    let take = || form(number, "acknowledge", button(style(!ending), "Acknowledge"));
    let steps = match (ending, acknowledged) {
        (_, true) => vec![resolve()],
        (true, false) => vec![resolve(), take()],
        (false, false) => vec![take(), resolve()],
    };
    view! { <div class="decision">{steps}</div> }.into_any()
}

/// A form that writes on the timeline.
pub(crate) fn comment(number: u32) -> AnyView {
    let inside = view! { {words("comment", "Write on the timeline", true)} {button("button", "Write")} };
    form(number, "comment", inside.into_any())
}
