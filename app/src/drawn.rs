//! What is drawn on the server only: everything that does not change by itself. The browser gets it
//! as HTML, which keeps the Wasm small, and brings its times to life.

use std::hash::{DefaultHasher, Hash, Hasher};

use commands::view::{IncidentCard, Incidents};
use leptos::prelude::*;
use wording::timeline::Line;

use crate::{
    facts::GuidePage,
    status::{self, Waiting},
};

pub(crate) mod approve;
mod board;
mod card;
pub(crate) mod chart;
mod edge;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod incident;
mod maintenance;
pub(crate) mod prose;
mod recommendation;
pub(crate) mod share;
mod steps;
mod timeline;
pub(crate) mod trail;

use edge::edge;

/// A part of a page that is exchanged by itself when its content changes: what stands in other
/// parts, or is being written there, stays.
pub(crate) fn block(id: &'static str, html: String) -> AnyView {
    let hash = hashed(&html);
    view! { <div id=id class=id data-hash=hash inner_html=html></div> }.into_any()
}

/// A [`block`] in which a person decides upon something: it is not exchanged by itself for one that
/// is about something else. Then `changed` is said instead.
pub(crate) fn bound(
    id: &'static str,
    html: String,
    binding: Option<String>,
    changed: &'static str,
) -> AnyView {
    let hash = hashed(&html);
    view! { <div id=id class=id data-hash=hash data-binding=binding data-changed=changed inner_html=html></div> }.into_any()
}

fn hashed(html: &str) -> String {
    let mut hasher = DefaultHasher::new();
    html.hash(&mut hasher);
    format!("{:x}", hasher.finish())
}

/// The headline of an incident, or what can be said before there is one.
pub(crate) fn headline(incident: &IncidentCard) -> String {
    card::headline(incident)
}

/// Cards of incidents under each other; nothing if there are none.
pub(crate) fn cards(cards: &[IncidentCard]) -> String {
    if cards.is_empty() { String::new() } else { card::cards(cards).to_html() }
}

/// The timeline of an incident.
fn timeline(lines: &[Line]) -> String {
    timeline::timeline(lines).to_html()
}

/// The page that stands for a moment where `/` leads on.
pub(crate) fn way(path: &str) -> String {
    view! { <h1>"Calm Ops"</h1><p><a href=path.to_owned()>"Go to the page that matters now"</a></p> }.into_any().to_html()
}

/// Active incidents, and the last resolved ones.
pub(crate) fn incidents(incidents: &Incidents) -> String {
    let count = Waiting::of(&incidents.active);
    let active = if incidents.active.is_empty() {
        view! {
            <p class="empty">
                "When a threshold of " <code>"alerts/thresholds.md"</code>
                " holds for its time, Calm Ops opens an incident here by itself, saves the evidence and explains it."
            </p>
        }
        .into_any()
    } else {
        card::cards(&incidents.active)
    };
    let resolved = if incidents.resolved.is_empty() {
        view! { <p class="empty">"None yet. What is over is kept here and in the history, with its timeline."</p> }.into_any()
    } else {
        card::cards(&incidents.resolved)
    };
    let inside = view! {
        <p class="lead">{status::active_sentence(count).unwrap_or_else(|| "No incident is active.".to_owned())}</p>
        <section aria-labelledby="active"><h2 id="active">"Active"</h2>{active}</section>
        <section aria-labelledby="resolved">
            <h2 id="resolved">"Resolved last"</h2>
            {resolved}
            <p class="links"><a href="/ops/history">"All incidents"</a></p>
        </section>
    };
    view! { <h1>"Incidents"</h1>{block("lists", inside.into_any().to_html())} }.into_any().to_html()
}

/// The guide with its table of contents.
pub(crate) fn guide(guide: &GuidePage) -> String {
    let contents =
        guide.contents.iter().filter(|(level, _, _)| *level == 2).map(|(_, text, slug)| {
            view! { <li><a href=format!("#{slug}")>{text.clone()}</a></li> }
        });
    let has_title = guide.contents.iter().any(|(level, _, _)| *level == 1);
    view! {
        {(!has_title).then(|| view! { <h1>"Runbook"</h1> })}
        <div class="guide">
            <nav class="contents" aria-label="In this guide"><ul>{contents.collect_view()}</ul></nav>
            <div class="prose" inner_html=guide.html.clone()></div>
        </div>
    }
    .into_any()
    .to_html()
}
