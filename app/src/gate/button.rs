//! Buttons of the settings.

use leptos::prelude::*;

/// One form with one button, for what needs nothing typed.
pub(super) fn one(what: &'static str, id: &impl ToString, word: &'static str) -> AnyView {
    view! {
        <form method="post" action="/ops/settings">
            <input type="hidden" name="what" value=what/>
            <input type="hidden" name="id" value=id.to_string()/>
            <button class="button small" type="submit">{word}</button>
        </form>
    }
    .into_any()
}
