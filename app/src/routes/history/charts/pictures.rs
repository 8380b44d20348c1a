//! The two pictures by week: columns of incidents by severity, and ranges of times to recover. The
//! places are computed apart from what is drawn.

use commands::charts::{ChartWeek, HistoryCharts};
use domain::{report::PROMISED_RECOVERY, time::Span};
use leptos::prelude::*;
use wording::charts as words;

/// The size of a picture, and of its part in which values are drawn; in units of the picture.
const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 130.0;
const LEFT: f64 = 34.0;
const RIGHT: f64 = 6.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 22.0;
/// About how many weeks are named below a picture.
const NAMED: usize = 4;
/// The range of times that is drawn at least, in seconds.
const SHORTEST: f64 = 10.0;
const LONGEST: f64 = 3_600.0;
/// The times that are named beside the picture.
const TICKS: [(u64, &str); 5] =
    [(60, "1 min"), (300, "5 min"), (3_600, "1 h"), (86_400, "1 d"), (604_800, "7 d")];

/// A rectangle: left, top, width, height.
type Rectangle = [f64; 4];

/// The width of a week.
fn step(weeks: usize) -> f64 {
    (WIDTH - LEFT - RIGHT) / weeks.max(1) as f64
}

/// The middle of a week.
fn middle(place: usize, weeks: usize) -> f64 {
    LEFT + step(weeks) * (place as f64 + 0.5)
}

/// Rounded to tenths, so that what is sent stays short.
fn short(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// The columns of a week: critical incidents below, the others on them.
fn columns(week: &ChartWeek, place: usize, weeks: usize, most: u32) -> [Rectangle; 2] {
    let unit = (HEIGHT - TOP - BOTTOM) / f64::from(most.max(1));
    let (critical, warning) = (f64::from(week.critical) * unit, f64::from(week.warning) * unit);
    let width = (step(weeks) * 0.72).min(28.0);
    let left = middle(place, weeks) - width / 2.0;
    let base = HEIGHT - BOTTOM;
    [
        [left, base - critical, width, critical].map(short),
        [left, base - critical - warning, width, warning].map(short),
    ]
}

/// The height at which a time is drawn: its logarithm, as seconds and hours stand beside each other.
fn height_of(span: Span, longest: f64) -> f64 {
    let seconds = span.as_secs_f64().clamp(SHORTEST, longest);
    let share = (seconds / SHORTEST).ln() / (longest / SHORTEST).ln();
    short(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM))
}

/// The longest time that is drawn, in seconds.
fn longest(charts: &HistoryCharts) -> f64 {
    let times = charts.weeks.iter().filter_map(|week| week.recovery);
    times.map(|one| one.longest.as_secs_f64()).fold(LONGEST, f64::max)
}

/// The weeks that are named: every so many, the first one among them.
fn named(weeks: usize) -> impl Iterator<Item = usize> {
    (0..weeks).step_by(weeks.div_ceil(NAMED).max(1))
}

/// The names of some weeks below a picture.
fn below(charts: &HistoryCharts) -> AnyView {
    let count = charts.weeks.len();
    let name = |place: usize| {
        let week = charts.weeks.get(place)?;
        let date = words::short_date(week.from, week.offset);
        let anchor = if place == 0 && count > NAMED { "start" } else { "middle" };
        let x = if anchor == "start" { LEFT } else { middle(place, count) };
        Some(
            view! { <text class="axis" x=short(x) y=HEIGHT - 6.0 text-anchor=anchor>{date}</text> },
        )
    };
    named(count).filter_map(name).collect_view().into_any()
}

/// A line across the picture with its name.
fn across(y: f64, name: String, class: &'static str) -> AnyView {
    view! {
        <line class=class x1=LEFT x2=WIDTH - RIGHT y1=y y2=y></line>
        <text class="axis" x=LEFT - 4.0 y=y + 3.5 text-anchor="end">{name}</text>
    }
    .into_any()
}

/// Columns of unwatched weeks of which no incident is known.
fn unwatched(charts: &HistoryCharts) -> AnyView {
    let count = charts.weeks.len();
    let is_unknown = |week: &ChartWeek| !week.is_watched && week.warning + week.critical == 0;
    let weeks = charts.weeks.iter().enumerate().filter(|(_, week)| is_unknown(week));
    let column = |(place, _): (usize, &ChartWeek)| {
        let x = short(LEFT + step(count) * place as f64);
        view! { <rect class="is-unwatched" x=x y=TOP width=short(step(count)) height=HEIGHT - TOP - BOTTOM></rect> }
    };
    weeks.map(column).collect_view().into_any()
}

/// The size of a picture as its element takes it.
fn size() -> String {
    format!("0 0 {WIDTH} {HEIGHT}")
}

