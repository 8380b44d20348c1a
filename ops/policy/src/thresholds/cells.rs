//! The grammar of single cells: levels, values with their unit, durations.

use domain::{time::Span, unit::Unit};

use crate::{markdown_table::is_none, thresholds::row::Level};

/// Durations longer than this are mistakes.
const LONGEST: Span = Span::from_secs(366 * 86_400);

/// What was found and what was expected.
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

/// How many of the signal's unit one of the written unit is; `None` if it does not fit.
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

/// A level; `None` for `-`.
pub(super) fn level(text: &str, unit: &mut Option<Unit>) -> Result<Option<Level>, Wrong> {
    const EXPECTED: &str =
        "'above 85%', 'below 10 GiB', 'rises 20% in 5 min', 'reaches 100% in 4 h' or '-'";
    if is_none(text) {
        return Ok(None);
    }
    let Some((word, rest)) = text.split_once(char::is_whitespace) else {
        return wrong(format!("'{text}' is not a threshold"), EXPECTED);
    };
    let level = match word {
        "above" => Level::Above(value(rest, unit)?),
        "below" => Level::Below(value(rest, unit)?),
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

/// The recovery level for a way: a value, `5% in 5 min` for a rise, a time for a forecast.
pub(super) fn recovery(text: &str, of: Level, unit: &mut Option<Unit>) -> Result<Level, Wrong> {
    match of {
        Level::Above(_) => value(text, unit).map(Level::Above),
        Level::Below(_) => value(text, unit).map(Level::Below),
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
