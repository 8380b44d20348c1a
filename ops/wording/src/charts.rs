//! Charts of the history in words: their period, text in place of pictures, and the days of the
//! calendar.

use commands::charts::{BusySubject, ChartDay, ChartWeek, DayMark, HistoryCharts, RecoveryTimes};
use domain::{
    report::PROMISED_RECOVERY,
    time::{Span, Timestamp},
    unit::Unit,
};

use crate::{humanize, review::span};

/// A local date, such as `22 Nov 2026`.
pub fn date(at: Timestamp, offset: i32) -> String {
    local(at, offset, "%-d %b %Y")
}

/// A local date without its year.
pub fn short_date(at: Timestamp, offset: i32) -> String {
    local(at, offset, "%-d %b")
}

/// The day of the month.
pub fn day_of_month(day: &ChartDay) -> String {
    local(day.from, day.offset, "%-d")
}

/// The first and the last time of a day as a search takes them: the local date, such as
/// `2026-11-22`, or minutes where the day before `next` is not 24 hours long.
pub fn search_dates(day: &ChartDay, next: Option<Timestamp>) -> [String; 2] {
    const DAY: Span = Span::from_mins(24 * 60);
    match next {
        Some(next) if next.since(day.from) != DAY => [day.from, next.minus(Span::from_mins(1))]
            .map(|at| local(at, day.offset, "%Y-%m-%dT%H:%M")),
        _ => [day.from; 2].map(|at| local(at, day.offset, "%F")),
    }
}

/// The period of the charts as a search takes it: its first and its last day, with the minutes by
/// which the clock that they are told by is ahead of UTC.
pub fn search_period(charts: &HistoryCharts) -> Option<([String; 2], i32)> {
    let (first, last) = charts.days.first().zip(charts.days.last())?;
    let offset = last.offset;
    let format = if first.offset == offset { "%F" } else { "%Y-%m-%dT%H:%M" };
    Some(([local(first.from, offset, format), local(last.from, offset, "%F")], offset))
}

fn local(at: Timestamp, offset: i32, format: &str) -> String {
    let shifted = at.as_micros().saturating_add(i64::from(offset) * 60_000_000);
    Timestamp::from_micros(shifted).to_chrono().format(format).to_string()
}

fn number(count: u32) -> String {
    humanize::value(f64::from(count), &Unit::Count)
}

fn incidents(count: u32) -> String {
    format!("{} {}", number(count), if count == 1 { "incident" } else { "incidents" })
}

fn days(count: u32) -> String {
    format!("{} {}", number(count), if count == 1 { "day" } else { "days" })
}

/// The period of the charts, and by which clock its days begin.
pub fn period(charts: &HistoryCharts) -> String {
    let first = charts.days.first().map_or(0, |day| day.offset);
    let last = charts.days.last();
    let (to, offset) = last.map_or((charts.to, first), |day| (day.from, day.offset));
    let (from, to) = (date(charts.from, first), date(to, offset));
    let days = if from == to { from } else { format!("{from} to {to}") };
    let cut = if charts.is_cut { " Charts show at most the newest 26 weeks." } else { "" };
    format!("{days}, in whole days ({}). Weeks begin on Monday.{cut}", charts.zone)
}

/// The weeks in words: how many incidents, and in which week most of them began.
pub fn weeks(charts: &HistoryCharts) -> String {
    let (all, critical) = charts.weeks.iter().fold((0, 0), |(all, critical), week| {
        (all + week.warning + week.critical, critical + week.critical)
    });
    let weeks = match charts.weeks.len() {
        1 => "1 week".to_owned(),
        weeks => format!("{weeks} weeks"),
    };
    let mut told = match (all, critical) {
        (0, _) => format!("Incidents by week: none in {weeks}."),
        (all, 0) => format!("Incidents by week: {} in {weeks}, none critical.", number(all)),
        (all, critical) => {
            format!("Incidents by week: {} in {weeks}, {} critical.", number(all), number(critical))
        }
    };
    let count = |week: &&ChartWeek| week.warning + week.critical;
    // Of several the first one.
    if let Some(most) = charts.weeks.iter().rev().max_by_key(count).filter(|week| count(week) > 0) {
        let (begin, count) = (date(most.from, most.offset), number(count(&most)));
        told.push_str(&format!(" Most in the week of {begin}: {count}."));
    }
    let unwatched = charts.weeks.iter().filter(|week| !week.is_watched).count();
    if unwatched > 0 {
        told.push_str(&format!(" Not watched: {unwatched} of the weeks."));
    }
    told
}

