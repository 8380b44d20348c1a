//! The script that asks the browser for passkeys, brought in where a page comes without it.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};

/// Address of the script.
const PATH: &str = "/passkeys.js";

/// Brings the script in if it is not there yet; `is_ready` is set when it is.
pub(super) fn bring(is_ready: RwSignal<bool>) {
    let document = document();
    if matches!(document.query_selector("script[src='/passkeys.js']"), Ok(Some(_))) {
        is_ready.set(true);
        return;
    }
    let (Ok(script), Some(head)) = (document.create_element("script"), document.head()) else {
        return;
    };
    let loaded = Closure::<dyn FnMut()>::new(move || {
        let _ = is_ready.try_set(true);
    });
    let _ = script.add_event_listener_with_callback("load", loaded.as_ref().unchecked_ref());
    // Once for each document.
    loaded.forget();
    if script.set_attribute("src", PATH).is_ok() {
        let _ = head.append_child(&script);
    }
}

/// Calls `take` when the script has added a passkey on this page.
pub(super) fn on_added(take: impl Fn() + 'static) {
    let handle = window_event_listener_untyped("passkey-added", move |event| {
        // The page tells it itself.
        event.prevent_default();
        take();
    });
    on_cleanup(move || handle.remove());
}
