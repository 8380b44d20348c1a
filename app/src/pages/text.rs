//! Pages that are all text: they come from the server as they are, and are fetched anew when something that they show has changed.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::{
    fetch::{get_guide, get_history, get_home, get_incidents},
    sheet::sheet,
};

/// `/`: the way to the page that matters now.
#[component]
pub(crate) fn HomePage() -> AnyView {
    sheet("", false, || String::new(), |_| Box::pin(get_home()))
}

/// The list of incidents.
#[component]
pub(crate) fn IncidentsPage() -> AnyView {
    sheet("Incidents", true, || String::new(), |_| Box::pin(get_incidents()))
}

/// The history of incidents.
#[component]
pub(crate) fn HistoryPage() -> AnyView {
    let query = use_location().search;
    sheet("History", false, move || query.get(), |query| Box::pin(get_history(query)))
}

/// The calm guide for people.
#[component]
pub(crate) fn RunbookPage() -> AnyView {
    sheet("Runbook", false, || String::new(), |_| Box::pin(get_guide()))
}
