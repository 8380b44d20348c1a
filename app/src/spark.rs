//! Sparklines: the recent course of a reading, with its threshold lines drawn in. Whole numbers and
//! powers of ten, as all that it takes to write and read other fractions would be loaded by every
//! browser.

const WIDTH: f64 = 1_200.0;
const HEIGHT: f64 = 320.0;

/// The most points that a sparkline keeps.
#[cfg(any(test, feature = "hydrate"))]
pub(crate) const LONGEST: usize = 60;

/// The geometry of a sparkline in a box of 1200 by 320.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Geometry {
    /// The line, as `x,y x,y`.
    pub line: String,
    /// The height of the warning level.
    pub warning: Option<i32>,
    /// The height of the critical level.
    pub critical: Option<i32>,
}

/// Lays out points (seconds before the newest, value), oldest first.
pub(crate) fn lay_out(
    points: &[(f64, f64)],
    warning: Option<f64>,
    critical: Option<f64>,
) -> Geometry {
    let levels = warning.into_iter().chain(critical);
    let all =
        points.iter().map(|&(_, value)| value).chain(levels).filter(|value| value.is_finite());
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if points.len() < 2 || low > high {
        return Geometry::default();
    }
    let room = if high > low { high - low } else { high.abs().max(1.0) };
    let (low, room) = (low - room * 0.08, room * 1.16);
    let oldest = points.first().map_or(1.0, |&(ago, _)| ago).max(1e-3);
    let height =
        |value: f64| ((1.0 - (value - low) / room) * HEIGHT).round().clamp(0.0, HEIGHT) as i32;
    let mut line = String::with_capacity(points.len() * 8);
    for &(ago, value) in points.iter().filter(|(_, value)| value.is_finite()) {
        let x = ((1.0 - ago / oldest) * WIDTH).round() as i32;
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&format!("{x},{}", height(value)));
    }
    Geometry { line, warning: warning.map(height), critical: critical.map(height) }
}

/// A course as it is kept beside its picture: `seconds before the newest,value` for each point.
pub(crate) fn write(points: &[(f64, f64)]) -> String {
    let mut text = String::with_capacity(points.len() * 10);
    for (ago, value) in points {
        if !text.is_empty() {
            text.push(' ');
        }
        let ago = ago.round() as i64;
        let short = if value.fract() == 0.0 && value.abs() < 1e6 {
            format!("{ago},{}", *value as i64)
        } else {
            format!("{ago},{value:.2e}")
        };
        text.push_str(&short);
    }
    text
}

/// Reads a course back with what reads a number; what can't be read is left out.
#[cfg(any(test, feature = "hydrate"))]
pub(crate) fn read(text: &str, number: impl Fn(&str) -> Option<f64>) -> Vec<(f64, f64)> {
    let point = |pair: &str| {
        let (ago, value) = pair.split_once(',')?;
        Some((number(ago)?, number(value)?))
    };
    text.split(' ').filter_map(point).collect()
}

/// A course with one more point, `later` seconds after its newest.
#[cfg(any(test, feature = "hydrate"))]
pub(crate) fn push(points: &mut Vec<(f64, f64)>, later: f64, value: f64) {
    points.iter_mut().for_each(|(ago, _)| *ago += later);
    points.push((0.0, value));
    let surplus = points.len().saturating_sub(LONGEST);
    points.drain(..surplus);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rising_line_goes_from_the_lower_left_to_the_upper_right() {
        let geometry = lay_out(&[(10.0, 0.0), (5.0, 50.0), (0.0, 100.0)], Some(80.0), None);
        assert_eq!(geometry.line, "0,298 600,160 1200,22");
        assert_eq!(geometry.critical, None);
        assert!(geometry.warning.is_some_and(|y| (22..160).contains(&y)));
    }

    #[test]
    fn a_course_survives_as_text_and_forgets_its_oldest_points() {
        let mut points = vec![(10.0, 1.5), (3.0, 412.0), (1.0, -2e-9), (0.0, 2.25)];
        let number = |text: &str| text.parse().ok();
        assert_eq!(read(&write(&points), number), points);
        for value in 0..100 {
            push(&mut points, 5.0, f64::from(value));
        }
        assert_eq!(
            (points.len(), points.first(), points.last()),
            (LONGEST, Some(&(295.0, 40.0)), Some(&(0.0, 99.0)))
        );
        assert_eq!(read("x,1 2 3,y", number), Vec::new());
    }

    #[test]
    fn nothing_strange_comes_of_strange_values() {
        assert_eq!(lay_out(&[], None, None), Geometry::default());
        assert_eq!(lay_out(&[(0.0, 1.0)], None, None), Geometry::default());
        let flat = lay_out(&[(10.0, 7.0), (0.0, 7.0)], None, None);
        assert!(!flat.line.contains("NaN") && !flat.line.is_empty());
        let odd = lay_out(&[(0.0, 7.0), (0.0, f64::NAN), (0.0, 9.0)], Some(f64::INFINITY), None);
        assert!(!odd.line.contains("NaN") && !odd.line.contains("inf"), "{odd:?}");
    }
}
