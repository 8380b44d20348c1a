//! Charts of the history: the days and weeks of a search in the team's time zone, and what is counted
//! in them.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, NaiveDate};
use commands::{
    charts::{ChartSource, DayBounds, HistoryCharts, MOST_WEEKS, USUAL_WEEKS, charts},
    figures::{self, PastIncident},
    reading::HistoryFilter,
};
use domain::{
    id::IncidentNumber,
    severity::Severity,
    time::{Span, Timestamp},
};

use super::inner::Inner;
use crate::{store::StoreError, time_zones::TeamZone};

/// The most incidents from before the first day that are read.
const MOST_OLDER: u32 = 1_000;
/// The most incidents whose time of becoming critical is read: the newest.
const MOST_CRITICAL: usize = 500;
/// The most times without observations that are read: the newest.
const MOST_BLIND: u32 = 2_000;

/// The incidents that a search found, newest first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    pub incidents: &'a [PastIncident],
    /// There are more, which are older.
    pub is_partial: bool,
}

/// The days that are drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
struct DrawnDays {
    days: Vec<DayBounds>,
    /// Days of the first week before the first one.
    before: u32,
    is_cut: bool,
}

fn monday(day: NaiveDate) -> NaiveDate {
    day - Days::new(day.weekday().num_days_from_monday().into())
}

/// Whole days of the team that a search touches, up to today: at most so many weeks, and the last 13
/// where it names no beginning. None if it has not begun.
fn drawn_days(
    zone: &TeamZone,
    (from, to): (Option<Timestamp>, Option<Timestamp>),
    now: Timestamp,
) -> DrawnDays {
    let end = to.unwrap_or(now).min(now);
    if from.is_some_and(|from| from >= end) {
        return DrawnDays { days: Vec::new(), before: 0, is_cut: false };
    }
    let last = zone.day(end.minus(Span::from_micros(1)));
    let weeks = |weeks: u32| monday(last) - Days::new(u64::from(weeks - 1) * 7);
    let wanted = from.map_or_else(|| weeks(USUAL_WEEKS), |from| zone.day(from));
    let first = wanted.max(weeks(MOST_WEEKS));
    let mut days = Vec::new();
    let mut day = first;
    let mut begin = zone.moment(day, 0);
    while day <= last {
        day = day + Days::new(1);
        let next = zone.moment(day, 0);
        days.push(DayBounds { from: begin, to: next, offset: zone.offset(begin) });
        begin = next;
    }
    DrawnDays { days, before: first.weekday().num_days_from_monday(), is_cut: wanted < first }
}

impl Inner {
    /// The charts of a search; `None` where only practices are looked for, on later pages, and where
    /// the time that is searched has not begun.
    pub(super) async fn charts(
        &self,
        filter: &HistoryFilter,
        found: Found<'_>,
    ) -> Result<Option<HistoryCharts>, StoreError> {
        let now = self.clock.now().wall;
        let zone = self.zone();
        let drawn = drawn_days(&zone, (filter.from, filter.to), now);
        let bounds =
            drawn.days.first().zip(drawn.days.last()).map(|(one, last)| (one.from, last.to));
        let Some((from, to)) =
            bounds.filter(|_| filter.practice != Some(true) && filter.before.is_none())
        else {
            return Ok(None);
        };
        // What was found is what is drawn, but for the rest of the first and of the last day.
        let is_in = |one: &&PastIncident| from <= one.opened_at && one.opened_at < to;
        let mut incidents: Vec<PastIncident> =
            found.incidents.iter().filter(is_in).cloned().collect();
        let edges = [(Some(from), filter.from), (filter.to, Some(to))];
        for (begin, end) in edges.into_iter().filter_map(|(begin, end)| begin.zip(end)) {
            if begin < end {
                let edge = HistoryFilter { from: Some(begin), to: Some(end), ..filter.clone() };
                incidents.extend(self.store.past_incidents(&edge, figures::MOST).await?);
            }
        }
        let oldest = found.incidents.iter().map(|one| one.opened_at).min();
        let past = self.store.as_past();
        incidents.extend(past.active_at(filter, from, MOST_OLDER).await?);
        let critical_since = self.critical_since(&drawn.days, &incidents, now).await?;
        let unseen = past.unseen_times(MOST_BLIND).await?;
        let began = self.store.entries(0, 1).await?.first().map_or(now, |entry| entry.at);
        // Where not all incidents are counted, nothing is known before the oldest of them.
        let uncounted = oldest.filter(|_| found.is_partial);
        let known_from =
            [Some(began), unseen.known_from, uncounted].into_iter().flatten().max().unwrap_or(now);
        let blind: Vec<_> = unseen.spans.iter().map(|span| (span.from, span.to)).collect();
        Ok(charts(ChartSource {
            days: &drawn.days,
            days_before: drawn.before,
            zone: zone.name(),
            incidents: &incidents,
            critical_since: &critical_since,
            blind: &blind,
            known_from,
            is_cut: drawn.is_cut,
            is_narrow: [&filter.text, &filter.subject].into_iter().any(Option::is_some)
                || filter.severity.is_some(),
            now,
        }))
    }

