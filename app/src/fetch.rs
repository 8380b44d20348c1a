//! What the pages read. Every one of these goes through the service, as whoever asks.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use crate::{
    page::{Pulse, Sheet},
    problem::Problem,
};

/// Where `/` leads: to the incident that needs someone, or to the health page.
#[server(prefix = "/api/pages", endpoint = "home", input = GetUrl)]
pub async fn get_home() -> Result<Sheet, Problem> {
    crate::compose::home().await
}

/// How things stand.
#[server(prefix = "/api/pages", endpoint = "pulse", input = GetUrl)]
pub async fn get_pulse() -> Result<Pulse, Problem> {
    crate::compose::pulse().await
}

/// The health page.
#[server(prefix = "/api/pages", endpoint = "health", input = GetUrl)]
pub async fn get_health() -> Result<Sheet, Problem> {
    crate::compose::health().await
}

/// The incidents page.
#[server(prefix = "/api/pages", endpoint = "incidents", input = GetUrl)]
pub async fn get_incidents() -> Result<Sheet, Problem> {
    crate::compose::incidents().await
}

/// The page of one incident. A UUID leads to the number; `done` is the word that a form led back
/// with.
#[server(prefix = "/api/pages", endpoint = "incident", input = GetUrl)]
pub async fn get_incident(id: String, #[server(default)] done: String) -> Result<Sheet, Problem> {
    crate::compose::incident(&id, &done).await
}

/// The page of one recommendation; `done` is the word that a form led back with.
#[server(prefix = "/api/pages", endpoint = "approve", input = GetUrl)]
pub async fn get_approve(id: String, #[server(default)] done: String) -> Result<Sheet, Problem> {
    crate::compose::approve(&id, &done).await
}

/// Incidents of all times, searched as the address says.
#[server(prefix = "/api/pages", endpoint = "history", input = GetUrl)]
pub async fn get_history(#[server(default)] query: String) -> Result<Sheet, Problem> {
    crate::compose::history(&query).await
}

/// The journal, searched as the address says.
#[server(prefix = "/api/pages", endpoint = "journal", input = GetUrl)]
pub async fn get_journal(#[server(default)] query: String) -> Result<Sheet, Problem> {
    crate::compose::trail::journal(&query).await
}

/// The links that share an incident; `done` is the word that a form led back with.
#[server(prefix = "/api/pages", endpoint = "shares", input = GetUrl)]
pub async fn get_shares(id: String, #[server(default)] done: String) -> Result<Sheet, Problem> {
    crate::compose::trail::shares(&id, &done).await
}

/// The guide for people.
#[server(prefix = "/api/pages", endpoint = "guide", input = GetUrl)]
pub async fn get_guide() -> Result<Sheet, Problem> {
    crate::compose::guide().await
}
