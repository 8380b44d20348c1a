//! Texts to be copied, and secrets that are shown once. The button is there as soon as the page is
//! alive; without Wasm the text is selected and copied by hand.

use leptos::prelude::*;

use crate::{actions::NewSecret, clock::Clock};

/// The outcome of pressing the button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only a browser copies"))]
enum Copied {
    NotYet,
    Yes,
    No,
}

/// A button that copies a text.
#[component]
pub(crate) fn Copy(
    /// The text.
    #[prop(into)]
    text: Signal<String>,
    /// The words on the button.
    #[prop(default = "Copy")]
    label: &'static str,
) -> impl IntoView {
    let clock = use_context::<Clock>().unwrap_or_else(Clock::provide);
    let copied = RwSignal::new(Copied::NotYet);
    #[cfg(feature = "hydrate")]
    let press = move |_| browser::copy(&text.get_untracked(), copied);
    #[cfg(not(feature = "hydrate"))]
    let press = move |_| _ = text;
    let said = move || match copied.get() {
        Copied::NotYet => "",
        Copied::Yes => "Copied.",
        Copied::No => "This browser does not let pages copy here. Select the text and copy it.",
    };
    view! {
        <span class="copy">
            <button class="button small" type="button" hidden=move || !clock.is_alive() on:click=press>{label}</button>
            <span class="quiet" role="status">{said}</span>
        </span>
    }
}

/// A secret that is shown once, with a command line that uses it.
#[component]
pub(crate) fn SecretOnce(secret: NewSecret) -> impl IntoView {
    let NewSecret { what, secret, command } = secret;
    let command = command.map(|(what, line)| {
        view! {
            <p>{what}</p>
            <pre class="command-line"><code>{line.clone()}</code></pre>
            <Copy text=line label="Copy command"/>
        }
    });
    view! {
        <div class="once">
            <p>{what}</p>
            <p><code class="secret">{secret.clone()}</code></p>
            <Copy text=secret/>
            {command}
            <p class="quiet">"It is shown only once. Copy it now; it can't be recovered later."</p>
        </div>
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use js_sys::{Function, Promise, Reflect};
    use leptos::prelude::*;
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};

    use super::Copied;

    /// Copies a text, and tells what came of it. A page that came by plain http has no clipboard.
    pub(super) fn copy(text: &str, copied: RwSignal<Copied>) {
        let Some(written) = write(text) else {
            copied.set(Copied::No);
            return;
        };
        let tell = |what: Copied| {
            Closure::<dyn FnMut(JsValue)>::new(move |_| {
                let _ = copied.try_set(what);
            })
        };
        let (yes, no) = (tell(Copied::Yes), tell(Copied::No));
        let _ = written.then2(&yes, &no);
        // They are called later, and once.
        yes.forget();
        no.forget();
    }

    fn write(text: &str) -> Option<Promise> {
        let navigator = Reflect::get(&window(), &"navigator".into()).ok()?;
        let clipboard = Reflect::get(&navigator, &"clipboard".into()).ok()?;
        if !clipboard.is_object() {
            return None;
        }
        let write = Reflect::get(&clipboard, &"writeText".into()).ok()?;
        let write = write.dyn_into::<Function>().ok()?;
        write.call1(&clipboard, &text.into()).ok()?.dyn_into().ok()
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_text_and_its_button_waits_until_the_page_is_alive() {
        let owner = Owner::new();
        let secret = NewSecret {
            what: "Your new token.".into(),
            secret: "<b>0f</b>".into(),
            command: Some(("Send a reading:".into(), "curl '<i>'".into())),
        };
        let html = owner.with(|| {
            Clock::provide();
            view! { <SecretOnce secret/> }.to_html()
        });
        assert!(html.contains("&lt;b&gt;0f&lt;/b&gt;") && !html.contains("<b>"), "{html}");
        assert_eq!(html.matches("hidden").count(), 2, "{html}");
        assert!(html.contains("Copy command") && html.contains("shown only once"), "{html}");
    }
}
