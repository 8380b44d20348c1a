//! An incident in a list.

use commands::view::IncidentCard;
use domain::{lifecycle::State, severity::Severity};
use leptos::prelude::*;

use crate::{
    components::{
        badge::{Badge, severity_words},
        exact::Minute,
        prose::prose,
        time::Ago,
    },
    state::{Ops, OpsStore, OpsStoreFields},
};

/// The headline, or what can be said before a summary is written.
pub(crate) fn headline(card: &IncidentCard) -> String {
    if card.headline.is_empty() {
        format!("Incident {} on {}", card.number, wording::humanize::subject(&card.cause))
    } else {
        card.headline.clone()
    }
}

/// Class for the edge of an incident: as severe as it is while it needs someone, plain while it
/// recovers.
pub(crate) const fn edge(state: State, severity: Severity) -> &'static str {
    match (state, severity) {
        (State::Resolved, _) => "over",
        (State::Recovering, _) => "eased",
        (State::Detected | State::Stabilizing | State::AwaitingDecision, Severity::Warning) => {
            "edge-warning"
        }
        (State::Detected | State::Stabilizing | State::AwaitingDecision, Severity::Critical) => {
            "edge-critical"
        }
    }
}

/// The end of the card's last line: who handles it, or how long it lasted.
fn handling(card: &IncidentCard) -> String {
    let words = if let Some(lasted) = card.lasted() {
        return format!(", lasted {}", wording::history::lasted(lasted));
    } else if card.awaits_decision {
        ", waiting for your decision"
    } else if card.resolution_offered {
        ", recovered, ready to resolve"
    } else if card.acknowledged {
        ", being handled"
    } else {
        ", not acknowledged yet"
    };
    words.to_owned()
}

/// Name of the state.
pub(crate) const fn state_label(card: &IncidentCard) -> &'static str {
    wording::standing::state_label(card.state, card.awaits_decision)
}

/// One incident: a link with its number, sentence, severity and state.
#[component]
pub(crate) fn Card(#[prop(into)] card: Signal<IncidentCard>) -> impl IntoView {
    let title = Memo::new(move |_| card.with(headline));
    // A practice is no cause for alarm, however severe it plays.
    let edge = move || {
        card.with(|card| match card.practice {
            true => "card eased".to_owned(),
            false => format!("card {}", edge(card.state, card.severity)),
        })
    };
    let opened_at = Memo::new(move |_| card.with(|card| card.opened_at));
    // How old an active one is matters; of a resolved one, when it was and how long it lasted.
    let is_over = Memo::new(move |_| card.with(|card| card.resolved_at.is_some()));
    let when = move || match is_over.get() {
        false => view! { <Ago at=opened_at/> }.into_any(),
        true => view! { <Minute at=opened_at.get_untracked()/> }.into_any(),
    };
    view! {
        <li class=edge>
            <a href=move || card.with(|card| format!("/ops/incidents/{}", card.number))>
                <span class="card-head">
                    <span class="number">"Incident " {move || card.with(|card| card.number.0)}</span>
                    <Badge of=Signal::derive(move || card.with(|card| severity_words(card.severity)))/>
                    <span class="state" class:waits=move || card.with(|card| card.awaits_decision)>
                        {move || card.with(state_label)}
                    </span>
                </span>
                <span class="card-title">{move || prose(&title.get())}</span>
            </a>
            <p class="card-foot">"opened " {when} {move || card.with(handling)}</p>
        </li>
    }
}

/// So many active incidents are shown as cards; more, as lines.
const MOST_CARDS: usize = 3;

/// The lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    Active,
    Resolved,
}

impl List {
    const fn of(self, ops: &Ops) -> &Vec<IncidentCard> {
        match self {
            Self::Active => &ops.active,
            Self::Resolved => &ops.resolved,
        }
    }
}

/// The cards of a list of the store. A card stays in place while its content changes.
#[component]
pub(crate) fn Cards(list: List) -> impl IntoView {
    let ops = expect_context::<OpsStore>();
    let track = move || match list {
        List::Active => ops.active().track(),
        List::Resolved => ops.resolved().track(),
    };
    let numbers = Memo::new(move |_| {
        track();
        ops.with_untracked(|ops| list.of(ops).iter().map(|card| card.number).collect::<Vec<_>>())
    });
    // Many active ones take a line each where there is room for one.
    let is_dense = move || list == List::Active && numbers.with(Vec::len) > MOST_CARDS;
    let find = move |number| {
        ops.with_untracked(|ops| list.of(ops).iter().find(|card| card.number == number).cloned())
    };
    view! {
        <ul class="cards" class:dense=is_dense>
            <For each=move || numbers.get() key=|number| number.0 let:number>
                {find(number).map(|first| {
                    // What has just left the list is shown as it was until its card is taken away.
                    let card = Memo::new(move |before: Option<&IncidentCard>| {
                        track();
                        find(number).or_else(|| before.cloned()).unwrap_or_else(|| first.clone())
                    });
                    view! { <Card card=card/> }
                })}
            </For>
        </ul>
    }
}

/// Cards that stay as they are.
#[component]
pub(crate) fn FixedCards(cards: Vec<IncidentCard>) -> impl IntoView {
    let cards = cards.into_iter().map(|card| view! { <Card card=Signal::stored(card)/> });
    view! { <ul class="cards">{cards.collect_view()}</ul> }
}