    /// The times at which incidents became critical that went on from one day to another: on all
    /// others that is the day of their opening.
    async fn critical_since(
        &self,
        days: &[DayBounds],
        incidents: &[PastIncident],
        now: Timestamp,
    ) -> Result<BTreeMap<IncidentNumber, Timestamp>, StoreError> {
        let is_longer = |one: &&PastIncident| {
            let end = one.resolved_at.unwrap_or(now);
            one.severity == Severity::Critical
                && days.iter().any(|day| one.opened_at < day.from && day.from < end)
        };
        let mut longer: Vec<&PastIncident> = incidents.iter().filter(is_longer).collect();
        longer.sort_unstable_by_key(|one| one.number);
        let mut found = BTreeMap::new();
        for one in longer.into_iter().rev().take(MOST_CRITICAL) {
            let since = if let Some(since) = self.critical_times.of(one) {
                since
            } else {
                let since = self.store.as_past().critical_since(one.number).await?;
                self.critical_times.keep(one, since);
                since
            };
            found.extend(since.map(|since| (one.number, since)));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn days(from: Option<&str>, to: Option<&str>, now: &str) -> (DrawnDays, String, String) {
        let zone = TeamZone::of("Europe/Berlin").unwrap();
        let drawn = drawn_days(&zone, (from.map(at), to.map(at)), at(now));
        let text = |at: Option<Timestamp>| at.map(Timestamp::to_seconds_text).unwrap_or_default();
        let (first, last) = (drawn.days.first(), drawn.days.last());
        let (first, last) = (text(first.map(|day| day.from)), text(last.map(|day| day.to)));
        (drawn, first, last)
    }

    #[test]
    fn without_a_time_the_last_thirteen_weeks_are_drawn_from_monday_on() {
        let (drawn, first, last) = days(None, None, "2026-11-25T22:59:59Z");
        assert_eq!((&*first, &*last), ("2026-08-30T22:00:00Z", "2026-11-25T23:00:00Z"));
        assert_eq!((drawn.days.len(), drawn.before, drawn.is_cut), (12 * 7 + 3, 0, false));
        // It is Thursday in Berlin.
        let (drawn, ..) = days(None, None, "2026-11-25T23:00:01Z");
        assert_eq!(drawn.days.len(), 12 * 7 + 4);
        // The day on which the clocks were set back.
        let long = |day: &&DayBounds| day.to.since(day.from) == Span::from_mins(25 * 60);
        let found: Vec<_> = drawn.days.iter().filter(long).collect();
        assert_eq!((found.len(), found[0].offset), (1, 120));
        assert!(drawn.days.windows(2).all(|pair| pair[0].to == pair[1].from));
    }

    #[test]
    fn a_search_with_times_is_drawn_in_whole_days_and_at_most_half_a_year() {
        let now = "2026-11-25T12:00:00Z";
        let (drawn, first, last) =
            days(Some("2026-11-01T10:00:00Z"), Some("2026-11-03T00:00:00Z"), now);
        assert_eq!((&*first, &*last), ("2026-10-31T23:00:00Z", "2026-11-03T23:00:00Z"));
        assert_eq!((drawn.before, drawn.is_cut), (6, false), "it begins on a Sunday");
        let (drawn, ..) = days(Some("2020-01-01T00:00:00Z"), None, now);
        assert_eq!((drawn.days.len(), drawn.before, drawn.is_cut), (25 * 7 + 3, 0, true));
        let (drawn, ..) = days(None, Some("2026-01-05T23:00:00Z"), now);
        assert_eq!((drawn.days.len(), drawn.is_cut), (12 * 7 + 1, false));
        for (from, to) in [("2026-12-01T00:00:00Z", None), (now, Some(now))] {
            assert_eq!(days(Some(from), to, now).0.days, []);
        }
    }
}
