//! The hours in which someone sleeps.

use std::{fmt, str::FromStr};

use domain::{name::BadName, time::Timestamp};
use serde::{Deserialize, Serialize};

/// A time of day, such as `22:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTime(u16);

impl DayTime {
    /// So many minutes after midnight.
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl FromStr for DayTime {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let digits = |part: &str| {
            part.parse::<u16>()
                .ok()
                .filter(|_| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
        };
        let parts = text
            .split_once(':')
            .and_then(|(hours, minutes)| Some((digits(hours)?, digits(minutes)?)));
        match parts {
            Some((hours, minutes)) if hours < 24 && minutes < 60 => Ok(Self(hours * 60 + minutes)),
            _ => Err(bad(text, "time of day", "hours and minutes, such as '22:00'")),
        }
    }
}

impl fmt::Display for DayTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// By which clock a time of day is meant: `+02:00`, or the name of a time zone, such as
/// `Europe/Berlin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Zone {
    /// So many minutes before or after UTC.
    Offset(i16),
    /// A name; only the server knows which there are.
    Name(String),
}

impl FromStr for Zone {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        const EXPECTED: &str = "a difference to UTC, such as '+02:00', or the name of a time zone, such as 'Europe/Berlin'";
        let offset = |sign: i16, rest: &str| {
            let time: DayTime = rest.parse().ok()?;
            let minutes = i16::try_from(time.0).ok()?;
            (minutes <= 14 * 60).then_some(Self::Offset(sign * minutes))
        };
        let zone = if let Some(rest) = text.strip_prefix('+') {
            offset(1, rest)
        } else if let Some(rest) = text.strip_prefix('-') {
            offset(-1, rest)
        } else {
            let fine = (1..=60).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b));
            fine.then(|| Self::Name(text.to_owned()))
        };
        zone.ok_or_else(|| bad(text, "time zone", EXPECTED))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(minutes) => {
                let sign = if *minutes < 0 { '-' } else { '+' };
                write!(f, "{sign}{}", DayTime(minutes.unsigned_abs()))
            }
            Self::Name(name) => f.write_str(name),
        }
    }
}

fn bad(text: &str, what: &'static str, expected: &'static str) -> BadName {
    BadName { found: format!("{:?}", text.chars().take(60).collect::<String>()), what, expected }
}

macro_rules! as_text {
    ($($type:ty),+) => { $(
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+ };
}

as_text!(DayTime, Zone);

/// The hours in which warnings wait. What is critical always comes through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// From this time of day on.
    #[cfg_attr(feature = "schema", schema(value_type = String, example = "22:00"))]
    pub from: DayTime,
    /// Until this one; if it is earlier, over midnight.
    #[cfg_attr(feature = "schema", schema(value_type = String, example = "07:00"))]
    pub to: DayTime,
    /// By this clock: `+02:00`, or `Europe/Berlin`.
    #[cfg_attr(feature = "schema", schema(value_type = String, example = "Europe/Berlin"))]
    pub zone: Zone,
}

impl Quiet {
    /// Returns the end of the quiet that holds at a moment; `None` if none holds. `offset` is that
    /// of the zone at that moment, in minutes.
    pub fn ends(&self, now: Timestamp, offset: i32) -> Option<Timestamp> {
        const DAY: i64 = 24 * 60;
        const MINUTE: i64 = 60_000_000;
        let (from, to) = (i64::from(self.from.0), i64::from(self.to.0));
        let local =
            now.as_micros().div_euclid(MINUTE).saturating_add(i64::from(offset)).rem_euclid(DAY);
        let holds =
            if from < to { (from..to).contains(&local) } else { local >= from || local < to };
        if from == to || !holds {
            return None;
        }
        let minutes = (to - local).rem_euclid(DAY);
        let this_minute = now.as_micros().div_euclid(MINUTE);
        Some(Timestamp::from_micros(this_minute.saturating_add(minutes).saturating_mul(MINUTE)))
    }
}