/// Times to recover in words, against the promise.
pub fn recovery(charts: &HistoryCharts) -> String {
    let known = || charts.weeks.iter().filter_map(|week| week.recovery);
    let sum = |of: fn(RecoveryTimes) -> u32| known().map(of).sum::<u32>();
    let in_time = sum(|one| one.in_time);
    // Of all, as in reports: an incident that was not seen to be back was not back in time.
    let all = charts.weeks.iter().map(|week| week.warning + week.critical).sum::<u32>();
    let unknown = match all.saturating_sub(sum(|one| one.incidents)) {
        0 => String::new(),
        1 => "; 1 was not seen to be back".to_owned(),
        more => format!("; {} were not seen to be back", number(more)),
    };
    let promised = span(PROMISED_RECOVERY);
    match known().map(|one| one.longest).max() {
        None => "Time to recover: no incident whose signals were seen to be back.".to_owned(),
        Some(longest) => format!(
            "Time to recover: {} of {} back within {promised}, the longest after {}{unknown}.",
            number(in_time),
            incidents(all),
            span(longest)
        ),
    }
}

/// The median and the range of times to recover, and those in time of all that were opened.
pub fn recovery_range(times: &RecoveryTimes, opened: u32) -> [String; 3] {
    let range = if times.shortest == times.longest {
        span(times.shortest)
    } else {
        format!("{} to {}", span(times.shortest), span(times.longest))
    };
    let in_time = format!("{} of {}", number(times.in_time), number(opened));
    [span(times.median), range, in_time]
}

/// The number of incidents of a week; of an unwatched week without one nothing is known.
pub fn week_count(week: &ChartWeek, count: u32) -> String {
    if !week.is_watched && week.warning + week.critical == 0 {
        return "not watched".to_owned();
    }
    number(count)
}

/// The state of a day, in a word or two.
pub const fn mark(mark: DayMark, is_narrow: bool) -> &'static str {
    match mark {
        DayMark::Calm if is_narrow => "none found",
        DayMark::Calm => "calm",
        DayMark::Warning => "warning",
        DayMark::Critical => "critical",
        DayMark::NotWatched => "not watched",
        DayMark::PartlyWatched => "partly watched",
    }
}

/// The sign of a state, so that it is told apart without colours and on paper.
pub const fn sign(mark: DayMark, is_narrow: bool) -> &'static str {
    match mark {
        DayMark::Calm if is_narrow => "\u{2013}",
        DayMark::Calm => "\u{2713}",
        DayMark::Warning => "!",
        DayMark::Critical => "!!",
        DayMark::NotWatched => "?",
        DayMark::PartlyWatched => "~",
    }
}

/// A day in words.
pub fn day(day: &ChartDay, is_narrow: bool) -> String {
    let mut parts = vec![mark(day.mark, is_narrow).to_owned()];
    if day.opened > 0 {
        parts.push(format!("{} opened", incidents(day.opened)));
    }
    if day.going_on > 0 {
        parts.push(format!("{} active from before", number(day.going_on)));
    }
    let is_all = day.mark == DayMark::NotWatched;
    if day.unseen > Span::ZERO && !is_all {
        parts.push(format!("not watched for {}", span(day.unseen)));
    }
    format!("{}: {}", date(day.from, day.offset), parts.join(", "))
}

