//! What the health page says besides its readings.

use leptos::prelude::*;
use rules::{
    journal::BlindReason,
    say,
    view::{BlindSpan, DocumentState, Health},
};

use crate::clock;

/// What was not seen, and documents whose edit was refused.
pub(crate) fn notices(blind: &[BlindSpan], documents: &[DocumentState]) -> String {
    let refused = documents.iter().filter_map(|document| {
        let error = document.error.clone()?;
        Some(view! {
            <div class="notice">
                <p>
                    <strong>"The last edit of " <code>{document.name.clone()}</code> " has an error."</strong>
                    " The version before it stays in force, since " {clock::moment(document.since)} ". Correct the file; it is read again by itself."
                </p>
                <pre>{error}</pre>
            </div>
        })
    });
    let spans = blind.iter().map(|span| {
        let why = match span.why {
            BlindReason::NotRunning => "Calm Ops was not running",
            BlindReason::Asleep => "the machine slept, or Calm Ops could not run",
        };
        let length = say::seconds(span.to.since(span.from).as_secs_f64());
        view! { <li>"Nothing is known of " {length} ", which ended " {clock::moment(span.to)} ": " {why} "."</li> }
    });
    view! {
        {refused.collect_view()}
        {(!blind.is_empty()).then(|| view! {
            <section class="blind" aria-labelledby="blind"><h2 id="blind">"Not seen in the last day"</h2><ul>{spans.collect_view()}</ul></section>
        })}
    }
    .into_any()
    .to_html()
}

/// What proves the record, and what runs.
pub(crate) fn foot(health: &Health) -> String {
    let hash: String = health.head.hash.to_string().chars().take(12).collect();
    let documents = health.documents.iter().map(|document| {
        let hash: String = document.sha256.chars().take(12).collect();
        view! { <li><code>{document.name.clone()}</code> " in force since " {clock::moment(document.since)} ", " <code>{hash}</code></li> }
    });
    view! {
        <footer class="foot">
            <p>
                "Journal at entry " {health.head.number} ", " <code title=health.head.hash.to_string()>{hash}</code>
                ". Calm Ops " {health.version.clone()} "."
            </p>
            {(!health.documents.is_empty()).then(|| view! {
                <details class="fold"><summary>"Documents in force"</summary><ul>{documents.collect_view()}</ul></details>
            })}
        </footer>
    }
    .into_any()
    .to_html()
}
