//! The program that runs: the version, the documents in force, and where everything is described.

use commands::view::DocumentState;
use domain::hash::Head;
use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::page_of;
use crate::{
    components::{page::page, time::At},
    problem::Problem,
};

/// The program that runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AboutView {
    /// Version of the program.
    pub version: String,
    /// The documents in force.
    pub documents: Vec<DocumentState>,
    /// Head of the journal.
    pub head: Head,
}

/// Reads which program runs.
#[server(prefix = "/api/pages", endpoint = "about", input = GetUrl)]
pub async fn get_about() -> Result<AboutView, Problem> {
    let health = crate::backend::execute(commands::reading::GetHealth {}).await?;
    let documents = health.overview.documents;
    Ok(AboutView { version: health.version, documents, head: health.head })
}

/// The page.
#[component]
pub(crate) fn AboutPage() -> AnyView {
    page(
        |_| "About".to_owned(),
        || (),
        |()| get_about(),
        |_| {},
        |view| view! { <Page view/> }.into_any(),
    )
}

#[component]
fn Page(view: AboutView) -> impl IntoView {
    let AboutView { version, documents, head } = view;
    let items = documents.into_iter().map(|document| {
        let hash: String = document.sha256.chars().take(12).collect();
        let error = document.error.map(|error| {
            view! { <p class="said refused">"A newer version was refused: " {error}</p> }
        });
        view! {
            <li>
                <p><code>{document.name}</code></p>
                <p class="quiet">"In force since " <At at=Signal::stored(document.since)/> ", SHA-256 " <code>{hash}</code></p>
                {error}
            </li>
        }
    });
    let hash: String = head.hash.to_string().chars().take(12).collect();
    let content = view! {
        <p class="lead">{format!("Calm Ops {version}")}</p>
        <section aria-labelledby="documents">
            <h2 id="documents">"Documents in force"</h2>
            <ul class="listed">{items.collect_view()}</ul>
        </section>
        <section aria-labelledby="data">
            <h2 id="data">"Data"</h2>
            <p>{format!("The journal has {} entries; its head is ", head.number)} <code>{hash}</code> "."</p>
            <p class="links">
                <a href="/ops/journal">"Journal and its proof"</a>
                <a href="/api" rel="external">"API for programs"</a>
                <a href="/ops/runbook">"Runbook"</a>
            </p>
        </section>
    };
    page_of("/ops/settings/about", "About", content.into_any())
}
