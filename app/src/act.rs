//! What a person can do to an incident: a plain form first; with Wasm it answers without leaving the page.

use leptos::prelude::*;

use crate::problem::Problem;

/// Does one of `acknowledge`, `comment`, `resolve`, `reopen` to an incident; `text` is the comment or the note.
#[server(prefix = "/api/pages", endpoint = "act")]
pub async fn act(incident: u32, what: String, #[server(default)] text: String) -> Result<String, Problem> {
    use crate::problem::Kind;
    use rules::{desk::Command, incident::IncidentNumber};
    let number = IncidentNumber(incident);
    let (command, done) = match what.as_str() {
        "acknowledge" => (Command::Acknowledge { incident: number }, "Acknowledged. The team sees that someone is on it."),
        "comment" => (Command::Comment { incident: number, text }, "Written on the timeline."),
        "resolve" => (Command::Resolve { incident: number, note: text }, "Resolved. It stays in the history, and can be opened again."),
        "reopen" => (Command::Reopen { incident: number, note: text }, "Open again. Calm Ops watches it."),
        _ => {
            let sentence = "What was sent could not be read. Nothing was changed. Reload the page and try again.".to_owned();
            return Err(crate::door::refuse(Problem { kind: Kind::Invalid, sentence }));
        }
    };
    crate::door::act(incident, command, done).await
}
