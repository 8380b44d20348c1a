//! Near misses: signals that were past their threshold for at least half of the time after which it
//! alerts, and back before it did.

use std::collections::BTreeMap;

use domain::{
    breach::BreachKey,
    report::{NearMiss, ReportPeriod},
    time::{Span, Timestamp},
};
use policy::thresholds::{Level, Row};

use super::rank::small;

/// The length of a step in which readings are put together.
pub const WATCHED_STEP: Span = Span::from_mins(1);
/// The most signals that are told.
const MOST: usize = 10;

/// A breach of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBreach {
    /// The signal and the subject.
    pub key: BreachKey,
    /// The time since which the signal was past its threshold.
    pub since: Timestamp,
    /// The time at which it was over; `None` while it holds.
    pub until: Option<Timestamp>,
}

/// The readings of a signal that has a threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchedSeries {
    /// The signal and the subject.
    pub key: BreachKey,
    /// The first level of its threshold.
    pub level: Level,
    /// The time after which it alerts.
    pub alerts_after: Span,
    /// The beginnings of the minutes that were seen, oldest first, and whether their mean was past the
    /// level.
    pub minutes: Vec<(Timestamp, bool)>,
}

impl WatchedSeries {
    /// The level of a row at which trouble begins, and the time after which it alerts; `None` of a row
    /// that alerts at once, or that needs more than the readings of a minute.
    pub fn watched_by(row: &Row) -> Option<(Level, Span)> {
        let (level, held) = match row.warning {
            Some(level) => (level, row.warning_for),
            None => (row.critical?, row.critical_for),
        };
        let is_level = matches!(level, Level::Above(_) | Level::Below(_));
        (is_level && held >= WATCHED_STEP).then_some((level, held))
    }
}

/// True if a value is past a level.
pub fn is_past(level: Level, value: f64) -> bool {
    match level {
        Level::Above(level) => value > level,
        Level::Below(level) => value < level,
        Level::Rises { .. } | Level::Reaches { .. } | Level::Usual(_) => false,
    }
}

/// The near misses, the most frequent first.
pub(super) fn of(
    period: &ReportPeriod,
    watched: &[WatchedSeries],
    held: &[HeldBreach],
) -> Vec<NearMiss> {
    let mut known: BTreeMap<&BreachKey, Vec<&HeldBreach>> = BTreeMap::new();
    for breach in held {
        known.entry(&breach.key).or_default().push(breach);
    }
    let near = |one: &WatchedSeries| {
        let breaches = known.get(&one.key).map_or(&[][..], Vec::as_slice);
        near_misses(period, one, breaches)
    };
    let mut all: Vec<NearMiss> = watched.iter().filter_map(near).collect();
    all.sort_by(|one, other| {
        let rank = |one: &NearMiss| std::cmp::Reverse((one.times, one.longest));
        let name = |one: &NearMiss| (one.signal.clone(), one.subject.clone());
        rank(one).cmp(&rank(other)).then_with(|| name(one).cmp(&name(other)))
    });
    all.truncate(MOST);
    all
}

fn near_misses(
    period: &ReportPeriod,
    series: &WatchedSeries,
    breaches: &[&HeldBreach],
) -> Option<NearMiss> {
    let half = Span::from_micros(series.alerts_after.as_micros().div_ceil(2)).max(WATCHED_STEP);
    let is_near = |(from, to): &(Timestamp, Timestamp)| {
        let long = to.since(*from);
        // What lasted as long as it takes to alert was kept from it: by maintenance, or by a problem
        // that explains it.
        let is_short = half <= long && long < series.alerts_after;
        // One that began before the period or goes on after it may have become a problem there.
        let is_whole = period.from < *from && *to <= period.to;
        is_short && is_whole && !breaches.iter().any(|one| overlaps(one, *from, *to))
    };
    let times = runs(&series.minutes);
    let near: Vec<Span> =
        times.iter().filter(|run| is_near(run)).map(|(from, to)| to.since(*from)).collect();
    Some(NearMiss {
        signal: series.key.signal.clone(),
        subject: series.key.subject.clone(),
        times: small(near.len()),
        longest: near.into_iter().max()?,
        alerts_after: series.alerts_after,
    })
}

/// Runs of minutes past the level that were seen to end: the beginning and the end of each. Where the
/// data stops, nothing is known of what came after.
fn runs(minutes: &[(Timestamp, bool)]) -> Vec<(Timestamp, Timestamp)> {
    let mut runs = Vec::new();
    let mut open: Option<(Timestamp, Timestamp)> = None;
    for (start, past) in minutes {
        let known = open.take().filter(|(_, until)| until == start);
        if *past {
            let from = known.map_or(*start, |(from, _)| from);
            open = Some((from, start.plus(WATCHED_STEP)));
        } else {
            runs.extend(known);
        }
    }
    runs
}

/// True if a breach held in a time, or within a minute of it: readings are known by the minute.
fn overlaps(breach: &HeldBreach, from: Timestamp, to: Timestamp) -> bool {
    breach.since < to.plus(WATCHED_STEP)
        && breach.until.is_none_or(|until| until.plus(WATCHED_STEP) > from)
}
