//! Times on a page: exact and in UTC from the server, relative and local as soon as the browser has
//! a clock. One clock for all of them.

use domain::time::Timestamp;
use leptos::prelude::*;
use wording::humanize;

/// The one clock of the app: `None` on the server and until the page has come alive.
#[derive(Clone, Copy)]
pub(crate) struct Clock(RwSignal<Option<Timestamp>>, RwSignal<bool>);

impl Clock {
    pub(crate) fn provide() -> Self {
        let clock = Self(RwSignal::new(None), RwSignal::new(false));
        provide_context(clock);
        clock
    }

    pub(crate) fn get(self) -> Option<Timestamp> {
        self.0.get()
    }

    /// True if the page is alive, so that times can be local. Changes once.
    pub(crate) fn is_alive(self) -> bool {
        self.1.get()
    }

    /// Moves the clock on.
    #[cfg(feature = "hydrate")]
    pub(crate) fn set(self, now: Timestamp) {
        self.0.set(Some(now));
        if !self.1.get_untracked() {
            self.1.set(true);
        }
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Year, month from 0, day, hour, minute, second; in UTC. (Civil from days, after Howard Hinnant.)
fn parts(at: Timestamp) -> (i64, usize, i64, i64, i64, i64) {
    let seconds = at.as_micros().div_euclid(1_000_000);
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 2 } else { shifted - 10 };
    let year = year_of_era + era * 400 + i64::from(month < 2);
    (year, usize::try_from(month).unwrap_or(0), day, rest / 3_600, rest % 3_600 / 60, rest % 60)
}

/// `22 Nov 2026, 10:00:05 UTC`.
pub(crate) fn utc(at: Timestamp) -> String {
    let (year, month, day, hour, minute, second) = parts(at);
    format!("{day} {} {year}, {hour:02}:{minute:02}:{second:02} UTC", MONTHS[month.min(11)])
}

/// `22 Nov, 10:00 UTC`.
pub(crate) fn utc_short(at: Timestamp) -> String {
    let (_, month, day, hour, minute, _) = parts(at);
    format!("{day} {}, {hour:02}:{minute:02} UTC", MONTHS[month.min(11)])
}

/// `22 Nov, 10:00:05 UTC`.
pub(crate) fn utc_exact(at: Timestamp) -> String {
    let (_, month, day, hour, minute, second) = parts(at);
    format!("{day} {}, {hour:02}:{minute:02}:{second:02} UTC", MONTHS[month.min(11)])
}

/// `22 Nov 2026, 10:00 UTC`.
pub(crate) fn utc_minute(at: Timestamp) -> String {
    let (year, month, day, hour, minute, _) = parts(at);
    format!("{day} {} {year}, {hour:02}:{minute:02} UTC", MONTHS[month.min(11)])
}

/// `10:00:05`, in UTC.
pub(crate) fn utc_time(at: Timestamp) -> String {
    let (_, _, _, hour, minute, second) = parts(at);
    format!("{hour:02}:{minute:02}:{second:02}")
}

const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// `Sunday, 22 Nov 2026, UTC`.
pub(crate) fn utc_day(at: Timestamp) -> String {
    let (year, month, day, ..) = parts(at);
    // The first of all days was a Thursday.
    let weekday = (at.as_micros().div_euclid(86_400_000_000) + 4).rem_euclid(7);
    let weekday = usize::try_from(weekday).ok().and_then(|day| WEEKDAYS.get(day)).copied();
    format!("{}, {day} {} {year}, UTC", weekday.unwrap_or_default(), MONTHS[month.min(11)])
}

/// `22 Nov 2026, 11:00:05`, by the reader's clock.
#[cfg(feature = "hydrate")]
pub(crate) fn local(at: Timestamp) -> String {
    let date = date(at);
    let month = MONTHS.get(date.get_month() as usize).copied().unwrap_or_default();
    let (hour, minute, second) = (date.get_hours(), date.get_minutes(), date.get_seconds());
    let (day, year) = (date.get_date(), date.get_full_year());
    format!("{day} {month} {year}, {hour:02}:{minute:02}:{second:02}")
}

/// `22 Nov, 11:00`, by the reader's clock; without the day where it is today.
#[cfg(feature = "hydrate")]
pub(crate) fn local_short(at: Timestamp) -> String {
    let (date, now) = (date(at), js_sys::Date::new_0());
    let time = format!("{:02}:{:02}", date.get_hours(), date.get_minutes());
    if date.to_date_string() == now.to_date_string() {
        return time;
    }
    let month = MONTHS.get(date.get_month() as usize).copied().unwrap_or_default();
    format!("{} {month}, {time}", date.get_date())
}

/// `22 Nov, 11:00:05`, by the reader's clock; without the day where it is today.
#[cfg(feature = "hydrate")]
pub(crate) fn local_exact(at: Timestamp) -> String {
    format!("{}:{:02}", local_short(at), date(at).get_seconds())
}

/// `22 Nov 2026, 11:00`, by the reader's clock.
#[cfg(feature = "hydrate")]
pub(crate) fn local_minute(at: Timestamp) -> String {
    let date = date(at);
    let month = MONTHS.get(date.get_month() as usize).copied().unwrap_or_default();
    let (day, year) = (date.get_date(), date.get_full_year());
    format!("{day} {month} {year}, {:02}:{:02}", date.get_hours(), date.get_minutes())
}

/// `11:00`, by the reader's clock.
#[cfg(feature = "hydrate")]
pub(crate) fn local_hour(at: Timestamp) -> String {
    let date = date(at);
    format!("{:02}:{:02}", date.get_hours(), date.get_minutes())
}

/// As UTC: the server does not know the reader's clock.
#[cfg(not(feature = "hydrate"))]
pub(crate) fn local_hour(at: Timestamp) -> String {
    hour(at)
}

/// `11:00:05`, by the reader's clock.
#[cfg(feature = "hydrate")]
pub(crate) fn local_time(at: Timestamp) -> String {
    let date = date(at);
    format!("{:02}:{:02}:{:02}", date.get_hours(), date.get_minutes(), date.get_seconds())
}

/// `Sunday, 22 Nov 2026`, by the reader's clock.
#[cfg(feature = "hydrate")]
pub(crate) fn local_day(at: Timestamp) -> String {
    let date = date(at);
    let weekday = WEEKDAYS.get(date.get_day() as usize).copied().unwrap_or_default();
    let month = MONTHS.get(date.get_month() as usize).copied().unwrap_or_default();
    format!("{weekday}, {} {month} {}", date.get_date(), date.get_full_year())
}

#[cfg(feature = "hydrate")]
fn date(at: Timestamp) -> js_sys::Date {
    js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at.as_micros() as f64 / 1e3))
}

