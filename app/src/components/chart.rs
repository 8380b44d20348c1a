//! Charts of an incident: the course of a signal with its smallest and largest values, the
//! threshold lines, and the times that matter.
//!
//! A chart is as wide as its card and as high on every screen. What is drawn is stretched to that
//! width; what is written is not: it stands at a part of the width, in the size of small text, so
//! that it can be read on a phone and never leaves the card.

use domain::time::Timestamp;
use geometry::{BOTTOM, PLOT, ROW};
use leptos::prelude::*;

use crate::clock::{self, Clock};

pub(crate) use geometry::build;

/// The picture of one signal's course. What is drawn lies in a box of 1000 by 150 that is stretched
/// to the chart's width; for what is not stretched, x is in percent of the width.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Chart {
    /// About whom.
    pub subject: String,
    /// The signal's short name.
    pub label: String,
    /// The picture in one sentence, for those who don't see it.
    pub description: String,
    /// The mean values' line, as `x,y x,y`; one for each stretch without a gap.
    pub lines: Vec<String>,
    /// The band between smallest and largest, as polygon points; one for each stretch.
    pub bands: Vec<String>,
    /// Horizontal lines: y, class, label.
    pub levels: Vec<(f32, String, String)>,
    /// Values that stand alone: x in percent, y.
    pub dots: Vec<(f32, f32)>,
    /// Moments, oldest first.
    pub marks: Vec<Mark>,
    /// The value axis: y, label.
    pub values: Vec<(f32, String)>,
    /// The time axis: x in percent, time.
    pub times: Vec<(f32, Timestamp)>,
}

/// A moment on a chart: a vertical line with its name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    /// Where, in percent.
    pub x: f32,
    /// What it is called.
    pub name: String,
    /// In which row above the chart the name stands.
    pub row: usize,
    /// Whether the name stands before the line, as there is no room behind it.
    pub before: bool,
}

mod geometry {
    use commands::view::{Series, SeriesPoint};
    use domain::{
        text,
        time::{Span, Timestamp},
        unit::Unit,
    };
    use wording::humanize;

    use super::{Chart, Mark};
    use crate::clock;

    /// The width of what is drawn, before it is stretched.
    pub(super) const WIDTH: f64 = 1_000.0;
    /// The height of what is drawn, in pixels as all heights.
    pub(super) const PLOT: f32 = 150.0;
    /// The height of a row of names above it.
    pub(super) const ROW: f32 = 15.0;
    /// The height of the row of times below it.
    pub(super) const BOTTOM: f32 = 22.0;
    /// The narrowest that a chart is shown, and the widest that a letter is on it.
    const NARROWEST: f64 = 290.0;
    const LETTER: f64 = 7.2;
    /// Closer than this, two lines of text lie on each other.
    const APART: f32 = 14.0;
    /// The longest name beside a line, in letters.
    const LONGEST_LABEL: usize = 26;

    fn tenth(value: f64) -> f32 {
        ((value * 10.0).round() / 10.0) as f32
    }

    /// Steps of 1, 2 or 5 times a power of ten (or of 1024 for bytes): about four of them.
    fn step(room: f64, binary: bool) -> f64 {
        let rough = (room / 4.0).max(f64::MIN_POSITIVE);
        let base: f64 =
            if binary && rough >= 1024.0 { 1024f64.powf(rough.log(1024.0).floor()) } else { 1.0 };
        let decade = 10f64.powf((rough / base).log10().floor());
        let size = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .find(|size| size * decade * base >= rough)
            .unwrap_or(10.0);
        size * decade * base
    }

