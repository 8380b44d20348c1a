//! Incidents of all times: a search whose every field stands in the address, what was found, and
//! figures about it.

use leptos::{prelude::*, server_fn::codec::GetUrl};
use leptos_router::hooks::use_location;

use crate::{
    components::{awaited::awaited, incident_card::FixedCards, prose::prose},
    live::live,
    problem::{Problem, SIGN_IN},
    pulse,
};
use charts::charts;
use form::{Fields, Typed};

mod charts;
mod form;
#[cfg(feature = "ssr")]
mod search;
mod view;

#[cfg(all(any(test, fuzzing), feature = "ssr"))]
pub(crate) use view::Search;
pub use view::{Found, HistoryView};

/// Incidents of all times, searched as the address says.
#[server(prefix = "/api/pages", endpoint = "history", input = GetUrl)]
pub async fn get_history(#[server(default)] query: String) -> Result<HistoryView, Problem> {
    Ok(search::run(&query).await)
}

/// The page. The fields stay while what was found is exchanged.
#[component]
pub(crate) fn HistoryPage() -> AnyView {
    let search = use_location().search;
    let query = Memo::new(move |_| search.get());
    let resource = Resource::new(move || query.get(), get_history);
    let typed = Typed::follow(query);
    let spoken = RwSignal::new(String::new());
    // The charts are open where all of history is looked at, until the reader chooses otherwise.
    let first = query.with_untracked(|query| view::Search::read(query).unwrap_or_default());
    let is_open = RwSignal::new(!first.is_narrow());
    let has_failed = StoredValue::new(false);
    #[cfg(feature = "hydrate")]
    live().on_page(move || {
        if has_failed.try_get_value() == Some(true) {
            resource.refetch();
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = live;
    let found = awaited(move || async move {
        let loaded = resource.await;
        has_failed.try_set_value(loaded.is_err());
        let by_typing = query.try_with_untracked(|query| typed.led_to(query)) == Some(true);
        if by_typing {
            spoken.try_set(told(&loaded));
        } else {
            pulse::place("History");
        }
        #[cfg(feature = "hydrate")]
        if by_typing {
            crate::state::navigation::stayed();
        } else {
            crate::state::navigation::arrived();
        }
        match loaded {
            Ok(view) => shown(view, is_open),
            Err(problem) => refused(&problem),
        }
    });
    view! {
        <div class="page history">
            <h1>"History"</h1>
            <p class="lead">"All incidents, newest first."</p>
            <p class="links">
                <a href="/ops/reports">"Stability reports"</a>
                <a href="/ops/uptime">"Uptime"</a>
            </p>
            <Fields typed=typed/>
            <p class="away" aria-live="polite">{move || spoken.get()}</p>
            {found}
        </div>
    }
    .into_any()
}

/// The result of a search in a few words, for those who don't see it change.
fn told(loaded: &Result<HistoryView, Problem>) -> String {
    match loaded {
        Ok(HistoryView { found: Ok(found), .. }) => {
            let first = wording::history::sentences(&found.summary).into_iter().next();
            first.unwrap_or_else(|| NONE.to_owned())
        }
        Ok(HistoryView { found: Err(problem), .. }) | Err(problem) => problem.sentence.clone(),
    }
}

/// Said where nothing fits a search.
const NONE: &str = "No matching incidents. Try fewer words or a longer period.";

fn shown(view: HistoryView, is_open: RwSignal<bool>) -> AnyView {
    let HistoryView { search, found } = view;
    match found {
        Ok(found) => list(found, &search, is_open),
        Err(problem) => refused(&problem),
    }
}

fn refused(problem: &Problem) -> AnyView {
    view! {
        <p class="said refused" role="status">{problem.sentence.clone()}</p>
        <p class="links">
            {problem.asks_for_sign_in().then(|| view! { <a href=format!("{SIGN_IN}/ops/history") rel="external">"Sign in"</a> })}
            <a href="/ops/history">"Clear search"</a>
        </p>
    }
    .into_any()
}

fn list(found: Found, search: &view::Search, is_open: RwSignal<bool>) -> AnyView {
    let is_narrow = search.is_narrow();
    let Found { incidents, summary, charts: drawn, newest, older } = found;
    let drawn = drawn.filter(|_| !incidents.is_empty() || !is_narrow);
    let drawn = drawn.map(|drawn| charts(&drawn, search, is_open));
    if incidents.is_empty() {
        let sentence = if is_narrow || newest.is_some() {
            NONE
        } else {
            "No incidents yet. They are kept here with their evidence and timeline."
        };
        return view! {
            <p class="empty">{sentence}</p>
            {is_narrow.then(|| view! { <p class="links"><a href="/ops/history">"Show all"</a></p> })}
            {drawn}
        }
        .into_any();
    }
    let sentences = wording::history::sentences(&summary)
        .into_iter()
        .map(|sentence| view! { <p>{prose(&sentence)}</p> });
    view! {
        <section class="figures" aria-label="Figures">
            <div>{sentences.collect_view()}</div>
        </section>
        {drawn}
        <FixedCards cards=incidents/>
        <p class="links">
            {newest.map(|href| view! { <a href=href>"Newest"</a> })}
            {older.map(|href| view! { <a href=href>"Older"</a> })}
        </p>
    }
    .into_any()
}
