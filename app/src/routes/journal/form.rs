//! The search of the journal. Every field stands in the address.

use commands::audit::AuditAuthor;
use domain::{
    actor::{Actor, Names},
    journal::Event,
};
use leptos::prelude::*;
use wording::journal;

use super::view::AuditSearch;
use crate::routes::period::{Offset, zone};

fn field(name: &'static str, label: &'static str, kind: &'static str, value: &str) -> AnyView {
    view! { <div><label for=name>{label}</label><input id=name name=name type=kind maxlength="200" value=value.to_owned()/></div> }
        .into_any()
}

/// A time of a search. The browser says by which clock, where it can; without that it is UTC.
fn time(name: &'static str, label: &'static str, search: &AuditSearch) -> AnyView {
    let value = if name == "from" { &search.from } else { &search.to };
    // A day that stands in an address is shown as its first minute.
    let value = if value.is_empty() || value.contains('T') {
        value.clone()
    } else {
        format!("{value}T00:00")
    };
    let zone = zone(&search.offset);
    view! { <div><label for=name>{label} " " {zone}</label><input id=name name=name type="datetime-local" value=value/></div> }
        .into_any()
}

fn choice(
    name: &'static str,
    label: &'static str,
    chosen: &str,
    options: Vec<(String, String)>,
) -> AnyView {
    // What stands in the address stays chosen, also where the list does not know it.
    let other = (!chosen.is_empty() && options.iter().all(|(value, _)| value != chosen))
        .then(|| (chosen.to_owned(), chosen.to_owned()));
    let options = [(String::new(), "any".to_owned())].into_iter().chain(options).chain(other).map(
        |(value, word)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{word}</option> }
        },
    );
    view! { <div><label for=name>{label}</label><select id=name name=name>{options.collect_view()}</select></div> }.into_any()
}

pub(super) fn form(search: &AuditSearch, names: &Names) -> AnyView {
    let mut actors: Vec<(String, String)> = [
        (AuditAuthor::CalmOps, "Calm Ops"),
        (AuditAuthor::One(Actor::Local), "Someone on this machine"),
    ]
    .map(|(actor, word)| (actor.to_string(), word.to_owned()))
    .to_vec();
    let known =
        names.0.iter().filter(|(actor, _)| matches!(actor, Actor::Account(_) | Actor::Token(_)));
    actors.extend(known.map(|(actor, name)| (actor.to_string(), name.clone())));
    let kinds = Event::KINDS
        .iter()
        .map(|kind| ((*kind).to_owned(), journal::kind(kind).to_owned()))
        .collect();
    // Open while it narrows what is shown.
    view! {
        <details class="fold" id="search" open=search.is_searched()>
        <summary>"Search"</summary>
        <form class="search" method="get" action="/ops/journal" role="search">
            {choice("actor", "Who", &search.actor, actors)}
            {choice("kind", "What", &search.kind, kinds)}
            {field("subject", "Subject begins with", "text", &search.subject)}
            {field("incident", "Incident", "text", &search.incident)}
            {time("from", "From", search)}
            {time("to", "To", search)}
            {(!search.group.is_empty()).then(|| view! { <input type="hidden" name="group" value=search.group.clone()/> })}
            <Offset kept=search.offset.clone()/>
            <button class="button" type="submit">"Search"</button>
        </form>
        </details>
    }
    .into_any()
}
