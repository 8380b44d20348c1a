//! Measures in force for the incident, each with a button that ends it.

use leptos::prelude::*;
use wording::protection;

use super::{state::IncidentState, steps::may_respond};
use crate::{components::time::At, routes::protection::lift};

/// The measures in force; nothing where there are none.
#[component]
pub(super) fn Measures(state: IncidentState) -> impl IntoView {
    let in_force = Memo::new(move |_| {
        state.incident.with(|incident| {
            incident.measures_in_force().map(|one| one.measure.clone()).collect::<Vec<_>>()
        })
    });
    let may = state.reader.with_value(|reader| may_respond(reader.as_ref()));
    let number = state.number();
    move || {
        in_force.with(|in_force| {
            let items = in_force.iter().map(|measure| {
                view! {
                    <li>
                        <p>
                            "Calm Ops limits " <bdi>{protection::requests(&measure.requests)}</bdi> " to "
                            {protection::rate(measure.rate)} ", until " <At at=Signal::stored(measure.until)/> " at the latest."
                        </p>
                        {may.then(|| lift(&measure.requests, Some(number)))}
                    </li>
                }
            });
            (!in_force.is_empty()).then(|| {
                view! {
                    <section class="limits" aria-labelledby="limits">
                        <h2 id="limits">"Limits in force"</h2>
                        <ul class="listed">{items.collect_view()}</ul>
                        <p class="links"><a href="/ops/protection">"All limits, and safe mode"</a></p>
                    </section>
                }
            })
        })
    }
}
