//! Periods of reports.

use chrono::{Datelike as _, Days};
use domain::{
    report::{ReportKind, ReportPeriod},
    time::{Span, Timestamp},
};

use crate::time_zones::TeamZone;

/// The hour of Monday at which the report of the week before is due, on the team's clocks.
const DUE_HOUR: u32 = 7;
const DAY: Span = Span::from_mins(24 * 60);

/// The last week whose report is due: from Monday to Monday, once it is 07:00 on that Monday.
pub fn due(zone: &TeamZone, now: Timestamp) -> ReportPeriod {
    let today = zone.day(now);
    let this_monday = today - Days::new(today.weekday().num_days_from_monday().into());
    let monday = if zone.moment(this_monday, DUE_HOUR) <= now {
        this_monday
    } else {
        this_monday - Days::new(7)
    };
    let (from, to) = (zone.moment(monday - Days::new(7), 0), zone.moment(monday, 0));
    of(ReportKind::Weekly, zone, from, to)
}

/// The moment at which the report of a week is due.
pub fn due_at(zone: &TeamZone, period: &ReportPeriod) -> Timestamp {
    zone.moment(zone.day(period.to), DUE_HOUR)
}

/// The time up to now, for a report that a person asks for: a day, 7 days or 30 days.
pub fn until(zone: &TeamZone, kind: ReportKind, now: Timestamp) -> ReportPeriod {
    let days = match kind {
        ReportKind::Daily => 1,
        ReportKind::Weekly => 7,
        ReportKind::Monthly => 30,
    };
    let length = Span::from_micros(DAY.as_micros() * days);
    of(kind, zone, now.minus(length), now)
}

fn of(kind: ReportKind, zone: &TeamZone, from: Timestamp, to: Timestamp) -> ReportPeriod {
    ReportPeriod {
        kind,
        from,
        to,
        zone: zone.name().to_owned(),
        from_offset: zone.offset(from),
        to_offset: zone.offset(to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn days(zone: &str, now: &str) -> (String, String) {
        let period = due(&TeamZone::of(zone).unwrap(), at(now));
        (period.from.to_seconds_text(), period.to.to_seconds_text())
    }

    fn told(from: &str, to: &str) -> (String, String) {
        (from.to_owned(), to.to_owned())
    }

    #[test]
    fn a_week_is_due_on_monday_at_seven_on_the_clocks_of_the_team() {
        let (before, after) = (
            told("2026-11-15T23:00:00Z", "2026-11-22T23:00:00Z"),
            told("2026-11-22T23:00:00Z", "2026-11-29T23:00:00Z"),
        );
        assert_eq!(days("Europe/Berlin", "2026-11-30T05:59:59Z"), before);
        assert_eq!(days("Europe/Berlin", "2026-11-30T06:00:00Z"), after);
        // It is still the same one until the next Monday at seven.
        assert_eq!(days("Europe/Berlin", "2026-12-07T05:59:59Z"), after);
        // It is Monday elsewhere already.
        assert_eq!(
            days("Pacific/Auckland", "2026-11-29T18:00:00Z"),
            told("2026-11-22T11:00:00Z", "2026-11-29T11:00:00Z")
        );
    }

    #[test]
    fn a_week_in_which_the_clocks_change_is_an_hour_longer_or_shorter() {
        let hours = |now: &str| {
            let period = due(&TeamZone::of("Europe/Berlin").unwrap(), at(now));
            period.length().as_secs() / 3_600
        };
        assert_eq!(hours("2026-10-26T12:00:00Z"), 169);
        assert_eq!(hours("2026-03-30T12:00:00Z"), 167);
        assert_eq!(hours("2026-11-30T12:00:00Z"), 168);
    }

    #[test]
    fn what_people_ask_for_is_the_time_up_to_now() {
        let now = at("2026-11-30T12:00:00Z");
        let length = |kind| until(&TeamZone::default(), kind, now).length().as_secs() / 86_400;
        assert_eq!(ReportKind::ALL.map(length), [1, 7, 30]);
    }
}
