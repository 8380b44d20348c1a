//! Earlier incidents that are like one: each with its link and what resolved it.

use domain::similar::SimilarIncident;
use leptos::prelude::*;
use wording::similar;

use crate::components::{prose::prose, time::At};

/// The list; nothing where nothing is similar.
pub(crate) fn similar(shown: Signal<Vec<SimilarIncident>>) -> impl IntoView {
    let has_any = Memo::new(move |_| shown.with(|all| !all.is_empty()));
    view! {
        <Show when=move || has_any.get()>
            <section class="similar" aria-labelledby="similar">
                <h2 id="similar">"Similar incidents"</h2>
                <ul>{move || shown.with(|all| all.iter().map(item).collect_view())}</ul>
            </section>
        </Show>
    }
}

fn item(one: &SimilarIncident) -> AnyView {
    let number = one.incident.0;
    view! {
        <li>
            <p>
                <a href=format!("/ops/incidents/{number}")>"Incident " {number}</a> ", "
                <At at=Signal::stored(one.opened_at)/> ": " {prose(&one.headline)}
            </p>
            <p class="quiet">{prose(&similar::resolution(&one.resolution))}</p>
        </li>
    }
    .into_any()
}
