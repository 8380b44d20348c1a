//! The calendar of calm days: a row for each week, from Monday on. A day with incidents leads to the
//! search of that day.

use commands::charts::{ChartDay, DayMark, HistoryCharts};
use leptos::prelude::*;
use wording::charts as words;

use crate::routes::history::view::Search;

const WEEKDAYS: [(&str, &str); 7] = [
    ("Mon", "Monday"),
    ("Tue", "Tuesday"),
    ("Wed", "Wednesday"),
    ("Thu", "Thursday"),
    ("Fri", "Friday"),
    ("Sat", "Saturday"),
    ("Sun", "Sunday"),
];

/// The days by week, Monday first; `None` where there is no day.
fn rows(charts: &HistoryCharts) -> Vec<[Option<&ChartDay>; 7]> {
    let before = charts.days_before.min(6) as usize;
    let count = (before + charts.days.len()).div_ceil(7);
    let of_week = |week: usize| {
        std::array::from_fn(|weekday| {
            (week * 7 + weekday).checked_sub(before).and_then(|place| charts.days.get(place))
        })
    };
    (0..count).map(of_week).collect()
}

const fn class(mark: DayMark, is_narrow: bool) -> &'static str {
    match mark {
        DayMark::Calm if is_narrow => "date is-none",
        DayMark::Calm => "date is-calm",
        DayMark::Warning => "date is-warning",
        DayMark::Critical => "date is-critical",
        DayMark::PartlyWatched => "date is-partly",
        DayMark::NotWatched => "date is-unwatched",
    }
}

/// The search of a day, by the clock of the team.
fn search_of(day: &ChartDay, charts: &HistoryCharts, search: &Search) -> String {
    let next = charts.days.iter().map(|one| one.from).find(|from| *from > day.from);
    let [from, to] = words::search_dates(day, next);
    let offset = day.offset.to_string();
    Search { from, to, offset, ..search.clone() }.address("")
}

fn cell(day: &ChartDay, charts: &HistoryCharts, search: &Search) -> AnyView {
    let is_narrow = charts.is_narrow;
    let told = words::day(day, is_narrow);
    let date = words::day_of_month(day);
    let shown = view! {
        <span aria-hidden="true">{date}</span>
        <span class="sign" aria-hidden="true">{words::sign(day.mark, is_narrow)}</span>
        <span class="away">{told.clone()}</span>
    };
    let class = class(day.mark, is_narrow);
    if day.opened > 0 {
        let address = search_of(day, charts, search);
        return view! { <td class=class title=told><a href=address>{shown}</a></td> }.into_any();
    }
    view! { <td class=class title=told>{shown}</td> }.into_any()
}

/// The calendar.
pub(super) fn calendar(charts: &HistoryCharts, search: &Search) -> AnyView {
    let is_narrow = charts.is_narrow;
    let row = |days: &[Option<&ChartDay>; 7]| {
        let first = days.iter().flatten().next();
        let name = first.map_or_else(String::new, |day| words::short_date(day.from, day.offset));
        let cells = days.iter().map(|day| match day {
            Some(day) => cell(day, charts, search),
            None => view! { <td></td> }.into_any(),
        });
        view! { <tr><th scope="row">{name}</th>{cells.collect_view()}</tr> }
    };
    let rows = rows(charts).iter().map(row).collect_view();
    let weekdays = WEEKDAYS.map(|(short, long)| {
        view! { <th scope="col" abbr=long>{short}</th> }
    });
    let kinds = [
        DayMark::Calm,
        DayMark::Warning,
        DayMark::Critical,
        DayMark::PartlyWatched,
        DayMark::NotWatched,
    ];
    let legend = kinds.map(|kind| {
        let class = class(kind, is_narrow);
        view! {
            <li class=class>
                <span class="sign">{words::sign(kind, is_narrow)}</span>
                {words::mark(kind, is_narrow)}
            </li>
        }
    });
    let heading = if is_narrow { "Days" } else { "Calm days" };
    view! {
        <section class="calm-days" aria-labelledby="calm-days">
            <h2 id="calm-days">{heading}</h2>
            <p>{words::calendar(charts)}</p>
            <table class="calendar">
                <thead><tr><th scope="col">"Week"</th>{weekdays.into_iter().collect_view()}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
            <ul class="legend" aria-hidden="true">{legend.into_iter().collect_view()}</ul>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use domain::time::{Span, Timestamp};

    use super::*;

    fn charts(days: i64, days_before: u32) -> HistoryCharts {
        let day = |n: i64| ChartDay {
            from: Timestamp::from_secs(1_795_392_000 + n * 86_400),
            offset: 60,
            mark: DayMark::Calm,
            opened: 0,
            going_on: 0,
            unseen: Span::ZERO,
        };
        HistoryCharts {
            from: Timestamp::from_secs(1_795_392_000),
            to: Timestamp::from_secs(1_795_392_000 + days * 86_400),
            zone: "Europe/Berlin".into(),
            is_cut: false,
            is_narrow: false,
            weeks: Vec::new(),
            days: (0..days).map(day).collect(),
            days_before,
            subjects: Vec::new(),
            elsewhere: 0,
        }
    }

    #[test]
    fn each_day_stands_below_its_weekday() {
        let drawn = charts(10, 2);
        let rows = rows(&drawn);
        let is_day: Vec<Vec<bool>> =
            rows.iter().map(|row| row.iter().map(Option::is_some).collect()).collect();
        let week = |text: &str| text.chars().map(|c| c == 'x').collect::<Vec<bool>>();
        assert_eq!(is_day, [week("..xxxxx"), week("xxxxx..")]);
        assert_eq!(rows[1][0].map(|day| day.from), Some(drawn.days[5].from));
        assert_eq!(super::rows(&charts(0, 0)).len(), 0);
    }

    #[test]
    fn each_day_and_each_state_of_the_legend_has_a_sign() {
        let mut drawn = charts(2, 0);
        (drawn.days[1].mark, drawn.days[1].opened) = (DayMark::Critical, 1);
        let owner = Owner::new();
        let html = owner.with(|| calendar(&drawn, &Search::default()).to_html());
        let html = html.replace("<!>", "").replace("<!---->", "");
        let signs = |sign: &str| html.matches(&format!(">{sign}</span>")).count();
        assert_eq!((signs("\u{2713}"), signs("!!"), signs("?")), (2, 2, 1), "{html}");
    }

    #[test]
    fn a_day_leads_to_its_search_with_the_other_fields() {
        let drawn = charts(1, 0);
        let search = Search { text: "disk".into(), before: "7".into(), ..Search::default() };
        assert_eq!(
            search_of(&drawn.days[0], &drawn, &search),
            "/ops/history?text=disk&from=2026-11-23&to=2026-11-23&offset=60"
        );
    }
}
