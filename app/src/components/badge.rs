//! Badges of a status: always an icon and a word, so that nothing depends on colour.

use domain::{
    reading::{Reading, Status},
    severity::Severity,
};
use leptos::prelude::*;

/// Class and word of a status.
pub(crate) const fn status_words(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Healthy => ("healthy", "healthy"),
        Status::Shown => ("shown", "no threshold"),
        Status::Unknown => ("unknown", "no data"),
        Status::Watching => ("watching", "watching"),
        Status::Warning => ("warning", "warning"),
        Status::Critical => ("critical", "critical"),
    }
}

/// Class and word of a reading; `None` is one that is not there.
pub(crate) fn reading_words(reading: Option<&Reading>) -> (&'static str, &'static str) {
    match reading {
        Some(one) if one.status == Status::Shown && one.not_judged.is_some() => {
            ("unknown", "not judged yet")
        }
        one => status_words(one.map_or(Status::Unknown, |one| one.status)),
    }
}

/// A badge that follows what it shows.
#[component]
pub(crate) fn Badge(
    /// Class and word.
    #[prop(into)]
    of: Signal<(&'static str, &'static str)>,
) -> impl IntoView {
    view! {
        <span class=move || format!("mark {}", of.get().0)>
            <i aria-hidden="true"></i>
            {move || of.get().1}
        </span>
    }
}

/// Class and word of a severity.
pub(crate) const fn severity_words(severity: Severity) -> (&'static str, &'static str) {
    (severity.as_str(), severity.as_str())
}
