//! Charts of an incident: the course of a signal with its smallest and largest values, the threshold lines, and the times that matter.

use leptos::prelude::*;

use crate::{clock, facts::Chart};

pub(crate) use geometry::build;

mod geometry {
    use rules::{
        say,
        time::{Span, Timestamp},
        view::{CoursePage, CoursePoint},
        words::Unit,
    };

    use crate::{clock, facts::Chart};

    const LEFT: f64 = 64.0;
    const RIGHT: f64 = 632.0;
    /// Above it stand the names of the moments.
    const TOP: f64 = 32.0;
    const BOTTOM: f64 = 172.0;

    fn tenth(value: f64) -> f32 {
        ((value * 10.0).round() / 10.0) as f32
    }

    /// Steps of 1, 2 or 5 times a power of ten (or of 1024 for bytes): about four of them.
    fn step(room: f64, binary: bool) -> f64 {
        let rough = (room / 4.0).max(f64::MIN_POSITIVE);
        let base: f64 = if binary && rough >= 1024.0 { 1024f64.powf(rough.log(1024.0).floor()) } else { 1.0 };
        let decade = 10f64.powf((rough / base).log10().floor());
        let size = [1.0, 2.0, 5.0, 10.0].into_iter().find(|size| size * decade * base >= rough).unwrap_or(10.0);
        size * decade * base
    }

    /// Stretches without a gap: a gap is three times the usual distance of two points.
    fn stretches(points: &[CoursePoint]) -> Vec<&[CoursePoint]> {
        let mut distances: Vec<u64> = points.windows(2).map(|pair| pair[1].at.since(pair[0].at).as_micros()).collect();
        distances.sort_unstable();
        let usual = distances.get(distances.len() / 2).copied().unwrap_or(0);
        points.chunk_by(|one, next| next.at.since(one.at).as_micros() <= usual.saturating_mul(3)).collect()
    }

