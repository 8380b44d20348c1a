//! Events of an organization, newest first, with a way to what is older.

use commands::organizations::OrganizationPage as View;
use domain::journal::{Entry, Event};
use leptos::prelude::*;
use wording::timeline::line;

use super::state::State;
use crate::{
    components::{
        prose::prose,
        time::Exact,
        timeline::{author, tone_class},
    },
    status::organization_href,
};

/// The timeline.
#[component]
pub(super) fn Timeline(state: State) -> impl IntoView {
    let entries = Memo::new(move |_| state.view.with(|view| view.timeline.clone()));
    let older = move || {
        state.view.with(|view| {
            let address = organization_href(&view.plans.organization);
            view.older.map(|before| {
                view! { <p class="links"><a href=format!("{address}?before={before}#timeline")>"Older"</a></p> }
            })
        })
    };
    let content = move || {
        if entries.with(Vec::is_empty) {
            return view! { <p class="empty">"Nothing yet. Incidents that affect it, limits of Calm Ops, and changes of its plan will be recorded here."</p> }
                .into_any();
        }
        view! {
            <ol class="timeline">
                <For each=move || entries.get() key=|entry| (entry.number, entry.event.is_some()) let:entry>
                    {state.view.with_untracked(|view| item(view, &entry))}
                </For>
            </ol>
        }
        .into_any()
    };
    view! {
        <section aria-labelledby="timeline">
            <h2 id="timeline">"Timeline"</h2>
            {content}
            {older}
        </section>
    }
}

fn item(view: &View, entry: &Entry) -> AnyView {
    let told = line(entry, &view.names);
    let sentence = match &entry.event {
        // Its own sentence names all organizations that are affected.
        Some(Event::ImpactChanged { .. }) => "An incident began to affect it.".to_owned(),
        Some(Event::IncidentOpened { .. }) => "An incident about it was opened.".to_owned(),
        Some(Event::BreachJoined { .. }) => "Its traffic became a part of an incident.".to_owned(),
        _ => told.sentence,
    };
    let incident = entry.event.as_ref().and_then(Event::incident).map(|number| {
        view! { " " <a href=format!("/ops/incidents/{number}")>"Incident " {number.0}</a> }
    });
    view! {
        <li class=format!("line tone-{}", tone_class(told.tone))>
            <Exact at=told.at/>
            <div>
                <p>{prose(&sentence)} {incident}</p>
                {told.words.map(|words| view! { <blockquote dir="auto">{words}</blockquote> })}
                <p class="quiet">{author(told.actor, told.who)} ", entry " {told.number}</p>
            </div>
        </li>
    }
    .into_any()
}