/// Minutes by which the reader's clock is east of UTC at a moment.
#[cfg(feature = "hydrate")]
pub(crate) fn east_of_utc(at: Timestamp) -> i64 {
    -(date(at).get_timezone_offset() as i64)
}

/// None: the server does not know the reader's clock.
#[cfg(not(feature = "hydrate"))]
pub(crate) const fn east_of_utc(_: Timestamp) -> i64 {
    0
}

/// As UTC: the server does not know the reader's clock.
#[cfg(not(feature = "hydrate"))]
pub(crate) fn local(at: Timestamp) -> String {
    utc(at)
}

/// As UTC: the server does not know the reader's clock.
#[cfg(not(feature = "hydrate"))]
pub(crate) fn local_short(at: Timestamp) -> String {
    utc_short(at)
}

/// As UTC: the server does not know the reader's clock.
#[cfg(not(feature = "hydrate"))]
pub(crate) fn local_exact(at: Timestamp) -> String {
    utc_exact(at)
}

/// As UTC: the server does not know the reader's clock.
#[cfg(not(feature = "hydrate"))]
pub(crate) fn local_minute(at: Timestamp) -> String {
    utc_minute(at)
}

/// As UTC: the server does not know the reader's clock.
#[cfg(not(feature = "hydrate"))]
pub(crate) fn local_time(at: Timestamp) -> String {
    utc_time(at)
}

