//! Properties of every chart, whatever its values are.

use commands::view::{Series, SeriesPoint};
use domain::{
    severity::Severity,
    time::{Span, Timestamp},
};
use proptest::prelude::*;

use super::{
    geometry::{Moment, MomentKind, Plot, WIDTH, lay_out},
    ticks,
};

const AT: i64 = 1_795_341_600;

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -1e6..1e6,
        1 => prop_oneof![
            Just(0.0),
            Just(f64::MAX),
            Just(f64::MIN),
            Just(1e-300),
            Just(f64::NAN),
            Just(f64::INFINITY),
        ],
    ]
}

fn points() -> impl Strategy<Value = Vec<SeriesPoint>> {
    let point = (0i64..5_000, 0u64..200, value(), value(), value()).prop_map(
        |(second, until, one, other, third)| {
            let at = Timestamp::from_secs(AT + second);
            let mut values = [one, other, third];
            values.sort_by(f64::total_cmp);
            let [min, mean, max] = values;
            SeriesPoint { at, until: at.plus(Span::from_secs(until)), min, mean, max }
        },
    );
    prop::collection::vec(point, 0..60)
}

/// The corners of a line or a band.
fn corners(text: &str) -> Vec<(f64, f64)> {
    let corner = |corner: &str| {
        let (x, y) = corner.split_once(',').unwrap();
        (x.parse().unwrap(), y.parse().unwrap())
    };
    text.split(' ').map(corner).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_leaves_the_plot_and_no_gap_is_bridged(
        points in points(),
        before in points(),
        step in 0u64..100,
        period in prop::option::of((-3_000i64..6_000, -3_000i64..9_000)),
        newest in prop::option::of((-100i64..6_000, value())),
        moments in prop::collection::vec(-1_000i64..7_000, 0..12),
        incident in (-3_000i64..7_000, -3_000i64..9_000),
        levels in (prop::option::of(value()), prop::option::of(value())),
    ) {
        let at = |second: i64| Timestamp::from_secs(AT + second);
        let series = Series {
            subject: "service:imports".parse().unwrap(),
            signal: "queue.depth".parse().unwrap(),
            unit: "jobs".parse().unwrap(),
            warning: levels.0,
            critical: levels.1,
            points,
        };
        let moment = |second: i64| Moment {
            at: at(second),
            kind: MomentKind::Change,
            name: "deployment of api".to_owned(),
        };
        let height = 280.0;
        let chart = lay_out(Plot {
            series: &series,
            step: Span::from_secs(step),
            period: period.map(|(from, to)| (at(from), at(to))),
            before: &before,
            usual: &[],
            newest: newest.map(|(second, value)| (at(second), value)),
            moments: moments.into_iter().map(moment).collect(),
            incidents: vec![(at(incident.0), at(incident.1), Severity::Critical)],
            blind: &[],
            height,
        });
        let told = format!("{chart:?}");
        prop_assert!(!told.contains("NaN"));
        let limit = f64::from(height);
        for line in chart.lines.iter().chain(&chart.bands).chain(&chart.before) {
            for (x, y) in corners(line) {
                prop_assert!((0.0..=WIDTH).contains(&x) && (0.0..=limit).contains(&y), "{x},{y}");
            }
        }
        let percent = |x: f32| (0.0..=100.0).contains(&x);
        let inside = |y: f32| (0.0..=height).contains(&y);
        prop_assert!(chart.dots.iter().all(|&(x, y)| percent(x) && inside(y)));
        prop_assert!(chart.samples.iter().all(|one| percent(one.x) && inside(one.y)));
        prop_assert!(chart.samples.windows(2).all(|pair| pair[0].x <= pair[1].x));
        prop_assert!(chart.levels.iter().all(|(y, ..)| inside(*y)));
        prop_assert!(chart.values.iter().all(|(y, _)| inside(*y)));
        prop_assert!(chart.marks.iter().all(|mark| percent(mark.x) && mark.row < 3));
        let ends = chart.gaps.iter().map(|gap| (gap.x, gap.width));
        for (x, width) in ends.chain(chart.strips.iter().map(|strip| (strip.x, strip.width))) {
            prop_assert!(percent(x) && percent(width) && x + width <= 100.01, "{x} {width}");
        }
        // No line goes from before a gap to behind it, but for what is rounded.
        for line in &chart.lines {
            for pair in corners(line).windows(2) {
                let (from, to) = (pair[0].0 / 10.0, pair[1].0 / 10.0);
                prop_assert!(from <= to);
                for gap in &chart.gaps {
                    let (begin, end) = (f64::from(gap.x), f64::from(gap.x + gap.width));
                    let is_bridged = from <= begin + 0.02 && to + 0.02 >= end && end - begin > 0.5;
                    prop_assert!(!is_bridged, "{from} to {to} over {begin} to {end}");
                }
            }
        }
    }

    #[test]
    fn ticks_lie_in_the_span_in_their_order(
        from in -5_000_000_000i64..5_000_000_000,
        length in 1i64..100_000_000,
        east in -840i64..840,
    ) {
        let (from, to) = (Timestamp::from_secs(from), Timestamp::from_secs(from + length));
        let ticks = ticks::ticks(from, to, |_| east);
        prop_assert!(ticks.len() <= 7, "{ticks:?}");
        prop_assert!(ticks.iter().all(|tick| tick.at >= from && tick.at <= to));
        prop_assert!(ticks.windows(2).all(|pair| pair[0].at < pair[1].at));
    }
}
