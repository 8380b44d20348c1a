//! What a person can do to an incident. Each is a plain form first; with Wasm it answers without leaving the page.

use leptos::prelude::*;

use crate::problem::Problem;

/// Takes note of an incident.
#[server(prefix = "/api/pages", endpoint = "acknowledge")]
pub async fn acknowledge(incident: u32) -> Result<String, Problem> {
    use rules::{desk::Command, incident::IncidentNumber};
    crate::door::act(
        incident,
        Command::Acknowledge { incident: IncidentNumber(incident) },
        "Acknowledged. The team sees that someone is on it.",
    )
    .await
}

/// Writes something on an incident's timeline.
#[server(prefix = "/api/pages", endpoint = "comment")]
pub async fn comment(incident: u32, #[server(default)] text: String) -> Result<String, Problem> {
    use rules::{desk::Command, incident::IncidentNumber};
    crate::door::act(incident, Command::Comment { incident: IncidentNumber(incident), text }, "Written on the timeline.").await
}

/// Ends an incident.
#[server(prefix = "/api/pages", endpoint = "resolve")]
pub async fn resolve(incident: u32, #[server(default)] note: String) -> Result<String, Problem> {
    use rules::{desk::Command, incident::IncidentNumber};
    crate::door::act(
        incident,
        Command::Resolve { incident: IncidentNumber(incident), note },
        "Resolved. It stays in the history, and can be reopened.",
    )
    .await
}

/// Opens a resolved incident again.
#[server(prefix = "/api/pages", endpoint = "reopen")]
pub async fn reopen(incident: u32, #[server(default)] note: String) -> Result<String, Problem> {
    use rules::{desk::Command, incident::IncidentNumber};
    crate::door::act(incident, Command::Reopen { incident: IncidentNumber(incident), note }, "Open again. Calm Ops watches it.").await
}
