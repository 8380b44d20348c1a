//! What the program carries inside itself: the default documents.

use std::borrow::Cow;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../ops"]
#[include = "*.md"]
#[include = "protection/gate/*"]
struct Documents;

/// A built-in document by its path, such as `alerts/thresholds.md`.
pub fn document(name: &str) -> Option<Cow<'static, str>> {
    let file = Documents::get(name)?;
    match file.data {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

/// The paths of all built-in documents.
pub fn document_names() -> impl Iterator<Item = Cow<'static, str>> {
    Documents::iter()
}
