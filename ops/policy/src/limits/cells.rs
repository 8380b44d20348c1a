//! The grammar of single cells.

use std::{num::NonZeroU32, str::FromStr};

use domain::time::{Span, Timestamp};

use crate::{
    limits::quota::{BadRate, Rate},
    markdown_table::{bare, is_none},
};

/// The finding and the expectation.
#[derive(Debug, PartialEq)]
pub(super) struct Wrong {
    pub found: String,
    pub expected: String,
}

pub(super) fn wrong<T>(found: impl Into<String>, expected: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { found: found.into(), expected: expected.into() })
}

/// `10` or `36,000`.
fn whole(text: &str) -> Option<u64> {
    let groups: Vec<&str> = text.split(',').collect();
    let is_number = |group: &&str| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit());
    let (first, others) = groups.split_first()?;
    let is_grouped =
        others.is_empty() || (first.len() <= 3 && others.iter().all(|group| group.len() == 3));
    if !groups.iter().all(is_number) || !is_grouped {
        return None;
    }
    groups.concat().parse().ok()
}

fn positive(text: &str) -> Option<NonZeroU32> {
    whole(text).and_then(|number| u32::try_from(number).ok()).and_then(NonZeroU32::new)
}

/// `10/s`, `600/min` or `36,000/h`.
pub(super) fn rate(text: &str) -> Result<Rate, Wrong> {
    const EXPECTED: &str = "a number of requests in a time such as '10/s', '600/min' or '36,000/h'";
    let Some((requests, per)) = text.split_once('/') else {
        return wrong(format!("'{text}' is not a rate"), EXPECTED);
    };
    let per = match per.trim() {
        "s" => Span::from_secs(1),
        "min" => Span::from_mins(1),
        "h" => Span::from_mins(60),
        other => {
            return wrong(format!("'{other}' is not a time of a rate"), "'/s', '/min' or '/h'");
        }
    };
    match positive(requests.trim()) {
        Some(requests) => Ok(Rate { requests, per }),
        None => wrong(format!("'{}' is not a number of requests", requests.trim()), EXPECTED),
    }
}

/// Reads a rate as the document has it: `10/s`, `600/min` or `36,000/h`.
impl FromStr for Rate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        rate(text).map_err(|Wrong { found, expected }| BadRate { found, expected })
    }
}

/// A whole number from 1.
pub(super) fn count(text: &str) -> Result<NonZeroU32, Wrong> {
    match positive(text) {
        Some(count) => Ok(count),
        None => wrong(
            format!("'{text}' is not a number of requests"),
            "a whole number from 1 such as '20'",
        ),
    }
}

/// A whole number from 1, or `-`.
pub(super) fn count_or_none(text: &str) -> Result<Option<NonZeroU32>, Wrong> {
    if is_none(text) { Ok(None) } else { count(text).map(Some) }
}

/// A size such as `10 MiB`, in bytes; `None` for `-`.
pub(super) fn size(text: &str) -> Result<Option<u64>, Wrong> {
    const EXPECTED: &str = "a size such as '64 KiB', '10 MiB' or '500 B', or '-'";
    if is_none(text) {
        return Ok(None);
    }
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == ',')).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let bytes = match unit.trim() {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1_u64 << 40,
        "" => return wrong(format!("'{text}' has no unit"), EXPECTED),
        other => return wrong(format!("'{other}' is not a unit of sizes"), EXPECTED),
    };
    match whole(digits).and_then(|number| number.checked_mul(bytes)) {
        Some(size) => Ok(Some(size)),
        None => wrong(format!("'{text}' is not a size"), EXPECTED),
    }
}

/// A moment; `None` for `-`.
pub(super) fn moment(text: &str) -> Result<Option<Timestamp>, Wrong> {
    if is_none(text) {
        return Ok(None);
    }
    match bare(text).parse() {
        Ok(moment) => Ok(Some(moment)),
        Err(_) => wrong(
            format!("'{text}' is not a moment"),
            "date, time and offset such as '2026-12-01T08:00:00Z' or \
             '2026-12-01T09:00:00+01:00', or '-'",
        ),
    }
}

/// `20%`, from 0 to 100.
pub(super) fn percent(text: &str) -> Result<u8, Wrong> {
    let number = text.strip_suffix('%').and_then(|digits| whole(digits.trim()));
    match number.and_then(|number| u8::try_from(number).ok()).filter(|&number| number <= 100) {
        Some(percent) => Ok(percent),
        None => wrong(format!("'{text}' is not a share"), "a share from '0%' to '100%'"),
    }
}

/// A number of organizations, from 0.
pub(super) fn organizations(text: &str) -> Result<u32, Wrong> {
    match whole(text).and_then(|number| u32::try_from(number).ok()) {
        Some(number) => Ok(number),
        None => wrong(
            format!("'{text}' is not a number of organizations"),
            "a whole number such as '10', or '0' for none",
        ),
    }
}

/// The longest time of a measure: a minute to a day.
pub(super) fn longest_measure(text: &str) -> Result<Span, Wrong> {
    const EXPECTED: &str = "a duration from '1 min' to '24 h' such as '30 min'";
    match text.parse::<Span>() {
        Ok(span) if (Span::from_mins(1)..=Span::from_mins(1_440)).contains(&span) => Ok(span),
        Ok(_) => wrong(format!("'{text}' is not a time that a measure may take"), EXPECTED),
        Err(_) => wrong(format!("'{text}' is not a duration"), EXPECTED),
    }
}

/// The time after which people are reminded: a minute to a day.
pub(super) fn reminder(text: &str) -> Result<Span, Wrong> {
    const EXPECTED: &str = "a duration from '1 min' to '24 h' such as '30 min'";
    match text.parse::<Span>() {
        Ok(span) if (Span::from_mins(1)..=Span::from_mins(1_440)).contains(&span) => Ok(span),
        Ok(_) => wrong(format!("'{text}' is not a time to a reminder"), EXPECTED),
        Err(_) => wrong(format!("'{text}' is not a duration"), EXPECTED),
    }
}

/// A factor from 1 to 100, with at most three decimals.
pub(super) fn factor(text: &str) -> Result<f64, Wrong> {
    let is_fine = text.len() <= 7
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match text.parse::<f64>() {
        Ok(factor) if is_fine && (1.0..=100.0).contains(&factor) => Ok(factor),
        _ => wrong(format!("'{text}' is not a factor"), "a number from '1' to '100' such as '1.5'"),
    }
}

/// One of a few words.
pub(super) fn word<T: Copy>(text: &str, words: &[(&'static str, T)]) -> Result<T, Wrong> {
    if let Some((_, value)) = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)) {
        return Ok(*value);
    }
    let all: Vec<String> = words.iter().map(|(word, _)| format!("'{word}'")).collect();
    let found = if is_none(text) { "an empty cell".into() } else { format!("'{text}'") };
    wrong(found, all.join(" or "))
}

/// The parts of a list with commas, without backticks.
pub(super) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(|part| bare(part.trim()))
}
