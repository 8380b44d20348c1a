//! The time axis: round moments of the reader's day, whatever the span. Pure.

use domain::time::{Span, Timestamp};

use crate::clock;

/// The most ticks of an axis: more would lie on each other on a phone.
const MOST: u64 = 6;
const DAY: u64 = 86_400;
/// Distances of ticks, in seconds.
const STEPS: [u64; 18] = [
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1_800,
    3_600,
    7_200,
    10_800,
    21_600,
    43_200,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
];
/// Distances of ticks, in months.
const MONTHS: [i64; 5] = [1, 2, 3, 6, 12];
/// The days between 1970-01-01 and the first Monday after it: weeks begin there.
const MONDAY: i64 = 4;

/// A tick of the axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    /// Its time.
    pub at: Timestamp,
    /// Its label.
    pub label: String,
}

/// The ticks between two moments. `east` tells how many minutes the reader's clock is east of UTC
/// at a moment: that is another number in summer than in winter.
pub(super) fn ticks(from: Timestamp, to: Timestamp, east: impl Fn(Timestamp) -> i64) -> Vec<Tick> {
    let length = to.since(from).as_secs();
    let step = STEPS.into_iter().find(|step| length / step < MOST);
    let mut ticks: Vec<Tick> = Vec::new();
    let mut add = |local: i64, label: fn(i64, u64) -> String, step: u64| {
        let at = on_clock(local, &east);
        let is_later = ticks.last().is_none_or(|last| last.at < at);
        if is_later && at >= from && at <= to {
            ticks.push(Tick { at, label: label(local, step) });
        }
    };
    let local = |at: Timestamp| {
        at.as_micros().div_euclid(1_000_000).saturating_add(east(at).saturating_mul(60))
    };
    let (first, last) = (local(from), local(to));
    if let Some(step) = step {
        let offset = if step >= 7 * DAY { MONDAY * 86_400 } else { 0 };
        let size = i64::try_from(step).unwrap_or(i64::MAX);
        let begin = (first - offset).div_euclid(size).saturating_mul(size) + offset;
        for index in 0..=i64::try_from(MOST).unwrap_or(0) + 1 {
            add(begin.saturating_add(index.saturating_mul(size)), label, step);
        }
    } else {
        let (begin, end) = (month_of(first), month_of(last));
        let step = MONTHS.into_iter().find(|step| (end - begin) / step < MOST as i64);
        let step = step.unwrap_or(((end - begin) / (12 * MOST as i64) + 1) * 12);
        let begin = begin.div_euclid(step) * step;
        for index in 0..=MOST as i64 + 1 {
            add(start_of_month(begin + index * step), month_label, 0);
        }
    }
    ticks
}

/// The moment at which the reader's clock shows so many seconds.
fn on_clock(local: i64, east: &impl Fn(Timestamp) -> i64) -> Timestamp {
    let guess = Timestamp::from_secs(local);
    let first = Timestamp::from_secs(local.saturating_sub(east(guess).saturating_mul(60)));
    Timestamp::from_secs(local.saturating_sub(east(first).saturating_mul(60)))
}

/// The label of a tick, by what the reader's clock shows: the day where one begins.
fn label(local: i64, step: u64) -> String {
    let at = Timestamp::from_secs(local);
    if step >= DAY || local.rem_euclid(86_400) == 0 {
        clock::day(at)
    } else if step < 60 {
        clock::second(at)
    } else {
        clock::hour(at)
    }
}

/// The label of the first day of a month: the year where one begins.
fn month_label(local: i64, _: u64) -> String {
    clock::month(Timestamp::from_secs(local))
}

/// The month in which a second lies, counted from the year 0.
fn month_of(local: i64) -> i64 {
    let (year, month) = clock::year_and_month(Timestamp::from_secs(local));
    year * 12 + month
}

/// The first second of a month. (Days from civil, after Howard Hinnant.)
fn start_of_month(month: i64) -> i64 {
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 719_468).saturating_mul(86_400)
}

