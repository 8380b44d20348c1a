//! Incidents of all times: a search whose every field stands in the address.

use commands::view::History;
use leptos::prelude::*;

use crate::{drawn::card, facts::Search, problem::Problem};

/// The page: the form with what was typed, and what was found.
pub(crate) fn page(search: &Search, answer: Result<&History, &Problem>) -> String {
    let found = match answer {
        Ok(history) => list(history, search),
        Err(problem) => trouble(problem.sentence.clone()),
    };
    view! {
        <h1>"History"</h1>
        <p class="lead">"Every incident since the beginning, newest first."</p>
        {form(search)}
        {found}
    }
    .into_any()
    .to_html()
}

fn trouble(sentence: String) -> AnyView {
    view! { <p class="said refused" role="status">{sentence}</p><p class="links"><a href="/ops/history">"Begin a new search"</a></p> }
        .into_any()
}

fn field(name: &'static str, label: &'static str, kind: &'static str, value: &str) -> AnyView {
    view! { <div><label for=name>{label}</label><input id=name name=name type=kind maxlength="200" value=value.to_owned()/></div> }
        .into_any()
}

fn form(search: &Search) -> AnyView {
    let severity = search.severity.clone();
    let option = |value: &'static str, word: &'static str| view! { <option value=value selected=severity == value>{word}</option> };
    view! {
        <form class="search" method="get" action="/ops/history" role="search">
            {field("text", "Words", "search", &search.text)}
            {field("subject", "Subject begins with", "text", &search.subject)}
            <div>
                <label for="severity">"Severity"</label>
                <select id="severity" name="severity">{option("", "any")} {option("warning", "warning")} {option("critical", "critical")}</select>
            </div>
            {field("from", "From (UTC)", "date", &search.from)}
            {field("to", "To (UTC)", "date", &search.to)}
            <button class="button" type="submit">"Search"</button>
        </form>
    }
    .into_any()
}

fn list(history: &History, search: &Search) -> AnyView {
    if history.incidents.is_empty() {
        let sentence = if search.is_narrow() || !search.before.is_empty() {
            "No incident fits this search. Fewer words, or a longer time, may find it."
        } else {
            "There was no incident yet. Each one is kept here with its evidence and its timeline, for as long as you like."
        };
        return view! {
            <p class="empty">{sentence}</p>
            {search.is_narrow().then(|| view! { <p class="links"><a href="/ops/history">"Show all"</a></p> })}
        }
        .into_any();
    }
    let first = search.before.is_empty();
    view! {
        {card::cards(&history.incidents)}
        <p class="links">
            {(!first).then(|| view! { <a href=search.address("")>"Newest"</a> })}
            {history.next.map(|next| view! { <a href=search.address(&next.to_string())>"Older"</a> })}
        </p>
    }
    .into_any()
}
