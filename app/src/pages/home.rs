//! `/`: leads to the page that matters now.

use leptos::prelude::*;

use crate::{fetch::get_home, pages::lost};

/// The way to the page that matters now.
#[component]
pub(crate) fn HomePage() -> impl IntoView {
    let home = Resource::new(|| (), |()| get_home());
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match home.await {
                    Ok(path) => view! { <h1>"Calm Ops"</h1><p><a href=path>"Go to the page that matters now"</a></p> }.into_any(),
                    Err(problem) => lost::problem(&problem),
                }
            })}
        </Suspense>
    }
}
