//! The uptime of an endpoint as cells of a table, one for each period.

use commands::uptime::{PERIODS, UptimePeriod};
use leptos::prelude::*;
use wording::uptime as words;

/// The heads of the columns.
pub(crate) fn heads() -> AnyView {
    let head = |days: u32| view! { <th scope="col">{words::period(days)}</th> };
    PERIODS.map(head).into_iter().collect_view().into_any()
}

/// The cells of an endpoint.
pub(crate) fn cells(periods: &[UptimePeriod]) -> AnyView {
    let cell = |of: &UptimePeriod| {
        let details = words::details(of).into_iter();
        let details = details.map(|one| view! { <span class="quiet">{one}</span> });
        view! {
            <td data-label=words::period(of.days)>
                <div class="uptime-figure"><strong>{words::share(of)}</strong>{details.collect_view()}</div>
            </td>
        }
    };
    periods.iter().map(cell).collect_view().into_any()
}
