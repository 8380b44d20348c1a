//! The facts behind a draft, and those that are newer than what was saved.

use commands::messages::{AudienceMessage, Draft, DraftSentence, NewFact};
use leptos::prelude::*;
use wording::message::more_facts;

use crate::components::{prose::prose, time::At};

/// The page of the journal that begins with an entry.
fn entry(number: u64) -> String {
    format!("/ops/journal?before={}#entry-{number}", number.saturating_add(1))
}

/// Each sentence of the draft with the entries that it follows from.
pub(super) fn behind(draft: Memo<Option<Draft>>) -> AnyView {
    let lines = move || {
        draft.with(|draft| {
            draft.as_ref().map(|draft| draft.sentences.iter().map(line).collect_view())
        })
    };
    view! {
        <details class="fold">
            <summary>"The facts behind each sentence of the draft"</summary>
            <p>"A sentence whose fact is not known is left out. The templates are in reports/messages of your documents."</p>
            <ol class="timeline">{lines}</ol>
        </details>
    }
    .into_any()
}

fn line(one: &DraftSentence) -> AnyView {
    let link = |number: &u64| view! { " " <a href=entry(*number)>"Entry " {*number}</a> };
    let facts = if one.entries.is_empty() {
        "It states no fact.".into_any()
    } else {
        one.entries.iter().map(link).collect_view().into_any()
    };
    view! { <li class="line"><p>{one.text.clone()}</p><p class="quiet">{facts}</p></li> }.into_any()
}

/// Facts that are newer than the saved version.
pub(super) fn since_saved(one: &AudienceMessage) -> Option<AnyView> {
    let line = |fact: &NewFact| {
        view! {
            <li><a href=entry(fact.number)><At at=Signal::stored(fact.at)/></a> ": " {prose(&fact.sentence)}</li>
        }
    };
    (!one.since_saved.is_empty()).then(|| {
        let lines = one.since_saved.iter().map(line).collect_view();
        let more = (one.more_since_saved > 0).then(|| more_facts(one.more_since_saved));
        view! {
            <div class="notice">
                <p>"Since this was saved:"</p>
                <ul>{lines}</ul>
                {more.map(|more| view! { <p>{more}</p> })}
            </div>
        }
        .into_any()
    })
}
