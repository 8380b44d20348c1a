//! The times of which nothing is known, and the trend, which knows nothing of them either.

use domain::{
    report::{ReportGap, ReportGaps, TREND_WEEKS},
    time::{Span, Timestamp},
};

use super::{
    rank::small,
    source::{Blind, ReportSource, WEEK},
};

/// The most gaps that are listed.
const MOST_GAPS: usize = 5;

/// Numbers of incidents of the weeks up to the end of the period, oldest first.
pub(super) fn trend(source: ReportSource<'_>) -> Vec<Option<u32>> {
    let of_week = |ago: usize| {
        let to = source.period.to.minus(weeks(ago));
        let from = to.minus(WEEK);
        let is_in = |at: Timestamp| from <= at && at < to;
        let real = source.past.iter().filter(|one| !one.cause.is_practice());
        let count = real.filter(|one| is_in(one.opened_at)).count();
        // None was opened in a week that nobody watched is not what is known of it.
        (count > 0 || is_seen(source, from, to)).then(|| small(count))
    };
    (0..TREND_WEEKS).rev().map(of_week).collect()
}

fn weeks(count: usize) -> Span {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    Span::from_micros(WEEK.as_micros().saturating_mul(count))
}

/// True if something of a time was watched.
fn is_seen(source: ReportSource<'_>, from: Timestamp, to: Timestamp) -> bool {
    let Some(began) = source.journal_began else { return false };
    let from = from.max(began);
    let gaps: Vec<ReportGap> =
        source.blind.iter().filter_map(|one| clipped(one, from, to)).collect();
    covered(&gaps) < to.since(from)
}

/// The times of the period of which nothing is known.
pub(super) fn gaps(source: ReportSource<'_>) -> ReportGaps {
    let period = source.period;
    let mut gaps: Vec<ReportGap> =
        source.blind.iter().filter_map(|one| clipped(one, period.from, period.to)).collect();
    let total = covered(&gaps);
    gaps.sort_by_key(|one| (std::cmp::Reverse(one.to.since(one.from)), one.from));
    let count = small(gaps.len());
    gaps.truncate(MOST_GAPS);
    let journal_began = source.journal_began.filter(|began| *began > period.from);
    ReportGaps { gaps: count, total, longest: gaps, journal_began }
}

/// The part of it in a time; `None` if there is none.
fn clipped(one: &Blind, from: Timestamp, to: Timestamp) -> Option<ReportGap> {
    let (from, to) = (one.from.max(from), one.to.min(to));
    (from < to).then_some(ReportGap { from, to, why: one.why })
}

/// The time that is in at least one of them.
fn covered(gaps: &[ReportGap]) -> Span {
    let mut spans: Vec<(Timestamp, Timestamp)> =
        gaps.iter().map(|one| (one.from, one.to)).collect();
    spans.sort_unstable();
    let (mut total, mut reached) = (Span::ZERO, Timestamp::from_micros(i64::MIN));
    for (from, to) in spans {
        total = total.plus(to.since(from.max(reached)));
        reached = reached.max(to);
    }
    total
}
