//! Loading of a page: with the document, and later over a server function. What it shows then
//! follows the store; only after an outage, or where the stream does not come through, is it asked
//! for again.

use std::future::Future;

use domain::journal::Cursor;
use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    codec::Json,
    components::{awaited::awaited, error},
    live::live,
    problem::Problem,
    pulse,
};

/// A page. `key` is what `fetch` needs to know; `take` puts what came where the page reads it, at
/// first and again; `show` makes the page, once for each key.
pub(crate) fn page<K, V, F>(
    place: impl Fn(&V) -> String + Copy + Send + Sync + 'static,
    key: impl Fn() -> K + Send + Sync + 'static,
    fetch: impl Fn(K) -> F + Copy + Send + Sync + 'static,
    take: impl Fn(&V) + Copy + Send + Sync + 'static,
    show: impl Fn(V) -> AnyView + Copy + Send + Sync + 'static,
) -> AnyView
where
    K: Clone + PartialEq + Send + Sync + 'static,
    V: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Result<V, Problem>> + Send + 'static,
{
    let path = leptos_router::hooks::use_location().pathname;
    // The address of the next page is no other question for this one, which is about to go.
    let here = path.with_untracked(|path| place_of(path).to_owned());
    let key = Memo::new(move |before: Option<&K>| match before {
        Some(before) if path.with(|path| place_of(path) != here) => before.clone(),
        _ => key(),
    });
    let resource = Resource::<_, Json>::new_with_options(move || key.get(), fetch, false);
    let has_failed = StoredValue::new(false);
    #[cfg(feature = "hydrate")]
    let asks = StoredValue::new(0u32);
    #[cfg(feature = "hydrate")]
    live().on_page(move || {
        let Some(asked) = key.try_get_untracked() else { return };
        if has_failed.get_value() {
            resource.refetch();
            return;
        }
        let number = asks.try_update_value(|asks| {
            *asks += 1;
            *asks
        });
        leptos::task::spawn_local(async move {
            let answer = fetch(asked.clone()).await;
            // The reader may have gone on meanwhile, and answers may pass each other.
            let is_newest = asks.try_get_value() == number;
            let is_here = key.try_with_untracked(|key| *key == asked) == Some(true);
            if let (Ok(value), true, true) = (answer, is_newest, is_here) {
                take(&value);
            }
        });
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = live;
    awaited(move || async move {
        let loaded = resource.await;
        has_failed.try_set_value(loaded.is_err());
        match loaded {
            Ok(value) => {
                take(&value);
                pulse::place(place(&value));
                #[cfg(feature = "hydrate")]
                crate::state::navigation::arrived();
                show(value)
            }
            Err(problem) => error::problem(&problem, &path.try_get_untracked().unwrap_or_default()),
        }
    })
}

/// A page with a state that is kept up to date. `read_at` is where the journal stood when an answer
/// was read; an answer without it stands in place of the page. `take` brings the state up to date,
/// and `show` makes it and the page.
pub(crate) fn followed<K, V, S, F>(
    place: impl Fn(&V) -> String + Copy + Send + Sync + 'static,
    key: impl Fn() -> K + Send + Sync + 'static,
    fetch: impl Fn(K) -> F + Copy + Send + Sync + 'static,
    read_at: impl Fn(&V) -> Option<Cursor> + Copy + Send + Sync + 'static,
    take: impl Fn(S, &V) + Copy + Send + Sync + 'static,
    show: impl Fn(V) -> (Option<S>, AnyView) + Copy + Send + Sync + 'static,
) -> AnyView
where
    K: Clone + PartialEq + Send + Sync + 'static,
    V: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    S: Copy + Send + Sync + 'static,
    F: Future<Output = Result<V, Problem>> + Send + 'static,
{
    let live = live();
    let state = StoredValue::new(None::<S>);
    let refresh = move |answer: &V| {
        let Some(cursor) = read_at(answer) else { return };
        live.read_at(cursor);
        if let Some(state) = state.get_value() {
            take(state, answer);
        }
    };
    let first = move |answer: V| {
        let (shown, view) = show(answer);
        if shown.is_some() {
            state.set_value(shown);
        }
        view
    };
    page(place, key, fetch, refresh, first)
}

/// The place that an address belongs to: its first two parts.
fn place_of(path: &str) -> &str {
    path.match_indices('/').nth(2).map_or(path, |(end, _)| &path[..end])
}

/// The part of the address that names something, and the word that a form led back with, if it did.
pub(crate) fn key() -> impl Fn() -> (String, String) + Send + Sync + 'static {
    let (params, query) =
        (leptos_router::hooks::use_params_map(), leptos_router::hooks::use_query_map());
    move || {
        let id = params.with(|params| params.get("id").unwrap_or_default());
        (id, query.with(|query| query.get("done").unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_one_kind_belong_to_one_place() {
        assert_eq!(place_of("/ops/incidents/7/share"), "/ops/incidents");
        assert_eq!(place_of("/ops/incidents"), "/ops/incidents");
        assert_eq!((place_of("/"), place_of("")), ("/", ""));
    }
}