    /// Gives each moment's name a side of its line and a row in which it lies on no other, even on
    /// the narrowest chart.
    fn marks(moments: impl Iterator<Item = (f32, &'static str)>) -> Vec<Mark> {
        let mut rows: Vec<Vec<(f64, f64)>> = Vec::new();
        let mut marks = Vec::new();
        for (x, name) in moments {
            let (at, width) =
                (f64::from(x), (name.chars().count() as f64 * LETTER + 8.0) / NARROWEST * 100.0);
            let before = at + width > 100.0;
            let (from, to) = if before { (at - width, at) } else { (at, at + width) };
            let is_free =
                |row: &Vec<(f64, f64)>| row.iter().all(|(start, end)| to <= *start || from >= *end);
            let row = rows.iter().position(is_free).unwrap_or_else(|| {
                rows.push(Vec::new());
                rows.len() - 1
            });
            rows[row].push((from, to));
            marks.push(Mark { x, name: name.to_owned(), row, before });
        }
        marks
    }

    /// Lays a course out, with the moments that are marked in it. It ends at `until` if nothing was
    /// heard as long as that.
    pub(crate) fn build(
        course: &Series,
        moments: &[(Timestamp, &'static str)],
        until: Option<Timestamp>,
    ) -> Chart {
        let label = humanize::label(&course.signal);
        let subject = humanize::subject(&course.subject);
        let points: Vec<SeriesPoint> = course
            .points
            .iter()
            .filter(|point| {
                [point.min, point.mean, point.max].iter().all(|value| value.is_finite())
            })
            .copied()
            .collect();
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            let description = format!("{label} of {subject}: there is no data for this time.");
            return Chart { subject, label, description, ..Chart::default() };
        };
        // What happened after the last value is shown too, with nothing under it.
        let later = moments.iter().map(|(at, _)| *at).chain(until).max().unwrap_or(last.at);
        let (from, to) = (first.at, last.at.max(later).max(first.at.plus(Span::from_secs(1))));
        // What is yes or no has no levels worth a line.
        let is_yes_no = course.unit == Unit::YesNo;
        let levels = [("warning", course.warning), ("critical", course.critical)]
            .map(|(name, level)| (name, level.filter(|_| !is_yes_no)));
        let smallest = points.iter().fold(f64::INFINITY, |low, point| low.min(point.min));
        let largest = points.iter().fold(f64::NEG_INFINITY, |high, point| high.max(point.max));
        let with_levels =
            levels.iter().filter_map(|(_, level)| *level).filter(|level| level.is_finite());
        let (low, high) = with_levels
            .fold((smallest, largest), |(low, high), level| (low.min(level), high.max(level)));
        let room = if high > low { high - low } else { high.abs().max(1.0) };
        let (low, high) = (low - room * 0.06, high + room * 0.06);

        let total = to.since(from).as_micros() as f64;
        let part = |at: Timestamp| (at.since(from).as_micros() as f64 / total).clamp(0.0, 1.0);
        let x = |at: Timestamp| tenth(part(at) * WIDTH);
        let percent = |at: Timestamp| tenth(part(at) * 100.0);
        let y = |value: f64| {
            tenth(f64::from(PLOT) * (1.0 - (value - low) / (high - low)).clamp(0.0, 1.0))
        };
        let text = |value: f64| text::clip(&humanize::value(value, &course.unit), LONGEST_LABEL);

        let (mut lines, mut bands, mut dots) = (Vec::new(), Vec::new(), Vec::new());
        for stretch in points.chunk_by(|one, next| next.at <= one.until) {
            if let [only] = stretch {
                dots.push((percent(only.at), y(only.mean)));
                continue;
            }
            let means: Vec<String> =
                stretch.iter().map(|point| format!("{},{}", x(point.at), y(point.mean))).collect();
            lines.push(means.join(" "));
            if stretch.iter().any(|point| y(point.min) != y(point.max)) {
                let upper = stretch.iter().map(|point| format!("{},{}", x(point.at), y(point.max)));
                let lower =
                    stretch.iter().rev().map(|point| format!("{},{}", x(point.at), y(point.min)));
                bands.push(upper.chain(lower).collect::<Vec<_>>().join(" "));
            }
        }

        let step = if is_yes_no {
            1.0
        } else {
            step(high - low, matches!(course.unit, Unit::Bytes | Unit::BytesPerSecond))
        };
        let start = (low / step).ceil();
        let values = (0..8)
            .map(|index| (start + f64::from(index)) * step)
            .take_while(|value| *value <= high);
        let values = values
            .map(|value| (y(value), text(if value.abs() < step * 1e-6 { 0.0 } else { value })));
        // The uppermost has no room for its text above it.
        let values = values.filter(|(y, _)| *y >= APART).collect();
        let shown_levels = levels.iter().filter_map(|(name, level)| {
            level.filter(|level| level.is_finite()).map(|level| (*name, level))
        });
        let said_levels: Vec<String> = shown_levels
            .clone()
            .map(|(name, level)| format!("{name} at {}", text(level)))
            .collect();
        let said_levels = if said_levels.is_empty() {
            String::new()
        } else {
            format!("; {}", said_levels.join(", "))
        };
        let gaps = points.windows(2).filter(|pair| pair[1].at > pair[0].until).count();
        let said_gaps = match gaps {
            0 => String::new(),
            1 => " It has a gap without data.".to_owned(),
            _ => format!(" It has {gaps} gaps without data."),
        };
        let quarter = to.since(from).as_micros() / 4;
        // Times are told by the minute: none is told twice.
        let mut times: Vec<(f32, Timestamp)> = (0..=4)
            .map(|part| from.plus(Span::from_micros(quarter * part)))
            .map(|at| (percent(at), at))
            .collect();
        times.dedup_by_key(|(_, at)| at.as_micros().div_euclid(60_000_000));
        let mut shown: Vec<(Timestamp, &'static str)> =
            moments.iter().filter(|(at, _)| (from..=to).contains(at)).copied().collect();
        shown.sort_by_key(|(at, _)| *at);
        Chart {
            description: format!(
                "{label} of {subject} from {} to {}: between {} and {}, last value {}{said_levels}.{said_gaps}",
                clock::utc(from),
                clock::utc(to),
                text(smallest),
                text(largest),
                text(last.mean)
            ),
            lines,
            bands,
            dots,
            levels: shown_levels
                .map(|(name, level)| (y(level), name.to_owned(), format!("{name} {}", text(level))))
                .collect(),
            marks: marks(shown.into_iter().map(|(at, name)| (percent(at), name))),
            values,
            times,
            subject,
            label,
        }
    }

    /// Where the names of the levels stand: above their lines, or below where there is no room;
    /// never on each other.
    pub(super) fn level_labels(levels: &[(f32, String, String)]) -> Vec<f32> {
        let mut placed = Vec::<f32>::new();
        for (y, _, _) in levels {
            let (above, below) = (y - 4.0, y + 12.0);
            let is_free = |at: f32| {
                (10.0..=PLOT).contains(&at)
                    && placed.iter().all(|other| (at - other).abs() >= APART)
            };
            placed.push(
                [
                    above,
                    below,
                    above - APART,
                    below + APART,
                    above - 2.0 * APART,
                    below + 2.0 * APART,
                ]
                .into_iter()
                .find(|at| is_free(*at))
                .unwrap_or(above),
            );
        }
        placed
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn course(values: &[f64]) -> Series {
            let at = |index: usize| Timestamp::from_secs(1_795_341_600 + 5 * index as i64);
            let point = |(index, &value): (usize, &f64)| SeriesPoint {
                at: at(index),
                until: at(index).plus(Span::from_secs(15)),
                min: value - 1.0,
                mean: value,
                max: value + 1.0,
            };
            Series {
                subject: "host:web-1".parse().unwrap(),
                signal: "host.memory.used".parse().unwrap(),
                unit: "%".parse().unwrap(),
                warning: Some(85.0),
                critical: Some(95.0),
                points: values.iter().enumerate().map(point).collect(),
            }
        }

        #[test]
        fn levels_and_moments_lie_where_they_belong() {
            let course = course(&[60.0, 70.0, 80.0, 90.0, 97.0]);
            let outside = Timestamp::from_secs(0);
            let chart =
                build(&course, &[(course.points[2].at, "opened"), (outside, "began")], None);
            assert_eq!(
                chart.marks,
                vec![Mark { x: 50.0, name: "opened".to_owned(), row: 0, before: false }]
            );
            assert_eq!(chart.levels.len(), 2);
            assert!(chart.levels[0].0 > chart.levels[1].0, "critical lies above warning");
            assert!(
                chart.description.ends_with(
                    "between 59% and 98%, last value 97%; warning at 85%, critical at 95%."
                ),
                "{}",
                chart.description
            );
            assert!((2..=8).contains(&chart.values.len()), "{:?}", chart.values);
            assert_eq!(chart.times.len(), 1, "20 s are one minute on the axis: {:?}", chart.times);
        }

        #[test]
        fn a_gap_is_not_bridged_and_a_single_value_is_a_dot() {
            let mut course = course(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
            let move_on = |points: &mut [SeriesPoint]| {
                for point in points {
                    point.at = point.at.plus(Span::from_mins(5));
                    point.until = point.until.plus(Span::from_mins(5));
                }
            };
            move_on(&mut course.points[3..]);
            let chart = build(&course, &[], None);
            assert_eq!((chart.lines.len(), chart.bands.len(), chart.dots.len()), (2, 2, 0));
            assert!(
                chart.description.ends_with(" It has a gap without data."),
                "{}",
                chart.description
            );
            move_on(&mut course.points[5..]);
            let chart = build(&course, &[], None);
            assert_eq!((chart.lines.len(), chart.dots.len(), chart.dots[0].0), (2, 1, 100.0));
        }

        #[test]
        fn what_is_no_longer_heard_ends_before_the_right_edge() {
            let course = course(&[1.0, 2.0, 3.0]);
            let end = |until| {
                build(&course, &[], until).lines[0]
                    .rsplit(' ')
                    .next()
                    .unwrap()
                    .split(',')
                    .next()
                    .unwrap()
                    .to_owned()
            };
            assert_eq!(end(None), "1000");
            assert_eq!(end(Some(course.points[0].at.plus(Span::from_secs(100)))), "100");
            let resolved = course.points[0].at.plus(Span::from_secs(100));
            assert_eq!(build(&course, &[(resolved, "resolved")], None).marks[0].x, 100.0);
        }

        #[test]
        fn names_of_moments_do_not_lie_on_each_other_and_stay_on_the_chart() {
            let course = course(&[1.0; 100]);
            let at = |index: usize| course.points[index].at;
            let moments = [
                (at(94), "reopened"),
                (at(2), "opened"),
                (at(0), "began"),
                (at(99), "resolved"),
                (at(50), "recovered"),
                (at(51), "resolved"),
            ];
            let chart = build(&course, &moments, None);
            let rows: Vec<(&str, usize, bool)> = chart
                .marks
                .iter()
                .map(|mark| (mark.name.as_str(), mark.row, mark.before))
                .collect();
            assert_eq!(
                rows,
                [
                    ("began", 0, false),
                    ("opened", 1, false),
                    ("recovered", 0, false),
                    ("resolved", 1, false),
                    ("reopened", 2, true),
                    ("resolved", 0, true)
                ]
            );
        }

        #[test]
        fn names_of_levels_that_are_close_do_not_lie_on_each_other() {
            let level = |y: f32| (y, String::new(), String::new());
            for (warning, critical) in [(60.0, 55.0), (60.0, 60.0), (3.0, 1.0), (149.0, 147.0)] {
                let placed = level_labels(&[level(warning), level(critical)]);
                assert!((placed[0] - placed[1]).abs() >= APART, "{placed:?}");
                assert!(placed.iter().all(|y| (10.0..=PLOT).contains(y)), "{placed:?}");
            }
        }

        #[test]
        fn nothing_strange_comes_of_strange_courses() {
            let mut odd = course(&[]);
            assert!(build(&odd, &[], None).description.contains("there is no data"));
            odd = course(&[f64::NAN, 5.0]);
            let chart = build(&odd, &[], None);
            assert_eq!((chart.lines.len(), chart.dots.len()), (0, 1));
            assert!(!format!("{chart:?}").contains("NaN"));
            odd.unit = format!("x{}", "y".repeat(30)).parse().unwrap_or(Unit::Count);
            assert!(
                build(&odd, &[], None)
                    .values
                    .iter()
                    .all(|(_, text)| text.chars().count() <= LONGEST_LABEL)
            );
        }
    }
}

/// A place on the width.
fn across(percent: f32) -> String {
    format!("{percent}%")
}

/// The picture with its caption.
#[component]
pub(crate) fn ChartFigure(#[prop(into)] chart: Signal<Chart>) -> impl IntoView {
    let clock = use_context().unwrap_or_else(Clock::provide);
    move || chart.with(|chart| figure(chart, clock))
}

fn figure(chart: &Chart, clock: Clock) -> AnyView {
    let title = format!("{} of {}", chart.label, chart.subject);
    if chart.lines.is_empty() && chart.dots.is_empty() {
        return view! { <figure class="chart"><figcaption>{title}</figcaption><p class="quiet">{chart.description.clone()}</p></figure> }
            .into_any();
    }
    let rows = chart.marks.iter().map(|mark| mark.row + 1).max().unwrap_or(0);
    let top = ROW * rows as f32 + 4.0;
    let grid = chart.values.iter().map(
        |(y, _)| view! { <line class="grid" x1="0" x2="100%" y1=top + *y y2=top + *y></line> },
    );
    let levels = chart.levels.iter().map(|(y, class, _)| {
        view! { <line class=format!("level {class}") x1="0" x2="100%" y1=top + *y y2=top + *y></line> }
    });
    let moments = chart.marks.iter().map(|mark| {
        view! {
            <line class="moment" x1=across(mark.x) x2=across(mark.x) y1=ROW * mark.row as f32 + 2.0 y2=top + PLOT></line>
        }
    });
    // What is written lies on what is drawn.
    let names = chart.marks.iter().map(|mark| {
        let (anchor, aside) = if mark.before { ("end", "-4") } else { ("start", "4") };
        view! { <text class="moment-label" text-anchor=anchor x=across(mark.x) dx=aside y=ROW * mark.row as f32 + 12.0>{mark.name.clone()}</text> }
    });
    let values = chart.values.iter().map(
        |(y, label)| view! { <text class="axis" x="2" y=top + *y - 3.0>{label.clone()}</text> },
    );
    let labels = chart.levels.iter().zip(geometry::level_labels(&chart.levels)).map(|((_, class, label), y)| {
        view! { <text class=format!("level-label {class}") text-anchor="end" x="100%" dx="-2" y=top + y>{label.clone()}</text> }
    });
    let times = chart.times.iter().map(|&(x, at)| {
        let anchor = match x {
            0.0..10.0 => "start",
            10.0..90.0 => "middle",
            _ => "end",
        };
        view! { <text class="axis" text-anchor=anchor x=across(x) y=top + PLOT + 16.0 >{move || if clock.is_alive() { clock::local_hour(at) } else { clock::hour(at) }}</text> }
    });
    let dots = chart
        .dots
        .iter()
        .map(|&(x, y)| view! { <circle class="dot" cx=across(x) cy=top + y r="2.5"></circle> });
    view! {
        <figure class="chart">
            <figcaption>{title}</figcaption>
            <svg width="100%" height=top + PLOT + BOTTOM role="img" aria-label=chart.description.clone()>
                {grid.collect_view()}
                {levels.collect_view()}
                {moments.collect_view()}
                <svg x="0" y=top width="100%" height=PLOT viewBox=format!("0 0 {} {PLOT}", geometry::WIDTH) preserveAspectRatio="none">
                    {chart.bands.iter().map(|points| view! { <polygon class="band" points=points.clone()></polygon> }).collect_view()}
                    {chart.lines.iter().map(|points| view! { <polyline class="course" points=points.clone()></polyline> }).collect_view()}
                </svg>
                {dots.collect_view()}
                {values.collect_view()}
                {labels.collect_view()}
                {names.collect_view()}
                {times.collect_view()}
            </svg>
        </figure>
    }
    .into_any()
}