/// The span of a part of a period, in whole seconds and at least a minute long: what a selection
/// zooms to.
pub(super) fn part(
    (from, to): (Timestamp, Timestamp),
    one: f64,
    other: f64,
) -> (Timestamp, Timestamp) {
    const SHORTEST: i64 = 60;
    let length = to.since(from).as_micros() as f64;
    let second = |part: f64| {
        let micros = (length * part.clamp(0.0, 1.0)) as u64;
        from.plus(Span::from_micros(micros)).as_micros().div_euclid(1_000_000)
    };
    let (begin, end) = (second(one.min(other)), second(one.max(other)));
    let missing = (SHORTEST - (end - begin)).max(0);
    let begin = begin - missing / 2;
    let end = end + (missing - missing / 2);
    (Timestamp::from_secs(begin), Timestamp::from_secs(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 22 Nov 2026, 10:00:05 UTC, a Sunday.
    const AT: i64 = 1_795_341_605;

    fn labels(seconds: i64, east: i64) -> Vec<String> {
        let (from, to) = (Timestamp::from_secs(AT - seconds), Timestamp::from_secs(AT));
        let ticks = ticks(from, to, |_| east);
        assert!((1..=7).contains(&ticks.len()), "{ticks:?}");
        assert!(ticks.iter().all(|tick| tick.at >= from && tick.at <= to), "{ticks:?}");
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_for_every_span() {
        let day = 86_400;
        assert_eq!(labels(60, 0), ["09:59:15", "09:59:30", "09:59:45", "10:00:00"]);
        assert_eq!(labels(3_600, 0), ["09:15", "09:30", "09:45", "10:00"]);
        assert_eq!(labels(day, 0), ["12:00", "18:00", "22 Nov", "06:00"]);
        assert_eq!(
            labels(7 * day, 0),
            ["17 Nov", "19 Nov", "21 Nov"],
            "two days apart, whatever the day of the month"
        );
        assert_eq!(labels(30 * day, 0), ["26 Oct", "2 Nov", "9 Nov", "16 Nov"], "Mondays");
        assert_eq!(labels(90 * day, 0), ["Sep", "Oct", "Nov"]);
        assert_eq!(labels(730 * day, 0), ["2025", "Jul", "2026", "Jul"]);
    }

    #[test]
    fn ticks_follow_the_reader_s_clock() {
        assert_eq!(labels(86_400, 60), ["12:00", "18:00", "22 Nov", "06:00"]);
        let midnight = |east: i64| {
            let (from, to) = (Timestamp::from_secs(AT - 86_400), Timestamp::from_secs(AT));
            let found = ticks(from, to, |_| east);
            let tick = found.iter().find(|tick| tick.label == "22 Nov").unwrap().at;
            Timestamp::from_secs(1_795_305_600).since(tick).as_secs()
        };
        assert_eq!([midnight(0), midnight(60), midnight(330)], [0, 3_600, 19_800]);
        // The clock was set back on 25 Oct 2026, 01:00 UTC, from two hours east to one: days begin
        // at midnight on both sides.
        let change = Timestamp::from_secs(1_792_890_000);
        let east = |at: Timestamp| if at < change { 120 } else { 60 };
        let days = ticks(
            change.minus(Span::from_secs(3 * 86_400)),
            change.plus(Span::from_secs(2 * 86_400)),
            east,
        );
        let labels: Vec<&str> = days.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, ["23 Oct", "24 Oct", "25 Oct", "26 Oct", "27 Oct"]);
        let first = days[0].at.as_micros() / 1_000_000;
        assert_eq!((first + 7_200) % 86_400, 0);
        let last = days[4].at.as_micros() / 1_000_000;
        assert_eq!((last + 3_600) % 86_400, 0);
    }

    #[test]
    fn months_begin_on_their_first_day() {
        for (year, month, seconds) in [
            (1970, 0, 0),
            (2026, 10, 1_793_491_200),
            (2000, 2, 951_868_800),
            (1969, 11, -2_678_400),
        ] {
            assert_eq!(start_of_month(year * 12 + month), seconds, "{year}-{}", month + 1);
            assert_eq!(month_of(seconds), year * 12 + month);
        }
    }

    #[test]
    fn a_selection_is_whole_seconds_and_never_shorter_than_a_minute() {
        let span = (Timestamp::from_secs(0), Timestamp::from_secs(1_000));
        let seconds = |(from, to): (Timestamp, Timestamp)| {
            (from.as_micros() / 1_000_000, to.as_micros() / 1_000_000)
        };
        assert_eq!(seconds(part(span, 0.75, 0.25)), (250, 750));
        assert_eq!(seconds(part(span, 0.5, 0.5)), (470, 530));
        assert_eq!(seconds(part(span, -3.0, 7.0)), (0, 1_000));
    }
}
