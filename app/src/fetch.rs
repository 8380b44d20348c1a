//! What the pages read. Every one of these goes through the desk, as whoever asks.

use leptos::{prelude::*, server_fn::codec::GetUrl};
use rules::view::{Health, History, Incidents};

use crate::{
    page::{GuidePage, IncidentData, Pulse, Search},
    problem::Problem,
};

/// Where `/` leads: to the incident that needs someone, or to the health page.
#[server(prefix = "/api/pages", endpoint = "home", input = GetUrl)]
pub async fn get_home() -> Result<String, Problem> {
    let incidents = crate::compose::incidents().await?;
    let path = match incidents.active.as_slice() {
        [only] => format!("/ops/incidents/{}", only.number),
        [] | [_, _, ..] => "/ops/health".to_owned(),
    };
    leptos_axum::redirect(&path);
    Ok(path)
}

/// How things stand.
#[server(prefix = "/api/pages", endpoint = "pulse", input = GetUrl)]
pub async fn get_pulse() -> Result<Pulse, Problem> {
    crate::compose::pulse().await
}

/// The health page.
#[server(prefix = "/api/pages", endpoint = "health", input = GetUrl)]
pub async fn get_health() -> Result<Health, Problem> {
    crate::compose::health().await
}

/// The incidents page.
#[server(prefix = "/api/pages", endpoint = "incidents", input = GetUrl)]
pub async fn get_incidents() -> Result<Incidents, Problem> {
    crate::compose::incidents().await
}

/// The page of one incident. A UUID leads to the number.
#[server(prefix = "/api/pages", endpoint = "incident", input = GetUrl)]
pub async fn get_incident(id: String) -> Result<IncidentData, Problem> {
    crate::compose::incident(&id).await
}

/// Incidents of all times.
#[server(prefix = "/api/pages", endpoint = "history", input = GetUrl)]
pub async fn get_history(search: Search) -> Result<History, Problem> {
    crate::compose::history(&search).await
}

/// The guide for people.
#[server(prefix = "/api/pages", endpoint = "guide", input = GetUrl)]
pub async fn get_guide() -> Result<GuidePage, Problem> {
    crate::compose::guide().await
}