/// As UTC: the server does not know the reader's clock.
#[cfg(not(feature = "hydrate"))]
pub(crate) fn local_day(at: Timestamp) -> String {
    utc_day(at)
}

/// `3 s ago`, `4 min ago`, `2 d 4 h ago`.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.since(at).as_secs();
    match seconds {
        0 => "just now".to_owned(),
        // Seconds do not matter any more after ten minutes.
        1..600 => format!("{} ago", humanize::seconds(seconds as f64)),
        _ => format!("{} ago", humanize::seconds((seconds / 60 * 60) as f64)),
    }
}

/// A moment in a document without Wasm.
#[cfg(feature = "ssr")]
pub(crate) fn element(at: Timestamp) -> AnyView {
    view! { <time datetime=at.to_seconds_text() title=utc(at)>{utc_minute(at)}</time> }.into_any()
}

/// `10:00` in UTC, for the time axis of a chart.
pub(crate) fn hour(at: Timestamp) -> String {
    let (_, _, _, hour, minute, _) = parts(at);
    format!("{hour:02}:{minute:02}")
}

/// `10:00:05` in UTC.
pub(crate) fn second(at: Timestamp) -> String {
    let (_, _, _, hour, minute, second) = parts(at);
    format!("{hour:02}:{minute:02}:{second:02}")
}

/// `22 Nov` in UTC.
pub(crate) fn day(at: Timestamp) -> String {
    let (_, month, day, ..) = parts(at);
    format!("{day} {}", MONTHS[month.min(11)])
}

/// `Nov` in UTC; the year where it begins.
pub(crate) fn month(at: Timestamp) -> String {
    let (year, month, ..) = parts(at);
    if month == 0 { year.to_string() } else { MONTHS[month.min(11)].to_owned() }
}

/// Year and month in UTC, the month from 0.
pub(crate) fn year_and_month(at: Timestamp) -> (i64, i64) {
    let (year, month, ..) = parts(at);
    (year, i64::try_from(month).unwrap_or(0))
}

/// Minutes by which the reader's clock is east of UTC.
#[cfg(feature = "hydrate")]
pub(crate) fn offset_minutes() -> String {
    (-js_sys::Date::new_0().get_timezone_offset()).to_string()
}

/// Nothing: the server does not know the reader's clock.
#[cfg(not(feature = "hydrate"))]
pub(crate) const fn offset_minutes() -> String {
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1 Jan 1970, 00:00:00 UTC"),
            (951_782_400, "29 Feb 2000, 00:00:00 UTC"),
            (1_795_341_605, "22 Nov 2026, 10:00:05 UTC"),
            (-1, "31 Dec 1969, 23:59:59 UTC"),
        ] {
            assert_eq!(utc(Timestamp::from_secs(seconds)), text);
        }
        for (seconds, text) in [
            (0, "Thursday, 1 Jan 1970, UTC"),
            (951_782_400, "Tuesday, 29 Feb 2000, UTC"),
            (1_795_341_605, "Sunday, 22 Nov 2026, UTC"),
            (-1, "Wednesday, 31 Dec 1969, UTC"),
        ] {
            assert_eq!(utc_day(Timestamp::from_secs(seconds)), text);
        }
        assert_eq!(utc_time(Timestamp::from_secs(1_795_341_605)), "10:00:05");
        assert_eq!(utc_minute(Timestamp::from_secs(1_795_341_605)), "22 Nov 2026, 10:00 UTC");
    }

    #[test]
    fn ages_grow_coarser() {
        let at = Timestamp::from_secs(1_000_000);
        let after = |seconds: i64| ago(at, Timestamp::from_secs(1_000_000 + seconds));
        assert_eq!(
            [after(0), after(3), after(250), after(3_725), after(-9)],
            ["just now", "3 s ago", "4 min 10 s ago", "1 h 2 min ago", "just now"]
        );
    }
}
