//! An incident in a list.

use commands::view::IncidentCard;
use domain::lifecycle::State;
use leptos::prelude::*;

use crate::{
    clock,
    drawn::{edge::edge, prose::prose},
    mark,
};

/// The headline, or what can be said before a summary is written.
pub(crate) fn headline(card: &IncidentCard) -> String {
    if card.headline.is_empty() {
        format!("Incident {} on {}", card.number, wording::humanize::subject(&card.cause))
    } else {
        card.headline.clone()
    }
}

/// What the card says about who has it.
fn held(card: &IncidentCard) -> &'static str {
    match (card.state, card.acknowledged, card.resolution_offered) {
        (State::Resolved, _, _) => "",
        _ if card.awaits_decision => ", a command is recommended and waits",
        (_, _, true) => ", quiet, ready to be resolved",
        (_, true, false) => ", someone is on it",
        (_, false, false) => ", nobody has it yet",
    }
}

/// One incident: a link with its number, sentence, severity and state.
fn card(card: &IncidentCard) -> AnyView {
    let (number, severity, state, title) =
        (card.number.0, card.severity, card.state.as_str(), headline(card));
    let class = format!("card {}", edge(card.state, card.severity));
    let (time, word) = match card.resolved_at {
        Some(at) => (clock::moment(at), "resolved "),
        None => (clock::moment(card.opened_at), "opened "),
    };
    view! {
        <li class=class>
            <a href=format!("/ops/incidents/{number}")>
                <span class="card-head">
                    <span class="number">"Incident " {number}</span>
                    {mark::severity(severity)}
                    <span class=if card.awaits_decision { "state waits" } else { "state" }>{if card.awaits_decision { "needs your decision" } else { state }}</span>
                </span>
                <span class="card-title">{prose(&title)}</span>
            </a>
            <p class="card-foot">{word} {time} {held(card)}</p>
        </li>
    }
    .into_any()
}

/// Cards under each other.
pub(crate) fn cards(cards: &[IncidentCard]) -> AnyView {
    view! { <ul class="cards">{cards.iter().map(card).collect_view()}</ul> }.into_any()
}
