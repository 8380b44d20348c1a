//! Exact moments for lists in the order of time: in UTC from the server, by the reader's clock as soon
//! as the page is alive.

use domain::time::Timestamp;
use leptos::prelude::*;

use crate::clock::{self, Clock};

fn the_clock() -> Clock {
    use_context().unwrap_or_else(Clock::provide)
}

fn element(
    at: Timestamp,
    local: fn(Timestamp) -> String,
    utc: fn(Timestamp) -> String,
) -> impl IntoView {
    let clock = the_clock();
    let text = move || if clock.is_alive() { local(at) } else { utc(at) };
    let title = move || if clock.is_alive() { clock::local(at) } else { clock::utc(at) };
    view! { <time datetime=at.to_seconds_text() title=title>{text}</time> }
}

/// Day and minute: `28 Nov 2026, 22:27`.
#[component]
pub(crate) fn Minute(at: Timestamp) -> impl IntoView {
    element(at, clock::local_minute, clock::utc_minute)
}

/// The time of a day that is named above: `22:27:05`.
#[component]
pub(crate) fn TimeOfDay(at: Timestamp) -> impl IntoView {
    element(at, clock::local_time, clock::utc_time)
}

/// Day, and time with its seconds: `28 Nov 2026, 22:27:05`.
#[component]
pub(crate) fn Exact(at: Timestamp) -> impl IntoView {
    element(at, clock::local, clock::utc)
}

/// Offsets of time zones are multiples of a quarter of an hour, so that a day begins with one.
const QUARTER: i64 = 15 * 60 * 1_000_000;

/// True if a day may begin between two moments, by some clock on earth.
fn may_part(one: Timestamp, other: Timestamp) -> bool {
    one.as_micros().div_euclid(QUARTER) != other.as_micros().div_euclid(QUARTER)
}

/// The day of an entry, above it, where it is not that of the entry before. Server and browser have
/// the same headings: which of them are shown follows the clock.
pub(crate) fn day_heading(at: Timestamp, before: Option<Timestamp>) -> Option<AnyView> {
    if before.is_some_and(|before| !may_part(at, before)) {
        return None;
    }
    let clock = the_clock();
    let day = move |at| if clock.is_alive() { clock::local_day(at) } else { clock::utc_day(at) };
    let is_same = move || before.is_some_and(|before| day(before) == day(at));
    Some(view! { <h2 class="day" hidden=is_same>{move || day(at)}</h2> }.into_any())
}

/// Says by which clock the times of a list are.
#[component]
pub(crate) fn ZoneOfTimes() -> impl IntoView {
    let clock = the_clock();
    view! { <p class="quiet">{move || if clock.is_alive() { "Times are in your time zone." } else { "Times are in UTC." }}</p> }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_is_named_once() {
        let heading = |at_, before: Option<&str>| {
            Owner::new().with(|| day_heading(at(at_), before.map(at)).map(|view| view.to_html()))
        };
        let first = heading("2026-11-28T22:27:05Z", None).unwrap();
        assert!(
            first.contains(">Saturday, 28 Nov 2026, UTC<") && !first.contains("hidden"),
            "{first}"
        );
        let next = heading("2026-11-27T23:59:59Z", Some("2026-11-28T00:00:00Z")).unwrap();
        assert!(next.contains(">Friday, 27 Nov 2026, UTC<") && !next.contains("hidden"), "{next}");
        // Another clock may have midnight in between.
        let same = heading("2026-11-28T18:29:00Z", Some("2026-11-28T18:31:00Z")).unwrap();
        assert!(same.contains("hidden"), "{same}");
        assert_eq!(heading("2026-11-28T18:16:00Z", Some("2026-11-28T18:29:00Z")), None);
    }
}
