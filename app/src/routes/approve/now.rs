//! Signals as they are now, and where one signs in.

use commands::view::{RecommendationPage, Viewer};
use domain::reading::{Reading, Status};
use leptos::prelude::*;
use wording::humanize;

use crate::{
    components::{
        badge::{Badge, reading_words, status_words},
        time::Ago,
    },
    problem::SIGN_IN,
    status,
};

/// The most signals that stand above the decision; the others are folded.
pub(super) const MOST_SHOWN: usize = 2;

/// Signals as they are now, with what is usual.
#[component]
pub(super) fn Now(state: RwSignal<RecommendationPage>, from: usize, to: usize) -> impl IntoView {
    let count = Memo::new(move |_| state.with(|page| page.readings.len().min(to)));
    view! {
        <ul class="now">
            <For each=move || from..count.get() key=|index| *index let:index>
                {
                    let reading = Memo::new(move |_| state.with(|page| page.readings.get(index).cloned()));
                    let cause = state.with_untracked(|page| page.incident.cause.clone());
                    move || reading.get().map(|reading| {
                        // Where it began stands in the headline.
                        let of = (reading.subject != cause)
                            .then(|| format!(" of {}", humanize::subject(&reading.subject)));
                        now(&reading, of)
                    })
                }
            </For>
        </ul>
    }
}

fn now(reading: &Reading, of: Option<String>) -> AnyView {
    let usual =
        reading.usual.map(|usual| format!(" (usually {})", humanize::value(usual, &reading.unit)));
    let words = match reading.stale_since {
        Some(_) => status_words(Status::Unknown),
        None => reading_words(Some(reading)),
    };
    let stale =
        reading.stale_since.map(|at| view! { ", last reading " <Ago at=Signal::stored(at)/> });
    let key = status::row_key(&reading.subject, &reading.signal);
    view! {
        <li>
            <Badge of=Signal::stored(words)/> " " {humanize::label(&reading.signal)} {of} " now: "
            <strong data-reading=key>{humanize::value(reading.value, &reading.unit)}</strong>
            {usual} {stale}
        </li>
    }
    .into_any()
}

/// Address where a person signs in and is led back from to this page.
pub(super) fn sign_in(address: &str) -> String {
    format!("{SIGN_IN}{address}")
}

/// True if the reader signed in as a person.
pub(super) const fn is_person(reader: Option<&Viewer>) -> bool {
    reader.is_some()
}
