//! The Wasm entry: brings the pages that the server rendered to life.
#![recursion_limit = "256"]

use wasm_bindgen::prelude::wasm_bindgen;

/// Called once by the page's script.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    app::declare_signals();
    leptos::mount::hydrate_body(app::App);
}
