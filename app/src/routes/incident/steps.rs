//! Steps that a person can take on an incident: the one next step as the one primary button, the
//! others beside it, quieter. Who may not act is told who can, and gets no button.

use commands::view::Viewer;
use domain::{access::Role, breach::Crossing, lifecycle::State};
use leptos::prelude::*;
use wording::signal::STAYS;

use super::{
    brief::{self, Runbook},
    head::card,
    state::IncidentState,
};
use crate::{
    actions::Step,
    components::form::{Forms, StepForm, Submit, Words},
};

/// True if a reader may acknowledge, comment and resolve. Who is not signed in as a person, at this
/// machine or with a token, is asked when they try.
pub(super) fn may_respond(reader: Option<&Viewer>) -> bool {
    reader.is_none_or(|reader| reader.role >= Role::Responder)
}

/// The steps on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shown {
    /// The incident is resolved.
    Over,
    /// Active.
    Active {
        acknowledged: bool,
        /// The obstacle to resolving it.
        still: Option<String>,
        /// Some of that is unusual, and may be here to stay.
        is_unusual: bool,
        /// True if the recommended command is the next step.
        decides: bool,
        /// The section of the runbook to read next.
        next: Option<Runbook>,
    },
}

/// The steps.
#[component]
pub(super) fn Steps(state: IncidentState, forms: Forms) -> impl IntoView {
    let card = card(state);
    let shown = Memo::new(move |_| {
        state.incident.with(|incident| {
            if incident.state == State::Resolved {
                return Shown::Over;
            }
            Shown::Active {
                acknowledged: incident.acknowledged.is_some(),
                still: brief::still(incident),
                is_unusual: incident
                    .holding()
                    .any(|breach| matches!(breach.crossing, Crossing::Usual { .. })),
                decides: brief::decides(incident, card.with(|card| card.awaits_decision)),
                next: brief::runbooks(incident).1,
            }
        })
    });
    let may = state.reader.with_value(|reader| may_respond(reader.as_ref()));
    if !may {
        return view! {
            <div id="steps" class="steps">
                <p class="notice">"Responders can acknowledge and resolve it. You can read everything here; ask an owner for the role if you need it."</p>
            </div>
        }
        .into_any();
    }
    let is_over = Memo::new(move |_| shown.with(|shown| *shown == Shown::Over));
    let is_quiet =
        Memo::new(move |_| shown.with(|shown| matches!(shown, Shown::Active { still: None, .. })));
    let is_acknowledged = Memo::new(move |_| {
        shown.with(|shown| matches!(shown, Shown::Active { acknowledged: true, .. }))
    });
    let decides = Memo::new(move |_| {
        shown.with(|shown| matches!(shown, Shown::Active { decides: true, .. }))
    });
    let style = move |primary: bool| {
        if primary && !decides.get() { "button primary" } else { "button" }
    };
    let still = move || {
        shown.with(|shown| match shown {
            Shown::Active { still: Some(still), is_unusual, .. } => {
                let stays = is_unusual.then(|| format!(" {STAYS}"));
                let still = format!("{}.{}", brief::capital(still), stays.unwrap_or_default());
                Some(view! { <p class="still quiet">{still}</p> })
            }
            Shown::Active { still: None, .. } | Shown::Over => None,
        })
    };
    let runbook = move || {
        let next = shown.with(|shown| match shown {
            Shown::Active { next, .. } => next.clone(),
            Shown::Over => None,
        });
        let (address, word) = next.map_or_else(
            || ("/ops/runbook".to_owned(), "Open the runbook".to_owned()),
            |next| {
                (format!("/ops/runbook#{}", next.slug), format!("Open the runbook: {}", next.title))
            },
        );
        view! { <a class=move || style(true) href=address>{word}</a> }
    };
    let (note_open, reopen_open) =
        (forms.refused(Step::Resolve).is_some(), forms.refused(Step::Reopen).is_some());
    let resolve = move || {
        view! {
            <StepForm forms step=Step::Resolve>
                <Submit forms class=Signal::derive(move || style(is_quiet.get()))>"Resolve"</Submit>
                <details class="fold" open=note_open>
                    <summary>"Add a note"</summary>
                    <Words forms step=Step::Resolve label="What resolved it? (kept for the review)"/>
                </details>
                {still}
            </StepForm>
        }
    };
    let acknowledge = move || {
        view! {
            <StepForm forms step=Step::Acknowledge>
                <Submit forms class=Signal::derive(move || style(!is_quiet.get()))>"Acknowledge"</Submit>
            </StepForm>
        }
    };
    let reopen = move || {
        view! {
            <details class="step" open=reopen_open>
                <summary class="button">"Reopen"</summary>
                <StepForm forms step=Step::Reopen>
                    <Words forms step=Step::Reopen label="Why are you reopening it?"/>
                    <Submit forms class=Signal::stored("button primary")>"Reopen"</Submit>
                </StepForm>
            </details>
        }
    };
    // The primary one comes first; each stays where it is while it is there.
    view! {
        <div id="steps" class="steps">
            <Show when=move || is_over.get() fallback=move || view! {
                <div class="decision" class:quiet-first=move || is_quiet.get()>
                    <Show when=move || !is_acknowledged.get()>{acknowledge()}</Show>
                    <Show when=move || is_acknowledged.get() && !is_quiet.get()>{runbook}</Show>
                    {resolve()}
                </div>
            }>
                {reopen()}
            </Show>
        </div>
    }
    .into_any()
}

/// The form that comments on the timeline.
#[component]
pub(super) fn Comment(state: IncidentState, forms: Forms) -> impl IntoView {
    let may = state.reader.with_value(|reader| may_respond(reader.as_ref()));
    may.then(|| {
        view! {
            <StepForm forms step=Step::Comment>
                <Words forms step=Step::Comment label="Add a comment"/>
                <Submit forms class=Signal::stored("button")>"Post"</Submit>
            </StepForm>
        }
    })
}
