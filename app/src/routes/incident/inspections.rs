//! Looks at the host: what a responder may look at from here, and what was seen, newest first.

use domain::inspection::{Inspection, InspectionOutcome};
use leptos::prelude::*;
use wording::inspection;

use super::{brief::Inspected, state::IncidentState, steps::may_respond};
use crate::{
    actions::Step,
    components::{
        form::{Forms, Said, StepForm, Submit, first_line_kept},
        time::At,
        timeline::author,
    },
};

/// See the module.
#[component]
pub(super) fn Inspections(state: IncidentState, forms: Forms) -> impl IntoView {
    let may = state.reader.with_value(|reader| may_respond(reader.as_ref()));
    let offered = Memo::new(move |_| {
        let is_offered = may && state.incident.with(|incident| incident.is_active());
        if is_offered { state.offered.get() } else { Vec::new() }
    });
    let has_offers = Memo::new(move |_| offered.with(|offered| !offered.is_empty()));
    let is_told = forms.refused(Step::Inspect).is_some();
    let is_away =
        Memo::new(move |_| !is_told && !has_offers.get() && state.inspected.with(Vec::is_empty));
    let offers = move || {
        view! {
            <p class="quiet">"Each look only reads, and takes up to 10 s. Secrets are removed, and what was seen is recorded with the incident."</p>
            <ul class="looks">
                <For each=move || offered.get() key=Inspection::key let:one>
                    <li><Offer one forms/></li>
                </For>
            </ul>
        }
    };
    view! {
        <section aria-labelledby="inspections" hidden=move || is_away.get()>
            <h2 id="inspections">"Look at the host"</h2>
            <Show when=move || has_offers.get()>{offers()}</Show>
            <Said forms/>
            <For each=move || state.inspected.get() key=|look| look.number let:look>
                {result(look, state)}
            </For>
        </section>
    }
}

#[component]
fn Offer(one: Inspection, forms: Forms) -> impl IntoView {
    let key = one.key();
    let (sent, label) = (key.clone(), format!("Look at {}", inspection::object(&one)));
    let is_looking = Memo::new(move |_| forms.is_sending(|act| act.inspection == sent));
    let shown = move || if is_looking.get() { "Looking ...".to_owned() } else { label.clone() };
    view! {
        <StepForm forms step=Step::Inspect>
            <input type="hidden" name="inspection" value=key/>
            <Submit forms class=Signal::stored("button")>{shown}</Submit>
            <span class="quiet">{inspection::reads(&one)}</span>
        </StepForm>
    }
}

/// The result of a look; the newest is open.
fn result(look: Inspected, state: IncidentState) -> impl IntoView {
    let is_newest = state
        .inspected
        .with_untracked(|all| all.first().is_some_and(|newest| newest.number == look.number));
    let title = inspection::title(&look.inspection);
    let seen = match look.outcome {
        InspectionOutcome::Failed { why } => view! { <p class="notice">{why}</p> }.into_any(),
        InspectionOutcome::Seen { lines, notes, truncated } => {
            let text = (!lines.is_empty()).then(|| {
                view! { <pre class="printed" aria-label=title.clone() tabindex="0">{first_line_kept(lines.join("\n"))}</pre> }
            });
            let cut = truncated
                .then(|| view! { <p class="quiet">"Shortened: there was more than is kept."</p> });
            let notes = notes.into_iter().map(|note| view! { <p class="quiet">{note}</p> });
            view! { {text} {cut} {notes.collect_view()} }.into_any()
        }
    };
    view! {
        <details class="fold look" id=format!("look-{}", look.number) open=is_newest>
            <summary><span>{title} ", at " <At at=Signal::stored(look.at)/></span></summary>
            <p class="quiet">{author(look.actor, look.who)} ", entry " {look.number}</p>
            {seen}
        </details>
    }
}
