//! Sparklines: the last hour of a reading, with its thresholds drawn in.

use domain::{reading::Reading, time::Timestamp};
use leptos::prelude::*;

use crate::{spark, state::CourseLine};

/// Geometry of a course that ends at `now`; where the reading is stale, its line ends before the
/// right edge.
fn geometry(course: &CourseLine, reading: &Reading, now: Timestamp) -> spark::Geometry {
    let end = if reading.stale_since.is_some() { now } else { reading.at };
    let points: Vec<(f64, f64)> =
        course.iter().map(|&(at, value)| (end.since(at).as_secs_f64(), value)).collect();
    spark::lay_out(&points, reading.warning, reading.critical)
}

/// The picture. It is told in words next to it.
#[component]
pub(crate) fn Sparkline(
    /// The course, the reading and the time of the last check.
    #[prop(into)]
    of: Signal<Option<(CourseLine, Reading, Timestamp)>>,
) -> impl IntoView {
    let geometry = Memo::new(move |_| {
        of.with(|of| {
            of.as_ref()
                .map(|(course, reading, now)| geometry(course, reading, *now))
                .unwrap_or_default()
        })
    });
    // Both lines always stand there, so that the page has the same shape on server and browser.
    let level = move |class: &'static str, y: fn(&spark::Geometry) -> Option<i32>| {
        let y = move || geometry.with(y);
        view! {
            <line
                class=class
                class:none=move || y().is_none()
                x1="0"
                x2="1200"
                y1=move || y().unwrap_or_default()
                y2=move || y().unwrap_or_default()
            ></line>
        }
    };
    view! {
        <svg
            class="spark"
            viewBox="0 0 1200 320"
            preserveAspectRatio="none"
            aria-hidden="true"
            focusable="false"
        >
            {level("level warning", |geometry| geometry.warning)}
            {level("level critical", |geometry| geometry.critical)}
            <polyline points=move || geometry.with(|geometry| geometry.line.clone())></polyline>
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_stale_reading_ends_before_the_right_edge() {
        let at = Timestamp::from_secs;
        let reading = fixtures::reading("service:imports", "queue.depth", 3.0);
        let mut reading = Reading { at: at(600), ..reading };
        let course = vec![(at(0), 1.0), (at(300), 2.0), (at(600), 3.0)];
        let end = |reading: &Reading| {
            let line = geometry(&course, reading, at(1_200)).line;
            line.rsplit(' ').next().and_then(|point| point.split(',').next()).unwrap().to_owned()
        };
        assert_eq!(end(&reading), "1200");
        reading.stale_since = Some(at(600));
        assert_eq!(end(&reading), "600");
    }
}
