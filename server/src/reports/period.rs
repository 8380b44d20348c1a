//! Periods of reports.

use chrono::{Datelike as _, Days, NaiveDate};
use domain::{
    report::{ReportKind, ReportPeriod},
    time::{Span, Timestamp},
};

use crate::time_zones::TeamZone;

/// The hour at which a report is due on the day after its period, on the team's clocks.
const DUE_HOUR: u32 = 7;
const A_DAY: Days = Days::new(1);
const DAY: Span = Span::from_mins(24 * 60);

/// The last day, week or month whose report is due: it is due at 07:00 on the day after it.
pub fn due(zone: &TeamZone, kind: ReportKind, now: Timestamp) -> ReportPeriod {
    let this = begins(kind, zone.day(now));
    let end = if zone.moment(this, DUE_HOUR) <= now { this } else { begins(kind, this - A_DAY) };
    let (from, to) = (zone.moment(begins(kind, end - A_DAY), 0), zone.moment(end, 0));
    of(kind, zone, from, to)
}

/// The first day of the day, week or month that a day is part of.
fn begins(kind: ReportKind, day: NaiveDate) -> NaiveDate {
    let days_before = match kind {
        ReportKind::Daily => 0,
        ReportKind::Weekly => day.weekday().num_days_from_monday(),
        ReportKind::Monthly => day.day0(),
    };
    day - Days::new(days_before.into())
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
        of_kind(ReportKind::Weekly, zone, now)
    }

    fn of_kind(kind: ReportKind, zone: &str, now: &str) -> (String, String) {
        let period = due(&TeamZone::of(zone).unwrap(), kind, at(now));
        assert_eq!(period.kind, kind);
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
    fn a_day_and_a_month_are_due_at_seven_on_the_day_after_them() {
        let daily = |now| of_kind(ReportKind::Daily, "Europe/Berlin", now);
        assert_eq!(
            daily("2026-12-01T05:59:59Z"),
            told("2026-11-28T23:00:00Z", "2026-11-29T23:00:00Z")
        );
        assert_eq!(
            daily("2026-12-01T06:00:00Z"),
            told("2026-11-29T23:00:00Z", "2026-11-30T23:00:00Z")
        );
        let monthly = |now| of_kind(ReportKind::Monthly, "Europe/Berlin", now);
        let (october, november) = (
            // Summer time ends in it.
            told("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"),
            told("2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z"),
        );
        assert_eq!(monthly("2026-11-30T23:30:00Z"), october, "the first of December has begun");
        assert_eq!(monthly("2026-12-01T05:59:59Z"), october);
        assert_eq!(monthly("2026-12-01T06:00:00Z"), november);
        assert_eq!(monthly("2027-01-01T05:00:00Z"), november);
        assert_eq!(
            of_kind(ReportKind::Monthly, "UTC", "2027-01-01T07:00:00Z"),
            told("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z")
        );
    }

    #[test]
    fn a_week_in_which_the_clocks_change_is_an_hour_longer_or_shorter() {
        let hours = |now: &str| {
            let zone = TeamZone::of("Europe/Berlin").unwrap();
            let period = due(&zone, ReportKind::Weekly, at(now));
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