/// Incidents by week and severity.
pub(super) fn weekly(charts: &HistoryCharts) -> AnyView {
    let count = charts.weeks.len();
    let most = charts.weeks.iter().map(|week| week.warning + week.critical).max().unwrap_or(0);
    let columns = charts.weeks.iter().enumerate().map(|(place, week)| {
        let [critical, warning] = columns(week, place, count, most);
        let column = |class: &'static str, [x, y, width, height]: Rectangle| {
            (height > 0.0)
                .then(|| view! { <rect class=class x=x y=y width=width height=height></rect> })
        };
        view! { {column("is-critical", critical)} {column("is-warning", warning)} }
    });
    let top = (most > 0).then(|| across(TOP, most.to_string(), "grid"));
    view! {
        <figure class="weekly">
            <figcaption><h2>"Incidents by week"</h2></figcaption>
            <svg viewBox=size() role="img" aria-label=words::weeks(charts)>
                {unwatched(charts)}
                {top}
                {across(HEIGHT - BOTTOM, "0".to_owned(), "base")}
                {columns.collect_view()}
                {below(charts)}
            </svg>
            <ul class="legend" aria-hidden="true">
                <li class="is-warning">"Warning"</li>
                <li class="is-critical">"Critical"</li>
                <li class="is-unwatched">"Not watched"</li>
            </ul>
        </figure>
    }
    .into_any()
}

/// Times to recover by week: a line from the shortest to the longest, and a mark at the median.
pub(super) fn recovery(charts: &HistoryCharts) -> AnyView {
    let count = charts.weeks.len();
    let longest = longest(charts);
    let ranges = charts.weeks.iter().enumerate().filter_map(|(place, week)| {
        let times = week.recovery?;
        let x = short(middle(place, count));
        let at = |span| height_of(span, longest);
        let (top, base, median) = (at(times.longest), at(times.shortest), at(times.median));
        // A mark of a promise that was kept is round, of another one square.
        let mark = if times.median <= PROMISED_RECOVERY {
            view! { <circle class="is-kept" cx=x cy=median r="4"></circle> }.into_any()
        } else {
            view! { <rect class="is-late" x=x - 4.0 y=median - 4.0 width="8" height="8"></rect> }
                .into_any()
        };
        Some(view! { <line class="range" x1=x x2=x y1=top y2=base></line> {mark} })
    });
    let ticks = TICKS.into_iter().map(|(seconds, name)| (Span::from_secs(seconds), name));
    let ticks = ticks.filter(|(span, _)| span.as_secs_f64() <= longest);
    let ticks = ticks.map(|(span, name)| {
        let is_promise = span == PROMISED_RECOVERY;
        let y = height_of(span, longest);
        across(y, name.to_owned(), if is_promise { "promise" } else { "grid" })
    });
    view! {
        <figure class="weekly">
            <figcaption><h2>"Time to recover, by week"</h2></figcaption>
            <svg viewBox=size() role="img" aria-label=words::recovery(charts)>
                {unwatched(charts)}
                {ticks.collect_view()}
                {across(HEIGHT - BOTTOM, String::new(), "base")}
                {ranges.collect_view()}
                {below(charts)}
            </svg>
            <ul class="legend" aria-hidden="true">
                <li class="is-kept">"Median within 5 min"</li>
                <li class="is-late">"Median above"</li>
                <li class="is-range">"Shortest to longest"</li>
            </ul>
        </figure>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;

    fn week(warning: u32, critical: u32) -> ChartWeek {
        ChartWeek {
            from: Timestamp::default(),
            offset: 0,
            is_watched: true,
            warning,
            critical,
            recovery: None,
        }
    }

    #[test]
    fn columns_are_stacked_and_the_highest_fills_the_picture() {
        let [critical, warning] = columns(&week(3, 1), 0, 13, 4);
        let base = HEIGHT - BOTTOM;
        assert_eq!((critical[1] + critical[3], warning[1] + warning[3]), (base, critical[1]));
        assert_eq!((warning[1], critical[3] * 3.0), (TOP, warning[3]));
        for weeks in [1, 13, 26] {
            let [_, last] = columns(&week(1, 0), weeks - 1, weeks, 1);
            assert!(last[0] > LEFT && last[0] + last[2] < WIDTH - RIGHT, "{weeks}: {last:?}");
        }
        assert_eq!(columns(&week(0, 0), 0, 1, 0)[0][3], 0.0);
    }

    #[test]
    fn longer_times_are_higher_and_none_leaves_the_picture() {
        let longest = 86_400.0;
        let heights: Vec<f64> = [0, 10, 60, 300, 3_600, 86_400, 900_000]
            .map(|seconds| height_of(Span::from_secs(seconds), longest))
            .to_vec();
        assert!(heights.windows(2).all(|pair| pair[0] >= pair[1]), "{heights:?}");
        assert_eq!((heights[0], heights[6]), (HEIGHT - BOTTOM, TOP));
    }

    #[test]
    fn only_some_weeks_are_named() {
        let places = |weeks| named(weeks).collect::<Vec<_>>();
        assert_eq!((places(0), places(3)), (vec![], vec![0, 1, 2]));
        assert_eq!((places(13), places(26)), (vec![0, 4, 8, 12], vec![0, 7, 14, 21]));
    }
}
