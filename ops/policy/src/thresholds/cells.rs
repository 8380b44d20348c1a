//! The grammar of single cells: levels, values with their unit, durations.

use domain::{
    time::Span,
    unit::Unit,
    usual::{RelativeLevel, Side},
};

use crate::{markdown_table::is_none, thresholds::row::Level};

/// Durations longer than this are mistakes.
const LONGEST: Span = Span::from_secs(366 * 86_400);

/// The finding and the expectation.
#[derive(Debug, PartialEq)]
pub(super) struct Wrong {
    pub found: String,
    pub expected: String,
}

fn wrong<T>(found: impl Into<String>, expected: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { found: found.into(), expected: expected.into() })
}

/// `85`, `0.5`, `1,000`.
fn number(text: &str) -> Option<f64> {
    let (whole, fraction) =
        text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    let groups: Vec<&str> = unsigned.split(',').collect();
    let grouped = groups.iter().all(|group| digits(group))
        && (groups.len() == 1
            || (groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3)));
    if !grouped || !fraction.is_none_or(digits) || text.len() > 30 {
        return None;
    }
    text.replace(',', "").parse().ok()
}

fn bytes(unit: &str) -> Option<f64> {
    Some(match unit {
        "B" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1_048_576.0,
        "GiB" => 1_073_741_824.0,
        "TiB" => 1_099_511_627_776.0,
        _ => return None,
    })
}

fn seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    })
}

/// The factor from the written unit to the signal's; `None` if it does not fit.
fn scale(written: &str, unit: &Unit) -> Option<f64> {
    match unit {
        Unit::Bytes => bytes(written),
        Unit::BytesPerSecond => bytes(written.strip_suffix("/s")?),
        Unit::Seconds => seconds(written),
        Unit::Milliseconds => seconds(written).map(|seconds| seconds * 1e3),
        Unit::Days => {
            seconds(written).filter(|&seconds| seconds >= 3_600.0).map(|seconds| seconds / 86_400.0)
        }
        // A level of what is yes or no is written as a plain number: `below 1`.
        Unit::YesNo => written.is_empty().then_some(1.0),
        Unit::Count | Unit::Percent | Unit::Other(_) => (written == unit.as_str()).then_some(1.0),
    }
}

/// The unit of a signal that nobody declared, from how its level is written.
fn implied(written: &str) -> Option<Unit> {
    if bytes(written).is_some() {
        return Some(Unit::Bytes);
    }
    if written.strip_suffix("/s").is_some_and(|size| bytes(size).is_some()) {
        return Some(Unit::BytesPerSecond);
    }
    match written {
        "min" | "h" => Some(Unit::Seconds),
        other => other.parse().ok(),
    }
}

fn example(unit: Option<&Unit>) -> &'static str {
    match unit {
        Some(Unit::Percent) => "'85%'",
        Some(Unit::Bytes) => "a size such as '10 GiB'",
        Some(Unit::BytesPerSecond) => "a speed such as '10 MiB/s'",
        Some(Unit::Seconds) => "a time such as '30 s' or '5 min'",
        Some(Unit::Milliseconds) => "a time such as '800 ms' or '2 s'",
        Some(Unit::Days) => "a time such as '14 d'",
        Some(Unit::Count) => "a plain number such as '3', without a unit",
        Some(Unit::YesNo) => "a plain number such as '1', which is yes; 0 is no",
        Some(Unit::Other(_)) | None => "a number with its unit such as '1,000 jobs'",
    }
}

/// A number with its unit, in the signal's unit.
pub(super) fn value(text: &str, unit: &mut Option<Unit>) -> Result<f64, Wrong> {
    let text = text.trim();
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '-')))
        .unwrap_or(text.len());
    let (digits, written) = (&text[..end], text[end..].trim());
    let Some(number) = number(digits) else {
        return wrong(format!("'{text}' is not a number with its unit"), example(unit.as_ref()));
    };
    if unit.is_none() && !written.is_empty() {
        *unit = implied(written);
    }
    let factor = match unit {
        Some(unit) => scale(written, unit),
        None => written.is_empty().then_some(1.0),
    };
    match factor {
        Some(factor) => Ok(number * factor),
        None if written.is_empty() => {
            wrong(format!("'{text}' has no unit"), example(unit.as_ref()))
        }
        None => {
            wrong(format!("the unit '{written}' does not fit this signal"), example(unit.as_ref()))
        }
    }
}

