//! Incidents of all times: a search whose every field stands in the address.

use leptos::{prelude::*, server_fn::codec::GetUrl};
use leptos_router::hooks::use_location;

use crate::{
    components::{incident_card::FixedCards, page::page},
    problem::Problem,
};

#[cfg(feature = "ssr")]
mod search;
mod view;

pub use view::{Found, HistoryView, Search};

/// Incidents of all times, searched as the address says.
#[server(prefix = "/api/pages", endpoint = "history", input = GetUrl)]
pub async fn get_history(#[server(default)] query: String) -> Result<HistoryView, Problem> {
    search::run(&query).await
}

/// The page.
#[component]
pub(crate) fn HistoryPage() -> AnyView {
    let query = use_location().search;
    page(
        |_| "History".to_owned(),
        move || query.get(),
        get_history,
        |_| {},
        |view| view! { <Page view/> }.into_any(),
    )
}

#[component]
fn Page(view: HistoryView) -> impl IntoView {
    let HistoryView { search, found } = view;
    let is_narrow = search.is_narrow();
    let found = match found {
        Ok(found) => list(found, is_narrow),
        Err(problem) => view! {
            <p class="said refused" role="status">{problem.sentence}</p>
            <p class="links"><a href="/ops/history">"Clear search"</a></p>
        }
        .into_any(),
    };
    view! {
        <div class="page">
            <h1>"History"</h1>
            <p class="lead">"All incidents, newest first."</p>
            {form(search)}
            {found}
        </div>
    }
}

fn field(
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    value: String,
) -> impl IntoView {
    view! { <div><label for=name>{label}</label><input id=name name=name type=kind maxlength="200" value=value/></div> }
}

fn form(search: Search) -> impl IntoView {
    let Search { text, severity, subject, from, to, before: _ } = search;
    let option = |value: &'static str, word: &'static str| view! { <option value=value selected=severity == value>{word}</option> };
    view! {
        <form class="search" method="get" action="/ops/history" role="search">
            {field("text", "Words", "search", text)}
            {field("subject", "Subject begins with", "text", subject)}
            <div>
                <label for="severity">"Severity"</label>
                <select id="severity" name="severity">{option("", "any")} {option("warning", "warning")} {option("critical", "critical")}</select>
            </div>
            {field("from", "From (UTC)", "date", from)}
            {field("to", "To (UTC)", "date", to)}
            <button class="button" type="submit">"Search"</button>
        </form>
    }
}

fn list(found: Found, is_narrow: bool) -> AnyView {
    let Found { incidents, newest, older } = found;
    if incidents.is_empty() {
        let sentence = if is_narrow || newest.is_some() {
            "No matching incidents. Try fewer words or a longer period."
        } else {
            "No incidents yet. They are kept here with their evidence and timeline."
        };
        return view! {
            <p class="empty">{sentence}</p>
            {is_narrow.then(|| view! { <p class="links"><a href="/ops/history">"Show all"</a></p> })}
        }
        .into_any();
    }
    view! {
        <FixedCards cards=incidents/>
        <p class="links">
            {newest.map(|href| view! { <a href=href>"Newest"</a> })}
            {older.map(|href| view! { <a href=href>"Older"</a> })}
        </p>
    }
    .into_any()
}
