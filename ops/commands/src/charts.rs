//! Charts of the history: incidents by week and severity, times to recover, busiest subjects, and a
//! calendar of calm days. The weeks and days are those of the team's time zone.

use std::{cmp::Reverse, collections::BTreeMap};

use domain::{
    id::IncidentNumber,
    report::PROMISED_RECOVERY,
    severity::Severity,
    subject::Subject,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::figures::{PastIncident, median, small};

/// The number of weeks that are drawn where a search names no time.
pub const USUAL_WEEKS: u32 = 13;
/// The most weeks that are drawn: the newest.
pub const MOST_WEEKS: u32 = 26;
/// A day that was not watched for longer than this is not called calm.
pub const LONGEST_GAP: Span = Span::from_mins(1);
/// The most subjects that are drawn.
const MOST_SUBJECTS: usize = 8;

/// The states of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DayMark {
    /// Nobody watched, and no incident is known.
    NotWatched,
    /// A part of it was not watched, and no incident is known.
    PartlyWatched,
    /// Watched, and no incident was active.
    Calm,
    /// An incident was active; none was critical by the end of the day.
    Warning,
    /// An incident was active and critical.
    Critical,
}

/// A day of the team's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ChartDay {
    /// Its beginning.
    pub from: Timestamp,
    /// Minutes by which the team's clocks are ahead of UTC then.
    pub offset: i32,
    /// Its state.
    pub mark: DayMark,
    /// The number of incidents that were opened.
    pub opened: u32,
    /// The number of incidents that were opened before and still active.
    pub going_on: u32,
    /// The part of it that was not watched, in microseconds.
    pub unseen: Span,
}

/// A week that begins on Monday. Its incidents are those that were opened in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ChartWeek {
    /// The beginning of its first day that is drawn.
    pub from: Timestamp,
    /// Minutes by which the team's clocks are ahead of UTC then.
    pub offset: i32,
    /// True if something of it was watched: without that no incident does not mean that there was
    /// none.
    pub is_watched: bool,
    /// The number of incidents that were not critical.
    pub warning: u32,
    /// The number of critical ones.
    pub critical: u32,
    /// Times to recover; `None` if none is known.
    pub recovery: Option<RecoveryTimes>,
}

/// The time from the opening of incidents until all their signals were back. What is still active
/// counts with the time so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RecoveryTimes {
    /// The number of incidents with such a time.
    pub incidents: u32,
    /// Those of them whose signals were back within five minutes.
    pub in_time: u32,
    /// The shortest time, in microseconds.
    pub shortest: Span,
    /// The median, in microseconds.
    pub median: Span,
    /// The longest time, in microseconds.
    pub longest: Span,
}

/// A subject where incidents began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BusySubject {
    /// The subject.
    pub subject: Subject,
    /// The number of incidents that began there.
    pub incidents: u32,
    /// The number of critical ones among them.
    pub critical: u32,
}

/// Charts of what a search of the history found, in whole days. Practices are never counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HistoryCharts {
    /// The beginning of the first day.
    pub from: Timestamp,
    /// The end of the last day, or now.
    pub to: Timestamp,
    /// The name of the team's time zone.
    pub zone: String,
    /// True if the search reaches further back than the 26 weeks that are drawn.
    pub is_cut: bool,
    /// True if only a part of the incidents is looked for, so that a day without any of them may
    /// have had others.
    pub is_narrow: bool,
    /// The weeks, oldest first.
    pub weeks: Vec<ChartWeek>,
    /// The days, oldest first.
    pub days: Vec<ChartDay>,
    /// Days of the first week before the first day.
    pub days_before: u32,
    /// The subjects where most incidents began, the busiest first; at most 8.
    pub subjects: Vec<BusySubject>,
    /// The number of incidents that began elsewhere.
    pub elsewhere: u32,
}

/// The bounds of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayBounds {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// Minutes by which the clocks are ahead of UTC at its beginning.
    pub offset: i32,
}