    /// Lays a course out, with the moments that are marked in it.
    pub(crate) fn build(course: &CoursePage, moments: &[(Timestamp, &'static str)]) -> Chart {
        let label = say::label(&course.signal);
        let subject = say::subject(&course.subject);
        let points: Vec<CoursePoint> = course
            .points
            .iter()
            .filter(|point| [point.min, point.mean, point.max].iter().all(|value| value.is_finite()))
            .copied()
            .collect();
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            let description = format!("{label} of {subject}: nothing was kept for this time.");
            return Chart { subject, label, description, ..Chart::default() };
        };
        let (from, to) = (first.at, last.at.max(first.at.plus(Span::from_secs(1))));
        // What is yes or no has no levels worth a line.
        let is_yes_no = course.unit == Unit::YesNo;
        let levels = [("warning", course.warning), ("critical", course.critical)].map(|(name, level)| (name, level.filter(|_| !is_yes_no)));
        let smallest = points.iter().fold(f64::INFINITY, |low, point| low.min(point.min));
        let largest = points.iter().fold(f64::NEG_INFINITY, |high, point| high.max(point.max));
        let with_levels = levels.iter().filter_map(|(_, level)| *level).filter(|level| level.is_finite());
        let (low, high) = with_levels.fold((smallest, largest), |(low, high), level| (low.min(level), high.max(level)));
        let room = if high > low { high - low } else { high.abs().max(1.0) };
        let (low, high) = (low - room * 0.06, high + room * 0.06);

        let total = to.since(from).as_micros() as f64;
        let x = |at: Timestamp| tenth(LEFT + (RIGHT - LEFT) * (at.since(from).as_micros() as f64 / total).clamp(0.0, 1.0));
        let y = |value: f64| tenth(BOTTOM - (BOTTOM - TOP) * ((value - low) / (high - low)).clamp(0.0, 1.0));
        let text = |value: f64| say::value(value, &course.unit);

        let (mut lines, mut bands) = (Vec::new(), Vec::new());
        for stretch in stretches(&points) {
            let means: Vec<String> = stretch.iter().map(|point| format!("{},{}", x(point.at), y(point.mean))).collect();
            lines.push(means.join(" "));
            if stretch.iter().any(|point| y(point.min) != y(point.max)) {
                let upper = stretch.iter().map(|point| format!("{},{}", x(point.at), y(point.max)));
                let lower = stretch.iter().rev().map(|point| format!("{},{}", x(point.at), y(point.min)));
                bands.push(upper.chain(lower).collect::<Vec<_>>().join(" "));
            }
        }

        let step = if is_yes_no { 1.0 } else { step(high - low, matches!(course.unit, Unit::Bytes | Unit::BytesPerSecond)) };
        let start = (low / step).ceil();
        let values = (0..8).map(|index| (start + f64::from(index)) * step).take_while(|value| *value <= high);
        let shown_levels = levels.iter().filter_map(|(name, level)| level.filter(|level| level.is_finite()).map(|level| (*name, level)));
        let said_levels: Vec<String> = shown_levels.clone().map(|(name, level)| format!("{name} at {}", text(level))).collect();
        let said_levels = if said_levels.is_empty() { String::new() } else { format!("; {}", said_levels.join(", ")) };
        let quarter = to.since(from).as_micros() / 4;
        // Times are told by the minute: none is told twice.
        let mut times: Vec<(f32, Timestamp)> =
            (0..=4).map(|part| from.plus(Span::from_micros(quarter * part))).map(|at| (x(at), at)).collect();
        times.dedup_by_key(|(_, at)| at.as_micros().div_euclid(60_000_000));
        Chart {
            description: format!(
                "{label} of {subject} from {} to {}: between {} and {}, at last {}{said_levels}.",
                clock::utc(from),
                clock::utc(to),
                text(smallest),
                text(largest),
                text(last.mean)
            ),
            lines,
            bands,
            levels: shown_levels.map(|(name, level)| (y(level), name.to_owned(), format!("{name} {}", text(level)))).collect(),
            marks: moments.iter().filter(|(at, _)| (from..=to).contains(at)).map(|(at, name)| (x(*at), (*name).to_owned())).collect(),
            values: values.map(|value| (y(value), text(if value.abs() < step * 1e-6 { 0.0 } else { value }))).collect(),
            times,
            subject,
            label,
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn course(values: &[f64]) -> CoursePage {
            let at = |index: usize| Timestamp::from_secs(1_795_341_600 + 5 * index as i64);
            let point = |(index, &value): (usize, &f64)| CoursePoint { at: at(index), min: value - 1.0, mean: value, max: value + 1.0 };
            CoursePage {
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
            let chart = build(&course, &[(course.points[2].at, "opened"), (outside, "began")]);
            assert_eq!(chart.marks, vec![(348.0, "opened".to_owned())]);
            assert_eq!(chart.levels.len(), 2);
            assert!(chart.levels[0].0 > chart.levels[1].0, "critical lies above warning");
            assert!(
                chart.description.contains("between 59 % and 98 %, at last 97 %; warning at 85 %, critical at 95 %"),
                "{}",
                chart.description
            );
            assert!((2..=8).contains(&chart.values.len()), "{:?}", chart.values);
            assert_eq!(chart.times.len(), 1, "20 s are one minute on the axis: {:?}", chart.times);
        }

        #[test]
        fn a_gap_is_not_bridged() {
            let mut course = course(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
            for point in &mut course.points[3..] {
                point.at = point.at.plus(Span::from_mins(5));
            }
            assert_eq!(build(&course, &[]).lines.len(), 2);
        }

        #[test]
        fn nothing_strange_comes_of_strange_courses() {
            let mut odd = course(&[]);
            assert!(build(&odd, &[]).description.contains("nothing was kept"));
            odd = course(&[f64::NAN, 5.0]);
            let chart = build(&odd, &[]);
            assert_eq!(chart.lines.len(), 1);
            assert!(!format!("{chart:?}").contains("NaN"));
        }
    }
}

/// The picture with its caption.
pub(crate) fn chart(chart: &Chart) -> AnyView {
    let title = format!("{} of {}", chart.label, chart.subject);
    if chart.lines.is_empty() {
        return view! { <figure class="chart"><figcaption>{title}</figcaption><p class="quiet">{chart.description.clone()}</p></figure> }
            .into_any();
    }
    let anchor = |x: f32| {
        if x > 600.0 {
            "end"
        } else if x < 80.0 {
            "start"
        } else {
            "middle"
        }
    };
    let grid = chart.values.iter().map(|(y, label)| {
        view! { <line class="grid" x1="64" x2="632" y1=*y y2=*y></line><text class="axis" text-anchor="end" x="58" y=*y + 4.0>{label.clone()}</text> }
    });
    let levels = chart.levels.iter().map(|(y, class, label)| {
        // At opposite ends, as the two may lie close to each other.
        let (anchor, x) = if class == "critical" { ("start", "68") } else { ("end", "628") };
        view! {
            <line class=format!("level {class}") x1="64" x2="632" y1=*y y2=*y></line>
            <text class=format!("level-label {class}") text-anchor=anchor x=x y=*y - 4.0>{label.clone()}</text>
        }
    });
    let marks = chart.marks.iter().enumerate().map(|(index, (x, label))| {
        let y = 12.0 + 12.0 * (index % 2) as f32;
        view! {
            <line class="moment" x1=*x x2=*x y1="14" y2="172"></line>
            <text class="moment-label" text-anchor=anchor(*x) x=*x + 3.0 y=y>{label.clone()}</text>
        }
    });
    let times = chart.times.iter().map(|&(x, at)| {
        view! { <text class="axis" text-anchor=anchor(x) x=x y="192" data-at=at.to_seconds_text()>{clock::hour(at)}</text> }
    });
    view! {
        <figure class="chart">
            <figcaption>{title}</figcaption>
            <svg viewBox="0 0 640 200" role="img" aria-label=chart.description.clone()>
                {grid.collect_view()}
                {chart.bands.iter().map(|points| view! { <polygon class="band" points=points.clone()></polygon> }).collect_view()}
                {levels.collect_view()}
                {marks.collect_view()}
                {chart.lines.iter().map(|points| view! { <polyline class="course" points=points.clone()></polyline> }).collect_view()}
                {times.collect_view()}
            </svg>
        </figure>
    }
    .into_any()
}
