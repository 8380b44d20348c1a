//! The indicator that says whether the page is live, and if not, why and how old its data is.

use domain::time::Timestamp;
use leptos::prelude::*;

use crate::{live::live, problem::SIGN_IN, state::Connection};

/// The indicator; `path` is the page to come back to after signing in.
#[component]
pub(crate) fn LiveIndicator(
    #[prop(into)] path: Signal<String>,
    /// Of when the page is that the server made.
    #[prop(into)]
    loaded: Signal<Option<Timestamp>>,
) -> impl IntoView {
    let live = live();
    let sentence = move || match live.link.get() {
        Connection::Starting => Connection::Starting.sentence(None, None, loaded.get()),
        Connection::Live => Connection::Live.sentence(None, None, None),
        other => other.sentence(live.heard.get(), live.clock.get(), None),
    };
    // That it changes is read out, and not each second of an age.
    let spoken = move || match live.link.get() {
        Connection::Starting => String::new(),
        other => other.sentence(None, None, None),
    };
    let sign_in = move || {
        (live.link.get() == Connection::SignedOut).then(|| {
            let href = format!("{SIGN_IN}{}", path.get());
            view! { " " <a href=href rel="external">"Sign in"</a> }
        })
    };
    view! {
        <p class=move || live.link.get().class()>
            <i aria-hidden="true"></i>
            <span>
                <span class="away" aria-live="polite">{spoken}</span>
                <span aria-hidden="true">{sentence}</span>
                {sign_in}
            </span>
        </p>
    }
}