/// Everything that charts are made of.
#[derive(Clone, Copy, Debug)]
pub struct ChartSource<'a> {
    /// The days, oldest first, each beginning where the one before ends.
    pub days: &'a [DayBounds],
    /// Days of the first week, which begins on Monday, before the first day.
    pub days_before: u32,
    /// The name of the time zone.
    pub zone: &'a str,
    /// The incidents that were opened in the days, and older ones that were active in them.
    pub incidents: &'a [PastIncident],
    /// Times at which incidents became critical. One without was critical from its opening on.
    pub critical_since: &'a BTreeMap<IncidentNumber, Timestamp>,
    /// Times in which nothing was seen.
    pub blind: &'a [(Timestamp, Timestamp)],
    /// Nothing is known of the time before.
    pub known_from: Timestamp,
    /// See [`HistoryCharts::is_cut`].
    pub is_cut: bool,
    /// See [`HistoryCharts::is_narrow`].
    pub is_narrow: bool,
    /// The present.
    pub now: Timestamp,
}

/// The charts; `None` without a day that has begun.
pub fn charts(source: ChartSource<'_>) -> Option<HistoryCharts> {
    let first = source.days.first()?;
    let last = source.days.iter().rfind(|day| day.from < source.now)?;
    let real: Vec<&PastIncident> =
        source.incidents.iter().filter(|one| !one.cause.is_practice()).collect();
    let days = days(source, &real);
    let to = last.to.min(source.now);
    let opened: Vec<&PastIncident> = real
        .iter()
        .copied()
        .filter(|one| first.from <= one.opened_at && one.opened_at < last.to)
        .collect();
    let (subjects, elsewhere) = busiest(&opened);
    Some(HistoryCharts {
        from: first.from,
        to,
        zone: source.zone.to_owned(),
        is_cut: source.is_cut,
        is_narrow: source.is_narrow,
        weeks: weeks(source, &days, &opened, last.to),
        days,
        days_before: source.days_before,
        subjects,
        elsewhere,
    })
}

/// The place of the day in which a moment is.
fn place_of(days: &[DayBounds], at: Timestamp) -> Option<usize> {
    let after = days.partition_point(|day| day.from <= at);
    let place = after.checked_sub(1)?;
    (at < days.get(place)?.to).then_some(place)
}

fn days(source: ChartSource<'_>, incidents: &[&PastIncident]) -> Vec<ChartDay> {
    let begun = source.days.partition_point(|day| day.from < source.now);
    let bounds = &source.days[..begun];
    let mut days: Vec<ChartDay> = bounds.iter().map(|day| watched(source, *day)).collect();
    for one in incidents {
        // What ends where it begins was active in that moment.
        let end = one.resolved_at.unwrap_or(source.now).max(one.opened_at);
        // Severity never falls while an incident is active.
        let critical_since = match one.severity {
            Severity::Warning => None,
            Severity::Critical => {
                Some(source.critical_since.get(&one.number).copied().unwrap_or(one.opened_at))
            }
        };
        let first = bounds.partition_point(|day| day.to <= one.opened_at);
        let marked = bounds.iter().zip(&mut days).enumerate().skip(first);
        for (place, (day, drawn)) in marked.take_while(|(_, (day, _))| day.from <= end) {
            let is_opened = place_of(bounds, one.opened_at) == Some(place);
            if !is_opened && day.from == end {
                break;
            }
            *(if is_opened { &mut drawn.opened } else { &mut drawn.going_on }) += 1;
            let is_critical = critical_since.is_some_and(|since| since < day.to);
            drawn.mark =
                drawn.mark.max(if is_critical { DayMark::Critical } else { DayMark::Warning });
        }
    }
    days
}

/// A day by what was watched of it alone.
fn watched(source: ChartSource<'_>, day: DayBounds) -> ChartDay {
    let to = day.to.min(source.now);
    let mut gaps: Vec<(Timestamp, Timestamp)> = source
        .blind
        .iter()
        .copied()
        .chain([(day.from, source.known_from)])
        .map(|(begin, end)| (begin.max(day.from), end.min(to)))
        .filter(|(begin, end)| begin < end)
        .collect();
    gaps.sort_unstable();
    let (mut unseen, mut reached) = (Span::ZERO, day.from);
    for (begin, end) in gaps {
        unseen = unseen.plus(end.since(begin.max(reached)));
        reached = reached.max(end);
    }
    let mark = if unseen >= to.since(day.from) {
        DayMark::NotWatched
    } else if unseen > LONGEST_GAP {
        DayMark::PartlyWatched
    } else {
        DayMark::Calm
    };
    ChartDay { from: day.from, offset: day.offset, mark, opened: 0, going_on: 0, unseen }
}

