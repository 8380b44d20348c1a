//! Times and durations. Nothing here reads a clock: whoever calls says what time it is.

use std::{fmt, str::FromStr};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::text::shown;

/// A moment of the wall clock: microseconds since 1970-01-01T00:00:00Z. In JSON an RFC 3339 text
/// with six digits of a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Later than every moment that there is.
    pub const MAX: Self = Self(i64::MAX);

    /// From microseconds since 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole seconds since 1970-01-01T00:00:00Z.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The time since `earlier`; zero if it is not.
    pub const fn since(self, earlier: Self) -> Span {
        let micros = self.0.saturating_sub(earlier.0);
        Span(if micros < 0 { 0 } else { micros as u64 })
    }

    /// This moment plus a duration.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add_unsigned(span.0))
    }

    /// This moment minus a duration.
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub_unsigned(span.0))
    }

    /// As chrono's type; moments that it cannot hold become 1970.
    pub fn to_chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// `2026-11-22T10:00:00Z`: whole seconds, for people and for `<time datetime>`.
    pub fn to_seconds_text(self) -> String {
        self.to_chrono().to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_micros())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_chrono().to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

/// The begin of a text that is refused, fit to be shown.
fn excerpt(text: &str) -> String {
    shown(&text.chars().take(64).collect::<String>())
}

/// A text that is not an RFC 3339 time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a time such as 2026-11-22T10:00:00Z")]
pub struct BadTimestamp(pub String);

impl FromStr for Timestamp {
    type Err = BadTimestamp;

    fn from_str(text: &str) -> Result<Self, BadTimestamp> {
        DateTime::parse_from_rfc3339(text)
            .map(|time| Self(time.timestamp_micros()))
            .map_err(|_| BadTimestamp(excerpt(text)))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A moment on the monotonic clock: microseconds since an origin that only this run of the program
/// knows. Durations are measured on it, so that a jump of the wall clock changes none.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MonotonicTime(u64);

impl MonotonicTime {
    /// From microseconds since this run's origin.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since this run's origin.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The time since `earlier`; zero if it is not.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// This moment plus a duration.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// This moment minus a duration.
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

/// The present time, on both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// The wall clock.
    pub wall: Timestamp,
    /// The monotonic clock.
    pub mono: MonotonicTime,
}

/// A duration in microseconds. Shown and read as people write it: `4 min 10 s`, `3 h`, `7 d`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// From milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// From seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// From minutes.
    pub const fn from_mins(minutes: u64) -> Self {
        Self::from_secs(minutes.saturating_mul(60))
    }

    /// In microseconds.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// In seconds, with their fraction.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// In whole seconds, rounded down.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The sum, at most the largest duration.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, at least zero.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// As the standard library's type.
    pub const fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_micros(self.0)
    }
}

impl From<std::time::Duration> for Span {
    fn from(duration: std::time::Duration) -> Self {
        Self(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
    }
}

const UNITS: [(&str, u64); 5] = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1), ("ms", 0)];

/// The two largest units that are not zero: `4 min 10 s`, `3 h`, `2 d 4 h`, `250 ms`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1_000_000 {
            return if self.0 == 0 {
                f.write_str("0 s")
            } else {
                write!(f, "{} ms", self.0.div_ceil(1_000))
            };
        }
        let seconds = self.0 / 1_000_000;
        let first = UNITS.iter().position(|&(_, size)| size != 0 && seconds >= size).unwrap_or(3);
        let (name, size) = UNITS[first];
        write!(f, "{} {name}", seconds / size)?;
        if let Some(&(next, smaller)) = UNITS.get(first + 1)
            && smaller != 0
            && (seconds % size) / smaller > 0
        {
            write!(f, " {} {next}", (seconds % size) / smaller)?;
        }
        Ok(())
    }
}

/// A text that is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a duration such as '30 s', '5 min', '1 h 30 min' or '7 d'")]
pub struct BadSpan(pub String);

impl FromStr for Span {
    type Err = BadSpan;

    fn from_str(text: &str) -> Result<Self, BadSpan> {
        let bad = || BadSpan(excerpt(text));
        let mut rest = text.trim();
        let mut total: u64 = 0;
        if rest.is_empty() {
            return Err(bad());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
            let count: u64 = rest[..digits].parse().map_err(|_| bad())?;
            rest = rest[digits..].trim_start();
            let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let &(_, size) =
                UNITS.iter().find(|&&(name, _)| name == &rest[..letters]).ok_or_else(bad)?;
            let micros = if size == 0 { 1_000 } else { size * 1_000_000 };
            total = count
                .checked_mul(micros)
                .and_then(|part| total.checked_add(part))
                .ok_or_else(bad)?;
            rest = rest[letters..].trim_start();
        }
        // A century: longer durations are mistakes, and sums of them would not fit.
        if total > 100 * 366 * 86_400 * 1_000_000 {
            return Err(bad());
        }
        Ok(Self(total))
    }
}

/// A duration as roughly as people tell what lies ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoughDuration {
    /// Less than a minute.
    UnderAMinute,
    /// So many minutes, up to an hour and a half.
    Minutes(u32),
    /// So many hours, up to a day and a half.
    Hours(u32),
    /// So many days, up to 1000.
    Days(u32),
    /// More than 1000 days.
    Over1000Days,
}

impl RoughDuration {
    /// Rounds a number of seconds.
    pub fn from_secs_f64(seconds: f64) -> Self {
        let rounded = |unit: f64| (seconds / unit).round().max(1.0) as u32;
        match seconds {
            s if s < 55.0 => Self::UnderAMinute,
            s if s < 5_400.0 => Self::Minutes(rounded(60.0)),
            s if s < 129_600.0 => Self::Hours(rounded(3_600.0)),
            _ if rounded(86_400.0) > 1_000 => Self::Over1000Days,
            _ => Self::Days(rounded(86_400.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_write_them() {
        for (text, shown) in [
            ("250 ms", "250 ms"),
            ("30 s", "30 s"),
            ("250s", "4 min 10 s"),
            ("3 h 20 min", "3 h 20 min"),
            ("7 d", "7 d"),
            ("0 s", "0 s"),
        ] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), shown);
        }
        for text in ["", "5", "5 parsecs", "min", "-3 s", "99999999999999999999 s", "5 minutes"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn timestamps_keep_their_microseconds() {
        let time: Timestamp = "2026-11-22T10:00:00.000001Z".parse().unwrap();
        assert_eq!(time.to_string(), "2026-11-22T10:00:00.000001Z");
        assert_eq!(
            serde_json::from_str::<Timestamp>(&serde_json::to_string(&time).unwrap()).unwrap(),
            time
        );
        assert_eq!(time.since(time.plus(Span::from_secs(1))), Span::ZERO);
    }
}
