//! Moments: in UTC from the server, local and relative as soon as the page is alive. Exact where
//! their order matters, relative where freshness does.

use domain::time::Timestamp;
use leptos::prelude::*;

use crate::clock::{self, Clock};

fn clock() -> Clock {
    use_context().unwrap_or_else(Clock::provide)
}

/// A moment to the second: in UTC, and by the reader's clock as soon as the page is alive.
pub(crate) fn read_at(clock: Clock, at: Timestamp) -> String {
    if clock.is_alive() { clock::local(at) } else { clock::utc(at) }
}

/// The age of a moment, with the exact time on hover.
#[component]
pub(crate) fn Ago(#[prop(into)] at: Signal<Timestamp>) -> impl IntoView {
    let clock = clock();
    let text = move || match clock.get() {
        Some(now) => clock::ago(at.get(), now),
        None => clock::utc_short(at.get()),
    };
    let title = move || read_at(clock, at.get());
    view! { <time datetime=move || at.get().to_seconds_text() title=title>{text}</time> }
}

/// A moment by the reader's clock; the day is left out where it is today.
#[component]
pub(crate) fn At(#[prop(into)] at: Signal<Timestamp>) -> impl IntoView {
    let clock = clock();
    let text = move || match clock.is_alive() {
        true => clock::local_short(at.get()),
        false => clock::utc_short(at.get()),
    };
    let title = move || read_at(clock, at.get());
    view! { <time datetime=move || at.get().to_seconds_text() title=title>{text}</time> }
}

/// A moment to the second by the reader's clock, how long ago on hover; the day is left out where
/// it is today.
#[component]
pub(crate) fn Exact(at: Timestamp) -> impl IntoView {
    let clock = clock();
    let text = move || match clock.is_alive() {
        true => clock::local_exact(at),
        false => clock::utc_exact(at),
    };
    let title = move || match clock.get() {
        Some(now) => format!("{}, {}", clock::local(at), clock::ago(at, now)),
        None => clock::utc(at),
    };
    view! { <time class="exact" datetime=at.to_seconds_text() title=title>{text}</time> }
}
