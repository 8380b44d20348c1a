//! The document around the pages: head, the strict policy of what may load, and the few lines that
//! start the Wasm.

use http::{HeaderValue, header, request::Parts};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::MetaTags;

use crate::{
    address::{self, AnsweredAt},
    declared,
    layout::App,
    theme::Theme,
};

/// The addresses of the parts that the browser loads. The server provides it in the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assets {
    /// The script that starts the Wasm.
    pub js: String,
    /// The Wasm.
    pub wasm: String,
    /// The style sheet.
    pub css: String,
}

impl Default for Assets {
    /// Names without a hash, for a program whose browser's part was not built.
    fn default() -> Self {
        Self {
            js: "/pkg/calm-ops.js".into(),
            wasm: "/pkg/calm-ops.wasm".into(),
            css: "/pkg/calm-ops.css".into(),
        }
    }
}

/// The policy of a page: only what comes from here, and the one script that bears this answer's
/// nonce. No style of its own on any element.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; font-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
    )
}

/// The policy of a page that has no Wasm.
fn policy_without_wasm(nonce: &str) -> String {
    policy(nonce).replace(" 'wasm-unsafe-eval'", "")
}

/// The lines that bring the page to life. Where a decision may have to be made on a poor
/// connection, the page is `light`: it is complete without the Wasm, which is loaded after
/// everything else, and not at all where the browser says that the connection is slow or dear.
fn start(js: &str, wasm: &str, light: bool) -> String {
    if light {
        format!(
            "const c=navigator.connection;if(!(c&&(c.saveData||/2g/.test(c.effectiveType))))addEventListener(\"load\",()=>\
             import({js:?}).then(m=>m.default({{module_or_path:{wasm:?}}}).then(m.hydrate)))"
        )
    } else {
        format!(
            "import init,{{hydrate}} from {js:?};init({{module_or_path:{wasm:?}}}).then(hydrate)"
        )
    }
}

/// The whole document, rendered on the server.
pub fn shell() -> impl IntoView {
    let Assets { js, wasm, css } = use_context().unwrap_or_default();
    let nonce = use_nonce();
    let path = use_context::<Parts>().map(|parts| parts.uri.path().to_owned()).unwrap_or_default();
    let is_entrance = address::is_entrance(&path);
    if let (Some(response), Some(nonce)) = (use_context::<ResponseOptions>(), &nonce)
        && let Ok(policy) = HeaderValue::from_str(&if is_entrance {
            policy_without_wasm(nonce)
        } else {
            policy(nonce)
        })
    {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    let theme = use_context::<Theme>().unwrap_or_default();
    let light = path.starts_with("/ops/approve/");
    let start = (!is_entrance).then(|| {
        let here = use_context::<AnsweredAt>().map_or_else(String::new, |AnsweredAt(address)| {
            format!("history.replaceState(null,\"\",{address:?});")
        });
        let start = here + &start(&js, &wasm, light);
        view! { <script type="module" nonce=nonce inner_html=start></script> }
    });
    let declared = (!is_entrance).then(|| {
        view! { <script type="application/json" id=declared::ID inner_html=declared::text()></script> }
    });
    let passkeys = (is_entrance || path == "/ops/settings")
        .then(|| view! { <script src="/passkeys.js" defer></script> });
    let early = (!light && !is_entrance).then(|| {
        view! {
            <link rel="modulepreload" href=js/>
            <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
        }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.attribute()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                <meta name="color-scheme" content=theme.color_scheme()/>
                <meta name="robots" content="noindex"/>
                <link rel="stylesheet" href=css/>
                {early}
                <MetaTags/>
                {passkeys}
                {declared}
                {start}
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}
