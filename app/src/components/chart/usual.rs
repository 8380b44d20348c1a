//! The usual range on a chart: a quiet band behind the values, and its words.

use commands::signal_page::UsualSpan;
use domain::time::Timestamp;

/// The values between which a chart reaches with the usual range: so far as it leaves room for the
/// values themselves.
pub(super) fn reach(spans: &[UsualSpan], (low, high): (f64, f64)) -> (f64, f64) {
    let room = if high > low { high - low } else { high.abs().max(1.0) };
    let least = spans.iter().fold(low, |least, span| least.min(span.low));
    let most = spans.iter().fold(high, |most, span| most.max(span.high));
    (least.max(low - room), most.min(high + room))
}

/// The band as polygon points, one for each stretch without a gap. `corner` gives the place of a
/// value.
pub(super) fn bands(spans: &[UsualSpan], corner: impl Fn(Timestamp, f64) -> String) -> Vec<String> {
    let band = |stretch: &[UsualSpan]| {
        let edge = |of: fn(&UsualSpan) -> f64, span: &UsualSpan| {
            [corner(span.from, of(span)), corner(span.to, of(span))]
        };
        let upper = stretch.iter().flat_map(|span| edge(|span| span.high, span));
        let lower = stretch.iter().rev().flat_map(|span| {
            let [first, second] = edge(|span| span.low, span);
            [second, first]
        });
        upper.chain(lower).collect::<Vec<_>>().join(" ")
    };
    spans.chunk_by(|one, next| next.from <= one.to).map(band).collect()
}

/// The usual range at a moment in words; `None` where it is not known.
pub(super) fn words(
    spans: &[UsualSpan],
    at: Timestamp,
    text: impl Fn(f64) -> String,
) -> Option<String> {
    let span = spans.iter().find(|span| span.from <= at && at <= span.to)?;
    Some(format!("usually {} to {}", text(span.low), text(span.high)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(hour: i64, low: f64, high: f64) -> UsualSpan {
        let at = |hour: i64| Timestamp::from_secs(hour * 3_600);
        UsualSpan { from: at(hour), to: at(hour + 1), value: (low + high) / 2.0, low, high }
    }

    #[test]
    fn a_band_goes_along_the_upper_ends_and_back_along_the_lower_ones() {
        let spans = [span(0, 1.0, 3.0), span(1, 2.0, 6.0), span(5, 1.0, 3.0)];
        let corner =
            |at: Timestamp, value: f64| format!("{},{value}", at.as_micros() / 3_600_000_000);
        let bands = bands(&spans, corner);
        assert_eq!(bands, ["0,3 1,3 1,6 2,6 2,2 1,2 1,1 0,1", "5,3 6,3 6,1 5,1"]);
    }

    #[test]
    fn a_wide_range_leaves_room_for_the_values() {
        assert_eq!(reach(&[span(0, 8.0, 22.0)], (10.0, 20.0)), (8.0, 22.0));
        assert_eq!(reach(&[span(0, -900.0, 900.0)], (10.0, 20.0)), (0.0, 30.0));
        assert_eq!(reach(&[], (10.0, 20.0)), (10.0, 20.0));
    }

    #[test]
    fn the_range_of_a_moment_is_told() {
        let spans = [span(0, 1.0, 3.0)];
        let told =
            |hour: i64| words(&spans, Timestamp::from_secs(hour * 3_600), |one| one.to_string());
        assert_eq!(told(1).as_deref(), Some("usually 1 to 3"));
        assert_eq!(told(2), None);
    }
}
