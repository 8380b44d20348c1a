//! Time zones: how far each is from UTC at a moment.

use chrono::{Offset as _, TimeZone as _};
use commands::notifications::Zone;
use domain::time::Timestamp;

/// How far a zone is from UTC at a moment, in minutes; `None` if there is no such zone.
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
}
