//! Status marks: always an icon and a word, so that nothing depends on colour.

use domain::reading::Status;
#[cfg(feature = "ssr")]
use domain::severity::Severity;
#[cfg(feature = "ssr")]
use leptos::prelude::*;

/// The class and the word of a status.
pub(crate) const fn status_words(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Healthy => ("healthy", "healthy"),
        Status::Shown => ("shown", "no threshold"),
        Status::Unknown => ("unknown", "not heard"),
        Status::Watching => ("watching", "watching"),
        Status::Warning => ("warning", "warning"),
        Status::Critical => ("critical", "critical"),
    }
}

/// An icon with its word.
#[cfg(feature = "ssr")]
pub(crate) fn mark(class: &'static str, word: &'static str) -> AnyView {
    view! { <span class=format!("mark {class}")><i aria-hidden="true"></i>{word}</span> }.into_any()
}

/// A severity as a mark.
#[cfg(feature = "ssr")]
pub(crate) fn severity(severity: Severity) -> AnyView {
    mark(severity.as_str(), severity.as_str())
}
