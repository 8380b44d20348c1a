//! Time zones: how far each is from UTC at a moment.

use chrono::{NaiveDate, Offset as _, TimeZone as _};
use commands::notifications::Zone;
use domain::time::{Span, Timestamp};

/// The distance of a zone from UTC at a moment, in minutes; `None` if there is no such zone.
pub fn offset(zone: &Zone, at: Timestamp) -> Option<i32> {
    match zone {
        Zone::Offset(minutes) => Some(i32::from(*minutes)),
        Zone::Name(name) => {
            let zone: chrono_tz::Tz = name.parse().ok()?;
            Some(
                zone.offset_from_utc_datetime(&at.to_chrono().naive_utc()).fix().local_minus_utc()
                    / 60,
            )
        }
    }
}

/// The time zone of the team, in which its days begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamZone {
    name: String,
    zone: Zone,
}

impl Default for TeamZone {
    fn default() -> Self {
        Self { name: "UTC".to_owned(), zone: Zone::Name("UTC".to_owned()) }
    }
}

impl TeamZone {
    /// The zone of a name, such as `Europe/Berlin`, or of a difference to UTC, such as `+02:00`;
    /// `None` if there is no such zone.
    pub fn of(name: &str) -> Option<Self> {
        let zone: Zone = name.parse().ok()?;
        offset(&zone, Timestamp::default())?;
        Some(Self { name: name.to_owned(), zone })
    }

    /// The name, as it is configured.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The distance from UTC at a moment, in minutes.
    pub fn offset(&self, at: Timestamp) -> i32 {
        offset(&self.zone, at).unwrap_or_default()
    }

    /// A moment as the clocks of the zone show it.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> Timestamp {
        shifted(at, self.offset(at))
    }

    /// The local day of a moment.
    pub fn day(&self, at: Timestamp) -> NaiveDate {
        shifted(at, self.offset(at)).to_chrono().date_naive()
    }

    /// The moment at which so many hours of a local day have passed on its clocks. Where the clocks
    /// leave that time out, it is the same distance after what they show before.
    pub fn moment(&self, day: NaiveDate, hours: u32) -> Timestamp {
        let local = day.and_time(chrono::NaiveTime::MIN).and_utc();
        let local = Timestamp::from(local).plus(Span::from_mins(u64::from(hours) * 60));
        // Twice: the first guess may lie on the other side of a change of the clocks.
        let guess = shifted(local, -self.offset(local));
        let at = shifted(local, -self.offset(guess));
        // Where the clocks leave out midnight, the day begins when they change.
        if self.day(at) < day { guess } else { at }
    }
}

const fn shifted(at: Timestamp, minutes: i32) -> Timestamp {
    Timestamp::from_micros(at.as_micros().saturating_add(minutes as i64 * 60_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_time_is_known() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        assert_eq!(offset(&berlin, at("2026-01-10T12:00:00Z")), Some(60));
        assert_eq!(offset(&berlin, at("2026-07-10T12:00:00Z")), Some(120));
        assert_eq!(offset(&"Asia/Kolkata".parse().unwrap(), at("2026-07-10T12:00:00Z")), Some(330));
        assert_eq!(offset(&"-03:30".parse().unwrap(), at("2026-07-10T12:00:00Z")), Some(-210));
        assert_eq!(offset(&"Europe/Nowhere".parse().unwrap(), at("2026-07-10T12:00:00Z")), None);
    }

    #[test]
    fn a_day_without_midnight_begins_when_the_clocks_change() {
        for name in ["America/Santiago", "America/Havana", "Atlantic/Azores", "Asia/Beirut"] {
            let zone = TeamZone::of(name).unwrap();
            let first: NaiveDate = "2026-01-01".parse().unwrap();
            for day in first.iter_days().take(365) {
                assert_eq!(zone.day(zone.moment(day, 0)), day, "{name}");
            }
        }
        let azores = TeamZone::of("Atlantic/Azores").unwrap();
        let begin = azores.moment("2026-03-29".parse().unwrap(), 0);
        assert_eq!(begin.to_seconds_text(), "2026-03-29T01:00:00Z");
    }

    #[test]
    fn a_day_of_the_team_begins_at_its_midnight() {
        let begins = |zone: &str, day: &str, hours| {
            let zone = TeamZone::of(zone).unwrap();
            zone.moment(day.parse().unwrap(), hours).to_seconds_text()
        };
        assert_eq!(begins("Europe/Berlin", "2026-07-13", 0), "2026-07-12T22:00:00Z");
        assert_eq!(begins("Europe/Berlin", "2026-11-30", 7), "2026-11-30T06:00:00Z");
        // The days on which the clocks change.
        assert_eq!(begins("Europe/Berlin", "2026-10-25", 0), "2026-10-24T22:00:00Z");
        assert_eq!(begins("Europe/Berlin", "2026-10-25", 7), "2026-10-25T06:00:00Z");
        assert_eq!(begins("-03:30", "2026-11-30", 0), "2026-11-30T03:30:00Z");
        let berlin = TeamZone::of("Europe/Berlin").unwrap();
        let late = "2026-11-29T23:30:00Z".parse().unwrap();
        assert_eq!(berlin.day(late).to_string(), "2026-11-30");
        assert_eq!(TeamZone::of("Mars/Base"), None);
    }
}