/// A duration such as `5 min`.
pub(super) fn span(text: &str) -> Result<Span, Wrong> {
    match text.trim().parse::<Span>() {
        Ok(span) if span <= LONGEST => Ok(span),
        Ok(_) => wrong(
            format!("'{}' is too long", text.trim()),
            "a duration of at most a year such as '5 min'",
        ),
        Err(_) => wrong(
            format!("'{}' is not a duration", text.trim()),
            "a duration such as '30 s', '5 min' or '2 h'",
        ),
    }
}

/// `5 min`, or `5 min / 1 min` for warning and critical.
pub(super) fn durations(text: &str) -> Result<(Span, Span), Wrong> {
    match text.split_once('/') {
        Some((warning, critical)) => Ok((span(warning)?, span(critical)?)),
        None => span(text).map(|both| (both, both)),
    }
}

fn within(text: &str) -> Option<(&str, &str)> {
    text.split_once(" in ").map(|(value, span)| (value.trim(), span.trim()))
}

fn horizon(text: &str) -> Result<Span, Wrong> {
    let horizon = span(text)?;
    if horizon < Span::from_secs(10) {
        wrong(format!("'{text}' is too short to measure in"), "at least '10 s'")
    } else {
        Ok(horizon)
    }
}

/// `3 times usual`, `0.3 times usual and 50 ms`, `usual range`, `2 times usual range`.
fn relative(side: Side, text: &str, unit: &mut Option<Unit>) -> Result<RelativeLevel, Wrong> {
    let (of_usual, floor) =
        text.split_once(" and ").map_or((text, None), |(times, floor)| (times, Some(floor)));
    let times = times(side, of_usual.trim())?;
    let floor = floor.map(|floor| value(floor, unit)).transpose()?;
    if floor.is_some_and(|floor| floor <= 0.0) {
        return wrong(format!("'{text}' has no least value"), "a value above zero behind 'and'");
    }
    Ok(RelativeLevel { side, times, floor })
}

/// The multiple of the usual value.
fn times(side: Side, text: &str) -> Result<f64, Wrong> {
    const MOST: f64 = 1e6;
    let expected = match side {
        Side::Above => "'3 times usual' with a number above 1, or '3 times usual and 50 ms'",
        Side::Below => "'0.3 times usual' with a number between 0 and 1",
        Side::Outside | Side::OutsideRecent => {
            "'usual range', 'recent range' or '2 times usual range' with a number of at least 1"
        }
    };
    let (words, whole) = match side {
        Side::Above | Side::Below => ("times usual", None),
        Side::Outside => ("times usual range", (text == "usual range").then_some(1.0)),
        Side::OutsideRecent => ("times recent range", (text == "recent range").then_some(1.0)),
    };
    let written = || text.strip_suffix(words).and_then(|number_text| number(number_text.trim()));
    let fits = |times: &f64| match side {
        Side::Above => *times > 1.0 && *times <= MOST,
        Side::Below => *times > 0.0 && *times < 1.0,
        Side::Outside | Side::OutsideRecent => *times >= 1.0 && *times <= MOST,
    };
    match whole.or_else(written).filter(fits) {
        Some(times) => Ok(times),
        None => wrong(format!("'{text}' is not relative to what is usual"), expected),
    }
}