/// The calendar in words: how many days there are of each kind.
pub fn calendar(charts: &HistoryCharts) -> String {
    let count = |mark: DayMark| {
        let of_kind = charts.days.iter().filter(|day| day.mark == mark).count();
        u32::try_from(of_kind).unwrap_or(u32::MAX)
    };
    let all = u32::try_from(charts.days.len()).unwrap_or(u32::MAX);
    let order = [
        DayMark::Calm,
        DayMark::Warning,
        DayMark::Critical,
        DayMark::PartlyWatched,
        DayMark::NotWatched,
    ];
    let told: Vec<String> = order
        .into_iter()
        .map(|kind| (kind, count(kind)))
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{} {}", number(count), mark(kind, charts.is_narrow)))
        .collect();
    format!("{}: {}.", humanize::capital(&days(all)), humanize::list(&told))
}

/// A subject with its count: `4 incidents, 1 critical`.
pub fn busy(one: &BusySubject) -> String {
    let critical = match one.critical {
        0 => String::new(),
        count => format!(", {} critical", number(count)),
    };
    format!("{}{critical}", incidents(one.incidents))
}

/// The incidents that began at other subjects; `None` if there are none.
pub fn elsewhere(count: u32) -> Option<String> {
    (count > 0).then(|| format!("{} began elsewhere.", humanize::capital(&incidents(count))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn a_day(from: &str, mark: DayMark) -> ChartDay {
        let from = at(from);
        ChartDay { from, offset: 60, mark, opened: 0, going_on: 0, unseen: Span::ZERO }
    }

    #[test]
    fn each_state_has_a_sign_of_its_own() {
        use DayMark::{Calm, Critical, NotWatched, PartlyWatched, Warning};
        let all = [Calm, Warning, Critical, PartlyWatched, NotWatched];
        for is_narrow in [false, true] {
            let signs: std::collections::BTreeSet<_> =
                all.iter().map(|mark| sign(*mark, is_narrow)).collect();
            assert_eq!(signs.len(), all.len());
        }
        assert_ne!(sign(Calm, true), sign(Calm, false));
    }

    fn a_week(from: &str, warning: u32, critical: u32) -> ChartWeek {
        let recovery = RecoveryTimes {
            incidents: warning + critical,
            in_time: warning,
            shortest: Span::from_secs(40),
            median: Span::from_mins(4),
            longest: Span::from_mins(80),
        };
        ChartWeek {
            from: at(from),
            offset: 60,
            is_watched: true,
            warning,
            critical,
            recovery: (warning + critical > 0).then_some(recovery),
        }
    }

    fn charts(weeks: Vec<ChartWeek>, days: Vec<ChartDay>) -> HistoryCharts {
        HistoryCharts {
            from: at("2026-11-22T23:00:00Z"),
            to: at("2026-11-25T10:00:00Z"),
            zone: "Europe/Berlin".into(),
            is_cut: false,
            is_narrow: false,
            weeks,
            days,
            days_before: 0,
            subjects: Vec::new(),
            elsewhere: 0,
        }
    }

    #[test]
    fn the_period_is_told_with_its_clock() {
        let days = vec![
            a_day("2026-11-22T23:00:00Z", DayMark::Calm),
            a_day("2026-11-24T23:00:00Z", DayMark::Calm),
        ];
        let mut drawn = charts(Vec::new(), days);
        assert_eq!(
            period(&drawn),
            "23 Nov 2026 to 25 Nov 2026, in whole days (Europe/Berlin). Weeks begin on Monday."
        );
        drawn.is_cut = true;
        drawn.days.truncate(1);
        assert_eq!(
            period(&drawn),
            "23 Nov 2026, in whole days (Europe/Berlin). Weeks begin on Monday. Charts show at most the newest 26 weeks."
        );
    }

    #[test]
    fn weeks_and_recovery_are_told_for_those_who_do_not_see_the_picture() {
        let none = charts(vec![a_week("2026-11-22T23:00:00Z", 0, 0)], Vec::new());
        assert_eq!(weeks(&none), "Incidents by week: none in 1 week.");
        assert_eq!(
            recovery(&none),
            "Time to recover: no incident whose signals were seen to be back."
        );
        let mut drawn = charts(
            vec![
                ChartWeek { is_watched: false, ..a_week("2026-11-08T23:00:00Z", 0, 0) },
                a_week("2026-11-15T23:00:00Z", 2, 1),
                a_week("2026-11-22T23:00:00Z", 3, 0),
            ],
            Vec::new(),
        );
        assert_eq!(
            weeks(&drawn),
            "Incidents by week: 6 in 3 weeks, 1 critical. Most in the week of 16 Nov 2026: 3. Not watched: 1 of the weeks."
        );
        assert_eq!(
            recovery(&drawn),
            "Time to recover: 5 of 6 incidents back within 5 min, the longest after 1 h 20 min."
        );
        let mut closed = drawn.clone();
        closed.weeks[2].recovery = None;
        assert_eq!(
            recovery(&closed),
            "Time to recover: 2 of 6 incidents back within 5 min, the longest after 1 h 20 min; 3 were not seen to be back."
        );
        let first = &drawn.weeks[0];
        assert_eq!(week_count(first, first.critical), "not watched");
        let second = drawn.weeks.remove(1);
        assert_eq!(week_count(&second, second.critical), "1");
        assert_eq!(
            recovery_range(&second.recovery.unwrap(), 3),
            ["4 min", "40 s to 1 h 20 min", "2 of 3"]
        );
    }

    #[test]
    fn a_day_says_what_is_known_and_never_calm_where_others_are_left_out() {
        let quiet = a_day("2026-11-22T23:00:00Z", DayMark::Calm);
        assert_eq!(day(&quiet, false), "23 Nov 2026: calm");
        assert_eq!(day(&quiet, true), "23 Nov 2026: none found");
        let bad = ChartDay {
            mark: DayMark::Critical,
            opened: 1,
            going_on: 2,
            unseen: Span::from_mins(3),
            ..quiet
        };
        assert_eq!(
            day(&bad, false),
            "23 Nov 2026: critical, 1 incident opened, 2 active from before, not watched for 3 min"
        );
        let gone = ChartDay { mark: DayMark::NotWatched, unseen: Span::from_mins(1_440), ..quiet };
        assert_eq!(day(&gone, false), "23 Nov 2026: not watched");
        assert_eq!(
            calendar(&charts(Vec::new(), vec![quiet, quiet, bad, gone])),
            "4 days: 2 calm, 1 critical and 1 not watched."
        );
        assert_eq!(search_dates(&quiet, None), ["2026-11-23", "2026-11-23"]);
        assert_eq!(day_of_month(&quiet), "23");
    }

    #[test]
    fn a_day_on_which_the_clocks_change_is_searched_by_minutes() {
        let mut drawn = a_day("2026-10-24T22:00:00Z", DayMark::Calm);
        drawn.offset = 120;
        let to = |text| search_dates(&drawn, Some(at(text)));
        assert_eq!(to("2026-10-25T22:00:00Z"), ["2026-10-25", "2026-10-25"]);
        assert_eq!(to("2026-10-25T23:00:00Z"), ["2026-10-25T00:00", "2026-10-26T00:59"]);
    }

    #[test]
    fn subjects_are_counted() {
        let mut one =
            BusySubject { subject: "service:imports".parse().unwrap(), incidents: 1, critical: 0 };
        assert_eq!(busy(&one), "1 incident");
        (one.incidents, one.critical) = (1_200, 2);
        assert_eq!(busy(&one), "1,200 incidents, 2 critical");
        assert_eq!(elsewhere(1).as_deref(), Some("1 incident began elsewhere."));
        assert_eq!(elsewhere(0), None);
    }
}
