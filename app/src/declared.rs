//! The declared signals in the document: sentences and the order of rows are the same in the browser
//! as on the server.

/// Id of the element that carries them.
pub(crate) const ID: &str = "signals";

/// The declared signals as JSON that can stand in a script element.
#[cfg(feature = "ssr")]
pub(crate) fn text() -> Option<&'static str> {
    use std::sync::OnceLock;

    static TEXT: OnceLock<Option<String>> = OnceLock::new();
    let text = TEXT.get_or_init(|| {
        let declared = domain::signals::declared().without_meanings();
        Some(serde_json::to_string(&declared).ok()?.replace('<', "\\u003c"))
    });
    text.as_deref()
}

/// Declares the signals that the document carries. Called once, before the page comes alive.
#[cfg(feature = "hydrate")]
pub fn declare_signals() {
    use leptos::server::codee::Decoder as _;

    let element = leptos::prelude::document().get_element_by_id(ID);
    let text = element.and_then(|element| element.text_content()).unwrap_or_default();
    if let Ok(declared) = crate::codec::Json::decode(&text) {
        domain::signals::declare(Box::leak(Box::new(declared)));
    }
}