/// A level; `None` for `-`.
pub(super) fn level(text: &str, unit: &mut Option<Unit>) -> Result<Option<Level>, Wrong> {
    const EXPECTED: &str = "'above 85%', 'below 10 GiB', 'above 3 times usual', 'rises 20% in 5 min', 'reaches 100% in 4 h' or '-'";
    if is_none(text) {
        return Ok(None);
    }
    let Some((word, rest)) = text.split_once(char::is_whitespace) else {
        return wrong(format!("'{text}' is not a threshold"), EXPECTED);
    };
    let level = match word {
        "above" if rest.contains("usual") => Level::Usual(relative(Side::Above, rest, unit)?),
        "below" if rest.contains("usual") => Level::Usual(relative(Side::Below, rest, unit)?),
        "above" => Level::Above(value(rest, unit)?),
        "below" => Level::Below(value(rest, unit)?),
        "outside" if rest.contains("recent") => {
            Level::Usual(relative(Side::OutsideRecent, rest, unit)?)
        }
        "outside" => Level::Usual(relative(Side::Outside, rest, unit)?),
        "rises" | "reaches" => {
            let Some((amount, time)) = within(rest) else {
                return wrong(
                    format!("'{text}' does not say within what time"),
                    format!("'in' and a duration, such as '{text} in 5 min'"),
                );
            };
            let amount = value(amount, unit)?;
            let within = horizon(time)?;
            if word == "reaches" {
                Level::Reaches { limit: amount, within }
            } else if amount > 0.0 {
                Level::Rises { by: amount, within }
            } else {
                return wrong(format!("'{text}' is not a rise"), "a rise by more than zero");
            }
        }
        _ => return wrong(format!("'{word}' is not a kind of threshold"), EXPECTED),
    };
    Ok(Some(level))
}

/// The multiple of the usual value that counts as recovered. Of a range at least once it: nothing
/// within it is nearer to what is usual.
fn recovered(side: Side, text: &str) -> Result<f64, Wrong> {
    let words = match side {
        Side::Above | Side::Below => "times usual",
        Side::Outside => "times usual range",
        Side::OutsideRecent => "times recent range",
    };
    let found = match text {
        "usual range" if side == Side::Outside => Some(1.0),
        "recent range" if side == Side::OutsideRecent => Some(1.0),
        _ => text.strip_suffix(words).and_then(|times| number(times.trim())),
    };
    let example = match side {
        Side::Above => "a multiple such as '2 times usual', or '-'",
        Side::Below => "a part such as '0.5 times usual', or '-'",
        Side::Outside => "'usual range' or a multiple of at least 1 of it, or '-'",
        Side::OutsideRecent => "'recent range' or a multiple of at least 1 of it, or '-'",
    };
    let is_range = matches!(side, Side::Outside | Side::OutsideRecent);
    match found.filter(|times| *times > 0.0) {
        Some(times) if is_range && times < 1.0 => wrong(
            format!("'{text}' lies within the range, where every value counts alike"),
            example,
        ),
        Some(times) => Ok(times),
        None => wrong(format!("'{text}' is not relative to what is usual"), example),
    }
}

/// The recovery level for a way: a value, `5% in 5 min` for a rise, a time for a forecast.
pub(super) fn recovery(text: &str, of: Level, unit: &mut Option<Unit>) -> Result<Level, Wrong> {
    match of {
        Level::Above(_) => value(text, unit).map(Level::Above),
        Level::Below(_) => value(text, unit).map(Level::Below),
        // At what it is worth to alert by is known from the row already.
        Level::Usual(RelativeLevel { side, floor, .. }) => recovered(side, text.trim())
            .map(|times| Level::Usual(RelativeLevel { side, times, floor })),
        Level::Rises { .. } => match within(text) {
            Some((amount, time)) => {
                Ok(Level::Rises { by: value(amount, unit)?, within: horizon(time)? })
            }
            None => wrong(
                format!("'{text}' does not say within what time"),
                "a rise with its time such as '5% in 5 min', or '-'",
            ),
        },
        Level::Reaches { limit, .. } => match span(text) {
            Ok(within) => Ok(Level::Reaches { limit, within }),
            Err(wrong) => Err(Wrong {
                expected: "how far away the limit has to be again, such as '8 h', or '-'".into(),
                ..wrong
            }),
        },
    }
}