fn weeks(
    source: ChartSource<'_>,
    days: &[ChartDay],
    opened: &[&PastIncident],
    end: Timestamp,
) -> Vec<ChartWeek> {
    let first = 7 - (source.days_before.min(6) as usize);
    let (first, rest) = days.split_at(first.min(days.len()));
    let parts: Vec<&[ChartDay]> =
        [first].into_iter().chain(rest.chunks(7)).filter(|part| !part.is_empty()).collect();
    let begins: Vec<Timestamp> = parts.iter().map(|part| part[0].from).collect();
    let ends = begins.iter().skip(1).copied().chain([end]);
    // Not by the mark: an incident that went on marks days that nobody watched.
    let is_watched = |day: &ChartDay| {
        let place = source.days.binary_search_by_key(&day.from, |one| one.from);
        let bounds = place.ok().and_then(|place| source.days.get(place));
        bounds.is_some_and(|one| day.unseen < one.to.min(source.now).since(one.from))
    };
    let week = |((part, from), to): ((&&[ChartDay], &Timestamp), Timestamp)| {
        let is_in = |one: &&PastIncident| *from <= one.opened_at && one.opened_at < to;
        let of_week: Vec<&PastIncident> = opened.iter().copied().filter(is_in).collect();
        let critical = of_week.iter().filter(|one| one.severity == Severity::Critical).count();
        ChartWeek {
            from: *from,
            offset: part[0].offset,
            is_watched: part.iter().any(is_watched),
            warning: small(of_week.len() - critical),
            critical: small(critical),
            recovery: recovery(&of_week, source.now),
        }
    };
    parts.iter().zip(&begins).zip(ends).map(week).collect()
}

fn recovery(incidents: &[&PastIncident], now: Timestamp) -> Option<RecoveryTimes> {
    let took = |one: &&PastIncident| match (one.recovered_at, one.resolved_at) {
        (Some(at), _) => Some(at.since(one.opened_at)),
        (None, None) => Some(now.since(one.opened_at)),
        // Its signals were not seen to be back.
        (None, Some(_)) => None,
    };
    let mut spans: Vec<Span> = incidents.iter().filter_map(took).collect();
    spans.sort_unstable();
    let is_in_time = |one: &&&PastIncident| {
        one.recovered_at.is_some_and(|at| at.since(one.opened_at) <= PROMISED_RECOVERY)
    };
    Some(RecoveryTimes {
        incidents: small(spans.len()),
        in_time: small(incidents.iter().filter(is_in_time).count()),
        shortest: *spans.first()?,
        longest: *spans.last()?,
        median: median(spans)?,
    })
}

/// The busiest subjects, and the number of incidents that began elsewhere.
fn busiest(incidents: &[&PastIncident]) -> (Vec<BusySubject>, u32) {
    let mut counts: BTreeMap<&Subject, (u32, u32)> = BTreeMap::new();
    for one in incidents {
        let (all, critical) = counts.entry(&one.cause).or_default();
        *all += 1;
        *critical += u32::from(one.severity == Severity::Critical);
    }
    let subject = |(subject, (incidents, critical)): (&Subject, (u32, u32))| BusySubject {
        subject: subject.clone(),
        incidents,
        critical,
    };
    let mut subjects: Vec<BusySubject> = counts.into_iter().map(subject).collect();
    // Those with as many stay in the order of their names.
    subjects.sort_by_key(|one| Reverse((one.incidents, one.critical)));
    let rest = subjects.split_off(subjects.len().min(MOST_SUBJECTS));
    (subjects, rest.iter().map(|one| one.incidents).sum())
}

#[cfg(test)]
mod tests;
