//! The runbook for people: what to do when things break.

use commands::view::Document;
use leptos::{prelude::*, server_fn::codec::GetUrl};

use crate::{
    components::{
        markdown::{Markdown, render},
        page::page,
    },
    problem::Problem,
};

/// The runbook.
#[server(prefix = "/api/pages", endpoint = "runbook", input = GetUrl)]
pub async fn get_runbook() -> Result<Document, Problem> {
    let name = "runbooks/when-things-break.md".to_owned();
    crate::backend::execute(commands::reading::GetDocument { name }).await
}

/// The page.
#[component]
pub(crate) fn RunbookPage() -> AnyView {
    page(
        |_| "Runbook".to_owned(),
        || (),
        |()| get_runbook(),
        |_| {},
        |document: Document| view! { <Page document/> }.into_any(),
    )
}

/// The document with its table of contents.
#[component]
fn Page(document: Document) -> impl IntoView {
    let rendered = render(&document.markdown);
    let sections = rendered.contents.iter().filter(|(level, _, _)| *level == 2);
    let sections = sections
        .map(|(_, text, slug)| view! { <li><a href=format!("#{slug}")>{text.clone()}</a></li> });
    let sections = sections.collect_view();
    let has_title = rendered.contents.iter().any(|(level, _, _)| *level == 1);
    view! {
        <div class="page">
            {(!has_title).then(|| view! { <h1>"Runbook"</h1> })}
            <div class="guide">
                <nav class="contents" aria-label="In this runbook"><ul>{sections}</ul></nav>
                <Markdown of=rendered/>
            </div>
        </div>
    }
}
