//! What comes from the server as it is shown, and how a page waits for its data.

use std::{future::Future, pin::Pin};

use leptos::prelude::*;

use crate::{live, page::Sheet, pages::lost, problem::Problem, pulse};

/// A sheet on its way.
pub(crate) type Coming = Pin<Box<dyn Future<Output = Result<Sheet, Problem>> + Send>>;

/// HTML that the server made: its every text was escaped there. Nothing else ever comes here.
pub(crate) fn ready(class: &'static str, html: String) -> AnyView {
    #[cfg(feature = "hydrate")]
    live::live().localize_soon();
    view! { <div class=class inner_html=html></div> }.into_any()
}

/// A page whose old content stays until the new one is there.
pub(crate) fn whole(content: impl Fn() -> AnyView + Send + Sync + 'static) -> AnyView {
    view! { <Transition>{content}</Transition> }.into_any()
}

/// A page that is one sheet. `lives` says whether the journal changes it.
pub(crate) fn sheet(
    place: &'static str,
    lives: bool,
    key: impl Fn() -> String + Send + Sync + 'static,
    fetch: fn(String) -> Coming,
) -> AnyView {
    pulse::place(place);
    let live = live::live();
    let key = Memo::new(move |_| key());
    let sheet = Resource::new(move || key.get(), fetch);
    if lives {
        live::refetch_on(move || sheet.refetch(), |_| true);
    }
    whole(move || {
        Suspend::new(async move {
            match sheet.await {
                Ok(Sheet { cursor, html }) => {
                    if let Some(cursor) = cursor {
                        live.read_at(cursor);
                    }
                    ready("sheet", html)
                }
                Err(problem) => lost::problem(&problem),
            }
        })
        .into_any()
    })
}
