//! Backtests: stored history through the thresholds in force and through proposed ones.

use std::sync::Arc;

use commands::backtest::{BacktestReport, Interruptions, ProposedThresholds};
use domain::{
    backtest::FoundIncident,
    id::IncidentNumber,
    time::{Span, Timestamp},
};
use engine::{
    backtest::{Backtest, Known, Rollup, compare},
    evaluate::SeriesId,
};
use policy::thresholds::Thresholds;

use crate::store::{NamedSeries, RollupStep, Store, StoreError};

/// History is read in parts of this length.
const PART: Span = Span::from_mins(24 * 60);
/// Time from 22:00 to 07:00 is night.
const NIGHT: (i64, i64) = (7 * 60, 22 * 60);
const MINUTES_OF_A_DAY: i64 = 24 * 60;
const MINUTE: i64 = 60_000_000;

/// Thresholds that are proposed, and how they differ from those in force.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// What they say.
    pub thresholds: Arc<Thresholds>,
    /// The difference of the documents.
    pub difference: String,
}

/// How far the reader's time zone is from UTC at a moment, in minutes.
pub type Offset<'a> = &'a (dyn Fn(Timestamp) -> i32 + Sync);

/// Judges what is stored since a moment, up to `now`. `progress` is told after each part of
/// history until when it was judged.
pub async fn backtest(
    store: &dyn Store,
    thresholds: Arc<Thresholds>,
    proposal: Option<Proposal>,
    (since, now): (Timestamp, Timestamp),
    offset: Offset<'_>,
    progress: &mut (dyn FnMut(Timestamp) + Send),
) -> Result<BacktestReport, StoreError> {
    let minutes_since = now.minus(RollupStep::Minute.kept()).max(since);
    let all = store.as_past().all_series().await?;
    let documents: Vec<Arc<Thresholds>> = std::iter::once(Arc::clone(&thresholds))
        .chain(proposal.iter().map(|proposal| Arc::clone(&proposal.thresholds)))
        .collect();
    let judged: Vec<&NamedSeries> =
        all.iter().filter(|one| documents.iter().any(|document| is_about(document, one))).collect();
    let mut from = None;
    let mut found: Vec<Vec<FoundIncident>> = vec![Vec::new(); documents.len()];
    for (step, range) in
        [(RollupStep::Hour, (since, minutes_since)), (RollupStep::Minute, (minutes_since, now))]
    {
        let mut runs: Vec<Run> =
            documents.iter().map(|document| Run::new(document, step, &judged)).collect();
        let mut part = range.0;
        while part < range.1 {
            let until = part.plus(PART).min(range.1);
            let values = read(store, &judged, step, (part, until)).await?;
            if from.is_none() {
                from = values.first().map(|first| first.start);
            }
            runs.iter_mut().for_each(|run| run.take(&values));
            progress(until);
            part = until;
        }
        for (found, run) in found.iter_mut().zip(runs) {
            found.extend(run.backtest.finish());
        }
    }
    let incidents = store.recent_incidents(from.unwrap_or(now)).await?;
    let known: Vec<Known> = incidents
        .iter()
        .filter(|one| from.is_some_and(|from| one.began_at >= from))
        .filter_map(Known::of)
        .collect();
    let nights = |at: &[Timestamp]| interruptions(at, offset);
    let mut found = found.into_iter();
    let (today, proposed) = (found.next().unwrap_or_default(), found.next());
    let alone = compare(&today, &[], &known);
    let mut not_found: Vec<IncidentNumber> = alone.unseen;
    not_found.sort_unstable();
    let proposed = proposal.zip(proposed).map(|(proposal, found)| {
        let comparison = compare(&today, &found, &known);
        ProposedThresholds {
            today: nights(&comparison.interruptions_today),
            proposed: nights(&comparison.interruptions_proposed),
            comparison,
            difference: proposal.difference,
        }
    });
    Ok(BacktestReport {
        from,
        until: now,
        minutes_since,
        series: (judged.len(), all.len()),
        interruptions: nights(&alone.interruptions_today),
        found: today,
        known: known.len(),
        not_found,
        proposed,
    })
}

fn is_about(thresholds: &Thresholds, series: &NamedSeries) -> bool {
    !thresholds.rows_for(series.signal.as_str(), series.subject.as_str()).is_empty()
}

fn interruptions(at: &[Timestamp], offset: Offset<'_>) -> Interruptions {
    let is_night = |at: &&Timestamp| {
        let minutes = at.as_micros().div_euclid(MINUTE) + i64::from(offset(**at));
        let minute = minutes.rem_euclid(MINUTES_OF_A_DAY);
        minute < NIGHT.0 || minute >= NIGHT.1
    };
    Interruptions { all: at.len(), at_night: at.iter().filter(is_night).count() }
}

/// One step of one series.
#[derive(Clone, Copy, Debug)]
struct Value {
    start: Timestamp,
    /// The place of the series among the judged ones.
    place: usize,
    min: f64,
    max: f64,
    last: f64,
}

/// The values of a part of history, in the order of time.
async fn read(
    store: &dyn Store,
    series: &[&NamedSeries],
    step: RollupStep,
    range: (Timestamp, Timestamp),
) -> Result<Vec<Value>, StoreError> {
    let mut values = Vec::new();
    for (place, NamedSeries { subject, signal, .. }) in series.iter().enumerate() {
        let stored = store.as_past().buckets(subject, signal, step, range, step.length()).await?;
        values.extend(stored.into_iter().map(|bucket| Value {
            start: bucket.start,
            place,
            min: bucket.min,
            max: bucket.max,
            last: bucket.mean,
        }));
    }
    // Stable: within a step the series keep their order.
    values.sort_by_key(|value| value.start);
    Ok(values)
}

/// History on its way through one document.
struct Run {
    backtest: Backtest,
    /// Beside the judged series: how this document names them, if it is about them.
    ids: Vec<Option<SeriesId>>,
    step: Vec<Rollup>,
}

impl Run {
    fn new(thresholds: &Arc<Thresholds>, step: RollupStep, series: &[&NamedSeries]) -> Self {
        let mut backtest = Backtest::new(Arc::clone(thresholds), step.length());
        let ids =
            series.iter().map(|one| backtest.open(&one.subject, &one.signal, &one.unit)).collect();
        Self { backtest, ids, step: Vec::new() }
    }

    fn take(&mut self, values: &[Value]) {
        for values in values.chunk_by(|one, other| one.start == other.start) {
            let Some(first) = values.first() else { continue };
            self.step.clear();
            self.step.extend(values.iter().filter_map(|value| {
                let series = self.ids.get(value.place).copied().flatten()?;
                Some(Rollup { series, min: value.min, max: value.max, last: value.last })
            }));
            self.backtest.step(first.start, &self.step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_is_one_of_the_readers_time_zone() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let times =
            [at("2026-11-20T21:30:00Z"), at("2026-11-20T06:30:00Z"), at("2026-11-20T12:00:00Z")];
        let count = |offset: i32| interruptions(&times, &move |_| offset).at_night;
        assert_eq!((count(0), count(60), count(-60)), (1, 1, 1));
        assert_eq!((count(30), count(600)), (1, 2));
    }
}
