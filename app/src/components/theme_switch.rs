//! The switch of the theme: a form without Wasm, and at once with it.

use leptos::{ev::MouseEvent, prelude::*};

use crate::theme::Theme;

/// The theme in force. Shared by all switches of a page.
#[derive(Clone, Copy)]
pub(crate) struct ChosenTheme(RwSignal<Theme>);

impl ChosenTheme {
    /// Provides the theme with which the document came.
    pub(crate) fn provide() -> Self {
        let chosen = Self(RwSignal::new(of_document()));
        provide_context(chosen);
        chosen
    }

    fn is(self, theme: Theme) -> bool {
        self.0.get() == theme
    }

    /// Shows another theme from now on, and keeps it.
    pub(crate) fn choose(self, theme: Theme) {
        self.0.set(theme);
        #[cfg(feature = "hydrate")]
        in_browser::apply(theme);
    }
}

#[cfg(feature = "ssr")]
fn of_document() -> Theme {
    use_context::<Theme>().unwrap_or_default()
}

#[cfg(not(feature = "ssr"))]
fn of_document() -> Theme {
    let root = document().document_element();
    let name = root.and_then(|root| root.get_attribute("data-theme"));
    name.and_then(|name| Theme::named(&name)).unwrap_or_default()
}

#[cfg(feature = "hydrate")]
mod in_browser {
    use super::*;

    /// Changes the document, and keeps the theme in the cookie that the server reads.
    pub(super) fn apply(theme: Theme) {
        let Some(root) = document().document_element() else { return };
        let _ = match theme.attribute() {
            Some(name) => root.set_attribute("data-theme", name),
            None => root.remove_attribute("data-theme"),
        };
        if let Ok(Some(meta)) = document().query_selector("meta[name=color-scheme]") {
            let _ = meta.set_attribute("content", theme.color_scheme());
        }
        let is_secure = window().location().protocol().is_ok_and(|protocol| protocol == "https:");
        let cookie = theme.cookie(is_secure);
        let _ = js_sys::Reflect::set(&document(), &"cookie".into(), &cookie.into());
    }
}

/// The switch; `to` is the page to come back to.
#[component]
pub(crate) fn ThemeSwitch(#[prop(into)] to: Signal<String>) -> impl IntoView {
    let chosen = expect_context::<ChosenTheme>();
    let button = move |theme: Theme| {
        let word = match theme {
            Theme::System => "System",
            Theme::Light => "Light",
            Theme::Dark => "Dark",
        };
        let is_pressed = move || if chosen.is(theme) { "true" } else { "false" };
        view! {
            <button
                type="submit"
                name="theme"
                value=theme.name()
                aria-pressed=is_pressed
                on:click=move |event: MouseEvent| {
                    event.prevent_default();
                    chosen.choose(theme);
                }
            >
                {word}
            </button>
        }
    };
    view! {
        <form class="theme" method="post" action="/theme">
            <input type="hidden" name="to" value=move || to.get()/>
            <div role="group" aria-label="Theme">{Theme::ALL.map(button)}</div>
        </form>
    }
}
