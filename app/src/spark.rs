//! Sparklines: the recent course of a reading, with its threshold lines drawn in. Whole numbers and
//! powers of ten, as all that it takes to write and read other fractions would be loaded by every
//! browser.

const WIDTH: f64 = 1_200.0;
const HEIGHT: f64 = 320.0;

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
    fn nothing_strange_comes_of_strange_values() {
        assert_eq!(lay_out(&[], None, None), Geometry::default());
        assert_eq!(lay_out(&[(0.0, 1.0)], None, None), Geometry::default());
        let flat = lay_out(&[(10.0, 7.0), (0.0, 7.0)], None, None);
        assert!(!flat.line.contains("NaN") && !flat.line.is_empty());
        let odd = lay_out(&[(0.0, 7.0), (0.0, f64::NAN), (0.0, 9.0)], Some(f64::INFINITY), None);
        assert!(!odd.line.contains("NaN") && !odd.line.contains("inf"), "{odd:?}");
    }
}
