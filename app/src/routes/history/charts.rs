//! Charts of what a search found: incidents by week, times to recover, the busiest subjects and a
//! calendar of calm days. Each has its text, and the figures stand in a table as well.

use commands::charts::{BusySubject, ChartWeek, HistoryCharts};
use leptos::prelude::*;
use wording::{charts as words, humanize};

use super::view::Search;

mod calendar;
mod pictures;

/// The charts. `is_open` is what the reader chose, and what the search suggests before.
pub(super) fn charts(charts: &HistoryCharts, search: &Search, is_open: RwSignal<bool>) -> AnyView {
    let open = is_open.get_untracked();
    let toggled = move |event: leptos::ev::Event| toggled(&event, is_open);
    view! {
        <details class="fold charts" id="charts" open=open on:toggle=toggled>
            <summary>"Charts"</summary>
            <p class="quiet">{words::period(charts)}</p>
            <div class="charts-grid">
                <div class="charts-column">
                    {pictures::weekly(charts)}
                    {pictures::recovery(charts)}
                    {busiest(charts, search)}
                </div>
                {calendar::calendar(charts, search)}
            </div>
            {figures(charts)}
        </details>
    }
    .into_any()
}

/// Keeps whether the charts are shown while what was found is exchanged.
#[cfg(feature = "hydrate")]
fn toggled(event: &leptos::ev::Event, is_open: RwSignal<bool>) {
    let target = event.target();
    let open = target.and_then(|target| js_sys::Reflect::get(&target, &"open".into()).ok());
    if let Some(open) = open.and_then(|open| open.as_bool()) {
        is_open.try_set(open);
    }
}

/// Without a browser nobody toggles.
#[cfg(not(feature = "hydrate"))]
const fn toggled(_: &leptos::ev::Event, _: RwSignal<bool>) {}

/// The width of a bar among others, of 100.
fn width(count: u32, most: u32) -> u32 {
    (u64::from(count) * 100).div_ceil(u64::from(most.max(1))).min(100) as u32
}

/// The search for a subject in the period of the charts.
fn search_of(subject: &str, charts: &HistoryCharts, search: &Search) -> String {
    let mut of_subject = Search { subject: subject.to_owned(), ..search.clone() };
    if let Some(([from, to], offset)) = words::search_period(charts) {
        of_subject = Search { from, to, offset: offset.to_string(), ..of_subject };
    }
    of_subject.address("")
}

/// The subjects where most incidents began, each a link to the search for it.
fn busiest(charts: &HistoryCharts, search: &Search) -> AnyView {
    let most = charts.subjects.iter().map(|one| one.incidents).max().unwrap_or(0);
    let row = |one: &BusySubject| {
        let address = search_of(one.subject.as_str(), charts, search);
        let (all, critical) = (width(one.incidents, most), width(one.critical, most));
        view! {
            <li>
                <a href=address>{humanize::capital(&humanize::subject(&one.subject))}</a>
                <span class="quiet">{words::busy(one)}</span>
                <svg class="bar-line" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                    <rect class="is-warning" x="0" y="0" width=all height="4"></rect>
                    <rect class="is-critical" x="0" y="0" width=critical height="4"></rect>
                </svg>
            </li>
        }
    };
    let rows = charts.subjects.iter().map(row).collect_view();
    let none = charts
        .subjects
        .is_empty()
        .then(|| view! { <p class="quiet">"No incidents in this period."</p> });
    let elsewhere = words::elsewhere(charts.elsewhere);
    view! {
        <section class="busiest" aria-labelledby="busiest">
            <h2 id="busiest">"Where incidents began"</h2>
            {none}
            <ol>{rows}</ol>
            {elsewhere.map(|told| view! { <p class="quiet">{told}</p> })}
        </section>
    }
    .into_any()
}

/// The figures of the weeks as a table.
fn figures(charts: &HistoryCharts) -> AnyView {
    let row = |week: &ChartWeek| {
        let [median, range, in_time] = week.recovery.as_ref().map_or_else(
            || ["-".to_owned(), "-".to_owned(), "-".to_owned()],
            |times| words::recovery_range(times, week.warning + week.critical),
        );
        view! {
            <tr>
                <th scope="row">{words::date(week.from, week.offset)}</th>
                <td data-label="Warning">{words::week_count(week, week.warning)}</td>
                <td data-label="Critical">{words::week_count(week, week.critical)}</td>
                <td data-label="Recovery, median">{median}</td>
                <td data-label="Recovery, range">{range}</td>
                <td data-label="Back within 5 min">{in_time}</td>
            </tr>
        }
    };
    // The newest first, as in the list of incidents.
    let rows = charts.weeks.iter().rev().map(row).collect_view();
    view! {
        <details class="fold values" id="chart-figures">
            <summary>"Figures by week"</summary>
            <table class="times">
                <thead>
                    <tr>
                        <th scope="col">"Week from"</th>
                        <th scope="col">"Warning"</th>
                        <th scope="col">"Critical"</th>
                        <th scope="col">"Recovery, median"</th>
                        <th scope="col">"Recovery, range"</th>
                        <th scope="col">"Back within 5 min"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="quiet">"Recovery is the time from the opening until all signals were back. What is still active counts with the time so far; what was not seen to be back is left out."</p>
        </details>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use commands::charts::{ChartDay, DayMark};
    use domain::time::{Span, Timestamp};

    use super::*;

    #[test]
    fn a_subject_is_searched_for_in_the_period_that_is_shown() {
        let day = |from: &str, offset| ChartDay {
            from: from.parse().unwrap(),
            offset,
            mark: DayMark::Calm,
            opened: 0,
            going_on: 0,
            unseen: Span::ZERO,
        };
        let mut charts = HistoryCharts {
            from: Timestamp::from_secs(0),
            to: Timestamp::from_secs(0),
            zone: "Europe/Berlin".into(),
            is_cut: false,
            is_narrow: false,
            weeks: Vec::new(),
            days: vec![day("2026-11-22T23:00:00Z", 60), day("2026-11-29T23:00:00Z", 60)],
            days_before: 0,
            subjects: Vec::new(),
            elsewhere: 0,
        };
        let search = Search { text: "disk".into(), ..Search::default() };
        assert_eq!(
            search_of("service:mail", &charts, &search),
            "/ops/history?text=disk&subject=service%3Amail&from=2026-11-23&to=2026-11-30&offset=60"
        );
        // The clocks were set back in the period.
        charts.days[0] = day("2026-08-30T22:00:00Z", 120);
        assert_eq!(
            search_of("service:mail", &charts, &Search::default()),
            "/ops/history?subject=service%3Amail&from=2026-08-30T23%3A00&to=2026-11-30&offset=60"
        );
        charts.days.clear();
        assert_eq!(
            search_of("service:mail", &charts, &Search::default()),
            "/ops/history?subject=service%3Amail"
        );
    }

    #[test]
    fn a_bar_is_never_longer_than_the_longest_and_one_incident_is_seen() {
        assert_eq!((width(0, 9), width(1, 10_000), width(9, 9), width(0, 0)), (0, 1, 100, 0));
        assert_eq!(width(5, 10), 50);
    }
}
