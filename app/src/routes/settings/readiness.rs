//! Readiness: whether what a crisis needs is set up, and was tried.

use commands::readiness::Readiness;
use leptos::{prelude::*, server_fn::codec::GetUrl};
use wording::readiness::{self, ReadinessCheck};

use super::page_of;
use crate::{
    components::{badge::Badge, page::page, time::At},
    problem::Problem,
};

/// Whether what a crisis needs is set up.
#[server(prefix = "/api/pages", endpoint = "readiness", input = GetUrl)]
pub async fn get_readiness() -> Result<Readiness, Problem> {
    crate::door::execute(commands::reading::GetReadiness {}).await
}

/// The page.
#[component]
pub(crate) fn ReadinessPage() -> AnyView {
    page(
        |_| "Readiness".to_owned(),
        || (),
        |()| get_readiness(),
        |_| {},
        |view| view! { <Page view/> }.into_any(),
    )
}

#[component]
fn Page(view: Readiness) -> impl IntoView {
    let checks: Vec<AnyView> = readiness::checks(&view).into_iter().map(check).collect();
    let content = view! {
        <p class="lead">{readiness::lead(&view)}</p>
        <div class="readiness">{checks}</div>
    };
    page_of("/ops/settings/readiness", "Readiness", content.into_any())
}

fn check(check: ReadinessCheck) -> AnyView {
    let ReadinessCheck { id, heading, ready, sentence, at, details, advice, link } = check;
    let mark = if ready { ("healthy", "ready") } else { ("warning", "not ready") };
    let at = at.map(|at| view! { " " <At at=Signal::stored(at)/> "." });
    let details = (!details.is_empty()).then(|| {
        let details = details.into_iter().map(|detail| view! { <li>{detail}</li> });
        view! { <ul>{details.collect_view()}</ul> }
    });
    let advice = (!advice.is_empty()).then(|| view! { <p class="quiet">{advice}</p> });
    let link = link.map(|(href, words)| view! { <p class="links"><a href=href>{words}</a></p> });
    view! {
        <section aria-labelledby=id>
            <h2 id=id>{heading}</h2>
            <p><Badge of=Signal::stored(mark)/></p>
            <p>{sentence}{at}</p>
            {details}
            {advice}
            {link}
        </section>
    }
    .into_any()
}
