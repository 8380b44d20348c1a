//! The pages: each comes from the server as it is shown, and is asked for anew when something that
//! it shows has changed.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_params_map, use_query_map};

use crate::{
    fetch::{
        get_approve, get_guide, get_health, get_history, get_home, get_incident, get_incidents,
        get_journal, get_shares,
    },
    page::Lives,
    sheet::sheet,
};

pub(crate) mod lost;

/// `/`: the way to the page that matters now.
#[component]
pub(crate) fn HomePage() -> AnyView {
    sheet(Lives::No, String::new, |_| Box::pin(get_home()))
}

/// Live health.
#[component]
pub(crate) fn HealthPage() -> AnyView {
    sheet(Lives::Always, String::new, |_| Box::pin(get_health()))
}

/// What the address names, and the word that a form led back with, if it did. An id holds no space.
fn key() -> impl Fn() -> String + Send + Sync + 'static {
    let (params, query) = (use_params_map(), use_query_map());
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    move || query.with(|query| format!("{} {}", id(), query.get("done").unwrap_or_default()))
}

fn parts(key: &str) -> (String, String) {
    let (id, done) = key.split_once(' ').unwrap_or((key, ""));
    (id.to_owned(), done.to_owned())
}

/// One incident.
#[component]
pub(crate) fn IncidentPage() -> AnyView {
    sheet(Lives::Incident, key(), |key| {
        let (id, done) = parts(&key);
        Box::pin(get_incident(id, done))
    })
}

/// One recommendation, to be decided upon.
#[component]
pub(crate) fn ApprovePage() -> AnyView {
    sheet(Lives::Incident, key(), |key| {
        let (id, done) = parts(&key);
        Box::pin(get_approve(id, done))
    })
}

/// The list of incidents.
#[component]
pub(crate) fn IncidentsPage() -> AnyView {
    sheet(Lives::Always, String::new, |_| Box::pin(get_incidents()))
}

/// The history of incidents.
#[component]
pub(crate) fn HistoryPage() -> AnyView {
    let query = use_location().search;
    sheet(Lives::No, move || query.get(), |query| Box::pin(get_history(query)))
}

/// The journal. What is shown stays where it is; only what concerns no incident, such as a removal,
/// asks for it anew.
#[component]
pub(crate) fn JournalPage() -> AnyView {
    let query = use_location().search;
    sheet(Lives::Apart, move || query.get(), |query| Box::pin(get_journal(query)))
}

/// The links that share an incident. It may tell a link that is shown once, so it stays as it came.
#[component]
pub(crate) fn SharesPage() -> AnyView {
    let (params, query) = (use_params_map(), use_query_map());
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    let key =
        move || query.with(|query| format!("{} {}", id(), query.get("done").unwrap_or_default()));
    sheet(Lives::No, key, |key| {
        let (id, done) = key.split_once(' ').unwrap_or((&key, ""));
        Box::pin(get_shares(id.to_owned(), done.to_owned()))
    })
}

/// The calm guide for people.
#[component]
pub(crate) fn RunbookPage() -> AnyView {
    sheet(Lives::No, String::new, |_| Box::pin(get_guide()))
}
