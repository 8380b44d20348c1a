//! The calm guide for people, with its table of contents.

use leptos::prelude::*;

use crate::{fetch::get_guide, page::GuidePage, pages::lost, pulse};

/// The guide.
#[component]
pub(crate) fn RunbookPage() -> impl IntoView {
    pulse::place("Runbook");
    let guide = Resource::new(|| (), |()| get_guide());
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match guide.await {
                    Ok(guide) => page(&guide),
                    Err(problem) => lost::problem(&problem),
                }
            })}
        </Suspense>
    }
}

fn page(guide: &GuidePage) -> AnyView {
    let contents = guide.contents.iter().filter(|(level, _, _)| *level == 2).map(|(_, text, slug)| {
        view! { <li><a href=format!("#{slug}")>{text.clone()}</a></li> }
    });
    let has_title = guide.contents.iter().any(|(level, _, _)| *level == 1);
    view! {
        {(!has_title).then(|| view! { <h1>"Runbook"</h1> })}
        <div class="guide">
            <nav class="contents" aria-label="In this guide"><ul>{contents.collect_view()}</ul></nav>
            <div class="prose" inner_html=guide.html.clone()></div>
        </div>
    }
    .into_any()
}
