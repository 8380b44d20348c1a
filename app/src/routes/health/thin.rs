//! Sparklines as the page needs them.

use commands::view::Sparkline;

/// Sparklines are 88 px wide: more points than this can't be told apart.
const SPARK_POINTS: usize = 30;

/// Fewer points, and no more digits than the picture can show.
pub(super) fn thin(spark: &mut Sparkline) {
    let step = spark.points.len().div_ceil(SPARK_POINTS).max(1);
    let last = spark.points.len().saturating_sub(1);
    let kept =
        spark.points.iter().enumerate().filter(|(index, _)| (last - index).is_multiple_of(step));
    spark.points = kept.map(|(_, &(seconds, value))| (seconds.round(), telling(value))).collect();
}

/// Four telling digits.
fn telling(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let digits = (3 - value.abs().log10().floor() as i32).clamp(-12, 12);
    let scale = 10f64.powi(digits.abs());
    if digits >= 0 { (value * scale).round() / scale } else { (value / scale).round() * scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparklines_keep_their_newest_point_and_few_digits() {
        let mut spark = Sparkline {
            subject: "host:web-1".parse().unwrap(),
            signal: "host.cpu.used".parse().unwrap(),
            points: (0..60u8)
                .map(|index| (f32::from(60 - index), 12.345_678 + f64::from(index)))
                .collect(),
        };
        thin(&mut spark);
        assert!(spark.points.len() <= SPARK_POINTS);
        assert_eq!(spark.points.last(), Some(&(1.0, 71.35)));
    }

    #[test]
    fn numbers_keep_four_telling_digits() {
        for (value, kept) in [
            (12.345_678, 12.35),
            (0.0, 0.0),
            (123_456_789.0, 123_500_000.0),
            (0.000_123_456, 0.000_123_5),
        ] {
            assert!(
                (telling(value) - kept).abs() <= kept.abs() * 1e-9,
                "{value}: {}",
                telling(value)
            );
        }
    }
}
