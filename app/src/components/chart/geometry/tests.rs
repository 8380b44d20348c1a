//! Charts of small series.

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

fn plot(series: &Series) -> Plot<'_> {
    Plot {
        series,
        step: Span::from_secs(5),
        period: None,
        before: &[],
        usual: &[],
        newest: None,
        moments: Vec::new(),
        incidents: Vec::new(),
        blind: &[],
        height: 280.0,
    }
}

#[test]
fn levels_and_moments_lie_where_they_belong() {
    let course = course(&[60.0, 70.0, 80.0, 90.0, 97.0]);
    let outside = Timestamp::from_secs(0);
    let chart = build(&course, &[(course.points[2].at, "opened"), (outside, "began")], None);
    let mark = Mark { x: 50.0, class: "moment", name: "opened".to_owned(), row: 0, before: false };
    assert_eq!(chart.marks, vec![mark]);
    assert_eq!(chart.levels.len(), 2);
    assert!(chart.levels[0].0 > chart.levels[1].0, "critical lies above warning");
    assert!(
        chart
            .description
            .ends_with("between 59% and 98%, last value 97%; warning at 85%, critical at 95%."),
        "{}",
        chart.description
    );
    assert!((2..=8).contains(&chart.values.len()), "{:?}", chart.values);
    assert_eq!(chart.address, "/ops/signals/host.memory.used?subject=host%3Aweb-1");
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
    assert!(chart.description.ends_with(" It has a gap without data."), "{}", chart.description);
    assert_eq!((chart.gaps.len(), chart.gaps[0].name.as_str()), (1, "no data"));
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
    let chart = build(&course, &[(resolved, "resolved")], None);
    assert_eq!(chart.marks[0].x, 100.0);
    assert_eq!((chart.gaps[0].x, chart.gaps[0].width), (10.0, 90.0));
}

#[test]
fn a_period_is_shown_whole_with_what_is_not_known_of_it() {
    let course = course(&[60.0, 70.0, 80.0]);
    let first = course.points[0].at;
    let seconds = |count| first.plus(Span::from_secs(count));
    let period = (first.minus(Span::from_secs(80)), seconds(120));
    let span = |from, to| BlindSpan { from, to, why: BlindReason::NotRunning };
    let blind = [span(first.minus(Span::from_secs(80)), first)];
    let incidents = vec![(seconds(0), seconds(20), Severity::Critical)];
    let chart = lay_out(Plot { period: Some(period), blind: &blind, incidents, ..plot(&course) });
    assert_eq!(chart.span, period);
    let gaps: Vec<(f32, f32, &str)> =
        chart.gaps.iter().map(|gap| (gap.x, gap.width, gap.name.as_str())).collect();
    // There is no room for "Calm Ops was not running".
    assert_eq!(gaps, [(0.0, 40.0, "no data"), (47.5, 52.5, "no data")]);
    let strip = Strip { x: 40.0, width: 10.0, class: "critical" };
    assert_eq!(chart.strips, [strip]);
    assert_eq!(chart.lines[0].split(' ').count(), 3);
}

#[test]
fn the_line_goes_on_to_the_newest_value_and_not_over_a_gap() {
    let course = course(&[60.0, 70.0, 80.0]);
    let first = course.points[0].at;
    let (period, newest) = (
        Some((first, first.plus(Span::from_secs(20)))),
        Some((first.plus(Span::from_secs(20)), 90.0)),
    );
    let chart = lay_out(Plot { period, newest, ..plot(&course) });
    assert!(chart.lines[0].rsplit(' ').next().unwrap().starts_with("1000,"), "{chart:?}");
    assert_eq!((chart.gaps.len(), chart.samples.len()), (0, 4));
    let later = first.plus(Span::from_secs(300));
    let chart = lay_out(Plot {
        period: Some((first, later)),
        newest: Some((later, 90.0)),
        ..plot(&course)
    });
    assert_eq!((chart.lines.len(), chart.dots, chart.gaps.len()), (1, vec![(100.0, 49.7)], 1));
}

#[test]
fn the_week_before_is_a_line_of_its_own_and_told_beside_each_value() {
    let course = course(&[60.0, 70.0, 80.0]);
    let mut earlier = self::course(&[10.0, 20.0, 30.0]).points;
    earlier.remove(1);
    let chart = lay_out(Plot { before: &earlier, ..plot(&course) });
    assert_eq!(chart.before.len(), 1);
    let texts: Vec<&str> = chart.samples.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "60% (59% to 61%); a week before 10%",
            "70% (69% to 71%)",
            "80% (79% to 81%); a week before 30%"
        ]
    );
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
    let rows: Vec<(&str, usize, bool)> =
        chart.marks.iter().map(|mark| (mark.name.as_str(), mark.row, mark.before)).collect();
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
    // Many at once: each has its line, and as many names as find room.
    let many: Vec<(Timestamp, &str)> = (0..40).map(|_| (at(50), "deployment")).collect();
    let chart = build(&course, &many, None);
    let named = chart.marks.iter().filter(|mark| !mark.name.is_empty()).count();
    assert_eq!((chart.marks.len(), named), (40, MOST_ROWS));
}

#[test]
fn names_of_levels_that_are_close_do_not_lie_on_each_other() {
    let level = |y: f32| (y, String::new(), String::new());
    for (warning, critical) in [(60.0, 55.0), (60.0, 60.0), (3.0, 1.0), (149.0, 147.0)] {
        let placed = level_labels(&[level(warning), level(critical)], SMALL);
        assert!((placed[0] - placed[1]).abs() >= APART, "{placed:?}");
        assert!(placed.iter().all(|y| (10.0..=SMALL).contains(y)), "{placed:?}");
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
        build(&odd, &[], None).values.iter().all(|(_, text)| text.chars().count() <= LONGEST_LABEL)
    );
}
