//! How a page comes, and how it is kept in step: it is shown as the server made it, and asked for
//! anew when something that concerns it happens. Then only the parts that changed are exchanged, so
//! that nothing moves under the reader.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::{
    live,
    page::{Fetch, Lives, Sheet},
    pages::lost,
    pulse,
};

/// A page. `key` is what `fetch` needs to know.
pub(crate) fn sheet(
    lives: Lives,
    key: impl Fn() -> String + Send + Sync + 'static,
    fetch: Fetch,
) -> AnyView {
    let live = live::live();
    let key = Memo::new(move |_| key());
    let path = use_location().pathname;
    let sheet = Resource::new(move || key.get(), fetch);
    #[cfg(feature = "hydrate")]
    live::keep(live, lives, key, fetch);
    #[cfg(not(feature = "hydrate"))]
    let _ = lives;
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match sheet.await {
                    Ok(Sheet { cursor, place, html }) => {
                        if let Some(cursor) = cursor {
                            live.read_at(cursor);
                        }
                        pulse::place(place);
                        #[cfg(feature = "hydrate")]
                        live.localize_soon();
                        view! { <div id="sheet" class="sheet" inner_html=html.text></div> }.into_any()
                    }
                    Err(problem) => lost::problem(&problem, &path.get_untracked()),
                }
            })}
        </Transition>
    }
    .into_any()
}
