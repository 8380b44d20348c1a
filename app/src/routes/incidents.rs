//! Active incidents, and the ones resolved last.

use commands::view::Incidents;
use leptos::{prelude::*, server_fn::codec::GetUrl};

use crate::{
    components::{
        incident_card::{Cards, List},
        page::page,
    },
    live::live,
    problem::Problem,
    state::{OpsStore, OpsStoreFields, load_incidents},
    status::{Waiting, active_sentence, with_practice},
};

/// The incidents.
#[server(prefix = "/api/pages", endpoint = "incidents", input = GetUrl)]
pub async fn get_incidents() -> Result<Incidents, Problem> {
    crate::backend::execute(commands::reading::ListIncidents {}).await
}

/// The page.
#[component]
pub(crate) fn IncidentsPage() -> AnyView {
    let ops = expect_context::<OpsStore>();
    let live = live();
    page(
        |_| "Incidents".to_owned(),
        || (),
        |()| get_incidents(),
        move |incidents: &Incidents| {
            live.read_at(incidents.cursor);
            load_incidents(ops, incidents);
        },
        |_| view! { <Lists/> }.into_any(),
    )
}

#[component]
fn Lists() -> impl IntoView {
    let ops = expect_context::<OpsStore>();
    let lead = move || {
        let waiting = ops.active().with(|active| Waiting::of(active));
        let none = || "No incident is active.".to_owned();
        with_practice(active_sentence(waiting).unwrap_or_else(none), waiting)
    };
    let has_active = Memo::new(move |_| !ops.active().read().is_empty());
    let has_resolved = Memo::new(move |_| !ops.resolved().read().is_empty());
    let none_active = || {
        view! {
            <p class="empty">
                "When a signal stays past its threshold, Calm Ops opens an incident here, saves the evidence and explains it. Thresholds are in "
                <code>"alerts/thresholds.md"</code> "."
            </p>
        }
    };
    let none_resolved = || {
        view! { <p class="empty">"None yet. Resolved incidents appear here and in the history."</p> }
    };
    view! {
        <div class="page">
            <h1>"Incidents"</h1>
            <p class="lead">{lead}</p>
            <section aria-labelledby="active">
                <h2 id="active">"Active"</h2>
                <Show when=move || has_active.get() fallback=none_active><Cards list=List::Active/></Show>
            </section>
            <section aria-labelledby="resolved">
                <h2 id="resolved">"Recently resolved"</h2>
                <Show when=move || has_resolved.get() fallback=none_resolved>
                    <Cards list=List::Resolved/>
                </Show>
                <p class="links"><a href="/ops/history">"All incidents"</a> <a href="/ops/status">"Status page"</a></p>
            </section>
        </div>
    }
}
